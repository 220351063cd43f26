"""An org's own describe, as the gateway's resources."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from policy_gateway.errors import UpstreamInvalid
from policy_gateway.model.field import ID_PATH, Field, FieldType, Relation, Resource
from policy_gateway_salesforce.catalogue import (
    CONSENTS,
    ID,
    NATIVE_PREFIX,
    Org,
    consent_of,
    plural,
    resource_name,
    snake,
)
from policy_gateway_salesforce.ids import pattern

ADDRESS: Final = "address"
LOCATION: Final = "location"
COMPOUND: Final = frozenset({ADDRESS, LOCATION})

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}", re.ASCII)
_PREFIX: Final = re.compile(r"[A-Za-z0-9]{3}", re.ASCII)
_WORD: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z][A-Za-z0-9_]*)*", re.ASCII)
_UNREADABLE: Final = frozenset({"base64", "complexvalue", "json"})
_NOT_IN_NAMES: Final = frozenset({"Salutation"})
"""Said to be a part of a person's ``Name``, and not in it."""

_ID_ONLY: Final = (Field(ID_PATH, FieldType.TEXT, ID, category="record_key"),)

_TYPES: Final = MappingProxyType(
    {
        "boolean": FieldType.BOOLEAN,
        "currency": FieldType.DECIMAL,
        "date": FieldType.DATE,
        "datetime": FieldType.DATETIME,
        "double": FieldType.DECIMAL,
        "email": FieldType.EMAIL,
        "int": FieldType.INTEGER,
        "long": FieldType.INTEGER,
        "multipicklist": FieldType.TEXTS,
        "percent": FieldType.DECIMAL,
        "phone": FieldType.PHONE,
        "picklist": FieldType.CHOICE,
        "reference": FieldType.REFERENCE,
    }
)


@dataclass(frozen=True, slots=True)
class DescribedField:
    """What an org says of one field; *formula* is empty where it has none, or does not tell it."""

    name: str
    label: str
    type: str
    size: int
    required: bool
    filterable: bool
    writable: bool
    compound: str
    formula: str
    references: tuple[str, ...]
    relationship: str
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DescribedObject:
    """What an org says of one object; *children* are (relationship, object, field)."""

    name: str
    label: str
    prefix: str
    fields: Mapping[str, DescribedField]
    children: tuple[tuple[str, str, str], ...]


def described(answer: object) -> DescribedObject:
    """Return the object in an answer of its describe. UpstreamInvalid when it is none."""
    match answer:
        case {"name": str(name), "fields": list(fields), **rest} if _NAME.fullmatch(name):
            prefix = rest.get("keyPrefix")
            children = rest.get("childRelationships")
            found = [each for each in map(_field, fields) if each is not None]
            return DescribedObject(
                name,
                _text(rest.get("label")),
                prefix if isinstance(prefix, str) and _PREFIX.fullmatch(prefix) else "",
                {each.name: each for each in found},
                tuple(_children(children)) if isinstance(children, list) else (),
            )
        case _:
            raise UpstreamInvalid


def _field(each: object) -> DescribedField | None:
    match each:
        case {"name": str(name), "type": str(kind), **rest}:
            if _NAME.fullmatch(name) is None or kind in _UNREADABLE or rest.get("deprecatedAndHidden") is True:
                return None
            return DescribedField(
                name,
                _text(rest.get("label")),
                kind,
                size if isinstance(size := rest.get("length"), int) else 0,
                required=_required(kind, rest),
                filterable=rest.get("filterable") is True and kind not in COMPOUND,
                writable=rest.get("createable") is True or rest.get("updateable") is True,
                compound=_text(rest.get("compoundFieldName")),
                formula=_text(rest.get("calculatedFormula")) if rest.get("calculated") is True else "",
                references=_texts(rest.get("referenceTo")),
                relationship=_named(rest.get("relationshipName")),
                choices=tuple(_choices(rest.get("picklistValues"))),
            )
        case _:
            raise UpstreamInvalid


def _required(kind: str, rest: Mapping[object, object]) -> bool:
    given = rest.get("createable") is True and rest.get("defaultedOnCreate") is not True
    return given and rest.get("nillable") is False and kind != "boolean"


def _children(told: Iterable[object]) -> Iterable[tuple[str, str, str]]:
    for each in told:
        match each:
            case {"childSObject": str(name), "field": str(column), "relationshipName": str(relation), **rest}:
                if _NAME.fullmatch(relation) and rest.get("deprecatedAndHidden") is not True:
                    yield relation, name, column
            case _:
                continue


def _choices(told: object) -> Iterable[str]:
    for each in told if isinstance(told, list) else ():
        match each:
            case {"value": str(value), **rest} if rest.get("active") is not False:
                yield value
            case _:
                continue


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _named(value: object) -> str:
    return value if isinstance(value, str) and _NAME.fullmatch(value) else ""


def _texts(value: object) -> tuple[str, ...]:
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, list) else ()


def org(objects: Iterable[DescribedObject], mapped: Mapping[str, Resource]) -> Org:
    """Return what an org has: mapped fields that exist, all others as native ones, and how they hang together."""
    by_name = {resource_name(each.name): each for each in objects}
    offered = {each.name: name for name, each in by_name.items()}
    resources = {name: _resource(each, mapped.get(name), offered) for name, each in by_name.items()}
    for name, each in by_name.items():
        resources[name] = replace(resources[name], children=tuple(_relations(each, offered, resources)))
    shared = frozenset(
        (name, path)
        for name, each in by_name.items()
        for path, field in resources[name].fields.items()
        if field.references and len(field.references) < len(each.fields[field.native].references)
    )
    return Org(resources, described=True, shared=shared)


def _resource(each: DescribedObject, mapped: Resource | None, offered: Mapping[str, str]) -> Resource:
    name, told = resource_name(each.name), each.fields
    own = mapped.fields.values() if mapped is not None else (Field(ID_PATH, FieldType.TEXT, ID, category="record_key"),)
    fields = {
        field.path: _as_described(field, each.fields[field.native]) for field in own if field.native in each.fields
    }
    if ID_PATH not in fields:
        raise UpstreamInvalid
    taken = {field.native for field in fields.values()}
    native = [_native(one) for one in told.values() if one.name not in taken]
    fields |= {field.path: field for field in native}
    fields = {path: _leading(field, told[field.native], offered) for path, field in fields.items()}
    fields = _with_parts(fields, told)
    return Resource(name, plural(name), fields, pattern(each.prefix), each.name, label=each.label)


def _as_described(field: Field, each: DescribedField) -> Field:
    choices = each.choices if field.type in {FieldType.CHOICE, FieldType.TEXTS} else ()
    return replace(
        field,
        label=each.label or field.label,
        writable=each.writable and field.path != ID_PATH,
        searchable=each.filterable,
        required=each.required,
        choices=tuple(map(consent_of, choices)) if field.path == CONSENTS else choices,
        native_type=each.type,
        size=each.size,
    )


def _native(each: DescribedField) -> Field:
    kind = _TYPES.get(each.type, FieldType.TEXT)
    return _as_described(Field(f"{NATIVE_PREFIX}{each.name}", kind, each.name), each)


def _leading(field: Field, each: DescribedField, offered: Mapping[str, str]) -> Field:
    if field.type is not FieldType.REFERENCE:
        return field
    references = tuple(offered[name] for name in each.references if name in offered)
    return replace(field, references=references, relationship=each.relationship)


def _relations(
    each: DescribedObject, offered: Mapping[str, str], resources: Mapping[str, Resource]
) -> Iterable[Relation]:
    for relation, native, column in each.children:
        name = offered.get(native)
        if name is None:
            continue
        fields = resources[name].fields.values()
        path = next((field.path for field in fields if field.native == column and field.references), None)
        if path is not None:
            yield Relation(snake(relation), relation, name, path)


def _with_parts(fields: dict[str, Field], told: Mapping[str, DescribedField]) -> dict[str, Field]:
    """Say what compounds and formulas are made of, through to the last part; a name with parts is a person's."""
    paths = {field.native.lower(): path for path, field in fields.items()}
    for path, field in fields.items():
        if field.relationship:
            paths.setdefault(field.relationship.lower(), path)
    parts = {
        path: (_parts(told[field.native], told.values(), paths) | fields.keys() & set(field.contains)) - {path}
        for path, field in fields.items()
    }
    made = dict(fields)
    for path, field in fields.items():
        contained = _whole(path, parts)
        kind = FieldType.NAME if contained and field.native == "Name" else field.type
        made[path] = replace(field, contains=tuple(sorted(contained)), type=kind)
    return made


def _parts(each: DescribedField, told: Iterable[DescribedField], paths: Mapping[str, str]) -> frozenset[str]:
    compound = {
        paths[part.name.lower()] for part in told if part.compound == each.name and part.name not in _NOT_IN_NAMES
    }
    # Of a path through a reference only its beginning is a field of this object.
    words = (word.partition(".")[0].lower() for word in _WORD.findall(each.formula))
    return frozenset(compound | {paths[word] for word in words if word in paths})


def _whole(path: str, parts: Mapping[str, frozenset[str]]) -> set[str]:
    found: set[str] = set()
    waiting = set(parts[path])
    while waiting:
        part = waiting.pop()
        if part not in found:
            found.add(part)
            waiting |= parts[part]
    return found - {path}
