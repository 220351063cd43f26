"""The compiled path decides as stock Casbin does: random rules, links, requests, and variants of the model."""

from __future__ import annotations

from typing import Any

import casbin
import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from policy_gateway.model.facts import Truth, TruthVector
from policy_gateway.policy.compiled import Compiled
from policy_gateway.policy.conditions import Holds, Pending, parse
from policy_gateway.policy.dialect import MODEL
from policy_gateway.policy.engine import Plays, Rows, same_tenant, stock_enforcer

pick = st.sampled_from
CI = settings(max_examples=150, deadline=None, database=None, suppress_health_check=list(HealthCheck))

ROLES = ["agent", "supervisor", "team:berlin", "marketer"]
FIELDS = ["contact.iban", "contact.phone", "contact.phone@sales"]
CATEGORIES = ["financial", "contact_data", "personal"]
TENANTS = ["acme", "bolt"]
ACTIONS = ["view", "export", "edit"]
PURPOSES = ["service", "marketing", "campaign"]
LEVELS = ["redact", "token", "year", "last4", "clear"]
CONDITIONS = [
    "-",
    "-",
    "-",
    "own_team",
    "!consent(marketing, phone)",
    "until(2026-12-31) & own_team",
    "!own_team & vip",
    "vip",
]
NAMES = ["own_team", "consent(marketing, phone)", "until(2026-12-31)", "vip"]
VARIANTS = [
    ("", ""),
    ('(p.tier == "always" || r.mode == p.tier) && ', ""),
    ('(p.eft == "allow") == g5(r.lvl, p.show) && ', "g5(r.lvl, p.show) && "),
    (" && holds(p.cond, p.eft, r.facts)", ""),
    ('(p.sub == "*" || plays(r.sub, p.sub, r.dom))', '(plays(r.sub, p.sub, r.dom) || p.sub == "*" || r.act == "edit")'),
    ('(p.act == "*" || g3(r.act, p.act))', '!(p.act == "write") && (p.act == "*" || r.act in ("view", "export"))'),
]

effects = pick(["allow", "allow", "allow", "allow", "deny"])
rules = st.lists(
    st.tuples(
        pick(["*", *ROLES]),
        pick(["*", "*", *TENANTS]),
        pick(["*", *FIELDS, *CATEGORIES, *CATEGORIES]),
        pick(["*", "*", "read", *ACTIONS]),
        effects,
        pick([*LEVELS, "clear", "clear", "none"]),
        pick(["*", "*", "service", "marketing", "campaign"]),
        pick(CONDITIONS),
        pick(["normal", "normal", "always", "breakglass"]),
        st.just("-"),
        st.just("R"),
        st.just("-"),
    ),
    min_size=1,
    max_size=14,
)
links = st.fixed_dictionaries(
    {
        "g": st.lists(st.tuples(pick(ROLES), pick(ROLES), pick(["*", *TENANTS])), max_size=5),
        "g2": st.lists(
            st.tuples(pick([*FIELDS, *CATEGORIES]), pick(CATEGORIES), pick(["*", "*", "acme"])), min_size=2, max_size=8
        ),
        "g3": st.just([("view", "read"), ("export", "bulk")]),
        "g4": st.just([("campaign", "marketing")]),
        "g5": st.just(
            [("redact", "token"), ("token", "last4"), ("token", "year"), ("last4", "clear"), ("year", "clear")]
        ),
    }
)
truths = st.dictionaries(pick(NAMES), pick([Truth.TRUE, Truth.FALSE, Truth.UNKNOWN]))
facts = st.one_of(truths.map(TruthVector), truths.map(Pending))
requests = st.lists(
    st.tuples(
        st.frozensets(pick(ROLES), min_size=1, max_size=3),
        pick(TENANTS),
        pick(FIELDS),
        pick(ACTIONS),
        pick(LEVELS),
        pick(PURPOSES),
        pick(["normal", "normal", "breakglass"]),
        facts,
    ),
    min_size=1,
    max_size=12,
)


def variant(rows: Rows, old: str, new: str) -> Any:  # noqa: ANN401 -- casbin carries no types
    """Return a stock enforcer over *rows* with a changed matcher."""
    model = casbin.Enforcer.new_model(text=MODEL.replace(old, new) if old else MODEL)
    enforcer = casbin.Enforcer(model)
    for row in rows.rules:
        model.add_policy("p", "p", list(row))
    for kind, own in rows.links.items():
        for link in own:
            model.add_policy("g", kind, list(link))
    for kind in ("g", "g2"):
        enforcer.add_named_domain_matching_func(kind, same_tenant)
    enforcer.build_role_links()
    enforcer.add_function("holds", Holds({row[7]: parse(row[7]) for row in rows.rules}))
    enforcer.add_function("plays", Plays(enforcer))
    return enforcer


class TestCompiled:
    @pytest.mark.attack("H29")
    def test_equals_stock(self) -> None:
        """Every decision equals stock Casbin's; at least a third of the cases are allows."""
        seen = {True: 0, False: 0}

        @CI
        @seed(2026)
        @given(rules, links, requests, pick(VARIANTS))
        def equal(rules: list[Any], links: dict[str, Any], requests: list[Any], changed: tuple[str, str]) -> None:
            rows = Rows(tuple(rules), links)
            enforcer = variant(rows, *changed)
            compiled = Compiled(enforcer)
            tokens = enforcer.get_model()["r"]["r"].tokens
            # Most requests are bent towards an allow, or hardly any would be allowed.
            allows = [row for row in rules if row[4] == "allow"]
            bent = [bend(request[1:], row, links) for row in allows for request in requests[:3]]
            for request in requests[:3] + bent:
                expected = enforcer.enforce(*request)
                seen[expected] += 1
                assert expected == compiled.enforce(dict(zip(tokens, request, strict=True)))

        equal()
        assert seen[True] >= (seen[True] + seen[False]) / 3

    def test_same_enforcer(self) -> None:
        """The product's enforcer, which compares names without Casbin's loop, decides as one with it does."""

        @settings(CI, max_examples=60)
        @seed(7)
        @given(rules, links, requests)
        def equal(rules: list[Any], links: dict[str, Any], requests: list[Any]) -> None:
            rows = Rows(tuple(rules), links)
            ours, plain = stock_enforcer(rows), variant(rows, "", "")
            for request in requests:
                assert plain.enforce(*request) == ours.enforce(*request)

        equal()


def bend(rest: tuple[Any, ...], row: tuple[str, ...], links: dict[str, Any]) -> tuple[Any, ...]:
    """Return a request that *row* is likely to match."""
    dom, obj, _, lvl, purpose, mode, facts = rest
    below = [lower for lower, upper, _ in links["g2"] if upper == row[2] and lower in FIELDS]
    wanted = {literal.condition: Truth.FALSE if literal.negated else Truth.TRUE for literal in parse(row[7])}
    return (
        frozenset({"agent"} if row[0] == "*" else {row[0]}),
        dom if row[1] == "*" else row[1],
        row[2] if row[2] in FIELDS else (below or [obj])[0],
        row[3] if row[3] in ACTIONS else "view",
        "redact" if row[4] == "allow" else lvl,
        purpose if row[6] == "*" else row[6],
        "breakglass" if row[8] == "breakglass" else mode,
        type(facts)({**facts, **wanted}),
    )
