"""What may follow the conditions of a query or of a search."""

from __future__ import annotations

from collections.abc import Sized
from typing import Final

from policy_gateway_salesforce.soql import nodes
from policy_gateway_salesforce.soql.conditions import Conditions
from policy_gateway_salesforce.soql.functions import Place

LARGEST: Final = 2_147_483_647
"""The largest LIMIT and OFFSET."""

KEYS: Final = 32
"""How many fields may be sorted or grouped by, as with the vendor."""

_SELECTORS: Final = frozenset({"AT", "ABOVE", "BELOW", "ABOVE_OR_BELOW"})
_STATISTICS: Final = ("TRACKING", "VIEWSTAT")
_GROUPINGS: Final = ("ROLLUP", "CUBE")


class Clauses(Conditions):
    """Reads the clauses after the conditions."""

    __slots__ = ()

    def clause(self) -> nodes.With | None:
        """Read the WITH of a query, if one comes."""
        at = self.start
        if not self.keyword("WITH"):
            return None
        match self.word():
            case "SECURITY_ENFORCED" | "USER_MODE" as mode:
                self.at += 1
                return nodes.With(mode, at=at)
            case "DATA":
                return nodes.With("DATA CATEGORY", categories=self.categories(), at=at)
            case "USERID":
                self.at += 1
                self.due("=")
                return nodes.With("USERID", (self.string(),), at=at)
            case _:
                return self.refuse("a WITH that is not known", "with")

    def categories(self) -> tuple[nodes.Category, ...]:
        """Read ``DATA CATEGORY Geography__c AT usa__c AND …``, which has to come."""
        self.keyword("DATA", "CATEGORY")
        found = [self._category()]
        while self.keyword("AND"):
            found.append(self._category())
        return tuple(found)

    def _category(self) -> nodes.Category:
        group, selector = self.name("a group of categories"), self.word()
        if selector not in _SELECTORS:
            self.unexpected("AT, ABOVE, BELOW or ABOVE_OR_BELOW")
        self.at += 1
        if not self.symbol("("):
            return nodes.Category(group, selector, (self.name("a category"),))
        names = [self.name("a category")]
        while self.symbol(","):
            names.append(self.name("a category"))
        self.due(")")
        return nodes.Category(group, selector, tuple(names))

    def group(self) -> nodes.Group | None:
        """Read GROUP BY, if it comes."""
        if not self.keyword("GROUP", "BY"):
            return None
        kind = self.word()
        if kind not in _GROUPINGS or not self.ahead("("):
            return nodes.Group(self._keys())
        self.at += 2
        keys = self._keys()
        self.due(")")
        return nodes.Group(keys, kind)

    def _keys(self) -> tuple[nodes.Expression, ...]:
        keys = [self.expression(Place.GROUP)]
        while self.symbol(","):
            keys.append(self.expression(Place.GROUP))
            self._few(keys)
        return tuple(keys)

    def order(self) -> tuple[nodes.Ordering, ...]:
        """Read ORDER BY, if it comes."""
        if not self.keyword("ORDER", "BY"):
            return ()
        found = [self._ordering()]
        while self.symbol(","):
            found.append(self._ordering())
            self._few(found)
        return tuple(found)

    def _few(self, found: Sized) -> None:
        if len(found) > KEYS:
            self.refuse(f"more than {KEYS} fields to sort or to group by", "length")

    def _ordering(self) -> nodes.Ordering:
        by = self.expression(Place.ORDER)
        descending = self.keyword("DESC")
        if not descending:
            self.keyword("ASC")
        if not self.keyword("NULLS"):
            return nodes.Ordering(by, descending)
        if self.keyword("FIRST"):
            return nodes.Ordering(by, descending, nulls_first=True)
        if not self.keyword("LAST"):
            self.unexpected("FIRST or LAST")
        return nodes.Ordering(by, descending, nulls_first=False)

    def amount(self, word: str) -> int | None:
        """Read ``LIMIT 5`` or ``OFFSET 5``, if it comes."""
        return self.count(LARGEST) if self.keyword(word) else None

    def update(self) -> tuple[str, ...]:
        """Read ``UPDATE TRACKING, VIEWSTAT``, if it comes."""
        if not self.keyword("UPDATE"):
            return ()
        found: list[str] = []
        while not found or self.symbol(","):
            word = self.word()
            if word not in _STATISTICS or word in found:
                self.unexpected("TRACKING or VIEWSTAT")
            self.at += 1
            found.append(word)
        return tuple(found)
