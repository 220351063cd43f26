from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any

import pytest

from policy_gateway.builtins.conditions import BUILT_IN, Conditions
from policy_gateway.model.facts import Truth
from policy_gateway.query import And, Compare, In, Not, Op, Where

CONDITIONS = {condition.name: condition for condition in BUILT_IN}
T, F, U = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN
NOON = datetime(2026, 7, 1, 10, tzinfo=UTC)  # a Wednesday, 12:00 in Berlin

TABLE: list[tuple[str, tuple[str, ...], dict[str, Any], Truth]] = [
    ("own_record", (), {"record.owner": "7", "principal.owner_ids": frozenset({"7"})}, T),
    ("own_record", (), {"record.owner": "8", "principal.owner_ids": frozenset({"7"})}, F),
    ("own_record", (), {"record.owner": "", "principal.owner_ids": frozenset({""})}, U),
    ("own_record", (), {"record.owner": "7"}, U),
    ("own_team", (), {"record.team": "berlin", "principal.teams": frozenset({"berlin"})}, T),
    ("own_team", (), {"record.team": "b", "principal.teams": "berlin"}, U),
    ("own_team", (), {"record.team": None, "principal.teams": frozenset({"berlin"})}, U),
    ("own_region", (), {"record.region": "north", "principal.regions": ("north",)}, T),
    ("campaign", ("spring",), {"record.campaign": "spring"}, T),
    ("campaign", (), {"record.campaign": "spring", "principal.campaigns": ()}, F),
    ("consent", ("marketing",), {"record.consents": ("marketing:email",)}, T),
    ("consent", ("marketing", "email"), {"record.consents": ("marketing:email",)}, T),
    ("consent", ("marketing", "phone"), {"record.consents": ("marketing:email",)}, F),
    ("consent", ("market",), {"record.consents": ("marketing:email",)}, F),
    ("consent", ("marketing",), {"record.consents": ()}, F),
    ("consent", ("marketing",), {"record.consents": None}, U),
    ("consent", ("marketing",), {"record.consents": "marketing:email"}, U),
    ("do_not_call", (), {"record.do_not_call": True}, T),
    ("do_not_call", (), {"record.do_not_call": "false"}, F),
    ("do_not_call", (), {"record.do_not_call": 0}, U),
    ("vip", (), {"record.vip": "TRUE"}, T),
    ("consumer", (), {"record.customer_kind": "consumer"}, T),
    ("business", (), {"record.customer_kind": "consumer"}, F),
    ("business", (), {"record.customer_kind": "other"}, U),
    ("residency", ("DE", "AT"), {"record.country": "de"}, T),
    ("residency", ("DE",), {"record.country": "FR"}, F),
    ("residency", ("DE",), {}, U),
    ("restricted", (), {"fact.restricted": False}, F),
    ("erasure_pending", (), {}, U),
    ("verified", (), {"fact.verified_level": 1}, T),
    ("verified", ("2",), {"fact.verified_level": 1}, F),
    ("verified", ("1",), {"fact.verified_level": True}, U),
    ("live", (), {"fact.live_interaction": True}, T),
    ("channel", ("phone", "chat"), {"call.channel": "chat"}, T),
    ("channel", ("phone",), {"call.channel": "chat"}, F),
    ("channel", ("phone",), {"call.channel": ""}, U),
    ("direction", ("inbound",), {"call.direction": "outbound"}, F),
    ("justified", (), {"call.reason": "R1"}, T),
    ("justified", (), {"call.reason": " "}, F),
    ("justified", (), {}, F),
    ("ticket", (), {"call.ticket": "T-1"}, T),
    ("role", ("agent",), {"principal.roles": frozenset({"agent"})}, T),
    ("role", ("agent",), {"principal.roles": frozenset()}, F),
    ("role", ("agent",), {}, U),
    ("kind", ("ai",), {"principal.kind": "ai"}, T),
    ("kind", ("person",), {"principal.kind": "user"}, T),
    ("kind", ("ai", "app"), {"principal.kind": "user"}, F),
    ("network", ("10.0.0.0/8",), {"call.network": "10.1.2.3"}, T),
    ("network", ("10.0.0.0/8",), {"call.network": "::ffff:10.1.2.3"}, T),
    ("network", ("10.0.0.0/8",), {"call.network": "11.1.2.3"}, F),
    ("network", ("10.0.0.0/8",), {"call.network": "10.0.0.1, 1.2.3.4"}, U),
    ("office_hours", (), {"call.now": NOON}, T),
    ("office_hours", (), {"call.now": NOON.replace(hour=18)}, F),  # 20:00 in Berlin
    ("office_hours", (), {"call.now": NOON.replace(day=5)}, F),  # a Sunday
    ("office_hours", (), {"call.now": NOON, "tenant.timezone": "America/New_York"}, F),
    ("office_hours", (), {"call.now": NOON, "tenant.office_hours": ((0, 1), "08:00", "20:00")}, F),
    ("office_hours", (), {"call.now": NOON.replace(tzinfo=None)}, U),
    ("until", ("2026-07-01",), {"call.now": NOON}, T),
    ("until", ("2026-07-01",), {"call.now": NOON.replace(hour=22)}, F),  # already the 2nd in Berlin
    ("from", ("2026-07-02",), {"call.now": NOON}, F),
    ("from", ("2026-07-02",), {"call.now": NOON.replace(hour=22)}, T),
    ("expired", (), {"value.keep_until": "2026-06-30", "call.now": NOON}, T),
    ("expired", (), {"value.keep_until": "2026-07-01", "call.now": NOON}, F),
    ("expired", (), {"value.keep_until": "2026-07-01T09:00:00+00:00", "call.now": NOON}, T),
    ("expired", (), {"value.keep_until": "", "call.now": NOON}, F),
    ("expired", (), {"value.keep_until": "soon", "call.now": NOON}, U),
    ("expired", (), {"call.now": NOON}, U),
    ("documented", (), {"value.documented": True}, T),
]

FILTERS: list[tuple[str, dict[str, Any], bool, Where | None]] = [
    ("own_team", {"principal.teams": frozenset({"b", "a"})}, True, In("team", ("a", "b"))),
    (
        "own_team",
        {"principal.teams": frozenset({"a"})},
        False,
        And((Compare("team", Op.IS_NULL, value=False), Not(In("team", ("a",))))),
    ),
    ("own_record", {}, True, None),
    ("vip", {}, False, Compare("vip", Op.EQ, value=False)),
    ("do_not_call", {}, True, Compare("do_not_call", Op.EQ, value=True)),
    ("consumer", {}, False, Compare("customer_kind", Op.EQ, "business")),
    ("restricted", {}, False, None),
]


class TestTruths:
    @pytest.mark.parametrize(("name", "arguments", "reading", "truth"), TABLE)
    def test_table(self, name: str, arguments: tuple[str, ...], reading: dict[str, Any], truth: Truth) -> None:
        """Each condition says true, false, or unknown when what it reads is not known."""
        assert truth is CONDITIONS[name].test(arguments, reading)

    def test_every_condition_has_a_case(self) -> None:
        """No built-in condition is untested."""
        assert set(CONDITIONS) == {name for name, *_ in TABLE}

    def test_total(self) -> None:
        """No condition raises, whatever it reads."""
        odd = [None, "", "x", 7, 1.5, True, (), ("a",), frozenset({1}), {}, object(), NOON, b"x"]
        arguments = {"until": ("2026-01-01",), "from": ("2026-01-01",), "network": ("10.0.0.0/8",), "verified": ("1",)}
        for condition, value in itertools.product(BUILT_IN, odd):
            reading = dict.fromkeys(condition.reads, value)
            given = arguments.get(condition.name, ("x",) if condition.arguments else ())
            assert condition.test(given, reading) in {T, F, U}

    @pytest.mark.parametrize(("name", "reading", "holds", "where"), FILTERS)
    def test_pushdown(self, name: str, reading: dict[str, Any], holds: bool, where: Where | None) -> None:  # noqa: FBT001 -- a column of the table
        """A filter matches only records for which the condition is known to hold, or known not to."""
        assert where == CONDITIONS[name].pushdown((), reading, holds=holds)

    def test_registered(self) -> None:
        """The built-in conditions are registered like a plugin's (register_conditions)."""
        assert BUILT_IN == Conditions().register_conditions()
