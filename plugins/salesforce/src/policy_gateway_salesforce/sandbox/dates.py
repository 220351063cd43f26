"""Spans of time that date literals stand for, and what date functions take out of a date; all of it in UTC."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Final

from policy_gateway_salesforce.sandbox.wire import Json
from policy_gateway_salesforce.soql import nodes

Span = tuple[date, date]

_DAY: Final = timedelta(days=1)
_WEEK: Final = timedelta(days=7)
_QUARTER: Final = 3
_NEXT_90: Final = 90


def span(literal: nodes.DateLiteral, today: date) -> Span | None:
    """Return the first day of the span and the first day after it, None when the literal is not known."""
    name, n = literal.name.upper().replace("FISCAL_", ""), literal.n
    fixed = _days(name, today)
    if fixed is not None:
        return fixed
    if n is None:
        word, _, unit = name.partition("_")
        shift = {"LAST": -1, "THIS": 0, "NEXT": 1}.get(word)
        return None if shift is None or unit not in _UNITS else _UNITS[unit](today, shift)
    return _counted(name, n, today)


def _days(name: str, today: date) -> Span | None:
    match name:
        case "YESTERDAY":
            return today - _DAY, today
        case "TODAY":
            return today, today + _DAY
        case "TOMORROW":
            return today + _DAY, today + 2 * _DAY
        case "LAST_90_DAYS":
            return today - _NEXT_90 * _DAY, today + _DAY
        case "NEXT_90_DAYS":
            return today + _DAY, today + (_NEXT_90 + 1) * _DAY
        case _:
            return None


def _counted(name: str, n: int, today: date) -> Span | None:
    """Return the span of ``LAST_N_DAYS:n`` and its likes; days count today, other units do not."""
    word, _, unit = name.partition("_N_")
    ago = unit.endswith("_AGO")
    one = _UNITS.get(unit.removesuffix("_AGO").removesuffix("S"))
    if unit == "DAYS" and word in {"LAST", "NEXT"}:
        return (today - n * _DAY, today + _DAY) if word == "LAST" else (today + _DAY, today + (n + 1) * _DAY)
    if ago or one is None:
        return _ago(name, n, today)
    if word == "LAST":
        return one(today, -n)[0], one(today, 0)[0]
    return one(today, 1)[0], one(today, n)[1]


def _ago(name: str, n: int, today: date) -> Span | None:
    unit = name.removeprefix("N_").removesuffix("S_AGO")
    if unit == "DAY":
        return today - n * _DAY, today - (n - 1) * _DAY
    return _UNITS[unit](today, -n) if unit in _UNITS else None


def _week(today: date, shift: int) -> Span:
    start = today - timedelta(days=today.isoweekday() % 7) + shift * _WEEK
    return start, start + _WEEK


def _month(today: date, shift: int) -> Span:
    return _months(today.year * 12 + today.month - 1 + shift, 1)


def _quarter(today: date, shift: int) -> Span:
    return _months((today.year * 4 + (today.month - 1) // _QUARTER + shift) * _QUARTER, _QUARTER)


def _year(today: date, shift: int) -> Span:
    return date(today.year + shift, 1, 1), date(today.year + shift + 1, 1, 1)


def _months(first: int, count: int) -> Span:
    after = first + count
    return date(first // 12, first % 12 + 1, 1), date(after // 12, after % 12 + 1, 1)


_UNITS: Final[Mapping[str, Callable[[date, int], Span]]] = MappingProxyType(
    {"WEEK": _week, "MONTH": _month, "QUARTER": _quarter, "YEAR": _year}
)


def taken(function: str, value: Json) -> Json:
    """Return what a date function takes out of a date or a moment, given as it is kept."""
    if not isinstance(value, str):
        return None
    moment = datetime.fromisoformat(value).replace(tzinfo=UTC)
    part = _PARTS.get(function.upper().replace("FISCAL_", "CALENDAR_"))
    return part(moment) if part else None


_PARTS: Final[Mapping[str, Callable[[datetime], Json]]] = MappingProxyType(
    {
        "CALENDAR_MONTH": lambda moment: moment.month,
        "CALENDAR_QUARTER": lambda moment: (moment.month - 1) // _QUARTER + 1,
        "CALENDAR_YEAR": lambda moment: moment.year,
        "DAY_IN_MONTH": lambda moment: moment.day,
        "DAY_IN_WEEK": lambda moment: moment.isoweekday() % 7 + 1,
        "DAY_IN_YEAR": lambda moment: moment.timetuple().tm_yday,
        "DAY_ONLY": lambda moment: moment.date().isoformat(),
        "HOUR_IN_DAY": lambda moment: moment.hour,
        "WEEK_IN_MONTH": lambda moment: (moment.day - 1) // 7 + 1,
        "WEEK_IN_YEAR": lambda moment: (moment.timetuple().tm_yday - 1) // 7 + 1,
    }
)
