"""Free text that people give as a reason: encrypted, erasable, and bound to its entry by a salted hash."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from policy_gateway.audit.store import RemarkTable
from policy_gateway.store import Database

MOST_CHARACTERS = 2000
_SALT = 16
_NONCE = 12

TenantKey = Callable[[str], bytes]
"""Returns the 32-byte key of a tenant, for one use only."""


class Remarks:
    """Seals and shows remarks by the correlation of their call; *key* encrypts a tenant's."""

    def __init__(self, database: Database, key: TenantKey, random: Callable[[int], bytes]) -> None:
        self._table = RemarkTable(database)
        self._key = key
        self._random = random

    def seal(self, tenant: str, correlation: str, text: str) -> tuple[bytes, str]:
        """Return what is kept of *text*, and what its entry says: the hex SHA-256 of a random salt and the text."""
        salted = self._random(_SALT) + text[:MOST_CHARACTERS].encode(errors="backslashreplace")
        nonce = self._random(_NONCE)
        sealed = AESGCM(self._key(tenant)).encrypt(nonce, salted, _bound(tenant, correlation))
        return nonce + sealed, sha256(salted).hexdigest()

    async def show(self, tenant: str, correlation: str) -> str | None:
        """Return the text; None when there is none, or not any more."""
        sealed = await self._table.find(tenant, correlation)
        if sealed is None:
            return None
        salted = AESGCM(self._key(tenant)).decrypt(sealed[:_NONCE], sealed[_NONCE:], _bound(tenant, correlation))
        return salted[_SALT:].decode()

    async def erase(self, tenant: str, correlation: str) -> None:
        """Erase the text for ever; the entry stays as it is."""
        await self._table.destroy(tenant, correlation)


def _bound(tenant: str, correlation: str) -> bytes:
    return f"remark|{tenant}|{correlation}".encode()
