"""What an object and a field of the sandbox's org are, and short ways to define them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from typing import Final

ADDRESS_PARTS: Final = ("Street", "City", "State", "PostalCode", "Country")


class Type(StrEnum):
    """The vendor's field types that this org has."""

    ID = "id"
    STRING = "string"
    TEXTAREA = "textarea"
    EMAIL = "email"
    PHONE = "phone"
    URL = "url"
    PICKLIST = "picklist"
    MULTIPICKLIST = "multipicklist"
    COMBOBOX = "combobox"
    REFERENCE = "reference"
    BOOLEAN = "boolean"
    INT = "int"
    DOUBLE = "double"
    CURRENCY = "currency"
    DATE = "date"
    DATETIME = "datetime"
    ADDRESS = "address"


NUMBERS: Final = frozenset({Type.INT, Type.DOUBLE, Type.CURRENCY})
TEXTS: Final = frozenset({Type.STRING, Type.TEXTAREA, Type.EMAIL, Type.PHONE, Type.URL, Type.COMBOBOX, Type.PICKLIST})


@dataclass(frozen=True, slots=True)
class Column:
    """One field of an object.

    *size* is its length in characters, or its digits before the point; *values* are a picklist's, *restricted* tells
    that no others are taken. *references* names the objects that it points to, by the relationship *path*.
    *compound* names the field that it is a part of. *default* is what a new record gets that brings nothing.
    """

    name: str
    label: str
    type: Type = Type.STRING
    size: int = 0
    scale: int = 0
    nillable: bool = True
    createable: bool = True
    updateable: bool = True
    values: tuple[str, ...] = ()
    restricted: bool = False
    references: tuple[str, ...] = ()
    path: str = ""
    external_id: bool = False
    unique: bool = False
    lookup: bool = False
    name_field: bool = False
    compound: str = ""
    default: str | bool | None = None
    calculated: bool = False

    @property
    def custom(self) -> bool:
        """Tell whether the firm added the field."""
        return self.name.endswith("__c")

    @property
    def long(self) -> bool:
        """Tell whether it is a long text, which cannot be filtered, sorted or grouped by."""
        return self.type is Type.TEXTAREA and self.size > 255  # noqa: PLR2004 -- where the vendor draws the line

    @property
    def filterable(self) -> bool:
        """Tell whether a query may look into the field."""
        return not self.long

    @property
    def sortable(self) -> bool:
        """Tell whether a query may sort by the field."""
        return not self.long and self.type not in {Type.ADDRESS, Type.MULTIPICKLIST}

    @property
    def groupable(self) -> bool:
        """Tell whether a query may group by the field."""
        return self.sortable and self.type not in {Type.DATETIME, Type.DOUBLE, Type.CURRENCY}

    @property
    def required(self) -> bool:
        """Tell whether a new record must bring the field."""
        return self.createable and not self.nillable and self.default is None and self.type is not Type.BOOLEAN


@dataclass(frozen=True, slots=True)
class Child:
    """Records of *object* whose field *column* points here, by the relation *name* (empty: not to be queried)."""

    name: str
    object: str
    column: str
    cascade: bool = False


@dataclass(frozen=True)
class Kind:
    """An object: its fields by name. *writable* is False for what only the vendor itself changes."""

    name: str
    label: str
    plural: str
    prefix: str
    columns: tuple[Column, ...]
    writable: bool = True
    searchable: bool = True
    children: tuple[Child, ...] = field(default=())

    @cached_property
    def by_name(self) -> Mapping[str, Column]:
        """Return the fields by their names in lower case: the vendor does not care for case."""
        return {column.name.lower(): column for column in self.columns}

    @cached_property
    def by_path(self) -> Mapping[str, Column]:
        """Return the reference fields by their relationship in lower case."""
        return {column.path.lower(): column for column in self.columns if column.path}

    @cached_property
    def name_column(self) -> Column:
        """Return the field that names a record to people."""
        return next(column for column in self.columns if column.name_field)

    def column(self, name: str) -> Column | None:
        """Return the field with this name."""
        return self.by_name.get(name.lower())

    def parts(self, compound: str) -> tuple[Column, ...]:
        """Return the fields that *compound* is made of."""
        return tuple(column for column in self.columns if column.compound == compound)


def text(name: str, label: str, size: int, **more: object) -> Column:
    """Return a line of text."""
    return _with(Column(name, label, Type.STRING, size), more)


def area(name: str, label: str, size: int, **more: object) -> Column:
    """Return a text of several lines."""
    return _with(Column(name, label, Type.TEXTAREA, size), more)


def choice(name: str, label: str, values: str | tuple[str, ...], **more: object) -> Column:
    """Return a picklist; *values* are separated by ``|``."""
    listed = tuple(values.split("|")) if isinstance(values, str) else values
    return _with(Column(name, label, Type.PICKLIST, 255 if name.endswith("__c") else 40, values=listed), more)


def flag(name: str, label: str, **more: object) -> Column:
    """Return a checkbox."""
    return _with(Column(name, label, Type.BOOLEAN, nillable=False, default=False), more)


def phone(name: str, label: str) -> Column:
    """Return a telephone number."""
    return Column(name, label, Type.PHONE, 40)


def number(name: str, label: str, size: int = 18, scale: int = 0, kind: Type = Type.DOUBLE) -> Column:
    """Return a number with *size* digits, *scale* of them after the point."""
    return Column(name, label, kind, size, scale)


def day(name: str, label: str, **more: object) -> Column:
    """Return a day."""
    return _with(Column(name, label, Type.DATE), more)


def reference(name: str, label: str, targets: str, **more: object) -> Column:
    """Return a lookup; *targets* are separated by ``|``, the relationship is the name without ``Id``."""
    path = name.removesuffix("Id")
    return _with(Column(name, label, Type.REFERENCE, 18, references=tuple(targets.split("|")), path=path), more)


def read_only(column: Column) -> Column:
    """Return the field as one that nobody sets."""
    return replace(column, createable=False, updateable=False)


def owner(label: str, targets: str = "User") -> Column:
    """Return the field that says whose record it is; new ones are their creator's."""
    return reference("OwnerId", label, targets, nillable=False, default="")


def person_name(targets: str, *, salutation: bool = True) -> tuple[Column, ...]:
    """Return the compound name of a person; *targets* is the object's label."""
    greeting = (choice("Salutation", "Salutation", "Mr.|Ms.|Mrs.|Dr.|Prof.|Mx.", compound="Name"),)
    return (
        text("LastName", "Last Name", 80, nillable=False, compound="Name"),
        text("FirstName", "First Name", 40, compound="Name"),
        *(greeting if salutation else ()),
        read_only(text("Name", f"{targets} Name", 121, nillable=False, name_field=True)),
    )


def address(prefix: str, label: str) -> tuple[Column, ...]:
    """Return the compound address and its parts."""
    whole = f"{prefix}Address"
    return (
        area(f"{prefix}Street", f"{label} Street", 255, compound=whole),
        text(f"{prefix}City", f"{label} City", 40, compound=whole),
        text(f"{prefix}State", f"{label} State/Province", 80, compound=whole),
        text(f"{prefix}PostalCode", f"{label} Zip/Postal Code", 20, compound=whole),
        text(f"{prefix}Country", f"{label} Country", 80, compound=whole),
        read_only(Column(whole, f"{label} Address", Type.ADDRESS)),
    )


def system(label: str) -> tuple[Column, ...]:
    """Return the fields that every object has, set by the vendor."""
    who = {"nillable": False}
    return (
        read_only(Column("Id", f"{label} ID", Type.ID, 18, nillable=False, lookup=True)),
        read_only(flag("IsDeleted", "Deleted")),
        read_only(Column("CreatedDate", "Created Date", Type.DATETIME, nillable=False)),
        read_only(reference("CreatedById", "Created By ID", "User", **who)),
        read_only(Column("LastModifiedDate", "Last Modified Date", Type.DATETIME, nillable=False)),
        read_only(reference("LastModifiedById", "Last Modified By ID", "User", **who)),
        read_only(Column("SystemModstamp", "System Modstamp", Type.DATETIME, nillable=False)),
    )


def _with(column: Column, more: Mapping[str, object]) -> Column:
    return replace(column, **more)  # type: ignore[arg-type]  # names and types are checked where Column is made
