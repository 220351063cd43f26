"""Tryton's JSON to records, and changes to Tryton's JSON; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from policy_gateway.errors import InvalidCall, UpstreamInvalid, UpstreamRefused
from policy_gateway.model.field import Field, FieldType, RecordId, Resource, Value
from policy_gateway.records import Record
from policy_gateway_tryton.catalogue import IBAN, MECHANISMS, root
from policy_gateway_tryton.values import Json, dialed, told, understood

_ADDRESS = "addresses"
_REFERENCES: Mapping[str, str] = MappingProxyType({"lang.code": "ir.lang", "addresses.country.code": "country.country"})
"""Fields that are codes of records of another model, which Tryton knows by their ids."""


class _WithheldError(Exception):
    """Tryton left a field out: its own access rules hide it from this key's user."""


def record(resource: Resource, row: Json, select: Iterable[str]) -> Record:
    """Return the *select* paths of *row*; those that Tryton withholds are absent.

    Raises UpstreamInvalid when a value is not of its field's type, or there is no id.
    """
    if not isinstance(row, dict) or not isinstance(number := row.get("id"), int) or isinstance(number, bool):
        raise UpstreamInvalid
    values: dict[str, Value] = {}
    for path in select:
        field = resource.fields[path]
        try:
            values[path] = str(number) if field.native == "id" else understood(field.type, _found(field, row))
        except _WithheldError:
            continue
    return Record(RecordId(str(number)), {path: _compact(resource.fields[path], values[path]) for path in values})


def _compact(field: Field, value: Value) -> Value:
    return "".join(value.split()) if field.native == IBAN and isinstance(value, str) else value


def _found(field: Field, row: Mapping[str, Json]) -> Json:
    if field.native == IBAN:
        return next(_ibans(row), None)
    found: Json = dict(row)
    for name in field.native.split("."):
        if isinstance(found, list):
            found = found[0] if found else None
        if found is None:
            return None
        if not isinstance(found, dict):
            raise UpstreamInvalid
        if name not in found:
            raise _WithheldError
        found = found[name]
    return found


def _ibans(row: Mapping[str, Json]) -> Iterator[Json]:
    for account in related(row, "bank_accounts"):
        for number in related(account, "numbers"):
            if not {"type", "number"} <= number.keys():
                raise _WithheldError
            if number["type"] == "iban":
                yield number["number"]
            elif not isinstance(number["type"], str):
                raise UpstreamInvalid


def related(row: Mapping[str, Json], name: str) -> list[Mapping[str, Json]]:
    """Return the related records *name* of *row*. Raises when Tryton withholds them or sends something else."""
    if name not in row:
        raise _WithheldError
    found = row[name]
    items = [item for item in found if isinstance(item, Mapping)] if isinstance(found, list) else []
    if found is not None and (not isinstance(found, list) or len(items) < len(found)):
        raise UpstreamInvalid
    return items


def needed(resource: Resource, paths: Iterable[str]) -> frozenset[str]:
    """Return what must be known of a party before *paths* of it can be changed: the ids of what hangs on it."""
    natives = {resource.fields[path].native for path in paths}
    mechanisms = {"contact_mechanisms.type"} if natives & MECHANISMS else set()
    addresses = {"addresses.id"} if any(root(native) == _ADDRESS for native in natives) else set()
    return frozenset(mechanisms | addresses)


def references(resource: Resource, values: Mapping[str, Value]) -> frozenset[tuple[str, str]]:
    """Return the (model, code) pairs whose ids *values* need."""
    return frozenset(
        (_REFERENCES[native], _text(value))
        for path, value in values.items()
        if (native := resource.fields[path].native) in _REFERENCES and value is not None
    )


def _text(value: Value) -> str:
    if not isinstance(value, str) or not value:
        raise InvalidCall("codes are texts")
    return value


def payload(
    resource: Resource,
    values: Mapping[str, Value],
    ids: Mapping[tuple[str, str], int],
    current: Mapping[str, Json] | None,
    region: str,
) -> dict[str, Json]:
    """Return *values* as Tryton takes them: of a party as *current*, or of a new one when that is None.

    *ids* has the id for each pair of :func:`references`. UpstreamRefused when Tryton hides what must be changed.
    """
    row: dict[str, Json] = {}
    mechanisms: list[Json] = []
    address: dict[str, Json] = {}
    for path, value in values.items():
        field = resource.fields[path]
        if field.native in MECHANISMS:
            now = _hanging(current, "contact_mechanisms")
            mechanisms.extend(_mechanism(field.native, _channel(field, value, region), now))
        else:
            place = address if root(field.native) == _ADDRESS else row
            name, told_value = _own(field, value, ids)
            place[name] = told_value
    if mechanisms:
        row["contact_mechanisms"] = mechanisms
    if address:
        row[_ADDRESS] = _address(address, _hanging(current, _ADDRESS))
    return row


def _own(field: Field, value: Value, ids: Mapping[tuple[str, str], int]) -> tuple[str, Json]:
    """Return what a field is called where it is written, and its value there."""
    native = field.native.removeprefix(f"{_ADDRESS}.")
    if field.native not in _REFERENCES:
        return native, told(field.type, value)
    return root(native), None if value is None else ids[_REFERENCES[field.native], _text(value)]


def _hanging(current: Mapping[str, Json] | None, name: str) -> list[Mapping[str, Json]]:
    """Return what hangs on the party now; nothing on a new one."""
    if current is None:
        return []
    try:
        return related(current, name)
    except _WithheldError:
        raise UpstreamRefused from None


def _channel(field: Field, value: Value, region: str) -> Json:
    """Return a number or address to write; Tryton takes numbers with their country code only."""
    found = told(field.type, value)
    if field.type is FieldType.PHONE and isinstance(found, str):
        return dialed(found, region) or found
    return found


def _mechanism(kind: str, value: Json, now: list[Mapping[str, Json]]) -> list[Json]:
    """Return the nested writes that give a party *value* as its first mechanism of *kind*, or leave it none."""
    existing = [_id(mechanism) for mechanism in now if mechanism.get("type") == kind]
    if value in (None, ""):
        return [["delete", [*existing]]] if existing else []
    if existing:
        return [["write", existing[:1], {"value": value}]]
    return [["create", [{"type": kind, "value": value}]]]


def _address(values: dict[str, Json], now: list[Mapping[str, Json]]) -> list[Json]:
    if now:
        return [["write", [_id(now[0])], values]]
    return [["create", [values]]] if any(value is not None for value in values.values()) else []


def _id(row: Mapping[str, Json]) -> int:
    number = row.get("id")
    if not isinstance(number, int) or isinstance(number, bool):
        raise UpstreamInvalid
    return number
