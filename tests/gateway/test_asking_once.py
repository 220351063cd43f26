"""Of one call a CRM is asked as little as can be: sizes of answers are counted once, changes tell what they show."""

from __future__ import annotations

from dataclasses import replace

import pytest

from policy_gateway.facts import RecordPlace, Standing
from policy_gateway.model.disclosure import Disclosure
from policy_gateway.model.field import RecordId
from policy_gateway.model.principal import Credential
from policy_gateway.query import Call, Change, ChangeKind, Operation, Query
from policy_gateway.testing.gateways import Whole
from policy_gateway_memory import MemoryCrm

pytestmark = pytest.mark.anyio

LENA = RecordId("7")
THEN = {"created_at": "2026-01-02T03:04:05+00:00", "updated_at": "2026-01-02T03:04:05+00:00"}


async def said(gateway: Whole, operation: Operation, who: str = "anna") -> Disclosure:
    """Return what *who* is told for service."""
    call = Call("crm", operation, "service", dialect="memory")
    return await gateway.app.gateway.handle(call, Credential("bearer", gateway.keys[who]))


class TestTotals:
    """How many records an answer in pages has: as many as its pages will bring, whatever the CRM has beyond."""

    @pytest.fixture
    def many(self, crm: MemoryCrm) -> MemoryCrm:
        """Return the CRM with thirty contacts."""
        crm._rows.clear()
        for number in range(1, 31):
            crm.add("contact", id=str(number), first_name=f"N{number}", team="berlin", iban=f"DE{number}", **THEN)
        return crm

    @pytest.mark.usefixtures("many")
    async def test_seen(self, gateway: Whole) -> None:
        """Hidden records are not counted, on the first page or after it."""
        for record in ("2", "20", "21"):
            place = RecordPlace("acme", "crm", "contact", record)
            await gateway.app.administration.standings.change(place, Standing(), Standing(restricted=True))
        disclosure = await said(gateway, Query("Person", ("first_name",), limit=10, total=1000))
        first = len(disclosure.released.records)

        assert (10, 27) == (first, disclosure.total)

    @pytest.mark.usefixtures("many")
    async def test_asked_once_more(self, gateway: Whole) -> None:
        """What comes after the first page is counted from there on, by ids and what decides alone."""
        disclosure = await said(gateway, Query("Person", ("first_name", "phone"), limit=10, total=1000))
        first, after = gateway.spy().queries

        assert 30 == disclosure.total
        assert {"id", "first_name", "phone"} <= {*first.select}
        assert "id" in after.select
        assert not {"first_name", "phone", "iban"} & {*after.select}
        assert after.cursor is not None

    @pytest.mark.usefixtures("many")
    async def test_no_further(self, gateway: Whole) -> None:
        """Nothing is counted beyond what is wanted, of what comes at once, on later pages, or if nobody wants it."""
        some = await said(gateway, Query("Person", ("first_name",), limit=10, total=12))
        whole = await said(gateway, Query("Person", ("first_name",), limit=100, total=1000))
        gateway.spy().forget()
        query = Query("Person", ("first_name",), limit=10)
        plain = await said(gateway, query)
        later = await said(gateway, replace(query, cursor=plain.released.cursor, total=1000))

        assert (12, None, None, None) == (some.total, whole.total, plain.total, later.total)
        assert 10 == len(later.released.records)
        assert 2 == len(gateway.spy().queries)


class TestChanges:
    async def test_asks_to_see(self, gateway: Whole) -> None:
        """A change says what it wants to see then; what its caller may not know of, or there is not, is left out."""
        wanted = ("Phone", "vip", "iban", "credit_score", "nothing", "employer.name")
        change = Change(
            ChangeKind.UPDATE, "Person", LENA, {"phone": "+49 30 23125099"}, precondition="*", select=wanted
        )
        [record] = (await said(gateway, change, "arno")).released.records
        spy = gateway.spy()

        assert {"phone": "+49 30 23125099"} == {name: record.fields[name] for name in record.fields if name != "vip"}
        assert not {"credit_score", "first_name", "email"} & spy.asked
        assert ["phone"] == [path for path in spy.changes[0].select if path == "phone"]

    async def test_asks_to_see_nothing_known(self, gateway: Whole) -> None:
        """Who wants to see nothing that it may know of learns which record it was, and not all there is."""
        change = Change(
            ChangeKind.UPDATE, "Person", LENA, {"phone": "+49 30 1"}, precondition="*", select=("credit_score", "x")
        )
        disclosure = await said(gateway, change, "arno")

        assert "7" == disclosure.touched
        assert {"id"} >= set(disclosure.released.records[0].fields)
