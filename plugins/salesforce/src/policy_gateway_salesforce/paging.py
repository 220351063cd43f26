"""How far a reading has come: what the adapter's cursors hold. The gateway seals them before anybody sees one.

Of the address that the vendor gives for the next page only its last part is kept, and only if it is what it should be:
where a request goes is never up to an answer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from policy_gateway.errors import InvalidCall, UpstreamInvalid
from policy_gateway_salesforce.ids import canonical

MAX_PAGE: Final = 2000
MIN_BATCH: Final = 200
MAX_OFFSET: Final = 2000
DEFAULT_PAGE: Final = 200

_NEXT: Final = re.compile(r"/services/data/v[0-9]{2,3}\.[0-9]/query/([A-Za-z0-9]{15,18})-([0-9]{1,10})", re.ASCII)
_LOCATOR: Final = re.compile(r"[A-Za-z0-9]{15,18}-[0-9]{1,10}", re.ASCII)
_NUMBER: Final = re.compile(r"[0-9]{1,4}", re.ASCII)


class Way(StrEnum):
    """How a result is paged through: after an id, by offset, or by the vendor's own locator."""

    KEYSET = "k"
    OFFSET = "o"
    LOCATOR = "l"


@dataclass(frozen=True, slots=True)
class Place:
    """Where the next page starts on this *way*; empty at the beginning."""

    way: Way
    at: str = ""

    def cursor(self) -> str:
        """Return the cursor to this place."""
        return f"{self.way.value}:{self.at}"


def place(cursor: str | None, *, ordered: bool, limit: int) -> Place:
    """Return where *cursor* points to; without one the beginning. InvalidCall when this query gave no such cursor.

    Without an order of its own a result goes by ids, which has no end. Short pages of an order go by offset, which
    ends; long ones by locator, which does not, but which the vendor keeps for some time only.
    """
    if cursor is None:
        way = Way.KEYSET if not ordered else Way.OFFSET if limit < MIN_BATCH else Way.LOCATOR
        return Place(way)
    kind, _, at = cursor.partition(":")
    fits = {
        Way.KEYSET.value: not ordered and canonical(at) == at,
        Way.OFFSET.value: ordered and _NUMBER.fullmatch(at) is not None,
        Way.LOCATOR.value: ordered and _LOCATOR.fullmatch(at) is not None,
    }
    if not fits.get(kind):
        raise InvalidCall("the cursor is not one of this query")
    return Place(Way(kind), at)


def locator(address: object) -> str:
    """Return the locator in the address of a next page. UpstreamInvalid when it is anything else."""
    found = _NEXT.fullmatch(address) if isinstance(address, str) else None
    if found is None:
        raise UpstreamInvalid("the CRM gave an address for the next page that is none")
    return f"{found[1]}-{found[2]}"


def moved(at: str, by: int) -> str:
    """Return the locator *at* that starts so many records later."""
    name, _, number = at.partition("-")
    return f"{name}-{max(0, int(number) + by)}"


def size(limit: int | None) -> int:
    """Return how many records to ask for at once."""
    if limit is None:
        return DEFAULT_PAGE
    if limit <= 0:
        raise InvalidCall("a page has at least one record")
    return min(limit, MAX_PAGE)
