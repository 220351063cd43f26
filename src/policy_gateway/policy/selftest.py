"""A new policy proves itself before it is in force: the compiled path must agree with stock Casbin."""

from __future__ import annotations

from collections.abc import Iterator

from policy_gateway.errors import Finding, PolicyError
from policy_gateway.model.facts import Truth, TruthVector
from policy_gateway.policy.dialect import ACTIONS, BREAKGLASS, EVERY, NORMAL
from policy_gateway.policy.oracle import Sample, stock_level
from policy_gateway.policy.rulebook import Rulebook
from policy_gateway.policy.verdicts import Question

QUESTIONS = 3


def self_test(book: Rulebook) -> None:
    """Raise PolicyError unless a few questions, taken from the rules themselves, are answered alike."""
    levels = tuple(level.name for level in reversed(book.bundle.ladder))
    for sample in _samples(book):
        (name,) = sample.objects
        verdict = book.verdicts.table(sample.question, [name]).verdicts(TruthVector(sample.truths))[name]
        if verdict.level.name != stock_level(book.enforcer, levels, sample):
            message = "the compiled rules decide otherwise than Casbin"
            raise PolicyError((Finding("model.conf", 1, 1, "self-test", message),))


def _samples(book: Rulebook) -> Iterator[Sample]:
    rules = book.bundle.rules
    for rule in rules[:: max(1, len(rules) // QUESTIONS)][:QUESTIONS]:
        tenant = rule.dom if rule.dom != EVERY else min(book.bundle.mandates)
        names = frozenset({rule.sub} if rule.sub != EVERY else ())
        action = rule.act if rule.act in ACTIONS else "view"
        purpose = rule.purpose if rule.purpose != EVERY else min(book.bundle.leaves)
        mode = BREAKGLASS if rule.tier == BREAKGLASS else NORMAL
        truths = {lit.condition: Truth.FALSE if lit.negated else Truth.TRUE for lit in rule.literals}
        question = Question(names, tenant, action, purpose, mode)
        fields = sorted(name for name in book.bundle.classified(tenant) if "." in name)
        for name in [rule.obj] if rule.obj in fields else fields[:1]:
            yield Sample(book.version, question, (name,), truths, pending=False, level="")
