"""Tryton behind the whole gateway, asked with curl: two sets of rules, and what either hides is hidden."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from pydantic import SecretStr

from policy_gateway.model.field import RecordId
from policy_gateway.provenance import Reference
from policy_gateway.query import Query
from policy_gateway.records import ConnectionConfig, Request
from policy_gateway.testing import FaultyTransport, people
from policy_gateway.testing.gateways import WATCHED, Persona, WatchedKind, Whole, whole
from policy_gateway.testing.serving import serving
from policy_gateway_tryton import TrytonAdapter, TrytonKind
from policy_gateway_tryton.sandbox import Server

pytestmark = [pytest.mark.timeout(600), pytest.mark.anyio]
SHIPPED = Path(__file__).parents[3] / "policies"
PERSON = list(people(3))[-1]
PARTY = "/v1/tryton/contacts/3"
PERSONAS = {
    "anna": Persona("user:anna", "acme", ("agent", "team:berlin"), ("service", "collections")),
    "mara": Persona("user:mara", "acme", ("marketer",), ("marketing",)),
}
ENVELOPE = {
    "collected_by": "team:sales",
    "purposes": ["service", "marketing"],
    "collection_point": "https://shop.example/signup",
    "storage_duration": "P3Y",
}


class Curl:
    """Asks a gateway with the program curl; *gateway* is where it is served, on *port*."""

    def __init__(self, gateway: Whole, port: int) -> None:
        self.gateway = gateway
        self._port = port

    async def ask(
        self, who: str, purpose: str, target: str, *more: str, change: Mapping[str, object] | None = None
    ) -> tuple[int, dict[str, Any]]:
        """Return status and content of the answer; *more* are further arguments of curl's."""
        headers = [f"Authorization: Bearer {self.gateway.keys[who]}", f"X-Purpose: {purpose}"]
        if change is not None:
            headers += ["Content-Type: application/merge-patch+json", "If-Match: *"]
            more = ("--request", "PATCH", "--data", orjson.dumps(change).decode(), *more)
        given = [argument for header in headers for argument in ("--header", header)]
        command = ("curl", "--silent", "--max-time", "60", "--write-out", "\n%{http_code}", *given, *more)
        process = await asyncio.create_subprocess_exec(
            *command, f"http://localhost:{self._port}{target}", stdout=asyncio.subprocess.PIPE
        )
        output, _ = await process.communicate()
        body, _, status = output.rpartition(b"\n")
        return int(status), orjson.loads(body) if body else {}


@pytest.fixture(scope="module")
async def gateway(server: Server, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Curl]:
    """Yield a gateway with the shipped policies whose connection ``tryton`` is Tryton's limited user."""
    folder, kind = tmp_path_factory.mktemp("gateway"), WatchedKind(TrytonKind())
    given = {"policies": SHIPPED, "upstream_allowed": ("127.0.0.1",)}
    async with whole(folder, kind, PERSONAS, **given) as running, serving(running.web) as port:
        secrets, options = {"key": SecretStr(server.agent_key)}, {"database": server.database}
        kept = running.app.administration
        await kept.connections.add(WATCHED, ConnectionConfig("acme", "tryton", server.base_url, options, secrets))
        await kept.provenance.set_default(Reference("acme", "tryton", "contact", "", "*"), ENVELOPE, "system")
        yield Curl(running, port)


@asynccontextmanager
async def hidden(server: Server, wire: FaultyTransport, field: str, *, read: bool = False) -> AsyncIterator[None]:
    """Have Tryton's administrator forbid a party's field to the agents' group: to write, and unless *read* to read."""
    path = f"/{server.database}/rest/model/ir.model.field.access"
    headers = {"authorization": f"Bearer {server.admin_key}", "content-type": "application/json"}
    rule = {"model": "party.party", "field": field, "group": server.agents_group}
    body = orjson.dumps({**rule, "perm_read": read, "perm_write": False})
    made = await wire.send(Request("POST", path, (("f", "id"),), headers, body))
    yield
    await wire.send(Request("DELETE", f"{path}/{orjson.loads(made.body)['id']}", (), headers))


class TestAgent:
    async def test_service(self, gateway: Curl) -> None:
        """An agent who serves a customer sees the phone in clear, the account not at all, and each value's origin."""
        status, answer = await gateway.ask("anna", "service", f"{PARTY}?include=gdpr")
        shown = {name: answer["fields"][name] for name in ("name", "phone", "email", "city", "customer_number")}
        told = {part: answer["_gdpr"]["phone"][part] for part in ENVELOPE}

        assert 200 == status
        assert {name: getattr(PERSON, name) for name in shown} == shown
        assert "iban" in answer["withheld"]
        assert PERSON.iban not in str(answer)
        assert ENVELOPE == told

    async def test_not_even_asked(self, gateway: Curl) -> None:
        """What the agent may not see is not asked of Tryton."""
        spy = gateway.gateway.spy("acme", "tryton")
        spy.forget()
        await gateway.ask("anna", "service", PARTY)

        assert "phone" in spy.asked
        assert "iban" not in spy.asked

    async def test_collections(self, gateway: Curl) -> None:
        """For another purpose the end of the account is shown, and where it comes from."""
        _, answer = await gateway.ask("anna", "collections", f"{PARTY}?include=gdpr")

        assert answer["fields"]["iban"].endswith(PERSON.iban[-4:])
        assert PERSON.iban not in str(answer)
        assert {"iban": "last4"}.items() <= answer["masked"].items()
        assert "P3Y" == answer["_gdpr"]["iban"]["storage_duration"]

    async def test_native_fields(self, gateway: Curl) -> None:
        """Tryton's own fields are hidden until somebody classifies them."""
        _, answer = await gateway.ask("anna", "service", PARTY)
        named = {*answer["fields"], *answer["withheld"]}

        assert [] == [name for name in named if name.startswith("tryton.")]

    async def test_found(self, gateway: Curl) -> None:
        """Whoever calls is found by the number, with nothing but what lets one choose."""
        wanted = orjson.dumps({"phone": PERSON.phone}).decode()
        kind = ("--header", "Content-Type: application/json")
        status, answer = await gateway.ask("anna", "service", "/v1/lookup", *kind, "--data", wanted)

        assert (200, ["3"]) == (status, [hit["id"] for hit in answer["hits"]])
        assert {"name", "city"} >= answer["hits"][0]["fields"].keys()

    async def test_page(self, gateway: Curl) -> None:
        """A list shows many in the same way, page after page."""
        _, first = await gateway.ask("anna", "service", "/v1/tryton/contacts?limit=4&fields=name,phone")
        target = f"/v1/tryton/contacts?limit=4&fields=name,phone&cursor={first['cursor']}"
        _, second = await gateway.ask("anna", "service", target)
        expected = [(str(person.number), person.name, person.phone) for person in people(8)]
        rows = [*first["data"], *second["data"]]

        assert expected == [(row["id"], row["fields"]["name"], row["fields"]["phone"]) for row in rows]


class TestMarketer:
    async def test_no_consent(self, gateway: Curl) -> None:
        """Without a consent that anybody knows of, a marketer sees who it is, but no way to reach them."""
        status, answer = await gateway.ask("mara", "marketing", f"{PARTY}?include=gdpr")

        assert (200, PERSON.name) == (status, answer["fields"]["name"])
        assert {"phone", "mobile", "email", "city"} <= {*answer["withheld"]}
        assert not {"iban", "phone", "email"} & answer["fields"].keys()
        assert [] == [value for value in (PERSON.phone, PERSON.email, PERSON.iban) if value in str(answer)]
        assert {"name"} <= answer["_gdpr"].keys() <= answer["fields"].keys()

    async def test_no_search(self, gateway: Curl) -> None:
        """What cannot be seen cannot be searched by."""
        filtered = orjson.dumps({"filter": {"field": "phone", "op": "eq", "value": PERSON.phone}}).decode()
        kind = ("--header", "Content-Type: application/json")
        status, answer = await gateway.ask("mara", "marketing", "/v1/tryton/contacts/search", *kind, "--data", filtered)

        assert (403, "field-refused") == (status, answer["code"])


class TestChange:
    async def test_permitted(self, gateway: Curl, adapter: TrytonAdapter) -> None:
        """An agent's change reaches Tryton, and its answer is under the same policy as any other."""
        status, answer = await gateway.ask("anna", "service", "/v1/tryton/contacts/45", change={"city": "Potsdam"})
        [record] = (await adapter.read(Query("contact", ("city",), limit=1, target=RecordId("45")))).records

        assert (200, "Potsdam", "Potsdam") == (status, answer["fields"]["city"], record.values["city"])
        assert "iban" in answer["withheld"]

    @pytest.mark.parametrize(
        ("who", "purpose", "change"),
        [
            ("anna", "service", {"iban": "DE02120300000000202051"}),
            ("anna", "service", {"city": "Potsdam", "iban": None}),
            ("anna", "collections", {"city": "Potsdam"}),
            ("mara", "marketing", {"phone": "+49 30 23125777"}),
        ],
    )
    async def test_refused(self, gateway: Curl, who: str, purpose: str, change: Mapping[str, object]) -> None:
        """A change of which any part is not permitted never reaches Tryton."""
        spy = gateway.gateway.spy("acme", "tryton")
        spy.forget()
        status, _ = await gateway.ask(who, purpose, PARTY, change=change)

        assert (403, []) == (status, spy.changes)


class TestBothRules:
    async def test_hidden_by_tryton(self, gateway: Curl, server: Server, wire: FaultyTransport) -> None:
        """A field that Tryton hides from the gateway's user is withheld, although our policy would show it."""
        async with hidden(server, wire, "code"):
            status, answer = await gateway.ask("anna", "service", f"{PARTY}?include=gdpr")
        _, again = await gateway.ask("anna", "service", PARTY)

        assert (200, PERSON.phone) == (status, answer["fields"]["phone"])
        assert "customer_number" in answer["withheld"]
        assert "customer_number" not in {*answer["fields"], *answer["_gdpr"]}
        assert PERSON.customer_number == again["fields"]["customer_number"]

    async def test_not_searched(self, gateway: Curl, server: Server, wire: FaultyTransport) -> None:
        """Nor can it be searched by: what Tryton says of it is not passed on."""
        search = {"filter": {"field": "customer_number", "op": "eq", "value": PERSON.customer_number}}
        given = ("--header", "Content-Type: application/json", "--data", orjson.dumps(search).decode())
        async with hidden(server, wire, "code"):
            status, answer = await gateway.ask("anna", "service", "/v1/tryton/contacts/search", *given)

        assert (502, "upstream-refused") == (status, answer["code"])
        assert "code" not in answer["detail"]

    async def test_not_written(self, gateway: Curl, server: Server, wire: FaultyTransport) -> None:
        """A field that Tryton lets nobody write stays as it is, although our policy would permit the change."""
        change = {"street": "Verbotener Weg 1"}
        async with hidden(server, wire, "addresses", read=True):
            status, answer = await gateway.ask("anna", "service", PARTY, change=change)
        _, again = await gateway.ask("anna", "service", PARTY)

        assert (502, "upstream-refused") == (status, answer["code"])
        assert PERSON.street == again["fields"]["street"]
        assert "Verbotener" not in str(again)

    async def test_journal(self, gateway: Curl, server: Server, wire: FaultyTransport) -> None:
        """The journal says what was released, and that Tryton kept a field for itself."""
        await gateway.gateway.mark("acme")
        async with hidden(server, wire, "code"):
            await gateway.ask("anna", "service", PARTY)
        [entry] = await gateway.gateway.entries()

        assert ("permit", "tryton", "service") == (entry["decision"], entry["connection"], entry["purpose"])
        assert "customer_number" in str(entry["withheld"])
        assert PERSON.phone not in str(entry)
