"""What one caller may know of one object type: properties by their HubSpot names, and what may be done with them.

It says how values are written and read, and decides nothing: whatever is asked with it, the gateway decides anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, NamedTuple

from policy_gateway.model.decision import CLEAR, Level
from policy_gateway.model.disclosure import Disclosure
from policy_gateway.model.field import Field

LIFETIME: Final = 60.0
"""In seconds: a property that is new in the portal has its type here after that."""

_MOST: Final = 2_000
_COMPOUND: Final = "+"


@dataclass(frozen=True, slots=True)
class Known:
    """*fields* by native name in small letters, *actions* by path, as they are in policy *version*.

    *searched* are the paths of those that full text looks into.
    """

    version: str = ""
    fields: Mapping[str, Field] = field(default_factory=lambda: MappingProxyType({}))
    actions: Mapping[str, Mapping[str, Level]] = field(default_factory=lambda: MappingProxyType({}))
    label: str = ""
    searched: frozenset[str] = frozenset()

    @classmethod
    def of(cls, disclosure: Disclosure) -> Known:
        """Return what the answer to a Describe of one object type says."""
        if not disclosure.described:
            return cls(disclosure.version)
        [one] = disclosure.described
        named = {field.native.lower(): field for field in one.resource.fields.values() if _COMPOUND not in field.native}
        return cls(disclosure.version, named, one.actions, one.resource.label, frozenset(one.resource.searched))

    def field(self, name: str) -> Field | None:
        """Return the field that HubSpot calls *name*; None when the caller may know of none."""
        return self.fields.get(name.lower())

    def at(self, path: str) -> Field | None:
        """Return the field at the gateway's own *path*; None when the caller may know of none."""
        return next((field for field in self.fields.values() if field.path == path), None)

    def usable(self, name: str, *actions: str) -> Field | None:
        """Return the field that HubSpot calls *name* if the caller may use it in one of these ways.

        What may not be used so is refused before anybody looks at values.
        """
        field = self.field(name)
        return field if field is not None and any(self.permits(field, action) for action in actions) else None

    def permits(self, field: Field, action: str) -> bool:
        """Tell whether the caller may do *action* with all of *field*, on some record at least."""
        return self.actions.get(field.path, {}).get(action) == CLEAR


NOBODY: Final = Known()


class Place(NamedTuple):
    """Whose knowledge of what."""

    tenant: str
    principal: str
    purpose: str
    connection: str
    type: str


class Knowledge:
    """Remembers what callers know for as long as neither policy nor time has passed over it."""

    def __init__(self) -> None:
        self._known: dict[Place, tuple[float, Known]] = {}

    def recall(self, place: Place, now: float) -> Known | None:
        """Return what is known at *place*; None when it must be asked for. *now* is in seconds."""
        ends, known = self._known.get(place, (now, NOBODY))
        return known if now < ends else None

    def learn(self, place: Place, known: Known, now: float) -> Known:
        """Remember *known*."""
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[place] = (now + LIFETIME, known)
        return known

    def notice(self, place: Place, version: str) -> None:
        """Forget what is known at *place* by another policy than that of *version*."""
        kept = self._known.get(place)
        if kept is not None and kept[1].version != version:
            del self._known[place]
