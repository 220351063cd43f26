"""Formatting rule files: columns aligned, comments kept, nothing changed in what they say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from policy_gateway.errors import PolicyError
from policy_gateway.policy.dialect import COLUMNS, END
from policy_gateway.policy.findings import Findings
from policy_gateway.policy.rows import Row, decoded_text, rows_in

Columns = Mapping[tuple[str, int], Sequence[int]]


def formatted(path: str, data: bytes) -> str:
    """Return the rule file *data* in canonical form. Raises PolicyError when a line of it cannot be read.

    ``;`` between columns becomes ``,``; a byte-order mark goes; the end line comes last. Idempotent.
    """
    findings = Findings()
    text = decoded_text(path, data, findings)
    rows = {row.spot.line: row for row in rows_in(path, text or "", findings)}
    if found := findings.all():
        raise PolicyError(found)
    widths = _widths(list(rows.values()))
    lines: list[str] = []
    for number, line in enumerate((text or "").split("\n"), 1):
        if line.strip() == END:
            continue
        laid_out = _line(rows[number], widths) if number in rows else line.rstrip()
        if laid_out or (lines and lines[-1]):
            lines.append(laid_out)
    while lines and not lines[-1]:
        lines.pop()
    return "\n".join([*lines, "", END, ""])


def format_folder(folder: Path, *, write: bool) -> tuple[str, ...]:
    """Return the paths of rule files that are not in canonical form; with *write*, put them into it."""
    changed = []
    for path in (*sorted(folder.glob("*.csv")), *sorted(folder.glob("tenants/*.csv"))):
        data = path.read_bytes()
        name = path.relative_to(folder).as_posix()
        wanted = formatted(name, data).encode()
        if wanted != data:
            changed.append(name)
            if write:
                _replace(path, wanted)
    return tuple(changed)


def _replace(path: Path, data: bytes) -> None:
    aside = path.with_name(f".{path.name}.new")
    aside.write_bytes(data)
    aside.replace(path)


def _widths(rows: Sequence[Row]) -> Columns:
    widths: dict[tuple[str, int], list[int]] = {}
    for row in rows:
        cells = [row.kind.text, *(cell.text for cell in row.cells)]
        known = widths.setdefault((row.kind.text, len(cells)), _least(row.kind.text, len(cells)))
        widths[row.kind.text, len(cells)] = [max(pair) for pair in zip(known, map(len, cells), strict=True)]
    return widths


def _least(kind: str, cells: int) -> list[int]:
    """Return what a rule's columns are wide at least: the names of the columns fit above them, in a comment."""
    names = (kind, *COLUMNS) if kind == "p" else ()
    return [len(name) for name in names] if len(names) == cells else [0] * cells


def _line(row: Row, widths: Columns) -> str:
    cells = [row.kind.text, *(cell.text for cell in row.cells)]
    *padded, last = zip(cells, widths[row.kind.text, len(cells)], strict=True)
    return " ".join([*(f"{text},".ljust(width + 1) for text, width in padded), last[0]])
