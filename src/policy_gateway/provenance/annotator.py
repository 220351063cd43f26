"""Attaches to released values what is known of where they come from."""

from __future__ import annotations

from collections.abc import Mapping

from policy_gateway.model.disclosure import Note, Notes, Released, ReleasedRecord
from policy_gateway.model.principal import Principal
from policy_gateway.provenance.documentation import Provenance, gap_of
from policy_gateway.provenance.keys import ValueTokens
from policy_gateway.provenance.store import Documented, Reference
from policy_gateway.query import Call

GDPR = "gdpr"
GAP = "gap"
VALUE = "value"


class ProvenanceAnnotator:
    """Notes the envelope of each released value, or its gap, and the token by which an edit names the value.

    All parts are noted; which of them leave is decided elsewhere. A value that is not shown gets no note, since that
    would tell that it exists; one that is shown masked gets no token: who does not see it cannot vouch for it.
    """

    def __init__(self, provenance: Provenance, tokens: ValueTokens) -> None:
        self._provenance = provenance
        self._tokens = tokens

    async def notes(self, principal: Principal, call: Call, released: Released) -> Notes:
        """Return the notes, when the call asks for them."""
        if GDPR not in call.include:
            return {}
        records = [record for record in released.records if record.value_keys]
        if not records:
            return {}
        ids = [record.id for record in records]
        known = await self._provenance.page(principal.tenant, call.connection, released.resource, ids)
        return {record.id: self._of(record, known, principal.tenant, call, released.resource) for record in records}

    def _of(
        self, record: ReleasedRecord, known: Documented, tenant: str, call: Call, resource: str
    ) -> Mapping[str, Note]:
        notes: dict[str, Note] = {}
        for path, value_key in record.value_keys.items():
            place = Reference(tenant, call.connection, resource, record.id, path)
            notes[path] = _known_of(known, record.id, path, value_key)
            if path not in record.masked:  # the token of a masked value would tell whenever that changes
                notes[path] = {**notes[path], VALUE: self._tokens.seal(value_key, place)}
        return notes


def _known_of(known: Documented, record: str, path: str, value_key: bytes) -> Mapping[str, object]:
    if gap := gap_of(known, record, path, value_key):
        return {GAP: gap.value}
    vouched = known.vouched.get(record, {}).get(path)
    envelope = vouched.envelope if vouched is not None else known.default(path)
    if envelope is None:
        return {GAP: "missing"}
    until = envelope.keep_until()
    return {**envelope.parts, "keep_until": until} if until else envelope.parts
