"""SOSL into a tree: what REST accepts; whatever is not known is refused with its place."""

from __future__ import annotations

import re
from typing import Final

from policy_gateway_salesforce.soql import nodes
from policy_gateway_salesforce.soql.errors import MALFORMED_SEARCH, SoqlError, place
from policy_gateway_salesforce.soql.functions import Place
from policy_gateway_salesforce.soql.lexer import LENGTH
from policy_gateway_salesforce.soql.parser import Parser
from policy_gateway_salesforce.soql.terms import parse_term

RETURNED: Final = 20
"""How many objects one search may return."""

_FIND: Final = re.compile(r"\s*+find\s*+\{((?:[^\\{}]++|\\.)*+)\}", re.IGNORECASE | re.ASCII | re.DOTALL)
_SCOPES: Final = ("ALL", "NAME", "EMAIL", "PHONE", "SIDEBAR")
_NAMED: Final = ("DIVISION", "METADATA", "NETWORK", "PRICEBOOKID")


def parse_sosl(text: str) -> nodes.Search:
    """Return the tree of *text*; SoqlError says where and why it is not accepted. Linear in its length."""
    found = _FIND.match(text) if len(text) <= LENGTH else None
    if found is None:
        start = len(text) - len(text.lstrip())
        raise SoqlError("a search begins with FIND {words}", place(text, start), MALFORMED_SEARCH, "find")
    parser = _Searches(text, code=MALFORMED_SEARCH, offset=found.end())
    term = parse_term(text, found.start(1), found.end(1))
    search = parser.search(term, found[1])
    parser.ended()
    return search


class _Searches(Parser):
    """Reads what follows the term."""

    __slots__ = ()

    def search(self, term: nodes.Term, text: str) -> nodes.Search:
        """Read everything after FIND."""
        scope = self._fields()
        self._plain()
        returning = self._returning()
        clauses: list[nodes.With] = []
        while self.word() == "WITH":
            clauses.append(self._with())
        self._plain()
        return nodes.Search(
            term,
            text,
            scope,
            returning,
            tuple(clauses),
            limit=self.amount("LIMIT"),
            update=self.update(),
        )

    def _plain(self) -> None:
        if self.word() == "USING":
            self.refuse("USING is not known in a search", "using")

    def _fields(self) -> str:
        if not self.keyword("IN"):
            return "ALL"
        word = self.word()
        if word not in _SCOPES:
            self.unexpected("ALL, NAME, EMAIL, PHONE or SIDEBAR")
        self.keyword(word, "FIELDS")
        return word

    def _returning(self) -> tuple[nodes.Returning, ...]:
        if not self.keyword("RETURNING"):
            return ()
        found = [self._returned()]
        while self.symbol(","):
            found.append(self._returned())
            if len(found) > RETURNED:
                self.refuse("too many objects in RETURNING", "returning")
        return tuple(found)

    def _returned(self) -> nodes.Returning:
        at = self.start
        name = self.name("an object")
        if not self.symbol("("):
            return nodes.Returning(name, at=at)
        columns = [self._column()]
        while self.symbol(","):
            columns.append(self._column())
        self._plain()
        found = nodes.Returning(
            name,
            tuple(columns),
            where=self.condition(Place.WHERE) if self.keyword("WHERE") else None,
            order=self.order(),
            limit=self.amount("LIMIT"),
            offset=self.amount("OFFSET"),
            at=at,
        )
        self.due(")")
        return found

    def _column(self) -> nodes.Column | nodes.Fields:
        if self.word() == "FIELDS" and self.ahead("("):
            return self.fields()
        if self.ahead("(") and self.word() not in ("TOLABEL", "FORMAT", "CONVERTCURRENCY", "DISTANCE"):
            self.refuse("a function that has no meaning in a search", "function")
        return self.column()

    def _with(self) -> nodes.With:
        at = self.start
        self.keyword("WITH")
        word = self.word()
        if word == "DATA":
            return nodes.With("DATA CATEGORY", categories=self.categories(), at=at)
        if word in _NAMED:
            self.at += 1
            return nodes.With(word, self._values(word), at=at)
        if word == "HIGHLIGHT":
            self.at += 1
            return nodes.With(word, at=at)
        if word == "SNIPPET":
            return nodes.With(word, self._snippet(), at=at)
        if self.keyword("SPELL_CORRECTION"):
            self.due("=")
            value = self.literal()
            if not isinstance(value, nodes.Boolean):
                self.refuse("SPELL_CORRECTION is true or false", "with", at=at)
            return nodes.With(word, (value,), at=at)
        return self.refuse("a WITH that is not known", "with")

    def _values(self, word: str) -> tuple[nodes.Literal, ...]:
        if self.symbol("="):
            return (self.string(),)
        if word != "NETWORK" or not self.keyword("IN"):
            self.unexpected("'='")
        self.due("(")
        values = [self.string()]
        while self.symbol(","):
            values.append(self.string())
        self.due(")")
        return tuple(values)

    def _snippet(self) -> tuple[nodes.Literal, ...]:
        self.at += 1
        if not self.symbol("("):
            return ()
        if not self.keyword("TARGET_LENGTH"):
            self.unexpected("target_length")
        self.due("=")
        value = self.number()
        self.due(")")
        return (value,)
