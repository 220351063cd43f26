"""Values as the vendor writes them, by the types of their fields."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Final

import orjson

from policy_gateway.model.field import Field, FieldType, Value
from policy_gateway.wire import Json

CONSENTS: Final = "consents"
_MOMENT: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,9})?(Z|[+-]\d\d:?\d\d)", re.ASCII)
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_PLAIN: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)

_COMPOUND: Final = frozenset({"address", "location"})
NUMBERS: Final = frozenset({"double", "currency", "percent", "int", "long"})


def shown(value: Value, field: Field | None = None) -> Json:
    """Return *value* of *field* as the JSON of the REST API has it.

    What a mask has made of a number, a date or a checkbox is none any more: null.
    """
    match value:
        case None | bool():
            return value
        case tuple():
            return ";".join(_option(item, field) for item in value)
        case str() if field is not None:
            return _text(value, field)
        case _:
            return value


def written(value: Value, field: Field | None = None) -> str:
    """Return *value* of *field* as the CSV of a bulk job has it; nothing is an empty text."""
    if field is not None and field.type is FieldType.DATETIME and isinstance(value, str) and _PLAIN.fullmatch(value):
        return f"{value[:-1]}.000Z"
    told = shown(value, field)
    match told:
        case None:
            return ""
        case bool():
            return "true" if told else "false"
        case str() if field is not None and field.type is FieldType.DATETIME:
            return told.replace("+0000", "Z")
        case str():
            return told
        case dict():
            return orjson.dumps(told).decode()
        case _:
            return str(told)


def _text(value: str, field: Field) -> Json:
    match field.type:
        case FieldType.DATETIME:
            return _moment(value)
        case FieldType.DATE:
            return value if _DAY.fullmatch(value) else None
        case FieldType.BOOLEAN:
            return None
        case FieldType.DECIMAL | FieldType.INTEGER:
            return _number(value)
        case FieldType.TEXTS:
            return _option(value, field)
        case _ if field.native_type in NUMBERS:
            return _number(value)
        case _ if field.native_type in _COMPOUND:
            return _parts(value)
        case _:
            return value


def _moment(value: str) -> str | None:
    """Return ``2026-01-02T03:04:05.000+0000``; None for what is no moment (any more)."""
    matched = _MOMENT.fullmatch(value)
    if matched is None:
        return None
    moment, fraction, offset = matched.groups()
    zone = "+0000" if offset == "Z" else offset.replace(":", "")
    return f"{moment}.{(fraction or '.')[1:4]:0<3}{zone}"


def _parts(value: str) -> Json:
    """Return a compound value, an address say, as the object that it is; None for what a mask has made of it."""
    try:
        parts: Json = orjson.loads(value)
    except orjson.JSONDecodeError:
        return None
    return parts if isinstance(parts, dict) else None


def _number(value: str) -> float | None:
    try:
        return float(Decimal(value))
    except InvalidOperation:
        return None


def _option(item: str, field: Field | None) -> str:
    """Return an item of a multi-picklist: what the gateway calls ``marketing:email`` is ``marketing_email`` here."""
    return item.replace(":", "_") if field is not None and field.path == CONSENTS else item


def given(values: Mapping[str, Json]) -> dict[str, Value] | None:
    """Return *values* that somebody wants to write as those of a change; None when one of them is no single value."""
    found: dict[str, Value] = {}
    for name, value in values.items():
        if isinstance(value, dict | list):
            return None
        found[name] = value
    return found
