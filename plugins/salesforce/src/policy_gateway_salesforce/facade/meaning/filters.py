"""Conditions of SOQL in the gateway's algebra, in the vendor's names; what the algebra cannot say is refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date
from decimal import Decimal
from types import MappingProxyType
from typing import Final, Never

from policy_gateway.model.field import Value
from policy_gateway.query import And, Compare, In, Not, Op, Or, Query, RelativeDate, Unit, Where
from policy_gateway_salesforce.facade.meaning.spans import span
from policy_gateway_salesforce.soql import SoqlError, nodes
from policy_gateway_salesforce.soql.errors import INVALID_QUERY_FILTER_OPERATOR, MALFORMED_QUERY, place
from policy_gateway_salesforce.soql.references import Names, names

UNSAYABLE: Final = "algebra"
"""The class of what is understood, and cannot be asked of the gateway."""

_OPS: Final[Mapping[str, Op]] = MappingProxyType(
    {"=": Op.EQ, "!=": Op.NE, "<": Op.LT, "<=": Op.LE, ">": Op.GT, ">=": Op.GE}
)
_LARGEST: Final = 2**63


@dataclass(frozen=True, slots=True)
class Asking:
    """The *text* of a query or a search, the vendor's *code* for refusing it, and the day on which it is asked."""

    text: str
    today: date
    code: str = MALFORMED_QUERY

    def refuse(self, message: str, at: int, code: str = "") -> Never:
        """Raise the refusal of what stands behind the first *at* characters, which no one can be asked."""
        raise SoqlError(message, place(self.text, at), code or self.code, UNSAYABLE)

    def path(self, value: nodes.Expression, known: Names) -> str:
        """Return the field *value* with dots, free of aliases; refuse functions."""
        if isinstance(value, nodes.Function):
            self.refuse(f"{value.name} is not available here", value.at, INVALID_QUERY_FILTER_OPERATOR)
        return ".".join(known.resolved(value))


class Filters:
    """Translates the conditions of one query, whose names are *known*."""

    def __init__(self, asking: Asking, known: Names) -> None:
        self._asking = asking
        self._known = known

    def where(self, where: nodes.Where) -> Where:
        """Return what *where* says."""
        match where:
            case nodes.And(items):
                return And(tuple(self.where(item) for item in items))
            case nodes.Or(items):
                return Or(tuple(self.where(item) for item in items))
            case nodes.Not(item):
                return Not(self.where(item))
            case nodes.InQuery(left, query, negated):
                found = In(self._asking.path(left, self._known), self._semi_join(query))
                return Not(found) if negated else found
            case _:
                return self._leaf(where, self._asking.path(where.left, self._known))

    def _leaf(
        self, where: nodes.Comparison | nodes.Like | nodes.In | nodes.Includes | nodes.Excludes, path: str
    ) -> Where:
        match where:
            case nodes.Comparison(_, operator, nodes.DateLiteral() as literal):
                return self._span(path, operator, literal)
            case nodes.Comparison(_, operator, value):
                return self._comparison(path, _OPS[operator], value)
            case nodes.Like(_, pattern):
                return self._like(path, pattern)
            case nodes.In(_, values, negated):
                found = self._among(path, values)
                return Not(found) if negated else found
            case nodes.Includes(_, values):
                return _items(path, values)
            case nodes.Excludes(_, values):
                return Not(_items(path, values))

    def _comparison(self, path: str, op: Op, literal: nodes.Literal) -> Where:
        value = self.value(literal)
        if value is not None:
            return Compare(path, op, value)
        if op not in (Op.EQ, Op.NE):
            self._asking.refuse("nothing is less or greater than no value", literal.at)
        return Compare(path, Op.IS_NULL, op is Op.EQ)

    def value(self, literal: nodes.Literal) -> Value:
        """Return what a field is compared with: None for no value, which an empty text is for the vendor."""
        match literal:
            case nodes.Null() | nodes.String(""):
                return None
            case nodes.String(value):
                return value
            case nodes.Boolean(truth):
                return truth
            case nodes.Number(value=number):
                return plain_number(number)
            case nodes.Date(day):
                return day.isoformat()
            case nodes.DateTime(moment):
                return moment.astimezone(UTC).isoformat()
            case nodes.Currency():
                return self._asking.refuse("amounts in a currency of their own cannot be compared", literal.at)
            case nodes.DateLiteral():
                return self._asking.refuse("a date literal is compared alone", literal.at)

    def _span(self, path: str, operator: str, literal: nodes.DateLiteral) -> Where:
        days = span(literal, self._asking.today)
        if days is None:
            self._asking.refuse("this date literal cannot be counted in days", literal.at)
        first, last = RelativeDate(Unit.DAY, days.first), RelativeDate(Unit.DAY, days.last)
        match operator:
            case "<":
                return Compare(path, Op.LT, first)
            case "<=":
                return Compare(path, Op.LE, last)
            case ">":
                return Compare(path, Op.GT, last)
            case ">=":
                return Compare(path, Op.GE, first)
            case _:
                within = And((Compare(path, Op.GE, first), Compare(path, Op.LE, last)))
                return within if operator == "=" else Not(within)

    def _like(self, path: str, pattern: nodes.String) -> Where:
        """Return what is exactly as wide as *pattern*: the whole value, its beginning or a part of it."""
        text = pattern.value
        wild = {at for at, char in enumerate(text) if char in "%_" and at not in pattern.literal}
        begin, end = 0, len(text)
        while begin < end and begin in wild and text[begin] == "%":
            begin += 1
        while end > begin and end - 1 in wild and text[end - 1] == "%":
            end -= 1
        part, before, after = text[begin:end], begin > 0, end < len(text)
        if any(begin <= at < end for at in wild) or (part and before and not after):
            message = "a pattern is a whole text, its beginning, or a part of it between two '%'"
            self._asking.refuse(message, pattern.at, INVALID_QUERY_FILTER_OPERATOR)
        if not part:
            return Compare(path, Op.IS_NULL, not text)
        if before:
            return Compare(path, Op.CONTAINS, part)
        return Compare(path, Op.PREFIX if after else Op.EQ, part)

    def _among(self, path: str, literals: Iterable[nodes.Literal]) -> Where:
        values = tuple(self.value(literal) for literal in literals)
        present = tuple(value for value in values if value is not None)
        if len(present) == len(values):
            return In(path, present)
        absent = Compare(path, Op.IS_NULL, value=True)
        return Or((In(path, present), absent)) if present else absent

    def _semi_join(self, query: nodes.Query) -> Query:
        known = names(query.source)
        column = query.select[0]
        if not isinstance(column, nodes.Column):
            self._asking.refuse("a query to compare with selects one field", query.at)
        where = None if query.where is None else Filters(self._asking, known).where(query.where)
        return Query(query.source.object, (self._asking.path(column.value, known),), where)


def _items(path: str, values: Iterable[nodes.String]) -> Where:
    """Return that a list has all items of at least one of *values*."""
    alternatives = []
    for value in values:
        items = tuple(Compare(path, Op.CONTAINS, item) for item in value.value.split(";"))
        alternatives.append(items[0] if len(items) == 1 else And(items))
    return alternatives[0] if len(alternatives) == 1 else Or(tuple(alternatives))


def plain_number(number: Decimal) -> Value:
    """Return *number* as the algebra has it: an integer or a float if that is exact, else a text with its digits."""
    if number == number.to_integral_value() and abs(number) < _LARGEST:
        return int(number)
    near = float(number)
    return near if Decimal(repr(near)) == number else f"{number:f}"
