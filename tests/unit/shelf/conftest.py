"""What a database and a clock of one's own make possible."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from policy_gateway.store import Database
from policy_gateway.testing import FakeClock


@pytest.fixture
def anyio_backend() -> str:
    """Run asynchronous tests on asyncio."""
    return "asyncio"


@pytest.fixture
def clock() -> FakeClock:
    """Return a clock that stands still."""
    return FakeClock()


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """Yield an empty database."""
    async with Database.open(f"sqlite:///{tmp_path / 'shelf.db'}") as opened:
        yield opened
