"""Which path is which endpoint, in every dialect and under every alias; and which scope it takes."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final
from urllib.parse import unquote

from policy_gateway_hubspot.sandbox import batches, links, objects, portal, search
from policy_gateway_hubspot.sandbox.schema import ALIASES, KINDS
from policy_gateway_hubspot.sandbox.state import World
from policy_gateway_hubspot.sandbox.wire import Answer, Asked, missing_scopes, not_found, unauthenticated

Endpoint = Callable[[World, Asked], Answer]

_VERSION: Final = re.compile(r"v[1-4]|20[0-9]{2}-[0-9]{2}(-beta)?")


@dataclass(frozen=True, slots=True)
class Route:
    """*pattern* holds literal segments, and ``*`` for any; *reads* tells that a POST changes nothing."""

    method: str
    pattern: tuple[str, ...]
    endpoint: Endpoint
    reads: bool = False

    def fits(self, segments: tuple[str, ...]) -> bool:
        """Tell whether a path of the same length is this route."""
        return all(mine in {"*", theirs} for mine, theirs in zip(self.pattern, segments, strict=True))


def _route(line: str, endpoint: Endpoint, *, reads: bool = False) -> Route:
    method, path = line.split()
    return Route(method, tuple(path.split("/")), endpoint, reads or method == "GET")


_ROUTES: Final = (
    _route("GET crm/objects/*", objects.list_objects),
    _route("POST crm/objects/*", objects.create_object),
    _route("POST crm/objects/*/search", search.search, reads=True),
    _route("POST crm/objects/contacts/gdpr-delete", objects.erase_object),
    _route("GET crm/objects/*/*", objects.get_object),
    _route("PATCH crm/objects/*/*", objects.update_object),
    _route("DELETE crm/objects/*/*", objects.archive_object),
    _route("POST crm/objects/*/batch/read", batches.batch_read, reads=True),
    _route("POST crm/objects/*/batch/create", batches.batch_create),
    _route("POST crm/objects/*/batch/update", batches.batch_update),
    _route("POST crm/objects/*/batch/upsert", batches.batch_upsert),
    _route("POST crm/objects/*/batch/archive", batches.batch_archive),
    _route("GET crm/objects/*/*/associations/*", links.list_links),
    _route("PUT crm/objects/*/*/associations/default/*/*", links.link_default),
    _route("PUT crm/objects/*/*/associations/*/*", links.link_as),
    _route("DELETE crm/objects/*/*/associations/*/*", links.unlink),
    _route("GET crm/associations/*/*/labels", links.labels),
    _route("POST crm/associations/*/*/batch/read", links.batch_links, reads=True),
    _route("GET crm/properties/*", portal.list_properties),
    _route("POST crm/properties/*", portal.create_property),
    _route("GET crm/properties/*/*", portal.get_property),
    _route("POST crm/properties/*/batch/read", portal.read_properties, reads=True),
    _route("GET crm/owners", portal.list_owners),
    _route("GET crm/owners/*", portal.get_owner),
    _route("GET crm/schemas", portal.list_schemas),
    _route("GET crm-object-schemas/schemas", portal.list_schemas),
    _route("GET crm/pipelines/*", portal.list_pipelines),
    _route("GET account-info/details", portal.account),
    _route("POST oauth/private-apps/get/access-token-info", portal.private_app),
    _route("GET oauth/access-tokens/*", portal.token_info),
)


def _indexed() -> dict[tuple[str, int, str], tuple[Route, ...]]:
    index: dict[tuple[str, int, str], tuple[Route, ...]] = {}
    for route in _ROUTES:
        key = (route.method, len(route.pattern), route.pattern[1])
        index[key] = (*index.get(key, ()), route)
    return index


_INDEX: Final = MappingProxyType(_indexed())

ALL_SCOPES: Final = frozenset(
    {
        "crm.objects.owners.read",
        *(f"crm.objects.{kind}.{right}" for kind in KINDS for right in ("read", "write")),
        *(f"crm.schemas.{kind}.{right}" for kind in KINDS for right in ("read", "write")),
    }
)


def taken_apart(raw_path: str) -> tuple[tuple[str, ...], str]:
    """Return the decoded segments of a path without its version, and that version; ``v3`` when it names none."""
    segments = [unquote(segment) for segment in raw_path.strip("/").split("/")]
    for place in (1, 2):
        if len(segments) > place and _VERSION.fullmatch(segments[place]):
            dialect = segments.pop(place)
            return tuple(segments), dialect
    return tuple(segments), ""


def dispatch(world: World, asked: Asked) -> Answer:
    """Answer *asked*: who may, then what."""
    segments = asked.segments
    if segments[0] == "oauth":
        return _found(asked).endpoint(world, asked)
    scopes = world.tokens.get(asked.token)
    if scopes is None:
        raise unauthenticated()
    route = _found(asked)
    if (needed := _scope(route, segments)) and needed not in scopes:
        raise missing_scopes(needed)
    return route.endpoint(world, asked)


def _found(asked: Asked) -> Route:
    segments = asked.segments
    versioned = asked.dialect and (asked.dialect != "v4" or "associations" in segments)
    if versioned and len(segments) > 1:
        for route in _INDEX.get((asked.method, len(segments), segments[1]), ()):
            if route.fits(segments):
                return route
    raise not_found()


def _scope(route: Route, segments: tuple[str, ...]) -> str:
    right = "read" if route.reads else "write"
    match segments[:2]:
        case ("crm", "owners"):
            return "crm.objects.owners.read"
        case ("crm", "objects" | "properties" as area) if kind := ALIASES.get(segments[2].lower()):
            return f"crm.{'objects' if area == 'objects' else 'schemas'}.{kind}.{right}"
        case _:
            return ""
