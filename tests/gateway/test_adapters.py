from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from policy_gateway.model.field import RecordId
from policy_gateway.query import Change, Query
from policy_gateway.records import Outcome, OutcomeKind, Page, Record
from policy_gateway.testing.gateways import Whole
from policy_gateway.web import HttpRules, Supplies, assemble
from policy_gateway_memory import MemoryCrm

pytestmark = pytest.mark.anyio

LENA, CONTACTS = "/v1/crm/contacts/7", "/v1/crm/contacts"
ANY = ("if-match", "*")
SECRETS = (b"DE02120300000000202051", b"731", b"41-narrow", b"DE02500105170137075030")


def more(_query: Query, page: Page) -> Page:
    """Return *page* with everything that a CRM could have said besides."""
    extra = {"iban": "DE02120300000000202051", "credit_score": 731, "memory.shoe_size": "41-narrow", "IBAN": "DE021"}
    return replace(page, records=tuple(Record(one.id, {**extra, **one.values}) for one in page.records))


def other(_query: Query, page: Page) -> Page:
    """Return a page with another record."""
    return replace(page, records=(Record(RecordId("8"), {"id": "8", "first_name": "Karl"}),))


def renamed(_query: Query, page: Page) -> Page:
    """Return the record with another one's values, as they say."""
    return replace(page, records=tuple(Record(one.id, {**one.values, "id": "8"}) for one in page.records))


def mistyped(_query: Query, page: Page) -> Page:
    """Return values of types that their fields do not have."""
    wrong = {"first_name": ["a"], "city": {"a": 1}, "birthdate": 19800517, "team": 7, "vip": float("nan")}
    return replace(page, records=tuple(Record(one.id, {**one.values, **wrong}) for one in page.records))  # type: ignore[dict-item]  # that is the point


NONSENSE: dict[str, Callable[[Query, Page], object]] = {
    "none": lambda _query, _page: None,
    "no records": lambda _query, page: replace(page, records=None),
    "generator": lambda _query, page: replace(page, records=(one for one in page.records)),
    "no record": lambda _query, page: replace(page, records=({"id": "7"},)),
    "no values": lambda _query, page: replace(page, records=(Record(RecordId("7"), None),)),
    "number as id": lambda _query, page: replace(page, records=(Record(7, {}),)),
    "path as id": lambda _query, page: replace(page, records=(Record("../7", {}),)),
    "other resource": lambda _query, page: replace(page, resource="company"),
    "bytes as cursor": lambda _query, page: replace(page, cursor=b"x"),
}


class TestSayingTooMuch:
    @pytest.mark.attack("A17")
    @pytest.mark.parametrize("target", [LENA, CONTACTS, f"{LENA}?fields=city", f"{CONTACTS}?fields=city&limit=1"])
    async def test_dropped(self, gateway: Whole, target: str) -> None:
        """A17: what a CRM says beyond what it was asked for stays inside."""
        honest = await gateway.client("arno").get(target)
        gateway.spy().tamper = more
        reply = await gateway.client("arno").get(target)

        assert (200, honest.body) == (reply.status, reply.body)
        assert not [secret for secret in SECRETS if secret in reply.body]

    @pytest.mark.attack("A17")
    async def test_more_records(self, gateway: Whole) -> None:
        """A17: more records than were asked for are no answer."""
        gateway.spy().tamper = lambda _query, page: replace(page, records=page.records * 3)
        reply = await gateway.client("arno").get(f"{CONTACTS}?limit=2")

        assert (502, "upstream-invalid") == (reply.status, reply.json["code"])


class TestSayingAnotherThing:
    @pytest.mark.attack("D15")
    @pytest.mark.parametrize("tamper", [other, renamed])
    async def test_another_record(self, gateway: Whole, tamper: Callable[[Query, Page], Page]) -> None:
        """D15: another record than was asked for is no answer; nothing of it leaves, and the entry says so."""
        gateway.spy().tamper = tamper
        reply = await gateway.client("arno").get(LENA)
        entry = (await gateway.entries())[0]

        assert (502, "upstream-invalid") == (reply.status, reply.json["code"])
        assert b"Karl" not in reply.body
        assert ("error", "upstream-invalid", []) == (entry["decision"], entry["code"], entry["released"])

    @pytest.mark.parametrize("kind", NONSENSE)
    @pytest.mark.parametrize("target", [LENA, CONTACTS])
    async def test_nonsense(self, gateway: Whole, kind: str, target: str) -> None:
        """What is no page of records is an unusable answer of the CRM, not a broken gateway."""
        gateway.spy().tamper = NONSENSE[kind]  # type: ignore[assignment]  # that is the point
        reply = await gateway.client("arno").get(target)

        assert (502, "upstream-invalid") == (reply.status, reply.json["code"])
        assert ["upstream-invalid"] == [entry["code"] for entry in await gateway.entries()]

    async def test_types(self, gateway: Whole) -> None:
        """Values that no field can have are as if they had not been answered; what fits no mask is gone."""
        gateway.spy().tamper = mistyped
        reply = await gateway.client("arno").get(f"{LENA}?fields=first_name,city,birthdate,last_name,notes")

        assert {"birthdate": None, "last_name": "Vogt"} == reply.json["fields"]
        assert ["first_name", "city", "notes"] == sorted(
            reply.json["withheld"], key=["first_name", "city", "notes"].index
        )

    async def test_deciding_type(self, gateway: Whole) -> None:
        """A deciding attribute of another type decides nothing."""
        gateway.spy().tamper = mistyped
        reply = await gateway.client("anna").get(f"{LENA}?fields=notes,last_name")

        assert ["notes"] == reply.json["withheld"]


class TestWriting:
    @pytest.mark.parametrize(
        "outcome",
        [
            None,
            True,
            Outcome(OutcomeKind.DONE, RecordId("8")),
            Outcome(OutcomeKind.UNKNOWN, RecordId("7")),
            Outcome(OutcomeKind.DONE, 7),  # type: ignore[arg-type]  # that is the point
        ],
        ids=str,
    )
    async def test_outcome(self, gateway: Whole, outcome: object) -> None:
        """An outcome that is none, or another record's, is not known."""

        def wrong(_change: Change, _honest: Outcome) -> Outcome:
            return outcome  # type: ignore[return-value]  # that is the point

        gateway.spy().written = wrong
        reply = await gateway.client("anna").send("PATCH", LENA, {"phone": "+49 30 23125055"}, ANY)

        assert (502, "upstream-invalid") == (reply.status, reply.json["code"])
        assert ["", "unknown"] == [entry["outcome"] for entry in await gateway.entries()]


class TestObligations:
    async def test_told(self, gateway: Whole) -> None:
        """What policy demands of the caller comes with the answer, and is in the entry."""
        reply = await gateway.client("anna", "collections").get(f"{LENA}?fields=iban")

        assert ["log"] == reply.json["obligations"]
        assert ["log"] == (await gateway.entries())[0]["obligations"]

    @pytest.mark.parametrize("method", ["GET", "PATCH"])
    async def test_unmet(self, gateway: Whole, crm: MemoryCrm, method: str) -> None:
        """An obligation that the gateway cannot meet releases nothing, and changes nothing."""
        unable = assemble(
            replace(gateway.app.gateway, obligations=frozenset()), HttpRules(), Supplies(gateway.app.directory)
        )
        client = replace(gateway.client("anna", "collections" if method == "GET" else "service"), app=unable.app)
        document = b"" if method == "GET" else {"phone": "+49 30 23125055"}
        reply = await client.send(method, LENA, document, *([ANY] if method == "PATCH" else []))

        assert (503, "obligation-unmet", []) == (reply.status, reply.json["code"], gateway.spy().changes)
        assert "+49 30 23125001" == crm._rows["contact"]["7"]["phone"]
        assert ["obligation-unmet"] == [entry["code"] for entry in await gateway.entries()]
