"""Checked bodies to the algebra of calls."""

from __future__ import annotations

from typing import Final, assert_never

from policy_gateway.errors import InvalidCall
from policy_gateway.model.field import Value
from policy_gateway.query import And, Compare, In, Not, Op, Or, Order, Query, RelativeDate, Text, Unit, Where
from policy_gateway.web import asking
from policy_gateway.web.parsing import require_name
from policy_gateway.wire.strict_json import Json

DEEPEST_FILTER: Final = 10
MOST_CONDITIONS: Final = 200
DEEPEST_VALUES: Final = 4


def search_query(resource: str, body: asking.SearchBody) -> Query:
    """Return the query that a search asks for."""
    if len(set(body.fields)) < len(body.fields):
        raise InvalidCall("a name may be given only once", pointer="/fields")
    return Query(
        resource,
        tuple(body.fields),
        where=_where(body),
        order=tuple(Order(sort.field, descending=sort.descending) for sort in body.sort),
        limit=body.limit,
        cursor=body.cursor,
    )


def values_of(document: dict[str, Json], where: str = "") -> dict[str, Value]:
    """Return what a change sets, by path; None clears. Nested objects are dotted paths (RFC 7396).

    InvalidCall, pointing at *where*, for what can be no field's value.
    """
    found: dict[str, Value] = {}
    waiting: list[tuple[str, Json, int]] = [(name, value, 1) for name, value in document.items()]
    while waiting:
        path, value, depth = waiting.pop(0)
        if isinstance(value, dict) and value:
            if depth == DEEPEST_VALUES:
                raise InvalidCall("the body is nested too deeply", pointer=where)
            waiting.extend((f"{path}.{name}", inner, depth + 1) for name, inner in value.items())
            continue
        if path in found:
            raise InvalidCall("a name may be given only once", pointer=where)
        found[require_name(path, where)] = _value(value, where)
    if not found:
        raise InvalidCall("at least one field is needed", pointer=where)
    return found


def _value(value: Json, where: str) -> Value:
    match value:
        case None | str() | bool() | int() | float():
            return value
        case list() if all(isinstance(item, str) for item in value):
            return tuple(str(item) for item in value)
        case _:
            raise InvalidCall("a value is text, number, boolean, null or a list of texts", pointer=where)


def _where(body: asking.SearchBody) -> Where | None:
    parts: list[Where] = []
    if body.filter is not None:
        _require_modest(body.filter)
        parts.append(_filter(body.filter))
    if body.text is not None:
        parts.append(Text(body.text.term, tuple(body.text.fields)))
    if len(parts) > 1:
        return And(tuple(parts))
    return parts[0] if parts else None


def _require_modest(filter_: asking.Filter) -> None:
    """Raise InvalidCall for a filter that is too deep or too large for any honest use."""
    waiting = [(filter_, 1)]
    seen = 0
    while waiting:
        one, depth = waiting.pop()
        seen += 1
        if depth > DEEPEST_FILTER:
            raise InvalidCall("the body is nested too deeply", pointer="/filter")
        if seen > MOST_CONDITIONS:
            raise InvalidCall("the body has too many parts", pointer="/filter")
        match one:
            case asking.AndFilter(and_=items) | asking.OrFilter(or_=items):
                waiting.extend((item, depth + 1) for item in items)
            case asking.NotFilter(not_=item):
                waiting.append((item, depth + 1))
            case _:
                continue


def _filter(filter_: asking.Filter) -> Where:
    match filter_:
        case asking.AndFilter(and_=items):
            return And(tuple(_filter(item) for item in items))
        case asking.OrFilter(or_=items):
            return Or(tuple(_filter(item) for item in items))
        case asking.NotFilter(not_=item):
            return Not(_filter(item))
        case asking.InFilter(field=path, in_=values):
            return In(path, tuple(values))
        case asking.CompareFilter(field=path, op=op, value=value):
            return _compare(path, Op(op), value)
        case _:
            assert_never(filter_)


def _compare(path: str, op: Op, value: asking.Scalar | asking.RelativeDay) -> Where:
    if op is Op.IS_NULL and not isinstance(value, bool):
        raise InvalidCall("this is not one of the allowed values", pointer="/filter")
    if isinstance(value, asking.RelativeDay):
        return Compare(path, op, RelativeDate(Unit(value.unit), value.n))
    return Compare(path, op, value)
