from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.architecture.conftest import Source

HANDLE_STATEMENTS = 15
PLACEHOLDER = re.compile(r"\b(TODO|FIXME|XXX|HACK|TBD|NotImplementedError)\b|lorem ipsum")


def statements(function: ast.AST) -> int:
    """Return how many statements *function* has, its docstring aside."""
    inner = [node for node in ast.walk(function) if isinstance(node, ast.stmt) and node is not function]
    documented = bool(ast.get_docstring(function)) if isinstance(function, ast.AsyncFunctionDef) else False
    return len(inner) - documented


class TestLifeOfACall:
    def test_short(self, gateway: tuple[Source, ...]) -> None:
        """The life of a call fits into fifteen statements."""
        [life] = [
            function
            for source in gateway
            if source.path.match("src/policy_gateway/gateway.py")
            for function in source.functions
            if function.name == "handle"
        ]

        assert statements(life) <= HANDLE_STATEMENTS


class TestHonesty:
    def test_no_placeholders(self, product: tuple[Source, ...], root: Path) -> None:
        """Nothing shipped is promised for later."""
        pages = [*root.glob("*.md"), *root.glob("docs/**/*.md"), *root.glob("plugins/*/*.md")]
        texts = {str(source): source.text for source in product} | {
            str(page.relative_to(root)): page.read_text(encoding="utf-8") for page in pages
        }

        assert [] == [name for name, text in texts.items() if PLACEHOLDER.search(text)]

    def test_ignored_with_reason(self, everything: tuple[Source, ...]) -> None:
        """Whoever silences a check says which, and why."""
        wrong = [
            f"{source}:{number} {line.strip()}"
            for source in everything
            if source.path.name != Path(__file__).name
            for number, line in enumerate(source.text.splitlines(), start=1)
            if (re.search(r"#\s*noqa\b", line) and not re.search(r"# noqa: [A-Z]+\d+(, ?[A-Z]+\d+)* -- \w", line))
            or ("# type: ignore" in line and not re.search(r"# type: ignore\[[\w-]+(, ?[\w-]+)*\]\s+# \w", line))
        ]

        assert [] == wrong

    def test_configured_with_reason(self, root: Path) -> None:
        """Every rule that the project switches off has its reason beside it."""
        text = (root / "pyproject.toml").read_text(encoding="utf-8")
        codes = re.findall(r'^    "[A-Z]+\d+",.*$', text, re.MULTILINE)

        assert [] == [line for line in codes if "  # " not in line and " # " not in line]

    def test_tests_say_what_they_expect(self, tests: tuple[Source, ...]) -> None:
        """Every test states the expected behavior in one sentence."""
        silent = [
            f"{source}:{function.lineno} {function.name}"
            for source in tests
            for function in source.functions
            if function.name.startswith("test_")
            and not (ast.get_docstring(function) or "").split("\n\n")[0].rstrip().endswith(".")
        ]

        assert [] == silent

    def test_no_skips(self, tests: tuple[Source, ...]) -> None:
        """No test is skipped, and none replaces our own code by a mock."""
        forbidden = re.compile(r"pytest\.(mark\.)?(skip|skipif|importorskip)\b|unittest\.mock|\bMagicMock\b|\bmocker\b")
        wrong = [
            str(source) for source in tests if source.path.name != Path(__file__).name and forbidden.search(source.text)
        ]

        assert [] == wrong


class TestRepository:
    def test_locks(self, root: Path) -> None:
        """Every lock pins every package by hash and names no host."""
        for lock in sorted((root / "requirements").glob("*.txt")):
            text = lock.read_text(encoding="utf-8")
            requirements = re.split(r"\n(?=\w)", re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE).strip())

            assert [] == [item for item in requirements if "==" not in item or "--hash=sha256:" not in item]
            assert "://" not in text
            assert "index-url" not in text

    def test_plugins_are_locked(self, root: Path) -> None:
        """Whatever a plugin needs is in the lock of the gateway that it is installed with."""
        lock = (root / "requirements/runtime.txt").read_text(encoding="utf-8")
        locked = set(re.findall(r"^([a-z0-9-]+)==", lock, re.MULTILINE)) | {"policy-gateway"}
        needed = {
            re.split(r"[^A-Za-z0-9._-]", requirement)[0].lower().replace("_", "-").replace(".", "-")
            for plugin in root.glob("plugins/*/pyproject.toml")
            for requirement in tomllib.loads(plugin.read_text(encoding="utf-8"))["project"]["dependencies"]
        }

        assert set() == needed - locked

    def test_license(self, root: Path) -> None:
        """The license that the package declares is the one that lies beside it."""
        project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]

        assert "Apache-2.0" == project["license"]
        assert "Apache License" in (root / "LICENSE").read_text(encoding="utf-8")

    def test_front_door(self, root: Path) -> None:
        """Every make target that a page mentions exists."""
        targets = set(re.findall(r"^([a-z]+):", (root / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
        pages = [*root.glob("*.md"), *root.glob("docs/**/*.md"), *root.glob("benchmarks/*.md")]
        named = {name for page in pages for name in re.findall(r"`make ([a-z]+)", page.read_text(encoding="utf-8"))}

        assert set() == named - targets
