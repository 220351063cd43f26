"""The journal's entries as records of a reserved connection: read like a CRM's, under the same policy and journal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from pydantic import BaseModel

from policy_gateway.audit import EntryReader
from policy_gateway.errors import InvalidCall, RecordNotFound
from policy_gateway.model.field import ID_PATH, Catalogue, Field, FieldType, RecordId, Resource, Value
from policy_gateway.query import Change, Query
from policy_gateway.records import Adapter, ConnectionConfig, NoOptions, Outcome, Page, Record, Transport

RESOURCE: Final = "entry"
_TYPES: Final[Mapping[str, FieldType]] = {
    ID_PATH: FieldType.TEXT,
    "time": FieldType.DATETIME,
    "principal": FieldType.TEXT,
    "action": FieldType.TEXT,
    "purpose": FieldType.TEXT,
    "decision": FieldType.TEXT,
    "connection": FieldType.TEXT,
    "resource": FieldType.TEXT,
    "fields": FieldType.TEXTS,
    "held_back": FieldType.TEXTS,
    "refused": FieldType.TEXTS,
    "searched": FieldType.TEXTS,
    "written": FieldType.TEXTS,
    "outcome": FieldType.TEXT,
    "rules": FieldType.TEXTS,
    "policy_version": FieldType.TEXT,
    "correlation": FieldType.TEXT,
    "code": FieldType.TEXT,
}
_SOURCES: Final[Mapping[str, str]] = {"fields": "released", "held_back": "withheld"}
"""What the journal calls otherwise."""

_MOST: Final = 100
_LONGEST_NUMBER: Final = 18


class EntryKind:
    """The adapter of the reserved connection's ``entry``."""

    name = "entry"
    options: type[BaseModel] = NoOptions

    def __init__(self, reader: EntryReader) -> None:
        self._reader = reader

    def connect(self, config: ConnectionConfig, transport: Transport) -> Adapter:
        """Return the adapter for one tenant; it has no use for a *transport*."""
        return EntryAdapter(config.tenant, self._reader)


class EntryAdapter:
    """One tenant's entries, the newest first; an entry's id is its number."""

    def __init__(self, tenant: str, reader: EntryReader) -> None:
        self._tenant = tenant
        self._reader = reader

    async def catalogue(self) -> Catalogue:
        """Describe entries."""
        fields = {path: Field(path, kind, path, writable=False, searchable=False) for path, kind in _TYPES.items()}
        return Catalogue(RESOURCE, {RESOURCE: Resource(RESOURCE, "entries", fields)})

    async def read(self, query: Query) -> Page:
        """Return one entry, or a page of them before the one that the cursor names."""
        if query.where is not None or query.order:
            raise InvalidCall("entries are listed the newest first, and not filtered")
        if query.target is not None:
            found = await self._reader.page(self._tenant, 1, before=_number(query.target) + 1)
            if not found or str(found[0]["seq"]) != query.target:
                raise RecordNotFound
            return Page(RESOURCE, (_record(found[0], query),))
        most = min(query.limit or _MOST, _MOST)
        before = _number(query.cursor) if query.cursor is not None else None
        found = await self._reader.page(self._tenant, most, before=before)
        last = found[-1]["seq"] if len(found) == most else 1
        return Page(RESOURCE, tuple(_record(entry, query) for entry in found), str(last) if last != 1 else None)

    async def write(self, change: Change) -> Outcome:
        """Refuse: evidence is never changed."""
        raise InvalidCall("entries are evidence: nobody changes them")


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER):
        raise RecordNotFound
    return int(text)


def _record(entry: Mapping[str, object], query: Query) -> Record:
    values: dict[str, Value] = {path: _value(entry, path) for path in _TYPES}
    paths = [path for path in query.select if isinstance(path, str)] or list(_TYPES)
    return Record(RecordId(str(entry["seq"])), {path: values.get(path) for path in paths})


def _value(entry: Mapping[str, object], path: str) -> Value:
    if path == ID_PATH:
        return str(entry["seq"])
    if path == "time":
        milliseconds = entry["time"]
        seconds = milliseconds / 1000 if isinstance(milliseconds, int) else 0
        return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    told = entry[_SOURCES.get(path, path)]
    if _TYPES[path] is FieldType.TEXTS:
        return tuple(str(item) for item in told) if isinstance(told, list | tuple) else ()
    return str(told)
