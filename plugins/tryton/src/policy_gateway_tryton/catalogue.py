"""What of Tryton's parties is mapped, and how its own fields are described.

A party is a contact. Tryton has no mark that tells people from firms, so there is no resource ``company``: whoever
needs one tells them apart by a category of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict

from policy_gateway.model.field import ID_PATH, Catalogue, Field, FieldType, IdentifierKind, Resource

ADAPTER = "tryton"
NATIVE_PREFIX = f"{ADAPTER}."
CONTACT = "contact"
MODEL = "party.party"
IBAN = "bank_accounts.numbers.number"
MECHANISMS = frozenset({"email", "phone", "mobile"})
"""Fields that Tryton calculates from a party's contact mechanisms, named as their types."""

HIGHEST_ID = 2**31 - 1
_ID_PATTERN = r"[1-9][0-9]{0,9}"
_TYPES = MappingProxyType(
    {
        "boolean": FieldType.BOOLEAN,
        "char": FieldType.TEXT,
        "date": FieldType.DATE,
        "datetime": FieldType.DATETIME,
        "float": FieldType.DECIMAL,
        "integer": FieldType.INTEGER,
        "many2one": FieldType.REFERENCE,
        "numeric": FieldType.DECIMAL,
        "selection": FieldType.CHOICE,
        "text": FieldType.TEXT,
        "timestamp": FieldType.DATETIME,
    }
)
_CALCULATED = MappingProxyType(
    {
        "code_alnum": ("customer_number",),
        "code_digit": ("customer_number",),
        "full_name": ("name",),
        "rec_name": ("name", "customer_number"),
    }
)
"""Tryton's fields that say in other words what a mapped field says: as restricted as it."""

_VIRTUAL = frozenset({"fax", "website"})
"""Calculated like ``email``: what Tryton takes for them at creation it refuses later."""


class Definition(BaseModel):
    """What ``fields_get`` tells of one field of Tryton's, as far as it matters here."""

    model_config = ConfigDict(frozen=True)

    type: str
    string: str = ""
    readonly: bool = False
    searchable: bool = False
    sortable: bool = False


def _mapped(
    path: str,
    native: str,
    kind: FieldType = FieldType.TEXT,
    category: str = "address",
    *,
    writable: bool = True,
    searchable: bool = True,
) -> Field:
    label = path.replace("_", " ").capitalize()
    return Field(path, kind, native, label, writable=writable, searchable=searchable, category=category)


def _identifier(path: str, kind: FieldType, identifier: IdentifierKind) -> Field:
    return Field(path, kind, path, path.capitalize(), identifier=identifier, category="contact_data")


MAPPED: tuple[Field, ...] = (
    _mapped(ID_PATH, "id", FieldType.TEXT, "record_key", writable=False),
    _mapped("name", "name", FieldType.NAME, "identity"),
    _mapped("customer_number", "code", FieldType.TEXT, "record_key"),
    _mapped("language", "lang.code", FieldType.CHOICE, "identity"),
    _identifier("email", FieldType.EMAIL, IdentifierKind.EMAIL),
    _identifier("phone", FieldType.PHONE, IdentifierKind.PHONE),
    _identifier("mobile", FieldType.PHONE, IdentifierKind.PHONE),
    # Tryton puts a street together from up to eight parts, which it searches one by one.
    _mapped("street", "addresses.street", searchable=False),
    _mapped("postal_code", "addresses.postal_code"),
    _mapped("city", "addresses.city"),
    _mapped("country", "addresses.country.code", FieldType.CHOICE),
    # Payment data are changed in Tryton, by its accountants.
    _mapped("iban", IBAN, FieldType.TEXT, "financial", writable=False),
    _mapped("created_at", "create_date", FieldType.DATETIME, "processing", writable=False),
    _mapped("updated_at", "last_modified_at", FieldType.DATETIME, "processing", writable=False),
)


def root(native: str) -> str:
    """Return the party's own field that the path *native* begins with."""
    return native.partition(".")[0]


_COVERED = frozenset(root(field.native) for field in MAPPED)


def asked(field: Field) -> tuple[str, ...]:
    """Return the names that Tryton is asked for to learn the value of *field*."""
    return (IBAN, "bank_accounts.numbers.type") if field.native == IBAN else (field.native,)


def catalogue(definitions: Mapping[str, Definition]) -> Catalogue:
    """Return the mapped fields, and Tryton's other plain fields as it describes them.

    A mapped field that Tryton does not have (a module is missing) stays: it is answered as withheld.
    """
    native = (
        _native(name, definition)
        for name, definition in definitions.items()
        if name not in _COVERED and definition.type in _TYPES
    )
    fields = {field.path: field for field in (*MAPPED, *native)}
    return Catalogue(ADAPTER, {CONTACT: Resource(CONTACT, "contacts", fields, _ID_PATTERN)})


def _native(name: str, definition: Definition) -> Field:
    return Field(
        f"{NATIVE_PREFIX}{name}",
        _TYPES[definition.type],
        native=name,
        label=definition.string,
        writable=not definition.readonly and name not in _VIRTUAL,
        searchable=definition.searchable,
        contains=_CALCULATED.get(name, ()),
    )
