"""SOQL and SOSL without their literals. What is not surely a statement is dropped whole: it could hold anything."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from policy_gateway.recording.placeholders import ANYTHING, DAY, IDENTIFIER, MOMENT, NUMBER, placeholder

LONGEST: Final = 100_000

_TOKEN: Final = re.compile(
    r"(?P<space>\s+)"
    r"|(?P<text>'(?:[^'\\]|\\.)*')"
    r"|(?P<term>\{(?:[^}\\]|\\.)*\})"
    r"|(?P<moment>\d{4}-\d{2}-\d{2}T[0-9:.]+(?:Z|[+-]\d{2}:?\d{2})?)"
    r"|(?P<day>\d{4}-\d{2}-\d{2})"
    r"|(?P<number>[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)"
    r"|(?P<word>[A-Za-z_][A-Za-z0-9_.]*)"
    r"|(?P<operator><=|>=|!=|<>|[=<>])"
    r"|(?P<mark>[(),:*])",
    re.ASCII,
)
_BEGINNING: Final = re.compile(r"\s*(?:SELECT\b.*\bFROM\b|FIND\s*\{)", re.ASCII | re.IGNORECASE | re.DOTALL)
_LITERALS: Final = frozenset({"text", "term", "moment", "day", "number"})
_COMPARING: Final = frozenset({"LIKE", "INCLUDES", "EXCLUDES", "FIND"})
_CONSTANTS: Final = re.compile(
    r"TRUE|FALSE|NULL|TODAY|YESTERDAY|TOMORROW|(?:LAST|THIS|NEXT)_[A-Z_]+|[A-Z]+_AGO", re.ASCII
)
_COUNTED: Final = frozenset({"LIMIT", "OFFSET"})
_MOST_DIGITS: Final = 5
_AFTER_A_LITERAL: Final = frozenset(
    {"AND", "OR", "NOT", "GROUP", "ORDER", "LIMIT", "OFFSET", "HAVING", "WITH", "FOR", "UPDATE", "ALL", "IN",
     "RETURNING", "USING"}
)  # fmt: skip


def statement(text: str) -> str:
    """Return *text* with a fixed literal of its kind for each literal; ``?`` when it is no plain SOQL or SOSL.

    Field, object and function names stay, as do LIMIT and OFFSET, and constants such as ``null`` or ``LAST_WEEK``.
    """
    if len(text) > LONGEST or _BEGINNING.match(text) is None:
        return ANYTHING
    pieces = _Pieces()
    return "".join(pieces.shown) if all(pieces.take(kind, piece) for kind, piece in _tokens(text)) else ANYTHING


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    place = 0
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None or found.lastgroup is None:
            yield "", ""
            return
        place = found.end()
        yield found.lastgroup, found[0]


@dataclass(slots=True)
class _Pieces:
    """What was taken of a statement, and what came last: after a literal nothing may stand that could be its rest."""

    shown: list[str] = field(default_factory=list)
    last: str = ""
    word: str = ""
    spaced: bool = True

    def take(self, kind: str, piece: str) -> bool:
        """Take one token; False when it may be a part of a value."""
        if kind == "space":
            self.shown.append(" ")
            self.spaced = True
            return True
        if not kind or not self._fits(kind, piece.upper()):
            return False
        self.shown.append(self._shown(kind, piece))
        if kind in {"word", "operator"}:
            self.word = piece.upper()
        self.last, self.spaced = kind if kind != "mark" else piece, False
        return True

    def _fits(self, kind: str, piece: str) -> bool:
        if self.last in _LITERALS and kind not in {"mark", "operator"}:
            # `'O'Brien'`: a quote that nobody escaped makes a name look like a word of the language.
            return kind == "word" and self.spaced and piece in _AFTER_A_LITERAL
        compared = self.last == "operator" or (self.last == "word" and self.word in _COMPARING)
        if compared and kind == "word":
            return _CONSTANTS.fullmatch(piece) is not None
        listed = self.last in {"(", ","} and self.word in {"IN", "INCLUDES", "EXCLUDES"}
        if listed and kind == "word":
            return piece == "SELECT" or _CONSTANTS.fullmatch(piece) is not None
        return True

    def _shown(self, kind: str, piece: str) -> str:
        match kind:
            case "text":
                return f"'{IDENTIFIER if placeholder(piece[1:-1]) == IDENTIFIER else ANYTHING}'"
            case "term":
                return f"{{{ANYTHING}}}"
            case "moment":
                return MOMENT
            case "day":
                return DAY
            case "number":
                counted = self.word in _COUNTED or self.last == ":"
                return piece if counted and piece.isdigit() and len(piece) <= _MOST_DIGITS else NUMBER
            case _:
                return piece
