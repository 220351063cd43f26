"""Whether a record is what was meant, where HubSpot can only be asked more widely than that."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from policy_gateway.model.field import FieldType, Resource, Value
from policy_gateway.query import And, Compare, In, Not, Op, Or, Text, Where
from policy_gateway_hubspot.numbers import international

_COMPARE: Final[Mapping[Op, Callable[[Any, Any], bool]]] = MappingProxyType(
    {
        Op.EQ: operator.eq,
        Op.NE: operator.ne,
        Op.LT: operator.lt,
        Op.LE: operator.le,
        Op.GT: operator.gt,
        Op.GE: operator.ge,
        Op.PREFIX: lambda mine, sought: str(mine).startswith(sought),
        Op.CONTAINS: lambda mine, sought: sought in mine,
    }
)


def holds(where: Where, values: Mapping[str, Value], resource: Resource, region: str) -> bool:
    """Return whether a record with *values* is meant by *where*; it has been translated before, so it is sound."""
    return _truth(where, values, resource, region) is True


def _truth(where: Where, values: Mapping[str, Value], resource: Resource, region: str) -> bool | None:
    """Return the three-valued truth, None where there is no value: as HubSpot's own comparisons do."""
    match where:
        case And(items) | Or(items):
            return _joint({_truth(item, values, resource, region) for item in items}, decisive=isinstance(where, Or))
        case Not(item):
            truth = _truth(item, values, resource, region)
            return None if truth is None else not truth
        case Text(term, paths):
            return any(_has_words(term, values.get(path)) for path in paths)
        case In(path, tuple(options)):
            return _truth(Or(tuple(Compare(path, Op.EQ, each) for each in options)), values, resource, region)
        case Compare(path, Op.IS_NULL, value):
            return (values.get(path) is None) is value
        case Compare(path, op, value):
            mine = values.get(path)
            return None if mine is None else _compared(op, resource.fields[path].type, (mine, value), region)
        case In():
            return None


def _joint(truths: set[bool | None], *, decisive: bool) -> bool | None:
    """Return the conjunction of *truths*, which one false decides, or their disjunction, which one true decides."""
    if decisive in truths:
        return decisive
    return None if None in truths else not decisive


def _has_words(term: str, value: Value) -> bool:
    text = value.casefold() if isinstance(value, str) else ""
    sought = " ".join(term.casefold().split())
    return any(text[start.start() :].startswith(sought) for start in re.finditer(r"\b\w", text))


def _compared(op: Op, kind: FieldType, pair: tuple[Any, Any], region: str) -> bool:
    mine, sought = pair
    if kind is FieldType.TEXTS:
        return (sought in mine) is (op is not Op.NE)
    key = _key(kind, region)
    return _COMPARE[op](key(mine), key(sought))


def _key(kind: FieldType, region: str) -> Callable[[Any], Any]:
    match kind:
        case FieldType.PHONE:
            return lambda value: international(str(value), region) or value
        case FieldType.DATETIME:
            return lambda value: datetime.fromisoformat(str(value))
        case FieldType.INTEGER | FieldType.DECIMAL:
            return lambda value: Decimal(str(value))
        case FieldType.BOOLEAN:
            return lambda value: value
        case FieldType.EMAIL:
            return lambda value: str(value).strip().casefold()
        case _:
            return lambda value: str(value).casefold()
