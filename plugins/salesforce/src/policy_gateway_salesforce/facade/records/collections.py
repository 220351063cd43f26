"""Many records by one request: each is decided, and journaled, as if it came alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from policy_gateway.errors import FieldRefused, GatewayError
from policy_gateway.model.disclosure import Disclosure
from policy_gateway.model.field import RecordId
from policy_gateway.query import Change, ChangeKind, In, Query
from policy_gateway.wire import Json
from policy_gateway_salesforce.facade.exchange.answers import Answer
from policy_gateway_salesforce.facade.exchange.asked import Asked, flag, objects, texts
from policy_gateway_salesforce.facade.exchange.ids import PREFIXES, canonical
from policy_gateway_salesforce.facade.exchange.refusals import Refusal, invalid, no_column, not_offered, refusal_of
from policy_gateway_salesforce.facade.exchange.turn import Turn
from policy_gateway_salesforce.facade.records.objects import (
    ANY_STATE,
    ID,
    deleted,
    keyed,
    refusal_of_change,
    upserted,
    values_of,
)
from policy_gateway_salesforce.facade.rows.sheets import shape_of, sheet_of

MOST_WRITTEN: Final = 200
MOST_READ: Final = 2000
_OBJECTS: Final = MappingProxyType({prefix: name for name, prefix in PREFIXES.items()})


@dataclass(frozen=True, slots=True)
class Saved:
    """How the writing of one record ended: its *id* and whether it is new, or why not."""

    id: str | None = None
    created: bool | None = None
    refusal: Refusal | None = None

    def told(self) -> dict[str, Json]:
        """Return what the vendor tells of one record."""
        if self.refusal is not None:
            return {"success": False, "errors": [self.refusal.saved()]}
        told: dict[str, Json] = {"id": self.id, "success": True, "errors": []}
        return told if self.created is None else told | {"created": self.created}


async def create_many(asked: Asked, turn: Turn) -> Answer:
    """``POST composite/sobjects``."""
    body = asked.object()
    changes = [_change(ChangeKind.CREATE, record) for record in _records(body)]
    if flag(body, "allOrNone"):
        return _answer(await _all_or_none(turn, changes))
    return _answer(await saved_each(turn, changes))


async def update_many(asked: Asked, turn: Turn) -> Answer:
    """``PATCH composite/sobjects``: each record brings its id."""
    body = asked.object()
    records = _records(body)
    _require_one(records, all_or_none=flag(body, "allOrNone"))
    return _answer(await saved_each(turn, [_change(ChangeKind.UPDATE, record) for record in records]))


async def delete_many(asked: Asked, turn: Turn) -> Answer:
    """``DELETE composite/sobjects?ids=…``."""
    ids = asked.names("ids")
    _require_some(ids, MOST_WRITTEN, "ids")
    _require_one(ids, all_or_none=(asked.given("allOrNone") or "").lower() == "true")
    return _answer(await saved_each(turn, [_deletion(given) for given in ids]))


async def upsert_many(asked: Asked, turn: Turn) -> Answer:
    """``PATCH composite/sobjects/Contact/Customer_Number__c``: each record brings the key that it is known by."""
    name, key = asked.variables["object"], asked.variables["key"]
    body = asked.object()
    records = _records(body)
    _require_one(records, all_or_none=flag(body, "allOrNone"))
    return _answer([await upsert_one(turn, name, key, record) for record in records])


async def read_many(asked: Asked, turn: Turn) -> Answer:
    """``GET`` and ``POST composite/sobjects/Contact``: records by their ids, null for one that is not there."""
    name = asked.variables["object"]
    posted = asked.object() if asked.method == "POST" else {}
    ids = texts(posted, "ids") or asked.names("ids")
    names = texts(posted, "fields") or asked.names("fields")
    _require_some(ids, MOST_READ, "ids")
    _require_some(names, MOST_READ, "fields")
    wanted = [canonical(given) for given in ids]
    distinct = tuple(dict.fromkeys(one for one in wanted if one is not None))
    shown = names if ID.lower() in {one.lower() for one in names} else (*names, ID)
    query = Query(name, shown, where=In(ID, distinct), limit=max(len(distinct), 1))
    try:
        disclosure = await turn.show(query)
    except FieldRefused as refused:
        raise no_column(refused.names[0], name) if refused.names else refusal_of(refused) from None
    sheet = sheet_of(disclosure, name, asked.root, shape_of(shown))
    rows = {str(record.id): sheet.row(record) for record in disclosure.released.records}
    return Answer(200, [rows.get(one or "") for one in wanted])


async def saved_each(turn: Turn, changes: Sequence[Change | Refusal]) -> list[Saved]:
    """Return how each of *changes* ended; those of one record are made one after the other."""
    targets = [change.target for change in changes if isinstance(change, Change) and change.target]
    if len(set(targets)) < len(targets):
        return [(await _saved(turn, [change]))[0] for change in changes]
    return await _saved(turn, changes)


async def upsert_one(turn: Turn, name: str, key: str, record: Mapping[str, Json]) -> Saved:
    """Return how one record of the object *name* was changed, or made, that says its own *key*."""
    try:
        values = values_of(record)
        value = next((value for own, value in values.items() if own.lower() == key.lower()), None)
        if value is None:
            raise invalid(f"{key} not specified", "MISSING_ARGUMENT")
        found = await keyed(turn, name, key, value)
        if len(found) > 1:
            raise invalid("more than one record found for external id field", "DUPLICATE_EXTERNAL_ID")
        return Saved(*(await upserted(turn, name, (key, value), values, found)))
    except Refusal as refused:
        await turn.refused()
        return Saved(refusal=_among(refused))
    except GatewayError as error:
        return Saved(refusal=_among(refusal_of(error)))


async def _saved(turn: Turn, changes: Sequence[Change | Refusal]) -> list[Saved]:
    asked = [change for change in changes if isinstance(change, Change)]
    if not asked:
        await turn.refused()
    ends = iter(await turn.ask_each(asked))
    return [Saved(refusal=change) if isinstance(change, Refusal) else _end(change, next(ends)) for change in changes]


def _end(change: Change, end: Disclosure | GatewayError) -> Saved:
    if isinstance(end, GatewayError):
        return Saved(refusal=_among(refusal_of_change(end, change)))
    return Saved(change.target or end.touched)


async def _all_or_none(turn: Turn, changes: Sequence[Change | Refusal]) -> list[Saved]:
    """Make all records or none, as far as those that were made may be deleted; what is left is told as it is."""
    done: list[Saved] = []
    for change in changes:
        if isinstance(change, Refusal):
            await turn.refused()
            done.append(Saved(refusal=change))
            break
        done += await _saved(turn, [change])
        if done[-1].refusal is not None:
            break
    if not done or done[-1].refusal is None:
        return done
    undone = [await undo(turn, _name(change), saved) for change, saved in zip(changes, done, strict=False)]
    return undone + [Saved(refusal=rolled_back())] * (len(changes) - len(done))


async def undo(turn: Turn, name: str, saved: Saved) -> Saved:
    """Delete what was made for something that failed as a whole; return what is to be told of it."""
    if saved.refusal is not None or saved.id is None:
        return saved
    try:
        await deleted(turn, name, RecordId(saved.id))
    except Refusal:
        return saved
    return Saved(refusal=rolled_back())


def rolled_back() -> Refusal:
    """Return what is told of a part that could have been done, had not another failed."""
    message = "Record rolled back because not all records were valid and the request was using AllOrNone header"
    return Refusal(400, "ALL_OR_NONE_OPERATION_ROLLED_BACK", message)


def _name(change: Change | Refusal) -> str:
    return change.resource if isinstance(change, Change) else ""


def _among(refusal: Refusal) -> Refusal:
    """Return *refusal* as it reads among others, where no path says which record was meant."""
    if refusal.code == "NOT_FOUND":
        return invalid("invalid cross reference id", "INVALID_CROSS_REFERENCE_KEY")
    return refusal


def _change(kind: ChangeKind, record: Mapping[str, Json]) -> Change | Refusal:
    try:
        attributes = record.get("attributes")
        name = attributes.get("type") if isinstance(attributes, dict) else None
        if not isinstance(name, str) or not name:
            raise invalid("sObject type 'null' is not supported.", "INVALID_TYPE")
        values = values_of(record)
        given = [own for own in values if own.lower() == ID.lower()]
        if kind is ChangeKind.CREATE:
            return Change(kind, name, values=values, quiet=True)
        target = canonical(str(values.pop(given[0]))) if given else None
        if target is None:
            raise invalid("Id not specified in an update call", "MISSING_ARGUMENT" if not given else "MALFORMED_ID")
        return Change(kind, name, RecordId(target), values, precondition=ANY_STATE, quiet=True)
    except Refusal as refused:
        return refused


def _deletion(given: str) -> Change | Refusal:
    identifier = canonical(given)
    name = _OBJECTS.get(identifier[:3]) if identifier else None
    if identifier is None or name is None:
        return invalid(f"malformed id {given}", "MALFORMED_ID")
    return Change(ChangeKind.DELETE, name, RecordId(identifier), precondition=ANY_STATE)


def _records(body: Mapping[str, Json]) -> list[dict[str, Json]]:
    records = objects(body, "records")
    _require_some(records, MOST_WRITTEN, "records")
    return records


def _require_some(items: Sequence[object], most: int, name: str) -> None:
    if not items:
        raise invalid(f"The required parameter {name} is missing", "MISSING_ARGUMENT")
    if len(items) > most:
        message = f"record limit reached. cannot submit more than {most} records into this call"
        raise invalid(message, "EXCEEDED_ID_LIMIT")


def _require_one(items: Sequence[object], *, all_or_none: bool) -> None:
    """Refuse a promise that cannot be kept: who may see a part of a record cannot undo what became of it."""
    if all_or_none and len(items) > 1:
        raise not_offered("allOrNone is available for new records only: what was changed could not be changed back")


def _answer(saved: Sequence[Saved]) -> Answer:
    return Answer(200, [one.told() for one in saved])
