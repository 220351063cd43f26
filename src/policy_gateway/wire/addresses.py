"""Raw paths and query strings, decoded once and for all: what one layer decodes, no other decodes again."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote_to_bytes

from policy_gateway.errors import InvalidCall

LONGEST_QUERY: Final = 24_576
"""In bytes; the longest URL that Salesforce takes has 16 KB."""

MOST_PAIRS: Final = 1_000

_PATH: Final = re.compile(rb"(?:/(?:[A-Za-z0-9_.~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})*)+")
_QUERY: Final = re.compile(rb"(?:[!\"$&-~]|%[0-9A-Fa-f]{2})*")
_CONTROL: Final = re.compile("[\x00-\x1f\x7f]")
_NO_TEXT: Final = re.compile("\x00")
_DOTS: Final = frozenset({".", ".."})


def segments_of(raw: bytes) -> tuple[str, ...]:
    """Return the decoded segments of the raw path *raw*, one slash at its end aside.

    InvalidCall for empty segments, dot segments (however they are written), control characters and what is no UTF-8.
    A slash that is encoded is a part of its segment.
    """
    if _PATH.fullmatch(raw) is None:
        raise InvalidCall("the path is not in its plain form")
    if raw == b"/":
        return ()
    parts = raw[1:].removesuffix(b"/").split(b"/")
    segments = tuple(part.decode() if b"%" not in part else _decoded(part) for part in parts)
    for segment in segments:
        if not segment or segment in _DOTS or _CONTROL.search(segment):
            raise InvalidCall("the path is not in its plain form")
    return segments


def pairs_of(raw: bytes, *, longest: int = LONGEST_QUERY, most: int = MOST_PAIRS) -> tuple[tuple[str, str], ...]:
    """Return the name-value pairs of *raw*, a query string or form, in their order; InvalidCall for a malformed one."""
    if not raw:
        return ()
    if len(raw) > longest or raw.count(b"&") >= most:
        raise InvalidCall("this is too long or too large")
    if _QUERY.fullmatch(raw) is None:
        raise InvalidCall("the query is not valid percent-encoded UTF-8")
    pairs = []
    for part in raw.split(b"&"):
        if part:
            name, _, value = part.partition(b"=")
            pairs.append((_plussed(name), _plussed(value)))
    return tuple(pairs)


def _plussed(raw: bytes) -> str:
    text = _decoded(raw.replace(b"+", b" "))
    if _NO_TEXT.search(text):
        raise InvalidCall("a text holds what is no text")
    return text


def _decoded(raw: bytes) -> str:
    try:
        return unquote_to_bytes(raw).decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidCall("the query is not valid percent-encoded UTF-8") from None
