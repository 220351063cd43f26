"""CSV as bulk jobs have it: written with every value in quotes, read as it comes, row by row."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from policy_gateway.errors import InvalidCall

DELIMITERS: Final[Mapping[str, str]] = MappingProxyType(
    {"BACKQUOTE": "`", "CARET": "^", "COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "TAB": "\t"}
)
LINE_ENDINGS: Final[Mapping[str, str]] = MappingProxyType({"LF": "\n", "CRLF": "\r\n"})
MOST_COLUMNS: Final = 5_000
LONGEST_VALUE: Final = 131_072
_BOM: Final = "\ufeff"


def written(rows: Iterable[Sequence[str]], delimiter: str = ",", ending: str = "\n") -> bytes:
    """Return *rows* as CSV: every value in quotes, those in a value doubled."""
    lines = (delimiter.join(f'"{value.replace(chr(34), chr(34) * 2)}"' for value in row) for row in rows)
    return "".join(f"{line}{ending}" for line in lines).encode()


async def rows_of(chunks: AsyncIterator[bytes], delimiter: str = ",") -> AsyncIterator[list[str]]:
    """Yield the rows of a CSV that comes in *chunks*; InvalidCall for what is none, in UTF-8."""
    decoder = _decoder()
    waiting, first = "", True
    async for chunk in chunks:
        waiting += _decoded(decoder, chunk, final=False)
        if first and waiting:
            waiting, first = waiting.removeprefix(_BOM), False
        end = _whole(waiting)
        for row in _parsed(waiting[:end], delimiter):
            yield row
        waiting = waiting[end:]
        if len(waiting) > LONGEST_VALUE * 8:
            raise InvalidCall("a row is too long")
    waiting += _decoded(decoder, b"", final=True)
    for row in _parsed(waiting, delimiter):
        yield row


def _decoder() -> codecs.IncrementalDecoder:
    return codecs.getincrementaldecoder("utf-8")()


def _decoded(decoder: codecs.IncrementalDecoder, chunk: bytes, *, final: bool) -> str:
    try:
        return decoder.decode(chunk, final=final)
    except UnicodeDecodeError:
        raise InvalidCall("the rows are not in UTF-8") from None


def _whole(text: str) -> int:
    """Return where the last row that is whole ends: behind the last line end that is in no quotes."""
    end = text.rfind("\n") + 1
    while end and text.count('"', 0, end) % 2:
        end = text.rfind("\n", 0, end - 1) + 1
    return end


def _parsed(text: str, delimiter: str) -> list[list[str]]:
    if "\0" in text:
        raise InvalidCall("the rows hold what is no text")
    try:
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True) if row]
    except csv.Error:
        raise InvalidCall("the rows are no CSV") from None
    if any(len(row) > MOST_COLUMNS or any(len(value) > LONGEST_VALUE for value in row) for row in rows):
        raise InvalidCall("a row is too long")
    return rows
