"""Learns from a credential who is calling, or says no more than that it is not valid."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from datetime import datetime

from policy_gateway.errors import FactsUnavailable, GatewayError, NotAuthenticated
from policy_gateway.identity.keys import Digests, prefix_of
from policy_gateway.identity.store import KeyRow, KeyTable
from policy_gateway.model.principal import Credential, Principal
from policy_gateway.ports import Authenticator
from policy_gateway.store import Database

BEARER = "bearer"
_NO_DIGEST = bytes(32)


class KeyAuthenticator:
    """Knows API keys. Each call reads the key's row: what another process revoked is refused at the next call."""

    def __init__(self, database: Database, master: bytes, *, clock: Callable[[], datetime]) -> None:
        self._table = KeyTable(database)
        self._digests = Digests(master)
        self._clock = clock

    async def authenticate(self, credential: Credential) -> Principal | None:
        """Return the key's principal with its names of this moment; None for what does not begin like a key.

        NotAuthenticated, in the same words and after the same work, for a key that is unknown, expired or revoked;
        a mistyped one is refused without asking the database.
        """
        if credential.scheme.lower() != BEARER or not credential.secret.startswith("pgw_"):
            return None
        prefix = prefix_of(credential.secret)
        if not prefix:
            raise NotAuthenticated
        row = await self._table.find(prefix)
        proof = self._digests.of(credential.secret)
        proven = hmac.compare_digest(proof, _NO_DIGEST if row is None else row.digest)
        if row is None or not proven or not row.info.valid(self._clock()):
            raise NotAuthenticated
        return principal_of(row)


def principal_of(row: KeyRow) -> Principal:
    """Return whom a valid key stands for, with the names of this moment."""
    info = row.info
    return Principal(
        id=info.principal,
        tenant=info.tenant,
        names=row.names | {info.principal},
        purposes=info.purposes,
        scopes=info.scopes,
        acting_for=info.acting_for,
        key=info.prefix,
    )


async def authenticate(credential: Credential, authenticators: Sequence[Authenticator]) -> Principal:
    """Return who the first authenticator that knows this kind of credential says it is; NotAuthenticated if none."""
    for authenticator in authenticators:
        try:
            principal: object = await authenticator.authenticate(credential)
        except GatewayError:
            raise
        except Exception as broken:  # noqa: BLE001 -- authenticators are plugins; their exceptions may quote secrets
            raise FactsUnavailable(f"an authenticator failed with {type(broken).__name__}") from None
        if isinstance(principal, Principal):
            return principal
        if principal is not None:
            break  # a plugin that says anything else has not said who is calling
    raise NotAuthenticated
