"""The vendor's newer SDK works on the sandbox, and on the gateway before it, with models that forgive nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import hubspot_sdk
import pytest
from hubspot_sdk import HubSpot

from policy_gateway_hubspot.sandbox import (
    CLIENT_ID,
    CLIENT_SECRET,
    REFRESH_TOKEN,
    Fault,
    FaultKind,
)

if TYPE_CHECKING:
    from plugins.hubspot.tests.conftest import Door

ONLY_DIRECT = pytest.mark.parametrize("door", ["direct"], indirect=True)
"""What the gateway says of its own, or refuses: see the facade's tests."""

ASKED = ["email", "firstname", "mobilephone", "service_notes", "marketing_consents"]


@pytest.fixture
def client(door: Door) -> Iterator[HubSpot]:
    """Return the client, pointed to the sandbox or to the gateway before it."""
    with HubSpot(access_token=door.token, base_url=door.url, _strict_response_validation=True) as client:
        yield client


class TestContacts:
    def test_list(self, client: HubSpot) -> None:
        """Paging brings every contact once, with properties that some do not have."""
        contacts = list(client.crm.objects.contacts.list(limit=100, properties=ASKED))

        assert 1000 == len({each.id for each in contacts}) == len(contacts)
        assert all(each.properties["email"] for each in contacts)

    def test_get(self, client: HubSpot) -> None:
        """A contact has its properties, associations and history."""
        contact = client.crm.objects.contacts.get(
            "101", properties=ASKED, associations=["companies"], properties_with_history=["email"]
        )

        assert contact.associations is not None
        assert contact.properties_with_history is not None
        assert "guenther.petersen.1@example.org" == contact.properties["email"]
        assert ["5001"] == [each.id for each in contact.associations["companies"].results]

    def test_write(self, client: HubSpot) -> None:
        """What is created is updated, archived, and gone."""
        contact = client.crm.objects.contacts.create(associations=[], properties={"email": "ada@example.com"})
        updated = client.crm.objects.contacts.update(contact.id, properties={"firstname": "Augusta"})
        client.crm.objects.contacts.delete(contact.id)
        with pytest.raises(hubspot_sdk.NotFoundError):
            client.crm.objects.contacts.get(contact.id)

        assert "Augusta" == updated.properties["firstname"]

    def test_search(self, client: HubSpot) -> None:
        """Filter groups, sorts and paging."""
        page = client.crm.objects.contacts.search(
            after="0",
            filter_groups=[{"filters": [{"property_name": "account_team", "operator": "EQ", "value": "berlin"}]}],
            limit=10,
            properties=ASKED,
            sorts=["lastmodifieddate"],
        )

        assert 10 == len(page.results) < page.total <= 400

    def test_batches(self, client: HubSpot) -> None:
        """Reading, creating, updating, upserting and archiving in batches."""
        batch = client.crm.objects.contacts.batch
        read = batch.get(inputs=[{"id": "101"}], properties=ASKED, properties_with_history=[])
        created = batch.create(inputs=[{"associations": [], "properties": {"email": "ada@example.com"}}])
        contact = created.results[0].id
        updated = batch.update(inputs=[{"id": contact, "properties": {"firstname": "Ada"}}])
        upserted = batch.upsert(
            inputs=[{"id": "ada@example.com", "id_property": "email", "properties": {"lastname": "King"}}]
        )
        batch.delete(inputs=[{"id": contact}])

        assert ["101"] == [each.id for each in read.results]
        assert [(contact, "Ada")] == [(each.id, each.properties["firstname"]) for each in updated.results]
        assert [(contact, False)] == [(each.id, each.new) for each in upserted.results]

    def test_erasure(self, client: HubSpot, door: Door) -> None:
        """Erasing leaves nothing, not even in the archive."""
        client.crm.objects.contacts.gdpr_delete(object_id="101")

        items = door.sandbox.world.items["contacts"]
        assert "101" not in {*items.live, *items.archived}


@ONLY_DIRECT
class TestPreferences:
    def test_one(self, client: HubSpot) -> None:
        """One person's preferences are read, changed and ended."""
        api, email = client.communication_preferences, "ada@example.com"
        names = {each.name for each in api.definitions.list().results}
        before = api.get_statuses(email, channel="EMAIL")
        changed = api.update_status(
            email,
            channel="EMAIL",
            status_state="SUBSCRIBED",
            subscription_id=301,
            legal_basis="CONSENT_WITH_NOTICE",
            legal_basis_explanation="on the phone",
        )
        api.unsubscribe_all(email, channel="EMAIL", verbose=True)
        silent = api.get_unsubscribe_all_status(email, channel="EMAIL")

        assert "Marketing Information" in names
        assert {"NOT_SPECIFIED"} == {each.status for each in before.results}
        assert [("SUBSCRIBED", "CONSENT_WITH_NOTICE")] == [(each.status, each.legal_basis) for each in changed.results]
        assert ["UNSUBSCRIBED"] == [each.status for each in silent.results]

    def test_many(self, client: HubSpot) -> None:
        """Many people's preferences are changed and read at once."""
        batch, email = client.communication_preferences.statuses.batch, "ada@example.com"
        no: dict[str, object] = {"channel": "EMAIL", "status_state": "UNSUBSCRIBED", "subscription_id": 302}
        written = batch.update_statuses(inputs=[{**no, "subscriber_id_string": email}])
        read = batch.read(channel="EMAIL", inputs=[email])
        batch.unsubscribe_all(channel="EMAIL", inputs=[email])
        silent = batch.get_unsubscribe_all_statuses(channel="EMAIL", inputs=[email])

        assert ["REQUESTED_CHANGE_OCCURRED"] == [each.set_status_success_reason for each in written.results]
        assert [3] == [len(each.statuses) for each in read.results]
        assert ["UNSUBSCRIBED"] == [each.wide_statuses[0].status for each in silent.results]


class TestTokens:
    @ONLY_DIRECT
    def test_refreshed(self, client: HubSpot, door: Door) -> None:
        """A refresh token gives a token that works, tells of itself and is revoked."""
        app = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        given = client.auth.oauth.create_token(grant_type="refresh_token", refresh_token=REFRESH_TOKEN, **app)
        told = client.auth.oauth.introspect_token(token=given.access_token, **app)
        with HubSpot(access_token=given.access_token, base_url=door.url, _strict_response_validation=True) as refreshed:
            owners = list(refreshed.crm.owners.list())
            client.auth.oauth.revoke_token(token=given.access_token, **app)
            with pytest.raises(hubspot_sdk.AuthenticationError):
                refreshed.account.get()

        assert 5 == len(owners)
        assert "crm.objects.contacts.read" in told.scopes

    def test_own(self, client: HubSpot, door: Door) -> None:
        """An app gets a token for itself."""
        name, secret = door.app
        given = client.auth.oauth.create_token(grant_type="client_credentials", client_id=name, client_secret=secret)
        with HubSpot(access_token=given.access_token, base_url=door.url, _strict_response_validation=True) as own:
            contact = own.crm.objects.contacts.get("101")

        assert ("client_credentials", "101") == (given.token_use, contact.id)


class TestPortal:
    def test_companies(self, client: HubSpot) -> None:
        """Companies page, too."""
        assert 100 == len(list(client.crm.objects.companies.list(limit=100)))

    def test_properties(self, client: HubSpot) -> None:
        """Definitions come all together and one by one."""
        names = {each.name for each in client.crm.properties.list("contacts").results}
        one = client.crm.properties.get("marketing_consents", object_type="contacts")

        assert {"email", "iban", "marketing_consents"} <= names
        assert ("enumeration", "checkbox") == (one.type, one.field_type)

    def test_owners(self, client: HubSpot) -> None:
        """Owners have a team."""
        owners = list(client.crm.owners.list(limit=2))

        assert 5 == len(owners)
        assert ["berlin"] == [each.name for each in owners[0].teams or []]

    def test_associations(self, client: HubSpot) -> None:
        """Associations are made, listed and taken away."""
        contact = client.crm.objects.contacts.create(associations=[], properties={"email": "ada@example.com"}).id
        associations = client.crm.associations
        associations.create("5002", from_object_type="contacts", from_object_id=contact, to_object_type="companies")
        linked = list(associations.list("companies", object_type="contacts", object_id=contact))
        associations.delete("5002", object_type="contacts", object_id=contact, to_object_type="companies")
        left = list(associations.list("companies", object_type="contacts", object_id=contact))

        assert ["5002"] == [each.to_object_id for each in linked]
        assert [] == left

    @ONLY_DIRECT
    def test_labels(self, client: HubSpot) -> None:
        """Associations are labeled one by one and in batches, and read in batches."""
        associations = client.crm.associations
        spec = {"association_category": "USER_DEFINED", "association_type_id": 41}
        one = associations.update_labels(
            "5002", object_type="contacts", object_id="102", to_object_type="companies", body=[spec]
        )
        many = associations.batch.create(
            "companies",
            from_object_type="contacts",
            inputs=[{"from": {"id": "103"}, "to": {"id": "5003"}, "types": [spec]}],
        )
        read = associations.batch.get("companies", from_object_type="contacts", inputs=[{"id": "102"}, {"id": "103"}])
        associations.batch.delete(
            "companies", from_object_type="contacts", inputs=[{"from": {"id": "103"}, "to": [{"id": "5003"}]}]
        )
        left = list(associations.list("companies", object_type="contacts", object_id="103"))

        assert ["Decision maker"] == one.labels == many.results[0].labels
        assert [("102", "5002"), ("103", "5003")] == [(each.from_.id, each.to[0].to_object_id) for each in read.results]
        assert [] == left

    @ONLY_DIRECT
    def test_account(self, client: HubSpot) -> None:
        """The account, its use, its schemas and its pipelines."""
        assert "EUR" == client.account.get().company_currency
        assert ["SUCCESS"] == [each.fetch_status for each in client.account.get_daily_private_apps_usage().results]
        assert "0-1" == client.crm.object_schemas.get("contacts").object_type_id
        assert [] == client.crm.object_schemas.list().results
        assert ["default"] == [each.id for each in client.crm.pipelines.list("deals").results]

    def test_storm(self, client: HubSpot, door: Door) -> None:
        """The SDK waits out a storm of 429."""
        door.sandbox.faults.arm(Fault(FaultKind.RATE_LIMIT, times=2, path="/objects/", seconds=0))

        assert "101" == client.crm.objects.contacts.get("101", properties=["email"]).id
        assert 3 == sum("/objects/" in each.path for each in door.sandbox.requests)
