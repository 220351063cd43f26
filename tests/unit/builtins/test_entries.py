from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from policy_gateway.audit import Entries, EntryReader
from policy_gateway.builtins.entries import EntryAdapter
from policy_gateway.builtins.own_data import OwnDataKind
from policy_gateway.crm.opened import NoTransport
from policy_gateway.errors import Denied, InvalidCall, RecordNotFound
from policy_gateway.facts import Standings
from policy_gateway.facts.adapter import StandingKind
from policy_gateway.model.field import RecordId
from policy_gateway.query import Change, ChangeKind, Compare, Op, Query
from policy_gateway.records import ConnectionConfig
from policy_gateway.store import Database
from policy_gateway.testing import FakeClock, a_call, a_principal

pytestmark = pytest.mark.anyio

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def anyio_backend() -> str:
    """Run asynchronous tests on asyncio."""
    return "asyncio"


async def refused(entries: Entries, tenant: str) -> None:
    """Write the entry of a call that policy denied."""
    with suppress(Denied):
        async with entries.entry(replace(a_call(), purpose=f"for_{tenant}")) as entry:
            entry.by(a_principal(tenant=tenant))
            raise Denied


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """Yield a database with five entries of acme and one of bolt."""
    async with Database.open(f"sqlite:///{tmp_path / 'entries.db'}") as opened:
        entries = Entries(opened, clock=FakeClock(NOON))
        for tenant in ("acme",) * 5 + ("bolt",):
            await refused(entries, tenant)
        await entries.close()
        yield opened


@pytest.fixture
def adapter(database: Database) -> EntryAdapter:
    """Return the adapter of acme's entries."""
    return EntryAdapter("acme", EntryReader(database))


class TestEntries:
    async def test_pages(self, adapter: EntryAdapter) -> None:
        """Entries come the newest first, page by page, until the first one."""
        seen: list[list[str]] = []
        cursor = None
        for _ in range(3):
            page = await adapter.read(Query("entry", ("id",), limit=2, cursor=cursor))
            seen.append([record.id for record in page.records])
            cursor = page.cursor
        assert ([["5", "4"], ["3", "2"], ["1"]], None) == (seen, cursor)

    async def test_one(self, adapter: EntryAdapter) -> None:
        """An entry says when, what, for which purpose and how it was decided."""
        page = await adapter.read(
            Query("entry", ("time", "decision", "purpose", "code", "rules"), target=RecordId("3"))
        )
        assert [
            {
                "time": "2026-11-23T12:00:00.000+00:00",
                "decision": "deny",
                "purpose": "for_acme",
                "code": "denied",
                "rules": (),
            }
        ] == [dict(record.values) for record in page.records]

    @pytest.mark.parametrize("record", ["6", "0", "x", "-1", "1 ", "9" * 40, "٣"])
    async def test_none(self, adapter: EntryAdapter, record: str) -> None:
        """A number that no entry of the tenant has is no record, and what is no number neither."""
        with pytest.raises(RecordNotFound):
            await adapter.read(Query("entry", target=RecordId(record)))

    async def test_own_tenant(self, database: Database) -> None:
        """Each tenant has its own numbers and sees its own entries."""
        page = await EntryAdapter("bolt", EntryReader(database)).read(Query("entry", ("id", "purpose")))
        assert [{"id": "1", "purpose": "for_bolt"}] == [dict(record.values) for record in page.records]

    async def test_no_filter(self, adapter: EntryAdapter) -> None:
        """A filter is refused rather than left out."""
        with pytest.raises(InvalidCall):
            await adapter.read(Query("entry", where=Compare("decision", Op.EQ, "deny")))

    @pytest.mark.parametrize("kind", list(ChangeKind))
    async def test_no_change(self, adapter: EntryAdapter, kind: ChangeKind) -> None:
        """Nobody changes evidence."""
        with pytest.raises(InvalidCall):
            await adapter.write(Change(kind, "entry", RecordId("1"), values={"decision": "permit"}))


class TestOwnData:
    async def test_by_resource(self, database: Database) -> None:
        """One connection has the resources of all its kinds, and each call goes to the one that it is about."""
        standings = Standings(database, FakeClock(NOON))
        kind = OwnDataKind(StandingKind(standings))
        adapter = kind.connect(ConnectionConfig("acme", "gateway"), NoTransport())
        page = await adapter.read(Query("standing", ("restricted",), target=RecordId("crm:contact:7")))
        assert ["standing"] == list((await adapter.catalogue()).resources)
        assert [{"restricted": False}] == [dict(record.values) for record in page.records]
