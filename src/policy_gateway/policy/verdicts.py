"""Verdicts: the most revealing level that enforces to true, for many fields at once.

Casbin answers yes or no; how much of a value is shown comes from asking for a level. One :class:`Table` answers for a
fixed set of names, tenant, action, purpose and mode; only the truth vector varies.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from policy_gateway.model.decision import CLEAR, NONE, Level
from policy_gateway.model.facts import Truth
from policy_gateway.policy.bundle import Bundle, Rule
from policy_gateway.policy.compiled import Compiled, Conjunct, NotCompilableError
from policy_gateway.policy.dialect import NORMAL
from policy_gateway.query import Action

Facts = Mapping[str, Truth]


@dataclass(frozen=True, slots=True)
class Question:
    """Who wants to do what, for which purpose, in which mode: everything but the fields and the facts."""

    names: frozenset[str]
    tenant: str
    action: str
    purpose: str
    mode: str = NORMAL


@dataclass(frozen=True, slots=True)
class Verdict:
    """The *level* of one field, and as bitsets the allow rows that grant it and the deny rows that cap it.

    A deny that overrules no allow caps nothing: where nothing allows, nothing needs to be forbidden.
    """

    level: Level
    granting: int
    capping: int


HIDDEN = Verdict(NONE, 0, 0)


class Verdicts:
    """Answers questions about fields from the compiled rules of one bundle."""

    def __init__(self, bundle: Bundle, compiled: Compiled) -> None:
        self._bundle = bundle
        self._compiled = compiled
        self.rules: Sequence[Rule] = bundle.rules
        self._ladder = tuple(reversed(bundle.ladder))
        self._object = compiled.reading("r_obj")
        self._level = compiled.reading("r_lvl")
        self._facts = compiled.reading("r_facts")
        if {*self._object} & {*self._level} or {*self._facts} & {*self._object, *self._level}:
            message = "fields, levels and conditions are not decided apart from each other"
            raise NotCompilableError(message)
        apart = {*self._object, *self._level, *self._facts}
        self._fixed = tuple(conjunct for conjunct in compiled.conjuncts if conjunct not in apart)

    def table(self, question: Question, objects: Iterable[str]) -> Table:
        """Return the table that answers *question* for *objects* (field ids as the vocabulary has them).

        Objects without a place in the tenant's vocabulary are hidden, without asking Casbin about them.
        """
        asked = tuple(objects)
        known = self._bundle.classified(question.tenant)
        modes = self._bundle.modes(question.mode)
        layers = tuple(self._layer(question, mode, [name for name in asked if name in known]) for mode in modes)
        return Table(question, asked, layers, self._facts)

    def named(self, bits: int) -> Iterator[Rule]:
        """Return the rules of a bitset, in the bundle's order."""
        while bits:
            lowest = bits & -bits
            yield self.rules[lowest.bit_length() - 1]
            bits ^= lowest

    def _layer(self, question: Question, mode: str, objects: Sequence[str]) -> _Layer:
        values: dict[str, object] = {
            "r_sub": question.names,
            "r_dom": question.tenant,
            "r_act": question.action,
            "r_purpose": question.purpose,
            "r_mode": mode,
        }
        fixed = _all(self._fixed, values, self._compiled.everything)
        by_object = {name: _all(self._object, {**values, "r_obj": name}, fixed) for name in objects}
        sides = self._compiled.sides
        rungs = []
        for level in self._ladder if question.action == Action.VIEW else (CLEAR,):
            bits = _all(self._level, {**values, "r_lvl": level.name}, fixed)
            rungs.append((level, bits & sides.allow, bits & sides.deny))
        grouped: dict[int, list[str]] = {}
        for name, bits in by_object.items():
            grouped.setdefault(bits, []).append(name)
        alive = 0
        for bits in grouped:
            alive |= bits
        return _Layer(values, alive, tuple(rungs), tuple((bits, tuple(names)) for bits, names in grouped.items()))


def _all(conjuncts: Iterable[Conjunct], values: Mapping[str, object], alive: int) -> int:
    for conjunct in conjuncts:
        alive &= conjunct.bits(values, alive)
    return alive


@dataclass(frozen=True, slots=True)
class _Layer:
    """One mode of a table: *alive* rules could matter; objects that the same rules speak of are answered together."""

    values: Mapping[str, object]
    alive: int
    rungs: tuple[tuple[Level, int, int], ...]
    groups: tuple[tuple[int, tuple[str, ...]], ...]


class Table:
    """The verdicts of a fixed question for *objects*, given facts; ``alive`` are the rules that could matter."""

    __slots__ = ("_facts", "_layers", "alive", "objects", "question")

    def __init__(
        self, question: Question, objects: tuple[str, ...], layers: tuple[_Layer, ...], facts: tuple[Conjunct, ...]
    ) -> None:
        self.question = question
        self.objects = objects
        self._layers = layers
        self._facts = facts
        self.alive = 0
        for layer in layers:
            self.alive |= layer.alive

    def verdicts(self, facts: Facts) -> dict[str, Verdict]:
        """Return the verdict on each object. Of two modes the more revealing one wins; equal ones count together."""
        best = dict.fromkeys(self.objects, HIDDEN)
        for layer in self._layers:
            fired = _all(self._facts, {**layer.values, "r_facts": facts}, layer.alive)
            for bits, names in layer.groups:
                verdict = _verdict(layer.rungs, bits & fired)
                for name in names:
                    best[name] = _better(best[name], verdict)
        return best

    def concerning(self, name: str) -> Iterator[tuple[str, int, int]]:
        """Return by mode the allow and deny rules at ``clear`` that concern the object *name*, whatever the facts."""
        for layer in self._layers:
            _, allow, deny = layer.rungs[0]
            for bits, names in layer.groups:
                if name in names:
                    yield str(layer.values["r_mode"]), bits & allow, bits & deny

    def allowing(self, name: str) -> int:
        """Return the allow rules that concern the object *name* at any level, whatever the facts."""
        concerned = 0
        for layer in self._layers:
            for bits, names in layer.groups:
                if name in names:
                    concerned |= bits & _union(allow for _, allow, _ in layer.rungs)
        return concerned


def _union(bitsets: Iterable[int]) -> int:
    union = 0
    for bits in bitsets:
        union |= bits
    return union


def _better(one: Verdict, other: Verdict) -> Verdict:
    if one.level.rank == other.level.rank:
        return (
            one if other is HIDDEN else Verdict(one.level, one.granting | other.granting, one.capping | other.capping)
        )
    return one if one.level.rank > other.level.rank else other


def _verdict(rungs: tuple[tuple[Level, int, int], ...], fired: int) -> Verdict:
    capping = 0
    for level, allow, deny in rungs:
        granting = fired & allow
        if granting:
            denying = fired & deny
            if not denying:
                return Verdict(level, granting, capping)
            capping |= denying
    return Verdict(NONE, 0, capping)
