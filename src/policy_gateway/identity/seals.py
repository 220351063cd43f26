"""Tokens that say nothing to whoever carries them: what they claim is sealed, and cannot be changed."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from policy_gateway.identity.alphabet import digits, number
from policy_gateway.identity.secrets import derive

LONGEST: Final = 1_000
"""The longest token, in characters."""

_TOKEN: Final = re.compile(r"[1-9A-Za-z][0-9A-Za-z]*", re.ASCII)
_FORM: Final = [b"session-1"]
_START: Final = b"\1"
_BETWEEN: Final = "\n"
_MOST_KNOWN: Final = 4096


class Kind(StrEnum):
    """What a token is good for: to call with, or to get a new one with."""

    ACCESS = "access"
    REFRESH = "refresh"


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says: the API key behind it by its *prefix*, what it is bound to, and its end in Unix seconds."""

    kind: Kind
    prefix: str
    purpose: str
    connection: str
    dialect: str
    ends: int


class Seals:
    """Seals claims with AES-SIV (RFC 5297) into letters and digits, and opens what it has sealed."""

    def __init__(self, master: bytes) -> None:
        self._cipher = AESSIV(derive(master, "sessions-1") + derive(master, "sessions-2"))
        self._known: dict[str, Claims] = {}

    def seal(self, claims: Claims) -> str:
        """Return the token that says *claims*."""
        parts = (claims.kind, claims.prefix, claims.purpose, claims.connection, claims.dialect, str(claims.ends))
        sealed = self._cipher.encrypt(_BETWEEN.join(parts).encode(), _FORM)
        return digits(int.from_bytes(_START + sealed), _width(len(sealed))).lstrip("0")

    def open(self, token: str) -> Claims | None:
        """Return what *token* says, ended or not; None when it was not sealed here. One token has one spelling."""
        if (known := self._known.get(token)) is not None:
            return known
        if len(token) > LONGEST or _TOKEN.fullmatch(token) is None:
            return None
        value = number(token)
        raw = value.to_bytes((value.bit_length() + 7) // 8)
        try:
            plain = self._cipher.decrypt(raw.removeprefix(_START), _FORM)
        except (InvalidTag, ValueError):
            return None
        kind, prefix, purpose, connection, dialect, ends = plain.decode().split(_BETWEEN)
        claims = Claims(Kind(kind), prefix, purpose, connection, dialect, int(ends))
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        self._known[token] = claims
        return claims


def _width(size: int) -> int:
    """Return how many digits always suffice for *size* bytes after the first one."""
    return size * 11 // 8 + 2


LONGEST_SAID: Final = 32_768
"""The longest token that holds what somebody has asked, in characters: as long as the head of a request."""

_SAID: Final = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_END: Final = b"\x80"


@dataclass(frozen=True, slots=True)
class OwnSeal:
    """Seals with *cipher* whatever a facade must find again; *bound* is whom and what it is good for."""

    cipher: AESSIV
    bound: tuple[str, ...]

    def close(self, said: bytes) -> str:
        """Return *said* as a token of ``A-Z a-z 0-9 - _``."""
        return urlsafe_b64encode(self.cipher.encrypt(said + _END, self._form())).decode().rstrip("=")

    def open(self, token: str) -> bytes | None:
        """Return what *token* says; None when it was not sealed here, or for somebody or something else."""
        if len(token) > LONGEST_SAID or _SAID.fullmatch(token) is None:
            return None
        try:
            sealed = urlsafe_b64decode(token + "=" * (-len(token) % 4))
            return self.cipher.decrypt(sealed, self._form()).removesuffix(_END)
        except (Error, InvalidTag, ValueError):
            return None

    def _form(self) -> list[bytes]:
        return [part.encode() for part in self.bound]


def cipher_of(master: bytes) -> AESSIV:
    """Return the cipher of :class:`OwnSeal`."""
    return AESSIV(derive(master, "said-1") + derive(master, "said-2"))
