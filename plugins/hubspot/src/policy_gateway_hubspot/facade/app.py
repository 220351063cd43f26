"""The facade: which path is which endpoint, who is calling, and every refusal in HubSpot's own shape."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from policy_gateway.errors import GatewayError, NotAuthenticated
from policy_gateway.ports import AsgiApp, Gate, Sessions, Shelf
from policy_gateway.query import Describe
from policy_gateway.wire import Ask, Match, MethodRefused, PathUnknown, Reply, Routes, served
from policy_gateway_hubspot.catalogue import ADAPTER
from policy_gateway_hubspot.facade import associations, batches, objects, portal, preferences, tokens
from policy_gateway_hubspot.facade.entered import Entered
from policy_gateway_hubspot.facade.known import Knowledge
from policy_gateway_hubspot.facade.refusals import ScopeMissing, broken, refused
from policy_gateway_hubspot.facade.request import Request, taken_apart
from policy_gateway_hubspot.facade.visit import TYPE, Visit

Endpoint = Callable[[Visit], Awaitable[Reply]]
Shown = Callable[[Request], Awaitable[str]]
Login = Callable[[Request, Sessions], Awaitable[Reply]]

PREFIXES: Final = (
    *("/crm", "/crm-object-schemas", "/oauth", "/communication-preferences", "/account-info"),
    *("/engagements", "/automation", "/contacts", "/companies", "/deals", "/properties", "/owners", "/extensions"),
    *("/marketing", "/marketing-emails", "/email", "/forms", "/files", "/filemanager", "/content", "/cms", "/hubdb"),
    *("/conversations", "/webhooks", "/integrations", "/settings", "/business-units", "/scheduler", "/events"),
)
"""The beginnings of HubSpot's paths; whatever is not answered below them is refused as HubSpot would."""

_V3: Final = frozenset({"v3", "dated"})
_V4: Final = frozenset({"v4", "dated"})
_LINKS: Final = frozenset({"v3", "v4", "dated"})
_LOGINS: Final = frozenset({"v1", "v2", "v3", "dated"})


async def _bearer(request: Request) -> str:
    scheme, secret = request.ask.authorization
    if scheme != "bearer":
        raise NotAuthenticated
    return secret


@dataclass(frozen=True, slots=True)
class Route:
    """What answers a path in some *dialects*; *scope* is what HubSpot would ask for, *shown* where the token stands."""

    endpoint: Endpoint
    dialects: frozenset[str] = _V3
    scope: str = ""
    shown: Shown = _bearer

    def scopes(self, variables: Mapping[str, str]) -> tuple[str, ...]:
        """Return the scopes that HubSpot would ask for on a path with these *variables*."""
        return (self.scope.format(**{TYPE: "", **variables}),) if self.scope else ()


def _read(endpoint: Endpoint, dialects: frozenset[str] = _V3) -> Route:
    return Route(endpoint, dialects, "crm.objects.{type}.read")


def _write(endpoint: Endpoint, dialects: frozenset[str] = _V3) -> Route:
    return Route(endpoint, dialects, "crm.objects.{type}.write")


def _defined(endpoint: Endpoint) -> Route:
    return Route(endpoint, scope="crm.schemas.{type}.read")


_PREFERENCES: Final = "/communication-preferences"
_OBJECT: Final = "/crm/objects/{type}/{id}"
_OWNERS: Final = "crm.objects.owners.read"

_ROUTES: Final = Routes(
    [
        ("GET", "/crm/objects/{type}", _read(objects.list_objects)),
        ("POST", "/crm/objects/{type}", _write(objects.create_object)),
        ("POST", "/crm/objects/{type}/search", _read(objects.search)),
        ("POST", "/crm/objects/{type}/gdpr-delete", _write(objects.erase_object)),
        ("GET", _OBJECT, _read(objects.get_object)),
        ("PATCH", _OBJECT, _write(objects.update_object)),
        ("DELETE", _OBJECT, _write(objects.archive_object)),
        ("POST", "/crm/objects/{type}/batch/read", _read(batches.batch_read)),
        ("POST", "/crm/objects/{type}/batch/create", _write(batches.batch_create)),
        ("POST", "/crm/objects/{type}/batch/update", _write(batches.batch_update)),
        ("POST", "/crm/objects/{type}/batch/upsert", _write(batches.batch_upsert)),
        ("POST", "/crm/objects/{type}/batch/archive", _write(batches.batch_archive)),
        ("GET", f"{_OBJECT}/associations/{{to}}", _read(associations.list_links, _LINKS)),
        ("PUT", f"{_OBJECT}/associations/default/{{to}}/{{other}}", _write(associations.link_default, _V4)),
        ("PUT", f"{_OBJECT}/associations/{{to}}/{{other}}", _write(associations.link_labeled, _V4)),
        ("DELETE", f"{_OBJECT}/associations/{{to}}/{{other}}", _write(associations.unlink, _V4)),
        ("GET", "/crm/associations/{type}/{to}/labels", _read(associations.list_labels, _V4)),
        ("POST", "/crm/associations/{type}/{to}/batch/read", _read(associations.read_links, _V4)),
        ("GET", "/crm/properties/{type}", _defined(portal.list_properties)),
        ("GET", "/crm/properties/{type}/{name}", _defined(portal.get_property)),
        ("POST", "/crm/properties/{type}/batch/read", _defined(portal.read_properties)),
        ("GET", "/crm/owners", Route(portal.list_owners, scope=_OWNERS)),
        ("GET", "/crm/owners/{id}", Route(portal.get_owner, scope=_OWNERS)),
        ("GET", "/crm/schemas", Route(portal.list_schemas)),
        ("GET", "/crm/schemas/{type}", _defined(portal.get_schema)),
        ("GET", "/crm-object-schemas/schemas", Route(portal.list_schemas)),
        ("GET", "/crm-object-schemas/schemas/{type}", _defined(portal.get_schema)),
        ("GET", "/crm/pipelines/{type}", _read(portal.list_pipelines)),
        ("GET", "/account-info/details", Route(portal.details)),
        ("GET", f"{_PREFERENCES}/definitions", Route(preferences.list_definitions, _LINKS, preferences.READ)),
        ("GET", f"{_PREFERENCES}/status/email/{{email}}", Route(preferences.old_statuses, _V3, preferences.READ)),
        ("POST", f"{_PREFERENCES}/subscribe", Route(preferences.subscribe, _V3, preferences.WRITE)),
        ("POST", f"{_PREFERENCES}/unsubscribe", Route(preferences.unsubscribe, _V3, preferences.WRITE)),
        ("GET", f"{_PREFERENCES}/statuses/{{email}}", Route(preferences.statuses, _V4, preferences.READ)),
        ("POST", f"{_PREFERENCES}/statuses/{{email}}", Route(preferences.set_status, _V4, preferences.WRITE)),
        ("POST", f"{_PREFERENCES}/statuses/batch/read", Route(preferences.batch_read, _V4, preferences.READ)),
        (
            "POST",
            f"{_PREFERENCES}/statuses/{{email}}/unsubscribe-all",
            Route(preferences.unsubscribe_all, _V4, preferences.WRITE),
        ),
        ("GET", "/oauth/access-tokens/{token}", Route(tokens.access_token, _LOGINS, shown=tokens.token_in_path)),
        (
            "POST",
            "/oauth/private-apps/get/access-token-info",
            Route(tokens.private_app, _LOGINS, shown=tokens.token_in_body),
        ),
    ]
)

_NO_SESSION: Final[Mapping[tuple[str, ...], Login]] = MappingProxyType(
    {("oauth", "token"): tokens.give_token, ("oauth", "token", "introspect"): tokens.introspect}
)
"""What is asked for before there is a session."""


async def _nowhere(visit: Visit) -> Reply:
    """Refuse what is not modeled here: nobody's token has the scope for it."""
    raise ScopeMissing(*visit.scopes)


_NOWHERE: Final = Match(Route(_nowhere), MappingProxyType({}))


class HubSpotFacade:
    """Speaks like HubSpot at the root of the host."""

    name = ADAPTER
    prefixes: tuple[str, ...] = PREFIXES

    def app(self, gate: Gate, sessions: Sessions, shelf: Shelf) -> AsgiApp:
        """Return the app that answers HubSpot's clients through *gate*; there is nothing to keep."""
        del shelf
        return served(_Counter(gate, sessions).answer, broken)


class _Counter:
    """Where requests come in."""

    def __init__(self, gate: Gate, sessions: Sessions) -> None:
        self._gate = gate
        self._sessions = sessions
        self._entered = Entered(sessions)
        self._knowledge = Knowledge()

    async def answer(self, ask: Ask) -> Reply:
        """Answer one request, or refuse it."""
        segments, dialect = taken_apart(ask.segments)
        request = Request(ask, dialect)
        scopes: tuple[str, ...] = ()
        try:
            login = _NO_SESSION.get(segments) if ask.method == "POST" else None
            if login is not None:
                return await login(request, self._sessions)
            found = _found(ask.method, segments, dialect)
            scopes = found.target.scopes(found.variables)
            return await self._answer(Request(ask, dialect, found.variables), found.target, scopes)
        except GatewayError as error:
            return refused(error, ask.correlation, scopes)

    async def _answer(self, request: Request, route: Route, scopes: tuple[str, ...]) -> Reply:
        credential = request.ask.credential(await route.shown(request))
        session = await self._entered.enter(credential)
        visit = Visit(request, session, self._gate, self._knowledge)
        visit.scopes = scopes
        try:
            visit.explain()
            return await route.endpoint(visit)
        except GatewayError as error:
            if not visit.asked:
                await visit.refuse(Describe(), error)
            raise


def _found(method: str, segments: tuple[str, ...], dialect: str) -> Match[Route]:
    """Return what answers a path; a path that is none, in this dialect, is refused like any other that is not."""
    try:
        found = _ROUTES.find(method, segments)
    except (PathUnknown, MethodRefused):
        return _NOWHERE
    return found if dialect in found.target.dialects else _NOWHERE
