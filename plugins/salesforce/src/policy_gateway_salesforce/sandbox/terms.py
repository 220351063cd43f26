"""What a field or a function in a query comes to, for one record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from policy_gateway_salesforce.sandbox.dates import taken
from policy_gateway_salesforce.sandbox.paths import Found, Scope
from policy_gateway_salesforce.sandbox.schema import NUMBERS, Type
from policy_gateway_salesforce.sandbox.state import Row
from policy_gateway_salesforce.sandbox.wire import Json
from policy_gateway_salesforce.soql import nodes
from policy_gateway_salesforce.soql.functions import DAYS


@dataclass(frozen=True, slots=True)
class Term:
    """A *value* for each record (or group of them), its *type*, and the field that it is made of, if of one."""

    value: Callable[[Any], Json]
    type: Type
    found: Found | None = None

    @property
    def name(self) -> str:
        """Return what the vendor calls it in a message."""
        return self.found.column.name if self.found else "expression"


def term(scope: Scope, expression: nodes.Argument) -> Term:
    """Return what *expression* comes to; an aggregate is none of these."""
    if isinstance(expression, nodes.FieldPath):
        found = scope.find(expression)
        return Term(found.value, found.column.type, found)
    if not isinstance(expression, nodes.Function):
        raise scope.wrong(0, "unexpected literal", "MALFORMED_QUERY")
    name = expression.name
    if name in {"DISTANCE", "GEOLOCATION"}:
        for argument in expression.args:
            if isinstance(argument, nodes.FieldPath):
                scope.find(argument)
        return Term(_nothing, Type.DOUBLE)
    if len(expression.args) != 1:
        raise scope.wrong(expression.at, f"unexpected function: {name}", "MALFORMED_QUERY")
    inner = term(scope, expression.args[0])
    if name in DAYS:
        return _taken(scope, expression, inner)
    if name == "FORMAT":
        return Term(_formatted(inner), Type.STRING)
    if name in {"TOLABEL", "CONVERTCURRENCY", "CONVERTTIMEZONE"}:
        return inner
    raise scope.wrong(expression.at, f"unexpected function: {name}", "MALFORMED_QUERY")


def filtered(scope: Scope, expression: nodes.Expression) -> Term:
    """Return a term that a condition may be about."""
    found = term(scope, expression)
    if found.found is not None and not found.found.column.filterable:
        raise _cannot(scope, expression.at, found, "filtered")
    if found.found is not None and found.type is Type.ADDRESS:
        raise _cannot(scope, expression.at, found, "filtered")
    return found


def sorted_by(scope: Scope, expression: nodes.Expression) -> Term:
    """Return a term that records may be sorted by."""
    found = term(scope, expression)
    if found.found is not None and not found.found.column.sortable:
        raise _cannot(scope, expression.at, found, "sorted")
    return found


def grouped_by(scope: Scope, expression: nodes.Expression) -> Term:
    """Return a term that records may be grouped by."""
    found = term(scope, expression)
    plain = isinstance(expression, nodes.FieldPath)
    if plain and found.found is not None and not found.found.column.groupable:
        raise _cannot(scope, expression.at, found, "grouped")
    return found


def rank(found: Term, value: Json) -> Json:
    """Return what *value* is sorted by: picklists in their order, texts whatever their case."""
    if found.found is not None and found.type is Type.PICKLIST and value in found.found.column.values:
        return f"{found.found.column.values.index(str(value)):04d}"
    return value.lower() if isinstance(value, str) and found.type not in {Type.ID, Type.REFERENCE} else value


def _cannot(scope: Scope, at: int, found: Term, what: str) -> Exception:
    return scope.wrong(at, f"field '{found.name}' can not be {what} in a query call")


def _taken(scope: Scope, expression: nodes.Function, inner: Term) -> Term:
    if inner.type not in {Type.DATE, Type.DATETIME}:
        raise scope.wrong(expression.at, f"field {inner.name} does not support {expression.name}", "MALFORMED_QUERY")
    kind = Type.DATE if expression.name == "DAY_ONLY" else Type.INT

    def value(row: Row) -> Json:
        return taken(expression.name, inner.value(row))

    return Term(value, kind)


def _formatted(inner: Term) -> Callable[[Row], Json]:
    def value(row: Row) -> Json:
        plain = inner.value(row)
        if plain is None or isinstance(plain, dict | list):
            return plain
        return f"{plain:,}" if inner.type in NUMBERS and not isinstance(plain, str | bool) else str(plain)

    return value


def _nothing(_: Row) -> Json:
    return None
