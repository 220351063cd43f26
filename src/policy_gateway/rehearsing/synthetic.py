"""A CRM that has whatever it is asked for: made-up records, typed by the catalogue; it counts what it is asked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Final

from pydantic import BaseModel

from policy_gateway.model.field import ID_PATH, Catalogue, Field, FieldType, RecordId, Resource, Value
from policy_gateway.query import ENDING, And, Change, ChangeKind, Child, Compare, In, Op, Query, Where
from policy_gateway.records import Adapter, ConnectionConfig, NoOptions, Outcome, OutcomeKind, Page, Record, Transport

STEP: Final = "/"
NEXT: Final = "more"
LOOKING: Final = frozenset({"hubspot"})
"""CRMs that delete what does not exist without a word, so that their adapters look first, unless somebody has."""

TELLING: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {"hubspot": frozenset({ID_PATH, "created_at", "updated_at"})}
)
"""CRMs that answer a change with what was written, and what always comes."""

CHECKSUM: Final = "AAA"
"""What ids end with that have a checksum of their capitals, and none."""

_USUAL: Final = 2
_BY_TYPE: Final[Mapping[FieldType, Value]] = {
    FieldType.TEXT: "Sample",
    FieldType.NAME: "Vera Muster",
    FieldType.EMAIL: "vera@example.com",
    FieldType.PHONE: "+49 30 23125001",
    FieldType.INTEGER: 1,
    FieldType.DECIMAL: "1",
    FieldType.BOOLEAN: False,
    FieldType.DATE: "2000-01-01",
    FieldType.DATETIME: "2000-01-01T00:00:00+00:00",
}


@dataclass(slots=True)
class Count:
    """How often a CRM would have been asked, one HTTP request each: *reads*, *writes*, and *checks* before writes."""

    reads: int = 0
    writes: int = 0
    checks: int = 0

    @property
    def all(self) -> int:
        """Return the sum."""
        return self.reads + self.writes + self.checks

    def take(self) -> Count:
        """Return what was counted since the last time."""
        taken = Count(self.reads, self.writes, self.checks)
        self.reads = self.writes = self.checks = 0
        return taken


@dataclass(slots=True)
class Stage:
    """What the made-up CRM plays: its *catalogue*, *favored* values by path, and whether lists go on (*continues*).

    Favored values are those of a record that conditions speak well of: the caller's own, with every consent.
    """

    catalogue: Catalogue
    favored: Mapping[str, Value] = field(default_factory=dict)
    continues: bool = False
    count: Count = field(default_factory=Count)


class SyntheticKind:
    """An adapter kind that goes by the name of a real one, and reaches nothing."""

    options: type[BaseModel] = NoOptions

    def __init__(self, name: str, stage: Stage) -> None:
        self.name = name
        self._stage = stage

    def connect(self, config: ConnectionConfig, transport: Transport) -> Adapter:
        """Open a connection; nothing is ever sent through *transport*."""
        del config, transport
        return SyntheticAdapter(self._stage)


class SyntheticAdapter:
    """Answers from nothing, and counts as the real adapters would ask: once a page, once a record."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    async def catalogue(self) -> Catalogue:
        """Describe what the real connection describes; this is not counted: it is asked for once in minutes."""
        return self._stage.catalogue

    async def read(self, query: Query) -> Page:
        """Return the one record, or a page of them."""
        self._stage.count.reads += 1
        resource = self._stage.catalogue.resources[query.resource]
        ids = self._ids(query, resource)
        page = Page(resource.name, tuple(self._record(resource, query, each) for each in ids))
        goes_on = self._stage.continues and query.target is None and query.cursor is None
        return Page(page.resource, page.records, NEXT if goes_on else None)

    async def write(self, change: Change) -> Outcome:
        """Say that it is done. What the decision was made on is read once more before that, as real adapters do."""
        self._stage.count.writes += 1
        looks = change.kind in ENDING and not change.seen and self._stage.catalogue.adapter in LOOKING
        if change.expected or looks:
            self._stage.count.checks += 1
        resource = self._stage.catalogue.resources[change.resource]
        created = change.kind in {ChangeKind.CREATE, ChangeKind.UPSERT} and change.target is None
        target = RecordId(sample_id(resource.id_pattern)) if created else change.target
        return Outcome(OutcomeKind.DONE, target, record=self._told(resource, change, target))

    def _told(self, resource: Resource, change: Change, target: RecordId | None) -> Record | None:
        """Return what the answer to *change* says of its record."""
        always = TELLING.get(self._stage.catalogue.adapter)
        if always is None or target is None:
            return None
        paths = tuple(path for path in change.select if path in always or path in change.values)
        return self._record(resource, Query(resource.name, paths), target)

    def _ids(self, query: Query, resource: Resource) -> list[RecordId]:
        if query.target is not None:
            return [query.target]
        named = _named(query.where)
        if named:
            return named if query.limit is None else named[: query.limit]
        count = 1
        if self._stage.continues and query.cursor is None:
            count = query.limit or _USUAL
        return [RecordId(sample_id(resource.id_pattern, place)) for place in range(count)]

    def _record(self, resource: Resource, query: Query, target: RecordId) -> Record:
        values: dict[str, Value] = {}
        children: dict[str, Page] = {}
        for item in query.select:
            if isinstance(item, str):
                values[item] = target if item == ID_PATH else self._value(resource, item)
            elif isinstance(item, Child):
                children[item.relation] = self._children(item)
        return Record(target, values, children)

    def _children(self, child: Child) -> Page:
        resource = self._stage.catalogue.resources[child.query.resource]
        own = RecordId(sample_id(resource.id_pattern))
        return Page(resource.name, (self._record(resource, child.query, own),))

    def _value(self, resource: Resource, path: str) -> Value:
        step, _, rest = path.partition(STEP)
        own = resource.fields[step]
        if rest:
            target = next((each for each in own.references if each in self._stage.catalogue.resources), None)
            return None if target is None else self._value(self._stage.catalogue.resources[target], rest)
        if path == ID_PATH:
            return sample_id(resource.id_pattern)
        return self._stage.favored[path] if path in self._stage.favored else self._sample(own)

    def _sample(self, own: Field) -> Value:
        match own.type:
            case FieldType.CHOICE:
                return own.choices[0] if own.choices else "sample"
            case FieldType.TEXTS:
                return own.choices
            case FieldType.REFERENCE:
                leads = [self._stage.catalogue.resources.get(name) for name in own.references]
                return next((sample_id(each.id_pattern) for each in leads if each is not None), "1")
            case _:
                return _BY_TYPE[own.type]


def sample_id(pattern: str, place: int = 0) -> str:
    """Return an id that *pattern* allows, another one for each *place*; digits as far as it may be."""
    prefix, digits, ending = _form(pattern)
    return f"{prefix}{place + 1:0{digits}}{ending}"


@cache
def _form(pattern: str) -> tuple[str, int, str]:
    """Return what ids of *pattern* begin with, how many digits follow, and what they end with."""
    fixed = re.match(r"(?:[A-Za-z0-9_-]|\\.)*(?![*+?{])", pattern)
    prefix = re.sub(r"\\(.)", r"\1", fixed[0] if fixed else "")
    forms = [(prefix, digits, ending) for ending in (CHECKSUM, "") for digits in (*range(12, 0, -1), 15)]
    return next((form for form in forms if re.fullmatch(pattern, f"{form[0]}{1:0{form[1]}}{form[2]}")), (prefix, 1, ""))


def _named(where: Where | None) -> list[RecordId]:
    """Return the ids of the records that *where* asks for."""
    match where:
        case Compare(path=path, op=Op.EQ, value=str() as value) if path == ID_PATH:
            return [RecordId(value)]
        case In(path=path, values=tuple() as values) if path == ID_PATH:
            return [RecordId(value) for value in dict.fromkeys(values) if isinstance(value, str)]
        case And(items):
            return next((found for item in items if (found := _named(item))), [])
        case _:
            return []
