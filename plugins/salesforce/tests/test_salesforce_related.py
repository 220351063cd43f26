from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from policy_gateway.errors import (
    FieldRefused,
    InvalidCall,
)
from policy_gateway.model.field import RecordId
from policy_gateway.query import (
    Child,
    Compare,
    Not,
    Op,
    Order,
    Query,
    Where,
)
from policy_gateway.testing import FaultyTransport
from policy_gateway_salesforce.adapter import SalesforceAdapter
from policy_gateway_salesforce.sandbox import Sandbox

pytestmark = pytest.mark.anyio

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


class TestRelated:
    async def test_parents(self, adapter: SalesforceAdapter, transport: FaultyTransport, sandbox: Sandbox) -> None:
        """Paths through references are one query; their values stand flat under the gateway's names."""
        contact = first(sandbox, AccountId=True)
        account = sandbox.org.tables["Account"].rows[str(contact["AccountId"])]
        owner = sandbox.org.tables["User"].rows[str(account["OwnerId"])]
        paths = ("company/name", "company/id", "company/owner/salesforce.Name", "first_name")
        await adapter.catalogue()
        transport.forget()
        page = await adapter.read(Query("contact", paths, target=RecordId(str(contact["Id"]))))

        assert {
            "company/name": account["Name"],
            "company/id": account["Id"],
            "company/owner/salesforce.Name": owner["Name"],
            "first_name": contact["FirstName"],
        } == dict(page.records[0].values)
        assert [
            (
                "SELECT Id, Account.Name, Account.Id, Account.Owner.Name, FirstName FROM Contact "
                f"WHERE Id = '{contact['Id']}' LIMIT 1"
            )
        ] == queries(transport)

    async def test_no_parent(self, adapter: SalesforceAdapter, sandbox: Sandbox) -> None:
        """What a reference does not lead to has no values."""
        target = RecordId(str(first(sandbox, AccountId=False)["Id"]))
        page = await adapter.read(Query("contact", ("company/name", "company/owner"), target=target))

        assert {"company/name": None, "company/owner": None} == dict(page.records[0].values)

    async def test_parent_filter(self, adapter: SalesforceAdapter, sandbox: Sandbox) -> None:
        """A filter follows references, and what they do not lead to is different from everything."""
        accounts = sandbox.org.tables["Account"].rows
        industry = {str(key): row["Industry"] for key, row in accounts.items()}
        wanted = [str(row["Id"]) for row in rows(sandbox) if industry.get(str(row.get("AccountId"))) == "Energy"]
        everyone = [str(row["Id"]) for row in rows(sandbox)]
        equal = Compare("company/industry", Op.EQ, "energy")

        assert wanted
        assert wanted == await ids(adapter, equal)
        assert [each for each in everyone if each not in wanted] == await ids(adapter, Not(equal))

    async def test_queue(self, adapter: SalesforceAdapter, sandbox: Sandbox) -> None:
        """Where a reference leads to an object that is not offered there is nothing to see, and nothing to find."""
        [queue] = rows(sandbox, "Group")
        for row in list(rows(sandbox, "Case"))[:3]:
            sandbox.org.tables["Case"].put(str(row["Id"]), {**row, "OwnerId": str(queue["Id"])})
        cases = list(rows(sandbox, "Case"))
        queued = [str(row["Id"]) for row in cases[:3]]
        path = "salesforce.OwnerId/salesforce.Name"
        page = await adapter.read(Query("case", ("id", path), limit=500))
        named = {record.id: record.values[path] for record in page.records}

        assert {None} == {named[RecordId(each)] for each in queued}
        assert None not in {named[RecordId(str(row["Id"]))] for row in cases if str(row["Id"]) not in queued}
        assert [] == await ids(adapter, Compare(path, Op.EQ, str(queue["Name"])), "case")
        assert len(cases) == len(await ids(adapter, Compare(path, Op.NE, str(queue["Name"])), "case"))
        assert queued == await ids(adapter, Compare(path, Op.IS_NULL, value=True), "case")

    async def test_children(self, adapter: SalesforceAdapter, transport: FaultyTransport, sandbox: Sandbox) -> None:
        """What hangs on a record is a query within the query, with a filter, an order and a limit of its own."""
        account = next(
            row
            for row in rows(sandbox, "Account")
            if 2 < sum(each.get("AccountId") == row["Id"] for each in rows(sandbox))
        )
        theirs = [row for row in rows(sandbox) if row.get("AccountId") == account["Id"] and row.get("Email")]
        wanted = sorted((str(row["LastName"]).lower(), row["Id"]) for row in theirs)[:2]
        below = Query(
            "contact",
            ("last_name", "owner/salesforce.Name"),
            Compare("email", Op.IS_NULL, value=False),
            order=(Order("last_name"),),
            limit=2,
        )
        await adapter.catalogue()
        transport.forget()
        query = Query("company", ("name", Child("contacts", below)), target=RecordId(str(account["Id"])))
        [record] = (await adapter.read(query)).records

        page = record.children["contacts"]
        assert [identifier for _, identifier in wanted] == [each.id for each in page.records]
        assert [{"last_name", "owner/salesforce.Name"}] * 2 == [set(each.values) for each in page.records]
        assert ("contact", None) == (page.resource, page.cursor)
        assert [
            (
                "SELECT Id, Name, (SELECT Id, LastName, Owner.Name FROM Contacts WHERE Email != null "
                f"ORDER BY LastName, Id LIMIT 2) FROM Account WHERE Id = '{account['Id']}' LIMIT 1"
            )
        ] == queries(transport)

    async def test_children_by_words(self, adapter: SalesforceAdapter, sandbox: Sandbox) -> None:
        """What the org is asked too widely is looked at in what hangs on a record, too."""
        contact = first(sandbox, AccountId=True, Phone=True)
        number = str(contact["Phone"])
        below = Query("contact", ("id",), Compare("phone", Op.EQ, f"00{number[1:]}"))
        target = RecordId(str(contact["AccountId"]))
        [record] = (await adapter.read(Query("company", (Child("contacts", below),), target=target))).records

        assert [{"id": contact["Id"]}] == [dict(each.values) for each in record.children["contacts"].records]

    async def test_no_children(self, adapter: SalesforceAdapter) -> None:
        """A record on which nothing hangs has an empty page."""
        below = Child("contacts", Query("contact", ("id",), Compare("last_name", Op.EQ, "nobody's")))
        page = await adapter.read(Query("company", ("id", below), limit=3))

        assert [()] * 3 == [each.children["contacts"].records for each in page.records]

    async def test_grandchildren(self, adapter: SalesforceAdapter, sandbox: Sandbox) -> None:
        """Queries stand within each other, to the depth that the vendor knows."""
        case = first(sandbox, "Case", ContactId=True, AccountId=True)
        contact = sandbox.org.tables["Contact"].rows[str(case["ContactId"])]
        deepest = Child("cases", Query("case", ("id",)))
        query = Query("company", (Child("contacts", Query("contact", ("id", deepest))),))
        target = RecordId(str(contact["AccountId"]))
        [record] = (await adapter.read(Query("company", query.select, target=target))).records
        found = {each.id: each.children["cases"] for each in record.children["contacts"].records}

        assert case["Id"] in {each.id for each in found[RecordId(str(contact["Id"]))].records}

    @pytest.mark.parametrize(
        "child",
        [
            Child("nope", Query("contact", ("id",))),
            Child("contacts", Query("lead", ("id",))),
            Child("contacts", Query("contact", ("id",), limit=0)),
            Child("contacts", Query("contact", ("id",), cursor="k:x")),
            Child("contacts", Query("contact", ("nope",))),
        ],
        ids=repr,
    )
    async def test_refused_children(
        self, described: SalesforceAdapter, transport: FaultyTransport, child: Child
    ) -> None:
        """What does not hang on a record, or cannot be asked of what does, is refused before anything is asked."""
        with pytest.raises((InvalidCall, FieldRefused)):
            await described.read(Query("company", ("id", child)))

        assert [] == transport.requests
