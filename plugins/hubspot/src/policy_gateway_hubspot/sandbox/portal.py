"""Everything around the records: property definitions, owners, schemas, pipelines, tokens, the account."""

from __future__ import annotations

import re
from typing import Final

from policy_gateway_hubspot.sandbox import schema, seed
from policy_gateway_hubspot.sandbox.schema import Property
from policy_gateway_hubspot.sandbox.state import PORTAL, World
from policy_gateway_hubspot.sandbox.wire import (
    Answer,
    Asked,
    Json,
    Refusal,
    invalid,
    not_found,
    number,
    text,
)
from policy_gateway_hubspot.sandbox.wire import (
    items as json_items,
)

_APP: Final = 139901
_USER: Final = 7001
_WRITABLE: Final = "CRM_PERMISSIONS_ENFORCEMENT"
_TEAMS: Final = ("berlin", "hamburg")


def list_properties(world: World, asked: Asked) -> Answer:
    """Answer ``GET …/properties/{objectType}``."""
    kind = world.of(asked.segments[2]).kind.name
    if asked.flag("archived"):
        return Answer(200, {"results": []})
    return Answer(200, {"results": world.property_json(kind)})


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
    return Answer(200, {"status": "COMPLETE", "results": results, "startedAt": world.now(), "completedAt": world.now()})


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


def list_schemas(_: World, __: Asked) -> Answer:
    """Answer ``GET …/schemas``: this portal has no custom objects."""
    return Answer(200, {"results": []})


def list_pipelines(world: World, asked: Asked) -> Answer:
    """Answer ``GET …/pipelines/{objectType}``."""
    kind = world.of(asked.segments[2]).kind
    stages = next((each.options for each in kind.properties if each.name.endswith("stage")), ())
    if kind.name not in {"deals", "tickets"}:
        return Answer(200, {"results": []})
    dated: dict[str, Json] = {"archived": False, "createdAt": schema.DEFINED_AT, "updatedAt": schema.DEFINED_AT}
    pipeline: dict[str, Json] = {
        "id": "default" if kind.name == "deals" else "0",
        "label": "Pipeline",
        "displayOrder": 0,
        "stages": [
            {"id": stage, "label": stage, "displayOrder": order, "metadata": {}, "writePermissions": _WRITABLE, **dated}
            for order, stage in enumerate(stages)
        ],
        **dated,
    }
    return Answer(200, {"results": [pipeline]})


def account(_: World, __: Asked) -> Answer:
    """Answer ``GET /account-info/…/details``."""
    return Answer(
        200,
        {
            "portalId": PORTAL,
            "accountType": "DEVELOPER_TEST",
            "timeZone": "Europe/Berlin",
            "companyCurrency": "EUR",
            "additionalCurrencies": [],
            "utcOffset": "+01:00",
            "utcOffsetMilliseconds": 3_600_000,
            "uiDomain": "app-eu1.hubspot.com",
            "dataHostingLocation": "eu1",
        },
    )


def private_app(world: World, asked: Asked) -> Answer:
    """Answer ``POST /oauth/v2/private-apps/get/access-token-info``: the token travels in the body."""
    scopes = world.tokens.get(text(asked.json().get("tokenKey"), "tokenKey"))
    if scopes is None:
        raise not_found()
    return Answer(200, {"userId": _USER, "hubId": PORTAL, "appId": _APP, "scopes": list[Json](sorted(scopes))})


def token_info(world: World, asked: Asked) -> Answer:
    """Answer ``GET /oauth/v1/access-tokens/{token}``: the token travels in the path."""
    scopes = world.tokens.get(asked.segments[2])
    if scopes is None:
        raise Refusal(404, "OBJECT_NOT_FOUND", "Access token not found")
    return Answer(
        200,
        {
            "token": asked.segments[2],
            "user": "anna@example.com",
            "hub_domain": "contact-center.example.com",
            "scopes": list[Json](sorted(scopes)),
            "hub_id": PORTAL,
            "app_id": _APP,
            "expires_in": 1800,
            "user_id": _USER,
            "token_type": "access",
        },
    )
