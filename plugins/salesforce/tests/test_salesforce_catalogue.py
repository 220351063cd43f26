from __future__ import annotations

from collections.abc import Iterator, Mapping

import orjson
import pytest
from pydantic import SecretStr

from policy_gateway.errors import (
    ConfigurationError,
    UpstreamRefused,
)
from policy_gateway.model.field import FieldType, RecordId, Relation
from policy_gateway.query import (
    Query,
)
from policy_gateway.records import ConnectionConfig
from policy_gateway.testing import FaultyTransport
from policy_gateway_salesforce.adapter import SalesforceAdapter, SalesforceKind
from policy_gateway_salesforce.sandbox import Sandbox

pytestmark = pytest.mark.anyio

Row = Mapping[str, object]


def rows(sandbox: Sandbox, name: str = "Contact") -> Iterator[Row]:
    """Return the records of an object as the org holds them."""
    return iter(list(sandbox.org.tables[name].live()))


def first(sandbox: Sandbox, name: str = "Contact", **having: bool) -> Row:
    """Return the first record that has, or has not, values in the given fields."""
    return next(row for row in rows(sandbox, name) if all(bool(row.get(key)) is there for key, there in having.items()))


class TestCatalogue:
    async def test_resources(self, adapter: SalesforceAdapter) -> None:
        """Objects have the gateway's names where it has some, else their own in small letters."""
        catalogue = await adapter.catalogue()

        assert {
            "contact": ("Contact", "contacts", "003"),
            "company": ("Account", "companies", "001"),
            "lead": ("Lead", "leads", "00Q"),
            "opportunity": ("Opportunity", "opportunities", "006"),
            "case": ("Case", "cases", "500"),
            "user": ("User", "users", "005"),
            "individual": ("Individual", "individuals", "0PK"),
            "contact_point_type_consent": ("ContactPointTypeConsent", "contact_point_type_consents", "0ZX"),
        } == {each.name: (each.native, each.plural, each.id_pattern[:3]) for each in catalogue.resources.values()}

    async def test_mapped(self, adapter: SalesforceAdapter) -> None:
        """A mapped field has the vendor's own description beside the gateway's name."""
        fields = (await adapter.catalogue()).resources["contact"].fields

        email, notes, owner, consents = (fields[path] for path in ("email", "notes", "owner", "consents"))
        assert ("Email", "email", 80, True) == (email.label, email.native_type, email.size, email.searchable)
        assert ("textarea", False) == (notes.native_type, notes.searchable)
        assert (("user",), "Owner") == (owner.references, owner.relationship)
        assert "marketing:email" in consents.choices
        assert fields["last_name"].required
        assert not fields["vip"].required

    async def test_native(self, adapter: SalesforceAdapter) -> None:
        """All other fields are native ones, of their types."""
        resources = (await adapter.catalogue()).resources
        fields = resources["contact"].fields

        assert FieldType.PHONE is fields["salesforce.HomePhone"].type
        assert FieldType.BOOLEAN is fields["salesforce.HasOptedOutOfEmail"].type
        assert FieldType.DECIMAL is resources["opportunity"].fields["salesforce.Amount"].type
        assert FieldType.NAME is resources["lead"].fields["salesforce.Name"].type
        assert not fields["salesforce.IsDeleted"].writable
        assert not any(field.writable for field in resources["user"].fields.values())

    async def test_compounds(self, adapter: SalesforceAdapter) -> None:
        """A compound contains its parts; a salutation is said to be a part of a name, and is not in it."""
        resources = (await adapter.catalogue()).resources
        fields = resources["contact"].fields

        assert ("first_name", "last_name") == fields["name"].contains
        assert ("salesforce.FirstName", "salesforce.LastName") == resources["user"].fields["salesforce.Name"].contains
        assert ("city", "country", "postal_code", "salesforce.MailingState", "street") == fields[
            "salesforce.MailingAddress"
        ].contains

    async def test_relations(self, adapter: SalesforceAdapter) -> None:
        """What hangs on a record is known as far as it is offered."""
        resources = (await adapter.catalogue()).resources

        assert (
            Relation("child_accounts", "ChildAccounts", "company", "salesforce.ParentId"),
            Relation("contacts", "Contacts", "contact", "company"),
            Relation("opportunities", "Opportunities", "opportunity", "salesforce.AccountId"),
            Relation("cases", "Cases", "case", "salesforce.AccountId"),
        ) == resources["company"].children
        assert (Relation("cases", "Cases", "case", "salesforce.ContactId"),) == resources["contact"].children

    async def test_address(self, adapter: SalesforceAdapter, sandbox: Sandbox) -> None:
        """An address is the JSON that it is in the org."""
        contact = first(sandbox)
        path = "salesforce.MailingAddress"
        page = await adapter.read(Query("contact", (path,), target=RecordId(str(contact["Id"]))))
        told = orjson.loads(str(page.records[0].values[path]))

        assert contact["MailingCity"] == told["city"]
        assert contact["MailingPostalCode"] == told["postalCode"]

    async def test_hidden_by_the_org(self, transport: FaultyTransport, sandbox: Sandbox) -> None:
        """What the org hides from the user of the connection is not offered, mapped or not."""
        config = ConnectionConfig("acme", "crm", secrets={"token": SecretStr(sandbox.limited_token)})
        fields = (await SalesforceKind().connect(config, transport).catalogue()).resources["contact"].fields

        assert not {"iban", "credit_score", "birthdate", "salesforce.IBAN__c"} & set(fields)

    async def test_fewer_objects(self, transport: FaultyTransport, sandbox: Sandbox) -> None:
        """Objects are named by an option; one that the org does not have is left out, and so is what leads to it."""
        secrets = {"token": SecretStr(sandbox.token)}
        config = ConnectionConfig("acme", "crm", options={"objects": "Contact, Nope__c"}, secrets=secrets)
        resources = (await SalesforceKind().connect(config, transport).catalogue()).resources
        nothing = ConnectionConfig("acme", "crm", options={"objects": "Nope__c"}, secrets=secrets)

        assert ["contact"] == list(resources)
        assert () == resources["contact"].fields["company"].references
        with pytest.raises(UpstreamRefused):
            await SalesforceKind().connect(nothing, transport).catalogue()

    async def test_renamed(self, transport: FaultyTransport, sandbox: Sandbox) -> None:
        """A firm's own names are options of the connection."""
        secrets = {"token": SecretStr(sandbox.token)}
        config = ConnectionConfig("acme", "crm", options={"notes": "Description"}, secrets=secrets)
        fields = (await SalesforceKind().connect(config, transport).catalogue()).resources["contact"].fields

        assert "Description" == fields["notes"].native
        assert {"salesforce.Service_Notes__c"} == {"salesforce.Service_Notes__c", "salesforce.Description"} & set(
            fields
        )

    @pytest.mark.parametrize(
        ("options", "secrets"),
        [
            ({"nope": "x"}, {"token": "t"}),
            ({"iban": "a,b"}, {"token": "t"}),
            ({"iban": "Team__c"}, {"token": "t"}),
            ({"api_version": "../60.0"}, {"token": "t"}),
            ({"token_path": "/../x"}, {"token": "t"}),
            ({}, {}),
            ({}, {"token": "two\r\nlines"}),
            ({}, {"client_secret": "s"}),
            ({"client_id": "c"}, {"private_key": "no key"}),
            ({"client_id": "c", "username": "u"}, {"private_key": "no key"}),
        ],
        ids=repr,
    )
    async def test_configuration(
        self, transport: FaultyTransport, options: dict[str, str], secrets: dict[str, str]
    ) -> None:
        """Options that make no sense, and missing or broken secrets, refuse to start."""
        given = {name: SecretStr(value) for name, value in secrets.items()}
        with pytest.raises(ConfigurationError):
            SalesforceKind().connect(ConnectionConfig("acme", "crm", options=options, secrets=given), transport)
