"""How far a reading has come: what the adapter's cursors hold. The gateway seals them before anybody sees one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from policy_gateway.errors import InvalidCall

MAX_LIST: Final = 100
MAX_SEARCH: Final = 200
MAX_WINDOW: Final = 10_000

_CURSOR: Final = re.compile(r"(?P<way>[lkoi]):(?P<place>[A-Za-z0-9%=+/_-]{1,200})")
_NUMBER: Final = re.compile(r"[0-9]{1,20}")


class Way(StrEnum):
    """How a result is paged through: HubSpot's list, after an id, by offset, or through given ids."""

    LIST = "l"
    KEYSET = "k"
    OFFSET = "o"
    IDS = "i"


@dataclass(frozen=True, slots=True)
class Place:
    """Where the next page starts on this *way*; empty at the beginning."""

    way: Way
    at: str = ""

    def number(self) -> int:
        """Return the place as a number, 0 at the beginning."""
        return int(self.at or "0")

    def next(self, at: str) -> str:
        """Return the cursor to *at*."""
        return f"{self.way.value}:{at}"


def place(way: Way, cursor: str | None) -> Place:
    """Return where *cursor* points to. InvalidCall when it was not given on the same *way*."""
    if cursor is None:
        return Place(way)
    found = _CURSOR.fullmatch(cursor)
    if found is None or found["way"] != way.value:
        raise InvalidCall("the cursor is not one of this query")
    if way is not Way.LIST and _NUMBER.fullmatch(found["place"]) is None:
        raise InvalidCall("the cursor is not one of this query")
    return Place(way, found["place"])


def size(limit: int | None, most: int) -> int:
    """Return how many records to ask for at once."""
    if limit is None:
        return min(100, most)
    if limit <= 0:
        raise InvalidCall("a page has at least one record")
    return min(limit, most)
