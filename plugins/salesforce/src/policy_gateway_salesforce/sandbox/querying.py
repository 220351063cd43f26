"""Queries: which records of the org they find, and how what they select is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import Any, Final

from policy_gateway_salesforce.sandbox.access import User
from policy_gateway_salesforce.sandbox.filters import Conditions
from policy_gateway_salesforce.sandbox.groups import Group, Grouping
from policy_gateway_salesforce.sandbox.ids import canonical
from policy_gateway_salesforce.sandbox.kinds import KINDS
from policy_gateway_salesforce.sandbox.paths import Scope
from policy_gateway_salesforce.sandbox.schema import Kind, Type
from policy_gateway_salesforce.sandbox.showing import Below, Shape, Shown, shape
from policy_gateway_salesforce.sandbox.state import Org, Row
from policy_gateway_salesforce.sandbox.terms import Term, filtered, rank, sorted_by, term
from policy_gateway_salesforce.sandbox.wire import Json, invalid
from policy_gateway_salesforce.soql import nodes
from policy_gateway_salesforce.soql.errors import SoqlError
from policy_gateway_salesforce.soql.parser import aggregated, parse_soql
from policy_gateway_salesforce.soql.references import names

OFFSET_MOST: Final = 2000
FIELDS_MOST: Final = 200
Find = Callable[[], Sequence[Any]]
Show = Callable[[Any, str], dict[str, Json]]


@dataclass(frozen=True, slots=True)
class Plan:
    """A query that is understood: *find* gives its rows or groups, *show* one of them as the API does.

    *counts* tells that only their number is wanted. *columns* are what a table of the answer has, in order.
    """

    kind: Kind
    find: Find
    show: Show
    counts: bool = False
    grouped: bool = False
    columns: tuple[Shown, ...] = ()

    def total(self, found: Sequence[Any]) -> int:
        """Return how many records *found* stands for."""
        return len(found[0].rows) if self.counts else len(found)


def planned(org: Org, user: User, text: str, *, deleted: bool = False) -> Plan:
    """Return the plan of the query *text*, or raise what the vendor says of it."""
    return _plan(org, user, parsed(text), text, deleted=deleted)


def parsed(text: str) -> nodes.Query:
    """Return the tree of *text*, or raise what the vendor says of it."""
    try:
        return parse_soql(text)
    except SoqlError as error:
        line = text.split("\n")[error.line - 1][max(0, error.column - 31) : error.column + 29]
        pointed = " " * (min(error.column, 31) - 1) + "^"
        message = f"\n{line}\n{pointed}\nERROR at Row:{error.line}:Column:{error.column}\n{error.message}"
        raise invalid(message, error.code) from None


def _plan(org: Org, user: User, query: nodes.Query, text: str, *, deleted: bool) -> Plan:
    scope = Scope(org, user, KINDS["Contact"], names(query.source, query.select), text, deleted)
    scope = replace(scope, kind=scope.object(query.source.object, query.source.path.at))
    _permitted(scope, query)
    columns = [item for item in query.select if isinstance(item, nodes.Column)]
    if query.group or any(aggregated(column.value) for column in columns):
        return _grouped(scope, query, columns)
    shown = shaped(scope, query.select)
    finder = Finder(scope, query)
    return Plan(scope.kind, finder.find, shown.record, columns=tuple(shown.columns))


def _permitted(scope: Scope, query: nodes.Query) -> None:
    """Refuse what the vendor refuses although it can be read."""
    if query.clause is not None and query.clause.name not in {"SECURITY_ENFORCED", "USER_MODE"}:
        raise scope.wrong(query.clause.at, f"unexpected token: WITH {query.clause.name}", "MALFORMED_QUERY")
    if query.scope not in {"", "EVERYTHING", "MINE"}:
        raise scope.wrong(query.at, f"invalid scope: {query.scope}", "MALFORMED_QUERY")
    if query.update:
        raise scope.wrong(query.at, "unexpected token: UPDATE", "MALFORMED_QUERY")
    if (query.offset or 0) > OFFSET_MOST:
        raise invalid(f"Maximum SOQL offset allowed is {OFFSET_MOST}", "NUMBER_OUTSIDE_VALID_RANGE")
    wide = [item for item in query.select if isinstance(item, nodes.Fields) and item.group != "STANDARD"]
    if wide and not 0 < (query.limit or 0) <= FIELDS_MOST:
        message = f"The SOQL FIELDS function must have a LIMIT of at most {FIELDS_MOST}"
        raise scope.wrong(wide[0].at, message, "MALFORMED_QUERY")


class Finder:
    """Finds the records of one query, in its order; made once, used for as many sets of records as there are."""

    def __init__(self, scope: Scope, query: nodes.Query) -> None:
        self._scope, self._query = scope, query
        conditions = Conditions(scope, partial(filtered, scope), partial(_joined, scope))
        self._test = conditions.test(query.where) if query.where is not None else None
        self._orders = [(sorted_by(scope, ordering.by), ordering) for ordering in query.order]

    def find(self, rows: Iterable[Row] | None = None) -> list[Row]:
        """Return what is found among *rows*, or among all records of the object."""
        query, test = self._query, self._test
        if rows is None and self._goes_by_id():
            return self._next()
        found = self._all() if rows is None else rows
        if query.scope == "MINE":
            found = [row for row in found if row.get("OwnerId") == self._scope.user.id]
        chosen = list(found) if test is None else [row for row in found if test(row)]
        for by, ordering in reversed(self._orders):
            chosen = _sorted(chosen, by, ordering)
        start = query.offset or 0
        return chosen[start : None if query.limit is None else start + query.limit]

    def _goes_by_id(self) -> bool:
        """Tell whether some records are wanted in the order of their ids, which needs neither all nor sorting."""
        match self._query:
            case nodes.Query(order=(nodes.Ordering(by=nodes.FieldPath(segments=(name,)), descending=False),)) as query:
                return name.lower() == "id" and query.limit is not None and not query.scope
            case _:
                return False

    def _next(self) -> list[Row]:
        """Return the wanted records, looking no further than to the last one of them."""
        query, test, deleted = self._query, self._test, self._scope.deleted
        found = self._scope.org.tables[self._scope.kind.name].after(_bound(query.where))
        chosen = (row for row in found if (deleted or not row.get("IsDeleted")) and (test is None or test(row)))
        start = query.offset or 0
        return list(islice(chosen, start, start + (query.limit or 0)))

    def _all(self) -> Iterable[Row]:
        """Return every record of the object; only one when it is known by its id, so that it is found at once."""
        table, deleted = self._scope.org.tables[self._scope.kind.name], self._scope.deleted
        match self._query.where:
            case nodes.Comparison(left=nodes.FieldPath(segments=(name,)), op="=", value=nodes.String(value=value)) if (
                name.lower() == "id"
            ):
                row = table.rows.get(canonical(value) or "")
                return [] if row is None or (row.get("IsDeleted") and not deleted) else [row]
            case _:
                return table.rows.values() if deleted else table.live()


def _bound(where: nodes.Where | None) -> str:
    """Return the id after which all records are that meet *where*, as far as it says so plainly; empty otherwise."""
    match where:
        case nodes.And(items=items):
            return max(map(_bound, items), default="")
        case nodes.Comparison(left=nodes.FieldPath(segments=(name,)), op=">", value=nodes.String(value=value)) if (
            name.lower() == "id"
        ):
            return canonical(value) or ""
        case _:
            return ""


def shaped(scope: Scope, select: Iterable[nodes.Selected]) -> Shape:
    """Return how the records of *scope* are shown of which *select* is selected."""
    return shape(scope, select, _below)


def _joined(scope: Scope, query: nodes.Query) -> frozenset[Json]:
    """Return the ids that a semi-join selects."""
    inner = replace(scope, kind=scope.object(query.source.object, query.source.path.at), names=names(query.source))
    [column] = query.select
    found = term(inner, column.value) if isinstance(column, nodes.Column) else None
    if found is None or found.type not in {Type.ID, Type.REFERENCE}:
        raise scope.wrong(query.at, "semi join sub-selects can only query ID and REFERENCE fields")
    rows = Finder(inner, query).find()
    return frozenset(value for row in rows if (value := found.value(row)) is not None)


def _sorted(found: list[Any], by: Term, ordering: nodes.Ordering) -> list[Any]:
    """Sort stably; what has no value comes first unless the query says otherwise."""
    ranked = [(rank(by, by.value(row)), row) for row in found]
    empty = [row for value, row in ranked if value is None]
    full = sorted(((value, row) for value, row in ranked if value is not None), key=_first, reverse=ordering.descending)
    sorted_rows = [row for _, row in full]
    return sorted_rows + empty if ordering.nulls_first is False else empty + sorted_rows


def _first(pair: tuple[Any, Any]) -> Any:  # noqa: ANN401 -- values of one field are all of its type
    return pair[0]


def _below(scope: Scope, child: nodes.ChildQuery) -> Below:
    """Plan a query of children."""
    query = child.query
    relation = next((each for each in scope.kind.children if each.name.lower() == query.source.object.lower()), None)
    kind = KINDS[relation.object] if relation else scope.kind
    if relation is None or not scope.user.may("read", kind) or scope.user.column(kind, relation.column) is None:
        raise scope.wrong(
            query.source.path.at,
            f"Didn't understand relationship '{query.source.object}' in FROM part of query call. If you are attempting "
            "to use a custom relationship, be sure to append the '__r' after the custom relationship name. Please "
            "reference your WSDL or the describe call for the appropriate names.",
            "INVALID_TYPE",
        )
    inner = replace(scope, kind=kind, names=names(query.source, query.select, child=True))
    _permitted(inner, query)
    finder, kin = Finder(inner, query), _Kin(inner, relation.column)
    return Below(relation.name, lambda row: finder.find(kin.of(str(row["Id"]))), shaped(inner, query.select))


class _Kin:
    """The children of each record by its id, sorted out when they are first asked for."""

    def __init__(self, scope: Scope, column: str) -> None:
        self._scope, self._column = scope, column
        self._by_parent: dict[Json, list[Row]] | None = None

    def of(self, parent: str) -> list[Row]:
        """Return the children of the record with the id *parent*."""
        if self._by_parent is None:
            self._by_parent = {}
            table = self._scope.org.tables[self._scope.kind.name]
            for row in table.rows.values() if self._scope.deleted else table.live():
                self._by_parent.setdefault(row.get(self._column), []).append(row)
        return self._by_parent.get(parent, [])


def _grouped(scope: Scope, query: nodes.Query, columns: list[nodes.Column]) -> Plan:
    """Plan a query that groups or aggregates."""
    if len(columns) != len(query.select):
        raise scope.wrong(query.at, "a grouped query selects fields and aggregates", "MALFORMED_QUERY")
    counts = [column.value for column in columns if isinstance(column.value, nodes.Function) and not column.value.args]
    grouping = Grouping(scope, query)
    terms = {label: grouping.term(column.value) for label, column in _labeled(scope, columns)}
    orders = [(grouping.term(ordering.by), ordering) for ordering in query.order]
    conditions = Conditions(scope, grouping.term, partial(_joined, scope))
    having = conditions.test(query.having) if query.having else None
    whole = replace(query, order=()) if counts else replace(query, order=(), limit=None, offset=None)
    finder = Finder(scope, whole)

    def find() -> list[Group]:
        groups = [group for group in grouping.groups(finder.find()) if having is None or having(group)]
        for by, ordering in reversed(orders):
            groups = _sorted(groups, by, ordering)
        start = query.offset or 0
        return groups if counts else groups[start : None if query.limit is None else start + query.limit]

    def show(group: Group, _: str) -> dict[str, Json]:
        told: dict[str, Json] = {"attributes": {"type": "AggregateResult"}}
        return told | {label: each.value(group) for label, each in terms.items()}

    shown = tuple(Shown(label, each.type, aggregate=True, label=label) for label, each in terms.items())
    return Plan(scope.kind, find, show, counts=bool(counts), grouped=True, columns=shown)


def _labeled(scope: Scope, columns: list[nodes.Column]) -> Iterator[tuple[str, nodes.Column]]:
    """Yield the columns with what they come under: their alias, their field's name, or ``expr0``."""
    unnamed = 0
    for column in columns:
        if column.alias:
            yield column.alias, column
        elif isinstance(column.value, nodes.FieldPath):
            yield scope.find(column.value).column.name, column
        else:
            yield f"expr{unnamed}", column
            unnamed += 1
