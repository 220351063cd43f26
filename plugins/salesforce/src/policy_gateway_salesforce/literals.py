"""Values as SOQL writes them: the one place where text of a caller enters a query."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from policy_gateway.errors import InvalidCall
from policy_gateway.model.field import ID_PATH, Field, FieldType, Value
from policy_gateway_salesforce.catalogue import CONSENTS, option_of
from policy_gateway_salesforce.ids import canonical

WORDS: Final = frozenset({FieldType.TEXT, FieldType.NAME, FieldType.EMAIL, FieldType.PHONE, FieldType.CHOICE})
NUMBERS: Final = frozenset({FieldType.INTEGER, FieldType.DECIMAL})
MOMENTS: Final = frozenset({FieldType.DATE, FieldType.DATETIME})
LONGEST: Final = 4000

_DECIMAL: Final = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?", re.ASCII)
_ESCAPES: Final = MappingProxyType(
    str.maketrans(
        {"\\": "\\\\", "'": "\\'", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
    )
)
_WILD: Final = MappingProxyType(str.maketrans({"%": "\\%", "_": "\\_", "\\": "_"}))
_MICROSECONDS: Final = 1000


def quoted(text: str) -> str:
    """Return *text* as a literal that means nothing but itself. InvalidCall for what no field can hold."""
    return f"'{_checked(text).translate(_ESCAPES)}'"


def pattern(part: str, before: str, after: str) -> str:
    """Return a pattern for LIKE: *part* between *before* and *after*, which are ``%`` or nothing.

    Wildcards in *part* are plain characters. A backslash is any character, because the vendor does not say how often
    it wants to be escaped here: see :func:`loose`.
    """
    inner = "".join(
        letter if letter in {"\\%", "\\_", "_"} else letter.translate(_ESCAPES)
        for letter in (char.translate(_WILD) for char in _checked(part))
    )
    return f"'{before}{inner}{after}'"


def loose(part: str) -> bool:
    """Tell whether :func:`pattern` finds more than *part*."""
    return "\\" in part


def scattered(digits: str) -> str:
    """Return a pattern for LIKE that finds *digits* in their order, whatever stands between them."""
    if not (digits.isascii() and digits.isdigit()):
        raise InvalidCall("a telephone number has digits")
    return f"'%{'%'.join(digits)}%'"


def _checked(text: str) -> str:
    if not text:
        raise InvalidCall("compare with a value; for having none use `null`")
    if len(text) > LONGEST or any(letter < " " and letter not in "\n\r\t\b\f" for letter in text):
        raise InvalidCall("a text is too long, or has characters that no field of the CRM can hold")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidCall("a text has characters that no field of the CRM can hold") from None
    return text


def literal(field: Field, value: Value) -> str:
    """Return *value* as a query compares *field* with it. InvalidCall when it is not of the field's type."""
    if is_key(field):
        return quoted(identifier(value))
    match field.type, value:
        case FieldType.BOOLEAN, bool():
            return str(value).upper()
        case kind, int() | float() | str() if kind in NUMBERS:
            return number(field, value)
        case FieldType.DATE, str():
            return day(field, value)
        case FieldType.DATETIME, str():
            return moment(field, value)
        case FieldType.EMAIL, str():
            return quoted(value.strip())
        case FieldType.TEXTS, str():
            return quoted(item(field, value))
        case kind, str() if kind in WORDS:
            return quoted(value)
        case _:
            raise _mistyped(field)


def identifier(value: Value) -> str:
    """Return the canonical id that *value* means. InvalidCall when it is none."""
    whole = canonical(value) if isinstance(value, str) else None
    if whole is None:
        raise InvalidCall("an id of Salesforce has 18 characters, the last three of which check the others")
    return whole


def number(field: Field, value: float | str) -> str:
    """Return a number in plain digits."""
    if isinstance(value, bool) or (isinstance(value, str) and field.type is FieldType.INTEGER):
        raise _mistyped(field)
    text = f"{Decimal(repr(value)):f}" if isinstance(value, float) and value - value == 0 else str(value)
    if _DECIMAL.fullmatch(text) is None:
        raise _mistyped(field)
    return text


def day(field: Field, value: str) -> str:
    """Return a date in ISO 8601."""
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError:
        raise _mistyped(field) from None


def instant(field: Field, value: str) -> datetime:
    """Return the moment that a text in ISO 8601 says, in UTC."""
    try:
        found = datetime.fromisoformat(value)
        if found.tzinfo is None:
            raise _mistyped(field)
        return found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise _mistyped(field) from None


def moment(field: Field, value: str) -> str:
    """Return a moment in UTC, to the millisecond: nothing in the CRM is finer."""
    return instant(field, value).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def between_milliseconds(field: Field, value: Value) -> bool:
    """Tell whether *value* is a moment that no record can have, as it lies between two milliseconds."""
    fine = field.type is FieldType.DATETIME and isinstance(value, str)
    return fine and instant(field, str(value)).microsecond % _MICROSECONDS != 0


def never(field: Field, value: Value) -> bool:
    """Tell whether no record can have *value*: an id that is none (of another CRM, for example), or such a moment."""
    if is_key(field) and isinstance(value, str) and value:
        return canonical(value) is None
    return between_milliseconds(field, value)


def is_key(field: Field) -> bool:
    """Tell whether *field* holds ids of records."""
    return field.type is FieldType.REFERENCE or field.path == ID_PATH or field.native_type == "id"


def item(field: Field, value: Value) -> str:
    """Return one item of a list as the org calls it."""
    if not isinstance(value, str) or not value or ";" in value:
        raise InvalidCall("a list can be asked whether it contains a text")
    return option_of(value) if field.path == CONSENTS else value


def _mistyped(field: Field) -> InvalidCall:
    return InvalidCall("a value is not of its field's type", pointer=f"/{field.path}")
