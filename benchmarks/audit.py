"""How many audit entries a second are durable, for 1, 32 and 256 callers who each wait for theirs."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles

import uvloop

from figures import Rounds, Row, Table, Target, disk, report, short
from ours import ANNA
from policy_gateway import CLEAR, Call, Disclosure, Permit, Query, RecordId, Released, ReleasedRecord, TruthVector
from policy_gateway.audit import Entries
from policy_gateway.audit.draft import Draft
from policy_gateway.audit.journal import DatabaseJournal
from policy_gateway.model.disclosure import Group
from policy_gateway.store import Database

OURS, JOURNAL, EACH = "ours: from call to disk", "ours: the journal alone", "a commit an entry"
CALLERS = (1, 32, 256)
WANTED = 40_000
FIELDS = ("first_name", "last_name", "email", "phone", "city", "customer_number")
CALL = Call("crm", Query("contact", target=RecordId("7")), purpose="service")

Append = Callable[[], Awaitable[None]]


class Nothing:
    """A residual with nothing left to decide."""

    reads: frozenset[str] = frozenset()
    facts: frozenset[str] = frozenset()


def permit() -> Permit:
    """Return the decision that every entry tells of."""
    ceiling = dict.fromkeys(FIELDS, CLEAR)
    rules = frozenset({"ACME-1", "ACME-2", "ACME-3"})
    return Permit("0" * 64, ceiling, Nothing(), TruthVector(), rules=rules)  # type: ignore[arg-type]  # never asked


def disclosure(decision: Permit) -> Disclosure:
    """Return what every entry tells of: one contact, six fields, one of them masked."""
    record = ReleasedRecord(RecordId("7"), dict.fromkeys(FIELDS, "x"), {"phone": "partial"}, ("iban", "birthdate"))
    group = Group(TruthVector(), dict.fromkeys(FIELDS, "clear"), (record.id,))
    return Disclosure(Released("contact", (record,), groups=(group,), rules=decision.rules), {}, decision)


async def rate(append: Append, callers: int, seconds: float) -> tuple[float, float, float]:
    """Return entries a second, and the median and 99th percentile of waiting in ms."""
    waited: list[float] = []
    end = time.perf_counter() + seconds

    async def caller() -> None:
        while (start := time.perf_counter()) < end:
            await append()
            waited.append(time.perf_counter() - start)

    start = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(callers)))
    elapsed = time.perf_counter() - start
    cuts = quantiles(waited, n=100)
    return len(waited) / elapsed, cuts[49] * 1e3, cuts[98] * 1e3


async def ours(folder: Path, callers: int, seconds: float) -> tuple[float, float, float]:
    """Measure the journal as the gateway uses it: account, pseudonyms, sequence, canonical bytes, commit."""
    decision = permit()
    left = disclosure(decision)
    async with Database.open(f"sqlite:///{folder / 'ours.db'}") as database:
        entries = Entries(database, clock=lambda: datetime.now(UTC))

        async def append() -> None:
            async with entries.entry(CALL) as entry:
                entry.by(ANNA)
                entry.decided(decision)
                entry.disclosed(left)

        await append()
        measured = await rate(append, callers, seconds)
        await entries.close()
        return measured


async def journal(folder: Path, callers: int, seconds: float) -> tuple[float, float, float]:
    """Measure what the journal does to an entry of 600 bytes: its number, salt and hash, and the shared commit."""
    body = b'{"v":1,"what":"%b"}' % (b"x" * 580)
    async with Database.open(f"sqlite:///{folder / 'journal.db'}") as database:
        entries = DatabaseJournal(database, random=os.urandom)

        async def append() -> None:
            await entries.append(Draft("acme", "0" * 32, "decision", 0, lambda _: body))

        await append()
        return await rate(append, callers, seconds)


async def each(folder: Path, callers: int, seconds: float) -> tuple[float, float, float]:
    """Measure SQLite with a durable commit for each entry of 600 bytes, from one thread."""
    connection = sqlite3.connect(folder / "each.db", isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE entry (id INTEGER PRIMARY KEY, body BLOB)")
    body = bytes(600)
    free = asyncio.Lock()

    async def append() -> None:
        async with free:
            await asyncio.to_thread(connection.execute, "INSERT INTO entry (body) VALUES (?)", (body,))

    measured = await rate(append, callers, seconds)
    connection.close()
    return measured


def measure(rounds: int, quick: bool) -> Table:  # noqa: FBT001 -- called by report only
    """Return the table."""
    timed = Rounds()
    seconds = 0.5 if quick else 3.0
    for _ in range(rounds):
        for callers in CALLERS:
            for name, way in ((OURS, ours), (JOURNAL, journal), (EACH, each)):
                with tempfile.TemporaryDirectory(dir=disk()) as place:
                    throughput, p50, p99 = uvloop.run(way(Path(place), callers, seconds))
                timed.add(f"{name}, {callers}", throughput=throughput, p50_ms=p50, p99_ms=p99)
    rows = tuple(_row(timed, name) for name in (OURS, JOURNAL, EACH))
    whole, alone = (timed.median(f"{name}, 32", "throughput") for name in (OURS, JOURNAL))
    return Table(
        title="Durable audit entries",
        method=(
            "Each caller waits until its entry is on disk (SQLite, WAL, synchronous=FULL), then writes the next. From "
            "call to disk includes the account of the call, pseudonyms and canonical bytes; the journal alone numbers, "
            "salts, hashes and keeps entries of 600 bytes; the last row writes 600 zero bytes. Entries a second, and "
            "the median and 99th percentile of waiting."
        ),
        columns=("", *(f"{callers} caller{'s' * (callers > 1)}" for callers in CALLERS)),
        rows=rows,
        targets=(
            Target(
                f"at least {WANTED:,} entries of 600 bytes a second for 32 callers", f"{alone:,.0f}", alone >= WANTED
            ),
            Target(f"at least {WANTED:,} a second from call to disk", f"{whole:,.0f}", whole >= WANTED),
        ),
    )


def _row(timed: Rounds, name: str) -> Row:
    keys = [f"{name}, {callers}" for callers in CALLERS]
    cells = tuple(
        f"{short(timed.median(key, 'throughput'))}/s, {short(timed.median(key, 'p50_ms'))} / "
        f"{short(timed.median(key, 'p99_ms'))} ms"
        for key in keys
    )
    raw = {f"{key}: {figure}": values for key in keys for figure, values in timed.raw[key].items()}
    return Row(name, cells, raw)


if __name__ == "__main__":
    report(measure)
