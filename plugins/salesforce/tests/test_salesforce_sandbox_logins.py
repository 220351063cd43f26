"""The sandbox lets in who can prove who they are, by every way that the vendor's clients know."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import jwt
import pytest

from policy_gateway_salesforce.sandbox import (
    CLIENT_ID,
    CLIENT_SECRET,
    CODE,
    INTEGRATION,
    LIMITED,
    PASSWORD,
    SECURITY_TOKEN,
    Sandbox,
)

Ask = Callable[..., Any]

TOKEN = "POST /services/oauth2/token"
API = "/services/data/v59.0"
APP = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
JWT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
NO_TOKEN = {"token": "", "authorization": ""}

SIMPLE = """<?xml version="1.0" encoding="utf-8" ?>
<env:Envelope xmlns:env="http://schemas.xmlsoap.org/soap/envelope/" xmlns:urn="urn:partner.soap.sforce.com">
  <env:Header><urn:CallOptions><urn:client>x</urn:client></urn:CallOptions></env:Header>
  <env:Body><n1:login xmlns:n1="urn:partner.soap.sforce.com">
    <n1:username>{username}</n1:username><n1:password>{password}</n1:password>
  </n1:login></env:Body></env:Envelope>"""
PLAIN = (
    '<se:Envelope xmlns:se="http://schemas.xmlsoap.org/soap/envelope/"><se:Header/><se:Body>'
    '<login xmlns="urn:partner.soap.sforce.com"><username>{username}</username><password>{password}</password></login>'
    "</se:Body></se:Envelope>"
)


@pytest.fixture
def sandbox(jwt_keys: tuple[str, str]) -> Sandbox:
    """Return an org with a connected app that signs."""
    return Sandbox(seed=1, jwt_key=jwt_keys[1])


@pytest.fixture
def granted(ask: Ask) -> Callable[..., Any]:
    """Return what asks for a token with a form."""

    def asked(headers: dict[str, str] | None = None, **form: str) -> Any:  # noqa: ANN401 -- the fixture's reply
        return ask(TOKEN, urlencode(form).encode(), **(NO_TOKEN | (headers or {})))

    return asked


def assertion(key: str, **claims: object) -> str:
    """Return a signed assertion."""
    usual = {"iss": CLIENT_ID, "sub": INTEGRATION, "aud": "https://login.salesforce.com", "exp": time.time() + 180}
    return jwt.encode(usual | claims, key, algorithm="RS256")


class TestGrants:
    @pytest.mark.parametrize(
        "form",
        [
            {"grant_type": "client_credentials", **APP},
            {"grant_type": "password", "username": INTEGRATION, "password": PASSWORD, **APP},
            {"grant_type": "password", "username": INTEGRATION.upper(), "password": PASSWORD + SECURITY_TOKEN, **APP},
            {"grant_type": "authorization_code", "code": CODE, "redirect_uri": "http://x", **APP},
        ],
        ids=lambda form: form["grant_type"],
    )
    def test_granted(self, ask: Ask, sandbox: Sandbox, granted: Ask, form: dict[str, str]) -> None:
        """A good form gets a token of the vendor's shape, with a signature, that works."""
        told = granted(**form).told
        signed = hmac.digest(CLIENT_SECRET.encode(), (told["id"] + told["issued_at"]).encode(), hashlib.sha256)

        assert re.fullmatch(r"00D\w{12}![\w.]+", told["access_token"])
        assert base64.b64encode(signed).decode() == told["signature"]
        assert ("Bearer", "https://org.test") == (told["token_type"], told["instance_url"])
        assert f"https://org.test/id/{sandbox.org.id}/" == told["id"][:-18]
        assert 200 == ask(f"GET {API}/limits", token=told["access_token"]).status

    def test_in_header(self, granted: Ask) -> None:
        """Client id and secret may stand in the header."""
        packed = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()

        assert 200 == granted({"authorization": f"Basic {packed}"}, grant_type="client_credentials").status

    def test_refresh(self, ask: Ask, sandbox: Sandbox, granted: Ask) -> None:
        """A refresh token gets new sessions of its user, until it is revoked."""
        first = granted(grant_type="password", username=LIMITED, password=PASSWORD, **APP).told
        sandbox.org.sessions.end_all()
        again = granted(grant_type="refresh_token", refresh_token=first["refresh_token"], client_id=CLIENT_ID).told

        assert 401 == ask(f"GET {API}/limits", token=first["access_token"]).status
        assert LIMITED == ask("GET /services/oauth2/userinfo", token=again["access_token"]).told["preferred_username"]
        assert 200 == ask(f"GET /services/oauth2/revoke?token={first['refresh_token']}", **NO_TOKEN).status
        refused = granted(grant_type="refresh_token", refresh_token=first["refresh_token"], client_id=CLIENT_ID)
        assert (400, "invalid_grant", "expired access/refresh token") == (
            refused.status,
            refused.told["error"],
            refused.told["error_description"],
        )

    def test_jwt(self, ask: Ask, granted: Ask, jwt_keys: tuple[str, str]) -> None:
        """An assertion gets the session of the user that it is about."""
        told = granted(
            grant_type=JWT, assertion=assertion(jwt_keys[0], sub=LIMITED, exp=str(int(time.time() + 9)))
        ).told

        assert LIMITED == ask("GET /services/oauth2/userinfo", token=told["access_token"]).told["username"]
        assert "refresh_token" not in told

    @pytest.mark.parametrize(
        ("claims", "error"),
        [
            ({"exp": 1}, "invalid_grant"),
            ({"sub": "nobody@example.com"}, "invalid_grant"),
            ({"iss": "another"}, "invalid_client_id"),
            ({"aud": ""}, "invalid_grant"),
        ],
    )
    def test_bad_claims(self, granted: Ask, jwt_keys: tuple[str, str], claims: dict[str, object], error: str) -> None:
        """An assertion that is old, or about somebody or something else, is refused."""
        reply = granted(grant_type=JWT, assertion=assertion(jwt_keys[0], **claims))

        assert (400, error) == (reply.status, reply.told["error"])

    def test_bad_signatures(self, granted: Ask, jwt_keys: tuple[str, str]) -> None:
        """An assertion that somebody else signed, or nobody, is refused."""
        good = assertion(jwt_keys[0])
        head, body, signature = good.split(".")
        unsigned = jwt.encode({"iss": CLIENT_ID, "sub": INTEGRATION, "exp": time.time() + 60}, "", algorithm="none")
        forged = [f"{head}.{body[:-2]}AA.{signature}", f"{head}.{body}.", "a.b.c", "", unsigned, good + "AA"]

        assert {"invalid_grant"} == {granted(grant_type=JWT, assertion=each).told["error"] for each in forged}

    @pytest.mark.parametrize(
        ("form", "error"),
        [
            ({}, "unsupported_grant_type"),
            ({"grant_type": "client_credentials"}, "invalid_client_id"),
            ({"grant_type": "client_credentials", **APP, "client_secret": "x"}, "invalid_client"),
            ({"grant_type": "password", "username": INTEGRATION, "password": "x", **APP}, "invalid_grant"),
            ({"grant_type": "password", "username": "x", "password": PASSWORD, **APP}, "invalid_grant"),
            ({"grant_type": "authorization_code", "code": "x", **APP}, "invalid_grant"),
            ({"grant_type": "refresh_token", "refresh_token": "x", **APP}, "invalid_grant"),
        ],
        ids=lambda value: value if isinstance(value, str) else value.get("grant_type", "none"),
    )
    def test_refused(self, granted: Ask, form: dict[str, str], error: str) -> None:
        """A bad form is refused in the shape that OAuth prescribes."""
        reply = granted(**form)

        assert (400, error) == (reply.status, reply.told["error"])
        assert {"error", "error_description"} == set(reply.told)


class TestIdentity:
    def test_identity(self, ask: Ask, sandbox: Sandbox) -> None:
        """The identity address tells who one is; the token may stand in the query."""
        user = ask("GET /services/oauth2/userinfo").told["user_id"]
        path = f"GET /id/{sandbox.org.id}/{user}"
        by_query = ask(f"{path}?format=json&oauth_token={sandbox.token}", **NO_TOKEN).told

        assert (INTEGRATION, "https://org.test/services/data/v{version}/query/") == (
            by_query["username"],
            by_query["urls"]["query"],
        )
        assert (403, b"Bad_OAuth_Token") == (
            (refused := ask(f"{path}?oauth_token=x", **NO_TOKEN)).status,
            refused.told,
        )
        assert 404 == ask(f"GET /id/{sandbox.org.id}/x?oauth_token={sandbox.token}", **NO_TOKEN).status

    def test_revoke(self, ask: Ask, sandbox: Sandbox) -> None:
        """A revoked token is good for nothing, and cannot be revoked again."""
        path = f"POST /services/oauth2/revoke?token={sandbox.token}"

        assert [200, 400] == [ask(path, **NO_TOKEN).status for _ in range(2)]
        assert 401 == ask(f"GET {API}/limits").status

    def test_expiry(self) -> None:
        """A session ends by itself after two hours."""
        moments = [datetime(2026, 1, 1, tzinfo=UTC)]
        sessions = Sandbox(clock=lambda: moments[-1]).org.sessions
        token = sessions.open(sessions.users[INTEGRATION]).token
        before = sessions.find(token)
        moments.append(moments[0] + timedelta(hours=2))

        assert before is not None
        assert sessions.find(token) is None


class TestSoap:
    @pytest.mark.parametrize("envelope", [SIMPLE, PLAIN], ids=["prefixes", "default namespace"])
    def test_login(self, ask: Ask, sandbox: Sandbox, envelope: str) -> None:
        """A login by either style of XML gets a session and addresses."""
        body = envelope.format(username=INTEGRATION, password=PASSWORD)
        reply = ask("POST /services/Soap/u/59.0", body.encode(), **NO_TOKEN, soapaction='""')
        found = dict(re.findall(r"<(sessionId|serverUrl|userId|organizationId)>([^<]+)<", reply.told.decode()))

        assert f"https://org.test/services/Soap/u/59.0/{sandbox.org.id[:15]}" == found["serverUrl"]
        assert sandbox.org.id == found["organizationId"]
        assert 200 == ask(f"GET {API}/limits", token=found["sessionId"]).status

    @pytest.mark.parametrize(
        ("path", "body", "code"),
        [
            ("u/59.0", PLAIN.format(username=INTEGRATION, password="x"), "INVALID_LOGIN"),
            ("m/59.0", PLAIN.format(username=INTEGRATION, password=PASSWORD), "INVALID_OPERATION"),
            ("u/59.0", PLAIN.replace("login", "describeTabs"), "INVALID_OPERATION"),
            ("u/59.0", "<x/>", "SOAP_ENVELOPE"),
            ("u/59.0", "<!DOCTYPE x><se:Body><login/></se:Body>", "SOAP_ENVELOPE"),
        ],
        ids=["password", "metadata", "operation", "no envelope", "doctype"],
    )
    def test_refused(self, ask: Ask, path: str, body: str, code: str) -> None:
        """Whatever is no good login is answered by the vendor's fault."""
        reply = ask(f"POST /services/Soap/{path}", body.encode(), **NO_TOKEN)

        assert 500 == reply.status
        assert f"<sf:exceptionCode>{code}</sf:exceptionCode>" in reply.told.decode()
