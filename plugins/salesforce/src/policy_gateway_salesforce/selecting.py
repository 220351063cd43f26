"""A query of the gateway, understood: what the org is asked, and how its answer is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from policy_gateway.errors import FieldRefused, InvalidCall, UpstreamInvalid
from policy_gateway.model.field import Field, Relation, Resource, Value
from policy_gateway.query import Child, Query, Where, paths_of
from policy_gateway.records import Record
from policy_gateway_salesforce import matching, routes
from policy_gateway_salesforce.catalogue import Org
from policy_gateway_salesforce.conditions import filtering
from policy_gateway_salesforce.mapping import Plan
from policy_gateway_salesforce.paging import locator
from policy_gateway_salesforce.soql_writing import Soql, ordering

DEEPEST: Final = 5
"""How many queries may stand within each other, as in the vendor's own."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What is read of *resource*: *paths* by *plan*, asked by *soql*, and what hangs on it by *children*.

    *wider* is the filter that each record has to be held against, None when the org answers it exactly. *limit* is how
    many records there may be of a child.
    """

    resource: Resource
    paths: tuple[str, ...]
    plan: Plan
    soql: Soql
    region: str
    wider: Where | None = None
    children: tuple[tuple[Relation, Selection], ...] = ()
    limit: int | None = None
    _fields: Mapping[str, Field] = field(default_factory=dict)

    def record(self, item: object) -> Record | None:
        """Return the record in *item*, None when it is not one that was meant."""
        record = self.plan.record(item)
        if self.wider is None:
            return record
        if not matching.holds(self.wider, record.values, self._fields, self.region):
            return None
        values: dict[str, Value] = {path: record.values[path] for path in self.paths if path in record.values}
        return Record(record.id, values)


class Understanding:
    """Understands queries for one *org*; *plans* keeps what was prepared before."""

    def __init__(self, org: Org, region: str) -> None:
        self.org = org
        self._region = region
        self._plans: dict[tuple[str, tuple[str, ...]], Plan] = {}

    def selection(self, query: Query, relation: Relation | None = None, depth: int = 1) -> Selection:
        """Return what *query* asks, of an object, or of what hangs on a record by *relation*.

        InvalidCall for what cannot be carried, FieldRefused for names that do not exist.
        """
        resource = routes.resource(self.org, query.resource)
        paths, children = self._selected(query, resource, depth)
        for path in query.group:
            routes.route(self.org, resource, path)
        meant = filtering(self.org, resource, query.where, self._region)
        asked = paths if meant.exact else tuple(dict.fromkeys((*paths, *sorted(paths_of(query.where)))))
        plan = self.plan(resource, asked)
        soql = Soql(
            plan.names,
            relation.native if relation else resource.native,
            meant.condition,
            ordering(self.org, resource, query.order) if query.order or relation is None else (),
            query.limit if relation else None,
            children=tuple(child.soql for _, child in children),
        )
        return Selection(
            resource,
            paths,
            plan,
            soql,
            self._region,
            wider=None if meant.exact else query.where,
            children=children,
            limit=query.limit if relation else None,
            _fields=plan.fields,
        )

    def plan(self, resource: Resource, paths: tuple[str, ...]) -> Plan:
        """Return how *paths* are read."""
        key = resource.name, paths
        found = self._plans.get(key)
        if found is None:
            if len(self._plans) >= _MOST_PLANS:
                self._plans.clear()
            found = self._plans[key] = Plan(self.org, resource, paths)
        return found

    def _selected(
        self, query: Query, resource: Resource, depth: int
    ) -> tuple[tuple[str, ...], tuple[tuple[Relation, Selection], ...]]:
        if query.having is not None or query.history or query.associations:
            raise InvalidCall("a connection to Salesforce carries neither figures of groups, history nor associations")
        paths = tuple(item for item in query.select if isinstance(item, str))
        children = [item for item in query.select if isinstance(item, Child)]
        if len(paths) + len(children) < len(query.select):
            raise InvalidCall("a connection to Salesforce selects fields, and what hangs on a record")
        return paths, tuple(self._child(each, resource, depth) for each in children)

    def _child(self, child: Child, resource: Resource, depth: int) -> tuple[Relation, Selection]:
        query = child.query
        relation = next((each for each in resource.children if each.name == child.relation), None)
        if relation is None:
            # Before an org has described itself nothing is known of what hangs on its records.
            raise FieldRefused
        if relation.resource != query.resource or query.target is not None or query.cursor is not None:
            raise InvalidCall("what hangs on a record is read of its own resource, from its beginning")
        if depth >= DEEPEST or (query.limit is not None and query.limit < 1):
            raise InvalidCall("queries stand too deep within each other, or ask for nothing")
        return relation, self.selection(query, relation, depth + 1)


_MOST_PLANS: Final = 512


def results(answer: object) -> tuple[Sequence[object], str]:
    """Return the records of one page of a result, and the locator of the next one; empty when this is the last."""
    match answer:
        case {"records": list(records), "done": True}:
            return records, ""
        case {"records": list(records), "done": False, "nextRecordsUrl": address}:
            return records, locator(address)
        case _:
            raise UpstreamInvalid
