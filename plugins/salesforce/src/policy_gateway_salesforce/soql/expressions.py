"""Fields and functions."""

from __future__ import annotations

from typing import Final

from policy_gateway_salesforce.soql import nodes
from policy_gateway_salesforce.soql.functions import AGGREGATES, PLACES, SHAPES, Place, Shape
from policy_gateway_salesforce.soql.lexer import PATH
from policy_gateway_salesforce.soql.values import Values

SEGMENTS: Final = 10
"""The longest path, in segments (the vendor follows five relationships)."""

KEYWORDS: Final = frozenset(
    {
        "AND",
        "AS",
        "ASC",
        "DESC",
        "EXCLUDES",
        "FROM",
        "HAVING",
        "IN",
        "INCLUDES",
        "LIKE",
        "NOT",
        "NULL",
        "NULLS",
        "OR",
        "SELECT",
        "TYPEOF",
        "USING",
        "WHERE",
        "WITH",
    }
)
"""Words that are no field."""

NO_ALIAS: Final = KEYWORDS | frozenset(
    {
        "ALL",
        "BY",
        "ELSE",
        "END",
        "FALSE",
        "FIRST",
        "FOR",
        "GROUP",
        "LAST",
        "LIMIT",
        "OFFSET",
        "ORDER",
        "SCOPE",
        "THEN",
        "TRUE",
        "UPDATE",
        "WHEN",
    }
)
"""Words that are no alias."""

_UNITS: Final = ("mi", "km")


class Expressions(Values):
    """Reads fields, functions and aliases."""

    __slots__ = ()

    def path(self, *, stop: frozenset[str] = KEYWORDS) -> nodes.FieldPath:
        """Read the field that has to come; *stop* are the words that are none."""
        text, at = self.texts[self.at], self.start
        if self.kinds[self.at] != PATH or (text.upper() in stop):
            self.unexpected("a field")
        segments = tuple(text.split("."))
        if len(segments) > SEGMENTS:
            self.refuse("a path over too many relationships", "path")
        self.at += 1
        return nodes.FieldPath(segments, at)

    def name(self, wanted: str = "a name") -> str:
        """Read the name without dots that has to come."""
        if self.word() in KEYWORDS or "." in self.word():
            self.unexpected(wanted)
        return self.any_name(wanted)

    def any_name(self, wanted: str) -> str:
        """Read the name without dots that has to come, even if it is a keyword elsewhere."""
        text = self.texts[self.at]
        if self.kinds[self.at] != PATH or "." in text:
            self.unexpected(wanted)
        self.at += 1
        return text

    def alias(self) -> str:
        """Read the alias if one comes, else return nothing."""
        word = self.word()
        if not word or word in NO_ALIAS or "." in word:
            return ""
        return self.any_name("an alias")

    def expression(self, place: Place) -> nodes.Expression:
        """Read the field or the function that has to come."""
        if self.kinds[self.at] == PATH and self.ahead("("):
            return self.function(place)
        return self.path()

    def function(self, place: Place) -> nodes.Function:
        """Read the function that comes; refuse the one that is not known or has no business at *place*."""
        name, at = self.word(), self.start
        if name not in SHAPES:
            self.refuse("a function that is not known", "function")
        if place not in PLACES[name]:
            self.refuse(f"{name} has no meaning here", "function")
        self.at += 2
        args = self._arguments(SHAPES[name])
        self.due(")")
        return nodes.Function(name, args, at)

    def _arguments(self, shape: Shape) -> tuple[nodes.Argument, ...]:
        match shape:
            case Shape.DISTANCE:
                return self._distance()
            case Shape.GEOLOCATION:
                latitude = self.number()
                self.due(",")
                return latitude, self.number()
            case Shape.FIELD_OR_NOTHING if self._closes():
                return ()
            case Shape.DAY:
                return (self._inner("CONVERTTIMEZONE"),)
            case Shape.FORMATTED:
                return (self._inner("CONVERTCURRENCY", *AGGREGATES),)
            case _:
                return (self._inner(),)

    def _closes(self) -> bool:
        return self.ahead(")", 0)

    def _inner(self, *permitted: str) -> nodes.Expression:
        """Read a field, or one of the *permitted* functions."""
        if not self.ahead("("):
            return self.path()
        word = self.word()
        if word not in permitted:
            self.refuse("a function that has no meaning within this one", "function")
        inner = self.function(Place.ARGUMENT if word == "CONVERTTIMEZONE" else Place.SELECT)
        if not inner.args:
            self.refuse("a count of records has no format", "function", at=inner.at)
        return inner

    def _distance(self) -> tuple[nodes.Argument, ...]:
        here = self.path()
        self.due(",")
        there = self.function(Place.ARGUMENT) if self.word() == "GEOLOCATION" else self.path()
        self.due(",")
        unit = self.string()
        if unit.value not in _UNITS:
            self.refuse("a distance is in 'mi' or 'km'", "function", at=unit.at)
        return here, there, unit
