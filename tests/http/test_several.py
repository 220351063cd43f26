from __future__ import annotations

import pytest

from policy_gateway.errors import AuditUnavailable, Denied, UpstreamTimeout
from policy_gateway.query import Change, Describe, In, Or, Query
from policy_gateway.testing.entrances import HttpClient, ScriptedGate
from policy_gateway.web.api.lookup import spellings

pytestmark = pytest.mark.anyio


class TestBatch:
    async def test_order(self, client: HttpClient, gate: ScriptedGate) -> None:
        """Each call is answered in its place, the refused one by its problem."""
        calls = [
            {"call": "get", "resource": "contacts", "id": "7", "fields": ["first_name"]},
            {"call": "get", "resource": "contacts", "id": "7", "fields": ["iban"]},
            {"call": "search", "resource": "contacts", "fields": ["first_name"]},
            {"call": "create", "resource": "contacts", "values": {"first_name": "Uwe"}},
            {"call": "update", "resource": "contacts", "id": "7", "values": {"phone": "1"}, "precondition": '"tag-1"'},
            {"call": "delete", "resource": "contacts", "id": "9"},
        ]
        reply = await client.send("POST", "/v1/crm/batch", {"calls": calls}, ("idempotency-key", "k"))

        assert 207 == reply.status
        results = reply.json["results"]
        assert [200, 403, 200, 201, 200, 404] == [result["status"] for result in results]
        assert {"first_name": "Erika", "id": "7"} == results[0]["record"]["fields"]
        assert "field-refused" == results[1]["problem"]["code"]
        assert 6 == len({call.circumstances.correlation for call in gate.calls})
        change = gate.calls[3].operation
        assert isinstance(change, Change)
        assert "k:3" == change.idempotency_key

    @pytest.mark.parametrize(
        ("item", "flaw"),
        [
            ({"call": "merge"}, "/calls/0"),
            ({"call": "get", "resource": "contacts"}, "/calls/0/id"),
            ({"call": "get", "resource": "contacts", "id": "../x"}, "/calls/0/id"),
            ({"call": "create", "resource": "contacts", "values": {"a": [1]}}, "/calls/0/values"),
            ("get", "/calls/0"),
        ],
    )
    async def test_malformed(self, client: HttpClient, gate: ScriptedGate, item: object, flaw: str) -> None:
        """A batch with one malformed call makes none."""
        reply = await client.send("POST", "/v1/crm/batch", {"calls": [item]})

        assert 400 == reply.status
        assert [flaw] == [error["pointer"] for error in reply.json["errors"]]
        assert [] == gate.calls


class TestSchema:
    async def test_answer(self, client: HttpClient, gate: ScriptedGate) -> None:
        """Only known fields are listed, each with what may be done with it."""
        reply = await client.get("/v1/crm/schema/contacts")

        assert Describe("contact") == gate.calls[0].operation
        assert "contact" == reply.json["resource"]
        assert {"path": "email", "actions": {"search": "clear", "view": "partial"}} in reply.json["fields"]
        assert {"path": "first_name", "actions": {"view": "clear"}} in reply.json["fields"]


class TestLookup:
    async def test_phone(self, client: HttpClient, gate: ScriptedGate) -> None:
        """A number is searched in each connection, in the fields that the caller may search."""
        reply = await client.send("POST", "/v1/lookup", {"phone": "030 5550100"})

        assert 200 == reply.status
        [hit] = reply.json["hits"]
        assert ("crm", "contacts", "7") == (hit["connection"], hit["resource"], hit["id"])
        assert {"id": "7", "first_name": "Erika"} == hit["fields"]
        described, asked = gate.calls
        assert Describe("contact") == described.operation
        assert isinstance(asked.operation, Query)
        assert ("id", "first_name") == asked.operation.select
        assert isinstance(asked.operation.where, In)
        assert "phone" == asked.operation.where.path

    async def test_email(self, client: HttpClient, gate: ScriptedGate) -> None:
        """An address is searched as given and in lower case."""
        await client.send("POST", "/v1/lookup", {"email": "Erika@Example.org"})

        query = gate.calls[1].operation
        assert isinstance(query, Query)
        assert In("email", ("Erika@Example.org", "erika@example.org")) == query.where
        assert not isinstance(query.where, Or)

    @pytest.mark.parametrize(
        "body",
        [{}, {"phone": "030 5550100", "email": "a@b.de"}, {"phone": "12"}, {"phone": "call me"}, {"email": "@x"}],
    )
    async def test_malformed(self, client: HttpClient, gate: ScriptedGate, body: object) -> None:
        """What is no number and no address is not searched."""
        reply = await client.send("POST", "/v1/lookup", body)

        assert (400, []) == (reply.status, gate.calls)

    async def test_silent_connection(self, client: HttpClient, gate: ScriptedGate) -> None:
        """A CRM that cannot answer is named, so that no hit is not taken for nobody."""
        gate.broken = UpstreamTimeout()
        reply = await client.send("POST", "/v1/lookup", {"phone": "030 5550100"})

        assert {"hits": [], "unavailable": [{"connection": "crm", "code": "upstream-timeout"}]} == reply.json

    @pytest.mark.parametrize(("broken", "status"), [(Denied(), 403), (AuditUnavailable(), 503), (OSError(), 500)])
    async def test_refused(self, client: HttpClient, gate: ScriptedGate, broken: Exception, status: int) -> None:
        """A refusal by every connection is a refusal, and a failed safeguard is one whatever else was found."""
        gate.broken = broken

        assert status == (await client.send("POST", "/v1/lookup", {"phone": "030 5550100"})).status

    async def test_spellings(self) -> None:
        """A number is looked for in the ways that people write it."""
        expected = ("+49305550100", "+49 30 5550100", "030 5550100", "0305550100", "0049305550100", "49305550100")

        assert expected == spellings("030/5550-100", "DE")


class TestProvenance:
    async def test_read(self, client: HttpClient, gate: ScriptedGate) -> None:
        """A record's envelopes come with the token of the value that each is about."""
        gate.notes = {"phone": {"collected_by": "web form", "value": "t-1"}}
        reply = await client.get("/v1/crm/contacts/7/provenance")

        assert {"id": "7", "provenance": {"phone": {"collected_by": "web form", "value": "t-1"}}} == reply.json
        assert frozenset({"gdpr", "token"}) == gate.calls[0].include

    async def test_edit(self, client: HttpClient, gate: ScriptedGate) -> None:
        """An edit is a change of the gateway's own data about this one value."""
        body = {"phone": {"value": "t-1", "purposes": ["service"], "keep_until": None}}
        reply = await client.send("PATCH", "/v1/crm/contacts/7/provenance", body)

        assert (200, {"results": [{"field": "phone", "status": 200}]}) == (reply.status, reply.json)
        [call] = gate.calls
        assert "gateway" == call.connection
        change = call.operation
        assert isinstance(change, Change)
        assert ("provenance", "crm|contact|7|phone") == (change.resource, change.target)
        assert {"purposes": ("service",), "keep_until": None, "token": "t-1"} == change.values

    async def test_several(self, client: HttpClient) -> None:
        """Several fields are answered one by one."""
        part = {"value": "t", "source": "call"}
        reply = await client.send("PATCH", "/v1/crm/contacts/7/provenance", {"phone": part, "email": part})

        assert 207 == reply.status
        assert [("phone", 200), ("email", 200)] == [(one["field"], one["status"]) for one in reply.json["results"]]

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"phone": {}},
            {"phone": {"source": "x"}},
            {"phone": "x"},
            {"phone": {"value": "t", "token": "u"}},
            {"ä": 1},
        ],
    )
    async def test_malformed(self, client: HttpClient, gate: ScriptedGate, body: object) -> None:
        """Without the value's token nobody knows what an edit is about."""
        reply = await client.send("PATCH", "/v1/crm/contacts/7/provenance", body)

        assert (400, []) == (reply.status, gate.calls)
