"""Which kinds can be associated, and as what: the vendor's own association types, and one label of the firm's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from policy_gateway_hubspot.sandbox.wire import Json, invalid

VENDOR: Final = "HUBSPOT_DEFINED"
FIRM: Final = "USER_DEFINED"

CONTACT_TO_COMPANY: Final = 279
PRIMARY_COMPANY: Final = 1


@dataclass(frozen=True, slots=True)
class Relation:
    """One association type in one direction; *back* is the id of the same in the other."""

    id: int
    back: int
    label: str | None = None
    category: str = VENDOR

    def described(self) -> dict[str, Json]:
        """Return it as the v4 API shows it."""
        return {"category": self.category, "typeId": self.id, "label": self.label}


def _both_ways() -> Iterator[tuple[str, str, Relation]]:
    rows: tuple[tuple[str, str, Relation], ...] = (
        ("contacts", "companies", Relation(PRIMARY_COMPANY, 2, "Primary")),
        ("contacts", "companies", Relation(CONTACT_TO_COMPANY, 280)),
        ("contacts", "companies", Relation(41, 42, "Decision maker", FIRM)),
        ("contacts", "contacts", Relation(449, 449)),
        ("companies", "companies", Relation(450, 450)),
        ("deals", "contacts", Relation(3, 4)),
        ("deals", "companies", Relation(5, 6, "Primary")),
        ("deals", "companies", Relation(341, 342)),
        ("deals", "tickets", Relation(27, 28)),
        ("tickets", "contacts", Relation(16, 15)),
        ("tickets", "companies", Relation(26, 25, "Primary")),
        ("tickets", "companies", Relation(339, 340)),
    )
    for origin, target, relation in rows:
        yield origin, target, relation
        if relation.back != relation.id:
            yield target, origin, Relation(relation.back, relation.id, relation.label, relation.category)


def _by_pair() -> dict[tuple[str, str], tuple[Relation, ...]]:
    table: dict[tuple[str, str], tuple[Relation, ...]] = {}
    for origin, target, relation in _both_ways():
        table[origin, target] = (*table.get((origin, target), ()), relation)
    return table


_RELATIONS: Final = MappingProxyType(_by_pair())
BACK: Final = MappingProxyType({relation.id: relation.back for _, _, relation in _both_ways()})


def between(origin: str, target: str) -> tuple[Relation, ...]:
    """Return the association types from one kind to another; none when they cannot be associated."""
    return _RELATIONS.get((origin, target), ())


def plain(origin: str, target: str) -> Relation | None:
    """Return the association type without a label, which is the default one."""
    return next((each for each in between(origin, target) if each.label is None), None)


def target_of(origin: str, type_id: int) -> str:
    """Return the kind that an association type of *origin* leads to."""
    for (start, target), relations in _RELATIONS.items():
        if start == origin and any(each.id == type_id for each in relations):
            return target
    raise invalid(f"Association type {type_id} is not valid for {origin}")


def type_ids(origin: str, specs: list[Json]) -> frozenset[int]:
    """Return the ids that *specs* name; each must be a type of *origin*, all of the same target, none made up."""
    found: set[int] = set()
    for spec in specs:
        match spec:
            case {"associationTypeId": int(type_id), "associationCategory": str(category)}:
                target = target_of(origin, type_id)
                if (type_id, category) not in {(each.id, each.category) for each in between(origin, target)}:
                    raise invalid(f"Association type {type_id} is not of the category {category[:20]}")
                found.add(type_id)
            case _:
                raise invalid("Invalid input JSON: an association type has a category and an id")
    if not found or len({target_of(origin, each) for each in found}) != 1:
        raise invalid("Invalid input JSON: association types of one pair are expected")
    return frozenset(found)
