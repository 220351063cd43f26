"""Our own JSON bodies: as strict as at any border, and told in words that are ours where they are wrong."""

from __future__ import annotations

from typing import Final

from policy_gateway.errors import InvalidCall
from policy_gateway.wire import strict_json
from policy_gateway.wire.strict_json import Json, Step

WORDS: Final = frozenset(
    {
        *("and", "or", "not", "field", "op", "in", "value", "unit", "n"),
        *("fields", "filter", "text", "term", "sort", "descending", "limit", "cursor", "include"),
        *("calls", "call", "resource", "id", "values", "precondition", "phone", "email"),
    }
)
"""Members that a pointer may name: they are ours, while any other member's name is the caller's."""


def parsed(body: bytes) -> Json:
    """Return what *body* says; InvalidCall, with a pointer, for anything that two parsers could read differently."""
    return strict_json.parsed(body, pointer=pointer)


def parsed_object(body: bytes) -> dict[str, Json]:
    """Return what *body* says when it is an object, else InvalidCall."""
    document = parsed(body)
    if not isinstance(document, dict):
        raise InvalidCall("an object is needed")
    return document


def pointer(steps: tuple[Step, ...]) -> str:
    """Return the JSON Pointer of *steps*, cut before the first member whose name is not ours."""
    known = []
    for step in steps:
        if isinstance(step, str) and step not in WORDS:
            break
        known.append(f"/{step}")
    return "".join(known)
