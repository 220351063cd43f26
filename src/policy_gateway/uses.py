"""Taking a query apart: what it asks of its own records and of others, and each single use that it makes of a field."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from policy_gateway.model.field import ID_PATH, Catalogue, Resource
from policy_gateway.query import (
    Action,
    And,
    Change,
    ChangeKind,
    Child,
    Compare,
    Describe,
    In,
    Not,
    Operation,
    Or,
    Order,
    Query,
    Text,
    Verify,
    Where,
)

STEP: Final = "/"
NOWHERE: Final = "?"
"""Begins what stands for a name that leads nowhere."""


_WRITES: Final[Mapping[ChangeKind, Action]] = MappingProxyType(
    {
        ChangeKind.CREATE: Action.CREATE,
        ChangeKind.UPDATE: Action.EDIT,
        ChangeKind.UPSERT: Action.EDIT,
        ChangeKind.DELETE: Action.DELETE,
        ChangeKind.ERASE: Action.ERASE,
        ChangeKind.MERGE: Action.EDIT,
    }
)


@dataclass(slots=True)
class Parts:
    """One query taken apart: what concerns its *own* records, and what others by the reference that leads to them.

    *joins* are the sub-queries that a field is compared with.
    """

    own: Query
    parents: dict[str, Query] = field(default_factory=dict)
    children: list[Child] = field(default_factory=list)
    joins: list[Query] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Use:
    """One use of one field: *word* names it within the call, *path* within its *resource*.

    *probes* are operations that ask for nothing but this use; all of them must be permitted. *manner* is how the field
    is used: what is used in the same manner is decided the same.
    """

    word: str
    path: str
    resource: Resource
    action: Action
    probes: tuple[tuple[Operation, Resource], ...]
    manner: str = ""

    @property
    def alike(self) -> tuple[str, str]:
        """Return what is the same for uses that are decided the same: of names that lead nowhere, one is as any."""
        nowhere = self.path.startswith(NOWHERE)
        return self.manner, f"{self.resource.name} {NOWHERE}" if nowhere else self.word


def apart(query: Query) -> Parts:
    """Return the parts of *query*. Where it reaches others through a reference, that reference is used as they are."""
    if _is_plain(query):
        return Parts(query)
    parts = Parts(query, children=[item for item in query.select if isinstance(item, Child)])
    paths = [item for item in query.select if isinstance(item, str)]
    selected = dict.fromkeys(_selected(path, parts) for path in paths)
    parts.own = replace(
        query,
        select=tuple(selected) or ((ID_PATH,) if query.select else ()),
        where=None if query.where is None else _own(query.where, parts),
        group=tuple(_grouped(path, parts) for path in query.group),
        order=tuple(_sorted(order, parts) for order in query.order),
        cursor=None,
    )
    return parts


def _is_plain(query: Query) -> bool:
    """Tell whether *query* selects fields of its own records only, and does nothing else by fields."""
    if query.where is not None or query.cursor is not None or query.group or query.order:
        return False
    once = len(set(query.select)) == len(query.select)
    return once and all(isinstance(item, str) and STEP not in item for item in query.select)


def _selected(path: str, parts: Parts) -> str:
    step, rest = _step(path)
    if rest:
        parent = _parent(parts, step)
        parts.parents[step] = replace(parent, select=(*parent.select, rest))
    return step


def _grouped(path: str, parts: Parts) -> str:
    step, rest = _step(path)
    if rest:
        parent = _parent(parts, step)
        parts.parents[step] = replace(parent, group=(*parent.group, rest))
    return step


def _sorted(order: Order, parts: Parts) -> Order:
    step, rest = _step(order.path)
    if rest:
        parent = _parent(parts, step)
        parts.parents[step] = replace(parent, order=(*parent.order, replace(order, path=rest)))
    return replace(order, path=step)


def _own(where: Where, parts: Parts) -> Where:
    match where:
        case And(items):
            return And(tuple(_own(item, parts) for item in items))
        case Or(items):
            return Or(tuple(_own(item, parts) for item in items))
        case Not(item):
            return Not(_own(item, parts))
        case Compare(path=path) | In(path=path):
            return _leaf(where, path, parts)
        case Text(term, paths):
            return Text(term, tuple(_step(path)[0] for path in paths))


def _leaf(where: Compare | In, path: str, parts: Parts) -> Where:
    step, rest = _step(path)
    if rest:
        parent = _parent(parts, step)
        leaf = replace(where, path=rest)
        both = (leaf,) if parent.where is None else (parent.where, leaf)
        parts.parents[step] = replace(parent, where=And(both))
        return In(step, ())
    if isinstance(where, In) and isinstance(where.values, Query):
        parts.joins.append(where.values)
        return In(step, ())
    return where


def _parent(parts: Parts, step: str) -> Query:
    return parts.parents.get(step) or Query("")


def _step(path: str) -> tuple[str, str]:
    """Return the first step of *path* and what follows it in another record; a name that leads nowhere has no steps."""
    if path.startswith(NOWHERE):
        return path, ""
    step, _, rest = path.partition(STEP)
    return step, rest


def uses(operation: Operation, resource: Resource, catalogue: Catalogue) -> Iterator[Use]:
    """Yield each use that *operation* makes of a field, in the order in which a caller writes them."""
    match operation:
        case Query():
            yield from _Uses(catalogue).of(operation, resource)
        case Change(values=values):
            for path in values:
                single = replace(operation, values={path: values[path]}, select=())
                yield Use(path, path, resource, _WRITES[operation.kind], ((single, resource),), operation.kind)
        case Describe() | Verify():
            return


@dataclass(frozen=True, slots=True)
class _Uses:
    catalogue: Catalogue
    within: str = ""
    searching: bool = False

    def of(self, query: Query, resource: Resource) -> Iterator[Use]:
        """Yield the uses of *query*; what a sub-query selects is searched."""
        for item in query.select:
            if isinstance(item, Child):
                target = self.catalogue.resources[item.query.resource]
                within = f"{self.within}{item.relation}>"
                path = next(one.path for one in resource.children if one.name == item.relation)
                yield Use(within, path, target, Action.VIEW, ((Query(target.name, (path,)), target),), "children")
                yield from _Uses(self.catalogue, within).of(item.query, target)
            elif isinstance(item, str) and self.searching:
                yield self._searched(item, resource, lambda path: In(path, ()), "in")
            elif isinstance(item, str):
                yield self._use(item, resource, lambda path: Query("", (path,)), Action.VIEW, "select")
        for where in (query.where, query.having):
            if where is not None:
                yield from self._filtered(where, resource)
        for path in query.group:
            yield self._use(path, resource, lambda own: Query("", (ID_PATH,), group=(own,)), Action.SEARCH, "group")
        for order in query.order:
            yield self._use(order.path, resource, _sorted_by, Action.SEARCH, "order")

    def _filtered(self, where: Where, resource: Resource) -> Iterator[Use]:
        match where:
            case And(items) | Or(items):
                for item in items:
                    yield from self._filtered(item, resource)
            case Not(item):
                yield from self._filtered(item, resource)
            case Compare(path=path) as leaf:
                yield self._searched(path, resource, lambda own: replace(leaf, path=own), f"compare {leaf.op}")
            case In(path=path, values=values):
                yield self._searched(path, resource, lambda own: In(own, ()), "in")
                if isinstance(values, Query):
                    target = self.catalogue.resources[values.resource]
                    yield from _Uses(self.catalogue, f"{self.within}{path}<", searching=True).of(values, target)
            case Text(term, paths):
                for path in paths:
                    yield self._searched(path, resource, lambda own: Text(term, (own,)), "text")

    def _searched(self, path: str, resource: Resource, leaf: Callable[[str], Where], manner: str) -> Use:
        return self._use(path, resource, lambda own: Query("", (ID_PATH,), leaf(own)), Action.SEARCH, manner)

    def _use(self, path: str, resource: Resource, probe: Callable[[str], Query], action: Action, manner: str) -> Use:
        """Return the use of *path*, whose references are used on the way as it is itself."""
        probes: list[tuple[Operation, Resource]] = []
        step, rest = _step(path)
        while rest:
            probes.append((replace(probe(step), resource=resource.name), resource))
            resource = led_to(resource, step, self.catalogue)
            step, rest = _step(rest)
        probes.append((replace(probe(step), resource=resource.name), resource))
        return Use(self.within + path, step, resource, action, tuple(probes), manner)


def _sorted_by(path: str) -> Query:
    return Query("", (ID_PATH,), order=(Order(path),))


def led_to(resource: Resource, reference: str, catalogue: Catalogue) -> Resource:
    """Return where *reference* leads: there are paths through it only because that is one place."""
    references = resource.fields[reference].references
    return next(catalogue.resources[name] for name in references if name in catalogue.resources)
