from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from policy_gateway.store import Database
from policy_gateway.testing.fakes import FakeClock


@pytest.fixture
def anyio_backend() -> str:
    """Run asynchronous tests on asyncio."""
    return "asyncio"


@pytest.fixture
def clock() -> FakeClock:
    """Return a clock that stands still."""
    return FakeClock()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return where the database is."""
    return tmp_path / "gateway.db"


@pytest.fixture
async def database(file: Path) -> AsyncIterator[Database]:
    """Return an open, empty database."""
    async with Database.open(f"sqlite:///{file}") as database:
        yield database


@pytest.fixture
def stored(tmp_path: Path) -> Callable[[], bytes]:
    """Return a reader of everything that is in the database's files."""
    return lambda: b"".join(path.read_bytes() for path in sorted(tmp_path.iterdir()))
