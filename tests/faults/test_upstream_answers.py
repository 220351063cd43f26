from __future__ import annotations

import asyncio
import gzip
import itertools
import zlib
from typing import TYPE_CHECKING

import pytest

from policy_gateway.errors import UpstreamError, UpstreamInvalid, UpstreamTimeout, UpstreamUnavailable
from policy_gateway.records import Request

if TYPE_CHECKING:
    from tests.faults.conftest import Behavior, Meet, Talk

pytestmark = pytest.mark.anyio

GET = Request("GET", "/contacts/7")
BODY = b'{"id": "7", "email": "lena.vogt@example.com"}'
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"


def answer(body: bytes = BODY, *headers: str, status: str = "200 OK") -> bytes:
    """Return a whole response."""
    lines = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def says(*pieces: bytes, pause: float = 0) -> Behavior:
    """Return the behavior of a server that answers each request with *pieces*, then closes."""

    async def behave(talk: Talk) -> None:
        await talk.request()
        for piece in pieces:
            await talk.say(piece)
            await asyncio.sleep(pause)

    return behave


def repeats(head: bytes, piece: bytes, pause: float = 0) -> Behavior:
    """Return the behavior of a server that never stops sending *piece*."""

    async def behave(talk: Talk) -> None:
        await talk.request()
        await talk.say(head)
        while True:
            await talk.say(piece)
            await asyncio.sleep(pause)

    return behave


async def refusal(meet: Meet, behave: Behavior, **limits: float) -> UpstreamError:
    """Return the error that a GET of such a server ends with."""
    async with meet(behave, **limits) as (_, client):
        with pytest.raises(UpstreamError) as caught:
            await client.send(GET)
    return caught.value


class TestWhole:
    async def test_content_length(self, meet: Meet) -> None:
        """A body of a declared length arrives whole, with lower-case header names."""
        async with meet(says(answer(BODY, "X-Quota: 7"))) as (_, client):
            response = await client.send(GET)

        assert (200, BODY, "7") == (response.status, response.body, response.headers["x-quota"])

    async def test_chunked(self, meet: Meet) -> None:
        """Chunks are joined, trailers dropped."""
        async with meet(says(CHUNKED + b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nx-late: 1\r\n\r\n")) as (_, client):
            response = await client.send(GET)

        assert b"abcde" == response.body
        assert "x-late" not in response.headers

    async def test_byte_by_byte(self, meet: Meet) -> None:
        """How the network cuts an answer does not matter."""
        data = answer(BODY, "x-empty:", "x-after: 1")
        async with meet(says(*(data[at : at + 1] for at in range(len(data))))) as (_, client):
            response = await client.send(GET)

        assert (BODY, "", "1") == (response.body, response.headers["x-empty"], response.headers["x-after"])

    async def test_head(self, meet: Meet) -> None:
        """The answer to HEAD has no body, whatever length it declares."""
        async with meet(says(answer()[: -len(BODY)])) as (_, client):
            response = await client.send(Request("HEAD", "/contacts/7"))

        assert (200, b"") == (response.status, response.body)

    async def test_no_content(self, meet: Meet) -> None:
        """204 has no body and needs no length."""
        async with meet(says(b"HTTP/1.1 204 No Content\r\n\r\n")) as (_, client):
            assert 204 == (await client.send(GET)).status

    async def test_interim(self, meet: Meet) -> None:
        """Interim answers are passed over."""
        async with meet(says(b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + answer())) as (_, client):
            response = await client.send(GET)

        assert (200, BODY, False) == (response.status, response.body, "link" in response.headers)

    @pytest.mark.attack("F21")
    async def test_hostile_headers(self, meet: Meet) -> None:
        """Repeated and odd headers are only data."""
        odd = ("Set-Cookie: a=1", "set-cookie: b=2", "Location: http://evil.example/", "x-latin: \xe9")
        async with meet(says(answer(BODY, *odd))) as (_, client):
            headers = (await client.send(GET)).headers

        assert ("a=1, b=2", "\xe9") == (headers["set-cookie"], headers["x-latin"])


def gzipped(body: bytes) -> bytes:
    """Return *body* compressed, without the time of day: each of a run's workers must name the same tests."""
    return gzip.compress(body, mtime=0)


class TestCompressed:
    @pytest.mark.parametrize(
        ("encoding", "body"),
        [
            ("gzip", gzipped(BODY)),
            ("GZIP", gzipped(BODY)),
            ("deflate", zlib.compress(BODY)),
            ("deflate", zlib.compress(BODY, wbits=-15)),
            ("identity", BODY),
        ],
    )
    async def test_understood(self, meet: Meet, encoding: str, body: bytes) -> None:
        """gzip, and deflate with or without its wrapper, are undone."""
        async with meet(says(answer(body, f"content-encoding: {encoding}"))) as (_, client):
            assert BODY == (await client.send(GET)).body

    @pytest.mark.parametrize(
        ("encoding", "body"),
        [
            ("gzip", gzipped(BODY)[:-1]),
            ("gzip", gzipped(BODY) + b"tail"),
            ("gzip", BODY),
            ("deflate", zlib.compress(BODY)[:-3]),
            ("br", BODY),
            ("gzip, gzip", gzipped(gzipped(BODY))),
        ],
    )
    async def test_broken(self, meet: Meet, encoding: str, body: bytes) -> None:
        """A body that is cut, followed by something, or compressed in a way that was not asked for is refused."""
        error = await refusal(meet, says(answer(body, f"content-encoding: {encoding}")))

        assert isinstance(error, UpstreamInvalid)

    @pytest.mark.attack("F13")
    async def test_bomb(self, meet: Meet) -> None:
        """A small body that would become a huge one is refused at the bound."""
        bomb = gzip.compress(bytes(64 * 2**20))
        error = await refusal(meet, says(answer(bomb, "content-encoding: gzip")), body=2**20)

        assert isinstance(error, UpstreamInvalid)


class TestCutOff:
    @pytest.mark.attack("F09")
    async def test_content_length(self, meet: Meet) -> None:
        """An answer that ends early, at whatever byte, is no answer."""
        data = answer()
        cuts = itertools.count()

        async def behave(talk: Talk) -> None:
            await talk.request()
            await talk.say(data[: next(cuts)])

        async with meet(behave) as (_, client):
            for cut in range(len(data)):
                with pytest.raises(UpstreamInvalid if cut else UpstreamUnavailable):
                    await client.send(GET)

    @pytest.mark.attack("F09")
    async def test_chunked(self, meet: Meet) -> None:
        """A chunked answer without its end is no answer."""
        data = CHUNKED + b"5\r\n12345\r\n3\r\n678\r\n0\r\n\r\n"
        cuts = itertools.count(1)

        async def behave(talk: Talk) -> None:
            await talk.request()
            await talk.say(data[: next(cuts)])

        async with meet(behave) as (_, client):
            for _ in range(1, len(data)):
                with pytest.raises(UpstreamInvalid):
                    await client.send(GET)

    async def test_no_length(self, meet: Meet) -> None:
        """A body that only the end of the connection ends may have been cut: it is not believed."""
        error = await refusal(meet, says(b"HTTP/1.1 200 OK\r\n\r\n" + BODY))

        assert isinstance(error, UpstreamInvalid)

    async def test_reset(self, meet: Meet) -> None:
        """A connection broken off in the middle is an unreachable CRM."""

        async def behave(talk: Talk) -> None:
            await talk.request()
            await talk.say(answer()[:-5])
            await asyncio.sleep(0.05)
            talk.reset()

        assert isinstance(await refusal(meet, behave), UpstreamUnavailable)


class TestNotHttp:
    @pytest.mark.parametrize(
        "data",
        [
            b"SSH-2.0-OpenSSH_9.2\r\n",
            b"HTTP/1.1 abc OK\r\n\r\n",
            b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 5\r\n\r\nabcde",
            b"HTTP/1.1 200 OK\r\ncontent-length: -3\r\n\r\nabc",
            b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nbad header\r\ncontent-length: 0\r\n\r\n",
            CHUNKED + b"zz\r\nabc\r\n",
            CHUNKED + b"3\r\nabcXX0\r\n\r\n",
            b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
        ],
    )
    async def test_refused(self, meet: Meet, data: bytes) -> None:
        """Whatever is not one unambiguous HTTP answer is refused."""
        assert isinstance(await refusal(meet, says(data)), UpstreamInvalid)

    @pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
    async def test_redirect(self, meet: Meet, status: str) -> None:
        """A redirect is refused and its target not asked."""
        async with meet(says(answer(b""))) as (other, _):
            behave = says(answer(b"", f"location: http://127.0.0.1:{other.port}/", status=status))
            error = await refusal(meet, behave)

            assert isinstance(error, UpstreamInvalid)
            assert 0 == other.connections


class TestEndless:
    @pytest.mark.attack("F13")
    @pytest.mark.parametrize(
        ("head", "piece"),
        [
            (CHUNKED, b"1000\r\n" + bytes(4096) + b"\r\n"),
            (b"HTTP/1.1 200 OK\r\ncontent-length: 10000000000\r\n\r\n", bytes(65536)),
            (b"HTTP/1.1 200 OK\r\n", b"x-more: " + b"y" * 1000 + b"\r\n"),
            (b"HTTP/1.1 200 OK\r\nx-long: ", b"y" * 65536),
            (CHUNKED + b"0\r\n", b"x-trailer: " + b"y" * 1000 + b"\r\n"),
            (CHUNKED + b"3;x=", b"y" * 65536),
            (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
        ],
        ids=["chunks", "length", "headers", "header", "trailers", "extension", "interim"],
    )
    async def test_bounded(self, meet: Meet, head: bytes, piece: bytes) -> None:
        """Whichever part never ends, reading stops at its bound, long before the deadline."""
        async with meet(repeats(head, piece), body=2**20, deadline=30) as (rogue, client):
            with pytest.raises(UpstreamInvalid):
                await client.send(GET)

            assert rogue.said < 16 * 2**20

    @pytest.mark.attack("F21")
    async def test_big_header(self, meet: Meet) -> None:
        """A header of a megabyte is refused, though the answer is whole."""
        assert isinstance(await refusal(meet, says(answer(BODY, "x-big: " + "y" * 2**20))), UpstreamInvalid)

    async def test_too_large(self, meet: Meet) -> None:
        """A whole body one byte above the bound is refused; at the bound it is not."""
        async with meet(says(answer(bytes(1000))), body=1000) as (_, client):
            assert 1000 == len((await client.send(GET)).body)

        assert isinstance(await refusal(meet, says(answer(bytes(1001))), body=1000), UpstreamInvalid)


class TestSlow:
    @pytest.mark.attack("F15")
    @pytest.mark.parametrize(
        "behave",
        [
            repeats(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n", b"x", 0.05),
            repeats(b"", b"H", 30),
            repeats(CHUNKED, b"1\r\nx\r\n", 0.05),
        ],
        ids=["drip", "silent", "chunks"],
    )
    async def test_deadline(self, meet: Meet, behave: Behavior) -> None:
        """The deadline is for the whole answer: bytes that trickle in do not extend it."""
        started = asyncio.get_running_loop().time()
        error = await refusal(meet, behave, deadline=0.4)

        assert isinstance(error, UpstreamTimeout)
        assert asyncio.get_running_loop().time() - started < 1.5
