"""The one choke point: every entrance builds a Call, and gets a Disclosure from here or nothing.

:meth:`Gateway.handle` is the life of one call: who is asking, what decides, what the CRM is asked, what leaves, and
what is remembered. Nothing else reaches an adapter.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from policy_gateway.audit import Entries, Entry
from policy_gateway.changing import Changes
from policy_gateway.crm import Connections, together
from policy_gateway.deciding import decide, described
from policy_gateway.enforcement import Rendering, release_all, require_found, require_permit, require_purpose, worded
from policy_gateway.enforcement.release import ValueKey
from policy_gateway.errors import AnnotationFailed, GatewayError, ObligationUnmet
from policy_gateway.facts import Facts
from policy_gateway.identity import authenticate
from policy_gateway.model.decision import Obligation
from policy_gateway.model.disclosure import Disclosure, Note, Notes, Released
from policy_gateway.model.field import RecordId
from policy_gateway.model.principal import Credential
from policy_gateway.policy import Policies
from policy_gateway.ports import Annotator, Authenticator, Mask
from policy_gateway.provenance import GDPR, TOKEN, VOUCHED
from policy_gateway.query import Batch, Call, Change, Query, Verify
from policy_gateway.reading import Asked, Found, Reads
from policy_gateway.records import Page
from policy_gateway.verifying import Verifications

MOST_CALLS_AT_ONCE = 8
MOST_READS_AT_ONCE = 100
UNDECIDED_PARTS = frozenset({"gap", "value"})
"""That an envelope is missing, and the token by which an edit names the value: neither says anything of an envelope."""


@dataclass(frozen=True, slots=True)
class Gateway:
    """Everything that a call needs, put together in :mod:`policy_gateway.app`."""

    entries: Entries
    authenticators: Sequence[Authenticator]
    policies: Policies
    connections: Connections
    facts: Facts
    reads: Reads
    changes: Changes
    verifications: Verifications
    masks: Mapping[str, Mask]
    obligations: frozenset[str]
    annotators: Sequence[Annotator]
    value_key: Callable[[str], ValueKey]

    async def handle(self, call: Call, credential: Credential) -> Disclosure:
        """Answer *call*, or raise a :class:`GatewayError`: NotAuthenticated when nobody knows the credential.

        However this ends, an entry of it is durable before anybody learns of it, or AuditUnavailable is all they learn.
        """
        async with self.entries.entry(call) as entry:
            principal = entry.by(await authenticate(credential, self.authenticators))
            policy = self.policies.current()
            target = await self.connections.open(principal.tenant, require_purpose(call))
            call = entry.about(target.call)
            facts = await self.facts.about_call(principal, call)
            permit = require_permit(entry.decided(decide(policy, principal, target, facts)))
            asked = Asked(principal, call, target, permit)
            found = await self.perform(asked, entry)
            released = require_found(release_all(found.learned, permit, self.rendering(asked, found)), call)
            self.fulfil(released.obligations)
            notes = await self.annotate(asked, released)
            disclosure = Disclosure(
                released,
                notes,
                permit,
                entry.correlation,
                replayed=found.replayed,
                matched=found.matched,
                described=described(policy, principal, target, facts),
                limits=found.page.limits,
                touched=found.touched,
                total=found.total,
            )
            return worded(entry.disclosed(disclosure), call, target.resource)

    async def handle_batch(self, batch: Batch, credential: Credential) -> list[Disclosure | GatewayError]:
        """Answer each call of *batch* in order, each decided and journalled on its own; errors are answers here."""
        reading = all(isinstance(call.operation, Query) for call in batch.calls)
        at_once = asyncio.Semaphore(MOST_READS_AT_ONCE if reading else MOST_CALLS_AT_ONCE)

        async def answer(call: Call) -> Disclosure | GatewayError:
            async with at_once:
                try:
                    return await self.handle(call, credential)
                except GatewayError as error:
                    return error

        with together():
            return list(await asyncio.gather(*(answer(call) for call in batch.calls)))

    async def refused(self, attempt: Call, credential: Credential, error: GatewayError) -> None:
        """Journal what never became a call (a query that does not parse, say) and raise *error*."""
        async with self.entries.entry(attempt) as entry:
            entry.by(await authenticate(credential, self.authenticators))
            raise error

    async def perform(self, asked: Asked, entry: Entry) -> Found:
        """Ask the CRM for no more than is permitted and decides, change what may be changed, compare what may be."""
        self.fulfil(asked.permit.obligations)  # what cannot be met stops a change before it is made
        match asked.call.operation:
            case Query() as query:
                return await self.reads.read(asked, query)
            case Change() as change:
                return await self.changes.change(asked, change, entry)
            case Verify() as verify:
                return await self.verifications.verify(asked, verify)
            case _:
                return Found(Page(asked.target.resource.name))

    def rendering(self, asked: Asked, found: Found) -> Rendering:
        """Return how values become visible; keyed for their provenance when it is wanted and any is vouched for."""
        wanted = asked.call.include
        vouched = GDPR in wanted and any(facts.facts.get(VOUCHED, True) for facts in found.known)
        keyed = vouched or TOKEN in wanted
        return asked.rendering(self.masks, self.value_key(asked.target.tenant) if keyed else None)

    def fulfil(self, obligations: frozenset[Obligation]) -> None:
        """Make sure that each obligation is one that is met: by the entry, or by the caller, who is told of it."""
        if any(obligation.name not in self.obligations for obligation in obligations):
            raise ObligationUnmet

    async def annotate(self, asked: Asked, released: Released) -> Notes:
        """Return what annotators say of the released values, reduced to the envelope's permitted parts."""
        notes: dict[RecordId, dict[str, Note]] = {}
        parts = {
            record: asked.permit.envelope(group.truths) | UNDECIDED_PARTS
            for group in released.groups
            for record in group.ids
        }
        shown = {record.id: record.fields for record in released.records}
        for annotator in self.annotators:
            try:
                said = await annotator.notes(asked.principal, asked.call, released)
                for record, own in said.items():
                    notes.setdefault(record, {}).update(_reduced(own, shown[record], parts[record]))
            except GatewayError:
                raise
            except Exception as broken:  # noqa: BLE001 -- annotators are plugins; fail closed
                raise AnnotationFailed(f"an annotator failed with {type(broken).__name__}") from None
        return notes


def _reduced(own: Mapping[str, Note], shown: Iterable[str], parts: frozenset[str]) -> dict[str, Note]:
    """Return the notes of what is *shown*, each with those *parts* only; values that share a note go on sharing it."""
    each = {id(note): note for note in own.values()}
    reduced = {key: {part: value for part, value in note.items() if part in parts} for key, note in each.items()}
    paths = [path for path in shown if path in own]
    if len(reduced) == 1:
        return dict.fromkeys(paths, next(iter(reduced.values())))
    return {path: reduced[id(own[path])] for path in paths}
