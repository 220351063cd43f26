"""Attacks by what a request says. Each row of the table of attacks that HTTP alone can stop."""

from __future__ import annotations

import re

import pytest

from policy_gateway.testing.entrances import AGENT, HttpClient, Reply, ScriptedGate
from policy_gateway.web import HttpRules, Supplies, assemble

pytestmark = pytest.mark.anyio

CONTACT = "/v1/crm/contacts/7"
CONTACTS = "/v1/crm/contacts"
HIDDEN = ("iban", "birthdate", "notes", "bank.iban")
CORRELATION = re.compile(rb"[0-9a-f]{32}")


@pytest.fixture
def anyio_backend() -> str:
    """Run asynchronous tests on asyncio."""
    return "asyncio"


@pytest.fixture
def gate() -> ScriptedGate:
    """Return the gate that the entrance leads to."""
    return ScriptedGate()


@pytest.fixture
def client(gate: ScriptedGate) -> HttpClient:
    """Return an agent's client of an entrance to *gate*."""
    return HttpClient(assemble(gate, HttpRules(), Supplies(directory=gate)).app)


def said(reply: Reply) -> tuple[object, ...]:
    """Return everything that a reply says, its correlation id aside."""
    lines = tuple(line for line in reply.lines if line[0] != "x-correlation-id")
    return reply.status, lines, CORRELATION.sub(b"", reply.body)


class TestReading:
    @pytest.mark.attack("A01")
    async def test_a01(self, client: HttpClient) -> None:
        """A01: a hidden field and one that does not exist are refused in the same bytes."""
        replies = [await client.get(f"{CONTACT}?fields=first_name,{name}") for name in (*HIDDEN, "nothing", "x.y")]

        assert {403} == {reply.status for reply in replies}
        assert 1 == len({said(reply) for reply in replies})

    @pytest.mark.attack("A03")
    @pytest.mark.parametrize("name", ["Iban", "IBAN", "iBaN"])
    async def test_a03(self, client: HttpClient, name: str) -> None:
        """A03: a hidden field in another case is refused as it is in its own."""
        assert said(await client.get(f"{CONTACT}?fields=iban")) == said(await client.get(f"{CONTACT}?fields={name}"))

    @pytest.mark.attack("A05")
    @pytest.mark.parametrize(
        "name", ["%EF%BD%89ban", "%C4%B1ban", "ib%E2%80%8Ban", "pre%CC%81nom", "%C3%9F", "iban%00", "iban%20", "ｉban"]
    )
    async def test_a05(self, client: HttpClient, gate: ScriptedGate, name: str) -> None:
        """A05: a name with look-alike or invisible letters is no name, in a URL or a body."""
        replies = [
            await client.get(f"{CONTACT}?fields={name}"),
            await client.send("PATCH", CONTACT, {"ｉban": "x"}, ("if-match", "*")),
            await client.send("POST", f"{CONTACTS}/search", {"fields": ["ib\u200ban"]}),
        ]

        assert [400, 400, 400] == [reply.status for reply in replies]
        assert [] == gate.calls

    @pytest.mark.attack("A07")
    @pytest.mark.parametrize("fields", ["iban%20as%20nickname", "nickname:iban", "iban+nickname", "(iban)", "{iban}"])
    async def test_a07(self, client: HttpClient, fields: str) -> None:
        """A07: a field cannot be renamed on its way out."""
        assert 400 == (await client.get(f"{CONTACT}?fields={fields}")).status

    @pytest.mark.attack("A09")
    @pytest.mark.parametrize(
        "query", ["fields=first_name&fields=iban", "fields=first_name&fields=first_name", "fields=a&%66ields=iban"]
    )
    async def test_a09(self, client: HttpClient, gate: ScriptedGate, query: str) -> None:
        """A09: a parameter that comes twice is refused, whichever would have counted."""
        reply = await client.get(f"{CONTACT}?{query}")

        assert (400, "invalid-call", []) == (reply.status, reply.json["code"], gate.calls)

    @pytest.mark.attack("A11")
    @pytest.mark.parametrize(
        "query",
        ["properties=iban", "$select=iban", "select=iban", "where[iban]=x", "FIELDS=iban", "fields[]=iban", "=x"],
    )
    async def test_a11(self, client: HttpClient, gate: ScriptedGate, query: str) -> None:
        """A11: a parameter that nobody knows is refused, not passed on."""
        reply = await client.get(f"{CONTACT}?fields=first_name&{query}")

        assert (400, []) == (reply.status, gate.calls)

    @pytest.mark.attack("A25")
    @pytest.mark.parametrize("accept", ["application/xml", "text/csv", "application/vnd.api+json", "*/*;q=0"])
    async def test_a25(self, client: HttpClient, accept: str) -> None:
        """A25: there is no second way of writing an answer."""
        assert 406 == (await client.get(CONTACT, ("accept", accept))).status

    @pytest.mark.attack("A27")
    async def test_a27(self, client: HttpClient, gate: ScriptedGate) -> None:
        """A27: HEAD has the headers of the filtered GET, TRACE and OPTIONS are refused, overrides are ignored."""
        override = (("x-http-method-override", "DELETE"), ("x-method-override", "DELETE"))
        get = await client.get(CONTACT, *override)
        head = await client.ask("HEAD", CONTACT, AGENT)
        refused = [await client.ask(method, CONTACT, AGENT) for method in ("TRACE", "OPTIONS", "PUT", "CONNECT")]

        assert (200, b"", said(get)[1]) == (head.status, head.body, said(head)[1])
        assert {(405, "DELETE, GET, HEAD, PATCH")} == {(one.status, one.headers["allow"]) for one in refused}
        assert 400 == (await client.get(f"{CONTACT}?_method=GET")).status
        assert "7" in gate.contacts


class TestInference:
    @pytest.mark.attack("B01")
    @pytest.mark.attack("B03")
    @pytest.mark.attack("B05")
    @pytest.mark.parametrize("op", ["eq", "lt", "regex", "prefix"])
    async def test_b01(self, client: HttpClient, gate: ScriptedGate, op: str) -> None:
        """B01: a filter on a hidden field is refused before anybody is asked, for right and wrong guesses alike."""
        guesses = [await client.get(f"{CONTACTS}?filter[{name}][{op}]=DE89") for name in (*HIDDEN, "nothing")]
        more = [await client.get(f"{CONTACTS}?filter[iban][{op}]={guess}") for guess in ("DE1", "DE2")]

        assert 1 == len({said(reply) for reply in guesses + more})
        assert [] == gate.calls

    @pytest.mark.attack("B05")
    @pytest.mark.parametrize("op", ["regex", "matches", "like", "ilike", "EQ"])
    async def test_b05(self, client: HttpClient, gate: ScriptedGate, op: str) -> None:
        """B05: there are no regular expressions."""
        filters = {"field": "iban", "op": op, "value": "^DE8"}

        assert 400 == (await client.send("POST", f"{CONTACTS}/search", {"filter": filters})).status
        assert [] == gate.calls

    @pytest.mark.attack("B07")
    @pytest.mark.parametrize(
        "document", [{"or": {"0": {"iban": "x"}, "length": 1}}, {"filter": {"or": {"0": {"iban": "x"}, "length": 1}}}]
    )
    async def test_b07(self, client: HttpClient, document: object) -> None:
        """B07: an object that looks like a list is none."""
        assert 400 == (await client.send("POST", f"{CONTACTS}/search", document)).status

    @pytest.mark.attack("B11")
    async def test_b11(self, client: HttpClient) -> None:
        """B11: sorting by a hidden field is refused as by one that does not exist."""
        replies = [await client.get(f"{CONTACTS}?sort=-{name}") for name in (*HIDDEN, "nothing")]

        assert {403} == {reply.status for reply in replies}
        assert 1 == len({said(reply) for reply in replies})

    @pytest.mark.attack("B13")
    @pytest.mark.parametrize("sort", ["field(strcmp(iban,'x'),-1)", "iban%20desc", "-(iban)", "iban;1"])
    async def test_b13(self, client: HttpClient, gate: ScriptedGate, sort: str) -> None:
        """B13: one sorts by names, not by expressions."""
        reply = await client.get(f"{CONTACTS}?sort={sort}")

        assert (400, []) == (reply.status, gate.calls)

    @pytest.mark.attack("B23")
    async def test_b23(self, client: HttpClient, gate: ScriptedGate) -> None:
        """B23: a condition compares with what is released; a hidden value's change does not show."""
        before = await client.get(CONTACT)
        gate.contacts["7"] = {**gate.contacts["7"], "iban": "DE1"}
        after = await client.get(CONTACT, ("if-none-match", before.headers["etag"]))

        assert 304 == after.status

    @pytest.mark.attack("B31")
    @pytest.mark.parametrize("query", ["include=deals.owner.contacts", "expand=account.contacts", "include=gdpr,deals"])
    async def test_b31(self, client: HttpClient, gate: ScriptedGate, query: str) -> None:
        """B31: a URL does not lead from one record to another."""
        reply = await client.get(f"{CONTACT}?{query}")

        assert (400, []) == (reply.status, gate.calls)

    @pytest.mark.attack("B37")
    async def test_b37(self, client: HttpClient, gate: ScriptedGate) -> None:
        """B37: in a batch each call is decided on its own, in order, and a refusal tells no more than alone."""
        item = {"call": "get", "resource": "contacts", "id": "7"}
        calls = [{**item, "fields": [name]} for name in ("phone", "iban", "nothing", "phone")]
        reply = await client.send("POST", "/v1/crm/batch", {"calls": calls})
        problems = [{**one["problem"], "correlation_id": ""} for one in reply.json["results"][1:3]]

        assert [200, 403, 403, 200] == [one["status"] for one in reply.json["results"]]
        assert problems[0] == problems[1]
        assert 4 == len(gate.calls)

    @pytest.mark.attack("B39")
    async def test_b39(self, client: HttpClient) -> None:
        """B39: all records that one does not get are missing in the same bytes."""
        assert 1 == len({said(await client.get(f"{CONTACTS}/{one}")) for one in ("8", "9", "abc")})


class TestWriting:
    @pytest.mark.attack("C01")
    async def test_c01(self, client: HttpClient, gate: ScriptedGate) -> None:
        """C01: a hidden field cannot be written, nor can one that does not exist; a known one is named."""
        names = (*HIDDEN, "nothing", "email")
        replies = [await client.send("PATCH", CONTACT, {name: "X"}, ("if-match", "*")) for name in names]

        assert {403} == {reply.status for reply in replies}
        assert 1 == len({said(reply) for reply in replies[:-1]})
        assert "/email" == replies[-1].json["errors"][0]["pointer"]
        assert "X" not in str(gate.contacts)

    @pytest.mark.attack("C05")
    @pytest.mark.parametrize(
        "body", [b'{"phone":"1","phone":"2"}', b'{"a":1,"iban":2,"iban":3}', b'{"a":{"b":1,"b":1}}']
    )
    async def test_c05(self, client: HttpClient, gate: ScriptedGate, body: bytes) -> None:
        """C05: a member that comes twice is refused, whichever would have counted."""
        reply = await client.send("PATCH", CONTACT, body, ("if-match", "*"))

        assert (400, []) == (reply.status, gate.calls)
        assert b"iban" not in reply.body

    @pytest.mark.attack("B27")
    @pytest.mark.attack("C07")
    @pytest.mark.parametrize("path", ["/iban", "/~01iban", "/bank~1iban", "/0/../iban"])
    async def test_c07(self, client: HttpClient, path: str) -> None:
        """C07: JSON Patch, whose tests are reads, is not spoken."""
        patch = [{"op": "test", "path": path, "value": "guess"}]
        lines = (("content-type", "application/json-patch+json"), ("if-match", "*"))

        assert 415 == (await client.send("PATCH", CONTACT, patch, *lines)).status
        assert 400 == (await client.send("PATCH", CONTACT, patch, ("if-match", "*"))).status

    @pytest.mark.attack("C11")
    async def test_c11(self, client: HttpClient, gate: ScriptedGate) -> None:
        """C11: there is no change of whatever a filter finds."""
        assert 405 == (await client.send("PATCH", f"{CONTACTS}?filter[iban][eq]=x", {"phone": "1"})).status
        assert [] == gate.calls

    @pytest.mark.attack("C15")
    @pytest.mark.parametrize(
        "value", [b"NaN", b"Infinity", b"-Infinity", b"1e999", b'"\\ud800"', b'"\\u0000"', b"1" * 30]
    )
    async def test_c15(self, client: HttpClient, gate: ScriptedGate, value: bytes) -> None:
        """C15: what is no number and what is no text is refused, and breaks nothing."""
        reply = await client.send("PATCH", CONTACT, b'{"phone":' + value + b"}", ("if-match", "*"))

        assert (400, []) == (reply.status, gate.calls)

    @pytest.mark.attack("C17")
    async def test_c17(self, client: HttpClient) -> None:
        """C17: a name that means something to a language is refused as any name that is not known."""
        names = ("__proto__", "constructor", "__class__", "_sa_instance_state", "iban")
        replies = [await client.send("PATCH", CONTACT, {name: "x"}, ("if-match", "*")) for name in names]

        assert {403} == {reply.status for reply in replies}
        assert 1 == len({said(reply) for reply in replies})


class TestTenant:
    @pytest.mark.attack("D03")
    async def test_d03(self, client: HttpClient, gate: ScriptedGate) -> None:
        """D03: a tenant in a header is ignored, in a URL or a Host refused."""
        plain = await client.get(CONTACT)
        named = await client.get(CONTACT, ("x-tenant-id", "acme-evil"), ("x-tenant", "acme-evil"))

        assert said(plain) == said(named)
        assert gate.calls[0].operation == gate.calls[1].operation
        assert 400 == (await client.get(f"{CONTACT}?tenant=acme-evil")).status
        assert 400 == (await client.ask("GET", CONTACT, [("host", "b.gw"), *AGENT[1:]])).status

    @pytest.mark.attack("D09")
    @pytest.mark.parametrize("tail", ["/x.css", "%2fx.js", "%2Fx.js", ".css/", ";x.css"])
    async def test_d09(self, client: HttpClient, gate: ScriptedGate, tail: str) -> None:
        """D09: nothing follows a record's id, so no cache takes a contact for a style sheet."""
        reply = await client.get(f"{CONTACT}{tail}")

        assert (404, []) == (reply.status, gate.calls)
        assert "private, no-store" == reply.headers["cache-control"]
