"""A Tryton for the whole session, run for real on a copy of the seeded data."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from policy_gateway.crm import HttpTransport, Reach, parse_base_url
from policy_gateway.testing import FaultyTransport
from policy_gateway_tryton.adapter import TrytonAdapter, TrytonOptions
from policy_gateway_tryton.sandbox import Server, prepare

FOLDER = Path(__file__).parents[3] / ".crms/tryton"


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Run on asyncio, as the gateway does."""
    return "asyncio"


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Install Tryton at the first time, then run it."""
    with prepare(FOLDER).serve(scratch=tmp_path_factory.mktemp("tryton")) as running:
        yield running


@pytest.fixture
async def wire(server: Server) -> AsyncIterator[FaultyTransport]:
    """Return the way to Tryton, with a spy on it."""
    transport = HttpTransport(parse_base_url(server.base_url), Reach.of(["127.0.0.0/8"]))
    yield FaultyTransport(transport)
    await transport.aclose()


@pytest.fixture
def adapter(server: Server, wire: FaultyTransport) -> TrytonAdapter:
    """Return an adapter that is Tryton's limited user."""
    return TrytonAdapter(wire, TrytonOptions(database=server.database), server.agent_key)
