"""What an org offers: the mapped fields, and as ``salesforce.<Name>`` every other field that it describes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from policy_gateway.model.field import ID_PATH, Catalogue, Field, FieldType, IdentifierKind, Resource
from policy_gateway_salesforce.ids import pattern
from policy_gateway_salesforce.options import SalesforceOptions

ADAPTER: Final = "salesforce"
NATIVE_PREFIX: Final = f"{ADAPTER}."
ID: Final = "Id"
CONSENTS: Final = "consents"

_NAMES: Final = MappingProxyType({"Contact": "contact", "Account": "company"})
_WORDS: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_VOWELS: Final = frozenset("aeiou")
_OWNER: Final = ("user", "Owner")


@dataclass(frozen=True, slots=True)
class Org:
    """What is known of an org: its *resources*, and whether that is all that the org itself has *described*.

    *shared* names the references, as (resource, path), that also lead to objects which are not offered.
    """

    resources: Mapping[str, Resource]
    described: bool = False
    shared: frozenset[tuple[str, str]] = field(default_factory=frozenset)

    def catalogue(self) -> Catalogue:
        """Return the resources as a catalogue."""
        return Catalogue(ADAPTER, self.resources)


def resource_name(native: str) -> str:
    """Return what the gateway calls an object: its own words where it has some, else the object's in small letters."""
    return _NAMES.get(native) or snake(native)


def snake(native: str) -> str:
    """Return ``ContactPointTypeConsent`` as ``contact_point_type_consent``."""
    return _WORDS.sub("_", native).lower()


def plural(name: str) -> str:
    """Return what URLs call the resource *name*."""
    if name.endswith("y") and name[-2:-1] not in _VOWELS:
        return f"{name[:-1]}ies"
    return f"{name}s"


def consent_of(option: str) -> str:
    """Return an org's option ``marketing_email`` in the words of the gateway: ``marketing:email``."""
    purpose, _, channel = option.rpartition("_")
    return f"{purpose}:{channel}" if purpose else option


def option_of(consent: str) -> str:
    """Return ``marketing:email`` as the org's option ``marketing_email``."""
    return consent.replace(":", "_", 1)


def known(options: SalesforceOptions) -> Org:
    """Return what is known before an org is asked: the mapped fields."""
    offered = {
        "contact": Resource("contact", "contacts", _by_path(_contact(options)), pattern("003"), "Contact"),
        "company": Resource("company", "companies", _by_path(_COMPANY), pattern("001"), "Account"),
    }
    return Org({name: resource for name, resource in offered.items() if resource.native in options.objects})


def _by_path(fields: tuple[Field, ...]) -> Mapping[str, Field]:
    return {each.path: each for each in fields}


def _field(path: str, native: str, kind: FieldType = FieldType.TEXT, category: str = "business") -> Field:
    return Field(path, kind, native, label=path.replace("_", " ").capitalize(), category=category)


def _kept(path: str, native: str, kind: FieldType, category: str) -> Field:
    return replace(_field(path, native, kind, category), writable=False)


def _identifier(path: str, native: str, kind: FieldType, identifier: IdentifierKind) -> Field:
    return replace(_field(path, native, kind, "contact_data"), identifier=identifier)


def _reference(path: str, native: str, category: str, target: tuple[str, str]) -> Field:
    name, relationship = target
    made = _field(path, native, FieldType.REFERENCE, category)
    return replace(made, references=(name,), relationship=relationship)


def _address(prefix: str) -> tuple[Field, ...]:
    return (
        _field("street", f"{prefix}Street", category="address"),
        _field("city", f"{prefix}City", category="address"),
        _field("postal_code", f"{prefix}PostalCode", category="address"),
        _field("country", f"{prefix}Country", category="address"),
    )


_COMPANY: Final = (
    _kept(ID_PATH, ID, FieldType.TEXT, "record_key"),
    _field("name", "Name"),
    _field("domain", "Website"),
    _field("phone", "Phone", FieldType.PHONE),
    *_address("Billing"),
    _field("industry", "Industry", FieldType.CHOICE),
    _reference("owner", "OwnerId", "processing", _OWNER),
    _kept("created_at", "CreatedDate", FieldType.DATETIME, "processing"),
    _kept("updated_at", "LastModifiedDate", FieldType.DATETIME, "processing"),
)


def _contact(options: SalesforceOptions) -> tuple[Field, ...]:
    return (
        _kept(ID_PATH, ID, FieldType.TEXT, "record_key"),
        _field("first_name", "FirstName", category="identity"),
        _field("last_name", "LastName", category="identity"),
        replace(_kept("name", "Name", FieldType.NAME, "identity"), contains=("first_name", "last_name")),
        _identifier("email", "Email", FieldType.EMAIL, IdentifierKind.EMAIL),
        _identifier("phone", "Phone", FieldType.PHONE, IdentifierKind.PHONE),
        _identifier("mobile", "MobilePhone", FieldType.PHONE, IdentifierKind.PHONE),
        *_address("Mailing"),
        _field("birthdate", "Birthdate", FieldType.DATE, "identity"),
        replace(_field("iban", options.iban, category="financial"), label="IBAN"),
        _field("notes", options.notes, category="free_text"),
        _field("language", options.language, FieldType.CHOICE, "identity"),
        _reference("company", "AccountId", "business", ("company", "Account")),
        _reference("owner", "OwnerId", "processing", _OWNER),
        _field("team", options.team, category="processing"),
        _field("lead_source", "LeadSource", FieldType.CHOICE, "processing"),
        _field("customer_number", options.customer_number, category="record_key"),
        _field(CONSENTS, options.consents, FieldType.TEXTS, "processing"),
        _field("do_not_call", "DoNotCall", FieldType.BOOLEAN, "processing"),
        replace(_field("vip", options.vip, FieldType.BOOLEAN, "processing"), label="VIP"),
        _field("credit_score", options.credit_score, FieldType.INTEGER, "financial"),
        _kept("created_at", "CreatedDate", FieldType.DATETIME, "processing"),
        _kept("updated_at", "LastModifiedDate", FieldType.DATETIME, "processing"),
    )
