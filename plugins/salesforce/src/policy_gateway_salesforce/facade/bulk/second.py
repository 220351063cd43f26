"""Bulk jobs of the second API: rows are read as CSV in parts, or written row by row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from policy_gateway.errors import RecordNotFound
from policy_gateway.ports import Sessions, Shelf
from policy_gateway.query import Action
from policy_gateway.wire import Ask, Json
from policy_gateway_salesforce.facade.bulk.delimited import DELIMITERS, LINE_ENDINGS
from policy_gateway_salesforce.facade.bulk.exporting import PAGE, ROWS, Table, extract, require_flat
from policy_gateway_salesforce.facade.bulk.extracts import checked
from policy_gateway_salesforce.facade.bulk.jobs import ABORTED, COMPLETE, Job, Jobs, new_id
from policy_gateway_salesforce.facade.bulk.shapes import choice, document, told
from policy_gateway_salesforce.facade.bulk.uploads import Uploads
from policy_gateway_salesforce.facade.exchange.answers import CSV_TYPE, Answer
from policy_gateway_salesforce.facade.exchange.asked import Asked, text
from policy_gateway_salesforce.facade.exchange.ids import JOB
from policy_gateway_salesforce.facade.exchange.refusals import Refusal, invalid, nowhere, wrong_method
from policy_gateway_salesforce.facade.exchange.turn import Turn
from policy_gateway_salesforce.facade.queries.locators import Place, invalid_locator, locator_of, place_of
from policy_gateway_salesforce.facade.queries.pages import counted, planned_by

_OPERATIONS: Final = frozenset({"query", "queryAll"})


@dataclass(frozen=True, slots=True)
class Bulk:
    """The endpoints below ``jobs``."""

    sessions: Sessions
    shelf: Shelf

    async def answer(self, asked: Asked, turn: Turn, ask: Ask) -> Answer:
        """Answer what is asked of a job, or for a new one."""
        jobs = Jobs(self.shelf, asked.session, asked.now)
        try:
            match asked.segments[4:]:
                case ("query",) if asked.method == "POST":
                    return await _new_query(asked, turn, jobs, await document(ask))
                case ("query", given, *more):
                    job = await _job(jobs, given, reads=True)
                    if (asked.method, more) == ("GET", ["results"]):
                        return await self._results(asked, turn, job)
                    return await _of_query(asked, jobs, job, more, ask)
                case ("ingest",) if asked.method == "POST":
                    return await Uploads(asked, turn, jobs).new(await document(ask))
                case ("ingest", given, *more):
                    job = await _job(jobs, given, reads=False)
                    return await Uploads(asked, turn, jobs).answer(job, more, ask)
                case _:
                    raise nowhere()
        except RecordNotFound:
            raise nowhere() from None

    async def _results(self, asked: Asked, turn: Turn, job: Job) -> Answer:
        """Answer with some rows, and with a locator to the next ones: read now, under the policy of now."""
        seal = self.sessions.seal(asked.session)
        given, most = asked.given("locator"), _most(asked.given("maxRecords"))
        following = bool(given) and given != "null"
        place = (
            place_of(given or "", seal) if following else Place("", job.created[:10], None, min(PAGE, most), job=job.id)
        )
        if place.job != job.id:
            raise invalid_locator()
        plan = require_flat(await planned_by(turn, job.query, place.day))
        place = replace(place, text=job.query, skip=place.skip if following else plan.offset)
        table = Table(DELIMITERS[job.delimiter], LINE_ENDINGS[job.ending])
        found = await extract(turn, plan, place, min(most, ROWS), table)
        rest = "null" if found.rest is None else locator_of(replace(found.rest, text=""), seal)
        headers = {"Sforce-Locator": rest, "Sforce-NumberOfRecords": str(found.number)}
        return Answer(200, found.body, headers, CSV_TYPE)


async def _of_query(asked: Asked, jobs: Jobs, job: Job, more: list[str], ask: Ask) -> Answer:
    match asked.method, more:
        case "GET", []:
            return Answer(200, _told(job, asked))
        case "PATCH", []:
            if text(await document(ask), "state") != ABORTED:
                raise invalid("A query job can only be aborted", "INVALIDJOBSTATE")
            raise invalid("The job is complete", "INVALIDJOBSTATE")
        case "DELETE", []:
            await jobs.forget(job)
            return Answer(204)
        case _, [] | ["results"]:
            raise wrong_method(asked.method, ("GET",) if more else ("DELETE", "GET", "PATCH"))
        case _:
            raise nowhere()


async def _new_query(asked: Asked, turn: Turn, jobs: Jobs, body: Mapping[str, Json]) -> Answer:
    """Make a job of a query that is accepted: what it may not ask is refused now, and not when its rows are fetched."""
    operation, query = text(body, "operation"), text(body, "query")
    if operation not in _OPERATIONS:
        raise invalid("The operation of a query job is query or queryAll", "INVALIDJOB")
    if not query.strip():
        raise Refusal(400, "MALFORMED_QUERY", "A query string has to be specified")
    plan = require_flat(await planned_by(turn, query, asked.now.date()))
    disclosure = await checked(turn, query, asked.now.date())
    job = Job(
        new_id(JOB),
        operation,
        disclosure.named.resource if disclosure.named else plan.query.resource,
        COMPLETE,
        asked.version,
        jobs.moment,
        jobs.moment,
        query=query,
        rows=await counted(turn, plan, query, Action.EXPORT),
        ending=choice(body, "lineEnding", "LF", LINE_ENDINGS),
        delimiter=choice(body, "columnDelimiter", "COMMA", DELIMITERS),
    )
    return Answer(200, _told(await jobs.save(job), asked))


def _told(job: Job, asked: Asked) -> dict[str, Json]:
    more: dict[str, Json] = {
        "jobType": "V2Query",
        "numberRecordsProcessed": job.rows,
        "retries": 0,
        "totalProcessingTime": 0,
    }
    return told(job, asked) | more


async def _job(jobs: Jobs, given: str, *, reads: bool) -> Job:
    job = await jobs.job(given)
    if job.reads is not reads:
        raise RecordNotFound
    return job


def _most(given: str | None) -> int:
    if given is None:
        return ROWS
    if not given.isascii() or not given.isdigit() or len(given) > 9 or int(given) < 1:  # noqa: PLR2004 -- digits
        raise invalid("maxRecords must be a positive number", "INVALID_QUERY_PARAMETER")
    return int(given)
