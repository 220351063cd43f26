"""Rows D: other people's objects, tenants and answers. Rows G and J as far as they are about who asks."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from random import Random

import pytest

from policy_gateway.identity import Grant
from policy_gateway.testing.canaries import said
from policy_gateway.testing.entrances import Reply
from policy_gateway.testing.gateways import Whole
from policy_gateway_memory import MemoryCrm

pytestmark = pytest.mark.anyio

LENA, CONTACTS, ENTRIES = "/v1/crm/contacts/7", "/v1/crm/contacts", "/v1/gateway/entries"
ANY = ("if-match", "*")


class TestForeign:
    @pytest.mark.attack("D01")
    async def test_d01(self, attacked: Whole, crm: MemoryCrm) -> None:
        """D01: another client's record is missing like one that does not exist, and only the own CRM is asked."""
        crm._rows["contact"]["4711"] = {**crm._rows["contact"]["7"], "id": "4711"}
        replies = [await attacked.client("ben").get(f"{CONTACTS}/{one}") for one in ("4711", "4712")]
        changes = [
            await attacked.client("ben").send("PATCH", f"{CONTACTS}/{one}", {"email": "x@example.org"}, ANY)
            for one in ("4711", "4712")
        ]

        assert (404, 404) == (replies[0].status, changes[0].status)
        assert said(replies[0]) == said(replies[1])
        assert said(changes[0]) == said(changes[1])
        assert [] == attacked.spy().queries
        assert [] == await attacked.entries("acme")

    @pytest.mark.attack("D03")
    @pytest.mark.parametrize(
        "lines",
        [
            (("x-tenant-id", "acme"),),
            (("x-tenant", "acme"), ("x-forwarded-host", "acme.gw")),
            (("x-forwarded-prefix", "/acme"),),
            (("x-original-url", "/v1/crm/contacts/8"),),
            (("x-user", "user:anna"), ("x-roles", "supervisor"), ("x-acting-for", "user:selma")),
        ],
    )
    async def test_d03(self, attacked: Whole, lines: tuple[tuple[str, str], ...]) -> None:
        """D03: tenant, roles and paths in headers that nobody looks at change nothing."""
        plain = await attacked.client("ben").get(LENA)
        reply = await attacked.client("ben").get(LENA, *lines)

        assert said(plain) == said(reply)
        assert [] == attacked.spy().queries

    @pytest.mark.attack("D11")
    @pytest.mark.parametrize("connection", ["hub", "acme", "acme-crm", "acme.crm", "gateway"])
    async def test_d11(self, attacked: Whole, connection: str) -> None:
        """D11: a connection is the caller's client's, or it is not there."""
        reply = await attacked.client("ben").get(f"/v1/{connection}/contacts/7")

        assert (404, []) == (reply.status, attacked.spy().queries)

    @pytest.mark.attack("D05")
    async def test_d05(self, attacked: Whole) -> None:
        """D05: a client whose name begins like another's has nothing of it: neither rules nor connections."""
        known = attacked.app.administration
        await known.memberships.add("acme-evil", "user:eve", "agent")
        key = (await known.keys.issue("acme-evil", "user:eve", Grant(purposes=["service"]))).key
        lines = (("host", "localhost"), ("authorization", f"Bearer {key}"), ("x-purpose", "service"))
        replies = [
            await attacked.client("anna").ask("GET", target, lines)
            for target in (LENA, "/v1/crm/schema/contacts", "/v1/gateway/standings/crm:contact:7")
        ]

        assert {403, 404} >= {reply.status for reply in replies}
        assert [] == attacked.spy().queries

    @pytest.mark.attack("D17")
    @pytest.mark.parametrize("query", ["?tenant=bolt", "?filter[tenant][eq]=bolt", "?cursor=AAAA", "?sort=-time"])
    async def test_d17(self, attacked: Whole, query: str) -> None:
        """D17: the entries of another client cannot be asked for."""
        await attacked.client("ben").get(LENA)
        reply = await attacked.client("audrey", "audit").get(f"{ENTRIES}{query}")
        own = await attacked.client("audrey", "audit").get(f"{ENTRIES}?limit=200")
        other = {str(entry["correlation"]) for entry in await attacked.entries("bolt")}

        assert reply.status in {400, 403}
        assert other
        assert not [one for one in other if one.encode() in own.body]

    @pytest.mark.attack("D09")
    @pytest.mark.parametrize("tail", ["/x.css", "%2fx.js", ";x.css", "/provenance/x.js", ".json"])
    async def test_d09(self, attacked: Whole, tail: str) -> None:
        """D09: nothing follows a record's id, and nothing is for a shared cache."""
        reply = await attacked.client("anna").get(f"{LENA}{tail}")

        assert reply.status in {400, 404}
        assert "private, no-store" == reply.headers["cache-control"]


class TestMixed:
    @pytest.mark.attack("D07")
    @pytest.mark.attack("D19")
    async def test_d19(self, gateway: Whole) -> None:
        """D19: a thousand mixed requests at once, one in ten given up: each answer is the one that its caller gets."""
        random = Random(19)
        asked = (
            ("anna", "service"), ("arno", "service"), ("mara", "marketing"), ("ben", "service"), ("bea", "service"),
            ("audrey", "audit"), ("copilot", "service"), ("anna", "collections"), ("selma", "service"),
        )  # fmt: skip
        targets = (LENA, f"{LENA}?fields=city,phone,iban", f"{CONTACTS}?limit=1&fields=email,name")
        usual = {(who, target): said(await gateway.client(*who).get(target)) for who in asked for target in targets}

        async def one() -> tuple[object, object] | None:
            who, target = random.choice(asked), random.choice(targets)
            call = asyncio.create_task(gateway.client(*who).get(target))
            if random.random() < 1 / 10:
                await asyncio.sleep(random.random() / 50)
                call.cancel()
            await asyncio.wait([call])
            return None if call.cancelled() else (usual[who, target], said(call.result()))

        answers = [answer for answer in await asyncio.gather(*(one() for _ in range(1000))) if answer is not None]

        assert len(answers) > 800
        assert [] == [got for expected, got in answers if expected != got]

    @pytest.mark.attack("D19")
    async def test_entries_of_given_up(self, attacked: Whole) -> None:
        """D19: who asked is who is on record, however many ask and give up."""
        people = ("anna", "arno", "selma")
        calls = [asyncio.create_task(attacked.client(who).get(f"{LENA}?fields=city")) for who in people * 20]
        await asyncio.sleep(0)
        for call in calls[::7]:
            call.cancel()
        await asyncio.wait(calls)
        replies: list[Reply] = [call.result() for call in calls if not call.cancelled()]
        entries = {entry["correlation"]: entry["principal"] for entry in await attacked.entries()}
        by_person = {
            (people[number % 3], entries[call.result().headers["x-correlation-id"]])
            for number, call in enumerate(calls)
            if not call.cancelled()
        }

        assert 3 == len(by_person)
        assert len(replies) <= len(entries)


class TestWhoAsks:
    @pytest.mark.attack("G15")
    @pytest.mark.attack("G17")
    @pytest.mark.attack("G23")
    async def test_credentials(self, attacked: Whole) -> None:
        """G15, G17, G23: two keys, a key in the URL, two purposes or a look-alike purpose let nobody in."""
        anna, key = attacked.client("anna"), attacked.keys["selma"]
        doubled = [*anna.lines, ("authorization", f"Bearer {key}")]
        basic = [("host", "localhost"), ("authorization", "Basic YTpi"), ("x-api-key", key), ("x-purpose", "service")]
        purposes = [*anna.lines, ("x-purpose", "collections")]
        twin = [*anna.lines[:2], ("x-purpose", "serv\u0131ce".encode().decode("latin-1"))]
        asked = [
            await anna.ask("GET", LENA, doubled),
            await anna.ask("GET", LENA, basic),
            await anna.ask("GET", f"{LENA}?api_key={key}", anna.lines),
            await anna.ask("GET", LENA, purposes),
            await anna.ask("GET", LENA, twin),
        ]

        assert [400, 401, 401, 403, 403] == [reply.status for reply in asked]
        assert [] == attacked.spy().queries
        assert not [reply for reply in asked if key.encode() in reply.body]

    @pytest.mark.attack("G19")
    async def test_revoked(self, attacked: Whole) -> None:
        """G19: a key that is revoked, and a role that is taken away, count for nothing with the next call."""
        known = attacked.app.administration
        grant = Grant(purposes=["service"])
        issued = await known.keys.issue("acme", "user:temp", grant)
        await known.memberships.add("acme", "user:temp", "agent")
        client = replace(attacked.client("anna"), lines=(
            ("host", "localhost"), ("authorization", f"Bearer {issued.key}"), ("x-purpose", "service"),
        ))  # fmt: skip
        before = (await client.get(LENA)).status
        await known.memberships.remove("acme", "user:temp", "agent")
        without_role = (await client.get(LENA)).status
        await known.keys.revoke("acme", issued.prefix)

        assert (200, 403, 401) == (before, without_role, (await client.get(LENA)).status)
