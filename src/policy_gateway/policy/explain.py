"""Why a field is shown or not: computed over the bundle, in the words of its rules, of the own tenant only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from policy_gateway.model.decision import Obligation
from policy_gateway.model.facts import Truth, TruthVector
from policy_gateway.policy.bundle import Link, Rule
from policy_gateway.policy.compiled import Conjunct
from policy_gateway.policy.conditions import fires
from policy_gateway.policy.dialect import ALLOW, EVERY
from policy_gateway.policy.residual import obligations_of
from policy_gateway.policy.rulebook import Rulebook
from policy_gateway.policy.verdicts import Question

_DIFFERS = (
    ("r_obj", "field"),
    ("r_sub", "role"),
    ("r_facts", "condition"),
    ("r_purpose", "purpose"),
    ("r_act", "action"),
    ("r_lvl", "level"),
    ("r_mode", "mode"),
)
"""What a near miss lacks, by the request's token that the failing conjunct reads; the first that it reads counts."""


@dataclass(frozen=True, slots=True)
class Reason:
    """A rule that decided: where it stands, its ground, and how the principal comes by its role (own name first)."""

    rule: Rule
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NearMiss:
    """An allow rule that all but one thing speaks for. *wants* is what the rule says there."""

    rule: Rule
    differs: str
    wants: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why *object* is shown at *level*: what grants it, what caps it, what it obliges to, what nearly granted more.

    *unknown* are the conditions that are not known and would have to be.
    """

    object: str
    question: Question
    level: str
    granting: tuple[Reason, ...]
    capping: tuple[Reason, ...]
    obligations: frozenset[Obligation]
    unknown: tuple[str, ...]
    near: tuple[NearMiss, ...]


def explain(book: Rulebook, question: Question, name: str, truths: Mapping[str, Truth]) -> Explanation:
    """Return why *question* about the field *name* is answered as it is; truths that are not given are unknown.

    ``role(…)`` and ``kind(…)`` follow from the names in *question* unless *truths* say otherwise.
    """
    question = Question(
        question.names & book.bundle.names | {n for n in question.names if ":" in n},
        question.tenant,
        question.action,
        question.purpose,
        question.mode,
    )
    facts = TruthVector({**book.implied(question.names, question.tenant), **truths})
    verdict = book.verdicts.table(question, [name]).verdicts(facts)[name]
    granting = tuple(book.verdicts.named(verdict.granting))
    capping = tuple(book.verdicts.named(verdict.capping))
    near = _near(book, question, name, facts) if not granting else ()
    concerned = [*(miss.rule for miss in near if miss.differs == "condition"), *capping]
    unknown = {lit.condition for rule in concerned for lit in rule.literals if facts[lit.condition] is Truth.UNKNOWN}
    return Explanation(
        object=name,
        question=question,
        level=verdict.level.name,
        granting=tuple(Reason(rule, _role_path(book, question, rule.sub)) for rule in granting),
        capping=tuple(Reason(rule, _role_path(book, question, rule.sub)) for rule in capping),
        obligations=obligations_of(granting),
        unknown=tuple(sorted(unknown)),
        near=near,
    )


def _near(book: Rulebook, question: Question, name: str, facts: Mapping[str, Truth]) -> tuple[NearMiss, ...]:
    if name not in book.bundle.classified(question.tenant):
        return ()
    values = {
        "r_sub": question.names & book.bundle.names,
        "r_dom": question.tenant,
        "r_obj": name,
        "r_act": question.action,
        "r_lvl": book.bundle.ladder[0].name if question.action == "view" else book.bundle.ladder[-1].name,
        "r_purpose": question.purpose,
        "r_mode": question.mode,
        "r_facts": facts,
    }
    compiled = book.compiled
    bits = {conjunct: conjunct.bits(values, compiled.everything) for conjunct in compiled.conjuncts}
    found: list[NearMiss] = []
    for conjunct, differs in _telling(bits):
        missed = compiled.sides.allow & ~bits[conjunct]
        for other, own in bits.items():
            missed &= own if other is not conjunct else -1
        told = [rule for rule in book.verdicts.named(missed) if rule.dom in {EVERY, question.tenant}]
        found += [NearMiss(rule, differs, _wants(rule, differs, facts)) for rule in told]
    return tuple(sorted(found, key=lambda miss: miss.rule.place))


def _telling(bits: Mapping[Conjunct, int]) -> list[tuple[Conjunct, str]]:
    """Return the conjuncts that may be told of: another tenant's rules are nobody's business."""
    told = []
    for conjunct in bits:
        named = next((word for token, word in _DIFFERS if token in conjunct.reads), None)
        if named is not None:
            told.append((conjunct, named))
    return told


def _wants(rule: Rule, differs: str, facts: Mapping[str, Truth]) -> str:
    if differs == "condition":
        missing = [str(literal) for literal in rule.literals if not fires((literal,), ALLOW, facts)]
        return " & ".join(missing)
    said = {"field": rule.obj, "role": rule.sub, "purpose": rule.purpose, "action": rule.act, "mode": rule.tier}
    return said.get(differs, rule.show)


def _role_path(book: Rulebook, question: Question, role: str) -> tuple[str, ...]:
    """Return the shortest way from a name of the principal to *role*; empty for a rule about everybody."""
    if role == EVERY:
        return ()
    links: dict[str, list[Link]] = {}
    for link in book.bundle.links:
        if link.kind == "g" and link.tenant in {EVERY, question.tenant}:
            links.setdefault(link.lower, []).append(link)
    paths: list[tuple[str, ...]] = [(name,) for name in sorted(question.names)]
    seen = set(question.names)
    while paths:
        longer: list[tuple[str, ...]] = []
        for path in paths:
            if path[-1] == role:
                return path
            onward = [link.upper for link in links.get(path[-1], ()) if link.upper not in seen]
            seen.update(onward)
            longer += [(*path, upper) for upper in onward]
        paths = longer
    return ()
