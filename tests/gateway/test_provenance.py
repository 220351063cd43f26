from __future__ import annotations

import pytest

from policy_gateway.provenance import Reference
from policy_gateway.testing.entrances import HttpClient
from policy_gateway.testing.gateways import Whole
from policy_gateway_memory import MemoryCrm

pytestmark = pytest.mark.anyio

LENA = "/v1/crm/contacts/7"
ANY = ("if-match", "*")
WHY = ("x-reason", "customer-request")
DEFAULT = {
    "collected_by": "team:sales",
    "collection_point": "web",
    "purposes": ["service"],
    "storage_duration": "P3Y",
}


async def default(gateway: Whole, path: str = "*", **parts: object) -> None:
    """Say what holds for all values of the first tenant's contacts at *path*."""
    place = Reference("acme", "crm", "contact", "", path)
    await gateway.app.administration.provenance.set_default(place, {**DEFAULT, **parts}, "p-0")


async def envelope(client: HttpClient, path: str = "phone", where: str = LENA) -> dict[str, object]:
    """Return the envelope of one value."""
    found: dict[str, object] = (await client.get(f"{where}/provenance")).json["provenance"][path]
    return found


class TestReading:
    async def test_default(self, gateway: Whole) -> None:
        """What is known of all values of a connection comes with each released value that has one."""
        await default(gateway)
        reply = (await gateway.client("anna").get(f"{LENA}?fields=city,mobile,iban&include=gdpr")).json

        assert ["city"] == list(reply["_gdpr"])
        assert DEFAULT.items() <= reply["_gdpr"]["city"].items()

    async def test_gap(self, gateway: Whole) -> None:
        """Where nothing is known the envelope says so."""
        assert "missing" == (await envelope(gateway.client("anna")))["gap"]

    async def test_order(self, gateway: Whole) -> None:
        """Envelopes come in the order of the fields."""
        reply = (await gateway.client("anna").get(f"{LENA}?fields=phone,city,email,team&include=gdpr")).json

        assert ["phone", "city", "email", "team"] == list(reply["_gdpr"])

    async def test_for_nothing_else(self, gateway: Whole) -> None:
        """Envelopes of values that are not shown do not come, and not all who see a value see where it is from."""
        await default(gateway)
        reply = (await gateway.client("mara", "marketing").get(f"{LENA}?include=gdpr")).json
        machine = (await gateway.client("stef", "administration").get(f"{LENA}?include=gdpr&fields=city")).json

        assert {"phone", "iban", "city"}.isdisjoint(reply["_gdpr"])
        assert "team:sales" == machine["_gdpr"]["city"]["collected_by"]

    async def test_masked(self, gateway: Whole) -> None:
        """A masked value has an envelope and no token: that would tell whenever the value changes."""
        found = await envelope(gateway.client("anna"), "birthdate")

        assert {"gap": "missing"} == found


class TestEditing:
    async def test_new_version(self, gateway: Whole) -> None:
        """An edit adds a version, which is what is then told; the entry says who and why."""
        anna = gateway.client("anna")
        token = (await envelope(anna))["value"]
        edit = {"phone": {"value": token, "source": "customer", "collected_at": "2026-11-01"}}
        reply = await anna.send("PATCH", f"{LENA}/provenance", edit, ANY, WHY)
        history = await gateway.app.administration.provenance.history(Reference("acme", "crm", "contact", "7", "phone"))
        told = [entry for entry in await gateway.entries() if entry["resource"] == "provenance"]

        assert (200, [1]) == (reply.status, [version.number for version in history])
        assert {"source": "customer", "collected_at": "2026-11-01"}.items() <= (await envelope(anna)).items()
        assert [("gateway", "customer-request"), ("gateway", "customer-request")] == [
            (entry["connection"], entry["reason"]) for entry in told
        ]
        assert "GRP-15" in told[0]["rules"]  # type: ignore[operator]  # entries hold anything

    async def test_without_reason(self, gateway: Whole) -> None:
        """Agents edit with a reason only."""
        anna = gateway.client("anna")
        edit = {"phone": {"value": (await envelope(anna))["value"], "source": "customer"}}

        assert 403 == (await anna.send("PATCH", f"{LENA}/provenance", edit, ANY)).status
        assert "missing" == (await envelope(anna))["gap"]

    async def test_token_of_elsewhere(self, gateway: Whole) -> None:
        """The token of one value vouches for no other."""
        anna = gateway.client("anna")
        token = (await envelope(anna, "email"))["value"]
        replies = [
            await anna.send("PATCH", f"{where}/provenance", {path: {"value": token, "source": "x"}}, ANY, WHY)
            for where, path in ((LENA, "phone"), ("/v1/crm/contacts/8", "email"), (LENA, "iban"), (LENA, "nothing"))
        ]

        assert [400] * 4 == [reply.status for reply in replies]

    async def test_several(self, gateway: Whole) -> None:
        """Of several edits each is answered by itself."""
        anna = gateway.client("anna")
        known = (await anna.get(f"{LENA}/provenance")).json["provenance"]
        edits = {path: {"value": known[path]["value"], "source": "letter"} for path in ("phone", "email")}
        wrong = {"city": {"value": "x", "source": "letter"}}
        reply = await anna.send("PATCH", f"{LENA}/provenance", {**edits, **wrong}, ANY, WHY)

        assert 207 == reply.status
        assert [("phone", 200), ("email", 200), ("city", 400)] == [
            (one["field"], one["status"]) for one in reply.json["results"]
        ]

    async def test_changed_outside(self, gateway: Whole, crm: MemoryCrm) -> None:
        """What was vouched for one value is not told of another that the CRM got behind the gateway's back."""
        anna = gateway.client("anna")
        edit = {"phone": {"value": (await envelope(anna))["value"], "source": "customer"}}
        await anna.send("PATCH", f"{LENA}/provenance", edit, ANY, WHY)
        crm.update("contact", "7", {"phone": "+49 30 23125077"})
        changed = await envelope(anna)
        crm.update("contact", "7", {"phone": "030/23125001"})

        assert ("changed-outside", False) == (changed["gap"], "source" in changed)
        assert "customer" == (await envelope(anna))["source"]

    async def test_not_deleted(self, gateway: Whole) -> None:
        """Evidence has no way out: there is no route that deletes or lists it."""
        stef = gateway.client("stef", "administration")
        replies = [
            await stef.send("DELETE", f"{LENA}/provenance", b"", ANY),
            await stef.get("/v1/gateway/provenance"),
            await stef.get("/v1/gateway/provenance/crm%7Ccontact%7C7%7Cphone"),
        ]

        assert [405, 404, 400] == [reply.status for reply in replies]


class TestStorageLimitation:
    async def test_expired(self, gateway: Whole) -> None:
        """A value whose time is over is withheld; the others stay."""
        await default(gateway, "phone", collected_at="2001-01-01")
        reply = (await gateway.client("anna").get(f"{LENA}?fields=phone,city")).json

        assert ({"city": "Berlin"}, ["phone"]) == (reply["fields"], reply["withheld"])

    @pytest.mark.parametrize("fields", ["first_name,last_name,name", "name,last_name"])
    async def test_expired_part(self, gateway: Whole, fields: str) -> None:
        """A compound value goes with the first of its parts, asked for or not."""
        await default(gateway, "first_name", collected_at="2001-01-01")
        reply = await gateway.client("anna").get(f"{LENA}?fields={fields}")

        assert ({"last_name": "Vogt"}, False) == (reply.json["fields"], b"Lena" in reply.body)

    async def test_expired_part_of_one(self, gateway: Whole) -> None:
        """A part's own envelope decides the whole too, though the part itself was not asked for."""
        anna = gateway.client("anna")
        token = (await envelope(anna, "first_name"))["value"]
        edit = {"first_name": {"value": token, "collected_at": "2001-01-01", "storage_duration": "P1Y"}}
        await anna.send("PATCH", f"{LENA}/provenance", edit, ANY, WHY)
        reply = await anna.get(f"{LENA}?fields=name,last_name")

        assert ({"last_name": "Vogt"}, False) == (reply.json["fields"], b"Lena" in reply.body)

    async def test_expired_is_corrected(self, gateway: Whole) -> None:
        """A value past its time can still be corrected, unseen."""
        await default(gateway, "phone", collected_at="2001-01-01")
        reply = await gateway.client("anna").send("PATCH", LENA, {"phone": "+49 30 23125066"}, ANY)

        assert (200, False) == (reply.status, "phone" in reply.json["fields"])
