"""How a connection gets its access token, and how it gets another one when that has ended.

All of it goes to the host of the connection: the address that the vendor names in its answer is compared, and never
followed.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Mapping
from contextvars import Context
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol
from urllib.parse import urlencode, urlsplit

import orjson
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic import SecretStr

from policy_gateway.errors import (
    ConfigurationError,
    RateLimited,
    UpstreamInvalid,
    UpstreamRefused,
    UpstreamUnavailable,
)
from policy_gateway.records import Request, Response, Transport
from policy_gateway_salesforce.answers import parsed
from policy_gateway_salesforce.options import SalesforceOptions

Clock = Callable[[], datetime]

JWT_BEARER: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
MINUTES: Final = 3
"""How long an assertion is good."""

REST: Final = 10.0
"""Seconds after which a login is tried again that was refused, or that has ended at once."""

_LONGEST_TOKEN: Final = 4096
_SMALLEST_KEY: Final = 2048
_FORM: Final = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
_OK: Final = 200
_TOO_MANY: Final = 429
_SERVER_ERROR: Final = 500


class Grant(Protocol):
    """One way to get an access token: the form for the token endpoint."""

    def form(self) -> Mapping[str, str]:
        """Return what to post."""
        ...


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """The connected app itself; the org says as which user."""

    client_id: str
    client_secret: str = field(repr=False)

    def form(self) -> Mapping[str, str]:
        """Return what to post."""
        return {
            "grant_type": "client_credentials",
            "client_id": self.client_id,
            "client_secret": self.client_secret,
        }


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """A user who once agreed; a public app has no secret."""

    client_id: str
    refresh_token: str = field(repr=False)
    client_secret: str = field(default="", repr=False)

    def form(self) -> Mapping[str, str]:
        """Return what to post."""
        secret = {"client_secret": self.client_secret} if self.client_secret else {}
        told = {"grant_type": "refresh_token", "client_id": self.client_id, "refresh_token": self.refresh_token}
        return told | secret


@dataclass(frozen=True, slots=True)
class JwtBearer:
    """A user for whom the app's certificate speaks, by RS256."""

    client_id: str
    username: str
    audience: str
    key: RSAPrivateKey = field(repr=False)
    clock: Clock

    def form(self) -> Mapping[str, str]:
        """Return what to post."""
        ends = int(self.clock().timestamp()) + MINUTES * 60
        claims = {"iss": self.client_id, "sub": self.username, "aud": self.audience, "exp": ends}
        signed = b".".join((_packed({"alg": "RS256", "typ": "JWT"}), _packed(claims)))
        signature = self.key.sign(signed, padding.PKCS1v15(), hashes.SHA256())
        return {"grant_type": JWT_BEARER, "assertion": b".".join((signed, _base64(signature))).decode()}


def _packed(value: Mapping[str, object]) -> bytes:
    return _base64(orjson.dumps(value))


def _base64(value: bytes) -> bytes:
    return base64.urlsafe_b64encode(value).rstrip(b"=")


def grant(options: SalesforceOptions, secrets: Mapping[str, SecretStr], clock: Clock) -> Grant | None:
    """Return how these *secrets* get a token: by certificate, as a user who agreed, or as the app; None: they do not.

    Raises ConfigurationError for what is there in part.
    """
    given = {name: secret.get_secret_value() for name, secret in secrets.items() if secret.get_secret_value()}
    if "private_key" in given:
        _require(options.client_id, "client_id")
        _require(options.username, "username")
        return JwtBearer(options.client_id, options.username, options.audience, _key(given["private_key"]), clock)
    if "refresh_token" in given:
        _require(options.client_id, "client_id")
        return RefreshToken(options.client_id, given["refresh_token"], given.get("client_secret", ""))
    if "client_secret" in given:
        _require(options.client_id, "client_id")
        return ClientCredentials(options.client_id, given["client_secret"])
    return None


def _require(value: str, name: str) -> None:
    if not value:
        raise ConfigurationError(f"this way to log in to Salesforce needs the option `{name}`")


def _key(text: str) -> RSAPrivateKey:
    try:
        key = load_pem_private_key(text.encode(), password=None)
    except (ValueError, TypeError):
        raise ConfigurationError("the secret `private_key` is not a private key in PEM without a password") from None
    if not isinstance(key, RSAPrivateKey) or key.key_size < _SMALLEST_KEY:
        raise ConfigurationError(f"the secret `private_key` is not an RSA key of at least {_SMALLEST_KEY} bits")
    return key


def presentable(token: str) -> bool:
    """Tell whether *token* can stand in a header."""
    return 0 < len(token) <= _LONGEST_TOKEN and token.isascii() and token.isprintable() and " " not in token


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


class Login:
    """One identity on one connection: its token, gotten when it is first needed, renewed when it has ended.

    However many calls find that it has ended, one of them gets the next one and all others wait for that. Other
    processes get tokens of their own: Salesforce lets one app have several. After a login that was refused, and after
    a renewal, the next one waits for :data:`REST` seconds: whoever tries too often is locked out.
    """

    def __init__(self, transport: Transport, grant: Grant | None, *, path: str, base_url: str, token: str = "") -> None:
        self._transport = transport
        self._grant = grant
        self._path = path
        self._host = _host(base_url)
        self._token = token
        self._getting: asyncio.Task[str] | None = None
        self._rests_until = self._renews_after = float("-inf")

    @property
    def renewable(self) -> bool:
        """Tell whether there is a way to get another token."""
        return self._grant is not None

    async def token(self) -> str:
        """Return the token; gets one when there is none yet."""
        return self._token or await self._next()

    async def after(self, ended: str) -> str:
        """Return a token that is not the *ended* one."""
        if self._token and self._token != ended:
            return self._token
        if asyncio.get_running_loop().time() < self._renews_after:
            raise UpstreamRefused("Salesforce ends the connection's sessions as soon as they begin")
        return await self._next()

    async def _next(self) -> str:
        if self._grant is None or asyncio.get_running_loop().time() < self._rests_until:
            raise UpstreamRefused("Salesforce does not accept the connection's login")
        if self._getting is None:
            # An empty context: the next token is nobody's call.
            self._getting = asyncio.get_running_loop().create_task(self._get(self._grant), context=Context())
            self._getting.add_done_callback(self._gotten)
        getting = self._getting
        # Whoever goes away leaves the token to the others.
        await asyncio.wait([getting])
        if getting.cancelled():
            raise UpstreamUnavailable("the connection was closed", unsent=True)
        return getting.result()

    def _gotten(self, task: asyncio.Task[str]) -> None:
        self._getting = None
        rested = asyncio.get_running_loop().time() + REST
        if task.cancelled():
            return
        if (error := task.exception()) is not None:
            if isinstance(error, UpstreamRefused | UpstreamInvalid):
                self._rests_until = rested
            return
        if self._token:
            self._renews_after = rested
        self._token = task.result()

    async def _get(self, grant: Grant) -> str:
        body = urlencode(grant.form()).encode()
        return self._granted(await self._transport.send(Request("POST", self._path, headers=_FORM, body=body)))

    def _granted(self, response: Response) -> str:
        if response.status == _TOO_MANY:
            raise RateLimited
        if response.status >= _SERVER_ERROR:
            raise UpstreamUnavailable
        if response.status != _OK:
            raise UpstreamRefused("Salesforce does not accept the connection's login")
        match parsed(response):
            case {"access_token": str(token), **rest} if presentable(token):
                instance = rest.get("instance_url")
                if isinstance(instance, str) and self._host and _host(instance) != self._host:
                    raise UpstreamInvalid("Salesforce says that the org is on another host than the connection's")
                return token
            case _:
                raise UpstreamInvalid("Salesforce gave no token that can be used")

    async def aclose(self) -> None:
        """Give up getting a token."""
        if self._getting is not None:
            self._getting.cancel()
