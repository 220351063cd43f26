"""Owners: the people of a portal to whom records belong. HubSpot lists them, and finds one by three keys only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from policy_gateway.errors import FieldRefused, InvalidCall, UpstreamInvalid
from policy_gateway.model.field import ID_PATH, Field, FieldType, RecordId, Resource, Value
from policy_gateway.query import And, Compare, Op, Query, Where
from policy_gateway.records import Page, Record
from policy_gateway_hubspot.answers import after_of
from policy_gateway_hubspot.mapping import ID
from policy_gateway_hubspot.paging import Way, place, size

OWNER: Final = "owner"
PATH: Final = "/crm/v3/owners"
MAX_OWNERS: Final = 500

_KEYS: Final = frozenset({ID_PATH, "email", "user_id"})


def _field(path: str, native: str, kind: FieldType, native_type: str = "string text") -> Field:
    label = path.replace("_", " ").capitalize()
    searchable = path in _KEYS
    return Field(
        path, kind, native, label, writable=False, searchable=searchable, category="processing", native_type=native_type
    )


_FIELDS: Final = (
    _field(ID_PATH, "id", FieldType.TEXT),
    _field("email", "email", FieldType.EMAIL),
    _field("first_name", "firstName", FieldType.TEXT),
    _field("last_name", "lastName", FieldType.TEXT),
    _field("user_id", "userId", FieldType.TEXT),
    _field("teams", "teams", FieldType.TEXTS),
    _field("created_at", "createdAt", FieldType.DATETIME, "datetime date"),
    _field("updated_at", "updatedAt", FieldType.DATETIME, "datetime date"),
)

RESOURCE: Final = Resource(
    OWNER,
    "owners",
    MappingProxyType({field.path: field for field in _FIELDS}),
    native="owners",
    aliases=(OWNER,),
    label="Owner",
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of HubSpot: one owner by its *key*, or a page of them; *parameters* go along."""

    key: str = ""
    parameters: tuple[tuple[str, str], ...] = ()
    limit: int = 0

    @property
    def path(self) -> str:
        """Return the path to ask."""
        return f"{PATH}/{self.key}" if self.key else PATH


def asked(query: Query) -> Asked:
    """Return what *query* asks of HubSpot. FieldRefused for what owners do not have, InvalidCall for other filters."""
    if query.order:
        raise InvalidCall("HubSpot lists owners by id only")
    if any(not isinstance(path, str) or path not in RESOURCE.fields for path in query.select):
        raise FieldRefused
    if query.target is not None:
        if query.where is not None:
            raise InvalidCall("an owner is asked for by id alone")
        return Asked(_key(query.target))
    return _found(query, _only(query.where))


def _found(query: Query, where: Where | None) -> Asked:
    at, limit = place(Way.LIST, query.cursor), size(query.limit, MAX_OWNERS)
    paging = (("limit", str(limit)), *((("after", at.at),) if at.at else ()))
    match where:
        case None:
            return Asked("", paging, limit)
        case Compare(path="email", op=Op.EQ, value=str(email)):
            return Asked("", (*paging, ("email", email)), limit)
        case Compare(path="id", op=Op.EQ, value=str(key)):
            return Asked(_key(key))
        case Compare(path="user_id", op=Op.EQ, value=str(key)):
            return Asked(_key(key), (("idProperty", "userId"),))
        case _:
            raise InvalidCall("HubSpot finds owners by id, user id or e-mail address only")


def page(answer: object, query: Query, limit: int) -> Page:
    """Return the owners of a list. UpstreamInvalid when it is none, or too long."""
    match answer:
        case {"results": list(results), **rest} if len(results) <= limit:
            after = after_of(rest.get("paging"))
            cursor = place(Way.LIST, query.cursor).next(after) if after else None
            return Page(OWNER, tuple(record(each, query.select) for each in results), cursor)
        case _:
            raise UpstreamInvalid


def record(answer: object, select: Sequence[object]) -> Record:
    """Return one owner with the selected paths. UpstreamInvalid when it is none."""
    match answer:
        case {"id": str(identifier), **rest} if ID.fullmatch(identifier):
            told = {"id": identifier, **{str(name): value for name, value in rest.items()}}
            given = {path: _value(RESOURCE.fields[path], told) for path in select if isinstance(path, str)}
            return Record(RecordId(identifier), given)
        case _:
            raise UpstreamInvalid


def _value(field: Field, answer: Mapping[str, object]) -> Value:
    match field.path, answer.get(field.native):
        case _, None:
            return None
        case "user_id", int(number) if not isinstance(number, bool):
            return str(number)
        case "teams", [*teams]:
            return tuple(str(team["name"]) for team in teams if isinstance(team, dict) and "name" in team)
        case _, str(text):
            return text or None
        case _:
            raise UpstreamInvalid


def _only(where: Where | None) -> Where | None:
    """Return *where* without the conjunctions that hold one condition, or none."""
    while isinstance(where, And) and len(where.items) <= 1:
        where = where.items[0] if where.items else None
    return where


def _key(text: str) -> str:
    if ID.fullmatch(text) is None:
        raise InvalidCall("an id of HubSpot has digits only")
    return text
