from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qsl

import orjson
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import SecretStr

from policy_gateway.errors import (
    ConfigurationError,
    GatewayError,
    RateLimited,
    UpstreamInvalid,
    UpstreamRefused,
    UpstreamUnavailable,
)
from policy_gateway.model.field import RecordId
from policy_gateway.query import Change, ChangeKind, Query
from policy_gateway.records import ConnectionConfig, Request, Response, Transport
from policy_gateway.testing import AsgiTransport, FaultyTransport
from policy_gateway_salesforce.adapter import SalesforceAdapter, SalesforceKind
from policy_gateway_salesforce.logins import REST
from policy_gateway_salesforce.sandbox import CLIENT_ID, CLIENT_SECRET, INTEGRATION, Fault, FaultKind, Sandbox

pytestmark = pytest.mark.anyio

TOKEN_PATH: Final = "/services/oauth2/token"
ANYTHING: Final = Query("contact", ("id",), limit=1)


def connected(
    transport: Transport, secrets: Mapping[str, str], base_url: str = "", **options: str
) -> SalesforceAdapter:
    """Return a connection that logs in with *secrets*."""
    given = {name: SecretStr(value) for name, value in secrets.items()}
    options = {"client_id": CLIENT_ID, **options}
    return SalesforceKind().connect(ConnectionConfig("acme", "crm", base_url, options, given), transport)


def by_client(transport: Transport, base_url: str = "") -> SalesforceAdapter:
    """Return a connection that logs in as the app."""
    return connected(transport, {"client_secret": CLIENT_SECRET}, base_url)


def forms(transport: FaultyTransport) -> list[dict[str, str]]:
    """Return what was posted to the token endpoint."""
    return [dict(parse_qsl(each.body.decode())) for each in transport.requests if each.path == TOKEN_PATH]


class Answering:
    """A transport that answers logins in one way, and everything else as *inner* does."""

    def __init__(self, inner: Transport, status: int, body: object) -> None:
        self._inner = inner
        self._answer = Response(status, {}, orjson.dumps(body))

    async def send(self, request: Request) -> Response:
        """Answer."""
        return self._answer if request.path == TOKEN_PATH else await self._inner.send(request)


class TestGrants:
    async def test_client_credentials(self, transport: FaultyTransport) -> None:
        """The app logs in once, when it is first needed, and not again while its token is good."""
        adapter = by_client(transport)
        assert [] == transport.requests
        for _ in range(3):
            await adapter.read(ANYTHING)

        expected = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        assert [expected] == forms(transport)
        assert 4 == len(transport.requests)

    async def test_refresh_token(self, transport: FaultyTransport, sandbox: Sandbox) -> None:
        """A user who once agreed is acted for by the refresh token, with or without the app's secret."""
        refresh = sandbox.org.sessions.refresh_token(sandbox.org.sessions.users[INTEGRATION.lower()])
        for secrets in ({"refresh_token": refresh}, {"refresh_token": refresh, "client_secret": CLIENT_SECRET}):
            await connected(transport, secrets).read(ANYTHING)

        told = {"grant_type": "refresh_token", "client_id": CLIENT_ID, "refresh_token": refresh}
        assert [told, {**told, "client_secret": CLIENT_SECRET}] == forms(transport)

    async def test_jwt_bearer(self, jwt_keys: tuple[str, str]) -> None:
        """The app's certificate speaks for a user; the org checks the signature."""
        private, public = jwt_keys
        transport = FaultyTransport(AsgiTransport(Sandbox(seed=1, jwt_key=public)))
        page = await connected(transport, {"private_key": private}, username=INTEGRATION).read(ANYTHING)

        assert 1 == len(page.records)
        [form] = forms(transport)
        assert {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer"} == {
            name: value for name, value in form.items() if name != "assertion"
        }

    async def test_jwt_ends(self, jwt_keys: tuple[str, str]) -> None:
        """An assertion is good for some minutes only."""
        private, public = jwt_keys
        late = Sandbox(seed=1, jwt_key=public, clock=lambda: datetime(2026, 1, 1, 12, 4, tzinfo=UTC))
        kind = SalesforceKind(clock=lambda: datetime(2026, 1, 1, 12, 0, tzinfo=UTC))
        options = {"client_id": CLIENT_ID, "username": INTEGRATION}
        config = ConnectionConfig("acme", "crm", "", options, {"private_key": SecretStr(private)})
        with pytest.raises(UpstreamRefused):
            await kind.connect(config, AsgiTransport(late)).read(ANYTHING)

    async def test_other_keys(self, transport: FaultyTransport) -> None:
        """A private key that is not RSA refuses to start."""
        key = ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        with pytest.raises(ConfigurationError):
            connected(transport, {"private_key": key.decode()}, username="u")

    async def test_secrets_stay_inside(self, transport: FaultyTransport, sandbox: Sandbox) -> None:
        """No secret is in an error, nor in what an object says of itself."""
        sandbox.faults.arm(Fault(FaultKind.STATUS, status=400, times=None))
        adapter = by_client(transport)
        with pytest.raises(UpstreamRefused) as caught:
            await adapter.read(ANYTHING)

        assert CLIENT_SECRET not in repr(caught.value) + repr(vars(adapter)) + repr(vars(adapter._line._login))


class TestTokenAnswers:
    @pytest.mark.parametrize(
        ("status", "body", "error"),
        [
            (400, {"error": "invalid_grant", "error_description": "CANARY"}, UpstreamRefused),
            (401, {"error": "invalid_client"}, UpstreamRefused),
            (302, {}, UpstreamRefused),
            (429, {}, RateLimited),
            (503, {}, UpstreamUnavailable),
            (200, {}, UpstreamInvalid),
            (200, [], UpstreamInvalid),
            (200, {"access_token": ""}, UpstreamInvalid),
            (200, {"access_token": "two\r\nlines"}, UpstreamInvalid),
            (200, {"access_token": "x" * 5000}, UpstreamInvalid),
            (200, {"access_token": {"a": 1}}, UpstreamInvalid),
            (200, {"access_token": "t", "instance_url": "https://evil.example"}, UpstreamInvalid),
            (200, {"access_token": "t", "instance_url": "https://acme.example@evil.example"}, UpstreamInvalid),
            (200, {"access_token": "t", "instance_url": "https://[acme.example"}, UpstreamInvalid),
        ],
        ids=repr,
    )
    async def test_bad(self, transport: FaultyTransport, status: int, body: object, error: type[GatewayError]) -> None:
        """A login that fails, or an answer that names another host, ends the call, and nothing else is asked."""
        adapter = by_client(Answering(transport, status, body), "https://acme.example")
        with pytest.raises(error) as caught:
            await adapter.read(ANYTHING)

        assert "CANARY" not in repr(caught.value)
        assert [] == transport.requests

    async def test_own_host(self, sandbox: Sandbox) -> None:
        """The org names the host that the connection goes to."""
        transport = AsgiTransport(sandbox, host="acme.my.salesforce.test")

        assert (await by_client(transport, "https://Acme.my.Salesforce.test").read(ANYTHING)).records

    async def test_tries_again(self, transport: FaultyTransport, sandbox: Sandbox) -> None:
        """A login that failed is tried again by the next call."""
        adapter = by_client(transport)
        sandbox.faults.arm(Fault(FaultKind.STATUS, status=503, path=TOKEN_PATH))
        with pytest.raises(UpstreamUnavailable):
            await adapter.read(ANYTHING)

        assert (await adapter.read(ANYTHING)).records


class TestEnd:
    async def test_one_refresh_for_all(self, transport: FaultyTransport, sandbox: Sandbox) -> None:
        """When the session ends under a hundred calls, one of them logs in again and all of them finish."""
        adapter = by_client(transport)
        await adapter.read(ANYTHING)
        sandbox.org.sessions.end_all()
        transport.forget()
        pages = await asyncio.gather(*(adapter.read(ANYTHING) for _ in range(100)))

        assert 100 == len(pages)
        assert 1 == len(forms(transport))
        assert 201 == len(transport.requests)

    async def test_a_late_one_does_not_refresh(self, sandbox: Sandbox) -> None:
        """Who learns late that the old session has ended takes the new one."""
        transport = Slow(AsgiTransport(sandbox))
        adapter = by_client(transport)
        await adapter.read(ANYTHING)
        sandbox.org.sessions.end_all()
        transport.hold.clear()
        late = asyncio.create_task(adapter.read(Query("contact", ("id",), limit=7)))
        await transport.held.wait()
        await adapter.read(ANYTHING)
        transport.hold.set()

        assert 7 == len((await late).records)
        assert 2 == transport.paths[TOKEN_PATH]

    async def test_who_goes_away(self, sandbox: Sandbox) -> None:
        """A caller who goes away while it gets the token leaves it to the others."""
        transport = Slow(AsgiTransport(sandbox), TOKEN_PATH)
        transport.hold.clear()
        adapter = by_client(transport)
        first, second = (asyncio.create_task(adapter.read(ANYTHING)) for _ in range(2))
        await transport.held.wait()
        first.cancel()
        transport.hold.set()

        assert (await second).records
        assert 1 == transport.paths[TOKEN_PATH]

    async def test_once_only(self, transport: FaultyTransport, sandbox: Sandbox) -> None:
        """A session that is not accepted although it is new is an error, not a reason to go on."""
        sandbox.faults.arm(Fault(FaultKind.EXPIRED, times=None, path="/query"))
        with pytest.raises(UpstreamRefused):
            await by_client(transport).read(ANYTHING)

        assert 2 == len(forms(transport))
        assert 4 == len(transport.requests)

    async def test_no_storm(self, transport: FaultyTransport, sandbox: Sandbox) -> None:
        """A login that is refused, or whose sessions end at once, is not tried again with each call."""
        adapter = by_client(transport)
        await adapter.read(ANYTHING)
        sandbox.faults.arm(Fault(FaultKind.EXPIRED, times=None, path="/query"))
        refused = connected(transport, {"client_secret": "another"})
        transport.forget()
        for _ in range(20):
            for each in (adapter, refused):
                with pytest.raises(UpstreamRefused):
                    await each.read(ANYTHING)

        assert [CLIENT_SECRET, "another"] == [form["client_secret"] for form in forms(transport)]

    async def test_tries_again_later(
        self, transport: FaultyTransport, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """After a rest a refused login is tried again."""
        adapter = by_client(transport)
        sandbox.faults.arm(Fault(FaultKind.STATUS, status=400, path=TOKEN_PATH))
        with pytest.raises(UpstreamRefused):
            await adapter.read(ANYTHING)
        loop = asyncio.get_running_loop()
        later = loop.time() + REST + 1
        monkeypatch.setattr(loop, "time", lambda: later)

        assert (await adapter.read(ANYTHING)).records

    async def test_writes(self, transport: FaultyTransport, sandbox: Sandbox) -> None:
        """A change that met the end of the session was not applied, and is sent again."""
        adapter = by_client(transport)
        await adapter.read(ANYTHING)
        before = len(sandbox.org.tables["Contact"].rows)
        sandbox.org.sessions.end_all()
        await adapter.write(Change(ChangeKind.CREATE, "contact", values={"last_name": "Lovelace"}))

        assert before + 1 == len(sandbox.org.tables["Contact"].rows)

    async def test_other_refusals(self, transport: FaultyTransport, sandbox: Sandbox) -> None:
        """A refusal that says nothing of the session does not make the gateway log in again."""
        adapter = by_client(transport)
        await adapter.read(ANYTHING)
        sandbox.faults.arm(Fault(FaultKind.STATUS, status=401))
        with pytest.raises(UpstreamRefused):
            await adapter.read(ANYTHING)

        assert 1 == len(forms(transport))

    async def test_plain_token(self, adapter: SalesforceAdapter, transport: FaultyTransport, sandbox: Sandbox) -> None:
        """A token alone cannot be renewed: its end is an error."""
        sandbox.org.sessions.end_all()
        with pytest.raises(UpstreamRefused):
            await adapter.read(ANYTHING)

        assert [] == forms(transport)

    async def test_token_first(self, transport: FaultyTransport, sandbox: Sandbox) -> None:
        """A token beside a way to log in is used until it has ended."""
        adapter = connected(transport, {"token": sandbox.token, "client_secret": CLIENT_SECRET})
        await adapter.read(ANYTHING)
        assert [] == forms(transport)
        sandbox.org.sessions.end_all()
        await adapter.read(ANYTHING)

        assert 1 == len(forms(transport))

    async def test_closed(self, sandbox: Sandbox) -> None:
        """A connection that is closed while it logs in gives up."""
        transport = Slow(AsgiTransport(sandbox), TOKEN_PATH)
        transport.hold.clear()
        adapter = by_client(transport)
        reading = asyncio.create_task(adapter.read(Query("contact", ("id",), target=RecordId("003Ws000000001dIAA"))))
        await transport.held.wait()
        await adapter.aclose()

        with pytest.raises(UpstreamUnavailable):
            await reading


class Slow:
    """A transport that, while *hold* is not set, keeps the first request to *path* back (any path but the logins')."""

    def __init__(self, inner: Transport, path: str = "") -> None:
        self._inner = inner
        self._path = path
        self.hold = asyncio.Event()
        self.hold.set()
        self.held = asyncio.Event()
        self.paths: Counter[str] = Counter()

    async def send(self, request: Request) -> Response:
        """Answer, maybe later."""
        self.paths[request.path] += 1
        response = await self._inner.send(request)
        if request.path.startswith(self._path) and not self.hold.is_set() and not self.held.is_set():
            self.held.set()
            await self.hold.wait()
        return response
