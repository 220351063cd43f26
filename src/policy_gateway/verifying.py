"""Verifying: does a record hold what somebody says? The value is compared here and goes nowhere."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass, replace

from policy_gateway.enforcement import require_readable
from policy_gateway.enforcement.release import ValueKey
from policy_gateway.facts import Attempts, RecordPlace
from policy_gateway.model.field import ID_PATH
from policy_gateway.query import Query, Verify
from policy_gateway.reading import Asked, Found, Reads, change_of, granted


@dataclass(frozen=True, slots=True)
class Verifications:
    """Compares, a few times an hour for each record. *value_key* gives each tenant's canonical form of values."""

    reads: Reads
    attempts: Attempts
    value_key: Callable[[str], ValueKey]

    async def verify(self, asked: Asked, verify: Verify) -> Found:
        """Return the record, and whether it holds the value; FieldRefused when that may not be asked of this one."""
        residual, target = change_of(asked), asked.target
        paths = dict.fromkeys((ID_PATH, verify.path, *sorted(asked.permit.residual.reads | residual.reads)))
        query = Query(verify.resource, tuple(paths), target=verify.target)
        found = await self.reads.one(asked, query, residual.facts)
        require_readable(verify.path, granted(asked, residual, found))
        place = RecordPlace(target.tenant, target.connection, verify.resource, verify.target)
        interaction = asked.call.circumstances.interaction
        number = await self.attempts.begin(place, asked.principal.id, interaction, verify.path)
        matched = self._same(asked, verify, found)
        if matched:
            await self.attempts.succeeded(place, number)
        return replace(found, matched=matched)

    def _same(self, asked: Asked, verify: Verify, found: Found) -> bool:
        held = found.page.records[0].values.get(verify.path)
        if not isinstance(held, str) or not _plain(held):
            return False  # nobody is recognized by saying nothing
        kind = asked.target.resource.fields[verify.path].type
        keyed = self.value_key(asked.target.tenant)
        return hmac.compare_digest(keyed(_plain(held), kind), keyed(_plain(verify.value), kind))


def _plain(text: str) -> str:
    """Return *text* as it is spoken: nobody says where the blanks are, or how it is capitalized."""
    return "".join(text.split()).casefold()
