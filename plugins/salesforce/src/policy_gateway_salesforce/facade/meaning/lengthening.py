"""Ids in conditions: whoever copies one from a URL has 15 characters of it, and means the record of 18."""

from __future__ import annotations

from dataclasses import replace

from policy_gateway.model.field import Value
from policy_gateway.query import And, Child, Compare, In, Not, Or, Query, Selected, Where
from policy_gateway_salesforce.facade.exchange.ids import canonical

_SHORT = 15


def lengthened(query: Query) -> Query:
    """Return *query* with the ids in its conditions, and in those of what it holds, in their long form."""
    select = tuple(_selected(item) for item in query.select)
    where = None if query.where is None else _where(query.where)
    if where == query.where and select == query.select:
        return query
    return replace(query, select=select, where=where)


def _selected(item: Selected) -> Selected:
    return replace(item, query=lengthened(item.query)) if isinstance(item, Child) else item


def _where(where: Where) -> Where:
    match where:
        case And(items):
            return And(tuple(_where(item) for item in items))
        case Or(items):
            return Or(tuple(_where(item) for item in items))
        case Not(item):
            return Not(_where(item))
        case Compare(path, op, str() as value) if _holds_ids(path):
            return Compare(path, op, _id(value))
        case In(path, Query() as query):
            return In(path, lengthened(query))
        case In(path, tuple() as values) if _holds_ids(path):
            return In(path, tuple(_id(value) for value in values))
        case _:
            return where


def _holds_ids(path: str) -> bool:
    """Tell whether a field of this name holds ids, as the vendor names them: ``Id``, ``AccountId``, ``Account.Id``."""
    return path.lower().endswith("id")


def _id(value: Value) -> Value:
    return (canonical(value) or value) if isinstance(value, str) and len(value) == _SHORT else value
