"""Released records in HubSpot's JSON; pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from policy_gateway.model.disclosure import Disclosure, ReleasedRecord
from policy_gateway.model.field import Field
from policy_gateway.wire import Json, written
from policy_gateway_hubspot.facade.kinds import CREATED, OBJECT_ID, Kind
from policy_gateway_hubspot.facade.values import masked, spelled

EPOCH: Final = "1970-01-01T00:00:00.000Z"
"""Stands for a time that HubSpot's clients insist on, and that may not be seen."""

GDPR: Final = "gdpr"
GDPR_HEADER: Final = "x-gdpr"
LONGEST_HEADER: Final = 6_000


@dataclass(frozen=True, slots=True)
class Shape:
    """How records are told: which *names* were asked for, also with their *past*.

    *nulls* tells whether a property without a value is there all the same.
    """

    kind: Kind
    names: tuple[str, ...] = ()
    past: tuple[str, ...] = ()
    nulls: bool = True

    @property
    def asked(self) -> tuple[str, ...]:
        """Return the properties that are to be shown, in HubSpot's order: those that always come, then the others."""
        chosen = (*self.names, *self.past) or self.kind.shown
        return tuple(dict.fromkeys((*self.kind.always, *chosen)))


def object_of(record: ReleasedRecord, shape: Shape, fields: Mapping[str, Field]) -> dict[str, Json]:
    """Return *record* as the objects API shows it; *fields* says what its names mean.

    A property that was asked for and may be known of is never missing: if its value may not be seen, it is null.
    """
    properties: dict[str, Json] = {}
    for name in shape.asked:
        if name in record.fields:
            properties[name] = _text(record, name, fields.get(name))
        elif name in record.withheld and name in fields:
            properties[name] = None
    if not shape.nulls:
        properties = {name: value for name, value in properties.items() if value is not None}
    properties[OBJECT_ID] = str(record.id)
    told: dict[str, Json] = {
        "id": str(record.id),
        "properties": properties,
        "createdAt": _moment(record, CREATED),
        "updatedAt": _moment(record, shape.kind.changed),
        "archived": False,
    }
    if shape.past:
        # What a value has been is nobody's to see here: the key stays, without entries.
        told["propertiesWithHistory"] = {name: [] for name in shape.past if name in properties}
    return told


def fields_of(disclosure: Disclosure) -> Mapping[str, Field]:
    """Return what the names in *disclosure* mean."""
    return disclosure.named.fields if disclosure.named is not None else {}


def blank(identifier: str) -> dict[str, Json]:
    """Return a record of which nothing more may be seen."""
    return {
        "id": identifier,
        "properties": {OBJECT_ID: identifier} if identifier else {},
        "createdAt": EPOCH,
        "updatedAt": EPOCH,
        "archived": False,
    }


def gdpr_header(disclosure: Disclosure) -> tuple[tuple[str, str], ...]:
    """Return the GDPR metadata of a single record as a header: JSON in ASCII, left out when it is too long."""
    records = disclosure.released.records
    notes = disclosure.notes.get(records[0].id, {}) if records else {}
    text = written(notes).decode()
    if not text.isascii():
        text = json.dumps(json.loads(text), separators=(",", ":"))
    return ((GDPR_HEADER, text if len(text) <= LONGEST_HEADER else '{"truncated":true}'),)


def _text(record: ReleasedRecord, name: str, field: Field | None) -> str | None:
    value = record.fields[name]
    return masked(field, value) if name in record.masked else spelled(field, value)


def _moment(record: ReleasedRecord, name: str) -> str:
    value = record.fields.get(name)
    return value if isinstance(value, str) and name not in record.masked else EPOCH
