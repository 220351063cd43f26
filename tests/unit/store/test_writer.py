"""The one writer: durable when it says so, refusing when it cannot, never hanging, recovering alone."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Connection, MetaData, Table, Text, text

from policy_gateway.errors import AuditUnavailable, Conflict
from policy_gateway.store import Database, Driver, Overtaken, Watchful

pytestmark = pytest.mark.anyio


class Notes:
    """A bulk that keeps texts; fails while *broken*, and tells how they were grouped."""

    limit = 8

    def __init__(self) -> None:
        self.groups: list[int] = []
        self.forgotten = 0
        self.broken = False
        self.gate: threading.Event | None = None

    def write(self, driver: Driver, items: Sequence[str]) -> Sequence[int]:
        """Insert *items* with one statement."""
        if self.gate is not None:
            self.gate.wait(5)
        if self.broken:
            raise sqlite3.OperationalError("disk I/O error")
        self.groups.append(len(items))
        driver.execute(f"INSERT INTO notes VALUES {', '.join(['(?)'] * len(items))}", list(items))
        return [len(item) for item in items]

    def forget(self) -> None:
        """Count."""
        self.forgotten += 1


class Counted(Watchful):
    """A bulk that keeps texts if nobody else has written, and tells which versions it was asked to expect."""

    limit = 8

    def __init__(self, database: Database) -> None:
        self.insert = database.row_insert(Table("notes", MetaData(), Column("note", Text)))
        self.expected: list[bool] = []
        self.forgotten = 0

    def write(self, driver: Driver, items: Sequence[str], version: int | None = None) -> Sequence[int]:
        """Insert *items* with one statement."""
        self.expected.append(version is not None)
        if version is None:
            driver.execute(self.insert.of(len(items)), items)
        elif driver.execute(self.insert.unless_overtaken(len(items)), (*items, version)).rowcount != len(items):
            raise Overtaken
        return [len(item) for item in items]

    def forget(self) -> None:
        """Count."""
        self.forgotten += 1


def noted(file: Path) -> list[str]:
    """Return what another process sees."""
    with sqlite3.connect(file) as connection:
        rows = connection.execute("SELECT note FROM notes ORDER BY rowid").fetchall()
    connection.close()
    return [row[0] for row in rows]


def remove(file: Path) -> None:
    """Take the file away from under the database."""
    file.unlink()


def insert(note: str) -> Callable[[Connection], int]:
    """Return a job that notes *note*."""
    return lambda connection: connection.execute(text("INSERT INTO notes VALUES (:note)"), {"note": note}).rowcount


@pytest.fixture
async def notes(database: Database) -> Notes:
    """Return a bulk, its table made."""
    await database.writer.submit(lambda connection: connection.execute(text("CREATE TABLE notes (note TEXT UNIQUE)")))
    return Notes()


class TestDurability:
    async def test_visible(self, database: Database, notes: Notes, file: Path) -> None:
        """What was awaited is there for every other process."""
        await database.writer.submit(insert("job"))
        answer = await database.writer.append(notes, "bulk")

        assert (4, ["job", "bulk"]) == (answer, noted(file))

    async def test_grouped(self, database: Database, notes: Notes, file: Path) -> None:
        """Those who wait while the disk is busy are written together, in statements of limited length."""
        notes.gate = threading.Event()
        first = database.writer.append(notes, "0")
        await asyncio.sleep(0.05)
        others = [database.writer.append(notes, str(number)) for number in range(1, 21)]
        notes.gate.set()
        await asyncio.gather(first, *others)

        assert ([1, 8, 8, 4], 21) == (notes.groups, len(noted(file)))

    async def test_crowd(self, database: Database, notes: Notes, file: Path) -> None:
        """Half of a crowd is written first, so that the disk and the event loop work at the same time, all in order."""
        notes.gate = threading.Event()
        first = database.writer.append(notes, "0")
        await asyncio.sleep(0.05)
        others = [database.writer.append(notes, str(number)) for number in range(1, 32)]
        notes.gate.set()
        await asyncio.gather(first, *others)

        assert ([1, 8, 8, 8, 7], [str(number) for number in range(32)]) == (notes.groups, noted(file))

    async def test_many_callers(self, database: Database, notes: Notes, file: Path) -> None:
        """Nothing is lost or doubled when 32 callers write at once."""
        numbers = iter(range(640))

        async def caller() -> None:
            for number in numbers:
                await database.writer.append(notes, str(number))

        await asyncio.gather(*(caller() for _ in range(32)))

        assert {str(number) for number in range(640)} == set(noted(file))

    async def test_written_although_nobody_waits(self, database: Database, notes: Notes, file: Path) -> None:
        """What was handed over is written even if who awaited it was cancelled."""
        notes.gate = threading.Event()
        waiting = [asyncio.ensure_future(database.writer.append(notes, name)) for name in "ab"]
        await asyncio.sleep(0.02)
        for task in waiting:
            task.cancel()
        notes.gate.set()
        await database.writer.append(notes, "c")

        assert ["a", "b", "c"] == noted(file)

    async def test_close_writes_what_waits(self, database: Database, notes: Notes, file: Path) -> None:
        """Closing writes what was handed over before."""
        pending = [database.writer.append(notes, str(number)) for number in range(20)]
        await database.close()

        assert (20, 20) == (len(noted(file)), len(await asyncio.gather(*pending)))


class TestJobs:
    async def test_own_error(self, database: Database, notes: Notes, file: Path) -> None:
        """A job's own error undoes that job alone, and goes to who asked."""

        def refused(connection: Connection) -> None:
            insert("undone")(connection)
            raise Conflict

        notes.gate = threading.Event()
        first = database.writer.append(notes, "first")
        await asyncio.sleep(0.02)
        outcomes = asyncio.gather(
            database.writer.submit(insert("before")),
            database.writer.submit(refused),
            database.writer.submit(insert("after")),
            return_exceptions=True,
        )
        await asyncio.sleep(0.02)
        notes.gate.set()
        before, error, after = await outcomes
        await first

        assert (1, Conflict, 1) == (before, type(error), after)
        assert ["first", "before", "after"] == noted(file)

    async def test_given_up(self, file: Path) -> None:
        """A job whose asker was told that it was too late is not done later."""
        async with Database.open(f"sqlite:///{file}", deadline=0.2) as database:
            await database.writer.submit(lambda connection: connection.execute(text("CREATE TABLE notes (note TEXT)")))
            slow = asyncio.ensure_future(database.writer.submit(lambda _: time.sleep(0.5)))
            await asyncio.sleep(0.02)
            with pytest.raises(AuditUnavailable):
                await database.writer.submit(insert("late"))
            with pytest.raises(AuditUnavailable):
                await slow
            await asyncio.sleep(0.5)

            assert [] == noted(file)


@pytest.mark.attack("I11")
class TestFailure:
    async def test_all_are_told(self, database: Database, notes: Notes, file: Path) -> None:
        """When the database fails, everybody who waits is refused, and nobody hears of what it said."""
        notes.broken = True
        outcomes = await asyncio.gather(
            *(database.writer.append(notes, str(n)) for n in range(5)), return_exceptions=True
        )

        assert [AuditUnavailable] * 5 == [type(outcome) for outcome in outcomes]
        assert not any("I/O" in str(outcome) for outcome in outcomes)
        assert [] == noted(file)

    async def test_recovers(self, database: Database, notes: Notes, file: Path) -> None:
        """The writer opens the database anew as soon as it is needed, and what was learnt of it is forgotten."""
        await database.writer.append(notes, "before")
        notes.broken = True
        with pytest.raises(AuditUnavailable):
            await database.writer.append(notes, "lost")
        notes.broken = False
        await database.writer.append(notes, "after")

        assert (["before", "after"], 1) == (noted(file), notes.forgotten)

    @pytest.mark.attack("I15")
    async def test_locked(self, file: Path) -> None:
        """Another process's lock beyond the deadline refuses; it never hangs, and the next write succeeds."""
        async with Database.open(f"sqlite:///{file}", deadline=0.3) as database:
            await database.writer.submit(lambda connection: connection.execute(text("CREATE TABLE notes (note TEXT)")))
            other = sqlite3.connect(file, isolation_level=None)
            other.execute("BEGIN EXCLUSIVE")
            began = time.monotonic()
            with pytest.raises(AuditUnavailable):
                await database.writer.append(Notes(), "refused")
            took = time.monotonic() - began
            other.execute("ROLLBACK")
            other.close()
            await asyncio.sleep(0.1)
            await database.writer.append(Notes(), "granted")

            assert took < 1
            assert "granted" in noted(file)

    @pytest.mark.attack("I15")
    async def test_slow_disk(self, file: Path) -> None:
        """While the disk hangs, whoever waits is refused at the deadline, and only so many may wait."""
        async with Database.open(f"sqlite:///{file}", deadline=0.2, capacity=10) as database:
            await database.writer.submit(lambda connection: connection.execute(text("CREATE TABLE notes (note TEXT)")))
            notes = Notes()
            notes.gate = threading.Event()
            hanging = database.writer.append(notes, "hanging")
            await asyncio.sleep(0.02)
            waiting = [database.writer.append(notes, str(number)) for number in range(10)]
            with pytest.raises(AuditUnavailable, match="too much waits"):
                database.writer.append(notes, "one too many")
            outcomes = await asyncio.gather(hanging, *waiting, return_exceptions=True)
            notes.gate.set()

            assert [AuditUnavailable] * 11 == [type(outcome) for outcome in outcomes]

    async def test_table_dropped(self, database: Database, notes: Notes, file: Path) -> None:
        """A table that is gone refuses every write."""
        with sqlite3.connect(file) as other:
            other.execute("DROP TABLE notes")
        other.close()

        with pytest.raises(AuditUnavailable):
            await database.writer.append(notes, "nowhere")

    async def test_file_gone(self, database: Database, notes: Notes, file: Path) -> None:
        """A database file that was removed or replaced is not written to as if it were still there."""
        await database.writer.append(notes, "before")
        remove(file)

        with pytest.raises(AuditUnavailable):
            await database.writer.append(notes, "into the void")

    async def test_file_gone_meanwhile(self, database: Database, notes: Notes, file: Path) -> None:
        """What was committed to a file that is not there any more is not called durable."""
        await database.writer.append(notes, "before")
        notes.gate = threading.Event()
        pending = database.writer.append(notes, "into the void")
        await asyncio.sleep(0.05)
        remove(file)
        notes.gate.set()

        with pytest.raises(AuditUnavailable):
            await pending


class TestOthers:
    async def test_another_process_wrote(self, database: Database, notes: Notes, file: Path) -> None:
        """What was learnt of the database is forgotten when another process has written, and only then."""
        await database.writer.append(notes, "1")
        await database.writer.append(notes, "2")
        before = notes.forgotten
        with sqlite3.connect(file) as other:
            other.execute("INSERT INTO notes VALUES ('theirs')")
        other.close()
        await database.writer.append(notes, "3")

        assert (0, 1) == (before, notes.forgotten)

    async def test_overtaken(self, database: Database, notes: Notes, file: Path) -> None:
        """Who finds another process to have been faster forgets, and writes once more with the database locked."""
        counted = Counted(database)
        await database.writer.append(counted, "1")
        before = counted.forgotten
        with sqlite3.connect(file) as other:
            other.execute("INSERT INTO notes VALUES ('theirs')")
        other.close()
        await asyncio.gather(*(database.writer.append(counted, note) for note in "23"))
        await database.writer.append(counted, "4")

        assert ["1", "theirs", "2", "3", "4"] == noted(file)
        assert (0, 1, [True, True, False, True]) == (before, counted.forgotten, counted.expected)

    async def test_two_processes(self, file: Path) -> None:
        """Two databases on one file write side by side without an error."""

        async def write(database: Database, name: str) -> None:
            for number in range(100):
                await database.writer.submit(insert(f"{name}{number}"))

        async with Database.open(f"sqlite:///{file}") as one, Database.open(f"sqlite:///{file}") as two:
            await one.writer.submit(lambda connection: connection.execute(text("CREATE TABLE notes (note TEXT)")))
            await asyncio.gather(write(one, "a"), write(two, "b"))

        assert 200 == len(noted(file))


def test_another_loop(file: Path) -> None:
    """A database that was used in one event loop can be used in the next."""
    database = Database.open(f"sqlite:///{file}")

    async def count() -> Any:  # noqa: ANN401 -- a row
        return await database.writer.submit(lambda connection: connection.execute(text("SELECT 1")).scalar())

    answers = [asyncio.run(count()), asyncio.run(count())]
    asyncio.run(database.close())

    assert [1, 1] == answers
