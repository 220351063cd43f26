"""The ports that plugins implement, besides the adapter's in :mod:`policy_gateway.records`.

Each port has at most three methods. What a plugin raises becomes a SafeguardError that names only the exception's
type: nothing is swallowed, nothing fails open.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from policy_gateway.model.disclosure import Notes, Released
from policy_gateway.model.facts import Reading, RecordFacts, Scope, Truth
from policy_gateway.model.field import FieldType, Value
from policy_gateway.model.principal import Credential, Principal
from policy_gateway.query import Call, Where
from policy_gateway.records import Page


class Authenticator(Protocol):
    """Learns from a credential who is calling."""

    async def authenticate(self, credential: Credential) -> Principal | None:
        """Return the principal; None when the credential is not of this kind; NotAuthenticated when it is bad."""
        ...


class FactSource(Protocol):
    """Knows something that conditions read. *provides* lists its keys (``fact.restricted``, ``value.keep_until``)."""

    provides: frozenset[str]

    async def about_call(self, principal: Principal, call: Call) -> Reading:
        """Return what is known before any record is read."""
        ...

    async def about_records(self, principal: Principal, call: Call, page: Page) -> Sequence[RecordFacts]:
        """Return what is known of each record of *page*, in its order, in one batch."""
        ...


class Condition(Protocol):
    """A named, typed, pure and total test that rules may use: ``consent(marketing, phone)``.

    *reads* are the keys it looks at in a reading; ``record.<path>`` keys are fetched from the CRM. *arguments* holds
    one kind a position; the last may repeat when *repeats*. Kinds: ``word``, ``date``, ``number``, ``network``,
    ``purpose``, ``role``, ``channel``, or a choice such as ``inbound|outbound``; ``?`` after a kind makes it optional.
    """

    name: str
    scope: Scope
    reads: frozenset[str]
    arguments: tuple[str, ...]
    repeats: bool

    def test(self, arguments: tuple[str, ...], reading: Reading) -> Truth:
        """Return TRUE, FALSE, or UNKNOWN when what it reads is not known. Never raises."""
        ...

    def pushdown(self, arguments: tuple[str, ...], reading: Reading, *, holds: bool) -> Where | None:
        """Return a filter for records for which this is known to hold (or not to); None when a CRM cannot tell."""
        ...


class Mask(Protocol):
    """A disclosure level between ``none`` and ``clear``; *rank* is unique and orders the levels (0 to 100)."""

    name: str
    rank: int

    def show(self, value: Value, kind: FieldType, key: bytes) -> Value | None:
        """Return what may be seen of *value*, or None when nothing safe can be shown of such a value.

        *key* is the tenant's, for keyed masks. Pure; never raises for any value.
        """
        ...

    def recognizes(self, value: Value, kind: FieldType) -> bool:
        """Tell whether *value* looks like an output of this mask, which must not be written back."""
        ...


class Annotator(Protocol):
    """Attaches notes to what was released."""

    async def notes(self, principal: Principal, call: Call, released: Released) -> Notes:
        """Return notes by record and path."""
        ...


class Journal(Protocol):
    """A place that remembers entries."""

    async def append(self, entries: Sequence[bytes]) -> None:
        """Make canonical *entries* durable; return only then."""
        ...
