"""Jobs that write rows: made, filled, closed, and looked at until they are done."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from policy_gateway.errors import InvalidCall
from policy_gateway.wire import Ask, Json
from policy_gateway_salesforce.facade.bulk import shapes
from policy_gateway_salesforce.facade.bulk.delimited import DELIMITERS, LINE_ENDINGS, rows_of, written
from policy_gateway_salesforce.facade.bulk.ingesting import OPERATIONS, go_on
from policy_gateway_salesforce.facade.bulk.jobs import (
    ABORTED,
    COMPLETE,
    IN_PROGRESS,
    OPEN,
    PIECE,
    UPLOADED,
    Batch,
    End,
    Job,
    Jobs,
    Row,
    new_id,
)
from policy_gateway_salesforce.facade.exchange.answers import CSV_TYPE, Answer
from policy_gateway_salesforce.facade.exchange.asked import Asked, text
from policy_gateway_salesforce.facade.exchange.ids import JOB
from policy_gateway_salesforce.facade.exchange.refusals import invalid, nowhere, wrong_method
from policy_gateway_salesforce.facade.exchange.turn import Turn

LARGEST: Final = 50_000_000
"""In bytes: the most that one job uploads."""

ONLY: Final = "0"
"""The id of the one batch that a job of this API has."""


@dataclass(frozen=True, slots=True)
class Uploads:
    """The endpoints below ``jobs/ingest``."""

    asked: Asked
    turn: Turn
    jobs: Jobs

    async def new(self, body: Mapping[str, Json]) -> Answer:
        """``POST jobs/ingest``."""
        operation, name = text(body, "operation"), text(body, "object")
        if operation not in OPERATIONS or not name:
            raise invalid("The operation is not supported, or no object is named", "INVALIDJOB")
        external = text(body, "externalIdFieldName")
        if (operation == "upsert") is not bool(external):
            raise invalid("externalIdFieldName is for upsert, which needs it", "INVALIDJOB")
        if text(body, "contentType", "CSV") != "CSV":
            raise invalid("The content type is CSV", "INVALIDJOB")
        ending = shapes.choice(body, "lineEnding", "LF", LINE_ENDINGS)
        delimiter = shapes.choice(body, "columnDelimiter", "COMMA", DELIMITERS)
        moment = self.jobs.moment
        job = Job(new_id(JOB), operation, name, OPEN, self.asked.version, moment, moment, external)
        job = await self.jobs.save(replace(job, ending=ending, delimiter=delimiter))
        return Answer(200, self._told(job, None))

    async def answer(self, job: Job, more: list[str], ask: Ask) -> Answer:
        """Answer what is asked of *job*."""
        match self.asked.method, [part.lower() for part in more]:
            case "PUT", ["batches"]:
                return await self._fill(job, ask)
            case "PATCH", []:
                return await self._turn_to(job, await shapes.state_of(ask))
            case "GET", []:
                return await self._look(job)
            case "DELETE", []:
                await self.jobs.forget(job)
                return Answer(204)
            case "GET", [name] if name in _RESULTS:
                return await self._results(job, *_RESULTS[name])
            case _, [] | ["batches"]:
                raise wrong_method(self.asked.method, ("PUT",) if more else ("DELETE", "GET", "PATCH"))
            case _:
                raise nowhere()

    async def _fill(self, job: Job, ask: Ask) -> Answer:
        if job.state != OPEN or job.batches:
            raise invalid("The job takes no (more) data", "INVALIDJOBSTATE")
        ask.require_media_type({"text/csv"})
        delimiter = DELIMITERS[job.delimiter]
        batch = Batch(ONLY, self.jobs.moment, self.jobs.moment)
        try:
            batch = await filled(self.jobs, job, batch, rows_of(ask.chunks(LARGEST), delimiter))
        except InvalidCall as unreadable:
            raise invalid("The data is no CSV that can be read", "INVALIDJOB") from unreadable
        await self.jobs.save_batch(job, batch)
        await self.jobs.save(replace(job, batches=(ONLY,)))
        return Answer(201)

    async def _turn_to(self, job: Job, state: str) -> Answer:
        if state == ABORTED and job.state in {OPEN, UPLOADED, IN_PROGRESS}:
            job = await self.jobs.save(replace(job, state=ABORTED))
        elif state == UPLOADED and job.state == OPEN:
            job = await self.jobs.save(replace(job, state=UPLOADED))
        else:
            raise invalid(f"The job is {job.state}", "INVALIDJOBSTATE")
        batch = await self.jobs.batch(job, ONLY) if job.batches else None
        return Answer(200, self._told(job, batch))

    async def _look(self, job: Job) -> Answer:
        """Tell how far *job* is, after going on with it."""
        if not job.batches:
            if job.state == UPLOADED:
                job = await self.jobs.save(replace(job, state=COMPLETE))
            return Answer(200, self._told(job, None))
        if job.state not in {UPLOADED, IN_PROGRESS}:
            return Answer(200, self._told(job, await self.jobs.batch(job, ONLY)))
        batch = await go_on(self.turn, self.jobs, job, ONLY)
        state = COMPLETE if batch.state == "Completed" else IN_PROGRESS
        if state != job.state:
            job = await self.jobs.save(replace(job, state=state))
        return Answer(200, self._told(job, batch))

    async def _results(self, job: Job, own: tuple[str, ...], told: Told) -> Answer:
        """Answer with the rows that the caller has sent, and with what became of them; nothing else is in it."""
        delimiter, ending = DELIMITERS[job.delimiter], LINE_ENDINGS[job.ending]
        batch = await self.jobs.batch(job, ONLY) if job.batches else None
        header = batch.header if batch else ()
        lines = self._lines(job, batch, told)
        first = written([(*own, *header)], delimiter, ending) if (*own, *header) else b""

        async def body() -> AsyncIterator[bytes]:
            yield first
            async for line in lines:
                yield written([line], delimiter, ending)

        return Answer(200, body(), content_type=CSV_TYPE)

    async def _lines(self, job: Job, batch: Batch | None, told: Told) -> AsyncIterator[list[str]]:
        if batch is None:
            return
        async for row, end in self.jobs.outcomes(job, batch):
            own = told(end)
            if own is not None:
                yield [*own, *(str(row.get(name, "")) for name in batch.header)]

    def _told(self, job: Job, batch: Batch | None) -> dict[str, Json]:
        shown = shapes.told(job, self.asked)
        shown |= {
            "jobType": "V2Ingest",
            "contentUrl": f"services/data/v{job.version}/jobs/ingest/{job.id}/batches",
            "externalIdFieldName": job.external or None,
            "numberRecordsProcessed": batch.done if batch else 0,
            "numberRecordsFailed": batch.failed if batch else 0,
            "retries": 0,
            "totalProcessingTime": 0,
            "apiActiveProcessingTime": 0,
            "apexProcessingTime": 0,
        }
        return shown


Told = Callable[[End | None], list[str] | None]


def _successful(end: End | None) -> list[str] | None:
    return None if end is None or end.error else [end.id, "true" if end.created else "false"]


def _failed(end: End | None) -> list[str] | None:
    return None if end is None or not end.error else [end.id, end.error]


def _unprocessed(end: End | None) -> list[str] | None:
    return [] if end is None else None


_RESULTS: Final[Mapping[str, tuple[tuple[str, ...], Told]]] = MappingProxyType(
    {
        "successfulresults": (("sf__Id", "sf__Created"), _successful),
        "failedresults": (("sf__Id", "sf__Error"), _failed),
        "unprocessedrecords": ((), _unprocessed),
    }
)


async def filled(jobs: Jobs, job: Job, batch: Batch, rows: AsyncIterator[list[str]]) -> Batch:
    """Return *batch* with *rows*, the first of which names the columns; InvalidCall for rows of another length."""
    piece: list[Row] = []
    async for row in rows:
        if not batch.header:
            batch = replace(batch, header=_header(row))
            continue
        if len(row) != len(batch.header):
            raise InvalidCall("a row has not as many values as there are columns")
        piece.append(dict(zip(batch.header, row, strict=True)))
        if len(piece) == PIECE:
            batch, piece = await jobs.add_piece(job, batch, piece), []
    return await jobs.add_piece(job, batch, piece) if piece else batch


def _header(row: list[str]) -> tuple[str, ...]:
    names = tuple(name.strip() for name in row)
    if not all(names) or len({name.lower() for name in names}) < len(names):
        raise InvalidCall("the columns have no names of their own")
    return names
