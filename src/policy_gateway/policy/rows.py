"""Lexing rule files strictly: what Casbin loses silently is refused here, or understood.

A byte-order mark and ``;`` between columns (what spreadsheets save) are understood. Quotes, brackets that do not match,
comments behind a row, invisible characters, empty columns at the end, another encoding, or a file that was cut short
are refused: each of them changes or drops a rule in Casbin without a word.
"""

from __future__ import annotations

import codecs
import unicodedata
from dataclasses import dataclass

from policy_gateway.policy.dialect import END
from policy_gateway.policy.findings import Findings, Spot

_LINE_ENDS = frozenset({"\u2028", "\u2029", "\u0085", "\u00a0"})
_OTHER_ENCODINGS = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True, slots=True)
class Cell:
    """One column of a row, without the white space around it, and where it starts."""

    text: str
    spot: Spot


@dataclass(frozen=True, slots=True)
class Row:
    """One line that says something: its kind (``p``, ``g2``) and its columns."""

    kind: Cell
    cells: tuple[Cell, ...]

    @property
    def spot(self) -> Spot:
        """Return where the row starts."""
        return self.kind.spot


def decoded_text(path: str, data: bytes, findings: Findings) -> str | None:
    """Return *data* as text with line feeds only; None, and a finding, for anything but UTF-8."""
    if data.startswith(_OTHER_ENCODINGS):
        findings.say(Spot(path), "encoding", "the file is not UTF-8", "save it as UTF-8")
        return None
    body = data.removeprefix(codecs.BOM_UTF8)
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        before = body[: error.start]
        line, column = before.count(b"\n") + 1, error.start - (before.rfind(b"\n") + 1) + 1
        suggestion = "save it as UTF-8, not Windows-1252"
        findings.say(Spot(path, line, column), "encoding", "the file is not UTF-8", suggestion)
        return None
    return text.replace("\r\n", "\n")


def whole(path: str, text: str, findings: Findings) -> bool:
    """Tell whether *text* is complete: its last line says so. A file cut at a line's end looks whole otherwise."""
    lines = text.rstrip().split("\n")
    early = next((number for number, line in enumerate(lines[:-1], 1) if line.strip() == END), None)
    if early is not None:
        findings.say(Spot(path, early), "end", f"the file goes on after `{END}`", "make it the last line")
        return False
    if lines[-1].strip() != END:
        message = f"the file does not end with `{END}`: it may have been cut short"
        findings.say(Spot(path, len(lines), 1), "truncated", message, f"make `{END}` the last line")
        return False
    return True


def rows_in(path: str, text: str, findings: Findings, *, marks: str = ",;") -> tuple[Row, ...]:
    """Return the rows of *text*, columns ended by one of *marks*; lines that cannot be read become findings instead."""
    rows = []
    for number, line in enumerate(text.split("\n"), 1):
        if not _visible(line, Spot(path, number), findings):
            continue
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        row = _row(line, Spot(path, number), marks, findings)
        if row is not None:
            rows.append(row)
    return tuple(rows)


def _visible(line: str, spot: Spot, findings: Findings) -> bool:
    for column, character in enumerate(line, 1):
        if unicodedata.category(character) in {"Cf", "Cc", "Zl", "Zp", "Co", "Cn"} or character in _LINE_ENDS:
            name = unicodedata.name(character, f"U+{ord(character):04X}").lower()
            place = Spot(spot.path, spot.line, column)
            findings.say(place, "invisible", f"there is an invisible character here: {name}", "use plain spaces")
            return False
    return True


def _row(line: str, spot: Spot, marks: str, findings: Findings) -> Row | None:
    for mark, code, message in (
        ('"', "quotes", "quotation marks would become part of the value"),
        ("'", "quotes", "quotation marks would become part of the value"),
        ("#", "comment", "a comment needs a line of its own; here it would become part of the last column"),
    ):
        if mark in line:
            findings.say(Spot(spot.path, spot.line, line.index(mark) + 1), code, message, f"remove `{mark}`")
            return None
    separators, problem = _separators(line, marks)
    if problem is not None:
        findings.say(Spot(spot.path, spot.line, problem + 1), "brackets", "brackets do not match")
        return None
    if len({line[position] for position in separators}) > 1:
        findings.say(spot, "separators", "columns are separated by both `,` and `;`", "use `,` throughout")
        return None
    cells = _cells(line, separators, spot)
    if len(cells) > 1 and not cells[-1].text:
        findings.say(cells[-1].spot, "trailing-comma", "there is an empty column at the end of the line", "remove it")
        return None
    return Row(cells[0], tuple(cells[1:]))


def _separators(line: str, marks: str) -> tuple[list[int], int | None]:
    """Return where columns end (not inside brackets), and where a bracket has no partner."""
    found: list[int] = []
    opened: list[int] = []
    for position, character in enumerate(line):
        if character in "([{":
            opened.append(position)
        elif character in ")]}":
            if not opened:
                return found, position
            opened.pop()
        elif character in marks and not opened:
            found.append(position)
    return found, opened[0] if opened else None


def _cells(line: str, separators: list[int], spot: Spot) -> list[Cell]:
    cells, start = [], 0
    for end in [*separators, len(line)]:
        piece = line[start:end]
        column = start + len(piece) - len(piece.lstrip()) + 1
        cells.append(Cell(piece.strip(), Spot(spot.path, spot.line, column)))
        start = end + 1
    return cells
