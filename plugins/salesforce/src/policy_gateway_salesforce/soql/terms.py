"""What a search looks for: the words between the braces of FIND."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import IntEnum
from typing import Final, Never

from policy_gateway_salesforce.soql import nodes
from policy_gateway_salesforce.soql.errors import MALFORMED_SEARCH, SoqlError, place

DEPTH: Final = 20
"""How deep a term may stand within parentheses."""

EXCEPTIONS: Final = 50
"""How many AND NOT a term may have: each is a level of its tree."""

_PART: Final = re.compile(
    r"""\s*+(?:
    (\()|(\))
    |"((?:[^"\\{}]++|\\.)*+)"
    |((?:[^\x00-\x20\s"()\\{}\[\]&|!^~:']++|\\[?&|!{}\[\]()^~*:\\"'+-])++)
    |(.)
    )""",
    re.VERBOSE | re.DOTALL,
)
_CHARACTER: Final = re.compile(r"\\(.)|(.)", re.DOTALL)
_JOINTS: Final = ("AND", "OR", "NOT")


class _Kind(IntEnum):
    """What a part of a term is; the numbers are the groups of the pattern."""

    END = 0
    OPEN = 1
    CLOSE = 2
    PHRASE = 3
    WORD = 4
    OTHER = 5


def parse_term(whole: str, start: int, end: int) -> nodes.Term:
    """Return the tree of the term in *whole* from *start* to *end*."""
    term = _Terms(whole, start, end)
    return term.whole()


class _Terms:
    """Reads a term: OR binds looser than AND and words side by side, AND NOT tighter."""

    def __init__(self, whole: str, start: int, end: int) -> None:
        self._whole = whole
        self._deep = 0
        self._exceptions = 0
        self._at = 0
        self._parts: list[tuple[_Kind, str, int]] = []
        text = whole[:end].rstrip()
        for match in _PART.finditer(text, start):
            kind = _Kind(match.lastindex or _Kind.OTHER)
            if kind == _Kind.OTHER:
                self._refuse("a character that has to be escaped in a term", match.start(kind))
            self._parts.append((kind, match[kind], match.start(kind)))
        self._parts.append((_Kind.END, "", end))

    def _refuse(self, message: str, at: int | None = None) -> Never:
        where = self._parts[self._at][2] if at is None else at
        raise SoqlError(message, place(self._whole, where), MALFORMED_SEARCH, "term")

    def whole(self) -> nodes.Term:
        term = self._any()
        if self._parts[self._at][0] != _Kind.END:
            self._refuse("a parenthesis that was not opened")
        return term

    def _joint(self) -> str:
        kind, text, _ = self._parts[self._at]
        return text.upper() if kind == _Kind.WORD and text.upper() in _JOINTS else ""

    def _any(self) -> nodes.Term:
        items = [self._all()]
        while self._joint() == "OR":
            self._at += 1
            items.append(self._all())
        return items[0] if len(items) == 1 else nodes.AnyOf(tuple(items))

    def _all(self) -> nodes.Term:
        items: list[nodes.Term] = [self._one()]
        while True:
            joint = self._joint()
            if joint == "AND":
                self._at += 1
                if self._joint() == "NOT":
                    items = [self._without(_joined(items))]
                    continue
            elif joint or self._parts[self._at][0] in (_Kind.END, _Kind.CLOSE):
                return _joined(items)
            items.append(self._one())

    def _without(self, item: nodes.Term) -> nodes.Term:
        self._exceptions += 1
        if self._exceptions > EXCEPTIONS:
            self._refuse("too many AND NOT")
        self._at += 1
        return nodes.ButNot(item, self._one())

    def _one(self) -> nodes.Term:
        kind, text, _ = self._parts[self._at]
        if self._joint():
            self._refuse("AND, OR and AND NOT stand between words")
        match kind:
            case _Kind.WORD:
                self._at += 1
                return _word(text)
            case _Kind.PHRASE:
                return self._phrase(text)
            case _Kind.OPEN:
                return self._inside()
            case _:
                return self._refuse("a word is missing")

    def _phrase(self, text: str) -> nodes.Phrase:
        words = tuple(_word(part) for part in text.split())
        if not words:
            self._refuse("a phrase without words")
        self._at += 1
        return nodes.Phrase(words)

    def _inside(self) -> nodes.Term:
        self._deep += 1
        if self._deep > DEPTH:
            self._refuse("too many parentheses within each other")
        self._at += 1
        inside = self._any()
        if self._parts[self._at][0] != _Kind.CLOSE:
            self._refuse("a parenthesis that is not closed")
        self._at += 1
        self._deep -= 1
        return inside


def _joined(items: Sequence[nodes.Term]) -> nodes.Term:
    return items[0] if len(items) == 1 else nodes.AllOf(tuple(items))


def _word(text: str) -> nodes.Word:
    if "\\" not in text:
        return nodes.Word(text)
    chars: list[str] = []
    literal: list[int] = []
    for match in _CHARACTER.finditer(text):
        if match[1] and match[1] in "*?":
            literal.append(len(chars))
        chars.append(match[1] or match[2])
    return nodes.Word("".join(chars), tuple(literal))
