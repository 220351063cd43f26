"""What has to be made of released records: groups, and figures of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from policy_gateway_salesforce.facade.meaning.filters import Asking
from policy_gateway_salesforce.soql import nodes
from policy_gateway_salesforce.soql.functions import AGGREGATES, DAYS
from policy_gateway_salesforce.soql.references import Names


@dataclass(frozen=True, slots=True)
class Figure:
    """``fn(path)``; without *fn* it is the field itself, otherwise an aggregate, a part of a date, or GROUPING."""

    fn: str
    path: str


@dataclass(frozen=True, slots=True)
class Sort:
    """Sort groups by *figure*."""

    figure: Figure
    descending: bool
    nulls_first: bool


@dataclass(frozen=True, slots=True)
class Summary:
    """Groups by *keys* (*kind* is empty, ROLLUP or CUBE; without keys all records are one), and what to say of each.

    *columns* are the figures by the names that they have in the answer, in its order. *having* keeps those groups for
    which it holds; *figures* tells what stands on the left of its comparisons.
    """

    keys: tuple[Figure, ...]
    kind: str
    columns: tuple[tuple[str, Figure], ...]
    order: tuple[Sort, ...] = ()
    having: nodes.Where | None = None
    figures: Mapping[nodes.Expression, Figure] = field(default_factory=dict)

    @property
    def paths(self) -> tuple[str, ...]:
        """Return the fields that the figures are made of."""
        every = [*self.keys, *(figure for _, figure in self.columns), *(sort.figure for sort in self.order)]
        return tuple(dict.fromkeys(figure.path for figure in [*every, *self.figures.values()]))


def summary_of(query: nodes.Query, known: Names, asking: Asking) -> Summary:
    """Return what to make of the records that *query*, whose names are *known*, groups or makes figures of."""
    return _Reader(query, known, asking).summary()


class _Reader:
    def __init__(self, query: nodes.Query, known: Names, asking: Asking) -> None:
        self._query = query
        self._known = known
        self._asking = asking
        self._spelled: dict[str, str] = {}
        self._aliases: dict[str, Figure] = {}

    def summary(self) -> Summary:
        group = self._query.group
        columns = self._columns()
        keys = tuple(self._figure(key) for key in group.keys) if group else ()
        order = tuple(
            Sort(self._named(sort.by), sort.descending, sort.nulls_first is not False) for sort in self._query.order
        )
        having = self._query.having
        figures: dict[nodes.Expression, Figure] = {}
        if having is not None:
            self._tested(having, figures)
        return Summary(keys, group.kind if group else "", columns, order, having, figures)

    def _columns(self) -> tuple[tuple[str, Figure], ...]:
        """Return the columns; functions without an alias are ``expr0``, ``expr1`` and so on, as the vendor has it."""
        found: list[tuple[str, Figure]] = []
        unnamed = 0
        for item in self._query.select:
            if not isinstance(item, nodes.Column):
                continue  # the rules refuse everything else beside groups
            figure, name = self._figure(item.value), item.alias
            if name:
                self._aliases[name.upper()] = figure
            elif isinstance(item.value, nodes.FieldPath):
                name = item.value.segments[-1]
            else:
                name, unnamed = f"expr{unnamed}", unnamed + 1
            found.append((name, figure))
        return tuple(found)

    def _named(self, value: nodes.Expression) -> Figure:
        """Return what *value*, or the column of which it is the alias, stands for."""
        if isinstance(value, nodes.FieldPath) and len(value.segments) == 1:
            figure = self._aliases.get(value.segments[0].upper())
            if figure is not None:
                return figure
        return self._figure(value)

    def _figure(self, value: nodes.Argument) -> Figure:
        match value:
            case nodes.FieldPath():
                return Figure("", self._path(value))
            case nodes.Function(name, (nodes.FieldPath() as path,)) if name in AGGREGATES or name == "GROUPING":
                return Figure(name, self._path(path))
            case nodes.Function(name, (nodes.FieldPath() as path,)) if name in DAYS and not name.startswith("FISCAL"):
                return Figure(name, self._path(path))
            case _:
                return self._asking.refuse("this function is not available here", value.at)

    def _path(self, value: nodes.FieldPath) -> str:
        """Return the field with dots, spelled as where it comes first: so it is called in what is released."""
        path = ".".join(self._known.resolved(value))
        return self._spelled.setdefault(path.upper(), path)

    def _tested(self, where: nodes.Where, figures: dict[nodes.Expression, Figure]) -> None:
        match where:
            case nodes.And(items) | nodes.Or(items):
                for item in items:
                    self._tested(item, figures)
            case nodes.Not(item):
                self._tested(item, figures)
            case nodes.Comparison(left, _, nodes.DateLiteral() | nodes.Currency() as literal):
                self._asking.refuse("this literal is not compared with figures here", literal.at)
            case nodes.Comparison(left) | nodes.Like(left) | nodes.In(left):
                figures[left] = self._named(left)
            case nodes.InQuery(left) | nodes.Includes(left) | nodes.Excludes(left):
                self._asking.refuse("groups are kept by their figures", left.at)
