"""What a CRM said, before any policy, and the port through which the gateway asks it.

Records and pages exist only between adapters and :mod:`policy_gateway.enforcement`; no entrance may import them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Never, Protocol

from pydantic import BaseModel, ConfigDict, SecretStr

from policy_gateway.model.field import Catalogue, RecordId, Value
from policy_gateway.query import Change, Query

_EMPTY: Final[Mapping[str, Never]] = MappingProxyType({})


def nothing() -> Mapping[str, Never]:
    """Return the one empty mapping that everybody shares."""
    return _EMPTY


@dataclass(frozen=True, slots=True)
class Record:
    """One record as its CRM returned it: *values* by path.

    A path that was asked for and that the CRM has no value for is present with None; a path that the CRM could not or
    would not answer is absent. *values* must not be changed by anyone. What was asked of a referenced record stands in
    them flat, by its whole path (``company/name``); *children* holds what hangs on the record, by relation.
    """

    id: RecordId
    values: Mapping[str, Value]
    children: Mapping[str, Page] = field(default_factory=nothing)


@dataclass(frozen=True, slots=True)
class Page:
    """Some records of one *resource*, in order, and the CRM's own *cursor* to the next ones.

    *limits* is what the CRM said of its quotas meanwhile, as headers by the names that it gives them.
    """

    resource: str
    records: tuple[Record, ...] = ()
    cursor: str | None = None
    limits: Mapping[str, str] = field(default_factory=nothing)


class OutcomeKind(StrEnum):
    """How a change ended; *unknown* when the CRM may or may not have applied it."""

    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a change ended, and the id of the record it touched; *limits* as in a :class:`Page`.

    *record* is what the CRM's answer says of the record as it is after the change, no path of it from anywhere else.
    Unless it has every path of ``change.select``, the gateway reads the record.
    """

    kind: OutcomeKind
    id: RecordId | None = None
    limits: Mapping[str, str] = field(default_factory=nothing)
    record: Record | None = None


class Adapter(Protocol):
    """One open connection to one CRM. Its methods raise only members of :mod:`policy_gateway.errors`."""

    async def catalogue(self) -> Catalogue:
        """Describe what this connection offers, as the CRM itself describes it now."""
        ...

    async def read(self, query: Query) -> Page:
        """Return what *query* asks for: exactly the selected paths, one page.

        Raises RecordNotFound when ``query.target`` does not exist, InvalidCall for a node it cannot carry.
        """
        ...

    async def write(self, change: Change) -> Outcome:
        """Apply *change* once, unless ``change.expected`` no longer holds (PreconditionFailed)."""
        ...


class Transport(Protocol):
    """HTTP to one host, with pooling, limits and a total deadline; how a CRM's adapter does its I/O."""

    async def send(self, request: Request) -> Response:
        """Send *request*; UpstreamTimeout, UpstreamUnavailable and UpstreamInvalid are the only errors."""
        ...


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request: *path* is absolute and already percent-encoded, *query* is encoded by the transport."""

    method: str
    path: str
    query: Sequence[tuple[str, str]] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP response: *headers* with lower-case names, *body* whole and decoded."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class ConnectionConfig:
    """What an administrator said about a connection: where the CRM is, its options, and its secret by name."""

    tenant: str
    name: str
    base_url: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, SecretStr] = field(default_factory=dict)


class NoOptions(BaseModel):
    """The options of a kind of adapter that has none."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class AdapterKind(Protocol):
    """What a plugin registers: a kind of CRM, and how to open a connection to one."""

    name: str
    options: type[BaseModel]

    def connect(self, config: ConnectionConfig, transport: Transport) -> Adapter:
        """Open a connection; no I/O yet. Raises ConfigurationError for options that make no sense."""
        ...
