"""What a facade answers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import orjson

from policy_gateway.errors import UpstreamInvalid

Headers = tuple[tuple[str, str], ...]

SAFE: Final = (
    (b"cache-control", b"private, no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
"""On every answer that may hold something of a record."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: *body* is all of it, or an iterator of its parts, which are sent as they come.

    An iterator that raises ends the connection, so that nobody takes the part for the whole.
    """

    status: int
    body: bytes | AsyncIterator[bytes] = field(default=b"", repr=False)
    media_type: str = "application/json;charset=UTF-8"
    headers: Headers = field(default=(), repr=False)


def json_reply(members: object, status: int = 200, headers: Headers = ()) -> Reply:
    """Return *members* (mappings, sequences, texts, numbers, dates) as JSON; UpstreamInvalid for what JSON lacks."""
    return Reply(status, written(members), headers=headers)


def written(members: object) -> bytes:
    """Return *members* as JSON; UpstreamInvalid for a value that JSON cannot carry unharmed."""
    try:
        return orjson.dumps(members, default=plain)
    except TypeError:
        raise UpstreamInvalid from None


def plain(value: object) -> object:
    """Return mappings and sets that orjson does not know as those that it does; TypeError for anything else."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, frozenset | set):
        return sorted(value)
    raise TypeError
