"""No entry, no answer; no gap, no fork; free text apart from the entries."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from policy_gateway.audit import Entries, Remarks
from policy_gateway.errors import AuditUnavailable, Denied
from policy_gateway.model.disclosure import Group
from policy_gateway.model.field import RecordId
from policy_gateway.store import Database
from policy_gateway.testing.builders import a_key, a_principal
from policy_gateway.testing.fakes import CollectingJournal, DeterministicRandomness, FakeClock

if TYPE_CHECKING:
    from tests.unit.audit.conftest import Scene

pytestmark = pytest.mark.anyio


@pytest.mark.attack("I11")
class TestNoEntryNoAnswer:
    async def test_nothing_leaves(self, scene: Scene) -> None:
        """When the entry cannot be made durable there is no answer, also where the answer was a refusal."""
        scene.break_down()
        with pytest.raises(AuditUnavailable):
            await scene.live()
        with pytest.raises(AuditUnavailable):
            await scene.live(decision="deny", error=Denied())

    async def test_cancelled_stays_cancelled(self, scene: Scene) -> None:
        """Who went away is not told that the entry failed."""
        scene.break_down()
        with pytest.raises(asyncio.CancelledError):
            await scene.live(error=asyncio.CancelledError())

    async def test_intent_fails(self, scene: Scene) -> None:
        """When the intent cannot be made durable the CRM is not asked."""
        scene.break_down()
        with pytest.raises(AuditUnavailable):
            await scene.live(scene.call(scene.update))

        assert 0 == scene.asked

    async def test_further_journal(self, scene: Scene, database: Database, clock: FakeClock) -> None:
        """A registered journal gets the same bytes, and when it fails there is no answer."""
        journal = CollectingJournal()
        entries = Entries(database, [journal], clock=clock)
        await scene.live(entries=entries)
        journal.broken = True
        with pytest.raises(AuditUnavailable):
            await scene.live(entries=entries)

        assert (1, 2) == (len(journal.entries), len(await scene.reader.page("acme")))
        assert b'"seq":1' in journal.entries[0]

    async def test_broken_plugin(self, scene: Scene, database: Database, clock: FakeClock) -> None:
        """An exception out of a registered journal names only its type."""

        class Broken:
            async def append(self, entries: object) -> None:
                raise RuntimeError("password=hunter2")

        with pytest.raises(AuditUnavailable, match="RuntimeError") as refused:
            await scene.live(entries=Entries(database, [Broken()], clock=clock))

        assert "hunter2" not in str(refused.value)


class TestRemarks:
    @pytest.fixture
    def remarks(self, database: Database) -> Remarks:
        """Return a place for free text."""
        return Remarks(database, a_key, DeterministicRandomness())

    async def test_kept_apart(self, scene: Scene, remarks: Remarks, database: Database, clock: FakeClock) -> None:
        """A free-text reason is in no file in clear, can be shown, and can be erased for ever."""
        entries = Entries(database, clock=clock, remarks=remarks)
        correlation = await scene.live(scene.call(reason="Frau Vogt is in hospital"), entries=entries)
        [entry] = await scene.reader.page("acme")
        shown = await remarks.show("acme", correlation)
        await remarks.erase("acme", correlation)

        assert ("", 64, "Frau Vogt is in hospital") == (entry["reason"], len(entry["remark"]), shown)
        assert await remarks.show("acme", correlation) is None
        assert b"hospital" not in scene.stored()

    async def test_not_kept(self, scene: Scene) -> None:
        """Without a place for remarks free text is kept nowhere."""
        await scene.live(scene.call(reason="Frau Vogt is in hospital"))
        [entry] = await scene.reader.page("acme")

        assert ("", "", False) == (entry["reason"], entry["remark"], b"hospital" in scene.stored())


class TestOrder:
    async def test_no_gaps(self, scene: Scene) -> None:
        """32 callers of three tenants leave each tenant's entries numbered from 1 without a gap."""
        tenants = ("acme", "bolt", "civic")
        numbers = iter(range(960))

        async def caller() -> None:
            for number in numbers:
                principal = a_principal(f"user:u{number % 7}", tenant=tenants[number % 3])
                group = Group(scene.assigned, {"name": "clear"}, (RecordId(str(number % 11)),))
                await scene.live(disclosure=scene.released(group), principal=principal)

        await asyncio.gather(*(caller() for _ in range(32)))
        for tenant in tenants:
            found = await scene.reader.page(tenant, 1000)
            subjects = {subject for entry in found for group in entry["groups"] for subject in group["subjects"]}

            assert list(range(320, 0, -1)) == [entry["seq"] for entry in found]
            assert (7, 11) == (len({entry["principal"] for entry in found}), len(subjects))

    @pytest.mark.attack("I25")
    async def test_two_processes(self, scene: Scene, database: Database, clock: FakeClock) -> None:
        """Two gateways on one database fork no tenant's numbers, and give each person one pseudonym."""
        async with Database.open(f"sqlite:///{scene.file}") as second:
            both = [Entries(database, clock=clock), Entries(second, clock=clock)]

            async def caller(number: int) -> None:
                for _ in range(20):
                    await scene.live(entries=both[number % 2])

            await asyncio.gather(*(caller(number) for number in range(8)))
        found = await scene.reader.page("acme", 1000)

        assert list(range(160, 0, -1)) == [entry["seq"] for entry in found]
        assert 1 == len({entry["principal"] for entry in found})
