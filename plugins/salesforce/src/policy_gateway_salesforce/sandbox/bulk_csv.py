"""CSV as the bulk APIs take and give it: read row by row, written with every value in quotes."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from policy_gateway_salesforce.sandbox.wire import Json

CSV_TYPE: Final = "text/csv"
DELIMITERS: Final[Mapping[str, str]] = MappingProxyType(
    {"BACKQUOTE": "`", "CARET": "^", "COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "TAB": "\t"}
)
ENDINGS: Final[Mapping[str, str]] = MappingProxyType({"LF": "\n", "CRLF": "\r\n"})
NOTHING: Final = "#N/A"
"""What clears a field; an empty value leaves it as it is."""

FIELDS_MOST: Final = 5_000
RECORD_LONGEST: Final = 400_000
_PART: Final = 500


class Unusable(Exception):
    """The data of a batch cannot be processed at all; the message is the vendor's."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def rows_of(data: bytes, delimiter: str = ",") -> Iterator[list[str]]:
    """Yield the rows of *data* as they come, the header first; Unusable for what is no CSV in UTF-8."""
    text = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8-sig", newline="")
    try:
        for row in csv.reader(text, delimiter=delimiter, strict=True):
            if len(row) > FIELDS_MOST or sum(map(len, row)) > RECORD_LONGEST:
                raise Unusable("ClientInputError : Record is too large")
            if row:
                yield row
    except UnicodeDecodeError:
        raise Unusable("ClientInputError : Data is not in UTF-8") from None
    except csv.Error:
        raise Unusable("ClientInputError : Failed to parse CSV") from None


def require_ending(data: bytes, ending: str) -> None:
    """Refuse data whose first line does not end as the job says that its lines do."""
    end = data.find(b"\n")
    if end < 0:
        return
    told = "CRLF" if data[end - 1 : end] == b"\r" else "LF"
    if told != ending:
        raise Unusable(f"ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is {ending}")


def lines(rows: Iterable[Sequence[str]], delimiter: str = ",", ending: str = "\n") -> Iterator[bytes]:
    """Yield *rows* as CSV, some hundred of them at a time."""
    between, part = f'"{delimiter}"', list[str]()
    for row in rows:
        part.append(f'"{between.join(value.replace(chr(34), chr(34) * 2) for value in row)}"{ending}')
        if len(part) == _PART:
            yield "".join(part).encode()
            part.clear()
    yield "".join(part).encode()


def values_of(header: Sequence[str], row: Sequence[str]) -> dict[str, Json]:
    """Return what *row* wants to write; a column ``Contact.Customer_Number__c`` names a parent by its number."""
    found: dict[str, Json] = {}
    for name, text in zip(header, row, strict=True):
        if text == "":
            continue
        value = None if text == NOTHING else text
        way, _, field = name.partition(".")
        found[way] = {field: value} if field else value
    return found
