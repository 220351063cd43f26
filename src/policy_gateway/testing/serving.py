"""For tests that need a real socket: an entrance served on a port of its own, and a client that writes bytes."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import uvicorn

from policy_gateway.ports import AsgiApp
from policy_gateway.web import Web
from policy_gateway.web.server import Listening, config_of

OPEN = b"<open>"
"""Ends what :func:`exchanged` returns when the server kept the connection open."""


@asynccontextmanager
async def serving(web: Web, listening: Listening | None = None) -> AsyncIterator[int]:
    """Serve *web* on loopback while the context is open; yield the port."""
    async with hosting(web.app, listening) as port:
        yield port


@asynccontextmanager
async def hosting(app: AsgiApp, listening: Listening | None = None) -> AsyncIterator[int]:
    """Serve *app*, whatever it is, as the gateway is served; yield the port."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        chosen = listening or Listening(shutdown_deadline=1)
        server = uvicorn.Server(config_of(app, chosen, chosen.tls))
        task = asyncio.create_task(server._serve([listener]))  # noqa: SLF001 -- serve() would take the signals
        while not server.started:  # noqa: ASYNC110 -- uvicorn has no event for it
            await asyncio.sleep(0.005)
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            await task


async def exchanged(port: int, *parts: bytes, pause: float = 0.0, seconds: float = 5.0) -> bytes:
    """Return what the server says to *parts*, written *pause* seconds apart, until it closes or *seconds* are over."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    heard = bytearray()
    writing = asyncio.create_task(_write(writer, parts, pause))
    try:
        with suppress(ConnectionError):  # the server may close on what is still being written
            async with asyncio.timeout(seconds):
                while chunk := await reader.read(65536):
                    heard += chunk
    except TimeoutError:
        heard += OPEN
    finally:
        writing.cancel()
        writer.close()
    return bytes(heard)


async def _write(writer: asyncio.StreamWriter, parts: tuple[bytes, ...], pause: float) -> None:
    with suppress(ConnectionError):
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(pause)
