"""What policy must know besides the call: readings, truth values, and truth vectors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum


class Truth(Enum):
    """A condition's value. PENDING is not UNKNOWN: the first will be read later, the second cannot be known."""

    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"
    PENDING = "pending"


class Scope(StrEnum):
    """When a condition can be read: once a call, once a record, or once a field value."""

    CALL = "call"
    RECORD = "record"
    VALUE = "value"


Reading = Mapping[str, object]
"""What conditions read, by key: ``call.channel``, ``principal.teams``, ``record.owner``, ``fact.restricted`` …

A key that is absent, or holds None, is not known.
"""


class TruthVector(Mapping[str, Truth]):
    """Truth values by condition (``consent(marketing, phone)``), hashable so that decisions can be shared.

    A condition that is not in the vector is UNKNOWN.
    """

    __slots__ = ("_hash", "_items", "_truths")

    def __init__(self, truths: Mapping[str, Truth] | None = None) -> None:
        self._truths = dict(truths or {})
        self._items = frozenset(self._truths.items())
        self._hash = hash(self._items)

    def __getitem__(self, condition: str) -> Truth:
        return self._truths.get(condition, Truth.UNKNOWN)

    def __iter__(self) -> Iterator[str]:
        return iter(self._truths)

    def __len__(self) -> int:
        return len(self._truths)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TruthVector) and self._items == other._items

    def __repr__(self) -> str:
        shown = ", ".join(f"{condition}={truth.value}" for condition, truth in sorted(self._truths.items()))
        return f"TruthVector({shown})"

    def extended(self, truths: Mapping[str, Truth]) -> TruthVector:
        """Return this vector with *truths* set."""
        return TruthVector({**self._truths, **truths})


@dataclass(frozen=True, slots=True)
class RecordFacts:
    """What fact sources know about one record.

    *facts* hold for the record and, as defaults, for each of its values; *values* says by path where a single value
    differs (its ``value.keep_until``, say).
    """

    facts: Mapping[str, object] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
