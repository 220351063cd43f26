from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest

from policy_gateway.records import Request
from policy_gateway.testing import AsgiTransport
from policy_gateway_hubspot.sandbox import (
    CLIENT_ID,
    CLIENT_SECRET,
    CODE,
    REFRESH_TOKEN,
    TOKEN,
    Fault,
    FaultKind,
    Sandbox,
)

CLIENT = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
EMAIL = "guenther.petersen.1@example.org"
BASIS = {"legalBasis": "CONSENT_WITH_NOTICE", "legalBasisExplanation": "on the phone"}
V3, V4 = "/communication-preferences/v3", "/communication-preferences/v4"


async def call(sandbox: Sandbox, line: str, body: object = None, token: str = TOKEN) -> tuple[int, Any]:
    """Send ``METHOD /path?query`` with a JSON body, or a form when it is text; return status and JSON."""
    method, target = line.split()
    path, _, query = target.partition("?")
    pairs = [(name, value) for name, _, value in (pair.partition("=") for pair in query.split("&") if pair)]
    data = b"" if body is None else body.encode() if isinstance(body, str) else orjson.dumps(body)
    request = Request(method, path, pairs, {"Authorization": f"Bearer {token}"}, data)
    response = await AsgiTransport(sandbox).send(request)
    return response.status, orjson.loads(response.body or b"null")


async def token_for(sandbox: Sandbox, path: str = "/oauth/v1/token", **form: str) -> tuple[int, Any]:
    """Ask for a token."""
    return await call(sandbox, f"POST {path}", urlencode({**CLIENT, **form}), "")


@pytest.mark.anyio
class TestOAuth:
    @pytest.mark.parametrize("path", ["/oauth/v1/token", "/oauth/v3/token", "/oauth/2026-03/token/"])
    @pytest.mark.parametrize(
        "grant",
        [
            {"grant_type": "authorization_code", "code": CODE, "redirect_uri": "http://localhost/back"},
            {"grant_type": "refresh_token", "refresh_token": REFRESH_TOKEN},
        ],
        ids=["code", "refresh"],
    )
    async def test_token(self, sandbox: Sandbox, path: str, grant: dict[str, str]) -> None:
        """A code and a refresh token give a token that opens the portal."""
        status, told = await token_for(sandbox, path, **grant)
        read, _ = await call(sandbox, "GET /crm/v3/objects/contacts/101", token=told["access_token"])

        assert (200, 200) == (status, read)
        assert (1800, REFRESH_TOKEN) == (told["expires_in"], told["refresh_token"])

    @pytest.mark.parametrize(
        ("form", "status"),
        [
            ({"client_id": "nobody"}, "BAD_CLIENT_ID"),
            ({"client_secret": "guess"}, "BAD_CLIENT_SECRET"),
            ({"grant_type": "password"}, "BAD_GRANT_TYPE"),
            ({"grant_type": "client_credentials"}, "BAD_GRANT_TYPE"),
            ({"grant_type": "authorization_code", "code": "guess"}, "BAD_AUTH_CODE"),
            ({"grant_type": "refresh_token"}, "BAD_REFRESH_TOKEN"),
        ],
        ids=lambda each: each if isinstance(each, str) else "",
    )
    async def test_refused(self, sandbox: Sandbox, form: dict[str, str], status: str) -> None:
        """What is wrong with a request for a token is told in a word."""
        got, told = await token_for(sandbox, **{"grant_type": "refresh_token", "refresh_token": "guess", **form})

        assert (400, status) == (got, told["status"])

    async def test_expired(self) -> None:
        """A token that was refreshed lives for half an hour."""
        now = [datetime(2026, 1, 1, tzinfo=UTC)]
        sandbox = Sandbox(clock=lambda: now[-1])
        token = sandbox.world.tokens.issue()
        now.append(now[0] + timedelta(minutes=29))
        in_time, _ = await call(sandbox, "GET /crm/v3/owners", token=token)
        now.append(now[0] + timedelta(minutes=30))
        late, told = await call(sandbox, "GET /crm/v3/owners", token=token)

        assert (200, 401, "EXPIRED_AUTHENTICATION") == (in_time, late, told["category"])

    async def test_told(self, sandbox: Sandbox) -> None:
        """Tokens tell of themselves, wherever they travel: in the path, in JSON, in a form."""
        _, in_path = await call(sandbox, f"GET /oauth/v1/access-tokens/{TOKEN}", token="")
        _, in_json = await call(sandbox, "POST /oauth/v2/private-apps/get/access-token-info", {"tokenKey": TOKEN})
        _, in_form = await call(sandbox, "POST /oauth/2026-03/token/introspect", urlencode({**CLIENT, "token": TOKEN}))
        _, refresh = await call(sandbox, f"GET /oauth/v1/refresh-tokens/{REFRESH_TOKEN}", token="")
        unknown, _ = await call(sandbox, "GET /oauth/v1/access-tokens/guess", token="")

        assert in_path["scopes"] == in_json["scopes"] == in_form["scopes"]
        assert (True, "refresh", 404) == (in_form["active"], refresh["token_type"], unknown)

    async def test_revoked(self, sandbox: Sandbox) -> None:
        """A token that was revoked opens nothing."""
        _, told = await token_for(sandbox, grant_type="refresh_token", refresh_token=REFRESH_TOKEN)
        form = urlencode({**CLIENT, "token": told["access_token"]})
        revoked, _ = await call(sandbox, "POST /oauth/2026-03/token/revoke", form)
        late, _ = await call(sandbox, "GET /crm/v3/owners", token=told["access_token"])

        assert (200, 401) == (revoked, late)


@pytest.mark.anyio
class TestPreferences:
    async def test_unknown_address(self, sandbox: Sandbox) -> None:
        """Somebody who is not in the portal looks like somebody who has not chosen."""
        _, stranger = await call(sandbox, f"GET {V3}/status/email/nobody@example.com")
        email = next(
            each.properties["email"]
            for each in sandbox.world.items["contacts"].live.values()
            if "marketing_consents" not in each.properties
        )
        _, known = await call(sandbox, f"GET {V3}/status/email/{email}")

        assert stranger["subscriptionStatuses"] == known["subscriptionStatuses"]
        assert ["NOT_SUBSCRIBED"] * 3 == [each["status"] for each in known["subscriptionStatuses"]]

    async def test_consent(self, sandbox: Sandbox) -> None:
        """Whoever carries the consent for a kind of mail is subscribed to it until they choose otherwise."""
        await call(
            sandbox, "PATCH /crm/v3/objects/contacts/101", {"properties": {"marketing_consents": "survey_email"}}
        )
        _, before = await call(sandbox, f"GET {V4}/statuses/{EMAIL}?channel=EMAIL")
        await call(sandbox, f"POST {V3}/unsubscribe", {"emailAddress": EMAIL, "subscriptionId": "302"})
        _, after = await call(sandbox, f"GET {V4}/statuses/{EMAIL}?channel=EMAIL")

        assert ["NOT_SPECIFIED", "SUBSCRIBED", "NOT_SPECIFIED"] == [each["status"] for each in before["results"]]
        assert ["NOT_SPECIFIED", "UNSUBSCRIBED", "NOT_SPECIFIED"] == [each["status"] for each in after["results"]]

    async def test_opted_out(self, sandbox: Sandbox) -> None:
        """Who has opted out is not subscribed again by the old way, and is by the new one."""
        old = {"emailAddress": EMAIL, "subscriptionId": "301", **BASIS}
        new = {"channel": "EMAIL", "statusState": "SUBSCRIBED", "subscriptionId": 301, **BASIS}
        first, _ = await call(sandbox, f"POST {V3}/subscribe", old)
        again, _ = await call(sandbox, f"POST {V3}/subscribe", old)
        out, _ = await call(sandbox, f"POST {V3}/unsubscribe", old)
        refused, _ = await call(sandbox, f"POST {V3}/subscribe", old)
        _, told = await call(sandbox, f"POST {V4}/statuses/{EMAIL}", new)

        assert (200, 400, 200, 400) == (first, again, out, refused)
        assert ["RESUBSCRIBE_OCCURRED"] == [each["setStatusSuccessReason"] for each in told["results"]]

    async def test_silence(self, sandbox: Sandbox) -> None:
        """Who wants no mail at all is unsubscribed from each kind, and the contact says so."""
        done, _ = await call(sandbox, f"POST {V4}/statuses/{EMAIL}/unsubscribe-all?channel=EMAIL")
        _, told = await call(sandbox, f"GET {V4}/statuses/{EMAIL}?channel=EMAIL")
        _, wide = await call(sandbox, f"GET {V4}/statuses/{EMAIL}/unsubscribe-all?channel=EMAIL")
        _, contact = await call(sandbox, "GET /crm/v3/objects/contacts/101?properties=hs_email_optout")

        assert (200, "UNSUBSCRIBED") == (done, wide["results"][0]["status"])
        assert {"UNSUBSCRIBED"} == {each["status"] for each in told["results"]}
        assert "true" == contact["properties"]["hs_email_optout"]

    @pytest.mark.parametrize(
        ("line", "body"),
        [
            (f"GET {V4}/statuses/{EMAIL}", None),
            (f"GET {V4}/statuses/{EMAIL}?channel=SMS", None),
            (f"GET {V4}/statuses/nonsense?channel=EMAIL", None),
            (f"POST {V4}/statuses/{EMAIL}", {"statusState": "SUBSCRIBED", "subscriptionId": 301, **BASIS}),
            (f"POST {V4}/statuses/{EMAIL}", {"channel": "EMAIL", "statusState": "MAYBE", "subscriptionId": 301}),
            (f"POST {V4}/statuses/{EMAIL}", {"channel": "EMAIL", "statusState": "SUBSCRIBED", "subscriptionId": 301}),
            (f"POST {V4}/statuses/{EMAIL}", {"channel": "EMAIL", "statusState": "UNSUBSCRIBED", "subscriptionId": 9}),
            (f"POST {V4}/statuses/batch/read?channel=EMAIL", {"inputs": []}),
            (f"POST {V3}/subscribe", {"emailAddress": EMAIL, "subscriptionId": "301"}),
            (f"POST {V3}/subscribe", {"emailAddress": EMAIL, "subscriptionId": "301", "legalBasis": "BECAUSE"}),
            (f"POST {V3}/subscribe", {"emailAddress": "nonsense", "subscriptionId": "301", **BASIS}),
            (f"POST {V3}/subscribe", {"emailAddress": EMAIL, "subscriptionId": "9", **BASIS}),
        ],
    )
    async def test_refused(self, sandbox: Sandbox, line: str, body: object) -> None:
        """A wrong channel, state, address, kind or legal basis is a 400."""
        status, told = await call(sandbox, line, body)

        assert (400, "VALIDATION_ERROR") == (status, told["category"])

    async def test_scopes(self) -> None:
        """Preferences take scopes of their own."""
        sandbox = Sandbox(tokens={"reader": frozenset({"communication_preferences.read"})})
        read, _ = await call(sandbox, f"GET {V3}/definitions", token="reader")
        refused, told = await call(sandbox, f"POST {V3}/unsubscribe", {}, "reader")

        assert (200, 403, "MISSING_SCOPES") == (read, refused, told["category"])


@pytest.mark.anyio
class TestAssociations:
    async def test_labels(self, sandbox: Sandbox) -> None:
        """Each direction has its own ids, and a pair that cannot be associated has none."""
        ids = {}
        for pair in ("contacts/companies", "0-2/0-1", "contacts/leads"):
            _, told = await call(sandbox, f"GET /crm/v4/associations/{pair}/labels")
            ids[pair] = {each["typeId"]: each["label"] for each in told["results"]}

        assert {1: "Primary", 279: None, 41: "Decision maker"} == ids["contacts/companies"]
        assert {2: "Primary", 280: None, 42: "Decision maker"} == ids["0-2/0-1"]
        assert {} == ids["contacts/leads"]

    async def test_both_ways(self, sandbox: Sandbox) -> None:
        """What is associated from one side is seen from the other, with the other side's type."""
        spec = [{"associationCategory": "USER_DEFINED", "associationTypeId": 42}]
        made, told = await call(sandbox, "PUT /crm/v4/objects/companies/5002/associations/contacts/102", spec)
        _, seen = await call(sandbox, "GET /crm/v4/objects/contacts/102/associations/companies")

        assert (201, ["Decision maker"]) == (made, told["labels"])
        assert [("5002", {1, 41, 279})] == [
            (each["toObjectId"], {kind["typeId"] for kind in each["associationTypes"]}) for each in seen["results"]
        ]

    async def test_primary(self, sandbox: Sandbox) -> None:
        """A contact has one primary company: the first, until another is made it."""
        spec = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}]
        await call(sandbox, "PUT /crm/v4/objects/contacts/101/associations/companies/5002", spec)
        _, seen = await call(sandbox, "GET /crm/v4/objects/contacts/101/associations/companies")
        _, contact = await call(sandbox, "GET /crm/v3/objects/contacts/101?properties=associatedcompanyid")

        assert {"5001": {279}, "5002": {1, 279}} == {
            each["toObjectId"]: {kind["typeId"] for kind in each["associationTypes"]} for each in seen["results"]
        }
        assert "5002" == contact["properties"]["associatedcompanyid"]

    async def test_batches(self, sandbox: Sandbox) -> None:
        """Associations are made, read and taken away many at a time."""
        pair = {"from": {"id": "102"}, "to": {"id": "5002"}}
        root = "/crm/v4/associations/contacts/companies/batch"
        made, _ = await call(sandbox, f"POST {root}/associate/default", {"inputs": [pair]})
        read, told = await call(sandbox, f"POST {root}/read", {"inputs": [{"id": "102"}, {"id": "103"}]})
        gone, _ = await call(sandbox, f"POST {root}/archive", {"inputs": [{"from": {"id": "102"}, "to": [pair["to"]]}]})
        empty, _ = await call(sandbox, f"POST {root}/read", {"inputs": [{"id": "102"}]})

        assert (200, 207, 204, 207) == (made, read, gone, empty)
        assert [("102", "5002")] == [(each["from"]["id"], each["to"][0]["toObjectId"]) for each in told["results"]]
        assert [["103"]] == [each["context"]["fromObjectId"] for each in told["errors"]]

    async def test_unlabeled(self, sandbox: Sandbox) -> None:
        """A label is taken off without the association."""
        spec = [{"associationCategory": "USER_DEFINED", "associationTypeId": 41}]
        pair = {"from": {"id": "101"}, "to": {"id": "5001"}, "types": spec}
        root = "/crm/v4/associations/contacts/companies/batch"
        types = []
        for path in ("create", "labels/archive"):
            await call(sandbox, f"POST {root}/{path}", {"inputs": [pair]})
            _, seen = await call(sandbox, "GET /crm/v4/objects/contacts/101/associations/companies")
            types.append({kind["typeId"] for kind in seen["results"][0]["associationTypes"]})

        assert [{1, 41, 279}, {1, 279}] == types

    async def test_archived(self, sandbox: Sandbox) -> None:
        """A record that is archived is associated with nothing any more."""
        await call(sandbox, "DELETE /crm/v3/objects/companies/5001")
        _, told = await call(sandbox, "GET /crm/v4/objects/contacts/101/associations/companies")

        assert [] == told["results"]

    @pytest.mark.parametrize(
        ("path", "spec"),
        [
            ("contacts/102/associations/companies/5002", [{"associationTypeId": 1}]),
            (
                "contacts/102/associations/companies/5002",
                [{"associationCategory": "USER_DEFINED", "associationTypeId": 1}],
            ),
            (
                "contacts/102/associations/companies/5002",
                [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 280}],
            ),
            (
                "contacts/102/associations/contacts/103",
                [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279}],
            ),
            ("contacts/102/associations/companies/5002", []),
        ],
    )
    async def test_refused(self, sandbox: Sandbox, path: str, spec: object) -> None:
        """An association type that is made up, of another pair or of another category is a 400."""
        status, told = await call(sandbox, f"PUT /crm/v4/objects/{path}", spec)

        assert (400, "VALIDATION_ERROR") == (status, told["category"])


@pytest.mark.anyio
class TestBatches:
    async def test_associated_at_birth(self, sandbox: Sandbox) -> None:
        """A batch creates records with their associations."""
        types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279}]
        new = {"properties": {"email": "ada@example.com"}, "associations": [{"to": {"id": "5002"}, "types": types}]}
        status, told = await call(sandbox, "POST /crm/v3/objects/contacts/batch/create", {"inputs": [new]})
        path = f"/crm/v3/objects/contact/{told['results'][0]['id']}?associations=companies"
        _, seen = await call(sandbox, f"GET {path}")

        assert (201, ["5002"]) == (status, [each["id"] for each in seen["associations"]["companies"]["results"]])

    @pytest.mark.parametrize(
        ("path", "inputs", "status"),
        [
            ("read", [{"id": "Berlin"}], 400),
            ("update", [{"id": "101", "properties": {"city": "x"}}] * 2, 400),
            ("upsert", [{"id": "a@example.com", "idProperty": "email", "properties": {}}] * 2, 400),
            ("upsert", [{"id": "Berlin", "idProperty": "city", "properties": {}}], 400),
            ("create", [{"properties": {"email": "ada@example.com"}}] * 2, 409),
        ],
        ids=["not unique", "updated twice", "upserted twice", "upserted by what is not unique", "born twice"],
    )
    async def test_refused(self, sandbox: Sandbox, path: str, inputs: list[object], status: int) -> None:
        """Batches that name a record twice, or not by what is unique, change nothing."""
        body = {"inputs": inputs, "idProperty": "city" if path == "read" else None}
        got, _ = await call(sandbox, f"POST /crm/v3/objects/contacts/batch/{path}", body)

        assert status == got
        assert 1000 == len(sandbox.world.items["contacts"].live)


@pytest.mark.anyio
class TestPaths:
    @pytest.mark.parametrize(
        "line",
        [
            "GET /crm/objects/v3/contacts/101",
            "GET /crm/2026-03/objects/contacts/101",
            "GET /crm/v1/objects/contacts/101",
            "GET /crm/v4/owners",
            "GET //crm/v3/owners",
            "GET /crm/v3//owners",
            "GET /crm/v3/lists",
            "GET /crm/v3/objects/contacts/101/merge",
            "POST /crm/v3/objects/contacts/merge",
            "POST /crm/v3/objects/companies/gdpr-delete",
            "GET /communication-preferences/v4/status/email/a@example.com",
            "GET /communication-preferences/v3/statuses/a@example.com",
            "POST /communication-preferences/v4/subscribe",
            "POST /oauth/v2/token",
            "GET /oauth/v1/token",
            "GET /engagements/v1/engagements/1",
            "POST /engagements/v1/engagements",
            "GET /automation/v4/flows",
            "GET /properties/v1/contacts/properties",
            "GET /contacts/v1/lists/all/contacts/all",
            "POST /crm/v3/exports/export/async",
            "POST /crm/v3/imports",
            "PUT /crm/v3/objects/contacts/101",
            "GET /",
        ],
    )
    async def test_unknown(self, sandbox: Sandbox, line: str) -> None:
        """Whatever is not modeled is the vendor's 404."""
        status, told = await call(sandbox, line, {} if line.startswith("P") else None)

        assert (404, "OBJECT_NOT_FOUND") == (status, told["category"])

    @pytest.mark.parametrize("alias", ["contacts", "contact", "CONTACT", "0-1"])
    async def test_erasure(self, sandbox: Sandbox, alias: str) -> None:
        """A contact is erased under each of its names, by address, too."""
        body = {"objectId": EMAIL, "idProperty": "email"}
        status, _ = await call(sandbox, f"POST /crm/v3/objects/{alias}/gdpr-delete", body)
        items = sandbox.world.items["contacts"]

        assert 204 == status
        assert "101" not in {*items.live, *items.archived}

    async def test_hidden_properties(self, sandbox: Sandbox) -> None:
        """Properties that the portal hides come unless they are asked to stay away."""
        _, everything = await call(sandbox, "GET /crm/v3/properties/contacts")
        _, fewer = await call(sandbox, "GET /crm/v3/properties/contacts?includeHidden=false")

        assert {True, False} == {each["hidden"] for each in everything["results"]}
        assert {False} == {each["hidden"] for each in fewer["results"]}

    async def test_changed_property(self, sandbox: Sandbox) -> None:
        """The firm changes its own properties, not the vendor's."""
        own, told = await call(sandbox, "PATCH /crm/v3/properties/contacts/iban", {"label": "Account"})
        vendors, _ = await call(sandbox, "PATCH /crm/v3/properties/contacts/email", {"label": "Address"})

        assert (200, "Account", 400) == (own, told["label"], vendors)

    async def test_account(self, sandbox: Sandbox) -> None:
        """The account tells what was used of the API today."""
        await call(sandbox, "GET /account-info/v3/details")
        _, told = await call(sandbox, "GET /account-info/v3/api-usage/daily/private-apps")

        assert [2] == [each["currentUsage"] for each in told["results"]]

    @pytest.mark.parametrize("root", ["/crm-object-schemas/v3", "/crm/v3", "/crm-object-schemas/2026-03"])
    async def test_schema(self, sandbox: Sandbox, root: str) -> None:
        """The vendor's own objects have a schema under each of their names."""
        _, told = await call(sandbox, f"GET {root}/schemas/CONTACT")

        assert "0-1" == told["objectTypeId"]
        assert {"email", "iban"} <= {each["name"] for each in told["properties"]}

    async def test_pipelines(self, sandbox: Sandbox) -> None:
        """Pipelines and their stages come all together and one by one."""
        root = "/crm/v3/pipelines/tickets"
        _, stages = await call(sandbox, f"GET {root}/0/stages")
        _, stage = await call(sandbox, f"GET {root}/0/stages/3")
        unknown, _ = await call(sandbox, f"GET {root}/7")

        assert stage in stages["results"]
        assert 404 == unknown


@pytest.fixture
def connection(url: str) -> Iterator[HTTPConnection]:
    """Return a connection to the portal, served on loopback."""
    with closing(HTTPConnection(url.removeprefix("http://"), timeout=5)) as connection:
        yield connection


def asked(connection: HTTPConnection) -> tuple[int, Mapping[str, str], Any]:
    """Ask for the owners and return status, headers and JSON."""
    connection.request("GET", "/crm/v3/owners", headers={"Authorization": f"Bearer {TOKEN}"})
    answer = connection.getresponse()
    return answer.status, answer.headers, orjson.loads(answer.read())


class TestServer:
    def test_chunked(self, connection: HTTPConnection) -> None:
        """A body may come in chunks, of no length that was told before."""
        body = orjson.dumps({"filterGroups": [], "limit": 1, "sorts": ["-createdate"]})
        headers = {"Authorization": f"Bearer {TOKEN}", "Transfer-Encoding": "chunked"}
        chunks = (body[start : start + 7] for start in range(0, len(body), 7))
        connection.request("POST", "/crm/v3/objects/contacts/search/", chunks, headers, encode_chunked=True)
        told = orjson.loads(connection.getresponse().read())

        assert (1000, 1) == (told["total"], len(told["results"]))

    def test_limits(self, sandbox: Sandbox, connection: HTTPConnection) -> None:
        """Each answer tells the limits; a refusal names the policy that was hit."""
        sandbox.faults.arm(Fault(FaultKind.DAILY_LIMIT))
        refused, before, told = asked(connection)
        answered, after, _ = asked(connection)
        remaining = "X-HubSpot-RateLimit-Daily-Remaining"

        assert (429, "DAILY", "249999") == (refused, told["policyName"], before[remaining])
        assert (200, "249998", "10000") == (
            answered,
            after[remaining],
            after["X-HubSpot-RateLimit-Interval-Milliseconds"],
        )
