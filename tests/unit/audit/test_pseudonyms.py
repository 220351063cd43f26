"""Pseudonyms: random, one for each person, gone for ever when destroyed."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest

from policy_gateway.audit import Entries, EntryReader, subject_name
from policy_gateway.errors import Denied
from policy_gateway.model.decision import Deny, DenyKind
from policy_gateway.model.field import RecordId
from policy_gateway.model.principal import TenantId
from policy_gateway.query import Call, Query
from policy_gateway.store import Database
from policy_gateway.testing.builders import a_principal
from policy_gateway.testing.fakes import FakeClock

pytestmark = pytest.mark.anyio

ACME = TenantId("acme")
ANNA = a_principal()


async def attempt(entries: Entries) -> None:
    """Let Anna be refused once."""
    with suppress(Denied):
        async with entries.entry(Call("crm", Query("contact"), "service")) as entry:
            entry.by(ANNA)
            entry.decided(Deny(DenyKind.POLICY, "v1"))
            raise Denied


class TestAssigning:
    async def test_race(self, database: Database, file: Path, clock: FakeClock) -> None:
        """All who ask at once for the same person, in two processes, get the same pseudonym."""
        async with Database.open(f"sqlite:///{file}") as second:
            both = [Entries(one, clock=clock).pseudonyms for one in (database, second)]
            answers = await asyncio.gather(*(both[number % 2].assign(ACME, [ANNA.id]) for number in range(16)))

        assert 1 == len({answer[ANNA.id] for answer in answers})

    async def test_tenants_apart(self, entries: Entries) -> None:
        """The same person has another pseudonym in each tenant."""
        one, two = [await entries.pseudonyms.of_principal(TenantId(tenant), ANNA.id) for tenant in ("acme", "bolt")]

        assert one != two

    async def test_kinds(self, entries: Entries) -> None:
        """A data subject's pseudonym cannot be taken for a principal's."""
        name = subject_name("crm", "contact", RecordId("17"))
        known = await entries.pseudonyms.assign(ACME, [name, ANNA.id])

        assert ("s-", "p-") == (known[name][:2], known[ANNA.id][:2])

    async def test_names_apart(self) -> None:
        """No two records share a name, whatever is in their ids."""
        names = {
            subject_name("a", "b", RecordId("c")),
            subject_name("a", 'b","c', RecordId("")),
            subject_name('a","b', "c", RecordId("")),
        }

        assert 3 == len(names)


class TestDestroying:
    async def test_here(self, entries: Entries, database: Database, file: Path) -> None:
        """After destruction the next entry has a new pseudonym, and the name is in no file."""
        await attempt(entries)
        destroyed = await entries.pseudonyms.destroy(ACME, [ANNA.id])
        gone = await entries.pseudonyms.known(ACME, [ANNA.id])
        await attempt(entries)
        after, before = await EntryReader(database).page("acme")

        assert (1, {}) == (destroyed, gone)
        assert before["principal"] != after["principal"]

    async def test_elsewhere(self, entries: Entries, database: Database, file: Path, clock: FakeClock) -> None:
        """What another process destroyed is not used again here."""
        await attempt(entries)
        await attempt(entries)
        async with Database.open(f"sqlite:///{file}") as second:
            await Entries(second, clock=clock).pseudonyms.destroy(ACME, [ANNA.id])
        await attempt(entries)
        third, two, one = [entry["principal"] for entry in await EntryReader(database).page("acme")]

        assert (True, False) == (one == two, two == third)
