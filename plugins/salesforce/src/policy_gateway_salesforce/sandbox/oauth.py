"""The token endpoint with its five grants, and what hangs on it: who one is, and the end of a session."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final
from urllib.parse import parse_qsl

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from policy_gateway_salesforce.sandbox.access import CLIENT_SECRET, CODE, SECURITY_TOKEN, Session, User
from policy_gateway_salesforce.sandbox.state import Org
from policy_gateway_salesforce.sandbox.wire import Answer, Asked, Json, OAuthError, expired

Form = Mapping[str, str]
Grant = Callable[[Org, Form], User]

JWT_BEARER: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_REFRESHED: Final = frozenset({"authorization_code", "password"})
_FAILED: Final = "authentication failure"


def token(org: Org, asked: Asked) -> Answer:
    """Answer ``POST /services/oauth2/token``."""
    form = _form(asked)
    grant = _GRANTS.get(form.get("grant_type", ""))
    if grant is None:
        raise OAuthError("unsupported_grant_type", "grant type not supported")
    user = grant(org, form)
    session = org.sessions.open(user)
    told = granted(org, session, asked.origin, form.get("client_secret") or CLIENT_SECRET)
    if form["grant_type"] in _REFRESHED:
        told["refresh_token"] = org.sessions.refresh_token(user)
    return Answer(200, told, {"cache-control": "no-store"})


def granted(org: Org, session: Session, origin: str, secret: str) -> dict[str, Json]:
    """Return what a client gets for a grant; the signature proves that who knows *secret* made it."""
    identity = f"{origin}/id/{org.id}/{session.user.id}"
    issued = str(int(org.clock().timestamp() * 1000))
    digest = hmac.digest(secret.encode(), (identity + issued).encode(), hashlib.sha256)
    return {
        "access_token": session.token,
        "signature": base64.b64encode(digest).decode(),
        "scope": "id api refresh_token",
        "instance_url": origin,
        "id": identity,
        "token_type": "Bearer",
        "issued_at": issued,
    }


def revoke(org: Org, asked: Asked) -> Answer:
    """Answer ``GET`` and ``POST /services/oauth2/revoke``."""
    if not org.sessions.end(_form(asked).get("token") or asked.one("token")):
        raise OAuthError("invalid_token", "invalid token: token not found or revoked already")
    return Answer(200)


def userinfo(org: Org, asked: Asked) -> Answer:
    """Answer ``GET /services/oauth2/userinfo``."""
    identity = _identity(org, asked.who.user, asked.origin)
    return Answer(
        200,
        identity
        | {
            "sub": identity["id"],
            "email_verified": True,
            "name": identity["display_name"],
            "given_name": identity["first_name"],
            "family_name": identity["last_name"],
            "preferred_username": identity["username"],
            "zoneinfo": "GMT",
            "profile": f"{asked.origin}/{asked.who.user.id}",
            "updated_at": identity["last_modified_date"],
        },
    )


def identity(org: Org, asked: Asked) -> Answer:
    """Answer ``GET /id/{org}/{user}``; a client may put its token into the query."""
    session = asked.session or org.sessions.find(asked.one("oauth_token") or asked.one("access_token"))
    if session is None:
        return Answer(403, b"Bad_OAuth_Token", content_type="text/html;charset=UTF-8")
    if asked.segments[1][:15] != org.id[:15] or asked.segments[2][:15] != session.user.id[:15]:
        return Answer(404, b"Bad_Id", content_type="text/html;charset=UTF-8")
    return Answer(200, _identity(org, session.user, asked.origin))


def _identity(org: Org, user: User, origin: str) -> dict[str, Json]:
    row = org.tables["User"].rows[user.id]
    paths = {
        "enterprise": "/services/Soap/c/{version}/" + org.id[:15],
        "metadata": "/services/Soap/m/{version}/" + org.id[:15],
        "partner": "/services/Soap/u/{version}/" + org.id[:15],
        "rest": "/services/data/v{version}/",
        "sobjects": "/services/data/v{version}/sobjects/",
        "search": "/services/data/v{version}/search/",
        "query": "/services/data/v{version}/query/",
        "recent": "/services/data/v{version}/recent/",
        "profile": f"/{user.id}",
        "custom_domain": "",
    }
    return {
        "id": f"{origin}/id/{org.id}/{user.id}",
        "asserted_user": True,
        "user_id": user.id,
        "organization_id": org.id,
        "username": user.username,
        "nick_name": row.get("CommunityNickname"),
        "display_name": row.get("Name"),
        "email": row.get("Email"),
        "first_name": row.get("FirstName"),
        "last_name": row.get("LastName"),
        "timezone": "GMT",
        "photos": {"picture": f"{origin}/profilephoto/005/F", "thumbnail": f"{origin}/profilephoto/005/T"},
        "addr_street": None,
        "mobile_phone": None,
        "status": {"created_date": None, "body": None},
        "active": True,
        "user_type": "STANDARD",
        "language": "de",
        "locale": "de_DE",
        "utcOffset": 0,
        "last_modified_date": row.get("LastModifiedDate"),
        "is_app_installed": True,
        "urls": {name: f"{origin}{path}" for name, path in paths.items()},
    }


def _form(asked: Asked) -> Form:
    """Return the form, with the client's id and secret wherever the client put them."""
    form = {name: values[-1] for name, values in asked.query.items()}
    form |= dict(parse_qsl(asked.body.decode("utf-8", errors="replace"), keep_blank_values=True))
    scheme, _, packed = asked.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            name, _, secret = base64.b64decode(packed, validate=True).decode().partition(":")
        except ValueError:
            raise OAuthError("invalid_client", "invalid client credentials", 401) from None
        form = {"client_id": name, "client_secret": secret} | form
    return form


def _client(org: Org, form: Form) -> str:
    """Return the user that the connected app runs as."""
    name, secret = form.get("client_id", ""), form.get("client_secret", "")
    if all(name != known for known, _ in org.sessions.by_secret):
        raise OAuthError("invalid_client_id", "client identifier invalid")
    if (name, secret) not in org.sessions.by_secret:
        raise OAuthError("invalid_client", "invalid client credentials")
    return org.sessions.by_secret[name, secret]


def _by_password(org: Org, form: Form) -> User:
    _client(org, form)
    return authenticated(org, form.get("username", ""), form.get("password", ""))


def authenticated(org: Org, username: str, password: str) -> User:
    """Return the user with this password, alone or with the security token after it."""
    user = org.sessions.users.get(username.lower())
    if user is None or password not in {user.password, user.password + SECURITY_TOKEN}:
        raise OAuthError("invalid_grant", _FAILED)
    return user


def _by_client(org: Org, form: Form) -> User:
    return org.sessions.users[_client(org, form).lower()]


def _by_refresh(org: Org, form: Form) -> User:
    if all(form.get("client_id") != known for known, _ in org.sessions.by_secret):
        raise OAuthError("invalid_client_id", "client identifier invalid")
    user = org.sessions.refreshed(form.get("refresh_token", ""))
    if user is None:
        raise OAuthError("invalid_grant", "expired access/refresh token")
    return user


def _by_code(org: Org, form: Form) -> User:
    name = _client(org, form)
    if form.get("code") != CODE:
        raise OAuthError("invalid_grant", "invalid authorization code")
    return org.sessions.users[name.lower()]


def _by_jwt(org: Org, form: Form) -> User:
    """Check an assertion against the public key that the sandbox was given."""
    signed, _, signature = form.get("assertion", "").rpartition(".")
    try:
        head, claims = (orjson.loads(_unpacked(part)) for part in signed.split("."))
        key = load_pem_public_key(org.jwt_key.encode())
        if not isinstance(key, rsa.RSAPublicKey) or not isinstance(claims, dict) or head.get("alg") != "RS256":
            raise OAuthError("invalid_grant", "invalid assertion")
        key.verify(_unpacked(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    except (ValueError, InvalidSignature, AttributeError):
        raise OAuthError("invalid_grant", "invalid assertion") from None
    return _asserted(org, claims)


def _asserted(org: Org, claims: Mapping[str, Json]) -> User:
    if all(claims.get("iss") != known for known, _ in org.sessions.by_secret):
        raise OAuthError("invalid_client_id", "client identifier invalid")
    ends, now = str(claims.get("exp", "")), int(org.clock().timestamp())
    if not ends.isdigit() or int(ends) <= now:
        raise OAuthError("invalid_grant", "expired authorization code")
    if not isinstance(claims.get("aud"), str) or not claims["aud"]:
        raise OAuthError("invalid_grant", "audience is invalid")
    user = org.sessions.users.get(str(claims.get("sub", "")).lower())
    if user is None:
        raise OAuthError("invalid_grant", "user hasn't approved this consumer")
    return user


def _unpacked(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


_GRANTS: Final[Mapping[str, Grant]] = MappingProxyType(
    {
        "password": _by_password,
        "client_credentials": _by_client,
        "refresh_token": _by_refresh,
        "authorization_code": _by_code,
        JWT_BEARER: _by_jwt,
    }
)


def session_of(org: Org, asked: Asked) -> Session:
    """Return the session whose token the request bears."""
    scheme, _, value = asked.headers.get("authorization", "").partition(" ")
    if asked.headers.get("x-sfdc-session"):
        scheme, value = "Bearer", asked.headers["x-sfdc-session"]
    session = org.sessions.find(value.strip()) if scheme.lower() in {"bearer", "oauth"} else None
    if session is None:
        raise expired()
    return session
