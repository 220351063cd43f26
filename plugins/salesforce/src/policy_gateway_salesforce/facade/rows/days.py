"""What date functions take out of a released date or moment, in UTC."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

from policy_gateway.model.field import Value

_QUARTER: Final = 3
_WEEK: Final = 7

_PARTS: Final[Mapping[str, Callable[[datetime], Value]]] = MappingProxyType(
    {
        "CALENDAR_MONTH": lambda moment: moment.month,
        "CALENDAR_QUARTER": lambda moment: (moment.month - 1) // _QUARTER + 1,
        "CALENDAR_YEAR": lambda moment: moment.year,
        "DAY_IN_MONTH": lambda moment: moment.day,
        "DAY_IN_WEEK": lambda moment: moment.isoweekday() % _WEEK + 1,
        "DAY_IN_YEAR": lambda moment: moment.timetuple().tm_yday,
        "DAY_ONLY": lambda moment: moment.date().isoformat(),
        "HOUR_IN_DAY": lambda moment: moment.hour,
        "WEEK_IN_MONTH": lambda moment: (moment.day - 1) // _WEEK + 1,
        "WEEK_IN_YEAR": lambda moment: (moment.timetuple().tm_yday - 1) // _WEEK + 1,
    }
)
"""Days of a week begin with Sunday; the first week of a month or year are its first seven days."""


def taken(function: str, value: Value) -> Value:
    """Return what *function* takes out of *value*; None when that is no date, or was masked and is none any more."""
    part = _PARTS.get(function)
    if part is None or not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
        return part(moment.astimezone(UTC) if moment.tzinfo else moment)
    except (ValueError, OverflowError):
        return None
