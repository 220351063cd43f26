"""Whether a record is what was meant, where Salesforce can only be asked more widely than that."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from policy_gateway.model.field import Field, FieldType, Value
from policy_gateway.query import And, Compare, In, Not, Op, Or, Text, Where
from policy_gateway_salesforce.ids import canonical
from policy_gateway_salesforce.numbers import international

_COMPARE: Final[Mapping[Op, Callable[[Any, Any], bool]]] = MappingProxyType(
    {
        Op.EQ: operator.eq,
        Op.NE: operator.ne,
        Op.LT: operator.lt,
        Op.LE: operator.le,
        Op.GT: operator.gt,
        Op.GE: operator.ge,
    }
)
_PARTS: Final[Mapping[Op, Callable[[str, str], bool]]] = MappingProxyType(
    {Op.PREFIX: str.startswith, Op.CONTAINS: str.__contains__}
)


def holds(where: Where, values: Mapping[str, Value], fields: Mapping[str, Field], region: str) -> bool:
    """Return whether a record with *values* is meant by *where*; it has been translated before, so it is sound.

    A record without a value is different from everything. *fields* and *values* go by path.
    """
    match where:
        case And(items):
            return all(holds(item, values, fields, region) for item in items)
        case Or(items):
            return any(holds(item, values, fields, region) for item in items)
        case Not(item):
            return not holds(item, values, fields, region)
        case Text(term, paths):
            return any(_has_words(term, values.get(path)) for path in paths)
        case In(path, tuple(options)):
            return any(_compared(Compare(path, Op.EQ, each), values, fields, region) for each in options)
        case Compare():
            return _compared(where, values, fields, region)
        case In():
            return False


def _has_words(term: str, value: Value) -> bool:
    text = value.casefold() if isinstance(value, str) else ""
    sought = " ".join(term.casefold().split())
    return any(text[start.start() :].startswith(sought) for start in re.finditer(r"\b\w", text))


def _compared(compare: Compare, values: Mapping[str, Value], fields: Mapping[str, Field], region: str) -> bool:
    mine, op, sought = values.get(compare.path), compare.op, compare.value
    if op is Op.IS_NULL:
        return (mine is None) is sought
    if mine is None:
        return op is Op.NE
    kind = fields[compare.path].type
    if kind is FieldType.TEXTS:
        return isinstance(mine, tuple) and (sought in mine) is (op is not Op.NE)
    if op in _PARTS:
        return _PARTS[op](str(mine).casefold(), str(sought).casefold())
    key = _key(fields[compare.path], region)
    return _COMPARE[op](key(mine), key(sought))


def _key(field: Field, region: str) -> Callable[[Any], Any]:
    match field.type:
        case FieldType.PHONE:
            return lambda value: international(str(value), region) or str(value).casefold()
        case FieldType.DATETIME:
            return lambda value: datetime.fromisoformat(str(value))
        case FieldType.INTEGER | FieldType.DECIMAL:
            return lambda value: Decimal(str(value))
        case FieldType.BOOLEAN:
            return lambda value: value
        case FieldType.EMAIL:
            return lambda value: str(value).strip().casefold()
        case FieldType.REFERENCE:
            return lambda value: canonical(str(value)) or value
        case _:
            return lambda value: str(value).casefold()
