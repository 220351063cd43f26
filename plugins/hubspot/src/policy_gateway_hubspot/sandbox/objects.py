"""Records one at a time, and lists of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias
from urllib.parse import quote

from policy_gateway_hubspot.sandbox.links import associate
from policy_gateway_hubspot.sandbox.relations import CONTACT_TO_COMPANY, PRIMARY_COMPANY, target_of, type_ids
from policy_gateway_hubspot.sandbox.search import record
from policy_gateway_hubspot.sandbox.state import Item, Items, World
from policy_gateway_hubspot.sandbox.values import checked, claim, history
from policy_gateway_hubspot.sandbox.wire import Answer, Asked, Json, Refusal, invalid, not_found, number, text
from policy_gateway_hubspot.sandbox.wire import items as json_items

Link: TypeAlias = "tuple[str, str, frozenset[int]]"

MAX_PAGE: Final = 100
MAX_PAGE_WITH_HISTORY: Final = 50


def list_objects(world: World, asked: Asked) -> Answer:
    """Answer ``GET …/{objectType}``: by id, a page at a time."""
    items = world.of(asked.segments[2])
    most = MAX_PAGE_WITH_HISTORY if asked.names("propertiesWithHistory") else MAX_PAGE
    limit = number(asked.one("limit"), 10, "limit")
    if not 0 < limit <= most:
        raise invalid(f"Invalid query parameter: limit must be between 1 and {most}")
    if asked.flag("archived"):
        return Answer(200, {"results": [_told(world, items, item, asked) for item in items.archived.values()]})
    page, after = items.page(number(asked.one("after"), 0, "after"), limit)
    answer: dict[str, Json] = {"results": [_told(world, items, item, asked) for item in page]}
    if after:
        answer["paging"] = {"next": {"after": after, "link": _link(asked, after)}}
    return Answer(200, answer)


def get_object(world: World, asked: Asked) -> Answer:
    """Answer ``GET …/{objectType}/{id}``, by record id or by a unique property."""
    items = world.of(asked.segments[2])
    item = _find(items, asked)
    return Answer(200, _told(world, items, item, asked))


def create_object(world: World, asked: Asked) -> Answer:
    """Answer ``POST …/{objectType}``."""
    items = world.of(asked.segments[2])
    body = asked.json()
    values = checked(items, body.get("properties"))
    claim(items, values)
    links = links_of(world, items, json_items(body, "associations"))
    item = add(world, items, values, links)
    return Answer(201, record(items, item, tuple(values), asked))


def update_object(world: World, asked: Asked) -> Answer:
    """Answer ``PATCH …/{objectType}/{id}``."""
    items = world.of(asked.segments[2])
    item = _find(items, asked)
    values = checked(items, asked.json().get("properties"))
    claim(items, values, own=item.id)
    change(world, items, item, values)
    return Answer(200, record(items, item, tuple(values), asked))


def archive_object(world: World, asked: Asked) -> Answer:
    """Answer ``DELETE …/{objectType}/{id}``; the vendor says 204 for a record that is not there, too."""
    items = world.of(asked.segments[2])
    if item := items.get(asked.segments[3]):
        items.archive(item, world.now())
    return Answer(204)


def erase_object(world: World, asked: Asked) -> Answer:
    """Answer ``POST …/contacts/gdpr-delete``: gone for good, archive included."""
    items = world.of(asked.segments[2])
    if items.kind.name != "contacts":
        raise not_found()
    body = asked.json()
    identifier, by = text(body.get("objectId"), "objectId"), str(body.get("idProperty") or "")
    check_unique(items, by)
    item = items.get(identifier, by)
    if item is not None:
        items.archive(item, world.now())
        identifier = item.id
    items.archived.pop(identifier, None)
    return Answer(204)


def add(world: World, items: Items, values: Mapping[str, str], links: list[Link]) -> Item:
    """Keep a new record with checked *values*, associated as *links* say."""
    moment = world.now()
    item = Item(world.next_id(), moment, moment, {name: value for name, value in values.items() if value})
    items.add(item)
    for kind, identifier, types in links:
        associate(world, (items.kind.name, item.id, kind, identifier), types)
    if company := values.get("associatedcompanyid"):
        _associate_company(world, item.id, company)
    return item


def change(world: World, items: Items, item: Item, values: Mapping[str, str]) -> None:
    """Set checked *values* on a record."""
    company = values.get("associatedcompanyid")
    if company:
        _associate_company(world, item.id, company)
    elif company == "" and (old := item.properties.get("associatedcompanyid")):
        world.unlink("contacts", item.id, "companies", old)
    items.change(item, values, world.now())


def _associate_company(world: World, contact: str, company: str) -> None:
    if company not in world.items["companies"].live:
        raise invalid("The company to associate does not exist")
    world.link("contacts", contact, "companies", company, types={PRIMARY_COMPANY, CONTACT_TO_COMPANY})


def check_unique(items: Items, by: str) -> None:
    """Refuse an ``idProperty`` that does not name one record; empty means the record id."""
    if by and not (by in items.properties and (items.properties[by].unique or by == "hs_object_id")):
        raise invalid("The idProperty is not a unique property")


def _find(items: Items, asked: Asked) -> Item:
    by = asked.one("idProperty")
    check_unique(items, by)
    item = items.get(asked.segments[3], by)
    if item is None and asked.flag("archived"):
        item = items.archived.get(asked.segments[3])
    if item is None:
        raise not_found("Object not found.  objectId are usually numeric.")
    return item


def _told(world: World, items: Items, item: Item, asked: Asked) -> dict[str, Json]:
    past = asked.names("propertiesWithHistory")
    told = record(items, item, (*asked.names("properties"), *past), asked)
    if past:
        told["propertiesWithHistory"] = history(items, item, past)
    if kinds := asked.names("associations"):
        told["associations"] = _associations(world, items, item, kinds)
    return told


def _associations(world: World, items: Items, item: Item, kinds: tuple[str, ...]) -> dict[str, Json]:
    told: dict[str, Json] = {}
    for alias in kinds:
        kind = world.of(alias).kind.name
        name = f"{items.kind.singular}_to_{world.items[kind].kind.singular}"
        if linked := world.linked(items.kind.name, item.id, kind):
            told[kind] = {"results": [{"id": identifier, "type": name} for identifier in linked]}
    return told


def links_of(world: World, items: Items, associations: list[dict[str, Json]]) -> list[Link]:
    """Return which records a new one is to hang on: kind, id and types; all must exist."""
    links: list[Link] = []
    for association in associations:
        match association:
            case {"to": {"id": str() | int() as identifier}, "types": [*specs]}:
                types = type_ids(items.kind.name, specs)
                kind = target_of(items.kind.name, min(types))
                if str(identifier) not in world.items[kind].live:
                    raise Refusal(404, "OBJECT_NOT_FOUND", "One or more associated objects do not exist")
                links.append((kind, str(identifier), types))
            case _:
                raise invalid("Invalid input JSON: an association has a to and types")
    return links


def _link(asked: Asked, after: str) -> str:
    kept = [(name, value) for name, values in asked.query.items() if name != "after" for value in values]
    query = "&".join(f"{quote(name)}={quote(value)}" for name, value in [*kept, ("after", after)])
    return f"{asked.origin}{asked.path}?{query}"
