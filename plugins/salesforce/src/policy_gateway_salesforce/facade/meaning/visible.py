"""What FIELDS() stands for: the names that the caller may see, of the objects that a text asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from policy_gateway.model.disclosure import KnownResource
from policy_gateway.query import Action, Describe
from policy_gateway_salesforce.facade.exchange.refusals import invalid, nowhere
from policy_gateway_salesforce.facade.exchange.turn import Turn

T = TypeVar("T")
Visible = Callable[[tuple[str, ...]], Sequence[str]]


class _Needed(Exception):
    """Raised when a plan needs to know what can be seen, which nobody has asked yet."""


async def planned_with(turn: Turn, plan: Callable[[Visible], T]) -> T:
    """Return what *plan* makes of what can be seen, which is asked once, and only when it is needed."""
    try:
        return plan(_unknown)
    except _Needed:
        known = {
            (one.resource.native or one.resource.name).lower(): one for one in (await turn.ask(Describe())).described
        }
    turn.asked = False
    return plan(_Seen(known))


def _unknown(way: tuple[str, ...]) -> Sequence[str]:
    del way
    raise _Needed


class _Seen:
    """Knows what can be seen, by objects and relations from there on."""

    def __init__(self, known: Mapping[str, KnownResource]) -> None:
        self._known = known
        self._by_resource = {one.resource.name: one for one in known.values()}

    def __call__(self, way: tuple[str, ...]) -> Sequence[str]:
        first, *relations = way
        found = self._known.get(first.lower())
        for step in relations:
            children = () if found is None else found.resource.children
            relation = next((one for one in children if one.native.lower() == step.lower()), None)
            found = None if relation is None else self._by_resource.get(relation.resource)
        if found is None:
            raise nowhere()
        return [one.native for path, one in found.resource.fields.items() if _shown(found, path)] or _nothing()


def _shown(known: KnownResource, path: str) -> bool:
    level = known.actions.get(path, {}).get(Action.VIEW)
    return level is not None and level.rank > 0


def _nothing() -> Sequence[str]:
    raise invalid("FIELDS() stands for no field that can be seen", "MALFORMED_QUERY")
