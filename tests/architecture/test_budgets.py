from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.architecture.conftest import Source

FILE_LINES = 400
FUNCTION_LINES = 50
COMPLEXITY = 10
PARAMETERS = 6

VAGUE = frozenset(
    ["base", "common", "core", "handler", "helper", "helpers", "manager", "misc", "service", "util", "utils"]
)
MUTABLE_CALLS = frozenset(["bytearray", "Counter", "defaultdict", "deque", "dict", "list", "OrderedDict", "set"])
READ_ONLY = frozenset(["ClassVar", "Collection", "Final", "Mapping", "Sequence"])

BRANCHES = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.ExceptHandler, ast.match_case, ast.IfExp)
SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)

Function = ast.FunctionDef | ast.AsyncFunctionDef


def own_nodes(function: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of *function* that are not inside a function or class of its own."""
    for child in ast.iter_child_nodes(function):
        yield child
        if not isinstance(child, SCOPES):
            yield from own_nodes(child)


def complexity(function: Function) -> int:
    """Return the number of ways through *function* (McCabe)."""
    return 1 + sum(isinstance(node, BRANCHES) for node in own_nodes(function))


def parameters(function: Function) -> list[ast.arg]:
    """Return every parameter of *function*, in order."""
    arguments = function.args
    rest = [arg for arg in (arguments.vararg, arguments.kwarg) if arg]
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *rest]


def words(name: str) -> Iterable[str]:
    """Return the words that *name* is made of, in lower case."""
    return (word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name))


def is_mutable(value: ast.expr | None) -> bool:
    """Tell whether *value* makes something that can be changed later."""
    if isinstance(value, ast.List | ast.Dict | ast.Set | ast.ListComp | ast.DictComp | ast.SetComp):
        return True
    if not isinstance(value, ast.Call):
        return False
    called = value.func.attr if isinstance(value.func, ast.Attribute) else getattr(value.func, "id", "")
    return called in MUTABLE_CALLS


def states(tree: ast.Module) -> Iterator[int]:
    """Yield the lines that assign something changeable to a module's name, unless its type is read-only."""
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id="__all__")]):
                continue
            case ast.AnnAssign(annotation=annotation, value=value):
                head = annotation.value if isinstance(annotation, ast.Subscript) else annotation
                if is_mutable(value) and getattr(head, "id", "") not in READ_ONLY:
                    yield node.lineno
            case ast.Assign(value=value) if is_mutable(value):
                yield node.lineno


class TestSize:
    def test_files(self, product: tuple[Source, ...], tests: tuple[Source, ...]) -> None:
        """No file is too long to be read like an article."""
        long = {str(source): n for source in product + tests if (n := len(source.text.splitlines())) > FILE_LINES}

        assert {} == long

    def test_functions(self, product: tuple[Source, ...], tests: tuple[Source, ...]) -> None:
        """No function is longer than a screen."""
        long = {
            f"{source}:{function.lineno} {function.name}": lines
            for source in product + tests
            for function in source.functions
            if (lines := (function.end_lineno or 0) - function.lineno + 1) > FUNCTION_LINES
        }

        assert {} == long

    def test_complexity(self, product: tuple[Source, ...], tests: tuple[Source, ...]) -> None:
        """No function has more ways through it than can be kept in mind."""
        complex_ones = {
            f"{source}:{function.lineno} {function.name}": ways
            for source in product + tests
            for function in source.functions
            if (ways := complexity(function)) > COMPLEXITY
        }

        assert {} == complex_ones

    def test_parameters(self, product: tuple[Source, ...]) -> None:
        """No function needs more than six things to be told, itself included."""
        wide = {
            f"{source}:{function.lineno} {function.name}": count
            for source in product
            for function in source.functions
            if (count := len(parameters(function))) > PARAMETERS
        }

        assert {} == wide


class TestClarity:
    def test_annotations(self, everything: tuple[Source, ...]) -> None:
        """Every parameter and every result has a type."""
        bare = [
            f"{source}:{function.lineno} {function.name}"
            for source in everything
            for function in source.functions
            if function.returns is None
            or any(arg.annotation is None for arg in parameters(function) if arg.arg not in {"self", "cls"})
        ]

        assert [] == bare

    def test_names(self, product: tuple[Source, ...]) -> None:
        """No module, class or function has a name that could stand for anything; a base URL is something."""
        modules = [str(source) for source in product for part in source.path.parts if not VAGUE.isdisjoint(words(part))]
        definitions = [
            f"{source}:{node.lineno} {node.name}"
            for source in product
            for node in ast.walk(source.tree)
            if (isinstance(node, ast.ClassDef) and not VAGUE.isdisjoint(words(node.name)))
            or (isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.strip("_") in VAGUE)
        ]

        assert [] == modules + definitions

    def test_future_annotations(self, everything: tuple[Source, ...]) -> None:
        """Every file with code reads its annotations lazily."""
        eager = [
            str(source)
            for source in everything
            if any(isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) for node in source.tree.body)
            and "from __future__ import annotations" not in source.text
        ]

        assert [] == eager


class TestState:
    def test_module_state(self, product: tuple[Source, ...]) -> None:
        """No module holds anything that can be changed, so that two gateways in one process never meet."""
        held = [f"{source}:{line}" for source in product for line in states(source.tree)]

        assert [] == held

    def test_global(self, product: tuple[Source, ...]) -> None:
        """No function rebinds a name of its module."""
        rebound = [
            f"{source}:{node.lineno}"
            for source in product
            for node in ast.walk(source.tree)
            if isinstance(node, ast.Global)
        ]

        assert [] == rebound

    def test_environment(self, product: tuple[Source, ...]) -> None:
        """Only the settings look at the environment, and the program at the language that it asks for."""
        looking = [
            f"{source}:{node.lineno}"
            for source in product
            if not source.path.match("src/policy_gateway/settings.py")
            and not source.path.match("src/policy_gateway/cli/language.py")
            for node in ast.walk(source.tree)
            if isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and (node.value.id, node.attr) in {("os", "environ"), ("os", "getenv"), ("os", "environb")}
        ]

        assert [] == looking

    def test_clock(self, gateway: tuple[Source, ...]) -> None:
        """Nothing pure, and nothing that decides, asks the clock: the time is handed in."""
        asking = [
            f"{source}:{node.lineno}"
            for source in gateway
            if source.path.parts[2] in {"enforcement", "model", "policy", "facts", "query.py", "gateway.py", "gateway"}
            for node in ast.walk(source.tree)
            if isinstance(node, ast.Attribute) and node.attr in {"now", "utcnow", "today"}
        ]

        assert [] == asking
