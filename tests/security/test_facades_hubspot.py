"""Rows A and B through the HubSpot facade: what a portal's client may try to read, or to learn without reading."""

from __future__ import annotations

import pytest

from policy_gateway.testing.entrances import Reply
from policy_gateway.testing.facing import Faced, told

pytestmark = pytest.mark.anyio

C = "/crm/v3/objects/contacts"
WORLDS = 3
HIDDEN = ("iban", "credit_score", "shoe_size", "service_notes", "date_of_birth")


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


class TestSearching:
    @pytest.mark.attack("B01")
    @pytest.mark.attack("B03")
    @pytest.mark.attack("B09")
    @pytest.mark.parametrize(
        "operator",
        ["EQ", "NEQ", "LT", "GTE", "CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN", "HAS_PROPERTY", "NOT_HAS_PROPERTY"],
    )
    async def test_b01(self, portal: Faced, operator: str) -> None:
        """B01: a search by a hidden property is refused like one by none, whatever is guessed, and goes nowhere."""
        answers = set()
        for name in (*HIDDEN, "nothing"):
            for guess in ("DE99ANOTHER0000IBAN11", "1979-02-01", "12", "x"):
                reply = await portal.compare(f"POST {C}/search", search(name, operator, guess))
                assert (400, "VALIDATION_ERROR") == (reply.status, category(reply))
                answers.add(unnamed(reply, name))

        assert 1 == len(answers)
        assert [] == portal.spy.queries

    @pytest.mark.attack("B01")
    @pytest.mark.parametrize("member", ["BETWEEN", "IN", "NOT_IN"])
    async def test_lists(self, portal: Faced, member: str) -> None:
        """B01: neither lists nor ranges ask a hidden property."""
        one = {"operator": member, "value": "1", "highValue": "2", "values": ["DE1", "12"]}
        replies = [
            await portal.compare(f"POST {C}/search", {"filters": [{**one, "propertyName": name}]})
            for name in (*HIDDEN, "nothing")
        ]

        assert 1 == len({unnamed(reply, *HIDDEN, "nothing") for reply in replies})
        assert [] == portal.spy.queries

    @pytest.mark.attack("B11")
    @pytest.mark.attack("B13")
    @pytest.mark.parametrize(
        "sorts",
        [
            ["{}"],
            ["-{}"],
            [{"propertyName": "{}", "direction": "DESCENDING"}],
        ],
    )
    async def test_b11(self, portal: Faced, sorts: list[object]) -> None:
        """B11: sorting by a hidden property is refused like sorting by none."""
        replies = []
        for name in (*HIDDEN, "nothing"):
            named = [
                {**one, "propertyName": name} if isinstance(one, dict) else str(one).replace("{}", name)
                for one in sorts
            ]
            replies.append(await portal.compare(f"POST {C}/search", {"sorts": named}))

        assert {400} == {reply.status for reply in replies}
        assert 1 == len({unnamed(reply, *HIDDEN, "nothing") for reply in replies})
        assert [] == portal.spy.queries

    @pytest.mark.attack("B15")
    @pytest.mark.parametrize("term", ["DE99", "another", "canary-notes", "1979", "12", "Lena"])
    async def test_b15(self, portal: Faced, term: str) -> None:
        """B15: free text looks where the caller may search, or nowhere."""
        reply = await portal.compare(f"POST {C}/search", {"query": term})

        assert reply.status in {400, 403} or term == "Lena" or [] == reply.json["results"]
        assert not {"iban", "credit_score"} & portal.spy.asked

    @pytest.mark.attack("B05")
    @pytest.mark.attack("B07")
    @pytest.mark.parametrize(
        "body",
        [
            search("email", "REGEX", ".*"),
            {"filterGroups": {"0": {"filters": []}, "length": 1}},
            {"filterGroups": [{"filters": [{"propertyName": ["iban"], "operator": "EQ", "value": "x"}]}]},
            {"filterGroups": [{"filters": [{"propertyName": "*", "operator": "CONTAINS_TOKEN", "value": "x"}]}]},
            {"filterGroups": [{"filters": [{"propertyName": "*email", "operator": "CONTAINS_TOKEN", "value": "x"}]}]},
            {
                "filterGroups": [
                    {"filters": [{"propertyName": "associations.company", "operator": "EQ", "value": "70"}]}
                ]
            },
            {"filterGroups": [{"filters": []}]},
            {"sorts": ["email", "-iban"]},
            {"sorts": [{"propertyName": {"a": 1}}]},
            {"properties": [["iban"]]},
            {"query": {"iban": "x"}},
            {"after": {"a": 1}},
            {"after": "9999999.x"},
            {"after": "1.AAAA"},
            {"limit": "1e9"},
            {"limit": -1},
            {"limit": True},
            [],
            None,
        ],
    )
    async def test_b07(self, portal: Faced, body: object) -> None:
        """B07: what is no search is refused in the vendor's shape, and is journalled once."""
        reply = await portal.ask(
            f"POST {C}/search", body if body is not None else b"null", ("content-type", "application/json")
        )

        assert reply.status in {400, 403}
        category(reply)
        assert [] == portal.spy.queries
        assert 1 == len([each for each in await portal.entries() if each["code"]])


class TestReading:
    @pytest.mark.attack("A01")
    @pytest.mark.attack("A03")
    @pytest.mark.attack("A05")
    @pytest.mark.attack("A15")
    @pytest.mark.attack("B43")
    @pytest.mark.parametrize("name", [*HIDDEN, "IBAN", "ıban", "ib\u200ban", "iban as x", "*", "firstname+lastname"])
    async def test_a01(self, portal: Faced, name: str) -> None:
        """A01: a hidden property is null or left out, in every record and every world, and is not read."""
        quoted = name.replace(" ", "%20").replace("+", "%2B").encode("ascii", "ignore").decode()
        for line, body in (
            (f"GET {C}/7?properties={quoted},city", None),
            (f"GET {C}?properties={quoted}&properties=city", None),
            (f"GET {C}/7?propertiesWithHistory={quoted}", None),
            (f"GET /crm/objects/2026-03/0-1/7?properties={quoted}", None),
            (f"POST {C}/batch/read", {"inputs": [{"id": "7"}, {"id": "99"}], "properties": [name]}),
            (f"POST {C}/search", {"properties": [name]}),
        ):
            reply = await portal.compare(line, body)
            assert reply.status in {200, 207, 400, 404}
        assert not {"iban", "credit_score", "memory.shoe_size"} & portal.spy.asked

    @pytest.mark.attack("A29")
    @pytest.mark.parametrize("name", ["shoe_size", "nothing", "hs_object_id+x"])
    async def test_a29(self, portal: Faced, name: str) -> None:
        """A29: the definition of a property that may not be known of is not there."""
        for line, body in (
            (f"GET /crm/v3/properties/contacts/{name}", None),
            ("GET /crm/v3/properties/contacts", None),
            ("GET /crm/v3/schemas/contacts", None),
            ("POST /crm/v3/properties/contacts/batch/read", {"inputs": [{"name": name}]}),
        ):
            reply = await portal.compare(line, body)
            assert b"Shoe" not in reply.body
        gone = [await portal.ask(f"GET /crm/v3/properties/contacts/{each}") for each in (name, "q")]

        assert [404, 404] == [reply.status for reply in gone]
        assert unnamed(gone[0], name) == unnamed(gone[1], "'q'").replace(b"#", b"'#'")

    @pytest.mark.attack("B17")
    @pytest.mark.attack("B33")
    @pytest.mark.attack("B35")
    @pytest.mark.attack("E29")
    @pytest.mark.parametrize(
        "line",
        [
            "GET /contacts/v1/contact/vid/7/profile",
            "GET /contacts/v1/search/query?q=DE99",
            "GET /contacts/v1/lists/recently_updated/contacts/recent",
            "GET /crm/v3/lists/1/memberships",
            "GET /crm/v3/objects/contacts/7/history",
            "GET /crm/v3/exports/export/1",
            "POST /crm/v3/objects/contacts/merge",
            "POST /crm/v3/objects/contacts/7/clone",
            "GET /crm/v3/extensions/videoconferencing/1",
            "GET /events/v3/events?objectType=contact&objectId=7",
            "GET /webhooks/v3/1/subscriptions",
            "POST /crm/v3/objects/contacts/batch/merge",
            "GET /crm/v3/objects/contacts/7/associations/notes/x",
            "GET /crm/v9/objects/contacts/7",
            "GET /crm/objects/1999-01/contacts/7",
            "GET /crm/v3/objects/p123_secret/7/x",
        ],
    )
    async def test_b33(self, portal: Faced, line: str) -> None:
        """B33: there is no further way to a record, and each attempt is one entry."""
        reply = await portal.compare(line, {} if line.startswith("POST") else None)

        assert reply.status in {403, 404}
        assert ([], []) == (portal.spy.queries, portal.spy.changes)
        assert WORLDS == len(await portal.entries())

    @pytest.mark.attack("A09")
    @pytest.mark.attack("A11")
    @pytest.mark.parametrize(
        "query",
        [
            "idProperty=email&idProperty=iban",
            "idProperty=iban",
            "limit=1&limit=2",
            "$select=iban",
            "fields=iban",
            "archived=TRUE",
        ],
    )
    async def test_a09(self, portal: Faced, query: str) -> None:
        """A09: parameters that are given twice, or that nobody knows, show nothing more."""
        for target in (C, f"{C}/7", f"{C}/DE44"):
            reply = await portal.compare(f"GET {target}?{query}")
            assert reply.status < 500
        assert not {"iban"} & portal.spy.asked
