"""Plans: what the rules say about one shape of call by one set of roles, ready for any number of calls."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from policy_gateway.model.decision import CLEAR, Decision, Deny, DenyKind, Grant, Level, Obligation, Permit, no_parts
from policy_gateway.model.facts import Reading, TruthVector
from policy_gateway.policy.bound import decoded, encoded
from policy_gateway.policy.conditions import Pending
from policy_gateway.policy.fields import Fields
from policy_gateway.policy.memo import Memo
from policy_gateway.policy.residual import RecordResidual, Scope, granted, undecided
from policy_gateway.policy.rulebook import Asker, Rulebook
from policy_gateway.policy.search import FREE, Requirement, SearchRules, fulfilled, pushed
from policy_gateway.policy.shape import Shape, shape_of
from policy_gateway.policy.verdicts import Table
from policy_gateway.query import Action, Call

_BRANCHES = 64


@dataclass(frozen=True, slots=True)
class Branch:
    """A permit for one vector of call truths, but for the reading and the CRM's filter."""

    permit: Permit
    requirement: Requirement
    searchable: frozenset[str]

    def decide(self, reading: Reading) -> Decision:
        """Return the permit for this call, or a refusal when the CRM cannot filter what may not be searched."""
        kept = self.permit
        search = None
        if self.requirement is not FREE:
            search = pushed(self.requirement, reading, self.searchable)
            if search is None:
                return Deny(DenyKind.FIELD, kept.version, truths=kept.truths)
        return Permit(
            kept.version,
            kept.ceiling,
            kept.residual,
            kept.truths,
            search,
            kept.change,
            kept.envelope,
            kept.known,
            kept.rules,
            kept.obligations,
            reading,
            kept.searchable if search is None else partial(fulfilled, self.requirement),
        )


class Plan:
    """Decides calls alike to *call*. Call conditions are tested anew each time; what follows from them is kept."""

    def __init__(self, book: Rulebook, asker: Asker, fields: Fields, call: Call, *, envelope: bool) -> None:
        self._book = book
        self._asker = asker
        self._fields = fields
        shape = self._shape = shape_of(call) or Shape(Action.VIEW)
        self._branches: Memo[int, Branch | Deny] = Memo(_BRANCHES)
        self._known = book.known(asker, fields)
        self._refusal = self._unknown()
        self._selected = tuple(dict.fromkeys(shape.selected)) or self._all_known()
        self._view = self._table(shape.action, self._selected)
        self._search = self._table(Action.SEARCH, shape.searched)
        self._probed = self._table(Action.VIEW, shape.probed)
        self._figures = self._table(Action.VIEW, shape.aggregated)
        self._writes = tuple(self._table(action, shape.written) for action in shape.writes)
        self._parts = book.envelope_parts(asker.tenant) if envelope else {}
        self._envelope = book.table(asker, Action.VIEW, self._parts.values())
        self._shown: Memo[TruthVector, frozenset[str]] = Memo(_BRANCHES)
        tables = (self._view, self._search, self._probed, self._figures, *self._writes, self._envelope)
        self._bounds = book.call_conditions(tables)

    def decide(self, reading: Reading) -> Decision:
        """Return the decision on a call of this shape that knows *reading*."""
        if self._refusal is not None:
            return self._refusal
        code = encoded(self._bounds, reading)
        branch = self._branches.get(code)
        if branch is None:
            branch = self._branches.put(code, self._branch(TruthVector(decoded(self._bounds, code))))
        return branch if isinstance(branch, Deny) else branch.decide(reading)

    def _all_known(self) -> tuple[str, ...]:
        if not self._shape.everything:
            return ()
        return tuple(path for path in self._fields.paths if path in self._known)

    def _unknown(self) -> Deny | None:
        shape = self._shape
        named = {*shape.selected, *shape.searched, *shape.aggregated, *shape.written}
        if named <= self._known and not set(shape.aliases) & set(self._fields.parts):
            return None
        return Deny(DenyKind.FIELD, self._book.version)

    def _table(self, action: Action, paths: Iterable[str]) -> Table:
        return self._book.table(self._asker, action, self._fields.objects(paths))

    def _branch(self, call: TruthVector) -> Branch | Deny:
        requirement = SearchRules(self._book.verdicts, self._book.conditions, call).requirement(
            self._search, self._fields.objects(self._shape.searched)
        )
        if self._shape.describes:
            return self._described(call)
        if not self._probes_clear(call) or not self._figures_clear(call):
            return Deny(DenyKind.FIELD, self._book.version, truths=call)
        scope = Scope(self._fields, self._selected, self._view, dict.fromkeys(self._shape.aliases, CLEAR))
        ceiling = self._ceiling(scope, call)
        change = self._change(call) if self._shape.writes else None
        if isinstance(change, Deny):
            return change
        if change is None and not any(level.rank for level in ceiling.levels.values()):
            return Deny(DenyKind.POLICY, self._book.version, ceiling.rules, call)
        permit = Permit(
            self._book.version,
            ceiling.levels,
            self._residual(scope, call, besides=self._envelope.alive),
            call,
            change=change,
            envelope=self._shown_parts if self._parts else no_parts,
            rules=ceiling.rules.union(change.ceiling.rules if change else ()),
            obligations=ceiling.obligations.union(change.ceiling.obligations if change else ()),
        )
        return Branch(permit, requirement, self._fields.searchable)

    def _ceiling(self, scope: Scope, call: TruthVector) -> Grant:
        return granted(scope.verdicts(Pending(call)), self._book.verdicts, scope.fixed)

    def _residual(self, scope: Scope, call: TruthVector, besides: int = 0) -> RecordResidual:
        """Return what is left to decide; *besides* are further rules whose conditions must be known of a record."""
        rules = undecided(self._book.verdicts.named(scope.table.alive | besides), call)
        bounds = tuple(bound for bound in self._book.conditions.used_by(rules) if not bound.of_call)
        return RecordResidual(scope, self._book.verdicts, bounds, call, self._book.checked)

    def _probes_clear(self, call: TruthVector) -> bool:
        """Tell whether what is searched by its parts, or sorted by, could be seen whole: it would be found by halving.

        A field that is masked at best can be looked up by a whole value that somebody names, and no more.
        """
        by_object = self._probed.verdicts(Pending(call))
        return all(self._fields.verdict(path, by_object).level == CLEAR for path in self._shape.probed)

    def _figures_clear(self, call: TruthVector) -> bool:
        """Tell whether figures may be made: a maximum is a value, whosever it is."""
        by_object = self._figures.verdicts(call)
        return all(self._fields.verdict(path, by_object).level == CLEAR for path in self._shape.aggregated)

    def _shown_parts(self, truths: TruthVector) -> frozenset[str]:
        known = self._shown.get(truths)
        if known is not None:
            return known
        verdicts = self._envelope.verdicts(truths)
        return self._shown.put(
            truths, frozenset(part for part, name in self._parts.items() if verdicts[name].level == CLEAR)
        )

    def _change(self, call: TruthVector) -> Changes | Deny:
        residuals, ceilings, refused = [], [], set[str]()
        for table in self._writes:
            scope = Scope(self._fields, self._shape.written, table, {})
            ceiling = self._ceiling(scope, call)
            refused |= {path for path, level in ceiling.levels.items() if level != CLEAR}
            residuals.append(self._residual(scope, call))
            ceilings.append(ceiling)
        if refused:
            return Deny(DenyKind.FIELD, self._book.version, truths=call, paths=tuple(sorted(refused)))
        return Changes(tuple(residuals), _least(ceilings))

    def _described(self, call: TruthVector) -> Branch:
        known = self._book.describe(self._asker, self._fields, self._known)
        scope = Scope(self._fields, (), self._view, {})
        permit = Permit(self._book.version, {}, self._residual(scope, call), call, known=known)
        return Branch(permit, FREE, frozenset())


class Changes:
    """The residual of a change that needs several actions (an upsert creates or edits): each must be permitted.

    *ceiling* is the most that any record could grant.
    """

    __slots__ = ("_parts", "ceiling", "facts", "reads")

    def __init__(self, parts: tuple[RecordResidual, ...], ceiling: Grant) -> None:
        self._parts = parts
        self.ceiling = ceiling
        self.reads: frozenset[str] = frozenset().union(*(part.reads for part in parts))
        self.facts: frozenset[str] = frozenset().union(*(part.facts for part in parts))

    def truths(self, reading: Reading) -> TruthVector:
        """Return the truths of all parts together."""
        if len(self._parts) == 1:
            return self._parts[0].truths(reading)
        vector = TruthVector()
        for part in self._parts:
            vector = vector.extended(part.truths(reading))
        return vector

    def levels(self, truths: TruthVector) -> Grant:
        """Return for each written path the least that any of the actions grants."""
        return _least([part.levels(truths) for part in self._parts])


def _least(grants: Sequence[Grant]) -> Grant:
    """Return for each path the least that any of *grants* gives."""
    if len(grants) == 1:
        return grants[0]
    levels: dict[str, Level] = {}
    for grant in grants:
        for path, level in grant.levels.items():
            levels[path] = min(level, levels.get(path, level), key=lambda level: level.rank)
    rules = frozenset[str]().union(*(grant.rules for grant in grants))
    return Grant(levels, rules, frozenset[Obligation]().union(*(grant.obligations for grant in grants)))
