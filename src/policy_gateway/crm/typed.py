"""Values as the clients of CRMs write them, as texts mostly, made into those that their fields hold.

What says nothing of its field's type stays as it is, and is refused for it: after policy has decided, by the adapter.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from policy_gateway.model.field import Field, FieldType, Value

_TRUTHS: Final[Mapping[str, bool]] = MappingProxyType({"true": True, "false": False, "1": True, "0": False})
_INTEGER: Final = re.compile(r"(-?[0-9]{1,18})(\.0{1,9})?", re.ASCII)


def typed(value: Value, field: Field | None) -> Value:
    """Return *value* as *field* holds it. Several choices are one text, with semicolons between."""
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
            return tuple(item.strip() for item in value.split(";") if item.strip())
        case _:
            return value
