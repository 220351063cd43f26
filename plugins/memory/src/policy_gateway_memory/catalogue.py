"""What the CRM in a dict holds: the whole vocabulary of mapped fields, and whatever it was seeded with besides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from policy_gateway.model.field import ID_PATH, Catalogue, Field, FieldType, IdentifierKind, Relation, Resource

ADAPTER = "memory"
NATIVE_PREFIX = f"{ADAPTER}."
STAFF = Relation("staff", "Staff", "contact", "company")


def _fields(*fields: Field) -> dict[str, Field]:
    return {field.path: field for field in fields}


def _field(path: str, kind: FieldType = FieldType.TEXT, category: str = "business", label: str = "") -> Field:
    return Field(path, kind, native=path, label=label or path.replace("_", " ").capitalize(), category=category)


def _kept(path: str, kind: FieldType, category: str, contains: tuple[str, ...] = ()) -> Field:
    """Return a field that the CRM keeps itself: it cannot be written."""
    label = path.replace("_", " ").capitalize()
    return Field(path, kind, native=path, label=label, writable=False, contains=contains, category=category)


def _identifier(path: str, kind: FieldType, identifier: IdentifierKind) -> Field:
    label = path.capitalize()
    return Field(path, kind, native=path, label=label, identifier=identifier, category="contact_data")


_ADDRESS = (
    _field("street", category="address"),
    _field("city", category="address"),
    _field("postal_code", category="address"),
    _field("country", FieldType.CHOICE, "address"),
)
_TIMES = (
    _kept("created_at", FieldType.DATETIME, "processing"),
    _kept("updated_at", FieldType.DATETIME, "processing"),
)


def _contact() -> dict[str, Field]:
    return _fields(
        _kept(ID_PATH, FieldType.TEXT, "record_key"),
        _field("first_name", category="identity"),
        _field("last_name", category="identity"),
        _kept("name", FieldType.NAME, "identity", contains=("first_name", "last_name")),
        _identifier("email", FieldType.EMAIL, IdentifierKind.EMAIL),
        _identifier("phone", FieldType.PHONE, IdentifierKind.PHONE),
        _identifier("mobile", FieldType.PHONE, IdentifierKind.PHONE),
        *_ADDRESS,
        _field("birthdate", FieldType.DATE, "identity"),
        _field("iban", category="financial", label="IBAN"),
        _field("notes", category="free_text"),
        _field("language", FieldType.CHOICE, "identity"),
        replace(_field("company", FieldType.REFERENCE), references=("company",), relationship="employer"),
        _field("owner", FieldType.REFERENCE, "processing"),
        _field("team", category="processing"),
        _field("lead_source", FieldType.CHOICE, "processing"),
        _field("customer_number", category="record_key"),
        _field("consents", FieldType.TEXTS, "processing"),
        _field("do_not_call", FieldType.BOOLEAN, "processing"),
        _field("vip", FieldType.BOOLEAN, "processing"),
        _field("credit_score", FieldType.INTEGER, "financial"),
        *_TIMES,
    )


def _company() -> dict[str, Field]:
    return _fields(
        _kept(ID_PATH, FieldType.TEXT, "record_key"),
        _field("name"),
        _field("domain"),
        _field("phone", FieldType.PHONE),
        *_ADDRESS,
        _field("industry", FieldType.CHOICE),
        _field("owner", FieldType.REFERENCE, "processing"),
        *_TIMES,
    )


def native_field(path: str, kind: FieldType) -> Field:
    """Return the field for a native *path* (``memory.shoe_size``), which nothing is known of but its type."""
    return Field(path, kind, native=path.removeprefix(NATIVE_PREFIX))


def catalogue(native: Mapping[str, Iterable[tuple[str, FieldType]]] | None = None) -> Catalogue:
    """Return the mapped fields, and by resource the (path, type) of *native* ones."""
    mapped = (
        Resource("contact", "contacts", _contact(), native="Person", aliases=("people",)),
        Resource("company", "companies", _company(), native="Firm", children=(STAFF,)),
    )
    resources = {
        resource.name: replace(resource, fields={**resource.fields, **_natives((native or {}).get(resource.name, ()))})
        for resource in mapped
    }
    return Catalogue(ADAPTER, resources)


def _natives(found: Iterable[tuple[str, FieldType]]) -> dict[str, Field]:
    return {path: native_field(path, kind) for path, kind in found}
