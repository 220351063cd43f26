"""Associations, in the v3 shape and the v4 one."""

from __future__ import annotations

from typing import Final

from policy_gateway_hubspot.sandbox import schema
from policy_gateway_hubspot.sandbox.state import CONTACT_TO_COMPANY, PRIMARY_COMPANY, World
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

MAX_PAGE: Final = 500
_LABELS: Final = ((PRIMARY_COMPANY, "Primary"), (CONTACT_TO_COMPANY, None))
_BACK_LABELS: Final = ((2, "Primary"), (280, None))


def list_links(world: World, asked: Asked) -> Answer:
    """Answer ``GET …/{type}/{id}/associations/{toType}``."""
    from_kind, from_id, to_kind = _ends(world, asked)
    limit = number(asked.one("limit"), MAX_PAGE, "limit")
    if not 0 < limit <= MAX_PAGE:
        raise invalid(f"Invalid query parameter: limit must be between 1 and {MAX_PAGE}")
    start = number(asked.one("after"), 0, "after")
    linked = sorted(world.linked(from_kind, from_id, to_kind).items(), key=lambda pair: int(pair[0]))
    page = linked[start : start + limit]
    if asked.dialect == "v3":
        name = f"{_singular(from_kind)}_to_{_singular(to_kind)}"
        results: list[Json] = [{"id": to_id, "type": name} for to_id, _ in page]
    else:
        results = [{"toObjectId": to_id, "associationTypes": _types(from_kind, types)} for to_id, types in page]
    answer: dict[str, Json] = {"results": results}
    if start + limit < len(linked):
        answer["paging"] = {"next": {"after": str(start + limit)}}
    return Answer(200, answer)


def link_default(world: World, asked: Asked) -> Answer:
    """Answer ``PUT …/{type}/{id}/associations/default/{toType}/{toId}``."""
    from_kind, from_id, to_kind, to_id = _pair(world, (*asked.segments[2:4], *asked.segments[6:8]))
    type_id = CONTACT_TO_COMPANY if from_kind == "contacts" else 280
    _link(world, (from_kind, from_id, to_kind, to_id), {type_id})
    spec: dict[str, Json] = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type_id}
    result: dict[str, Json] = {"from": {"id": from_id}, "to": {"id": to_id}, "associationSpec": spec}
    return Answer(
        200, {"status": "COMPLETE", "results": [result], "startedAt": world.now(), "completedAt": world.now()}
    )


def link_as(world: World, asked: Asked) -> Answer:
    """Answer ``PUT …/{type}/{id}/associations/{toType}/{toId}`` with a list of association types."""
    ends = _pair(world, (*asked.segments[2:4], *asked.segments[5:7]))
    types = _type_ids(asked.json_list())
    _link(world, ends, types)
    from_kind, from_id, to_kind, to_id = ends
    labels: list[Json] = [label for number_, label in _labels(from_kind) if number_ in types and label]
    return Answer(
        201,
        {
            "fromObjectTypeId": schema.KINDS[from_kind].type_id,
            "fromObjectId": from_id,
            "toObjectTypeId": schema.KINDS[to_kind].type_id,
            "toObjectId": to_id,
            "labels": labels,
        },
    )


def unlink(world: World, asked: Asked) -> Answer:
    """Answer ``DELETE …/{type}/{id}/associations/{toType}/{toId}``."""
    from_kind, to_kind = world.of(asked.segments[2]).kind.name, world.of(asked.segments[5]).kind.name
    world.unlink(from_kind, asked.segments[3], to_kind, asked.segments[6])
    return Answer(204)


def labels(world: World, asked: Asked) -> Answer:
    """Answer ``GET …/associations/{fromType}/{toType}/labels``."""
    from_kind, _ = world.of(asked.segments[2]).kind.name, world.of(asked.segments[3])
    results: list[Json] = [
        {"category": "HUBSPOT_DEFINED", "typeId": type_id, "label": label} for type_id, label in _labels(from_kind)
    ]
    return Answer(200, {"results": results})


def batch_links(world: World, asked: Asked) -> Answer:
    """Answer ``POST …/associations/{fromType}/{toType}/batch/read``."""
    from_kind, to_kind = world.of(asked.segments[2]).kind.name, world.of(asked.segments[3]).kind.name
    results: list[Json] = []
    for each in json_items(asked.json(), "inputs"):
        from_id = text(each.get("id"), "id")
        linked = world.linked(from_kind, from_id, to_kind)
        to: list[Json] = [
            {"toObjectId": to_id, "associationTypes": _types(from_kind, types)} for to_id, types in linked.items()
        ]
        results.append({"from": {"id": from_id}, "to": to})
    return Answer(200, {"status": "COMPLETE", "results": results, "startedAt": world.now(), "completedAt": world.now()})


def _ends(world: World, asked: Asked) -> tuple[str, str, str]:
    items, from_id = world.of(asked.segments[2]), asked.segments[3]
    if from_id not in items.live:
        raise not_found()
    return items.kind.name, from_id, world.of(asked.segments[5]).kind.name


def _pair(world: World, parts: tuple[str, ...]) -> tuple[str, str, str, str]:
    from_items, to_items = world.of(parts[0]), world.of(parts[2])
    if parts[1] not in from_items.live or parts[3] not in to_items.live:
        raise Refusal(404, "OBJECT_NOT_FOUND", "One or more of the objects to associate do not exist")
    return from_items.kind.name, parts[1], to_items.kind.name, parts[3]


def _link(world: World, ends: tuple[str, str, str, str], types: set[int]) -> None:
    from_kind, from_id, to_kind, to_id = ends
    first = not world.linked(from_kind, from_id, to_kind)
    if first and (from_kind, to_kind) == ("contacts", "companies"):
        types = types | {PRIMARY_COMPANY, CONTACT_TO_COMPANY}
    world.link(from_kind, from_id, to_kind, to_id, types=types)


def _type_ids(specs: list[Json]) -> set[int]:
    types: set[int] = set()
    for spec in specs:
        match spec:
            case {"associationTypeId": int(type_id)}:
                types.add(type_id)
            case _:
                raise invalid("Invalid input JSON: an association type has an associationTypeId")
    return types


def _singular(kind: str) -> str:
    return "company" if kind == "companies" else kind.removesuffix("s")


def _labels(from_kind: str) -> tuple[tuple[int, str | None], ...]:
    return _BACK_LABELS if from_kind == "companies" else _LABELS


def _types(from_kind: str, types: set[int]) -> list[Json]:
    named = dict(_labels(from_kind))
    return [{"category": "HUBSPOT_DEFINED", "typeId": each, "label": named.get(each)} for each in sorted(types)]
