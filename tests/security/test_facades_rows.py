"""Rows A to F through both facades: what is the same for clients of either vendor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import orjson
import pytest

from policy_gateway.errors import UpstreamTimeout
from policy_gateway.facts import RecordPlace, Standing
from policy_gateway.model.field import RecordId
from policy_gateway.query import Query
from policy_gateway.records import Page, Record
from policy_gateway.testing.facing import FACED, Faced, V, soql, told

pytestmark = pytest.mark.anyio

LENA = "003000000000007AAA"
C = "/crm/v3/objects/contacts"


@dataclass(frozen=True, slots=True)
class Ways:
    """How the clients of one vendor read and change the contact 7, and others."""

    id: str
    one: str
    city: str
    listed: str
    change: Mapping[str, object]
    iban: str


SALESFORCE = Ways(
    LENA,
    f"{V}/sobjects/Contact/{LENA}",
    f"{V}/sobjects/Contact/{LENA}?fields=Id,MailingCity",
    soql("SELECT Id, MailingCity FROM Contact").removeprefix("GET "),
    {"MailingCity": "Bonn"},
    "IBAN__c",
)
HUBSPOT = Ways(
    "7", f"{C}/7", f"{C}/7?properties=city", f"{C}?properties=city", {"properties": {"city": "Bonn"}}, "iban"
)


@pytest.fixture(params=["salesforce", "hubspot"])
def door(request: pytest.FixtureRequest, org: Faced, portal: Faced) -> tuple[Faced, Ways]:
    """Return a facade, and how its clients speak."""
    return (org, SALESFORCE) if request.param == "salesforce" else (portal, HUBSPOT)


class TestReading:
    @pytest.mark.attack("A17")
    @pytest.mark.attack("A19")
    async def test_a17(self, door: tuple[Faced, Ways]) -> None:
        """A17: a CRM that says all it knows to whoever asks for anything tells the caller no more."""
        faced, ways = door

        def everything(query: Query, page: Page) -> Page:
            rows = faced.rows[query.resource]
            return replace(
                page, records=tuple(Record(one.id, {**one.values, **rows[str(one.id)]}) for one in page.records)
            )

        plain = [await faced.compare(f"GET {target}") for target in (ways.one, ways.city, ways.listed)]
        faced.spy.tamper = everything
        over = [await faced.compare(f"GET {target}") for target in (ways.one, ways.city, ways.listed)]

        assert [200] * 3 == [reply.status for reply in over]
        assert [told(reply) for reply in plain] == [told(reply) for reply in over]

    @pytest.mark.attack("D15")
    async def test_d15(self, door: tuple[Faced, Ways]) -> None:
        """D15: a CRM that gives another record than was asked for gives nothing."""
        faced, ways = door
        other = ways.id.replace("7", "8")

        def another(query: Query, page: Page) -> Page:
            del query
            return replace(page, records=tuple(replace(one, id=RecordId(other)) for one in page.records))

        faced.spy.tamper = another
        reply = await faced.ask(f"GET {ways.one}")

        assert 500 <= reply.status
        assert b"Berlin" not in reply.body
        assert ["error"] == [entry["decision"] for entry in await faced.entries()]

    @pytest.mark.attack("B23")
    @pytest.mark.parametrize(
        "line",
        [
            ("if-none-match", "*"),
            ("if-none-match", '"AAAAAAAAAAAAAAAA"'),
            ("if-modified-since", "Thu, 01 Jan 2026 00:00:00 GMT"),
            ("if-match", '"x"'),
        ],
    )
    async def test_b23(self, door: tuple[Faced, Ways], line: tuple[str, str]) -> None:
        """B23: conditions tell nothing of what is hidden, and no tag of it is given away."""
        faced, ways = door
        reply = await faced.compare(f"GET {ways.city}", None, line)

        assert reply.status in {200, 304, 412}
        assert "etag" not in reply.headers

    @pytest.mark.attack("A25")
    @pytest.mark.parametrize("accept", ["application/xml", "text/csv", "*/*;q=0", "application/vnd.api+json"])
    async def test_a25(self, door: tuple[Faced, Ways], accept: str) -> None:
        """A25: whatever is accepted, there is one way to write an answer."""
        faced, ways = door
        plain = await faced.ask(f"GET {ways.one}")
        other = await faced.compare(f"GET {ways.one}", None, ("accept", accept))

        assert other.status == 406 or told(plain) == told(other)

    @pytest.mark.attack("B41")
    async def test_b41(self, door: tuple[Faced, Ways]) -> None:
        """B41: the same caller with another purpose is journaled with that one."""
        faced, ways = door
        for purpose in ("service", "collections"):
            client = faced.client("anna", purpose)
            await client.ask("GET", ways.city, [*client.lines])

        assert ["service", "collections"] == [entry["purpose"] for entry in await faced.entries()]


class TestCounting:
    @pytest.mark.attack("B19")
    @pytest.mark.parametrize(
        "text",
        [
            "SELECT Id, (SELECT COUNT() FROM Contacts) FROM Account",
            "SELECT Id, (SELECT COUNT(Id) FROM Contacts WHERE IBAN__c = 'x') FROM Account",
            "SELECT Account.Name, COUNT(IBAN__c) FROM Contact GROUP BY Account.Name",
        ],
    )
    async def test_b19(self, org: Faced, text: str) -> None:
        """B19: what hangs on a record is not counted by what is hidden."""
        assert 400 == (await org.compare(soql(text))).status
        assert [] == org.spy.queries

    @pytest.mark.attack("B19")
    @pytest.mark.attack("A07")
    @pytest.mark.parametrize("name", ["num_associated_contacts", "iban as nickname", "nickname:iban"])
    async def test_portal(self, portal: Faced, name: str) -> None:
        """B19: neither counts nor other names of properties are read."""
        counted = await portal.compare(f"POST {C}/search", {"properties": [name]})

        assert 200 == counted.status
        assert not {"iban"} & portal.spy.asked

    @pytest.mark.attack("F03")
    @pytest.mark.parametrize("after", ["/crm/v3/objects/deals", "..%2F..%2Foauth", "https://evil.example/x"])
    async def test_f03(self, portal: Faced, after: str) -> None:
        """F03: a cursor that was not given away leads nowhere."""
        reply = await portal.ask(f"GET {C}?limit=1&after={after}")

        assert 400 == reply.status
        assert [] == portal.spy.queries

    @pytest.mark.attack("A23")
    @pytest.mark.parametrize(
        "line", ["POST /crm/v3/exports/export/async", "GET /crm/v3/exports/export/async/tasks/1/status"]
    )
    async def test_a23(self, portal: Faced, line: str) -> None:
        """A23: there is no export."""
        body = {"objectType": "CONTACT", "objectProperties": ["iban"]} if line.startswith("POST") else None
        reply = await portal.compare(line, body)

        assert 403 == reply.status
        assert [] == portal.spy.queries


class TestWriting:
    @pytest.mark.attack("C07")
    @pytest.mark.parametrize("name", ["/~01iban", "/bank~1iban", "/0/../iban", "properties.iban", "iban/"])
    async def test_c07(self, door: tuple[Faced, Ways], name: str) -> None:
        """C07: pointers are no names."""
        faced, ways = door
        body = {"properties": {name: "x"}} if faced.dialect == "hubspot" else {name: "x"}
        reply = await faced.compare(f"PATCH {ways.one}", body)

        assert 400 == reply.status
        assert [] == faced.spy.changes

    @pytest.mark.attack("C09")
    async def test_c09(self, door: tuple[Faced, Ways]) -> None:
        """C09: what looks like a template is stored as it was said."""
        faced, ways = door
        text = "{{contact.iban}} %%iban%% ${jndi:x} @{a.IBAN__c}"
        said = orjson.loads(orjson.dumps(ways.change).replace(b"Bonn", text.encode()))
        reply = await faced.ask(f"PATCH {ways.one}", said)

        assert reply.status in {200, 204}
        assert {"city": text} == dict(faced.spy.changes[-1].values)

    @pytest.mark.attack("C13")
    async def test_c13(self, door: tuple[Faced, Ways]) -> None:
        """C13: a change of which nobody knows whether it was made is made once, and journaled as unknown."""
        faced, ways = door

        async def lost() -> None:
            if faced.spy.changes:
                raise UpstreamTimeout

        faced.spy.before = lost
        reply = await faced.ask(f"PATCH {ways.one}", ways.change)

        assert 500 <= reply.status
        assert 1 == len(faced.spy.changes)
        assert "unknown" == (await faced.entries())[-1]["outcome"]

    @pytest.mark.attack("C19")
    async def test_c19(self, door: tuple[Faced, Ways]) -> None:
        """C19: a record that is on hold is neither changed nor deleted, and nobody learns that it is there."""
        faced, ways = door
        place = RecordPlace("acme", FACED[faced.dialect], "contact", ways.id)
        await faced.whole.app.administration.standings.change(place, Standing(), Standing(restricted=True))
        try:
            replies = [
                await faced.ask(f"PATCH {ways.one}", ways.change),
                await faced.ask(f"DELETE {ways.one}", who="selma"),
            ]
        finally:
            await faced.whole.app.administration.standings.change(place, Standing(restricted=True), Standing())

        assert all(reply.status in {403, 404} for reply in replies)
        assert [] == faced.spy.changes
        assert ["record-not-found"] * 2 == [entry["code"] for entry in await faced.entries() if entry["code"]]
