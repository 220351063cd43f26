"""Fixtures for the tests of the adapter and of the sandbox."""

from __future__ import annotations

import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeAlias

import orjson
import pytest
import uvicorn
from pydantic import SecretStr

from policy_gateway.records import ConnectionConfig, Request
from policy_gateway.testing import AsgiTransport, FaultyTransport
from policy_gateway_hubspot.adapter import HubSpotAdapter, HubSpotKind
from policy_gateway_hubspot.sandbox import TOKEN, Sandbox

PATIENCE = 10.0

Ask: TypeAlias = Callable[..., Awaitable[tuple[int, Any]]]
Asking: TypeAlias = Callable[[Sandbox], Ask]


@pytest.fixture
def anyio_backend() -> str:
    """Run on asyncio, as the gateway does."""
    return "asyncio"


@pytest.fixture
def sandbox() -> Sandbox:
    """Return a portal of its own."""
    return Sandbox(seed=1)


@pytest.fixture
def asking() -> Asking:
    """Return what makes of a portal a way to ask it.

    The way takes ``METHOD /path?query``, a body that is sent as JSON, or as it is when it is text, and a token; it
    returns status and JSON.
    """

    def asked(portal: Sandbox) -> Ask:
        async def ask(line: str, body: object = None, token: str = TOKEN) -> tuple[int, Any]:
            method, target = line.split()
            path, _, query = target.partition("?")
            pairs = [(name, value) for name, _, value in (pair.partition("=") for pair in query.split("&") if pair)]
            data = b"" if body is None else body.encode() if isinstance(body, str) else orjson.dumps(body)
            request = Request(method, path, pairs, {"Authorization": f"Bearer {token}"}, data)
            response = await AsgiTransport(portal).send(request)
            return response.status, orjson.loads(response.body or b"null")

        return ask

    return asked


@pytest.fixture
def ask(asking: Asking, sandbox: Sandbox) -> Ask:
    """Return the way to ask the portal."""
    return asking(sandbox)


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
