from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from policy_gateway.testing.canaries import kept, traces
from policy_gateway.testing.entrances import HttpClient, Reply
from policy_gateway_hubspot.sandbox import Fault, FaultKind

if TYPE_CHECKING:
    from plugins.hubspot.tests.conftest import Hub

pytestmark = pytest.mark.anyio

CONTACTS = "/crm/v3/objects/contacts"
HIDDEN = {
    "iban": "DE44CANARY7700IBAN55",
    "service_notes": "canary-notes-tumour",
    "jobtitle": "canary-jobtitle-spy",
    "hubspot_owner_id": "7005",
    "credit_score": "731",
}
"""What an agent of Bolt may not see of any contact."""
OTHER = {
    "iban": "DE99ANOTHER0000IBAN11",
    "service_notes": "another-note-lawsuit",
    "jobtitle": "",
    "hubspot_owner_id": "7001",
    "credit_score": "12",
}
CANARIES = tuple(HIDDEN[name] for name in ("iban", "service_notes", "jobtitle"))

_VARIES = re.compile(rb"[0-9a-f]{32}|\"(startedAt|completedAt)\":\"[^\"]*\"")
_VARYING = frozenset({"x-correlation-id", "x-hubspot-correlation-id", "content-length"})


def set_up(hub: Hub, hidden: dict[str, str]) -> None:
    """Give the first contacts *hidden* values."""
    hub.touched = True
    for key in ("101", "102", "103"):
        hub.sandbox.world.items["contacts"].live[key].properties.update(hidden)


def said(reply: Reply) -> tuple[object, ...]:
    """Return every byte of an answer but its correlation ids, quotas and the times of asking."""
    lines = tuple(line for line in reply.lines if line[0] not in _VARYING and "ratelimit" not in line[0])
    return reply.status, lines, _VARIES.sub(b"", reply.body)


@pytest.fixture
async def attacked(hub: Hub) -> AsyncIterator[Hub]:
    """Yield a hub whose contacts hold canaries; afterwards none of them, and no key, is in what it sent or wrote."""
    set_up(hub, HIDDEN)
    yield hub
    database = Path(hub.whole.settings.database.removeprefix("sqlite:///"))
    secrets = (*CANARIES, *hub.whole.keys.values())
    assert [] == traces(secrets, *hub.overheard.sent, kept(database.parent))


def search(name: str, operator: str = "EQ", value: str = "DE44CANARY7700IBAN55") -> dict[str, object]:
    """Return a search by one filter."""
    return {"filterGroups": [{"filters": [{"propertyName": name, "operator": operator, "value": value}]}]}


READS = (
    f"{CONTACTS}?limit=3&properties=iban,service_notes,jobtitle,firstname",
    f"{CONTACTS}?limit=3&propertiesWithHistory=iban,jobtitle&associations=companies",
    f"{CONTACTS}/101?properties=iban,jobtitle,phone,hubspot_owner_id,credit_score,hs_full_name_or_email",
    "/crm/objects/2026-03/0-1/101?properties=iban&properties=jobtitle",
    f"{CONTACTS}/DE44CANARY7700IBAN55?idProperty=iban",
    "/crm/v3/properties/contacts",
    "/crm/v3/properties/contacts/jobtitle",
    "/crm/v3/schemas/contacts",
    "/crm-object-schemas/v3/schemas",
    "/crm/v4/objects/contacts/101/associations/companies",
    "/crm/v4/associations/contacts/companies/labels",
    "/crm/v3/owners",
    "/crm/v3/pipelines/contacts",
    "/account-info/v3/details",
    "/communication-preferences/v3/definitions",
    "/communication-preferences/v3/status/email/guenther.petersen.1%40example.org",
    "/crm/v3/lists/",
    "/crm/v3/objects/contacts/101/history",
    "/engagements/v1/engagements/1",
)
POSTS = (
    (f"{CONTACTS}/search", search("iban")),
    (f"{CONTACTS}/search", search("jobtitle", "CONTAINS_TOKEN", "canary*")),
    (f"{CONTACTS}/search", {"query": "canary-jobtitle"}),
    (f"{CONTACTS}/search", {**search("email", "EQ", "vera.hofmann.2@example.com"), "properties": ["iban", "jobtitle"]}),
    (f"{CONTACTS}/search", {"sorts": ["-iban"]}),
    (f"{CONTACTS}/batch/read", {"inputs": [{"id": "101"}, {"id": "1"}], "properties": ["iban", "jobtitle", "email"]}),
    (f"{CONTACTS}/batch/read", {"inputs": [{"id": HIDDEN["iban"]}], "idProperty": "iban"}),
    (f"{CONTACTS}/batch/update", {"inputs": [{"id": "101", "properties": {"iban": "x"}}]}),
    (f"{CONTACTS}/batch/upsert", {"inputs": [{"id": HIDDEN["iban"], "idProperty": "iban", "properties": {}}]}),
    (f"{CONTACTS}/gdpr-delete", {"objectId": "101"}),
    (f"{CONTACTS}/merge", {"primaryObjectId": "101", "objectIdToMerge": "102"}),
    ("/crm/v3/properties/contacts/batch/read", {"inputs": [{"name": "iban"}, {"name": "email"}]}),
    ("/crm/v3/exports/export/async", {"exportType": "VIEW"}),
)


class TestHidden:
    async def test_canaries(self, attacked: Hub) -> None:
        """Nothing that is hidden leaves, whichever way it is asked for; HubSpot is not asked for it either."""
        for target in READS:
            assert (await attacked.get("ben", target)).status < 500
        for target, body in POSTS:
            assert (await attacked.post("ben", target, body)).status < 500

        assert not {*HIDDEN, "hs_full_name_or_email"} & attacked.asked

    async def test_two_worlds(self, hub: Hub) -> None:
        """Worlds that differ in what is hidden only are told apart by no answer."""
        worlds = []
        for hidden in (HIDDEN, OTHER):
            set_up(hub, hidden)
            answers = [said(await hub.get("ben", target)) for target in READS]
            worlds.append([*answers, *[said(await hub.post("ben", target, body)) for target, body in POSTS]])

        assert worlds[0] == worlds[1]

    @pytest.mark.attack("A29")
    async def test_definitions(self, hub: Hub) -> None:
        """Hidden properties are in no list of definitions, and asked by name they are none."""
        names = {each["name"] for each in (await hub.get("ben", "/crm/v3/properties/contacts")).json["results"]}
        batch = await hub.post("ben", "/crm/v3/properties/contacts/batch/read", {"inputs": [{"name": "jobtitle"}]})
        hidden, nothing = [
            await hub.get("ben", f"/crm/v3/properties/contacts/{name}") for name in ("jobtitle", "nope1234")
        ]

        assert {"email", "firstname"} <= names
        assert not {"jobtitle", "vip", "hubspot_owner_id", "hs_email_domain"} & names
        assert [] == batch.json["results"]
        assert (404, "No property exists with name 'jobtitle'") == (hidden.status, hidden.json["message"])
        assert said(hidden)[2].replace(b"jobtitle", b"nope1234") == said(nothing)[2]

    async def test_attempts(self, hub: Hub) -> None:
        """Each attempt is one entry, which names the fields that it was about."""
        await hub.get("ben", f"{CONTACTS}/101?properties=email,iban")
        await hub.post("ben", f"{CONTACTS}/search", {"sorts": ["-iban"]})
        await hub.get("ben", "/engagements/v1/engagements/1")
        await hub.get("ben", f"{CONTACTS}?limit=0")
        entries = await hub.whole.entries("bolt")

        assert ["permit", "deny", "deny", "deny"] == [each["decision"] for each in entries]
        assert {"partial": ["email"]} == entries[0]["masked"]
        assert ["iban"] == entries[1]["refused"]
        assert 1 == len({str(each["principal"]) for each in entries})


class TestRefused:
    @pytest.mark.parametrize(
        "line",
        [
            "GET /engagements/v1/engagements/1",
            "POST /engagements/v1/engagements",
            "GET /automation/v4/flows?limit=5",
            "GET /contacts/v1/lists/all/contacts/all?property=iban",
            "GET /contacts/v1/contact/vid/101/profile",
            "GET /companies/v2/companies/paged",
            "GET /crm/v3/lists/",
            "POST /crm/v3/objects/contacts/merge",
            "POST /crm/v3/exports/export/async",
            "GET /crm/v3/imports",
            "GET /crm/v3/timeline/events/1",
            "PUT /crm/v3/objects/contacts/101",
            "GET /crm/v4/objects/contacts/101",
            "GET /crm/v1/objects/contacts/101",
            "GET /crm/objects/contacts/101",
            "GET /crm/v3/objects/contacts/101/associations",
            "POST /crm/v3/properties/contacts",
            "DELETE /crm/v3/properties/contacts/email",
            "GET /marketing/v3/emails",
            "POST /oauth/v1/token/revoke",
            "GET /settings/v3/users",
        ],
    )
    async def test_elsewhere(self, hub: Hub, line: str) -> None:
        """What is not modeled is refused in HubSpot's shape, journalled, and goes nowhere."""
        method, target = line.split()
        reply = await hub.client("anna").ask(method, target, hub.client("anna").lines)

        assert (403, "error", "MISSING_SCOPES") == (reply.status, reply.json["status"], reply.json["category"])
        assert {"message", "correlationId", "errors", "links"} <= reply.json.keys()
        assert [] == hub.upstream
        assert 1 == len(await hub.whole.entries())

    @pytest.mark.parametrize(
        "bearer",
        [
            "",
            "wrong",
            "pgw_wrong~service~hub",
            "{key}~marketing~hub",
            "{key}~service~crm",
            "{key}~service~gateway",
            "{key}",
        ],
    )
    @pytest.mark.parametrize(
        "target", [f"{CONTACTS}/101", "/engagements/v1/engagements/1", "/oauth/v1/access-tokens/{bearer}"]
    )
    async def test_nobody(self, hub: Hub, bearer: str, target: str) -> None:
        """Without a good token everything is the same refusal."""
        token = bearer.format(key=hub.whole.keys["anna"])
        lines = (("host", "localhost"), ("authorization", f"Bearer {token}"))
        reply = await HttpClient(hub.overheard, lines).get(target.format(bearer=token or "x"))

        assert (401, "INVALID_AUTHENTICATION") == (reply.status, reply.json["category"])
        assert reply.headers["x-correlation-id"] == reply.json["correlationId"]
        assert [] == hub.upstream

    @pytest.mark.attack("D01")
    async def test_foreign(self, hub: Hub) -> None:
        """A key of one tenant opens no connection of another: each has its own, of the same name or not."""
        acme, bolt = [await hub.get(persona, "/account-info/v3/details") for persona in ("anna", "ben")]

        assert acme.json["portalId"] != bolt.json["portalId"]

    @pytest.mark.attack("A27")
    async def test_methods(self, hub: Hub) -> None:
        """A HEAD is a GET without a body; an override of the method is ignored."""
        head = await hub.client("anna").ask("HEAD", f"{CONTACTS}/101", hub.client("anna").lines)
        override = await hub.client("anna", ("x-http-method-override", "DELETE")).get(f"{CONTACTS}/101")

        assert (200, b"") == (head.status, head.body)
        assert 200 == override.status
        assert "101" in hub.sandbox.world.items["contacts"].live

    @pytest.mark.attack("E25")
    @pytest.mark.parametrize(
        ("kind", "status", "category"),
        [
            (FaultKind.RESET, 503, "SERVICE_UNAVAILABLE"),
            (FaultKind.TRUNCATE, 502, "BAD_GATEWAY"),
            (FaultKind.WRONG_RECORD, 502, "BAD_GATEWAY"),
        ],
    )
    async def test_upstream(self, hub: Hub, kind: FaultKind, status: int, category: str) -> None:
        """When HubSpot fails the client is told in HubSpot's shape, and nothing of what it said."""
        hub.sandbox.faults.arm(Fault(kind, times=2, path="/objects/"))
        reply = await hub.get("selma", f"{CONTACTS}/101")
        hub.sandbox.faults.clear()

        assert (status, category) == (reply.status, reply.json["category"])
        assert {"status", "message", "correlationId", "category"} == reply.json.keys()

    async def test_limit(self, hub: Hub) -> None:
        """HubSpot's limit is told with when to come back, for clients of either kind."""
        hub.sandbox.faults.arm(Fault(FaultKind.RATE_LIMIT, times=2, path="/objects/", seconds=1))
        reply = await hub.get("selma", f"{CONTACTS}/101")
        hub.sandbox.faults.clear()
        await asyncio.sleep(1.1)  # until then the gateway itself asks no more

        assert (429, "RATE_LIMITS", "SECONDLY") == (reply.status, reply.json["category"], reply.json["policyName"])
        assert "1" == reply.headers["retry-after"]


class TestUnseen:
    async def stand(self, hub: Hub, *, restricted: bool) -> None:
        """Say whether contact 102 is restricted."""
        lines = (("host", "localhost"), ("authorization", f"Bearer {hub.whole.keys['dora']}"))
        more = (("x-purpose", "administration"), ("x-ticket", "T-1"), ("if-match", "*"))
        target = "/v1/gateway/standings/hub:contact:102"
        reply = await HttpClient(hub.overheard, lines).send("PATCH", target, {"restricted": restricted}, *more)
        assert 200 == reply.status

    @pytest.mark.attack("B39")
    async def test_everywhere(self, hub: Hub) -> None:
        """A record that may not be seen is on no way told from one that does not exist, and is not counted."""
        email = "vera.hofmann.2@example.com"
        ways = (
            (f"{CONTACTS}/102?properties=email", f"{CONTACTS}/1?properties=email"),
            (f"{CONTACTS}/{email}?idProperty=email", f"{CONTACTS}/nobody@example.com?idProperty=email"),
            (
                "/crm/v4/objects/contacts/102/associations/companies",
                "/crm/v4/objects/contacts/1/associations/companies",
            ),
        )
        await self.stand(hub, restricted=True)
        try:
            told = [[said(await hub.get("anna", target)) for target in pair] for pair in ways]
            found = (await hub.post("anna", f"{CONTACTS}/search", search("email", "EQ", email))).json
            page = (await hub.get("anna", f"{CONTACTS}?limit=3")).json["results"]
            batch = await hub.post("anna", f"{CONTACTS}/batch/read", {"inputs": [{"id": "102"}, {"id": "1"}]})
            changed = await hub.client("anna").send(
                "PATCH", f"{CONTACTS}/102", {"properties": {"email": "a@example.com"}}
            )
        finally:
            await self.stand(hub, restricted=False)

        assert all(hidden == missing for hidden, missing in told)
        assert {404} == {pair[0][0] for pair in told}
        assert (0, []) == (found["total"], found["results"])
        assert ["101", "103", "104"] == [each["id"] for each in page]
        assert [["102", "1"]] == [each["context"]["ids"] for each in batch.json["errors"]]
        assert 404 == changed.status
