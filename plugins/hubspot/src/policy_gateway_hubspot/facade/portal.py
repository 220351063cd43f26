"""Everything around the records: property definitions, owners, schemas, pipelines, the account.

Of the portal itself nothing is told that policy has not released: definitions are those of fields that the caller may
know of, and what HubSpot's clients insist on besides is made up of the session.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from policy_gateway.errors import RecordNotFound
from policy_gateway.model.disclosure import ReleasedRecord
from policy_gateway.model.field import Field, FieldType
from policy_gateway.ports import Session
from policy_gateway.query import Action, Compare, Describe, Op, Query
from policy_gateway.wire import Json, Reply
from policy_gateway_hubspot.catalogue import option_of
from policy_gateway_hubspot.facade.kinds import KINDS, Kind
from policy_gateway_hubspot.facade.known import Known
from policy_gateway_hubspot.facade.refusals import PropertyMissing
from policy_gateway_hubspot.facade.request import objects_in, record_id, text_in
from policy_gateway_hubspot.facade.telling import EPOCH, fields_of
from policy_gateway_hubspot.facade.values import CONSENTS, masked, spelled
from policy_gateway_hubspot.facade.visit import Visit

OWNERS: Final = "owners"
OWNER_FIELDS: Final = ("id", "email", "firstName", "lastName", "userId", "teams", "createdAt", "updatedAt")
MOST_OWNERS: Final = 500
USUAL_OWNERS: Final = 100
MOST_NAMES: Final = 100

_TYPES: Final[Mapping[FieldType, tuple[str, str]]] = MappingProxyType(
    {
        FieldType.PHONE: ("string", "phonenumber"),
        FieldType.INTEGER: ("number", "number"),
        FieldType.DECIMAL: ("number", "number"),
        FieldType.BOOLEAN: ("bool", "booleancheckbox"),
        FieldType.DATE: ("date", "date"),
        FieldType.DATETIME: ("datetime", "date"),
        FieldType.CHOICE: ("enumeration", "select"),
        FieldType.REFERENCE: ("enumeration", "select"),
        FieldType.TEXTS: ("enumeration", "checkbox"),
    }
)
_ACTIONS: Final = (Action.EDIT, Action.CREATE)


async def list_properties(visit: Visit) -> Reply:
    """Answer ``GET …/properties/{type}``: the definitions of what the caller may know of."""
    kind = visit.kind()
    known = await _described(visit, kind)
    if visit.request.flag("archived"):
        return visit.reply({"results": []})
    results: list[Json] = [_definition(kind, known, field) for field in known.fields.values()]
    return visit.reply({"results": results})


async def get_property(visit: Visit) -> Reply:
    """Answer ``GET …/properties/{type}/{name}``: a hidden property and none at all are the same."""
    kind, name = visit.kind(), visit.request.variables["name"]
    known = await _described(visit, kind)
    field = known.field(name)
    if field is None:
        raise PropertyMissing(name)
    return visit.reply(_definition(kind, known, field))


async def read_properties(visit: Visit) -> Reply:
    """Answer ``POST …/properties/{type}/batch/read``."""
    kind, body = visit.kind(), await visit.request.json()
    names = [text_in(each, "name") for each in objects_in(body, "inputs", MOST_NAMES)]
    known = await _described(visit, kind)
    found: list[Json] = [_definition(kind, known, field) for name in names if (field := known.field(name)) is not None]
    return visit.reply({"status": "COMPLETE", "results": found, "startedAt": visit.now, "completedAt": visit.now})


async def list_owners(visit: Visit) -> Reply:
    """Answer ``GET …/owners``."""
    request = visit.request
    limit, email = request.limit(USUAL_OWNERS, MOST_OWNERS), request.one("email")
    where = Compare("email", Op.EQ, email) if email else None
    if request.flag("archived"):
        await visit.ask(Describe(OWNERS))
        return visit.reply({"results": []})
    query = Query(OWNERS, OWNER_FIELDS, where, limit=limit, cursor=request.after())
    disclosure = await visit.ask(query, lenient=True)
    fields = fields_of(disclosure)
    answer: dict[str, Json] = {"results": [_owner(record, fields) for record in disclosure.released.records]}
    if after := disclosure.released.cursor:
        answer["paging"] = {"next": {"after": after, "link": request.link(after)}}
    return visit.reply(answer)


async def get_owner(visit: Visit) -> Reply:
    """Answer ``GET …/owners/{id}``, by owner id or by user id; the user of the session is whoever calls."""
    request, key = visit.request, record_id(visit.request.variables["id"])
    if request.one("idProperty") == "userId" and key == str(user_of(visit.session)):
        await visit.ask(Describe(OWNERS))
        return visit.reply(_oneself(visit.session))
    if request.one("idProperty") == "userId":
        query = Query(OWNERS, OWNER_FIELDS, Compare("userId", Op.EQ, key), limit=1)
    else:
        query = Query(OWNERS, OWNER_FIELDS, target=key)
    disclosure = await visit.ask(query, lenient=True)
    if not disclosure.released.records:
        raise RecordNotFound
    return visit.reply(_owner(disclosure.released.records[0], fields_of(disclosure)))


async def list_schemas(visit: Visit) -> Reply:
    """Answer ``GET …/schemas``: a firm's own object types, of which the gateway knows none."""
    await visit.ask(Describe())
    return visit.reply({"results": []})


async def get_schema(visit: Visit) -> Reply:
    """Answer ``GET …/schemas/{type}``."""
    kind = visit.kind()
    known = await _described(visit, kind)
    properties: list[Json] = [_definition(kind, known, field) for field in known.fields.values()]
    label = known.label or kind.singular.capitalize()
    shown = [name for name in kind.shown if name in known.fields]
    return visit.reply(
        {
            "id": kind.type_id,
            "objectTypeId": kind.type_id,
            "name": kind.singular.upper(),
            "fullyQualifiedName": kind.singular.upper(),
            "labels": {"singular": label, "plural": kind.name.capitalize()},
            "primaryDisplayProperty": shown[0] if shown else None,
            "secondaryDisplayProperties": list[Json](shown[1:]),
            "requiredProperties": [],
            "searchableProperties": [name for name, field in known.fields.items() if field.path in known.searched],
            "properties": properties,
            "associations": [],
            "allowsSensitiveProperties": False,
            "archived": False,
            "createdAt": EPOCH,
            "updatedAt": EPOCH,
        }
    )


async def list_pipelines(visit: Visit) -> Reply:
    """Answer ``GET …/pipelines/{type}``: policy knows no pipelines, so there is none to be seen, of any type."""
    kind = visit.kind()
    await visit.ask(Describe() if kind in KINDS else Describe(kind.name))
    return visit.reply({"results": []})


async def details(visit: Visit) -> Reply:
    """Answer ``GET /account-info/…/details``: an account of the session's own, nothing of the portal's."""
    await visit.ask(Describe())
    host = visit.request.ask.site.partition("://")[2]
    return visit.reply(
        {
            "portalId": hub_of(visit.session.tenant, visit.session.connection),
            "accountType": "STANDARD",
            "timeZone": "Etc/UTC",
            "companyCurrency": "EUR",
            "additionalCurrencies": [],
            "utcOffset": "+00:00",
            "utcOffsetMilliseconds": 0,
            "uiDomain": host,
            "dataHostingLocation": "eu1",
        }
    )


def user_of(session: Session) -> int:
    """Return the number that stands for whoever calls."""
    return hub_of(session.principal)


def hub_of(*words: str) -> int:
    """Return a number that stands for *words*, always the same; it is no id of anything in a CRM."""
    return zlib.crc32("\n".join(words).encode())


async def _described(visit: Visit, kind: Kind) -> Known:
    """Return what the caller may know of *kind*: asked for anew, for this is what the request is about."""
    return Known.of(await visit.ask(Describe(kind.name)))


def _definition(kind: Kind, known: Known, field: Field) -> dict[str, Json]:
    words = field.native_type.split()
    usual = _TYPES.get(field.type, ("string", "text"))
    read_only = not field.writable or not any(known.permits(field, action) for action in _ACTIONS)
    defined: dict[str, Json] = {
        "name": field.native,
        "label": field.label or field.native,
        "type": words[0] if words else usual[0],
        "fieldType": words[1] if len(words) > 1 else usual[1],
        "description": "",
        "groupName": f"{kind.singular}information",
        "options": _options(field),
        "displayOrder": -1,
        "calculated": "calculated" in words,
        "externalOptions": bool(field.references),
        "hasUniqueValue": "unique" in words,
        "hidden": False,
        "hubspotDefined": False,
        "formField": not read_only,
        "archived": False,
        "dataSensitivity": "non_sensitive",
        "createdAt": EPOCH,
        "updatedAt": EPOCH,
        "modificationMetadata": {"archivable": False, "readOnlyDefinition": True, "readOnlyValue": read_only},
    }
    if field.references:
        defined["referencedObjectType"] = field.references[0].upper()
    return defined


def _options(field: Field) -> list[Json]:
    values = [option_of(choice) if field.path == CONSENTS else choice for choice in field.choices]
    return [
        {"label": value, "value": value, "displayOrder": order, "hidden": False, "description": ""}
        for order, value in enumerate(values)
    ]


def _oneself(session: Session) -> dict[str, Json]:
    user = user_of(session)
    return {
        "id": str(user),
        "type": "PERSON",
        "firstName": session.principal.partition(":")[2],
        "userId": user,
        "userIdIncludingInactive": user,
        "createdAt": EPOCH,
        "updatedAt": EPOCH,
        "archived": False,
    }


def _owner(record: ReleasedRecord, fields: Mapping[str, Field]) -> dict[str, Json]:
    def said(name: str) -> str | None:
        value = record.fields.get(name)
        return masked(fields.get(name), value) if name in record.masked else spelled(fields.get(name), value)

    told: dict[str, Json] = {
        "id": str(record.id),
        "type": "PERSON",
        "createdAt": said("createdAt") or EPOCH,
        "updatedAt": said("updatedAt") or EPOCH,
        "archived": False,
    }
    told |= {name: text for name in ("email", "firstName", "lastName") if (text := said(name)) is not None}
    user, teams = said("userId"), record.fields.get("teams")
    if user is not None and user.isdigit():
        told |= {"userId": int(user), "userIdIncludingInactive": int(user)}
    if isinstance(teams, tuple) and "teams" not in record.masked:
        told["teams"] = [{"id": str(hub_of(team)), "name": team, "primary": True} for team in teams]
    return told
