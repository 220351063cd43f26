"""How Salesforce's clients log in at the gateway, and what a facade that fills in nulls says."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import urlencode

import pytest

from policy_gateway.testing.entrances import HttpClient, Reply
from policy_gateway.testing.gateways import Whole
from policy_gateway.web import HttpRules, Supplies, assemble
from policy_gateway_salesforce.facade import Manner, SalesforceFacade
from policy_gateway_salesforce.sandbox import Sandbox

pytestmark = pytest.mark.anyio
ROOT = "/services/data/v59.0"
FORM = ("content-type", "application/x-www-form-urlencoded")
XML = ("content-type", "text/xml")
JWT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
HOST = ("host", "localhost")
SOAP = "/services/Soap/u/59.0"
ENVELOPES = {
    "simple-salesforce": (
        '<?xml version="1.0" encoding="utf-8" ?><env:Envelope xmlns:env="http://schemas.xmlsoap.org/soap/envelope/">'
        '<env:Body><n1:login xmlns:n1="urn:partner.soap.sforce.com"><n1:username>{}</n1:username>'
        "<n1:password>{}</n1:password></n1:login></env:Body></env:Envelope>"
    ),
    "jsforce": (
        '<se:Envelope xmlns:se="http://schemas.xmlsoap.org/soap/envelope/"><se:Header/><se:Body>'
        '<login xmlns="urn:partner.soap.sforce.com"><username>{}</username><password>{}</password></login>'
        "</se:Body></se:Envelope>"
    ),
}

Facing = Callable[..., Any]


@pytest.fixture(scope="module")
async def gateway(facing_org: Facing, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Whole]:
    """Yield one gateway for all tests of this file."""
    async with facing_org(tmp_path_factory.mktemp("logins"), Sandbox(seed=1)) as running:
        yield running


async def token(gateway: Whole, *lines: tuple[str, str], **form: str) -> Reply:
    """Return the answer of the token endpoint."""
    client = HttpClient(gateway.web.app)
    return await client.ask("POST", "/services/oauth2/token", [HOST, FORM, *lines], urlencode(form).encode())


async def stands(gateway: Whole, secret: str) -> bool:
    """Tell whether a token is good for asking."""
    lines = [HOST, ("authorization", f"Bearer {secret}")]
    reply = await HttpClient(gateway.web.app).ask("GET", f"{ROOT}/query?q=SELECT+Id+FROM+Contact+LIMIT+1", lines)
    return reply.status == 200


class TestVersions:
    @pytest.mark.parametrize(("version", "status"), [("39.0", 404), ("40.0", 200), ("70.0", 200), ("71.0", 404)])
    async def test_versions(self, gateway: Whole, version: str, status: int) -> None:
        """Every version that is listed is answered, and no other."""
        client, lines = (
            HttpClient(gateway.web.app),
            [HOST, ("authorization", f"Bearer {gateway.keys['judge']}~service~sf")],
        )
        listed = {each["version"] for each in (await client.ask("GET", "/services/data", [HOST])).json}

        assert (status == 200) == (version in listed)
        assert status == (await client.ask("GET", f"/services/data/v{version}/limits", lines)).status


class TestOAuth:
    async def test_grants(self, gateway: Whole) -> None:
        """Password, client credentials in the body or the header, and a code get tokens shaped as the vendor's."""
        key = gateway.keys["judge"]
        basic = base64.b64encode(f"service@sf:{key}".encode()).decode()
        replies = [
            await token(gateway, grant_type="password", username="service@sf", password=key, client_secret="s"),
            await token(gateway, grant_type="client_credentials", client_id="service@sf", client_secret=key),
            await token(gateway, ("authorization", f"Basic {basic}"), grant_type="client_credentials"),
            await token(gateway, grant_type="authorization_code", client_id="service@sf", code=key),
        ]

        assert [200] * 4 == [reply.status for reply in replies]
        for reply in replies:
            org, _, rest = reply.json["access_token"].partition("!")
            assert (15, "00D", True) == (len(org), org[:3], rest.isalnum())
            assert f"http://localhost/id/{reply.json['id'].split('/')[-2]}" == reply.json["id"].rpartition("/")[0]
            assert await stands(gateway, reply.json["access_token"])

    async def test_signature(self, gateway: Whole) -> None:
        """The signature proves that who knows the client's secret made the answer."""
        key = gateway.keys["judge"]
        said = (await token(gateway, grant_type="client_credentials", client_id="service@sf", client_secret=key)).json
        digest = hmac.digest(key.encode(), (said["id"] + said["issued_at"]).encode(), hashlib.sha256)

        assert base64.b64encode(digest).decode() == said["signature"]

    async def test_refresh(self, gateway: Whole) -> None:
        """A refresh token gets a new access token, and is none itself."""
        key = gateway.keys["judge"]
        first = (await token(gateway, grant_type="password", username="service@sf", password=key)).json
        again = await token(gateway, grant_type="refresh_token", refresh_token=first["refresh_token"])

        assert await stands(gateway, again.json["access_token"])
        assert not await stands(gateway, first["refresh_token"])

    @pytest.mark.parametrize(
        ("form", "error"),
        [
            ({"grant_type": "password", "username": "service@sf", "password": "x"}, "invalid_grant"),
            ({"grant_type": "password", "username": "marketing@sf", "password": "KEY"}, "invalid_grant"),
            ({"grant_type": "password", "username": "service@other", "password": "KEY"}, "invalid_grant"),
            ({"grant_type": "client_credentials", "client_id": "service@sf", "client_secret": "x"}, "invalid_client"),
            ({"grant_type": "refresh_token", "refresh_token": "x"}, "invalid_grant"),
            ({"grant_type": JWT, "assertion": "a.b.c"}, "unsupported_grant_type"),
            ({"grant_type": "device"}, "unsupported_grant_type"),
            ({}, "unsupported_grant_type"),
        ],
    )  # fmt: skip
    async def test_refused(self, gateway: Whole, form: dict[str, str], error: str) -> None:
        """What is wrong, or cannot be checked, is refused as OAuth prescribes."""
        given = {name: value.replace("KEY", gateway.keys["judge"]) for name, value in form.items()}
        reply = await token(gateway, **given)

        assert (400, error) == (reply.status, reply.json["error"])

    async def test_not_in_urls(self, gateway: Whole) -> None:
        """A secret in a URL is no secret."""
        query = urlencode({"grant_type": "password", "username": "service@sf", "password": gateway.keys["judge"]})
        reply = await HttpClient(gateway.web.app).ask("POST", f"/services/oauth2/token?{query}", [HOST, FORM])

        assert (400, "invalid_request") == (reply.status, reply.json["error"])

    async def test_identity(self, gateway: Whole) -> None:
        """A client learns who it is: what the gateway knows of it, and of nobody else."""
        key = f"{gateway.keys['anna']}~service~sf"
        client = HttpClient(gateway.web.app, [HOST, ("authorization", f"Bearer {key}")])
        info = (await client.get("/services/oauth2/userinfo")).json
        path = info["sub"].removeprefix("http://localhost")
        bare = HttpClient(gateway.web.app, [HOST])
        replies = [await client.get(path), await bare.get(f"{path}?oauth_token={key}"), await bare.get(path)]
        user = (await client.get(f"{ROOT}/sobjects/User/{info['user_id']}")).json

        assert [200, 200, 403] == [reply.status for reply in replies]
        assert (
            info["preferred_username"] == replies[1].json["username"] == user["Username"] == "user.anna.service@sf.acme"
        )
        assert 404 == (await client.get("/id/00D000000000000/005000000000000")).status


class TestSoap:
    @pytest.mark.parametrize("client", sorted(ENVELOPES))
    async def test_login(self, gateway: Whole, client: str) -> None:
        """The login of either prefix style gets a session."""
        body = ENVELOPES[client].format("service@sf", gateway.keys["judge"]).encode()
        reply = await HttpClient(gateway.web.app).ask("POST", SOAP, [HOST, XML, ("soapaction", '""')], body)
        session = reply.body.partition(b"<sessionId>")[2].partition(b"</sessionId>")[0].decode()

        assert 200 == reply.status
        assert b"<serverUrl>http://localhost/services/Soap/u/59.0/00D" in reply.body
        assert await stands(gateway, session)

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            (ENVELOPES["jsforce"].format("service@sf", "x"), "INVALID_LOGIN"),
            (ENVELOPES["jsforce"].replace("login", "query").format("a", "b"), "INVALID_OPERATION"),
            (ENVELOPES["jsforce"].replace("partner", "other").format("a", "b"), "INVALID_OPERATION"),
            ('<!DOCTYPE x [<!ENTITY e "e">]>' + ENVELOPES["jsforce"].format("&e;", "b"), "SOAP_ENVELOPE"),
            ("<a/>", "SOAP_ENVELOPE"),
            ("", "SOAP_ENVELOPE"),
        ],
    )
    async def test_faults(self, gateway: Whole, body: str, code: str) -> None:
        """Everything else is a fault."""
        reply = await HttpClient(gateway.web.app).ask("POST", SOAP, [HOST, XML], body.encode())

        assert 500 == reply.status
        assert f"<faultcode>sf:{code}</faultcode>".encode() in reply.body


class TestNullFill:
    async def test_same(self, gateway: Whole) -> None:
        """By setting a selected name that is hidden is null, and so is one that there is not, spelled as it was."""
        kept = gateway.app.administration
        facade = SalesforceFacade(Manner(null_fill=True, envelopes=False))
        supplies = Supplies(facades=(facade,), sessions=gateway.app.sessions, shelf=kept.shelf)
        lines = [HOST, ("authorization", f"Bearer {gateway.keys['ben']}~service~sf")]
        client = HttpClient(assemble(gateway.app.gateway, HttpRules(), supplies).app, lines)
        rows = [
            (await client.get(f"{ROOT}/query?q=SELECT+id,Name,{name}+FROM+Contact+LIMIT+1")).json["records"][0]
            for name in ("iban__C", "nope__C")
        ]
        searched = [
            await client.get(f"{ROOT}/query?q=SELECT+Id+FROM+Contact+WHERE+{name}=null")
            for name in ("iban__C", "nope__C")
        ]

        assert [["attributes", "Id", "Name", name] for name in ("iban__C", "nope__C")] == [list(row) for row in rows]
        assert [None, None] == [rows[0]["iban__C"], rows[1]["nope__C"]]
        assert [400, 400] == [reply.status for reply in searched]
        assert searched[1].body.replace(b"nope__C", b"iban__C") == searched[0].body
