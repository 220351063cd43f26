"""Rows B to F through the HubSpot facade: other people's records, and writing."""

from __future__ import annotations

import pytest

from policy_gateway.facts import RecordPlace, Standing
from policy_gateway.testing.entrances import Reply
from policy_gateway.testing.facing import Faced, told

pytestmark = pytest.mark.anyio

C = "/crm/v3/objects/contacts"


def search(name: str, operator: str = "EQ", value: str = "DE99ANOTHER0000IBAN11") -> dict[str, object]:
    """Return a search by one filter."""
    return {"filterGroups": [{"filters": [{"propertyName": name, "operator": operator, "value": value}]}]}


def category(reply: Reply) -> str:
    """Return the category of a refusal, in the vendor's shape."""
    assert {"status", "message", "correlationId", "category"} <= reply.json.keys()
    return str(reply.json["category"])


def unnamed(reply: Reply, *names: str) -> bytes:
    """Return the body of *reply* without *names* and correlation ids."""
    body = told(reply)[2]
    assert isinstance(body, bytes)
    for name in names:
        body = body.replace(name.encode(), b"#")
    return body


class TestRecords:
    @pytest.mark.attack("B39")
    @pytest.mark.attack("C11")
    @pytest.mark.parametrize("by", ["iban", "shoe_size", "credit_score", "nothing"])
    async def test_keys(self, portal: Faced, by: str) -> None:
        """C11: a hidden property finds, changes and makes nothing, whatever is guessed."""
        answers: list[set[bytes]] = []
        for key in ("DE99ANOTHER0000IBAN11", "another-shoe-38", "12", "DE1"):
            one = {"id": key, "idProperty": by, "properties": {"city": "Bonn"}}
            found = set()
            for line, body in (
                (f"GET {C}/{key}?idProperty={by}", None),
                (f"PATCH {C}/{key}?idProperty={by}", {"properties": {"city": "Bonn"}}),
                (f"POST {C}/batch/read", {"inputs": [{"id": key}], "idProperty": by}),
                (f"POST {C}/batch/update", {"inputs": [one]}),
                (f"POST {C}/batch/upsert", {"inputs": [one]}),
                (f"POST {C}/gdpr-delete", {"objectId": key, "idProperty": by}),
            ):
                reply = await portal.compare(line, body)
                assert reply.status in {400, 403, 404}
                found.add(unnamed(reply, by, key))
            answers.append(found)

        assert all(found == answers[0] for found in answers)
        assert ([], []) == (portal.spy.queries, portal.spy.changes)

    @pytest.mark.attack("B39")
    async def test_b39(self, portal: Faced) -> None:
        """B39: a record that is restricted is on no way told from one that there is not."""
        place = RecordPlace("acme", "hub", "contact", "7")
        await portal.whole.app.administration.standings.change(place, Standing(), Standing(restricted=True))
        try:
            for line, body in (
                ("GET {C}/{id}", None),
                ("GET {C}/{id}?properties=hs_object_id", None),
                ("PATCH {C}/{id}", {"properties": {"city": "Bonn"}}),
                ("DELETE {C}/{id}", None),
                ("POST {C}/batch/update", {"inputs": [{"id": "{id}", "properties": {"city": "Bonn"}}]}),
                ("POST {C}/batch/read", {"inputs": [{"id": "{id}"}]}),
                ("GET {C}/{id}/associations/companies", None),
                ("GET /crm/v4/objects/contacts/{id}/associations/companies", None),
                ("PUT /crm/v4/objects/contacts/{id}/associations/default/companies/70", {}),
                ("POST /crm/v4/associations/contacts/companies/batch/read", {"inputs": [{"id": "{id}"}]}),
            ):
                pair = [
                    await portal.ask(
                        line.replace("{C}", C).replace("{id}", one),
                        _with(body, one),
                        who="selma" if "D" in line[:2] else "arno",
                    )
                    for one in ("7", "99999")
                ]
                assert pair[0].status == pair[1].status, line
                assert unnamed(pair[0], '"7"', " 7.") == unnamed(pair[1], '"99999"', " 99999."), line
            links = await portal.ask("GET /crm/v4/objects/companies/70/associations/contacts")
            page = await portal.ask(f"GET {C}?limit=1")
            assert ([], ["8"]) == (links.json["results"], [one["id"] for one in page.json["results"]])
            assert 1 == (await portal.ask(f"POST {C}/search", {})).json["total"]
        finally:
            await portal.whole.app.administration.standings.change(place, Standing(restricted=True), Standing())

    @pytest.mark.attack("B39")
    async def test_linked(self, portal: Faced) -> None:
        """B39: a restricted company is linked with nobody that says so."""
        place = RecordPlace("acme", "hub", "company", "70")
        await portal.whole.app.administration.standings.change(place, Standing(), Standing(restricted=True))
        try:
            hidden, missing = [
                await portal.ask(f"GET /crm/v4/objects/companies/{one}/associations/contacts") for one in ("70", "99")
            ]
            made = [
                await portal.ask(f"PUT /crm/v4/objects/contacts/8/associations/default/companies/{one}", {})
                for one in ("70", "99")
            ]
        finally:
            await portal.whole.app.administration.standings.change(place, Standing(restricted=True), Standing())

        assert told(hidden) == told(missing)
        assert unnamed(made[0], '"70"') == unnamed(made[1], '"99"')

    @pytest.mark.attack("F01")
    @pytest.mark.parametrize(
        "identifier", ["..%2Foauth", "7%3Fx", "7%23", "7%2F..%2F8", "7.", "+7", "７", "%00", "9" * 30]
    )
    async def test_f01(self, portal: Faced, identifier: str) -> None:
        """F01: what is no id goes nowhere."""
        quoted = identifier.replace("７", "%EF%BC%97")
        for method, body in (("GET", None), ("PATCH", {"properties": {"city": "x"}}), ("DELETE", None)):
            reply = await portal.ask(f"{method} {C}/{quoted}", body)
            assert reply.status in {400, 403, 404}
        assert ([], []) == (portal.spy.queries, portal.spy.changes)

    @pytest.mark.attack("B21")
    @pytest.mark.attack("D07")
    async def test_b21(self, portal: Faced) -> None:
        """B21: a cursor is good for whom it was given to, in its own list or search."""
        after = (await portal.ask(f"GET {C}?limit=1")).json["paging"]["next"]["after"]
        searched = (await portal.ask(f"POST {C}/search", {"limit": 1})).json["paging"]["next"]["after"]
        answers = [
            await portal.ask(f"GET {C}?limit=1&after={after}"),
            await portal.ask(f"GET {C}?limit=1&after={after}", who="anna"),
            await portal.ask(f"GET {C}?limit=1&after={after[:-4]}AAAA"),
            await portal.ask(f"GET /crm/v3/objects/companies?limit=1&after={after}"),
            await portal.ask(f"POST {C}/search", {"limit": 1, "after": searched}),
            await portal.ask(f"POST {C}/search", {"limit": 1, "after": searched}, who="anna"),
            await portal.ask(f"POST {C}/search", {"limit": 1, "after": searched, **search("email", "EQ", "x@y.z")}),
        ]

        assert [200, 400, 400, 400, 200, 400, 400] == [reply.status for reply in answers]

    @pytest.mark.attack("D03")
    @pytest.mark.attack("D11")
    async def test_d11(self, portal: Faced) -> None:
        """D11: a token opens the connections of its own client, in the dialect that they speak."""
        key, bens = portal.whole.keys["arno"], portal.whole.keys["ben"]
        for bearer in (f"{key}~service~sf", f"{key}~service~gateway", f"{key}~marketing~hub", f"{bens}~service~acme"):
            lines = [("host", "localhost"), ("authorization", f"Bearer {bearer}")]
            reply = await portal.client().ask("GET", f"{C}/7", lines)
            assert (401, "INVALID_AUTHENTICATION") == (reply.status, category(reply))
        lines = [("host", "localhost"), ("authorization", f"Bearer {bens}~service~hub"), ("x-tenant-id", "acme")]
        reply = await portal.client().ask("GET", f"{C}/7", lines)

        assert (404, []) == (reply.status, portal.spy.queries)


class TestWriting:
    @pytest.mark.attack("C01")
    @pytest.mark.attack("C03")
    @pytest.mark.attack("C17")
    @pytest.mark.attack("B29")
    @pytest.mark.parametrize("name", ["shoe_size", "__proto__", "constructor", "nothing", "credit_score", "iban"])
    async def test_c01(self, portal: Faced, name: str) -> None:
        """C01: what may not be written is refused by its name whatever is said of it."""
        for line, body in (
            (f"PATCH {C}/7", {"properties": {"city": "Bonn", name: "{}"}}),
            (f"POST {C}", {"properties": {"city": "Bonn", name: "{}"}}),
            (f"POST {C}/batch/update", {"inputs": [{"id": "7", "properties": {name: "{}"}}]}),
            (f"POST {C}/batch/create", {"inputs": [{"properties": {name: "{}"}}]}),
        ):
            replies = [await portal.compare(line, _filled(body, value)) for value in ("x", 1, True, None, "2026-01-01")]
            assert 1 == len({told(reply) for reply in replies})
            assert 400 == replies[0].status
        assert [] == portal.spy.changes

    @pytest.mark.attack("C05")
    @pytest.mark.attack("C15")
    @pytest.mark.parametrize(
        "body",
        [
            b'{"properties":{"city":"1","city":"2"}}',
            b'{"properties":{"city":"1","CITY":"2"}}',
            b'{"properties":{"city":NaN}}',
            b'{"properties":{"city":"\\ud800"}}',
            b'{"properties":{"city":{"a":1}}}',
            b'{"properties":[1]}',
            b"[1]",
            b"{",
            b'{"properties":' * 3000,
        ],
    )
    async def test_c05(self, portal: Faced, body: bytes) -> None:
        """C05: what two readers would read differently, or nobody could, is refused, and is journalled."""
        kind = ("content-type", "application/json")
        for line in (f"PATCH {C}/7", f"POST {C}", f"POST {C}/batch/update"):
            await portal.forget()
            reply = await portal.ask(line, body, kind)
            assert (400, []) == (reply.status, portal.spy.changes), line
            assert 1 == len([each for each in await portal.entries() if each["decision"] == "deny"]), line

    @pytest.mark.attack("A13")
    @pytest.mark.attack("B27")
    async def test_a13(self, portal: Faced) -> None:
        """A13: the answer to a change shows what was written, and what is hidden no more than before."""
        reply = await portal.compare(f"PATCH {C}/7", {"properties": {"city": "{{contact.iban}}"}})

        assert (200, "{{contact.iban}}") == (reply.status, reply.json["properties"]["city"])
        assert {"city", "createdate", "hs_object_id", "lastmodifieddate"} == reply.json["properties"].keys()


def _with(body: object, identifier: str) -> object:
    """Return *body* with *identifier* for ``{id}``."""
    match body:
        case dict():
            return {name: _with(value, identifier) for name, value in body.items()}
        case list():
            return [_with(value, identifier) for value in body]
        case "{id}":
            return identifier
        case _:
            return body


def _filled(body: object, value: object) -> object:
    """Return *body* with *value* for ``{}``."""
    match body:
        case dict():
            return {name: _filled(inner, value) for name, inner in body.items()}
        case list():
            return [_filled(inner, value) for inner in body]
        case "{}":
            return value
        case _:
            return body
