"""The vendor's Python client works unmodified on the sandbox, and on the gateway before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hubspot import HubSpot
from hubspot.communication_preferences import PublicUpdateSubscriptionStatusRequest
from hubspot.crm.associations.v4 import AssociationSpec
from hubspot.crm.contacts import (
    BatchInputSimplePublicObjectBatchInput,
    BatchInputSimplePublicObjectBatchInputUpsert,
    BatchInputSimplePublicObjectId,
    BatchReadInputSimplePublicObjectId,
    Filter,
    FilterGroup,
    PublicGdprDeleteInput,
    PublicObjectSearchRequest,
    SimplePublicObjectBatchInput,
    SimplePublicObjectBatchInputUpsert,
    SimplePublicObjectId,
    SimplePublicObjectInput,
    SimplePublicObjectInputForCreate,
)
from hubspot.crm.contacts.exceptions import ApiException
from hubspot.crm.properties import BatchReadInputPropertyName, PropertyName
from hubspot.utils.objects import fetch_all
from urllib3.util.retry import Retry

from policy_gateway_hubspot.sandbox import (
    CLIENT_ID,
    CLIENT_SECRET,
    REFRESH_TOKEN,
    TOKEN,
    Fault,
    FaultKind,
)

if TYPE_CHECKING:
    from plugins.hubspot.tests.conftest import Door

ONLY_DIRECT = pytest.mark.parametrize("door", ["direct"], indirect=True)
"""What the gateway says of its own, or refuses: see the facade's tests."""

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:hubspot", "ignore::ResourceWarning")


@pytest.fixture
def client(door: Door) -> HubSpot:
    """Return the client, pointed to the sandbox or to the gateway before it."""
    return HubSpot(access_token=door.token, host=door.url)


def created(client: HubSpot, email: str) -> str:
    """Create a contact and return its id."""
    contact = SimplePublicObjectInputForCreate(associations=[], properties={"email": email, "firstname": "Ada"})
    return str(client.crm.contacts.basic_api.create(contact).id)


class TestContacts:
    def test_list(self, client: HubSpot) -> None:
        """A page has the asked properties and associations."""
        page = client.crm.contacts.basic_api.get_page(
            limit=1, properties=["email", "firstname"], associations=["companies"], archived=False
        )

        assert ["101"] == [each.id for each in page.results]
        assert "guenther.petersen.1@example.org" == page.results[0].properties["email"]
        assert ["5001"] == [each.id for each in page.results[0].associations["companies"].results]
        assert page.paging.next.after

    def test_get_all(self, client: HubSpot) -> None:
        """Paging brings every contact once."""
        contacts = client.crm.contacts.get_all()

        assert 1000 == len({each.id for each in contacts}) == len(contacts)

    def test_fetch_all_companies(self, client: HubSpot) -> None:
        """Companies page, too."""
        assert 100 == len(fetch_all(client.crm.companies.basic_api))

    def test_get(self, client: HubSpot) -> None:
        """A contact is got by id and by e-mail address."""
        by_id = client.crm.contacts.basic_api.get_by_id("102", properties=["email"])
        by_email = client.crm.contacts.basic_api.get_by_id(by_id.properties["email"], id_property="email")

        assert "102" == by_id.id == by_email.id

    @ONLY_DIRECT
    def test_history(self, client: HubSpot) -> None:
        """A contact has its history."""
        by_id = client.crm.contacts.basic_api.get_by_id("102", properties=["email"])
        past = client.crm.contacts.basic_api.get_by_id("102", properties_with_history=["email"])

        assert [by_id.properties["email"]] == [each.value for each in past.properties_with_history["email"]]

    def test_write(self, client: HubSpot) -> None:
        """What is created is updated, archived, and gone."""
        contact = created(client, "ada@example.com")
        client.crm.contacts.basic_api.update(contact, SimplePublicObjectInput(properties={"firstname": "Augusta"}))
        told = client.crm.contacts.basic_api.get_by_id(contact, properties=["firstname", "email"])
        client.crm.contacts.basic_api.archive(contact)
        with pytest.raises(ApiException) as gone:
            client.crm.contacts.basic_api.get_by_id(contact)

        assert ("Augusta", "ada@example.com") == (told.properties["firstname"], told.properties["email"])
        assert 404 == gone.value.status

    def test_search(self, client: HubSpot) -> None:
        """Filter groups, sorts and paging."""
        request = PublicObjectSearchRequest(
            filter_groups=[FilterGroup(filters=[Filter(property_name="vip", operator="EQ", value="true")])],
            sorts=["-createdate"],
            properties=["vip", "createdate"],
            limit=5,
            after="0",
        )
        page = client.crm.contacts.search_api.do_search(request)
        dates = [each.properties["createdate"] for each in page.results]

        assert ["true"] * 5 == [each.properties["vip"] for each in page.results]
        assert sorted(dates, reverse=True) == dates
        assert page.paging.next.after

    def test_full_text(self, client: HubSpot) -> None:
        """A query looks into the default properties."""
        page = client.crm.contacts.search_api.do_search(PublicObjectSearchRequest(query="petersen", limit=1))

        assert page.total > 1


class TestBatches:
    def test_read(self, client: HubSpot) -> None:
        """A batch gives the records that exist."""
        asked = BatchReadInputSimplePublicObjectId(
            inputs=[SimplePublicObjectId("101"), SimplePublicObjectId("102")],
            properties=["email"],
            properties_with_history=[],
        )
        batch = client.crm.contacts.batch_api.read(asked)

        assert ["101", "102"] == [each.id for each in batch.results]

    def test_missing(self, client: HubSpot) -> None:
        """A record that does not exist is told beside those that do."""
        asked = BatchReadInputSimplePublicObjectId(
            inputs=[SimplePublicObjectId("101"), SimplePublicObjectId("1")], properties=[], properties_with_history=[]
        )
        batch = client.crm.contacts.batch_api.read(asked)

        assert (["101"], 1) == ([each.id for each in batch.results], batch.num_errors)

    def test_write(self, client: HubSpot) -> None:
        """Update, upsert and archive in batches."""
        contact = created(client, "ada@example.com")
        update = SimplePublicObjectBatchInput(id=contact, properties={"firstname": "Augusta"})
        client.crm.contacts.batch_api.update(BatchInputSimplePublicObjectBatchInput(inputs=[update]))
        upserts = [
            SimplePublicObjectBatchInputUpsert(id=email, id_property="email", properties={"lastname": "King"})
            for email in ("ada@example.com", "byron@example.com")
        ]
        upserted = client.crm.contacts.batch_api.upsert(BatchInputSimplePublicObjectBatchInputUpsert(inputs=upserts))
        client.crm.contacts.batch_api.archive(
            BatchInputSimplePublicObjectId(inputs=[SimplePublicObjectId(each.id) for each in upserted.results])
        )

        assert [False, True] == [each.new for each in upserted.results]
        assert contact == upserted.results[0].id
        assert 1000 == len(client.crm.contacts.get_all())


class TestPortal:
    def test_properties(self, client: HubSpot) -> None:
        """Definitions come all together, one by one, and in batches."""
        names = [each.name for each in client.crm.properties.core_api.get_all("contacts").results]
        one = client.crm.properties.core_api.get_by_name("contacts", "marketing_consents")
        batch = client.crm.properties.batch_api.read(
            "contacts", BatchReadInputPropertyName(archived=False, inputs=[PropertyName("email")])
        )

        assert {"email", "iban", "marketing_consents"} <= set(names)
        assert ("checkbox", "marketing_email") == (one.field_type, one.options[0].value)
        assert ["email"] == [each.name for each in batch.results]

    def test_owners(self, client: HubSpot) -> None:
        """Owners have a team."""
        page = client.crm.owners.owners_api.get_page(limit=1)
        owner = client.crm.owners.owners_api.get_by_id(7003)

        assert ["anna@example.com"] == [each.email for each in page.results]
        assert ["hamburg"] == [each.name for each in owner.teams]

    @ONLY_DIRECT
    def test_associations(self, client: HubSpot) -> None:
        """Associations are made, listed, labeled and taken away."""
        api = client.crm.associations.v4.basic_api
        contact = created(client, "ada@example.com")
        api.create_default("contacts", contact, "companies", "5002")
        spec = AssociationSpec(association_category="HUBSPOT_DEFINED", association_type_id=279)
        api.create("contacts", contact, "companies", "5003", [spec])
        linked = api.get_page("contacts", contact, "companies", limit=500)
        api.archive("contacts", contact, "companies", "5002")
        left = api.get_page("contacts", contact, "companies")
        labels = client.crm.associations.v4.schema.definitions_api.get_all("contacts", "companies")

        assert ["5002", "5003"] == [str(each.to_object_id) for each in linked.results]
        assert ["5003"] == [str(each.to_object_id) for each in left.results]
        assert {1, 41, 279} == {each.type_id for each in labels.results}

    @ONLY_DIRECT
    def test_schemas_and_pipelines(self, client: HubSpot) -> None:
        """There are no custom objects, and a pipeline of deals."""
        assert [] == client.crm.schemas.core_api.get_all().results
        assert ["default"] == [each.id for each in client.crm.pipelines.pipelines_api.get_all("deals").results]

    @ONLY_DIRECT
    def test_token(self, client: HubSpot, door: Door) -> None:
        """A token tells its scopes, and a refresh token gives another."""
        given = client.oauth.tokens_api.create(
            grant_type="refresh_token",
            redirect_uri="http://localhost/back",
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
            refresh_token=REFRESH_TOKEN,
        )
        page = HubSpot(access_token=given.access_token, host=door.url).crm.contacts.basic_api.get_page(limit=1)

        assert "crm.objects.contacts.read" in client.oauth.access_tokens_api.get(TOKEN).scopes
        assert ["101"] == [each.id for each in page.results]

    @ONLY_DIRECT
    def test_preferences(self, client: HubSpot) -> None:
        """Preferences are listed, read and changed."""
        api, email = client.communication_preferences, "ada@example.com"
        change = PublicUpdateSubscriptionStatusRequest(
            email_address=email,
            subscription_id="301",
            legal_basis="CONSENT_WITH_NOTICE",
            legal_basis_explanation="on the phone",
        )
        definitions = api.definition_api.get_page().subscription_definitions
        subscribed = api.status_api.subscribe(change)
        unsubscribed = api.status_api.unsubscribe(change)
        told = api.status_api.get_email_status(email)

        assert {"301", "302", "303"} == {each.id for each in definitions}
        assert ("SUBSCRIBED", "NOT_SUBSCRIBED") == (subscribed.status, unsubscribed.status)
        assert {"NOT_SUBSCRIBED"} == {each.status for each in told.subscription_statuses}

    def test_erasure(self, client: HubSpot, door: Door) -> None:
        """Erasing leaves nothing, not even in the archive."""
        client.crm.contacts.basic_api.purge(PublicGdprDeleteInput(object_id="101"))

        items = door.sandbox.world.items["contacts"]
        assert "101" not in {*items.live, *items.archived}


class TestRefusals:
    def test_no_token(self, door: Door) -> None:
        """A wrong token is a 401."""
        with pytest.raises(ApiException) as refused:
            HubSpot(access_token="wrong", host=door.url).crm.contacts.basic_api.get_page(limit=1)

        assert 401 == refused.value.status

    def test_doubled(self, client: HubSpot, door: Door) -> None:
        """A second contact with the same e-mail address is a 409; only HubSpot itself says whose it is."""
        with pytest.raises(ApiException) as refused:
            created(client, "guenther.petersen.1@example.org")

        direct = door.token == TOKEN
        assert (409, direct) == (refused.value.status, "101" in refused.value.body)

    def test_unknown_property(self, client: HubSpot) -> None:
        """Writing an unknown property is a 400 that names it."""
        with pytest.raises(ApiException) as refused:
            client.crm.contacts.basic_api.update("101", SimplePublicObjectInput(properties={"nope": "x"}))

        assert (400, True) == (refused.value.status, "PROPERTY_DOESNT_EXIST" in refused.value.body)

    def test_retries(self, door: Door) -> None:
        """A client that retries gets through a storm of 429."""
        door.sandbox.faults.arm(Fault(FaultKind.RATE_LIMIT, times=2, path="/objects/", seconds=0))
        retry = Retry(total=3, status_forcelist=(429,), backoff_factor=0)
        page = HubSpot(access_token=door.token, host=door.url, retry=retry).crm.contacts.basic_api.get_page(limit=1)

        asked = sum("/objects/" in each.path for each in door.sandbox.requests)
        assert (1, 3) == (len(page.results), asked)
