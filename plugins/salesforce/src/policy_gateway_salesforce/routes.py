"""Paths of the gateway as paths of the org: ``company/name`` of a contact is ``Account.Name``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from policy_gateway.errors import ConnectionNotFound, FieldRefused
from policy_gateway.model.field import ID_PATH, Field, Relation, Resource
from policy_gateway_salesforce.catalogue import Org

DEEPEST: Final = 5
"""How many references one path may follow, as in the vendor's own queries."""


@dataclass(frozen=True, slots=True)
class Step:
    """One reference that is followed, by its *relationship*.

    *only* is the object that counts behind it, where the org knows others as well; empty where there is no other.
    """

    relationship: str
    only: str = ""


@dataclass(frozen=True, slots=True)
class Route:
    """How a field is reached: through *steps*, each in the object before, to *field*; *reference* is the last step's.

    *native* is the whole of it as the org writes it.
    """

    path: str
    field: Field
    steps: tuple[Step, ...] = ()
    reference: str = ""

    @property
    def native(self) -> str:
        """Return the field by the names of the org: ``Account.Owner.Name``."""
        return ".".join((*(step.relationship for step in self.steps), self.field.native))

    @property
    def is_id(self) -> bool:
        """Tell whether the field is its record's id."""
        return self.field.path == ID_PATH


def resource(org: Org, name: str) -> Resource:
    """Return the resource *name*; ConnectionNotFound when it is not offered."""
    found = org.resources.get(name)
    if found is None:
        raise ConnectionNotFound
    return found


def route(org: Org, start: Resource, path: str) -> Route:
    """Return how *path* is reached from *start*. FieldRefused when it leads nowhere."""
    *through, last = path.split("/")
    if len(through) > DEEPEST:
        raise FieldRefused
    steps: list[Step] = []
    here, reference = start, ""
    for name in through:
        field = _field(here, name)
        if not field.relationship or len(field.references) != 1 or field.references[0] not in org.resources:
            raise FieldRefused
        reference = ".".join((*(step.relationship for step in steps), field.native))
        shared = (here.name, name) in org.shared
        here = org.resources[field.references[0]]
        steps.append(Step(field.relationship, here.native if shared else ""))
    return Route(path, _field(here, last), tuple(steps), reference)


def relation(start: Resource, name: str) -> Relation:
    """Return what hangs on *start* by *name*. FieldRefused when there is no such thing."""
    found = next((each for each in start.children if each.name == name), None)
    if found is None:
        raise FieldRefused
    return found


def _field(within: Resource, path: str) -> Field:
    found = within.fields.get(path)
    if found is None:
        raise FieldRefused
    return found
