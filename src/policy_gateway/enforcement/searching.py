"""Records that a search may not have looked into are taken out again: CRMs compare more loosely than rules do.

A rule that lets an agent search the records of the team ``berlin`` becomes a filter for the CRM, and most CRMs would
find the team ``Berlin`` too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from policy_gateway.model.decision import Permit
from policy_gateway.model.field import Value
from policy_gateway.query import And, Compare, In, Not, Op, Or, RelativeDate, Text, Where
from policy_gateway.records import Page


def permitted_only(page: Page, permit: Permit) -> Page:
    """Return *page* without the records that the permit's own filter, taken literally, does not match."""
    search = permit.search
    if search is None:
        return page
    return replace(page, records=tuple(one for one in page.records if _holds(search, one.values) is not False))


def _holds(where: Where, values: Mapping[str, Value]) -> bool | None:
    """Return whether *where* is true of *values*, None for what only a CRM can tell."""
    match where:
        case And(items):
            return _all([_holds(item, values) for item in items])
        case Or(items):
            return _not(_all([_not(_holds(item, values)) for item in items]))
        case Not(item):
            return _not(_holds(item, values))
        case In(path, tuple(among)):
            return any(_same(values.get(path), one) for one in among)
        case Compare(path, op, value) if not isinstance(value, RelativeDate):
            return _compared(values.get(path), op, value)
        case Compare() | In() | Text():
            return None


def _compared(held: Value, op: Op, value: Value) -> bool | None:
    match op:
        case Op.IS_NULL:
            return (held in {None, "", ()}) is value
        case Op.EQ:
            return _same(held, value)
        case Op.NE:
            return not _same(held, value)
        case _:
            return None


def _same(held: Value, value: Value) -> bool:
    if isinstance(held, tuple):
        return value in held
    return type(held) is type(value) and held == value


def _all(truths: list[bool | None]) -> bool | None:
    if False in truths:
        return False
    return None if None in truths else True


def _not(truth: bool | None) -> bool | None:  # noqa: FBT001 -- negation takes a truth
    return None if truth is None else not truth
