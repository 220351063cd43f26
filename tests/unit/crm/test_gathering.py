from __future__ import annotations

import asyncio

import pytest

from policy_gateway.crm import together
from policy_gateway.crm.gathering import GatheringAdapter
from policy_gateway.errors import GatewayError, InvalidCall, RecordNotFound, UpstreamTimeout
from policy_gateway.model.field import Catalogue, RecordId
from policy_gateway.query import Change, Compare, In, Op, Query
from policy_gateway.records import Outcome, OutcomeKind, Page, Record

pytestmark = pytest.mark.anyio


class Crm:
    """A CRM of records 1 to 9 that remembers its questions, and gives at most *size* records a page."""

    def __init__(self, size: int = 100, error: GatewayError | None = None) -> None:
        self.asked: list[Query] = []
        self._size = size
        self._error = error

    async def catalogue(self) -> Catalogue:
        """Return nothing."""
        return Catalogue("test")

    async def read(self, query: Query) -> Page:
        """Return what is there."""
        self.asked.append(query)
        await asyncio.sleep(0)
        if self._error is not None:
            raise self._error
        if query.target is not None:
            if query.target > "9":
                raise RecordNotFound
            return Page("contact", (Record(query.target, {"id": query.target}),))
        assert isinstance(query.where, In)
        start = int(query.cursor or 0)
        ids = [str(one) for one in query.where.values if str(one) <= "9"]  # type: ignore[union-attr]  # a tuple
        records = tuple(Record(RecordId(one), {"id": one}) for one in ids[start : start + self._size])
        return Page("contact", records, str(start + self._size) if start + self._size < len(ids) else None)

    async def write(self, change: Change) -> Outcome:
        """Do as if."""
        return Outcome(OutcomeKind.DONE, change.target)


async def ask(adapter: GatheringAdapter, *ids: str, select: tuple[str, ...] = ("id",)) -> list[object]:
    """Return what each of *ids* is answered, asked for together."""
    with together():
        asked = (adapter.read(Query("contact", select, target=RecordId(one))) for one in ids)
        answers = await asyncio.gather(*asked, return_exceptions=True)
    return [one.records[0].id if isinstance(one, Page) else type(one) for one in answers]


class TestTogether:
    async def test_one_question(self) -> None:
        """What a batch asks for one by one is one question, and each gets its own answer."""
        crm = Crm()

        assert ["3", RecordNotFound, "1", "3"] == await ask(GatheringAdapter(crm), "3", "a", "1", "3")
        assert [In("id", ("3", "a", "1"))] == [query.where for query in crm.asked]

    async def test_alone(self) -> None:
        """One record of a batch is asked for by itself, as it is outside of one."""
        crm = Crm()
        adapter = GatheringAdapter(crm)
        await ask(adapter, "3")
        await adapter.read(Query("contact", ("id",), target=RecordId("3")))

        assert ["3", "3"] == [query.target for query in crm.asked]
        assert [RecordNotFound] == await ask(adapter, "a")

    async def test_outside(self) -> None:
        """Calls that have nothing to do with each other do not wait for each other."""
        crm = Crm()
        adapter = GatheringAdapter(crm)
        await asyncio.gather(*(adapter.read(Query("contact", ("id",), target=RecordId(one))) for one in "123"))

        assert 3 == len(crm.asked)

    async def test_only_alike(self) -> None:
        """Nobody is answered with fields that another one has asked for."""
        crm = Crm()
        adapter = GatheringAdapter(crm)
        await asyncio.gather(ask(adapter, "1", "2"), ask(adapter, "3", "4", select=("id", "email")))

        assert [("id",), ("id", "email")] == [query.select for query in crm.asked]

    async def test_filtered(self) -> None:
        """What is asked for under a condition is not gathered."""
        crm = Crm()
        query = Query("contact", ("id",), Compare("team", Op.EQ, "x"), target=RecordId("1"))
        with together():
            await asyncio.gather(*(GatheringAdapter(crm).read(query) for _ in range(2)))

        assert 2 == len(crm.asked)

    async def test_pages(self) -> None:
        """A CRM that gives fewer at once is asked for the rest."""
        crm = Crm(size=2)

        assert list("12345") == await ask(GatheringAdapter(crm), *"12345")
        assert 3 == len(crm.asked)

    async def test_failing(self) -> None:
        """Everybody who waits learns that the CRM could not answer."""
        assert [UpstreamTimeout] * 2 == await ask(GatheringAdapter(Crm(error=UpstreamTimeout())), "1", "2")

    async def test_one_by_one(self) -> None:
        """An adapter that cannot ask for several by their ids is asked for each."""

        class Simple(Crm):
            """Knows no lists of ids."""

            async def read(self, query: Query) -> Page:
                """Refuse a list."""
                if query.target is None:
                    raise InvalidCall
                return await super().read(query)

        crm = Simple()

        assert ["1", RecordNotFound, "2"] == await ask(GatheringAdapter(crm), "1", "a", "2")
        assert 3 == len(crm.asked)

    async def test_gone(self) -> None:
        """Who goes away leaves the answer to the others."""
        crm = Crm()
        adapter = GatheringAdapter(crm)
        with together():
            one, two = (asyncio.create_task(adapter.read(Query("contact", ("id",), target=RecordId(i)))) for i in "12")
        await asyncio.sleep(0)
        one.cancel()

        assert "2" == (await two).records[0].id
