from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from policy_gateway.model.field import RecordId
from policy_gateway.query import And, Compare, Op
from policy_gateway.records import Record
from policy_gateway.testing.entrances import Reply
from policy_gateway.testing.gateways import Whole
from policy_gateway.testing.saboteur import Saboteur
from policy_gateway_memory import MemoryCrm
from policy_gateway_memory.crm import Row

pytestmark = pytest.mark.anyio

LENA = "/v1/crm/contacts/7?fields=iban,city&include=gdpr"
SEARCH = "/v1/crm/contacts/search"
SECRETS = (b"DE02120300", b"Berlin", b"Lena", b"the secret is 42")


def broken(*_: object) -> object:
    """Break with a message that nobody may hear."""
    raise LookupError("the secret is 42 and DE02120300")


async def ask(gateway: Whole) -> Reply:
    """Ask for what every plugin has a part in."""
    return await gateway.client("anna", "callback").get(LENA)


class TestBehaving:
    async def test_parts(self, sabotaged: Whole, saboteur: Saboteur) -> None:
        """The mask, condition, facts and journal of a plugin take part in an answer."""
        reply = await ask(sabotaged)

        assert ("~fog~", "fog") == (reply.json["fields"]["iban"], reply.json["masked"]["iban"])
        assert {"show", "test", "about_call", "about_records", "notes", "append"} <= set(saboteur.asked)
        assert 1 == len(saboteur.entries)

    async def test_echo(self, sabotaged: Whole) -> None:
        """What a plugin's mask made is recognized when it comes back."""
        document = {"phone": "~fog~"}
        reply = await sabotaged.client("anna").send("PATCH", "/v1/crm/contacts/7", document, ("if-match", "*"))

        assert (400, []) == (reply.status, sabotaged.spy().changes)


class TestBreaking:
    @pytest.mark.attack("E25")
    @pytest.mark.attack("J07")
    @pytest.mark.parametrize(
        ("hook", "code"),
        [
            ("show", "release-failed"),
            ("test", "release-failed"),
            ("about_call", "facts-unavailable"),
            ("about_records", "facts-unavailable"),
            ("notes", "annotation-failed"),
            ("append", "audit-unavailable"),
        ],
    )
    async def test_nothing_released(self, sabotaged: Whole, saboteur: Saboteur, hook: str, code: str) -> None:
        """E25: whichever plugin breaks, nothing is released, the entry says so, and nobody hears what it raised."""
        saboteur.orders[hook] = broken
        reply = await ask(sabotaged)
        entries = await sabotaged.entries()

        assert (503, code) == (reply.status, reply.json["code"])
        assert not [secret for secret in SECRETS if secret in reply.body]
        assert not [secret for secret in SECRETS if secret.decode() in str(entries)]
        # The database's own entry is durable before a further journal is asked.
        assert [""] if hook == "append" else [code] == [entry["code"] for entry in entries]

    async def test_echo_unknown(self, sabotaged: Whole, saboteur: Saboteur) -> None:
        """A mask that cannot say whether a value is its own lets no change through."""
        saboteur.orders["recognizes"] = broken
        document = {"phone": "+49 30 23125001"}
        reply = await sabotaged.client("anna").send("PATCH", "/v1/crm/contacts/7", document, ("if-match", "*"))

        assert (503, []) == (reply.status, sabotaged.spy().changes)

    async def test_stranger(self, sabotaged: Whole, saboteur: Saboteur) -> None:
        """An authenticator that breaks lets nobody in."""
        saboteur.orders["authenticate"] = broken
        lines = (("host", "localhost"), ("authorization", "Bearer other"), ("x-purpose", "service"))
        reply = await sabotaged.client("anna").ask("GET", "/v1/crm/contacts/7", lines)

        assert (503, "facts-unavailable") == (reply.status, reply.json["code"])
        assert not [secret for secret in SECRETS if secret in reply.body]
        assert [] == sabotaged.spy().queries


GARBAGE = [None, True, "fine", 7, {}, [None], {"7": None}, (one for one in ())]


class TestTalkingNonsense:
    @pytest.mark.attack("J07")
    @pytest.mark.parametrize("garbage", GARBAGE, ids=lambda one: type(one).__name__)
    @pytest.mark.parametrize("hook", ["about_call", "about_records", "notes", "authenticate"])
    async def test_garbage(self, sabotaged: Whole, saboteur: Saboteur, hook: str, garbage: object) -> None:
        """J07: what a plugin says that is no answer releases nothing beyond what policy lets out."""
        saboteur.orders[hook] = lambda *_: garbage
        lines = (("host", "localhost"), ("authorization", "Bearer other"), ("x-purpose", "callback"))
        client = sabotaged.client("anna", "callback")
        reply = await client.ask("GET", LENA, lines if hook == "authenticate" else client.lines)

        assert reply.status in ({401} if hook == "authenticate" else {200, 503})
        assert b"DE02120300" not in reply.body
        assert hook == "authenticate" or 1 == len(await sabotaged.entries())

    @pytest.mark.attack("J07")
    @pytest.mark.parametrize("garbage", [True, 1, "true", None, object()], ids=lambda one: type(one).__name__)
    async def test_truth(self, sabotaged: Whole, saboteur: Saboteur, garbage: object) -> None:
        """J07: what is not a truth is not known, and grants nothing."""
        saboteur.orders["test"] = lambda *_: garbage
        reply = await ask(sabotaged)

        assert (200, ["iban"]) == (reply.status, reply.json["withheld"])

    @pytest.mark.attack("J07")
    @pytest.mark.parametrize("garbage", [["DE"], {"a": "DE"}, b"DE", object()], ids=lambda one: type(one).__name__)
    async def test_image(self, sabotaged: Whole, saboteur: Saboteur, garbage: object) -> None:
        """J07: what is no value is no image of one."""
        saboteur.orders["show"] = lambda *_: garbage

        assert 503 == (await ask(sabotaged)).status

    @pytest.mark.attack("J07")
    async def test_notes_of_others(self, sabotaged: Whole, saboteur: Saboteur) -> None:
        """J07: notes about fields that were not released, and parts that policy does not name, are dropped."""
        note = {"source": "letter", "password": "p", "gap": "missing"}
        saboteur.orders["notes"] = lambda *_: {"7": {"city": note, "notes": note, "first_name": note}}
        reply = (await ask(sabotaged)).json["_gdpr"]

        assert {"city"} == {path for path, said in reply.items() if said.get("source") == "letter"}
        assert "password" not in str(reply)

    @pytest.mark.parametrize("garbage", [True, "x", {}, Compare, And], ids=str)
    async def test_filter(self, sabotaged: Whole, saboteur: Saboteur, garbage: object) -> None:
        """A filter that is none refuses the search."""
        saboteur.orders["pushdown"] = lambda *_: garbage
        body = {"filter": {"field": "city", "op": "eq", "value": "Berlin"}}
        reply = await sabotaged.client("anna", "callback").send("POST", SEARCH, body)

        assert (403, []) == (reply.status, sabotaged.spy().queries)


class TestMeddling:
    @pytest.mark.attack("J09")
    @pytest.mark.parametrize("hook", ["about_records", "notes", "test"])
    async def test_what_is_shown(self, sabotaged: Whole, saboteur: Saboteur, hook: str) -> None:
        """J09: a plugin that writes to what it is shown is stopped, and the next answer is as if it had not been."""
        before = await ask(sabotaged)

        def meddle(shown: object) -> object:
            if hook == "about_records":
                shown.records[0].values["city"] = "Paris"  # type: ignore[attr-defined]  # a Page
            elif hook == "notes":
                shown.records[0].fields["iban"] = "DE02120300"  # type: ignore[attr-defined]  # Released
            else:
                shown["fact.sunny"] = False  # type: ignore[index]  # a reading
            return {}

        saboteur.orders[hook] = meddle
        during = await ask(sabotaged)
        saboteur.orders.clear()
        after = await ask(sabotaged)

        assert 503 == during.status
        assert before.body == after.body

    @pytest.mark.attack("J09")
    async def test_kept(self, sabotaged: Whole, saboteur: Saboteur) -> None:
        """J09: facts that a plugin changes after it gave them decide no later answer."""
        given = {"fact.sunny": True}
        saboteur.orders["about_call"] = lambda *_: given
        before = await ask(sabotaged)
        given["fact.sunny"] = False
        given["record.team"] = "hamburg"
        after = await ask(sabotaged)

        assert before.body == after.body


class TestPushedDown:
    async def test_only_where_permitted(self, sabotaged: Whole) -> None:
        """A field that may be searched by in the own team's records only finds those: the CRM filters the others."""
        body = {"fields": ["first_name"], "filter": {"field": "notes", "op": "prefix", "value": "n-"}}
        reply = await sabotaged.client("anna", "callback").send("POST", SEARCH, body)
        where = sabotaged.spy().queries[0].where

        assert ["7"] == [one["id"] for one in reply.json["data"]]
        assert isinstance(where, And)
        assert Compare("notes", Op.PREFIX, "n-") == where.items[0]
        assert "team" in str(where.items[1])

    async def test_finding_too_much(self, sabotaged: Whole) -> None:
        """A CRM that finds more than its filter says tells nothing of records that may not be searched."""
        loose = Record(RecordId("8"), {"id": "8", "first_name": "Karl", "team": "hamburg"})
        sabotaged.spy().tamper = lambda _query, page: replace(page, records=(*page.records, loose))
        body = {"fields": ["first_name"], "filter": {"field": "notes", "op": "prefix", "value": "n-8"}}
        reply = await sabotaged.client("anna", "callback").send("POST", SEARCH, body)

        assert (200, []) == (reply.status, reply.json["data"])

    @pytest.mark.parametrize("numbers", [("7", "8"), ("7", "8", "9"), ("6", "7", "8")])
    async def test_going_on(self, sabotaged: Whole, monkeypatch: pytest.MonkeyPatch, numbers: tuple[str, ...]) -> None:
        """Nor does it tell, by a cursor, that there are such records: that would tell what they hold."""
        crm: MemoryCrm = sabotaged.kind._kind.crm("acme", "crm")  # type: ignore[attr-defined]  # the memory kind
        rows, usual = crm._rows["contact"], crm.select
        crm._rows["contact"] = {number: {**rows["8" if number == "8" else "7"], "id": number} for number in numbers}

        def loose(resource: str, names: Iterable[str], **how: Any) -> list[Row]:  # noqa: ANN401 -- as it is called
            test = how["test"]
            return usual(resource, names, test=lambda row: row["id"] == "8" or test(row), key=how["key"])

        honest = await self.pages(sabotaged)
        monkeypatch.setattr(crm, "select", loose)

        assert [number for number in numbers if number != "8"] == [one["id"] for page in honest for one in page["data"]]
        assert honest == await self.pages(sabotaged)

    async def pages(self, gateway: Whole) -> list[dict[str, Any]]:
        """Return all pages of a search, one record each."""
        body = {"fields": ["first_name"], "filter": {"field": "notes", "op": "prefix", "value": "n-"}, "limit": 1}
        client, found = gateway.client("anna", "callback"), []
        while not found or "cursor" in found[-1]:
            cursor = {"cursor": found[-1]["cursor"]} if found else {}
            found.append((await client.send("POST", SEARCH, {**body, **cursor})).json)
        return found

    async def test_spelling(self, sabotaged: Whole) -> None:
        """A team that is spelled in another case is the same team to the CRM and to the rule."""
        rows = sabotaged.kind._kind.crm("acme", "crm")._rows["contact"]  # type: ignore[attr-defined]  # the memory kind
        rows["8"]["team"] = "Berlin"
        body = {"fields": ["first_name"], "filter": {"field": "notes", "op": "prefix", "value": "n-8"}}
        client = sabotaged.client("anna", "callback")
        found = await client.send("POST", SEARCH, body)

        assert ["8"] == [one["id"] for one in found.json["data"]]
        assert "n-8" == (await client.get("/v1/crm/contacts/8?fields=notes")).json["fields"]["notes"]

    async def test_negation(self, sabotaged: Whole) -> None:
        """Not even the opposite of a filter finds anything in records where it is not permitted."""
        body = {"fields": ["first_name"], "filter": {"not": {"field": "notes", "op": "eq", "value": "n-8"}}}
        other = {"fields": ["first_name"], "filter": {"field": "notes", "op": "eq", "value": "n-8"}}
        client = sabotaged.client("anna", "callback")
        replies = [await client.send("POST", SEARCH, one) for one in (body, other)]

        assert [["7"], []] == [[one["id"] for one in reply.json["data"]] for reply in replies]

    async def test_what_no_crm_can_tell(self, sabotaged: Whole) -> None:
        """A search that only a plugin could decide, record by record, is refused."""
        body = {"filter": {"field": "city", "op": "eq", "value": "Berlin"}}
        reply = await sabotaged.client("anna", "callback").send("POST", SEARCH, body)

        assert (403, "field-refused", []) == (reply.status, reply.json["code"], sabotaged.spy().queries)
