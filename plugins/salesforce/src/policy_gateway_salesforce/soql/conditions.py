"""Conditions: WHERE and HAVING."""

from __future__ import annotations

from typing import Final

from policy_gateway_salesforce.soql import nodes
from policy_gateway_salesforce.soql.expressions import Expressions
from policy_gateway_salesforce.soql.functions import Place
from policy_gateway_salesforce.soql.lexer import SYMBOL

PARENTHESES: Final = 100
"""How deep conditions may stand within parentheses."""

SUBQUERIES: Final = 5
"""How deep queries may stand within queries."""

_OPERATORS: Final = frozenset({"=", "!=", "<>", "<", "<=", ">", ">="})
_ORDERED: Final = frozenset({"<", "<=", ">", ">="})
_NEAR: Final = frozenset({"<", ">"})


class Conditions(Expressions):
    """Reads conditions as the vendor's grammar has them.

    At one level there is one NOT, or nothing but AND, or nothing but OR; everything else needs parentheses.
    """

    __slots__ = ("deep", "nested")

    deep: int
    nested: int

    def condition(self, place: Place) -> nodes.Where:
        """Read the condition that has to come."""
        if self.keyword("NOT"):
            negated = nodes.Not(self._simple(place))
            if self.word() in ("AND", "OR"):
                self.refuse("NOT beside AND or OR needs parentheses", "not")
            return negated
        first = self._simple(place)
        word = self.word()
        if word not in ("AND", "OR"):
            return first
        items = [first]
        while self.keyword(word):
            items.append(self._simple(place))
        if self.word() in ("AND", "OR"):
            self.refuse("AND beside OR needs parentheses", "mixed")
        return nodes.And(tuple(items)) if word == "AND" else nodes.Or(tuple(items))

    def _simple(self, place: Place) -> nodes.Where:
        if self.symbol("("):
            self.deep += 1
            if self.deep > PARENTHESES:
                self.refuse("too many parentheses within each other", "depth")
            inside = self.condition(place)
            self.due(")")
            self.deep -= 1
            return inside
        if self.word() == "NOT":
            self.refuse("NOT beside AND, OR or NOT needs parentheses", "not")
        return self._comparison(place)

    def _comparison(self, place: Place) -> nodes.Where:
        left = self.expression(place)
        operator, at = self.texts[self.at], self.start
        if self.kinds[self.at] == SYMBOL and operator in _OPERATORS:
            self.at += 1
            return self._compared(left, "!=" if operator == "<>" else operator, at)
        if self._is_distance(left):
            self.refuse("a distance is only less or greater", "operator")
        match self.word():
            case "LIKE":
                self.at += 1
                return nodes.Like(left, self.string())
            case "IN":
                self.at += 1
                return self._among(left, negated=False)
            case "NOT":
                self.at += 1
                if not self.keyword("IN"):
                    self.unexpected("IN")
                return self._among(left, negated=True)
            case "INCLUDES" | "EXCLUDES" as word:
                self.at += 1
                return self._items(left, word, at)
            case _:
                return self.unexpected("an operator")

    def _compared(self, left: nodes.Expression, operator: str, at: int) -> nodes.Comparison:
        if self._is_distance(left) and operator not in _NEAR:
            self.refuse("a distance is only less or greater", "operator", at=at)
        if self.ahead(":", 0):
            self.unexpected("a value")
        value = self.literal()
        if isinstance(value, nodes.Null | nodes.Boolean) and operator in _ORDERED:
            self.refuse("this value is not less or greater than another one", "operator", at=at)
        return nodes.Comparison(left, operator, value)

    @staticmethod
    def _is_distance(left: nodes.Expression) -> bool:
        return isinstance(left, nodes.Function) and left.name == "DISTANCE"

    def _among(self, left: nodes.Expression, *, negated: bool) -> nodes.In | nodes.InQuery:
        self.due("(")
        if self.word() == "SELECT":
            if isinstance(left, nodes.Function):
                self.refuse("only a field is compared with another query", "semi-join", at=left.at)
            query = self.semi_join()
            self.due(")")
            return nodes.InQuery(left, query, negated)
        values = [self.literal()]
        while self.symbol(","):
            values.append(self.literal())
        self.due(")")
        return nodes.In(left, tuple(values), negated)

    def _items(self, left: nodes.Expression, word: str, at: int) -> nodes.Includes | nodes.Excludes:
        if isinstance(left, nodes.Function):
            self.refuse(f"{word} needs a field", "operator", at=at)
        self.due("(")
        values = [self.string()]
        while self.symbol(","):
            values.append(self.string())
        self.due(")")
        kind = nodes.Includes if word == "INCLUDES" else nodes.Excludes
        return kind(left, tuple(values))

    def semi_join(self) -> nodes.Query:
        """Read ``SELECT field FROM object WHERE …``, all that a semi-join is made of."""
        at = self.start
        self.nested += 1
        if self.nested > SUBQUERIES:
            self.refuse("too many queries within each other", "depth")
        self.keyword("SELECT")
        if self.word() in ("TYPEOF", "FIELDS") or self.ahead("("):
            self.refuse("a query to compare with selects one field", "semi-join")
        column = nodes.Column(self.path())
        if not self.keyword("FROM"):
            self.refuse("a query to compare with selects one field", "semi-join")
        source = nodes.Source(nodes.FieldPath((self.name("an object"),), self.starts[self.at - 1]), self.alias())
        where = self.condition(Place.WHERE) if self.keyword("WHERE") else None
        self.nested -= 1
        if not self.ahead(")", 0):
            self.refuse("a query to compare with has a WHERE and nothing else", "semi-join")
        return nodes.Query((column,), source, where=where, at=at)
