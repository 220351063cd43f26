"""How a query or a search is refused: what is wrong and where, in the vendor's codes."""

from __future__ import annotations

from typing import Final

MALFORMED_QUERY: Final = "MALFORMED_QUERY"
MALFORMED_SEARCH: Final = "MALFORMED_SEARCH"
INVALID_FIELD: Final = "INVALID_FIELD"
INVALID_QUERY_FILTER_OPERATOR: Final = "INVALID_QUERY_FILTER_OPERATOR"
NUMBER_OUTSIDE_VALID_RANGE: Final = "NUMBER_OUTSIDE_VALID_RANGE"


class SoqlError(Exception):
    """A text that is not understood, or not accepted.

    *message* says why, without quoting more of the text than the offending word; *line* and *column* begin at 1;
    *code* is the vendor's; *refusal* is the class of the refusal, as SOQL.md lists them.
    """

    def __init__(self, message: str, place: tuple[int, int], code: str, refusal: str) -> None:
        super().__init__(message)
        self.message = message
        self.line, self.column = place
        self.code = code
        self.refusal = refusal


def place(text: str, at: int) -> tuple[int, int]:
    """Return the line and the column, both from 1, of the character after the first *at* ones of *text*."""
    line = text.count("\n", 0, at) + 1
    return line, at - (text.rfind("\n", 0, at) + 1) + 1
