"""Records one at a time, lists of them, and searches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from policy_gateway.errors import FieldRefused, RecordNotFound
from policy_gateway.model.disclosure import Disclosure, ReleasedRecord
from policy_gateway.model.field import RecordId, Value
from policy_gateway.query import Action, Change, ChangeKind, Compare, Describe, Op, Query, searched_paths
from policy_gateway.wire import Json, Reply
from policy_gateway_hubspot.facade import associations
from policy_gateway_hubspot.facade.kinds import OBJECT_ID, Kind
from policy_gateway_hubspot.facade.known import NOBODY, Known
from policy_gateway_hubspot.facade.refusals import Invalid, PropertiesRefused
from policy_gateway_hubspot.facade.request import objects_in, record_id, text_in
from policy_gateway_hubspot.facade.searching import EVERYWHERE, has_filters, search_of
from policy_gateway_hubspot.facade.telling import GDPR, Shape, blank, fields_of, gdpr_header, object_of
from policy_gateway_hubspot.facade.values import sought, text_of, typed
from policy_gateway_hubspot.facade.visit import Visit

MOST_LISTED: Final = 100
MOST_WITH_HISTORY: Final = 50
USUAL_LIMIT: Final = 10
ANY_STATE: Final = "*"
"""HubSpot knows no conditional writes: whatever is there is changed."""

_GDPR: Final = frozenset({GDPR})


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a request for records wants of each: its *shape*, and what is associated with it."""

    shape: Shape
    linked: tuple[Kind, ...] = ()

    @property
    def select(self) -> tuple[str, ...]:
        """Return the properties to ask for."""
        return tuple(dict.fromkeys((*self.shape.asked, *associations.properties(self.shape.kind, self.linked))))


async def list_objects(visit: Visit) -> Reply:
    """Answer ``GET …/{type}``: a page of records."""
    request, kind = visit.request, visit.kind()
    wanted = _wanted(visit, kind)
    limit = request.limit(USUAL_LIMIT, MOST_WITH_HISTORY if wanted.shape.past else MOST_LISTED)
    if request.flag("archived"):
        await visit.ask(Describe(kind.name))
        return visit.reply({"results": []})  # what is archived is out of the gateway's sight
    disclosure = await visit.ask(Query(kind.name, wanted.select, limit=limit, cursor=request.after()), lenient=True)
    answer: dict[str, Json] = {"results": await _told(visit, wanted, disclosure)}
    if after := disclosure.released.cursor:
        answer["paging"] = {"next": {"after": after, "link": request.link(after)}}
    return visit.reply(answer)


async def get_object(visit: Visit) -> Reply:
    """Answer ``GET …/{type}/{id}``, by record id or by a unique property: then it is searched by that."""
    kind = visit.kind()
    wanted = _wanted(visit, kind)
    by, key = visit.request.one("idProperty"), visit.request.variables["id"]
    if not by or by == OBJECT_ID:
        query = Query(kind.name, wanted.select, target=record_id(key))
    else:
        query = await keyed(visit, kind, by, key)
        query = replace(query, select=wanted.select)
    disclosure = await visit.ask(query, include=_GDPR, lenient=True)
    only(disclosure)
    [told] = await _told(visit, wanted, disclosure)
    return visit.reply(told, headers=gdpr_header(disclosure))


async def search(visit: Visit) -> Reply:
    """Answer ``POST …/{type}/search``."""
    kind, body = visit.kind(), await visit.request.json()
    found = search_of(kind, body, await visit.known(kind) if has_filters(body) else NOBODY)
    wanted = Wanted(Shape(kind, found.names, nulls=visit.request.nulls))
    visit.words = searched_paths(found.query) - {EVERYWHERE}
    disclosure = await visit.ask(replace(found.query, select=wanted.select), lenient=True)
    results = await _told(visit, wanted, disclosure)
    after = disclosure.released.cursor
    answer: dict[str, Json] = {"total": found.total(len(results), more=after is not None), "results": results}
    if after:
        answer["paging"] = {"next": {"after": found.following(after, len(results))}}
    return visit.reply(answer)


async def create_object(visit: Visit) -> Reply:
    """Answer ``POST …/{type}``."""
    kind, body = visit.kind(), await visit.request.json()
    known = await visit.known(kind)
    change = creation(kind, body, known)
    disclosure = await changed(visit, kind, change, known)
    return visit.reply(written(visit, kind, known, change, disclosure), 201)


async def update_object(visit: Visit) -> Reply:
    """Answer ``PATCH …/{type}/{id}``."""
    kind, body = visit.kind(), await visit.request.json()
    known = await visit.known(kind)
    values = values_of(body.get("properties"), known)
    target = await found(visit, kind, visit.request.one("idProperty"), visit.request.variables["id"])
    change = Change(ChangeKind.UPDATE, kind.name, target, values, precondition=ANY_STATE)
    disclosure = await changed(visit, kind, change, known)
    return visit.reply(written(visit, kind, known, change, disclosure))


async def archive_object(visit: Visit) -> Reply:
    """Answer ``DELETE …/{type}/{id}``."""
    kind = visit.kind()
    target = record_id(visit.request.variables["id"])
    await visit.ask(Change(ChangeKind.DELETE, kind.name, target, precondition=ANY_STATE))
    return visit.nothing()


async def erase_object(visit: Visit) -> Reply:
    """Answer ``POST …/{type}/gdpr-delete``: the record is gone for good, which is a permission of its own."""
    kind, body = visit.kind(), await visit.request.json()
    by, key = body.get("idProperty") or "", text_in(body, "objectId")
    if not isinstance(by, str):
        raise Invalid("Invalid input JSON: idProperty must be a string")
    target = await found(visit, kind, by, key)
    await visit.ask(Change(ChangeKind.ERASE, kind.name, target, precondition=ANY_STATE))
    return visit.nothing()


def only(disclosure: Disclosure) -> ReleasedRecord:
    """Return the one record that was found; RecordNotFound without one, Invalid when a key means several."""
    records = disclosure.released.records
    if not records:
        raise RecordNotFound
    if len(records) > 1:
        raise Invalid("The idProperty is not a unique property")
    return records[0]


async def keyed(visit: Visit, kind: Kind, by: str, key: str) -> Query:
    """Return the query for the record whose property *by* is *key*: it is decided as the search that it is."""
    visit.words |= {by}
    field = (await visit.known(kind)).usable(by, Action.SEARCH)
    return Query(kind.name, (OBJECT_ID,), Compare(by, Op.EQ, sought(field, key, by)), limit=2)


def values_of(properties: Json, known: Known) -> dict[str, Value]:
    """Return the *properties* of a write as values. Invalid for what is not of its property's type."""
    if not isinstance(properties, dict):
        raise Invalid("Invalid input JSON: properties must be an object")
    return {
        name: typed(known.usable(name, Action.EDIT, Action.CREATE), text_of(value, name), name)
        for name, value in properties.items()
    }


def creation(kind: Kind, body: Mapping[str, Json], known: Known) -> Change:
    """Return the change that creates the record in *body*; its company is a property of it."""
    values = values_of(body.get("properties"), known)
    values |= associations.as_properties(kind, objects_in(body, "associations"))
    return Change(ChangeKind.CREATE, kind.name, None, {name: value for name, value in values.items() if value != ""})


async def changed(visit: Visit, kind: Kind, change: Change, known: Known) -> Disclosure:
    """Apply *change*; PropertiesRefused says which of its properties may not be written."""
    try:
        return await visit.ask(telling(visit, kind, change))
    except FieldRefused as error:
        raise unwritable(error, change, known) from None


def telling(visit: Visit, kind: Kind, change: Change) -> Change:
    """Return *change* asking to be told of its record what :func:`written` shows, and nothing else."""
    return replace(change, select=_shape(visit, kind, change).asked)


def unwritable(error: FieldRefused, change: Change, known: Known) -> PropertiesRefused:
    """Return *error* as HubSpot would say it: what the caller may not know of does not exist, the rest is read only."""
    path = error.pointer.removeprefix("/")
    pointed = [name for name in change.values if (field := known.field(name)) is not None and field.path == path]
    names: Sequence[str] = error.names or pointed or tuple(change.values)
    read_only = [name for name in names if known.field(name) is not None]
    return PropertiesRefused([name for name in names if name not in read_only], read_only)


def written(visit: Visit, kind: Kind, known: Known, change: Change, disclosure: Disclosure) -> dict[str, Json]:
    """Return the record after *change* as far as it may be seen: what was written, and what always comes."""
    records = disclosure.released.records
    if not records:
        return blank(str(change.target or ""))
    shape = _shape(visit, kind, change)
    return object_of(records[0], shape, {name: field for name in shape.asked if (field := known.field(name))})


def _shape(visit: Visit, kind: Kind, change: Change) -> Shape:
    return Shape(kind, tuple(change.values), nulls=visit.request.nulls)


def _wanted(visit: Visit, kind: Kind) -> Wanted:
    request = visit.request
    shape = Shape(kind, request.names("properties"), request.names("propertiesWithHistory"), request.nulls)
    return Wanted(shape, associations.kinds_of(request.names("associations")))


async def _told(visit: Visit, wanted: Wanted, disclosure: Disclosure) -> list[Json]:
    shape, records, fields = wanted.shape, disclosure.released.records, fields_of(disclosure)
    told = [object_of(record, shape, fields) for record in records]
    if wanted.linked:
        linked = await associations.linked(visit, shape.kind, wanted.linked, records)
        for one, its_own in zip(told, linked, strict=True):
            if its_own:
                one["associations"] = its_own
    return list(told)


async def found(visit: Visit, kind: Kind, by: str, key: str) -> RecordId:
    """Return the id of the record whose property *by*, or whose id, is *key*."""
    if not by or by == OBJECT_ID:
        return record_id(key)
    return only(await visit.ask(await keyed(visit, kind, by, key))).id
