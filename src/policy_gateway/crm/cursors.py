"""Cursors that mean nothing to anyone else: sealed, and bound to who asked what under which policy."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from policy_gateway.crm.target import Target
from policy_gateway.errors import InvalidCall, SecretError, UpstreamInvalid
from policy_gateway.model.principal import Principal
from policy_gateway.query import Call, Query

KEY_BYTES: Final = 64
LONGEST: Final = 4096
"""The longest cursor, in characters."""

_BLOCK: Final = 64
_END: Final = b"\x80"


@dataclass(frozen=True, slots=True)
class Binding:
    """What a cursor is good for: one principal's one query, for one purpose, while one policy is in force."""

    parts: tuple[bytes, ...]

    @classmethod
    def of(cls, principal: Principal, target: Target, call: Call, version: str) -> Binding:
        """Return the binding of *call*; its own cursor does not count."""
        chain = ",".join(principal.acting_for)
        asked = _fingerprint(call)
        parts = (principal.id, chain, target.tenant, target.connection, call.purpose, call.action, asked, version)
        return cls(tuple(part.encode(errors="backslashreplace") for part in parts))


def _fingerprint(call: Call) -> str:
    query = call.operation
    if not isinstance(query, Query):
        return repr(query)
    wanted = (query.select, query.where, query.group, query.having, query.order, query.limit)
    return repr((query.resource, query.target, *wanted, query.history, query.associations))


class Cursors:
    """Seals CRMs' cursors with AES-SIV: the same cursor for the same call is the same text, and tells nothing else.

    The length is padded, for a CRM may put a value that it sorted by into its cursor.
    """

    def __init__(self, key: bytes) -> None:
        """*key* is 64 bytes, derived for this use only."""
        if len(key) != KEY_BYTES:
            raise SecretError("the cursors' key must have 64 bytes")
        self._cipher = AESSIV(key)

    def seal(self, cursor: str | None, binding: Binding) -> str | None:
        """Return *cursor* as the caller may carry it; None stays None. UpstreamInvalid when it is too long."""
        if cursor is None:
            return None
        plain = cursor.encode() + _END
        plain += bytes(-len(plain) % _BLOCK)
        sealed = base64.urlsafe_b64encode(self._cipher.encrypt(plain, list(binding.parts))).rstrip(b"=").decode()
        if len(sealed) > LONGEST:
            raise UpstreamInvalid("the CRM gave a cursor that cannot be used")
        return sealed

    def open(self, sealed: str | None, binding: Binding) -> str | None:
        """Return the CRM's cursor; InvalidCall for anything that was not sealed for exactly this call."""
        if sealed is None:
            return None
        try:
            raw = base64.b64decode(_padded(sealed), altchars=b"-_", validate=True)
            if base64.urlsafe_b64encode(raw).rstrip(b"=").decode() != sealed:
                raise _invalid()
            plain = self._cipher.decrypt(raw, list(binding.parts))
        except (InvalidTag, ValueError, binascii.Error):
            raise _invalid() from None
        return plain.rstrip(b"\0").removesuffix(_END).decode()


def _padded(sealed: str) -> bytes:
    if not 1 <= len(sealed) <= LONGEST or not sealed.isascii():
        raise _invalid()
    return (sealed + "=" * (-len(sealed) % 4)).encode()


def _invalid() -> InvalidCall:
    return InvalidCall("the cursor is not valid for this call", pointer="/cursor")
