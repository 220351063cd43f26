"""The sources under test, read once."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Source:
    """One Python file: its path in the repository, and what is in it."""

    path: Path

    @cached_property
    def text(self) -> str:
        """Return the file's text."""
        return (ROOT / self.path).read_text(encoding="utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        """Return the file's syntax tree."""
        return ast.parse(self.text, str(self.path))

    @cached_property
    def functions(self) -> tuple[ast.FunctionDef | ast.AsyncFunctionDef, ...]:
        """Return every function of the file, methods and nested ones included."""
        return tuple(node for node in ast.walk(self.tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))

    def __str__(self) -> str:
        return str(self.path)


def _sources(*globs: str) -> tuple[Source, ...]:
    found = sorted({path.relative_to(ROOT) for glob in globs for path in ROOT.glob(glob)})
    return tuple(Source(path) for path in found)


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the repository's folder."""
    return ROOT


@pytest.fixture(scope="session")
def product() -> tuple[Source, ...]:
    """Return what is shipped: the gateway and its plugins."""
    return _sources("src/**/*.py", "plugins/*/src/**/*.py")


@pytest.fixture(scope="session")
def gateway() -> tuple[Source, ...]:
    """Return the gateway itself."""
    return _sources("src/**/*.py")


@pytest.fixture(scope="session")
def tests() -> tuple[Source, ...]:
    """Return every test file."""
    return _sources("tests/**/*.py", "plugins/*/tests/**/*.py")


@pytest.fixture(scope="session")
def everything() -> tuple[Source, ...]:
    """Return every Python file of the repository."""
    return _sources(
        "*.py",
        "src/**/*.py",
        "tests/**/*.py",
        "benchmarks/**/*.py",
        "examples/**/*.py",
        "docs/**/*.py",
        "plugins/*/src/**/*.py",
        "plugins/*/tests/**/*.py",
    )
