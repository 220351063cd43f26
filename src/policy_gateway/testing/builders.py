"""Short ways to say what a test is about; everything that is not said has a plain default."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256

from policy_gateway.model.field import RecordId, Value
from policy_gateway.model.principal import Principal, PrincipalId, TenantId
from policy_gateway.query import Action, Call, Change, ChangeKind, Operation, Query, Where
from policy_gateway.records import Page, Record


def a_record(record_id: str = "1", values: Mapping[str, Value] | None = None) -> Record:
    """Return a record; without *values*, one that has a name, an e-mail address and a phone number."""
    if values is None:
        values = {"name": "Lena Vogt", "email": "lena.vogt@example.com", "phone": "+49 30 23125001"}
    return Record(RecordId(record_id), dict(values))


def a_page(*records: Record, resource: str = "contact", cursor: str | None = None) -> Page:
    """Return a page of *records*."""
    return Page(resource, records, cursor)


def a_principal(
    name: str = "user:anna",
    *,
    tenant: str = "acme",
    roles: Iterable[str] = ("agent",),
    purposes: Iterable[str] = ("service",),
    scopes: Iterable[str] = (),
) -> Principal:
    """Return an authenticated caller that holds *roles* (and teams, as ``team:…``) in *tenant*."""
    return Principal(
        id=PrincipalId(name),
        tenant=TenantId(tenant),
        names=frozenset({name, *roles}),
        purposes=frozenset(purposes),
        scopes=frozenset(scopes),
    )


def a_query(
    *select: str,
    resource: str = "contact",
    target: str | None = None,
    where: Where | None = None,
    limit: int | None = None,
) -> Query:
    """Return a query for the paths of *select*."""
    found = None if target is None else RecordId(target)
    return Query(resource, select=select, target=found, where=where, limit=limit)


def a_change(
    kind: ChangeKind = ChangeKind.UPDATE,
    *,
    resource: str = "contact",
    target: str | None = None,
    values: Mapping[str, Value] | None = None,
    expected: Mapping[str, Value] | None = None,
) -> Change:
    """Return a change of one record."""
    found = None if target is None else RecordId(target)
    return Change(kind, resource, target=found, values=dict(values or {}), expected=dict(expected or {}))


def a_call(
    operation: Operation | None = None,
    *,
    connection: str = "crm",
    purpose: str = "service",
    action: Action = Action.VIEW,
) -> Call:
    """Return a call; without *operation*, one for the names of some contacts."""
    return Call(connection, operation or a_query("name"), purpose=purpose, action=action)


def a_key(label: str = "key") -> bytes:
    """Return 32 bytes that depend on *label* only: a key for tests, and for nothing else."""
    return sha256(f"policy-gateway test key: {label}".encode()).digest()
