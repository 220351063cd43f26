"""What policy can know of single records: how they stand, and whether the person behind one has been recognized."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from policy_gateway.facts.store import NEITHER, Attempts, RecordPlace, Standing, Standings
from policy_gateway.model.facts import Reading, RecordFacts
from policy_gateway.model.principal import Principal
from policy_gateway.query import Call
from policy_gateway.records import Page

RESTRICTED: Final = "fact.restricted"
ERASURE_PENDING: Final = "fact.erasure_pending"
VERIFIED_LEVEL: Final = "fact.verified_level"


class StandingFacts:
    """Knows ``fact.restricted`` and ``fact.erasure_pending`` of every record: both are kept here and nowhere else."""

    provides = frozenset({RESTRICTED, ERASURE_PENDING})

    def __init__(self, standings: Standings) -> None:
        self._standings = standings

    async def about_call(self, principal: Principal, call: Call) -> Reading:
        """Return nothing: both hang on records."""
        return {}

    async def about_records(self, principal: Principal, call: Call, page: Page) -> Sequence[RecordFacts]:
        """Return how each record of *page* stands."""
        ids = [record.id for record in page.records]
        known = await self._standings.page(principal.tenant, call.connection, page.resource, ids)
        if not known:
            return [_NEITHER] * len(ids)
        return [_facts(known[record]) if record in known else _NEITHER for record in ids]


class VerificationFacts:
    """Knows ``fact.verified_level``: how many fields of a record the caller was recognized by in this interaction."""

    provides = frozenset({VERIFIED_LEVEL})

    def __init__(self, attempts: Attempts) -> None:
        self._attempts = attempts

    async def about_call(self, principal: Principal, call: Call) -> Reading:
        """Return nothing: it hangs on records."""
        return {}

    async def about_records(self, principal: Principal, call: Call, page: Page) -> Sequence[RecordFacts]:
        """Return the level for each record of *page*; 0 outside an interaction, as nobody can tell who is there."""
        ids = [record.id for record in page.records]
        if not call.circumstances.interaction:
            return [RecordFacts({VERIFIED_LEVEL: 0})] * len(ids)
        place = RecordPlace(principal.tenant, call.connection, page.resource, "")
        by = (principal.id, call.circumstances.interaction)
        levels = await self._attempts.levels(place, ids, by)
        return [RecordFacts({VERIFIED_LEVEL: levels.get(record, 0)}) for record in ids]


def _facts(standing: Standing) -> RecordFacts:
    return RecordFacts({RESTRICTED: standing.restricted, ERASURE_PENDING: standing.erasure_pending})


_NEITHER: Final = _facts(NEITHER)
