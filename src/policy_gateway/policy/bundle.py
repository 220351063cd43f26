"""An immutable policy, named by the hash of its content: rules, links, purposes, mandates, the ladder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from policy_gateway.model.decision import Level, Obligation
from policy_gateway.policy.conditions import Literal
from policy_gateway.policy.dialect import BREAKGLASS, EVERY, NON_PERSONAL, NORMAL, NOTHING, PERSONAL


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where something was written: *path* within the policy folder and its 1-based *line*."""

    path: str
    line: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


@dataclass(frozen=True, slots=True)
class Rule:
    """One allow or deny row; the names are those of the model's columns, *then* and *literals* are parsed."""

    sub: str
    dom: str
    obj: str
    act: str
    eft: str
    show: str
    purpose: str
    cond: str
    tier: str
    then: tuple[Obligation, ...]
    id: str
    why: str
    literals: tuple[Literal, ...]
    place: Place

    def row(self) -> list[str]:
        """Return the twelve columns as Casbin gets them."""
        then = " & ".join(str(obligation) for obligation in self.then) or NOTHING
        head = [self.sub, self.dom, self.obj, self.act, self.eft, self.show, self.purpose, self.cond]
        return [*head, self.tier, then, self.id, self.why or NOTHING]


@dataclass(frozen=True, slots=True)
class Link:
    """*lower* belongs to *upper*: ``g2, contact.iban, financial, *``. *tenant* is empty where links have none."""

    kind: str
    lower: str
    upper: str
    tenant: str
    place: Place

    def row(self) -> list[str]:
        """Return the columns as Casbin gets them."""
        return [self.lower, self.upper, self.tenant] if self.tenant else [self.lower, self.upper]


@dataclass(frozen=True, slots=True)
class Purpose:
    """Why data may be used: its Art. 6(1) ground, how long it is kept (ISO 8601), its DPV term, and labels."""

    name: str
    broader: str
    legal_basis: str
    retention: str
    dpv: str
    labels: Mapping[str, str]
    place: Place


@dataclass(frozen=True, slots=True)
class Hours:
    """Office hours: *days* counted from Monday = 0, *opens* and *closes* as ``HH:MM`` in the tenant's time zone."""

    days: tuple[int, ...]
    opens: str
    closes: str


@dataclass(frozen=True, slots=True)
class Mandate:
    """What one controller has asked the contact center to do: the purposes, where and when, how long data is kept."""

    tenant: str
    controller: Mapping[str, str]
    purposes: tuple[str, ...]
    timezone: str
    hours: Hours | None
    retention: Mapping[str, str]
    place: Place


@dataclass(frozen=True, slots=True)
class Instruction:
    """A documented instruction (Art. 28) that rules may cite; *texts* by language. No *tenant*: of the whole group."""

    id: str
    tenant: str
    texts: Mapping[str, str]
    details: Mapping[str, str]
    place: Place


@dataclass(frozen=True)
class Bundle:
    """Everything that a policy folder says. *ladder* ascends and leaves out ``none``."""

    version: str
    rules: tuple[Rule, ...]
    links: tuple[Link, ...]
    purposes: Mapping[str, Purpose]
    mandates: Mapping[str, Mandate]
    ladder: tuple[Level, ...]
    instructions: Mapping[str, Instruction] = field(default_factory=dict)

    @cached_property
    def names(self) -> frozenset[str]:
        """Return every name of a principal, team or role that a rule or link speaks of."""
        linked = {name for link in self.links if link.kind == "g" for name in (link.lower, link.upper)}
        return frozenset(linked | {rule.sub for rule in self.rules if rule.sub != EVERY})

    @cached_property
    def connections(self) -> frozenset[str]:
        """Return the names of the connections that vocabulary lines are narrowed to."""
        lowers = (link.lower for link in self.links if link.kind == "g2")
        return frozenset(lower.partition("@")[2] for lower in lowers if "@" in lower)

    @cached_property
    def leaves(self) -> frozenset[str]:
        """Return the purposes that no other is narrower than: only they can be called."""
        return frozenset(self.purposes) - {purpose.broader for purpose in self.purposes.values()}

    @cached_property
    def _classified(self) -> Mapping[str, frozenset[str]]:
        tenants: dict[str, set[str]] = {}
        for link in self.links:
            if link.kind == "g2":
                tenants.setdefault(link.tenant, set()).add(link.lower)
        return {tenant: frozenset(names) for tenant, names in tenants.items()}

    @cached_property
    def _fields(self) -> Mapping[str, frozenset[str]]:
        shared = self._classified.get(EVERY, frozenset())
        return {tenant: shared | self._classified.get(tenant, frozenset()) for tenant in self.mandates}

    def classified(self, tenant: str) -> frozenset[str]:
        """Return the fields and categories that have a place in *tenant*'s vocabulary."""
        return self._fields.get(tenant, frozenset())

    @cached_property
    def _above(self) -> Mapping[str, frozenset[str]]:
        uppers: dict[str, set[str]] = {}
        for link in self.links:
            if link.kind == "g2":
                uppers.setdefault(link.lower, set()).add(link.upper)
        return {name: _everything_above(name, uppers) for name in uppers}

    def nonpersonal(self, name: str, connection: str) -> bool:
        """Tell whether all say that the field id *name* holds no personal data."""
        narrowed = f"{name}@{connection}"
        roots = self._above.get(narrowed if narrowed in self._above else name, frozenset())
        return NON_PERSONAL in roots and PERSONAL not in roots

    @cached_property
    def _callable(self) -> Mapping[str, frozenset[str]]:
        return {tenant: frozenset(mandate.purposes) & self.leaves for tenant, mandate in self.mandates.items()}

    def callable_purposes(self, tenant: str) -> frozenset[str]:
        """Return the leaf purposes that *tenant* has mandated; none for a tenant that is not known."""
        return self._callable.get(tenant, frozenset())

    def modes(self, mode: str) -> tuple[str, ...]:
        """Return the modes to ask for: a break-glass session may do whatever a normal one may."""
        return (NORMAL, BREAKGLASS) if mode == BREAKGLASS else (NORMAL,)

    def own(self, tenant: str) -> tuple[Rule, ...]:
        """Return the rules that concern *tenant*: its own and everybody's."""
        return tuple(rule for rule in self.rules if rule.dom in {EVERY, tenant})


def _everything_above(name: str, uppers: Mapping[str, set[str]]) -> frozenset[str]:
    found: set[str] = set()
    waiting = [name]
    while waiting:
        fresh = uppers.get(waiting.pop(), set()) - found
        found |= fresh
        waiting.extend(fresh)
    return frozenset(found)
