from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import uvicorn

from policy_gateway.testing.entrances import ScriptedGate
from policy_gateway.web import HttpRules, Supplies, assemble
from policy_gateway.web.server import Listening, config_of

pytestmark = pytest.mark.anyio

HEAD = b"Host: localhost\r\nAuthorization: Bearer good-key\r\nX-Purpose: service\r\n"
GET = b"GET /v1/crm/contacts/7 HTTP/1.1\r\n" + HEAD + b"\r\n"
POST = b"POST /v1/crm/contacts HTTP/1.1\r\nContent-Type: application/json\r\n" + HEAD


@asynccontextmanager
async def serving(gate: ScriptedGate, rules: HttpRules | None = None) -> AsyncIterator[int]:
    """Serve *gate* on a port of its own; heads have half a second."""
    web = assemble(gate, rules or HttpRules(body_deadline=0.5), Supplies(directory=gate))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(config_of(web.app, Listening(head_deadline=0.5, shutdown_deadline=1)))
        task = asyncio.create_task(server._serve([listener]))
        while not server.started:  # noqa: ASYNC110 -- uvicorn has no event for it
            await asyncio.sleep(0.01)
        yield listener.getsockname()[1]
        server.should_exit = True
        await task


async def exchanged(port: int, *parts: bytes, pause: float = 0.0, seconds: float = 5.0) -> bytes:
    """Return everything that the server says to *parts* until it closes, or has nothing more to say."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answer = b""
    try:
        async with asyncio.timeout(seconds):
            for part in parts:
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(pause)
            while chunk := await reader.read(65536):
                answer += chunk
    except (TimeoutError, ConnectionError):
        answer += b"<open>"
    finally:
        writer.close()
    return answer


class TestServing:
    async def test_answer(self, gate: ScriptedGate) -> None:
        """A request over a socket is answered, without naming the server's software."""
        async with serving(gate) as port:
            answer = await exchanged(port, GET.replace(b"X-Purpose", b"Connection: close\r\nX-Purpose"))

        assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
        assert b"server:" not in answer.lower().partition(b"\r\n\r\n")[0]

    async def test_kept_alive(self, gate: ScriptedGate) -> None:
        """A connection carries one request after the other."""
        async with serving(gate) as port:
            answer = await exchanged(port, GET, GET, GET, pause=0.05, seconds=0.5)

        assert 3 == answer.count(b"HTTP/1.1 200 OK")

    async def test_unread_body(self, gate: ScriptedGate) -> None:
        """Who is refused before the body came is not waited for."""
        async with serving(gate) as port:
            head = POST.replace(b"good-key", b"bad key!") + b"Content-Length: 1000\r\n\r\n"
            answer = await exchanged(port, head)

        assert answer.startswith(b"HTTP/1.1 401")
        assert b"connection: close" in answer
        assert not answer.endswith(b"<open>")

    @pytest.mark.parametrize(
        "request_line",
        [b"GET /v1/crm/contacts/7#x HTTP/1.1", b"GET http://evil/v1/crm/contacts/7 HTTP/1.1", b"GET  / HTTP/1.1",
         b"GET /\xff HTTP/1.1", b"GET / HTTP/9.9", b"get / HTTP/1.1", b"GET /a b HTTP/1.1", b"\x16\x03\x01\x02"],
    )  # fmt: skip
    async def test_no_crash(self, gate: ScriptedGate, request_line: bytes) -> None:
        """Whatever stands in the first line, the next client is answered."""
        async with serving(gate) as port:
            strange = await exchanged(port, request_line + b"\r\n" + HEAD + b"\r\n", seconds=0.3)
            answer = await exchanged(port, GET, seconds=0.3)

        assert b"HTTP/1.1 5" not in strange
        assert answer.startswith(b"HTTP/1.1 200 OK")
