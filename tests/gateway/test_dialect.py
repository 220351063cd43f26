"""Calls in a CRM's own names, as a facade makes them; the memory CRM calls a contact `Person` and a company `Firm`."""

from __future__ import annotations

from dataclasses import replace

import pytest

from policy_gateway.errors import ConnectionNotFound, FieldRefused, InvalidCall, PurposeRefused, RecordNotFound
from policy_gateway.facts import RecordPlace, Standing
from policy_gateway.model.disclosure import Disclosure
from policy_gateway.model.field import RecordId
from policy_gateway.model.principal import Credential
from policy_gateway.query import (
    Aggregate,
    And,
    Call,
    Change,
    ChangeKind,
    Child,
    Compare,
    Describe,
    In,
    Op,
    Operation,
    Order,
    Query,
    Text,
    Typeof,
)
from policy_gateway.testing.gateways import Whole
from policy_gateway_memory import MemoryCrm

pytestmark = pytest.mark.anyio

LENA = RecordId("7")
THEN = {"created_at": "2026-01-02T03:04:05+00:00", "updated_at": "2026-01-02T03:04:05+00:00"}


@pytest.fixture
def firm(crm: MemoryCrm) -> MemoryCrm:
    """Return the CRM with a company for which Lena works."""
    crm.add("company", id="70", name="Nordlicht Energie", phone="+49 30 23125070", owner="o-1", **THEN)
    crm.update("contact", "7", {"company": "70"})
    return crm


async def said(gateway: Whole, operation: Operation, who: str = "anna", purpose: str = "service") -> Disclosure:
    """Return what *who* is told."""
    call = Call("crm", operation, purpose, dialect="memory")
    return await gateway.app.gateway.handle(call, Credential("bearer", gateway.keys[who]))


async def refused(gateway: Whole, operation: Operation, who: str = "anna") -> tuple[str, ...]:
    """Return the names that are refused; nothing has gone to the CRM."""
    with pytest.raises(FieldRefused) as caught:
        await said(gateway, operation, who)
    assert [] == gateway.spy().queries
    return caught.value.names


class TestNames:
    async def test_own_words(self, gateway: Whole) -> None:
        """Names are understood however they are capitalized, and come back as the caller wrote them."""
        disclosure = await said(gateway, Query("PERSON", ("ID", "First_Name", "phone", "IBAN"), target=LENA))
        [record] = disclosure.released.records

        assert {"ID": "7", "First_Name": "Lena", "phone": "+49 30 23125001"} == record.fields
        assert ("IBAN",) == record.withheld

    async def test_everything(self, gateway: Whole) -> None:
        """Whoever names nothing gets what may be seen, by the CRM's own names."""
        [record] = (await said(gateway, Query("people", target=LENA))).released.records

        assert "Lena" == record.fields["first_name"]
        assert {"birthdate": "year"} == record.masked

    @pytest.mark.parametrize("name", ["credit_score", "memory.shoe_size", "shoe_size", "nothing", "bank.iban", "?x/y"])
    async def test_unknown_and_hidden(self, gateway: Whole, name: str) -> None:
        """What is hidden, and what is not there, is refused in the same words: the caller's."""
        assert (name,) == await refused(gateway, Query("Person", ("city", name)), "arno")

    async def test_entry_names_the_field(self, gateway: Whole) -> None:
        """The journal knows which field was refused, by which rule, and nothing of names that do not exist."""
        await refused(gateway, Query("Person", ("credit_score", "nothing"), Compare("Iban", Op.PREFIX, "DE")), "anna")
        [entry] = await gateway.entries()

        assert ("deny", "field-refused") == (entry["decision"], entry["code"])
        assert "iban" in str(entry["refused"])
        assert "nothing" not in str(entry)

    async def test_lenient(self, gateway: Whole) -> None:
        """A lenient caller is told that hidden and unknown names are withheld, and nothing else of them."""
        query = Query("Person", ("city", "credit_score", "nothing"), target=LENA)
        call = Call("crm", query, "service", dialect="memory", lenient=True)
        [record] = (await gateway.app.gateway.handle(call, Credential("bearer", gateway.keys["arno"]))).released.records

        assert ({"city": "Berlin"}, ("credit_score", "nothing")) == (record.fields, record.withheld)
        assert [("id", "city")] == [query.select for query in gateway.spy().queries]
        [entry] = await gateway.entries()
        assert ["credit_score"] == entry["refused"]

    async def test_id_alone(self, gateway: Whole) -> None:
        """Who asks for the id and something that is withheld gets the id."""
        found = await said(gateway, Query("Person", ("Id", "iban"), target=LENA))

        assert [({"Id": "7"}, ("iban",))] == [(one.fields, one.withheld) for one in found.released.records]

    async def test_lenient_filters_are_strict(self, gateway: Whole) -> None:
        """Filtering by a hidden name is refused whatever the caller puts up with."""
        query = Query("Person", ("city",), Compare("credit_score", Op.GT, 5))
        call = Call("crm", query, "service", dialect="memory", lenient=True)

        with pytest.raises(FieldRefused) as caught:
            await gateway.app.gateway.handle(call, Credential("bearer", gateway.keys["arno"]))
        assert ("credit_score",) == caught.value.names

    async def test_no_such_resource(self, gateway: Whole) -> None:
        """A resource that the CRM does not call so is not found, our own name for it included."""
        with pytest.raises(ConnectionNotFound):
            await said(gateway, Query("contact", ("city",)))

    async def test_other_dialect(self, gateway: Whole) -> None:
        """A CRM is spoken to in its own dialect only."""
        call = Call("crm", Query("Contact", ("Id",)), "service", dialect="salesforce")

        with pytest.raises(ConnectionNotFound):
            await gateway.app.gateway.handle(call, Credential("bearer", gateway.keys["anna"]))

    async def test_purpose(self, gateway: Whole) -> None:
        """A purpose that is not granted refuses before any name is looked at."""
        with pytest.raises(PurposeRefused):
            await said(gateway, Query("Person", ("nothing",)), "arno", "collections")

    @pytest.mark.parametrize("item", [Aggregate("max", "birthdate", "b"), Typeof("owner", {"User": ("name",)})])
    async def test_not_carried(self, gateway: Whole, item: Aggregate | Typeof) -> None:
        """What the gateway does not decide in a dialect is refused."""
        with pytest.raises((InvalidCall, FieldRefused)):
            await said(gateway, Query("Person", ("id", item)))
        assert [] == gateway.spy().queries


class TestSearching:
    @pytest.mark.parametrize(
        "query",
        [
            Query("Person", ("id",), Compare("IBAN", Op.PREFIX, "DE")),
            Query("Person", ("id",), Compare("nothing", Op.PREFIX, "DE")),
            Query("Person", ("id",), order=(Order("iban"),)),
            Query("Person", ("id",), group=("iban",)),
            Query("Person", ("id",), Text("DE", ("iban",))),
            Query("Person", ("id",), Text("DE", ("*",))),
        ],
    )
    async def test_hidden(self, gateway: Whole, query: Query) -> None:
        """Filtering, sorting, grouping and searching words are refused where a field may not be searched."""
        assert await refused(gateway, query)

    async def test_permitted(self, gateway: Whole) -> None:
        """What may be searched is, and the CRM is asked by its own paths."""
        found = await said(gateway, Query("Person", ("Id",), Compare("PHONE", Op.EQ, "+49 30 23125001")))

        assert ["7"] == [record.id for record in found.released.records]


class TestReferences:
    async def test_beside(self, gateway: Whole, firm: MemoryCrm) -> None:
        """What the rules permit of the company comes with the contact."""
        query = Query("Person", ("first_name", "Employer.Name", "employer.PHONE"), target=LENA)
        [record] = (await said(gateway, query)).released.records

        assert {"first_name": "Lena", "Employer.Name": "Nordlicht Energie", "employer.PHONE": "+49 30 23125070"} == (
            record.fields
        )
        [asked] = gateway.spy().queries
        assert ("id", "first_name", "company", "company/id", "company/name", "company/phone") == asked.select

    async def test_both_in_the_entry(self, gateway: Whole, firm: MemoryCrm) -> None:
        """The entry tells of both records, each by a pseudonym of its own."""
        await said(gateway, Query("Person", ("first_name", "employer.name"), target=LENA))
        [entry] = await gateway.entries()
        groups = entry["groups"]
        assert isinstance(groups, list)

        assert "['company', 'company/name', 'first_name']" == str(entry["released"])
        assert 2 == len({subject for group in groups for subject in group["subjects"]})

    async def test_nobody(self, gateway: Whole) -> None:
        """Where a reference leads nowhere there is nothing, and nothing withheld."""
        query = Query("Person", ("first_name", "employer.name"), target=LENA)
        [record] = (await said(gateway, query)).released.records

        assert ({"first_name": "Lena", "employer.name": None}, ()) == (record.fields, record.withheld)

    async def test_restricted(self, gateway: Whole, firm: MemoryCrm) -> None:
        """Of a company that is restricted nothing is seen beside its people."""
        place = RecordPlace("acme", "crm", "company", "70")
        await gateway.app.administration.standings.change(place, Standing(), Standing(restricted=True))
        [record] = (await said(gateway, Query("Person", ("first_name", "employer.name"), target=LENA))).released.records

        assert ({"first_name": "Lena"}, ("employer.name",)) == (record.fields, record.withheld)

    @pytest.mark.parametrize("name", ["employer.nothing", "owner.name", "employer.owner.name", "nothing.name"])
    async def test_leading_nowhere(self, gateway: Whole, name: str) -> None:
        """A path that leads nowhere is refused like a hidden field."""
        assert (name,) == await refused(gateway, Query("Person", ("id", name)))

    async def test_filter(self, gateway: Whole, firm: MemoryCrm) -> None:
        """Contacts are found by their company as company rules permit searching."""
        query = Query("Person", ("id",), Compare("employer.name", Op.EQ, "Nordlicht Energie"))

        assert ["7"] == [record.id for record in (await said(gateway, query)).released.records]

    @pytest.mark.parametrize("name", ["employer.owner", "employer.nothing"])
    async def test_filter_refused(self, gateway: Whole, name: str) -> None:
        """Filtering by what may be seen of a company but not searched is refused, as by what there is not."""
        assert (name,) == await refused(gateway, Query("Person", ("id",), Compare(name, Op.EQ, "o-1")))

    async def test_more_than_asked(self, gateway: Whole, firm: MemoryCrm) -> None:
        """What a CRM says of a company beyond what it was asked stays inside."""
        gateway.spy().tamper = lambda _, page: replace(
            page,
            records=tuple(
                replace(one, values={**one.values, "company/credit_limit": "canary-1", "owner/name": "canary-2"})
                for one in page.records
            ),
        )
        disclosure = await said(gateway, Query("Person", ("first_name", "employer.name"), target=LENA))

        assert "canary" not in str(disclosure.released.records)


class TestChildren:
    QUERY = Query("Firm", ("name", Child("STAFF", Query("", ("First_name", "iban", "notes"), limit=5))))

    async def test_decided_one_by_one(self, gateway: Whole, firm: MemoryCrm) -> None:
        """What hangs on a company are contacts, each released by its own rules."""
        firm.update("contact", "8", {"company": "70"})
        [record] = (await said(gateway, self.QUERY)).released.records
        lena, karl = record.children["STAFF"]

        assert ({"First_name": "Lena", "notes": "prefers calls in the morning"}, ("iban",)) == (
            lena.fields,
            lena.withheld,
        )
        assert ("iban", "notes") == karl.withheld

    async def test_hidden_filter(self, gateway: Whole, firm: MemoryCrm) -> None:
        """A filter under a record is a filter."""
        child = Child("staff", Query("", ("first_name",), Compare("iban", Op.PREFIX, "DE")))

        assert ("iban",) == await refused(gateway, Query("Firm", ("name", child)))

    async def test_unknown(self, gateway: Whole) -> None:
        """A relation that there is not is refused like a field."""
        assert ("Deals",) == await refused(gateway, Query("Firm", ("name", Child("Deals", Query("", ("id",))))))

    async def test_restricted(self, gateway: Whole, firm: MemoryCrm) -> None:
        """A contact that is restricted is not among what hangs on its company."""
        place = RecordPlace("acme", "crm", "contact", "7")
        await gateway.app.administration.standings.change(place, Standing(), Standing(restricted=True))
        [record] = (await said(gateway, self.QUERY)).released.records

        assert () == record.children["STAFF"]


class TestSemiJoins:
    async def test_permitted(self, gateway: Whole, firm: MemoryCrm) -> None:
        """Companies are found by those who work there, where both sides may be searched."""
        inner = Query("Firm", ("Id",), Compare("name", Op.EQ, "Nordlicht Energie"))
        found = await said(gateway, Query("Person", ("id",), In("company", inner)))

        assert ["7"] == [record.id for record in found.released.records]

    @pytest.mark.parametrize(
        "inner",
        [
            Query("Person", ("company",), Compare("iban", Op.PREFIX, "DE")),
            Query("Person", ("iban",)),
            Query("Person", ("nothing",)),
            Query("Nothing", ("id",)),
        ],
    )
    async def test_hidden(self, gateway: Whole, inner: Query) -> None:
        """What a sub-query selects or filters by is searched."""
        assert await refused(gateway, Query("Firm", ("id",), And((In("id", inner),))))


class TestChanges:
    async def test_update(self, gateway: Whole, crm: MemoryCrm) -> None:
        """A change names fields as the CRM does, and so does what is said of it."""
        change = Change(ChangeKind.UPDATE, "Person", LENA, {"PHONE": "+49 30 23125099"}, precondition="*")
        [record] = (await said(gateway, change)).released.records

        assert "+49 30 23125099" == record.fields["phone"]
        assert {"id": "7", "phone": "+49 30 23125099"} == crm.row("contact", "7", ["phone"])

    async def test_quiet(self, gateway: Whole) -> None:
        """After a quiet change the record is not read again; the answer says which one it was."""
        change = Change(ChangeKind.UPDATE, "Person", LENA, {"phone": "+49 30 23125099"}, precondition="*", quiet=True)
        disclosure = await said(gateway, change)

        assert ("7", ()) == (disclosure.touched, disclosure.released.records)
        assert 1 == len(gateway.spy().queries)

    async def test_quiet_creation(self, gateway: Whole) -> None:
        """Who has made a record quietly learns its id with one call to the CRM."""
        change = Change(ChangeKind.CREATE, "Person", values={"first_name": "Ida"}, quiet=True)
        disclosure = await said(gateway, change, "selma")

        assert disclosure.touched
        assert [] == gateway.spy().queries

    @pytest.mark.parametrize("name", ["iban", "nothing", "employer.name"])
    async def test_refused(self, gateway: Whole, name: str) -> None:
        """What may not be written, and what there is not, is refused by its name."""
        change = Change(ChangeKind.UPDATE, "Person", LENA, {"phone": "1", name: "x"}, precondition="*")

        assert (name,) == await refused(gateway, change)
        assert [] == gateway.spy().changes

    async def test_twice(self, gateway: Whole) -> None:
        """One field under two spellings is no change."""
        with pytest.raises(InvalidCall):
            await said(
                gateway, Change(ChangeKind.UPDATE, "Person", LENA, {"phone": "1", "Phone": "2"}, precondition="*")
            )


class TestDescribing:
    async def test_one(self, gateway: Whole) -> None:
        """A description holds known fields only, with where they lead as far as that is known."""
        [known] = (await said(gateway, Describe("Person"), "arno")).described

        assert "phone" in known.resource.fields
        assert not {"credit_score", "memory.shoe_size", "iban"} & known.resource.fields.keys()
        assert ("company",) == known.resource.fields["company"].references
        assert "clear" == known.actions["phone"]["view"].name

    async def test_all(self, gateway: Whole) -> None:
        """Whoever asks for everything is told of each resource of which anything is known."""
        described = (await said(gateway, Describe(""))).described

        assert ["Person", "Firm"] == [one.resource.native for one in described]
        assert ["staff"] == [relation.name for relation in described[1].resource.children]


async def test_unseen(gateway: Whole) -> None:
    """A record that is not there is not found in a dialect either."""
    with pytest.raises(RecordNotFound):
        await said(gateway, Query("Person", ("city",), target=RecordId("99999")))
