"""What a query asks of the gateway, and what becomes of the records that it releases.

A query becomes one of the algebra in the vendor's names, and a :class:`Plan` of the answer. Groups and figures are
made from released records, never by the CRM: what nobody may see counts for nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, TypeAlias, TypeVar

from policy_gateway.query import Child, Order, Query, Selected, Where
from policy_gateway_salesforce.facade.meaning.figures import Summary, summary_of
from policy_gateway_salesforce.facade.meaning.filters import Asking, Filters
from policy_gateway_salesforce.soql import nodes, parse_soql
from policy_gateway_salesforce.soql.references import Names, names
from policy_gateway_salesforce.soql.rules import counts, obey_rules, summarizes

ID: Final = "Id"
_CUSTOM: Final = ("__c", "__pc", "__s")
_MODES: Final = frozenset({"SECURITY_ENFORCED", "USER_MODE"})

Row = TypeVar("Row")
Visible: TypeAlias = Callable[[tuple[str, ...]], Sequence[str]]
"""By an object's name, and the relations from there on, the names of the fields that the caller may see."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One value of a row: *path* is its key in a released record, *place* where it stands in the answer.

    ``Account.Name`` stands within ``Account``; the alias of a ``toLabel`` stands alone.
    """

    path: str
    place: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Children:
    """The records of *relation*, a key in a released record's children; *place* is its key in the answer."""

    relation: str
    place: str
    shape: Shape


@dataclass(frozen=True, slots=True)
class Shape:
    """What one row looks like, in the order of the query."""

    cells: tuple[Cell | Children, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """How a query is answered.

    *query* goes into a call in the dialect ``salesforce``. *shape* says what rows look like; without one the answer
    is made of all released records, of every page: their number (*counted*), or the groups of *summary*. *offset*
    records are left out at the beginning and *limit*, if any, are kept then; the limit of *query* covers both.
    """

    query: Query
    shape: Shape | None = None
    counted: bool = False
    summary: Summary | None = None
    offset: int = 0
    limit: int | None = None

    def kept(self, rows: Sequence[Row]) -> Sequence[Row]:
        """Return what *offset* and *limit* leave of all *rows*."""
        end = None if self.limit is None else self.offset + self.limit
        return rows[self.offset : end]


def plan_query(text: str, visible: Visible, today: date) -> Plan:
    """Return how the query *text* is answered; SoqlError when it is not accepted, or cannot be asked.

    *visible* is called for FIELDS only. *today* is what date literals are counted from.
    """
    query = parse_soql(text)
    obey_rules(query, text)
    return planned(query, text, visible, today)


def planned(query: nodes.Query, text: str, visible: Visible, today: date) -> Plan:
    """Return how *query*, which *text* says and which obeys the rules, is answered."""
    asking = Asking(text, today)
    _no_surprises(query, asking)
    offset, limit = query.offset or 0, query.limit
    known = names(query.source, query.select)
    if counts(query):
        plain = Query(query.source.object, (ID,), _where(query, asking, known))
        return Plan(plain, counted=True, offset=offset, limit=limit)
    if summarizes(query):
        summary = summary_of(query, known, asking)
        paths = summary.paths
        plain = Query(query.source.object, paths or (ID,), _where(query, asking, known), group=paths)
        return Plan(plain, summary=summary, offset=offset, limit=limit)
    asked, shape = _Rows(asking, visible, (query.source.object,)).rows(query, known)
    if limit is not None:
        asked = replace(asked, limit=limit + offset)
    return Plan(asked, shape, offset=offset, limit=limit)


def found_rows(part: nodes.Returning, asking: Asking, visible: Visible) -> tuple[Query, Shape]:
    """Return what to ask for what a search returns of one object, without its limit and its term, and its rows."""
    known = names(nodes.Source(nodes.FieldPath((part.object,))), part.columns)
    return _Rows(asking, visible, (part.object,)).found(part, known)


def _no_surprises(query: nodes.Query, asking: Asking) -> None:
    """Refuse clauses that change which records are found, or what becomes of them, in ways that nobody can be asked."""
    if query.scope not in ("", "EVERYTHING"):
        asking.refuse("only the scope of everything can be asked", query.at)
    if query.clause is not None and query.clause.name not in _MODES:
        asking.refuse("this WITH cannot be asked", query.clause.at)
    if query.update:
        asking.refuse("statistics cannot be updated", query.at)


def _where(query: nodes.Query | nodes.Returning, asking: Asking, known: Names) -> Where | None:
    return None if query.where is None else Filters(asking, known).where(query.where)


class _Rows:
    """Plans rows of records: those of the query itself, or of the children on the *way* of relations to them."""

    def __init__(self, asking: Asking, visible: Visible, way: tuple[str, ...]) -> None:
        self._asking = asking
        self._visible = visible
        self._way = way

    def rows(self, query: nodes.Query, known: Names) -> tuple[Query, Shape]:
        """Return what to ask for the rows of *query*, without its limit, and what they look like."""
        cells: list[Cell | Children] = []
        children: list[Child] = []
        for item in query.select:
            if isinstance(item, nodes.ChildQuery):
                child, shape = self._children(item.query)
                children.append(child)
                cells.append(Children(child.relation, child.relation, shape))
            else:
                cells += self._cells(item, known)
        selected: list[Selected] = [*_paths(cells), *children]
        where = _where(query, self._asking, known)
        order = self._order(query.order, known)
        return Query(query.source.object, tuple(selected), where, order=order), Shape(tuple(cells))

    def found(self, part: nodes.Returning, known: Names) -> tuple[Query, Shape]:
        """Return what to ask for what a search returns of one object, without its limit and its term."""
        cells = [cell for item in part.columns for cell in self._cells(item, known)] or [Cell(ID, (ID,))]
        where = _where(part, self._asking, known)
        order = self._order(part.order, known)
        return Query(part.object, _paths(cells), where, order=order), Shape(tuple(cells))

    def _cells(self, item: nodes.Column | nodes.Fields | nodes.Typeof, known: Names) -> Iterable[Cell]:
        match item:
            case nodes.Typeof():
                self._asking.refuse("TYPEOF is not available here: name the fields through the relationship", item.at)
            case nodes.Fields(group):
                return [Cell(name, (name,)) for name in self._named(group)]
            case nodes.Column(nodes.Function("TOLABEL", (nodes.FieldPath() as path,)), alias):
                value: nodes.Expression = path
            case nodes.Column(value, alias):
                pass
        if isinstance(value, nodes.Function):
            self._asking.refuse(f"{value.name} is not available here", value.at)
        segments = known.resolved(value)
        return [Cell(".".join(segments), (alias,) if alias else segments)]

    def _named(self, group: str) -> list[str]:
        fields = self._visible(self._way)
        if group == "ALL":
            return list(fields)
        return [name for name in fields if name.lower().endswith(_CUSTOM) is (group == "CUSTOM")]

    def _children(self, query: nodes.Query) -> tuple[Child, Shape]:
        if query.offset:
            self._asking.refuse("children cannot be asked from an OFFSET on", query.at)
        relation = query.source.object
        inner = _Rows(self._asking, self._visible, (*self._way, relation))
        asked, shape = inner.rows(query, names(query.source, query.select, child=True))
        return Child(relation, replace(asked, resource="", limit=query.limit)), shape

    def _order(self, order: Iterable[nodes.Ordering], known: Names) -> tuple[Order, ...]:
        found = []
        for ordering in order:
            path = self._asking.path(ordering.by, known)
            if path.upper() in known.outcomes:
                self._asking.refuse("rows are sorted by their fields", ordering.by.at)
            found.append(Order(path, ordering.descending, ordering.nulls_first is not False))
        return tuple(found)


def _paths(cells: Iterable[Cell | Children]) -> tuple[str, ...]:
    """Return what has to be selected for *cells*; something always is, since to select nothing asks for everything."""
    return tuple(dict.fromkeys(cell.path for cell in cells if isinstance(cell, Cell))) or (ID,)
