"""The first bulk API: jobs of batches, in CSV, JSON or XML, each with a session in a header of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from policy_gateway_salesforce.sandbox import bulk_first_shapes as shapes
from policy_gateway_salesforce.sandbox import oauth, portal
from policy_gateway_salesforce.sandbox.bulk_csv import CSV_TYPE, Unusable, lines, rows_of
from policy_gateway_salesforce.sandbox.bulk_first_shapes import PLAIN_JSON, PLAIN_XML, wrong
from policy_gateway_salesforce.sandbox.bulk_jobs import Api, Batch, Job, Phase, State, abort, added, job_of, keep, look
from policy_gateway_salesforce.sandbox.bulk_loading import OPERATIONS, ROWS_MOST
from policy_gateway_salesforce.sandbox.ids import canonical
from policy_gateway_salesforce.sandbox.kinds import KINDS, NAMES
from policy_gateway_salesforce.sandbox.routing import Routes, route
from policy_gateway_salesforce.sandbox.state import Org
from policy_gateway_salesforce.sandbox.wire import Answer, ApiError, Asked

LARGEST: Final = 10_000_000
"""In bytes: the most that one batch brings."""

FORMATS: Final = ("CSV", "JSON", "XML")
_TYPES: Final = (CSV_TYPE, PLAIN_JSON, PLAIN_XML)
_QUERIES: Final = frozenset({"query", "queryAll"})


def dispatch(org: Org, asked: Asked) -> Answer:
    """Answer whatever is asked below ``/services/async``."""
    try:
        asked = replace(asked, session=oauth.session_of(org, asked))
        version = next(iter(asked.segments[2:]), "")
        if not portal.knows(version):
            raise wrong("InvalidVersion", f"Invalid Api version specified on URL: {version}")
        asked = replace(asked, version=version)
        return _ROUTES.find(asked).endpoint(org, asked)
    except ApiError as refused:
        return shapes.refusal(refused, asked)


def create(org: Org, asked: Asked) -> Answer:
    """Answer ``POST /job``."""
    told = shapes.members_of(asked)
    operation, name = told.get("operation", ""), told.get("object", "")
    kind = KINDS.get(NAMES.get(name.lower(), ""))
    if operation not in OPERATIONS | _QUERIES:
        raise wrong("InvalidJob", f"Operation {operation or 'null'} is not supported")
    if kind is None or not asked.who.user.may("read", kind):
        raise wrong("InvalidJob", f"Unable to find object: {name}")
    if operation == "hardDelete" and not asked.who.user.may("hardDelete", kind):
        raise wrong("FeatureNotEnabled", "hardDelete operation requires special user profile permission")
    external = told.get("externalIdFieldName", "")
    if operation == "upsert" and not external:
        raise wrong("InvalidJob", "External ID was blank for an upsert operation")
    form = told.get("contentType", "XML")
    if form not in FORMATS:
        raise wrong("InvalidJob", f"The content type {form} is not supported")
    now = org.now()
    job = Job(org.next_id("750"), Api.FIRST, operation, kind.name, asked.who.user, asked.version, now, now, external)
    job.format, job.ending = form, ""
    job.concurrency = "Serial" if told.get("concurrencyMode", "0") in {"Serial", "1"} else "Parallel"
    return shapes.answer("jobInfo", shapes.job_info(keep(org, job)), asked, status=201)


def info(org: Org, asked: Asked) -> Answer:
    """Answer ``GET /job/{id}``."""
    job = _job(org, asked)
    _look(org, job)
    return shapes.answer("jobInfo", shapes.job_info(job), asked)


def turn(org: Org, asked: Asked) -> Answer:
    """Answer ``POST /job/{id}``: it takes no more batches, or it is to be given up."""
    job, state = _job(org, asked), shapes.members_of(asked).get("state", "")
    if state not in {Phase.CLOSED, Phase.ABORTED}:
        raise wrong("InvalidJobState", f"A job cannot be set to {state or 'null'}")
    if job.phase is Phase.ABORTED or state == job.phase:
        raise wrong("InvalidJobState", f"Job is already {job.phase}")
    if state == Phase.ABORTED:
        abort(org, job)
    else:
        job.phase, job.touched = Phase.CLOSED, org.now()
    return shapes.answer("jobInfo", shapes.job_info(job), asked)


def add(org: Org, asked: Asked) -> Answer:
    """Answer ``POST /job/{id}/batch``."""
    job = _job(org, asked)
    if job.phase is not Phase.OPEN:
        raise wrong("InvalidJobState", f"Job is not in an open state: {job.phase}")
    if len(asked.body) > LARGEST:
        raise wrong("ClientInputError", f"Failed to read request. Exceeded max size limit of {LARGEST}")
    if not job.reads and _type_of(asked) != _TYPES[FORMATS.index(job.format)]:
        raise wrong("InvalidBatch", f"Content type of the batch does not match that of the job: {job.format}")
    if job.format == "CSV" and not job.reads:
        _require_few(asked.body)
    batch = added(org, job, asked.body)
    return _told(job, batch, asked, status=201)


def listed(org: Org, asked: Asked) -> Answer:
    """Answer ``GET /job/{id}/batch``."""
    job = _job(org, asked)
    _look(org, job)
    return shapes.batches(job, asked)


def batch_info(org: Org, asked: Asked) -> Answer:
    """Answer ``GET /job/{id}/batch/{id}``."""
    job, batch = _batch(org, asked)
    look(org, job, batch)
    return _told(job, batch, asked)


def request(org: Org, asked: Asked) -> Answer:
    """Answer ``GET /job/{id}/batch/{id}/request``: what was sent."""
    job, batch = _batch(org, asked)
    return Answer(200, batch.data, content_type=_TYPES[FORMATS.index(job.format)])


def results(org: Org, asked: Asked) -> Answer:
    """Answer ``GET /job/{id}/batch/{id}/result``: how each row ended, or where the rows of a query are."""
    job, batch = _completed(org, asked)
    json = job.format == "JSON"
    if job.reads:
        return shapes.result_list([batch.result], json=json or shapes.speaks_json(asked))
    if json:
        return Answer(200, shapes.json_ends(batch.ends), content_type=PLAIN_JSON)
    if job.format == "XML":
        return Answer(200, shapes.xml_ends(batch.ends), content_type=PLAIN_XML)
    return Answer(200, lines(_ends(batch)), content_type=CSV_TYPE)


def rows(org: Org, asked: Asked) -> Answer:
    """Answer ``GET /job/{id}/batch/{id}/result/{id}``: the rows that a query found."""
    job, batch = _completed(org, asked)
    if batch.table is None or canonical(asked.segments[8]) != batch.result:
        raise wrong("InvalidBatch", "Unable to find the result")
    match job.format:
        case "JSON":
            root = f"/services/data/v{job.version}"
            return Answer(200, batch.table.json(batch.rows, root), content_type=PLAIN_JSON)
        case "XML":
            return Answer(200, batch.table.xml(batch.rows), content_type=PLAIN_XML)
        case _:
            return Answer(200, batch.table.csv(batch.rows, ",", "\n"), content_type=CSV_TYPE)


_JOB: Final = "/services/async/*/job"
_BATCH: Final = f"{_JOB}/*/batch"
_ROUTES: Final = Routes(
    (
        route(f"POST {_JOB}", create),
        route(f"GET {_JOB}/*", info),
        route(f"POST {_JOB}/*", turn),
        route(f"GET {_BATCH}", listed),
        route(f"POST {_BATCH}", add),
        route(f"GET {_BATCH}/*", batch_info),
        route(f"GET {_BATCH}/*/request", request),
        route(f"GET {_BATCH}/*/result", results),
        route(f"GET {_BATCH}/*/result/*", rows),
    )
)


def _job(org: Org, asked: Asked) -> Job:
    return job_of(org, asked.who.user, asked.segments[4], Api.FIRST)


def _batch(org: Org, asked: Asked) -> tuple[Job, Batch]:
    job, wanted = _job(org, asked), canonical(asked.segments[6])
    for batch in job.batches:
        if batch.id == wanted:
            return job, batch
    raise wrong("InvalidBatch", "Unable to find the batch")


def _completed(org: Org, asked: Asked) -> tuple[Job, Batch]:
    job, batch = _batch(org, asked)
    if batch.state is not State.COMPLETED:
        raise wrong("InvalidBatch", f"Batch not completed: {batch.state}")
    return job, batch


def _look(org: Org, job: Job) -> None:
    for batch in job.batches:
        look(org, job, batch)


def _told(job: Job, batch: Batch, asked: Asked, status: int = 200) -> Answer:
    json = job.format == "JSON"
    return shapes.answer("batchInfo", shapes.batch_info(job, batch), asked, json=json, status=status)


def _type_of(asked: Asked) -> str:
    return asked.headers.get("content-type", "").partition(";")[0].strip().lower()


def _require_few(data: bytes) -> None:
    try:
        many = sum(1 for _ in rows_of(data)) - 1
    except Unusable:
        return  # the batch will say so itself
    if many > ROWS_MOST:
        raise wrong("InvalidBatch", f"Maximum number of records exceeded: {ROWS_MOST}")


def _ends(batch: Batch) -> Iterator[tuple[str, str, str, str]]:
    yield "Id", "Success", "Created", "Error"
    for end in batch.ends:
        fine = "false" if end.error else "true"
        yield "" if end.error else end.id, fine, "true" if end.created else "false", end.told
