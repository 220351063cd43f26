from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from policy_gateway.errors import (
    FieldRefused,
    InvalidCall,
)
from policy_gateway.model.field import RecordId, Value
from policy_gateway.query import (
    Change,
    ChangeKind,
    In,
    Order,
    Query,
    Where,
)
from policy_gateway.testing import FaultyTransport
from policy_gateway_salesforce.adapter import SalesforceAdapter
from policy_gateway_salesforce.sandbox import Sandbox

pytestmark = pytest.mark.anyio
DATA = "/services/data/v60.0"

Row = Mapping[str, object]


def rows(sandbox: Sandbox, name: str = "Contact") -> Iterator[Row]:
    """Return the records of an object as the org holds them."""
    return iter(list(sandbox.org.tables[name].live()))


def first(sandbox: Sandbox, name: str = "Contact", **having: bool) -> Row:
    """Return the first record that has, or has not, values in the given fields."""
    return next(row for row in rows(sandbox, name) if all(bool(row.get(key)) is there for key, there in having.items()))


def queries(transport: FaultyTransport) -> list[str]:
    """Return the SOQL of all requests."""
    return [value for request in transport.requests for name, value in request.query if name == "q"]


async def ids(adapter: SalesforceAdapter, where: Where | None, resource: str = "contact") -> list[str]:
    """Return the ids of all records that *where* finds."""
    found: list[str] = []
    query = Query(resource, ("id",), where, limit=500)
    while True:
        page = await adapter.read(query)
        found.extend(record.id for record in page.records)
        if page.cursor is None:
            return found
        query = Query(resource, ("id",), where, limit=500, cursor=page.cursor)


class TestAsking:
    async def test_get(self, adapter: SalesforceAdapter, transport: FaultyTransport, sandbox: Sandbox) -> None:
        """A get is one request for the selected fields and the id."""
        contact = first(sandbox)
        page = await adapter.read(Query("contact", ("email", "name"), target=RecordId(str(contact["Id"]))))

        [request] = transport.requests
        assert ("GET", f"{DATA}/sobjects/Contact/{contact['Id']}") == (request.method, request.path)
        assert [("fields", "Id,Email,Name")] == list(request.query)
        assert f"Bearer {sandbox.token}" == request.headers["authorization"]
        assert {"email": contact["Email"], "name": contact["Name"]} == dict(page.records[0].values)

    async def test_nothing_selected(
        self, adapter: SalesforceAdapter, transport: FaultyTransport, sandbox: Sandbox
    ) -> None:
        """Who selects nothing gets nothing but the id asked for."""
        page = await adapter.read(Query("contact", (), target=RecordId(str(first(sandbox)["Id"]))))

        assert {} == dict(page.records[0].values)
        assert [("fields", "Id")] == list(transport.requests[0].query)

    async def test_list(self, adapter: SalesforceAdapter, transport: FaultyTransport) -> None:
        """A list goes by the ids of the records, page by page."""
        page = await adapter.read(Query("contact", ("email",), limit=2))
        last = page.records[-1].id
        await adapter.read(Query("contact", ("email",), limit=2, cursor=page.cursor))

        assert f"k:{last}" == page.cursor
        assert [
            "SELECT Id, Email FROM Contact ORDER BY Id LIMIT 2",
            f"SELECT Id, Email FROM Contact WHERE Id > '{last}' ORDER BY Id LIMIT 2",
        ] == queries(transport)

    async def test_limits(self, adapter: SalesforceAdapter, sandbox: Sandbox) -> None:
        """What the org says of its quota comes with pages and outcomes, and nothing else that stands in the header."""
        target = RecordId(str(first(sandbox)["Id"]))
        page = await adapter.read(Query("contact", ("id",), limit=1))
        one = await adapter.read(Query("contact", ("id",), target=target))
        outcome = await adapter.write(Change(ChangeKind.UPDATE, "contact", target, {"vip": True}))

        assert [{"Sforce-Limit-Info": f"api-usage={used}/15000"} for used in (1, 2, 3)] == [
            dict(each.limits) for each in (page, one, outcome)
        ]

    async def test_unknown_native(self, adapter: SalesforceAdapter, transport: FaultyTransport) -> None:
        """A native name is looked up once in what the org describes, then refused without asking."""
        for _ in range(2):
            with pytest.raises(FieldRefused):
                await adapter.read(Query("contact", ("salesforce.Nope",)))

        assert 8 == len(transport.requests)
        assert all(each.path.endswith("/describe") for each in transport.requests)

    async def test_other_objects(self, adapter: SalesforceAdapter, sandbox: Sandbox) -> None:
        """Every object that is offered is read by its native names."""
        lead = first(sandbox, "Lead")
        page = await adapter.read(Query("lead", ("id", "salesforce.Company"), target=RecordId(str(lead["Id"]))))

        assert {"id": lead["Id"], "salesforce.Company": lead["Company"]} == dict(page.records[0].values)

    @pytest.mark.parametrize("wrong", ["short", "other case", "other object", "checksum"])
    async def test_one_name_for_a_record(
        self, described: SalesforceAdapter, transport: FaultyTransport, sandbox: Sandbox, wrong: str
    ) -> None:
        """A record has one id, whatever else the org would take for it: what is kept about it holds for that one."""
        whole = str(first(sandbox)["Id"])
        account = str(first(sandbox, "Account")["Id"])
        tried = {
            "short": whole[:15],
            "other case": whole.lower(),
            "other object": account,
            "checksum": f"{whole[:15]}{'AAB' if whole[15:] != 'AAB' else 'AAC'}",
        }[wrong]
        with pytest.raises(InvalidCall):
            await described.read(Query("contact", ("id",), target=RecordId(tried)))

        assert [] == transport.requests

    async def test_long_query(self, adapter: SalesforceAdapter, transport: FaultyTransport, sandbox: Sandbox) -> None:
        """A query that no address can hold travels in a body."""
        wanted = [str(row["Id"]) for row in rows(sandbox)][:700]
        found = await ids(adapter, In("id", tuple(wanted)))

        assert wanted == found
        assert {f"{DATA}/composite"} == {each.path for each in transport.requests}

    async def test_too_long_query(self, adapter: SalesforceAdapter, transport: FaultyTransport) -> None:
        """What is longer than the vendor reads is refused before anything is asked."""
        with pytest.raises(InvalidCall):
            await adapter.read(Query("contact", ("id",), In("city", tuple(f"{n:0>3000}" for n in range(40)))))

        assert [] == transport.requests


class TestOrder:
    async def test_short_pages(self, adapter: SalesforceAdapter, transport: FaultyTransport) -> None:
        """Short pages of an order go by offset, and end where the vendor's offsets end, with an error."""
        order = (Order("city", descending=True), Order("last_name"))
        page = await adapter.read(Query("contact", ("id",), order=order, limit=3))
        await adapter.read(Query("contact", ("id",), order=order, limit=3, cursor=page.cursor))

        assert "o:3" == page.cursor
        sql = "SELECT Id FROM Contact ORDER BY MailingCity DESC, LastName, Id LIMIT 3"
        assert [sql, f"{sql} OFFSET 3"] == queries(transport)
        with pytest.raises(InvalidCall):
            await adapter.read(Query("contact", ("id",), order=order, limit=3, cursor="o:2001"))

    async def test_long_pages(self, adapter: SalesforceAdapter, transport: FaultyTransport, sandbox: Sandbox) -> None:
        """Long pages of an order go by the vendor's locator, of which the cursor keeps nothing else."""
        query = Query("contact", ("id", "created_at"), order=(Order("created_at"),), limit=300)
        found: list[tuple[Value, Value]] = []
        cursor: str | None = None
        for _ in range(4):
            page = await adapter.read(Query("contact", query.select, order=query.order, limit=300, cursor=cursor))
            found += [(record.values["created_at"], record.id) for record in page.records]
            cursor = page.cursor

        assert cursor is None
        assert 1000 == len(found)
        assert sorted(found, key=str) == found
        assert ["SELECT Id, CreatedDate FROM Contact ORDER BY CreatedDate, Id"] == queries(transport)
        assert all(each.path.startswith(f"{DATA}/query/01g") for each in transport.requests[1:])
        assert {"batchSize=300"} == {each.headers["Sforce-Query-Options"] for each in transport.requests}

    async def test_shorter_than_the_vendor_can(self, adapter: SalesforceAdapter) -> None:
        """A page by locator that the vendor makes too long goes on where it was cut."""
        order = (Order("created_at"),)
        whole = await adapter.read(Query("contact", ("id",), order=order, limit=1000))
        page = await adapter.read(Query("contact", ("id",), order=order, limit=200))
        found = [*page.records]
        while page.cursor:
            page = await adapter.read(Query("contact", ("id",), order=order, limit=70, cursor=page.cursor))
            assert 70 >= len(page.records)
            found += page.records

        assert [record.id for record in whole.records] == [record.id for record in found]

    @pytest.mark.parametrize(
        "cursor",
        ["l:01gWs00000000001AAA", "l:../x-1", "l:01gWs00000000001AAA-1/../x", "k:003Ws000000001dIAA", "o:x", "x"],
    )
    async def test_broken_cursors(self, adapter: SalesforceAdapter, transport: FaultyTransport, cursor: str) -> None:
        """A cursor that this query could not have given goes nowhere."""
        with pytest.raises(InvalidCall):
            await adapter.read(Query("contact", ("id",), order=(Order("city"),), cursor=cursor))

        assert [] == transport.requests

    async def test_lost_locator(self, adapter: SalesforceAdapter) -> None:
        """A locator that the vendor has forgotten is said to have ended."""
        with pytest.raises(InvalidCall):
            await adapter.read(Query("contact", ("id",), order=(Order("city"),), cursor="l:01gWs00000zzzzzzzz-200"))

    @pytest.mark.parametrize("path", ["notes", "consents", "salesforce.MailingAddress"])
    async def test_unsortable(self, described: SalesforceAdapter, transport: FaultyTransport, path: str) -> None:
        """What the vendor cannot sort by is refused."""
        with pytest.raises(InvalidCall):
            await described.read(Query("contact", ("id",), order=(Order(path),)))

        assert [] == transport.requests
