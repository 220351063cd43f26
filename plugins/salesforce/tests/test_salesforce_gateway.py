"""Salesforce behind the whole gateway, with the shipped policies: what policy hides is not asked, nor shown."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest
from pydantic import SecretStr

from policy_gateway.provenance import Reference
from policy_gateway.records import ConnectionConfig, Transport
from policy_gateway.testing import AsgiTransport
from policy_gateway.testing.entrances import Reply
from policy_gateway.testing.gateways import WATCHED, Persona, WatchedKind, Whole, whole
from policy_gateway_salesforce.adapter import SalesforceAdapter, SalesforceKind
from policy_gateway_salesforce.sandbox import CLIENT_ID, CLIENT_SECRET, Sandbox

pytestmark = pytest.mark.anyio
SHIPPED = Path(__file__).parents[3] / "policies"
PERSONAS = {
    "anna": Persona("user:anna", "acme", ("agent", "team:berlin"), ("service", "collections")),
    "mara": Persona("user:mara", "acme", ("marketer",), ("marketing",)),
    "selma": Persona("user:selma", "acme", ("supervisor", "team:berlin"), ("service",)),
}
ENVELOPE = {
    "collected_by": "team:sales",
    "purposes": ["service", "marketing"],
    "collection_point": "https://shop.example/signup",
    "storage_duration": "P3Y",
}


class InProcess(SalesforceKind):
    """Opens connections to an org in this process."""

    def __init__(self, org: Sandbox) -> None:
        super().__init__()
        self._org = org

    def connect(self, config: ConnectionConfig, transport: Transport) -> SalesforceAdapter:
        """Open a connection."""
        return super().connect(config, AsgiTransport(self._org))


@pytest.fixture(scope="module")
def org() -> Sandbox:
    """Return the org of all tests here."""
    return Sandbox(seed=1)


@pytest.fixture
def sandbox(org: Sandbox) -> Sandbox:
    """Return the org, which remembers no requests."""
    org.forget()
    return org


@pytest.fixture
def contact(sandbox: Sandbox) -> Mapping[str, Any]:
    """Return a contact who has everything."""
    names = ("IBAN__c", "Phone", "Email", "MailingCity", "AccountId", "Service_Notes__c", "Consents__c")
    return next(row for row in sandbox.org.tables["Contact"].live() if all(row.get(name) for name in names))


@pytest.fixture(scope="module")
async def gateway(org: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Whole]:
    """Yield a gateway whose connection ``sf`` is the org, as the connected app."""
    folder, kind = tmp_path_factory.mktemp("gateway"), WatchedKind(InProcess(org))
    async with whole(folder, kind, PERSONAS, policies=SHIPPED) as running:
        kept, secrets = running.app.administration, {"client_secret": SecretStr(CLIENT_SECRET)}
        await kept.connections.add(WATCHED, ConnectionConfig("acme", "sf", "", {"client_id": CLIENT_ID}, secrets))
        await kept.provenance.set_default(Reference("acme", "sf", "contact", "", "*"), ENVELOPE, "system")
        yield running


def content(reply: Reply, status: int = 200) -> dict[str, Any]:
    """Return the JSON of *reply*, which has this *status*."""
    assert status == reply.status, reply.body
    found: dict[str, Any] = orjson.loads(reply.body)
    return found


class TestAgent:
    async def test_service(self, gateway: Whole, sandbox: Sandbox, contact: Mapping[str, Any]) -> None:
        """An agent who serves a customer sees the phone, not the account, and each value's origin; no more is asked."""
        target = f"/v1/sf/contacts/{contact['Id']}?include=gdpr"
        answer = content(await gateway.client("anna").get(target))
        shown = {"first_name": "FirstName", "phone": "Phone", "email": "Email", "city": "MailingCity"}
        [read] = [each for each in sandbox.requests if f"/{contact['Id']}" in each.path]

        assert {path: contact[name] for path, name in shown.items()} == {path: answer["fields"][path] for path in shown}
        assert "iban" in answer["withheld"]
        assert contact["IBAN__c"] not in str(answer)
        assert ENVELOPE == {part: answer["_gdpr"]["phone"][part] for part in ENVELOPE}
        assert contact["HasOptedOutOfEmail"] is answer["fields"]["salesforce.HasOptedOutOfEmail"]
        assert "IBAN__c" not in dict(read.query)["fields"].split(",")

    async def test_lead(self, gateway: Whole, sandbox: Sandbox) -> None:
        """A lead is shown as a contact is; a field that nobody classified is neither named nor asked for."""
        lead = next(row for row in sandbox.org.tables["Lead"].live() if row.get("Legacy_Number__c"))
        answer = content(await gateway.client("anna").get(f"/v1/sf/leads/{lead['Id']}"))
        [read] = [each for each in sandbox.requests if f"/{lead['Id']}" in each.path]

        assert (lead["Phone"], ["salesforce.Description"]) == (
            answer["fields"]["salesforce.Phone"],
            answer["withheld"],
        )
        assert "salesforce.Legacy_Number__c" not in answer["fields"]
        assert "Legacy_Number__c" not in dict(read.query)["fields"].split(",")

    async def test_collections(self, gateway: Whole, contact: Mapping[str, Any]) -> None:
        """For another purpose the end of the account is shown."""
        target = f"/v1/sf/contacts/{contact['Id']}"
        answer = content(await gateway.client("anna", "collections").get(target))

        assert answer["fields"]["iban"].endswith(contact["IBAN__c"][-4:])
        assert contact["IBAN__c"] not in str(answer)

    async def test_found(self, gateway: Whole, contact: Mapping[str, Any]) -> None:
        """Whoever calls is found by the number, however it is written."""
        number = f"00{contact['Phone'][1:]}"
        answer = content(await gateway.client("anna").send("POST", "/v1/lookup", {"phone": number}))

        assert contact["Id"] in [hit["id"] for hit in answer["hits"]]

    async def test_hidden_is_unknown(self, gateway: Whole, sandbox: Sandbox) -> None:
        """A filter by a hidden field is refused as one by a field that does not exist, and nothing is asked."""
        client = gateway.client("anna")
        await client.get("/v1/sf/contacts?limit=1")
        sandbox.forget()
        told = [
            content(await client.send("POST", "/v1/sf/contacts/search", {"filter": {"field": name, **how}}), 403)
            for name in ("iban", "salesforce.IBAN__c", "salesforce.MailingState", "nope")
            for how in ({"op": "prefix", "value": "DE"},)
        ]

        assert {"field-refused"} == {each["code"] for each in told}
        assert 1 == len({each["detail"] for each in told})
        assert [] == list(sandbox.requests)

    async def test_page(self, gateway: Whole, sandbox: Sandbox) -> None:
        """A list is shown page after page."""
        client = gateway.client("anna")
        first = content(await client.get("/v1/sf/contacts?limit=4&fields=name,phone"))
        second = content(await client.get(f"/v1/sf/contacts?limit=4&fields=name,phone&cursor={first['cursor']}"))
        expected = [(row["Id"], row["Name"], row.get("Phone")) for row in sandbox.org.tables["Contact"].live()][:8]
        found = [
            (row["id"], row["fields"]["name"], row["fields"]["phone"]) for row in (*first["data"], *second["data"])
        ]

        assert expected == found

    @pytest.mark.parametrize("other", ["short", "lower"])
    async def test_one_name(self, gateway: Whole, contact: Mapping[str, Any], other: str) -> None:
        """A record is reached by its canonical id only: what is kept about it holds for no other."""
        name = contact["Id"][:15] if other == "short" else contact["Id"].lower()

        assert 400 == (await gateway.client("anna").get(f"/v1/sf/contacts/{name}")).status


class TestMarketer:
    async def test_no_consent(self, gateway: Whole, sandbox: Sandbox) -> None:
        """Without a consent a marketer sees who it is, but no way to reach them."""
        refused = next(
            row
            for row in sandbox.org.tables["Contact"].live()
            if not row.get("Consents__c") and row.get("Phone") and row.get("Email")
        )
        answer = content(await gateway.client("mara", "marketing").get(f"/v1/sf/contacts/{refused['Id']}"))

        assert refused["Name"] == answer["fields"]["name"]
        assert not {"iban", "phone", "email"} & answer["fields"].keys()

    async def test_consent(self, gateway: Whole, sandbox: Sandbox) -> None:
        """With a consent to e-mail a marketer sees the address."""
        agreed = next(
            row
            for row in sandbox.org.tables["Contact"].live()
            if "marketing_email" in str(row.get("Consents__c")) and row.get("Email") and not row.get("DoNotCall")
        )
        answer = content(await gateway.client("mara", "marketing").get(f"/v1/sf/contacts/{agreed['Id']}"))

        assert agreed["Email"] == answer["fields"]["email"]


class TestChange:
    async def test_permitted(self, gateway: Whole, sandbox: Sandbox, contact: Mapping[str, Any]) -> None:
        """A permitted change reaches the org in at most two calls, and is under the same policy as any other answer."""
        client, target = gateway.client("anna"), f"/v1/sf/contacts/{contact['Id']}"
        await client.get(target)
        sandbox.forget()
        lines = (("content-type", "application/merge-patch+json"), ("if-match", "*"))
        answer = content(await client.send("PATCH", target, {"city": "Potsdam"}, *lines))

        assert "Potsdam" == answer["fields"]["city"]
        assert "Potsdam" == sandbox.org.tables["Contact"].rows[contact["Id"]]["MailingCity"]
        assert "iban" in answer["withheld"]

    async def test_refused(self, gateway: Whole, sandbox: Sandbox, contact: Mapping[str, Any]) -> None:
        """A change of which any part is not permitted never reaches the org."""
        target = f"/v1/sf/contacts/{contact['Id']}"
        lines = (("content-type", "application/merge-patch+json"), ("if-match", "*"))
        for change in ({"iban": None}, {"city": "Potsdam", "iban": "DE02"}, {"salesforce.Title": "Dr."}):
            reply = await gateway.client("anna").send("PATCH", target, change, *lines)
            assert 403 == reply.status

        assert {"GET", "POST"} >= {each.method for each in sandbox.requests}
        assert contact == sandbox.org.tables["Contact"].rows[contact["Id"]]
