"""What a CRM holds: resources and their fields, as an adapter's catalogue describes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType

FieldId = NewType("FieldId", str)
"""``<resource>.<path>``: ``contact.email`` (mapped) or ``contact.hubspot.hs_lead_status`` (native)."""

RecordId = NewType("RecordId", str)
"""A record's id in its CRM; an opaque string."""

Value = str | int | float | bool | tuple[str, ...] | None
"""What one field of one record holds. Dates and times are ISO 8601 strings, decimals are strings."""


class FieldType(StrEnum):
    """What kind of value a field holds; masks and filters look at it."""

    TEXT = "text"
    NAME = "name"
    EMAIL = "email"
    PHONE = "phone"
    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    CHOICE = "choice"
    REFERENCE = "reference"
    TEXTS = "texts"


class IdentifierKind(StrEnum):
    """By which kind of identifier a field can find a data subject."""

    PHONE = "phone"
    EMAIL = "email"


@dataclass(frozen=True, slots=True)
class Field:
    """One part of a resource: its *path* within the resource, and what the CRM itself calls it (*native*).

    *contains* lists the paths of a compound or calculated field's parts: it is as restricted as the strictest of them.
    *category* is the adapter's suggestion for the vocabulary, never a classification. A reference says to which
    resources it leads (*references*) and by which name of the CRM's own (*relationship*). *native_type* and *size* (in
    characters; 0: not told) are what the CRM's own describe says.
    """

    path: str
    type: FieldType
    native: str
    label: str = ""
    writable: bool = True
    searchable: bool = True
    required: bool = False
    contains: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    identifier: IdentifierKind | None = None
    category: str = ""
    references: tuple[str, ...] = ()
    relationship: str = ""
    native_type: str = ""
    size: int = 0


@dataclass(frozen=True, slots=True)
class Relation:
    """Records that hang on another one: those of *resource* whose reference *path* leads to it.

    *name* is ours (``contacts``), *native* the CRM's own (``Contacts``).
    """

    name: str
    native: str
    resource: str
    path: str


@dataclass(frozen=True, slots=True)
class Resource:
    """A kind of thing in a CRM: *name* as in field ids (``contact``), *plural* as in URLs (``contacts``).

    *native* is what the CRM itself calls it (``Contact``), *aliases* are further names of the CRM's own (``0-1``).
    *searched* are the paths that its own full-text search looks into; when none is told, all that hold text.
    """

    name: str
    plural: str
    fields: Mapping[str, Field]
    id_pattern: str = r"[0-9]{1,20}"
    native: str = ""
    aliases: tuple[str, ...] = ()
    label: str = ""
    children: tuple[Relation, ...] = ()
    searched: tuple[str, ...] = ()

    def field_id(self, path: str) -> FieldId:
        """Return the id of the field at *path*, whether or not it exists."""
        return FieldId(f"{self.name}.{path}")


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What one connection offers, by resource name."""

    adapter: str
    resources: Mapping[str, Resource] = field(default_factory=dict)

    def by_plural(self, plural: str) -> Resource | None:
        """Return the resource that URLs call *plural*."""
        return next((resource for resource in self.resources.values() if resource.plural == plural), None)


ID_PATH = "id"
"""Every resource has a field of this path: the record's id, classified like any other field."""
