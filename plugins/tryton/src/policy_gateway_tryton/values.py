"""Single values, from Tryton's JSON and to it. Dates, times and decimals travel as tagged objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import TypeAlias

import phonenumbers

from policy_gateway.errors import InvalidCall, UpstreamInvalid
from policy_gateway.model.field import FieldType, Value

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
_TIME_PARTS = ("year", "month", "day", "hour", "minute", "second", "microsecond")
_DATE_PARTS = _TIME_PARTS[:3]


def understood(kind: FieldType, raw: Json) -> Value:
    """Return what Tryton's *raw* says for a field of *kind*; empty texts are None. UpstreamInvalid for another type."""
    match kind, raw:
        case _, None | "":
            return None
        case FieldType.BOOLEAN, bool() | 0 | 1:
            return bool(raw)
        case ((FieldType.INTEGER | FieldType.REFERENCE), int(number)) if not isinstance(raw, bool):
            return number if kind is FieldType.INTEGER else str(number)
        case FieldType.DECIMAL, int() | float() if not isinstance(raw, bool):
            return str(raw)
        case ((FieldType.DATE | FieldType.DATETIME | FieldType.DECIMAL), dict(tagged)):
            return _untagged(kind, tagged)
        case ((FieldType.BOOLEAN | FieldType.INTEGER | FieldType.REFERENCE | FieldType.DATE | FieldType.DATETIME), _):
            raise UpstreamInvalid
        case _, str(text):
            return text
        case _:
            raise UpstreamInvalid


def _untagged(kind: FieldType, tagged: Mapping[str, Json]) -> str:
    name = tagged.get("__class__")
    try:
        if kind is FieldType.DATE and name == "date":
            year, month, day = (_integer(tagged[part]) for part in _DATE_PARTS)
            return date(year, month, day).isoformat()
        if kind is FieldType.DATETIME and name == "datetime":
            year, month, day, hour, minute, second, micro = (_integer(tagged[part]) for part in _TIME_PARTS)
            return datetime(year, month, day, hour, minute, second, micro, UTC).isoformat()
        if kind is FieldType.DECIMAL and name == "Decimal":
            return str(Decimal(str(tagged["decimal"])))
    except (KeyError, ValueError, InvalidOperation):
        raise UpstreamInvalid from None
    raise UpstreamInvalid


def _integer(raw: Json) -> int:
    if not isinstance(raw, int):
        raise UpstreamInvalid
    return raw


def told(kind: FieldType, value: Value) -> Json:
    """Return *value* as Tryton takes it for a field of *kind*. InvalidCall when it is of another type."""
    match kind, value:
        case _, None:
            return None
        case FieldType.BOOLEAN, bool():
            return value
        case FieldType.INTEGER, int(number) if not isinstance(value, bool):
            return number
        case FieldType.REFERENCE, str(text) if text.isascii() and text.isdecimal():
            return int(text)
        case FieldType.DECIMAL, str() | int() | float() if not isinstance(value, bool):
            return _decimal(value)
        case FieldType.DATE, str(text):
            return _tagged("date", instant(text), _DATE_PARTS)
        case FieldType.DATETIME, str(text):
            return _tagged("datetime", instant(text), _TIME_PARTS)
        case ((FieldType.TEXT | FieldType.NAME | FieldType.EMAIL | FieldType.PHONE | FieldType.CHOICE), str(text)):
            return text
        case _:
            raise InvalidCall(f"the field holds a value of the type {kind}")


def _tagged(name: str, moment: datetime, parts: tuple[str, ...]) -> Json:
    return {"__class__": name, **{part: int(getattr(moment, part)) for part in parts}}


def _decimal(value: str | float) -> Json:
    try:
        return {"__class__": "Decimal", "decimal": str(Decimal(str(value)))}
    except InvalidOperation:
        raise InvalidCall("the field holds a decimal number") from None


def instant(text: str) -> datetime:
    """Return the instant in UTC of an ISO 8601 date (its midnight) or time. InvalidCall when it is neither."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidCall("dates and times are written as in ISO 8601") from None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def dialed(number: str, region: str) -> str | None:
    """Return *number* in E.164, None when nobody could dial it. *region* is where one without country code belongs."""
    try:
        found = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return None
    return phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164)
