"""Connections and their sealed secrets, in the gateway's own database; every key starts with the tenant."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

import orjson
from sqlalchemy import ColumnElement, Connection, bindparam, delete, insert, select, update

from policy_gateway.crm.tables import connection_secrets, connections
from policy_gateway.errors import Conflict, ConnectionNotFound
from policy_gateway.store import Database

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class ConnectionRow:
    """One configured connection, without its secrets."""

    tenant: str
    name: str
    adapter: str
    base_url: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    version: int = 0


@dataclass(frozen=True, slots=True)
class SealedSecret:
    """A secret as stored: the connection's version when it was sealed, and the ciphertext."""

    field: str
    version: int
    sealed: bytes


Seal = Callable[[int], Mapping[str, bytes]]
"""Given a connection's new version, returns its secrets sealed for it, by field."""


class ConnectionStore:
    """Reads are inline, writes durable when they return. *clock* keeps versions from ever coming back."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
        own = (connections.c.tenant == bindparam("tenant")) & (connections.c.name == bindparam("name"))
        self._version = database.prepare(select(connections.c.version).where(own), remembered=True)
        self._row = database.prepare(select(*connections.c).where(own))
        self._rows = database.prepare(
            select(*connections.c).where(connections.c.tenant == bindparam("tenant")).order_by(connections.c.name)
        )
        self._kinds = database.prepare(
            select(connections.c.name, connections.c.adapter).where(connections.c.tenant == bindparam("tenant")),
            remembered=True,
        )
        self._tenants = database.prepare(select(connections.c.tenant).distinct().order_by(connections.c.tenant))
        secrets = connection_secrets.c
        self._sealed = database.prepare(
            select(secrets.field, secrets.version, secrets.sealed)
            .where(secrets.tenant == bindparam("tenant"), secrets.connection == bindparam("name"))
            .order_by(secrets.field)
        )

    async def version(self, tenant: str, name: str) -> int | None:
        """Return the version of a connection, None when the tenant has no such connection."""
        rows = await self._database.fetch(self._version, tenant=tenant, name=name)
        return rows[0][0] if rows else None

    async def row(self, tenant: str, name: str) -> ConnectionRow:
        """Return a connection; ConnectionNotFound when the tenant has no such one."""
        rows = await self._database.fetch(self._row, tenant=tenant, name=name)
        if not rows:
            raise ConnectionNotFound
        return _row(*rows[0])

    async def rows(self, tenant: str) -> tuple[ConnectionRow, ...]:
        """Return the tenant's connections by name."""
        return tuple(_row(*row) for row in await self._database.fetch(self._rows, tenant=tenant))

    async def kinds(self, tenant: str) -> Mapping[str, str]:
        """Return the adapter kinds of the tenant's connections, by their names."""
        rows = await self._database.fetch(self._kinds, tenant=tenant)
        return dict(rows)

    async def tenants(self) -> tuple[str, ...]:
        """Return the tenants that have connections."""
        return tuple(row[0] for row in await self._database.fetch(self._tenants))

    async def sealed(self, tenant: str, name: str) -> tuple[SealedSecret, ...]:
        """Return the sealed secrets of a connection."""
        return tuple(SealedSecret(*row) for row in await self._database.fetch(self._sealed, tenant=tenant, name=name))

    async def add(self, row: ConnectionRow, seal: Seal) -> None:
        """Add *row* with its secrets; Conflict when the tenant has a connection of that name."""
        version = self._clock_version()

        def job(connection: Connection) -> None:
            if connection.execute(select(connections.c.version).where(_is(row))).first() is not None:
                raise Conflict("the tenant has a connection of this name")
            connection.execute(insert(connections).values(**_columns(row, version)))
            _put_secrets(connection, row, version, seal(version))

        await self._database.writer.submit(job)

    async def change(self, row: ConnectionRow, seal: Seal, *, keep_secrets: bool) -> None:
        """Replace the row; secrets that *seal* names are replaced, others kept only if *keep_secrets*."""
        newest = self._clock_version()

        def job(connection: Connection) -> None:
            before = connection.execute(select(connections.c.version).where(_is(row))).scalar()
            if before is None:
                raise ConnectionNotFound
            if before != row.version:
                raise Conflict("the connection has been changed in the meantime")
            version = max(newest, before + 1)
            connection.execute(update(connections).where(_is(row)).values(**_columns(row, version)))
            if not keep_secrets:
                _drop_secrets(connection, row)
            _put_secrets(connection, row, version, seal(version))

        await self._database.writer.submit(job)

    async def remove(self, tenant: str, name: str) -> None:
        """Remove a connection and its secrets; ConnectionNotFound when there is none."""
        row = ConnectionRow(tenant, name, "")

        def job(connection: Connection) -> None:
            _drop_secrets(connection, row)
            if not connection.execute(delete(connections).where(_is(row))).rowcount:
                raise ConnectionNotFound

        await self._database.writer.submit(job)

    def _clock_version(self) -> int:
        return (self._clock() - _EPOCH) // _MICROSECOND


def _row(tenant: str, name: str, adapter: str, base_url: str, options: str, version: int) -> ConnectionRow:
    return ConnectionRow(tenant, name, adapter, base_url, orjson.loads(options), version)


def _columns(row: ConnectionRow, version: int) -> dict[str, object]:
    return {
        "tenant": row.tenant,
        "name": row.name,
        "adapter": row.adapter,
        "base_url": row.base_url,
        "options": orjson.dumps(dict(row.options), option=orjson.OPT_SORT_KEYS).decode(),
        "version": version,
    }


def _is(row: ConnectionRow) -> ColumnElement[bool]:
    return (connections.c.tenant == row.tenant) & (connections.c.name == row.name)


def _secrets_of(row: ConnectionRow) -> ColumnElement[bool]:
    return (connection_secrets.c.tenant == row.tenant) & (connection_secrets.c.connection == row.name)


def _drop_secrets(connection: Connection, row: ConnectionRow) -> None:
    connection.execute(delete(connection_secrets).where(_secrets_of(row)))


def _put_secrets(connection: Connection, row: ConnectionRow, version: int, sealed: Mapping[str, bytes]) -> None:
    for field_name, ciphertext in sealed.items():
        connection.execute(delete(connection_secrets).where(_secrets_of(row), connection_secrets.c.field == field_name))
        values = {"tenant": row.tenant, "connection": row.name, "field": field_name, "version": version}
        connection.execute(insert(connection_secrets).values(**values, sealed=ciphertext))
