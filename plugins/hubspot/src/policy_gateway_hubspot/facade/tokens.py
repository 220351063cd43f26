"""Logging in as HubSpot's apps do, and what a token says of itself. Tokens are the gateway's own."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from policy_gateway.errors import NotAuthenticated
from policy_gateway.ports import Login, LoginGrant, Session, Sessions
from policy_gateway.query import Describe
from policy_gateway.wire import Json, Reply, json_reply
from policy_gateway.wire.asking import JSON_TYPES
from policy_gateway_hubspot.catalogue import ADAPTER
from policy_gateway_hubspot.facade.portal import hub_of, user_of
from policy_gateway_hubspot.facade.refusals import CORRELATION, VALIDATION
from policy_gateway_hubspot.facade.request import Request
from policy_gateway_hubspot.facade.visit import Visit

LARGEST_FORM: Final = 20_000
SHOWN_SECONDS: Final = 1800
"""What a token's own end is said to be, which it does not tell: half an hour is HubSpot's usual."""

_CODES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "BAD_CLIENT_ID": ("invalid_client", "missing or unknown client id"),
        "BAD_GRANT_TYPE": ("unsupported_grant_type", "missing or unknown grant type"),
        "BAD_AUTH_CODE": ("invalid_grant", "missing or unknown auth code"),
        "BAD_REFRESH_TOKEN": ("invalid_grant", "missing or invalid refresh token"),
        "BAD_CLIENT_SECRET": ("invalid_client", "missing or invalid client secret"),
    }
)
_NUMBERED: Final = "v1"


async def give_token(request: Request, sessions: Sessions) -> Reply:
    """Answer ``POST /oauth/…/token``.

    The client id is ``<purpose>@<connection>``; the API key is the client's secret, or the code that an app would get.
    """
    form = await _form(request)
    use = form.get("grant_type", "")
    grant, flaw = _grant(request, form, use)
    if grant is None:
        return _refused(request, flaw)
    try:
        login = await sessions.login(grant)
    except NotAuthenticated:
        return _refused(request, flaw)
    return json_reply(_given(request, login, use), headers=((CORRELATION, request.ask.correlation),))


async def introspect(request: Request, sessions: Sessions) -> Reply:
    """Answer ``POST /oauth/…/token/introspect``: the token travels in the body."""
    form = await _form(request)
    session = await sessions.enter(request.ask.credential(form.get("token", "")), ADAPTER)
    told: dict[str, Json] = {
        **_info(session, form.get("token", "")),
        "token_use": "access_token",
        "active": True,
        "expires_in": SHOWN_SECONDS,
        "is_private_distribution": True,
        "client_id": f"{session.purpose}@{session.connection}",
        "signed_access_token": _signed(session),
    }
    return json_reply(told, headers=((CORRELATION, request.ask.correlation),))


async def access_token(visit: Visit) -> Reply:
    """Answer ``GET /oauth/v1/access-tokens/{token}``: the token travels in the path."""
    told = _info(visit.session, visit.request.variables["token"])
    return visit.reply({**told, "expires_in": SHOWN_SECONDS, "scopes": await _scopes(visit)})


async def private_app(visit: Visit) -> Reply:
    """Answer ``POST /oauth/v2/private-apps/get/access-token-info``: the token travels in the body."""
    session = visit.session
    return visit.reply(
        {
            "userId": user_of(session),
            "hubId": hub_of(session.tenant, session.connection),
            "appId": hub_of(ADAPTER),
            "scopes": await _scopes(visit),
        }
    )


async def token_in_path(request: Request) -> str:
    """Return the token that the path holds."""
    return request.variables["token"]


async def token_in_body(request: Request) -> str:
    """Return the token that the JSON body holds under ``tokenKey``; NotAuthenticated when there is none."""
    token = (await request.json()).get("tokenKey")
    if not isinstance(token, str):
        raise NotAuthenticated
    return token


async def _form(request: Request) -> dict[str, str]:
    """Return the fields of a form, which some clients send as JSON; none of one that says anything twice."""
    if request.ask.media_type in JSON_TYPES:
        document = await request.ask.json_object(LARGEST_FORM)
        return {name: value for name, value in document.items() if isinstance(value, str)}
    pairs = await request.ask.form(LARGEST_FORM)
    form = dict(pairs)
    return form if len(form) == len(pairs) else {}


def _grant(request: Request, form: Mapping[str, str], use: str) -> tuple[LoginGrant | None, str]:
    """Return how *form* logs in, and what is wrong with it if it does not get in."""
    client, network = form.get("client_id", ""), request.ask.network
    match use:
        case "refresh_token":
            return LoginGrant(
                client, form.get("refresh_token", ""), ADAPTER, network, refresh=True
            ), "BAD_REFRESH_TOKEN"
        case "authorization_code":
            return LoginGrant(client, form.get("code", ""), ADAPTER, network), "BAD_AUTH_CODE"
        case "client_credentials":
            return LoginGrant(client, form.get("client_secret", ""), ADAPTER, network), "BAD_CLIENT_SECRET"
        case _:
            return None, "BAD_GRANT_TYPE"


def _given(request: Request, login: Login, use: str) -> dict[str, Json]:
    told: dict[str, Json] = {"token_type": "bearer", "access_token": login.token, "expires_in": login.seconds}
    if use != "client_credentials":
        told["refresh_token"] = login.refresh
    if request.dialect == _NUMBERED:
        return told
    session = login.session
    return {
        **told,
        "token_use": "client_credentials" if use == "client_credentials" else "access_token",
        "hub_id": hub_of(session.tenant, session.connection),
        "user_id": user_of(session),
    }


def _info(session: Session, token: str) -> dict[str, Json]:
    return {
        "token": token,
        "user": session.principal,
        "hub_domain": session.tenant,
        "scopes": ["oauth"],
        "hub_id": hub_of(session.tenant, session.connection),
        "app_id": hub_of(ADAPTER),
        "user_id": user_of(session),
        "token_type": "access",
    }


def _signed(session: Session) -> dict[str, Json]:
    hub, user = hub_of(session.tenant, session.connection), user_of(session)
    return {
        "appId": hub_of(ADAPTER),
        "expiresAt": 0,
        "hubId": hub,
        "hublet": "eu1",
        "installingUserId": user,
        "isPrivateDistribution": True,
        "isServiceAccount": False,
        "isUserLevel": False,
        "newSignature": "",
        "scopes": "oauth",
        "scopeToScopeGroupPks": "",
        "signature": "",
        "trialScopes": "",
        "trialScopeToScopeGroupPks": "",
        "userId": user,
    }


async def _scopes(visit: Visit) -> list[Json]:
    """Return scopes for what the caller may know of; what it may do with each, the calls themselves decide."""
    described = (await visit.ask(Describe())).described
    return ["oauth", *sorted(f"crm.objects.{one.resource.native}.read" for one in described)]


def _refused(request: Request, status: str) -> Reply:
    """Return a 400: its ``status`` says what is wrong, and the newer dialects say it in OAuth's own words, too."""
    error, message = _CODES[status]
    correlation = request.ask.correlation
    said: dict[str, Json] = {"status": status, "message": message, "correlationId": correlation, "category": VALIDATION}
    if request.dialect != _NUMBERED:
        said |= {"error": error, "error_description": message}
    return json_reply(said, 400, ((CORRELATION, correlation),))
