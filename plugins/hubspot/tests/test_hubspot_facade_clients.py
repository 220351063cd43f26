"""What the gateway says of its own satisfies the strictest of HubSpot's clients, and people see what policy shows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import hubspot_sdk
import pytest
from hubspot import HubSpot as Classic
from hubspot.crm.contacts.exceptions import ApiException
from hubspot_sdk import HubSpot

if TYPE_CHECKING:
    from plugins.hubspot.tests.conftest import Threaded

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:hubspot", "ignore::ResourceWarning")

VERA = "vera.hofmann.2@example.com"


@pytest.fixture
def served(threaded: Threaded) -> Threaded:
    """Return the gateway with a portal as new."""
    threaded.sandbox.reset()
    return threaded


def client(served: Threaded, persona: str, purpose: str = "service") -> HubSpot:
    """Return the client of *persona*, with models that forgive nothing."""
    token = f"{served.keys[persona]}~{purpose}~hub"
    return HubSpot(access_token=token, base_url=served.url, max_retries=0, _strict_response_validation=True)


@pytest.fixture
def judge(served: Threaded) -> Iterator[HubSpot]:
    """Return the client of somebody who may do everything."""
    with client(served, "judge") as sdk:
        yield sdk


class TestStrict:
    def test_preferences(self, judge: HubSpot) -> None:
        """Preferences are told, changed, told for many and ended."""
        api = judge.communication_preferences
        definitions = {each.name: int(each.id) for each in api.definitions.list().results}
        given = api.update_status(
            VERA,
            channel="EMAIL",
            status_state="SUBSCRIBED",
            subscription_id=definitions["Marketing"],
            legal_basis="CONSENT_WITH_NOTICE",
            legal_basis_explanation="on the phone",
        )
        told = api.get_statuses(VERA, channel="EMAIL")
        many = api.statuses.batch.read(channel="EMAIL", inputs=[VERA, "nobody@example.com"])
        ended = api.unsubscribe_all(VERA, channel="EMAIL", verbose=True)

        assert {"Marketing", "Survey"} == definitions.keys()
        assert ["REQUESTED_CHANGE_OCCURRED"] == [each.set_status_success_reason for each in given.results]
        assert {"SUBSCRIBED"} == {each.status for each in told.results}
        assert [{"SUBSCRIBED"}, {"NOT_SPECIFIED"}] == [{one.status for one in each.statuses} for each in many.results]
        assert {"UNSUBSCRIBED"} == {each.status for each in ended.results}

    def test_tokens(self, judge: HubSpot, served: Threaded) -> None:
        """Tokens are given, refreshed, and tell of themselves."""
        oauth, key = judge.auth.oauth, served.keys["judge"]
        given = oauth.create_token(
            grant_type="authorization_code", client_id="service@hub", client_secret="x", code=key
        )
        again = oauth.create_token(grant_type="refresh_token", client_id="x", refresh_token=given.refresh_token)
        told = oauth.introspect_token(token=again.access_token, client_id="x", client_secret="x")
        with HubSpot(access_token=again.access_token, base_url=served.url, _strict_response_validation=True) as other:
            owners = list(other.crm.owners.list(limit=2))

        assert ("access_token", "user:judge", 5) == (told.token_use, told.user, len(owners))

    def test_portal(self, judge: HubSpot) -> None:
        """Account, schemas, pipelines and labels."""
        assert "STANDARD" == judge.account.get().account_type
        schema = judge.crm.object_schemas.get("contacts")
        assert ("0-1", "firstname") == (schema.object_type_id, schema.primary_display_property)
        assert {"email", "phone", "company"} <= set(schema.searchable_properties)
        assert [] == judge.crm.object_schemas.list().results
        assert [] == judge.crm.pipelines.list("deals").results

    def test_links(self, judge: HubSpot) -> None:
        """Links are made by type and read in batches, with those that have none."""
        associations = judge.crm.associations
        spec = {"association_category": "HUBSPOT_DEFINED", "association_type_id": 279}
        made = associations.update_labels(
            "5002", object_type="contacts", object_id="102", to_object_type="companies", body=[spec]
        )
        read = associations.batch.get("companies", from_object_type="contacts", inputs=[{"id": "102"}, {"id": "103"}])

        assert ("102", []) == (made.from_object_id, made.labels)
        assert [("102", "5002")] == [(each.from_.id, each.to[0].to_object_id) for each in read.results]

    def test_partly(self, served: Threaded) -> None:
        """A batch of which a part may be done is an answer, of which nothing may be done an error."""
        with client(served, "selma") as sdk:
            batch = sdk.crm.objects.contacts.batch
            part = batch.update(inputs=[{"id": "102", "properties": {"lastname": "Y"}}, {"id": "1", "properties": {}}])
            with pytest.raises(hubspot_sdk.BadRequestError):
                batch.update(inputs=[{"id": "102", "properties": {"vip": "true"}}])

        assert ["102"] == [each.id for each in part.results]


class TestPeople:
    def test_agent(self, served: Threaded) -> None:
        """An agent gets no bank account, whichever way it is asked for, and looks up whoever calls."""
        with client(served, "anna") as sdk:
            contacts = sdk.crm.objects.contacts
            one = contacts.get("101", properties=["email", "iban", "phone"])
            found = contacts.search(
                filter_groups=[{"filters": [{"property_name": "email", "operator": "EQ", "value": VERA}]}],
                limit=1,
                properties=["iban", "email"],
                after="0",
                sorts=[],
            )
            with pytest.raises(hubspot_sdk.BadRequestError, match="iban is not a valid property name"):
                contacts.search(
                    filter_groups=[{"filters": [{"property_name": "iban", "operator": "HAS_PROPERTY"}]}],
                    limit=1,
                    properties=[],
                    after="0",
                    sorts=[],
                )

        assert ("guenther.petersen.1@example.org", False) == (one.properties["email"], "iban" in one.properties)
        assert [VERA] == [each.properties["email"] for each in found.results]
        assert all("iban" not in each.properties for each in found.results)

    def test_marketer(self, served: Threaded) -> None:
        """A marketer reaches only whom the law lets her reach."""
        with client(served, "mara", "marketing") as sdk:
            page = sdk.crm.objects.contacts.list(limit=100, properties=["phone", "email", "marketing_consents"])

        for each in page.results:
            consents = each.properties.get("marketing_consents", "").split(";")
            assert ("marketing_phone" in consents) == ("phone" in each.properties)
            assert ("marketing_email" in consents) == ("email" in each.properties)

    def test_other_tenant(self, served: Threaded) -> None:
        """At another client of the contact center numbers stay covered."""
        api = Classic(access_token=f"{served.keys['ben']}~service~hub", host=served.url).crm.contacts.basic_api
        one = api.get_by_id("101", properties=["email", "phone", "vip"])
        with pytest.raises(ApiException) as refused:
            api.archive("101")

        assert {"email": "g•••@•••.org", "phone": "+49 ••• 00"}.items() <= one.properties.items()
        assert "vip" not in one.properties
        assert 403 == refused.value.status
