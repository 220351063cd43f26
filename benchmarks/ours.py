"""The gateway's own pieces, put together for a measurement in process."""

from __future__ import annotations

from collections.abc import Mapping

import world
from policy_gateway import (
    Call,
    Catalogue,
    Field,
    FieldType,
    Grant,
    Permit,
    Principal,
    PrincipalId,
    Query,
    RecordId,
    Resource,
    TenantId,
    Value,
)
from policy_gateway.builtins.conditions import Conditions
from policy_gateway.builtins.masks import Masks
from policy_gateway.plugins import discover
from policy_gateway.policy import Vocabulary
from policy_gateway.records import Record

ANNA = Principal(
    id=PrincipalId("user:anna"),
    tenant=TenantId(world.TENANT),
    names=frozenset({"user:anna", world.ROLE, f"team:{world.TEAM}"}),
    purposes=frozenset(world.PURPOSES),
)
CALL = Call("crm", Query("contact", select=("id", *world.FIELDS), limit=world.RECORDS), purpose=world.PURPOSE)
DECIDING = {"team": FieldType.TEXT, "vip": FieldType.BOOLEAN, "consents": FieldType.TEXTS}


def vocabulary() -> Vocabulary:
    """Return the words of the built-in features."""
    extensions = discover((Masks(), Conditions()), installed=False)
    return Vocabulary(extensions.conditions, extensions.masks, frozenset({"log"}))


def resource() -> Resource:
    """Return the contacts of the benchmark's CRM: what is shown, and what decides."""
    shown = {path: Field(path, FieldType.TEXT, path) for path in ("id", *world.FIELDS)}
    deciding = {path: Field(path, kind, path) for path, kind in DECIDING.items()}
    return Resource("contact", "contacts", {**shown, **deciding})


def catalogue() -> Catalogue:
    """Return the catalogue of the benchmark's CRM."""
    return Catalogue("bench", {"contact": resource()})


def values_of(contact: world.Contact) -> Mapping[str, Value]:
    """Return a contact as a CRM would say it."""
    texts = {path: f"value {number} of {contact.id}" for number, path in enumerate(world.FIELDS)}
    return {"id": contact.id, **texts, "team": contact.team, "vip": contact.vip, "consents": contact.consents}


def records() -> tuple[Record, ...]:
    """Return one page of contacts."""
    return tuple(Record(RecordId(contact.id), values_of(contact)) for contact in world.contacts())


def grants(permit: Permit, page: tuple[Record, ...]) -> list[Grant]:
    """Decide each record of *page*: what a release does before it touches a value."""
    residual = permit.residual
    reads = {f"record.{path}": path for path in residual.reads}
    decided = []
    for record in page:
        reading = {**permit.reading, **{key: record.values[path] for key, path in reads.items()}}
        decided.append(residual.levels(residual.truths(reading)))
    return decided
