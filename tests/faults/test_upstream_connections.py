from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from policy_gateway.crm import HttpLimits, HttpTransport, Reach, parse_base_url
from policy_gateway.errors import UpstreamInvalid, UpstreamUnavailable
from policy_gateway.records import Request

if TYPE_CHECKING:
    from tests.faults.conftest import Meet, Talk

pytestmark = pytest.mark.anyio

GET = Request("GET", "/contacts/7")
POST = Request("POST", "/contacts", body=b"{}")


def answer(body: bytes, *headers: str) -> bytes:
    """Return a whole response."""
    return "\r\n".join(["HTTP/1.1 200 OK", f"content-length: {len(body)}", *headers, "", ""]).encode() + body


async def echo(talk: Talk) -> None:
    """Answer each request with its path, for as long as they come."""
    while True:
        head = await talk.request()
        await talk.say(answer(head.split()[1]))


Resolver = Callable[..., Awaitable[list[tuple[object, ...]]]]


def resolving(*addresses: str) -> Resolver:
    """Return a resolver that knows *addresses* for every name."""

    async def resolve(*_: object, **__: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in addresses]

    return resolve


class TestPool:
    async def test_kept(self, meet: Meet) -> None:
        """One after another, requests share a connection."""
        async with meet(echo) as (rogue, client):
            paths = [(await client.send(Request("GET", f"/contacts/{number}"))).body for number in range(20)]

        assert [f"/contacts/{number}".encode() for number in range(20)] == paths
        assert 1 == rogue.connections

    async def test_bounded(self, meet: Meet) -> None:
        """At once, they share as many as are allowed, and each gets its own answer."""

        async def slow_echo(talk: Talk) -> None:
            while True:
                head = await talk.request()
                await asyncio.sleep(0.01)
                await talk.say(answer(head.split()[1]))

        async with meet(slow_echo, connections=4) as (rogue, client):
            requests = [client.send(Request("GET", f"/contacts/{number}")) for number in range(40)]
            answers = await asyncio.gather(*requests)

        assert [f"/contacts/{number}".encode() for number in range(40)] == [one.body for one in answers]
        assert 4 == rogue.connections

    async def test_rest(self, meet: Meet) -> None:
        """A connection that rested too long is not used again."""
        async with meet(echo, idle=0.01) as (rogue, client):
            await client.send(GET)
            await asyncio.sleep(0.03)
            await client.send(GET)

        assert 2 == rogue.connections

    async def test_close_announced(self, meet: Meet) -> None:
        """A connection that the CRM is going to close is not used again."""

        async def behave(talk: Talk) -> None:
            while True:
                await talk.request()
                await talk.say(answer(b"", "connection: close"))

        async with meet(behave) as (rogue, client):
            await client.send(GET)
            await client.send(POST)

        assert 2 == rogue.connections

    async def test_cancelled(self, meet: Meet) -> None:
        """The answer to a call that was given up never answers the next one."""

        async def behave(talk: Talk) -> None:
            while True:
                head = await talk.request()
                await asyncio.sleep(0.1 if b"/slow" in head else 0)
                await talk.say(answer(head.split()[1]))

        async with meet(behave, connections=1) as (_, client):
            await client.send(GET)
            given_up = asyncio.create_task(client.send(Request("GET", "/slow")))
            await asyncio.sleep(0.03)
            given_up.cancel()
            await asyncio.wait([given_up])
            bodies = []
            for number in range(5):
                bodies.append((await client.send(Request("GET", f"/{number}"))).body)
                await asyncio.sleep(0.03)

        assert [b"/0", b"/1", b"/2", b"/3", b"/4"] == bodies

    @pytest.mark.parametrize("pause", [0, 0.03])
    async def test_unasked_answer(self, meet: Meet, pause: float) -> None:
        """A second answer that nobody asked for, sent with the first or after it, is nobody's answer."""

        async def behave(talk: Talk) -> None:
            while True:
                head = await talk.request()
                if pause:
                    await talk.say(answer(head.split()[1]))
                    await asyncio.sleep(pause / 3)
                    await talk.say(answer(b"/poison"))
                else:
                    await talk.say(answer(head.split()[1]) + answer(b"/poison"))

        async with meet(behave) as (_, client):
            bodies = []
            for number in range(5):
                bodies.append((await client.send(Request("GET", f"/{number}"))).body)
                await asyncio.sleep(pause)

        assert [b"/0", b"/1", b"/2", b"/3", b"/4"] == bodies

    async def test_short_length(self, meet: Meet) -> None:
        """What follows a body that was declared too short does not become the next answer."""

        async def behave(talk: Talk) -> None:
            while True:
                await talk.request()
                await talk.say(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\n\r\n")

        async with meet(behave) as (rogue, client):
            bodies = [(await client.send(GET)).body for _ in range(3)]

        assert [b"{}"] * 3 == bodies
        assert 3 == rogue.connections


class TestStale:
    async def test_read(self, meet: Meet) -> None:
        """A read on a resting connection that the CRM closed is sent again, once, on a new one."""

        async def behave(talk: Talk) -> None:
            await talk.request()
            await talk.say(answer(b"%d" % talk.number))
            if talk.number == 1:
                await talk.request()
            else:
                await talk.request()
                await talk.say(answer(b"again"))

        async with meet(behave) as (rogue, client):
            first = await client.send(GET)
            second = await client.send(GET)

        assert (b"1", b"2") == (first.body, second.body)
        assert 3 == len(rogue.heads)

    async def test_read_only_once(self, meet: Meet) -> None:
        """When the new connection is closed too, the CRM is not reachable."""

        async def behave(talk: Talk) -> None:
            await talk.request()
            if talk.number == 1:
                await talk.say(answer(b""))
                await talk.request()

        async with meet(behave) as (rogue, client):
            await client.send(GET)
            with pytest.raises(UpstreamUnavailable) as caught:
                await client.send(GET)

        assert not caught.value.unsent
        assert 3 == len(rogue.heads)

    @pytest.mark.attack("C13")
    async def test_write(self, meet: Meet) -> None:
        """A write that the CRM may have seen is never sent again, and is not said to be unsent."""

        async def behave(talk: Talk) -> None:
            await talk.request()
            await talk.say(answer(b""))
            await talk.request()

        async with meet(behave) as (rogue, client):
            await client.send(POST)
            with pytest.raises(UpstreamUnavailable) as caught:
                await client.send(POST)

        assert not caught.value.unsent
        assert 2 == len(rogue.heads)

    async def test_write_after_close(self, meet: Meet) -> None:
        """A write goes to a new connection when the resting one is known to be closed."""

        async def behave(talk: Talk) -> None:
            await talk.request()
            await talk.say(answer(b"%d" % talk.number))

        async with meet(behave) as (_, client):
            bodies = []
            for _ in range(3):
                bodies.append((await client.send(POST)).body)
                await asyncio.sleep(0.03)

        assert [b"1", b"2", b"3"] == bodies


class TestReaching:
    async def test_refused(self) -> None:
        """Where nobody listens nothing was sent."""
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            port = taken.getsockname()[1]
        client = HttpTransport(parse_base_url(f"http://127.0.0.1:{port}"), Reach.of(["127.0.0.1"]))
        with pytest.raises(UpstreamUnavailable) as caught:
            await client.send(POST)

        assert caught.value.unsent

    @pytest.mark.attack("F05")
    @pytest.mark.parametrize("address", ["127.0.0.1", "::1", "169.254.169.254", "10.1.2.3", "::ffff:127.0.0.1"])
    async def test_name_of_a_private_address(self, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """A public name that resolves to an address that is not public is refused when it is connected to."""
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolving(address))
        client = HttpTransport(parse_base_url("https://crm.example.com"), Reach())
        with pytest.raises(UpstreamUnavailable, match="address") as caught:
            await client.send(GET)

        assert caught.value.unsent

    async def test_second_address(self, meet: Meet, monkeypatch: pytest.MonkeyPatch) -> None:
        """When one address of a name does not answer, the next is tried, and one that is refused never is."""

        async def refuse(talk: Talk) -> None:
            await talk.say(b"no TLS here\r\n\r\n")

        async with meet(refuse) as (rogue, _):
            origin = parse_base_url(f"https://crm.example.com:{rogue.port}")
            client = HttpTransport(origin, Reach.of(["127.0.0.0/8"]), HttpLimits(deadline=2))
            resolver = resolving("10.1.2.3", "127.0.0.2", "127.0.0.1")
            monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolver)
            # The server speaks no TLS, so reaching it shows as a TLS failure.
            with pytest.raises(UpstreamUnavailable, match="TLS"):
                await client.send(GET)

        assert 1 == rogue.connections

    async def test_injection(self, meet: Meet) -> None:
        """A request that would mean something else on the wire is not sent."""
        async with meet(echo) as (rogue, client):
            with pytest.raises(UpstreamInvalid):
                await client.send(Request("GET", "/contacts/7", headers={"x": "1\r\nhost: evil.example"}))

        assert 0 == rogue.connections


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a self-signed certificate for 127.0.0.1, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "crm")])
    now = dt.datetime.now(dt.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "certificate.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(built.public_bytes(serialization.Encoding.PEM) + secret)
    return path


class TestTls:
    @pytest.mark.parametrize(
        ("trusted", "host"), [(True, "127.0.0.1"), (False, "127.0.0.1"), (True, "crm.example.com")]
    )
    async def test_verified(
        self, certificate: Path, monkeypatch: pytest.MonkeyPatch, *, trusted: bool, host: str
    ) -> None:
        """Only a certificate of a trusted authority, for the very host, is accepted."""
        serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        serving.load_cert_chain(certificate)

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer(b"secret"))
            await writer.drain()
            await reader.read()
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=serving)
        port = server.sockets[0].getsockname()[1]
        context = ssl.create_default_context(cafile=certificate if trusted else None)
        client = HttpTransport(
            parse_base_url(f"https://{host}:{port}"), Reach.of(["127.0.0.1"]), HttpLimits(deadline=5), tls=context
        )
        if host != "127.0.0.1":
            monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolving("127.0.0.1"))
        async with server:
            if trusted and host == "127.0.0.1":
                assert b"secret" == (await client.send(GET)).body
            else:
                with pytest.raises(UpstreamUnavailable, match="certificate") as caught:
                    await client.send(GET)
                assert caught.value.unsent
            await client.aclose()
            await asyncio.sleep(0.05)
