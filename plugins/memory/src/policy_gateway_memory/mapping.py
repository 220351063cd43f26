"""Rows to records and back; pure. A value of another type than its field's is not guessed at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation

from policy_gateway.errors import InvalidCall, UpstreamInvalid
from policy_gateway.model.field import ID_PATH, Field, FieldType, RecordId, Resource, Value
from policy_gateway.records import Record
from policy_gateway_memory.crm import Row


def record(resource: Resource, row: Row, select: Iterable[str]) -> Record:
    """Return the *select* paths of *row*. UpstreamInvalid when a value is not of its field's type."""
    record_id = row.get(ID_PATH)
    if not isinstance(record_id, str):
        raise UpstreamInvalid
    fields = resource.fields
    return Record(RecordId(record_id), {path: _read(fields[path], row.get(fields[path].native)) for path in select})


def _read(field: Field, raw: object) -> Value:
    try:
        return typed(field, raw)
    except InvalidCall:
        raise UpstreamInvalid from None


def row(resource: Resource, values: Mapping[str, Value]) -> dict[str, object]:
    """Return *values* by the CRM's own names. InvalidCall when a value is not of its field's type."""
    return {resource.fields[path].native: typed(resource.fields[path], value) for path, value in values.items()}


def typed(field: Field, raw: object) -> Value:
    """Return *raw* as the value of *field*, None for nothing. InvalidCall when it is of another type."""
    match field.type, raw:
        case _, None:
            return None
        case FieldType.BOOLEAN, bool(found):
            return found
        case FieldType.INTEGER, int(number) if not isinstance(number, bool):
            return number
        case FieldType.DECIMAL, str() | int() | float() if not isinstance(raw, bool):
            return _decimal(raw)
        case FieldType.TEXTS, list() | tuple() if all(isinstance(item, str) for item in raw):
            return tuple(raw) or None
        case FieldType.DATE | FieldType.DATETIME, str(moment):
            instant(moment)
            return moment
        case FieldType.BOOLEAN | FieldType.INTEGER | FieldType.DECIMAL | FieldType.TEXTS, _:
            raise InvalidCall(f"the field holds a value of the type {field.type}")
        case _, str(text):
            return text or None
        case _:
            raise InvalidCall(f"the field holds a value of the type {field.type}")


def _decimal(raw: str | float) -> str:
    try:
        return str(Decimal(str(raw)))
    except InvalidOperation:
        raise InvalidCall("the field holds a decimal number") from None


def instant(moment: str) -> datetime:
    """Return the instant of an ISO 8601 date (its midnight in UTC) or time. InvalidCall when it is neither."""
    try:
        found = datetime.fromisoformat(moment)
    except ValueError:
        raise InvalidCall("dates and times are written as in ISO 8601") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def kind_of(value: object) -> FieldType:
    """Return the type for a native field that holds *value*."""
    match value:
        case bool():
            return FieldType.BOOLEAN
        case int():
            return FieldType.INTEGER
        case list() | tuple():
            return FieldType.TEXTS
        case date():
            return FieldType.DATE
        case _:
            return FieldType.TEXT
