from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from policy_gateway.errors import (
    InvalidCall,
)
from policy_gateway.query import (
    And,
    Compare,
    In,
    Not,
    Op,
    Or,
    Query,
    RelativeDate,
    Text,
    Unit,
    Where,
)
from policy_gateway.testing import FaultyTransport
from policy_gateway_salesforce.adapter import SalesforceAdapter
from policy_gateway_salesforce.sandbox import Sandbox

pytestmark = pytest.mark.anyio
_OF_ANOTHER_CRM = [
    (Compare("owner", Op.EQ, "7001"), 0),
    (In("owner", ("7001", "' OR Id != '")), 0),
    (Not(In("owner", ("7001",))), 1),
    (Compare("company", Op.NE, "' OR Id != '"), 1),
]
_NOT_DELETED = "(Account.IsDeleted = FALSE AND AccountId != null)"

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


class TestFilters:
    @pytest.mark.parametrize(
        ("where", "soql"),
        [
            (Compare("team", Op.EQ, "berlin"), "Team__c = 'berlin'"),
            (Compare("team", Op.NE, "berlin"), "(Team__c != 'berlin' OR Team__c = null)"),
            (Not(Compare("credit_score", Op.LT, 5)), "(Credit_Score__c >= 5 OR Credit_Score__c = null)"),
            (Compare("city", Op.PREFIX, "100%_"), "MailingCity LIKE '100\\%\\_%'"),
            (Not(Compare("city", Op.CONTAINS, "ö")), "((NOT MailingCity LIKE '%ö%') OR MailingCity = null)"),
            (Compare("city", Op.EQ, "o'\\\n"), "MailingCity = 'o\\'\\\\\\n'"),
            (Compare("consents", Op.EQ, "marketing:email"), "Consents__c INCLUDES ('marketing_email')"),
            (In("consents", ("marketing:email", "x")), "Consents__c INCLUDES ('marketing_email', 'x')"),
            (Not(Compare("consents", Op.EQ, "a")), "Consents__c EXCLUDES ('a')"),
            (Compare("vip", Op.NE, value=True), "VIP__c = FALSE"),
            (Compare("company/salesforce.IsDeleted", Op.EQ, value=False), _NOT_DELETED),
            (Compare("birthdate", Op.GE, "1980-01-01"), "Birthdate >= 1980-01-01"),
            (Compare("created_at", Op.LT, "2026-01-01T01:00:00+01:00"), "CreatedDate < 2026-01-01T00:00:00.000Z"),
            (Compare("created_at", Op.LT, "2026-01-01T00:00:00.0005Z"), "CreatedDate <= 2026-01-01T00:00:00.000Z"),
            (Compare("created_at", Op.GT, RelativeDate(Unit.DAY, 0)), "CreatedDate > TODAY"),
            (Compare("created_at", Op.GE, RelativeDate(Unit.WEEK, -1)), "CreatedDate > N_DAYS_AGO:8"),
            (Compare("birthdate", Op.LE, RelativeDate(Unit.DAY, 3)), "Birthdate <= NEXT_N_DAYS:3"),
            (
                Compare("birthdate", Op.EQ, RelativeDate(Unit.DAY, 1)),
                "(Birthdate > TODAY AND Birthdate <= NEXT_N_DAYS:1)",
            ),
            (Or((And((Compare("vip", Op.EQ, value=True), Or(()))), Compare("city", Op.EQ, "x"))), "MailingCity = 'x'"),
            (
                In("company", Query("company", ("id",), Compare("industry", Op.EQ, "Energy"))),
                "AccountId IN (SELECT Id FROM Account WHERE Industry = 'Energy')",
            ),
            (
                Not(In("id", Query("case", ("salesforce.ContactId",)))),
                "Id NOT IN (SELECT ContactId FROM Case WHERE ContactId != null)",
            ),
        ],
        ids=repr,
    )
    async def test_soql(
        self, described: SalesforceAdapter, transport: FaultyTransport, where: Where, soql: str
    ) -> None:
        """Each filter has its SOQL, and the org understands it."""
        await described.read(Query("contact", (), where, limit=1))

        assert [f"SELECT Id FROM Contact WHERE {soql} ORDER BY Id LIMIT 1"] == queries(transport)

    @pytest.mark.parametrize(
        ("where", "asked"),
        [(And(()), 1), (Or(()), 0), (In("city", ()), 0), (Not(In("city", ())), 1), *_OF_ANOTHER_CRM],
        ids=repr,
    )
    async def test_everything_and_nothing(
        self, adapter: SalesforceAdapter, transport: FaultyTransport, where: Where, asked: int
    ) -> None:
        """What finds nothing is not asked; what finds everything is asked without a filter."""
        page = await adapter.read(Query("contact", ("id",), where, limit=7))

        assert 7 * asked == len(page.records)
        assert ["SELECT Id FROM Contact ORDER BY Id LIMIT 7"] * asked == queries(transport)

    async def test_numbers(self, adapter: SalesforceAdapter, transport: FaultyTransport, sandbox: Sandbox) -> None:
        """A number is found as it is dialed; the org is asked for its digits in order."""
        contact = dict(first(sandbox, Phone=True, MobilePhone=True))
        contact["MobilePhone"] = "(0171) 99 98-8 77"
        sandbox.org.tables["Contact"].put(str(contact["Id"]), contact)
        here = Compare("mobile", Op.EQ, "+49171999 8877")

        assert [contact["Id"]] == await ids(adapter, here)
        assert "WHERE MobilePhone LIKE '%1%7%1%9%9%9%8%8%7%7%'" in queries(transport)[0]
        assert 999 == len(await ids(adapter, Not(here)))
        assert 999 == len(await ids(adapter, Compare("mobile", Op.NE, "+49171999 8877")))

    async def test_what_was_looked_at_stays_inside(self, adapter: SalesforceAdapter, sandbox: Sandbox) -> None:
        """What was read only to look at it is not in the record."""
        street = str(first(sandbox)["MailingStreet"]).split()[0]
        page = await adapter.read(Query("contact", ("id",), Text(street, ("street",))))

        assert page.records
        assert {"id"} == {path for record in page.records for path in record.values}

    @pytest.mark.parametrize(
        "where",
        [
            Compare("notes", Op.EQ, "x"),
            Compare("city", Op.EQ, ""),
            Compare("city", Op.EQ, "\x00"),
            Compare("city", Op.EQ, "\ud800"),
            Compare("city", Op.EQ, None),
            Compare("vip", Op.EQ, "true"),
            Compare("vip", Op.GT, value=True),
            Compare("credit_score", Op.EQ, "many"),
            Compare("credit_score", Op.EQ, float("nan")),
            Compare("credit_score", Op.EQ, 10**30),
            Compare("company", Op.EQ, ""),
            Compare("id", Op.GT, "' OR Id != '"),
            Compare("company", Op.GT, "001000000000000AAA"),
            Compare("consents", Op.EQ, "a;b"),
            Compare("phone", Op.GT, "+49"),
            Compare("birthdate", Op.EQ, "1980-01-01' OR '1'='1"),
            Compare("created_at", Op.GT, "2026-01-01T00:00:00"),
            Compare("created_at", Op.GT, RelativeDate(Unit.MONTH, -1)),
            Compare("city", Op.GT, RelativeDate(Unit.DAY, -1)),
            Text("anna", ("consents",)),
            Text("--", ("city",)),
            In("id", Query("contact", ("id",))),
            In("city", Query("company", ("city",))),
            In("company", Query("company", ("id",), limit=1)),
            In("company", Query("company", ("id",), Text("solar", ("name",)))),
            Or((In("company", Query("company", ("id",))), Compare("city", Op.EQ, "x"))),
            And((Text("anna", ("name",)), In("company", Query("company", ("id",))))),
            And((Text("anna", ("name",)), Compare("city", Op.GT, "M"))),
        ],
        ids=repr,
    )
    async def test_refused(self, described: SalesforceAdapter, transport: FaultyTransport, where: Where) -> None:
        """What Salesforce cannot be asked, or not exactly, is refused before anything is asked."""
        with pytest.raises(InvalidCall):
            await described.read(Query("contact", ("id",), where))

        assert [] == transport.requests

    async def test_owners_of_several_crms(
        self, adapter: SalesforceAdapter, transport: FaultyTransport, sandbox: Sandbox
    ) -> None:
        """Who has ids in several CRMs owns what the id of this one says."""
        owner = str(first(sandbox)["OwnerId"])
        found = await ids(adapter, In("owner", ("7001", owner[:15])))

        assert [row["Id"] for row in rows(sandbox) if row["OwnerId"] == owner] == found
        assert f"WHERE OwnerId IN ('{owner}')" in queries(transport)[0]
