"""What a HubSpot portal offers: the mapped fields, and as ``hubspot.<name>`` every other property it describes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from pydantic import BaseModel, ConfigDict
from pydantic import Field as Option

from policy_gateway.errors import UpstreamInvalid
from policy_gateway.model.field import ID_PATH, Catalogue, Field, FieldType, IdentifierKind, Relation, Resource

ADAPTER: Final = "hubspot"
NATIVE_PREFIX: Final = f"{ADAPTER}."
OBJECT_ID: Final = "hs_object_id"
FULL_NAME: Final = "firstname+lastname"
"""The native name of the compound ``name``: no property, but the two that it is made of."""

_PROPERTY: Final = r"^[a-z][a-z0-9_]{0,99}$"
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_WORD: Final = re.compile(r"[a-z_][a-z0-9_]*")

SEARCHABLE_NUMBERS: Final = MappingProxyType(
    {"phone": "hs_searchable_calculated_phone_number", "mobilephone": "hs_searchable_calculated_mobile_number"}
)
"""HubSpot's own normal forms of telephone numbers: the national digits, however a number was written."""

_DERIVED: Final = MappingProxyType(
    {
        "hs_searchable_calculated_phone_number": ("phone",),
        "hs_searchable_calculated_mobile_number": ("mobile",),
        "hs_searchable_calculated_international_phone_number": ("phone",),
        "hs_searchable_calculated_international_mobile_number": ("mobile",),
        "hs_calculated_phone_number": ("phone",),
        "hs_calculated_mobile_number": ("mobile",),
        "hs_calculated_phone_number_area_code": ("phone",),
        "hs_email_domain": ("email",),
        "hs_full_name_or_email": ("first_name", "last_name", "email"),
        "hs_additional_emails": ("email",),
    }
)
"""Calculated properties whose formula HubSpot does not tell, and what is known to be in them."""


_SEARCHED: Final = MappingProxyType(
    {
        "contact": frozenset(
            {
                *("firstname", "lastname", "email", "hs_additional_emails", "phone", "mobilephone", "fax", "company"),
                *("hs_marketable_until_renewal", "hs_object_id"),
            }
        ),
        "company": frozenset({"name", "domain", "website", "phone"}),
    }
)
"""What HubSpot's full-text search looks into, by its documentation."""


class HubSpotOptions(BaseModel):
    """How a firm's portal calls what is not HubSpot's own; *region* is where numbers without a country code belong."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    region: str = Option(default="DE", pattern=r"^[A-Z]{2}$")
    birthdate: str = Option(default="date_of_birth", pattern=_PROPERTY)
    iban: str = Option(default="iban", pattern=_PROPERTY)
    notes: str = Option(default="service_notes", pattern=_PROPERTY)
    team: str = Option(default="account_team", pattern=_PROPERTY)
    lead_source: str = Option(default="lead_source", pattern=_PROPERTY)
    customer_number: str = Option(default="customer_number", pattern=_PROPERTY)
    consents: str = Option(default="marketing_consents", pattern=_PROPERTY)
    do_not_call: str = Option(default="do_not_call", pattern=_PROPERTY)
    vip: str = Option(default="vip", pattern=_PROPERTY)
    credit_score: str = Option(default="credit_score", pattern=_PROPERTY)


def _field(path: str, native: str, kind: FieldType = FieldType.TEXT, category: str = "business") -> Field:
    return Field(path, kind, native, label=path.replace("_", " ").capitalize(), category=category)


def _kept(path: str, native: str, kind: FieldType, category: str) -> Field:
    return replace(_field(path, native, kind, category), writable=False)


def _identifier(path: str, native: str, kind: FieldType, identifier: IdentifierKind) -> Field:
    return replace(_field(path, native, kind, "contact_data"), identifier=identifier)


_ADDRESS: Final = (
    _field("street", "address", category="address"),
    _field("city", "city", category="address"),
    _field("postal_code", "zip", category="address"),
    _field("country", "country", category="address"),
)

_OWNER: Final = replace(_field("owner", "hubspot_owner_id", FieldType.REFERENCE, "processing"), references=("owner",))

_COMPANY: Final = (
    _kept(ID_PATH, OBJECT_ID, FieldType.TEXT, "record_key"),
    _field("name", "name"),
    _field("domain", "domain"),
    _field("phone", "phone", FieldType.PHONE),
    *_ADDRESS,
    _field("industry", "industry", FieldType.CHOICE),
    _OWNER,
    _kept("created_at", "createdate", FieldType.DATETIME, "processing"),
    _kept("updated_at", "hs_lastmodifieddate", FieldType.DATETIME, "processing"),
)


def _contact(options: HubSpotOptions) -> tuple[Field, ...]:
    return (
        _kept(ID_PATH, OBJECT_ID, FieldType.TEXT, "record_key"),
        _field("first_name", "firstname", category="identity"),
        _field("last_name", "lastname", category="identity"),
        replace(_kept("name", FULL_NAME, FieldType.NAME, "identity"), contains=("first_name", "last_name")),
        _identifier("email", "email", FieldType.EMAIL, IdentifierKind.EMAIL),
        _identifier("phone", "phone", FieldType.PHONE, IdentifierKind.PHONE),
        _identifier("mobile", "mobilephone", FieldType.PHONE, IdentifierKind.PHONE),
        *_ADDRESS,
        _field("birthdate", options.birthdate, FieldType.DATE, "identity"),
        replace(_field("iban", options.iban, category="financial"), label="IBAN"),
        _field("notes", options.notes, category="free_text"),
        _field("language", "hs_language", FieldType.CHOICE, "identity"),
        replace(_field("company", "associatedcompanyid", FieldType.REFERENCE), references=("company",)),
        _OWNER,
        _field("team", options.team, category="processing"),
        _field("lead_source", options.lead_source, FieldType.CHOICE, "processing"),
        _field("customer_number", options.customer_number, category="record_key"),
        _field("consents", options.consents, FieldType.TEXTS, "processing"),
        _field("do_not_call", options.do_not_call, FieldType.BOOLEAN, "processing"),
        replace(_field("vip", options.vip, FieldType.BOOLEAN, "processing"), label="VIP"),
        _field("credit_score", options.credit_score, FieldType.INTEGER, "financial"),
        _kept("created_at", "createdate", FieldType.DATETIME, "processing"),
        _kept("updated_at", "lastmodifieddate", FieldType.DATETIME, "processing"),
    )


def mapped(options: HubSpotOptions) -> Mapping[str, Resource]:
    """Return the resources with their mapped fields: what is known before HubSpot is asked."""
    return {
        "contact": _resource("contact", "contacts", "0-1", _contact(options)),
        "company": replace(
            _resource("company", "companies", "0-2", _COMPANY),
            children=(Relation("contacts", "contacts", "contact", "company"),),
        ),
    }


def _resource(name: str, plural: str, type_id: str, fields: Iterable[Field]) -> Resource:
    return Resource(
        name,
        plural,
        {field.path: field for field in fields},
        native=plural,
        aliases=(name, type_id),
        label=name.capitalize(),
    )


@dataclass(frozen=True, slots=True)
class Described:
    """What the properties API says about one property."""

    name: str
    type: str
    field_type: str
    label: str
    read_only: bool
    calculated: bool
    references: str
    formula: str
    choices: tuple[str, ...]
    unique: bool = False

    @property
    def native_type(self) -> str:
        """Return what HubSpot says of the type, in its own words: ``string text unique``."""
        flags = (("calculated", self.calculated), ("unique", self.unique))
        return " ".join((self.type, self.field_type, *(word for word, holds in flags if holds)))


def described(results: object) -> tuple[Described, ...]:
    """Return the properties in an answer of the properties API. UpstreamInvalid when it is not one."""
    if not isinstance(results, list):
        raise UpstreamInvalid
    return tuple(found for each in results if (found := _described(each)) is not None)


def _described(each: object) -> Described | None:
    match each:
        case {"name": str(name), "type": str(kind), "fieldType": str(field_type), "label": str(label), **rest}:
            rights = rest.get("modificationMetadata")
            options = rest.get("options")
            if rest.get("archived") is True or _NAME.fullmatch(name) is None:
                return None
            return Described(
                name,
                kind,
                field_type,
                label,
                read_only=isinstance(rights, dict) and rights.get("readOnlyValue") is True,
                calculated=rest.get("calculated") is True,
                references=str(rest.get("referencedObjectType") or ""),
                formula=str(rest.get("calculationFormula") or ""),
                choices=tuple(_choices(options)) if isinstance(options, list) else (),
                unique=rest.get("hasUniqueValue") is True,
            )
        case _:
            raise UpstreamInvalid


def _choices(options: list[object]) -> Iterable[str]:
    for option in options:
        match option:
            case {"value": str(value), **rest} if rest.get("hidden") is not True:
                yield value


def completed(resource: Resource, properties: tuple[Described, ...]) -> Resource:
    """Return *resource* with what the portal really has: mapped fields that exist, and all others as native ones."""
    by_name = {each.name: each for each in properties}
    fields: dict[str, Field] = {}
    for path, field in resource.fields.items():
        if all(native in by_name for native in natives_of(field)):
            fields[path] = _as_described(field, by_name.get(field.native))
    paths = {field.native: path for path, field in fields.items()}
    for each in properties:
        if each.name not in paths:
            field = _native(each)
            fields[field.path] = field
    paths |= {each.name: f"{NATIVE_PREFIX}{each.name}" for each in properties if each.name not in paths}
    for each in properties:
        if each.calculated:
            path = paths[each.name]
            fields[path] = replace(fields[path], contains=_contained(each, paths, fields))
    natives = _SEARCHED.get(resource.name, frozenset())
    searched = tuple(path for path, field in fields.items() if field.native in natives)
    return replace(resource, fields=fields, searched=searched)


def natives_of(field: Field) -> tuple[str, ...]:
    """Return the properties that *field* is read from."""
    return tuple(field.native.split("+"))


def catalogue(resources: Iterable[Resource]) -> Catalogue:
    """Return *resources* as one catalogue."""
    return Catalogue(ADAPTER, {resource.name: resource for resource in resources})


def _as_described(field: Field, each: Described | None) -> Field:
    if each is None:
        return field
    choices = each.choices if field.type in {FieldType.CHOICE, FieldType.TEXTS} else ()
    if field.path == "consents":
        choices = tuple(consent_of(choice) for choice in choices)
    writable = field.writable and not each.read_only
    return replace(field, writable=writable, choices=choices, native_type=each.native_type)


def consent_of(option: str) -> str:
    """Return a portal's option ``marketing_email`` in the words of the gateway: ``marketing:email``."""
    purpose, _, channel = option.rpartition("_")
    return f"{purpose}:{channel}" if purpose else option


def option_of(consent: str) -> str:
    """Return ``marketing:email`` as the portal's option ``marketing_email``."""
    return consent.replace(":", "_", 1)


def _native(each: Described) -> Field:
    kind = _type(each)
    return Field(
        f"{NATIVE_PREFIX}{each.name}",
        kind,
        each.name,
        label=each.label,
        writable=not (each.read_only or each.calculated),
        choices=each.choices if kind in {FieldType.CHOICE, FieldType.TEXTS} else (),
        references=_REFERENCES.get(each.references, ()),
        native_type=each.native_type,
    )


_REFERENCES: Final = MappingProxyType({"OWNER": ("owner",)})


def _type(each: Described) -> FieldType:
    if each.references:
        return FieldType.REFERENCE
    match each.type, each.field_type:
        case "enumeration", "checkbox":
            return FieldType.TEXTS
        case "phone_number", _:
            return FieldType.PHONE
        case kind, _:
            return _TYPES.get(kind, FieldType.TEXT)


_TYPES: Final = MappingProxyType(
    {
        "enumeration": FieldType.CHOICE,
        "number": FieldType.DECIMAL,
        "bool": FieldType.BOOLEAN,
        "date": FieldType.DATE,
        "datetime": FieldType.DATETIME,
    }
)


def _contained(each: Described, paths: Mapping[str, str], fields: Mapping[str, Field]) -> tuple[str, ...]:
    """Return the paths that a calculated property is made of, by its formula and by what is known of HubSpot's own."""
    named = {paths[word] for word in _WORD.findall(each.formula) if word in paths}
    known = {path for path in _DERIVED.get(each.name, ()) if path in fields}
    return tuple(sorted((named | known) - {paths[each.name]}))
