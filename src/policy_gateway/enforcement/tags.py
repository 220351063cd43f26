"""Tags: what a principal saw of a record, in a few bytes, so that a change can say what it was based on.

A tag is computed over the *released* record and for one principal, so it tells nothing about what was hidden: a change
of a hidden field leaves it as it was.
"""

from __future__ import annotations

import binascii
from base64 import b64decode, urlsafe_b64encode
from hashlib import blake2b

import orjson

from policy_gateway.errors import PreconditionFailed
from policy_gateway.model.disclosure import ReleasedRecord

_DIGEST_BYTES = 12
_MOST_CHARACTERS = 4096


def tag_of(record: ReleasedRecord, *, audience: str, key: bytes, selection: tuple[str, ...]) -> str:
    """Return the tag of *record* for *audience* (a principal's id); *selection* is empty for the default one."""
    seen = orjson.dumps(
        [audience, record.id, record.fields, record.masked, record.withheld], option=orjson.OPT_SORT_KEYS
    )
    digest = urlsafe_b64encode(blake2b(seen, key=key[:64], digest_size=_DIGEST_BYTES).digest()).decode()
    if not selection:
        return digest
    return f"{digest}.{urlsafe_b64encode(','.join(selection).encode()).decode().rstrip('=')}"


def selection_of(tag: str) -> tuple[str, ...]:
    """Return the paths that *tag* was computed over, empty for the default; PreconditionFailed for what is no tag."""
    _, dot, encoded = tag.partition(".")
    if not dot:
        return ()
    if len(encoded) > _MOST_CHARACTERS:
        raise PreconditionFailed
    try:
        padded = encoded + "=" * (-len(encoded) % 4)
        return tuple(b64decode(padded, altchars=b"-_", validate=True).decode("ascii").split(","))
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise PreconditionFailed from None
