"""Let out no more of related records than their own permits cover: each is decided like any record of its kind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from policy_gateway.enforcement.release import Rendering, release
from policy_gateway.model.decision import Permit, Related
from policy_gateway.model.disclosure import Group, Released, ReleasedRecord
from policy_gateway.model.facts import RecordFacts
from policy_gateway.model.field import ID_PATH, RecordId
from policy_gateway.records import Page, Record


@dataclass(frozen=True, slots=True)
class Learned:
    """What a CRM said and what fact sources know of it, record by record; *related* by reference or relation."""

    page: Page
    known: Sequence[RecordFacts] = ()
    related: Mapping[str, Learned] = field(default_factory=dict)


def reached(page: Page, related: Related) -> Page:
    """Return the records that those of *page* are related to, each once, whatever permits say of them."""
    if related.many:
        found = [child for record in page.records for child in _children(record, related)]
    else:
        found = [parent for record in page.records if (parent := _parent(record, related)) is not None]
    return Page(related.resource.name, tuple({record.id: record for record in found}.values()))


def without_unseen(page: Page, related: Related, there: Learned, rendering: Rendering) -> Page:
    """Return *page* without the records that were searched by others of which nothing may be seen.

    That they were found would tell what those hold. *there* are those others.
    """
    seen = seen_ids(there, related.permit, replace(rendering, resource=related.resource))
    parents = ((record, _parent(record, related)) for record in page.records)
    kept = tuple(record for record, parent in parents if parent is None or parent.id in seen)
    return page if len(kept) == len(page.records) else replace(page, records=kept)


def seen_ids(learned: Learned, permit: Permit, rendering: Rendering) -> frozenset[RecordId]:
    """Return which of the records that were *learned* *permit* shows, if only by their ids."""
    named = replace(rendering, value_key=None, tagged=False, selection=(ID_PATH,))
    return frozenset(record.id for record in release(learned.page, permit, learned.known, named).records)


def release_all(learned: Learned, permit: Permit, rendering: Rendering) -> Released:
    """Return what *permit* covers of what was *learned*, related records included.

    A reference is followed only where it may be seen itself: whom a contact works for is known by the company's name.
    """
    released = release(learned.page, permit, learned.known, rendering)
    if not permit.related:
        return released
    sources = {record.id: record for record in learned.page.records}
    for one in permit.related:
        if not one.shown:
            continue
        there = learned.related[one.name]
        own = replace(rendering, resource=one.resource, value_key=None, tagged=False, selection=())
        others = release_all(there, one.permit, own)
        by_id = {record.id: record for record in others.records}
        join = _with_children if one.many else _with_parent
        released = replace(
            released,
            records=tuple(join(record, sources[record.id], one, by_id) for record in released.records),
            groups=(*released.groups, *_groups(others, one)),
            rules=released.rules | others.rules,
            obligations=released.obligations | others.obligations,
        )
    return released


def _with_parent(
    record: ReleasedRecord, source: Record, related: Related, visible: Mapping[RecordId, ReleasedRecord]
) -> ReleasedRecord:
    name, paths = related.name, _paths(related)
    if name not in record.fields or name in record.masked:
        return record._replace(withheld=(*record.withheld, *(f"{name}/{path}" for path in paths)))
    parent = _parent(source, related)
    if parent is None:
        return record._replace(fields={**record.fields, **{f"{name}/{path}": None for path in paths}})
    shown = visible.get(parent.id)
    if shown is None:
        return record._replace(withheld=(*record.withheld, *(f"{name}/{path}" for path in paths)))
    fields = {ID_PATH: shown.id, **shown.fields} if ID_PATH in paths else shown.fields
    return record._replace(
        fields={**record.fields, **{f"{name}/{path}": value for path, value in fields.items()}},
        masked={**record.masked, **{f"{name}/{path}": level for path, level in shown.masked.items()}},
        withheld=(*record.withheld, *(f"{name}/{path}" for path in shown.withheld)),
    )


def _with_children(
    record: ReleasedRecord, source: Record, related: Related, visible: Mapping[RecordId, ReleasedRecord]
) -> ReleasedRecord:
    """Return *record* with what hangs on it, as far as each shows itself that it does."""
    found = (visible[child.id] for child in _children(source, related) if child.id in visible)
    shown = [child for child in found if related.path in child.fields and related.path not in child.masked]
    return record._replace(children={**record.children, related.name: tuple(shown[: related.query.limit])})


def _groups(released: Released, related: Related) -> Iterator[Group]:
    for group in released.groups:
        levels = {f"{related.name}/{path}": level for path, level in group.levels.items()}
        yield Group(group.truths, levels, group.ids, group.resource or related.resource.name)


def _children(record: Record, related: Related) -> tuple[Record, ...]:
    page = record.children.get(related.name)
    return () if page is None else page.records


def _parent(record: Record, related: Related) -> Record | None:
    """Return the record that *record* refers to, as far as it was asked for; None when it refers to none."""
    start = f"{related.name}/"
    values = {path.removeprefix(start): value for path, value in record.values.items() if path.startswith(start)}
    found = values.get(ID_PATH)
    return Record(RecordId(found), values) if isinstance(found, str) and found else None


def _paths(related: Related) -> Iterable[str]:
    return [path for path in related.query.select if isinstance(path, str)]
