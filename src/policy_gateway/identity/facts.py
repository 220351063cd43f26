"""What policy can know of a principal besides its names: who it is in the CRM that it asks."""

from __future__ import annotations

from collections.abc import Sequence

from policy_gateway.identity.memberships import Memberships
from policy_gateway.model.facts import Reading, RecordFacts
from policy_gateway.model.principal import Principal
from policy_gateway.query import Call
from policy_gateway.records import Page

OWNER_ID = "owner_id"
OWNER_IDS = "principal.owner_ids"


class PrincipalFacts:
    """Knows ``principal.owner_ids``: the ids of the CRM's users that the principal is.

    They are the words of its attributes ``owner_id`` and, for one connection only, ``owner_id.<connection>``.
    """

    provides = frozenset({OWNER_IDS})

    def __init__(self, memberships: Memberships) -> None:
        self._memberships = memberships

    async def about_call(self, principal: Principal, call: Call) -> Reading:
        """Return the ids; what is not known stays unknown."""
        attributes = await self._memberships.attributes(principal.tenant, principal.id)
        named = (attributes.get(name, "") for name in (OWNER_ID, f"{OWNER_ID}.{call.connection}"))
        ids = frozenset(one for text in named for one in text.split())
        return {OWNER_IDS: ids} if ids else {}

    async def about_records(self, principal: Principal, call: Call, page: Page) -> Sequence[RecordFacts]:
        """Return nothing more: all of it is known beforehand."""
        return [RecordFacts()] * len(page.records)
