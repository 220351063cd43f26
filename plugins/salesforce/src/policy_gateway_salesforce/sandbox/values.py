"""Checks and shapes of field values: what the vendor stores, what it refuses, what it shows."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Final

from policy_gateway_salesforce.sandbox.access import User
from policy_gateway_salesforce.sandbox.ids import canonical
from policy_gateway_salesforce.sandbox.kinds import KINDS
from policy_gateway_salesforce.sandbox.schema import ADDRESS_PARTS, NUMBERS, TEXTS, Column, Kind, Type
from policy_gateway_salesforce.sandbox.state import Org, Row, stamp
from policy_gateway_salesforce.sandbox.wire import ApiError, Json, invalid

_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_TRUTH: Final = {"true": True, "false": False, "1": True, "0": False}.get


def checked(org: Org, column: Column, value: Json) -> Json:
    """Return *value* as it is kept for *column*; an empty text is no value. Raises what the vendor says."""
    if value is None or value == "":
        return False if column.type is Type.BOOLEAN else None
    if isinstance(value, dict | list):
        raise _misread(column, value)
    if column.type in TEXTS:
        return _text(column, value)
    match column.type:
        case Type.BOOLEAN:
            return _boolean(column, value)
        case kind if kind in NUMBERS:
            return _number(column, value)
        case Type.DATE | Type.DATETIME:
            return _moment(column, value)
        case Type.REFERENCE:
            return _reference(org, column, value)
        case _:
            return _items(column, value)


def shown(row: Row, column: Column) -> Json:
    """Return the value of one field as the API shows it."""
    if column.type is Type.ADDRESS:
        return address(row, column)
    return row.get(column.name)


def address(row: Row, column: Column) -> Json:
    """Return a compound address, None when no part has a value."""
    prefix = column.name.removesuffix("Address")
    parts = {name[0].lower() + name[1:]: row.get(f"{prefix}{name}") for name in ADDRESS_PARTS}
    if not any(parts.values()):
        return None
    return dict(sorted({**parts, "geocodeAccuracy": None, "latitude": None, "longitude": None}.items()))


def record(kind: Kind, row: Row, columns: Iterable[Column], root: str) -> dict[str, Json]:
    """Return a whole record with its attributes; *root* is what its address begins with."""
    told: dict[str, Json] = {"attributes": attributes(kind, row, root)}
    for column in columns:
        told[column.name] = shown(row, column)
    return told


def attributes(kind: Kind, row: Row, root: str) -> dict[str, Json]:
    """Return what a record is and where it is."""
    return {"type": kind.name, "url": f"{root}/sobjects/{kind.name}/{row['Id']}"}


def chosen(user: User, kind: Kind, names: Iterable[str]) -> tuple[Column, ...]:
    """Return the named fields, each once; an unknown or hidden one is refused."""
    columns: dict[str, Column] = {}
    for name in names:
        column = user.column(kind, name)
        if column is None:
            raise invalid(f"No such column '{name}' on sobject of type {kind.name}")
        columns[column.name] = column
    return tuple(columns.values())


def person(row: Row) -> str | None:
    """Return the whole name of a person."""
    parts = (row.get("FirstName"), row.get("LastName"))
    return " ".join(str(part) for part in parts if part) or None


def moment_of(value: str) -> str | None:
    """Return a moment in ISO 8601 as it is kept; None when it is none."""
    try:
        parsed = datetime.fromisoformat(value)
    except ValueError:
        return None
    return stamp(parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC))


def day_of(value: str) -> str | None:
    """Return a day in ISO 8601 as it is kept; the time of a moment is forgotten."""
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError:
        moment = moment_of(value)
        return moment[:10] if moment else None


def _misread(column: Column, value: Json) -> ApiError:
    soap = {Type.BOOLEAN: "boolean", Type.DATE: "date", Type.DATETIME: "datetime", Type.INT: "int"}.get(column.type)
    wanted = soap or ("double" if column.type in NUMBERS else "reference" if column.references else "string")
    match value:
        case bool():
            got = f"VALUE_{str(value).upper()} value {str(value).lower()}"
        case int() | float():
            got = f"VALUE_NUMBER_{'INT' if isinstance(value, int) else 'FLOAT'} value {value}"
        case str():
            got = f"VALUE_STRING value {value}"
        case _:
            got = "START_OBJECT" if isinstance(value, dict) else "START_ARRAY"
    said = f"Cannot deserialize instance of {wanted} from {got} or request may be missing a required field"
    return invalid(f"{said} at [line:1, column:2]", "JSON_PARSER_ERROR")


def _refused(column: Column, code: str, message: str) -> ApiError:
    return invalid(f"{column.label}: {message}", code, [column.name])


def _text(column: Column, value: Json) -> Json:
    if not isinstance(value, str):
        raise _misread(column, value)
    kept = value.strip() if column.type is not Type.TEXTAREA else value
    if column.size and len(kept) > column.size:
        raise _refused(column, "STRING_TOO_LONG", f"data value too large: {kept[:255]} (max length={column.size})")
    if column.type is Type.EMAIL and not _EMAIL.fullmatch(kept):
        raise _refused(column, "INVALID_EMAIL_ADDRESS", f"invalid email address: {kept}")
    if column.restricted and kept not in column.values:
        raise _bad_choice(column, kept)
    return kept.lower() if column.type is Type.EMAIL else kept or None


def _bad_choice(column: Column, value: str) -> ApiError:
    return _refused(
        column, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", f"bad value for restricted picklist field: {value}"
    )


def _boolean(column: Column, value: Json) -> Json:
    truth = _TRUTH(str(value).lower()) if isinstance(value, bool | str) else None
    if truth is None:
        raise _misread(column, value)
    return truth


def _number(column: Column, value: Json) -> Json:
    if isinstance(value, bool) or not _NUMBER.fullmatch(str(value)):
        raise _misread(column, value)
    kept = round(float(str(value)), column.scale)
    if abs(kept) >= 10**column.size:
        message = f"value outside of valid range on numeric field: {value}"
        raise _refused(column, "NUMBER_OUTSIDE_VALID_RANGE", message)
    return int(kept) if column.type is Type.INT else kept


def _moment(column: Column, value: Json) -> Json:
    kept = (day_of if column.type is Type.DATE else moment_of)(value) if isinstance(value, str) else None
    if kept is None:
        raise _misread(column, value)
    return kept


def _reference(org: Org, column: Column, value: Json) -> Json:
    whole = canonical(value) if isinstance(value, str) else None
    if whole is None or whole[:3] not in {KINDS[name].prefix for name in column.references}:
        raise _refused(column, "MALFORMED_ID", f"id value of incorrect type: {value}")
    found = org.find(whole)
    if found is None:
        raise invalid("invalid cross reference id", "INVALID_CROSS_REFERENCE_KEY", [])
    if found[1].get("IsDeleted"):
        raise invalid("entity is deleted", "ENTITY_IS_DELETED", [])
    return whole


def _items(column: Column, value: Json) -> Json:
    """Return the chosen items of a multi-select picklist, each once and in the order of the list."""
    if not isinstance(value, str):
        raise _misread(column, value)
    asked = {item.strip() for item in value.split(";") if item.strip()}
    if unknown := sorted(asked - set(column.values)):
        raise _bad_choice(column, unknown[0])
    return ";".join(item for item in column.values if item in asked) or None
