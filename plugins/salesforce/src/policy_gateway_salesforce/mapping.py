"""Salesforce's JSON and the gateway's records, both ways; pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Final, TypeAlias

import orjson

from policy_gateway.errors import FieldRefused, InvalidCall, UpstreamInvalid
from policy_gateway.model.field import Field, FieldType, RecordId, Resource, Value
from policy_gateway.records import Record
from policy_gateway_salesforce.catalogue import CONSENTS, ID, Org, consent_of, option_of
from policy_gateway_salesforce.describing import COMPOUND
from policy_gateway_salesforce.ids import canonical
from policy_gateway_salesforce.literals import NUMBERS, WORDS, day, identifier, moment, number
from policy_gateway_salesforce.routes import Route, route

_MOMENT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}(?:\+0000|Z)", re.ASCII)
_SECONDS: Final = -5
_KIND: Final = re.compile(r"/services/data/v[0-9.]+/sobjects/([A-Za-z0-9_]+)/[A-Za-z0-9]{15,18}", re.ASCII)
_POLYMORPHIC: Final = "Name"
_PARTS: Final = (
    "street",
    "city",
    "state",
    "stateCode",
    "postalCode",
    "country",
    "countryCode",
    "geocodeAccuracy",
    "latitude",
    "longitude",
)
"""What an address or a geolocation consists of."""

_SCALARS: Final = frozenset({str, int, float, bool, type(None)})

Read: TypeAlias = Callable[[object], Value]
"""Makes a value of what the CRM said; ValueError or TypeError when it is not of the type."""


@dataclass(frozen=True, slots=True)
class _Column:
    """One selected *path*: found in *relationships*, one within the other, under *name*."""

    path: str
    route: Route
    name: str
    read: Read | None


class Plan:
    """How one selection of one resource is asked for and read; made once, used for every record.

    *names* is what to ask for; *plain* tells whether all of it belongs to the record itself.
    """

    __slots__ = ("_far", "_plain", "_typed", "_with_id", "fields", "names", "plain")

    def __init__(self, org: Org, resource: Resource, select: Sequence[str]) -> None:
        found = [route(org, resource, path) for path in dict.fromkeys(select)]
        columns = [_Column(each.path, each, each.field.native, reader(each.field)) for each in found]
        near = [each for each in columns if not each.route.steps and not each.route.is_id]
        self._plain = tuple((each.path, each.name) for each in near if each.read is None)
        self._typed = tuple((each.path, each.name, each.read) for each in near if each.read is not None)
        self._far = tuple(each for each in columns if each.route.steps)
        self._with_id = tuple(each.path for each in found if each.is_id and not each.steps)
        self.fields: Mapping[str, Field] = {each.path: each.field for each in found}
        self.names: tuple[str, ...] = tuple(dict.fromkeys((ID, *(each.native for each in found))))
        self.plain = not self._far

    def record(self, item: object) -> Record:
        """Return the record in *item* with the selected paths and nothing else. UpstreamInvalid when it is none.

        A field that the org left out, or whose value is not of its type, is absent from the record.
        """
        record_id = item.get(ID) if isinstance(item, dict) else None
        if not isinstance(item, dict) or not isinstance(record_id, str) or canonical(record_id) != record_id:
            raise UpstreamInvalid
        values: dict[str, Value] = dict.fromkeys(self._with_id, record_id)
        told = item.get
        for path, name in self._plain:
            found = told(name, item)
            if type(found) is str:
                values[path] = found or None
            elif found is None:
                values[path] = None
            else:
                _refuse_nested(found, item)
        for path, name, read in self._typed:
            _put(values, path, told(name, item), read, item)
        for column in self._far:
            there = _followed(item, column.route)
            found = None if there is None else there.get(column.name, there)
            _put(values, column.path, found, column.read or _text, there)
        return Record(RecordId(record_id), values)


def _followed(item: dict[str, object], way: Route) -> dict[str, object] | None:
    """Return what *way* leads to before its last name; None when a reference leads nowhere, or to another object."""
    here = item
    for step in way.steps:
        found = here.get(step.relationship, here)
        if found is None:
            return None
        if found is here or not isinstance(found, dict):
            raise UpstreamInvalid
        if step.only and _kind(found) != step.only:
            return None
        here = found
    return here


def _kind(item: dict[str, object]) -> str:
    """Return which object a record is of; behind a reference to several the vendor says it by the address only."""
    match item.get("attributes"):
        case {"type": str(kind)} if kind != _POLYMORPHIC:
            return kind
        case {"url": str(url)} if found := _KIND.fullmatch(url):
            return found[1]
        case _:
            raise UpstreamInvalid


def _put(values: dict[str, Value], path: str, found: object, read: Read, absent: object) -> None:
    if found is None or found == "":
        values[path] = None
    elif found is not absent:
        try:
            values[path] = read(found)
        except (ValueError, TypeError, OverflowError):
            _refuse_nested(found, absent)


def _refuse_nested(found: object, absent: object) -> None:
    """Refuse what no field holds; what is of another type only, or *absent*, is left out."""
    if found is not absent and type(found) not in _SCALARS:
        raise UpstreamInvalid


def reader(field: Field) -> Read | None:
    """Return what reads values of *field*; None for plain texts."""
    if field.path == CONSENTS:
        return _consents
    if field.native_type in COMPOUND:
        return _compound
    return _READERS.get(field.type)


def _text(found: object) -> str:
    if not isinstance(found, str):
        raise TypeError
    return found


def _boolean(found: object) -> bool:
    if not isinstance(found, bool):
        raise TypeError
    return found


def _integer(found: object) -> int:
    if isinstance(found, bool) or not isinstance(found, int | float) or int(found) != found:
        raise TypeError
    return int(found)


def _decimal(found: object) -> str:
    if isinstance(found, bool) or not isinstance(found, int | float) or found - found != 0:
        raise TypeError
    return f"{Decimal(repr(found)):f}"


def _day(found: object) -> str:
    if not isinstance(found, str):
        raise TypeError
    return date.fromisoformat(found).isoformat()


def _moment(found: object) -> str:
    if not isinstance(found, str):
        raise TypeError
    if _MOMENT.fullmatch(found):
        return found if found[-1] == "Z" else f"{found[:_SECONDS]}Z"
    moment = datetime.fromisoformat(found)
    if moment.tzinfo is None:
        raise ValueError
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _several(found: object) -> tuple[str, ...]:
    if not isinstance(found, str):
        raise TypeError
    return tuple([part for part in found.split(";") if part])


def _consents(found: object) -> tuple[str, ...]:
    return tuple([consent_of(part) for part in _several(found)])


def _compound(found: object) -> str | None:
    """Return an address as the JSON that it is, with what belongs to an address and nothing else."""
    if not isinstance(found, dict):
        raise TypeError
    parts = {name: found[name] for name in _PARTS if name in found}
    if not _SCALARS.issuperset(map(type, parts.values())):
        raise UpstreamInvalid
    return orjson.dumps(parts).decode() if any(part is not None for part in parts.values()) else None


_READERS: Final[Mapping[FieldType, Read]] = MappingProxyType(
    {
        FieldType.BOOLEAN: _boolean,
        FieldType.INTEGER: _integer,
        FieldType.DECIMAL: _decimal,
        FieldType.DATE: _day,
        FieldType.DATETIME: _moment,
        FieldType.TEXTS: _several,
    }
)

Body: TypeAlias = dict[str, str | bool | orjson.Fragment | None]


def body(resource: Resource, values: Mapping[str, Value]) -> Body:
    """Return the body of a write. FieldRefused for what does not exist, InvalidCall for what cannot be written."""
    told: Body = {}
    for path, value in values.items():
        field = resource.fields.get(path)
        if field is None:
            raise FieldRefused
        if not field.writable:
            raise InvalidCall("a field that the CRM keeps itself cannot be written", pointer=f"/{path}")
        told[field.native] = _written(field, value)
    return told


def _written(field: Field, value: Value) -> str | bool | orjson.Fragment | None:
    match field.type, value:
        case FieldType.BOOLEAN, None:
            raise InvalidCall("a checkbox is true or false", pointer=f"/{field.path}")
        case (_, None) | (_, ""):
            return None
        case FieldType.BOOLEAN, bool():
            return value
        case kind, int() | float() | str() if kind in NUMBERS and not _broken(kind, value):
            return orjson.Fragment(number(field, value).encode())
        case ((FieldType.DATE | FieldType.DATETIME), str()):
            return _dated(field, value)
        case FieldType.REFERENCE, str():
            return identifier(value)
        case FieldType.TEXTS, tuple() if all(each and ";" not in each and _whole(each) for each in value):
            return _joined(field, value)
        case kind, str() if kind in WORDS and _whole(value):
            return value
        case _:
            raise InvalidCall("a value is not of its field's type", pointer=f"/{field.path}")


def _whole(text: str) -> bool:
    """Tell whether *text* consists of whole characters."""
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


def _broken(kind: FieldType, value: Value) -> bool:
    """Tell whether *value* is a fraction, or may be one, where whole numbers belong."""
    return kind is FieldType.INTEGER and not isinstance(value, int)


def _dated(field: Field, value: str) -> str:
    return day(field, value) if field.type is FieldType.DATE else moment(field, value)


def _joined(field: Field, values: tuple[str, ...]) -> str | None:
    """Return several items as one text."""
    return ";".join(map(option_of, values) if field.path == CONSENTS else values) or None
