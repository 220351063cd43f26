"""Which fields a query or a search refers to, for what, and where they belong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from policy_gateway_salesforce.soql import nodes
from policy_gateway_salesforce.soql.functions import AGGREGATES


class Use(StrEnum):
    """What a query does with a field."""

    SELECT = "select"
    FILTER = "filter"
    ORDER = "order"
    GROUP = "group"
    AGGREGATE = "aggregate"
    HAVING = "having"
    SEMI_JOIN = "semi-join"
    TYPEOF = "typeof"


@dataclass(frozen=True, slots=True)
class Reference:
    """One field in one use.

    *path* is free of aliases: ``("Account", "Name")``, or ``("FIELDS(ALL)",)``. *object* is empty in the query itself
    and names the object of a semi-join. *children* are the relations from there on to the child query that it stands
    in. *branch* is the object of a TYPEOF for which *path* is read behind *way*; its ELSE has none.
    """

    path: tuple[str, ...]
    use: Use
    object: str = ""
    children: tuple[str, ...] = ()
    way: tuple[str, ...] = ()
    branch: str = ""
    at: int = field(default=0, compare=False)

    def __str__(self) -> str:
        """Return ``Contacts>Cases>Subject``, ``Task:Who.Email`` or ``What.Account:Phone``."""
        parts = [f"{self.object}:"] if self.object else []
        parts += [f"{relation}>" for relation in self.children]
        if self.way:
            parts.append(".".join((*self.way, self.branch) if self.branch else self.way) + ":")
        return "".join((*parts, ".".join(self.path)))


@dataclass(frozen=True, slots=True)
class Names:
    """What names mean in one query: *ways* by alias or object, in upper case; *outcomes* are aliases of columns."""

    ways: Mapping[str, tuple[str, ...]]
    outcomes: frozenset[str] = frozenset()

    def resolved(self, path: nodes.FieldPath) -> tuple[str, ...]:
        """Return the segments of *path* from the query's own object on."""
        segments = path.segments
        if len(segments) > 1:
            way = self.ways.get(segments[0].upper())
            if way is not None:
                return way + segments[1:]
        return segments

    def canonical(self, value: nodes.Argument) -> str:
        """Return *value* in the one way in which it can be compared with others: ``CALENDAR_YEAR(CREATEDDATE)``."""
        match value:
            case nodes.FieldPath():
                return ".".join(self.resolved(value)).upper()
            case nodes.Function(name, args):
                return f"{name}({','.join(self.canonical(arg) for arg in args)})"
            case nodes.String(text) | nodes.Number(_, text):
                return repr(text)


def names(source: nodes.Source, select: Iterable[nodes.Selected] = (), *, child: bool = False) -> Names:
    """Return what names mean in a query of *source* that selects *select*; in a *child* query a relation is no name."""
    ways: dict[str, tuple[str, ...]] = {"" if child else source.object.upper(): ()}
    if source.alias:
        ways[source.alias.upper()] = ()
    for related in source.related:
        first, *more = related.path.segments
        ways[related.alias.upper()] = (*ways.get(first.upper(), (first,)), *more)
    aliases = (item.alias.upper() for item in select if isinstance(item, nodes.Column))
    return Names(ways, frozenset(alias for alias in aliases if alias))


def references(query: nodes.Query) -> tuple[Reference, ...]:
    """Return every field of *query* in every use, in the order of the text, clause by clause."""
    return tuple(_Walk("", ()).query(query))


def searched(search: nodes.Search) -> tuple[Reference, ...]:
    """Return every field that *search* names, by the object that it is looked for in."""
    return tuple(found for part in search.returning for found in _Walk(part.object, ()).returning(part))


def notation(found: Iterable[Reference]) -> tuple[str, ...]:
    """Return the references of *found* as text, each once, in the order in which they come first."""
    return tuple(dict.fromkeys(str(reference) for reference in found))


class _Walk:
    """Walks one query; the queries within it are walked by their own."""

    def __init__(self, name: str, children: tuple[str, ...], select: Use = Use.SELECT) -> None:
        self._object = name
        self._children = children
        self._use = select
        self._names = Names({})

    def query(self, query: nodes.Query) -> Iterator[Reference]:
        self._names = names(query.source, query.select, child=bool(self._children))
        for item in query.select:
            yield from self._selected(item)
        if query.where is not None:
            yield from self._where(query.where, Use.FILTER)
        if query.group is not None:
            for key in query.group.keys:
                yield from self._expression(key, Use.GROUP)
        if query.having is not None:
            yield from self._where(query.having, Use.HAVING)
        for ordering in query.order:
            yield from self._expression(ordering.by, Use.ORDER)

    def returning(self, part: nodes.Returning) -> Iterator[Reference]:
        self._names = names(nodes.Source(nodes.FieldPath((part.object,))), part.columns)
        for item in part.columns:
            yield from self._selected(item)
        if part.where is not None:
            yield from self._where(part.where, Use.FILTER)
        for ordering in part.order:
            yield from self._expression(ordering.by, Use.ORDER)

    def _made(self, path: tuple[str, ...], use: Use, at: int) -> Reference:
        return Reference(path, use, self._object, self._children, at=at)

    def _selected(self, item: nodes.Selected) -> Iterator[Reference]:
        match item:
            case nodes.Column(value):
                yield from self._expression(value, self._use)
            case nodes.Fields(group):
                yield self._made((f"FIELDS({group})",), self._use, item.at)
            case nodes.ChildQuery(query):
                yield from _Walk(self._object, (*self._children, query.source.object)).query(query)
            case nodes.Typeof():
                yield from self._typeof(item)

    def _typeof(self, item: nodes.Typeof) -> Iterator[Reference]:
        way = self._names.resolved(item.path)
        branches = [(branch.object, branch.fields) for branch in item.branches] + [("", item.otherwise)]
        for name, fields in branches:
            for path in fields:
                yield Reference(path.segments, Use.TYPEOF, self._object, self._children, way, name, path.at)

    def _expression(self, value: nodes.Argument, use: Use) -> Iterator[Reference]:
        match value:
            case nodes.FieldPath((name,)) if use in _OUTCOMES and name.upper() in self._names.outcomes:
                return
            case nodes.FieldPath():
                yield self._made(self._names.resolved(value), use, value.at)
            case nodes.Function(name, args):
                inner = Use.AGGREGATE if name in AGGREGATES and use is Use.SELECT else use
                for arg in args:
                    yield from self._argument(arg, inner)
            case _:
                return

    def _argument(self, value: nodes.Argument, use: Use) -> Iterator[Reference]:
        """Yield what stands in the parentheses of a function, where no alias of a column is known."""
        if isinstance(value, nodes.FieldPath):
            yield self._made(self._names.resolved(value), use, value.at)
        else:
            yield from self._expression(value, use)

    def _where(self, where: nodes.Where, use: Use) -> Iterator[Reference]:
        match where:
            case nodes.And(items) | nodes.Or(items):
                for item in items:
                    yield from self._where(item, use)
            case nodes.Not(item):
                yield from self._where(item, use)
            case nodes.InQuery(left, query):
                yield from self._expression(left, use)
                yield from _Walk(query.source.object, (), Use.SEMI_JOIN).query(query)
            case _:
                yield from self._expression(where.left, use)


_OUTCOMES: Final = frozenset({Use.ORDER, Use.HAVING})
