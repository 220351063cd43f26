"""Grouped queries: what an aggregate comes to, for one group of records."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from policy_gateway_salesforce.sandbox.paths import Scope
from policy_gateway_salesforce.sandbox.schema import NUMBERS, Type
from policy_gateway_salesforce.sandbox.state import Row
from policy_gateway_salesforce.sandbox.terms import Term, grouped_by, rank, term
from policy_gateway_salesforce.sandbox.wire import Json
from policy_gateway_salesforce.soql import nodes
from policy_gateway_salesforce.soql.functions import AGGREGATES

_NUMBERED: Final = frozenset({"COUNT", "COUNT_DISTINCT"})


@dataclass(frozen=True, slots=True)
class Group:
    """Some records with the same *keys*; *rolled* are the indices of keys that this subtotal does not tell apart."""

    keys: tuple[Json, ...]
    rows: tuple[Row, ...]
    rolled: frozenset[int] = frozenset()


class Grouping:
    """The groups of one query, and what expressions come to for them."""

    def __init__(self, scope: Scope, query: nodes.Query) -> None:
        self._scope = scope
        self._group = query.group or nodes.Group(())
        aliases = [item for item in query.select if isinstance(item, nodes.Column) and item.alias]
        self._aliases = {item.alias.lower(): item.value for item in aliases}
        self._keys = [grouped_by(scope, self._named(key)) for key in self._group.keys]
        self._known = [self._identity(self._named(key)) for key in self._group.keys]

    def groups(self, rows: Sequence[Row]) -> Iterator[Group]:
        """Yield the groups of *rows*; without GROUP BY they are one, even when there are none."""
        if not self._keys:
            yield Group((), tuple(rows))
            return
        for rolled in self._subtotals():
            found: dict[tuple[Json, ...], list[Row]] = {}
            first: dict[tuple[Json, ...], tuple[Json, ...]] = {}
            for row in rows:
                keys = tuple(None if at in rolled else key.value(row) for at, key in enumerate(self._keys))
                folded = tuple(each.lower() if isinstance(each, str) else each for each in keys)
                found.setdefault(folded, []).append(row)
                first.setdefault(folded, keys)
            yield from (Group(first[folded], tuple(members), rolled) for folded, members in found.items())

    def term(self, expression: nodes.Expression) -> Term:
        """Return what *expression* comes to for a group: a key of it, an aggregate, or a function of one."""
        expression = self._named(expression)
        identity = self._identity(expression)
        if identity in self._known:
            at = self._known.index(identity)
            key = self._keys[at]
            return Term(_key(at), key.type, key.found)
        if isinstance(expression, nodes.Function):
            return self._function(expression)
        raise self._scope.wrong(
            expression.at, f"Field must be grouped or aggregated: {expression.segments[-1]}", "MALFORMED_QUERY"
        )

    def _function(self, expression: nodes.Function) -> Term:
        if expression.name == "GROUPING":
            return Term(self._grouping(expression), Type.INT)
        if expression.name in AGGREGATES:
            return self._aggregate(expression)
        if len(expression.args) == 1 and isinstance(expression.args[0], nodes.FieldPath | nodes.Function):
            return self.term(expression.args[0])
        raise self._scope.wrong(expression.at, f"unexpected function: {expression.name}", "MALFORMED_QUERY")

    def _aggregate(self, expression: nodes.Function) -> Term:
        if not expression.args:
            return Term(_size, Type.INT)
        inner = term(self._scope, expression.args[0])
        name = expression.name
        unfit = inner.found is not None and (inner.found.column.long or inner.type is Type.ADDRESS)
        if unfit or (name in {"SUM", "AVG"} and inner.type not in NUMBERS) or inner.type is Type.BOOLEAN:
            message = f"field {inner.name} does not support aggregate operator {name}"
            raise self._scope.wrong(expression.at, message, "MALFORMED_QUERY")
        kind = Type.INT if name in _NUMBERED else Type.DOUBLE if name == "AVG" else inner.type
        return Term(_aggregated(name, inner), kind)

    def _grouping(self, expression: nodes.Function) -> Callable[[Group], Json]:
        identity = self._identity(expression.args[0]) if expression.args else ""
        if identity not in self._known:
            raise self._scope.wrong(expression.at, "GROUPING needs a field of GROUP BY", "MALFORMED_QUERY")
        at = self._known.index(identity)

        def value(group: Group) -> Json:
            return int(at in group.rolled)

        return value

    def _named(self, expression: nodes.Expression) -> nodes.Expression:
        """Return what an alias stands for, or *expression* itself."""
        if isinstance(expression, nodes.FieldPath) and len(expression.segments) == 1:
            return self._aliases.get(expression.segments[0].lower(), expression)
        return expression

    def _identity(self, expression: nodes.Argument) -> str:
        """Return the same text for expressions that mean the same."""
        if isinstance(expression, nodes.FieldPath):
            return ".".join(self._scope.names.resolved(expression)).lower()
        if isinstance(expression, nodes.Function):
            return f"{expression.name}({','.join(self._identity(arg) for arg in expression.args)})"
        return repr(expression)

    def _subtotals(self) -> Iterable[frozenset[int]]:
        places = range(len(self._keys))
        match self._group.kind:
            case "ROLLUP":
                return [frozenset(range(kept, len(self._keys))) for kept in range(len(self._keys), -1, -1)]
            case "CUBE":
                return [frozenset(some) for count in range(len(self._keys) + 1) for some in combinations(places, count)]
            case _:
                return [frozenset()]


def _key(at: int) -> Callable[[Group], Json]:
    def value(group: Group) -> Json:
        return group.keys[at]

    return value


def _size(group: Group) -> Json:
    return len(group.rows)


def _aggregated(name: str, inner: Term) -> Callable[[Group], Json]:
    def value(group: Group) -> Json:
        held = [each for row in group.rows if (each := inner.value(row)) is not None]
        match name:
            case "COUNT":
                return len(held)
            case "COUNT_DISTINCT":
                return len({each.lower() if isinstance(each, str) else repr(each) for each in held})
            case "SUM" | "AVG":
                amounts = [each for each in held if isinstance(each, int | float)]
                return _total(amounts, mean=name == "AVG")
            case _:
                ranked = sorted(held, key=lambda each: _sortable(rank(inner, each)))
                return (ranked[0] if name == "MIN" else ranked[-1]) if ranked else None

    return value


def _total(amounts: Sequence[float], *, mean: bool) -> Json:
    if not amounts:
        return None
    return float(sum(amounts)) / len(amounts) if mean else float(sum(amounts))


def _sortable(value: Json) -> tuple[str, float]:
    return (value, 0.0) if isinstance(value, str) else ("", float(value) if isinstance(value, int | float) else 0.0)
