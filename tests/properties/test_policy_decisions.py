"""What must hold of every decision: no record shows more than the ceiling, and tables answer as stock Casbin does."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from policy_gateway.builtins.conditions import BUILT_IN
from policy_gateway.builtins.masks import Masks
from policy_gateway.errors import PolicyError
from policy_gateway.model.decision import Deny, Permit
from policy_gateway.model.facts import Truth, TruthVector
from policy_gateway.model.field import Field, FieldType, Resource
from policy_gateway.model.principal import Principal, PrincipalId, TenantId
from policy_gateway.policy import Policy, Question, Vocabulary, read_files
from policy_gateway.policy.dialect import MODEL
from policy_gateway.policy.oracle import Sample, stock_level
from policy_gateway.query import Call, Query

pick = st.sampled_from
CI = settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))

VOCABULARY = Vocabulary(
    {condition.name: condition for condition in BUILT_IN},
    {mask.name: mask for mask in Masks().register_masks()},
    frozenset({"log"}),
)
FIELDS = ("id", "name", "phone", "iban", "notes")
LINKS = """\
g, team:berlin, agent, acme
g, supervisor, agent, *
g2, contact.id, identity, *
g2, contact.name, identity, *
g2, contact.phone, contact_data, *
g2, contact.iban, financial, *
g2, contact.notes, special, *
g2, identity, personal, *
g2, contact_data, personal, *
g2, financial, personal, *
g2, special, personal, *
g3, view, read
g3, search, read
g5, redact, token
g5, token, last4
g5, token, partial
g5, last4, clear
g5, partial, clear
# end
"""
PURPOSES = """\
care: {label: {de: Pflege, en: Care}}
service: {broader: care, legal_basis: contract, retention: P1Y, label: {de: Service, en: Service}}
# end
"""
CONDITIONS = [
    "-",
    "-",
    "-",
    "-",
    "own_team",
    "!own_team",
    "vip",
    "!vip & own_team",
    "justified",
    "!justified & vip",
    "restricted",
    "!expired",
]
allows = st.tuples(
    pick(["agent", "supervisor", "*", "*", "*", "*"]),
    pick([*(f"contact.{path}" for path in FIELDS), "identity", "contact_data", *["personal"] * 6]),
    st.just("view"),
    st.just("allow"),
    pick(["redact", "token", "last4", "partial", "clear", "clear"]),
    pick(["*", "care", "service"]),
    pick(CONDITIONS),
    pick(["normal", "normal", "normal", "breakglass"]),
)
denies = st.tuples(
    pick(["agent", "supervisor"]),
    pick(["*", "contact.iban", "contact.notes", "identity", "contact_data"]),
    pick(["view", "read", "*"]),
    st.just("deny"),
    st.just("none"),
    pick(["*", "care"]),
    pick(CONDITIONS[4:]),
    pick(["normal", "always"]),
)
caps = st.tuples(
    pick(["agent", "*"]),
    pick(["contact.iban", "identity", "personal"]),
    st.just("view"),
    st.just("deny"),
    pick(["redact", "last4", "partial"]),
    st.just("*"),
    pick(CONDITIONS),
    st.just("normal"),
)
EVERYBODY = ("*", "personal", "view", "allow", "clear", "*", "-", "normal")
several = st.lists(st.one_of(*[allows] * 6, caps, denies), min_size=3, max_size=10, unique_by=lambda row: row[:8])
# Half of the policies show everything to everybody, but for what is denied: else hardly anything would be allowed.
rules = st.tuples(st.booleans(), several).map(lambda made: [EVERYBODY, *made[1]] if made[0] else made[1])
TRUTHS = [Truth.TRUE, Truth.FALSE, Truth.TRUE, Truth.FALSE, Truth.UNKNOWN]
truths = st.fixed_dictionaries(
    {name: pick(TRUTHS) for name in ("own_team", "vip", "restricted", "expired", "justified")}
)
names = pick(
    [frozenset({"agent"}), frozenset({"supervisor"}), frozenset({"team:berlin"}), frozenset({"agent", "supervisor"})]
)


def made(rows: list[tuple[str, ...]]) -> Policy | None:
    """Return the policy of random *rows*; None when the reader refuses them."""
    written = [f"p, {sub}, acme, {', '.join(rest)}, -, R-{number}, -" for number, (sub, *rest) in enumerate(rows)]
    texts = {
        "model.conf": MODEL,
        "vocabulary.csv": LINKS,
        "law.csv": "p, *, *, special, *, deny, none, care, vip, always, -, LAW-1, law:X\n# end\n",
        "group.csv": "# end\n",
        "purposes.yaml": PURPOSES,
        "instructions.yaml": "A-1: {date: 2026-01-01, text: x}\n# end\n",
        "tenants/acme.csv": "\n".join([*written, "# end", ""]),
        "tenants/acme.yaml": "controller: ACME\npurposes: [service]\n# end\n",
    }
    try:
        bundle = read_files({path: text.encode() for path, text in texts.items()}, VOCABULARY)
    except PolicyError:
        return None
    return Policy(bundle, VOCABULARY)


CONTACT = Resource(
    "contact", "contacts", {path: Field(path, FieldType.TEXT, path) for path in (*FIELDS, "team", "vip")}
)


class TestCeiling:
    def test_never_exceeded(self) -> None:
        """Whatever a record turns out to be, it shows no more than its ceiling, field by field."""
        compared = [0, 0]

        @CI
        @seed(11)
        @given(rules, names, pick(["", "E1"]), pick(["normal", "breakglass"]), st.lists(truths, min_size=1, max_size=6))
        def bounded(
            rows: list[Any], who: frozenset[str], reason: str, mode: str, records: list[dict[str, Truth]]
        ) -> None:
            policy = made(rows)
            if policy is None:
                return
            principal = Principal(PrincipalId("user:a"), TenantId("acme"), who, frozenset({"service"}))
            decision = policy.decide(
                principal, Call("m", Query("contact"), "service"), CONTACT, {"call.reason": reason, "call.mode": mode}
            )
            if isinstance(decision, Deny):
                return
            assert isinstance(decision, Permit)
            for record in records:
                vector = TruthVector({**record, **decision.truths})
                for path, level in decision.residual.levels(vector).levels.items():
                    compared[0] += 1
                    compared[1] += level.rank > 0
                    assert level.rank <= decision.ceiling[path].rank

        bounded()
        assert compared[1] >= compared[0] / 3


class TestTables:
    def test_equal_stock(self) -> None:
        """A table's level is the most revealing one that stock Casbin enforces to true."""
        shown = [0, 0]

        @CI
        @seed(13)
        @given(rules, names, truths, pick(["normal", "breakglass"]))
        def equal(rows: list[Any], who: frozenset[str], given_truths: dict[str, Truth], mode: str) -> None:
            policy = made(rows)
            if policy is None:
                return
            book = policy.rulebook
            levels = tuple(level.name for level in reversed(book.bundle.ladder))
            question = Question(who, "acme", "view", "service", mode)
            objects = tuple(f"contact.{path}" for path in FIELDS)
            facts = TruthVector(given_truths)
            for name, verdict in book.verdicts.table(question, objects).verdicts(facts).items():
                sample = Sample("", question, (name,), given_truths, pending=False, level="")
                shown[0] += 1
                shown[1] += verdict.level.rank > 0
                assert stock_level(book.enforcer, levels, sample) == verdict.level.name

        equal()
        assert shown[1] >= shown[0] / 3
