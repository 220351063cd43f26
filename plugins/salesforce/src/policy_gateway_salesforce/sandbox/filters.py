"""Conditions, made into functions that tell whether a record, or a group of them, meets them."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from functools import partial
from types import MappingProxyType
from typing import Any, Final

from policy_gateway_salesforce.sandbox.dates import span
from policy_gateway_salesforce.sandbox.ids import canonical
from policy_gateway_salesforce.sandbox.paths import Scope
from policy_gateway_salesforce.sandbox.schema import NUMBERS, TEXTS, Type
from policy_gateway_salesforce.sandbox.state import Row, stamp
from policy_gateway_salesforce.sandbox.terms import Term
from policy_gateway_salesforce.sandbox.wire import ApiError, Json, invalid
from policy_gateway_salesforce.soql import nodes

Test = Callable[[Any], bool]
Terms = Callable[[nodes.Expression], Term]
Joined = Callable[[nodes.Query], frozenset[Json]]

_COMPARED: Final[Mapping[str, Callable[[Any, Any], bool]]] = MappingProxyType(
    {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
)
_IDS: Final = frozenset({Type.ID, Type.REFERENCE})
_WANTED: Final = MappingProxyType(
    {
        Type.BOOLEAN: "boolean and should not be",
        Type.INT: "int and should not be",
        Type.DOUBLE: "double and should not be",
        Type.CURRENCY: "double and should not be",
        Type.DATE: "date and should not be",
        Type.DATETIME: "dateTime and should not be",
    }
)


class Conditions:
    """Makes tests of conditions in *scope*; *terms* says what an expression is, *joined* what a semi-join finds."""

    def __init__(self, scope: Scope, terms: Terms, joined: Joined) -> None:
        self._scope, self._terms, self._joined = scope, terms, joined

    def test(self, where: nodes.Where) -> Test:
        """Return the test of *where*."""
        match where:
            case nodes.And(items=items):
                return partial(_all, tuple(self.test(item) for item in items))
            case nodes.Or(items=items):
                return partial(_any, tuple(self.test(item) for item in items))
            case nodes.Not(item=item):
                return partial(_not, self.test(item))
            case nodes.Comparison():
                return self._comparison(where)
            case nodes.Like():
                return self._like(where)
            case nodes.In():
                return self._in(where)
            case nodes.InQuery():
                return self._in_query(where)
            case nodes.Includes() | nodes.Excludes():
                return self._items(where)

    def _comparison(self, where: nodes.Comparison) -> Test:
        found = self._terms(where.left)
        if isinstance(where.value, nodes.DateLiteral):
            return self._relative(found, where.op, where.value)
        wanted = self._value(found, where.value)
        if where.op in {"=", "!="}:
            return partial(_equal, _folded(found), wanted, where.op == "=")
        if found.type in {Type.BOOLEAN, Type.MULTIPICKLIST}:
            raise _operator(f"invalid operator on {found.type.value} field")
        return partial(_ordered, _folded(found), _COMPARED[where.op], wanted)

    def _relative(self, found: Term, op: str, literal: nodes.DateLiteral) -> Test:
        """Compare with a span of days: less is before it, greater after it."""
        days = span(literal, self._scope.org.clock().astimezone(UTC).date())
        if days is None or found.type not in {Type.DATE, Type.DATETIME}:
            raise self._mistyped(found, literal)
        start, end = (self._edge(found.type, day) for day in days)
        match op:
            case "=" | "!=":
                return partial(_within, found.value, start, end, op == "=")
            case "<" | ">=":
                return partial(_ordered, _folded(found), _COMPARED[op], start)
            case _:
                return partial(_ordered, _folded(found), operator.lt if op == "<=" else operator.ge, end)

    @staticmethod
    def _edge(kind: Type, day: date) -> str:
        return day.isoformat() if kind is Type.DATE else stamp(datetime(day.year, day.month, day.day, tzinfo=UTC))

    def _like(self, where: nodes.Like) -> Test:
        found = self._terms(where.left)
        if found.type in _IDS | NUMBERS | {Type.BOOLEAN, Type.DATE, Type.DATETIME, Type.MULTIPICKLIST}:
            raise _operator(f"invalid operator on {'id' if found.type in _IDS else found.type.value} field")
        signs = (
            {"%": ".*", "_": "."}.get(sign, re.escape(sign)) if at not in where.pattern.literal else re.escape(sign)
            for at, sign in enumerate(where.pattern.value)
        )
        return partial(_matches, found.value, re.compile("".join(signs), re.IGNORECASE | re.DOTALL))

    def _in(self, where: nodes.In) -> Test:
        found = self._terms(where.left)
        if any(isinstance(value, nodes.DateLiteral) for value in where.values):
            spans = (each for each in where.values if isinstance(each, nodes.DateLiteral))
            tests = tuple(self._relative(found, "=", each) for each in spans)
            return partial(_not, partial(_any, tests)) if where.negated else partial(_any, tests)
        wanted = frozenset(self._value(found, value) for value in where.values)
        return partial(_among, _folded(found), wanted, not where.negated)

    def _in_query(self, where: nodes.InQuery) -> Test:
        found = self._terms(where.left)
        if found.type not in _IDS:
            raise invalid("semi join filters can only be on ID and REFERENCE fields", "INVALID_FIELD")
        return partial(_among, _folded(found), self._joined(where.query), not where.negated)

    def _items(self, where: nodes.Includes | nodes.Excludes) -> Test:
        found = self._terms(where.left)
        if found.type is not Type.MULTIPICKLIST:
            raise _operator("includes and excludes need a multi-select picklist")
        sets = tuple(frozenset(value.value.lower().split(";")) for value in where.values)
        return partial(_includes, _folded(found), sets, isinstance(where, nodes.Includes))

    def _value(self, found: Term, literal: nodes.Literal) -> Json:
        """Return the value of a literal as it compares with what *found* says, which must be of its type."""
        match literal, found.type:
            case nodes.Null(), _:
                return None
            case nodes.Boolean(value=value), Type.BOOLEAN:
                return value
            case nodes.Number(value=amount), kind if kind in NUMBERS:
                return float(amount)
            case nodes.Date(value=day), Type.DATE:
                return day.isoformat()
            case nodes.DateTime(value=moment), Type.DATETIME:
                return stamp(moment)
            case nodes.String(value=text), kind if kind in _IDS:
                return self._id(text)
            case nodes.String(value=text), kind if kind not in _WANTED:
                return text.lower() or None
            case _:
                raise self._mistyped(found, literal)

    def _mistyped(self, found: Term, literal: nodes.Literal) -> ApiError:
        wanted = _WANTED.get(found.type, "string and should be")
        message = f"value of filter criterion for field '{found.name}' must be of type {wanted} enclosed in quotes"
        return self._scope.wrong(literal.at, message)

    @staticmethod
    def _id(text: str) -> Json:
        whole = canonical(text) if text else None
        if text and whole is None:
            raise _operator(f"invalid ID field: {text}")
        return whole


def _operator(message: str) -> ApiError:
    return invalid(message, "INVALID_QUERY_FILTER_OPERATOR")


def _folded(found: Term) -> Callable[[Row], Json]:
    """Return the values of *found* as they compare: texts whatever their case, ids as they are."""
    if found.type not in TEXTS and found.type is not Type.MULTIPICKLIST:
        return found.value

    def value(row: Row) -> Json:
        held = found.value(row)
        return held.lower() if isinstance(held, str) else held

    return value


def _all(tests: tuple[Test, ...], row: Row) -> bool:
    return all(test(row) for test in tests)


def _any(tests: tuple[Test, ...], row: Row) -> bool:
    return any(test(row) for test in tests)


def _not(test: Test, row: Row) -> bool:
    return not test(row)


def _equal(value: Callable[[Row], Json], wanted: Json, same: bool, row: Row) -> bool:  # noqa: FBT001 -- a partial's
    return (value(row) == wanted) is same


def _ordered(value: Callable[[Row], Json], compare: Callable[[Any, Any], bool], wanted: Json, row: Row) -> bool:
    held = value(row)
    return held is not None and wanted is not None and compare(held, wanted)


def _within(value: Callable[[Row], Json], start: str, end: str, same: bool, row: Row) -> bool:  # noqa: FBT001 -- as above
    held = value(row)
    return (isinstance(held, str) and start <= held < end) is same


def _matches(value: Callable[[Row], Json], pattern: re.Pattern[str], row: Row) -> bool:
    held = value(row)
    return isinstance(held, str) and pattern.fullmatch(held) is not None


def _among(value: Callable[[Row], Json], wanted: frozenset[Json], same: bool, row: Row) -> bool:  # noqa: FBT001 -- as above
    return (value(row) in wanted) is same


def _includes(value: Callable[[Row], Json], sets: tuple[frozenset[str], ...], same: bool, row: Row) -> bool:  # noqa: FBT001 -- as above
    held = frozenset(str(value(row) or "").split(";"))
    return any(each <= held for each in sets) is same
