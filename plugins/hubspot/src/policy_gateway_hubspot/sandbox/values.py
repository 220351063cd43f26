"""Checks and shapes of property values: what the vendor stores, what it refuses, what it shows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Final

import orjson

from policy_gateway_hubspot.numbers import national
from policy_gateway_hubspot.sandbox.schema import Property
from policy_gateway_hubspot.sandbox.state import Item, Items, stamp
from policy_gateway_hubspot.sandbox.wire import Json, Refusal, invalid, invalid_value

_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_PATTERNS: Final = MappingProxyType({"number": re.compile(r"-?[0-9]+(\.[0-9]+)?"), "bool": re.compile("true|false")})
_LENGTH: Final = 65_536
_REGION: Final = "DE"


def checked(items: Items, properties: Json) -> dict[str, str]:
    """Return *properties* as they will be stored; refuses the whole write for one bad value, naming all bad ones."""
    if not isinstance(properties, dict):
        raise invalid("Invalid input JSON: properties must be an object")
    problems: list[dict[str, Json]] = []
    stored: dict[str, str] = {}
    for name, value in properties.items():
        outcome = _checked_one(items.properties.get(name), name, value)
        if isinstance(outcome, str):
            stored[name] = outcome
        else:
            problems.append(outcome)
    if problems:
        listed = [{"isValid": False, "name": _named(each), "error": each["code"]} for each in problems]
        raise invalid(f"Property values were not valid: {orjson.dumps(listed).decode()}", problems)
    return stored


def claim(items: Items, values: Mapping[str, str], *, own: str = "") -> None:
    """Refuse *values* that another record than *own* holds and that must be unique."""
    for name, value in values.items():
        definition = items.properties[name]
        holder = items.holder(name, value) if definition.unique and value else ""
        if holder and holder != own:
            raise Refusal(409, "CONFLICT", f"{items.kind.singular.capitalize()} already exists. Existing ID: {holder}")


def shown(items: Items, item: Item, names: Iterable[str], *, nulls: bool = True) -> dict[str, Json]:
    """Return the asked-for properties, those that always come, and no unknown one.

    The classic dialect shows a property without a value as null; the date-versioned one, whose contract knows
    strings only, leaves it out (*nulls*).
    """
    wanted = tuple(names) or items.kind.shown
    body: dict[str, Json] = {
        "createdate": item.created,
        "hs_object_id": item.id,
        items.kind.changed: item.updated,
    }
    for name in wanted:
        if name in body:
            continue
        definition = items.properties.get(name)
        if definition is None:
            continue
        value = calculated(item, name) if definition.calculated else item.properties.get(name)
        if value is not None or nulls:
            body[name] = value
    return body


def calculated(item: Item, name: str) -> str | None:
    """Return the value of one of the portal's calculated properties."""
    email = item.properties.get("email", "")
    match name:
        case "hs_email_domain":
            return email.partition("@")[2] or None
        case "hs_full_name_or_email":
            parts = (item.properties.get("firstname"), item.properties.get("lastname"))
            return " ".join(part for part in parts if part) or email or None
        case "hs_searchable_calculated_phone_number":
            return national(item.properties.get("phone", ""), _REGION)
        case "hs_searchable_calculated_mobile_number":
            return national(item.properties.get("mobilephone", ""), _REGION)
        case _:
            return None


def value_of(items: Items, item: Item, name: str) -> str | None:
    """Return the value of any known property, for search."""
    if name in {"createdate", "hs_object_id", items.kind.changed}:
        return {"createdate": item.created, "hs_object_id": item.id}.get(name, item.updated)
    if items.properties[name].calculated:
        return calculated(item, name)
    return item.properties.get(name)


def history(items: Items, item: Item, names: Iterable[str]) -> dict[str, Json]:
    """Return what each of *names* has been, newest first."""
    told: dict[str, Json] = {}
    for name in names:
        if name in items.properties:
            past = item.history.get(name) or [(value_of(items, item, name) or "", item.created)]
            told[name] = [
                {"value": value, "timestamp": moment, "sourceType": "CRM_UI", "sourceId": "userId:7001"}
                for value, moment in past
            ]
    return told


def moment_of(value: str) -> str | None:
    """Return a datetime, given as ISO 8601 or as milliseconds since 1970, as the vendor stores it."""
    try:
        if value.lstrip("-").isdigit():
            return stamp(datetime.fromtimestamp(int(value) / 1000, UTC))
        parsed = datetime.fromisoformat(value)
    except (ValueError, OverflowError, OSError):
        return None
    return stamp(parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC))


def day_of(value: str) -> str | None:
    """Return a date, given as ISO 8601 or as milliseconds of its midnight in UTC, as the vendor stores it."""
    if value.lstrip("-").isdigit() and len(value) != len("20260101"):
        moment = moment_of(value)
        return moment[:10] if moment and moment.endswith("T00:00:00.000Z") else None
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError:
        return None


def _checked_one(definition: Property | None, name: str, value: Json) -> str | dict[str, Json]:
    if definition is None:
        return invalid_value(name, "PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist')
    if definition.read_only:
        return invalid_value(name, "READ_ONLY_VALUE", f'"{name}" is a read only property; its value cannot be set.')
    text = _as_text(value)
    if text is None or len(text) > _LENGTH:
        return invalid_value(name, "INVALID_STRING", f"{name} must be a string")
    stored = _stored(definition, text) if text else ""
    if stored is None:
        return invalid_value(name, f"INVALID_{_complaint(definition)}", f"The value of {name} was not valid")
    return stored


def _named(problem: Mapping[str, Json]) -> Json:
    match problem:
        case {"context": {"propertyName": [str(name)]}}:
            return name
        case _:
            return None


def _as_text(value: Json) -> str | None:
    """Return the string that the vendor makes of a JSON scalar; None for what it does not take."""
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
            return None


def _complaint(definition: Property) -> str:
    if definition.name == "email":
        return "EMAIL"
    return "OPTION" if definition.type == "enumeration" else definition.type.upper()


def _stored(definition: Property, text: str) -> str | None:
    """Return *text* as it is kept; None when it is not of the property's type."""
    match definition.type:
        case "date":
            return day_of(text)
        case "datetime":
            return moment_of(text)
        case "enumeration" if not definition.references:
            chosen = text.split(";") if definition.field_type == "checkbox" else [text]
            return text if set(chosen) <= set(definition.options) else None
        case _ if definition.name == "email":
            return text.lower() if _EMAIL.fullmatch(text) else None
        case kind:
            pattern = _PATTERNS.get(kind)
            return text if pattern is None or pattern.fullmatch(text) else None
