"""What is left to decide per record: a pure object over one table of verdicts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from policy_gateway.model.decision import Grant, Level, Obligation
from policy_gateway.model.facts import Reading, Truth, TruthVector
from policy_gateway.policy.bound import Bound, decoded, encoded
from policy_gateway.policy.bundle import Rule
from policy_gateway.policy.conditions import Pending, fires
from policy_gateway.policy.dialect import ALLOW
from policy_gateway.policy.fields import Fields
from policy_gateway.policy.memo import Memo
from policy_gateway.policy.verdicts import Facts, Table, Verdict, Verdicts

_GRANTS = 512
Checked = Callable[[Table, tuple[str, ...], Mapping[str, Truth], Level], None]
"""Is told of a decision: its table, the objects that decided it, the truths, and the level."""
_RECORD = "record."


@dataclass(frozen=True, slots=True)
class Scope:
    """What a residual decides about: *paths* of *fields* by *table*; *fixed* levels need no rule (aliases)."""

    fields: Fields
    paths: tuple[str, ...]
    table: Table
    fixed: Mapping[str, Level]

    def verdicts(self, facts: Facts) -> dict[str, Verdict]:
        """Return the verdict on each path."""
        by_object = self.table.verdicts(facts)
        return {path: self.fields.verdict(path, by_object) for path in self.paths}


class RecordResidual:
    """Decides each record by the truths of its conditions; records that share truths share one grant object."""

    __slots__ = ("_bounds", "_call", "_checked", "_grants", "_scope", "_vectors", "_verdicts", "facts", "reads")

    def __init__(
        self, scope: Scope, verdicts: Verdicts, bounds: tuple[Bound, ...], call: TruthVector, checked: Checked
    ) -> None:
        self._scope = scope
        self._verdicts = verdicts
        self._checked = checked
        self._bounds = bounds
        self._call = call
        self._grants: Memo[TruthVector, Grant] = Memo(_GRANTS)
        self._vectors: Memo[int, TruthVector] = Memo(_GRANTS)
        keys = frozenset(key for bound in bounds for key in bound.condition.reads)
        paths = frozenset(key.removeprefix(_RECORD) for key in keys if key.startswith(_RECORD))
        self.reads: frozenset[str] = paths & frozenset(scope.fields.parts)
        self.facts: frozenset[str] = frozenset(key for key in keys if key.startswith(("fact.", "value.")))

    def truths(self, reading: Reading) -> TruthVector:
        """Return the truth vector of a record, or value, given everything known about it. Never PENDING."""
        code = encoded(self._bounds, reading)
        vector = self._vectors.get(code)
        if vector is None:
            vector = self._vectors.put(code, self._call.extended(decoded(self._bounds, code)))
        return vector

    def levels(self, truths: TruthVector) -> Grant:
        """Return what a record with these *truths* may show. A truth still pending counts as unknown."""
        grant = self._grants.get(truths)
        if grant is None:
            grant = self._grants.put(truths, self._grant(truths))
        return grant

    def _grant(self, truths: TruthVector) -> Grant:
        if Truth.PENDING in truths.values():
            truths = TruthVector({name: truth for name, truth in truths.items() if truth is not Truth.PENDING})
        scope = self._scope
        grant = granted(scope.verdicts(truths), self._verdicts, scope.fixed)
        if scope.paths:
            path = scope.paths[len(self._grants) % len(scope.paths)]
            self._checked(scope.table, scope.fields.objects((path,)), truths, grant.levels[path])
        return grant


def granted(verdicts: Mapping[str, Verdict], rules: Verdicts, fixed: Mapping[str, Level]) -> Grant:
    """Return *verdicts* as levels with the ids of the rules that grant or cap them, and what they demand."""
    levels = {path: verdict.level for path, verdict in verdicts.items()}
    granting = capping = 0
    for verdict in verdicts.values():
        granting |= verdict.granting
        capping |= verdict.capping
    ids = frozenset(rule.id for rule in rules.named(granting | capping))
    return Grant({**levels, **fixed}, ids, obligations_of(rules.named(granting)))


def obligations_of(rules: Iterable[Rule]) -> frozenset[Obligation]:
    """Return everything that *rules* demand."""
    return frozenset(obligation for rule in rules for obligation in rule.then)


def undecided(rules: Iterable[Rule], call: TruthVector) -> tuple[Rule, ...]:
    """Return the rules among *rules* that what the call knows has not already switched off."""
    pending = Pending(call)
    return tuple(rule for rule in rules if fires(rule.literals, rule.eft, pending if rule.eft == ALLOW else call))
