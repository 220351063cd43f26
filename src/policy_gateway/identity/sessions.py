"""Sessions of clients that know nothing of connections and purposes: bound to both by a token, or by what they show.

Who has neither header nor parameter to spare shows ``<API key>~<purpose>~<connection>`` as its token, or logs in with
``<purpose>@<connection>`` and the API key, and gets tokens that are as good as that key, and end with it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from policy_gateway.errors import NotAuthenticated
from policy_gateway.identity.authenticator import BEARER, KeyAuthenticator, principal_of
from policy_gateway.identity.seals import Claims, Kind, OwnSeal, Seals, cipher_of
from policy_gateway.identity.store import KeyTable
from policy_gateway.model.principal import Credential, Principal
from policy_gateway.ports import Login, LoginGrant, Session
from policy_gateway.store import Database

ACCESS: Final = timedelta(hours=2)
REFRESH: Final = timedelta(days=30)
SESSION: Final = "session/sealed"
"""The scheme of the credential of a session: no header can say it, so a sealed token is good for its facade alone."""

Kinds = Callable[[str], Awaitable[Mapping[str, str]]]
"""Knows the adapter kinds of a tenant's connections, by their names."""

_API_KEY: Final = "pgw_"


@dataclass(frozen=True, slots=True)
class _Bound:
    """What a session is bound to."""

    purpose: str
    connection: str


class SessionAuthenticator:
    """Knows the credentials of sessions that stand on a sealed token: the principal is the one of the key behind it.

    The key's row is read at each call, so what was revoked is refused at the next; the purpose is the session's alone.
    """

    def __init__(self, database: Database, master: bytes, *, clock: Callable[[], datetime]) -> None:
        self._table = KeyTable(database)
        self._said = cipher_of(master)
        self._seals = Seals(master)
        self._clock = clock

    async def authenticate(self, credential: Credential) -> Principal | None:
        """Return the principal; None for another scheme, NotAuthenticated for a token that is not, or no longer, valid.

        The words are the same for all of them.
        """
        if credential.scheme != SESSION:
            return None
        _, principal = await self.opened(credential.secret, Kind.ACCESS)
        return principal

    async def opened(self, token: str, kind: Kind) -> tuple[Claims, Principal]:
        """Return what *token* claims and whom it stands for; NotAuthenticated unless it is a valid one of *kind*."""
        claims = self._seals.open(token)
        now = self._clock()
        if claims is None or claims.kind is not kind or claims.ends <= now.timestamp():
            raise NotAuthenticated
        row = await self._table.find(claims.prefix)
        if row is None or not row.info.valid(now) or claims.purpose not in row.info.purposes:
            raise NotAuthenticated
        return claims, replace(principal_of(row), purposes=frozenset({claims.purpose}))

    def seal(self, kind: Kind, session: Session, key: str, dialect: str) -> str:
        """Return a token of *kind* for *session*, as good as the API key whose prefix is *key*."""
        ends = self._clock() + (ACCESS if kind is Kind.ACCESS else REFRESH)
        return self._seals.seal(
            Claims(kind, key, session.purpose, session.connection, dialect, int(ends.timestamp())),
        )

    def own(self, session: Session) -> OwnSeal:
        """Return the seal of *session*, and of every other one of the same principal, connection and purpose."""
        return OwnSeal(self._said, bound_to(session))


class Sessions:
    """Opens sessions for facades; *kinds* says which adapter each connection of a tenant has."""

    def __init__(self, keys: KeyAuthenticator, tokens: SessionAuthenticator, kinds: Kinds) -> None:
        self._keys = keys
        self._tokens = tokens
        self._kinds = kinds

    async def login(self, grant: LoginGrant) -> Login:
        """Return tokens for *grant*; NotAuthenticated, in the same words, for all that is bad.

        To refresh, the token alone counts: the name of *grant* is not looked at.
        """
        if grant.refresh:
            claims, principal = await self._tokens.opened(grant.secret, Kind.REFRESH)
            if claims.dialect != grant.dialect:
                raise NotAuthenticated
            bound = _Bound(claims.purpose, claims.connection)
        else:
            principal = await self._principal(grant.secret, grant.network)
            purpose, _, connection = grant.name.partition("@")
            bound = _Bound(purpose, connection)
        session = await self._session(principal, bound, grant.dialect, Credential(SESSION, "", grant.network))
        token = self._tokens.seal(Kind.ACCESS, session, principal.key, grant.dialect)
        refresh = self._tokens.seal(Kind.REFRESH, session, principal.key, grant.dialect)
        session = replace(session, credential=Credential(SESSION, token, grant.network))
        return Login(token, refresh, int(ACCESS.total_seconds()), session)

    async def enter(self, credential: Credential, dialect: str) -> Session:
        """Return the session that *credential*, of whatever scheme, stands for; NotAuthenticated for all that is bad.

        A sealed token, ``<API key>~<purpose>~<connection>``, or an API key alone when nothing is left to say: it has
        one purpose, and its tenant one connection of the kind *dialect*.
        """
        secret, network = credential.secret, credential.network
        if not secret.startswith(_API_KEY):
            claims, principal = await self._tokens.opened(secret, Kind.ACCESS)
            if claims.dialect != dialect:
                raise NotAuthenticated
            own = Credential(SESSION, secret, network)
            return await self._session(principal, _Bound(claims.purpose, claims.connection), dialect, own)
        key, *said = secret.split("~")
        principal = await self._principal(key, network)
        bound = _Bound(*said) if len(said) == 2 else await self._only(principal, dialect, said)  # noqa: PLR2004 -- both
        return await self._session(principal, bound, dialect, Credential(BEARER, key, network))

    def seal(self, session: Session) -> OwnSeal:
        """Return the seal of *session*: its principal's, on its connection, for its purpose; later sessions', too."""
        return self._tokens.own(session)

    async def _principal(self, key: str, network: str) -> Principal:
        principal = await self._keys.authenticate(Credential(BEARER, key, network))
        if principal is None:
            raise NotAuthenticated
        return principal

    async def _only(self, principal: Principal, dialect: str, said: list[str]) -> _Bound:
        """Return the one purpose of *principal*, and the one connection that *dialect* can mean."""
        kinds = await self._kinds(principal.tenant)
        connections = [name for name, kind in kinds.items() if kind == dialect]
        if said or len(principal.purposes) != 1 or len(connections) != 1:
            raise NotAuthenticated
        return _Bound(next(iter(principal.purposes)), connections[0])

    async def _session(self, principal: Principal, bound: _Bound, dialect: str, credential: Credential) -> Session:
        kinds = await self._kinds(principal.tenant)
        if bound.purpose not in principal.purposes or not dialect or kinds.get(bound.connection) != dialect:
            raise NotAuthenticated
        return Session(principal.id, principal.tenant, bound.connection, bound.purpose, credential)


def bound_to(session: Session) -> tuple[str, ...]:
    """Return what the seal of *session* is bound to."""
    return (session.tenant, session.principal, session.connection, session.purpose)
