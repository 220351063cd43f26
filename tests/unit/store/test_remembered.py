from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policy_gateway.audit import Entries
from policy_gateway.identity import Memberships
from policy_gateway.store import Database
from policy_gateway.store.remembered import Remembered
from policy_gateway.testing import FakeClock, a_call, a_principal

pytestmark = pytest.mark.anyio

ANNA, BEN = "user:anna", "user:ben"


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """Return what gives a new place for each example."""
    return lambda: tmp_path_factory.mktemp("remembered") / "gateway.db"


@pytest.fixture
async def databases(file: Path) -> AsyncIterator[tuple[Database, Database]]:
    """Yield one database opened twice, as by two processes."""
    async with Database.open(f"sqlite:///{file}") as ours, Database.open(f"sqlite:///{file}") as theirs:
        yield ours, theirs


async def described(database: Database, principal: str = ANNA) -> str:
    """Return what a principal is said to be, by a read that is remembered."""
    return (await Memberships(database).attributes("acme", principal)).get("owner_id", "")


async def describe(database: Database, value: str, principal: str = ANNA) -> None:
    """Say what a principal is."""
    await Memberships(database).describe("acme", principal, "owner_id", value)


async def journal(database: Database) -> None:
    """Write an entry that changes nothing which is remembered."""
    entries = Entries(database, clock=FakeClock())
    with pytest.raises(RuntimeError):
        await attempt(entries)
    await entries.close()


async def attempt(entries: Entries) -> None:
    """Make a call that breaks."""
    async with entries.entry(a_call()) as entry:
        entry.by(a_principal())
        raise RuntimeError


def given_up(file: Path) -> list[str]:
    """Return the locks of a database in use that another process can have (https://sqlite.org/fileformat2.html)."""
    script = """
import fcntl, sys
for name, start, length in ((sys.argv[1], 0x40000002, 510), (sys.argv[1] + "-shm", 128, 1)):
    with open(name, "r+b") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, length, start)
            print(name)
        except BlockingIOError:
            pass
"""
    told = subprocess.run([sys.executable, "-c", script, str(file)], check=True, capture_output=True, text=True)
    return told.stdout.split()


class TestAtOnce:
    async def test_own_change(self, databases: tuple[Database, Database]) -> None:
        """What was changed here is read at once."""
        ours, _ = databases
        seen = []
        for value in ("1", "2", "3"):
            await describe(ours, value)
            seen += [await described(ours), await described(ours)]

        assert ["1", "1", "2", "2", "3", "3"] == seen

    async def test_foreign_change(self, databases: tuple[Database, Database]) -> None:
        """What another process changed is read at once, before and after something was written here."""
        ours, theirs = databases
        seen = []
        for value in ("1", "2", "3", "4"):
            await describe(theirs, value)
            seen.append(await described(ours))
            await journal(ours)
            seen += [await described(ours), await described(ours)]

        assert ["1"] * 3 + ["2"] * 3 + ["3"] * 3 + ["4"] * 3 == seen

    async def test_right_before_our_entry(self, databases: tuple[Database, Database]) -> None:
        """A foreign change between a read and our next entry is not taken for ours."""
        ours, theirs = databases
        await describe(ours, "1")
        await journal(ours)
        await described(ours)
        await describe(theirs, "2")
        await journal(ours)

        assert "2" == await described(ours)

    async def test_as_many_changes_as_ours(self, databases: tuple[Database, Database]) -> None:
        """Counting is not fooled by a foreign change and an own entry that come together."""
        ours, theirs = databases
        await describe(ours, "0")
        seen = []
        for number in range(1, 20):
            await described(ours)
            await describe(theirs, str(number))
            await journal(theirs)
            await journal(ours)
            seen.append(await described(ours))

        assert [str(number) for number in range(1, 20)] == seen

    @settings(max_examples=60, deadline=None)
    @given(steps=st.lists(st.sampled_from(["write", "foreign", "entry", "read", "checkpoint"]), max_size=25))
    async def test_always(self, steps: list[str], fresh: Callable[[], Path]) -> None:
        """In whatever order processes write, a read tells what was written last."""
        file = fresh()
        async with Database.open(f"sqlite:///{file}") as ours, Database.open(f"sqlite:///{file}") as theirs:
            await describe(ours, "0")
            truth = "0"
            for number, step in enumerate(steps, 1):
                match step:
                    case "write" | "foreign":
                        truth = str(number)
                        await describe(ours if step == "write" else theirs, truth)
                    case "entry":
                        await journal(ours)
                    case "checkpoint":
                        with sqlite3.connect(file) as other:
                            other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                        other.close()
                assert truth == await described(ours)


class TestLocks:
    async def test_kept(self, database: Database, file: Path) -> None:
        """Whatever is looked at, SQLite keeps its locks: another process must not begin the log or its index anew."""
        await describe(database, "1")
        await described(database)
        await journal(database)
        await described(database)

        assert [] == given_up(file)

    async def test_opened_twice(self, database: Database, file: Path) -> None:
        """Opening it once more in the same process leaves the first one its locks."""
        await describe(database, "1")
        async with Database.open(f"sqlite:///{file}"):
            assert [] == given_up(file)

    async def test_began_anew(self, database: Database, file: Path) -> None:
        """When SQLite has begun the index anew, the old one is not looked at any more."""
        await describe(database, "1")
        await described(database)
        await database.writer.close()
        database._close_reader()
        async with Database.open(f"sqlite:///{file}") as theirs:
            await describe(theirs, "2")
            elsewhere = await described(database)
            await journal(database)
            await describe(theirs, "3")

            assert ("2", "3") == (elsewhere, await described(database))


class TestRemembering:
    async def test_not_asked_again(self, databases: tuple[Database, Database], file: Path) -> None:
        """What nobody has changed is not read again, entries or not."""
        ours, _ = databases
        await describe(ours, "1")
        await described(ours)
        await journal(ours)
        await journal(ours)
        await described(ours)
        ours._close_reader()
        await journal(ours)

        assert ("1", None) == (await described(ours), ours._reader)

    async def test_late_answer(self, databases: tuple[Database, Database]) -> None:
        """What was read before a change, and comes late to be remembered, is not."""
        ours, _ = databases
        await describe(ours, "1")
        state = ours._remembered.state()
        assert state is not None
        await describe(ours, "2")
        ours._remembered.put("late", state, [("1",)])
        now = ours._remembered.state()

        assert (True, None, None) == (
            now is not None and now != state,
            ours._remembered.get("late", state),
            ours._remembered.get("late", now or 0),
        )

    def test_no_database(self, tmp_path: Path) -> None:
        """Without a database that is open, nothing is known and nothing is remembered."""
        remembered = Remembered(tmp_path / "none.db")
        remembered.changed()
        remembered.put("x", 1, [])

        assert (None, None) == (remembered.state(), remembered.get("x", 1))
