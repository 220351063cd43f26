"""Deciding calls by one bundle."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count

from policy_gateway.model.decision import Decision, Deny, DenyKind, Permit
from policy_gateway.model.facts import Reading, Truth
from policy_gateway.model.field import Resource
from policy_gateway.model.principal import Principal
from policy_gateway.policy.bundle import Bundle
from policy_gateway.policy.dialect import BREAKGLASS, NORMAL
from policy_gateway.policy.explain import Explanation, explain
from policy_gateway.policy.fields import Fields, Fingerprints, fields_of
from policy_gateway.policy.memo import Memo
from policy_gateway.policy.oracle import Sample
from policy_gateway.policy.plan import Plan
from policy_gateway.policy.rulebook import Asker, Check, Rulebook
from policy_gateway.policy.shape import likeness
from policy_gateway.policy.verdicts import Question
from policy_gateway.policy.vocabulary import Vocabulary
from policy_gateway.query import Action, Call, Change, Verify

_PLANS = 1024
_FIELDS = 1024
_ASKERS = 1024
_GDPR = "gdpr"
_EVERYWHERE = ""
SAMPLED = 251
"""One in so many decisions is checked against stock Casbin, if there is an oracle."""


class Policy:
    """One bundle, ready to decide. Immutable but for bounded memories; safe to share between threads."""

    def __init__(self, bundle: Bundle, vocabulary: Vocabulary, check: Check | None = None) -> None:
        self.bundle = bundle
        self.version = bundle.version
        self.rulebook = Rulebook(bundle, vocabulary, check)
        self._check = check
        self._decisions = count()
        self._fingerprints = Fingerprints()
        self._fields: Memo[tuple[str, str, str], Fields] = Memo(_FIELDS)
        self._plans: Memo[object, Plan] = Memo(_PLANS)
        self._backgrounds: Memo[tuple[frozenset[str], str], Reading] = Memo(_ASKERS)
        self._known: Memo[tuple[frozenset[str], str, frozenset[str], str, str], frozenset[str]] = Memo(_ASKERS)

    def decide(self, principal: Principal, call: Call, resource: Resource, reading: Reading) -> Decision:
        """Return what *principal* may do by *call* on *resource*.

        *reading* holds what is known of the call (``principal.*``, ``call.*``, ``fact.*``); record conditions stay
        pending in the ceiling. What the bundle knows itself (``principal.roles``, ``tenant.*``) is added to it. Raises
        ReleaseFailed when a condition breaks.
        """
        tenant, purpose = principal.tenant, call.purpose
        granted = principal.purposes & self.bundle.callable_purposes(tenant)
        if purpose not in granted:
            return Deny(DenyKind.PURPOSE, self.version)
        alike = likeness(call)
        if alike is None:
            return Deny(DenyKind.FIELD, self.version)
        # Casbin keeps every name that it is asked about, so it is asked about none but the bundle's own.
        names = principal.names & self.bundle.names
        mode = BREAKGLASS if reading.get("call.mode") == BREAKGLASS else NORMAL
        connection = call.connection if call.connection in self.bundle.connections else _EVERYWHERE
        fingerprint = self._fingerprints.of(resource)
        enveloped = _GDPR in call.include
        key = (names, tenant, granted, purpose, mode, connection, fingerprint, alike, enveloped)
        plan = self._plans.get(key)
        if plan is None:
            asker = Asker(names, tenant, granted, purpose, mode)
            fields = self._fields_of(resource, tenant, connection)
            plan = self._plans.put(key, Plan(self.rulebook, asker, fields, call, envelope=enveloped))
        decision = plan.decide({**reading, **self._background(names, tenant)})
        if self._check is not None and next(self._decisions) % SAMPLED == 0 and isinstance(decision, Permit):
            # Asked anew from the call itself, so that a memory that mixed up its keys is found out.
            action = Action.VIEW if isinstance(call.operation, Change | Verify) else call.action
            question = Question(names, tenant, str(action), purpose, mode)
            self._sample(question, decision, self._fields_of(resource, tenant, connection))
        return decision

    def known(self, principal: Principal, connection: str, resource: Resource) -> frozenset[str]:
        """Return the paths of *resource* that *principal* may know of under any of its purposes."""
        tenant = str(principal.tenant)
        purposes = principal.purposes & self.bundle.callable_purposes(tenant)
        asker = Asker(principal.names & self.bundle.names, tenant, purposes, "", NORMAL)
        narrowed = connection if connection in self.bundle.connections else _EVERYWHERE
        key = (asker.names, tenant, purposes, narrowed, self._fingerprints.of(resource))
        return self._known.recall(key, lambda: self.rulebook.known(asker, self._fields_of(resource, tenant, narrowed)))

    def forbidding(self, principal: Principal, call: Call, resource: Resource, path: str) -> frozenset[str]:
        """Return the rules that keep *principal* from using *path* as *call* would, conditions of records unknown."""
        names, tenant = principal.names & self.bundle.names, str(principal.tenant)
        question = Question(names, tenant, str(call.action), call.purpose, NORMAL)
        connection = call.connection if call.connection in self.bundle.connections else _EVERYWHERE
        parts = self._fields_of(resource, tenant, connection).objects((path,))
        reasons = (reason for part in parts for reason in self.explain(question, part, {}).capping)
        return frozenset(reason.rule.id for reason in reasons)

    def explain(self, question: Question, name: str, truths: Mapping[str, Truth]) -> Explanation:
        """Return why *question* about the field id *name* is answered as it is, given *truths* by condition."""
        return explain(self.rulebook, question, name, truths)

    def _sample(self, question: Question, permit: Permit, fields: Fields) -> None:
        decided = [path for path in permit.ceiling if path in fields.parts]
        if self._check is not None and decided:
            path = decided[next(self._decisions) % len(decided)]
            level = permit.ceiling[path].name
            truths = dict(permit.truths)
            self._check(Sample(self.version, question, fields.parts[path], truths, pending=True, level=level))

    def _background(self, names: frozenset[str], tenant: str) -> Reading:
        return self._backgrounds.recall((names, tenant), lambda: self.rulebook.background(names, tenant))

    def _fields_of(self, resource: Resource, tenant: str, connection: str) -> Fields:
        key = (self._fingerprints.of(resource), tenant, connection)
        return self._fields.recall(key, lambda: fields_of(resource, self.bundle, tenant, connection))
