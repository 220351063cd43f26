"""What the vendor refuses although its grammar can say it: groups, aliases, semi-joins, limits."""

from __future__ import annotations

from typing import Final, Never

from policy_gateway_salesforce.soql import nodes
from policy_gateway_salesforce.soql.errors import MALFORMED_QUERY, NUMBER_OUTSIDE_VALID_RANGE, SoqlError, place
from policy_gateway_salesforce.soql.functions import DAYS
from policy_gateway_salesforce.soql.parser import aggregated
from policy_gateway_salesforce.soql.references import Names, names

OFFSET: Final = 2000
FIELDS_LIMIT: Final = 200
SEMI_JOINS: Final = 2
ROLLED_UP: Final = 3


def obey_rules(query: nodes.Query, text: str) -> None:
    """Raise SoqlError when *query*, which *text* says, breaks a rule of the vendor's that needs no catalogue."""
    _Rules(text).query(query, child=False)


def counts(query: nodes.Query) -> bool:
    """Tell whether *query* is a ``SELECT COUNT()``, whose answer is a number without records."""
    match query.select:
        case (nodes.Column(nodes.Function("COUNT", ())),):
            return True
        case _:
            return False


def summarizes(query: nodes.Query) -> bool:
    """Tell whether *query* answers groups instead of records."""
    columns = (item for item in query.select if isinstance(item, nodes.Column))
    return query.group is not None or (not counts(query) and any(aggregated(item.value) for item in columns))


class _Rules:
    def __init__(self, text: str) -> None:
        self._text = text

    def _refuse(self, message: str, refusal: str, at: int, code: str = MALFORMED_QUERY) -> Never:
        raise SoqlError(message, place(self._text, at), code, refusal)

    def query(self, query: nodes.Query, *, child: bool) -> None:
        known = names(query.source, query.select, child=child)
        self._aliases(query, known)
        self._amounts(query)
        self._semi_joins(query)
        if counts(query):
            if query.group or query.order:
                self._refuse("COUNT() has neither GROUP BY nor ORDER BY", "grouping", query.at)
        elif summarizes(query):
            self._grouped(query, known)
        else:
            self._plain(query)
        for item in query.select:
            if isinstance(item, nodes.ChildQuery):
                self.query(item.query, child=True)

    def _aliases(self, query: nodes.Query, known: Names) -> None:
        seen: set[str] = set()
        for item in query.select:
            if not isinstance(item, nodes.Column):
                continue
            name = item.alias.upper() or known.canonical(item.value)
            if name in seen:
                self._refuse("the same is selected twice", "alias", item.value.at)
            seen.add(name)
            if item.alias and isinstance(item.value, nodes.FieldPath) and query.group is None:
                self._refuse("a field has an alias in a query with GROUP BY only", "alias", item.value.at)

    def _amounts(self, query: nodes.Query) -> None:
        if query.offset is not None and query.offset > OFFSET:
            self._refuse(f"the largest OFFSET is {OFFSET}", "limit", query.at, NUMBER_OUTSIDE_VALID_RANGE)
        for item in query.select:
            unbounded = isinstance(item, nodes.Fields) and item.group != "STANDARD"
            if unbounded and (query.limit is None or query.limit > FIELDS_LIMIT):
                self._refuse(f"FIELDS needs a LIMIT of at most {FIELDS_LIMIT}", "limit", query.at)

    def _plain(self, query: nodes.Query) -> None:
        for item in query.select:
            value = item.value if isinstance(item, nodes.Column) else None
            if isinstance(value, nodes.Function) and (value.name in DAYS or value.name == "GROUPING"):
                self._refuse("a part of a date is selected to group by it", "grouping", value.at)
        for ordering in query.order:
            if aggregated(ordering.by):
                self._refuse("an aggregate sorts groups only", "grouping", ordering.by.at)

    def _grouped(self, query: nodes.Query, known: Names) -> None:
        group = query.group
        keys = frozenset(known.canonical(key) for key in group.keys) if group else frozenset()
        if group is None and (query.limit is not None or query.offset is not None):
            self._refuse("a summary of everything has no LIMIT", "grouping", query.at)
        if group and group.kind and len(group.keys) > ROLLED_UP:
            self._refuse(f"{group.kind} takes at most {ROLLED_UP} fields", "grouping", query.at)
        for item in query.select:
            if not isinstance(item, nodes.Column):
                self._refuse("a group has fields, aggregates and nothing else", "grouping", item.at)
            self._within(item.value, keys, group, known)
        for ordering in query.order:
            if not _outcome(ordering.by, known):
                self._within(ordering.by, keys, group, known)
        for left in _lefts(query.having):
            if not _outcome(left, known):
                self._within(left, keys, group, known)

    def _within(self, value: nodes.Expression, keys: frozenset[str], group: nodes.Group | None, known: Names) -> None:
        if isinstance(value, nodes.Function) and value.name == "GROUPING":
            if group is None or not group.kind or known.canonical(value.args[0]) not in keys:
                self._refuse("GROUPING needs a field of ROLLUP or CUBE", "grouping", value.at)
        elif not aggregated(value) and known.canonical(value) not in keys:
            self._refuse("a field is grouped or aggregated", "grouping", value.at)

    def _semi_joins(self, query: nodes.Query) -> None:
        match query.where:
            case nodes.And(items):
                top = items
            case None:
                top = ()
            case where:
                top = (where,)
        joins = [item for item in top if isinstance(item, nodes.InQuery)]
        if len(joins) > SEMI_JOINS:
            self._refuse(f"at most {SEMI_JOINS} semi-joins", "semi-join", joins[SEMI_JOINS].query.at)
        for item in top:
            if not isinstance(item, nodes.InQuery):
                self._no_semi_join(item)
        for join in joins:
            if join.query.source.object.upper() == query.source.object.upper():
                self._refuse("a semi-join is about another object", "semi-join", join.query.at)
            if join.query.where is not None:
                self._no_semi_join(join.query.where)

    def _no_semi_join(self, where: nodes.Where) -> None:
        match where:
            case nodes.And(items) | nodes.Or(items):
                for item in items:
                    self._no_semi_join(item)
            case nodes.Not(item):
                self._no_semi_join(item)
            case nodes.InQuery(_, query):
                self._refuse("a semi-join stands beside AND, at the top", "semi-join", query.at)
            case _:
                return


def _outcome(value: nodes.Expression, known: Names) -> bool:
    """Tell whether *value* is the alias of a column."""
    match value:
        case nodes.FieldPath((name,)):
            return name.upper() in known.outcomes
        case _:
            return False


def _lefts(where: nodes.Where | None) -> list[nodes.Expression]:
    """Return what *where* looks at."""
    found: list[nodes.Expression] = []
    waiting = [where] if where is not None else []
    while waiting:
        match waiting.pop():
            case nodes.And(items) | nodes.Or(items):
                waiting += items
            case nodes.Not(item):
                waiting.append(item)
            case condition:
                found.append(condition.left)
    return found
