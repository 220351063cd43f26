from __future__ import annotations

import pytest

from policy_gateway.enforcement import permitted_only
from policy_gateway.errors import ReleaseFailed
from policy_gateway.model.decision import CLEAR, Grant, Permit, Searchable, everywhere
from policy_gateway.model.facts import Reading, TruthVector
from policy_gateway.query import In, Where
from policy_gateway.testing import a_page, a_record

TEAM = In("team", ("berlin",))


class NothingLeft:
    """A residual of nothing."""

    reads: frozenset[str] = frozenset()
    facts: frozenset[str] = frozenset()

    def truths(self, reading: Reading) -> TruthVector:
        """Return no truth."""
        del reading
        return TruthVector()

    def levels(self, truths: TruthVector) -> Grant:
        """Return no level."""
        del truths
        return Grant({})


def left(search: Where | None, searchable: Searchable = everywhere) -> list[str]:
    """Return which of three records are left of a page."""
    permit = Permit(
        "v",
        {"id": CLEAR},
        NothingLeft(),
        TruthVector(),
        search,
        reading={"principal.teams": frozenset({"berlin"})},
        searchable=searchable,
    )
    page = a_page(a_record("1", {"team": "berlin"}), a_record("2", {"team": "munich"}), a_record("3", {}))
    return [str(record.id) for record in permitted_only(page, permit).records]


def of_own_team(reading: Reading) -> bool:
    """Tell whether the record is of the principal's team."""
    return reading["record.team"] in reading["principal.teams"]  # type: ignore[operator]  # a set, as said above


class TestPermittedOnly:
    def test_without_filter(self) -> None:
        """A search that may look into every record leaves all of them, unasked."""
        assert ["1", "2", "3"] == left(None, of_own_team)

    def test_by_truth(self) -> None:
        """Whatever the CRM found, only records for which the condition holds are left."""
        assert ["1"] == left(TEAM, of_own_team)

    def test_broken(self) -> None:
        """A condition that breaks lets nothing out, and is not quoted."""

        def broken(reading: Reading) -> bool:
            raise LookupError(str(reading))

        with pytest.raises(ReleaseFailed) as raised:
            left(TEAM, broken)

        assert "berlin" not in str(raised.value)
