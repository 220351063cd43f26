"""The second bulk API: one upload or one query a job, in CSV."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator, Mapping, Sequence
from email.parser import BytesParser
from email.policy import HTTP
from types import MappingProxyType
from typing import Final

import orjson

from policy_gateway_salesforce.sandbox.bulk_csv import CSV_TYPE, DELIMITERS, ENDINGS, Unusable, lines, rows_of
from policy_gateway_salesforce.sandbox.bulk_extracts import table
from policy_gateway_salesforce.sandbox.bulk_jobs import (
    Api,
    Job,
    Phase,
    State,
    abort,
    added,
    job_of,
    jobs_of,
    keep,
    look,
)
from policy_gateway_salesforce.sandbox.bulk_loading import OPERATIONS, End
from policy_gateway_salesforce.sandbox.kinds import KINDS, NAMES
from policy_gateway_salesforce.sandbox.state import Org
from policy_gateway_salesforce.sandbox.wire import Answer, ApiError, Asked, Json, invalid, text, unreadable

LARGEST: Final = 150 * 1024 * 1024
"""In bytes: the most that one job uploads."""

SHORTEST: Final = 100_000
"""In characters: the most that comes with the request that makes a job."""

PAGE: Final = 50_000
"""How many rows one answer has when nobody asks for fewer."""

_STATES: Final[Mapping[State, str]] = MappingProxyType(
    {
        State.QUEUED: "UploadComplete",
        State.IN_PROGRESS: "InProgress",
        State.COMPLETED: "JobComplete",
        State.FAILED: "Failed",
        State.NOT_PROCESSED: "Aborted",
    }
)


def ingest(org: Org, asked: Asked) -> Answer:
    """Answer ``POST /jobs/ingest``; with a body of several parts, the rows come along."""
    if not asked.headers.get("content-type", "").lower().startswith("multipart/"):
        return Answer(200, _told(_new_ingest(org, asked, asked.json())))
    body, rows = _parts(asked)
    if len(rows) > SHORTEST:
        raise invalid(f"The content of a part is longer than {SHORTEST} characters", "CLIENTINPUTERROR")
    job = _new_ingest(org, asked, body)
    added(org, job, rows)
    job.phase = Phase.CLOSED
    return Answer(200, _told(job))


def query(org: Org, asked: Asked) -> Answer:
    """Answer ``POST /jobs/query``; what cannot be asked is refused at once."""
    body = asked.json()
    soql, operation = text(body.get("query"), "query"), text(body.get("operation"), "operation")
    if operation not in {"query", "queryAll"}:
        raise invalid(f"InvalidJob : Operation {operation} is not supported by query jobs", "INVALIDJOB")
    found = table(org, asked.who.user, soql, deleted=operation == "queryAll")
    job = _new(org, asked, Api.QUERY, body, found.plan.kind.name)
    added(org, job, soql.encode())
    job.phase = Phase.CLOSED
    return Answer(200, _told(job))


def upload(org: Org, asked: Asked) -> Answer:
    """Answer ``PUT /jobs/ingest/{id}/batches``."""
    job = _ingested(org, asked)
    if job.phase is not Phase.OPEN:
        raise invalid("The job takes no data in its state", "INVALIDJOBSTATE")
    if asked.headers.get("content-type", "").partition(";")[0].strip().lower() != CSV_TYPE:
        raise ApiError(415, "UNSUPPORTED_MEDIA_TYPE", "The content type of job data is text/csv")
    if len(asked.body) > LARGEST:
        raise invalid(f"The data exceeds the maximum of {LARGEST} bytes", "CLIENTINPUTERROR")
    added(org, job, asked.body)
    return Answer(201)


def turn(org: Org, asked: Asked) -> Answer:
    """Answer ``PATCH`` of a job: its data is all there, or it is to be given up."""
    job = _job(org, asked)
    match text(asked.json().get("state"), "state"), job.phase:
        case "Aborted", _:
            if job.phase is Phase.ABORTED or (job.only is not None and job.only.ended):
                raise invalid("Aborting already Completed Job not allowed", "INVALIDJOBSTATE")
            abort(org, job)
        case "UploadComplete", Phase.OPEN if not job.reads:
            if len(job.batches) > 1:
                message = (
                    f"Found multiple contents for job: <{job.id[:15]}>, please 'Close' / 'Abort' / 'Delete' the "
                    "current Job then create a new Job and make sure you only do 'PUT' once on a given Job."
                )
                raise invalid(message, "INVALIDJOB")
            if not job.batches:
                added(org, job, b"")
            job.phase, job.touched = Phase.CLOSED, org.now()
        case "UploadComplete", _:
            raise invalid("The job is not open any more", "INVALIDJOBSTATE")
        case state, _:
            raise invalid(f"InvalidJob : A job cannot be set to {state}", "INVALIDJOB")
    return Answer(200, _told(job))


def info(org: Org, asked: Asked) -> Answer:
    """Answer ``GET`` of a job: a look at it, with which it goes on."""
    job = _job(org, asked)
    if job.phase is Phase.CLOSED and job.only is not None:
        look(org, job, job.only)
        job.touched = job.only.touched
    return Answer(200, _told(job) | _outcome(job))


def listed(org: Org, asked: Asked) -> Answer:
    """Answer ``GET`` of all jobs, the latest first."""
    records: list[Json] = [_told(job) for job in jobs_of(org, asked.who.user, _api(asked))]
    return Answer(200, {"done": True, "nextRecordsUrl": None, "records": records})


def delete(org: Org, asked: Asked) -> Answer:
    """Answer ``DELETE`` of a job that has come to an end."""
    job = _job(org, asked)
    waits = job.phase is Phase.OPEN or any(not batch.ended for batch in job.batches)
    if waits and (job.reads or job.phase is Phase.OPEN or job.batches[0].state is State.IN_PROGRESS):
        raise invalid("Error encountered when deleting the job because the job is not terminated", "API_ERROR")
    del org.kept[job.id]
    return Answer(204)


def results(org: Org, asked: Asked) -> Answer:
    """Answer ``GET /jobs/query/{id}/results``: some rows, and the locator of the next ones."""
    job = job_of(org, asked.who.user, asked.segments[5], Api.QUERY)
    batch = job.only
    if batch is None or batch.table is None:
        raise invalid("The results of a job are there when it is complete", "INVALIDJOBSTATE")
    start, most = _start(asked.one("locator")), _most(asked.one("maxRecords"))
    if start > len(batch.rows):
        raise invalid("invalid query locator", "INVALID_QUERY_LOCATOR")
    rows = batch.rows[start : start + most]
    after = start + len(rows)
    locator = "null" if after >= len(batch.rows) else base64.b64encode(str(after).encode()).decode().rstrip("=")
    headers = {"sforce-locator": locator, "sforce-numberofrecords": str(len(rows))}
    body = batch.table.csv(rows, DELIMITERS[job.delimiter], ENDINGS[job.ending])
    return Answer(200, body, headers, CSV_TYPE)


def successful(org: Org, asked: Asked) -> Answer:
    """Answer ``GET /jobs/ingest/{id}/successfulResults``: the rows that were written."""

    def own(end: End | None) -> Sequence[str] | None:
        return None if end is None or end.error else (end.id, "true" if end.created else "false")

    return _rows(_ended(org, asked), ("sf__Id", "sf__Created"), own)


def failed(org: Org, asked: Asked) -> Answer:
    """Answer ``GET /jobs/ingest/{id}/failedResults``: the rows that were not, and why."""

    def own(end: End | None) -> Sequence[str] | None:
        return None if end is None or end.error is None else (end.id, end.told)

    return _rows(_ended(org, asked), ("sf__Id", "sf__Error"), own)


def unprocessed(org: Org, asked: Asked) -> Answer:
    """Answer ``GET /jobs/ingest/{id}/unprocessedrecords``: the rows of a job that failed or was aborted."""

    def own(end: End | None) -> Sequence[str] | None:
        return () if end is None else None

    return _rows(_ended(org, asked), (), own)


def _rows(job: Job, header: Sequence[str], own: Callable[[End | None], Sequence[str] | None]) -> Answer:
    """Answer with the rows as they were sent, each behind what *own* tells of how it ended, if it tells anything."""
    delimiter, batch = DELIMITERS[job.delimiter], job.only

    def told() -> Iterator[Sequence[str]]:
        if batch is None:
            return
        try:
            for number, row in enumerate(rows_of(batch.data, delimiter), start=-1):
                ended = batch.ends[number] if 0 <= number < len(batch.ends) else None
                before = header if number < 0 else own(ended)
                if before is not None:
                    yield [*before, *row]
        except Unusable:
            return

    return Answer(200, lines(told(), delimiter, ENDINGS[job.ending]), content_type=CSV_TYPE)


def _ended(org: Org, asked: Asked) -> Job:
    job = _ingested(org, asked)
    if job.phase is not Phase.ABORTED and (job.only is None or not job.only.ended):
        raise invalid("The results of a job are there when it has come to an end", "INVALIDJOBSTATE")
    return job


def _new_ingest(org: Org, asked: Asked, body: Mapping[str, Json]) -> Job:
    operation, name = text(body.get("operation"), "operation"), text(body.get("object"), "object")
    if operation not in OPERATIONS:
        raise invalid(f"InvalidJob : Operation {operation} is not supported", "INVALIDJOB")
    kind = KINDS.get(NAMES.get(name.lower(), ""))
    if kind is None or not asked.who.user.may("read", kind):
        raise invalid(f"InvalidJob : Unable to find object: {name}", "INVALIDJOB")
    if operation == "hardDelete" and not asked.who.user.may("hardDelete", kind):
        raise invalid("hardDelete operation requires special user profile permission", "FEATURENOTENABLED")
    external = body.get("externalIdFieldName") or ""
    if operation == "upsert" and not external:
        raise invalid("InvalidJob : External ID was blank for an upsert operation", "INVALIDJOB")
    if operation != "upsert" and external:
        raise invalid("InvalidJob : An external ID is for an upsert operation only", "INVALIDJOB")
    if body.get("contentType", "CSV") != "CSV":
        raise invalid("InvalidJob : The content type of a job is CSV", "INVALIDJOB")
    job = _new(org, asked, Api.INGEST, body, kind.name)
    job.external = text(external, "externalIdFieldName")
    return job


def _new(org: Org, asked: Asked, api: Api, body: Mapping[str, Json], name: str) -> Job:
    now = org.now()
    job = Job(org.next_id("750"), api, str(body["operation"]), name, asked.who.user, asked.version, now, now)
    job.delimiter = _choice(body, "columnDelimiter", "COMMA", DELIMITERS)
    job.ending = _choice(body, "lineEnding", "LF", ENDINGS)
    return keep(org, job)


def _choice(body: Mapping[str, Json], name: str, usual: str, known: Mapping[str, str]) -> str:
    value = body.get(name) or usual
    if not isinstance(value, str) or value not in known:
        raise invalid(f"Value does not match expected type: {name} is one of {', '.join(known)}", "API_ERROR")
    return value


def _parts(asked: Asked) -> tuple[Mapping[str, Json], bytes]:
    """Return the job and its rows from a body of several parts."""
    head = f"Content-Type: {asked.headers['content-type']}\r\n\r\n".encode()
    whole = BytesParser(policy=HTTP).parsebytes(head + asked.body)
    found: dict[str, bytes] = {}
    for part in whole.walk():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes):
            found[name] = content
    try:
        body = orjson.loads(found["job"])
        rows = found["content"]
    except (KeyError, orjson.JSONDecodeError):
        raise unreadable() from None
    if not isinstance(body, dict):
        raise unreadable()
    return body, rows


def _api(asked: Asked) -> Api:
    return Api.QUERY if asked.segments[4].lower() == "query" else Api.INGEST


def _job(org: Org, asked: Asked) -> Job:
    return job_of(org, asked.who.user, asked.segments[5], _api(asked))


def _ingested(org: Org, asked: Asked) -> Job:
    return job_of(org, asked.who.user, asked.segments[5], Api.INGEST)


def _start(locator: str) -> int:
    """Return the number of the row that a locator leads to."""
    if locator in {"", "null"}:
        return 0
    try:
        return int(base64.b64decode(locator + "=" * (-len(locator) % 4), validate=True))
    except (ValueError, binascii.Error):
        raise invalid("invalid query locator", "INVALID_QUERY_LOCATOR") from None


def _most(given: str) -> int:
    if not given:
        return PAGE
    if not given.isascii() or not given.isdigit() or int(given) < 1:
        raise invalid("maxRecords must be a positive number", "INVALID_QUERY_PARAMETER")
    return int(given)


def _told(job: Job) -> dict[str, Json]:
    state = job.phase.value if job.phase is not Phase.CLOSED or job.only is None else _STATES[job.only.state]
    told: dict[str, Json] = {
        "id": job.id,
        "operation": job.operation,
        "object": job.object,
        "createdById": job.user_id,
        "createdDate": job.created,
        "systemModstamp": job.touched,
        "state": state,
        "concurrencyMode": job.concurrency,
        "contentType": job.format,
        "apiVersion": float(job.version),
        "lineEnding": job.ending,
        "columnDelimiter": job.delimiter,
    }
    if job.reads:
        return told
    content = {"contentUrl": f"services/data/v{job.version}/jobs/ingest/{job.id}/batches"}
    return told | ({"externalIdFieldName": job.external} if job.external else {}) | content


def _outcome(job: Job) -> dict[str, Json]:
    batch = job.only
    told: dict[str, Json] = {
        "jobType": job.api.value,
        "numberRecordsProcessed": batch.done if batch else 0,
        "retries": 0,
        "totalProcessingTime": 0,
        "isPkChunkingSupported": job.reads,
    }
    if not job.reads:
        del told["isPkChunkingSupported"]
        told |= {"numberRecordsFailed": batch.failed if batch else 0}
        told |= {"apiActiveProcessingTime": 0, "apexProcessingTime": 0}
    return told | ({"errorMessage": batch.message} if batch and batch.message else {})
