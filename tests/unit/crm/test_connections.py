from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from policy_gateway.crm import (
    Check,
    Connections,
    ConnectionStore,
    Drift,
    HttpTransport,
    Vault,
    Wiring,
)
from policy_gateway.errors import (
    ConfigurationError,
    Conflict,
    ConnectionNotFound,
    GatewayError,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from policy_gateway.model.field import Catalogue, Resource
from policy_gateway.query import Call, Describe
from policy_gateway.records import ConnectionConfig
from policy_gateway.testing.builders import a_call, a_query

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.crm.conftest import House

    from policy_gateway.store import Database

pytestmark = pytest.mark.anyio

TOKEN = SecretStr("pat-eu1-Zq7")


@pytest.fixture
def build(database: Database, clock: Callable[[], datetime]) -> Callable[[Wiring], Connections]:
    """Return a builder of connections over the same database, as another process would have them."""
    return lambda wiring: Connections(
        wiring, ConnectionStore(database, clock), Vault(bytes(range(32))), lambda tenant: f"key of {tenant}".encode()
    )


@pytest.fixture
async def connections(build: Callable[[Wiring], Connections], wiring: Wiring) -> AsyncIterator[Connections]:
    """Return connections of which acme has one, ``crm``."""
    connections = build(wiring)
    await connections.add("house", config())
    yield connections
    await connections.close()


def config(
    tenant: str = "acme",
    name: str = "crm",
    base_url: str = "https://api.example.com",
    options: Mapping[str, str] | None = None,
    secrets: Mapping[str, SecretStr] | None = None,
) -> ConnectionConfig:
    """Return what an administrator says about a connection."""
    return ConnectionConfig(tenant, name, base_url, options or {}, {"token": TOKEN} if secrets is None else secrets)


def call(connection: str = "crm", resource: str = "contact") -> Call:
    """Return a call."""
    return a_call(a_query("name", target="7", resource=resource), connection=connection)


class TestOpen:
    async def test_target(self, connections: Connections, house: House) -> None:
        """A call gets its connection's adapter, resource and the tenant's key; the adapter got its secret."""
        target = await connections.open("acme", call())

        assert ("acme", "crm", "contact", b"key of acme") == (
            target.tenant,
            target.connection,
            target.resource.name,
            target.key,
        )
        assert "7" == (await target.adapter.read(a_query("name", target="7"))).records[0].id
        assert TOKEN == house.configs[-1].secrets["token"]
        assert isinstance(house.transports[-1], HttpTransport)
        assert b"key" not in repr(target).encode()

    @pytest.mark.attack("D01", "D05", "D11")
    @pytest.mark.parametrize("tenant", ["bolt", "acme-evil", "acm", "ACME", "*", ""])
    async def test_other_tenants(self, connections: Connections, tenant: str) -> None:
        """Another tenant's connection does not exist, in the same words as one that nobody has."""
        with pytest.raises(ConnectionNotFound) as foreign:
            await connections.open(tenant, call())
        with pytest.raises(ConnectionNotFound) as missing:
            await connections.open("acme", call("nowhere"))

        assert repr(missing.value) == repr(foreign.value)

    @pytest.mark.parametrize("name", ["CRM", "crm ", "crm\n", "", "../crm", "crm'", "ｃrm", "v1"])
    async def test_odd_names(self, connections: Connections, name: str) -> None:
        """A name is taken as it is, or not at all."""
        with pytest.raises(ConnectionNotFound):
            await connections.open("acme", call(name))

    @pytest.mark.parametrize("resource", ["contacts", "Contact", "secret"])
    async def test_unknown_resource(self, connections: Connections, resource: str) -> None:
        """A resource that the CRM does not describe does not exist."""
        with pytest.raises(ConnectionNotFound):
            await connections.open("acme", call(resource=resource))

    async def test_describe_everything(self, connections: Connections) -> None:
        """Without a resource, a Describe is about the whole catalogue."""
        target = await connections.open("acme", a_call(Describe()))

        assert "" == target.resource.name
        assert {"contact"} == set(target.catalogue.resources)

    async def test_gateway(self, connections: Connections) -> None:
        """The reserved connection is there for every tenant without being configured."""
        targets = [await connections.open(tenant, call("gateway")) for tenant in ("acme", "bolt")]

        assert ["acme", "bolt"] == [target.tenant for target in targets]
        assert {"id", "entry"} == set(targets[0].resource.fields)


class TestCatalogue:
    async def test_asked_once(self, connections: Connections, house: House) -> None:
        """However many calls come first, the CRM describes itself once."""
        await asyncio.gather(*(connections.open("acme", call()) for _ in range(20)))

        assert 1 == len(house.callers)

    @pytest.mark.attack("D19")
    async def test_nobodys_call(self, connections: Connections, house: House) -> None:
        """What the catalogue is asked for carries nothing of the call that came first."""
        house.caller.set("anna")
        await connections.open("acme", call())

        assert ["nobody"] == house.callers

    async def test_first_caller_goes_away(self, connections: Connections) -> None:
        """The first caller's going away does not take the answer from the others."""
        first = asyncio.create_task(connections.open("acme", call()))
        second = asyncio.create_task(connections.open("acme", call()))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.wait([first])

        assert "contact" == (await second).resource.name

    async def test_refreshed(self, build: Callable[[Wiring], Connections], wiring: Wiring, house: House) -> None:
        """After its lifetime it is asked for again while the old one serves; a failure keeps the old one."""
        connections = build(replace(wiring, catalogue_seconds=0.02))
        await connections.add("house", config())
        await connections.open("acme", call())
        house.describe("id", "name", "email")
        await asyncio.sleep(0.03)

        assert {"id", "name"} == set((await connections.open("acme", call())).resource.fields)
        await asyncio.sleep(0.01)
        assert {"id", "name", "email"} == set((await connections.open("acme", call())).resource.fields)
        house.trouble = UpstreamTimeout()
        await asyncio.sleep(0.03)
        for _ in range(3):
            assert {"id", "name", "email"} == set((await connections.open("acme", call())).resource.fields)
            await asyncio.sleep(0.01)
        await connections.close()

    async def test_failed(self, connections: Connections, house: House) -> None:
        """A CRM that cannot describe itself cannot be used, until it can."""
        house.trouble = UpstreamTimeout()
        with pytest.raises(UpstreamTimeout):
            await connections.open("acme", call())
        house.trouble = None

        assert "contact" == (await connections.open("acme", call())).resource.name

    @pytest.mark.parametrize("catalogue", [None, {"contact": 1}, Catalogue("x", {"a": Resource("a", "as", {}, "[")})])
    async def test_nonsense(self, connections: Connections, house: House, catalogue: Catalogue) -> None:
        """A description that is none is an upstream error."""
        house.catalogue = catalogue
        with pytest.raises(GatewayError, match="the adapter"):
            await connections.open("acme", call())


class TestChange:
    async def test_seen_elsewhere(
        self, connections: Connections, build: Callable[[Wiring], Connections], wiring: Wiring, house: House
    ) -> None:
        """What one process changes, the next call in another sees; the old adapter is closed."""
        await connections.open("acme", call())
        other = build(wiring)
        await other.change(config(options={"region": "eu"}, secrets={}))
        await connections.open("acme", call())

        assert {"region": "eu"} == house.configs[-1].options
        assert TOKEN == house.configs[-1].secrets["token"]
        await asyncio.sleep(0.01)
        assert 1 == house.closed

    async def test_removed_and_added(
        self, connections: Connections, build: Callable[[Wiring], Connections], wiring: Wiring, house: House
    ) -> None:
        """A connection that was removed and added again elsewhere is opened anew."""
        await connections.open("acme", call())
        other = build(wiring)
        await other.remove("acme", "crm")
        with pytest.raises(ConnectionNotFound):
            await connections.open("acme", call())
        await other.add("house", config(secrets={"token": SecretStr("new")}))
        await connections.open("acme", call())

        assert SecretStr("new") == house.configs[-1].secrets["token"]

    @pytest.mark.attack("D13")
    @pytest.mark.parametrize(
        "base_url", ["https://evil.example", "https://api.example.com:8443", "http://127.0.0.1", ""]
    )
    async def test_pointed_elsewhere(self, connections: Connections, house: House, base_url: str) -> None:
        """Pointed to another host, the connection has lost its secrets."""
        assert not await connections.change(config(base_url=base_url, secrets={}))
        await connections.open("acme", call())

        assert {} == house.configs[-1].secrets

    @pytest.mark.parametrize("base_url", ["https://API.example.com:443/", "https://api.example.com/v2"])
    async def test_same_site(self, connections: Connections, house: House, base_url: str) -> None:
        """Another path or spelling of the same host keeps them."""
        assert await connections.change(config(base_url=base_url, secrets={}))
        await connections.open("acme", call())

        assert TOKEN == house.configs[-1].secrets["token"]

    async def test_needed_secret(self, connections: Connections) -> None:
        """A secret that is needed is kept, or must be entered again for another host."""
        assert await connections.change(config(options={"strict": "1"}, secrets={}))
        with pytest.raises(ConfigurationError, match="token"):
            await connections.change(config(base_url="https://evil.example", options={"strict": "1"}, secrets={}))
        moved = config(base_url="https://new.example", options={"strict": "1"})

        assert not await connections.change(moved)

    @pytest.mark.attack("D11", "D13")
    @pytest.mark.parametrize(
        "tampering",
        [
            "UPDATE crm_connections SET base_url = 'https://evil.example', version = version + 1",
            "UPDATE crm_secrets SET version = version + 1",
            "UPDATE crm_secrets SET field = 'other'",
            "UPDATE crm_secrets SET sealed = x'00'",
        ],
    )
    async def test_behind_its_back(self, connections: Connections, tmp_path: Path, tampering: str) -> None:
        """Rows changed behind the gateway's back make a connection unusable; no secret goes anywhere."""
        with sqlite3.connect(tmp_path / "gateway.db") as rows:
            rows.execute(tampering)
        rows.close()
        with pytest.raises(UpstreamUnavailable, match="secret"):
            await connections.open("acme", call())

    async def test_missing(self, connections: Connections) -> None:
        """What is not there can be neither changed nor removed, whoever's it is."""
        with pytest.raises(ConnectionNotFound):
            await connections.change(config(tenant="bolt"))
        with pytest.raises(ConnectionNotFound):
            await connections.remove("bolt", "crm")

        assert ["crm"] == [row.name for row in await connections.list("acme")]
        assert () == await connections.list("bolt")


class TestAdd:
    @pytest.mark.parametrize(
        "name", ["", "Crm", "1crm", "-crm", "crm_1", "crm.1", "a" * 41, "crm\n", "gateway", "v1", "lookup", "schema"]
    )
    async def test_names(self, connections: Connections, name: str) -> None:
        """A name that could be something else in a URL, or is reserved, is refused."""
        with pytest.raises(ConfigurationError):
            await connections.add("house", config(name=name))

    @pytest.mark.parametrize(
        ("adapter", "wrong"),
        [
            ("nothing", config(name="other")),
            ("house", config(name="other", base_url="http://api.example.com")),
            ("house", config(name="other", base_url="https://169.254.169.254")),
            ("house", config(name="other", options={"bad": "1"})),
            ("house", config(name="other", options={"broken": "1"})),
        ],
    )
    async def test_impossible(self, connections: Connections, adapter: str, wrong: ConnectionConfig) -> None:
        """What could not be opened is not added, and no secret is quoted."""
        with pytest.raises(ConfigurationError) as caught:
            await connections.add(adapter, wrong)

        assert TOKEN.get_secret_value() not in repr(caught.value)
        assert ["crm"] == [row.name for row in await connections.list("acme")]

    async def test_taken(self, connections: Connections) -> None:
        """A name is used once in a tenant, and by other tenants as they like."""
        with pytest.raises(Conflict):
            await connections.add("house", config())
        await connections.add("house", config(tenant="bolt"))

    async def test_secrets_at_rest(self, connections: Connections, stored: Callable[[], bytes]) -> None:
        """No secret can be found in the database's files."""
        await connections.open("acme", call())

        assert TOKEN.get_secret_value().encode() not in stored()
        assert TOKEN.get_secret_value() not in repr(await connections.list("acme"))


class TestLookingAfter:
    async def test_works(self, connections: Connections) -> None:
        """A connection that works says what it found."""
        expected = (Check("configuration", works=True), Check("catalogue", works=True, detail="contact (2 fields)"))

        assert expected == await connections.test("acme", "crm")

    async def test_does_not_work(self, connections: Connections, house: House) -> None:
        """One that does not says what is wrong."""
        house.trouble = UpstreamTimeout()

        assert [True, False] == [check.works for check in await connections.test("acme", "crm")]
        assert [False] == [check.works for check in await connections.test("acme", "nowhere")]

    async def test_drift(self, connections: Connections) -> None:
        """Fields that nobody classified, and classified ones that are gone, are named."""
        drift = await connections.drift("acme", "crm", lambda _: frozenset({"id", "email"}))

        assert (Drift("contact", unclassified=("name",), vanished=("email",)),) == drift
        assert () == await connections.drift("acme", "crm", lambda _: frozenset({"id", "name"}))

    async def test_close(self, connections: Connections, house: House) -> None:
        """Closing closes every adapter."""
        await connections.open("acme", call())
        await connections.close()

        assert 1 == house.closed
