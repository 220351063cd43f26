from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from policy_gateway_hubspot.facade.telling import EPOCH

if TYPE_CHECKING:
    from plugins.hubspot.tests.conftest import Hub

pytestmark = pytest.mark.anyio

ONE = "/crm/v3/objects/contacts/101"
ALIASES = ("contacts", "contact", "CONTACT", "Contacts", "0-1")


class TestOneRecord:
    async def test_clear(self, hub: Hub) -> None:
        """What may be seen comes as HubSpot writes it, asked for in one request of no more than is permitted."""
        reply = await hub.get("anna", f"{ONE}?properties=email,firstname,vip,lead_source")

        assert 200 == reply.status
        assert ("guenther.petersen.1@example.org", "false") == (
            reply.json["properties"]["email"],
            reply.json["properties"]["vip"],
        )
        assert [f"GET {ONE}"] == hub.upstream
        assert {"createdate", "email", "firstname", "lastmodifieddate", "lead_source", "vip"} == hub.asked

    async def test_usual(self, hub: Hub) -> None:
        """Who names no property gets HubSpot's usual ones."""
        told = (await hub.get("anna", ONE)).json["properties"]

        assert {"createdate", "hs_object_id", "lastmodifieddate", "firstname", "lastname", "email"} == told.keys()

    async def test_hidden(self, hub: Hub) -> None:
        """A hidden property is left out just like one that does not exist, and HubSpot is never asked for it."""
        reply = await hub.get("ben", f"{ONE}?properties=email,iban,vip,nope")

        assert {"createdate", "hs_object_id", "lastmodifieddate", "email"} == reply.json["properties"].keys()
        assert not {"iban", "vip", "nope"} & hub.asked

    async def test_withheld(self, hub: Hub) -> None:
        """A property that may be known of is there without a value when its value may not be seen."""
        reply = await hub.get("anna", f"{ONE}?properties=iban")

        assert {"iban": None}.items() <= reply.json["properties"].items()
        assert "iban" not in hub.asked

    async def test_masked(self, hub: Hub) -> None:
        """A masked text stays a text of its shape; a year is no date, so there is none."""
        told = (await hub.get("ben", f"{ONE}?properties=email,phone,date_of_birth")).json["properties"]

        assert ("g•••@•••.org", "+49 ••• 00", None) == (told["email"], told["phone"], told["date_of_birth"])

    async def test_no_nulls(self, hub: Hub) -> None:
        """The dated dialect, which knows texts only, leaves a property without a value out."""
        told = (await hub.get("anna", "/crm/objects/2026-03/contacts/101?properties=iban,email")).json["properties"]

        assert "iban" not in told
        assert "guenther.petersen.1@example.org" == told["email"]

    async def test_options(self, hub: Hub) -> None:
        """Several options are one text, in the portal's own words."""
        contacts = hub.sandbox.world.items["contacts"].live
        key, value = next(
            (key, found)
            for key, each in contacts.items()
            if ";" in (found := each.properties.get("marketing_consents", ""))
        )
        told = (await hub.get("anna", f"/crm/v3/objects/contacts/{key}?properties=marketing_consents")).json

        assert value == told["properties"]["marketing_consents"]

    async def test_by_person(self, hub: Hub) -> None:
        """A marketer sees no number without consent; a call-center agent does."""
        target = f"{ONE}?properties=phone"

        assert "+493023125000" == (await hub.get("anna", target)).json["properties"]["phone"]
        assert (await hub.get("mara", target)).json["properties"]["phone"] is None

    @pytest.mark.parametrize("alias", ALIASES)
    async def test_aliases(self, hub: Hub, alias: str) -> None:
        """All names of an object type, and all dialects, are one resource under one policy."""
        for path in (f"/crm/v3/objects/{alias}/101", f"/crm/objects/2026-03/{alias}/101/"):
            reply = await hub.get("ben", f"{path}?properties=iban,firstname")

            assert 200 == reply.status
            assert "iban" not in reply.json["properties"]
        assert "iban" not in hub.asked

    async def test_unknown_type(self, hub: Hub) -> None:
        """An object type that is not offered, or that nobody has heard of, is refused in the same words."""
        deals, nothing = await hub.get("anna", "/crm/v3/objects/deals/1"), await hub.get("anna", "/crm/v3/objects/x/1")

        assert 404 == deals.status == nothing.status
        assert "Unable to infer object type from: deals" == deals.json["message"]
        assert deals.json["category"] == nothing.json["category"] == "OBJECT_NOT_FOUND"

    @pytest.mark.attack("F01")
    @pytest.mark.parametrize(
        "key",
        ["1", "abc", "101%2F..%2F102", "101%3Ffields=iban", "99999999999999999999999", "%EF%BC%91%EF%BC%90%EF%BC%91"],
    )
    async def test_no_record(self, hub: Hub, key: str) -> None:
        """What is no id, and what is the id of nothing, is not found; nothing of it but digits goes upstream."""
        reply = await hub.get("anna", f"/crm/v3/objects/contacts/{key}")

        assert (404, "OBJECT_NOT_FOUND") == (reply.status, reply.json["category"])
        assert hub.upstream in ([], ["GET /crm/v3/objects/contacts/1"])

    async def test_gdpr(self, hub: Hub) -> None:
        """A single record brings its GDPR metadata in a header, by HubSpot's names."""
        header = (await hub.get("anna", f"{ONE}?properties=email")).headers["x-gdpr"]

        assert header.isascii()
        assert '"email":{' in header

    async def test_times(self, hub: Hub) -> None:
        """Times that clients insist on and that may not be seen are those of the epoch."""
        reply = await hub.get("dora", f"{ONE}?properties=email")

        assert reply.status == 403 or EPOCH == reply.json["createdAt"]

    @pytest.mark.attack("A15")
    async def test_history(self, hub: Hub) -> None:
        """What a value has been is told of no property: the key is there for those that may be seen, and empty."""
        await hub.client("selma").send("PATCH", ONE, {"properties": {"firstname": "Gunther"}})
        hub.sandbox.requests.clear()
        reply = await hub.get("anna", f"{ONE}?propertiesWithHistory=firstname,iban,nope")

        assert {"firstname": [], "iban": []} == reply.json["propertiesWithHistory"]
        assert "Gunther" == reply.json["properties"]["firstname"]
        assert all(name != "propertiesWithHistory" for each in hub.sandbox.requests for name, _ in each.query)


class TestByProperty:
    async def test_found(self, hub: Hub) -> None:
        """A contact is got by its e-mail address, which is the search that it is."""
        reply = await hub.get("anna", "/crm/v3/objects/contacts/guenther.petersen.1%40example.org?idProperty=email")

        assert (200, "101") == (reply.status, reply.json["id"])
        assert ["POST /crm/v3/objects/contacts/search"] == hub.upstream

    @pytest.mark.parametrize("name", ["iban", "nope", "date_of_birth", "hs_email_domain"])
    async def test_refused(self, hub: Hub, name: str) -> None:
        """Nobody finds out by a key that may not be searched; the words are those for a name that is none."""
        right, wrong = [
            await hub.get("ben", f"/crm/v3/objects/contacts/{key}?idProperty={name}") for key in ("DE1", "x")
        ]

        assert 400 == right.status == wrong.status
        assert f"There was a problem with the request. {name} is not a valid property name" == right.json["message"]
        assert right.json["message"] == wrong.json["message"]
        assert [] == hub.upstream


class TestLists:
    async def test_pages(self, hub: Hub) -> None:
        """A page leads to the next, through the gateway and with what was asked for."""
        first = (await hub.get("anna", "/crm/v3/objects/contacts?limit=2&properties=email&archived=False")).json
        following = first["paging"]["next"]
        second = (await hub.get("anna", following["link"].removeprefix("http://localhost"))).json

        assert ["101", "102", "103", "104"] == [each["id"] for page in (first, second) for each in page["results"]]
        assert following["link"].startswith("http://localhost/crm/v3/objects/contacts?limit=2&properties=email&")

    @pytest.mark.attack("B21")
    async def test_foreign_cursor(self, hub: Hub) -> None:
        """A cursor is good for whom it was made, and for what it was made for."""
        cursor = (await hub.get("anna", "/crm/v3/objects/contacts?limit=2")).json["paging"]["next"]["after"]
        hub.sandbox.requests.clear()
        replies = [
            await hub.get("selma", f"/crm/v3/objects/contacts?limit=2&after={cursor}"),
            await hub.get("anna", f"/crm/v3/objects/contacts?limit=2&properties=phone&after={cursor}"),
            await hub.get("anna", f"/crm/v3/objects/companies?limit=2&after={cursor}"),
            await hub.get("anna", f"/crm/v3/objects/contacts?limit=2&after={cursor[:-2]}AA"),
        ]

        assert [(400, "VALIDATION_ERROR")] * 4 == [(each.status, each.json["category"]) for each in replies]
        assert [] == hub.upstream

    async def test_joined(self, hub: Hub) -> None:
        """Properties may be repeated or joined by commas."""
        target = "/crm/v3/objects/contacts?limit=1&properties=email,firstname&properties=lastname"
        told = (await hub.get("anna", target)).json["results"][0]["properties"]

        assert {"email", "firstname", "lastname"} <= told.keys()

    @pytest.mark.parametrize(
        "query", ["limit=0", "limit=101", "limit=x", "limit=1&limit=2", "limit=51&propertiesWithHistory=email"]
    )
    async def test_limits(self, hub: Hub, query: str) -> None:
        """A page has HubSpot's sizes."""
        reply = await hub.get("anna", f"/crm/v3/objects/contacts?{query}")

        assert (400, "VALIDATION_ERROR") == (reply.status, reply.json["category"])
        assert [] == hub.upstream

    async def test_archived(self, hub: Hub) -> None:
        """What is archived is out of sight."""
        assert [] == (await hub.get("anna", "/crm/v3/objects/contacts?archived=true")).json["results"]

    async def test_quotas(self, hub: Hub) -> None:
        """HubSpot's quotas are told as it told them, and none of its other headers."""
        headers = (await hub.get("anna", "/crm/v3/objects/contacts?limit=1")).headers

        assert {"x-hubspot-ratelimit-daily", "x-hubspot-ratelimit-remaining"} <= headers.keys()
        assert headers["x-correlation-id"] == headers["x-hubspot-correlation-id"]


class TestAssociations:
    async def test_shown(self, hub: Hub) -> None:
        """Records come with what is associated with them."""
        contact = (await hub.get("anna", f"{ONE}?associations=companies")).json
        company = (await hub.get("anna", "/crm/v3/objects/companies/5001?associations=contact")).json

        assert [{"id": "5001", "type": "contact_to_company"}] == contact["associations"]["companies"]["results"]
        assert {"id": "101", "type": "company_to_contact"} in company["associations"]["contacts"]["results"]

    @pytest.mark.attack("B31")
    async def test_not_seen(self, hub: Hub) -> None:
        """Of other types there is nothing to see."""
        assert "associations" not in (await hub.get("anna", f"{ONE}?associations=deals,tickets")).json
