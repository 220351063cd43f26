from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from policy_gateway.testing.entrances import HttpClient

if TYPE_CHECKING:
    from plugins.hubspot.tests.conftest import Hub

    from policy_gateway.testing.entrances import Reply

pytestmark = pytest.mark.anyio

VERA = "vera.hofmann.2@example.com"
PREFERENCES = "/communication-preferences"
LINKS = "/crm/v4/objects/contacts"
PLAIN = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279}]


async def put(hub: Hub, persona: str, target: str, document: object = None) -> Reply:
    """Return the answer to a PUT."""
    client = hub.client(persona)
    return await (client.ask("PUT", target, client.lines) if document is None else client.send("PUT", target, document))


class TestOwners:
    async def test_list(self, hub: Hub) -> None:
        """Owners page, are found by address, and tell no more than policy releases."""
        page = (await hub.get("anna", "/crm/v3/owners/?limit=2")).json
        following = (await hub.get("anna", page["paging"]["next"]["link"].removeprefix("http://localhost"))).json
        one = (await hub.get("anna", "/crm/owners/2026-03?email=mara@example.com")).json["results"]

        assert ["7001", "7002", "7003", "7004"] == [each["id"] for each in (*page["results"], *following["results"])]
        assert [("7003", "Mara", ["hamburg"])] == [
            (each["id"], each["firstName"], [team["name"] for team in each["teams"]]) for each in one
        ]

    @pytest.mark.parametrize(
        ("target", "status"), [("7003", 200), ("40007003?idProperty=userId", 200), ("99", 404), ("undefined", 404)]
    )
    async def test_one(self, hub: Hub, target: str, status: int) -> None:
        """An owner is got by either id."""
        reply = await hub.get("anna", f"/crm/v3/owners/{target}")

        assert status == reply.status
        assert status == 404 or "mara@example.com" == reply.json["email"]

    async def test_unseen(self, hub: Hub) -> None:
        """Who may know nothing of owners lacks the scope."""
        reply = await hub.get("dora", "/crm/v3/owners")

        assert (403, "MISSING_SCOPES") == (reply.status, reply.json["category"])
        assert [] == hub.upstream


class TestProperties:
    async def test_definition(self, hub: Hub) -> None:
        """A definition is HubSpot's as far as it is known; what the caller may not write is read only."""
        email = (await hub.get("anna", "/crm/v3/properties/contacts/email")).json
        consents = (await hub.get("anna", "/crm/properties/2026-03/0-1/marketing_consents")).json

        assert ("string", "text", True, False) == (
            email["type"],
            email["fieldType"],
            email["hasUniqueValue"],
            email["modificationMetadata"]["readOnlyValue"],
        )
        assert ("enumeration", "checkbox", "marketing_email") == (
            consents["type"],
            consents["fieldType"],
            consents["options"][0]["value"],
        )
        assert consents["modificationMetadata"]["readOnlyValue"]

    async def test_nothing_of_the_portal(self, hub: Hub) -> None:
        """Account, schemas and pipelines tell of the session; HubSpot is not asked."""
        account = (await hub.get("anna", "/account-info/2026-03/details")).json

        assert ("Etc/UTC", "localhost") == (account["timeZone"], account["uiDomain"])
        assert [] == (await hub.get("anna", "/crm/v3/schemas")).json["results"]
        assert [] == (await hub.get("anna", "/crm/v3/pipelines/contacts")).json["results"]
        assert [] == (await hub.get("anna", "/crm/v3/pipelines/deals")).json["results"]
        assert 404 == (await hub.get("anna", "/crm/v3/pipelines/unicorns")).status
        assert "0-1" == (await hub.get("anna", "/crm-object-schemas/v3/schemas/contacts")).json["objectTypeId"]
        assert [] == hub.upstream


class TestLinks:
    async def test_made_and_broken(self, hub: Hub) -> None:
        """A contact gets its company as its primary one, and loses it."""
        made = await put(hub, "selma", f"{LINKS}/102/associations/default/companies/5002")
        seen = (await hub.get("anna", f"{LINKS}/102/associations/companies?limit=500")).json["results"]
        back = (await hub.get("anna", "/crm/v4/objects/companies/5002/associations/contacts?limit=500")).json["results"]
        kept = hub.sandbox.world.items["contacts"].live["102"].properties["associatedcompanyid"]
        client = hub.client("selma")
        broken = await client.ask("DELETE", f"{LINKS}/102/associations/companies/5002", client.lines)

        assert (200, "5002", 204) == (made.status, kept, broken.status)
        assert [("5002", {1, 279})] == [
            (each["toObjectId"], {one["typeId"] for one in each["associationTypes"]}) for each in seen
        ]
        assert "102" in {each["toObjectId"] for each in back}
        assert "associatedcompanyid" not in hub.sandbox.world.items["contacts"].live["102"].properties

    async def test_labeled(self, hub: Hub) -> None:
        """HubSpot's own association types are taken, a firm's own are not."""
        made = await put(hub, "selma", f"{LINKS}/102/associations/companies/5003", PLAIN)
        own = [{"associationCategory": "USER_DEFINED", "associationTypeId": 41}]
        refused = await put(hub, "selma", f"{LINKS}/103/associations/companies/5003", own)

        assert (201, "0-1", "0-2") == (made.status, made.json["fromObjectTypeId"], made.json["toObjectTypeId"])
        assert (403, "MISSING_SCOPES") == (refused.status, refused.json["category"])

    async def test_refused(self, hub: Hub) -> None:
        """Who may not change whom a contact works for makes no link; a company of a contact's own is not replaced."""
        agent = await put(hub, "anna", f"{LINKS}/102/associations/default/companies/5002")
        second = await put(hub, "selma", f"{LINKS}/101/associations/default/companies/5002")
        others = await put(hub, "selma", f"{LINKS}/101/associations/default/contacts/102")
        nowhere = await put(hub, "selma", f"{LINKS}/102/associations/default/companies/1")

        assert [403, 403, 403, 404] == [each.status for each in (agent, second, others, nowhere)]
        assert not any(line.startswith(("PATCH", "PUT")) for line in hub.upstream)

    async def test_batch(self, hub: Hub) -> None:
        """Links are read in batches; who has none, or is not there, is told in the same words."""
        inputs = [{"id": key} for key in ("101", "102", "1")]
        reply = await hub.post("anna", "/crm/v4/associations/contacts/companies/batch/read", {"inputs": inputs})

        assert (207, [("101", ["5001"])]) == (
            reply.status,
            [(each["from"]["id"], [one["toObjectId"] for one in each["to"]]) for each in reply.json["results"]],
        )
        assert ["No companies is associated with contacts 102.", "No companies is associated with contacts 1."] == [
            each["message"] for each in reply.json["errors"]
        ]

    async def test_other_types(self, hub: Hub) -> None:
        """Links of other types are out of sight, labels too."""
        assert [] == (await hub.get("anna", f"{LINKS}/101/associations/contacts")).json["results"]
        assert 404 == (await hub.get("anna", "/crm/v4/associations/contacts/deals/labels")).status
        labels = (await hub.get("anna", "/crm/v4/associations/contacts/companies/labels")).json["results"]
        assert {1, 279} == {each["typeId"] for each in labels}


class TestPreferences:
    async def test_chosen(self, hub: Hub) -> None:
        """A supervisor enters a consent and its withdrawal; whatever else was consented to stays."""
        definitions = (await hub.get("selma", f"{PREFERENCES}/v3/definitions")).json["subscriptionDefinitions"]
        key = next(each["id"] for each in definitions if each["name"] == "Marketing")
        change = {"emailAddress": VERA, "subscriptionId": key, "legalBasis": "CONSENT_WITH_NOTICE"}
        before = hub.sandbox.world.items["contacts"].live["102"].properties["marketing_consents"]
        given = await hub.post("selma", f"{PREFERENCES}/v3/subscribe", change)
        between = hub.sandbox.world.items["contacts"].live["102"].properties["marketing_consents"]
        withdrawn = await hub.post("selma", f"{PREFERENCES}/v3/unsubscribe", change)
        after = hub.sandbox.world.items["contacts"].live["102"].properties["marketing_consents"]

        assert ("SUBSCRIBED", "NOT_SUBSCRIBED") == (given.json["status"], withdrawn.json["status"])
        assert {"marketing_email", *before.split(";")} == set(between.split(";"))
        assert set(before.split(";")) == set(after.split(";"))

    async def test_newer(self, hub: Hub) -> None:
        """The newer dialects tell and set the same."""
        target = f"{PREFERENCES}/2026-03/statuses/{VERA}"
        told = (await hub.get("selma", f"{target}?channel=EMAIL")).json["results"]
        survey = next(each for each in told if each["subscriptionName"] == "Survey")
        body = {"channel": "EMAIL", "statusState": "UNSUBSCRIBED", "subscriptionId": survey["subscriptionId"]}
        done = (await hub.post("selma", target, body)).json["results"][0]
        again = (await hub.post("selma", target, body)).json["results"][0]
        many = (await hub.post("selma", f"{PREFERENCES}/v4/statuses/batch/read?channel=EMAIL", {"inputs": [VERA]})).json

        assert ("SUBSCRIBED", "UNSUBSCRIBED") == (survey["status"], done["status"])
        assert ("REQUESTED_CHANGE_OCCURRED", "NO_STATUS_CHANGE") == tuple(
            each["setStatusSuccessReason"] for each in (done, again)
        )
        assert {"NOT_SPECIFIED"} == {each["status"] for each in many["results"][0]["statuses"]}

    async def test_all(self, hub: Hub) -> None:
        """Who wants no mail at all has consented to none."""
        await hub.post("selma", f"{PREFERENCES}/v4/statuses/{VERA}/unsubscribe-all?channel=EMAIL", {})

        assert "marketing_whatsapp" == hub.sandbox.world.items["contacts"].live["102"].properties["marketing_consents"]

    @pytest.mark.attack("C03")
    async def test_refused(self, hub: Hub) -> None:
        """Agents read preferences and change none; marketers may not look for people by address."""
        key = (await hub.get("anna", f"{PREFERENCES}/v3/definitions")).json["subscriptionDefinitions"][0]["id"]
        change = {"emailAddress": VERA, "subscriptionId": key, "legalBasis": "CONSENT_WITH_NOTICE"}
        agent = await hub.post("anna", f"{PREFERENCES}/v3/subscribe", change)
        marketer = await hub.get("mara", f"{PREFERENCES}/v3/status/email/{VERA}")

        assert [(403, "MISSING_SCOPES")] * 2 == [(each.status, each.json["category"]) for each in (agent, marketer)]
        assert "PATCH /crm/v3/objects/contacts/102" not in hub.upstream

    async def test_unknown(self, hub: Hub) -> None:
        """Somebody who is not known has the answer of somebody who has not chosen."""
        nobody = await hub.get("anna", f"{PREFERENCES}/v3/status/email/nobody%40example.com")
        somebody = await hub.get("anna", f"{PREFERENCES}/v3/status/email/guenther.petersen.1%40example.org")

        assert {"NOT_SUBSCRIBED"} == {each["status"] for each in nobody.json["subscriptionStatuses"]}
        assert nobody.json["subscriptionStatuses"] == somebody.json["subscriptionStatuses"]

    @pytest.mark.parametrize(
        "body",
        [
            {"emailAddress": VERA, "subscriptionId": "1", "legalBasis": "NON_GDPR"},
            {"emailAddress": "nobody", "subscriptionId": "1"},
            {"emailAddress": VERA},
            {},
        ],
    )
    async def test_malformed(self, hub: Hub, body: object) -> None:
        """What HubSpot would not understand is refused in its shape."""
        reply = await hub.post("selma", f"{PREFERENCES}/v3/subscribe", body)

        assert (400, "VALIDATION_ERROR") == (reply.status, reply.json["category"])


class TestTokens:
    async def login(self, hub: Hub, path: str = "/oauth/v1/token", **form: str) -> Reply:
        """Return the answer to a login."""
        line = ("content-type", "application/x-www-form-urlencoded")
        return await HttpClient(hub.overheard).ask(
            "POST", path, [("host", "localhost"), line], urlencode(form).encode()
        )

    async def test_code(self, hub: Hub) -> None:
        """An app gets a token for an API key, and another for its refresh token; both open what the key does."""
        given = await self.login(
            hub,
            grant_type="authorization_code",
            client_id="service@hub",
            client_secret="any",
            code=hub.whole.keys["anna"],
        )
        refreshed = await self.login(
            hub,
            "/oauth/2026-03/token",
            grant_type="refresh_token",
            client_id="any",
            refresh_token=given.json["refresh_token"],
        )
        for answer in (given, refreshed):
            bearer = ("authorization", f"Bearer {answer.json['access_token']}")
            reply = await HttpClient(hub.overheard, (("host", "localhost"), bearer)).get(
                "/crm/v3/objects/contacts/101?properties=iban"
            )
            assert {"iban": None}.items() <= reply.json["properties"].items()

        assert "bearer" == given.json["token_type"]
        assert ("access_token", True) == (refreshed.json["token_use"], refreshed.json["hub_id"] > 0)

    async def test_told(self, hub: Hub) -> None:
        """A token tells whose it is, wherever it travels."""
        client = {
            "grant_type": "client_credentials",
            "client_id": "service@hub",
            "client_secret": hub.whole.keys["anna"],
        }
        token = (await self.login(hub, "/oauth/v3/token", **client)).json["access_token"]
        anonymous = HttpClient(hub.overheard, (("host", "localhost"),))
        info = (await anonymous.get(f"/oauth/v1/access-tokens/{token}")).json
        private = (
            await anonymous.send("POST", "/oauth/v2/private-apps/get/access-token-info", {"tokenKey": token})
        ).json

        assert ("user:anna", "acme") == (info["user"], info["hub_domain"])
        assert "crm.objects.contacts.read" in info["scopes"]
        assert (info["user_id"], info["hub_id"]) == (private["userId"], private["hubId"])
        oneself = await hub.get("anna", f"/crm/v3/owners/{info['user_id']}?idProperty=userId")
        assert (200, "anna", info["user_id"]) == (oneself.status, oneself.json["firstName"], oneself.json["userId"])

    @pytest.mark.parametrize(
        ("form", "status"),
        [
            ({"grant_type": "authorization_code", "client_id": "service@hub", "code": "wrong"}, "BAD_AUTH_CODE"),
            ({"grant_type": "authorization_code", "client_id": "service@crm", "code": "{key}"}, "BAD_AUTH_CODE"),
            (
                {"grant_type": "client_credentials", "client_id": "marketing@hub", "client_secret": "{key}"},
                "BAD_CLIENT_SECRET",
            ),
            ({"grant_type": "refresh_token", "refresh_token": "{key}"}, "BAD_REFRESH_TOKEN"),
            ({"grant_type": "password"}, "BAD_GRANT_TYPE"),
            ({}, "BAD_GRANT_TYPE"),
        ],
    )
    async def test_refused(self, hub: Hub, form: dict[str, str], status: str) -> None:
        """A login that is no good is refused in HubSpot's words."""
        reply = await self.login(
            hub, **{name: value.format(key=hub.whole.keys["anna"]) for name, value in form.items()}
        )

        assert (400, status) == (reply.status, reply.json["status"])
