from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from plugins.hubspot.tests.conftest import Hub

pytestmark = pytest.mark.anyio

Body = dict[str, object]
SEARCH = "/crm/v3/objects/contacts/search"
EMAIL = "guenther.petersen.1@example.org"


def by(name: str, operator: str = "EQ", **more: object) -> Body:
    """Return a search by one filter."""
    return {"filterGroups": [group(name, operator, **more)]}


def group(name: str, operator: str = "EQ", **more: object) -> Body:
    """Return one filter as a group."""
    return {"filters": [{"propertyName": name, "operator": operator, **more}]}


class TestFilters:
    @pytest.mark.parametrize(
        ("body", "ids"),
        [
            (by("email", value=EMAIL), ["101"]),
            (by("email", value=EMAIL.upper()), ["101"]),
            (by("email", "IN", values=[EMAIL, "vera.hofmann.2@example.com"]), ["101", "102"]),
            (by("hs_object_id", "EQ", value="103"), ["103"]),
            (by("lastname", "CONTAINS_TOKEN", value="peter*") | {"limit": 1}, ["101"]),
            (by("lastname", "CONTAINS_TOKEN", value="*eters*") | {"limit": 1}, ["101"]),
            (by("createdate", "BETWEEN", value="1687096850000", highValue="2023-06-18T14:00:51Z"), ["101"]),
            (by("email", "NOT_HAS_PROPERTY"), []),
            ({"query": "guenther.petersen.1"}, ["101"]),
            ({"query": "petersen", **by("email", value=EMAIL)}, ["101"]),
        ],
    )
    async def test_found(self, hub: Hub, body: Body, ids: list[str]) -> None:
        """Filters and full text find what HubSpot would find, in one request."""
        reply = await hub.post("anna", SEARCH, body)

        assert 200 == reply.status
        assert ids == [each["id"] for each in reply.json["results"]][: len(ids) or None]
        assert [f"POST {SEARCH}"] == hub.upstream

    async def test_alternatives(self, hub: Hub) -> None:
        """Groups are alternatives, the filters of a group hold together."""
        groups = [group("email", value=EMAIL), group("email", value="vera.hofmann.2@example.com")]
        reply = await hub.post("anna", SEARCH, {"filterGroups": groups, "sorts": ["-createdate"]})

        assert (["101", "102"], 2) == ([each["id"] for each in reply.json["results"]], reply.json["total"])

    @pytest.mark.parametrize(
        "sort", ["createdate", "-createdate", {"propertyName": "createdate", "direction": "DESCENDING"}]
    )
    async def test_sorts(self, hub: Hub, sort: object) -> None:
        """Sorts are texts or objects."""
        reply = await hub.post("anna", SEARCH, {"sorts": [sort], "limit": 5, "properties": ["createdate"]})
        dates = [each["createdAt"] for each in reply.json["results"]]

        assert sorted(dates, reverse=sort != "createdate") == dates

    async def test_pages(self, hub: Hub) -> None:
        """Pages lead on; of what follows the total says only that there is more."""
        first = (await hub.post("anna", SEARCH, {"query": "petersen", "limit": 2, "after": "0"})).json
        after = first["paging"]["next"]["after"]
        second = (await hub.post("anna", SEARCH, {"query": "petersen", "limit": 2, "after": after})).json

        assert 3 == first["total"]
        assert second["total"] in {4, 5}
        assert not {each["id"] for each in first["results"]} & {each["id"] for each in second["results"]}

    async def test_stripped(self, hub: Hub) -> None:
        """Hidden and unknown properties that are only to be shown are left out."""
        reply = await hub.post(
            "ben", SEARCH, {**by("email", value=EMAIL), "properties": ["iban", "vip", "nope", "firstname"]}
        )
        told = reply.json["results"][0]["properties"]

        assert {"createdate", "hs_object_id", "lastmodifieddate", "firstname"} == told.keys()
        assert not {"iban", "vip", "nope"} & hub.asked


class TestRefused:
    @pytest.mark.attack("B01")
    @pytest.mark.parametrize(
        "body",
        [
            by("{}", value="DE02999000004000000000"),
            by("{}", "NEQ", value="x"),
            by("{}", "LT", value="x"),
            by("{}", "CONTAINS_TOKEN", value="DE*"),
            by("{}", "HAS_PROPERTY"),
            by("{}", "IN", values=["x"]),
            {"sorts": ["{}"]},
            {"sorts": [{"propertyName": "{}", "direction": "DESCENDING"}]},
            {"filterGroups": [group("email", value=EMAIL), group("{}", value="x")]},
        ],
    )
    async def test_same(self, hub: Hub, body: object) -> None:
        """Filtering or sorting by a hidden property is refused as by one that does not exist, and nothing goes up."""
        said = []
        for name in ("iban", "nope", "hs_calculated_phone_number", "service_notes", "vip"):
            reply = await hub.post("ben", SEARCH, _named(body, name))
            said.append(
                (reply.status, reply.json["category"], reply.json["message"].replace(name, "{}"), reply.json.keys())
            )

        assert 1 == len({repr(each) for each in said})
        assert 400 == said[0][0]
        assert "There was a problem with the request. {} is not a valid property name" == said[0][2]
        assert [] == hub.upstream

    @pytest.mark.attack("B15")
    async def test_full_text(self, hub: Hub) -> None:
        """Full text is for those who may search all that HubSpot looks into; others learn nothing of what that is."""
        reply = await hub.post("ben", SEARCH, {"query": "DE89"})

        assert (403, "MISSING_SCOPES") == (reply.status, reply.json["category"])
        assert b"phone" not in reply.body
        assert [] == hub.upstream

    @pytest.mark.attack("A05")
    @pytest.mark.parametrize(
        "name", ["*", "*email", "email ", "\uff49ban", "ib\u200ban", "company/name", "owner.email", "?x"]
    )
    async def test_names(self, hub: Hub, name: str) -> None:
        """A name that HubSpot does not have is none, however close it comes to one that means something inside."""
        filters = await hub.post("anna", SEARCH, by(name, "CONTAINS_TOKEN", value="a"))
        sorts = await hub.post("anna", SEARCH, {"sorts": [name]})
        shown = await hub.post("anna", SEARCH, {**by("email", value=EMAIL), "properties": [name]})
        written = await hub.client("anna").send("PATCH", "/crm/v3/objects/contacts/101", {"properties": {name: "x"}})

        assert {400, 403} >= {filters.status, sorts.status}
        assert {"createdate", "hs_object_id", "lastmodifieddate"} == shown.json["results"][0]["properties"].keys()
        assert "PROPERTY_DOESNT_EXIST" == written.json["errors"][0]["code"]
        assert [f"POST {SEARCH}"] == hub.upstream

    @pytest.mark.parametrize(
        "body",
        [
            {"filterGroups": [{"filters": []}]},
            {"filterGroups": "x"},
            {"filterGroups": [{"filters": [{"propertyName": "email", "operator": "REGEX", "value": "x"}]}]},
            {"filterGroups": [group("email", value="x")] * 6},
            by("email"),
            by("email", value=["x"]),
            by("email", "IN", values=[]),
            by("email", "CONTAINS_TOKEN", value="a*b"),
            by("createdate", "GT", value="yesterday"),
            {"sorts": ["email", "firstname"]},
            {"sorts": [{"propertyName": "email", "direction": "UP"}]},
            {"limit": 201},
            {"limit": True},
            {"after": "1.x"},
            {"after": "x"},
            {"after": 7},
            {"properties": "email"},
            {"query": ["x"]},
            {"query": "x" * 3001},
            ["email"],
        ],
    )
    async def test_malformed(self, hub: Hub, body: object) -> None:
        """What HubSpot would not understand is refused in its shape, and nothing goes up."""
        reply = await hub.post("anna", SEARCH, body)

        assert (400, "VALIDATION_ERROR", "error") == (reply.status, reply.json["category"], reply.json["status"])
        assert [] == hub.upstream

    @pytest.mark.attack("C05")
    @pytest.mark.parametrize(
        "body", [b'{"query":"a","query":"b"}', b'{"limit":NaN}', b'{"query":"\\ud800"}', b"{", b"\xff"]
    )
    async def test_ambiguous(self, hub: Hub, body: bytes) -> None:
        """JSON that two parsers could read differently is refused."""
        reply = await hub.post("anna", SEARCH, body)

        assert (400, "VALIDATION_ERROR") == (reply.status, reply.json["category"])
        assert [] == hub.upstream


def _named(body: object, name: str) -> object:
    if isinstance(body, dict):
        return {key: _named(value, name) for key, value in body.items()}
    if isinstance(body, list):
        return [_named(value, name) for value in body]
    return name if body == "{}" else body
