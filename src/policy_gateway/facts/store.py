"""What is kept of single records: how they stand, and who tried to be recognized as the person behind one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import (
    BindParameter,
    Connection,
    Select,
    and_,
    bindparam,
    delete,
    distinct,
    func,
    insert,
    select,
    update,
)

from policy_gateway.errors import AttemptsExhausted, PreconditionFailed
from policy_gateway.facts.tables import attempts, standings
from policy_gateway.store import Database, ListRead


@dataclass(frozen=True, slots=True)
class Standing:
    """How a record stands: *restricted* (stored only: Art. 18 GDPR), *erasure_pending* (Art. 17)."""

    restricted: bool = False
    erasure_pending: bool = False


@dataclass(frozen=True, slots=True)
class RecordPlace:
    """Where a record is: its tenant, connection, resource and id."""

    tenant: str
    connection: str
    resource: str
    record: str

    def own(self) -> dict[str, str]:
        """Return the key that the record has in each table."""
        names = ("tenant", "connection", "resource", "record")
        return dict(zip(names, (self.tenant, self.connection, self.resource, self.record), strict=True))


NEITHER: Final = Standing()

MOST_FAILURES: Final = 5
"""How often a record may not hold what is said, before nobody may try again until FORGIVEN has passed."""

FORGIVEN: Final = timedelta(hours=1)
RECOGNIZED: Final = timedelta(minutes=30)
"""How long somebody who was recognized stays so, in one interaction."""


class Standings:
    """Reads are inline and see every change that was made; what is written is durable when the call returns."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
        self._page = ListRead(database, _page, remembered=True)

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
        own = place.own()
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


class Attempts:
    """Who tried to be recognized as the person behind a record, and whether the record held what was said."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
        self._levels = ListRead(database, _levels)

    async def begin(self, place: RecordPlace, principal: str, interaction: str, path: str) -> int:
        """Count one attempt, durably, as failed until it is known to be none; return its number.

        AttemptsExhausted when too many have failed within the hour, whoever made them: a value with few
        possibilities must not be found by trying.
        """
        now = self._clock()
        own = place.own()
        here = and_(*(attempts.c[name] == value for name, value in own.items()))
        failed = select(func.count()).where(here, attempts.c.matched.is_(False), attempts.c.at > now - FORGIVEN)
        newest = select(func.coalesce(func.max(attempts.c.number), 0)).where(here)
        said = {"principal": principal, "interaction": interaction, "path": path, "matched": False, "at": now}

        def job(connection: Connection) -> int:
            if connection.execute(failed).scalar_one() >= MOST_FAILURES:
                raise AttemptsExhausted
            number = int(connection.execute(newest).scalar_one()) + 1
            connection.execute(insert(attempts).values(**own, **said, number=number))
            return number

        return await self._database.writer.submit(job)

    async def succeeded(self, place: RecordPlace, number: int) -> None:
        """Remember that the record held what was said."""
        here = and_(*(attempts.c[name] == value for name, value in place.own().items()), attempts.c.number == number)
        statement = update(attempts).where(here).values(matched=True)
        await self._database.writer.submit(lambda connection: connection.execute(statement).rowcount)

    async def levels(self, place: RecordPlace, records: Sequence[str], by: tuple[str, str]) -> Mapping[str, int]:
        """Return how many fields of each record were recognized lately, *by* a principal in one interaction.

        The record of *place* is not looked at.
        """
        principal, interaction = by
        rows = await self._levels.fetch(
            records,
            tenant=place.tenant,
            connection=place.connection,
            resource=place.resource,
            principal=principal,
            interaction=interaction,
            since=self._clock() - RECOGNIZED,
        )
        return {record: int(count) for record, count in rows}

    async def forget(self, before: datetime) -> int:
        """Forget attempts made earlier than *before*; return how many those were."""
        statement = delete(attempts).where(attempts.c.at < before)
        return await self._database.writer.submit(lambda connection: connection.execute(statement).rowcount)


def _page(records: Sequence[BindParameter[str]]) -> Select[tuple[str, bool, bool]]:
    columns = standings.c
    own = [columns[name] == bindparam(name) for name in ("tenant", "connection", "resource")]
    return select(columns.record, columns.restricted, columns.erasure_pending).where(*own, columns.record.in_(records))


def _levels(records: Sequence[BindParameter[str]]) -> Select[tuple[str, int]]:
    columns = attempts.c
    own = [
        columns[name] == bindparam(name) for name in ("tenant", "connection", "resource", "principal", "interaction")
    ]
    lately = [columns.matched.is_(True), columns.at > bindparam("since"), columns.record.in_(records)]
    return select(columns.record, func.count(distinct(columns.path))).where(*own, *lately).group_by(columns.record)
