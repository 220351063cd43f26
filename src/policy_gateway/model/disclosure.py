"""What left the gateway. Only :func:`policy_gateway.enforcement.release` makes these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

from policy_gateway.model.decision import Level, Obligation, Permit
from policy_gateway.model.facts import TruthVector
from policy_gateway.model.field import Field, RecordId, Resource, Value

Note = Mapping[str, object]
"""The envelope of one released value: provenance parts by name, or ``{"gap": …}``."""

Notes = Mapping[RecordId, Mapping[str, Note]]
"""Envelopes by record and path."""


class ReleasedRecord(NamedTuple):
    """One record as one principal may see it.

    *fields* holds values in clear or masked, *masked* the level of each masked one, *withheld* the paths that were
    asked for and are not shown (whether or not they have a value). *tag* changes when any of it does. *value_keys*
    are keyed hashes of the values behind *fields*, for provenance; they never leave the gateway. *children* are the
    records that hang on this one, by relation, as far as they may be seen.
    """

    id: RecordId
    fields: Mapping[str, Value]
    masked: Mapping[str, str]
    withheld: tuple[str, ...]
    tag: str = ""
    value_keys: Mapping[str, bytes] = MappingProxyType({})
    children: Mapping[str, tuple[ReleasedRecord, ...]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Group:
    """Released records that share the truths of their conditions, and so their mask: what the journal remembers.

    *resource* is told for related records; the paths of their *levels* begin with how they were reached.
    """

    truths: TruthVector
    levels: Mapping[str, str]
    ids: tuple[RecordId, ...]
    resource: str = ""


@dataclass(frozen=True, slots=True)
class Released:
    """What policy lets out of one page of *resource*."""

    resource: str
    records: tuple[ReleasedRecord, ...] = ()
    cursor: str | None = None
    groups: tuple[Group, ...] = ()
    rules: frozenset[str] = frozenset()
    obligations: frozenset[Obligation] = frozenset()


@dataclass(frozen=True, slots=True)
class KnownResource:
    """A resource as far as a principal may know of it: *resource* has known fields and relations only.

    *actions* says by path what the principal may do with a field for the purpose at hand, and to which level.
    """

    resource: Resource
    actions: Mapping[str, Mapping[str, Level]]


@dataclass(frozen=True, slots=True)
class Named:
    """What the names in an answer to a call in a CRM's dialect mean, so that values can be written as the CRM does.

    *resource* is the CRM's name of it, *fields* is by the caller's own names. *parents* says by the beginnings of
    names (``Account``, ``Account.Owner``) what the CRM calls the resource there; *children* is by relation.
    """

    resource: str
    fields: Mapping[str, Field] = field(default_factory=dict)
    parents: Mapping[str, str] = field(default_factory=dict)
    children: Mapping[str, Named] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Disclosure:
    """What left, with its notes: the answer to one call.

    *permit* is what it was released under (its version, its obligations, and for a Describe the known fields),
    *correlation* the journal entry's id. *replayed* tells that an idempotent change had been applied before, *matched*
    what a Verify found, *touched* is the record that was changed. *described* answers a Describe in a dialect, *limits*
    is what the CRM said of its quotas, and *named* what names mean in the answer to a Query in a dialect. *total* is
    how many records of an answer that goes on may be seen, for a Query that wants to know, and as far as it does.
    """

    released: Released
    notes: Notes
    permit: Permit
    correlation: str = ""
    replayed: bool = False
    matched: bool | None = None
    described: tuple[KnownResource, ...] = ()
    limits: Mapping[str, str] = field(default_factory=dict)
    touched: RecordId | None = None
    named: Named | None = None
    total: int | None = None

    @property
    def version(self) -> str:
        """Return the version of the policy that decided."""
        return self.permit.version
