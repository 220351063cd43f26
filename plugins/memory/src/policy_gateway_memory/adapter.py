"""The reference adapter: what the port promises, in the fewest words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter, ValidationError

from policy_gateway.errors import (
    ConfigurationError,
    FieldRefused,
    InvalidCall,
    PreconditionFailed,
    RecordNotFound,
    UpstreamInvalid,
)
from policy_gateway.model.field import Catalogue, FieldType, RecordId, Resource, Value
from policy_gateway.query import Change, ChangeKind, Child, Order, Query
from policy_gateway.records import ConnectionConfig, Outcome, OutcomeKind, Page, Record, Transport
from policy_gateway_memory import catalogue, filtering, mapping
from policy_gateway_memory.crm import MemoryCrm, Row
from policy_gateway_memory.related import STEP, unjoined, with_related

MAX_PAGE = 1000
_CURSOR = re.compile(r"(?:k:(?P<place>[0-9]{1,20}|[0-9A-Za-z]{18})|o:(?P<count>[0-9]{1,20}))", re.ASCII)
_SEED: TypeAdapter[dict[str, list[dict[str, JsonValue]]]] = TypeAdapter(dict[str, list[dict[str, JsonValue]]])


class MemoryOptions(BaseModel):
    """*file* names a JSON file, *data* is JSON: ``{"contact": [{"first_name": "Lena", …}], "company": […]}``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: str = ""
    data: str = ""
    page_size: int = Field(default=100, ge=1, le=MAX_PAGE)
    region: str = Field(default="DE", pattern=r"^[A-Z]{2}$")


class MemoryKind:
    """Opens connections; those of the same tenant and name share one CRM, which lives as long as this object."""

    name = catalogue.ADAPTER
    options: type[BaseModel] = MemoryOptions

    def __init__(self, crms: Mapping[tuple[str, str], MemoryCrm] | None = None) -> None:
        self._crms = dict(crms or {})

    def connect(self, config: ConnectionConfig, transport: Transport) -> MemoryAdapter:
        """Open the CRM of *config*, seeded at the first time. ConfigurationError when the seed is not readable."""
        del transport
        try:
            options = MemoryOptions.model_validate(dict(config.options))
        except ValidationError as error:
            places = sorted({str(part) for found in error.errors() for part in found["loc"]})
            raise ConfigurationError(f"options that cannot be used: {', '.join(places)}") from None
        return MemoryAdapter(self._crm(config, options), options)

    def crm(self, tenant: str, connection: str) -> MemoryCrm:
        """Return the CRM behind a connection, to seed it and to look into it."""
        return self._crms.setdefault((tenant, connection), MemoryCrm())

    def _crm(self, config: ConnectionConfig, options: MemoryOptions) -> MemoryCrm:
        if (config.tenant, config.name) in self._crms:
            return self._crms[config.tenant, config.name]
        crm = self.crm(config.tenant, config.name)
        for resource, rows in _seed(options).items():
            for row in rows:
                crm.add(resource, **row)
        return crm


def _seed(options: MemoryOptions) -> dict[str, list[dict[str, JsonValue]]]:
    try:
        text = Path(options.file).read_bytes() if options.file else options.data.encode() or b"{}"
        return _SEED.validate_json(text)
    except OSError:
        raise ConfigurationError("the option `file` names no readable file") from None
    except ValidationError:
        raise ConfigurationError("the seed must be a JSON object of lists of records, by resource") from None


class MemoryAdapter:
    """A connection to *crm*. There is no await between what it checks and what it does, so nothing comes between."""

    def __init__(self, crm: MemoryCrm, options: MemoryOptions | None = None) -> None:
        self._crm = crm
        self._options = options or MemoryOptions()

    async def catalogue(self) -> Catalogue:
        """Return the mapped fields, and the native ones of all rows."""
        return self._catalogue()

    async def read(self, query: Query) -> Page:
        """Return one record, or one page. Never more than 1,000 records."""
        resource = self._resource(query.resource)
        select = _selected(query, resource)
        own = replace(query, where=unjoined(query.where, resource, self._catalogue(), self._matching))
        if query.target is not None:
            page = Page(resource.name, (self._one(own, resource, select),))
        else:
            page = self._page(own, resource, select)
        return with_related(page, query, self._catalogue(), self._matching)

    async def write(self, change: Change) -> Outcome:
        """Create, update or delete one row."""
        resource = self._resource(change.resource)
        row = _row(change, resource)
        match change.kind, change.target:
            case ChangeKind.CREATE, None:
                return Outcome(OutcomeKind.DONE, RecordId(self._crm.add(resource.name, **row)))
            case ChangeKind.UPDATE, str(record_id) if row:
                self._check(resource, record_id, change.expected)
                self._crm.update(resource.name, record_id, row)
            case ChangeKind.DELETE, str(record_id) if not row:
                self._check(resource, record_id, change.expected)
                self._crm.delete(resource.name, record_id)
            case _:
                raise InvalidCall("this connection cannot make such a change")
        return Outcome(OutcomeKind.DONE, change.target)

    def _matching(self, query: Query) -> tuple[Record, ...]:
        """Return all records that *query* finds, its limit aside."""
        resource = self._resource(query.resource)
        select = _selected(query, resource)
        where = unjoined(query.where, resource, self._catalogue(), self._matching)
        rows = self._crm.select(
            resource.name,
            [resource.fields[path].native for path in select],
            test=filtering.predicate(where, resource, self._options.region),
            key=lambda rows: _sorted(rows, (*query.order, Order("id")), resource),
        )
        page = Page(resource.name, tuple(mapping.record(resource, row, select) for row in rows))
        return with_related(page, query, self._catalogue(), self._matching).records

    def _catalogue(self) -> Catalogue:
        native = {
            name: [
                (f"{catalogue.NATIVE_PREFIX}{found}", mapping.kind_of(value))
                for found, value in self._crm.names(name).items()
                if found not in resource.fields
            ]
            for name, resource in catalogue.catalogue().resources.items()
        }
        return catalogue.catalogue(native)

    def _resource(self, name: str) -> Resource:
        resource = self._catalogue().resources.get(name)
        if resource is None:
            raise InvalidCall("this connection has no such resource")
        return resource

    def _one(self, query: Query, resource: Resource, select: tuple[str, ...]) -> Record:
        if query.order or query.cursor is not None:
            raise InvalidCall("one record is neither sorted nor paged")
        target = query.target or RecordId("")
        found = self._read(resource, target, select)
        test = filtering.predicate(query.where, resource, self._options.region)
        matches = self._crm.select(resource.name, (), test=lambda row: row["id"] == target and test(row), key=list)
        if query.where is not None and not matches:
            raise RecordNotFound
        return found

    def _read(self, resource: Resource, record_id: RecordId, select: tuple[str, ...]) -> Record:
        if not re.fullmatch(resource.id_pattern, record_id, re.ASCII):
            raise RecordNotFound
        row = self._crm.row(resource.name, record_id, [resource.fields[path].native for path in select])
        if row is None:
            raise RecordNotFound
        record = mapping.record(resource, row, select)
        if record.id != record_id:
            raise UpstreamInvalid
        return record

    def _page(self, query: Query, resource: Resource, select: tuple[str, ...]) -> Page:
        limit = self._options.page_size if query.limit is None else min(query.limit, MAX_PAGE)
        if limit < 1:
            raise InvalidCall("a page holds at least one record")
        ordered = (*query.order, Order("id"))
        rows = self._crm.select(
            resource.name,
            [resource.fields[path].native for path in select],
            test=filtering.predicate(query.where, resource, self._options.region),
            key=lambda rows: _sorted(rows, ordered, resource),
        )
        start = _start(query, rows)
        records = tuple(mapping.record(resource, row, select) for row in rows[start : start + limit])
        more = start + limit < len(rows)
        return Page(resource.name, records, _cursor(query, records, start) if more else None)

    def _check(self, resource: Resource, record_id: RecordId, expected: Mapping[str, Value]) -> None:
        """Raise when the record is not there, or not in the *expected* state."""
        if unknown := expected.keys() - resource.fields.keys():
            raise InvalidCall(f"the expected state names {len(unknown)} unknown fields")
        current = self._read(resource, record_id, tuple(expected))
        if dict(current.values) != dict(expected):
            raise PreconditionFailed


def _selected(query: Query, resource: Resource) -> tuple[str, ...]:
    """Return the paths of *query* in its own records, references included; refuse what a dict cannot do."""
    if query.group or query.having or query.history or query.associations:
        raise InvalidCall("this connection carries neither groups, history nor associations")
    if not all(isinstance(item, str | Child) for item in query.select):
        raise InvalidCall("this connection selects plain fields and related records only")
    steps = (item.partition(STEP)[0] for item in query.select if isinstance(item, str))
    paths = tuple(dict.fromkeys(steps))
    if any(path not in resource.fields for path in (*paths, *(order.path for order in query.order))):
        raise FieldRefused
    return paths


def _row(change: Change, resource: Resource) -> dict[str, object]:
    for path in change.values:
        if path not in resource.fields:
            raise FieldRefused
        if not resource.fields[path].writable:
            raise InvalidCall("a field that the CRM keeps itself cannot be written")
    return mapping.row(resource, change.values)


def _sorted(rows: list[Row], ordered: tuple[Order, ...], resource: Resource) -> list[Row]:
    for order in reversed(ordered):
        rows = sorted(rows, key=filtering.sort_key(resource.fields[order.path]), reverse=order.descending)
    return rows


def _start(query: Query, rows: list[Row]) -> int:
    """Return where the page begins: after the last id in the order of ids, else after so many records."""
    if query.cursor is None:
        return 0
    place = _CURSOR.fullmatch(query.cursor)
    if place is None or (place["count"] is not None) is not bool(query.order):
        raise InvalidCall("the cursor is not one of this connection")
    if query.order:
        return min(int(place["count"]), len(rows))
    key = filtering.sort_key(catalogue.native_field("id", FieldType.TEXT))
    last = key({"id": place["place"]})
    return sum(1 for row in rows if key(row) <= last)


def _cursor(query: Query, records: tuple[Record, ...], start: int) -> str:
    return f"o:{start + len(records)}" if query.order else f"k:{records[-1].id}"
