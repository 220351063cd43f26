"""Salesforce's double, served with and without TLS, the gateway before it, and the ways that clients are tried on."""

from __future__ import annotations

import asyncio
import ipaddress
import shutil
import ssl
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
import requests
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from policy_gateway.records import ConnectionConfig
from policy_gateway.testing import AsgiTransport, FaultyTransport
from policy_gateway.testing.gateways import Persona, WatchedKind, Whole, whole
from policy_gateway.testing.serving import serving as gateway_serving
from policy_gateway.web import Web
from policy_gateway.web.metrics import Metrics
from policy_gateway.web.server import Listening
from policy_gateway_memory import MemoryKind
from policy_gateway_salesforce.adapter import SalesforceAdapter, SalesforceKind
from policy_gateway_salesforce.catalogue import resource_name
from policy_gateway_salesforce.sandbox import (
    CLIENT_ID,
    CLIENT_SECRET,
    INTEGRATION,
    PASSWORD,
    SECURITY_TOKEN,
    Recorded,
    Sandbox,
)
from policy_gateway_salesforce.sandbox.kinds import KINDS

PATIENCE = 10.0
SHIPPED = Path(__file__).parents[3] / "policies"
EVERYTHING = "p, judge, acme, any_classified, *, allow, clear, service, -, normal, -, X-1, law:GDPR-6-1-b\n"
"""What lets a client that judges see and do everything: then the gateway's answers are the sandbox's."""

PEOPLE = {
    "anna": Persona("user:anna", "acme", ("agent", "team:berlin"), ("service", "collections")),
    "selma": Persona("user:selma", "acme", ("supervisor",), ("service",)),
    "ben": Persona("user:ben", "bolt", ("agent",), ("service",)),
    "judge": Persona("user:judge", "acme", ("judge",), ("service",)),
}
_PEM = serialization.Encoding.PEM


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority that nobody else trusts, and the certificate of a server on loopback."""

    bundle: Path
    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Door:
    """Where a client goes, and what it says there. *expire* ends its sessions, *sandbox* is what is behind."""

    host: str
    authority: Path
    username: str
    password: str
    security_token: str
    client_id: str
    client_secret: str
    organization: str
    token: str
    private_key: str = field(repr=False)
    sandbox: Sandbox = field(repr=False)
    expire: Callable[[], None] = field(repr=False)

    @property
    def url(self) -> str:
        """Return the address."""
        return f"https://{self.host}"

    def session(self) -> requests.Session:
        """Return a session that trusts the authority, and no proxy."""
        session = requests.Session()
        session.verify = str(self.authority)
        session.trust_env = False
        return session

    def domain(self, path: str) -> str:
        """Return what makes clients that append ``.salesforce.com`` and a path go to *path* here: all else is cut."""
        return f"{self.host}{path}#"


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Run on asyncio, as the gateway does."""
    return "asyncio"


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Return an authority made for this run."""
    folder = tmp_path_factory.mktemp("authority")
    found = Authority(folder / "ca.pem", folder / "server.pem", folder / "server.key")
    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Tests of policy-gateway")])
    ca = _certificate(issuer, issuer, ca_key.public_key(), authority=True).sign(ca_key, hashes.SHA256())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    served = _certificate(subject, issuer, key.public_key(), authority=False).sign(ca_key, hashes.SHA256())
    found.bundle.write_bytes(ca.public_bytes(_PEM))
    found.certificate.write_bytes(served.public_bytes(_PEM))
    private = serialization.PrivateFormat.PKCS8
    found.key.write_bytes(key.private_bytes(_PEM, private, serialization.NoEncryption()))
    return found


@pytest.fixture(scope="session")
def jwt_keys() -> tuple[str, str]:
    """Return the private and the public key of a connected app."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    public = key.public_key().public_bytes(_PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


@pytest.fixture
def sandbox() -> Sandbox:
    """Return an org of its own."""
    return Sandbox(seed=1)


@pytest.fixture
def transport(sandbox: Sandbox) -> FaultyTransport:
    """Return a way to the org that remembers requests."""
    return FaultyTransport(AsgiTransport(sandbox, deadline=1.0))


@pytest.fixture
def adapter(sandbox: Sandbox, transport: FaultyTransport) -> SalesforceAdapter:
    """Return a connection to the org by the adapter."""
    config = ConnectionConfig("acme", "crm", secrets={"token": SecretStr(sandbox.token)})
    return SalesforceKind().connect(config, transport)


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: *told* is the JSON in it, or the bytes that are none."""

    status: int
    told: Any
    headers: Mapping[str, str]

    @property
    def code(self) -> str:
        """Return the vendor's code of the only error."""
        [error] = self.told
        return str(error["errorCode"])


@pytest.fixture
def ask(sandbox: Sandbox) -> Callable[..., Reply]:
    """Return what asks the org without a network: ``ask("GET /services/data", body, token=…, headers=…)``."""

    def asked(line: str, body: object = None, token: str | None = None, **headers: str) -> Reply:
        method, _, target = line.partition(" ")
        path, _, query = target.partition("?")
        pairs = tuple((name, value) for name, _, value in (pair.partition("=") for pair in query.split("&") if pair))
        content = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
        sent = {"authorization": f"Bearer {sandbox.token if token is None else token}", "host": "org.test"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        answer = sandbox.answer(Recorded(method, path, pairs, content, "", sent, "https"))
        plain = isinstance(answer.body, bytes | Iterator)
        told = answer.content() if plain else orjson.loads(answer.content() or b"null")
        return Reply(answer.status, told, answer.headers)

    return asked


@pytest.fixture
def rows(ask: Callable[..., Reply]) -> Callable[[str], list[dict[str, Any]]]:
    """Return what asks a query and returns its records, without what the API says of each."""

    def asked(query: str) -> list[dict[str, Any]]:
        reply = ask(f"GET /services/data/v59.0/query?q={query}")
        assert reply.status == 200, reply.told
        return [{name: value for name, value in each.items() if name != "attributes"} for each in reply.told["records"]]

    return asked


@pytest.fixture
async def described(adapter: SalesforceAdapter, transport: FaultyTransport) -> SalesforceAdapter:
    """Return a connection by the adapter whose org has been asked what it offers."""
    _ = await adapter.catalogue()
    transport.forget()
    return adapter


@pytest.fixture(scope="module")
def served(authority: Authority, jwt_keys: tuple[str, str]) -> Iterator[tuple[Sandbox, str]]:
    """Serve an org with TLS for the tests of one file; yield it and its host."""
    behind = Sandbox(seed=1, jwt_key=jwt_keys[1])
    with serving(behind, ssl_certfile=authority.certificate, ssl_keyfile=authority.key) as port:
        yield behind, f"127.0.0.1:{port}"


@pytest.fixture
def url(sandbox: Sandbox) -> Iterator[str]:
    """Serve an org from a thread on a loopback port, without TLS."""
    with serving(sandbox) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def direct_door(served: tuple[Sandbox, str], authority: Authority, jwt_keys: tuple[str, str]) -> Door:
    """Return the way to the org itself, as it was seeded."""
    behind, host = served
    behind.reset()
    return Door(
        host,
        authority.bundle,
        username=INTEGRATION,
        password=PASSWORD,
        security_token=SECURITY_TOKEN,
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        organization=behind.org.id,
        token=behind.token,
        private_key=jwt_keys[0],
        sandbox=behind,
        expire=behind.org.sessions.end_all,
    )


@asynccontextmanager
async def facing(folder: Path, sandbox: Sandbox) -> AsyncIterator[Whole]:
    """Start a gateway whose connections ``sf``, one a tenant, lead over a real socket to *sandbox*."""
    shutil.copytree(SHIPPED, folder / "policies")
    fields = {f"{resource_name(kind.name)}.salesforce.{each.name}" for kind in KINDS.values() for each in kind.columns}
    fields |= {f"{resource_name(name)}.id" for name in KINDS if name not in {"Contact", "Account"}}
    links = "".join(f"g2, {name}, judged, *\n" for name in sorted(fields))
    for name, text in (
        ("tenants/acme.csv", EVERYTHING),
        ("vocabulary.csv", f"{links}g2, judged, any_classified, *\ng, judge, witness, *\n"),
    ):
        path = folder / "policies" / name
        path.write_text(path.read_text().replace("# end", f"{text}# end"))
    secrets = {"token": SecretStr(sandbox.token)}  # known to the org from its beginning, and after each reset
    options = {"objects": ",".join(KINDS)}
    async with (
        gateway_serving(Web(sandbox, Metrics())) as port,  # type: ignore[arg-type]  # any ASGI app can be served
        whole(folder, WatchedKind(MemoryKind()), PEOPLE, upstream_allowed=("127.0.0.1",)) as gateway,
    ):
        for tenant in ("acme", "bolt"):
            config = ConnectionConfig(tenant, "sf", f"http://127.0.0.1:{port}", options, secrets)
            await gateway.app.administration.connections.add("salesforce", config)
        yield gateway


@pytest.fixture(scope="session")
def facing_org() -> Callable[[Path, Sandbox], AbstractAsyncContextManager[Whole]]:
    """Return what starts a gateway in a folder, before an org."""
    return facing


class Threaded:
    """A gateway that serves clients which bring their own HTTP, with TLS, from a thread with a loop of its own."""

    def __init__(self, folder: Path, authority: Authority) -> None:
        self.sandbox = Sandbox(seed=1)
        self.host = ""
        self.keys: dict[str, str] = {}
        self._folder = folder
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(authority.certificate, authority.key)
        self._ready = threading.Event()
        self._done: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    def start(self) -> None:
        """Return when it answers."""
        self._thread.start()
        assert self._ready.wait(PATIENCE * 3), "the gateway does not start"

    def stop(self) -> None:
        """End it."""
        if self._loop is not None and self._done is not None:
            self._loop.call_soon_threadsafe(self._done.set)
        self._thread.join(PATIENCE)

    async def _serve(self) -> None:
        self._loop, self._done = asyncio.get_running_loop(), asyncio.Event()
        listening = Listening(tls=self._tls, shutdown_deadline=1)
        async with (
            facing(self._folder, self.sandbox) as gateway,
            gateway_serving(gateway.web, listening) as port,
        ):
            self.host = f"127.0.0.1:{port}"
            self.keys = dict(gateway.keys)
            self._ready.set()
            await self._done.wait()
        await asyncio.sleep(0.2)  # what clients left open is closed before the loop is


@pytest.fixture(scope="session")
def threaded(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[Threaded]:
    """Yield a gateway for clients that bring their own HTTP."""
    found = Threaded(tmp_path_factory.mktemp("threaded"), authority)
    found.start()
    yield found
    found.stop()


@pytest.fixture
def gateway_door(threaded: Threaded, authority: Authority, jwt_keys: tuple[str, str]) -> Door:
    """Return the way through a gateway that lets the caller see and do everything."""
    threaded.sandbox.reset()
    key = threaded.keys["judge"]
    return Door(
        threaded.host,
        authority.bundle,
        username="service@sf",
        password=key,
        security_token="",
        client_id="service@sf",
        client_secret=key,
        organization="",
        token=f"{key}~service~sf",
        private_key=jwt_keys[0],
        sandbox=threaded.sandbox,
        expire=lambda: None,
    )


@pytest.fixture(params=["direct", "gateway"])
def door(request: pytest.FixtureRequest) -> Door:
    """Return each way that clients are tried on, one after another."""
    found = request.getfixturevalue(f"{request.param}_door")
    assert isinstance(found, Door)
    return found


@contextmanager
def serving(app: Any, **options: Any) -> Iterator[int]:  # noqa: ANN401 -- whatever uvicorn takes
    """Serve *app* from a thread while the context is open; yield the port."""
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="critical", access_log=False, **options)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + PATIENCE
    while not server.started:
        assert time.monotonic() < deadline, "the server does not start"
        time.sleep(0.01)
    [port] = [listening.getsockname()[1] for each in server.servers for listening in each.sockets]
    yield port
    server.should_exit = server.force_exit = True  # clients keep their connections open
    thread.join(PATIENCE)


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, *, authority: bool
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(issuer, subject, key, x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(days=1))
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    constrained = builder.add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    return constrained if authority else constrained.add_extension(x509.SubjectAlternativeName(names), critical=False)
