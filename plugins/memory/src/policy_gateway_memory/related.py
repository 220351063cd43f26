"""Reaching other records: what a filter asks of them, and what of them stands beside or under a record."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from policy_gateway.errors import InvalidCall
from policy_gateway.model.field import ID_PATH, Catalogue, RecordId, Resource
from policy_gateway.query import And, Child, Compare, In, Not, Op, Or, Query, Text, Where
from policy_gateway.records import Page, Record

STEP = "/"
Matching = Callable[[Query], Sequence[Record]]
"""Returns all records that a query finds, whatever their number."""


def unjoined(where: Where | None, resource: Resource, catalogue: Catalogue, matching: Matching) -> Where | None:
    """Return *where* without looking at other records: what it asks of them becomes the ids of those that match."""
    match where:
        case And(items):
            return And(tuple(_unjoined(item, resource, catalogue, matching) for item in items))
        case Or(items):
            return Or(tuple(_unjoined(item, resource, catalogue, matching) for item in items))
        case Not(item):
            return Not(_unjoined(item, resource, catalogue, matching))
        case Compare(path=path) | In(path=path) if STEP in path:
            step, _, rest = path.partition(STEP)
            led_to = _led_to(resource, step, catalogue)
            found = matching(Query(led_to.name, (ID_PATH,), replace(where, path=rest)))
            there = In(step, tuple(record.id for record in found))
            absent = isinstance(where, Compare) and where.op is Op.IS_NULL and where.value is True
            return Or((Compare(step, Op.IS_NULL, value=True), there)) if absent else there
        case In(path=path, values=Query(select=(str(selected),)) as query):
            values = (record.values[selected] for record in matching(query))
            return In(path, tuple(dict.fromkeys(value for value in values if value is not None)))
        case Text(_, paths) if any(STEP in path for path in paths):
            raise InvalidCall("this connection searches words in its own records only")
        case _:
            return where


def _unjoined(where: Where, resource: Resource, catalogue: Catalogue, matching: Matching) -> Where:
    return unjoined(where, resource, catalogue, matching) or And(())


def with_related(page: Page, query: Query, catalogue: Catalogue, matching: Matching) -> Page:
    """Return *page* with what *query* asks of other records; each of them must select its references."""
    resource = catalogue.resources[query.resource]
    records = list(page.records)
    for step, paths in _parents(query):
        led_to = _led_to(resource, step, catalogue)
        found = {record.id: record for record in matching(Query(led_to.name, tuple(paths)))}
        records = [_beside(record, step, paths, found.get(_id(record, step))) for record in records]
    for child in (item for item in query.select if isinstance(item, Child)):
        relation = next((one for one in resource.children if one.name == child.relation), None)
        if relation is None or relation.resource != child.query.resource:
            raise InvalidCall("nothing hangs on these records by that name")
        records = [_under(record, child, relation.path, matching) for record in records]
    return replace(page, records=tuple(records))


def _parents(query: Query) -> Iterator[tuple[str, list[str]]]:
    reached: dict[str, list[str]] = {}
    for path in query.select:
        if isinstance(path, str) and STEP in path:
            step, _, rest = path.partition(STEP)
            reached.setdefault(step, []).append(rest)
    yield from reached.items()


def _led_to(resource: Resource, step: str, catalogue: Catalogue) -> Resource:
    reference = resource.fields.get(step)
    if reference is None or len(reference.references) != 1:
        raise InvalidCall("this path leads nowhere")
    return catalogue.resources[reference.references[0]]


def _id(record: Record, step: str) -> RecordId:
    return RecordId(str(record.values.get(step)))


def _beside(record: Record, step: str, paths: list[str], parent: Record | None) -> Record:
    values = {f"{step}{STEP}{path}": None if parent is None else parent.values[path] for path in paths}
    return replace(record, values={**record.values, **values})


def _under(record: Record, child: Child, path: str, matching: Matching) -> Record:
    own = Compare(path, Op.EQ, record.id)
    where = own if child.query.where is None else And((own, child.query.where))
    found = tuple(matching(replace(child.query, where=where)))
    page = Page(child.query.resource, found[: child.query.limit])
    return replace(record, children={**record.children, child.relation: page})
