"""Locators: where the next page of an answer begins. They say nothing, and nobody else can use them."""

from __future__ import annotations

import zlib
from dataclasses import asdict, dataclass
from datetime import date
from typing import Final

import orjson

from policy_gateway.ports import Seal
from policy_gateway_salesforce.facade.exchange.refusals import Refusal

LONGEST: Final = 16_000
"""In characters: what fits into a URL. A query too long for that has one page only."""

_LARGEST: Final = 400_000
"""In bytes, unpacked."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an answer goes on: the query *text*, asked on the day *today*, from the gateway's own *cursor* on.

    *size* is how many records a page has, *taken* how many have been given, *skip* how many more are left out first.
    *total* is how many there are in all, as far as that was counted. *job* is the bulk job that it belongs to, if any.
    """

    text: str
    today: str
    cursor: str | None
    size: int
    taken: int = 0
    skip: int = 0
    total: int = 0
    job: str = ""

    @property
    def day(self) -> date:
        """Return the day from which the query counts."""
        return date.fromisoformat(self.today)


def locator_of(place: Place, seal: Seal) -> str:
    """Return the locator of *place*; refused when it does not fit into a URL."""
    token = seal.close(zlib.compress(orjson.dumps(asdict(place)), 9))
    if len(token) > LONGEST:
        raise Refusal(400, "QUERY_TOO_COMPLICATED", "The query is too long to be answered in pages: ask a bulk job")
    return token


def place_of(locator: str, seal: Seal) -> Place:
    """Return the place that *locator* leads to; refused when it is nobody's, or somebody else's."""
    said = seal.open(locator)
    if said is None:
        raise invalid_locator()
    return Place(**orjson.loads(zlib.decompressobj().decompress(said, _LARGEST)))


def invalid_locator() -> Refusal:
    """Return the refusal of a locator, for whatever reason."""
    return Refusal(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
