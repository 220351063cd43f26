"""The vendor's newer SDK works on the sandbox with models that forgive nothing."""

from __future__ import annotations

from collections.abc import Iterator

import hubspot_sdk
import pytest
from hubspot_sdk import HubSpot

from policy_gateway_hubspot.sandbox import TOKEN, Fault, FaultKind, Sandbox

ASKED = ["email", "firstname", "mobilephone", "service_notes", "marketing_consents"]


@pytest.fixture
def client(url: str) -> Iterator[HubSpot]:
    """Return the client, pointed to the sandbox."""
    with HubSpot(access_token=TOKEN, base_url=url, _strict_response_validation=True) as client:
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

        assert (400, 10) == (page.total, len(page.results))

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

    def test_erasure(self, client: HubSpot, sandbox: Sandbox) -> None:
        """Erasing leaves nothing, not even in the archive."""
        client.crm.objects.contacts.gdpr_delete(object_id="101")

        items = sandbox.world.items["contacts"]
        assert "101" not in {*items.live, *items.archived}


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

    def test_account(self, client: HubSpot) -> None:
        """The account, its schemas and its pipelines."""
        assert "EUR" == client.account.get().company_currency
        assert [] == client.crm.object_schemas.list().results
        assert ["default"] == [each.id for each in client.crm.pipelines.list("deals").results]

    def test_storm(self, client: HubSpot, sandbox: Sandbox) -> None:
        """The SDK waits out a storm of 429."""
        sandbox.faults.arm(Fault(FaultKind.RATE_LIMIT, times=2, seconds=0))

        assert "101" == client.crm.objects.contacts.get("101", properties=["email"]).id
        assert 3 == len(sandbox.requests)
