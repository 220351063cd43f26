"""Query strings without their values: names, statements, and what only counts or switches something."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import parse_qsl, quote, unquote

from policy_gateway.recording.placeholders import ANYTHING, IDENTIFIER, names_or_nothing, placeholder
from policy_gateway.recording.statements import statement

LONGEST_QUERY: Final = 100_000

Pairs = tuple[tuple[str, str], ...]

_PARAMETER: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}", re.ASCII)
_NUMBER: Final = re.compile(r"\d{1,5}", re.ASCII)
_ESCAPED: Final = re.compile(r"(?:[A-Za-z0-9._~!$'()*+,;:@/?{}=&-]|%[0-9A-Fa-f]{2})*", re.ASCII)

_STATEMENTS: Final = frozenset({"query", "queryAll", "search"})
_NAMES: Final = frozenset({"fields", "properties", "propertiesWithHistory", "idProperty", "associations"})
_COUNTS: Final = frozenset({"limit", "maxRecords", "count"})
_FLAGS: Final = frozenset({"archived", "columns", "includeHidden", "allOrNone", "includeDeleted"})


def query_shape(query: str, path: str) -> Pairs:
    """Return the pairs of the raw *query* that came with the template *path*, their values replaced."""
    return tuple((_parameter(name), _value(path, name, value)) for name, value in pairs(query))


def written(query: Iterable[tuple[str, str]]) -> str:
    """Return pairs as a query string."""
    return "&".join(f"{quote(name, safe='')}={quote(value, safe=',')}" for name, value in query)


def pairs(query: str) -> Pairs:
    """Return the pairs of a query string, whether it is percent-encoded or was written down decoded."""
    if len(query) > LONGEST_QUERY:
        return ()
    if _ESCAPED.fullmatch(query):
        return tuple(parse_qsl(query, keep_blank_values=True))
    split = (part.partition("=") for part in query.split("&") if part)
    return tuple((unquote(name), value) for name, _, value in split)


def _parameter(name: str) -> str:
    return name if _PARAMETER.fullmatch(name) else ANYTHING


def _value(path: str, name: str, value: str) -> str:
    if name == "q" and not _STATEMENTS.isdisjoint(path.split("/")):
        return statement(value)
    if name in _NAMES:
        return names_or_nothing(value)
    counted = name in _COUNTS and _NUMBER.fullmatch(value) is not None
    if counted or (name in _FLAGS and value.lower() in {"true", "false"}) or (name == "format" and value == "json"):
        return value
    if name == "ids":
        return ",".join(IDENTIFIER for _ in value.split(","))
    return placeholder(value)
