"""Logging in as the vendor's clients do: the OAuth grants. What they get is a token of the gateway's own."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from policy_gateway.errors import InvalidCall, NotAuthenticated
from policy_gateway.model.principal import Credential
from policy_gateway.ports import Gate, Login, LoginGrant, Session, Sessions
from policy_gateway.query import Call, Describe
from policy_gateway.wire import Ask, Json
from policy_gateway_salesforce.facade.exchange.answers import PLAIN_JSON_TYPE, Answer
from policy_gateway_salesforce.facade.exchange.turn import DIALECT
from policy_gateway_salesforce.facade.login.who import identity_url, org_of

JWT_BEARER: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
FAILED: Final = "authentication failure"
_REFRESHABLE: Final = frozenset({"authorization_code", "password"})
_TOKEN: Final = re.compile(r"00D[0-9A-Za-z]{12}(?:[0-9A-Za-z]{3})?!([0-9A-Za-z]{1,4096})", re.ASCII)


class OAuthError(Exception):
    """The facade refuses at the token endpoint, in the shape that OAuth prescribes (RFC 6749, section 5.2)."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(error)
        self.status, self.error, self.description = status, error, description

    def answer(self) -> Answer:
        """Return the refusal as it goes over the wire."""
        told: dict[str, Json] = {"error": self.error, "error_description": self.description}
        return Answer(self.status, told)


@dataclass(frozen=True, slots=True)
class Logins:
    """Opens sessions: for the name ``<purpose>@<connection>`` and an API key as its password, or client secret."""

    gate: Gate
    sessions: Sessions
    clock: Callable[[], datetime]

    async def token(self, ask: Ask) -> Answer:
        """``POST /services/oauth2/token``."""
        form = await _form(ask)
        kind = form.get("grant_type", "")
        grant = _granted(kind, form)
        login = await self.login(grant, ask)
        told = self._told(login, ask.site, form.get("client_secret", ""))
        if kind in _REFRESHABLE:
            told["refresh_token"] = login.refresh
        return Answer(200, told, {"Pragma": "no-cache"})

    async def login(self, grant: tuple[str, str, str], ask: Ask) -> Login:
        """Return what *grant* (its kind, a name and a secret) opens; OAuthError, after the attempt is journaled."""
        kind, name, secret = grant
        wanted = LoginGrant(name, secret, DIALECT, ask.network, refresh=kind == "refresh_token")
        try:
            return await self.sessions.login(wanted)
        except NotAuthenticated as refused:
            await journaled(self.gate, ask.credential(secret), ask, refused)
            raise OAuthError(*_REFUSED.get(kind, ("invalid_grant", FAILED))) from None

    def _told(self, login: Login, site: str, secret: str) -> dict[str, Json]:
        who = identity_url(login.session, site)
        issued = str(int(self.clock().timestamp() * 1000))
        signature = hmac.digest(secret.encode(), (who + issued).encode(), hashlib.sha256)
        return {
            "access_token": shaped(login),
            "signature": base64.b64encode(signature).decode(),
            "scope": "id api refresh_token",
            "instance_url": site,
            "id": who,
            "token_type": "Bearer",
            "issued_at": issued,
        }


async def entered(gate: Gate, sessions: Sessions, ask: Ask, token: str) -> Session:
    """Return the session that *token* stands for; NotAuthenticated, after the attempt is journaled."""
    matched = _TOKEN.fullmatch(token)
    credential = ask.credential(token if matched is None else matched[1])
    try:
        return await sessions.enter(credential, DIALECT)
    except NotAuthenticated as refused:
        await journaled(gate, credential, ask, refused)
        raise


async def journaled(gate: Gate, credential: Credential, ask: Ask, error: NotAuthenticated) -> None:
    """Let the journal know of an attempt by nobody; raises only what is worse."""
    attempt = Call("", Describe(), circumstances=ask.circumstances(), dialect=DIALECT)
    try:
        await gate.refused(attempt, credential, error)
    except NotAuthenticated:
        return


def shaped(login: Login) -> str:
    """Return the token of *login* as the vendor shapes it: clients look at its beginning."""
    return f"{org_of(login.session)[:15]}!{login.token}"


def _granted(kind: str, form: Mapping[str, str]) -> tuple[str, str, str]:
    """Return *kind* with the name and the secret that count for it."""
    match kind:
        case "password":
            return kind, form.get("username", ""), form.get("password", "")
        case "client_credentials":
            return kind, form.get("client_id", ""), form.get("client_secret", "")
        case "authorization_code":
            return kind, form.get("client_id", ""), form.get("code", "")
        case "refresh_token":
            return kind, "", form.get("refresh_token", "")
        case _ if kind == JWT_BEARER:
            raise OAuthError("unsupported_grant_type", "the gateway knows no key to check an assertion with")
        case _:
            raise OAuthError("unsupported_grant_type", "grant type not supported")


_REFUSED: Final[Mapping[str, tuple[str, str]]] = {
    "client_credentials": ("invalid_client", "invalid client credentials"),
    "refresh_token": ("invalid_grant", "expired access/refresh token"),
    "authorization_code": ("invalid_grant", "expired authorization code"),
}


async def _form(ask: Ask) -> dict[str, str]:
    """Return the form, with the client's name and secret wherever the client put them, but in the URL."""
    try:
        pairs = await ask.form(limit=20_000)
        names = [name for name, _ in pairs]
        if len(set(names)) < len(names) or ask.query:
            raise OAuthError("invalid_request", "a parameter stands twice, or in the URL")
        if ask.authorization[0] != "basic":
            return dict(pairs)
        name, secret = ask.basic()
    except InvalidCall:
        raise OAuthError("invalid_request", "the body is not a form") from None
    except NotAuthenticated:
        raise OAuthError("invalid_client", "invalid client credentials", 401) from None
    if {"client_id", "client_secret"} & set(names):
        raise OAuthError("invalid_request", "client credentials are given twice")
    return {**dict(pairs), "client_id": name, "client_secret": secret}


__all__ = ["PLAIN_JSON_TYPE", "Logins", "OAuthError", "entered", "journaled", "shaped"]
