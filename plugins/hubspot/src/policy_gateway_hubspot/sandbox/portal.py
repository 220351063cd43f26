"""Property definitions, and the people who can own records."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from policy_gateway_hubspot.sandbox import schema, seed
from policy_gateway_hubspot.sandbox.schema import Property
from policy_gateway_hubspot.sandbox.state import World
from policy_gateway_hubspot.sandbox.wire import (
    Answer,
    Asked,
    Json,
    Refusal,
    completed,
    invalid,
    not_found,
    number,
    text,
)
from policy_gateway_hubspot.sandbox.wire import (
    items as json_items,
)

MAX_OWNERS: Final = 500
_TEAMS: Final = ("berlin", "hamburg")


def list_properties(world: World, asked: Asked) -> Answer:
    """Answer ``GET …/properties/{objectType}``."""
    kind = world.of(asked.segments[2]).kind.name
    if asked.flag("archived"):
        return Answer(200, {"results": []})
    found = world.property_json(kind)
    if asked.one("includeHidden", "true").lower() == "false":
        found = [each for each in found if not each["hidden"]]
    return Answer(200, {"results": [*found]})


def get_property(world: World, asked: Asked) -> Answer:
    """Answer ``GET …/properties/{objectType}/{name}``."""
    items = world.of(asked.segments[2])
    definition = items.properties.get(asked.segments[3])
    if definition is None:
        raise not_found(f"No property exists with name '{asked.segments[3][:60]}'")
    return Answer(200, definition.described(items.kind.name))


def read_properties(world: World, asked: Asked) -> Answer:
    """Answer ``POST …/properties/{objectType}/batch/read``."""
    items = world.of(asked.segments[2])
    results: list[Json] = [
        items.properties[name].described(items.kind.name)
        for each in json_items(asked.json(), "inputs")
        if (name := text(each.get("name"), "name")) in items.properties
    ]
    return Answer(200, completed(world.now(), results))


def create_property(world: World, asked: Asked) -> Answer:
    """Answer ``POST …/properties/{objectType}``: the firm adds one of its own."""
    items = world.of(asked.segments[2])
    body = asked.json()
    name = text(body.get("name"), "name")
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,99}", name):
        raise invalid("Property name is not valid")
    if name in items.properties:
        raise Refusal(409, "OBJECT_ALREADY_EXISTS", f"Property {name} already exists")
    options = tuple(text(option.get("value"), "value") for option in json_items(body, "options"))
    items.properties[name] = Property(
        name,
        text(body.get("label"), "label"),
        text(body.get("type"), "type"),
        text(body.get("fieldType"), "fieldType"),
        options,
        unique=body.get("hasUniqueValue") is True,
        custom=True,
    )
    return Answer(201, items.properties[name].described(items.kind.name))


def update_property(world: World, asked: Asked) -> Answer:
    """Answer ``PATCH …/properties/{objectType}/{name}``: label, options and visibility of the firm's own."""
    items = world.of(asked.segments[2])
    definition = items.properties.get(asked.segments[3])
    if definition is None:
        raise not_found(f"No property exists with name '{asked.segments[3][:60]}'")
    if not definition.custom:
        raise invalid(f"The definition of {definition.name} is read-only")
    body = asked.json()
    changed = replace(
        definition,
        label=text(body.get("label", definition.label), "label"),
        hidden=body.get("hidden", definition.hidden) is True,
        options=tuple(text(each.get("value"), "value") for each in json_items(body, "options")) or definition.options,
    )
    items.properties[definition.name] = changed
    return Answer(200, changed.described(items.kind.name))


def _owner(identifier: str, first: str, last: str, team: str) -> dict[str, Json]:
    return {
        "id": identifier,
        "email": f"{first.lower()}@example.com",
        "type": "PERSON",
        "firstName": first,
        "lastName": last,
        "userId": int(identifier) + 40_000_000,
        "userIdIncludingInactive": int(identifier) + 40_000_000,
        "createdAt": schema.DEFINED_AT,
        "updatedAt": schema.DEFINED_AT,
        "archived": False,
        "teams": [{"id": str(_TEAMS.index(team) + 1), "name": team, "primary": True}],
    }


def list_owners(_: World, asked: Asked) -> Answer:
    """Answer ``GET …/owners``: the CRM's users who can own records."""
    limit, start = number(asked.one("limit"), 100, "limit"), number(asked.one("after"), 0, "after")
    if not 0 < limit <= MAX_OWNERS:
        raise invalid(f"Invalid query parameter: limit must be between 1 and {MAX_OWNERS}")
    email = asked.one("email").lower()
    everyone = [] if asked.flag("archived") else [_owner(*row) for row in seed.owners()]
    owners = [owner for owner in everyone if email in {"", owner["email"]}]
    answer: dict[str, Json] = {"results": list(owners[start : start + limit])}
    if start + limit < len(owners):
        answer["paging"] = {"next": {"after": str(start + limit)}}
    return Answer(200, answer)


def get_owner(_: World, asked: Asked) -> Answer:
    """Answer ``GET …/owners/{id}``, by owner id or by user id."""
    key = "userId" if asked.one("idProperty") == "userId" else "id"
    for row in seed.owners():
        owner = _owner(*row)
        if str(owner[key]) == asked.segments[2]:
            return Answer(200, owner)
    raise not_found()
