"""The documentation of values: read, edited by new versions, and searched for gaps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from policy_gateway.errors import PreconditionFailed
from policy_gateway.provenance.envelope import Envelope
from policy_gateway.provenance.store import Documented, ProvenanceStore, Reference, Version
from policy_gateway.store import Database


class GapKind(StrEnum):
    """Why nothing is known of a value."""

    MISSING = "missing"
    CHANGED_OUTSIDE = "changed-outside"


@dataclass(frozen=True, slots=True)
class Gap:
    """A value of which nothing is known."""

    record: str
    path: str
    kind: GapKind


@dataclass(frozen=True, slots=True)
class Edit:
    """What an editor wants: *parts* to replace (None takes one away), for the value behind *value_key*.

    *editor* is a pseudonym, *reason* a code. *expected* is the version that the editor saw; None: whatever is there.
    """

    value_key: bytes = field(repr=False)
    parts: Mapping[str, object]
    editor: str
    reason: str = ""
    expected: int | None = None


class Provenance:
    """What is known of values, by place: (tenant, connection, resource, record, path)."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime]) -> None:
        self._store = ProvenanceStore(database, clock)
        self._clock = clock

    async def page(self, tenant: str, connection: str, resource: str, records: Sequence[str]) -> Documented:
        """Return what is known of a page of records, in one statement."""
        return await self._store.page(tenant, connection, resource, records)

    async def edit(self, place: Reference, edit: Edit) -> Version:
        """Add a version; nothing is overwritten. Parts of an envelope that was about another value are not kept.

        InvalidCall, with the part as pointer, for one that cannot be; PreconditionFailed when somebody was faster.
        """
        now = self._clock()

        def next_version(newest: Version | None) -> Version:
            number = 0 if newest is None else newest.number
            if edit.expected is not None and edit.expected != number:
                raise PreconditionFailed
            same = newest is not None and newest.value_key == edit.value_key
            before = newest.envelope if newest is not None and same else Envelope()
            return Version(number + 1, edit.value_key, before.changed(edit.parts), edit.editor, edit.reason, now)

        return await self._store.add(place, next_version)

    async def history(self, place: Reference) -> Sequence[Version]:
        """Return all versions at *place*, the oldest first."""
        return await self._store.history(place)

    async def set_default(self, place: Reference, parts: Mapping[str, object], editor: str) -> int:
        """Say what holds for values of *place*'s path (``*``: all) of which nothing else is known; a new version."""
        return await self._store.set_default(place, Envelope.of(parts), editor)

    async def gaps(
        self, tenant: str, connection: str, resource: str, keys: Mapping[str, Mapping[str, bytes]]
    ) -> Sequence[Gap]:
        """Return which values nothing is known of; *keys* are the values' keys by record and path."""
        known = await self.page(tenant, connection, resource, list(keys))
        return list(_gaps(known, keys))


def gap_of(known: Documented, record: str, path: str, value_key: bytes) -> GapKind | None:
    """Return which gap there is for the value behind *value_key*, if any."""
    vouched = known.vouched.get(record, {}).get(path)
    if vouched is not None:
        return None if vouched.value_key == value_key else GapKind.CHANGED_OUTSIDE
    return None if known.default(path) is not None else GapKind.MISSING


def _gaps(known: Documented, keys: Mapping[str, Mapping[str, bytes]]) -> Iterator[Gap]:
    for record, own in keys.items():
        for path, value_key in own.items():
            if kind := gap_of(known, record, path, value_key):
                yield Gap(record, path, kind)
