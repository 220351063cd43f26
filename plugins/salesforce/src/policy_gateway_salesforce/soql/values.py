"""Literals: what a field is compared with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

from policy_gateway_salesforce.soql import nodes
from policy_gateway_salesforce.soql.lexer import CURRENCY, DATE, NUMBER, PATH, STRING, Cursor

_UNITS: Final = ("WEEK", "MONTH", "QUARTER", "YEAR", "FISCAL_QUARTER", "FISCAL_YEAR")
SPANS: Final = frozenset(
    {"YESTERDAY", "TODAY", "TOMORROW", "LAST_90_DAYS", "NEXT_90_DAYS"}
    | {f"{which}_{unit}" for unit in _UNITS for which in ("LAST", "THIS", "NEXT")}
)
"""The date literals without a number."""

COUNTED: Final = frozenset(
    {f"{which}_N_{unit}S" for unit in ("DAY", *_UNITS) for which in ("LAST", "NEXT")}
    | {f"N_{unit}S_AGO" for unit in ("DAY", *_UNITS)}
)
"""The date literals with a number behind a colon."""

_ESCAPE: Final = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_ESCAPED: Final[Mapping[str, str]] = {
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "b": "\b",
    "f": "\f",
    '"': '"',
    "'": "'",
    "\\": "\\",
    "%": "%",
    "_": "_",
}
_CURRENCY: Final = re.compile(r"[A-Z]{3}[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?", re.ASCII)
_MOMENT: Final = re.compile(r"(.{19})(?:\.([0-9]+))?(.+)", re.DOTALL)
_DIGITS: Final = 40
_COUNT: Final = 9


class Values(Cursor):
    """Reads literals."""

    __slots__ = ()

    def literal(self) -> nodes.Literal:
        """Read the literal that has to come."""
        kind = self.kinds[self.at]
        if kind == STRING:
            return self.string()
        if kind == NUMBER:
            return self.number()
        if kind == DATE:
            return self._date()
        if kind == CURRENCY or (kind == PATH and _CURRENCY.fullmatch(self.texts[self.at])):
            return self._currency()
        return self._word()

    def string(self) -> nodes.String:
        """Read the quoted text that has to come."""
        if self.kinds[self.at] != STRING:
            self.unexpected("a text in quotes")
        inner, at = self.texts[self.at][1:-1], self.start
        if "\\" not in inner:
            self.at += 1
            return nodes.String(inner, (), at)
        parts: list[str] = []
        literal: list[int] = []
        length = end = 0
        for match in _ESCAPE.finditer(inner):
            plain = inner[end : match.start()]
            char = self._escaped(match)
            length += len(plain)
            if match[2] in ("%", "_"):
                literal.append(length)
            length += 1
            parts += (plain, char)
            end = match.end()
        value = "".join((*parts, inner[end:]))
        self.at += 1
        return nodes.String(value, tuple(literal), at)

    def _escaped(self, match: re.Match[str]) -> str:
        char = chr(int(match[1], 16)) if match[1] else _ESCAPED.get(match[2])
        if char is None:
            self.refuse("an escape that is not known", "escape", at=self.start + 1 + match.start())
        if "\ud800" <= char <= "\udfff":
            self.refuse("half of a character", "escape", at=self.start + 1 + match.start())
        return char

    def number(self) -> nodes.Number:
        """Read the number that has to come."""
        text, at = self.texts[self.at], self.start
        if self.kinds[self.at] != NUMBER:
            self.unexpected("a number")
        value = self._decimal(text)
        self.at += 1
        return nodes.Number(value, text, at)

    def _decimal(self, text: str) -> Decimal:
        if len(text) > _DIGITS:
            self.refuse("a number with too many digits", "number")
        exponent = text.lower().partition("e")[2]
        if exponent and abs(int(exponent)) > _DIGITS:
            self.refuse("a number with too many digits", "number")
        return Decimal(text)

    def count(self, largest: int) -> int:
        """Read the whole number without a sign, at most *largest*, that has to come."""
        text = self.texts[self.at]
        if self.kinds[self.at] != NUMBER or not text.isdigit():
            self.unexpected("a whole number")
        if len(text) > _COUNT or int(text) > largest:
            self.refuse("a number that is too large", "number")
        self.at += 1
        return int(text)

    def _currency(self) -> nodes.Currency:
        text, at = self.texts[self.at], self.start
        amount = self._decimal(text[3:])
        self.at += 1
        return nodes.Currency(text[:3], amount, at)

    def _date(self) -> nodes.Date | nodes.DateTime:
        text, at = self.texts[self.at], self.start
        try:
            value = _day(text, at) if "T" not in text else _moment(text, at)
        except (ValueError, OverflowError):
            self.refuse("there is no such date", "date")
        self.at += 1
        return value

    def _word(self) -> nodes.Literal:
        word, at = self.word(), self.start
        if word in SPANS:
            self.at += 1
            return nodes.DateLiteral(word, None, at)
        if word in COUNTED and self.ahead(":"):
            self.at += 2
            return nodes.DateLiteral(word, self.count(10**_COUNT), at)
        if word == "NULL":
            self.at += 1
            return nodes.Null(at)
        if word in ("TRUE", "FALSE"):
            self.at += 1
            return nodes.Boolean(word == "TRUE", at)
        return self.unexpected("a value")


def _day(text: str, at: int) -> nodes.Date:
    return nodes.Date(date.fromisoformat(text), at)


def _moment(text: str, at: int) -> nodes.DateTime:
    """Return the moment that *text* names; ValueError when there is none, OverflowError when UTC has no such year."""
    match = _MOMENT.fullmatch(text)
    if match is None:
        raise ValueError
    whole, fraction, offset = match.groups(default="")
    value = datetime.fromisoformat(f"{whole}.{fraction[:6]:0<6}{offset.upper()}")
    if value.utcoffset() is None:
        raise ValueError
    value.astimezone(UTC)
    return nodes.DateTime(value, at)
