from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from types import ModuleType
from typing import TYPE_CHECKING

from policy_gateway import errors, wire
from policy_gateway.errors import GatewayError
from policy_gateway.web import refusals

if TYPE_CHECKING:
    from tests.architecture.conftest import Source


def drawn(text: str) -> Iterator[tuple[str, str]]:
    """Yield (class, parent) for each line of the tree drawn in *text*."""
    stack: list[str] = []
    for line in text.splitlines():
        if found := re.match(r"^ {4}((?:│   |    )*)((?:├|└)── )?([A-Z]\w+)", line):
            depth = len(found[1]) // 4 + bool(found[2])
            del stack[depth:]
            yield found[3], stack[-1] if stack else ""
            stack.append(found[3])


def tree(root: type[GatewayError], parent: str = "") -> Iterator[tuple[str, str]]:
    """Yield (class, parent) for *root* and everything below it."""
    yield root.__name__, parent
    for child in root.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from tree(child, root.__name__)


def classes(root: type[GatewayError]) -> Iterator[type[GatewayError]]:
    """Yield *root* and everything below it."""
    yield root
    for child in root.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from classes(child)


def web_classes(module: ModuleType = refusals) -> Iterator[type[GatewayError]]:
    """Yield what *module*, by default the web's own, adds to the tree."""
    for value in vars(module).values():
        if inspect.isclass(value) and value.__module__ == module.__name__ and issubclass(value, GatewayError):
            yield value


class TestTree:
    def test_drawn(self) -> None:
        """The tree in the docstring is the tree of the classes."""
        assert sorted(tree(GatewayError)) == sorted(drawn(errors.__doc__ or ""))

    def test_drawn_by_the_web(self) -> None:
        """The web draws its own part of the tree, at the place where it hangs."""
        shown = {(kind, parent) for kind, parent in drawn(refusals.__doc__ or "") if parent}
        own = {(kind.__name__, kind.__bases__[0].__name__) for kind in web_classes()}

        assert own | {("InvalidCall", "Refused")} == shown

    def test_drawn_by_the_wire(self) -> None:
        """What every facade may raise is drawn, too."""
        shown = {(kind, parent) for kind, parent in drawn(wire.refusals.__doc__ or "") if parent}

        assert {(kind.__name__, kind.__bases__[0].__name__) for kind in web_classes(wire.refusals)} == shown

    def test_one_place(self, product: tuple[Source, ...]) -> None:
        """Only the web adds to the tree, by what only HTTP knows, so that every entrance can translate all of it."""
        names = {kind.__name__ for kind in classes(GatewayError)}
        grown = [
            f"{source}:{node.lineno} {node.name}"
            for source in product
            if source.path.name not in {"errors.py", "refusals.py"}
            for node in ast.walk(source.tree)
            if isinstance(node, ast.ClassDef) and any(getattr(parent, "id", "") in names for parent in node.bases)
        ]

        assert [] == grown

    def test_every_error_is_raised(self, product: tuple[Source, ...]) -> None:
        """Every leaf of the tree is used somewhere in the product."""
        leaves = {kind.__name__ for kind in classes(GatewayError) if not kind.__subclasses__()}
        named = {
            node.id
            for source in product
            if source.path.name not in {"errors.py", "__init__.py", "problems.py"}
            for node in ast.walk(source.tree)
            if isinstance(node, ast.Name)
        }

        assert set() == leaves - named


class TestCodes:
    def test_kebab_case(self) -> None:
        """Every code is lower-case words joined by hyphens."""
        assert [] == [kind.code for kind in classes(GatewayError) if not re.fullmatch(r"[a-z]+(-[a-z]+)*", kind.code)]

    def test_unique(self) -> None:
        """No two errors bring the same code."""
        everything = {*classes(GatewayError), *web_classes(), *web_classes(wire.refusals)}
        codes = [kind.code for kind in everything if "code" in vars(kind)]

        assert sorted(set(codes)) == sorted(codes)

    def test_summaries(self) -> None:
        """Every summary is one lower-case sentence without a full stop."""
        wrong = [
            kind.summary
            for kind in classes(GatewayError)
            if kind.summary.endswith(".")
            or "\n" in kind.summary
            or (kind.summary[0].isupper() and kind.summary[:3] != "CRM")
        ]

        assert [] == wrong
