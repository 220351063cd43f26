from __future__ import annotations

import pytest

from policy_gateway.enforcement import permitted_only
from policy_gateway.model.decision import CLEAR, Grant, Permit
from policy_gateway.model.facts import Reading, TruthVector
from policy_gateway.model.field import Value
from policy_gateway.query import And, Compare, In, Not, Op, Or, RelativeDate, Text, Unit, Where
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


def left(search: Where | None, **values: Value) -> bool:
    """Tell whether a record with *values* is left of a page that *search* should have filtered."""
    permit = Permit("v", {"id": CLEAR}, NothingLeft(), TruthVector(), search)
    return bool(permitted_only(a_page(a_record("1", values)), permit).records)


class TestPermittedOnly:
    def test_without_filter(self) -> None:
        """A search that may look into every record leaves all of them."""
        assert left(None, team="munich")

    @pytest.mark.parametrize("team", ["Berlin", "berlin ", "munich", None, "", 7])
    def test_literally(self, team: Value) -> None:
        """Values are what they are: another case, a blank or another type is another value."""
        assert (True, False) == (left(TEAM, team="berlin"), left(TEAM, team=team))

    def test_unanswered(self) -> None:
        """What the CRM did not answer permits nothing."""
        known = Compare("team", Op.IS_NULL, value=False)

        assert (False, False) == (left(TEAM), left(And((known, Not(TEAM)))))

    @pytest.mark.parametrize(
        ("vip", "holds"), [(True, True), (False, False), (1, False), ("true", False), (None, False)]
    )
    def test_flag(self, vip: Value, *, holds: bool) -> None:
        """A truth is a truth, and no number."""
        assert holds == left(Compare("vip", Op.EQ, value=True), vip=vip)

    @pytest.mark.parametrize(
        ("search", "holds"),
        [
            (Or((TEAM, Compare("vip", Op.EQ, value=True))), True),
            (And((TEAM, Compare("vip", Op.EQ, value=True))), False),
            (Not(TEAM), True),
            (Compare("team", Op.NE, "berlin"), True),
            (In("consents", ("marketing:phone",)), True),
            (Compare("consents", Op.EQ, "survey:phone"), False),
        ],
    )
    def test_composed(self, search: Where, *, holds: bool) -> None:
        """Conjunctions, alternatives and negations mean what they say."""
        assert holds == left(search, team="munich", vip=True, consents=("marketing:phone",))

    @pytest.mark.parametrize(
        "search",
        [
            Text("ber", ("team",)),
            Compare("team", Op.PREFIX, "ber"),
            Compare("created_at", Op.GE, RelativeDate(Unit.DAY, -7)),
            Not(Compare("team", Op.CONTAINS, "x")),
            And((TEAM, Text("x", ("team",)))),
        ],
    )
    def test_what_only_a_crm_can_tell(self, search: Where) -> None:
        """What cannot be told here is left to the CRM, which was asked for it."""
        assert left(search, team="berlin", created_at="2026-01-01")
