from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from policy_gateway import hookspecs

if TYPE_CHECKING:
    from tests.architecture.conftest import Source

HOOKS = sorted(name for name in vars(hookspecs) if name.startswith("register_"))


@pytest.mark.parametrize("hook", HOOKS)
class TestEveryHook:
    def test_documented(self, hook: str, root: Path) -> None:
        """Every hook has its place in the reference."""
        assert f"## `{hook}" in (root / "docs/reference/hooks.md").read_text(encoding="utf-8")

    def test_tested(self, hook: str, tests: tuple[Source, ...]) -> None:
        """Every hook is registered by some test."""
        assert any(f"def {hook}(" in source.text for source in tests)

    def test_synchronous(self, hook: str) -> None:
        """No hook is asynchronous: hooks register, objects act."""
        assert not inspect.iscoroutinefunction(vars(hookspecs)[hook])
