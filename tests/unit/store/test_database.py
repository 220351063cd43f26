"""Opening, reading, and what cannot be used."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import Column, MetaData, Table, Text, bindparam, insert, select, text

from policy_gateway.errors import AuditUnavailable, ConfigurationError
from policy_gateway.store import Database, Instant, ListRead

pytestmark = pytest.mark.anyio

things = Table("things", MetaData(), Column("name", Text, primary_key=True), Column("seen_at", Instant))
NOON = datetime(2026, 7, 1, 12, 30, 15, 123456, tzinfo=UTC)


def modes(folder: Path) -> set[str]:
    """Return who may do what with the files in *folder*."""
    return {oct(path.stat().st_mode & 0o777) for path in folder.iterdir()}


@pytest.fixture
async def filled(database: Database) -> Database:
    """Return a database that knows some things."""
    rows = [{"name": f"thing {number}", "seen_at": NOON + timedelta(days=number)} for number in range(600)]
    await database.writer.submit(things.create)
    await database.writer.submit(lambda connection: connection.execute(insert(things), rows).rowcount)
    return database


class TestOpening:
    async def test_private(self, database: Database, tmp_path: Path) -> None:
        """Only the owner can read any of the database's files."""
        await database.writer.submit(lambda connection: connection.execute(text("CREATE TABLE t (x)")))

        assert {"0o600"} == modes(tmp_path)

    def test_loose_file(self, file: Path) -> None:
        """A file that others could read is closed to them."""
        file.touch(mode=0o644)
        Database.open(f"sqlite:///{file}")

        assert {"0o600"} == modes(file.parent)

    async def test_durable(self, database: Database) -> None:
        """The writer's connection syncs at each commit, and erases what it deletes."""

        def asked(name: str) -> object:
            return lambda connection: connection.execute(text(f"PRAGMA {name}")).scalar()

        names = ("journal_mode", "synchronous", "secure_delete", "foreign_keys")
        answers = [await database.writer.submit(asked(name)) for name in names]  # type: ignore[arg-type]  # a job

        assert ["wal", 2, 1, 1] == answers

    @pytest.mark.parametrize(
        ("url", "said"),
        [
            ("sqlite://", "must be a file"),
            ("sqlite:///:memory:", "must be a file"),
            ("sqlite:////no/such/folder/gateway.db", "does not exist"),
            ("postgresql://db/gateway", "no postgresql database"),
            ("nonsense", "cannot be read"),
        ],
    )
    async def test_unusable(self, url: str, said: str) -> None:
        """A URL that cannot be used is refused in words that say why."""
        with pytest.raises(ConfigurationError, match=said):
            Database.open(url)

    def test_no_database(self, file: Path) -> None:
        """A file that is no database is refused, and not touched."""
        file.write_text("once upon a time " * 100)
        with pytest.raises(ConfigurationError, match="cannot be opened"):
            Database.open(f"sqlite:///{file}")

        assert file.read_text().startswith("once upon a time")

    async def test_foreign_version(self, database: Database, file: Path) -> None:
        """A database with the schema of another version of the gateway is refused."""
        await database.writer.submit(
            lambda connection: connection.execute(text("UPDATE alembic_version SET version_num = '9999'")).rowcount
        )
        with pytest.raises(ConfigurationError, match="another version of the gateway"):
            Database.open(f"sqlite:///{file}")


class TestReading:
    async def test_moments(self, filled: Database) -> None:
        """A moment comes back exactly as it was, in UTC."""
        one = filled.prepare(select(things.c.seen_at).where(things.c.name == bindparam("name")))

        assert [(NOON + timedelta(days=7),)] == list(await filled.fetch(one, name="thing 7"))

    async def test_moment_as_parameter(self, filled: Database) -> None:
        """A moment in another zone is compared as the moment that it is."""
        later = filled.prepare(select(things.c.name).where(things.c.seen_at >= bindparam("start")))
        start = (NOON + timedelta(days=599)).astimezone(timezone(timedelta(hours=-7)))

        assert [("thing 599",)] == list(await filled.fetch(later, start=start))

    async def test_naive_moment(self, filled: Database) -> None:
        """A moment without a zone is a mistake."""
        later = filled.prepare(select(things.c.name).where(things.c.seen_at >= bindparam("start")))
        with pytest.raises(ValueError, match="time zone"):
            await filled.fetch(later, start=datetime(2026, 1, 1))  # noqa: DTZ001 -- the mistake

    async def test_fixed_and_given(self, filled: Database) -> None:
        """A statement's own values and those that are given each find their places."""
        some = filled.prepare(
            select(things.c.name)
            .where(things.c.name > bindparam("after"), things.c.name != "thing 2")
            .order_by(things.c.name)
            .limit(bindparam("most"))
        )

        assert [("thing 10",), ("thing 100",)] == list(await filled.fetch(some, after="thing 1", most=2))

    @pytest.mark.parametrize("count", [0, 1, 2, 3, 64, 65, 256, 257, 600])
    async def test_lists(self, filled: Database, count: int) -> None:
        """A list of any length is read completely and without doubles."""
        named = ListRead(filled, lambda names: select(things.c.name).where(things.c.name.in_(names)))
        names = [f"thing {number}" for number in range(count)]

        assert sorted(names) == sorted(name for (name,) in await named.fetch(names))

    async def test_cannot_write(self, filled: Database) -> None:
        """The reading connection refuses to write, whatever it is told."""
        prepared = filled.prepare(select(things.c.name))
        object.__setattr__(prepared, "sql", "DELETE FROM things")
        with pytest.raises(AuditUnavailable):
            await filled.fetch(prepared)

    async def test_recovers(self, filled: Database, file: Path) -> None:
        """A read that fails refuses without a word of the database's, and the next one succeeds."""
        one = filled.prepare(select(things.c.name).where(things.c.name == bindparam("name")))
        with sqlite3.connect(file) as other:
            other.execute("ALTER TABLE things RENAME TO hidden")
        with pytest.raises(AuditUnavailable) as refused:
            await filled.fetch(one, name="thing 1")
        with other:
            other.execute("ALTER TABLE hidden RENAME TO things")
        other.close()

        assert "things" not in str(refused.value)
        assert [("thing 1",)] == list(await filled.fetch(one, name="thing 1"))


def put_another(file: Path) -> Callable[[], bytes]:
    """Put an empty file in the place of *file*; return what puts the old one back and says what the other held."""
    away = file.with_name("away")
    file.rename(away)
    file.touch()

    def put_back() -> bytes:
        left = file.read_bytes()
        away.replace(file)
        return left

    return put_back


@pytest.mark.attack("I11")
class TestReadOnly:
    async def test_reads_but_never_writes(self, filled: Database, file: Path) -> None:
        """A read-only database opens and answers reads; whatever must be recorded is refused."""
        await filled.close()
        async with Database.open(f"sqlite:///file:{file}?mode=ro&uri=true") as database:
            one = database.prepare(select(things.c.name).where(things.c.name == bindparam("name")))
            found = list(await database.fetch(one, name="thing 1"))
            with pytest.raises(AuditUnavailable):
                await database.writer.submit(lambda connection: connection.execute(things.delete()).rowcount)

        assert [("thing 1",)] == found

    async def test_says_so(self, filled: Database, file: Path) -> None:
        """A database that takes nothing says so, although a transaction that writes nothing would succeed."""
        writable = await filled.writable()
        await filled.close()
        async with Database.open(f"sqlite:///file:{file}?mode=ro&uri=true") as database:
            assert (True, False) == (writable, await database.writable())

    async def test_another_file(self, filled: Database, file: Path) -> None:
        """Another file in the database's place is neither read nor written; the old one is used when it is back."""
        one = filled.prepare(select(things.c.name).where(things.c.name == bindparam("name")))
        put_back = put_another(file)
        filled._close_reader()
        replaced = await filled.writable()
        with pytest.raises(AuditUnavailable):
            await filled.fetch(one, name="thing 1")
        left = put_back()

        assert (False, b"") == (replaced, left)
        assert await filled.writable()
        assert [("thing 1",)] == list(await filled.fetch(one, name="thing 1"))
