"""How the built-in conditions are made: a name, a scope, what is read, a test, perhaps a filter."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from policy_gateway.model.facts import Reading, Scope, Truth
from policy_gateway.query import Where

Arguments = tuple[str, ...]
Test = Callable[[Arguments, Reading], "bool | None"]
"""Returns None when what it reads is not known."""
Filter = Callable[[Arguments, Reading, bool], "Where | None"]


def _no_filter(arguments: Arguments, reading: Reading, holds: bool) -> Where | None:  # noqa: ARG001, FBT001 -- a Filter
    return None


@dataclass(eq=False, slots=True)
class BuiltIn:
    """A condition made of a *check*, which may raise nothing, and a *filter* for CRMs that can tell."""

    name: str
    scope: Scope
    reads: frozenset[str]
    check: Test
    arguments: tuple[str, ...] = ()
    repeats: bool = False
    filter: Filter = _no_filter

    def test(self, arguments: Arguments, reading: Reading) -> Truth:
        """Return TRUE, FALSE, or UNKNOWN when what it reads is not known. Never raises."""
        holds = self.check(arguments, reading)
        if holds is None:
            return Truth.UNKNOWN
        return Truth.TRUE if holds else Truth.FALSE

    def pushdown(self, arguments: Arguments, reading: Reading, *, holds: bool) -> Where | None:
        """Return a filter for records for which this is known to hold (or not to); None when a CRM cannot tell."""
        return self.filter(arguments, reading, holds)


def flag(value: object) -> bool | None:
    """Return *value* as a truth; CRMs also say ``"true"`` and ``"false"``. Anything else is not known."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().lower())
    return None


def texts(value: object) -> frozenset[str] | None:
    """Return *value* as a set of texts; None when it is not one."""
    if isinstance(value, Collection) and not isinstance(value, str | bytes):
        return frozenset(item for item in value if isinstance(item, str))
    return None
