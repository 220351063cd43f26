from __future__ import annotations

import asyncio

import pytest

from policy_gateway.ports import AsgiApp, Gate, Sessions, Shelf
from policy_gateway.testing.entrances import ScriptedGate
from policy_gateway.testing.serving import OPEN, exchanged, serving
from policy_gateway.web import HttpRules, Supplies, Web, assemble
from policy_gateway.web.server import Listening
from policy_gateway.wire import Ask, Reply, json_reply, served

pytestmark = pytest.mark.anyio

HEAD = b"Host: localhost\r\nAuthorization: Bearer good-key\r\nX-Purpose: service\r\n"
GET = b"GET /v1/crm/contacts/7 HTTP/1.1\r\n" + HEAD + b"\r\n"
POST = b"POST /v1/crm/contacts HTTP/1.1\r\nContent-Type: application/json\r\n" + HEAD


class Echo:
    """A facade that says how long the query, or the body, is."""

    name = "echo"
    prefixes = ("/echo",)

    def app(self, gate: Gate, sessions: Sessions, shelf: Shelf) -> AsgiApp:
        """Return its app."""
        del gate, sessions, shelf

        async def answer(ask: Ask) -> Reply:
            body = sum([len(chunk) async for chunk in ask.chunks(10_000_000)]) if ask.has_body else 0
            return json_reply({"length": len(ask.first("q")) + body})

        return served(answer, lambda status, code: json_reply({"sorry": code}, status))


class TestServing:
    async def test_answer(self, web: Web) -> None:
        """A request over a socket is answered, without naming the server's software."""
        async with serving(web) as port:
            answer = await exchanged(port, GET.replace(b"X-Purpose", b"Connection: close\r\nX-Purpose"))

        assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
        assert b"server:" not in answer.lower().partition(b"\r\n\r\n")[0]

    async def test_kept_alive(self, web: Web) -> None:
        """A connection carries one request after the other."""
        async with serving(web) as port:
            answer = await exchanged(port, GET, GET, GET, pause=0.05, seconds=0.5)

        assert 3 == answer.count(b"HTTP/1.1 200 OK")

    async def test_unread_body(self, web: Web) -> None:
        """Who is refused before the body came is not waited for."""
        async with serving(web) as port:
            head = POST.replace(b"good-key", b"bad key!") + b"Content-Length: 1000\r\n\r\n"
            answer = await exchanged(port, head)

        assert answer.startswith(b"HTTP/1.1 401")
        assert b"connection: close" in answer
        assert not answer.endswith(OPEN)

    async def test_slow_head(self, web: Web) -> None:
        """A connection that does not say in time what it wants is closed, whether it says nothing or too little."""
        async with serving(web, Listening(head_deadline=0.3, shutdown_deadline=1)) as port:
            silent, dripping = await asyncio.gather(
                exchanged(port, seconds=2), exchanged(port, *(bytes([byte]) for byte in GET), pause=0.05, seconds=2)
            )

        assert (b"", b"") == (silent, dripping)

    async def test_large_head(self, web: Web) -> None:
        """A head that never ends is cut off."""
        async with serving(web) as port:
            answer = await exchanged(port, b"GET / HTTP/1.1\r\n", *[b"X-A: " + b"x" * 9000 + b"\r\n"] * 8, pause=0.01)

        assert answer.startswith(b"HTTP/1.1 400")
        assert not answer.endswith(OPEN)

    async def test_long_query(self, gate: ScriptedGate) -> None:
        """A facade gets as long a query as vendors take: 16 KB, in one piece or in many."""
        request = b"GET /echo?q=" + b"x" * 16_300 + b" HTTP/1.1\r\n" + HEAD + b"Connection: close\r\n\r\n"
        pieces = [request[start : start + 1_000] for start in range(0, len(request), 1_000)]
        async with serving(assemble(gate, HttpRules(), Supplies(facades=[Echo()]))) as port:
            whole, split = await exchanged(port, request), await exchanged(port, *pieces, pause=0.001)

        assert whole.endswith(b'{"length":16300}')
        assert split.endswith(b'{"length":16300}')

    async def test_large_upload(self, gate: ScriptedGate) -> None:
        """A facade reads a large body as it comes, chunked as many clients send it."""
        head = b"PUT /echo HTTP/1.1\r\n" + HEAD + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        chunk = b"%x\r\n" % 100_000 + b"x" * 100_000 + b"\r\n"
        async with serving(assemble(gate, HttpRules(), Supplies(facades=[Echo()]))) as port:
            answer = await exchanged(port, head, *[chunk] * 30, b"0\r\n\r\n")

        assert answer.endswith(b'{"length":3000000}')

    @pytest.mark.parametrize(
        "request_line",
        [b"GET /v1/crm/contacts/7#x HTTP/1.1", b"GET http://evil/v1/crm/contacts/7 HTTP/1.1", b"GET  / HTTP/1.1",
         b"GET /\xff HTTP/1.1", b"GET / HTTP/9.9", b"get / HTTP/1.1", b"GET /a b HTTP/1.1", b"\x16\x03\x01\x02"],
    )  # fmt: skip
    async def test_no_crash(self, web: Web, request_line: bytes) -> None:
        """Whatever stands in the first line, the next client is answered."""
        async with serving(web) as port:
            strange = await exchanged(port, request_line + b"\r\n" + HEAD + b"\r\n", seconds=0.3)
            answer = await exchanged(port, GET, seconds=0.3)

        assert b"HTTP/1.1 5" not in strange
        assert answer.startswith(b"HTTP/1.1 200 OK")
