"""Values as HubSpot writes them, which is as text, and as the gateway knows them; pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Final

from policy_gateway.model.field import Field, FieldType, Value
from policy_gateway.wire import Json
from policy_gateway_hubspot.catalogue import consent_of, option_of
from policy_gateway_hubspot.facade.refusals import Invalid, complaint

CONSENTS: Final = "consents"

_INTEGER: Final = re.compile(r"-?[0-9]{1,18}")
_DECIMAL: Final = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?")
_MILLISECONDS: Final = re.compile(r"-?[0-9]{9,14}")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SHAPED: Final = frozenset({FieldType.TEXT, FieldType.NAME, FieldType.EMAIL, FieldType.PHONE})
"""What may hold any text: only there a masked value passes for one of the type."""


def text_of(value: Json, name: str) -> str:
    """Return the text that HubSpot makes of a JSON scalar; Invalid for anything else."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case int() | float():
            return str(value)
        case _:
            raise _wrong(name, "INVALID_STRING")


def typed(field: Field | None, text: str, name: str) -> Value:
    """Return what *text* says as a value of the property *name*; None for an empty one. Invalid for another type.

    What is not known to have a type is passed on as it is: the gateway refuses it by its name.
    """
    if not text:
        return None
    if field is None:
        return text
    if field.type is FieldType.TEXTS:
        return tuple(part_of(field, part) for part in text.split(";") if part)
    read = _READERS.get(field.type)
    value = text if read is None else read(text)
    if value is None:
        raise _wrong(name, f"INVALID_{field.type.name}")
    return value


def sought(field: Field | None, text: str, name: str) -> Value:
    """Return *text* as a filter compares it: of several options, one."""
    if field is not None and field.type is FieldType.TEXTS:
        return part_of(field, text)
    value = typed(field, text, name)
    if value is None:
        raise Invalid(f"There was a problem with the request. A filter by {name} needs a value")
    return value


def part_of(field: Field, option: str) -> str:
    """Return one option of a property of several in the gateway's words."""
    return consent_of(option) if field.path == CONSENTS else option


def spelled(field: Field | None, value: Value) -> str | None:
    """Return *value* as HubSpot would write it."""
    match value:
        case None | str():
            return value
        case bool():
            return "true" if value else "false"
        case tuple():
            consents = field is not None and field.path == CONSENTS
            return ";".join(option_of(each) if consents else each for each in value)
        case _:
            return str(value)


def masked(field: Field | None, value: Value) -> str | None:
    """Return a masked *value* if the property's type holds any text; what is no date is not sent as one."""
    return spelled(field, value) if field is not None and field.type in _SHAPED else None


def _wrong(name: str, code: str) -> Invalid:
    return Invalid(
        "Property values were not valid", [complaint(name, code, f"The value of {name[:100]} was not valid")]
    )


def _boolean(text: str) -> Value:
    return {"true": True, "false": False}.get(text.lower())


def _integer(text: str) -> Value:
    return int(text) if _INTEGER.fullmatch(text) else None


def _decimal(text: str) -> Value:
    return text if _DECIMAL.fullmatch(text) else None


def _day(text: str) -> Value:
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text).isoformat()
        if _MILLISECONDS.fullmatch(text):
            moment = datetime.fromtimestamp(int(text) / 1000, UTC)
            return moment.date().isoformat() if moment.time() == datetime.min.time() else None
    except (ValueError, OverflowError, OSError):
        return None
    return None


def _moment(text: str) -> Value:
    try:
        if _MILLISECONDS.fullmatch(text):
            moment = datetime.fromtimestamp(int(text) / 1000, UTC)
        else:
            moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


_READERS: Final[Mapping[FieldType, Callable[[str], Value]]] = MappingProxyType(
    {
        FieldType.BOOLEAN: _boolean,
        FieldType.INTEGER: _integer,
        FieldType.DECIMAL: _decimal,
        FieldType.DATE: _day,
        FieldType.DATETIME: _moment,
    }
)
