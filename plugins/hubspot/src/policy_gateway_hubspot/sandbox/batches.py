"""Up to a hundred records in one request; what fails alone is told in a 207."""

from __future__ import annotations

from typing import Final

from policy_gateway_hubspot.sandbox import objects
from policy_gateway_hubspot.sandbox.search import record
from policy_gateway_hubspot.sandbox.state import Item, Items, World
from policy_gateway_hubspot.sandbox.values import checked, claim, history
from policy_gateway_hubspot.sandbox.wire import Answer, Asked, Json, Refusal, completed, invalid, strings, text
from policy_gateway_hubspot.sandbox.wire import items as json_items

MAX_INPUTS: Final = 100


def batch_read(world: World, asked: Asked) -> Answer:
    """Answer ``POST …/batch/read``."""
    items = world.of(asked.segments[2])
    body = asked.json()
    by = str(body.get("idProperty") or "")
    objects.check_unique(items, by)
    names, past = strings(body, "properties"), strings(body, "propertiesWithHistory")
    found: list[Json] = []
    missing: list[str] = []
    for each in _inputs(body):
        item = items.get(_identifier(each), by)
        if item is None:
            missing.append(_identifier(each))
            continue
        told = record(items, item, (*names, *past), asked)
        if past:
            told["propertiesWithHistory"] = history(items, item, past)
        found.append(told)
    return _answer(world, found, missing)


def batch_create(world: World, asked: Asked) -> Answer:
    """Answer ``POST …/batch/create``: all or none."""
    items = world.of(asked.segments[2])
    writes: list[tuple[dict[str, str], list[objects.Link]]] = []
    for each in _inputs(asked.json()):
        values = checked(items, each.get("properties"))
        claim(items, values)
        writes.append((values, objects.links_of(world, items, json_items(each, "associations"))))
    _check_distinct(items, [values for values, _ in writes])
    created = [(objects.add(world, items, values, links), values) for values, links in writes]
    return _answer(world, [record(items, item, tuple(values), asked) for item, values in created], [], 201)


def batch_update(world: World, asked: Asked) -> Answer:
    """Answer ``POST …/batch/update``."""
    items = world.of(asked.segments[2])
    writes: list[tuple[Item, dict[str, str]]] = []
    missing: list[str] = []
    for each in _distinct(_inputs(asked.json())):
        by = str(each.get("idProperty") or "")
        objects.check_unique(items, by)
        item = items.get(_identifier(each), by)
        if item is None:
            missing.append(_identifier(each))
            continue
        values = checked(items, each.get("properties"))
        claim(items, values, own=item.id)
        writes.append((item, values))
    for item, values in writes:
        objects.change(world, items, item, values)
    return _answer(world, [record(items, item, tuple(values), asked) for item, values in writes], missing)


def batch_upsert(world: World, asked: Asked) -> Answer:
    """Answer ``POST …/batch/upsert``: each input names its record by a unique property."""
    items = world.of(asked.segments[2])
    told: list[Json] = []
    for each in _distinct(_inputs(asked.json())):
        by, identifier = text(each.get("idProperty"), "idProperty"), _identifier(each)
        if by not in items.properties or not items.properties[by].unique:
            raise invalid("The idProperty is not a unique property")
        told.append(_upsert(world, items, asked, each, (by, identifier)))
    return _answer(world, told, [])


def _upsert(world: World, items: Items, asked: Asked, each: dict[str, Json], key: tuple[str, str]) -> dict[str, Json]:
    by, identifier = key
    item = items.get(identifier, by)
    values = checked(items, each.get("properties"))
    claim(items, values, own=item.id if item else "")
    new = item is None
    if item is None:
        item = objects.add(world, items, {**checked(items, {by: identifier}), **values}, [])
    else:
        objects.change(world, items, item, values)
    return {**record(items, item, tuple(values), asked), "new": new}


def batch_archive(world: World, asked: Asked) -> Answer:
    """Answer ``POST …/batch/archive``."""
    items = world.of(asked.segments[2])
    for each in _inputs(asked.json()):
        if item := items.get(_identifier(each)):
            items.archive(item, world.now())
    return Answer(204)


def _inputs(body: dict[str, Json]) -> list[dict[str, Json]]:
    inputs = json_items(body, "inputs")
    if not 0 < len(inputs) <= MAX_INPUTS:
        raise invalid(f"inputs: between 1 and {MAX_INPUTS}")
    return inputs


def _distinct(inputs: list[dict[str, Json]]) -> list[dict[str, Json]]:
    """Refuse a batch that writes the same record twice."""
    keys = [_identifier(each) for each in inputs]
    if len(set(keys)) != len(keys):
        raise invalid("Duplicate IDs found in batch input")
    return inputs


def _check_distinct(items: Items, writes: list[dict[str, str]]) -> None:
    """Refuse a batch of which two would hold the same unique value."""
    for name, definition in items.properties.items():
        held = [values[name].lower() for values in writes if definition.unique and values.get(name)]
        if len(set(held)) != len(held):
            raise Refusal(409, "CONFLICT", f"{name}: the same value twice in one batch")


def _identifier(each: dict[str, Json]) -> str:
    return text(each.get("id"), "id")


def _answer(world: World, results: list[Json], missing: list[str], status: int = 200) -> Answer:
    body = completed(world.now(), results)
    if not missing:
        return Answer(status, body)
    error: dict[str, Json] = {
        "status": "error",
        "category": "OBJECT_NOT_FOUND",
        "message": "Could not get some objects, they may be deleted or not exist. Check that ids are valid.",
        "context": {"ids": list(missing)},
    }
    return Answer(207, {**body, "numErrors": 1, "errors": [error]})
