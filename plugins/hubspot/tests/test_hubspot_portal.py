from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from policy_gateway_hubspot.sandbox import TOKEN, Fault, FaultKind, Sandbox

if TYPE_CHECKING:
    from plugins.hubspot.tests.conftest import Ask

EMAIL = "guenther.petersen.1@example.org"


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
    async def test_unknown(self, ask: Ask, line: str) -> None:
        """Whatever is not modeled is the vendor's 404."""
        status, told = await ask(line, {} if line.startswith("P") else None)

        assert (404, "OBJECT_NOT_FOUND") == (status, told["category"])

    @pytest.mark.parametrize("alias", ["contacts", "contact", "CONTACT", "0-1"])
    async def test_erasure(self, ask: Ask, sandbox: Sandbox, alias: str) -> None:
        """A contact is erased under each of its names, by address, too."""
        body = {"objectId": EMAIL, "idProperty": "email"}
        status, _ = await ask(f"POST /crm/v3/objects/{alias}/gdpr-delete", body)
        items = sandbox.world.items["contacts"]

        assert 204 == status
        assert "101" not in {*items.live, *items.archived}

    async def test_hidden_properties(self, ask: Ask) -> None:
        """Properties that the portal hides come unless they are asked to stay away."""
        _, everything = await ask("GET /crm/v3/properties/contacts")
        _, fewer = await ask("GET /crm/v3/properties/contacts?includeHidden=false")

        assert {True, False} == {each["hidden"] for each in everything["results"]}
        assert {False} == {each["hidden"] for each in fewer["results"]}

    async def test_changed_property(self, ask: Ask) -> None:
        """The firm changes its own properties, not the vendor's."""
        own, told = await ask("PATCH /crm/v3/properties/contacts/iban", {"label": "Account"})
        vendors, _ = await ask("PATCH /crm/v3/properties/contacts/email", {"label": "Address"})

        assert (200, "Account", 400) == (own, told["label"], vendors)

    async def test_account(self, ask: Ask) -> None:
        """The account tells what was used of the API today."""
        await ask("GET /account-info/v3/details")
        _, told = await ask("GET /account-info/v3/api-usage/daily/private-apps")

        assert [2] == [each["currentUsage"] for each in told["results"]]

    @pytest.mark.parametrize("root", ["/crm-object-schemas/v3", "/crm/v3", "/crm-object-schemas/2026-03"])
    async def test_schema(self, ask: Ask, root: str) -> None:
        """The vendor's own objects have a schema under each of their names."""
        _, told = await ask(f"GET {root}/schemas/CONTACT")

        assert "0-1" == told["objectTypeId"]
        assert {"email", "iban"} <= {each["name"] for each in told["properties"]}

    async def test_pipelines(self, ask: Ask) -> None:
        """Pipelines and their stages come all together and one by one."""
        root = "/crm/v3/pipelines/tickets"
        _, stages = await ask(f"GET {root}/0/stages")
        _, stage = await ask(f"GET {root}/0/stages/3")
        unknown, _ = await ask(f"GET {root}/7")

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

    def test_link(self, url: str, connection: HTTPConnection) -> None:
        """The link to the next page leads to where the page came from."""
        connection.request("GET", "/crm/v3/objects/0-1?limit=1", headers={"Authorization": f"Bearer {TOKEN}"})
        told = orjson.loads(connection.getresponse().read())

        assert f"{url}/crm/v3/objects/0-1?limit=1&after=102" == told["paging"]["next"]["link"]

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
