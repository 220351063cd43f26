"""Let out no more of a page than its permit covers, record by record.

This is the only place that makes a :class:`Released`. What was fetched only to decide is dropped here, and so is
whatever a CRM sent beyond what it was asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from types import MappingProxyType

from policy_gateway.enforcement.tags import tag_of
from policy_gateway.errors import ReleaseFailed
from policy_gateway.model.decision import CLEAR, NONE, Grant, Permit
from policy_gateway.model.disclosure import Group, Released, ReleasedRecord
from policy_gateway.model.facts import RecordFacts, TruthVector
from policy_gateway.model.field import ID_PATH, Field, FieldType, RecordId, Resource, Value
from policy_gateway.ports import Mask
from policy_gateway.records import Page, Record

ValueKey = Callable[[Value, FieldType], bytes]
Ruling = tuple[TruthVector, tuple[tuple[str, TruthVector], ...]]
"""The truths of a record, and of each value whose own truths differ."""

Show = Callable[[Value, FieldType, bytes], Value | None]

_NO_KEYS: Mapping[str, bytes] = MappingProxyType({})
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

    __slots__ = ("_beyond", "_masked", "_masks", "_picked", "_shown", "grant", "ids", "levels", "ruling", "withheld")

    def __init__(self, ruling: Ruling, grant: Grant, permit: Permit, rendering: Rendering) -> None:
        self.ruling = ruling
        self.grant = grant
        self.ids: list[RecordId] = []
        levels, masks, fields = grant.levels, rendering.masks, rendering.resource.fields
        clear = levels[ID_PATH] if levels.get(ID_PATH) == CLEAR else CLEAR
        shown: dict[str, str] = {}
        withheld: list[str] = []
        self._masks: list[tuple[str, Show, FieldType]] = []
        self._masked: dict[str, str] = {}
        for path in permit.ceiling:
            level = levels.get(path, NONE)
            if level is clear or level == CLEAR:
                shown[path] = CLEAR.name
            elif level.rank > 0:
                mask = masks[level.name]
                shown[path] = level.name
                self._masks.append((path, mask.show, fields[path].type))
                self._masked[path] = mask.name
            else:
                withheld.append(path)
        shown.pop(ID_PATH, None)
        self.levels = shown
        self.withheld = tuple(withheld)
        self._shown = list(self.levels)
        self._beyond: list[str] | None = None
        self._picked = False

    def render(self, record: Record, rendering: Rendering) -> ReleasedRecord:
        """Return what is shown of *record*.

        A path that the CRM did not answer is withheld; whether it has a value stays the CRM's secret.
        """
        values, masks, masked, withheld = record.values, self._masks, self._masked, self.withheld
        fields, key = self._chosen(values), rendering.key
        if len(fields) < len(self._shown):
            masks = [mask for mask in masks if mask[0] in fields]
            masked = {path: masked[path] for path, *_ in masks}
            withheld += tuple(path for path in self._shown if path not in fields)
        for path, show, kind in masks:
            value = fields[path]
            if value is None:
                continue
            try:
                shown = fields[path] = show(value, kind, key)
            except Exception as broken:  # noqa: BLE001 -- masks are plugins: whatever breaks, nothing is released
                raise ReleaseFailed(f"the mask {masked[path]} failed with {type(broken).__name__}") from None
            if type(shown) is not str and shown is not None and not isinstance(shown, _SCALARS):
                raise ReleaseFailed(f"the mask {masked[path]} gave a {type(shown).__name__}")
        keys = _NO_KEYS if rendering.value_key is None else _value_keys(values, fields, rendering, rendering.value_key)
        released = ReleasedRecord(record.id, fields, masked, withheld, "", keys)
        return _tagged(released, rendering) if rendering.tagged else released

    def _chosen(self, values: Mapping[str, Value]) -> dict[str, Value]:
        """Return the values of the shown paths, not yet masked, in the order that they were asked for.

        The records of a page are mostly laid out alike, and leaving out a few is a third of the work of picking many.
        """
        if self._beyond is None:
            shown = self.levels
            self._beyond = [path for path in values if path not in shown]
            self._picked = len(self._beyond) > len(shown)
        if not self._picked:
            kept = dict(values)
            try:
                for path in self._beyond:
                    del kept[path]
            except KeyError:
                pass  # this record is laid out otherwise: what is left will not be what is shown
            paths = list(kept)
            if paths == self._shown:
                self._shown = paths  # next time these very strings are compared, which takes no time
                return kept
            self._picked = True
        return {path: values[path] for path in self._shown if path in values}


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

    __slots__ = ("_alike", "_deciding", "_facts", "_permit", "_reads", "_rendering", "_revealed")

    def __init__(self, permit: Permit, rendering: Rendering) -> None:
        self._permit = permit
        self._rendering = rendering
        residual = permit.residual
        self._reads = tuple(residual.reads)
        self._facts = tuple(residual.facts)
        if len(self._reads) == 1:
            self._reads *= 2  # itemgetter makes a tuple of two and more only
        self._deciding = itemgetter(*self._reads) if self._reads and not self._facts else None
        self._alike: dict[tuple[object, ...], Revealed | None] = {}
        self._revealed: dict[Ruling, Revealed | None] = {}

    def of(self, record: Record, facts: RecordFacts) -> Revealed | None:
        """Return what *record* shows; None when nothing. Raises ReleaseFailed when a condition breaks."""
        if self._deciding is not None:
            try:
                deciding = self._deciding(record.values)
                return self._alike[(*deciding, *map(type, deciding))]
            except (KeyError, TypeError):
                pass
        try:
            return self._found(record, facts)
        except Exception as broken:  # noqa: BLE001 -- conditions are plugins: whatever breaks, nothing is released
            raise ReleaseFailed(f"a condition failed with {type(broken).__name__}") from None

    def _found(self, record: Record, facts: RecordFacts) -> Revealed | None:
        likeness = self._likeness(record.values, facts)
        if likeness is None:
            return self._ruled(record, facts)
        if likeness not in self._alike:
            self._alike[likeness] = self._ruled(record, facts)
        return self._alike[likeness]

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
        return (*deciding, *kinds) if _COMPARABLE.issuperset(kinds) else None

    def _ruled(self, record: Record, facts: RecordFacts) -> Revealed | None:
        permit = self._permit
        ruling = ruling_of(record, facts, permit)
        if ruling not in self._revealed:
            grant = grant_of(ruling, permit, self._rendering.resource)
            plan = Revealed(ruling, grant, permit, self._rendering) if grant.levels.get(ID_PATH) == CLEAR else None
            named = ID_PATH in self._rendering.selection  # who has asked for the id is shown the id
            absent = plan is None or (not plan.levels and plan.withheld and not named)
            self._revealed[ruling] = None if absent else plan
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
    if not facts.values:
        return truths, ()
    special = ((path, own) for path, own in sorted(facts.values.items()) if not residual.facts.isdisjoint(own))
    each = ((path, residual.truths({**reading, **own})) for path, own in special)
    return truths, tuple((path, own) for path, own in each if own != truths)


def grant_of(ruling: Ruling, permit: Permit, resource: Resource) -> Grant:
    """Return the grant for a record, its values of other truths decided by their own.

    A compound value is decided by its own truths and by those of each part: the name is gone when the first name is.
    """
    truths, exceptions = ruling
    grant = permit.residual.levels(truths)
    if not exceptions:
        return grant
    levels, rules, obligations = dict(grant.levels), grant.rules, grant.obligations
    special = {path: permit.residual.levels(own) for path, own in exceptions}
    for path in levels:
        deciding = [special.get(part, grant) for part in _with_parts(path, resource.fields)]
        if any(one is not grant for one in deciding):
            levels[path] = min((one.levels[path] for one in deciding), key=lambda level: level.rank)
            rules = rules.union(*(one.rules for one in deciding))
            obligations = obligations.union(*(one.obligations for one in deciding))
    return Grant(levels, rules, obligations)


def _with_parts(path: str, fields: Mapping[str, Field]) -> Iterator[str]:
    """Yield *path*, and the paths of everything that a compound field there contains."""
    yield path
    field_there = fields.get(path)
    for part in field_there.contains if field_there is not None else ():
        yield from _with_parts(part, fields)


def _tagged(released: ReleasedRecord, rendering: Rendering) -> ReleasedRecord:
    tag = tag_of(released, audience=rendering.audience, key=rendering.key, selection=rendering.selection)
    return released._replace(tag=tag)


def _value_keys(
    values: Mapping[str, Value], fields: Mapping[str, Value], rendering: Rendering, value_key: ValueKey
) -> Mapping[str, bytes]:
    kinds = rendering.resource.fields
    return {path: value_key(values[path], kinds[path].type) for path in fields if values[path] is not None}
