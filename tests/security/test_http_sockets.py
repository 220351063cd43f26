"""Attacks by how bytes come: smuggled, malformed, slow. On real sockets, since parsers are what is attacked."""

from __future__ import annotations

import asyncio
import time

import pytest

from policy_gateway.testing.entrances import ScriptedGate
from policy_gateway.testing.serving import OPEN, exchanged, serving
from policy_gateway.web import HttpRules, Supplies, Web, assemble
from policy_gateway.web.server import Listening

pytestmark = pytest.mark.anyio

HEAD = b"Host: localhost\r\nAuthorization: Bearer good-key\r\nX-Purpose: service\r\n"
GET = b"GET /v1/crm/contacts/7 HTTP/1.1\r\n" + HEAD + b"\r\n"
POST = b"POST /v1/crm/contacts HTTP/1.1\r\nContent-Type: application/json\r\n" + HEAD
BODY = b'{"phone":"1"}'
CHUNKED = b"d\r\n" + BODY + b"\r\n0\r\n\r\n"


@pytest.fixture
def anyio_backend() -> str:
    """Run asynchronous tests on asyncio."""
    return "asyncio"


@pytest.fixture
def gate() -> ScriptedGate:
    """Return the gate that the entrance leads to."""
    return ScriptedGate()


@pytest.fixture
def web(gate: ScriptedGate) -> Web:
    """Return an entrance to *gate* that waits half a second for a body."""
    return assemble(gate, HttpRules(body_deadline=0.5), Supplies(directory=gate))


class TestSmuggling:
    @pytest.mark.attack("E01")
    @pytest.mark.parametrize(
        "lines",
        [
            b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
            b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
            b"Transfer-Encoding: chunked, identity\r\n",
            b"Transfer-Encoding: xchunked\r\nContent-Length: 4\r\n",
            b"Transfer-Encoding : chunked\r\nContent-Length: 4\r\n",
            b"Transfer-Encoding:\x0bchunked\r\nContent-Length: 4\r\n",
            b"Content-Length: 4\r\nContent-Length: 30\r\n",
            b"Content-Length: 4, 30\r\n",
            b"Content-Length: +4\r\n",
            b"Content-Length: 0x4\r\n",
            b"Content-Length: -1\r\n",
            b"Content-Length: 99999999999999999999999\r\n",
        ],
    )
    async def test_e01(self, web: Web, gate: ScriptedGate, lines: bytes) -> None:
        """E01: a message whose end is in doubt is refused, and nothing that follows it is taken for a request."""
        async with serving(web) as port:
            answer = await exchanged(port, POST + lines + b"\r\n" + CHUNKED + GET, seconds=2)

        assert answer.startswith(b"HTTP/1.1 400")
        assert 1 == answer.count(b"HTTP/1.1")
        assert not answer.endswith(OPEN)
        assert [] == gate.calls

    @pytest.mark.attack("E03")
    @pytest.mark.parametrize(
        "body",
        [
            b"d\n" + BODY + b"\r\n0\r\n\r\n",
            b"d\rX" + BODY + b"\r\n0\r\n\r\n",
            b"d\r\n" + BODY + b"XX0\r\n\r\n",
            b"d\r\n" + BODY + b"\n0\r\n\r\n",
            b"d;a=\n\r\n" + BODY + b"\r\n0\r\n\r\n",
            b" d\r\n" + BODY + b"\r\n0\r\n\r\n",
            b"0xd\r\n" + BODY + b"\r\n0\r\n\r\n",
            b"+d\r\n" + BODY + b"\r\n0\r\n\r\n",
            b"10000000000000000d\r\n" + BODY + b"\r\n0\r\n\r\n",
        ],
    )
    async def test_e03(self, web: Web, gate: ScriptedGate, body: bytes) -> None:
        """E03: a chunk that does not begin or end as it must ends the connection, and nothing is written."""
        async with serving(web) as port:
            answer = await exchanged(port, POST + b"Transfer-Encoding: chunked\r\n\r\n" + body + GET, seconds=2)

        assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 408"))
        assert not answer.endswith(OPEN)
        assert [] == gate.calls

    @pytest.mark.attack("E03")
    async def test_e03_good(self, web: Web, gate: ScriptedGate) -> None:
        """E03: chunks as they must be are read."""
        async with serving(web) as port:
            answer = await exchanged(port, POST + b"Transfer-Encoding: chunked\r\n\r\n" + CHUNKED, seconds=1)

        assert answer.startswith(b"HTTP/1.1 201")
        assert 1 == len(gate.calls)


class TestSlow:
    @pytest.mark.attack("E21")
    async def test_e21_body(self, web: Web, gate: ScriptedGate) -> None:
        """E21: a body that comes byte by byte is not waited for."""
        async with serving(web) as port:
            head = POST + b"Content-Length: 1000\r\n\r\n"
            answer = await exchanged(port, head, *[b"{"] * 100, pause=0.1, seconds=3)

        assert answer.startswith(b"HTTP/1.1 408")
        assert not answer.endswith(OPEN)
        assert [] == gate.calls

    @pytest.mark.attack("E21")
    async def test_e21_heads(self, web: Web) -> None:
        """E21: hundreds of clients that never finish their heads keep nobody waiting, and are gone in the end."""
        async with serving(web, Listening(head_deadline=1.0, shutdown_deadline=1)) as port:
            slow = [asyncio.create_task(exchanged(port, b"GET /v1/crm", seconds=5)) for _ in range(300)]
            await asyncio.sleep(0.2)
            started = time.monotonic()
            answer = await exchanged(port, GET.replace(b"X-Purpose", b"Connection: close\r\nX-Purpose"))
            waited = time.monotonic() - started
            ended = await asyncio.gather(*slow)

        assert answer.startswith(b"HTTP/1.1 200")
        assert waited < 1
        assert {b""} == set(ended)
