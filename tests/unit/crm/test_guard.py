from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, cast

import pytest

from policy_gateway.crm import guarded
from policy_gateway.errors import ConnectionNotFound, InvalidCall, RecordNotFound, UpstreamInvalid
from policy_gateway.model.field import Catalogue, Resource
from policy_gateway.query import And, Change, ChangeKind, Compare, In, Not, Op, Or, Query, Where
from policy_gateway.records import Outcome, OutcomeKind, Page, Record
from policy_gateway.testing.builders import a_change, a_page, a_query, a_record

if TYPE_CHECKING:
    from policy_gateway.model.field import RecordId, Value

pytestmark = pytest.mark.anyio

CATALOGUE = Catalogue("saying", {"contact": Resource("contact", "contacts", MappingProxyType({}))})
HOSTILE = ["../oauth/token", "7?fields=all", "7%3Ffields=z", "7#", "7%2F..%2F8", "7\n", " 7", "", "７", "7/8", "a"]


class Saying:
    """An adapter that says what it is told, and remembers whether it was asked."""

    def __init__(self, page: object = None, outcome: object = None) -> None:
        self.asked = 0
        self._page = page
        self._outcome = outcome

    async def catalogue(self) -> Catalogue:
        """Describe contacts."""
        return CATALOGUE

    async def read(self, query: Query) -> Page:
        """Say the page."""
        self.asked += 1
        return cast("Page", self._page)

    async def write(self, change: Change) -> Outcome:
        """Say the outcome."""
        self.asked += 1
        return cast("Outcome", self._outcome)


async def read(page: object, query: Query | None = None) -> Page:
    """Return what the guard makes of *page*."""
    return await guarded(Saying(page), CATALOGUE).read(query or a_query("name", limit=3))


async def write(outcome: object, change: Change) -> Outcome:
    """Return what the guard makes of *outcome*."""
    return await guarded(Saying(outcome=outcome), CATALOGUE).write(change)


class TestIds:
    @pytest.mark.attack("F01")
    @pytest.mark.parametrize("record_id", HOSTILE)
    async def test_target(self, record_id: str) -> None:
        """An id outside the grammar is refused before the CRM is asked."""
        adapter = Saying(a_page())
        with pytest.raises(InvalidCall):
            await guarded(adapter, CATALOGUE).read(a_query("name", target=record_id))
        with pytest.raises(InvalidCall):
            await guarded(adapter, CATALOGUE).write(a_change(target=record_id))

        assert 0 == adapter.asked

    @pytest.mark.parametrize(
        "where",
        [
            Compare("id", Op.EQ, "../7"),
            In("id", ("7", "../8")),
            And((Compare("name", Op.EQ, "x"), Not(Or((In("id", ("7?",)),))))),
        ],
    )
    async def test_in_a_filter(self, where: Where) -> None:
        """An id in a filter is held to the grammar too: an adapter may put it into a path."""
        adapter = Saying(a_page())
        with pytest.raises(InvalidCall):
            await guarded(adapter, CATALOGUE).read(a_query("name", where=where))

        assert 0 == adapter.asked

    async def test_other_fields(self) -> None:
        """What other fields are compared with is not held to the grammar of ids."""
        where = And((Compare("name", Op.EQ, "../7"), In("email", ("a/b",)), Compare("id", Op.EQ, "7")))

        assert () == (await read(a_page(), a_query("name", where=where))).records

    async def test_unknown_resource(self) -> None:
        """What the catalogue does not have is not asked for."""
        with pytest.raises(ConnectionNotFound):
            await read(a_page(), a_query("name", resource="secret"))


class TestPage:
    async def test_passed_on(self) -> None:
        """A page that is as asked for is passed on as it is."""
        page = a_page(a_record("1"), a_record("2", {"vip": True, "team": None, "consents": ("a", "b"), "score": 1.5}))

        passed = await read(page)

        assert page == passed
        assert a_record("2", {"vip": True}).values.items() <= passed.records[1].values.items()

    @pytest.mark.attack("D15")
    @pytest.mark.parametrize("records", [("8",), ("7", "8"), ("8", "7"), ("7", "7")])
    async def test_another_record(self, records: tuple[str, ...]) -> None:
        """Another record than the one that was asked for is refused, whatever else comes with it."""
        page = a_page(*map(a_record, records))
        with pytest.raises(UpstreamInvalid):
            await read(page, a_query("name", target="7"))

    async def test_no_record(self) -> None:
        """No record is a record that does not exist."""
        with pytest.raises(RecordNotFound):
            await read(a_page(), a_query("name", target="7"))

    @pytest.mark.attack("F13", "J07")
    @pytest.mark.parametrize(
        "page",
        [
            None,
            {},
            a_page(resource="company"),
            a_page(*map(a_record, "1234")),
            a_page(a_record("../7")),
            a_page(a_record(cast("str", 7))),
            a_page(a_record("7", {"id": "8"})),
            a_page(cursor=cast("str", 7)),
            a_page(cursor="x" * 3000),
            a_page(cursor="\ud800"),
            a_page(cast("Record", {"id": "7"})),
        ],
        ids=["none", "dict", "resource", "too-many", "id", "id-type", "two-ids", "cursor", "long", "text", "record"],
    )
    async def test_refused(self, page: object) -> None:
        """A page that was not asked for, or is none, is refused whole."""
        with pytest.raises(UpstreamInvalid):
            await read(page)

    @pytest.mark.parametrize(
        "value", [{"a": 1}, ["a"], b"a", object(), float("nan"), float("inf"), ("a", 1), (None,), 1j]
    )
    async def test_impossible_value(self, value: object) -> None:
        """A value of a type that no field has is left out; the rest of the record stays."""
        record = a_record("7", {"name": "Lena Vogt", "email": cast("Value", value)})

        assert {"name": "Lena Vogt"} == (await read(a_page(record))).records[0].values
        assert "email" in record.values


class TestOutcome:
    @pytest.mark.parametrize(
        ("change", "outcome"),
        [
            (a_change(target="7"), Outcome(OutcomeKind.DONE, cast("RecordId", "7"))),
            (a_change(target="7"), Outcome(OutcomeKind.REFUSED)),
            (a_change(ChangeKind.DELETE, target="7"), Outcome(OutcomeKind.DONE)),
            (a_change(ChangeKind.CREATE), Outcome(OutcomeKind.DONE, cast("RecordId", "9"))),
        ],
    )
    async def test_passed_on(self, change: Change, outcome: Outcome) -> None:
        """An outcome that fits its change is passed on."""
        assert outcome == await write(outcome, change)

    @pytest.mark.parametrize(
        ("change", "outcome"),
        [
            (a_change(target="7"), None),
            (a_change(target="7"), Outcome(OutcomeKind.DONE, cast("RecordId", "8"))),
            (a_change(ChangeKind.DELETE, target="7"), Outcome(OutcomeKind.DONE, cast("RecordId", "8"))),
            (a_change(ChangeKind.CREATE), Outcome(OutcomeKind.DONE)),
            (a_change(ChangeKind.CREATE), Outcome(OutcomeKind.DONE, cast("RecordId", "../9"))),
        ],
    )
    async def test_refused(self, change: Change, outcome: object) -> None:
        """An outcome for another record, or none, is refused."""
        with pytest.raises(UpstreamInvalid):
            await write(outcome, change)
