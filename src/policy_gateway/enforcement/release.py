"""Let out no more of a page than its permit covers, record by record.

This is the only place that makes a :class:`Released`. What was fetched only to decide is dropped here, and so is
whatever a CRM sent beyond what it was asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from policy_gateway.enforcement.tags import tag_of
from policy_gateway.errors import ReleaseFailed
from policy_gateway.model.decision import CLEAR, Grant, Level, Permit
from policy_gateway.model.disclosure import Group, Released, ReleasedRecord
from policy_gateway.model.facts import RecordFacts, TruthVector
from policy_gateway.model.field import ID_PATH, FieldType, RecordId, Resource, Value
from policy_gateway.ports import Mask
from policy_gateway.records import Page, Record

ValueKey = Callable[[Value, FieldType], bytes]
Ruling = tuple[TruthVector, tuple[tuple[str, TruthVector], ...]]
"""The truths of a record, and of each value whose own truths differ."""

_SCALARS = (str, int, float)
_COMPARABLE = frozenset({str, bool, int, tuple, type(None)})


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

    __slots__ = ("_dropped", "_layout", "_masked", "_masks", "_shown", "grant", "ids", "levels", "ruling", "withheld")

    def __init__(self, ruling: Ruling, grant: Grant, permit: Permit, rendering: Rendering) -> None:
        self.ruling = ruling
        self.grant = grant
        self.ids: list[RecordId] = []
        granted, paths = grant.levels, [path for path in permit.ceiling if path != ID_PATH]
        levels = {path: granted[path] for path in paths if path in granted and granted[path].rank > 0}
        masks, fields = rendering.masks, rendering.resource.fields
        self._masks = [
            (path, masks[level.name], fields[path].type) for path, level in levels.items() if not _is_clear(level)
        ]
        self._masked = {path: mask.name for path, mask, _ in self._masks}
        self.withheld = tuple([path for path in paths if path not in levels])
        self.levels = {path: level.name for path, level in levels.items()}
        self._shown = tuple(levels)
        self._layout: tuple[str, ...] | None = None
        self._dropped: tuple[str, ...] | None = None

    def render(self, record: Record, rendering: Rendering) -> ReleasedRecord:
        """Return what is shown of *record*.

        A path that the CRM did not answer is withheld; whether it has a value stays the CRM's secret.
        """
        values, masks, withheld, key = record.values, self._masks, self.withheld, rendering.key
        fields = self._chosen(values)
        masked = self._masked.copy()
        if len(fields) < len(self._shown):
            masks = [mask for mask in masks if mask[0] in fields]
            masked = {path: mask.name for path, mask, _ in masks}
            withheld += tuple(path for path in self._shown if path not in fields)
        for path, mask, kind in masks:
            value = fields[path]
            if value is None:
                continue
            try:
                shown = fields[path] = mask.show(value, kind, key)
            except Exception as broken:  # noqa: BLE001 -- masks are plugins: whatever breaks, nothing is released
                raise ReleaseFailed(f"the mask {mask.name} failed with {type(broken).__name__}") from None
            if shown is not None and not isinstance(shown, _SCALARS):
                raise ReleaseFailed(f"the mask {mask.name} gave a {type(shown).__name__}")
        keys = _value_keys(values, fields, rendering)
        released = ReleasedRecord(record.id, fields, masked, withheld, "", keys)
        return _tagged(released, rendering) if rendering.tagged else released

    def _chosen(self, values: Mapping[str, Value]) -> dict[str, Value]:
        """Return the values of the shown paths, not yet masked, in the order that they were asked for."""
        kept = dict(values)
        layout = tuple(kept)
        if layout != self._layout:
            self._layout, self._dropped = layout, self._beyond(layout)
        if self._dropped is None:
            return {path: kept[path] for path in self._shown if path in kept}
        for path in self._dropped:
            del kept[path]
        return kept

    def _beyond(self, layout: tuple[str, ...]) -> tuple[str, ...] | None:
        """Return the paths of *layout* that are not shown; None unless leaving them out gives exactly the shown ones.

        The records of a page are mostly laid out alike, and leaving out a few is a third of the work of picking many.
        """
        shown = frozenset(self._shown)
        if tuple([path for path in layout if path in shown]) != self._shown:
            return None
        return tuple([path for path in layout if path not in shown])


def release(page: Page, permit: Permit, known: Sequence[RecordFacts], rendering: Rendering) -> Released:
    """Return *page* reduced to what *permit* covers; *known* holds the fact sources' answers in the page's order.

    A record of which nothing may be seen is absent. Raises ReleaseFailed when a mask or a condition breaks.
    """
    plans = Plans(permit, rendering)
    records = []
    for record, facts in zip(page.records, known, strict=True):
        plan = plans.of(record, facts)
        if plan is not None:
            plan.ids.append(record.id)
            records.append(plan.render(record, rendering))
    used = plans.used()
    return Released(
        resource=page.resource,
        records=tuple(records),
        cursor=page.cursor,
        groups=tuple(Group(plan.ruling[0], plan.levels, tuple(plan.ids)) for plan in used),
        rules=permit.rules.union(*(plan.grant.rules for plan in used)),
        obligations=permit.obligations.union(*(plan.grant.obligations for plan in used)),
    )


def visible(page: Page, permit: Permit, known: Sequence[RecordFacts], rendering: Rendering) -> int:
    """Return how many records of *page* would be released: a page that policy thins out is filled from the next."""
    plans = Plans(permit, rendering)
    return sum(plans.of(record, facts) is not None for record, facts in zip(page.records, known, strict=True))


class Plans:
    """What the records of one page show: worked out once for all that are alike in what decides."""

    __slots__ = ("_alike", "_facts", "_permit", "_reads", "_rendering", "_revealed")

    def __init__(self, permit: Permit, rendering: Rendering) -> None:
        self._permit = permit
        self._rendering = rendering
        self._reads = tuple(permit.residual.reads)
        self._facts = tuple(permit.residual.facts)
        self._alike: dict[tuple[object, ...], Revealed | None] = {}
        self._revealed: dict[Ruling, Revealed | None] = {}

    def of(self, record: Record, facts: RecordFacts) -> Revealed | None:
        """Return what *record* shows; None when nothing. Raises ReleaseFailed when a condition breaks."""
        try:
            likeness = self._likeness(record.values, facts)
            if likeness is None:
                return self._ruled(record, facts)
            if likeness not in self._alike:
                self._alike[likeness] = self._ruled(record, facts)
            return self._alike[likeness]
        except Exception as broken:  # noqa: BLE001 -- conditions are plugins: whatever breaks, nothing is released
            raise ReleaseFailed(f"a condition failed with {type(broken).__name__}") from None

    def used(self) -> list[Revealed]:
        """Return what was found, each once."""
        return [plan for plan in self._revealed.values() if plan is not None]

    def _likeness(self, values: Mapping[str, Value], facts: RecordFacts) -> tuple[object, ...] | None:
        """Return everything that decides a record, hashable; None when it must be looked at on its own."""
        deciding: list[object] = [values.get(path) for path in self._reads]
        if self._facts:
            if facts.values:
                return None
            deciding += [facts.facts.get(key) for key in self._facts]
        # Without their types 1, 1.0 and True would be the same; other types may hide a difference in being equal.
        kinds = tuple(map(type, deciding))
        return (*deciding, kinds) if _COMPARABLE.issuperset(kinds) else None

    def _ruled(self, record: Record, facts: RecordFacts) -> Revealed | None:
        permit = self._permit
        ruling = ruling_of(record, facts, permit)
        if ruling not in self._revealed:
            grant = grant_of(ruling, permit)
            seen = grant.levels.get(ID_PATH) == CLEAR and _shows_any(grant, permit)
            self._revealed[ruling] = Revealed(ruling, grant, permit, self._rendering) if seen else None
        return self._revealed[ruling]


def ruling_of(record: Record, facts: RecordFacts, permit: Permit) -> Ruling:
    """Return the truths that decide *record*, and those of each value that has facts of its own."""
    residual = permit.residual
    if not residual.reads and not residual.facts:
        return permit.truths, ()
    attributes = {f"record.{path}": record.values.get(path) for path in residual.reads}
    facts_read = {key: facts.facts[key] for key in residual.facts if key in facts.facts}
    reading = {**permit.reading, **attributes, **facts_read}
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


def _is_clear(level: Level) -> bool:
    return level is CLEAR or (level.rank == CLEAR.rank and level.name == CLEAR.name)


def _tagged(released: ReleasedRecord, rendering: Rendering) -> ReleasedRecord:
    tag = tag_of(released, audience=rendering.audience, key=rendering.key, selection=rendering.selection)
    return replace(released, tag=tag)


def _value_keys(values: Mapping[str, Value], fields: Mapping[str, Value], rendering: Rendering) -> dict[str, bytes]:
    kinds, value_key = rendering.resource.fields, rendering.value_key
    if value_key is None:
        return {}
    return {path: value_key(values[path], kinds[path].type) for path in fields if values[path] is not None}
