"""Working stand-ins for ports: they do what the port promises, and remember what they were asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from policy_gateway.errors import AuditUnavailable
from policy_gateway.model.facts import Reading, RecordFacts
from policy_gateway.model.field import Catalogue, RecordId
from policy_gateway.model.principal import Principal
from policy_gateway.query import Call, Change, Query
from policy_gateway.records import Adapter, Outcome, Page


class FakeClock:
    """A clock that stands still until :meth:`advance`; starts on a Monday noon."""

    def __init__(self, now: datetime = datetime(2026, 11, 23, 12, tzinfo=UTC)) -> None:
        self.now = now

    def __call__(self) -> datetime:
        """Return the time."""
        return self.now

    def advance(self, **units: float) -> datetime:
        """Move on by *units* of :class:`datetime.timedelta` (``seconds=3``) and return the new time."""
        self.now += timedelta(**units)
        return self.now


class DeterministicRandomness:
    """Bytes that look random and depend only on *seed* and on how many were drawn before."""

    def __init__(self, seed: str = "seed") -> None:
        self._seed = seed
        self._drawn = 0

    def __call__(self, size: int) -> bytes:
        """Return the next *size* bytes."""
        blocks = []
        for _ in range(-(-size // 32)):
            blocks.append(sha256(f"{self._seed}/{self._drawn}".encode()).digest())
            self._drawn += 1
        return b"".join(blocks)[:size]


class CollectingJournal:
    """A journal in a list; while *broken* it refuses, as a full disk would."""

    def __init__(self) -> None:
        self.entries: list[bytes] = []
        self.broken = False

    async def append(self, entries: Sequence[bytes]) -> None:
        """Remember *entries*, or raise AuditUnavailable while broken."""
        if self.broken:
            raise AuditUnavailable
        self.entries.extend(entries)


class FakeFactSource:
    """Knows what it was told: *call* facts, and facts *records* by id; a record not listed has *default*."""

    def __init__(
        self,
        *,
        call: Reading | None = None,
        records: Mapping[str, RecordFacts] | None = None,
        default: RecordFacts | None = None,
        provides: frozenset[str] = frozenset(),
    ) -> None:
        self._call = dict(call or {})
        self._records = {RecordId(record_id): facts for record_id, facts in (records or {}).items()}
        self._default = default or RecordFacts()
        self.provides = provides | frozenset(self._call) | _keys((*self._records.values(), self._default))
        self.batches: list[tuple[RecordId, ...]] = []

    async def about_call(self, principal: Principal, call: Call) -> Reading:
        """Return the call facts."""
        del principal, call
        return self._call

    async def about_records(self, principal: Principal, call: Call, page: Page) -> Sequence[RecordFacts]:
        """Return the facts of each record, and remember the batch."""
        del principal, call
        self.batches.append(tuple(record.id for record in page.records))
        return [self._records.get(record.id, self._default) for record in page.records]


def _keys(facts: Sequence[RecordFacts]) -> frozenset[str]:
    keys = {key for one in facts for key in one.facts}
    return frozenset(keys.union(*(values for one in facts for values in one.values.values())))


class RecordingAdapter:
    """An adapter around an adapter that remembers each query and change."""

    def __init__(self, adapter: Adapter) -> None:
        self._adapter = adapter
        self.queries: list[Query] = []
        self.changes: list[Change] = []

    async def catalogue(self) -> Catalogue:
        """Pass on."""
        return await self._adapter.catalogue()

    async def read(self, query: Query) -> Page:
        """Remember *query* and pass it on."""
        self.queries.append(query)
        return await self._adapter.read(query)

    async def write(self, change: Change) -> Outcome:
        """Remember *change* and pass it on."""
        self.changes.append(change)
        return await self._adapter.write(change)


class TamperingAdapter:
    """An adapter that breaks its promises: *tamper* turns each query and honest page into another page."""

    def __init__(self, adapter: Adapter, tamper: Callable[[Query, Page], Page]) -> None:
        self._adapter = adapter
        self._tamper = tamper

    async def catalogue(self) -> Catalogue:
        """Pass on."""
        return await self._adapter.catalogue()

    async def read(self, query: Query) -> Page:
        """Return what *tamper* makes of the honest page."""
        return self._tamper(query, await self._adapter.read(query))

    async def write(self, change: Change) -> Outcome:
        """Pass on."""
        return await self._adapter.write(change)
