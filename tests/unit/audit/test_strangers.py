"""Attempts without a known key: remembered, counted, and no way to fill the disk."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest

from policy_gateway.audit import Entries, EntryReader
from policy_gateway.audit.strangers import source_of
from policy_gateway.errors import AuditUnavailable, NotAuthenticated
from policy_gateway.query import Call, Circumstances, Query
from policy_gateway.store import Database
from policy_gateway.testing.fakes import FakeClock

pytestmark = pytest.mark.anyio


async def knock(entries: Entries, network: str = "192.0.2.17") -> None:
    """Try to call without a key."""
    with pytest.raises(NotAuthenticated):
        async with entries.entry(Call("crm", Query("contact"), circumstances=Circumstances(network=network))):
            raise NotAuthenticated


async def told(database: Database) -> list[tuple[object, ...]]:
    """Return what the system's journal says, the oldest first."""
    found = await EntryReader(database).page("_system", 1000)
    return [(entry["kind"], entry["source"], entry["count"]) for entry in reversed(found)]


class TestCounting:
    async def test_first_is_recorded(self, entries: Entries, database: Database) -> None:
        """The first attempt of a source in a minute is durable before it is answered."""
        await knock(entries)

        assert [("decision", "192.0.2.0/24", 1)] == await told(database)

    async def test_flood(self, entries: Entries, database: Database, clock: FakeClock) -> None:
        """A flood is one entry and one count a source and minute."""
        for _ in range(100):
            await knock(entries)
        await asyncio.gather(*(knock(entries, f"198.51.100.{number}") for number in range(100)))
        clock.advance(minutes=1)
        await knock(entries)

        expected = [
            ("decision", "192.0.2.0/24", 1),
            ("decision", "198.51.100.0/24", 1),
            ("system", "192.0.2.0/24", 99),
            ("system", "198.51.100.0/24", 99),
            ("decision", "192.0.2.0/24", 1),
        ]
        assert expected == await told(database)

    async def test_many_sources(self, entries: Entries, database: Database) -> None:
        """Beyond a number of sources a minute the others are one."""
        await asyncio.gather(*(knock(entries, f"2001:db8:{number:x}::1") for number in range(400)))
        await entries.close()
        found = await told(database)

        assert (257, ("decision", "others", 1), ("system", "others", 143)) == (
            len([one for one in found if one[0] == "decision"]),
            found[256],
            found[-1],
        )

    async def test_close(self, entries: Entries, database: Database) -> None:
        """Closing records what was only counted."""
        await knock(entries)
        await knock(entries)
        await entries.close()

        assert [("decision", "192.0.2.0/24", 1), ("system", "192.0.2.0/24", 1)] == await told(database)

    async def test_first_goes_away(self, entries: Entries, database: Database) -> None:
        """When the first is cancelled the others' entry is written all the same."""
        first = asyncio.create_task(knock(entries))
        others = [asyncio.create_task(knock(entries)) for _ in range(3)]
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.gather(*others)

        assert ("decision", "192.0.2.0/24", 1) in await told(database)


class TestNoEntryNoAnswer:
    async def test_refused(self, entries: Entries, file: Path) -> None:
        """When the attempt cannot be recorded not even a refusal is answered."""
        with sqlite3.connect(file) as other:
            other.execute("DROP TABLE audit_entries")
        other.close()
        for _ in range(3):
            with pytest.raises(AuditUnavailable):
                async with entries.entry(Call("crm", Query("contact"))):
                    raise NotAuthenticated

    async def test_nobody(self, entries: Entries, database: Database) -> None:
        """A call that ends well although nobody was authenticated is no answer."""
        with pytest.raises(AuditUnavailable):
            async with entries.entry(Call("crm", Query("contact"))):
                pass

        assert [("decision", "unknown", 1)] == await told(database)


class TestSources:
    @pytest.mark.parametrize(
        ("network", "expected"),
        [
            ("192.0.2.17", "192.0.2.0/24"),
            ("::ffff:192.0.2.17", "192.0.2.0/24"),
            ("2001:db8:1:2::3", "2001:db8:1::/48"),
            ("fe80::1%eth0", "fe80::/48"),
            ("", "unknown"),
            ("192.0.2.17\n", "unknown"),
            ("x" * 5000, "unknown"),
        ],
    )
    def test_source(self, network: str, expected: str) -> None:
        """A source is a network, however its address is written."""
        assert expected == source_of(network)
