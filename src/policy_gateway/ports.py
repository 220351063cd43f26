"""The ports that plugins implement, besides the adapter's in :mod:`policy_gateway.records`.

Each port has at most three methods. What a plugin raises becomes a SafeguardError that names only the exception's
type: nothing is swallowed, nothing fails open.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from policy_gateway.errors import GatewayError
from policy_gateway.model.disclosure import Disclosure, Notes, Released
from policy_gateway.model.facts import Reading, RecordFacts, Scope, Truth
from policy_gateway.model.field import FieldType, Value
from policy_gateway.model.principal import Credential, Principal, PrincipalId, TenantId
from policy_gateway.query import Batch, Call, Where
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


class Gate(Protocol):
    """The choke point: the only way of an entrance to any CRM."""

    async def handle(self, call: Call, credential: Credential) -> Disclosure:
        """Answer *call*, or raise a GatewayError."""
        ...

    async def handle_batch(self, batch: Batch, credential: Credential) -> Sequence[Disclosure | GatewayError]:
        """Answer each call of *batch*, in order; errors are answers here."""
        ...

    async def refused(self, attempt: Call, credential: Credential, error: GatewayError) -> None:
        """Journal what never became a call, then raise *error* (or what is worse)."""
        ...


@dataclass(frozen=True, slots=True)
class LoginGrant:
    """What somebody shows who logs in as a CRM's clients do.

    *name* says for which purpose and to which connection: ``service@salesforce``; *secret* is an API key, or a token
    to be refreshed. *dialect* is the facade that was asked, *refresh* tells whether *secret* is to be a refresh token.
    """

    name: str
    secret: str = field(repr=False)
    dialect: str = ""
    network: str = ""
    refresh: bool = False


@dataclass(frozen=True, slots=True)
class Login:
    """What a login gives: an access and a refresh *token*, sealed, and when the first ends (*seconds* from now).

    They are of ``A-Z a-z 0-9`` and as good as the API key behind them: revoked with it, at once.
    """

    token: str = field(repr=False)
    refresh: str = field(repr=False)
    seconds: int
    session: Session


@dataclass(frozen=True, slots=True)
class Session:
    """Who calls, on which connection and for which purpose: what the clients of a CRM cannot say in each request."""

    principal: PrincipalId
    tenant: TenantId
    connection: str
    purpose: str
    credential: Credential


class Seal(Protocol):
    """Seals what a facade must find again in a later request, in whatever process: a locator, a job."""

    def close(self, said: bytes) -> str:
        """Return *said* as a token of ``A-Z a-z 0-9 - _`` that says nothing to whoever carries it."""
        ...

    def open(self, token: str) -> bytes | None:
        """Return what *token* says; None when it was not sealed here, or for somebody or something else."""
        ...


class Sessions(Protocol):
    """Knows what a CRM's clients show instead of headers. NotAuthenticated, in the same words, for all that is bad."""

    async def login(self, grant: LoginGrant) -> Login:
        """Return tokens for *grant*: bound to its tenant, connection, purpose and dialect."""
        ...

    async def enter(self, credential: Credential, dialect: str) -> Session:
        """Return the session that *credential* stands for: a sealed token, or ``<API key>~<purpose>~<connection>``."""
        ...

    def seal(self, session: Session) -> Seal:
        """Return the seal of *session*: its principal's, on its connection, for its purpose; later sessions', too."""
        ...


Message: TypeAlias = MutableMapping[str, Any]
"""ASGI's own type: the specification leaves the values open."""

Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
AsgiApp: TypeAlias = Callable[[Message, Receive, Send], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Kept:
    """What stands on the shelf under one name: its *body*, and the *version* that counts how often it was replaced."""

    body: bytes = field(repr=False)
    version: int


class Shelf(Protocol):
    """Keeps what a facade must remember between two requests; only the session that put it there finds it again."""

    async def put(self, session: Session, name: str, body: bytes, *, seconds: int, version: int | None = None) -> int:
        """Keep *body*, at most 16 MB, for so many seconds; return its version.

        With a *version*, Conflict unless that is what stands there (0: nothing).
        """
        ...

    async def get(self, session: Session, name: str) -> Kept:
        """Return what stands under *name*; RecordNotFound when nothing does."""
        ...

    async def drop(self, session: Session, prefix: str) -> None:
        """Forget everything whose name begins so."""
        ...


class Facade(Protocol):
    """Speaks like a CRM, at the root of the host: *prefixes* are the beginnings of the paths that it answers.

    *name* is its dialect, which is the name of the adapter kind that speaks to such a CRM.
    """

    name: str
    prefixes: tuple[str, ...]

    def app(self, gate: Gate, sessions: Sessions, shelf: Shelf) -> AsgiApp:
        """Return the app that turns this CRM's requests into calls, and disclosures into its answers."""
        ...
