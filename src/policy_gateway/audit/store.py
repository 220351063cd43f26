"""The journal's tables, written by the one writer and read inline."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256

from sqlalchemy import BindParameter, Connection, Select, bindparam, delete, func, select

from policy_gateway.audit.chance import Chance
from policy_gateway.audit.draft import Draft
from policy_gateway.audit.entry import Json, decoded, sealed
from policy_gateway.audit.memo import Memo
from policy_gateway.audit.tables import entries, pseudonyms, remarks
from policy_gateway.store import Database, Driver, ListRead, Overtaken, Watchful, insert_new

Random = Callable[[int], bytes]

SALT_BYTES = 16
PSEUDONYM_BYTES = 12
_MOST_REMEMBERED = 16_384
_SALTS_AT_ONCE = 1024
_MOST_AT_ONCE = 256


class EntryLog(Watchful):
    """Adds entries: each tenant's are numbered from 1 without gaps, whoever writes.

    The newest numbers are remembered. When another process has written meanwhile the next one is taken: then nothing is
    written, and it is done again with the database locked.
    """

    limit = 256

    def __init__(self, database: Database, random: Random) -> None:
        self._salts = Chance(random, _SALTS_AT_ONCE * SALT_BYTES)
        self._names = Names(database, random)
        self._insert = database.row_insert(entries)
        self._insert_remark = database.row_insert(remarks, new=True)
        self._newest = database.prepare(
            select(func.coalesce(func.max(entries.c.seq), 0)).where(entries.c.tenant == bindparam("tenant"))
        )
        self._heads: dict[str, int] = {}
        self._generation = 0

    def prepare(self, draft: Draft) -> Draft:
        """Finish *draft* in the caller's thread, if all its pseudonyms are remembered."""
        draft.generation = self._generation
        known = self._names.remembered(draft.tenant, (*draft.names, *draft.doubtful))
        if known is not None:
            draft.body = draft.finish(known)
        return draft

    def write(self, driver: Driver, items: Sequence[Draft], version: int | None = None) -> Sequence[bytes]:
        """Write *items*, unless another process wrote since *version*; return their whole canonical bytes."""
        bodies = [self._body(driver, item) for item in items]
        heads = {tenant: self._head(driver, tenant) for tenant in {item.tenant for item in items}}
        written, row = self._rows(items, bodies, heads)
        try:
            if version is None:
                driver.execute(self._insert.of(len(items)), row)
            elif driver.execute(self._insert.unless_overtaken(len(items)), (*row, version)).rowcount != len(items):
                raise Overtaken
        except sqlite3.IntegrityError:
            raise Overtaken from None
        self._heads.update(heads)
        return written

    def forget(self) -> None:
        """Read the newest numbers and the pseudonyms again."""
        self._generation += 1
        self._heads.clear()
        self._names.forget()

    def _body(self, driver: Driver, item: Draft) -> bytes:
        if item.remark is not None:
            driver.execute(self._insert_remark.of(1), (item.tenant, item.correlation, item.remark))
        if item.body is not None and item.generation == self._generation:
            return item.body
        return item.finish(self._names.resolve(driver, item))

    def _head(self, driver: Driver, tenant: str) -> int:
        head = self._heads.get(tenant)
        if head is None:
            head = int(driver.execute(self._newest.sql, self._newest.arguments({"tenant": tenant})).fetchone()[0])
        return head

    def _rows(
        self, items: Sequence[Draft], bodies: Sequence[bytes], heads: dict[str, int]
    ) -> tuple[list[bytes], list[object]]:
        salts = self._salts(SALT_BYTES * len(items)).hex()
        written: list[bytes] = []
        row: list[object] = []
        for place, (item, body) in enumerate(zip(items, bodies, strict=True)):
            start = place * 2 * SALT_BYTES
            seq = heads[item.tenant] = heads[item.tenant] + 1
            entry = sealed(body, item.tenant, seq, salts[start : start + 2 * SALT_BYTES])
            leaf = sha256(b"\0" + entry).digest()
            row += (item.tenant, seq, item.correlation, item.kind, item.time, entry, leaf)
            written.append(entry)
        return written, row


class Names:
    """Pseudonyms as entries need them: given in the writer's thread, so that all who ask at once get the same one.

    They are remembered until anybody else writes to the database: a destroyed pseudonym is not used again.
    """

    def __init__(self, database: Database, random: Random) -> None:
        self._random = random
        self._known = ListRead(database, _known)
        self._insert = database.row_insert(pseudonyms, new=True)
        self._memo: Memo[tuple[str, str], str] = Memo(_MOST_REMEMBERED)

    def remembered(self, tenant: str, names: Iterable[str]) -> dict[str, str] | None:
        """Return all pseudonyms without asking the database, or None."""
        known = {}
        for name in names:
            pseudonym = self._memo.get((tenant, name))
            if pseudonym is None:
                return None
            known[name] = pseudonym
        return known

    def resolve(self, driver: Driver, item: Draft) -> dict[str, str]:
        """Return the pseudonyms of the entry's names, new ones for those that need one and have none."""
        known = self._read(driver, item.tenant, (*item.names, *item.doubtful))
        missing = [name for name in dict.fromkeys(item.names) if name not in known]
        for start in range(0, len(missing), _MOST_AT_ONCE):
            # Many rows a statement: after each the thread waits for the interpreter's lock.
            names = missing[start : start + _MOST_AT_ONCE]
            row = [part for name in names for part in (item.tenant, name, new_pseudonym(name, self._random))]
            driver.execute(self._insert.of(len(names)), row)
            known |= self._read(driver, item.tenant, names)
        for name, pseudonym in known.items():
            self._memo.put((item.tenant, name), pseudonym)
        return known

    def forget(self) -> None:
        """Ask the database again."""
        self._memo.clear()

    def _read(self, driver: Driver, tenant: str, names: Sequence[str]) -> dict[str, str]:
        known: dict[str, str] = {}
        for prepared, given in self._known.steps(names, tenant=tenant):
            known.update(driver.execute(prepared.sql, prepared.arguments(given)).fetchall())
        return known


class EntryReader:
    """Reads entries of one tenant at a time, for the console and for tests."""

    def __init__(self, database: Database) -> None:
        self._database = database
        own = select(entries.c.entry).where(entries.c.tenant == bindparam("tenant"))
        newest = own.order_by(entries.c.seq.desc()).limit(bindparam("most"))
        self._latest = database.prepare(newest)
        self._before = database.prepare(newest.where(entries.c.seq < bindparam("before")))
        self._correlated = database.prepare(
            own.where(entries.c.correlation == bindparam("correlation")).order_by(entries.c.seq)
        )

    async def page(self, tenant: str, most: int = 50, before: int | None = None) -> Sequence[Mapping[str, Json]]:
        """Return up to *most* entries numbered below *before*, the newest first; every key is present."""
        if before is None:
            rows = await self._database.fetch(self._latest, tenant=tenant, most=most)
        else:
            rows = await self._database.fetch(self._before, tenant=tenant, most=most, before=before)
        return [decoded(entry) for (entry,) in rows]

    async def by_correlation(self, tenant: str, correlation: str) -> Sequence[Mapping[str, Json]]:
        """Return the entries of one call: its decision, then its outcome if it was a change."""
        rows = await self._database.fetch(self._correlated, tenant=tenant, correlation=correlation)
        return [decoded(entry) for (entry,) in rows]


class PseudonymTable:
    """Which pseudonym stands for which name, until that is destroyed."""

    def __init__(self, database: Database, random: Random) -> None:
        self._database = database
        self._random = random
        self._known = ListRead(database, _known)

    async def known(self, tenant: str, names: Sequence[str]) -> dict[str, str]:
        """Return the pseudonyms of those *names* that have one."""
        return dict(await self._known.fetch(names, tenant=tenant))

    async def assign(self, tenant: str, names: Sequence[str]) -> dict[str, str]:
        """Return the pseudonym of each name, a new one for a name that has none."""
        rows = [{"tenant": tenant, "name": name, "pseudonym": new_pseudonym(name, self._random)} for name in names]
        chosen = select(pseudonyms.c.name, pseudonyms.c.pseudonym).where(
            pseudonyms.c.tenant == tenant, pseudonyms.c.name.in_(names)
        )

        def job(connection: Connection) -> dict[str, str]:
            insert_new(connection, pseudonyms, rows)
            return dict(connection.execute(chosen).all())

        return await self._database.writer.submit(job)

    async def destroy(self, tenant: str, names: Sequence[str], then: Callable[[], None]) -> int:
        """Forget for ever what the pseudonyms of *names* stand for; return how many there were.

        *then* is called in the writer's thread, before any later entry is written.
        """
        gone = delete(pseudonyms).where(pseudonyms.c.tenant == tenant, pseudonyms.c.name.in_(names))

        def job(connection: Connection) -> int:
            count = connection.execute(gone).rowcount
            then()
            return count

        return await self._database.writer.submit(job)


class RemarkTable:
    """Sealed free text beside the entries."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._one = database.prepare(
            select(remarks.c.sealed).where(
                remarks.c.tenant == bindparam("tenant"), remarks.c.correlation == bindparam("correlation")
            )
        )

    async def find(self, tenant: str, correlation: str) -> bytes | None:
        """Return the sealed remark, if there is (still) one."""
        rows = await self._database.fetch(self._one, tenant=tenant, correlation=correlation)
        return rows[0][0] if rows else None

    async def destroy(self, tenant: str, correlation: str) -> None:
        """Erase the remark; the entry keeps a hash that nobody can undo."""
        gone = delete(remarks).where(remarks.c.tenant == tenant, remarks.c.correlation == correlation)
        await self._database.writer.submit(lambda connection: connection.execute(gone).rowcount)


def new_pseudonym(name: str, random: Random) -> str:
    """Return a random pseudonym: ``s-…`` for a data subject, ``p-…`` for a principal."""
    kind = "s" if name.startswith("[") else "p"
    return f"{kind}-{random(PSEUDONYM_BYTES).hex()}"


def _known(names: Sequence[BindParameter[str]]) -> Select[tuple[str, str]]:
    return select(pseudonyms.c.name, pseudonyms.c.pseudonym).where(
        pseudonyms.c.tenant == bindparam("tenant"), pseudonyms.c.name.in_(names)
    )
