"""The identity tables: one statement tells all about a key, and what is revoked is so at the next call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, insert, select, update

from policy_gateway.identity.tables import attributes, keys, memberships
from policy_gateway.model.principal import PrincipalId, TenantId
from policy_gateway.store import Database, insert_new

_MOST_KNOWN = 4096


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """What may be shown of a key."""

    prefix: str
    tenant: TenantId
    principal: PrincipalId
    purposes: frozenset[str]
    scopes: frozenset[str]
    acting_for: tuple[PrincipalId, ...]
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None

    def valid(self, now: datetime) -> bool:
        """Tell whether the key can be used."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A key with what proves it, and the *names* (teams, roles) of its principal."""

    info: KeyInfo
    digest: bytes = field(repr=False)
    names: frozenset[str] = frozenset()


class KeyTable:
    """Keys by their prefix."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, tuple[object, KeyRow]] = {}
        member = and_(memberships.c.tenant == keys.c.tenant, memberships.c.principal == keys.c.principal)
        self._one = database.prepare(
            select(keys, memberships.c.name)
            .select_from(keys.outerjoin(memberships, member))
            .where(keys.c.prefix == bindparam("prefix")),
            remembered=True,
        )
        self._of_tenant = database.prepare(
            select(keys).where(keys.c.tenant == bindparam("tenant")).order_by(keys.c.created_at, keys.c.prefix)
        )

    async def find(self, prefix: str) -> KeyRow | None:
        """Return the key and its principal's names as they are at this moment."""
        rows = await self._database.fetch(self._one, prefix=prefix)
        if not rows:
            return None
        known = self._known.get(prefix)
        if known is not None and known[0] is rows:  # the very rows that were remembered, so nothing has changed
            return known[1]
        row = KeyRow(_info(rows[0]), rows[0][1], frozenset(row[-1] for row in rows if row[-1] is not None))
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        self._known[prefix] = (rows, row)
        return row

    async def of_tenant(self, tenant: str) -> Sequence[KeyInfo]:
        """Return the keys of one tenant, oldest first."""
        return [_info(row) for row in await self._database.fetch(self._of_tenant, tenant=tenant)]

    async def add(self, row: KeyRow) -> None:
        """Keep a new key."""
        info = row.info
        values = {
            "prefix": info.prefix,
            "digest": row.digest,
            "tenant": info.tenant,
            "principal": info.principal,
            "purposes": " ".join(sorted(info.purposes)),
            "scopes": " ".join(sorted(info.scopes)),
            "acting_for": " ".join(info.acting_for),
            "created_at": info.created_at,
            "expires_at": info.expires_at,
        }
        await self._database.writer.submit(lambda connection: connection.execute(insert(keys), values).rowcount)

    async def revoke(self, tenant: str, prefix: str, now: datetime) -> bool:
        """End a key; a second time changes nothing. Return whether there is one."""
        own = and_(keys.c.tenant == tenant, keys.c.prefix == prefix)
        end = update(keys).where(own, keys.c.revoked_at.is_(None)).values(revoked_at=now)
        found = select(keys.c.prefix).where(own)
        return await self._database.writer.submit(
            lambda connection: connection.execute(end).rowcount > 0 or connection.execute(found).first() is not None
        )


class MembershipTable:
    """Which teams, roles and attributes a principal has in a tenant."""

    def __init__(self, database: Database) -> None:
        self._database = database
        own = and_(memberships.c.tenant == bindparam("tenant"), memberships.c.principal == bindparam("principal"))
        self._names = database.prepare(select(memberships.c.name).where(own))
        self._all = database.prepare(
            select(memberships.c.principal, memberships.c.name)
            .where(memberships.c.tenant == bindparam("tenant"))
            .order_by(memberships.c.principal, memberships.c.name)
        )
        own = and_(attributes.c.tenant == bindparam("tenant"), attributes.c.principal == bindparam("principal"))
        self._attributes = database.prepare(select(attributes.c.name, attributes.c.value).where(own), remembered=True)

    async def names(self, tenant: str, principal: str) -> frozenset[str]:
        """Return one principal's teams and roles."""
        rows = await self._database.fetch(self._names, tenant=tenant, principal=principal)
        return frozenset(name for (name,) in rows)

    async def all(self, tenant: str) -> Sequence[tuple[str, str]]:
        """Return all pairs of principal and name of one tenant."""
        return [(principal, name) for principal, name in await self._database.fetch(self._all, tenant=tenant)]

    async def attributes(self, tenant: str, principal: str) -> Mapping[str, str]:
        """Return one principal's attributes."""
        rows = await self._database.fetch(self._attributes, tenant=tenant, principal=principal)
        return dict(rows)

    async def add(self, tenant: str, principal: str, name: str) -> None:
        """Add a team or role; a second time changes nothing."""
        row = {"tenant": tenant, "principal": principal, "name": name}
        await self._database.writer.submit(lambda connection: insert_new(connection, memberships, [row]))

    async def remove(self, tenant: str, principal: str, name: str) -> bool:
        """Take a team or role away; return whether it was there."""
        own = and_(memberships.c.tenant == tenant, memberships.c.principal == principal, memberships.c.name == name)
        gone = delete(memberships).where(own)
        return await self._database.writer.submit(lambda connection: connection.execute(gone).rowcount > 0)

    async def describe(self, tenant: str, principal: str, name: str, value: str | None) -> None:
        """Set an attribute; None takes it away."""
        own = and_(attributes.c.tenant == tenant, attributes.c.principal == principal, attributes.c.name == name)
        row = {"tenant": tenant, "principal": principal, "name": name, "value": value}

        def job(connection: Connection) -> None:
            connection.execute(delete(attributes).where(own))
            if value is not None:
                connection.execute(insert(attributes), row)

        await self._database.writer.submit(job)


def _info(row: Sequence[Any]) -> KeyInfo:
    prefix, _, tenant, principal, purposes, scopes, acting_for, created_at, expires_at, revoked_at = row[:10]
    return KeyInfo(
        prefix=prefix,
        tenant=TenantId(tenant),
        principal=PrincipalId(principal),
        purposes=frozenset(purposes.split()),
        scopes=frozenset(scopes.split()),
        acting_for=tuple(PrincipalId(one) for one in acting_for.split()),
        created_at=created_at,
        expires_at=expires_at,
        revoked_at=revoked_at,
    )
