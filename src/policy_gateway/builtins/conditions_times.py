"""Conditions about time: office hours, and dates from and until which a rule holds.

Dates and hours are those of the tenant's time zone: a rule until 31 December ends when that day ends there.
"""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from policy_gateway.builtins.condition import Arguments, BuiltIn
from policy_gateway.model.facts import Reading, Scope

DEFAULT_ZONE = "Europe/Berlin"
DEFAULT_HOURS = ((0, 1, 2, 3, 4, 5), "08:00", "20:00")
"""Monday to Saturday; days are counted from Monday = 0."""
_ZONED = frozenset({"call.now", "tenant.timezone"})


def _local(reading: Reading) -> datetime | None:
    now = reading.get("call.now")
    zone = reading.get("tenant.timezone") or DEFAULT_ZONE
    if not isinstance(now, datetime) or now.tzinfo is None or not isinstance(zone, str):
        return None
    try:
        return now.astimezone(ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _office_hours(arguments: Arguments, reading: Reading) -> bool | None:  # noqa: ARG001 -- a Test
    now = _local(reading)
    hours = reading.get("tenant.office_hours") or DEFAULT_HOURS
    if now is None or not isinstance(hours, tuple) or len(hours) != len(DEFAULT_HOURS):
        return None
    days, opens, closes = hours
    if not isinstance(days, tuple):
        return None
    return now.weekday() in days and str(opens) <= f"{now:%H:%M}" < str(closes)


def _until(arguments: Arguments, reading: Reading) -> bool | None:
    now = _local(reading)
    return None if now is None else now.date() <= date.fromisoformat(arguments[0])


def _from(arguments: Arguments, reading: Reading) -> bool | None:
    now = _local(reading)
    return None if now is None else now.date() >= date.fromisoformat(arguments[0])


TIME_CONDITIONS = (
    BuiltIn("office_hours", Scope.CALL, _ZONED | {"tenant.office_hours"}, _office_hours),
    BuiltIn("until", Scope.CALL, _ZONED, _until, ("date",)),
    BuiltIn("from", Scope.CALL, _ZONED, _from, ("date",)),
)
