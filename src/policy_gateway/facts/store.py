"""The standing of records: which may only be stored (Art. 18 GDPR), and which wait for their erasure (Art. 17)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BindParameter, Connection, Select, and_, bindparam, insert, select, update

from policy_gateway.errors import PreconditionFailed
from policy_gateway.facts.tables import standings
from policy_gateway.store import Database, ListRead


@dataclass(frozen=True, slots=True)
class Standing:
    """How a record stands: *restricted* (stored only), *erasure_pending*; neither, when nothing is kept of it."""

    restricted: bool = False
    erasure_pending: bool = False


@dataclass(frozen=True, slots=True)
class RecordPlace:
    """Where a record is: its tenant, connection, resource and id."""

    tenant: str
    connection: str
    resource: str
    record: str


NEITHER = Standing()


class Standings:
    """Reads are inline and see every change that was made; what is written is durable when the call returns."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
        self._page = ListRead(database, _page)

    async def page(self, tenant: str, connection: str, resource: str, records: Sequence[str]) -> Mapping[str, Standing]:
        """Return the standing of those *records* that have one, by id."""
        rows = await self._page.fetch(records, tenant=tenant, connection=connection, resource=resource)
        return {record: Standing(bool(restricted), bool(pending)) for record, restricted, pending in rows}

    async def of(self, place: RecordPlace) -> Standing:
        """Return the standing of one record."""
        known = await self.page(place.tenant, place.connection, place.resource, [place.record])
        return known.get(place.record, NEITHER)

    async def change(self, place: RecordPlace, before: Standing, after: Standing) -> None:
        """Replace the standing *before* by *after*; PreconditionFailed when somebody was faster."""
        own = {
            "tenant": place.tenant,
            "connection": place.connection,
            "resource": place.resource,
            "record": place.record,
        }
        here = and_(*(standings.c[name] == value for name, value in own.items()))
        said = {"restricted": after.restricted, "erasure_pending": after.erasure_pending, "changed_at": self._clock()}

        def job(connection: Connection) -> None:
            columns = (standings.c.restricted, standings.c.erasure_pending)
            row = connection.execute(select(*columns).where(here)).first()
            if (Standing(*row) if row is not None else NEITHER) != before:
                raise PreconditionFailed
            statement = insert(standings).values(**own, **said) if row is None else update(standings).where(here)
            connection.execute(statement if row is None else statement.values(**said))

        await self._database.writer.submit(job)


def _page(records: Sequence[BindParameter[str]]) -> Select[tuple[str, bool, bool]]:
    columns = standings.c
    own = [columns[name] == bindparam(name) for name in ("tenant", "connection", "resource")]
    return select(columns.record, columns.restricted, columns.erasure_pending).where(*own, columns.record.in_(records))
