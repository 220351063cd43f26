"""Rehearsals of small captures over what the sandboxes of both CRMs describe, under the shipped policies."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pydantic import SecretStr

from policy_gateway.app import extensions
from policy_gateway.identity import new_master_key
from policy_gateway.records import Adapter, ConnectionConfig, Request, Response
from policy_gateway.rehearsing import Casting, Item, Rehearsed, Report, read, rehearse, staged
from policy_gateway.settings import load
from policy_gateway.testing.asgi import AsgiTransport
from policy_gateway_hubspot.adapter import HubSpotKind
from policy_gateway_hubspot.sandbox import TOKEN
from policy_gateway_hubspot.sandbox import Sandbox as HubSpot
from policy_gateway_salesforce.adapter import SalesforceKind
from policy_gateway_salesforce.sandbox import Sandbox as Salesforce

SHIPPED = Path(__file__).parents[2] / "policies"
AGENT = frozenset({"agent", "team:berlin"})
SUPERVISOR = frozenset({"supervisor", "team:berlin"})

Line = Mapping[str, object]
Play = Callable[..., Awaitable[Report]]


@dataclass
class Counting:
    """A transport that counts what is sent."""

    inner: AsgiTransport
    sent: list[str] = field(default_factory=list)

    async def send(self, request: Request) -> Response:
        """Pass on."""
        self.sent.append(f"{request.method} {request.path}")
        return await self.inner.send(request)


def asked(method: str, path: str, query: str = "", body: object = "", agent: str = "probe/1.0") -> Line:
    """Return one line of an access log."""
    headers = {"User-Agent": agent, "Authorization": "Bearer of-somebody", "Content-Type": "application/json"}
    return {"method": method, "path": path, "query": query, "headers": headers, "body": body}


def only(report: Report) -> Item:
    """Return the one item of *report*."""
    [item] = report.items
    return item


async def har_of(folder: Path, crm: Crm, *paths: str) -> Path:
    """Return a HAR file of what *crm* answers at *paths*."""
    headers = {"authorization": f"Bearer {crm.token}"}
    entries = []
    for path in paths:
        response = await crm.transport.send(Request("GET", path, (), headers))
        request = {"method": "GET", "url": f"https://crm.test{path}", "headers": []}
        content = {"mimeType": "application/json", "text": response.body.decode()}
        entries.append({"request": request, "response": {"status": response.status, "content": content}})
    file = folder / "described.har"
    file.write_text(json.dumps({"log": {"version": "1.2", "entries": entries}}), encoding="utf-8")
    return file


@dataclass
class Crm:
    """A CRM's double, and a real adapter to it."""

    adapter: Adapter
    transport: Counting
    token: str


def portal() -> Crm:
    """Return a connection to a HubSpot portal."""
    transport = Counting(AsgiTransport(HubSpot()))
    config = ConnectionConfig("acme", "crm", "https://hubspot.test", {}, {"token": SecretStr(TOKEN)})
    return Crm(HubSpotKind().connect(config, transport), transport, TOKEN)


def org() -> Crm:
    """Return a connection to a Salesforce org."""
    double = Salesforce()
    transport = Counting(AsgiTransport(double))
    config = ConnectionConfig("acme", "crm", "https://salesforce.test", {}, {"token": SecretStr(double.token)})
    return Crm(SalesforceKind().connect(config, transport), transport, double.token)


@pytest.fixture
def hubspot() -> Crm:
    """Return a HubSpot portal as new."""
    return portal()


@pytest.fixture
def salesforce() -> Crm:
    """Return a Salesforce org as new."""
    return org()


@dataclass
class Theater:
    """Stages that stay open as long as a module's tests run: a policy takes a while to be read."""

    folder: Path
    stack: AsyncExitStack
    stages: dict[tuple[str, frozenset[str], str], Rehearsed] = field(default_factory=dict)

    async def stage(self, dialect: str, names: frozenset[str], purpose: str) -> Rehearsed:
        """Return the stage for such a cast."""
        key = (dialect, names, purpose)
        if key not in self.stages:
            catalogue = await (portal() if dialect == "hubspot" else org()).adapter.catalogue()
            casting = Casting("acme", "crm", "user:probe", purpose, names, catalogue, {"owner_id": "7001"})
            settings = load(self.folder, policies=SHIPPED, master_key=SecretStr(new_master_key()))
            opened = await self.stack.enter_async_context(staged(settings, extensions(), casting))
            self.stages[key] = opened
        return self.stages[key]


@pytest.fixture(scope="module")
async def theater(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Theater]:
    """Yield a theater, and close it."""
    async with AsyncExitStack() as stack:
        yield Theater(tmp_path_factory.mktemp("theater"), stack)


@pytest.fixture
def play(theater: Theater, tmp_path: Path) -> Play:
    """Return what rehearses lines of a log."""

    async def played(
        dialect: str, lines: Sequence[Line], names: frozenset[str] = AGENT, purpose: str = "service"
    ) -> Report:
        log = tmp_path / "captured.jsonl"
        log.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        return await rehearse(await theater.stage(dialect, names, purpose), read([log]))

    return played
