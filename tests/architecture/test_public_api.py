from __future__ import annotations

import ast
import inspect
from typing import TYPE_CHECKING

import policy_gateway
from policy_gateway import records

if TYPE_CHECKING:
    from tests.architecture.conftest import Source


def sorting_key(name: str) -> tuple[int, str]:
    """Order constants before classes before functions, as isort does."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)


class TestRoot:
    def test_sorted(self) -> None:
        """The public names stand in order, each once."""
        assert sorted(set(policy_gateway.__all__), key=sorting_key) == policy_gateway.__all__

    def test_complete(self) -> None:
        """Everything that the root imports is public, and everything public is there."""
        imported = {
            name
            for name, value in vars(policy_gateway).items()
            if not name.startswith("_") and not inspect.ismodule(value) and name != "annotations"
        }

        assert imported == set(policy_gateway.__all__)

    def test_no_records(self) -> None:
        """What a CRM said before any policy is not to be had from the root."""
        raw = {name for name, value in vars(records).items() if getattr(value, "__module__", "") == records.__name__}

        assert set() == raw & set(policy_gateway.__all__)

    def test_documented(self) -> None:
        """Every public class says in its docstring what it is."""
        bare = [
            name
            for name in policy_gateway.__all__
            if inspect.isclass(value := vars(policy_gateway)[name]) and not value.__doc__
        ]

        assert [] == bare


class TestReleased:
    def test_only_enforcement_makes_them(self, gateway: tuple[Source, ...]) -> None:
        """Nothing but enforcement makes a released record: there is one way out."""
        makers = {
            f"{source}:{node.lineno}"
            for source in gateway
            if source.path.parts[2] not in {"enforcement", "testing"}
            for node in ast.walk(source.tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "ReleasedRecord"
        }

        assert set() == makers
