"""One bundle, compiled and bound: everything that plans are made from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from policy_gateway.model.decision import KnownField, Level
from policy_gateway.model.facts import Reading, Truth
from policy_gateway.model.principal import PrincipalKind
from policy_gateway.policy.bound import Bound, BoundConditions
from policy_gateway.policy.bundle import Bundle
from policy_gateway.policy.compiled import Compiled
from policy_gateway.policy.conditions import Pending
from policy_gateway.policy.engine import Plays, rows_of, stock_enforcer
from policy_gateway.policy.fields import Fields
from policy_gateway.policy.memo import Memo
from policy_gateway.policy.oracle import Sample
from policy_gateway.policy.verdicts import Question, Table, Verdicts
from policy_gateway.policy.vocabulary import Vocabulary
from policy_gateway.query import Action

_KNOWN = 512
Check = Callable[[Sample], None]
_PROVENANCE = "provenance."
_WHO = frozenset({"principal.roles", "principal.kind"})


@dataclass(frozen=True, slots=True)
class Asker:
    """A caller as policy knows one: *names* reduced to those of the bundle, *purposes* to callable and granted ones."""

    names: frozenset[str]
    tenant: str
    purposes: frozenset[str]
    purpose: str
    mode: str


class Rulebook:
    """The rules, conditions and verdicts of one bundle."""

    def __init__(self, bundle: Bundle, vocabulary: Vocabulary, check: Check | None = None) -> None:
        self.bundle = bundle
        self._check = check
        self.version = bundle.version
        self.enforcer = stock_enforcer(rows_of(bundle))
        self.compiled = Compiled(self.enforcer)
        self.verdicts = Verdicts(bundle, self.compiled)
        self.conditions = BoundConditions(bundle, vocabulary)
        self._known: Memo[object, frozenset[str]] = Memo(_KNOWN)

    def checked(self, table: Table, objects: tuple[str, ...], truths: Mapping[str, Truth], level: Level) -> None:
        """Have a decision checked, if anybody does."""
        if self._check is not None:
            self._check(Sample(self.version, table.question, objects, dict(truths), pending=False, level=level.name))

    def table(self, asker: Asker, action: Action, objects: Iterable[str]) -> Table:
        """Return the verdicts of *asker* for *action* on *objects*."""
        question = Question(asker.names, asker.tenant, str(action), asker.purpose, asker.mode)
        return self.verdicts.table(question, objects)

    def call_conditions(self, tables: Iterable[Table]) -> tuple[Bound, ...]:
        """Return the conditions that the rules of *tables* read once a call."""
        alive = 0
        for table in tables:
            alive |= table.alive
        return tuple(bound for bound in self.conditions.used_by(self.verdicts.named(alive)) if bound.of_call)

    def known(self, asker: Asker, fields: Fields) -> frozenset[str]:
        """Return the paths that *asker* may know of: any action, any of its purposes, all conditions pending."""
        key = (asker.names, asker.tenant, asker.purposes, asker.mode, tuple(fields.parts.items()), fields.resource)
        return self._known.recall(key, lambda: self._knowable(asker, fields))

    def _knowable(self, asker: Asker, fields: Fields) -> frozenset[str]:
        found: set[str] = set()
        for purpose in sorted(asker.purposes):
            for action in Action:
                levels = self._ceilings(Question(asker.names, asker.tenant, str(action), purpose, asker.mode), fields)
                found.update(path for path, level in levels.items() if level.rank)
        return frozenset(found)

    def describe(self, asker: Asker, fields: Fields, known: frozenset[str]) -> tuple[KnownField, ...]:
        """Return what *asker* may do with each known path for the purpose at hand, all conditions pending."""
        actions: dict[str, dict[str, Level]] = {path: {} for path in fields.paths if path in known}
        for action in Action:
            question = Question(asker.names, asker.tenant, str(action), asker.purpose, asker.mode)
            for path, level in self._ceilings(question, fields).items():
                possible = action is not Action.SEARCH or path in fields.searchable
                if level.rank and possible and path in actions:
                    actions[path][str(action)] = level
        return tuple(KnownField(path, levels) for path, levels in actions.items())

    def _ceilings(self, question: Question, fields: Fields) -> dict[str, Level]:
        by_object = self.verdicts.table(question, fields.objects(fields.paths)).verdicts(Pending())
        return {path: fields.verdict(path, by_object).level for path in fields.paths}

    def background(self, names: frozenset[str], tenant: str) -> Reading:
        """Return what the bundle itself knows: the roles that *names* play in *tenant*, its time zone and hours."""
        plays = Plays(self.enforcer)
        roles = frozenset(role for role in self.bundle.names if plays(names, role, tenant))
        mandate = self.bundle.mandates.get(tenant)
        hours = mandate.hours if mandate else None
        return {
            "principal.roles": roles,
            "tenant.timezone": (mandate.timezone if mandate else "") or None,
            "tenant.office_hours": (hours.days, hours.opens, hours.closes) if hours else None,
        }

    def implied(self, names: frozenset[str], tenant: str) -> Mapping[str, Truth]:
        """Return the truths that follow from who calls alone: ``role(…)`` and ``kind(…)``, a person by default."""
        ids = [name.partition(":")[0] for name in sorted(names) if ":" in name and not name.startswith("team:")]
        reading = dict(self.background(names & self.bundle.names, tenant))
        reading["principal.kind"] = ids[0] if ids else PrincipalKind.USER.value
        following = [bound for bound in self.conditions.all() if bound.condition.reads <= _WHO]
        return {bound.text: bound.test(reading) for bound in following}

    def envelope_parts(self, tenant: str) -> Mapping[str, str]:
        """Return the classified provenance fields by the part that they stand for."""
        names = sorted(name for name in self.bundle.classified(tenant) if name.startswith(_PROVENANCE))
        return {name.removeprefix(_PROVENANCE): name for name in names if "@" not in name}
