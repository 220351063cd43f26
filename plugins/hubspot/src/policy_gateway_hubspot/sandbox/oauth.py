"""OAuth: tokens for the portal's one app, and what a token says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from policy_gateway_hubspot.sandbox.state import PORTAL, World
from policy_gateway_hubspot.sandbox.tokens import CLIENT_ID, CLIENT_SECRET, CODE, LIFE_SECONDS, REFRESH_TOKEN, Grant
from policy_gateway_hubspot.sandbox.wire import Answer, Asked, Json, Refusal, not_found, text

APP: Final = 139901
USER: Final = 40_007_001
_PERSON: Final = "anna@example.com"
_DOMAIN: Final = "contact-center.example.com"
_CODES: Final = MappingProxyType(
    {
        "BAD_CLIENT_ID": ("invalid_client", "missing or unknown client id"),
        "BAD_CLIENT_SECRET": ("invalid_client", "missing or invalid client secret"),
        "BAD_GRANT_TYPE": ("unsupported_grant_type", "missing or unknown grant type"),
        "BAD_AUTH_CODE": ("invalid_grant", "missing or unknown auth code"),
        "BAD_REFRESH_TOKEN": ("invalid_grant", "missing or invalid refresh token"),
    }
)


def give_token(world: World, asked: Asked) -> Answer:
    """Answer ``POST /oauth/…/token`` for a code, a refresh token or (newer dialects) the client itself."""
    form = asked.form()
    _check_client(asked, form)
    match form.get("grant_type"):
        case "authorization_code" if form.get("code") == CODE:
            pass
        case "authorization_code":
            raise _refused(asked, "BAD_AUTH_CODE")
        case "refresh_token" if world.tokens.refreshes(form.get("refresh_token", "")):
            pass
        case "refresh_token":
            raise _refused(asked, "BAD_REFRESH_TOKEN")
        case "client_credentials" if asked.dialect != "v1":
            return Answer(200, _given(world, asked, "client_credentials"))
        case _:
            raise _refused(asked, "BAD_GRANT_TYPE")
    return Answer(200, {**_given(world, asked, "access_token"), "refresh_token": REFRESH_TOKEN})


def introspect(world: World, asked: Asked) -> Answer:
    """Answer ``POST /oauth/…/token/introspect``: the token travels in the body."""
    form = asked.form()
    _check_client(asked, form)
    token = form.get("token", "")
    if world.tokens.refreshes(token):
        return Answer(200, {**_info(world, token), "token_use": "refresh_token", "active": True})
    grant = _granted(world, token)
    left = world.tokens.seconds_left(grant)
    told: dict[str, Json] = {
        "token_use": "access_token",
        "active": left > 0,
        "expires_in": max(0, left),
        "is_private_distribution": False,
        "signed_access_token": _signed(grant),
    }
    return Answer(200, {**_info(world, token), **told})


def revoke(world: World, asked: Asked) -> Answer:
    """Answer ``POST /oauth/…/token/revoke``; a token that is unknown is no error."""
    form = asked.form()
    _check_client(asked, form)
    world.tokens.revoke(form.get("token", ""))
    return Answer(200, {})


def access_token(world: World, asked: Asked) -> Answer:
    """Answer ``GET /oauth/v1/access-tokens/{token}``: the token travels in the path."""
    grant = _granted(world, asked.segments[2])
    told = _info(world, asked.segments[2])
    del told["client_id"]
    return Answer(200, {**told, "expires_in": max(0, world.tokens.seconds_left(grant))})


def refresh_token(world: World, asked: Asked) -> Answer:
    """Answer ``GET /oauth/v1/refresh-tokens/{token}``."""
    if not world.tokens.refreshes(asked.segments[2]):
        raise not_found("Refresh token not found")
    told = _info(world, asked.segments[2])
    del told["app_id"]
    return Answer(200, told)


def private_app(world: World, asked: Asked) -> Answer:
    """Answer ``POST /oauth/v2/private-apps/get/access-token-info``: the token travels in the body."""
    grant = world.tokens.grant(text(asked.json().get("tokenKey"), "tokenKey"))
    if grant is None:
        raise not_found()
    return Answer(200, {"userId": USER, "hubId": PORTAL, "appId": APP, "scopes": list[Json](sorted(grant.scopes))})


def _given(world: World, asked: Asked, use: str) -> dict[str, Json]:
    told: dict[str, Json] = {"token_type": "bearer", "access_token": world.tokens.issue(), "expires_in": LIFE_SECONDS}
    if asked.dialect != "v1":
        told |= {"token_use": use, "hub_id": PORTAL, "user_id": USER}
    return told


def _info(world: World, token: str) -> dict[str, Json]:
    grant = world.tokens.grant(token)
    return {
        "token": token,
        "user": _PERSON,
        "hub_domain": _DOMAIN,
        "scopes": list[Json](sorted(grant.scopes)) if grant else ["oauth"],
        "hub_id": PORTAL,
        "app_id": APP,
        "client_id": CLIENT_ID,
        "user_id": USER,
        "token_type": "access" if grant else "refresh",
    }


def _signed(grant: Grant) -> dict[str, Json]:
    return {
        "appId": APP,
        "expiresAt": int(grant.expires.timestamp() * 1000) if grant.expires else 0,
        "hubId": PORTAL,
        "hublet": "eu1",
        "installingUserId": USER,
        "isPrivateDistribution": False,
        "isServiceAccount": False,
        "isUserLevel": False,
        "newSignature": "",
        "scopes": " ".join(sorted(grant.scopes)),
        "scopeToScopeGroupPks": "",
        "signature": "",
        "trialScopes": "",
        "trialScopeToScopeGroupPks": "",
        "userId": USER,
    }


def _granted(world: World, token: str) -> Grant:
    grant = world.tokens.grant(token)
    if grant is None:
        raise not_found("Access token not found")
    return grant


def _check_client(asked: Asked, form: Mapping[str, str]) -> None:
    if form.get("client_id") != CLIENT_ID:
        raise _refused(asked, "BAD_CLIENT_ID")
    if form.get("client_secret") != CLIENT_SECRET:
        raise _refused(asked, "BAD_CLIENT_SECRET")


def _refused(asked: Asked, status: str) -> Refusal:
    """Return a 400: its ``status`` says what is wrong, and the newer dialects say it in OAuth's own words, too."""
    error, message = _CODES[status]
    more: dict[str, Json] = {} if asked.dialect == "v1" else {"error": error, "error_description": message}
    refusal = Refusal(400, "VALIDATION_ERROR", message, **more)
    refusal.content["status"] = status
    return refusal
