"""Changing: the record is read and decided as it is, the intent is durable, then the CRM is asked once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from policy_gateway.audit import Entry
from policy_gateway.crm import Claim, Idempotency, outcome_of
from policy_gateway.enforcement import refuse_mask_echo, release, require_writable, selection_of
from policy_gateway.errors import (
    Denied,
    PreconditionFailed,
    PreconditionRequired,
    RecordNotFound,
    Refused,
    UpstreamError,
    UpstreamInvalid,
)
from policy_gateway.model.field import ID_PATH, RecordId, Value
from policy_gateway.ports import Mask
from policy_gateway.query import ENDING, Change, ChangeKind, Query
from policy_gateway.reading import Asked, Found, Reads, change_of, granted
from policy_gateway.records import Outcome, OutcomeKind, Page, Record

ANY_STATE = "*"


@dataclass(frozen=True, slots=True)
class Changes:
    """Applies permitted changes, each at most once."""

    reads: Reads
    idempotency: Idempotency
    masks: Mapping[str, Mask]

    async def change(self, asked: Asked, change: Change, entry: Entry) -> Found:
        """Apply *change* and return the record as it is then; refused whole when any part is not permitted."""
        if change.kind in {ChangeKind.MERGE, ChangeKind.UPSERT}:
            raise Denied  # neither can be decided field by field before the CRM has chosen the record
        refuse_mask_echo(change.values, asked.target.resource, self.masks.values())
        if change.idempotency_key is not None:
            earlier = await self.idempotency.earlier(asked.principal, asked.target, change)
            if earlier is not None:
                return await self._replayed(asked, change, earlier)
        found = await self._current(asked, change)
        expected = self._decided(asked, change, found)
        claim = await self._claim(asked, change)
        if claim is not None and claim.done:
            return await self._replayed(asked, change, claim)
        await entry.intend()
        told = replace(change, expected=expected, seen=change.target is not None, select=_wanted(asked, change))
        outcome = await self._write(asked, told, entry, claim)
        if claim is not None:
            await self.idempotency.complete(claim, outcome.id)
        after = await self._after(asked, told, outcome)
        return replace(after, touched=outcome.id, page=replace(after.page, limits=outcome.limits))

    async def _current(self, asked: Asked, change: Change) -> Found:
        """Return the record to be changed; a new one is as its values say."""
        if change.kind is ChangeKind.CREATE:
            page = Page(change.resource, (Record(RecordId(""), change.values),))
            needed = change_of(asked).facts
            return Found(page, await self.reads.facts.about_records(asked.principal, asked.call, page, needed))
        if change.target is None:
            raise RecordNotFound
        if not change.precondition:
            raise PreconditionRequired
        residual = change_of(asked)
        paths = dict.fromkeys((*asked.permit.viewable, *sorted(asked.permit.residual.reads | residual.reads)))
        query = Query(change.resource, tuple(paths), target=change.target)
        found = await self.reads.one(asked, query, residual.facts)
        if change.precondition != ANY_STATE:
            self._require_state(asked, found, change.precondition)
        return found

    def _require_state(self, asked: Asked, found: Found, tag: str) -> None:
        """Raise PreconditionFailed unless *tag* is what this principal would be told of the record now."""
        selection = selection_of(tag)
        ceiling = asked.permit.ceiling
        chosen = {path: ceiling[path] for path in selection if path in ceiling} if selection else ceiling
        if len(chosen) < len(selection):
            raise PreconditionFailed
        permit = replace(asked.permit, ceiling={ID_PATH: ceiling[ID_PATH], **chosen})
        rendering = replace(asked.rendering(self.masks), selection=selection)
        now = release(found.page, permit, found.known, rendering)
        if not now.records or now.records[0].tag != tag:
            raise PreconditionFailed

    def _decided(self, asked: Asked, change: Change, found: Found) -> dict[str, Value]:
        """Refuse what may not be written on this record; return the attributes that decided."""
        residual = change_of(asked)
        record = found.page.records[0]
        require_writable(change, granted(asked, residual, found))
        if change.kind is ChangeKind.CREATE:
            return {}
        attributes = {path: record.values.get(path) for path in residual.reads}
        if change.precondition != ANY_STATE:
            attributes |= {path: record.values[path] for path in asked.permit.viewable if path in record.values}
        attributes.pop(ID_PATH, None)
        return attributes

    async def _claim(self, asked: Asked, change: Change) -> Claim | None:
        if change.idempotency_key is None:
            return None
        return await self.idempotency.claim(asked.principal, asked.target, change)

    async def _write(self, asked: Asked, change: Change, entry: Entry, claim: Claim | None) -> Outcome:
        """Ask the CRM once; whatever happens, the entry says how it ended, and a key is free if nothing was applied."""
        entry.outcome(OutcomeKind.UNKNOWN)  # until the CRM has said otherwise, also when the caller goes away
        try:
            outcome = await asked.target.adapter.write(change)
            if outcome.kind is not OutcomeKind.DONE:
                raise UpstreamInvalid("the adapter told of a failure without saying which")
        except (Refused, UpstreamError) as error:
            ended = outcome_of(error)
            entry.outcome(ended)
            if claim is not None and ended is not OutcomeKind.UNKNOWN:
                await self.idempotency.abandon(claim)
            raise
        entry.outcome(outcome.kind, outcome.id)
        return outcome

    async def _replayed(self, asked: Asked, change: Change, claim: Claim) -> Found:
        """Return the record that was changed before: answered under the policy of now, with the values of now."""
        change = replace(change, select=_wanted(asked, change))
        after = await self._after(asked, change, Outcome(OutcomeKind.DONE, claim.record))
        return replace(after, replayed=True, touched=claim.record)

    async def _after(self, asked: Asked, change: Change, outcome: Outcome) -> Found:
        """Return the record as it is now, as far as it may be seen; nothing of one that is gone.

        The CRM's answer to the change will do if it has all that is shown and all that decides, else it is read.
        """
        nothing = Found(Page(change.resource))
        if outcome.id is None or not change.select:
            return nothing
        told = outcome.record
        try:
            if told is not None and told.values.keys() >= set(change.select):
                record = Record(told.id, {path: told.values[path] for path in change.select})
                return await self.reads.told(asked, Page(change.resource, (record,)))
            return await self.reads.one(asked, Query(change.resource, change.select, target=outcome.id))
        except RecordNotFound:
            return nothing  # the change moved it out of this principal's sight


def _wanted(asked: Asked, change: Change) -> tuple[str, ...]:
    """Return what must be known of the record after *change*: what may be shown then, and what decides that."""
    if change.quiet or change.kind in ENDING:
        return ()
    return tuple(dict.fromkeys((*asked.permit.viewable, *sorted(asked.permit.residual.reads))))
