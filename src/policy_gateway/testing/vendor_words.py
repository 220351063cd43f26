"""What the clients of vendors say at random: names that may be seen, searched, hidden or unknown, and guesses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final, NamedTuple

from policy_gateway.model.field import Value
from policy_gateway.testing.faced_worlds import Ids, Pair
from policy_gateway.testing.worlds import Circumstance, with_name

JSON: Final = ("content-type", "application/json")


class Question(NamedTuple):
    """One HTTP request; *document* is its JSON, if it has any, *lines* are further headers."""

    method: str
    target: str
    document: object = None
    lines: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Words:
    """The *names* of one vendor by resource and path, what two CRMs hold, and how ids look there."""

    random: Random
    known: Pair
    names: Mapping[str, Mapping[str, str]]
    ids: Ids
    circumstance: Circumstance
    cut: bool = False
    hidden: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def chance(self, share: float) -> bool:
        """Tell whether something happens that happens so often."""
        return self.random.random() < share

    def shown(self, resource: str) -> str:
        """Return the path of a field that is often to be seen."""
        return self._often(self.known.shown[resource], resource)

    def searchable(self, resource: str) -> str:
        """Return the path of a field that may often be searched by."""
        return self._often(self.known.searchable(resource), resource)

    def usable(self, resource: str) -> str:
        """Return the path of a field that is often both to be seen and to be searched by."""
        both = set(self.known.shown[resource]) & set(self.known.searchable(resource))
        return self._often(tuple(sorted(both)), resource)

    def name(self, resource: str, path: str) -> str:
        """Return how the vendor calls a field; now and then it is one that is never to be seen."""
        if self.chance(1 / 100):
            return self.random.choice(self.hidden[resource])
        return self.names[resource][path]

    def id(self, resource: str) -> str:
        """Return the id of a record that is there in most worlds."""
        return self.ids(resource, str(self.random.randint(1, 6 if resource == "contact" else 4)))

    def guess(self, resource: str, path: str) -> Value:
        """Return a value of the field at *path* in one of the worlds."""
        rows = self.known.contact if resource == "contact" else self.known.company
        world = self.random.choice((rows.one, rows.other)) or rows.one
        row = self.random.choice(world)
        return (with_name(row) if resource == "contact" else row).get(path)

    def sample(self, most: int) -> range:
        """Return a range of one up to *most*."""
        return range(self.random.randint(1, most))

    def _often(self, paths: Sequence[str], resource: str) -> str:
        if paths and self.chance(7 / 8):
            return self.random.choice(paths)
        return self.random.choice(tuple(self.names[resource]))
