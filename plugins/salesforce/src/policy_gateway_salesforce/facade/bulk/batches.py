"""Bulk jobs of the first API: batches of rows or of queries, in XML or JSON, as older clients speak it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from policy_gateway.errors import InvalidCall, RecordNotFound
from policy_gateway.ports import Shelf
from policy_gateway.wire import Ask, Json, parsed, written
from policy_gateway_salesforce.facade.bulk import delimited
from policy_gateway_salesforce.facade.bulk.extracts import checked, csv_of, json_of
from policy_gateway_salesforce.facade.bulk.ingesting import OPERATIONS, go_on
from policy_gateway_salesforce.facade.bulk.jobs import (
    ABORTED,
    CLOSED,
    OPEN,
    PIECE,
    Batch,
    End,
    Job,
    Jobs,
    Row,
    new_id,
)
from policy_gateway_salesforce.facade.bulk.shapes import (
    BulkError,
    batch_info,
    element,
    elements,
    job_info,
    members_of,
    wants_json,
)
from policy_gateway_salesforce.facade.bulk.uploads import filled
from policy_gateway_salesforce.facade.exchange.answers import BULK_XML_TYPE, PLAIN_JSON_TYPE, Answer
from policy_gateway_salesforce.facade.exchange.asked import Asked
from policy_gateway_salesforce.facade.exchange.ids import BATCH, JOB, RESULT
from policy_gateway_salesforce.facade.exchange.refusals import Refusal
from policy_gateway_salesforce.facade.exchange.turn import Turn
from policy_gateway_salesforce.facade.org import portal

LARGEST: Final = 10_000_000
"""In bytes, and so at the vendor's."""

LONGEST_QUERY: Final = 131_072
MOST_BATCHES: Final = 1_000
_CSV: Final = "text/csv"
_TYPES: Final = frozenset({"CSV", "JSON"})
_QUERIES: Final = frozenset({"query", "queryAll"})


@dataclass(frozen=True, slots=True)
class Batches:
    """The endpoints below ``/services/async``."""

    shelf: Shelf

    async def answer(self, asked: Asked, turn: Turn, ask: Ask) -> Answer:
        """Answer what is asked of a job, of a batch, or for a new one."""
        if not portal.served(asked.version):
            raise BulkError("InvalidVersion", "This version of the API is not served", ask)
        jobs = Jobs(self.shelf, asked.session, asked.now)
        desk = _Desk(asked, turn, ask, jobs)
        match asked.method, asked.segments[3:]:
            case "POST", ("job",):
                return await desk.new_job()
            case _, ("job", given, *more):
                return await desk.of_job(await jobs.job(given, old=True), more)
            case _:
                raise RecordNotFound


@dataclass(frozen=True, slots=True)
class _Desk:
    """One request."""

    asked: Asked
    turn: Turn
    ask: Ask
    jobs: Jobs

    async def new_job(self) -> Answer:
        told = await members_of(self.ask)
        operation, name = told.get("operation", ""), told.get("object", "")
        external = told.get("externalIdFieldName", "")
        if operation not in OPERATIONS | _QUERIES or not name or (operation == "upsert") is not bool(external):
            raise BulkError("InvalidJob", "The operation is not supported, or the job is not whole", self.ask)
        if told.get("contentType", "XML") not in _TYPES:
            raise BulkError("InvalidJob", "The content type is CSV or JSON", self.ask)
        moment, version = self.jobs.moment, self.asked.version
        job = Job(new_id(JOB), operation, name, OPEN, version, moment, moment, external)
        job = await self.jobs.save(replace(job, content_type=told["contentType"], old=True))
        return self._said("jobInfo", job_info(job, [], self.asked), job, 201)

    async def of_job(self, job: Job, more: list[str]) -> Answer:
        match self.asked.method, more:
            case "GET", []:
                return self._said("jobInfo", job_info(job, await self._all(job), self.asked), job)
            case "POST", []:
                return await self._turn_to(job, (await members_of(self.ask)).get("state", ""))
            case "POST", ["batch"]:
                return await self._new_batch(job)
            case "GET", ["batch"]:
                return self._listed(job, await self._all(job))
            case "GET", ["batch", given]:
                batch = await go_on(self.turn, self.jobs, job, await self._id(job, given))
                return self._said("batchInfo", batch_info(job, batch), job)
            case "GET", ["batch", given, "request"]:
                return await self._request(job, await self.jobs.batch(job, given))
            case "GET", ["batch", given, "result"]:
                return await self._result(job, await self.jobs.batch(job, given))
            case "GET", ["batch", given, "result", result]:
                return await self._rows(job, await self.jobs.batch(job, given), result)
            case _:
                raise RecordNotFound

    async def _id(self, job: Job, given: str) -> str:
        return (await self.jobs.batch(job, given)).id

    async def _all(self, job: Job) -> list[Batch]:
        return [await self.jobs.batch(job, identifier) for identifier in job.batches]

    async def _turn_to(self, job: Job, state: str) -> Answer:
        if state not in {CLOSED, ABORTED} or job.state == ABORTED:
            raise BulkError("InvalidJobState", "The job is not in a state for that", self.ask)
        job = await self.jobs.alter(job, lambda found: replace(found, state=state))
        return self._said("jobInfo", job_info(job, await self._all(job), self.asked), job)

    async def _new_batch(self, job: Job) -> Answer:
        if job.state != OPEN or len(job.batches) >= MOST_BATCHES:
            raise BulkError("InvalidJobState", "The job takes no more batches", self.ask)
        moment = self.jobs.moment
        batch = Batch(new_id(BATCH), moment, moment)
        batch = await (self._query(batch) if job.reads else self._filled(job, batch))
        await self.jobs.save_batch(job, batch)
        await self.jobs.alter(job, lambda found: replace(found, batches=(*found.batches, batch.id)))
        return self._said("batchInfo", batch_info(job, batch), job, 201)

    async def _query(self, batch: Batch) -> Batch:
        """Return the batch of a query; one that is refused is a batch that has failed."""
        try:
            query = (await self.ask.read(LONGEST_QUERY)).decode()
            await checked(self.turn, query, self.asked.now.date())
        except UnicodeDecodeError:
            raise BulkError("InvalidBatch", "The query is not in UTF-8", self.ask) from None
        except Refusal as refused:
            message = f"InvalidBatch : Failed to process query: {refused.code}: {refused.message}"
            return replace(batch, state="Failed", message=message)
        return replace(batch, state="Completed", query=query, result=new_id(RESULT))

    async def _filled(self, job: Job, batch: Batch) -> Batch:
        if job.content_type == "CSV":
            return await filled(self.jobs, job, batch, delimited.rows_of(self.ask.chunks(LARGEST)))
        rows = parsed(await self.ask.read(LARGEST), most_parts=LARGEST)
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise InvalidCall("a list of objects is needed")
        found: list[Row] = [row for row in rows if isinstance(row, dict)]
        for start in range(0, len(found), PIECE):
            batch = await self.jobs.add_piece(job, batch, found[start : start + PIECE])
        return batch

    async def _request(self, job: Job, batch: Batch) -> Answer:
        """Answer with what the caller has sent."""
        if job.reads:
            return Answer(200, batch.query.encode(), content_type=_CSV)
        rows = [row async for row, _ in self.jobs.outcomes(job, batch)]
        if job.content_type == "JSON":
            return Answer(200, written(rows), content_type=PLAIN_JSON_TYPE)
        lines = [batch.header, *([str(row[name]) for name in batch.header] for row in rows)]
        return Answer(200, delimited.written(lines), content_type=_CSV)

    async def _result(self, job: Job, batch: Batch) -> Answer:
        if batch.state != "Completed":
            raise BulkError("InvalidBatch", "The batch is not complete", self.ask)
        if job.reads:
            if self._json(job):
                return Answer(200, written([batch.result]), content_type=PLAIN_JSON_TYPE)
            return Answer(200, element("result-list", {"result": batch.result}), content_type=BULK_XML_TYPE)
        ends = [end async for _, end in self.jobs.outcomes(job, batch)]
        if job.content_type == "JSON":
            return Answer(200, written([_told(end) for end in ends]), content_type=PLAIN_JSON_TYPE)
        lines = [("Id", "Success", "Created", "Error"), *(_line(end) for end in ends)]
        return Answer(200, delimited.written(lines), content_type=_CSV)

    async def _rows(self, job: Job, batch: Batch, result: str) -> Answer:
        """Answer with the rows that a query finds now, under the policy of now, page by page."""
        if not job.reads or not batch.result or result[:15] != batch.result[:15]:
            raise RecordNotFound
        if job.content_type == "JSON":
            body: AsyncIterator[bytes] = await json_of(self.turn, batch.query, batch.created[:10], self.asked.root)
            return Answer(200, body, content_type=PLAIN_JSON_TYPE)
        return Answer(200, await csv_of(self.turn, batch.query, batch.created[:10]), content_type=_CSV)

    def _json(self, job: Job) -> bool:
        return job.content_type == "JSON" or wants_json(self.ask)

    def _said(self, name: str, members: Mapping[str, Json], job: Job, status: int = 200) -> Answer:
        if wants_json(self.ask):
            return Answer(status, written(dict(members)), content_type=PLAIN_JSON_TYPE)
        del job
        return Answer(status, element(name, members), content_type=BULK_XML_TYPE)

    def _listed(self, job: Job, batches: list[Batch]) -> Answer:
        told = [batch_info(job, batch) for batch in batches]
        if wants_json(self.ask):
            return Answer(200, written({"batchInfo": told}), content_type=PLAIN_JSON_TYPE)
        return Answer(200, elements("batchInfoList", "batchInfo", told), content_type=BULK_XML_TYPE)


def _told(end: End | None) -> Json:
    if end is None:
        return {"success": False, "created": False, "id": None, "errors": [_error("NOT_PROCESSED:interrupted: --")]}
    errors: list[Json] = [_error(end.error)] if end.error else []
    return {"success": not end.error, "created": end.created, "id": end.id or None, "errors": errors}


def _error(error: str) -> Json:
    code, _, rest = error.partition(":")
    message, _, fields = rest.removesuffix(" --").rpartition(":")
    named: list[Json] = [name for name in fields.split(",") if name]
    return {"statusCode": code, "message": message, "fields": named}


def _line(end: End | None) -> tuple[str, ...]:
    if end is None:
        return ("", "false", "false", "NOT_PROCESSED:interrupted: --")
    return (end.id, "false" if end.error else "true", "true" if end.created else "false", end.error)
