"""Rows A: reading a forbidden property of the whole gateway."""

from __future__ import annotations

import pytest

from policy_gateway.provenance import Reference
from policy_gateway.query import Query
from policy_gateway.records import Page, Record
from policy_gateway.testing.canaries import Worlds, asking, said
from policy_gateway.testing.gateways import Whole

pytestmark = pytest.mark.anyio

LENA, CONTACTS = "/v1/crm/contacts/7", "/v1/crm/contacts"
UNKNOWN = ("credit_score", "memory.shoe_size", "nothing", "bank.iban", "Iban", "IBAN", "memory.Shoe_size", "_id")
ANY = ("if-match", "*")


class TestSelecting:
    @pytest.mark.attack("A01")
    @pytest.mark.attack("A03")
    @pytest.mark.parametrize("name", UNKNOWN)
    async def test_a01(self, attacked: Whole, worlds: Worlds, name: str) -> None:
        """A01: a field that the caller must not know of is refused as one that does not exist is, unasked."""
        reply = await worlds("arno", "service", asking(f"{LENA}?fields=first_name,{name}"))
        other = await worlds("arno", "service", asking(f"{LENA}?fields=first_name,surely_nothing"))

        assert (403, said(reply)) == (reply.status, said(other))
        assert [] == attacked.spy().queries
        assert [("deny", "field-refused", [])] * 6 == [
            (entry["decision"], entry["code"], entry["released"]) for entry in await attacked.entries()
        ]

    @pytest.mark.attack("A01")
    @pytest.mark.attack("B43")
    @pytest.mark.parametrize(
        "target", [LENA, CONTACTS, f"{LENA}?fields=iban,notes,birthdate,city", f"{CONTACTS}?limit=1"]
    )
    async def test_b43(self, attacked: Whole, worlds: Worlds, target: str) -> None:
        """B43: hidden and masked fields look the same with another value and with none."""
        reply = await worlds("arno", "service", asking(target))

        assert 200 == reply.status
        assert {"iban", "credit_score", "memory.shoe_size"}.isdisjoint(attacked.spy().asked)

    @pytest.mark.attack("A17")
    async def test_a17(self, attacked: Whole, worlds: Worlds) -> None:
        """A17: a CRM that says all it knows to whoever asks for anything tells the caller no more."""
        rows = attacked.kind._kind.crm("acme", "crm")._rows  # type: ignore[attr-defined]  # the memory kind's

        def everything(_query: Query, page: Page) -> Page:
            return Page(page.resource, tuple(Record(one.id, {**rows["contact"][one.id]}) for one in page.records))

        attacked.spy().tamper = everything
        reply = await worlds("arno", "service", asking(f"{LENA}?fields=city"))

        assert {"city": "Berlin"} == reply.json["fields"]


class TestOtherWays:
    @pytest.mark.attack("A13")
    async def test_a13(self, attacked: Whole) -> None:
        """A13: what a change answers is filtered like any other answer, and there is no way to clone or merge."""
        selma, values = attacked.client("selma"), {"first_name": "Ida", "birthdate": "1979-08-23"}
        created = await selma.send("POST", CONTACTS, {"first_name": "Ida"})
        changed = await attacked.client("arno").send("PATCH", LENA, {"phone": "+49 30 23125044"}, ANY)
        ways = [await selma.send("POST", f"{LENA}/{way}", values) for way in ("clone", "merge", "copy")]
        deleted = await selma.send("DELETE", LENA, b"", ANY)

        assert {"iban", "notes"} <= set(created.json["withheld"]) & set(changed.json["withheld"])
        assert ({404}, 204, b"") == ({way.status for way in ways}, deleted.status, deleted.body)

    @pytest.mark.attack("A15")
    @pytest.mark.parametrize("tail", ["/history", "/versions", "?propertiesWithHistory=iban", "?history=true"])
    async def test_a15(self, attacked: Whole, worlds: Worlds, tail: str) -> None:
        """A15: there is no way to the values of the past."""
        reply = await worlds("arno", "service", asking(f"{LENA}{tail}"))

        assert reply.status in {400, 404}
        assert [] == attacked.spy().queries

    @pytest.mark.attack("A19")
    async def test_a19(self, attacked: Whole, worlds: Worlds) -> None:
        """A19: free text has a category of its own, and does not come along with the contact."""
        reply = await worlds("arno", "service", asking(LENA))

        assert {"notes", "iban"} <= set(reply.json["withheld"])

    @pytest.mark.attack("A23")
    @pytest.mark.parametrize("target", ["/v1/exports", "/v1/crm/exports", "/v1/crm/contacts/export", "/v1/reports/7"])
    async def test_a23(self, attacked: Whole, target: str) -> None:
        """A23: there is no way to take data out in bulk, and the entry of a list names each subject."""
        document = {"fields": ["iban"], "format": "csv"}
        replies = [
            await attacked.client("selma").send("POST", target, document),
            await attacked.client("selma").get(target),
        ]
        listed = await attacked.client("selma").get(f"{CONTACTS}?fields=city")
        entry = (await attacked.entries())[-1]

        assert {404, 405, 400} >= {reply.status for reply in replies}
        assert 200 == listed.status
        assert 2 == len(entry["groups"][0]["subjects"])  # type: ignore[index]  # entries hold anything

    @pytest.mark.attack("A29")
    @pytest.mark.parametrize("target", ["/v1/crm/schema/contacts", "/openapi.json", "/docs"])
    async def test_a29(self, attacked: Whole, worlds: Worlds, target: str) -> None:
        """A29: descriptions list what the caller may know of, and no field of a CRM besides."""
        reply = await worlds("arno", "service", asking(target))

        assert not [name for name in (b"credit_score", b"shoe_size") if name in reply.body]

    @pytest.mark.attack("A21")
    async def test_a21(self, attacked: Whole) -> None:
        """A21: the same value has another token for each client: no table of all numbers is of use to both."""
        audrey, mila = attacked.client("audrey", "audit"), attacked.client("mila", "survey")
        tokens = {(await client.get(f"{LENA}?fields=city")).json["fields"]["city"] for client in (audrey, mila)}

        assert 2 == len(tokens)
        assert all(str(token).startswith("tok_") for token in tokens)

    @pytest.mark.attack("A27")
    async def test_a27(self, attacked: Whole) -> None:
        """A27: HEAD tells what GET tells, and the length of no more."""
        client = attacked.client("arno")
        get, head = await client.get(LENA), await client.ask("HEAD", LENA, client.lines)

        assert (b"", get.headers["content-length"], get.headers["etag"]) == (
            head.body,
            head.headers["content-length"],
            head.headers["etag"],
        )


class TestEnvelopes:
    @pytest.mark.attack("A29")
    async def test_envelope(self, attacked: Whole, worlds: Worlds) -> None:
        """What is known of a hidden value's origin stays as hidden as the value; a masked one has no token."""
        place = Reference("acme", "crm", "contact", "", "*")
        await attacked.app.administration.provenance.set_default(place, {"collected_by": "team:sales"}, "p-0")
        reply = await worlds("arno", "service", asking(f"{LENA}?include=gdpr&fields=birthdate,iban,notes,city"))

        assert ["birthdate", "city"] == sorted(reply.json["_gdpr"])
        assert "value" not in reply.json["_gdpr"]["birthdate"]
