"""The portal itself: its account, its use of the API, its object schemas and its pipelines."""

from __future__ import annotations

from typing import Final

from policy_gateway_hubspot.sandbox import relations, schema
from policy_gateway_hubspot.sandbox.search import searched
from policy_gateway_hubspot.sandbox.state import PORTAL, World
from policy_gateway_hubspot.sandbox.wire import Answer, Asked, Json, not_found

DAILY: Final = 250_000
_DATED: Final = ("createdAt", "updatedAt")
_WRITABLE: Final = "CRM_PERMISSIONS_ENFORCEMENT"


def details(_: World, __: Asked) -> Answer:
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


def usage(world: World, _: Asked) -> Answer:
    """Answer ``GET /account-info/…/api-usage/daily/private-apps``."""
    now = world.now()
    told: dict[str, Json] = {
        "name": "private-apps-api-calls-daily",
        "usageLimit": DAILY,
        "currentUsage": world.used_today,
        "collectedAt": now,
        "fetchStatus": "SUCCESS",
        "resetsAt": f"{now[:10]}T23:00:00.000Z",
    }
    return Answer(200, {"results": [told]})


def list_schemas(_: World, __: Asked) -> Answer:
    """Answer ``GET …/schemas``: this portal has no custom objects."""
    return Answer(200, {"results": []})


def get_schema(world: World, asked: Asked) -> Answer:
    """Answer ``GET …/schemas/{objectType}``; the vendor's own objects have one, too."""
    kind = world.of(asked.segments[2]).kind
    associations: list[Json] = [
        {
            "id": str(each.id),
            "name": f"{kind.singular}_to_{target.singular}",
            "fromObjectTypeId": kind.type_id,
            "toObjectTypeId": target.type_id,
        }
        for target in schema.KINDS.values()
        for each in relations.between(kind.name, target.name)
    ]
    dated: dict[str, Json] = dict.fromkeys(_DATED, schema.DEFINED_AT)
    return Answer(
        200,
        {
            "id": kind.type_id,
            "objectTypeId": kind.type_id,
            "fullyQualifiedName": kind.singular.upper(),
            "name": kind.singular.upper(),
            "labels": {"singular": kind.singular.capitalize(), "plural": kind.name.capitalize()},
            "properties": [*world.property_json(kind.name)],
            "associations": associations,
            "requiredProperties": [],
            "searchableProperties": list(searched(kind.name)),
            "primaryDisplayProperty": kind.shown[0],
            "secondaryDisplayProperties": list(kind.shown[1:]),
            "allowsSensitiveProperties": False,
            "archived": False,
            **dated,
        },
    )


def list_pipelines(world: World, asked: Asked) -> Answer:
    """Answer ``GET …/pipelines/{objectType}``."""
    return Answer(200, {"results": [*_pipelines(world, asked)]})


def get_pipeline(world: World, asked: Asked) -> Answer:
    """Answer ``GET …/pipelines/{objectType}/{id}``."""
    return Answer(200, _pipeline(world, asked))


def list_stages(world: World, asked: Asked) -> Answer:
    """Answer ``GET …/pipelines/{objectType}/{id}/stages``."""
    return Answer(200, {"results": _pipeline(world, asked)["stages"]})


def get_stage(world: World, asked: Asked) -> Answer:
    """Answer ``GET …/pipelines/{objectType}/{id}/stages/{stage}``."""
    stages = _pipeline(world, asked)["stages"]
    for stage in stages if isinstance(stages, list) else []:
        if isinstance(stage, dict) and stage["id"] == asked.segments[5]:
            return Answer(200, stage)
    raise not_found()


def _pipeline(world: World, asked: Asked) -> dict[str, Json]:
    for pipeline in _pipelines(world, asked):
        if pipeline["id"] == asked.segments[3]:
            return pipeline
    raise not_found()


def _pipelines(world: World, asked: Asked) -> list[dict[str, Json]]:
    kind = world.of(asked.segments[2]).kind
    if kind.name not in {"deals", "tickets"}:
        return []
    stages = next((each.options for each in kind.properties if each.name.endswith("stage")), ())
    dated: dict[str, Json] = {"archived": False, **dict.fromkeys(_DATED, schema.DEFINED_AT)}
    return [
        {
            "id": "default" if kind.name == "deals" else "0",
            "label": "Pipeline",
            "displayOrder": 0,
            "stages": [
                {
                    "id": stage,
                    "label": stage,
                    "displayOrder": order,
                    "metadata": {},
                    "writePermissions": _WRITABLE,
                    **dated,
                }
                for order, stage in enumerate(stages)
            ],
            **dated,
        }
    ]
