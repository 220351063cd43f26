"""Fixtures for the tests of the adapter, of the sandbox, and of the facade in a whole gateway before it."""

from __future__ import annotations

import asyncio
import shutil
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import orjson
import pytest
import uvicorn
from pydantic import SecretStr

from policy_gateway.records import ConnectionConfig, Request
from policy_gateway.testing import AsgiTransport, FaultyTransport
from policy_gateway.testing.canaries import Overheard
from policy_gateway.testing.entrances import HttpClient, Reply
from policy_gateway.testing.gateways import Persona, WatchedKind, Whole, whole
from policy_gateway.testing.serving import serving
from policy_gateway.web import Web
from policy_gateway.web.metrics import Metrics
from policy_gateway_hubspot.adapter import HubSpotAdapter, HubSpotKind
from policy_gateway_hubspot.sandbox import CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN, TOKEN, Sandbox
from policy_gateway_hubspot.sandbox.schema import KINDS
from policy_gateway_memory import MemoryKind

PATIENCE = 10.0
SHIPPED = Path(__file__).parents[3] / "policies"
EVERYTHING = "p, judge, acme, any_classified, *, allow, clear, service, -, normal, -, X-1, law:GDPR-6-1-b\n"
"""What lets a client that judges see and do everything: then the gateway's answers are the sandbox's."""

PEOPLE = {
    "anna": Persona("user:anna", "acme", ("agent", "team:berlin"), ("service", "collections")),
    "selma": Persona("user:selma", "acme", ("supervisor",), ("service",)),
    "mara": Persona("user:mara", "acme", ("marketer",), ("marketing",)),
    "dora": Persona("user:dora", "acme", ("dpo",), ("administration",)),
    "ben": Persona("user:ben", "bolt", ("agent",), ("service",)),
    "judge": Persona("user:judge", "acme", ("judge",), ("service",)),
}

Ask: TypeAlias = Callable[..., Awaitable[tuple[int, Any]]]
Asking: TypeAlias = Callable[[Sandbox], Ask]


@pytest.fixture(scope="session")
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


@dataclass(frozen=True, slots=True)
class Door:
    """Where HubSpot's clients go, and what they show there; *sandbox* is the portal behind it."""

    url: str
    sandbox: Sandbox
    token: str = field(repr=False)
    app: tuple[str, str] = field(repr=False)
    refresh: str = field(repr=False)


@asynccontextmanager
async def hubs(folder: Path, sandbox: Sandbox) -> AsyncIterator[Whole]:
    """Start a gateway whose connections ``hub``, one a tenant, lead over a real socket to *sandbox*."""
    shutil.copytree(SHIPPED, folder / "policies")
    natives = {(kind.singular, each.name) for kind in KINDS.values() for each in kind.properties}
    links = [f"g2, {name}.hubspot.{native}, judged, *\n" for name, native in sorted(natives)]
    for name, text in (
        ("tenants/acme.csv", EVERYTHING),
        ("vocabulary.csv", f"{''.join(links)}g2, judged, any_classified, *\ng, judge, witness, *\n"),
    ):
        path = folder / "policies" / name
        path.write_text(path.read_text().replace("# end", f"{text}# end"))
    async with (
        serving(Web(sandbox, Metrics())) as port,  # type: ignore[arg-type]  # any ASGI app can be served
        whole(folder, WatchedKind(MemoryKind()), PEOPLE, upstream_allowed=("127.0.0.1",)) as gateway,
    ):
        for tenant in ("acme", "bolt"):
            config = ConnectionConfig(tenant, "hub", f"http://127.0.0.1:{port}", secrets={"token": SecretStr(TOKEN)})
            await gateway.app.administration.connections.add("hubspot", config)
        yield gateway


class Threaded:
    """A gateway that serves clients which bring their own HTTP, from a thread with a loop of its own."""

    def __init__(self, folder: Path) -> None:
        self.sandbox = Sandbox(seed=1)
        self.url = ""
        self.keys: dict[str, str] = {}
        self._folder = folder
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
        async with hubs(self._folder, self.sandbox) as gateway, serving(gateway.web) as port:
            self.url = f"http://localhost:{port}"
            self.keys = dict(gateway.keys)
            self._ready.set()
            await self._done.wait()


@pytest.fixture(scope="session")
def threaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Threaded]:
    """Yield a gateway for clients that bring their own HTTP."""
    served = Threaded(tmp_path_factory.mktemp("threaded"))
    served.start()
    yield served
    served.stop()


@pytest.fixture(params=["direct", "gateway"])
def door(request: pytest.FixtureRequest) -> Door:
    """Return the way to the portal itself, and the one through a gateway that lets the caller do everything."""
    if request.param == "direct":
        url, sandbox = request.getfixturevalue("url"), request.getfixturevalue("sandbox")
        return Door(url, sandbox, TOKEN, (CLIENT_ID, CLIENT_SECRET), REFRESH_TOKEN)
    served: Threaded = request.getfixturevalue("threaded")
    served.sandbox.reset()
    key = served.keys["judge"]
    return Door(served.url, served.sandbox, f"{key}~service~hub", ("service@hub", key), "")


@dataclass(slots=True)
class Hub:
    """A gateway in this process with a portal behind it, and everything that it has sent.

    *touched* tells that a test has changed the portal's records itself.
    """

    whole: Whole
    sandbox: Sandbox
    overheard: Overheard
    touched: bool = False

    def renew(self) -> None:
        """Make the portal as new; making a thousand contacts anew takes a while, so only if any may have changed."""
        reads = ("/search", "/read")
        if self.touched or any(
            each.method != "GET" and not each.path.endswith(reads) for each in self.sandbox.requests
        ):
            self.sandbox.reset()
        self.sandbox.faults.clear()
        self.sandbox.requests.clear()
        self.overheard.sent.clear()
        self.touched = False

    def client(self, persona: str, *lines: tuple[str, str]) -> HttpClient:
        """Return the HubSpot client of *persona*, for the first of its purposes."""
        bearer = f"Bearer {self.whole.keys[persona]}~{PEOPLE[persona].purposes[0]}~hub"
        return HttpClient(self.overheard, (("host", "localhost"), ("authorization", bearer), *lines))

    async def get(self, persona: str, target: str) -> Reply:
        """Return the answer to a GET of *persona*."""
        return await self.client(persona).get(target)

    async def post(self, persona: str, target: str, document: object) -> Reply:
        """Return the answer to a POST of *persona*."""
        return await self.client(persona).send("POST", target, document)

    @property
    def upstream(self) -> list[str]:
        """Return what the portal was asked, definitions of properties aside."""
        return [f"{each.method} {each.path}" for each in self.sandbox.requests if "/properties/" not in each.path]

    @property
    def asked(self) -> set[str]:
        """Return every property that the portal was asked for."""
        found: set[str] = set()
        for request in self.sandbox.requests:
            if "/objects/" in request.path:
                found.update(",".join(value for name, value in request.query if name == "properties").split(","))
                body = orjson.loads(request.body or b"{}")
                found.update(body.get("properties", ()) if isinstance(body, dict) else ())
        return found - {""}


@pytest.fixture(scope="module")
async def hubbed(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Hub]:
    """Yield a gateway with a portal behind it."""
    sandbox = Sandbox(seed=1)
    async with hubs(tmp_path_factory.mktemp("hub"), sandbox) as gateway:
        yield Hub(gateway, sandbox, Overheard(gateway.web.app))


@pytest.fixture
async def hub(hubbed: Hub) -> Hub:
    """Return the gateway with a portal as new."""
    hubbed.renew()
    await hubbed.whole.mark("acme", "bolt")
    return hubbed
