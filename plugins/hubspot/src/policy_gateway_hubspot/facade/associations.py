"""Associations of contacts and companies: what HubSpot keeps as links is here the contact's reference to its company.

Whoever may see whom a contact works for sees the link; whoever may change it makes and breaks it. A contact's further
companies, and links of other kinds, are out of the gateway's sight.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from policy_gateway.errors import Denied, FieldRefused, RecordNotFound
from policy_gateway.model.disclosure import ReleasedRecord
from policy_gateway.model.field import RecordId, Value
from policy_gateway.query import Change, ChangeKind, Compare, Describe, In, Op, Query
from policy_gateway.wire import Json, Reply
from policy_gateway_hubspot.facade.kinds import COMPANIES, CONTACTS, OBJECT_ID, Kind, kind_of
from policy_gateway_hubspot.facade.refusals import Invalid, ScopeMissing, worded
from policy_gateway_hubspot.facade.request import objects_in, record_id
from policy_gateway_hubspot.facade.visit import Visit

COMPANY: Final = "associatedcompanyid"
"""The property by which a contact refers to its primary company."""

MOST_LINKS: Final = 500
MOST_PAGE: Final = 200
MOST_READ: Final = 100
ANY_STATE: Final = "*"

_VENDOR: Final = "HUBSPOT_DEFINED"


@dataclass(frozen=True, slots=True)
class Type:
    """An association type: its HubSpot *id*, and its *label* if it has one."""

    id: int
    label: str | None = None

    def described(self) -> dict[str, Json]:
        """Return it as the v4 API shows it."""
        return {"category": _VENDOR, "typeId": self.id, "label": self.label}


TYPES: Final[Mapping[tuple[str, str], tuple[Type, ...]]] = MappingProxyType(
    {
        ("contacts", "companies"): (Type(1, "Primary"), Type(279)),
        ("companies", "contacts"): (Type(2, "Primary"), Type(280)),
    }
)
"""What a link means, from either end: the primary one is also a plain one."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A *contact* and the *company* that it is, or is to be, linked with; *start* and *end* as the caller sees them."""

    start: str
    end: str
    contact: RecordId
    company: RecordId


def kinds_of(names: Sequence[str]) -> tuple[Kind, ...]:
    """Return the object types whose links are wanted."""
    return tuple(dict.fromkeys(kind_of(name) for name in names))


def properties(kind: Kind, linked: Sequence[Kind]) -> tuple[str, ...]:
    """Return what must be read of a record of *kind* to know which *linked* records it has."""
    return (COMPANY,) if kind == CONTACTS and COMPANIES in linked else ()


def as_properties(kind: Kind, associations: Sequence[Mapping[str, Json]]) -> dict[str, Value]:
    """Return the properties of a new record that link it as *associations* says. ScopeMissing for any other link."""
    values: dict[str, Value] = {}
    for each in associations:
        match each:
            case {"to": {"id": str() | int() as key}, "types": [*specs]} if kind == CONTACTS and _leads(kind, specs):
                company = str(record_id(str(key)))
                if values.get(COMPANY, company) != company:
                    raise ScopeMissing(_write(kind))
                values[COMPANY] = company
            case {"to": {"id": str() | int()}, "types": [*_]}:
                raise ScopeMissing(_write(kind))
            case _:
                raise Invalid("Invalid input JSON: an association has a to and types")
    return values


async def linked(
    visit: Visit, kind: Kind, others: Sequence[Kind], records: Sequence[ReleasedRecord]
) -> list[dict[str, Json]]:
    """Return for each of *records* its links to *others*, as the objects API shows them; none where there is none."""
    told: list[dict[str, Json]] = [{} for _ in records]
    for other in others:
        found = await _links(visit, kind, other, records)
        name = f"{kind.singular}_to_{other.singular}"
        for one, ids in zip(told, found, strict=True):
            if ids:
                one[other.name] = {"results": [{"id": each, "type": name} for each in ids]}
    return told


async def list_links(visit: Visit) -> Reply:
    """Answer ``GET …/{type}/{id}/associations/{to}``."""
    request, kind, other = visit.request, visit.kind(), visit.kind("to")
    limit, target = request.limit(MOST_LINKS, MOST_LINKS), record_id(request.variables["id"])
    if (kind, other) == (COMPANIES, CONTACTS):
        await visit.ask(Query(kind.name, (OBJECT_ID,), target=target))
        query = Query(
            other.name,
            (OBJECT_ID,),
            Compare(COMPANY, Op.EQ, target),
            limit=min(limit, MOST_PAGE),
            cursor=request.after(),
        )
        released = (await visit.ask(query)).released
        ids, after = [str(record.id) for record in released.records], released.cursor
    else:
        disclosure = await visit.ask(
            Query(kind.name, (OBJECT_ID, *properties(kind, (other,))), target=target), lenient=True
        )
        ids, after = _company(disclosure.released.records[0]) if properties(kind, (other,)) else [], None
    answer: dict[str, Json] = {"results": [_listed(visit, kind, other, each) for each in ids]}
    if after:
        answer["paging"] = {"next": {"after": after, "link": request.link(after)}}
    return visit.reply(answer)


async def read_links(visit: Visit) -> Reply:
    """Answer ``POST …/associations/{type}/{to}/batch/read``; who has no such link, or is not seen, is told in a 207."""
    kind, other = visit.kind(), visit.kind("to")
    ids = [record_id(_id(each)) for each in objects_in(await visit.request.json(), "inputs", MOST_READ)]
    queries = [Query(kind.name, (OBJECT_ID, *properties(kind, (other,))), target=each) for each in ids]
    answers = await visit.ask_all(queries, lenient=True)
    seen = [None if isinstance(answer, Exception) else answer.released.records[0] for answer in answers]
    found = await _links(visit, kind, other, [record for record in seen if record is not None])
    links = dict(zip([record.id for record in seen if record is not None], found, strict=True))
    results: list[Json] = []
    missing: list[Json] = []
    for key in ids:
        if links.get(key):
            results.append({"from": {"id": key}, "to": [_described(kind, other, each) for each in links[key]]})
        else:
            missing.append(_nothing(key, kind, other))
    body: dict[str, Json] = {"status": "COMPLETE", "results": results, "startedAt": visit.now, "completedAt": visit.now}
    if not missing:
        return visit.reply(body)
    return visit.reply({**body, "numErrors": len(missing), "errors": missing}, 207)


async def list_labels(visit: Visit) -> Reply:
    """Answer ``GET …/associations/{type}/{to}/labels``: HubSpot's own, if the caller may know of such links."""
    kind, other = visit.kind(), visit.kind("to")
    for each in (kind, other):
        await visit.ask(Describe(each.name))
    seen = (await visit.known(CONTACTS)).field(COMPANY) is not None
    types = TYPES.get((kind.name, other.name), ()) if seen else ()
    return visit.reply({"results": [each.described() for each in types]})


async def link_default(visit: Visit) -> Reply:
    """Answer ``PUT …/{type}/{id}/associations/default/{to}/{other}``."""
    pair = _pair(visit)
    await _link(visit, pair)
    plain = next(each for each in TYPES[pair.start, pair.end] if each.label is None)
    ids = visit.request.variables
    result: Json = {
        "from": {"id": ids["id"]},
        "to": {"id": ids["other"]},
        "associationSpec": {"associationCategory": _VENDOR, "associationTypeId": plain.id},
    }
    return visit.reply(
        {"status": "COMPLETE", "results": [result], "startedAt": visit.now, "completedAt": visit.now},
    )


async def link_labeled(visit: Visit) -> Reply:
    """Answer ``PUT …/{type}/{id}/associations/{to}/{other}`` with a list of association types."""
    specs = await visit.request.json_list()
    pair, kind, other = _pair(visit), visit.kind(), visit.kind("to")
    if not _leads(kind, specs):
        raise ScopeMissing(_write(kind))
    await _link(visit, pair)
    ids = visit.request.variables
    chosen = {spec["associationTypeId"] for spec in specs if isinstance(spec, dict)}
    labels: list[Json] = [each.label for each in TYPES[pair.start, pair.end] if each.id in chosen and each.label]
    told: dict[str, Json] = {
        "fromObjectTypeId": kind.type_id,
        "fromObjectId": ids["id"],
        "toObjectTypeId": other.type_id,
        "toObjectId": ids["other"],
        "labels": labels,
    }
    return visit.reply(told, 201)


async def unlink(visit: Visit) -> Reply:
    """Answer ``DELETE …/{type}/{id}/associations/{to}/{other}``; a link that is not there is no error."""
    pair = _pair(visit)
    if await _current(visit, pair) == [str(pair.company)]:
        await _refer(visit, pair.contact, None)
    return visit.nothing()


async def _link(visit: Visit, pair: Pair) -> None:
    """Make *pair*'s company the contact's own; a contact that has another one keeps it, for which there is no call."""
    current = await _current(visit, pair)
    if current and current != [str(pair.company)]:
        raise ScopeMissing(_write(CONTACTS))
    await visit.ask(Query(COMPANIES.name, (OBJECT_ID,), target=pair.company))
    if not current:
        await _refer(visit, pair.contact, str(pair.company))


async def _refer(visit: Visit, contact: RecordId, company: str | None) -> None:
    change = Change(ChangeKind.UPDATE, CONTACTS.name, contact, {COMPANY: company}, precondition=ANY_STATE, quiet=True)
    try:
        await visit.ask(change)
    except FieldRefused:
        raise ScopeMissing(_write(CONTACTS)) from None


async def _current(visit: Visit, pair: Pair) -> list[str]:
    disclosure = await visit.ask(Query(CONTACTS.name, (OBJECT_ID, COMPANY), target=pair.contact))
    record = disclosure.released.records[0]
    if COMPANY not in record.fields or COMPANY in record.masked:
        raise ScopeMissing(_write(CONTACTS))
    return _company(record)


async def _links(visit: Visit, kind: Kind, other: Kind, records: Sequence[ReleasedRecord]) -> list[list[str]]:
    if (kind, other) == (CONTACTS, COMPANIES):
        return [_company(record) for record in records]
    if (kind, other) != (COMPANIES, CONTACTS) or not records:
        return [[] for _ in records]
    ids = tuple(str(record.id) for record in records)
    query = Query(other.name, (OBJECT_ID, COMPANY), In(COMPANY, ids), limit=MOST_PAGE)
    found: dict[str, list[str]] = {each: [] for each in ids}
    try:
        contacts = (await visit.ask(query)).released.records
    except Denied:
        return [[] for _ in records]  # whose contacts may not be found by their company has none to show
    for contact in contacts:
        for company in _company(contact):
            found.setdefault(company, []).append(str(contact.id))
    return [found[each] for each in ids]


def _company(record: ReleasedRecord) -> list[str]:
    value = record.fields.get(COMPANY)
    return [value] if isinstance(value, str) and value and COMPANY not in record.masked else []


def _pair(visit: Visit) -> Pair:
    kind, other = visit.kind(), visit.kind("to")
    start, end = record_id(visit.request.variables["id"]), record_id(visit.request.variables["other"])
    if (kind, other) == (CONTACTS, COMPANIES):
        return Pair(kind.name, other.name, start, end)
    if (kind, other) == (COMPANIES, CONTACTS):
        return Pair(kind.name, other.name, end, start)
    raise ScopeMissing(_write(kind))


def _leads(kind: Kind, specs: Sequence[object]) -> bool:
    """Tell whether *specs* are types of links between contacts and companies, from *kind*'s end, and HubSpot's own."""
    other = COMPANIES if kind == CONTACTS else CONTACTS
    known = {each.id for each in TYPES.get((kind.name, other.name), ())}
    return bool(specs) and all(isinstance(spec, dict) and spec.get("associationTypeId") in known for spec in specs)


def _listed(visit: Visit, kind: Kind, other: Kind, key: str) -> dict[str, Json]:
    if visit.request.dialect == "v3":
        return {"id": key, "type": f"{kind.singular}_to_{other.singular}"}
    return _described(kind, other, key)


def _described(kind: Kind, other: Kind, key: str) -> dict[str, Json]:
    types: list[Json] = [each.described() for each in TYPES[kind.name, other.name]]
    return {"toObjectId": key, "associationTypes": types}


def _nothing(key: str, kind: Kind, other: Kind) -> dict[str, Json]:
    said = worded(RecordNotFound()).item([key])
    message = f"No {other.name} is associated with {kind.name} {key}."
    context: dict[str, Json] = {
        "fromObjectId": [key],
        "fromObjectType": [kind.type_id],
        "toObjectType": [other.type_id],
    }
    return {**said, "message": message, "context": context, "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND"}


def _id(each: Mapping[str, Json]) -> str:
    value = each.get("id")
    if not isinstance(value, str | int):
        raise Invalid("Invalid input JSON: id must be a string")
    return str(value)


def _write(kind: Kind) -> str:
    return f"crm.objects.{kind.name}.write"
