from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from policy_gateway_hubspot.sandbox import Sandbox

if TYPE_CHECKING:
    from plugins.hubspot.tests.conftest import Ask, Asking

EMAIL = "guenther.petersen.1@example.org"
BASIS = {"legalBasis": "CONSENT_WITH_NOTICE", "legalBasisExplanation": "on the phone"}
V3, V4 = "/communication-preferences/v3", "/communication-preferences/v4"


@pytest.mark.anyio
class TestPreferences:
    async def test_unknown_address(self, ask: Ask, sandbox: Sandbox) -> None:
        """Somebody who is not in the portal looks like somebody who has not chosen."""
        _, stranger = await ask(f"GET {V3}/status/email/nobody@example.com")
        email = next(
            each.properties["email"]
            for each in sandbox.world.items["contacts"].live.values()
            if "marketing_consents" not in each.properties
        )
        _, known = await ask(f"GET {V3}/status/email/{email}")

        assert stranger["subscriptionStatuses"] == known["subscriptionStatuses"]
        assert ["NOT_SUBSCRIBED"] * 3 == [each["status"] for each in known["subscriptionStatuses"]]

    async def test_consent(self, ask: Ask) -> None:
        """Whoever carries the consent for a kind of mail is subscribed to it until they choose otherwise."""
        await ask("PATCH /crm/v3/objects/contacts/101", {"properties": {"marketing_consents": "survey_email"}})
        _, before = await ask(f"GET {V4}/statuses/{EMAIL}?channel=EMAIL")
        await ask(f"POST {V3}/unsubscribe", {"emailAddress": EMAIL, "subscriptionId": "302"})
        _, after = await ask(f"GET {V4}/statuses/{EMAIL}?channel=EMAIL")

        assert ["NOT_SPECIFIED", "SUBSCRIBED", "NOT_SPECIFIED"] == [each["status"] for each in before["results"]]
        assert ["NOT_SPECIFIED", "UNSUBSCRIBED", "NOT_SPECIFIED"] == [each["status"] for each in after["results"]]

    async def test_opted_out(self, ask: Ask) -> None:
        """Who has opted out is not subscribed again by the old way, and is by the new one."""
        old = {"emailAddress": EMAIL, "subscriptionId": "301", **BASIS}
        new = {"channel": "EMAIL", "statusState": "SUBSCRIBED", "subscriptionId": 301, **BASIS}
        first, _ = await ask(f"POST {V3}/subscribe", old)
        again, _ = await ask(f"POST {V3}/subscribe", old)
        out, _ = await ask(f"POST {V3}/unsubscribe", old)
        refused, _ = await ask(f"POST {V3}/subscribe", old)
        _, told = await ask(f"POST {V4}/statuses/{EMAIL}", new)

        assert (200, 400, 200, 400) == (first, again, out, refused)
        assert ["RESUBSCRIBE_OCCURRED"] == [each["setStatusSuccessReason"] for each in told["results"]]

    async def test_silence(self, ask: Ask) -> None:
        """Who wants no mail at all is unsubscribed from each kind, and the contact says so."""
        done, _ = await ask(f"POST {V4}/statuses/{EMAIL}/unsubscribe-all?channel=EMAIL")
        _, told = await ask(f"GET {V4}/statuses/{EMAIL}?channel=EMAIL")
        _, wide = await ask(f"GET {V4}/statuses/{EMAIL}/unsubscribe-all?channel=EMAIL")
        _, contact = await ask("GET /crm/v3/objects/contacts/101?properties=hs_email_optout")

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
    async def test_refused(self, ask: Ask, line: str, body: object) -> None:
        """A wrong channel, state, address, kind or legal basis is a 400."""
        status, told = await ask(line, body)

        assert (400, "VALIDATION_ERROR") == (status, told["category"])

    async def test_scopes(self, asking: Asking) -> None:
        """Preferences take scopes of their own."""
        sandbox = Sandbox(tokens={"reader": frozenset({"communication_preferences.read"})})
        ask = asking(sandbox)
        read, _ = await ask(f"GET {V3}/definitions", token="reader")
        refused, told = await ask(f"POST {V3}/unsubscribe", {}, "reader")

        assert (200, 403, "MISSING_SCOPES") == (read, refused, told["category"])
