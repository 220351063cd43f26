"""Bulk jobs between two requests: what was asked, what was sent, how far it is. They stand on the gateway's shelf.

A job is of rows that are written, or of queries; its rows stand in pieces of a few hundred, and so do their outcomes.
Whoever put a job there finds it again, in any process and after a restart; nobody else does.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from secrets import randbelow
from typing import Any, Final

import orjson

from policy_gateway.errors import Conflict, RecordNotFound
from policy_gateway.ports import Session, Shelf
from policy_gateway.wire import Json
from policy_gateway_salesforce.facade.exchange.ids import canonical, numbered

SECONDS: Final = 24 * 3600
PIECE: Final = 200
"""How many rows stand in one piece, and are written by one poll at the most."""

OPEN: Final = "Open"
UPLOADED: Final = "UploadComplete"
IN_PROGRESS: Final = "InProgress"
COMPLETE: Final = "JobComplete"
ABORTED: Final = "Aborted"
FAILED: Final = "Failed"
CLOSED: Final = "Closed"


@dataclass(frozen=True, slots=True)
class Job:
    """One job. *batches* are the ids of what was added to it, *created* and *touched* ISO moments.

    *old* jobs are those of the first API. *rows* is how many a query finds, as far as that was counted.
    """

    id: str
    operation: str
    object: str
    state: str
    version: str
    created: str
    touched: str
    external: str = ""
    query: str = ""
    content_type: str = "CSV"
    ending: str = "LF"
    delimiter: str = "COMMA"
    old: bool = False
    rows: int = 0
    batches: tuple[str, ...] = ()

    @property
    def reads(self) -> bool:
        """Tell whether it is a job of queries."""
        return self.operation in {"query", "queryAll"}


@dataclass(frozen=True, slots=True)
class Batch:
    """What was added to a job at once: *pieces* of *rows* rows, of which the first *next* pieces are done.

    *header* names the columns; a batch of a query has its *query* instead. *message* says why it failed. *busy* is
    until when, in Unix seconds, somebody is writing the next piece; 0 when nobody is.
    """

    id: str
    created: str
    touched: str
    state: str = "Queued"
    header: tuple[str, ...] = ()
    rows: int = 0
    pieces: int = 0
    next: int = 0
    done: int = 0
    failed: int = 0
    query: str = ""
    message: str = ""
    result: str = ""
    busy: int = 0


@dataclass(frozen=True, slots=True)
class End:
    """How one row ended: the record's *id*, whether it is new, or the *error* as the vendor says it."""

    id: str = ""
    created: bool = False
    error: str = ""


Row = dict[str, Json]

_NAME: Final = re.compile(r"[A-Za-z0-9/._-]{1,128}", re.ASCII)


class Jobs:
    """The jobs of one session."""

    def __init__(self, shelf: Shelf, session: Session, now: datetime) -> None:
        self._shelf = shelf
        self._session = session
        self.seconds = int(now.timestamp())
        self.moment = now.strftime("%Y-%m-%dT%H:%M:%S.000+0000")

    async def save(self, job: Job) -> Job:
        """Keep *job* as it is now."""
        job = replace(job, touched=self.moment)
        await self._put(_job(job.id), asdict(job))
        return job

    async def alter(self, job: Job, change: Callable[[Job], Job]) -> Job:
        """Keep what *change* makes of *job*, however it stands there by now, and return it.

        Clients send several batches at once: none of them may take another one's place.
        """
        while True:
            found, version = await self._versioned(_job(job.id))
            altered = replace(change(_read(found)), touched=self.moment)
            try:
                await self._put(_job(job.id), asdict(altered), version)
            except Conflict:
                continue
            return altered

    async def job(self, given: str, *, old: bool = False) -> Job:
        """Return the job with this id; RecordNotFound."""
        job = _read(await self._get(_job(canonical(given) or given)))
        if job.old is not old:
            raise RecordNotFound
        return job

    async def forget(self, job: Job) -> None:
        """Forget *job* and everything of it."""
        await self._shelf.drop(self._session, _job(job.id))

    async def batch(self, job: Job, given: str) -> Batch:
        """Return one batch of *job*; RecordNotFound."""
        return (await self.claimed(job, given))[0]

    async def claimed(self, job: Job, given: str) -> tuple[Batch, int]:
        """Return one batch and its version, with which only one process can go on."""
        found, version = await self._versioned(_batch(job.id, canonical(given) or given))
        return Batch(**{**found, "header": tuple(found["header"])}), version

    async def save_batch(self, job: Job, batch: Batch, version: int | None = None) -> int:
        """Keep *batch* as it is now and return its version; Conflict when another process was faster."""
        return await self._put(_batch(job.id, batch.id), asdict(replace(batch, touched=self.moment)), version)

    async def add_piece(self, job: Job, batch: Batch, rows: Sequence[Row]) -> Batch:
        """Return *batch* with one piece more: *rows*."""
        await self._put(f"{_batch(job.id, batch.id)}/rows/{batch.pieces}", list(rows))
        return replace(batch, pieces=batch.pieces + 1, rows=batch.rows + len(rows))

    async def piece(self, job: Job, batch: Batch, number: int) -> list[Row]:
        """Return the rows of a piece."""
        rows: list[Row] = await self._get(f"{_batch(job.id, batch.id)}/rows/{number}")
        return rows

    async def end_piece(self, job: Job, batch: Batch, ends: Sequence[End]) -> Batch:
        """Return *batch* with its next piece done: its rows have ended so."""
        await self._put(f"{_batch(job.id, batch.id)}/ends/{batch.next}", [asdict(end) for end in ends])
        failed = sum(1 for end in ends if end.error)
        return replace(batch, next=batch.next + 1, done=batch.done + len(ends), failed=batch.failed + failed)

    async def outcomes(self, job: Job, batch: Batch) -> AsyncIterator[tuple[Row, End | None]]:
        """Yield every row of *batch* with how it ended, None for what was not done."""
        for number in range(batch.pieces):
            ends: list[End | None] = [None] * PIECE
            if number < batch.next:
                ends = await self._ends(job, batch, number)
            for row, end in zip(await self.piece(job, batch, number), ends, strict=False):
                yield row, end

    async def _ends(self, job: Job, batch: Batch, number: int) -> list[End | None]:
        """Return how the rows of a piece ended; nobody knows it of one whose writing was interrupted."""
        try:
            return [End(**end) for end in await self._get(f"{_batch(job.id, batch.id)}/ends/{number}")]
        except RecordNotFound:
            return [None] * PIECE

    async def _put(self, name: str, document: object, version: int | None = None) -> int:
        body = orjson.dumps(document)
        return await self._shelf.put(self._session, name, body, seconds=SECONDS, version=version)

    async def _get(self, name: str) -> Any:  # noqa: ANN401 -- what was put there
        return (await self._versioned(name))[0]

    async def _versioned(self, name: str) -> tuple[Any, int]:
        if not _NAME.fullmatch(name):
            raise RecordNotFound
        kept = await self._shelf.get(self._session, name)
        return orjson.loads(kept.body), kept.version


def new_id(prefix: str) -> str:
    """Return an id that nobody can guess."""
    return numbered(prefix, randbelow(62**10))


def _read(found: Mapping[str, Any]) -> Job:
    return Job(**{**found, "batches": tuple(found["batches"])})


def _job(identifier: str) -> str:
    return f"salesforce/job/{identifier}"


def _batch(job: str, identifier: str) -> str:
    return f"{_job(job)}/{identifier}"
