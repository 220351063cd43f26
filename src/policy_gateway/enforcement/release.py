"""Let out no more of a page than its permit covers, record by record.

This is the only place that makes a :class:`Released`. What was fetched only to decide is dropped here, and so is
whatever a CRM sent beyond what it was asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter

from policy_gateway.enforcement.tags import tag_of
from policy_gateway.errors import ReleaseFailed
from policy_gateway.model.decision import CLEAR, Grant, Permit
from policy_gateway.model.disclosure import Group, Released, ReleasedRecord
from policy_gateway.model.facts import RecordFacts, TruthVector
from policy_gateway.model.field import ID_PATH, FieldType, RecordId, Resource, Value
from policy_gateway.ports import Mask
from policy_gateway.records import Page, Record

ValueKey = Callable[[Value, FieldType], bytes]
Ruling = tuple[TruthVector, tuple[tuple[str, TruthVector], ...]]
"""The truths of a record, and of each value whose own truths differ."""


@dataclass(frozen=True, slots=True)
class Rendering:
    """How values become visible: the *masks* by level name, the tenant's mask *key*, and for whom (*audience*).

    *value_key* is given when the released values are to be annotated; *tagged* when a tag is wanted, which is computed
    over *selection* (empty: the default one).
    """

    resource: Resource
    masks: Mapping[str, Mask]
    key: bytes = field(repr=False)
    audience: str
    value_key: ValueKey | None = None
    tagged: bool = False
    selection: tuple[str, ...] = ()


class Revealed:
    """What records of one ruling show: which paths in clear, which masked, which not at all."""

    __slots__ = ("clear", "grant", "ids", "levels", "masked", "ruling", "take", "withheld")

    def __init__(self, ruling: Ruling, grant: Grant, permit: Permit, rendering: Rendering) -> None:
        self.ruling = ruling
        self.grant = grant
        self.ids: list[RecordId] = []
        shown = {path: grant.levels[path] for path in permit.ceiling if path != ID_PATH and path in grant.levels}
        self.clear = tuple(path for path, level in shown.items() if level == CLEAR)
        self.masked = tuple(
            (path, rendering.masks[level.name], rendering.resource.fields[path].type)
            for path, level in shown.items()
            if level.rank and level != CLEAR
        )
        self.withheld = tuple(path for path in permit.ceiling if path != ID_PATH and not _shows(grant, path))
        self.levels = {path: level.name for path, level in shown.items() if level.rank}
        # itemgetter returns a bare value, not a tuple, for a single key.
        self.take = itemgetter(*self.clear) if len(self.clear) > 1 else None

    def clear_values(self, values: Mapping[str, Value]) -> dict[str, Value]:
        """Return the values that are shown as they are; a path the CRM did not answer is left out."""
        if self.take is not None:
            try:
                return dict(zip(self.clear, self.take(values), strict=True))
            except KeyError:
                pass  # the CRM withheld something itself: fall through to the careful way
        return {path: values[path] for path in self.clear if path in values}


def release(page: Page, permit: Permit, known: Sequence[RecordFacts], rendering: Rendering) -> Released:
    """Return *page* reduced to what *permit* covers; *known* holds the fact sources' answers in the page's order.

    A record of which nothing may be seen is absent. Raises ReleaseFailed when a mask or a condition breaks.
    """
    revealed: dict[Ruling, Revealed | None] = {}
    records = []
    for record, facts in zip(page.records, known, strict=True):
        if plan := _revealed(record, facts, permit, rendering, revealed):
            plan.ids.append(record.id)
            records.append(_rendered(record, plan, rendering))
    plans = [plan for plan in revealed.values() if plan]
    return Released(
        resource=page.resource,
        records=tuple(records),
        cursor=page.cursor,
        groups=tuple(Group(plan.ruling[0], plan.levels, tuple(plan.ids)) for plan in plans),
        rules=permit.rules.union(*(plan.grant.rules for plan in plans)),
        obligations=permit.obligations.union(*(plan.grant.obligations for plan in plans)),
    )


def visible(page: Page, permit: Permit, known: Sequence[RecordFacts], rendering: Rendering) -> int:
    """Return how many records of *page* would be released: a page that policy thins out is filled from the next."""
    revealed: dict[Ruling, Revealed | None] = {}
    pairs = zip(page.records, known, strict=True)
    return sum(_revealed(record, facts, permit, rendering, revealed) is not None for record, facts in pairs)


def _revealed(
    record: Record,
    facts: RecordFacts,
    permit: Permit,
    rendering: Rendering,
    revealed: dict[Ruling, Revealed | None],
) -> Revealed | None:
    try:
        ruling = ruling_of(record, facts, permit)
        if ruling not in revealed:
            grant = grant_of(ruling, permit)
            seen = grant.levels.get(ID_PATH) == CLEAR and _shows_any(grant, permit)
            revealed[ruling] = Revealed(ruling, grant, permit, rendering) if seen else None
    except Exception as broken:  # noqa: BLE001 -- conditions are plugins: whatever breaks, nothing is released
        raise ReleaseFailed(f"a condition failed with {type(broken).__name__}") from None
    return revealed[ruling]


def ruling_of(record: Record, facts: RecordFacts, permit: Permit) -> Ruling:
    """Return the truths that decide *record*, and those of each value that has facts of its own."""
    residual = permit.residual
    if not residual.reads and not residual.facts:
        return permit.truths, ()
    attributes = {f"record.{path}": record.values.get(path) for path in residual.reads}
    reading = {**permit.reading, **attributes, **facts.facts}
    truths = residual.truths(reading)
    special = ((path, own) for path, own in sorted(facts.values.items()) if not residual.facts.isdisjoint(own))
    each = ((path, residual.truths({**reading, **own})) for path, own in special)
    return truths, tuple((path, own) for path, own in each if own != truths)


def grant_of(ruling: Ruling, permit: Permit) -> Grant:
    """Return the grant for a record, its values of other truths decided by their own."""
    truths, exceptions = ruling
    grant = permit.residual.levels(truths)
    if not exceptions:
        return grant
    levels, rules, obligations = dict(grant.levels), grant.rules, grant.obligations
    for path, own in exceptions:
        special = permit.residual.levels(own)
        if path in levels:
            levels[path] = special.levels[path]
            rules, obligations = rules | special.rules, obligations | special.obligations
    return Grant(levels, rules, obligations)


def _shows(grant: Grant, path: str) -> bool:
    level = grant.levels.get(path)
    return level is not None and level.rank > 0


def _shows_any(grant: Grant, permit: Permit) -> bool:
    others = [path for path in permit.ceiling if path != ID_PATH]
    return not others or any(_shows(grant, path) for path in others)


def _rendered(record: Record, plan: Revealed, rendering: Rendering) -> ReleasedRecord:
    values = record.values
    fields = plan.clear_values(values)
    masked: dict[str, str] = {}
    for path, mask, kind in plan.masked:
        if path in values:
            fields[path] = _shown(values[path], kind, mask, rendering.key)
            masked[path] = mask.name
    withheld = plan.withheld
    if len(fields) < len(plan.clear) + len(plan.masked):
        # The CRM itself would not answer these; whether they have a value stays its secret.
        withheld += tuple(path for path in plan.levels if path not in fields)
    released = ReleasedRecord(record.id, fields, masked, withheld, value_keys=_value_keys(values, fields, rendering))
    if not rendering.tagged:
        return released
    tag = tag_of(released, audience=rendering.audience, key=rendering.key, selection=rendering.selection)
    return ReleasedRecord(record.id, fields, masked, withheld, tag, released.value_keys)


def _shown(value: Value, kind: FieldType, mask: Mask, key: bytes) -> Value:
    if value is None:
        return None
    try:
        shown = mask.show(value, kind, key)
    except Exception as broken:  # noqa: BLE001 -- masks are plugins: whatever breaks, nothing is released
        raise ReleaseFailed(f"the mask {mask.name} failed with {type(broken).__name__}") from None
    if shown is not None and not isinstance(shown, str | int | float | bool):
        raise ReleaseFailed(f"the mask {mask.name} gave a {type(shown).__name__}")
    return shown


def _value_keys(values: Mapping[str, Value], fields: Mapping[str, Value], rendering: Rendering) -> dict[str, bytes]:
    if rendering.value_key is None:
        return {}
    kinds = rendering.resource.fields
    return {path: rendering.value_key(values[path], kinds[path].type) for path in fields if values[path] is not None}
