# ruff: noqa: S101, SIM300 -- a conformance check is a test: expected == actual
"""Reading gives exactly what was asked for, and asks the CRM for no more."""

from __future__ import annotations

import pytest

from policy_gateway.errors import ConnectionNotFound, GatewayError, InvalidCall, RecordNotFound, Refused
from policy_gateway.model.field import RecordId, Value
from policy_gateway.query import Aggregate, Child, Compare, Op, Order, Query, Typeof
from policy_gateway.testing.conformance.rig import Rig, leaked

MAX_PAGE = 1000
SMALL = 100
HOSTILE_IDS = (
    "../1",
    "..%2F1",
    "1/../2",
    "1?fields=all",
    "1%3Ffields=all",
    "1#",
    "1;v=1",
    "1 OR 1=1",
    "1\r\nX-Evil: 1",
    "1\x00",
    " 1",
    "1\n",
    "-1",
    "1e1",
    "0x1",
    "\u0661",
    "",
    ".",
    "..",
    "search",
    "9" * 400,
)


@pytest.mark.anyio
class ReadConformance:
    """Selection, pages, targets, order."""

    @pytest.fixture
    def anyio_backend(self) -> str:
        """Run on asyncio, as the gateway does."""
        return "asyncio"

    async def test_asks_only_for_what_is_selected(self, rig: Rig) -> None:
        """The CRM is asked for the selected fields and its own keys: what was not fetched cannot leak."""
        fields = (await rig.described()).fields
        for path, field in fields.items():
            for query in (Query(rig.resource, (path,), limit=2), Query(rig.resource, (path,), target=rig.ids[0])):
                rig.upstream.forget()
                page = await rig.adapter.read(query)
                surplus = rig.upstream.asked() - rig.native_names(field) - rig.always_asked
                assert not surplus, path
                assert all(set(record.values) <= {path} for record in page.records)

    async def test_selecting_nothing_reads_nothing(self, rig: Rig) -> None:
        """A query that selects nothing gets ids without values: whoever narrowed it to nothing meant it."""
        rig.upstream.forget()
        page = await rig.read(limit=2)

        assert [{} for _ in page.records] == [dict(record.values) for record in page.records]
        assert not rig.upstream.asked() - rig.always_asked

    async def test_has_the_record_that_was_asked_for(self, rig: Rig) -> None:
        """A target gives one page with that one record and its id as a value, when selected."""
        for record_id in rig.ids[:3]:
            page = await rig.adapter.read(Query(rig.resource, ("id",), target=record_id))

            assert rig.resource == page.resource
            assert [(record_id, {"id": record_id})] == [(record.id, dict(record.values)) for record in page.records]
            assert page.cursor is None

    async def test_a_missing_record_is_not_found(self, rig: Rig) -> None:
        """An id that does not exist is a RecordNotFound."""
        with pytest.raises(RecordNotFound):
            await rig.adapter.read(Query(rig.resource, ("id",), target=rig.missing))

    async def test_a_filter_holds_for_a_target(self, rig: Rig) -> None:
        """A filter holds for a target too: policy adds the conditions under which a record may be found."""
        here, elsewhere = (Compare("id", Op.EQ, record_id) for record_id in rig.ids[:2])
        page = await rig.adapter.read(Query(rig.resource, ("id",), where=here, target=rig.ids[0]))
        with pytest.raises(RecordNotFound):
            await rig.adapter.read(Query(rig.resource, ("id",), where=elsewhere, target=rig.ids[0]))

        assert [rig.ids[0]] == [record.id for record in page.records]

    @pytest.mark.parametrize("hostile", HOSTILE_IDS, ids=ascii)
    async def test_a_hostile_id_goes_nowhere_else(self, rig: Rig, hostile: str) -> None:
        """An id with characters of URLs is refused, and no other place of the CRM is called for it."""
        await rig.adapter.catalogue()
        await rig.read("id", limit=1)
        rig.upstream.forget()
        with pytest.raises((RecordNotFound, InvalidCall)):
            await rig.adapter.read(Query(rig.resource, ("id",), target=RecordId(hostile)))

        assert [] == list(rig.upstream.addresses())

    async def test_a_field_without_value_is_none(self, rig: Rig) -> None:
        """A field that was asked for and is empty in the CRM is present with None; absent would mean withheld."""
        for record_id, path in rig.empty:
            assert {path: None} == dict((await rig.get(record_id, path)).values)

    async def test_all_known_records_have_all_mapped_fields(self, rig: Rig) -> None:
        """A CRM that withholds nothing from this credential answers every field of its catalogue."""
        fields = (await rig.described()).fields
        for record_id in rig.ids[:3]:
            record = await rig.get(record_id, *fields)
            assert sorted(fields) == sorted(record.values)
            assert all(isinstance(value, str | int | float | bool | tuple | None) for value in record.values.values())

    async def test_unknown_names_are_refused(self, rig: Rig) -> None:
        """A path or resource that is not in the catalogue is refused before anything is asked."""
        await rig.adapter.catalogue()
        rig.upstream.forget()
        for path in ("no_such_field", f"{rig.adapter_name}.no_such_field", "ID", "id,name", "", "__class__"):
            with pytest.raises(Refused):
                await rig.read(path)
            with pytest.raises(Refused):
                await rig.read("id", where=Compare(path, Op.EQ, "1"))
            with pytest.raises(Refused):
                await rig.adapter.read(Query(rig.resource, ("id",), order=(Order(path),)))
        with pytest.raises((ConnectionNotFound, InvalidCall)):
            await rig.adapter.read(Query("no_such_resource", ("id",)))

        assert frozenset() == rig.upstream.asked() - rig.always_asked

    @pytest.mark.parametrize("limit", [1, 2, 7])
    async def test_a_page_is_no_longer_than_its_limit(self, rig: Rig, limit: int) -> None:
        """At most *limit* records come at once, and a cursor when there are more."""
        page = await rig.read("id", limit=limit)

        assert 1 <= len(page.records) <= limit
        assert page.cursor or limit >= len(rig.ids)

    @pytest.mark.parametrize("limit", [0, -1])
    async def test_a_limit_of_nothing_is_refused(self, rig: Rig, limit: int) -> None:
        """A page of no records, or fewer, breaks the grammar."""
        with pytest.raises(InvalidCall):
            await rig.read("id", limit=limit)

    async def test_a_huge_limit_is_bounded(self, rig: Rig) -> None:
        """An adapter never asks for a page larger than the CRM gives: the rest follows by cursor."""
        assert len((await rig.read("id", limit=10**9)).records) <= MAX_PAGE

    async def test_paging_ends_and_repeats_nothing(self, rig: Rig) -> None:
        """Following the cursors gives each record once, then ends."""
        for limit in (2, SMALL) if len(rig.ids) < SMALL else (SMALL,):
            found = [record.id for record in await rig.all(Query(rig.resource, ("id",), limit=limit))]

            assert sorted(set(found)) == sorted(found)
            assert set(rig.ids) <= set(found)

    async def test_a_page_knows_its_order(self, rig: Rig) -> None:
        """Ordering holds over all pages, in both directions, or is refused."""
        for descending in (False, True):
            order = (Order(rig.ordered_by, descending=descending),)
            try:
                records = await rig.all(Query(rig.resource, (rig.ordered_by,), order=order, limit=100))
            except InvalidCall:
                continue
            keys = [_sortable(value) for record in records if (value := record.values[rig.ordered_by]) is not None]
            assert sorted(keys, reverse=descending) == keys
            assert len({record.id for record in records}) == len(records)

    @pytest.mark.parametrize("cursor", ["garbage", "", "-1", "0\x00", "../../x", "9" * 400, "{}", "k:x", "o:-5"])
    async def test_a_broken_cursor_is_refused(self, rig: Rig, cursor: str) -> None:
        """A cursor that this adapter did not give is refused, whatever it holds."""
        with pytest.raises(InvalidCall):
            await rig.adapter.read(Query(rig.resource, ("id",), cursor=cursor))

    async def test_nodes_it_cannot_carry_are_refused(self, rig: Rig) -> None:
        """Aggregates, children, type switches, groups, history and associations are carried or refused."""
        count = Aggregate("count", "", "n")
        queries = {
            "Aggregate": Query(rig.resource, (count,)),
            "Child": Query(rig.resource, ("id", Child("companies", Query("company", ("id",))))),
            "Typeof": Query(rig.resource, (Typeof("owner", {"user": ("name",)}),)),
            "group": Query(rig.resource, ("id",), group=("id",)),
            "having": Query(rig.resource, ("id",), having=Compare("id", Op.EQ, rig.ids[0])),
            "history": Query(rig.resource, ("id",), history=True),
            "associations": Query(rig.resource, ("id",), associations=("companies",)),
        }
        for node in sorted(queries.keys() - rig.carries):
            with pytest.raises(InvalidCall):
                await rig.adapter.read(queries[node])

    async def test_a_refusal_quotes_no_value(self, rig: Rig) -> None:
        """What the adapter says of a bad call does not contain what the call looked for, nor a record's values."""
        values = await rig.values(rig.ids[:2])
        for value in sorted(values):
            with pytest.raises(GatewayError) as caught:
                await rig.read("no_such_field", where=Compare("no_such_field", Op.EQ, value))
            assert [] == leaked(caught.value, values)


def _sortable(value: Value) -> tuple[int, str]:
    """Return a key that sorts numbers, also when written as text, by size and texts by their characters."""
    text = str(value)
    return (int(text), "") if text.isdecimal() else (0, text)
