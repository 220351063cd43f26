"""The master key, and the keys for single purposes that are derived from it."""

from __future__ import annotations

import itertools
import os
from base64 import urlsafe_b64encode
from binascii import Error, a2b_base64

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from policy_gateway.errors import SecretError

KEY_BYTES = 32
_LEAST_DISTINCT_BYTES = 12
_HOW = "make one with: policy-gateway init"


def new_master_key() -> str:
    """Return a new master key as text."""
    return urlsafe_b64encode(os.urandom(KEY_BYTES)).decode()


def master_key(text: str) -> bytes:
    """Return the key that *text* holds in base64 (either alphabet); SecretError for one that can be guessed."""
    text = text.strip()
    if not text:
        raise SecretError(f"no master key is set: {_HOW}")
    try:
        key = a2b_base64(text.translate(str.maketrans("-_", "+/")).encode("ascii"), strict_mode=True)
    except (Error, UnicodeEncodeError):
        raise SecretError(f"the master key is not base64: {_HOW}") from None
    if len(key) < KEY_BYTES:
        raise SecretError(f"the master key has {len(key)} bytes and needs {KEY_BYTES}: {_HOW}")
    if _guessable(key):
        raise SecretError(f"the master key is not random: {_HOW}")
    return key


def derive(master: bytes, purpose: str, tenant: str = "") -> bytes:
    """Return the 32-byte key for one *purpose* (of one *tenant*): HKDF-SHA-256, RFC 5869. No key says another."""
    info = b"policy-gateway\0" + purpose.encode() + b"\0" + tenant.encode()
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(master)


def _guessable(key: bytes) -> bool:
    """Tell a pattern from chance: random bytes differ, neither repeat nor count up, and are not all letters."""
    if len(set(key)) < _LEAST_DISTINCT_BYTES or key in (key + key)[1:-1]:
        return True
    steps = {(after - before) % 256 for before, after in itertools.pairwise(key)}
    return len(steps) == 1 or all(32 <= byte < 127 for byte in key)  # noqa: PLR2004 -- printable ASCII
