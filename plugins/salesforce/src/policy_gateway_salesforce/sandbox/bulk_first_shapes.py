"""What the first bulk API says: XML, or JSON to whoever speaks JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from policy_gateway_salesforce.sandbox.bulk_extracts import NAMESPACE
from policy_gateway_salesforce.sandbox.bulk_jobs import Batch, Job, State
from policy_gateway_salesforce.sandbox.bulk_loading import End
from policy_gateway_salesforce.sandbox.wire import Answer, ApiError, Asked, Json

PLAIN_JSON: Final = "application/json"
PLAIN_XML: Final = "application/xml"
_DECLARED: Final = '<?xml version="1.0" encoding="UTF-8"?>'
_TIMES: Final = ("totalProcessingTime", "apiActiveProcessingTime", "apexProcessingTime")


def wrong(code: str, message: str) -> ApiError:
    """Return a refusal by one of the codes of this API."""
    return ApiError(400, code, message)


def refusal(refused: ApiError, asked: Asked) -> Answer:
    """Return the refusal as this API words it."""
    code, message = refused.code, refused.message
    if code == "INVALID_SESSION_ID":
        code, message = "InvalidSessionId", "Invalid session id"
    elif code == "NOT_FOUND":
        code, message = "InvalidJob", "Unable to find the job or batch, or invalid URL"
    elif code.isupper():
        code, message = "InvalidBatch", f"{code}: {message}"
    said: dict[str, Json] = {"exceptionCode": code, "exceptionMessage": message}
    return answer("error", said, asked, status=400)


def speaks_json(asked: Asked) -> bool:
    """Tell whether a request came with JSON."""
    return "json" in asked.headers.get("content-type", "").lower()


def answer(name: str, told: Mapping[str, Json], asked: Asked, *, json: bool = False, status: int = 200) -> Answer:
    """Return *told* as an element *name*; as JSON to who speaks it, or when *json* says so."""
    if json or speaks_json(asked):
        return Answer(status, dict(told), content_type=PLAIN_JSON)
    body = f'{_DECLARED}<{name} xmlns="{NAMESPACE}">{_members(told)}</{name}>'
    return Answer(status, body.encode(), content_type=PLAIN_XML)


def members_of(asked: Asked) -> dict[str, str]:
    """Return what the XML or JSON of a request says of a job."""
    if speaks_json(asked):
        return {name: str(value) for name, value in asked.json().items() if value is not None}
    if b"<!" in asked.body:
        raise wrong("InvalidXML", "DOCTYPE is disallowed")
    try:
        root = ET.fromstring(asked.body)  # noqa: S314 -- without a DOCTYPE there are no entities to expand
    except ET.ParseError:
        raise wrong("InvalidXML", "The request body is no XML") from None
    if root.tag != f"{{{NAMESPACE}}}jobInfo":
        raise wrong("InvalidXML", f"Expected element jobInfo in {NAMESPACE}")
    return {member.tag.rpartition("}")[2]: (member.text or "").strip() for member in root}


def job_info(job: Job) -> dict[str, Json]:
    """Return what is told of a job."""
    states = [batch.state for batch in job.batches]
    told: dict[str, Json] = {"id": job.id, "operation": job.operation, "object": job.object}
    told |= {"createdById": job.user_id, "createdDate": _moment(job.created), "systemModstamp": _moment(job.touched)}
    told |= {"state": job.phase.value}
    told |= {"externalIdFieldName": job.external} if job.external else {}
    told |= {"concurrencyMode": job.concurrency, "contentType": job.format}
    told |= {
        "numberBatchesQueued": states.count(State.QUEUED),
        "numberBatchesInProgress": states.count(State.IN_PROGRESS),
        "numberBatchesCompleted": states.count(State.COMPLETED),
        "numberBatchesFailed": states.count(State.FAILED),
        "numberBatchesTotal": len(states),
        "numberRecordsProcessed": sum(batch.done for batch in job.batches),
        "numberRetries": 0,
        "apiVersion": float(job.version),
        "numberRecordsFailed": sum(batch.failed for batch in job.batches),
    }
    return told | dict.fromkeys(_TIMES, 0)


def batch_info(job: Job, batch: Batch) -> dict[str, Json]:
    """Return what is told of a batch."""
    told: dict[str, Json] = {"id": batch.id, "jobId": job.id, "state": batch.state.value}
    told |= {"stateMessage": batch.message} if batch.message else {}
    told |= {"createdDate": _moment(batch.created), "systemModstamp": _moment(batch.touched)}
    told |= {"numberRecordsProcessed": batch.done, "numberRecordsFailed": batch.failed}
    return told | dict.fromkeys(_TIMES, 0)


def batches(job: Job, asked: Asked) -> Answer:
    """Return what is told of all batches."""
    told: list[dict[str, Json]] = [batch_info(job, batch) for batch in job.batches]
    if job.format == "JSON" or speaks_json(asked):
        return Answer(200, {"batchInfo": list[Json](told)}, content_type=PLAIN_JSON)
    inner = "".join(f"<batchInfo>{_members(each)}</batchInfo>" for each in told)
    body = f'{_DECLARED}<batchInfoList xmlns="{NAMESPACE}">{inner}</batchInfoList>'
    return Answer(200, body.encode(), content_type=PLAIN_XML)


def result_list(results: Iterable[str], *, json: bool) -> Answer:
    """Return the ids of a query's results."""
    if json:
        return Answer(200, list[Json](results), content_type=PLAIN_JSON)
    inner = "".join(f"<result>{each}</result>" for each in results)
    body = f'{_DECLARED}<result-list xmlns="{NAMESPACE}">{inner}</result-list>'
    return Answer(200, body.encode(), content_type=PLAIN_XML)


def json_ends(ends: Iterable[End]) -> list[Json]:
    """Return how rows ended as an array."""
    return [
        {
            "success": end.error is None,
            "created": end.created,
            "id": None if end.error else end.id,
            "errors": [_error(end.error)] if end.error else [],
        }
        for end in ends
    ]


def xml_ends(ends: Iterable[End]) -> bytes:
    """Return how rows ended as elements."""

    def parts() -> Iterator[str]:
        yield f'{_DECLARED}<results xmlns="{NAMESPACE}">'
        for end in ends:
            errors = f"<errors>{_members(_error(end.error))}</errors>" if end.error else f"<id>{end.id}</id>"
            fine = "false" if end.error else "true"
            yield f"<result>{errors}<success>{fine}</success><created>{str(end.created).lower()}</created></result>"
        yield "</results>"

    return "".join(parts()).encode()


def _error(error: ApiError) -> dict[str, Json]:
    told = error.saved()
    return {"fields": told["fields"], "message": told["message"], "statusCode": told["statusCode"]}


def _moment(stamped: str) -> str:
    return stamped.replace("+0000", "Z")


def _members(told: Mapping[str, Json]) -> str:
    return "".join(_member(name, value) for name, value in told.items())


def _member(name: str, value: Json) -> str:
    if isinstance(value, list):
        return "".join(_member(name, each) for each in value)
    return f"<{name}>{escape(str(value))}</{name}>"
