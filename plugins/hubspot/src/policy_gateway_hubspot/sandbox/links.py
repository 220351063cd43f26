"""Associations, in the v3 shape and the v4 one."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Final, TypeAlias

from policy_gateway_hubspot.sandbox import relations, schema
from policy_gateway_hubspot.sandbox.relations import BACK, CONTACT_TO_COMPANY, PRIMARY_COMPANY
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
from policy_gateway_hubspot.sandbox.wire import items as json_items

MAX_PAGE: Final = 500
MAX_READ: Final = 1000
MAX_WRITTEN: Final = 2000

Ends: TypeAlias = "tuple[str, str, str, str]"


def list_links(world: World, asked: Asked) -> Answer:
    """Answer ``GET …/{type}/{id}/associations/{toType}``."""
    items, from_id = world.of(asked.segments[2]), asked.segments[3]
    if from_id not in items.live:
        raise not_found()
    to = world.of(asked.segments[5]).kind
    limit = number(asked.one("limit"), MAX_PAGE, "limit")
    if not 0 < limit <= MAX_PAGE:
        raise invalid(f"Invalid query parameter: limit must be between 1 and {MAX_PAGE}")
    start = number(asked.one("after"), 0, "after")
    linked = sorted(world.linked(items.kind.name, from_id, to.name).items(), key=lambda pair: int(pair[0]))
    page = linked[start : start + limit]
    if asked.dialect == "v3":
        name = f"{items.kind.singular}_to_{to.singular}"
        results: list[Json] = [{"id": to_id, "type": name} for to_id, _ in page]
    else:
        results = _described(items.kind.name, to.name, dict(page))
    answer: dict[str, Json] = {"results": results}
    if start + limit < len(linked):
        answer["paging"] = {"next": {"after": str(start + limit)}}
    return Answer(200, answer)


def link_default(world: World, asked: Asked) -> Answer:
    """Answer ``PUT …/{type}/{id}/associations/default/{toType}/{toId}``."""
    ends = _ends(world, (*asked.segments[2:4], *asked.segments[6:8]))
    return Answer(200, completed(world.now(), [_link_plainly(world, ends)]))


def link_as(world: World, asked: Asked) -> Answer:
    """Answer ``PUT …/{type}/{id}/associations/{toType}/{toId}`` with a list of association types."""
    ends = _ends(world, (*asked.segments[2:4], *asked.segments[5:7]))
    return Answer(201, _link_labeled(world, ends, asked.json_list()))


def unlink(world: World, asked: Asked) -> Answer:
    """Answer ``DELETE …/{type}/{id}/associations/{toType}/{toId}``."""
    from_kind, to_kind = world.of(asked.segments[2]).kind.name, world.of(asked.segments[5]).kind.name
    world.unlink(from_kind, asked.segments[3], to_kind, asked.segments[6])
    return Answer(204)


def labels(world: World, asked: Asked) -> Answer:
    """Answer ``GET …/associations/{fromType}/{toType}/labels``."""
    from_kind, to_kind = _kinds(world, asked)
    return Answer(200, {"results": [each.described() for each in relations.between(from_kind, to_kind)]})


def batch_read(world: World, asked: Asked) -> Answer:
    """Answer ``POST …/associations/{fromType}/{toType}/batch/read``; records that are not there are told in a 207."""
    from_kind, to_kind = _kinds(world, asked)
    results: list[Json] = []
    missing: list[Json] = []
    for each in _inputs(asked, MAX_READ):
        from_id = _id(each)
        linked = world.linked(from_kind, from_id, to_kind)
        if linked:
            results.append({"from": {"id": from_id}, "to": _described(from_kind, to_kind, linked)})
        else:
            missing.append(_nothing(from_id, from_kind, to_kind))
    body = completed(world.now(), results)
    return Answer(207, {**body, "numErrors": len(missing), "errors": missing}) if missing else Answer(200, body)


def batch_default(world: World, asked: Asked) -> Answer:
    """Answer ``POST …/associations/{fromType}/{toType}/batch/associate/default``."""
    all_ends = [_ends(world, parts) for parts, _ in _pairs(world, asked)]
    return Answer(200, completed(world.now(), [_link_plainly(world, ends) for ends in all_ends]))


def batch_create(world: World, asked: Asked) -> Answer:
    """Answer ``POST …/associations/{fromType}/{toType}/batch/create``, each with its types."""
    all_ends = [(_ends(world, parts), each.get("types")) for parts, each in _pairs(world, asked)]
    results: list[Json] = [
        _link_labeled(world, ends, types if isinstance(types, list) else []) for ends, types in all_ends
    ]
    return Answer(201, completed(world.now(), results))


def batch_archive(world: World, asked: Asked) -> Answer:
    """Answer ``POST …/associations/{fromType}/{toType}/batch/archive``: one record, many others."""
    from_kind, to_kind = _kinds(world, asked)
    for each in _inputs(asked, MAX_WRITTEN):
        from_id = _id(each.get("from"))
        for other in json_items(each, "to"):
            world.unlink(from_kind, from_id, to_kind, _id(other))
    return Answer(204)


def batch_unlabel(world: World, asked: Asked) -> Answer:
    """Answer ``POST …/associations/{fromType}/{toType}/batch/labels/archive``: labels go, associations stay."""
    for (from_kind, from_id, to_kind, to_id), each in _pairs(world, asked):
        specs = each.get("types")
        gone = relations.type_ids(from_kind, specs if isinstance(specs, list) else [])
        world.unlabel(from_kind, from_id, to_kind, to_id, types=gone - {CONTACT_TO_COMPANY, BACK[CONTACT_TO_COMPANY]})
    return Answer(204)


def associate(world: World, ends: Ends, types: Collection[int]) -> None:
    """Associate two records; a contact's first company is its primary one, and whoever is labeled is linked plainly."""
    from_kind, from_id, to_kind, to_id = ends
    chosen = set(types)
    if standard := relations.plain(from_kind, to_kind):
        chosen.add(standard.id)
    if CONTACT_TO_COMPANY in chosen and not world.linked("contacts", from_id, "companies"):
        chosen.add(PRIMARY_COMPANY)
    if BACK[CONTACT_TO_COMPANY] in chosen and not world.linked("contacts", to_id, "companies"):
        chosen.add(BACK[PRIMARY_COMPANY])
    world.link(from_kind, from_id, to_kind, to_id, types=chosen)


def _link_plainly(world: World, ends: Ends) -> dict[str, Json]:
    standard = relations.plain(ends[0], ends[2])
    if standard is None:
        raise invalid(f"No association between {ends[0]} and {ends[2]} is defined")
    associate(world, ends, {standard.id})
    spec: dict[str, Json] = {"associationCategory": standard.category, "associationTypeId": standard.id}
    return {"from": {"id": ends[1]}, "to": {"id": ends[3]}, "associationSpec": spec}


def _link_labeled(world: World, ends: Ends, specs: list[Json]) -> dict[str, Json]:
    from_kind, from_id, to_kind, to_id = ends
    types = relations.type_ids(from_kind, specs)
    if relations.target_of(from_kind, min(types)) != to_kind:
        raise invalid(f"The association types do not lead to {to_kind}")
    associate(world, ends, types)
    return {
        "fromObjectTypeId": schema.KINDS[from_kind].type_id,
        "fromObjectId": from_id,
        "toObjectTypeId": schema.KINDS[to_kind].type_id,
        "toObjectId": to_id,
        "labels": [each.label for each in relations.between(from_kind, to_kind) if each.id in types and each.label],
    }


def _ends(world: World, parts: tuple[str, ...]) -> Ends:
    """Return kind and id of both records, which must exist."""
    from_items, to_items = world.of(parts[0]), world.of(parts[2])
    if parts[1] not in from_items.live or parts[3] not in to_items.live:
        raise Refusal(404, "OBJECT_NOT_FOUND", "One or more of the objects to associate do not exist")
    return from_items.kind.name, parts[1], to_items.kind.name, parts[3]


def _kinds(world: World, asked: Asked) -> tuple[str, str]:
    return world.of(asked.segments[2]).kind.name, world.of(asked.segments[3]).kind.name


def _pairs(world: World, asked: Asked) -> Iterator[tuple[Ends, dict[str, Json]]]:
    from_kind, to_kind = _kinds(world, asked)
    for each in _inputs(asked, MAX_WRITTEN):
        yield (from_kind, _id(each.get("from")), to_kind, _id(each.get("to"))), each


def _inputs(asked: Asked, most: int) -> list[dict[str, Json]]:
    inputs = json_items(asked.json(), "inputs")
    if not 0 < len(inputs) <= most:
        raise invalid(f"inputs: between 1 and {most}")
    return inputs


def _id(value: Json) -> str:
    return text(value.get("id") if isinstance(value, dict) else None, "id")


def _nothing(from_id: str, from_kind: str, to_kind: str) -> dict[str, Json]:
    return {
        "status": "error",
        "category": "OBJECT_NOT_FOUND",
        "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND",
        "message": f"No {to_kind} is associated with {from_kind} {from_id[:20]}.",
        "context": {
            "fromObjectId": [from_id],
            "fromObjectType": [schema.KINDS[from_kind].type_id],
            "toObjectType": [schema.KINDS[to_kind].type_id],
        },
    }


def _described(from_kind: str, to_kind: str, linked: Mapping[str, Collection[int]]) -> list[Json]:
    known = {each.id: each for each in relations.between(from_kind, to_kind)}
    return [
        {"toObjectId": to_id, "associationTypes": [known[each].described() for each in sorted(types) if each in known]}
        for to_id, types in linked.items()
    ]
