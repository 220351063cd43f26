"""Envelopes as records of a reserved connection: read and edited like a CRM's, under the same policy and journal.

A record of ``provenance`` is one envelope; its id is ``<connection>|<resource>|<record id>|<path>``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pydantic import BaseModel

from policy_gateway.errors import InvalidCall, PreconditionFailed, RecordNotFound
from policy_gateway.model.field import ID_PATH, Catalogue, Field, FieldType, RecordId, Resource, Value
from policy_gateway.provenance.documentation import Edit, Provenance
from policy_gateway.provenance.envelope import PARTS
from policy_gateway.provenance.keys import ValueTokens
from policy_gateway.provenance.store import Reference, Version
from policy_gateway.query import Change, ChangeKind, Query
from policy_gateway.records import Adapter, ConnectionConfig, NoOptions, Outcome, OutcomeKind, Page, Record, Transport

RESOURCE: Final = "provenance"
TOKEN: Final = "token"  # noqa: S105 -- the name of a field
_LISTS: Final = frozenset({"purposes", "recipients"})
_PLACE: Final = ("connection", "resource", "record", "field")
_ID_PATTERN: Final = r"[a-z][a-z0-9-]{0,39}\|[a-z0-9_.]{1,64}\|[^|\s]{1,64}\|[A-Za-z0-9_.]{1,128}"


class ProvenanceKind:
    """The adapter of the reserved connection's ``provenance``."""

    name = "provenance"
    options: type[BaseModel] = NoOptions

    def __init__(self, provenance: Provenance, tokens: ValueTokens) -> None:
        self._provenance = provenance
        self._tokens = tokens

    def connect(self, config: ConnectionConfig, transport: Transport) -> Adapter:
        """Return the adapter for one tenant; it has no use for a *transport*."""
        return ProvenanceAdapter(config.tenant, self._provenance, self._tokens)


class ProvenanceAdapter:
    """The envelopes of one tenant."""

    def __init__(self, tenant: str, provenance: Provenance, tokens: ValueTokens) -> None:
        self._tenant = tenant
        self._provenance = provenance
        self._tokens = tokens

    async def catalogue(self) -> Catalogue:
        """Describe envelopes."""
        return Catalogue(RESOURCE, {RESOURCE: _resource()})

    async def read(self, query: Query) -> Page:
        """Return the newest envelope at a place; one of which nothing is known yet has no parts."""
        if query.target is None:
            raise InvalidCall("an envelope is read by its id")
        place = self._place(query.target)
        history = await self._provenance.history(place)
        values = _values(query.target, place, history[-1] if history else None)
        paths = [path for path in query.select if isinstance(path, str)]
        return Page(RESOURCE, (Record(query.target, {path: values.get(path) for path in paths or values}),))

    async def write(self, change: Change) -> Outcome:
        """Add a version for the value that ``token`` names. Who edits and why is in the journal's entry."""
        if change.kind is not ChangeKind.UPDATE or change.target is None:
            raise InvalidCall("an envelope can only be edited: evidence is never removed")
        place = self._place(change.target)
        token = change.values.get(TOKEN)
        if not isinstance(token, str):
            raise InvalidCall("the value's token is needed, as read", pointer="/value")
        value_key = self._tokens.open(token, place)
        history = await self._provenance.history(place)
        newest = history[-1] if history else None
        present = _values(change.target, place, newest)
        if any(present.get(path) != value for path, value in change.expected.items()):
            raise PreconditionFailed
        parts = {name: value for name, value in change.values.items() if name != TOKEN}
        number = newest.number if newest is not None else 0
        await self._provenance.edit(place, Edit(value_key, parts, editor="", expected=number))
        return Outcome(OutcomeKind.DONE, change.target)

    def _place(self, record: RecordId) -> Reference:
        parts = record.split("|")
        if len(parts) != len(_PLACE):
            raise RecordNotFound
        connection, resource, own, path = parts
        return Reference(self._tenant, connection, resource, own, path)


def _resource() -> Resource:
    names = (ID_PATH, *_PLACE, *PARTS, TOKEN, "version")
    fields = {name: Field(name, _type(name), name, writable=name in PARTS or name == TOKEN) for name in names}
    return Resource(RESOURCE, RESOURCE, fields, id_pattern=_ID_PATTERN)


def _type(name: str) -> FieldType:
    if name == "version":
        return FieldType.INTEGER
    return FieldType.TEXTS if name in _LISTS else FieldType.TEXT


def _values(record: RecordId, place: Reference, newest: Version | None) -> Mapping[str, Value]:
    parts: dict[str, Value] = dict.fromkeys(PARTS)
    if newest is not None:
        parts.update(newest.envelope.parts)
    return {
        ID_PATH: record,
        "connection": place.connection,
        "resource": place.resource,
        "record": place.record,
        "field": place.path,
        **parts,
        TOKEN: None,
        "version": newest.number if newest is not None else 0,
    }
