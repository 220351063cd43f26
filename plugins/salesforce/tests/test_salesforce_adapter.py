from __future__ import annotations

from collections.abc import Iterator, Mapping

import orjson
import pytest
from pydantic import SecretStr

from policy_gateway.errors import (
    ConfigurationError,
    Conflict,
    FieldRefused,
    InvalidCall,
    PreconditionFailed,
    RecordNotFound,
    UpstreamRefused,
)
from policy_gateway.model.field import FieldType, RecordId, Relation, Value
from policy_gateway.query import (
    And,
    Change,
    ChangeKind,
    Child,
    Compare,
    In,
    Not,
    Op,
    Or,
    Order,
    Query,
    RelativeDate,
    Text,
    Unit,
    Where,
)
from policy_gateway.records import ConnectionConfig, OutcomeKind
from policy_gateway.testing import AsgiTransport, FaultyTransport
from policy_gateway_salesforce.adapter import SalesforceAdapter, SalesforceKind
from policy_gateway_salesforce.ids import canonical
from policy_gateway_salesforce.sandbox import Sandbox

pytestmark = pytest.mark.anyio
DATA = "/services/data/v60.0"
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


@pytest.fixture
async def described(adapter: SalesforceAdapter, transport: FaultyTransport) -> SalesforceAdapter:
    """Return a connection whose org has been asked what it offers."""
    _ = await adapter.catalogue()
    transport.forget()
    return adapter


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
        ("where", "asked"), [(And(()), 1), (Or(()), 0), (In("city", ()), 0), (Not(In("city", ())), 1)], ids=repr
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
            Compare("company", Op.EQ, "' OR Id != '"),
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


class TestCatalogue:
    async def test_resources(self, adapter: SalesforceAdapter) -> None:
        """Objects have the gateway's names where it has some, else their own in small letters."""
        catalogue = await adapter.catalogue()

        assert {
            "contact": ("Contact", "contacts", "003"),
            "company": ("Account", "companies", "001"),
            "lead": ("Lead", "leads", "00Q"),
            "opportunity": ("Opportunity", "opportunities", "006"),
            "case": ("Case", "cases", "500"),
            "user": ("User", "users", "005"),
            "individual": ("Individual", "individuals", "0PK"),
            "contact_point_type_consent": ("ContactPointTypeConsent", "contact_point_type_consents", "0ZX"),
        } == {each.name: (each.native, each.plural, each.id_pattern[:3]) for each in catalogue.resources.values()}

    async def test_mapped(self, adapter: SalesforceAdapter) -> None:
        """A mapped field has the vendor's own description beside the gateway's name."""
        fields = (await adapter.catalogue()).resources["contact"].fields

        email, notes, owner, consents = (fields[path] for path in ("email", "notes", "owner", "consents"))
        assert ("Email", "email", 80, True) == (email.label, email.native_type, email.size, email.searchable)
        assert ("textarea", False) == (notes.native_type, notes.searchable)
        assert (("user",), "Owner") == (owner.references, owner.relationship)
        assert "marketing:email" in consents.choices
        assert fields["last_name"].required
        assert not fields["vip"].required

    async def test_native(self, adapter: SalesforceAdapter) -> None:
        """All other fields are native ones, of their types."""
        resources = (await adapter.catalogue()).resources
        fields = resources["contact"].fields

        assert FieldType.PHONE is fields["salesforce.HomePhone"].type
        assert FieldType.BOOLEAN is fields["salesforce.HasOptedOutOfEmail"].type
        assert FieldType.DECIMAL is resources["opportunity"].fields["salesforce.Amount"].type
        assert FieldType.NAME is resources["lead"].fields["salesforce.Name"].type
        assert not fields["salesforce.IsDeleted"].writable
        assert not any(field.writable for field in resources["user"].fields.values())

    async def test_compounds(self, adapter: SalesforceAdapter) -> None:
        """A compound contains its parts; a salutation is said to be a part of a name, and is not in it."""
        resources = (await adapter.catalogue()).resources
        fields = resources["contact"].fields

        assert ("first_name", "last_name") == fields["name"].contains
        assert ("salesforce.FirstName", "salesforce.LastName") == resources["user"].fields["salesforce.Name"].contains
        assert ("city", "country", "postal_code", "salesforce.MailingState", "street") == fields[
            "salesforce.MailingAddress"
        ].contains

    async def test_relations(self, adapter: SalesforceAdapter) -> None:
        """What hangs on a record is known as far as it is offered."""
        resources = (await adapter.catalogue()).resources

        assert (
            Relation("child_accounts", "ChildAccounts", "company", "salesforce.ParentId"),
            Relation("contacts", "Contacts", "contact", "company"),
            Relation("opportunities", "Opportunities", "opportunity", "salesforce.AccountId"),
            Relation("cases", "Cases", "case", "salesforce.AccountId"),
        ) == resources["company"].children
        assert (Relation("cases", "Cases", "case", "salesforce.ContactId"),) == resources["contact"].children

    async def test_address(self, adapter: SalesforceAdapter, sandbox: Sandbox) -> None:
        """An address is the JSON that it is in the org."""
        contact = first(sandbox)
        path = "salesforce.MailingAddress"
        page = await adapter.read(Query("contact", (path,), target=RecordId(str(contact["Id"]))))
        told = orjson.loads(str(page.records[0].values[path]))

        assert contact["MailingCity"] == told["city"]
        assert contact["MailingPostalCode"] == told["postalCode"]

    async def test_hidden_by_the_org(self, transport: FaultyTransport, sandbox: Sandbox) -> None:
        """What the org hides from the user of the connection is not offered, mapped or not."""
        config = ConnectionConfig("acme", "crm", secrets={"token": SecretStr(sandbox.limited_token)})
        fields = (await SalesforceKind().connect(config, transport).catalogue()).resources["contact"].fields

        assert not {"iban", "credit_score", "birthdate", "salesforce.IBAN__c"} & set(fields)

    async def test_fewer_objects(self, transport: FaultyTransport, sandbox: Sandbox) -> None:
        """Objects are named by an option; one that the org does not have is left out, and so is what leads to it."""
        secrets = {"token": SecretStr(sandbox.token)}
        config = ConnectionConfig("acme", "crm", options={"objects": "Contact, Nope__c"}, secrets=secrets)
        resources = (await SalesforceKind().connect(config, transport).catalogue()).resources
        nothing = ConnectionConfig("acme", "crm", options={"objects": "Nope__c"}, secrets=secrets)

        assert ["contact"] == list(resources)
        assert () == resources["contact"].fields["company"].references
        with pytest.raises(UpstreamRefused):
            await SalesforceKind().connect(nothing, transport).catalogue()

    async def test_renamed(self, transport: FaultyTransport, sandbox: Sandbox) -> None:
        """A firm's own names are options of the connection."""
        secrets = {"token": SecretStr(sandbox.token)}
        config = ConnectionConfig("acme", "crm", options={"notes": "Description"}, secrets=secrets)
        fields = (await SalesforceKind().connect(config, transport).catalogue()).resources["contact"].fields

        assert "Description" == fields["notes"].native
        assert {"salesforce.Service_Notes__c"} == {"salesforce.Service_Notes__c", "salesforce.Description"} & set(
            fields
        )

    @pytest.mark.parametrize(
        ("options", "secrets"),
        [
            ({"nope": "x"}, {"token": "t"}),
            ({"iban": "a,b"}, {"token": "t"}),
            ({"iban": "Team__c"}, {"token": "t"}),
            ({"api_version": "../60.0"}, {"token": "t"}),
            ({"token_path": "/../x"}, {"token": "t"}),
            ({}, {}),
            ({}, {"token": "two\r\nlines"}),
            ({}, {"client_secret": "s"}),
            ({"client_id": "c"}, {"private_key": "no key"}),
            ({"client_id": "c", "username": "u"}, {"private_key": "no key"}),
        ],
        ids=repr,
    )
    async def test_configuration(
        self, transport: FaultyTransport, options: dict[str, str], secrets: dict[str, str]
    ) -> None:
        """Options that make no sense, and missing or broken secrets, refuse to start."""
        given = {name: SecretStr(value) for name, value in secrets.items()}
        with pytest.raises(ConfigurationError):
            SalesforceKind().connect(ConnectionConfig("acme", "crm", options=options, secrets=given), transport)


class TestWriting:
    async def test_only_what_is_named(
        self, adapter: SalesforceAdapter, transport: FaultyTransport, sandbox: Sandbox
    ) -> None:
        """An update sends the named fields only, in the vendor's types; what was expected is compared before."""
        target = RecordId(str(first(sandbox)["Id"]))
        state = await adapter.read(Query("contact", ("owner", "created_at"), target=target))
        values: dict[str, Value] = {
            "consents": ("marketing:email", "survey:phone"),
            "vip": True,
            "credit_score": 7,
            "city": "",
        }
        transport.forget()
        outcome = await adapter.write(
            Change(ChangeKind.UPDATE, "contact", target, values, expected=state.records[0].values)
        )

        assert (OutcomeKind.DONE, target) == (outcome.kind, outcome.id)
        assert ["GET", "PATCH"] == [each.method for each in transport.requests]
        assert {
            "Consents__c": "marketing_email;survey_phone",
            "VIP__c": True,
            "Credit_Score__c": 7,
            "MailingCity": None,
        } == orjson.loads(transport.requests[-1].body)

    async def test_expected_of_parents(self, adapter: SalesforceAdapter, sandbox: Sandbox) -> None:
        """A decision may hang on what the record refers to."""
        contact = first(sandbox, AccountId=True)
        account = sandbox.org.tables["Account"].rows[str(contact["AccountId"])]
        target = RecordId(str(contact["Id"]))
        for name, error in ((str(account["Name"]), None), ("another", PreconditionFailed)):
            change = Change(ChangeKind.UPDATE, "contact", target, {"vip": True}, expected={"company/name": name})
            if error is None:
                assert OutcomeKind.DONE is (await adapter.write(change)).kind
            else:
                with pytest.raises(error):
                    await adapter.write(change)

    async def test_taken(self, adapter: SalesforceAdapter, sandbox: Sandbox) -> None:
        """A value that must be unique and is taken is a conflict, which says nothing of the other record."""
        one, other = [row for row in rows(sandbox) if row.get("Customer_Number__c")][:2]
        change = Change(
            ChangeKind.UPDATE,
            "contact",
            RecordId(str(one["Id"])),
            {"customer_number": str(other["Customer_Number__c"])},
        )
        with pytest.raises(Conflict) as caught:
            await adapter.write(change)

        assert str(other["Id"]) not in repr(caught.value)

    @pytest.mark.parametrize(
        ("path", "value", "pointer"),
        [
            ("email", "nobody", "/email"),
            ("customer_number", "9" * 31, "/customer_number"),
            ("language", "xx", "/language"),
            ("company", str(canonical("001Ws00000zzzzz")), ""),
            ("salesforce.MailingState", "x" * 300, "/salesforce.MailingState"),
        ],
    )
    async def test_bad_values(
        self, adapter: SalesforceAdapter, sandbox: Sandbox, path: str, value: str, pointer: str
    ) -> None:
        """A value that the org does not take is pointed at where the org says which, and not quoted."""
        target = RecordId(str(first(sandbox)["Id"]))
        with pytest.raises(InvalidCall) as caught:
            await adapter.write(Change(ChangeKind.UPDATE, "contact", target, {path: value}))

        assert pointer == caught.value.pointer
        assert value not in repr(caught.value)

    @pytest.mark.parametrize(
        ("path", "value"),
        [
            ("vip", None),
            ("vip", "yes"),
            ("credit_score", "3"),
            ("credit_score", float("inf")),
            ("birthdate", "tomorrow"),
            ("consents", ("a;b",)),
            ("consents", "a"),
            ("company", "001"),
            ("email", True),
            ("name", "Ada Lovelace"),
            ("salesforce.CreatedById", "x"),
        ],
        ids=repr,
    )
    async def test_refused_values(
        self, described: SalesforceAdapter, transport: FaultyTransport, sandbox: Sandbox, path: str, value: Value
    ) -> None:
        """What cannot be a value of its field is refused before anything is asked."""
        with pytest.raises(InvalidCall):
            await described.write(
                Change(ChangeKind.UPDATE, "contact", RecordId(str(first(sandbox)["Id"])), {path: value})
            )

        assert [] == transport.requests

    async def test_not_permitted(self, sandbox: Sandbox) -> None:
        """What the org does not let the connection's user do is refused by it, in the gateway's words."""
        config = ConnectionConfig("acme", "crm", secrets={"token": SecretStr(sandbox.limited_token)})
        adapter = SalesforceKind().connect(config, AsgiTransport(sandbox))
        target = RecordId(str(first(sandbox)["Id"]))
        for change in (
            Change(ChangeKind.DELETE, "contact", target),
            Change(ChangeKind.UPDATE, "contact", target, {"customer_number": "1"}),
        ):
            with pytest.raises((UpstreamRefused, InvalidCall)):
                await adapter.write(change)

    async def test_gone(self, adapter: SalesforceAdapter, sandbox: Sandbox) -> None:
        """A deleted record is as missing as one that never was."""
        target = RecordId(str(first(sandbox)["Id"]))
        await adapter.write(Change(ChangeKind.DELETE, "contact", target))
        for query in (
            Query("contact", ("id",), target=target),
            Query("contact", ("company/name",), target=target),
        ):
            with pytest.raises(RecordNotFound):
                await adapter.read(query)
