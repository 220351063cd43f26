"""Single records: read, created, changed, deleted; found, or made, by an external id."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from policy_gateway.errors import Conflict, FieldRefused, GatewayError, InvalidCall, UpstreamRefused
from policy_gateway.model.disclosure import Disclosure, ReleasedRecord
from policy_gateway.model.field import RecordId, Value
from policy_gateway.query import Change, ChangeKind, Compare, Op, Query
from policy_gateway.wire import Json
from policy_gateway_salesforce.facade.exchange.answers import Answer
from policy_gateway_salesforce.facade.exchange.asked import Asked
from policy_gateway_salesforce.facade.exchange.ids import canonical
from policy_gateway_salesforce.facade.exchange.refusals import (
    Refusal,
    invalid,
    no_column,
    nowhere,
    refusal_of,
    unwritable,
)
from policy_gateway_salesforce.facade.exchange.turn import Turn
from policy_gateway_salesforce.facade.login.who import own_record, user_of
from policy_gateway_salesforce.facade.rows.sheets import shape_of, sheet_of
from policy_gateway_salesforce.facade.rows.values import given

ANY_STATE: Final = "*"
ID: Final = "Id"
TOLD_CREATED: Final = 46.0
"""From this version of the API on, an upsert that changes a record says so in a body."""

_MISSING: Final = "Required fields are missing"
_UNACCEPTED: Final = "A value is not accepted by the org"
_CONDITIONS: Final = ("if-match", "if-none-match", "if-unmodified-since", "if-modified-since")


async def one(asked: Asked, turn: Turn) -> Answer:
    """``GET sobjects/Contact/003…?fields=Id,Email``: without *fields*, everything that may be seen."""
    name, names = asked.variables["object"], asked.names("fields")
    if name.lower() == "user" and canonical(asked.variables["id"]) == user_of(asked.session):
        return Answer(200, own_record(asked.session, asked.root))
    query = Query(name, names, target=target_of(asked.variables["id"]))
    try:
        disclosure = await turn.show(query)
    except FieldRefused as refused:
        raise _unreadable(refused, name) from None
    return Answer(200, _row(asked, disclosure, names))


async def create(asked: Asked, turn: Turn) -> Answer:
    """``POST sobjects/Contact``."""
    values = values_of(asked.object())
    created = await made(turn, asked.variables["object"], values)
    place = {"Location": f"{asked.root}/sobjects/{asked.variables['object']}/{created}"} if created else {}
    return Answer(201, {"id": created, "success": True, "errors": []}, place)


async def update(asked: Asked, turn: Turn) -> Answer:
    """``PATCH sobjects/Contact/003…``."""
    _refuse_conditions(asked)
    target = target_of(asked.variables["id"])
    await changed(turn, asked.variables["object"], target, values_of(asked.object()))
    return Answer(204)


async def delete(asked: Asked, turn: Turn) -> Answer:
    """``DELETE sobjects/Contact/003…``."""
    _refuse_conditions(asked)
    await deleted(turn, asked.variables["object"], target_of(asked.variables["id"]))
    return Answer(204)


async def one_by_key(asked: Asked, turn: Turn) -> Answer:
    """``GET sobjects/Contact/Customer_Number__c/K-1``: the key is searched for, and decided as a search."""
    name, key, value = (asked.variables[part] for part in ("object", "key", "value"))
    names = asked.names("fields")
    try:
        disclosure = await turn.show(Query(name, names, where=Compare(key, Op.EQ, value), limit=2))
    except FieldRefused as refused:
        raise unkeyed(key) if key in refused.names or not refused.names else _unreadable(refused, name) from None
    records = disclosure.released.records
    if not records:
        raise nowhere()
    if len(records) > 1:
        return _several(asked, name, records)
    return Answer(200, _row(asked, disclosure, names))


async def upsert(asked: Asked, turn: Turn) -> Answer:
    """``PATCH sobjects/Contact/Customer_Number__c/K-1``: changes the record with this key, or makes it."""
    _refuse_conditions(asked)
    name, key, value = (asked.variables[part] for part in ("object", "key", "value"))
    values = values_of(asked.object())
    if key.lower() == ID.lower():
        await changed(turn, name, target_of(value), values)
        return _upserted(asked, canonical(value) or value, created=False)
    found = await keyed(turn, name, key, value)
    if len(found) > 1:
        return _several(asked, name, found)
    return _upserted(asked, *(await upserted(turn, name, (key, value), values, found)))


async def delete_by_key(asked: Asked, turn: Turn) -> Answer:
    """``DELETE sobjects/Contact/Customer_Number__c/K-1``."""
    _refuse_conditions(asked)
    name, key, value = (asked.variables[part] for part in ("object", "key", "value"))
    if key.lower() == ID.lower():
        await deleted(turn, name, target_of(value))
        return Answer(204)
    found = await keyed(turn, name, key, value)
    if len(found) > 1:
        return _several(asked, name, found)
    if not found:
        raise nowhere()
    await deleted(turn, name, found[0].id)
    return Answer(204)


async def keyed(turn: Turn, name: str, key: str, value: Value) -> tuple[ReleasedRecord, ...]:
    """Return the records (two at most) of the object *name* whose external id *key* is *value*."""
    try:
        disclosure = await turn.ask(Query(name, (ID,), where=Compare(key, Op.EQ, value), limit=2))
    except FieldRefused:
        raise unkeyed(key) from None
    return disclosure.released.records


async def upserted(
    turn: Turn, name: str, key: tuple[str, Value], values: Mapping[str, Value], found: tuple[ReleasedRecord, ...]
) -> tuple[str, bool]:
    """Change the record that was *found*, or make one with its *key*; return its id, and whether it is new."""
    own = {other: value for other, value in values.items() if other.lower() != key[0].lower()}
    if not found:
        return await made(turn, name, {key[0]: key[1], **own}) or "", True
    if own:
        await changed(turn, name, found[0].id, own)
    return found[0].id, False


async def made(turn: Turn, name: str, values: Mapping[str, Value]) -> str | None:
    """Make a record of *values*; return its id."""
    return (await written(turn, Change(ChangeKind.CREATE, name, values=values, quiet=True))).touched


async def changed(turn: Turn, name: str, target: RecordId, values: Mapping[str, Value]) -> None:
    """Change the record *target* as *values* say, whatever it is now: clients do not say what they saw."""
    await written(turn, Change(ChangeKind.UPDATE, name, target, values, precondition=ANY_STATE, quiet=True))


async def deleted(turn: Turn, name: str, target: RecordId) -> None:
    """Delete the record *target*."""
    await written(turn, Change(ChangeKind.DELETE, name, target, precondition=ANY_STATE))


async def written(turn: Turn, change: Change) -> Disclosure:
    """Return what *change* discloses; the vendor's refusals of writing."""
    try:
        return await turn.ask(change)
    except GatewayError as error:
        raise refusal_of_change(error, change) from error


def refusal_of_change(error: GatewayError, change: Change) -> Refusal:
    """Return how the vendor would refuse *change* for *error*."""
    match error:
        case FieldRefused(names=names):
            return unwritable(names or tuple(change.values))
        case InvalidCall(native=code) if code:
            return invalid(_MISSING if code == "REQUIRED_FIELD_MISSING" else _UNACCEPTED, code)
        case InvalidCall():
            return invalid("A value is not one that its field can hold", "INVALID_TYPE_ON_FIELD_IN_RECORD")
        case UpstreamRefused():
            return invalid("The record is not accepted by the org", "FIELD_INTEGRITY_EXCEPTION")
        case Conflict() if not change.values:
            return invalid("unable to obtain exclusive access to this record", "UNABLE_TO_LOCK_ROW")
        case _:
            return refusal_of(error)


def values_of(body: Mapping[str, Json]) -> dict[str, Value]:
    """Return the values that *body* wants to write; what it says of the record's type is not one."""
    values = given({name: value for name, value in body.items() if name != "attributes"})
    if values is None:
        raise invalid("Cannot deserialize a value: a field holds a single value")
    if len({name.lower() for name in values}) < len(values):
        raise invalid("Duplicate field specified", "DUPLICATE_FIELD_IN_REQUEST")
    return values


def target_of(given: str) -> RecordId:
    """Return the record that an id of 15 or 18 characters means; refused as a key that nobody knows."""
    identifier = canonical(given)
    if identifier is None:
        raise unkeyed(given)
    return RecordId(identifier)


def unkeyed(key: str) -> Refusal:
    """Return a 404: *key* is no field to find a record by, or none that the caller may search."""
    return nowhere(f"Provided external ID field does not exist or is not accessible: {key}")


def _unreadable(refused: FieldRefused, name: str) -> Refusal:
    return no_column(refused.names[0], name) if refused.names else refusal_of(refused)


def _row(asked: Asked, disclosure: Disclosure, names: tuple[str, ...]) -> dict[str, Json]:
    """Return the first record: the fields *names*, and its id even if that is not among them."""
    record = disclosure.released.records[0]
    row = sheet_of(disclosure, asked.variables["object"], asked.root, shape_of(names)).row(record)
    return row if any(name.lower() == ID.lower() for name in row) else {**row, ID: record.id}


def _several(asked: Asked, name: str, records: tuple[ReleasedRecord, ...]) -> Answer:
    return Answer(300, [f"{asked.root}/sobjects/{name}/{record.id}" for record in records])


def _upserted(asked: Asked, identifier: str, created: bool) -> Answer:  # noqa: FBT001 -- as upserted() returns it
    told: dict[str, Json] = {"id": identifier, "success": True, "errors": [], "created": created}
    if created:
        return Answer(201, told)
    return Answer(200, told) if float(asked.version) >= TOLD_CREATED else Answer(204)


def _refuse_conditions(asked: Asked) -> None:
    """Refuse a write on a condition: nobody checks it, and a write that ignored it would look like one that held."""
    if any(name in asked.headers for name in _CONDITIONS):
        raise Refusal(412, "PRECONDITION_FAILED", "Conditions on a write are not supported")
