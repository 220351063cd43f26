"""Attaches to released values what is known of where they come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from policy_gateway.model.disclosure import Note, Notes, Released, ReleasedRecord
from policy_gateway.model.principal import Principal
from policy_gateway.provenance.documentation import GapKind, Provenance
from policy_gateway.provenance.envelope import Envelope
from policy_gateway.provenance.keys import ValueTokens
from policy_gateway.provenance.store import ANY_PATH, Documented, Reference
from policy_gateway.query import Call

GDPR = "gdpr"
GAP = "gap"
VALUE = "value"
TOKEN = "token"  # noqa: S105 -- what a call may ask for


class ProvenanceAnnotator:
    """Notes the envelope of each released value, or its gap; and, when asked, the token by which an edit names a value.

    All parts are noted; which of them leave is decided elsewhere. A value that is not shown gets no note, since that
    would tell that it exists.
    """

    def __init__(self, provenance: Provenance, tokens: ValueTokens) -> None:
        self._provenance = provenance
        self._tokens = tokens

    async def notes(self, principal: Principal, call: Call, released: Released) -> Notes:
        """Return the notes, when the call asks for them."""
        if GDPR not in call.include or not released.records:
            return {}
        ids = [record.id for record in released.records]
        known = await self._provenance.page(principal.tenant, call.connection, released.resource, ids)
        general = _Defaults(known)
        told = ((record.id, _of(record, known, general)) for record in released.records)
        notes = {record: own for record, own in told if own}
        if TOKEN in call.include:
            for record in (record for record in released.records if record.id in notes):
                place = Reference(principal.tenant, call.connection, released.resource, record.id, "")
                notes[record.id] = self._with_tokens(record, notes[record.id], place)
        return notes

    def _with_tokens(self, record: ReleasedRecord, notes: Mapping[str, Note], place: Reference) -> Mapping[str, Note]:
        """Return *notes* with the tokens of the values; that of a masked one would tell whenever it changes."""
        told = dict(notes)
        for path, value_key in record.value_keys.items():
            if path in told and path not in record.masked:
                told[path] = {**told[path], VALUE: self._tokens.seal(value_key, replace(place, path=path))}
        return told


class _Defaults(dict[str, Note]):
    """What is noted of a value for which nothing is vouched, by path; worked out once."""

    def __init__(self, known: Documented) -> None:
        super().__init__()
        self._known = known
        self._any = _note(known.defaults.get(ANY_PATH))
        self._one_for_all = known.defaults.keys() <= {ANY_PATH}

    def of(self, paths: list[str]) -> Mapping[str, Note]:
        """Return what is noted of the values at *paths*."""
        return dict.fromkeys(paths, self._any) if self._one_for_all else {path: self[path] for path in paths}

    def __missing__(self, path: str) -> Note:
        envelope = self._known.defaults.get(path)
        note = self[path] = self._any if envelope is None else _note(envelope)
        return note


def _of(record: ReleasedRecord, known: Documented, general: _Defaults) -> Mapping[str, Note]:
    keys = record.value_keys
    vouched = known.vouched.get(record.id)
    if not keys or vouched is None:
        return general.of([path for path, value in record.fields.items() if value is not None])
    notes: dict[str, Note] = {}
    for path, value_key in keys.items():
        own = vouched.get(path)
        if own is None:
            notes[path] = general[path]
        else:
            changed = own.value_key != value_key
            notes[path] = {GAP: GapKind.CHANGED_OUTSIDE.value} if changed else _note(own.envelope)
    return notes


def _note(envelope: Envelope | None) -> Note:
    if envelope is None:
        return {GAP: GapKind.MISSING.value}
    until = envelope.keep_until()
    return {**envelope.parts, "keep_until": until} if until else envelope.parts
