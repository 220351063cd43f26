from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

import orjson
import pytest
from pydantic import SecretStr

from policy_gateway.records import ConnectionConfig
from policy_gateway.testing.gateways import Persona, WatchedKind, Whole, whole
from policy_gateway.testing.serving import serving
from policy_gateway.web import Web
from policy_gateway.web.metrics import Metrics
from policy_gateway_hubspot.sandbox import TOKEN, Sandbox
from policy_gateway_memory import MemoryKind

pytestmark = pytest.mark.anyio

SHIPPED = Path(__file__).parents[2] / "policies"
CONTACTS = "/v1/hub/contacts"
ANY = ("if-match", "*")
PEOPLE = {
    "anna": Persona("user:anna", "acme", ("agent",), ("service", "collections")),
    "mara": Persona("user:mara", "acme", ("marketer",), ("marketing",)),
}


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    """Return a HubSpot portal."""
    return Sandbox(seed=1)


@pytest.fixture(scope="module")
async def hub(tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox) -> AsyncIterator[Whole]:
    """Yield a gateway whose connection ``hub`` leads over a real socket to the portal."""
    folder = tmp_path_factory.mktemp("hub")
    async with (
        serving(Web(sandbox, Metrics())) as port,  # type: ignore[arg-type]  # any ASGI app can be served
        whole(folder, WatchedKind(MemoryKind()), PEOPLE, policies=SHIPPED, upstream_allowed=("127.0.0.1",)) as gateway,
    ):
        config = ConnectionConfig("acme", "hub", f"http://127.0.0.1:{port}", secrets={"token": SecretStr(TOKEN)})
        await gateway.app.administration.connections.add("hubspot", config)
        yield gateway


@pytest.fixture
def portal(hub: Whole, sandbox: Sandbox) -> Iterator[Sandbox]:
    """Yield the portal as new."""
    del hub
    sandbox.reset()
    sandbox.requests.clear()
    yield sandbox
    sandbox.faults.clear()


def properties(sandbox: Sandbox) -> set[str]:
    """Return every property that records were asked for."""
    found: set[str] = set()
    for request in sandbox.requests:
        if "/objects/" in request.path:
            found.update(",".join(value for name, value in request.query if name == "properties").split(","))
            document: Mapping[str, list[str]] = orjson.loads(request.body or b"{}")
            found.update(document.get("properties", ()))
    return found - {""}


class TestReading:
    async def test_page(self, hub: Whole, portal: Sandbox) -> None:
        """Contacts of a CRM over HTTP come as policy shows them, and it is asked for no more than permitted."""
        reply = (await hub.client("anna").get(f"{CONTACTS}?limit=5&fields=first_name,phone,birthdate,iban")).json

        assert (5, {"birthdate": "year"}) == (len(reply["data"]), reply["data"][0]["masked"])
        assert ["iban"] == reply["data"][0]["withheld"]
        assert {"firstname", "phone", "date_of_birth"} >= properties(portal) - {"team", "hs_object_id"}

    async def test_pages(self, hub: Whole, portal: Sandbox) -> None:
        """Its cursors lead on, sealed."""
        anna = hub.client("anna")
        first = (await anna.get(f"{CONTACTS}?limit=5&fields=first_name")).json
        second = (await anna.get(f"{CONTACTS}?limit=5&fields=first_name&cursor={first['cursor']}")).json
        ids = [int(one["id"]) for one in (*first["data"], *second["data"])]

        assert (10, sorted(set(ids))) == (len(ids), ids)
        assert portal.requests

    async def test_lookup(self, hub: Whole, portal: Sandbox) -> None:
        """Whoever calls is found."""
        anna = hub.client("anna")
        one = (await anna.get(f"{CONTACTS}?limit=1&fields=phone,email,name")).json["data"][0]
        hits = (await anna.send("POST", "/v1/lookup", {"email": one["fields"]["email"]})).json["hits"]

        assert [(one["id"], one["fields"]["name"])] == [(hit["id"], hit["fields"]["name"]) for hit in hits]
        assert portal.requests

    async def test_refused(self, hub: Whole, portal: Sandbox) -> None:
        """What is refused asks the CRM nothing."""
        anna = hub.client("anna")
        await anna.get(f"{CONTACTS}?limit=1")
        portal.requests.clear()
        body = {"filter": {"field": "birthdate", "op": "lt", "value": "1980-01-01"}}
        replies = [
            await anna.send("POST", f"{CONTACTS}/search", body),
            await anna.get(f"{CONTACTS}?sort=-birthdate"),
            await anna.get(f"{CONTACTS}?fields=hubspot.nothing"),
        ]

        assert [403] * 3 == [reply.status for reply in replies]
        assert [] == list(portal.requests)

    async def test_consent(self, hub: Whole, portal: Sandbox) -> None:
        """A marketer sees no number of anybody who did not consent, whoever of the thousand it is."""
        reply = (await hub.client("mara", "marketing").get(f"{CONTACTS}?limit=100&fields=phone,consents")).json

        assert 100 == len(reply["data"])
        for one in reply["data"]:
            consented = "marketing:phone" in (one["fields"].get("consents") or ())
            assert consented == ("phone" in one["fields"])
        assert portal.requests


class TestChanging:
    async def test_update(self, hub: Whole, portal: Sandbox) -> None:
        """A change arrives once, and the answer is what the CRM then says."""
        anna = hub.client("anna")
        one = (await anna.get(f"{CONTACTS}?limit=1&fields=phone")).json["data"][0]
        target = f"{CONTACTS}/{one['id']}"
        tag = (await anna.get(target)).headers["etag"]
        lines = (("if-match", tag), ("idempotency-key", "h1"))
        replies = [await anna.send("PATCH", target, {"phone": "+49 30 23125042"}, *lines) for _ in range(2)]
        written = [request for request in portal.requests if request.method in {"PATCH", "PUT"}]

        assert [(200, "+49 30 23125042")] * 2 == [(reply.status, reply.json["fields"]["phone"]) for reply in replies]
        assert 1 == len(written)
