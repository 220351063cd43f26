"""SOQL into a tree: recursive descent over what REST accepts; whatever is not known is refused with its place."""

from __future__ import annotations

from typing import Final, TypeGuard

from policy_gateway_salesforce.soql import nodes
from policy_gateway_salesforce.soql.clauses import Clauses
from policy_gateway_salesforce.soql.conditions import SUBQUERIES
from policy_gateway_salesforce.soql.errors import MALFORMED_QUERY
from policy_gateway_salesforce.soql.expressions import KEYWORDS
from policy_gateway_salesforce.soql.functions import AGGREGATES, Place

SELECTED: Final = 5000
"""How many things one SELECT may name."""

RELATED: Final = 20
"""How many relationships one FROM may name."""

_BRANCH_WORDS: Final = KEYWORDS | {"WHEN", "THEN", "ELSE", "END"}
_FIELDS: Final = frozenset({"ALL", "STANDARD", "CUSTOM"})
_SCOPES: Final = frozenset(
    ["DELEGATED", "EVERYTHING", "MINE", "MINE_AND_MY_GROUPS", "MY_TEAM_TERRITORY", "MY_TERRITORY", "TEAM"],
)


def parse_soql(text: str) -> nodes.Query:
    """Return the tree of *text*; SoqlError says where and why it is not accepted. Linear in its length."""
    parser = Parser(text)
    query = parser.query()
    parser.finished()
    return query


class Parser(Clauses):
    """Reads queries."""

    __slots__ = ()

    def __init__(self, text: str, *, code: str = MALFORMED_QUERY, offset: int = 0) -> None:
        """Begin at *offset* in *text*."""
        super().__init__(text, code=code, offset=offset)
        self.deep = 0
        self.nested = 0

    def finished(self) -> None:
        """Refuse whatever follows a query."""
        if self.word() == "ALL":
            self.refuse("ALL ROWS has no meaning outside of Apex", "all-rows")
        if self.word() == "FOR":
            self.refuse("FOR is VIEW or REFERENCE, once", "for")
        self.ended()

    def query(self) -> nodes.Query:
        """Read the query that has to come."""
        at = self.start
        if not self.keyword("SELECT"):
            self.unexpected("SELECT")
        select = self._select()
        if not self.keyword("FROM"):
            self.unexpected("FROM")
        source = self._source()
        self._relations(select, source)
        return nodes.Query(
            select,
            source,
            scope=self._scope(),
            where=self.condition(Place.WHERE) if self.keyword("WHERE") else None,
            clause=self.clause(),
            group=(group := self.group()),
            having=self._having(group),
            order=self.order(),
            limit=self.amount("LIMIT"),
            offset=self.amount("OFFSET"),
            purpose=self._purpose(),
            update=self.update(),
            at=at,
        )

    def _having(self, group: nodes.Group | None) -> nodes.Where | None:
        if not self.keyword("HAVING"):
            return None
        if group is None:
            self.refuse("HAVING needs GROUP BY", "having")
        return self.condition(Place.HAVING)

    def _purpose(self) -> str:
        if self.word() != "FOR":
            return ""
        self.at += 1
        word = self.word()
        if word == "UPDATE":
            self.refuse("FOR UPDATE has no meaning outside of Apex", "for-update")
        if word not in ("VIEW", "REFERENCE"):
            self.refuse("FOR is VIEW or REFERENCE", "for")
        self.at += 1
        return word

    # ------------------------------------------------------------------------------------------------ what is selected

    def _select(self) -> tuple[nodes.Selected, ...]:
        found = [self._selected()]
        while self.symbol(","):
            found.append(self._selected())
            if len(found) > SELECTED:
                self.refuse("too much is selected", "length")
        for item in found:
            if _counts(item) and (len(found) > 1 or item.alias):
                self.refuse("COUNT() stands alone and has no alias", "count", at=item.value.at)
        return tuple(found)

    def _selected(self) -> nodes.Selected:
        if self.ahead("(", 0):
            return self._child()
        word = self.word()
        if word == "TYPEOF":
            return self._typeof()
        if word == "FIELDS" and self.ahead("("):
            return self.fields()
        return self.column()

    def column(self) -> nodes.Column:
        """Read a field or a function, and its alias if it has one."""
        value = self.expression(Place.SELECT)
        return nodes.Column(value, self.alias())

    def fields(self) -> nodes.Fields:
        """Read ``FIELDS(ALL)``, which has to come."""
        at = self.start
        self.at += 2
        group = self.word()
        if group not in _FIELDS:
            self.refuse("FIELDS knows ALL, STANDARD and CUSTOM", "function")
        self.at += 1
        self.due(")")
        return nodes.Fields(group, at)

    def _child(self) -> nodes.ChildQuery:
        at = self.start
        self.at += 1
        self.nested += 1
        if self.nested > SUBQUERIES:
            self.refuse("too many queries within each other", "depth")
        query = self.query()
        self.nested -= 1
        plain = not (query.scope or query.clause or query.group or query.purpose or query.update)
        if not plain or any(_aggregates(item) for item in query.select):
            self.refuse("a query of children has no groups, aggregates, USING, WITH, FOR or UPDATE", "child", at=at)
        self.due(")")
        return nodes.ChildQuery(query, at)

    def _typeof(self) -> nodes.Typeof:
        at = self.start
        self.at += 1
        path = self.path(stop=_BRANCH_WORDS)
        branches: list[nodes.Branch] = []
        while self.keyword("WHEN"):
            name = self.name("an object")
            if not self.keyword("THEN"):
                self.unexpected("THEN")
            branches.append(nodes.Branch(name, self._branch()))
        if not branches:
            self.unexpected("WHEN")
        otherwise = self._branch() if self.keyword("ELSE") else ()
        if not self.keyword("END"):
            self.unexpected("END")
        return nodes.Typeof(path, tuple(branches), otherwise, at)

    def _branch(self) -> tuple[nodes.FieldPath, ...]:
        found = [self.path(stop=_BRANCH_WORDS)]
        while self.symbol(","):
            found.append(self.path(stop=_BRANCH_WORDS))
        return tuple(found)

    # ------------------------------------------------------------------------------------------------------ from where

    def _source(self) -> nodes.Source:
        path = self.path()
        alias = self.alias()
        known = {path.segments[-1].upper()} | ({alias.upper()} if alias else set())
        related: list[nodes.Related] = []
        while self.symbol(","):
            way = self.path()
            name = self.alias()
            if not name or len(way.segments) == 1 or way.segments[0].upper() not in known or name.upper() in known:
                self.refuse("a further name in FROM is a relationship of one before it, and has an alias", "from")
            known.add(name.upper())
            related.append(nodes.Related(way, name))
            if len(related) > RELATED:
                self.refuse("too many relationships in FROM", "from")
        return nodes.Source(path, alias, tuple(related))

    def _relations(self, select: tuple[nodes.Selected, ...], source: nodes.Source) -> None:
        """Refuse an object with dots, unless they say of which outer query a relation is."""
        known = {source.object.upper(), source.alias.upper()}
        for item in select:
            if isinstance(item, nodes.ChildQuery):
                first, *more = item.query.source.path.segments
                if more and (len(more) > 1 or first.upper() not in known):
                    at = item.query.source.path.at
                    self.refuse("children are found by the name of their relation", "from", at=at)
        if self.nested == 0 and len(source.path.segments) > 1:
            self.refuse("an object has no dots in its name", "from", at=source.path.at)

    def _scope(self) -> str:
        if not self.keyword("USING"):
            return ""
        if not self.keyword("SCOPE"):
            self.refuse("USING knows SCOPE only", "using")
        word = self.word()
        if word not in _SCOPES:
            self.refuse("a scope that is not known", "scope")
        self.at += 1
        return word


def _counts(item: nodes.Selected) -> TypeGuard[nodes.Column]:
    return isinstance(item, nodes.Column) and isinstance(item.value, nodes.Function) and not item.value.args


def _aggregates(item: nodes.Selected) -> bool:
    return isinstance(item, nodes.Column) and aggregated(item.value)


def aggregated(value: nodes.Argument) -> bool:
    """Tell whether *value* is an aggregate or made of one."""
    if not isinstance(value, nodes.Function):
        return False
    return value.name in AGGREGATES or any(aggregated(arg) for arg in value.args)
