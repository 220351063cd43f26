"""Fixtures for the tests of the adapter and of the sandbox."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn
from pydantic import SecretStr

from policy_gateway.records import ConnectionConfig
from policy_gateway.testing import AsgiTransport, FaultyTransport
from policy_gateway_hubspot.adapter import HubSpotAdapter, HubSpotKind
from policy_gateway_hubspot.sandbox import TOKEN, Sandbox

PATIENCE = 10.0


@pytest.fixture
def anyio_backend() -> str:
    """Run on asyncio, as the gateway does."""
    return "asyncio"


@pytest.fixture
def sandbox() -> Sandbox:
    """Return a portal of its own."""
    return Sandbox(seed=1)


@pytest.fixture
def transport(sandbox: Sandbox) -> FaultyTransport:
    """Return a way to the portal that remembers requests."""
    return FaultyTransport(AsgiTransport(sandbox, deadline=1.0))


@pytest.fixture
def adapter(transport: FaultyTransport) -> HubSpotAdapter:
    """Return a connection to the portal."""
    return HubSpotKind().connect(ConnectionConfig("acme", "crm", secrets={"token": SecretStr(TOKEN)}), transport)


@pytest.fixture
def url(sandbox: Sandbox) -> Iterator[str]:
    """Serve the portal from a thread on a loopback port, for clients that bring their own HTTP."""
    server = uvicorn.Server(uvicorn.Config(sandbox, host="127.0.0.1", port=0, log_level="critical", access_log=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + PATIENCE
    while not server.started:
        assert time.monotonic() < deadline, "the server does not start"
        time.sleep(0.01)
    [port] = [socket.getsockname()[1] for each in server.servers for socket in each.sockets]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(PATIENCE)
