"""Keeping the CRMs' credentials: sealed so that a row copied to another place does not open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple, dataclass
from secrets import token_bytes
from typing import Final

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import SecretStr

from policy_gateway.errors import SecretError

KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_FORMAT: Final = b"\x01"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a secret belongs: it opens nowhere else. *site* is the scheme, host and port that it is sent to."""

    tenant: str
    connection: str
    field: str
    version: int
    site: str


class Vault:
    """AES-256-GCM with the secret's place as associated data.

    *key* is derived for this use only. Bound to the site, a secret does not open after somebody has pointed the
    connection elsewhere, not even behind the gateway's back.
    """

    def __init__(self, key: bytes, *, randomness: Callable[[int], bytes] = token_bytes) -> None:
        if len(key) != KEY_BYTES:
            raise SecretError("the vault's key must have 32 bytes")
        self._cipher = AESGCM(key)
        self._randomness = randomness

    def seal(self, secret: SecretStr, place: Place) -> bytes:
        """Return *secret* encrypted for *place*."""
        nonce = self._randomness(_NONCE_BYTES)
        return _FORMAT + nonce + self._cipher.encrypt(nonce, secret.get_secret_value().encode(), _bound(place))

    def open(self, sealed: bytes, place: Place) -> SecretStr:
        """Return the secret that was sealed for *place*; SecretError when it was not, or with another key."""
        kind, nonce, body = sealed[:1], sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        try:
            plain = self._cipher.decrypt(nonce, body, _bound(place)) if kind == _FORMAT else None
        except (InvalidTag, ValueError):
            raise SecretError("a stored secret does not open: enter it again") from None
        if plain is None:
            raise SecretError("a stored secret was sealed by another version of the gateway: enter it again")
        return SecretStr(plain.decode())


def _bound(place: Place) -> bytes:
    # A list, not a joined string: no field can run over into the next.
    return orjson.dumps(astuple(place))
