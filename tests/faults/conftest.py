from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Protocol, Self

import pytest

from policy_gateway.crm import HttpLimits, HttpTransport, Reach, parse_base_url


class Talk:
    """One connection as the server sees it: *number* counts from 1."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, rogue: Rogue) -> None:
        self._reader = reader
        self._writer = writer
        self._rogue = rogue
        self.number = rogue.connections

    async def request(self) -> bytes:
        """Return the head of the next request; its body is read too."""
        head = await self._reader.readuntil(b"\r\n\r\n")
        self._rogue.heads.append(head)
        _, _, after = head.lower().partition(b"content-length: ")
        await self._reader.readexactly(int(after.split(b"\r\n")[0]) if after else 0)
        return head

    async def say(self, data: bytes) -> None:
        """Send *data*."""
        self._writer.write(data)
        await self._writer.drain()
        self._rogue.said += len(data)

    def reset(self) -> None:
        """Break the connection off (RST)."""
        self._writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()


Behavior = Callable[[Talk], Awaitable[None]]


class Rogue:
    """A server on loopback that does to each connection what *behave* says, then closes it."""

    def __init__(self, behave: Behavior) -> None:
        self._behave = behave
        self._tasks: set[asyncio.Task[None]] = set()
        self.heads: list[bytes] = []
        self.connections = 0
        self.said = 0
        self.port = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._meet, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *error: object) -> None:
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            await self._behave(Talk(reader, writer, self))
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            self._tasks.discard(task)


class Meet(Protocol):
    """Starts a server that behaves as told, and a client for it."""

    def __call__(self, behave: Behavior, **limits: float) -> AsyncContext:
        """Return them when entered."""
        ...


class AsyncContext(Protocol):
    """What ``async with`` enters."""

    async def __aenter__(self) -> tuple[Rogue, HttpTransport]: ...

    async def __aexit__(self, *error: object) -> None: ...


@pytest.fixture
def meet() -> Meet:
    """Return a starter of misbehaving servers; *limits* are those of the client."""

    @asynccontextmanager
    async def starter(behave: Behavior, **limits: float) -> AsyncIterator[tuple[Rogue, HttpTransport]]:
        async with Rogue(behave) as rogue:
            origin = parse_base_url(f"http://127.0.0.1:{rogue.port}")
            bounds = HttpLimits(**{"deadline": 5.0, **limits})  # type: ignore[arg-type]  # whole numbers are given whole
            client = HttpTransport(origin, Reach.of(["127.0.0.1"]), bounds)
            try:
                yield rogue, client
            finally:
                await client.aclose()

    return starter
