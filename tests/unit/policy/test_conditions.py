from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policy_gateway.model.facts import Truth, TruthVector
from policy_gateway.policy.conditions import ConditionSyntaxError, Holds, Literal, Pending, fires, parse, written

T, F, U, P = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN, Truth.PENDING


class TestParse:
    @pytest.mark.parametrize(
        ("text", "literals"),
        [
            ("-", ()),
            ("vip", (Literal("vip"),)),
            ("!vip&own_team", (Literal("vip", negated=True), Literal("own_team"))),
            ("channel( phone ,chat )", (Literal("channel", ("phone", "chat")),)),
            (
                "until(2026-12-31) & ! role(dpo)",
                (Literal("until", ("2026-12-31",)), Literal("role", ("dpo",), negated=True)),
            ),
        ],
    )
    def test_good(self, text: str, literals: tuple[Literal, ...]) -> None:
        """A condition is a conjunction of names, perhaps negated, with plain words as arguments."""
        assert literals == parse(text)
        assert literals == parse(written(literals))

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "vip &",
            "& vip",
            "vip vip",
            "vip()",
            "vip(,)",
            "f(g(x))",
            "a || b",
            "a == b",
            "True",
            "x.y",
            "f(a=b)",
            "f('a')",
        ],
    )
    def test_bad(self, text: str) -> None:
        """Anything else is no condition: there is nothing to evaluate."""
        with pytest.raises(ConditionSyntaxError):
            parse(text)

    @settings(max_examples=200)
    @given(st.text(max_size=40))
    def test_total(self, text: str) -> None:
        """Any text is read or refused, and what is read means the same when written again."""
        try:
            literals = parse(text)
        except ConditionSyntaxError:
            return
        assert literals == parse(written(literals))


class TestFires:
    @pytest.mark.parametrize(
        ("truth", "allow", "denies", "allow_not", "deny_not"),
        [
            (T, True, True, False, False),
            (F, False, False, True, True),
            (U, False, True, False, True),
            (P, True, False, True, False),
        ],
    )
    def test_one(self, truth: Truth, allow: bool, denies: bool, allow_not: bool, deny_not: bool) -> None:  # noqa: FBT001 -- a table
        """Unknown keeps an allow off and a deny on; pending keeps an allow on and a deny off, negated or not."""
        facts = TruthVector({"vip": truth})
        plain, negated = parse("vip"), parse("!vip")
        found = (
            fires(plain, "allow", facts),
            fires(plain, "deny", facts),
            fires(negated, "allow", facts),
            fires(negated, "deny", facts),
        )
        assert (allow, denies, allow_not, deny_not) == found

    def test_ceiling(self) -> None:
        """Whatever pending truths turn out to be, no allow fires anew and no deny that fired stops."""
        literals = parse("a & !b & c")
        for before in itertools.product(Truth, repeat=3):
            later = [[now] if now is not P else [T, F, U] for now in before]
            for after in itertools.product(*later):
                stage1, stage2 = (TruthVector(dict(zip("abc", truths, strict=True))) for truths in (before, after))
                assert fires(literals, "allow", stage1) or not fires(literals, "allow", stage2)
                assert fires(literals, "deny", stage2) or not fires(literals, "deny", stage1)

    def test_unknown_text(self) -> None:
        """A text that is not of the bundle never allows, and denies."""
        holds = Holds({"-": ()})
        assert (True, False, True) == (
            holds("-", "allow", Pending()),
            holds("vip", "allow", Pending()),
            holds("vip", "deny", Pending()),
        )
