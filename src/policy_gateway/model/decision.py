"""What policy answers: a refusal, or a permit with what is left to decide per record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from policy_gateway.model.facts import Reading, TruthVector
from policy_gateway.model.field import Resource
from policy_gateway.query import Query, Where


@dataclass(frozen=True, slots=True)
class Level:
    """How much of a value is shown; of two levels the higher *rank* reveals more. Ranks are unique."""

    name: str
    rank: int


NONE = Level("none", 0)
CLEAR = Level("clear", 100)


@dataclass(frozen=True, slots=True)
class Obligation:
    """What a rule demands when it grants something: ``notify(dpo)``."""

    name: str
    arguments: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.name}({', '.join(self.arguments)})" if self.arguments else self.name


@dataclass(frozen=True, slots=True)
class Grant:
    """What one record with certain truths may show: a level for each decided path, and which rules say so."""

    levels: Mapping[str, Level]
    rules: frozenset[str] = frozenset()
    obligations: frozenset[Obligation] = frozenset()


class Residual(Protocol):
    """What is left to decide when a record is at hand; pure.

    *reads* are the record attributes (paths) that the decision depends on, *facts* the keys it needs of fact sources.
    """

    reads: frozenset[str]
    facts: frozenset[str]

    def truths(self, reading: Reading) -> TruthVector:
        """Return the truth vector of a record (or value), given everything known about it. Never PENDING."""
        ...

    def levels(self, truths: TruthVector) -> Grant:
        """Return what a record with these *truths* may show."""
        ...


class DenyKind(StrEnum):
    """What kind of no; the caller learns no more than this."""

    POLICY = "policy"
    FIELD = "field"
    PURPOSE = "purpose"


DEFAULT_DENY = "default-deny"
"""What is named as the rule where no rule allows; no rule of a policy has this id."""


@dataclass(frozen=True, slots=True)
class Deny:
    """No. *rules* are the ids of those that forbid; none when nothing allows.

    *paths* are refused ones that the caller may know of. For a call in a CRM's dialect *words* are all that are
    refused, as the caller wrote them, and *fields* those of them that there are, for the journal alone.
    """

    kind: DenyKind
    version: str
    rules: frozenset[str] = frozenset()
    truths: TruthVector = field(default_factory=TruthVector)
    paths: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KnownField:
    """A field that a principal may know of, and what it may do with it for the purpose at hand."""

    path: str
    actions: Mapping[str, Level]


Parts = Callable[[TruthVector], frozenset[str]]
"""Given the truths of a record, returns the parts of the envelope that may be seen."""


def no_parts(truths: TruthVector) -> frozenset[str]:
    """Return none: nobody asked for envelopes."""
    del truths
    return frozenset()


Searchable = Callable[[Reading], bool]
"""Given everything known of a record, tells whether it may be searched as the call does."""


def everywhere(reading: Reading) -> bool:
    """Return that every record may be searched."""
    del reading
    return True


@dataclass(frozen=True, slots=True)
class Related:
    """What a call asks of other records, and the permit for just that: decided like a call of its own.

    They are those that the reference *name* leads to or, if *many*, those that hang on the record by the relation
    *name*: their reference *path* leads to it. The paths of *query* are those of *resource*. By those that are
    *searched*, records are found or sorted; only those that are *shown* are told of.
    """

    name: str
    resource: Resource
    query: Query
    permit: Permit
    many: bool = False
    path: str = ""
    searched: bool = False
    shown: bool = True


@dataclass(frozen=True, slots=True)
class Joined:
    """A query that a field is compared with, and the permit for it: only what is found by that may match."""

    query: Query
    resource: Resource
    permit: Permit


@dataclass(frozen=True, slots=True)
class Permit:
    """Yes, within bounds.

    *ceiling* is, for each path that the call selects, the most that any record could show; it bounds what is fetched
    and never releases anything. *residual* decides each record. *search* must be added to the CRM's filter, and
    *searchable* tells which of the records that it then finds may be released. *change*, for a change, decides each
    written path on the record as it is: anything below clear refuses the whole change. *envelope* tells which
    provenance parts may accompany the values of a record with certain truths. *known* is filled for a Describe,
    *related* for a query that reaches beyond its own records, *joins* for all that it holds, at whatever depth, whose
    records may be hidden one by one. *left_out* are fields that a lenient call named and its
    caller may not know of, for the journal alone.
    """

    version: str
    ceiling: Mapping[str, Level]
    residual: Residual
    truths: TruthVector
    search: Where | None = None
    change: Residual | None = None
    envelope: Parts = no_parts
    known: tuple[KnownField, ...] = ()
    rules: frozenset[str] = frozenset()
    obligations: frozenset[Obligation] = frozenset()
    reading: Reading = field(default_factory=dict)
    searchable: Searchable = everywhere
    related: tuple[Related, ...] = ()
    joins: tuple[Joined, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def viewable(self) -> tuple[str, ...]:
        """Return the paths of which some record may show something, in the order they were selected."""
        return tuple(path for path, level in self.ceiling.items() if level.rank)


Decision = Deny | Permit
