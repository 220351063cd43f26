"""Values that clients want to write, as texts mostly, made into those that their fields hold."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from policy_gateway.errors import GatewayError
from policy_gateway.model.field import Field, FieldType, Value
from policy_gateway.query import Describe
from policy_gateway_salesforce.facade.turn import Turn
from policy_gateway_salesforce.facade.values import CONSENTS

_TRUTHS: Final[Mapping[str, bool]] = MappingProxyType({"true": True, "false": False, "1": True, "0": False})
_INTEGER: Final = re.compile(r"(-?[0-9]{1,18})(\.0{1,9})?", re.ASCII)


async def fields_of(turn: Turn, name: str) -> Mapping[str, Field]:
    """Return the fields of the object *name* that the caller may know of, by what the vendor calls them in small.

    None where the object is not known either: whatever is to be written there is refused by itself.
    """
    try:
        disclosure = await turn.ask(Describe(name))
    except GatewayError:
        return {}
    known = (field for one in disclosure.described for field in one.resource.fields.values())
    return {field.native.lower(): field for field in known}


def typed_all(values: Mapping[str, Value], fields: Mapping[str, Field]) -> dict[str, Value]:
    """Return *values* as *fields*, by what the vendor calls them in small, hold them."""
    return {name: typed(value, fields.get(name.lower())) for name, value in values.items()}


def typed(value: Value, field: Field | None) -> Value:
    """Return *value* as *field* holds it; what says nothing of that type stays as it is, and is refused for it."""
    if field is None or value is None:
        return value
    match field.type, value:
        case FieldType.BOOLEAN, str():
            return _TRUTHS.get(value.lower(), value)
        case FieldType.INTEGER, str():
            matched = _INTEGER.fullmatch(value)
            return value if matched is None else int(matched[1])
        case FieldType.INTEGER, float() if value.is_integer():
            return int(value)
        case FieldType.TEXTS, str():
            return tuple(_item(part.strip(), field) for part in value.split(";") if part.strip())
        case _:
            return value


def _item(option: str, field: Field) -> str:
    """Return an item of a multi-picklist: `marketing_email` is what the gateway calls ``marketing:email``."""
    purpose, _, channel = option.rpartition("_")
    return f"{purpose}:{channel}" if field.path == CONSENTS and purpose else option
