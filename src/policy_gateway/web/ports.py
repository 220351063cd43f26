"""What the entrance needs of the rest of the gateway; :mod:`policy_gateway.app` supplies it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from policy_gateway.errors import InvalidCall, NotAuthenticated, RecordNotFound
from policy_gateway.model.field import ID_PATH
from policy_gateway.model.principal import Credential
from policy_gateway.ports import Gate, Kept, Login, LoginGrant, Seal, Session


class Directory(Protocol):
    """What the entrance may know besides answers to calls."""

    async def connections(self, credential: Credential) -> Sequence[str]:
        """Return the names of the connections of the caller's tenant; NotAuthenticated for a bad credential."""
        ...

    def nonpersonal(self, connection: str, resource: str, path: str) -> bool:
        """Tell whether *path* is classified as non-personal, so that its values may stand in a URL."""
        ...


class EmptyDirectory:
    """Knows no connection, and nothing non-personal but a record's id, which stands in URLs anyway."""

    async def connections(self, credential: Credential) -> Sequence[str]:
        """Return none."""
        del credential
        return ()

    def nonpersonal(self, connection: str, resource: str, path: str) -> bool:
        """Tell whether *path* is the record's id."""
        del connection, resource
        return path == ID_PATH


class Health(Protocol):
    """What load balancers and orchestrators ask."""

    def started(self) -> bool:
        """Tell whether start-up is over."""
        ...

    async def checks(self) -> Mapping[str, bool]:
        """Return what must work for calls to be answered, by name (``policy``, ``database``)."""
        ...


class AlwaysHealthy:
    """For tests, and for an entrance that has nothing to wait for."""

    def started(self) -> bool:
        """Tell that it has."""
        return True

    async def checks(self) -> Mapping[str, bool]:
        """Return no check."""
        return {}


class NoSessions:
    """Knows nobody: for an entrance without facades."""

    async def login(self, grant: LoginGrant) -> Login:
        """Refuse."""
        raise NotAuthenticated

    async def enter(self, credential: Credential, dialect: str) -> Session:
        """Refuse."""
        raise NotAuthenticated

    def seal(self, session: Session) -> Seal:
        """Refuse: there is no session."""
        raise NotAuthenticated


class NoShelf:
    """Keeps nothing: for an entrance without facades."""

    async def put(self, session: Session, name: str, body: bytes, *, seconds: int, version: int | None = None) -> int:
        """Refuse."""
        raise InvalidCall("this cannot be kept")

    async def get(self, session: Session, name: str) -> Kept:
        """Find nothing."""
        raise RecordNotFound

    async def drop(self, session: Session, prefix: str) -> None:
        """Have nothing to forget."""


@dataclass(frozen=True, slots=True)
class HttpRules:
    """How the entrance treats HTTP.

    *hosts* are the names it answers to (``*``: any well-formed one); *trusted_proxies* are networks whose
    X-Forwarded-For is believed; *body_limit* is in bytes, *body_deadline* in seconds for the whole body; *region*
    is where a phone number without a country code is dialled; *security_contact* goes into security.txt. With
    *strict_transport* browsers are told, over TLS, to come back over TLS only.
    """

    hosts: frozenset[str] = frozenset({"localhost", "127.0.0.1", "[::1]"})
    trusted_proxies: tuple[str, ...] = ()
    body_limit: int = 1_000_000
    body_deadline: float = 10.0
    region: str = "DE"
    access_log: bool = False
    security_contact: str = ""
    strict_transport: bool = False


@dataclass(frozen=True, slots=True)
class Inside:
    """What routes work with."""

    gate: Gate
    directory: Directory
    rules: HttpRules
