from __future__ import annotations

from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policy_gateway.errors import UpstreamInvalid
from policy_gateway.model.field import FieldType, Resource
from policy_gateway_salesforce.catalogue import known, plural, resource_name
from policy_gateway_salesforce.describing import described, org
from policy_gateway_salesforce.options import SalesforceOptions

MAPPED: Final = known(SalesforceOptions()).resources
ID: Final = {"name": "Id", "type": "id", "filterable": True}


def field(name: str, kind: str = "string", **more: object) -> dict[str, object]:
    """Return what an org says of a field that anybody may look into and change."""
    return {"name": name, "type": kind, "label": name, "filterable": True, "updateable": True, **more}


def formula(name: str, text: str | None) -> dict[str, object]:
    """Return what an org says of a formula."""
    return field(name, calculated=True, calculatedFormula=text, updateable=False)


def contact(*fields: dict[str, object], **more: object) -> Resource:
    """Return the resource of a contact with these fields."""
    told = {"name": "Contact", "keyPrefix": "003", "fields": [ID, *fields], **more}
    return org([described(told)], MAPPED).resources["contact"]


class TestParts:
    @pytest.mark.parametrize(
        ("text", "parts"),
        [
            ("email & 'x'", ("email",)),
            ("IF(ISBLANK(IBAN__c), LEFT(LASTNAME, 1), IBAN__c)", ("iban", "last_name")),
            ("Account.Owner.Email", ("company",)),
            ("Account.Name & FirstName", ("company", "first_name")),
            ("Other__r.Name", ("salesforce.Other__c",)),
            ("1 + 1", ()),
            ("", ()),
            (None, ()),
        ],
        ids=repr,
    )
    def test_formula(self, text: str | None, parts: tuple[str, ...]) -> None:
        """A formula contains every field that its text names; of a path through a reference, the reference."""
        resource = contact(
            field("Email", "email"),
            field("IBAN__c"),
            field("FirstName"),
            field("LastName"),
            field("AccountId", "reference", referenceTo=["Account"], relationshipName="Account"),
            field("Other__c", "reference", referenceTo=["Other__c"], relationshipName="Other__r"),
            formula("Sum__c", text),
        )

        assert parts == resource.fields["salesforce.Sum__c"].contains
        assert not resource.fields["salesforce.Sum__c"].writable

    def test_formulas_of_formulas(self) -> None:
        """What a formula contains, the formulas that name it contain, too, even if they name each other."""
        resource = contact(
            field("IBAN__c"), formula("A__c", "B__c"), formula("B__c", "C__c & A__c"), formula("C__c", "IBAN__c")
        )

        assert ("iban", "salesforce.B__c", "salesforce.C__c") == resource.fields["salesforce.A__c"].contains
        assert ("iban", "salesforce.A__c", "salesforce.C__c") == resource.fields["salesforce.B__c"].contains

    def test_of_compounds(self) -> None:
        """A formula that names a compound contains its parts."""
        resource = contact(
            field("FirstName", compoundFieldName="Name"),
            field("LastName", compoundFieldName="Name"),
            field("Name", updateable=False),
            formula("Greeting__c", "'Dear ' & Name"),
        )

        assert ("first_name", "last_name", "name") == resource.fields["salesforce.Greeting__c"].contains

    def test_names(self) -> None:
        """A name contains whatever the org puts into names, so that nobody sees a part in it that is hidden."""
        resource = contact(
            field("FirstName", compoundFieldName="Name"),
            field("MiddleName", compoundFieldName="Name"),
            field("LastName", compoundFieldName="Name"),
            field("Salutation", "picklist", compoundFieldName="Name"),
            field("Name", compoundFieldName="Name", updateable=False),
        )

        assert ("first_name", "last_name", "salesforce.MiddleName") == resource.fields["name"].contains

    def test_untold(self) -> None:
        """A name contains the first and the last name, even if the org does not say so."""
        resource = contact(field("FirstName"), field("LastName"), field("Name"))

        assert ("first_name", "last_name") == resource.fields["name"].contains


class TestFields:
    @pytest.mark.parametrize(
        ("kind", "type_"),
        [
            ("string", FieldType.TEXT),
            ("url", FieldType.TEXT),
            ("combobox", FieldType.TEXT),
            ("encryptedstring", FieldType.TEXT),
            ("some_day", FieldType.TEXT),
            ("email", FieldType.EMAIL),
            ("phone", FieldType.PHONE),
            ("picklist", FieldType.CHOICE),
            ("multipicklist", FieldType.TEXTS),
            ("reference", FieldType.REFERENCE),
            ("boolean", FieldType.BOOLEAN),
            ("int", FieldType.INTEGER),
            ("long", FieldType.INTEGER),
            ("double", FieldType.DECIMAL),
            ("currency", FieldType.DECIMAL),
            ("percent", FieldType.DECIMAL),
            ("date", FieldType.DATE),
            ("datetime", FieldType.DATETIME),
        ],
    )
    def test_types(self, kind: str, type_: FieldType) -> None:
        """Each of the vendor's types is one of ours, and an unknown one is text; its own name is kept."""
        found = contact(field("X__c", kind)).fields["salesforce.X__c"]

        assert (type_, kind) == (found.type, found.native_type)

    @pytest.mark.parametrize("kind", ["base64", "complexvalue", "json"])
    def test_unreadable(self, kind: str) -> None:
        """What no query can read is not offered."""
        assert ["id"] == list(contact(field("X__c", kind)).fields)

    def test_hidden(self) -> None:
        """What the vendor has given up is not offered."""
        assert ["id"] == list(contact(field("X__c", deprecatedAndHidden=True)).fields)

    @pytest.mark.parametrize("kind", ["address", "location"])
    def test_compounds_are_not_searched(self, kind: str) -> None:
        """A compound that the org calls filterable cannot be compared with a value."""
        assert not contact(field("X__c", kind)).fields["salesforce.X__c"].searchable

    def test_choices(self) -> None:
        """A choice offers what is active; consents are in the words of the gateway."""
        values = [{"value": "marketing_email", "active": True}, {"value": "old", "active": False}, {"x": 1}, 7]
        fields = contact(
            field("X__c", "picklist", picklistValues=values),
            field("Consents__c", "multipicklist", picklistValues=values),
        ).fields

        assert ("marketing_email",) == fields["salesforce.X__c"].choices
        assert ("marketing:email",) == fields["consents"].choices

    def test_required(self) -> None:
        """Required is what a new record must bring: not what has a default, and no checkbox."""
        must = {"createable": True, "nillable": False}
        fields = contact(
            field("LastName", **must),
            field("OwnerId", "reference", defaultedOnCreate=True, **must),
            field("VIP__c", "boolean", **must),
        ).fields

        assert [True, False, False] == [fields[path].required for path in ("last_name", "owner", "vip")]

    def test_prefix(self) -> None:
        """Ids begin with what the org says; where it does not say, any id may be one."""
        assert "003" == contact().id_pattern[:3]
        assert contact(keyPrefix=None).id_pattern == contact(keyPrefix="0.*").id_pattern == "[A-Za-z0-9]{15}[A-Z0-5]{3}"

    @pytest.mark.parametrize(
        ("native", "name", "several"),
        [
            ("Contact", "contact", "contacts"),
            ("Account", "company", "companies"),
            ("ContactPointTypeConsent", "contact_point_type_consent", "contact_point_type_consents"),
            ("HTTPThing__c", "http_thing__c", "http_thing__cs"),
            ("Category", "category", "categories"),
            ("Survey", "survey", "surveys"),
        ],
    )
    def test_names(self, native: str, name: str, several: str) -> None:
        """Objects are called by their own names in small letters, and URLs have their plurals."""
        assert (name, several) == (resource_name(native), plural(name))


class TestBadAnswers:
    @pytest.mark.parametrize(
        "answer",
        [
            None,
            [],
            {},
            {"name": "Contact"},
            {"name": "Contact", "fields": {}},
            {"name": "../Contact", "fields": []},
            {"name": "Contact", "fields": ["Id"]},
            {"name": "Contact", "fields": [{"name": "Id"}]},
        ],
        ids=repr,
    )
    def test_refused(self, answer: object) -> None:
        """What is no description of an object is refused."""
        with pytest.raises(UpstreamInvalid):
            described(answer)

    def test_no_id(self) -> None:
        """An object without an id is none."""
        with pytest.raises(UpstreamInvalid):
            org([described({"name": "Contact", "fields": [field("Name")]})], MAPPED)

    @pytest.mark.parametrize("name", ["a b", "Id FROM Contact", "Name,IBAN__c", "Ünit__c", "x" * 200, "1st", ""])
    def test_odd_names(self, name: str) -> None:
        """A field whose name is no name is never asked for."""
        assert ["id"] == list(contact(field(name)).fields)

    @settings(max_examples=200, deadline=None)
    @given(
        answer=st.recursive(
            st.none() | st.booleans() | st.integers() | st.sampled_from(["Id", "Contact", "id", "reference", "003"]),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.fixed_dictionaries(
                    {"name": inner, "type": inner}, optional={"fields": inner, "referenceTo": inner}
                )
                | st.fixed_dictionaries({"name": st.just("Contact"), "fields": st.lists(inner, max_size=3)})
            ),
            max_leaves=12,
        )
    )
    def test_any_answer(self, answer: object) -> None:
        """Whatever is answered describes an object, or is refused."""
        try:
            resources = org([described(answer)], MAPPED).resources
        except UpstreamInvalid:
            return

        assert all("id" in resource.fields for resource in resources.values())
