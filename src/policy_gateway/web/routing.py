"""Raw paths to routes. A path is matched exactly as it came or not at all: nothing is decoded, folded or normalized."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final, NamedTuple

from policy_gateway.errors import ConnectionNotFound, InvalidCall


class Route(StrEnum):
    """The shapes of paths below ``/v1``."""

    LIST = "list"
    RECORD = "record"
    SEARCH = "search"
    PROVENANCE = "provenance"
    VERIFY = "verify"
    SCHEMA = "schema"
    BATCH = "batch"
    LOOKUP = "lookup"
    UNKNOWN = "unknown"


class Place(NamedTuple):
    """What a path names: words as they came, empty where the route has none."""

    route: Route
    connection: str = ""
    resource: str = ""
    id: str = ""


NOWHERE: Final = Place(Route.UNKNOWN)

_CONNECTION: Final = rb"([a-z][a-z0-9_-]{0,62})"
_RESOURCE: Final = rb"([a-z][a-z0-9_]{0,62}(?:\.[A-Za-z][A-Za-z0-9_]{0,62})?)"
_ID: Final = rb"([A-Za-z0-9_](?:[A-Za-z0-9_.:@=-]{0,126}[A-Za-z0-9_=-])?)"
_RECORDS: Final = re.compile(rb"/v1/%b/%b(?:/%b(/provenance|/verify)?)?" % (_CONNECTION, _RESOURCE, _ID))
_RESERVED: Final = frozenset({"schema", "batch"})
_ENCODED_SLASH: Final = re.compile(rb"%2f", re.IGNORECASE)
_NOT_PLAIN: Final = re.compile(rb"//|/\.{1,2}(?:/|$)|[^A-Za-z0-9_.~!$&'()*+,;=:@/-]")


def place_of(raw: bytes) -> Place:
    """Return what the raw path *raw* (without query, starting with ``/v1/``) names.

    InvalidCall for a path that is not in its plain form (encoded, dot segments, empty segments), ConnectionNotFound
    for one that names nothing.
    """
    matched = _RECORDS.fullmatch(raw)
    if matched is not None and b".." not in raw:
        connection, resource, record, tail = matched.groups()
        word = resource.decode()
        if word not in _RESERVED:
            return _records(connection.decode(), word, record, tail)
        if tail is None:
            return _reserved(connection.decode(), word, record)
    if raw == b"/v1/lookup":
        return Place(Route.LOOKUP)
    refuse_disguised(raw)
    raise ConnectionNotFound


def refuse_disguised(raw: bytes) -> None:
    """Raise InvalidCall for a path that is not in its plain form: what one layer decodes, another may not.

    An encoded slash alone makes the path one that does not exist.
    """
    if _NOT_PLAIN.search(_ENCODED_SLASH.sub(b"/", raw)):
        raise InvalidCall("the path is not in its plain form")


def _records(connection: str, resource: str, record: bytes | None, tail: bytes | None) -> Place:
    if record is None:
        return Place(Route.LIST, connection, resource)
    if tail is not None:
        return Place(Route(tail[1:].decode()), connection, resource, record.decode())
    if record == b"search":
        return Place(Route.SEARCH, connection, resource)
    return Place(Route.RECORD, connection, resource, record.decode())


def _reserved(connection: str, word: str, record: bytes | None) -> Place:
    if word == "batch" and record is None:
        return Place(Route.BATCH, connection)
    if word == "schema" and record is not None and re.fullmatch(_RESOURCE, record):
        return Place(Route.SCHEMA, connection, record.decode())
    raise ConnectionNotFound


def singular(plural: str) -> str | None:
    """Return the resource that URLs call *plural*: ``contact`` for ``contacts``, ``company`` for ``companies``.

    None for what is no such plural.
    """
    if plural.endswith("ies") and len(plural) > len("ies"):
        return f"{plural[:-3]}y"
    return plural[:-1] if plural.endswith("s") and len(plural) > 1 else None
