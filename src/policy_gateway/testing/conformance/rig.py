# ruff: noqa: S101 -- a conformance check is a test
"""What a plugin says about its adapter so that the kit can check it."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import pytest

from policy_gateway.errors import GatewayError, InvalidCall
from policy_gateway.model.field import Field, RecordId, Resource, Value
from policy_gateway.query import Query, Where
from policy_gateway.records import Adapter, Page, Record, Request
from policy_gateway.testing.faults import Fault, FaultyTransport

_MISSING = RecordId("99999999")
_SHORT = 4
_MAX_PAGES = 500


class Upstream(Protocol):
    """The CRM's side: what it was asked for, and a switch to make it misbehave."""

    def asked(self) -> frozenset[str]:
        """Return the CRM's own names of all fields that it was asked for since :meth:`forget`."""
        ...

    def addresses(self) -> Sequence[str]:
        """Return where each call since :meth:`forget` went: URL paths, or whatever names a place in this CRM."""
        ...

    def forget(self) -> None:
        """Start anew."""
        ...

    def misbehave(self, fault: Fault | None) -> None:
        """Answer each call by *fault* from now on; None: behave again."""
        ...


class WireTap:
    """An :class:`Upstream` for every CRM that is called by HTTP.

    *asked* tells from a request which fields it asks for, by the CRM's own names.
    """

    def __init__(self, transport: FaultyTransport, asked: Callable[[Request], Iterable[str]]) -> None:
        self._transport = transport
        self._asked = asked

    def asked(self) -> frozenset[str]:
        """Return the fields that all requests asked for."""
        return frozenset(name for request in self._transport.requests for name in self._asked(request))

    def addresses(self) -> Sequence[str]:
        """Return the paths of all requests."""
        return [request.path for request in self._transport.requests]

    def forget(self) -> None:
        """Forget the requests."""
        self._transport.forget()

    def misbehave(self, fault: Fault | None) -> None:
        """Spoil what the transport answers."""
        self._transport.misbehave(fault)


@dataclass(frozen=True, slots=True)
class DataSubject:
    """A record that can be found by *spellings* of identifiers: path -> ways to write the same number or address."""

    id: RecordId
    spellings: Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Rig:
    """An adapter on a prepared CRM.

    *ids* are at least three records of *resource* that exist; *missing* and *foreign* ids that do not, well-formed and
    hostile ones. *empty* are (id, path) pairs without a value. *subjects* can be looked up. *ordered_by* is a path
    whose order does not depend on a collation. *new* holds values that survive a round trip, *changed* other ones for
    some of the same paths; leave *new* empty for a CRM that cannot be written to. *native_names* gives the CRM's own
    names for a field, where :attr:`Field.native` alone does not. *always_asked* are names that the CRM is always asked
    for (its id). *carries* names nodes beyond the required ones that the adapter understands, by class name.
    """

    adapter: Adapter
    upstream: Upstream
    ids: tuple[RecordId, ...]
    subjects: tuple[DataSubject, ...]
    adapter_name: str
    resource: str = "contact"
    missing: RecordId = _MISSING
    empty: tuple[tuple[RecordId, str], ...] = ()
    ordered_by: str = "id"
    new: Mapping[str, Value] = field(default_factory=dict)
    changed: Mapping[str, Value] = field(default_factory=dict)
    native_names: Callable[[Field], frozenset[str]] = lambda field: frozenset({field.native})
    always_asked: frozenset[str] = frozenset({"id"})
    carries: frozenset[str] = frozenset()

    async def described(self) -> Resource:
        """Return the resource under test as the catalogue describes it."""
        return (await self.adapter.catalogue()).resources[self.resource]

    async def read(self, *select: str, where: Where | None = None, limit: int | None = None) -> Page:
        """Return one page."""
        return await self.adapter.read(Query(self.resource, select=select, where=where, limit=limit))

    async def get(self, record_id: RecordId, *select: str) -> Record:
        """Return the record with *record_id*."""
        page = await self.adapter.read(Query(self.resource, select=select, target=record_id))
        assert [record.id for record in page.records] == [record_id]
        return page.records[0]

    async def all(self, query: Query) -> list[Record]:
        """Return the records of all pages of *query*, in order."""
        records: list[Record] = []
        for _ in range(_MAX_PAGES):
            page = await self.adapter.read(query)
            records.extend(page.records)
            if page.cursor is None:
                return records
            query = replace(query, cursor=page.cursor)
        pytest.fail("paging does not come to an end")

    async def values(self, record_ids: Iterable[RecordId]) -> frozenset[str]:
        """Return all texts in the mapped fields of records that are long enough to be recognized."""
        paths = tuple(path for path in (await self.described()).fields if path != "id")
        records = [await self.get(record_id, *paths) for record_id in record_ids]
        return recognizable(value for record in records for value in record.values.values())

    async def found_or_refused(self, where: Where, *select: str) -> list[Record] | None:
        """Return all records for *where*, or None when the adapter refuses to filter like that."""
        try:
            return await self.all(Query(self.resource, select=select, where=where))
        except InvalidCall:
            return None


def recognizable(values: Iterable[Value]) -> frozenset[str]:
    """Return the texts among *values* that are long enough to be told from other words."""
    return frozenset(text for value in values for text in _texts(value) if len(text) > _SHORT)


def leaked(error: GatewayError, values: Iterable[str]) -> list[str]:
    """Return those of *values* that a log of *error*, with all its causes, would show."""
    shown = "".join(traceback.format_exception(error)) + repr(error.args) + error.detail
    return sorted(value for value in values if value in shown)


def _texts(value: Value) -> tuple[str, ...]:
    match value:
        case str():
            return (value,)
        case tuple():
            return value
        case _:
            return ()
