"""Both facades: whatever was tried is in the journal, and costs no more than it is worth."""

from __future__ import annotations

import asyncio
from time import process_time

import pytest

from policy_gateway.ports import Message
from policy_gateway.testing.facing import Faced, V, soql

pytestmark = pytest.mark.anyio

LENA = "003000000000007AAA"
C = "/crm/v3/objects/contacts"
MISTOLD = (("x-reason", "not allowed!"), ("x-ticket", "a b"), ("x-direction", "sideways"))
MANY = 20_000
SECONDS = 4.0
"""What names that nobody decides one by one take a tenth of."""


class TestJournal:
    @pytest.mark.attack("I17")
    @pytest.mark.parametrize("line", MISTOLD)
    async def test_circumstances(self, org: Faced, line: tuple[str, str]) -> None:
        """I17: who tells of circumstances in words that are none is refused, and journaled."""
        for asked, body in ((f"GET {V}/sobjects/Contact/{LENA}", None), (f"PATCH {V}/sobjects/Contact/{LENA}", {})):
            await org.forget()
            reply = await org.ask(asked, body, line)
            assert (400, []) == (reply.status, org.spy.queries)
            assert ["deny"] == [entry["decision"] for entry in await org.entries()]

    @pytest.mark.attack("I17")
    @pytest.mark.parametrize("line", MISTOLD)
    async def test_portal_circumstances(self, portal: Faced, line: tuple[str, str]) -> None:
        """I17: the same for HubSpot's clients."""
        for asked, body in ((f"GET {C}/7", None), (f"PATCH {C}/7", {"properties": {"city": "Bonn"}})):
            await portal.forget()
            reply = await portal.ask(asked, body, line)
            assert (400, []) == (reply.status, portal.spy.queries)
            assert ["deny"] == [entry["decision"] for entry in await portal.entries()]

    @pytest.mark.attack("B37")
    @pytest.mark.parametrize(
        ("line", "record"),
        [
            (f"PATCH {V}/composite/sobjects", {"attributes": {"type": "Contact"}, "id": {"a": 1}, "Phone": "1"}),
            (f"POST {V}/composite/sobjects", {"Phone": "1"}),
            (f"PATCH {V}/composite/sobjects/Contact/Customer_Number__c", {"Phone": "1"}),
            (f"DELETE {V}/composite/sobjects?ids=zzz", None),
        ],
    )
    async def test_no_call(self, org: Faced, line: str, record: object) -> None:
        """B37: records that are refused before anybody decides about them leave an entry, too."""
        body = None if record is None else {"records": [record], "allOrNone": True}
        reply = await org.ask(line, body)

        assert [False] == [one["success"] for one in reply.json]
        assert ["deny"] == [entry["decision"] for entry in await org.entries()]

    @pytest.mark.attack("E21")
    @pytest.mark.parametrize("dialect", ["salesforce", "hubspot"])
    async def test_gone(self, org: Faced, portal: Faced, dialect: str) -> None:
        """E21: who announces a body and goes away has tried something."""
        faced, path = (org, f"{V}/sobjects/Contact/{LENA}") if dialect == "salesforce" else (portal, f"{C}/7")
        sent: list[Message] = []

        async def receive() -> Message:
            await asyncio.sleep(0)
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            sent.append(message)

        lines = [*faced.client().lines, ("content-type", "application/json"), ("content-length", "17")]
        scope = {
            "type": "http",
            "http_version": "1.1",
            "scheme": "http",
            "method": "PATCH",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": [(name.encode(), value.encode()) for name, value in lines],
            "client": ("127.0.0.1", 5),
            "state": {},
        }
        await faced.overheard(scope, receive, send)

        assert 408 == sent[0]["status"]
        assert ["deny"] == [entry["decision"] for entry in await faced.entries()]


class TestCosts:
    @pytest.mark.attack("E21")
    async def test_names(self, org: Faced) -> None:
        """E21: a thousand names that there are not take hardly longer than one, and all are told."""
        values: dict[str, object] = {f"f{number}": 1 for number in range(MANY)}
        before = process_time()
        reply = await org.ask(f"PATCH {V}/sobjects/Contact/{LENA}", {**values, "IBAN__c": "x"})

        assert SECONDS > process_time() - before
        assert 400 == reply.status
        assert MANY < len(reply.json[0]["fields"])
        [entry] = await org.entries()
        assert ["iban"] == entry["refused"]

    @pytest.mark.attack("E21")
    @pytest.mark.parametrize("name", ["IBAN__c", "x{}", "Account.x{}"])
    async def test_filters(self, org: Faced, name: str) -> None:
        """E21: so do filters by the same hidden field, or by as many as a query can name."""
        asked = " OR ".join(f"{name.format(number)}='1'" for number in range(4000))
        before = process_time()
        target = soql(f"SELECT Id FROM Contact WHERE {asked}").removeprefix("GET ")
        part = {"method": "GET", "url": target, "referenceId": "a"}
        reply = await org.ask(f"POST {V}/composite", {"compositeRequest": [part]})

        assert SECONDS > process_time() - before
        assert [400] == [one["httpStatusCode"] for one in reply.json["compositeResponse"]]
        assert [] == org.spy.queries

    @pytest.mark.attack("E21")
    async def test_properties(self, portal: Faced) -> None:
        """E21: the same for HubSpot's clients."""
        values: dict[str, object] = {f"f{number}": "1" for number in range(MANY)}
        before = process_time()
        reply = await portal.ask(f"PATCH {C}/7", {"properties": {**values, "iban": "x"}})

        assert SECONDS > process_time() - before
        assert 400 == reply.status
        assert [] == portal.spy.changes
