"""API keys: ``pgw_``, 8 characters that find the key, 43 that are its secret (256 bits), 6 that find typing errors."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from zlib import crc32

from policy_gateway.errors import InvalidCall, RecordNotFound
from policy_gateway.identity.alphabet import DIGITS, digits
from policy_gateway.identity.names import principal_id, tenant_id, words
from policy_gateway.identity.secrets import derive
from policy_gateway.identity.store import KeyInfo, KeyRow, KeyTable
from policy_gateway.model.principal import PrincipalId
from policy_gateway.store import Database

_KEY = re.compile(r"pgw_([0-9A-Za-z]{8})[0-9A-Za-z]{43}([0-9A-Za-z]{6})")
_PREFIX, _SECRET, _CHECKSUM = 8, 43, 6
_SECRET_BYTES = 32
_HMAC_BLOCK = 64
_INNER = bytes(byte ^ 0x36 for byte in range(256))
_OUTER = bytes(byte ^ 0x5C for byte in range(256))


@dataclass(frozen=True, slots=True)
class Issued:
    """A new key: *key* is shown this once, *prefix* names it from now on."""

    prefix: str
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Grant:
    """What a key may be used for: *purposes*, *scopes*, until when, and on whose behalf (nearest first)."""

    purposes: Iterable[str] = ()
    scopes: Iterable[str] = ()
    expires_at: datetime | None = None
    acting_for: Sequence[str] = ()


class Digests:
    """Keyed hashes of API keys: who steals the database cannot test guesses."""

    def __init__(self, master: bytes) -> None:
        key = derive(master, "api-keys").ljust(_HMAC_BLOCK, b"\0")
        self._inner = sha256(key.translate(_INNER))
        self._outer = sha256(key.translate(_OUTER))

    def of(self, key: str) -> bytes:
        """Return the keyed hash of *key*: HMAC-SHA-256 (RFC 2104), the key's share of it done beforehand.

        The library's one-step HMAC lets go of the interpreter's lock, which costs more than the hash.
        """
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(key.encode())
        outer.update(inner.digest())
        return outer.digest()


class Keys:
    """Issues, revokes and lists API keys."""

    def __init__(
        self,
        database: Database,
        master: bytes,
        *,
        clock: Callable[[], datetime],
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._table = KeyTable(database)
        self._digests = Digests(master)
        self._clock = clock
        self._random = random

    async def issue(self, tenant: str, principal: str, grant: Grant) -> Issued:
        """Return a new key of *principal* in *tenant*; InvalidCall when a name is malformed or the end has passed."""
        now = self._clock()
        if grant.expires_at is not None and grant.expires_at <= now:
            raise InvalidCall("the key would have expired already")
        key = self._new_key()
        row = KeyRow(
            info=KeyInfo(
                prefix=prefix_of(key),
                tenant=tenant_id(tenant),
                principal=principal_id(principal),
                purposes=words(grant.purposes),
                scopes=words(grant.scopes),
                acting_for=_chain(grant.acting_for, principal),
                created_at=now,
                expires_at=grant.expires_at,
            ),
            digest=self._digests.of(key),
        )
        await self._table.add(row)
        return Issued(row.info.prefix, key)

    async def revoke(self, tenant: str, prefix: str) -> None:
        """End a key now, for every process; RecordNotFound when *tenant* has no such key."""
        if not await self._table.revoke(tenant, prefix, self._clock()):
            raise RecordNotFound("no such key")

    async def list(self, tenant: str) -> Sequence[KeyInfo]:
        """Return all keys of *tenant*, oldest first, also those that have ended."""
        return await self._table.of_tenant(tenant)

    def _new_key(self) -> str:
        number = int.from_bytes(self._random(_SECRET_BYTES))
        secret = digits(number, _SECRET)
        prefix = digits(int.from_bytes(self._random(_PREFIX)) % len(DIGITS) ** _PREFIX, _PREFIX)
        return f"pgw_{prefix}{secret}{_checksum(prefix + secret)}"


def prefix_of(key: str) -> str:
    """Return what finds *key*; empty when it was never a key: malformed, or mistyped."""
    found = _KEY.fullmatch(key)
    if found is None or _checksum(key[4:-_CHECKSUM]) != found[2]:
        return ""
    return found[1]


def _checksum(text: str) -> str:
    return digits(crc32(text.encode()), _CHECKSUM)


def _chain(acting_for: Sequence[str], principal: str) -> tuple[PrincipalId, ...]:
    chain = tuple(principal_id(one) for one in acting_for)
    if len({principal, *chain}) <= len(chain):
        raise InvalidCall("a principal acts for others, each named once")
    return chain
