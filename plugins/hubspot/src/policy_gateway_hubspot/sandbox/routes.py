"""Which path is which endpoint, in every dialect and under every alias; and which scope it takes."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final
from urllib.parse import unquote

from policy_gateway_hubspot.sandbox import account, batches, links, oauth, objects, portal, search, subscriptions
from policy_gateway_hubspot.sandbox.schema import ALIASES, KINDS
from policy_gateway_hubspot.sandbox.state import World
from policy_gateway_hubspot.sandbox.wire import Answer, Asked, missing_scopes, not_found

Endpoint = Callable[[World, Asked], Answer]

_CLASSIC: Final = re.compile("v[1-4]")
_DATED: Final = re.compile("20[0-9]{2}-[0-9]{2}(-beta)?")


@dataclass(frozen=True, slots=True)
class Route:
    """*pattern* holds literal segments, and ``*`` for any; *reads* tells that a POST changes nothing.

    *dialects* are the versions that know it, ``dated`` for all of the date-versioned ones.
    """

    method: str
    pattern: tuple[str, ...]
    endpoint: Endpoint
    dialects: frozenset[str]
    reads: bool = False

    def fits(self, segments: tuple[str, ...], dialect: str) -> bool:
        """Tell whether a path of the same length is this route."""
        if (dialect if dialect.startswith("v") else "dated") not in self.dialects:
            return False
        return all(mine in {"*", theirs} for mine, theirs in zip(self.pattern, segments, strict=True))


def _route(line: str, endpoint: Endpoint, *, dialects: str = "v3 dated", reads: bool = False) -> Route:
    method, path = line.split()
    known = frozenset(dialects.split())
    return Route(method, tuple(path.split("/")), endpoint, known, reads or method == "GET")


def _reading(line: str, endpoint: Endpoint, *, dialects: str = "v3 dated") -> Route:
    return _route(line, endpoint, dialects=dialects, reads=True)


_V4: Final = "v4 dated"
_PREFERENCES: Final = "communication-preferences"
_ASSOCIATED: Final = "crm/objects/*/*/associations"

_ROUTES: Final = (
    _route("GET crm/objects/*", objects.list_objects),
    _route("POST crm/objects/*", objects.create_object),
    _reading("POST crm/objects/*/search", search.search),
    _route("POST crm/objects/*/gdpr-delete", objects.erase_object),
    _route("GET crm/objects/*/*", objects.get_object),
    _route("PATCH crm/objects/*/*", objects.update_object),
    _route("DELETE crm/objects/*/*", objects.archive_object),
    _reading("POST crm/objects/*/batch/read", batches.batch_read),
    _route("POST crm/objects/*/batch/create", batches.batch_create),
    _route("POST crm/objects/*/batch/update", batches.batch_update),
    _route("POST crm/objects/*/batch/upsert", batches.batch_upsert),
    _route("POST crm/objects/*/batch/archive", batches.batch_archive),
    _route(f"GET {_ASSOCIATED}/*", links.list_links, dialects="v3 v4 dated"),
    _route(f"PUT {_ASSOCIATED}/default/*/*", links.link_default, dialects=_V4),
    _route(f"PUT {_ASSOCIATED}/*/*", links.link_as, dialects=_V4),
    _route(f"DELETE {_ASSOCIATED}/*/*", links.unlink, dialects=_V4),
    _route("GET crm/associations/*/*/labels", links.labels, dialects=_V4),
    _reading("POST crm/associations/*/*/batch/read", links.batch_read, dialects=_V4),
    _route("POST crm/associations/*/*/batch/create", links.batch_create, dialects=_V4),
    _route("POST crm/associations/*/*/batch/associate/default", links.batch_default, dialects=_V4),
    _route("POST crm/associations/*/*/batch/archive", links.batch_archive, dialects=_V4),
    _route("POST crm/associations/*/*/batch/labels/archive", links.batch_unlabel, dialects=_V4),
    _route("GET crm/properties/*", portal.list_properties),
    _route("POST crm/properties/*", portal.create_property),
    _route("GET crm/properties/*/*", portal.get_property),
    _route("PATCH crm/properties/*/*", portal.update_property),
    _reading("POST crm/properties/*/batch/read", portal.read_properties),
    _route("GET crm/owners", portal.list_owners),
    _route("GET crm/owners/*", portal.get_owner),
    _route("GET crm/schemas", account.list_schemas, dialects="v3"),
    _route("GET crm/schemas/*", account.get_schema, dialects="v3"),
    _route("GET crm-object-schemas/schemas", account.list_schemas),
    _route("GET crm-object-schemas/schemas/*", account.get_schema),
    _route("GET crm/pipelines/*", account.list_pipelines),
    _route("GET crm/pipelines/*/*", account.get_pipeline),
    _route("GET crm/pipelines/*/*/stages", account.list_stages),
    _route("GET crm/pipelines/*/*/stages/*", account.get_stage),
    _route("GET account-info/details", account.details),
    _route("GET account-info/api-usage/daily/private-apps", account.usage),
    _route(f"GET {_PREFERENCES}/definitions", subscriptions.list_definitions, dialects="v3 v4 dated"),
    _route(f"GET {_PREFERENCES}/status/email/*", subscriptions.old_statuses, dialects="v3"),
    _route(f"POST {_PREFERENCES}/subscribe", subscriptions.subscribe, dialects="v3"),
    _route(f"POST {_PREFERENCES}/unsubscribe", subscriptions.unsubscribe, dialects="v3"),
    _route(f"GET {_PREFERENCES}/statuses/*", subscriptions.statuses, dialects=_V4),
    _route(f"POST {_PREFERENCES}/statuses/*", subscriptions.set_status, dialects=_V4),
    _reading(f"POST {_PREFERENCES}/statuses/batch/read", subscriptions.batch_read, dialects=_V4),
    _route(f"POST {_PREFERENCES}/statuses/batch/write", subscriptions.batch_write, dialects=_V4),
    _route(f"POST {_PREFERENCES}/statuses/batch/unsubscribe-all", subscriptions.batch_unsubscribe_all, dialects=_V4),
    _reading(f"POST {_PREFERENCES}/statuses/batch/unsubscribe-all/read", subscriptions.batch_silence, dialects=_V4),
    _route(f"GET {_PREFERENCES}/statuses/*/unsubscribe-all", subscriptions.silence, dialects=_V4),
    _route(f"POST {_PREFERENCES}/statuses/*/unsubscribe-all", subscriptions.unsubscribe_all, dialects=_V4),
    _route("POST oauth/token", oauth.give_token, dialects="v1 v3 dated"),
    _route("POST oauth/token/introspect", oauth.introspect),
    _route("POST oauth/token/revoke", oauth.revoke),
    _route("GET oauth/access-tokens/*", oauth.access_token, dialects="v1"),
    _route("GET oauth/refresh-tokens/*", oauth.refresh_token, dialects="v1"),
    _route("POST oauth/private-apps/get/access-token-info", oauth.private_app, dialects="v2"),
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
        "communication_preferences.read",
        "communication_preferences.read_write",
    }
)


def taken_apart(raw_path: str) -> tuple[tuple[str, ...], str]:
    """Return the decoded segments of a path without its version, and that version; empty when it names none.

    A version follows the first segment; of the CRM's date-versioned dialect, the second.
    """
    segments = [unquote(segment) for segment in raw_path.removeprefix("/").removesuffix("/").split("/")]
    dated_crm = len(segments) > 2 and segments[0] == "crm" and _DATED.fullmatch(segments[2])  # noqa: PLR2004 -- third
    place = 2 if dated_crm else 1
    version = segments[place] if len(segments) > place else ""
    if dated_crm or _CLASSIC.fullmatch(version) or (segments[0] != "crm" and _DATED.fullmatch(version)):
        del segments[place]
        return tuple(segments), version
    return tuple(segments), ""


def dispatch(world: World, asked: Asked) -> Answer:
    """Answer *asked*: who may, then what."""
    segments = asked.segments
    if segments[0] == "oauth":
        return _found(asked).endpoint(world, asked)
    scopes = world.tokens.scopes(asked.token)
    route = _found(asked)
    if (needed := _scope(route, segments)) and needed not in scopes:
        raise missing_scopes(needed)
    return route.endpoint(world, asked)


def _found(asked: Asked) -> Route:
    segments = asked.segments
    if asked.dialect and len(segments) > 1:
        for route in _INDEX.get((asked.method, len(segments), segments[1]), ()):
            if route.fits(segments, asked.dialect):
                return route
    raise not_found()


def _scope(route: Route, segments: tuple[str, ...]) -> str:
    right = "read" if route.reads else "write"
    match segments[:2]:
        case ("crm", "owners"):
            return "crm.objects.owners.read"
        case ("crm", "associations") if kind := ALIASES.get(segments[2].lower()):
            return f"crm.objects.{kind}.{right}"
        case ("crm", "objects" | "properties" as area) if kind := ALIASES.get(segments[2].lower()):
            return f"crm.{'objects' if area == 'objects' else 'schemas'}.{kind}.{right}"
        case ("communication-preferences", _):
            return f"communication_preferences.{'read' if route.reads else 'read_write'}"
        case _:
            return ""
