"""Deciding a whole call: whatever it asks of other records is decided like a call of its own, with their own rules.

A contact's company is a company: whoever may see the contact sees of it what company rules permit, and filters
contacts by it as company rules permit searching.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Final

from policy_gateway.crm import Target
from policy_gateway.model.decision import Decision, Deny, DenyKind, Joined, Permit, Related
from policy_gateway.model.disclosure import KnownResource
from policy_gateway.model.facts import Reading
from policy_gateway.model.field import ID_PATH, Resource
from policy_gateway.model.principal import Principal
from policy_gateway.policy import Policy
from policy_gateway.query import Action, And, Call, Change, Describe, In, Operation, Query
from policy_gateway.reading import with_id
from policy_gateway.uses import Parts, Use, apart, led_to, uses

SHOWN: Final = frozenset({Action.VIEW, Action.SEARCH, Action.EDIT, Action.CREATE, Action.EXPORT, Action.CONTACT})
"""What somebody must be permitted of a field for the purpose at hand that a CRM's describe would mention."""

MOST_RELATED: Final = 24
"""How much one call may ask of other records; each is one more decision."""


def decide(policy: Policy, principal: Principal, target: Target, reading: Reading) -> Decision:
    """Return what *principal* may do by the call of *target*, related records included."""
    call = with_id(target.call)
    if call.words is None:
        return policy.decide(principal, call, target.resource, reading)
    return _Decider(policy, principal, target, reading).decided()


def described(policy: Policy, principal: Principal, target: Target, reading: Reading) -> tuple[KnownResource, ...]:
    """Return what *principal* may know of the resource that a Describe in a dialect is about, or of each there is."""
    operation = target.call.operation
    if target.call.words is None or not isinstance(operation, Describe):
        return ()
    catalogue = target.catalogue
    asked = [target.resource] if operation.resource else list(catalogue.resources.values())
    known = {name: policy.known(principal, target.connection, one) for name, one in catalogue.resources.items()}
    found = []
    for resource in asked:
        call = replace(target.call, operation=Describe(resource.name))
        permit = policy.decide(principal, call, resource, reading)
        if isinstance(permit, Permit) and known[resource.name]:
            actions = {field.path: field.actions for field in permit.known if field.actions.keys() & SHOWN}
            if actions:
                found.append(KnownResource(_reduced(resource, actions.keys(), known), actions))
    return tuple(found)


def _reduced(resource: Resource, own: AbstractSet[str], known: Mapping[str, frozenset[str]]) -> Resource:
    """Return *resource* with its *own* fields only, without where they lead and what hangs on it if unknown."""
    fields = {
        path: replace(
            field,
            references=tuple(name for name in field.references if known.get(name)),
            contains=tuple(part for part in field.contains if part in own),
        )
        for path, field in resource.fields.items()
        if path in own
    }
    children = tuple(one for one in resource.children if one.path in known.get(one.resource, ()))
    searched = tuple(path for path in resource.searched if path in own)
    return replace(resource, fields=fields, children=children, searched=searched)


class _Decider:
    """Decides one call in a dialect."""

    def __init__(self, policy: Policy, principal: Principal, target: Target, reading: Reading) -> None:
        self._policy = policy
        self._principal = principal
        self._catalogue = target.catalogue
        self._call = target.call
        self._resource = target.resource
        self._reading = reading
        self._related = 0
        self._joins: list[Joined] = []
        self._left_out: dict[str, None] = {}

    def decided(self) -> Decision:
        """Return the decision; a refusal of fields says which, in the caller's words."""
        operation = self._call.operation
        if isinstance(operation, Query):
            decision = self._query(operation, self._resource)
            if isinstance(decision, Permit) and (self._left_out or self._joins):
                decision = replace(decision, left_out=tuple(self._left_out), joins=tuple(self._joins))
        elif isinstance(operation, Change) and operation.select:
            # Who may change something is told of it what it may know of; only what it writes can be refused.
            decision = self._flat(self._of_known(operation, self._resource), self._resource)
        else:
            decision = self._flat(operation, self._resource)
        if isinstance(decision, Deny) and decision.kind is DenyKind.FIELD:
            return self._named(decision, operation)
        return decision

    def _flat(self, operation: Operation, resource: Resource) -> Decision:
        call = with_id(replace(self._call, operation=operation))
        return self._policy.decide(self._principal, call, resource, self._reading)

    def _query(self, query: Query, resource: Resource) -> Decision:
        parts = apart(query)
        self._related += len(parts.parents) + len(parts.children) + len(parts.joins)
        if self._related > MOST_RELATED:
            return Deny(DenyKind.FIELD, self._policy.version)
        decision = self._flat(self._known_only(parts.own, resource), resource)
        if isinstance(decision, Deny):
            return decision
        for joined in parts.joins:
            refusal = self._semi_join(joined)
            if refusal is not None:
                return refusal
        related: list[Related] = []
        for found in self._relations(parts, resource):
            if isinstance(found, Deny):
                return found
            related.append(found)
        if not related:
            return decision
        return replace(
            decision,
            related=tuple(related),
            rules=decision.rules.union(*(one.permit.rules for one in related)),
            obligations=decision.obligations.union(*(one.permit.obligations for one in related)),
        )

    def _relations(self, parts: Parts, resource: Resource) -> Iterator[Related | Deny]:
        for name, asked in parts.parents.items():
            target = led_to(resource, name, self._catalogue)
            query = replace(asked, resource=target.name)
            searches = query.where is not None or bool(query.order or query.group)
            shown = any(isinstance(item, str) for item in query.select)
            query = query if shown else replace(query, select=(ID_PATH,))
            decision = self._query(query, target)
            if isinstance(decision, Deny):
                # What may not be seen of a record that is only shown is withheld, as of any other.
                if decision.kind is DenyKind.FIELD or searches:
                    yield decision if decision.kind is DenyKind.FIELD else _refusal(decision)
            elif decision.search is not None:
                yield _refusal(decision)  # a CRM's answer does not tell which related records it has looked into
            else:
                yield Related(name, target, query, decision, searched=searches, shown=shown)
        for child in parts.children:
            target = self._catalogue.resources[child.query.resource]
            path = next(relation.path for relation in resource.children if relation.name == child.relation)
            # Whose children they are is what their own reference says: it is shown with them.
            query = replace(child.query, select=tuple(dict.fromkeys((*child.query.select, path))))
            decision = self._query(query, target)
            if isinstance(decision, Permit):
                yield Related(child.relation, target, query, decision, many=True, path=path)
            elif decision.kind is DenyKind.FIELD:
                yield decision

    def _semi_join(self, query: Query) -> Deny | None:
        """Return why a join with *query* may not be made: what it selects is searched like what it filters by."""
        target = self._catalogue.resources[query.resource]
        looked_at = And(tuple(In(path, ()) for path in query.select if isinstance(path, str)))
        where = looked_at if query.where is None else And((looked_at, query.where))
        decision = self._query(Query(query.resource, (ID_PATH,), where, order=query.order), target)
        if isinstance(decision, Deny):
            return decision if decision.kind is DenyKind.FIELD else _refusal(decision)
        if decision.search is not None:
            return _refusal(decision)
        if decision.residual.reads or decision.residual.facts or decision.related:
            self._joins.append(Joined(query, target, decision))
        return None

    def _known_only(self, query: Query, resource: Resource) -> Query:
        """Return *query* without selected names that the caller may not know of, if its call is lenient."""
        if not self._call.lenient or not query.select:
            return query
        known = self._policy.known(self._principal, self._call.connection, resource)
        unknown = [path for path in query.select if isinstance(path, str) and path not in known]
        if not unknown:
            return query
        self._left_out |= dict.fromkeys(path for path in unknown if path in resource.fields)
        return replace(query, select=tuple(path for path in query.select if path in known) or (ID_PATH,))

    def _of_known(self, change: Change, resource: Resource) -> Change:
        known = self._policy.known(self._principal, self._call.connection, resource)
        return replace(change, select=tuple(path for path in change.select if path in known) or (ID_PATH,))

    def _named(self, refusal: Deny, operation: Operation) -> Deny:
        """Return *refusal* with everything that is refused by itself, so in the same words whether it exists or not."""
        words, fields, rules = dict[str, None](), dict[str, None](), set(refusal.rules)
        refused: dict[tuple[str, str], bool] = {}
        for use in uses(operation, self._resource, self._catalogue):
            first = use.alike not in refused
            if first:
                refused[use.alike] = any(self._refuses(probe, resource) for probe, resource in use.probes)
            if not refused[use.alike]:
                continue
            words[(self._call.words or {}).get(use.word, use.word)] = None
            if first and use.path in use.resource.fields:
                fields[use.word] = None
                rules |= self._policy.forbidding(self._principal, self._asking(use), use.resource, use.path)
        return replace(refusal, words=tuple(words), fields=tuple(fields), rules=frozenset(rules), paths=())

    def _refuses(self, probe: Operation, resource: Resource) -> bool:
        """Tell whether *probe* is refused, and not merely withheld."""
        decision = self._flat(probe, resource)
        return isinstance(decision, Deny) and decision.kind is DenyKind.FIELD

    def _asking(self, use: Use) -> Call:
        return replace(self._call, action=self._call.action if use.action is Action.VIEW else use.action)


def _refusal(decision: Decision) -> Deny:
    """Return that a field may not be used so, of what was decided otherwise."""
    return Deny(DenyKind.FIELD, decision.version, decision.rules, decision.truths)
