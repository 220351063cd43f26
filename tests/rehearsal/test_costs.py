"""The made-up CRM counts as the real adapters ask."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from policy_gateway.model.field import RecordId
from policy_gateway.query import Change, ChangeKind, Compare, In, Op, Query
from policy_gateway.rehearsing.synthetic import Stage, SyntheticAdapter, sample_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.rehearsal.conftest import Crm

    from policy_gateway.records import Adapter

pytestmark = pytest.mark.anyio

CONTACT = ("id", "email", "last_name")
READS = {
    "list": Query("contact", CONTACT, limit=10),
    "filter": Query("contact", CONTACT, Compare("last_name", Op.EQ, "Vogt"), limit=10),
    "order": Query("contact", CONTACT, limit=10, where=Compare("email", Op.IS_NULL, value=False)),
}


async def done(adapter: Adapter, kind: ChangeKind, target: RecordId | None, expected: Mapping[str, str]) -> None:
    """Change a contact's name."""
    values = {} if kind is ChangeKind.DELETE else {"last_name": "Vogt"}
    await adapter.write(Change(kind, "contact", target, values, expected=expected))


@pytest.fixture(params=["hubspot", "salesforce"])
def crm(request: pytest.FixtureRequest, hubspot: Crm, salesforce: Crm) -> Crm:
    """Return a real adapter to a double."""
    return hubspot if request.param == "hubspot" else salesforce


@pytest.fixture
async def stage(crm: Crm) -> Stage:
    """Return a stage on which the made-up CRM plays the real one."""
    catalogue = await crm.adapter.catalogue()
    crm.transport.sent.clear()
    return Stage(catalogue)


class TestReads:
    @pytest.mark.parametrize("name", READS)
    async def test_one_page(self, crm: Crm, stage: Stage, name: str) -> None:
        """A page costs as many requests as it does in truth."""
        await crm.adapter.read(READS[name])
        await SyntheticAdapter(stage).read(READS[name])

        assert len(crm.transport.sent) == stage.count.all

    async def test_one_record(self, crm: Crm, stage: Stage) -> None:
        """So does a record, and several by their ids."""
        [record] = (await crm.adapter.read(Query("contact", CONTACT, limit=1))).records
        crm.transport.sent.clear()
        for query in (
            Query("contact", CONTACT, target=record.id),
            Query("contact", CONTACT, In("id", (record.id,)), limit=10),
        ):
            await crm.adapter.read(query)
            await SyntheticAdapter(stage).read(query)

        assert len(crm.transport.sent) == stage.count.all


class TestWrites:
    @pytest.mark.parametrize("kind", [ChangeKind.CREATE, ChangeKind.UPDATE, ChangeKind.DELETE])
    @pytest.mark.parametrize("decided", [False, True], ids=["as-it-is", "decided-on-the-record"])
    async def test_changes(self, crm: Crm, stage: Stage, kind: ChangeKind, decided: bool) -> None:  # noqa: FBT001 -- a case
        """A change costs as many requests as it does in truth, what is compared before it included."""
        [record] = (await crm.adapter.read(Query("contact", CONTACT, limit=1))).records
        crm.transport.sent.clear()
        target = None if kind is ChangeKind.CREATE else record.id
        expected = {"email": str(record.values["email"])} if decided and target else {}
        await done(crm.adapter, kind, target, expected)
        await done(SyntheticAdapter(stage), kind, target, expected)

        assert len(crm.transport.sent) == stage.count.all

    async def test_told(self, hubspot: Crm) -> None:
        """What was seen is not looked for before it is deleted; what is told of a change is what HubSpot tells."""
        stage = Stage(await hubspot.adapter.catalogue())
        [record] = (await hubspot.adapter.read(Query("contact", CONTACT, limit=1))).records
        hubspot.transport.sent.clear()
        told = []
        for adapter in (hubspot.adapter, SyntheticAdapter(stage)):
            select = ("id", "last_name", "updated_at", "team")
            change = Change(ChangeKind.UPDATE, "contact", record.id, {"last_name": "Vogt"}, seen=True, select=select)
            outcome = await adapter.write(change)
            told.append(outcome.record.values.keys() if outcome.record else None)
            await adapter.write(Change(ChangeKind.DELETE, "contact", record.id, seen=True))

        assert {"id", "last_name", "updated_at"} == told[0] == told[1]
        assert 2 == len(hubspot.transport.sent) == stage.count.all


class TestRecords:
    async def test_typed(self, stage: Stage) -> None:
        """Every field of every resource has a value of its type, and every id is one of its resource."""
        for resource in stage.catalogue.resources.values():
            query = Query(resource.name, tuple(resource.fields), target=RecordId(sample_id(resource.id_pattern)))
            [record] = (await SyntheticAdapter(stage).read(query)).records

            assert set(resource.fields) == set(record.values)

    @pytest.mark.parametrize(
        "pattern", ["[0-9]{1,20}", "003[A-Za-z0-9]{12}[A-Z0-5]{3}", r"a\-[0-9]+", "[A-Za-z0-9]{15}[A-Z0-5]{3}"]
    )
    def test_ids(self, pattern: str) -> None:
        """Ids are such as the pattern allows, and differ."""
        found = [sample_id(pattern, place) for place in range(3)]

        assert 3 == len(set(found))
        assert all(re.fullmatch(pattern, each) for each in found)
