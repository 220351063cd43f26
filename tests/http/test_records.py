from __future__ import annotations

import pytest

from policy_gateway.query import (
    And,
    Change,
    ChangeKind,
    Compare,
    In,
    Not,
    Op,
    Or,
    Order,
    Query,
    RelativeDate,
    Text,
    Unit,
)
from policy_gateway.testing.entrances import ERIKA, HttpClient, ScriptedGate

pytestmark = pytest.mark.anyio

CONTACT = "/v1/crm/contacts/7"
CONTACTS = "/v1/crm/contacts"


class TestGet:
    async def test_answer(self, client: HttpClient) -> None:
        """A record comes with its fields, the masked ones by level, and what is withheld."""
        reply = await client.get(CONTACT)

        assert 200 == reply.status
        assert {"id": "7", "fields": ERIKA, "masked": {"email": "partial"}, "withheld": []} == reply.json

    async def test_call(self, client: HttpClient, gate: ScriptedGate) -> None:
        """The gate is asked for just the fields that the URL names, for the purpose of the header."""
        await client.get(f"{CONTACT}?fields=first_name,phone")

        [call] = gate.calls
        assert ("crm", "service") == (call.connection, call.purpose)
        assert Query("contact", ("first_name", "phone"), target="7") == call.operation

    async def test_headers(self, client: HttpClient) -> None:
        """An answer is nobody else's: it is not stored, and says which policy decided."""
        reply = await client.get(CONTACT, ("x-request-id", "mine-1"))

        assert "private, no-store" == reply.headers["cache-control"]
        assert "Authorization, X-Purpose, Accept-Language" == reply.headers["vary"]
        assert "nosniff" == reply.headers["x-content-type-options"]
        assert "bundle-1" == reply.headers["x-policy-version"]
        assert "mine-1" == reply.headers["x-request-id"]
        assert 32 == len(reply.headers["x-correlation-id"])
        assert str(len(reply.body)) == reply.headers["content-length"]

    async def test_not_modified(self, client: HttpClient) -> None:
        """Who has seen just this gets 304 and no body."""
        first = await client.get(CONTACT)
        again = await client.get(CONTACT, ("if-none-match", f'"other", W/{first.headers["etag"]}'))

        assert (304, b"") == (again.status, again.body)
        assert first.headers["etag"] == again.headers["etag"]
        assert "content-length" not in again.headers

    async def test_notes(self, client: HttpClient, gate: ScriptedGate) -> None:
        """GDPR metadata comes on request, and another metadatum is another ETag."""
        plain = await client.get(CONTACT)
        gate.notes = {"phone": {"purposes": ["service"]}}
        noted = await client.get(f"{CONTACT}?include=gdpr")

        assert "_gdpr" not in plain.json
        assert {"phone": {"purposes": ["service"]}} == noted.json["_gdpr"]
        assert '"tag-1"' == plain.headers["etag"]
        assert noted.headers["etag"].startswith('"tag-1~')

    async def test_circumstances(self, client: HttpClient, gate: ScriptedGate) -> None:
        """What the caller says about the call goes along, and where it came from."""
        lines = (("x-reason", "callback"), ("x-ticket", "T-17"), ("x-channel", "phone"), ("x-direction", "inbound"))
        await client.get(CONTACT, *lines, ("x-interaction", "call:9"), ("x-request-id", "r1"))

        told = gate.calls[0].circumstances
        assert ("callback", "T-17", "call:9") == (told.reason, told.ticket, told.interaction)
        assert ("phone", "inbound", "r1") == (told.channel, told.direction, told.request_id)
        assert "127.0.0.1" == told.network


class TestList:
    async def test_next_page(self, client: HttpClient, gate: ScriptedGate) -> None:
        """A page links to the next one with all that was asked, but its own cursor."""
        gate.cursor = "next"
        reply = await client.get(f"{CONTACTS}?fields=phone&limit=1&cursor=old")

        assert "next" == reply.json["cursor"]
        assert f'<{CONTACTS}?fields=phone&limit=1&cursor=next>; rel="next"' == reply.headers["link"]

    async def test_call(self, client: HttpClient, gate: ScriptedGate) -> None:
        """Sort, limit, cursor and filters of fields that are not personal become parts of the query."""
        await client.get(f"{CONTACTS}?sort=-created_at,id&limit=20&cursor=c1&filter[created_at][ge]=2026-01-01")

        query = gate.calls[0].operation
        assert isinstance(query, Query)
        assert (Order("created_at", descending=True), Order("id")) == query.order
        assert (20, "c1") == (query.limit, query.cursor)
        assert Compare("created_at", Op.GE, "2026-01-01") == query.where

    async def test_filters(self, client: HttpClient, gate: ScriptedGate) -> None:
        """Several filters hold together; a list of values is one filter."""
        await client.get(f"{CONTACTS}?filter[id][in]=7,8&filter[created_at][null]=false")

        query = gate.calls[0].operation
        assert isinstance(query, Query)
        assert And((In("id", ("7", "8")), Compare("created_at", Op.IS_NULL, value=False))) == query.where
        assert 100 == query.limit

    async def test_personal_filter(self, client: HttpClient, gate: ScriptedGate) -> None:
        """A personal value has no place in a URL, be the field known, hidden or not there at all."""
        replies = [await client.get(f"{CONTACTS}?filter[{name}][eq]=x") for name in ("phone", "iban", "nothing")]

        assert [400, 400, 400] == [reply.status for reply in replies]
        assert {"use-search"} == {reply.json["code"] for reply in replies}
        assert [] == gate.calls


class TestSearch:
    async def test_call(self, client: HttpClient, gate: ScriptedGate) -> None:
        """A search's body becomes a query, filter by filter."""
        body = {
            "fields": ["first_name"],
            "filter": {
                "and": [
                    {"or": [{"field": "phone", "op": "eq", "value": "+49"}, {"field": "email", "in": ["a", "b"]}]},
                    {"not": {"field": "created_at", "op": "lt", "value": {"unit": "day", "n": -7}}},
                ]
            },
            "text": {"term": "eri", "fields": ["first_name"]},
            "sort": [{"field": "created_at", "descending": True}],
            "limit": 5,
            "include": ["gdpr"],
        }
        reply = await client.send("POST", f"{CONTACTS}/search", body)

        assert 200 == reply.status
        [call] = gate.calls
        assert frozenset({"gdpr"}) == call.include
        filters = And(
            (
                Or((Compare("phone", Op.EQ, "+49"), In("email", ("a", "b")))),
                Not(Compare("created_at", Op.LT, RelativeDate(Unit.DAY, -7))),
            )
        )
        assert call.operation == Query(
            "contact",
            ("first_name",),
            where=And((filters, Text("eri", ("first_name",)))),
            order=(Order("created_at", descending=True),),
            limit=5,
        )

    @pytest.mark.parametrize(
        ("body", "flaw"),
        [
            ({"filter": {"field": "a", "op": "regex", "value": "x"}}, "/filter/op"),
            ({"filter": {"and": []}}, "/filter/and"),
            ({"filter": {"field": "a"}}, "/filter/op"),
            ({"filter": {"and": [{"field": "a", "op": "eq", "value": []}]}}, "/filter/and/0/value"),
            ({"limit": 201}, "/limit"),
            ({"limit": True}, "/limit"),
            ({"fields": ["strcmp(iban)"]}, "/fields/0"),
            ({"sort": [{"field": "field(a,'x')"}]}, "/sort/0/field"),
            ({"secret_word": 1}, ""),
            ({"text": {"term": "x", "fields": []}}, "/text/fields"),
            ({"cursor": "no cursor"}, "/cursor"),
            ({"or": {"0": {"iban": "x"}, "length": 1}}, "/or"),
        ],
    )
    async def test_malformed(self, client: HttpClient, body: object, flaw: str) -> None:
        """What breaks the grammar is pointed at, and not repeated."""
        reply = await client.send("POST", f"{CONTACTS}/search", body)

        assert (400, "invalid-call") == (reply.status, reply.json["code"])
        assert flaw in {error["pointer"] for error in reply.json["errors"]}
        assert b"secret_word" not in reply.body
        assert b"strcmp" not in reply.body

    async def test_depth(self, client: HttpClient) -> None:
        """A filter is at most ten deep."""
        deep: dict[str, object] = {"field": "phone", "op": "eq", "value": "1"}
        for _ in range(9):
            deep = {"not": deep}

        assert 200 == (await client.send("POST", f"{CONTACTS}/search", {"filter": deep})).status
        assert 400 == (await client.send("POST", f"{CONTACTS}/search", {"filter": {"not": deep}})).status


class TestWrite:
    async def test_create(self, client: HttpClient, gate: ScriptedGate) -> None:
        """A new record is answered with where it is."""
        reply = await client.send("POST", CONTACTS, {"first_name": "Uwe"}, ("idempotency-key", '"k-1"'))

        assert (201, "/v1/crm/contacts/8") == (reply.status, reply.headers["location"])
        assert {"first_name": "Uwe", "id": "8"} == reply.json["fields"]
        expected = Change(ChangeKind.CREATE, "contact", values={"first_name": "Uwe"}, idempotency_key="k-1")
        assert expected == gate.calls[0].operation

    async def test_update(self, client: HttpClient, gate: ScriptedGate) -> None:
        """A patch changes what it names, null clears, and the ETag says what it is based on."""
        lines = (("content-type", "application/merge-patch+json"), ("if-match", '"tag-1~abcd"'))
        reply = await client.send("PATCH", CONTACT, {"phone": None}, *lines)

        assert 200 == reply.status
        assert reply.json["fields"]["phone"] is None
        change = gate.calls[0].operation
        assert isinstance(change, Change)
        assert ("tag-1", {"phone": None}) == (change.precondition, change.values)

    async def test_nested(self, client: HttpClient, gate: ScriptedGate) -> None:
        """Nested members are dotted paths."""
        reply = await client.send("PATCH", CONTACT, {"hubspot": {"hs_status": ["a"]}}, ("if-match", "*"))

        assert 403 == reply.status
        change = gate.calls[0].operation
        assert isinstance(change, Change)
        assert {"hubspot.hs_status": ("a",)} == change.values

    async def test_precondition(self, client: HttpClient) -> None:
        """A change that does not say what it is based on is refused."""
        reply = await client.send("PATCH", CONTACT, {"phone": "1"})

        assert (428, "precondition-required") == (reply.status, reply.json["code"])

    @pytest.mark.parametrize("tag", ['W/"tag"', "tag", '"a", "b"', '"', ""])
    async def test_if_match(self, client: HttpClient, tag: str) -> None:
        """If-Match holds one strong ETag."""
        assert 400 == (await client.send("PATCH", CONTACT, {"phone": "1"}, ("if-match", tag))).status

    @pytest.mark.parametrize("key", ["", "a b", '"a', 'a"', "x" * 200, "ä"])
    async def test_idempotency_key(self, client: HttpClient, gate: ScriptedGate, key: str) -> None:
        """A malformed Idempotency-Key is refused before anything is written."""
        reply = await client.send("POST", CONTACTS, {"first_name": "U"}, ("idempotency-key", key))

        assert (400, []) == (reply.status, gate.calls)

    async def test_delete(self, client: HttpClient, gate: ScriptedGate) -> None:
        """A deleted record is gone, and nothing is said of it."""
        reply = await client.ask("DELETE", CONTACT, [*client.lines, ("if-match", "*")])

        assert (204, b"", {}) == (reply.status, reply.body, gate.contacts)

    @pytest.mark.parametrize("body", [{}, [], "x", 1, None, {"a": {}}, {"a": [1]}, {"a.b": 1, "a": {"b": 2}}])
    async def test_no_values(self, client: HttpClient, gate: ScriptedGate, body: object) -> None:
        """What sets no field, or sets one twice or to no value, changes nothing."""
        reply = await client.send("PATCH", CONTACT, body, ("if-match", "*"))

        assert (400, []) == (reply.status, gate.calls)
