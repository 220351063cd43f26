from __future__ import annotations

import pytest

from policy_gateway.errors import InvalidCall, PreconditionFailed, RecordNotFound
from policy_gateway.facts import RecordPlace, Standing, StandingFacts, Standings
from policy_gateway.facts.adapter import StandingAdapter
from policy_gateway.model.field import RecordId
from policy_gateway.query import Change, ChangeKind, Query
from policy_gateway.testing import a_call, a_page, a_principal, a_record

pytestmark = pytest.mark.anyio

PLACE = RecordPlace("acme", "crm", "contact", "7")
ID = RecordId("crm:contact:7")
NEITHER, RESTRICTED = Standing(), Standing(restricted=True)


def change(**values: object) -> Change:
    """Return a change of the record's standing."""
    return Change(ChangeKind.UPDATE, "standing", ID, values=values)  # type: ignore[arg-type]  # some are wrong


class TestStandings:
    async def test_nothing_kept(self, standings: Standings) -> None:
        """A record of which nothing is kept is neither restricted nor about to be erased."""
        assert await standings.of(PLACE) == NEITHER

    async def test_changed_and_back(self, standings: Standings) -> None:
        """What was changed holds at once, and can be changed back."""
        await standings.change(PLACE, NEITHER, RESTRICTED)
        assert await standings.of(PLACE) == RESTRICTED
        await standings.change(PLACE, RESTRICTED, NEITHER)
        assert await standings.of(PLACE) == NEITHER

    async def test_somebody_was_faster(self, standings: Standings) -> None:
        """Whoever changes what is not there any more changes nothing."""
        await standings.change(PLACE, NEITHER, RESTRICTED)
        with pytest.raises(PreconditionFailed):
            await standings.change(PLACE, NEITHER, Standing(erasure_pending=True))
        assert await standings.of(PLACE) == RESTRICTED

    async def test_places_apart(self, standings: Standings) -> None:
        """The same id elsewhere is another record."""
        await standings.change(PLACE, NEITHER, RESTRICTED)
        for other in (
            RecordPlace("bolt", "crm", "contact", "7"),
            RecordPlace("acme", "other", "contact", "7"),
            RecordPlace("acme", "crm", "company", "7"),
            RecordPlace("acme", "crm", "contact", "8"),
        ):
            assert await standings.of(other) == NEITHER


class TestFacts:
    async def test_each_record(self, standings: Standings) -> None:
        """Both facts are known of every record of a page, whatever it is of."""
        await standings.change(PLACE, NEITHER, RESTRICTED)
        source = StandingFacts(standings)
        page = a_page(a_record("6"), a_record("7"))
        known = await source.about_records(a_principal(), a_call(), page)
        assert [
            {"fact.restricted": False, "fact.erasure_pending": False},
            {"fact.restricted": True, "fact.erasure_pending": False},
        ] == [dict(one.facts) for one in known]

    async def test_nothing_beforehand(self, standings: Standings) -> None:
        """Of a call alone nothing is known."""
        assert {} == await StandingFacts(standings).about_call(a_principal(), a_call())


class TestAdapter:
    @pytest.fixture
    def adapter(self, standings: Standings) -> StandingAdapter:
        """Return the adapter of one tenant."""
        return StandingAdapter("acme", standings)

    async def test_read(self, adapter: StandingAdapter) -> None:
        """A standing is read by the place of its record."""
        page = await adapter.read(Query("standing", ("id", "record", "restricted"), target=ID))
        assert [{"id": ID, "record": "7", "restricted": False}] == [dict(record.values) for record in page.records]

    async def test_written(self, adapter: StandingAdapter, standings: Standings) -> None:
        """A flag that is not named stays as it is."""
        await standings.change(PLACE, NEITHER, Standing(erasure_pending=True))
        await adapter.write(change(restricted=True))
        assert await standings.of(PLACE) == Standing(restricted=True, erasure_pending=True)

    @pytest.mark.parametrize("wrong", [{"restricted": "yes"}, {"restricted": None}, {"record": "8"}, {"restricted": 1}])
    async def test_wrong_values(self, adapter: StandingAdapter, standings: Standings, wrong: dict[str, object]) -> None:
        """Anything but true or false for a flag is refused, and nothing changes."""
        with pytest.raises(InvalidCall):
            await adapter.write(change(**wrong))
        assert await standings.of(PLACE) == NEITHER

    async def test_expected(self, adapter: StandingAdapter, standings: Standings) -> None:
        """What was decided on a state that is gone is not written."""
        await standings.change(PLACE, NEITHER, RESTRICTED)
        decided = Change(
            ChangeKind.UPDATE, "standing", ID, values={"erasure_pending": True}, expected={"restricted": False}
        )
        with pytest.raises(PreconditionFailed):
            await adapter.write(decided)

    @pytest.mark.parametrize("kind", [ChangeKind.CREATE, ChangeKind.DELETE])
    async def test_kinds(self, adapter: StandingAdapter, kind: ChangeKind) -> None:
        """A standing is neither made nor deleted: every record has one."""
        with pytest.raises(InvalidCall):
            await adapter.write(Change(kind, "standing", ID))

    @pytest.mark.parametrize("record", ["7", "crm:contact", "crm:contact:7:8"])
    async def test_no_place(self, adapter: StandingAdapter, record: str) -> None:
        """An id that names no place is no record."""
        with pytest.raises(RecordNotFound):
            await adapter.read(Query("standing", target=RecordId(record)))

    async def test_no_list(self, adapter: StandingAdapter) -> None:
        """Standings are not listed: they would tell which records there are."""
        with pytest.raises(InvalidCall):
            await adapter.read(Query("standing"))
