"""The schema that migrations make is the one that the code expects."""

from __future__ import annotations

import asyncio
import sqlite3
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

import policy_gateway
from policy_gateway.store import Database, metadata
from policy_gateway.store.migrate import known_versions

pytestmark = pytest.mark.anyio


def load_all_tables() -> None:
    """Import every module that describes tables."""
    for module in walk_packages(policy_gateway.__path__, "policy_gateway."):
        if module.name.endswith(".tables"):
            import_module(module.name)


def digest(file: Path) -> str:
    """Return what tells whether *file* has changed."""
    return sha256(file.read_bytes()).hexdigest()


class TestSchema:
    async def test_as_described(self, database: Database) -> None:
        """Migrations make exactly the tables, columns and indexes that the capabilities describe."""
        load_all_tables()

        def difference(connection: Connection) -> list[object]:
            return list(compare_metadata(MigrationContext.configure(connection), metadata))

        assert [] == await database.writer.submit(difference)

    async def test_second_opening(self, database: Database, file: Path) -> None:
        """Opening a database that is up to date writes nothing."""
        await database.close()
        before = digest(file)
        async with Database.open(f"sqlite:///{file}"):
            after = digest(file)

        assert before == after

    async def test_opened_at_once(self, file: Path) -> None:
        """Two processes that open a new database at once both get one that works."""
        one, two = await asyncio.gather(*(asyncio.to_thread(Database.open, f"sqlite:///{file}") for _ in range(2)))
        await one.close()
        await two.close()
        with sqlite3.connect(file) as other:
            [(version,)] = other.execute("SELECT version_num FROM alembic_version").fetchall()
        other.close()

        assert known_versions()[-1] == version

    def test_one_line(self) -> None:
        """Each migration follows the one before it."""
        versions = known_versions()

        assert tuple(f"{number:04}" for number in range(1, len(versions) + 1)) == versions
