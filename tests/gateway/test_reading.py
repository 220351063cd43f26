from __future__ import annotations

import pytest

from policy_gateway.testing.gateways import Whole
from policy_gateway_memory import MemoryCrm

pytestmark = pytest.mark.anyio

LENA, KARL, CONTACTS = "/v1/crm/contacts/7", "/v1/crm/contacts/8", "/v1/crm/contacts"


class TestOneRecord:
    async def test_agent(self, gateway: Whole) -> None:
        """An agent sees a customer's data in clear, the birth date as a year, and no account number."""
        reply = await gateway.client("anna").get(LENA)
        fields = reply.json["fields"]

        assert (200, "7", "+49 30 23125001", "1980") == (
            reply.status,
            reply.json["id"],
            fields["phone"],
            fields["birthdate"],
        )
        assert {"birthdate": "year"} == reply.json["masked"]
        assert ["iban"] == reply.json["withheld"]

    async def test_condition(self, gateway: Whole) -> None:
        """Notes are for the customer's own team: withheld from an agent of another one."""
        own, other = [(await gateway.client("anna").get(f"{where}?fields=notes,city")).json for where in (LENA, KARL)]

        assert ({"notes": "prefers calls in the morning", "city": "Berlin"}, []) == (own["fields"], own["withheld"])
        assert ({"city": "Berlin"}, ["notes"]) == (other["fields"], other["withheld"])

    async def test_withheld_without_value(self, gateway: Whole, crm: MemoryCrm) -> None:
        """What is withheld is withheld whether or not it has a value."""
        having = await gateway.client("anna").get(f"{LENA}?fields=iban,city")
        crm.update("contact", "7", {"iban": None, "updated_at": "2026-01-02T03:04:05+00:00"})
        lacking = await gateway.client("anna").get(f"{LENA}?fields=iban,city")

        assert having.body == lacking.body

    async def test_purpose_decides(self, gateway: Whole) -> None:
        """For collections the same agent sees the last digits of the account, for service none of it."""
        seen = {
            purpose: (await gateway.client("anna", purpose).get(f"{LENA}?fields=iban,city")).json["fields"].get("iban")
            for purpose in ("service", "collections")
        }

        assert {"service": None, "collections": "••• 2051"} == seen

    async def test_consent_decides(self, gateway: Whole) -> None:
        """A marketer sees the address that its owner consented to, and not the number."""
        reply = await gateway.client("mara", "marketing").get(f"{LENA}?fields=email,phone,first_name")

        assert {"email": "lena.vogt@example.com", "first_name": "Lena"} == reply.json["fields"]
        assert ["phone"] == reply.json["withheld"]

    async def test_machine(self, gateway: Whole) -> None:
        """An AI agent sees less than the person in whose role it acts."""
        reply = (await gateway.client("copilot").get(f"{LENA}?fields=phone,email,city")).json

        assert ("+49 ••• 01", "Berlin") == (reply["fields"]["phone"], reply["fields"]["city"])
        assert {"phone": "partial", "email": "partial"} == reply["masked"]

    async def test_selection_order(self, gateway: Whole) -> None:
        """Fields come in the order that they were asked for."""
        reply = await gateway.client("anna").get(f"{LENA}?fields=city,phone,first_name")

        assert ["city", "phone", "first_name"] == list(reply.json["fields"])

    async def test_unchanged(self, gateway: Whole) -> None:
        """A caller who has seen just this gets 304, one with another selection or key does not."""
        anna = gateway.client("anna")
        tag = (await anna.get(LENA)).headers["etag"]
        replies = [
            await anna.get(LENA, ("if-none-match", tag)),
            await anna.get(f"{LENA}?fields=city", ("if-none-match", tag)),
            await gateway.client("arno").get(LENA, ("if-none-match", tag)),
        ]

        assert [(304, b""), 200, 200] == [(replies[0].status, replies[0].body), *(one.status for one in replies[1:])]


class TestSpiedOn:
    async def test_no_more_than_permitted(self, gateway: Whole) -> None:
        """The CRM is asked for permitted fields and for what decides, and for nothing else."""
        await gateway.client("anna").get(f"{LENA}?fields=notes,iban")

        assert [("id", "notes", "team")] == [query.select for query in gateway.spy().queries]

    async def test_deciding_attribute_stays(self, gateway: Whole) -> None:
        """What was fetched only to decide is not released."""
        reply = await gateway.client("anna").get(f"{LENA}?fields=notes")

        assert {"notes": "prefers calls in the morning"} == reply.json["fields"]
        assert b"berlin" not in reply.body

    @pytest.mark.parametrize("name", ["credit_score", "memory.shoe_size", "nothing", "bank.iban"])
    async def test_unknown_goes_nowhere(self, gateway: Whole, name: str) -> None:
        """A field that is unclassified, for others or not there is refused before the CRM is asked."""
        reply = await gateway.client("arno").get(f"{LENA}?fields=city,{name}")

        assert (403, "field-refused", []) == (reply.status, reply.json["code"], gateway.spy().queries)

    async def test_purpose_refused(self, gateway: Whole) -> None:
        """A purpose that the key is not for, that is too broad or outside the mandate asks no CRM."""
        replies = [
            await gateway.client("arno", one).get(LENA) for one in ("collections", "customer_care", "audit", "x")
        ]
        missing = await gateway.client("arno").ask("GET", LENA, gateway.client("arno").lines[:2])

        assert [(403, "purpose-refused")] * 4 == [(one.status, one.json["code"]) for one in replies]
        assert (400, "purpose-missing") == (missing.status, missing.json["code"])
        assert [] == gateway.spy().queries

    async def test_nothing_permitted(self, gateway: Whole) -> None:
        """Somebody without any role learns nothing, and the CRM is not asked."""
        reply = await gateway.client("nobody").get(LENA)

        assert (403, []) == (reply.status, gateway.spy().queries)


class TestSearching:
    async def test_found(self, gateway: Whole) -> None:
        """A search finds by what may be searched by, and answers what may be seen."""
        body = {"fields": ["name", "iban"], "filter": {"field": "phone", "op": "eq", "value": "+49 30 23125001"}}
        reply = await gateway.client("anna").send("POST", f"{CONTACTS}/search", body)

        assert [("7", {"name": "Lena Vogt"}, ["iban"])] == [
            (one["id"], one["fields"], one["withheld"]) for one in reply.json["data"]
        ]

    @pytest.mark.parametrize("name", ["birthdate", "iban", "notes", "city", "credit_score", "memory.shoe_size", "nope"])
    async def test_seen_is_not_searchable(self, gateway: Whole, name: str) -> None:
        """Seeing a field is no permission to search by it: filtering, sorting and text searches are refused alike."""
        bodies = (
            {"filter": {"field": name, "op": "prefix", "value": "1"}},
            {"filter": {"not": {"field": name, "op": "null", "value": True}}},
            {"sort": [{"field": name}]},
            {"text": {"term": "x", "fields": ["last_name", name]}},
            {"filter": {"or": [{"field": "id", "op": "eq", "value": "7"}, {"field": name, "in": ["x"]}]}},
        )
        replies = [await gateway.client("arno").send("POST", f"{CONTACTS}/search", body) for body in bodies]

        assert [(403, "field-refused")] * len(bodies) == [(reply.status, reply.json["code"]) for reply in replies]
        assert [] == gateway.spy().queries

    async def test_personal_data_in_urls(self, gateway: Whole) -> None:
        """Personal data is searched for in a body, not in a URL that ends up in logs."""
        anna = gateway.client("anna")
        refused = await anna.get(f"{CONTACTS}?filter[phone][eq]=%2B4930")
        found = await anna.get(f"{CONTACTS}?filter[lead_source][eq]=web&fields=first_name")

        assert (400, "use-search") == (refused.status, refused.json["code"])
        assert ["Lena", "Karl"] == [one["fields"]["first_name"] for one in found.json["data"]]

    async def test_lookup(self, gateway: Whole) -> None:
        """Whoever calls is found by the number in any spelling, and shown as far as the agent may see."""
        anna = gateway.client("anna")
        replies = [await anna.send("POST", "/v1/lookup", {"phone": one}) for one in ("030 23125001", "004930 23125001")]
        nobody = await anna.send("POST", "/v1/lookup", {"email": "who@example.com"})

        assert [["7"], ["7"]] == [[hit["id"] for hit in reply.json["hits"]] for reply in replies]
        assert {"name": "Lena Vogt", "first_name": "Lena", "last_name": "Vogt", "company": None, "city": "Berlin"} == (
            replies[0].json["hits"][0]["fields"]
        )
        assert [] == nobody.json["hits"]

    async def test_lookup_refused(self, gateway: Whole) -> None:
        """Who may not search by numbers cannot look up by them."""
        reply = await gateway.client("mara", "marketing").send("POST", "/v1/lookup", {"phone": "030 23125001"})

        assert (403, "field-refused", []) == (reply.status, reply.json["code"], gateway.spy().queries)


class TestSchema:
    async def test_known(self, gateway: Whole) -> None:
        """The schema lists what the caller may know of, each field with its levels; never the unclassified ones."""
        reply = await gateway.client("arno").get("/v1/crm/schema/contacts")
        fields = {field["path"]: field["actions"] for field in reply.json["fields"]}

        assert {"view": "clear", "search": "clear", "edit": "clear", "contact": "clear"} == fields["phone"]
        assert {"verify": "clear"} == fields["iban"]
        assert {"memory.shoe_size", "credit_score"}.isdisjoint(fields)

    async def test_other_tenant(self, gateway: Whole) -> None:
        """Each client's people get their own vocabulary."""
        reply = await gateway.client("ben").get("/v1/crm/schema/contacts")
        fields = {field["path"]: field["actions"] for field in reply.json["fields"]}

        assert "partial" == fields["phone"]["view"]
        assert "owner" not in fields


class TestBatch:
    async def test_each_on_its_own(self, gateway: Whole) -> None:
        """Calls of a batch are decided and journalled one by one, in order."""
        item = {"call": "get", "resource": "contacts"}
        calls = [
            {**item, "id": "7", "fields": ["city"]},
            {**item, "id": "7", "fields": ["credit_score"]},
            {**item, "id": "99"},
            {"call": "search", "resource": "contacts", "fields": ["first_name"], "limit": 1},
            {"call": "update", "resource": "contacts", "id": "7", "values": {"iban": "x"}, "precondition": "*"},
        ]
        reply = await gateway.client("arno").send("POST", "/v1/crm/batch", {"calls": calls})
        entries = await gateway.entries()

        assert [200, 403, 404, 200, 403] == [one["status"] for one in reply.json["results"]]
        assert {"city": "Berlin"} == reply.json["results"][0]["record"]["fields"]
        assert sorted(["", "field-refused", "record-not-found", "", "field-refused"]) == sorted(
            str(entry["code"]) for entry in entries
        )
        assert 5 == len({entry["correlation"] for entry in entries})


class TestTenants:
    async def test_isolated(self, gateway: Whole) -> None:
        """The same id in the same-named connection is another record for another client's people."""
        anna, ben = [await gateway.client(who).get(f"{LENA}?fields=first_name,phone") for who in ("anna", "ben")]

        assert {"first_name": "Lena", "phone": "+49 30 23125001"} == anna.json["fields"]
        assert {"first_name": "Bruno", "phone": "+49 ••• 01"} == ben.json["fields"]
        assert (1, 1) == (len(gateway.spy().queries), len(gateway.spy("bolt").queries))

    async def test_missing_alike(self, gateway: Whole) -> None:
        """Records of others, records that are not there and connections of others are missing in the same bytes."""
        ben = gateway.client("ben")
        replies = [await ben.get(where) for where in (KARL, "/v1/crm/contacts/99", "/v1/crm/contacts/4711")]

        assert {404} == {reply.status for reply in replies}
        assert 1 == len({(len(reply.body), reply.json["code"], reply.json["detail"]) for reply in replies})
        assert [] == gateway.spy().queries
