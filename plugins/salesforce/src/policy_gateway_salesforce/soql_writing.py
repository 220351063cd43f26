"""Queries in SOQL, put together from what the other modules have translated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from policy_gateway.errors import InvalidCall
from policy_gateway.model.field import FieldType, Resource
from policy_gateway.query import Order
from policy_gateway_salesforce.catalogue import ID, Org
from policy_gateway_salesforce.conditions import Condition
from policy_gateway_salesforce.literals import quoted
from policy_gateway_salesforce.routes import route

LONGEST: Final = 100_000
"""The longest query that the vendor reads, in characters."""

_NULLS: Final = MappingProxyType({True: " NULLS FIRST", False: " NULLS LAST", None: ""})


@dataclass(frozen=True, slots=True)
class Soql:
    """One query; *source* is an object, or a relation in a query for what hangs on a record."""

    names: tuple[str, ...]
    source: str
    condition: Condition = True
    order: tuple[str, ...] = ()
    limit: int | None = None
    offset: int = 0
    children: tuple[Soql, ...] = ()

    def after(self, record_id: str) -> Soql:
        """Return the same query for the records after this one, in the order of their ids."""
        here = f"{ID} > {quoted(record_id)}"
        return replace(self, condition=here if self.condition is True else f"({self.condition} AND {here})")

    def of(self, record_id: str) -> Soql:
        """Return the same query for one record."""
        here = f"{ID} = {quoted(record_id)}"
        return replace(self, condition=here if self.condition is True else f"({here} AND {self.condition})")

    def __str__(self) -> str:
        """Return the query as it is sent."""
        selected = ", ".join((*self.names, *(f"({child})" for child in self.children)))
        parts = ["SELECT", selected, "FROM", self.source]
        if self.condition is False:
            parts.append(f"WHERE {ID} = null")
        elif self.condition is not True:
            parts.append(f"WHERE {self.condition}")
        if self.order:
            parts.append(f"ORDER BY {', '.join(self.order)}")
        if self.limit is not None:
            parts.append(f"LIMIT {self.limit}")
        if self.offset:
            parts.append(f"OFFSET {self.offset}")
        text = " ".join(parts)
        if len(text) > LONGEST:
            raise InvalidCall("the call is longer than a query in Salesforce may be")
        return text


def ordering(org: Org, resource: Resource, order: Sequence[Order]) -> tuple[str, ...]:
    """Return what to sort by, which ends with the id so that no two records are in the same place."""
    found: list[str] = []
    named: set[str] = set()
    for each in order:
        way = route(org, resource, each.path)
        if not way.field.searchable or way.field.type is FieldType.TEXTS:
            raise InvalidCall("Salesforce cannot sort by this field")
        named.add(way.native)
        direction = " DESC" if each.descending else ""
        found.append(f"{way.native}{direction}{_NULLS[each.nulls_first]}")
    if ID not in named:
        found.append(ID)
    return tuple(found)
