"""The provenance tables: one statement a page, and a new version for each edit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import (
    BindParameter,
    ColumnElement,
    CompoundSelect,
    Connection,
    and_,
    bindparam,
    func,
    insert,
    literal,
    null,
    select,
    union_all,
)

from policy_gateway.provenance.envelope import Envelope
from policy_gateway.provenance.tables import defaults, versions
from policy_gateway.store import Database, ListRead

ANY_PATH = "*"


@dataclass(frozen=True, slots=True)
class Reference:
    """The place of one value."""

    tenant: str
    connection: str
    resource: str
    record: str
    path: str


@dataclass(frozen=True, slots=True)
class Version:
    """One state of an envelope: which value it vouches for, who wrote it, when and why."""

    number: int
    value_key: bytes
    envelope: Envelope
    editor: str
    reason: str
    edited_at: datetime


@dataclass(frozen=True, slots=True)
class Vouched:
    """The newest envelope at a place, and the key of the value that it is about."""

    envelope: Envelope
    value_key: bytes


@dataclass(frozen=True, slots=True)
class Documented:
    """What is known of a page of records: by record and path, and by default by path (``*`` for all others)."""

    vouched: Mapping[str, Mapping[str, Vouched]]
    defaults: Mapping[str, Envelope]

    def default(self, path: str) -> Envelope | None:
        """Return what holds for a value of which nothing else is known."""
        return self.defaults.get(path) or self.defaults.get(ANY_PATH)


class ProvenanceStore:
    """Reads are inline; what is written is durable when the call returns."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
        self._page = ListRead(database, _page, remembered=True)
        self._history = database.prepare(
            select(
                versions.c.version,
                versions.c.value_key,
                versions.c.envelope,
                versions.c.editor,
                versions.c.reason,
                versions.c.edited_at,
            )
            .where(*_at(versions, ("connection", "resource", "record", "path")))
            .order_by(versions.c.version)
        )

    async def page(self, tenant: str, connection: str, resource: str, records: Sequence[str]) -> Documented:
        """Return what is known of *records* and by default."""
        vouched: dict[str, dict[str, Vouched]] = {}
        general: dict[str, Envelope] = {}
        rows = await self._page.fetch(records or ("",), tenant=tenant, connection=connection, resource=resource)
        for record, path, value_key, envelope in rows:
            if value_key is None:
                general[path] = _envelope(envelope)
            else:
                vouched.setdefault(record, {})[path] = Vouched(_envelope(envelope), value_key)
        return Documented(vouched, general)

    async def history(self, place: Reference) -> Sequence[Version]:
        """Return all versions at *place*, the oldest first."""
        rows = await self._database.fetch(
            self._history,
            tenant=place.tenant,
            connection=place.connection,
            resource=place.resource,
            record=place.record,
            path=place.path,
        )
        return [Version(row[0], row[1], _envelope(row[2]), *row[3:]) for row in rows]

    async def add(self, place: Reference, edit: Callable[[Version | None], Version]) -> Version:
        """Add the version that *edit* makes of the newest one; nobody else can write between the two."""
        own = {
            "tenant": place.tenant,
            "connection": place.connection,
            "resource": place.resource,
            "record": place.record,
            "path": place.path,
        }
        here = and_(*(versions.c[name] == value for name, value in own.items()))

        def job(connection: Connection) -> Version:
            row = connection.execute(select(versions).where(here).order_by(versions.c.version.desc()).limit(1)).first()
            newest = None
            if row is not None:
                newest = Version(
                    row.version, row.value_key, _envelope(row.envelope), row.editor, row.reason, row.edited_at
                )
            version = edit(newest)
            values = {
                **own,
                "version": version.number,
                "value_key": version.value_key,
                "envelope": _json(version.envelope),
                "editor": version.editor,
                "reason": version.reason,
                "edited_at": version.edited_at,
            }
            connection.execute(insert(versions), values)
            return version

        return await self._database.writer.submit(job)

    async def set_default(self, place: Reference, envelope: Envelope, editor: str) -> int:
        """Add a version of what holds by default for *place* (its record is not looked at); return its number."""
        own = {
            "tenant": place.tenant,
            "connection": place.connection,
            "resource": place.resource,
            "path": place.path,
        }
        here = and_(*(defaults.c[name] == value for name, value in own.items()))
        now = self._clock()

        def job(connection: Connection) -> int:
            newest = connection.execute(select(func.max(defaults.c.version)).where(here)).scalar() or 0
            values = {**own, "version": newest + 1, "envelope": _json(envelope), "editor": editor, "edited_at": now}
            connection.execute(insert(defaults), values)
            return int(newest) + 1

        return await self._database.writer.submit(job)


def _page(records: Sequence[BindParameter[str]]) -> CompoundSelect[Any]:
    older, earlier = versions.alias(), defaults.alias()
    newest = (
        select(func.max(older.c.version))
        .where(*(older.c[name] == versions.c[name] for name in ("tenant", "connection", "resource", "record", "path")))
        .scalar_subquery()
    )
    latest = (
        select(func.max(earlier.c.version))
        .where(*(earlier.c[name] == defaults.c[name] for name in ("tenant", "connection", "resource", "path")))
        .scalar_subquery()
    )
    vouched = select(versions.c.record, versions.c.path, versions.c.value_key, versions.c.envelope).where(
        *_at(versions, ("connection", "resource")), versions.c.record.in_(records), versions.c.version == newest
    )
    general = select(literal(""), defaults.c.path, null(), defaults.c.envelope).where(
        *_at(defaults, ("connection", "resource")), defaults.c.version == latest
    )
    return union_all(vouched, general)


def _at(table: Any, names: Sequence[str]) -> list[ColumnElement[bool]]:  # noqa: ANN401 -- a table or its alias
    return [table.c[name] == bindparam(name) for name in ("tenant", *names)]


def _json(envelope: Envelope) -> str:
    return orjson.dumps(dict(envelope.parts)).decode()


@lru_cache(maxsize=1024)
def _envelope(text: str) -> Envelope:
    parts = orjson.loads(text)
    return Envelope({name: tuple(part) if isinstance(part, list) else part for name, part in parts.items()})
