"""Rows B: learning of a hidden value without reading it."""

from __future__ import annotations

import statistics
import time

import pytest

from policy_gateway.testing.canaries import Worlds, asking, said, sending
from policy_gateway.testing.entrances import HttpClient, Reply
from policy_gateway.testing.gateways import Whole
from policy_gateway_memory import MemoryCrm

pytestmark = pytest.mark.anyio

LENA, CONTACTS = "/v1/crm/contacts/7", "/v1/crm/contacts"
SEARCH = f"{CONTACTS}/search"
GUESSES = ("DE44CANARY7700IBAN55", "DE99ANOTHER0000IBAN11", "DE1")
HIDDEN = ("iban", "notes", "birthdate", "credit_score", "memory.shoe_size", "nothing")
ANY = ("if-match", "*")


class TestFilters:
    @pytest.mark.attack("B01")
    @pytest.mark.attack("B03")
    @pytest.mark.parametrize("op", ["eq", "ne", "lt", "ge", "prefix", "contains"])
    async def test_b01(self, attacked: Whole, worlds: Worlds, op: str) -> None:
        """B01: guessing by filters is refused before anybody is asked, in the same bytes for every guess and field."""
        replies = [
            await worlds(
                "arno", "service", sending("POST", SEARCH, {"filter": {"field": one, "op": op, "value": guess}})
            )
            for one in HIDDEN
            for guess in GUESSES
        ]

        assert 403 == replies[0].status
        assert 1 == len({said(reply) for reply in replies})
        assert [] == attacked.spy().queries

    @pytest.mark.attack("B01")
    async def test_names_not_journalled(self, attacked: Whole) -> None:
        """B01: an entry counts the names of a refused filter, and does not repeat them."""
        body = {"filter": {"field": "credit_score", "op": "eq", "value": 731}}
        await attacked.client("arno").send("POST", SEARCH, body)
        entry = (await attacked.entries())[0]

        assert ([], 1) == (entry["searched"], entry["searched_count"])

    @pytest.mark.attack("B09")
    @pytest.mark.parametrize(
        "document",
        [
            {"q": "SELECT Id FROM Contact WHERE Iban__c LIKE 'DE%'"},
            {"filterGroups": [{"filters": [{"propertyName": "iban", "operator": "EQ", "value": "DE1"}]}]},
            {"filter": "iban eq 'DE1'"},
            {"query": "DE44"},
        ],
    )
    async def test_b09(self, attacked: Whole, worlds: Worlds, document: object) -> None:
        """B09: no CRM's own query language passes."""
        reply = await worlds("arno", "service", sending("POST", SEARCH, document))

        assert (400, []) == (reply.status, attacked.spy().queries)

    @pytest.mark.attack("B11")
    @pytest.mark.parametrize("name", HIDDEN)
    async def test_b11(self, attacked: Whole, worlds: Worlds, name: str) -> None:
        """B11: sorting by a hidden field is refused."""
        reply = await worlds("arno", "service", asking(f"{CONTACTS}?sort=-{name}"))

        assert (403, []) == (reply.status, attacked.spy().queries)


class TestSearches:
    @pytest.mark.attack("B15")
    async def test_b15(self, attacked: Whole, worlds: Worlds) -> None:
        """B15: a text search looks into the fields that it names, and each must be searchable."""
        seen = {"text": {"term": "DE44", "fields": ["last_name", "email"]}}
        hidden = {"text": {"term": "DE44", "fields": ["last_name", "iban"]}}
        replies = [await worlds("arno", "service", sending("POST", SEARCH, one)) for one in (seen, hidden)]

        assert [(200, []), (403, None)] == [(reply.status, reply.json.get("data")) for reply in replies]

    @pytest.mark.attack("B17")
    @pytest.mark.parametrize(
        "target", ["/v1/crm/suggest?q=DE4", f"{LENA}/similar", f"{CONTACTS}/suggest", "/v1/search"]
    )
    async def test_b17(self, attacked: Whole, worlds: Worlds, target: str) -> None:
        """B17: there is no other way to search: neither typing ahead nor duplicates."""
        reply = await worlds("arno", "service", asking(target))

        assert reply.status in {400, 404}

    @pytest.mark.attack("B17")
    async def test_lookup(self, attacked: Whole, worlds: Worlds) -> None:
        """B17: a lookup by a number that only a hidden field holds finds nobody."""
        reply = await worlds("arno", "service", sending("POST", "/v1/lookup", {"phone": "+49 30 23125099"}))

        assert [] == reply.json["hits"]

    @pytest.mark.attack("B19")
    @pytest.mark.parametrize("query", ["fields=deals.count", "fields=count(iban)", "total=true", "group=iban"])
    async def test_b19(self, attacked: Whole, worlds: Worlds, query: str) -> None:
        """B19: nothing is counted, neither relations nor totals."""
        reply = await worlds("arno", "service", asking(f"{CONTACTS}?{query}"))

        assert reply.status in {400, 403}
        assert [] == attacked.spy().queries

    @pytest.mark.attack("B33")
    @pytest.mark.parametrize("target", ["/v1/me", "/v1/users/7", "/v1/crm/timeline", "/v1/recent", "/v1/crm/contact/7"])
    async def test_b33(self, attacked: Whole, worlds: Worlds, target: str) -> None:
        """B33: a contact has one address."""
        reply = await worlds("arno", "service", asking(target))

        assert reply.status in {404, 400}
        assert [] == attacked.spy().queries

    @pytest.mark.attack("B31")
    async def test_b31(self, attacked: Whole, worlds: Worlds) -> None:
        """B31: a reference is an id, and no way to the record that it names."""
        replies = [
            await worlds("arno", "service", asking(f"{LENA}?{one}"))
            for one in ("fields=company.name", "expand=company")
        ]

        assert [403, 400] == [reply.status for reply in replies]


class TestStates:
    @pytest.mark.attack("B23")
    async def test_b23(self, attacked: Whole, worlds: Worlds) -> None:
        """B23: the tag of what is shown is the same whatever is hidden, and so is what it is compared with."""
        first = await worlds("arno", "service", asking(LENA))
        seen = await worlds("arno", "service", asking(LENA, ("if-none-match", first.headers["etag"])))
        wrong = await worlds("arno", "service", asking(LENA, ("if-none-match", '"guess"')))

        assert [304, 200] == [seen.status, wrong.status]

    @pytest.mark.attack("B35")
    @pytest.mark.parametrize("target", ["/v1/crm/webhooks", "/v1/events", f"{LENA}/watch", f"{LENA}?watch=iban"])
    async def test_b35(self, attacked: Whole, worlds: Worlds, target: str) -> None:
        """B35: nobody is told when something changes."""
        reply = await worlds("arno", "service", asking(target))

        assert reply.status in {400, 404}

    @pytest.mark.attack("B29")
    @pytest.mark.parametrize("name", ["credit_score", "memory.shoe_size", "nothing"])
    async def test_b29(self, attacked: Whole, worlds: Worlds, name: str) -> None:
        """B29: a value of the wrong type is no question about a hidden field: all of them are refused alike."""
        asked = [{name: value} for value in ("x", 1, True, ["a"], None, "2026-01-01")]
        replies = [await worlds("arno", "service", sending("PATCH", LENA, one, ANY)) for one in asked]

        assert 403 == replies[0].status
        assert 1 == len({said(reply) for reply in replies})

    @pytest.mark.attack("B37")
    async def test_b37(self, attacked: Whole, worlds: Worlds) -> None:
        """B37: a batch tells of a forbidden call no more than the call alone, and journals each."""
        item = {"call": "get", "resource": "contacts", "id": "7"}
        calls = [{**item, "fields": [name]} for name in ("city", "credit_score", "nothing", "city")]
        reply = await worlds("arno", "service", sending("POST", "/v1/crm/batch", {"calls": calls}))

        assert [200, 403, 403, 200] == [one["status"] for one in reply.json["results"]]
        assert 4 * 3 == len(await attacked.entries())

    @pytest.mark.attack("B39")
    async def test_b39(self, attacked: Whole, crm: MemoryCrm) -> None:
        """B39: a record that is hidden, one of another client and none at all are missing in the same bytes."""
        crm._rows["contact"]["9"] = {**crm._rows["contact"]["7"], "id": "9"}
        ticket = (ANY, ("x-ticket", "DSR-1"))
        standing = "/v1/gateway/standings/crm:contact:9"
        dora = attacked.client("dora", "administration")
        await dora.send("PATCH", standing, {"restricted": True}, *ticket)
        replies = [await attacked.client("arno").get(f"{CONTACTS}/{one}") for one in ("9", "10", "4711")]

        assert 404 == replies[0].status
        assert 1 == len({said(reply) for reply in replies})

    @pytest.mark.attack("B41")
    async def test_b41(self, attacked: Whole) -> None:
        """B41: who asks the same for one purpose after the other is on record with each of them."""
        for purpose in ("service", "complaint", "collections"):
            await attacked.client("anna", purpose).get(f"{LENA}?fields=city")

        assert ["service", "complaint", "collections"] == [entry["purpose"] for entry in await attacked.entries()]

    @pytest.mark.attack("B21")
    async def test_b21(self, attacked: Whole, worlds: Worlds) -> None:
        """B21: a cursor is the same whatever the records hide, and is good for nobody else."""
        first = await worlds("arno", "service", asking(f"{CONTACTS}?limit=1&fields=city"))
        other = await attacked.client("anna").get(f"{CONTACTS}?limit=1&fields=city&cursor={first.json['cursor']}")

        assert (400, "invalid-call") == (other.status, other.json["code"])


class TestTiming:
    @pytest.mark.attack("B25")
    @pytest.mark.slow
    async def test_b25(self, attacked: Whole, crm: MemoryCrm) -> None:
        """B25: hidden fields that are there and hidden fields that are not take the same time, to a millisecond."""
        client = attacked.client("arno")

        async def seconds(ask: str) -> float:
            start = time.perf_counter()
            await client.get(ask)
            return time.perf_counter() - start

        taken: dict[str, list[float]] = {"credit_score": [], "nothing": [], "with": [], "without": []}
        for _ in range(150):
            for name in ("credit_score", "nothing"):
                taken[name].append(await seconds(f"{LENA}?fields={name}"))
            for world, value in (("with", "long " * 400), ("without", None)):
                crm._rows["contact"]["7"]["notes"] = value
                taken[world].append(await seconds(f"{LENA}?fields=notes,city"))
        medians = {name: statistics.median(times) for name, times in taken.items()}

        assert abs(medians["credit_score"] - medians["nothing"]) < 0.001
        assert abs(medians["with"] - medians["without"]) < 0.001


async def patched(client: HttpClient) -> Reply:
    """Change a number, whatever it was."""
    return await client.send("PATCH", LENA, {"phone": "+49 30 23125045"}, ANY)


class TestChanges:
    @pytest.mark.attack("B23")
    async def test_change(self, worlds: Worlds) -> None:
        """B23: a change is answered the same whatever is hidden."""
        reply = await worlds("arno", "service", patched)

        assert 200 == reply.status
