"""Date literals as spans of days, counted from today. Weeks begin on Sunday, as they do in an org that says nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from types import MappingProxyType
from typing import Final, NamedTuple

from policy_gateway_salesforce.soql import nodes

_WEEK: Final = 7
_QUARTER: Final = 3
_YEAR: Final = 12
_NINETY: Final = 90
_FURTHEST: Final = 36_500


class Span(NamedTuple):
    """Days from the *first* to the *last*, both in it, as so many days after today."""

    first: int
    last: int


def span(literal: nodes.DateLiteral, today: date) -> Span | None:
    """Return the days of *literal*; None for fiscal ones, as every org's year is its own, and for far away ones."""
    fixed = _FIXED.get(literal.name)
    if fixed is not None:
        return fixed
    try:
        found = _days(literal) or _units(literal, today)
    except (OverflowError, ValueError):
        return None
    return found if found is not None and max(abs(found.first), abs(found.last)) <= _FURTHEST else None


def _days(literal: nodes.DateLiteral) -> Span | None:
    n = literal.n or 0
    match literal.name:
        case "LAST_N_DAYS":
            return Span(-n, 0)
        case "NEXT_N_DAYS":
            return Span(1, n)
        case "N_DAYS_AGO":
            return Span(-n, -n)
        case _:
            return None


def _units(literal: nodes.DateLiteral, today: date) -> Span | None:
    """Return the span of whole units: ``LAST_N_MONTHS:2`` are the two before this one, ``N_MONTHS_AGO:2`` is one."""
    n = literal.n or 0
    which, _, unit = literal.name.partition("_")
    match which:
        case "N":
            unit, first, last = unit.removesuffix("S_AGO"), -n, -n
        case "LAST" if literal.n is not None:
            unit, first, last = unit[2:-1], -n, -1
        case "NEXT" if literal.n is not None:
            unit, first, last = unit[2:-1], 1, n
        case _:
            first = last = {"LAST": -1, "THIS": 0, "NEXT": 1}[which]
    begins = _BEGINS.get(unit)
    if begins is None:
        return None
    return Span((begins(today, first) - today).days, (begins(today, last + 1) - today).days - 1)


def _week(today: date, shift: int) -> date:
    return today - timedelta(days=today.isoweekday() % _WEEK) + timedelta(weeks=shift)


def _month(today: date, shift: int) -> date:
    return _first_of(today.year * _YEAR + today.month - 1 + shift)


def _quarter(today: date, shift: int) -> date:
    return _first_of(today.year * _YEAR + (today.month - 1) // _QUARTER * _QUARTER + shift * _QUARTER)


def _year(today: date, shift: int) -> date:
    return date(today.year + shift, 1, 1)


def _first_of(month: int) -> date:
    return date(month // _YEAR, month % _YEAR + 1, 1)


_FIXED: Final[Mapping[str, Span]] = MappingProxyType(
    {
        "YESTERDAY": Span(-1, -1),
        "TODAY": Span(0, 0),
        "TOMORROW": Span(1, 1),
        "LAST_90_DAYS": Span(-_NINETY, 0),
        "NEXT_90_DAYS": Span(1, _NINETY),
    }
)
_BEGINS: Final[Mapping[str, Callable[[date, int], date]]] = MappingProxyType(
    {"WEEK": _week, "MONTH": _month, "QUARTER": _quarter, "YEAR": _year}
)
"""On which day the unit begins that is so many units after today's."""
