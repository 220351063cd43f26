"""Searching: a searched field must be permitted for every record that could match, or the CRM must filter the others.

A residual of ``search`` is pushed down completely, else the call is refused: filtering by a field is reading it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from policy_gateway.model.facts import Reading, Truth, TruthVector
from policy_gateway.policy.bound import Bound, BoundConditions
from policy_gateway.policy.bundle import Rule
from policy_gateway.policy.conditions import Literal, truth_of
from policy_gateway.policy.verdicts import Table, Verdicts
from policy_gateway.query import And, Or, Where, paths_of


@dataclass(frozen=True, slots=True)
class Known:
    """Matches records for which *bound* is known to hold, or known not to."""

    bound: Bound
    holds: bool


@dataclass(frozen=True, slots=True)
class Every:
    """Matches records that each of *parts* matches; all records when there is none."""

    parts: tuple[Requirement, ...] = ()


@dataclass(frozen=True, slots=True)
class Some:
    """Matches records that any of *parts* matches; none when there is none."""

    parts: tuple[Requirement, ...] = ()


Requirement = Known | Every | Some
FREE = Every()
IMPOSSIBLE = Some()


class SearchRules:
    """What the rules demand of a record before a field may be searched by, given what the call knows."""

    def __init__(self, verdicts: Verdicts, conditions: BoundConditions, call: TruthVector) -> None:
        self._verdicts = verdicts
        self._conditions = conditions
        self._call = call

    def requirement(self, table: Table, objects: Iterable[str]) -> Requirement:
        """Return what must be known of a record for all *objects* to be searchable in it."""
        return _every(self._of_object(table, name) for name in objects)

    def _of_object(self, table: Table, name: str) -> Requirement:
        layers = [
            self._of_layer(tuple(self._verdicts.named(allow)), tuple(self._verdicts.named(deny)))
            for _, allow, deny in table.concerning(name)
        ]
        return _some(layers)

    def _of_layer(self, allowing: Sequence[Rule], denying: Sequence[Rule]) -> Requirement:
        allowed = _some(self._fires(rule) for rule in allowing)
        return _every([allowed, *(self._silent(rule) for rule in denying)])

    def _fires(self, rule: Rule) -> Requirement:
        """Return what makes an allow fire: each literal is known to be true."""
        parts = [self._certain(literal, true=True) for literal in rule.literals]
        return _every(parts)

    def _silent(self, rule: Rule) -> Requirement:
        """Return what keeps a deny from firing: some literal is known to be false."""
        return _some(self._certain(literal, true=False) for literal in rule.literals)

    def _certain(self, literal: Literal, *, true: bool) -> Requirement:
        bound = self._conditions.of(literal)
        if not bound.of_call:
            return Known(bound, holds=true != literal.negated)
        wanted = Truth.TRUE if true else Truth.FALSE
        return FREE if truth_of(literal, self._call) is wanted else IMPOSSIBLE


def _every(requirements: Iterable[Requirement]) -> Requirement:
    parts = tuple(part for part in dict.fromkeys(requirements) if part != FREE)
    if IMPOSSIBLE in parts:
        return IMPOSSIBLE
    if not parts:
        return FREE
    return parts[0] if len(parts) == 1 else Every(parts)


def _some(requirements: Iterable[Requirement]) -> Requirement:
    parts = tuple(part for part in dict.fromkeys(requirements) if part != IMPOSSIBLE)
    if FREE in parts:
        return FREE
    if not parts:
        return IMPOSSIBLE
    return parts[0] if len(parts) == 1 else Some(parts)


def fulfilled(requirement: Requirement, reading: Reading) -> bool:
    """Tell whether what is known of a record fulfills *requirement*."""
    match requirement:
        case Known(bound, holds):
            return bound.test(reading) is (Truth.TRUE if holds else Truth.FALSE)
        case Every(parts):
            return all(fulfilled(part, reading) for part in parts)
        case Some(parts):
            return any(fulfilled(part, reading) for part in parts)


def pushed(requirement: Requirement, reading: Reading, searchable: frozenset[str]) -> Where | None:
    """Return *requirement* as a filter over *searchable* paths; None when a CRM cannot tell.

    An alternative that a CRM cannot tell is left out: fewer records match, never more.
    """
    match requirement:
        case Known(bound, holds):
            where = bound.pushdown(reading, holds=holds)
            return where if where is not None and paths_of(where) <= searchable else None
        case Every(parts):
            wheres = [pushed(part, reading, searchable) for part in parts]
            told = tuple(where for where in wheres if where is not None)
            return And(told) if len(told) == len(wheres) else None
        case Some(parts):
            alternatives = tuple(w for part in parts if (w := pushed(part, reading, searchable)) is not None)
            return (alternatives[0] if len(alternatives) == 1 else Or(alternatives)) if alternatives else None
