"""What jobs look like to their clients: JSON of the second API, XML or JSON of the first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from xml.sax.saxutils import escape

from policy_gateway.errors import (
    GatewayError,
    InvalidCall,
    NotAuthenticated,
    RateLimited,
    RecordNotFound,
    SafeguardError,
    UpstreamError,
)
from policy_gateway.wire import Ask, Json, parsed, written
from policy_gateway_salesforce.facade.bulk.jobs import Batch, Job
from policy_gateway_salesforce.facade.exchange.answers import BULK_XML_TYPE, PLAIN_JSON_TYPE, Answer
from policy_gateway_salesforce.facade.exchange.asked import Asked, text
from policy_gateway_salesforce.facade.exchange.refusals import Refusal, invalid
from policy_gateway_salesforce.facade.exchange.tree import Element, parsed_xml
from policy_gateway_salesforce.facade.login.who import user_of

NAMESPACE: Final = "http://www.force.com/2009/06/asyncapi/dataload"
_XML: Final = '<?xml version="1.0" encoding="UTF-8"?>'
_SMALL: Final = 100_000


class BulkError(Exception):
    """The facade refuses in the shape of the first bulk API: JSON to whoever sends JSON, else XML."""

    def __init__(self, code: str, message: str, ask: Ask, status: int = 400) -> None:
        super().__init__(code)
        self.code, self.message, self.status = code, message, status
        self.json = wants_json(ask)

    def answer(self) -> Answer:
        """Return the refusal as it goes over the wire."""
        told: dict[str, Json] = {"exceptionCode": self.code, "exceptionMessage": self.message}
        if self.json:
            return Answer(self.status, written(told), content_type=PLAIN_JSON_TYPE)
        return Answer(self.status, element("error", told), content_type=BULK_XML_TYPE)


def bulk_error_of(refused: BulkError | Refusal | GatewayError, ask: Ask) -> BulkError:
    """Return how the first bulk API says what was *refused*."""
    match refused:
        case BulkError():
            return refused
        case Refusal(status=404) | RecordNotFound():
            return BulkError("InvalidJob", "Invalid job id or batch id, or no such resource", ask)
        case Refusal(code=code, message=message):
            return BulkError("InvalidBatch", f"{code}: {message}", ask)
        case NotAuthenticated():
            return BulkError("InvalidSessionId", "Invalid session id", ask)
        case RateLimited():
            return BulkError("ExceededQuota", "The quota is used up for now", ask)
        case UpstreamError() | SafeguardError():
            return BulkError("ServerUnavailable", "The server is temporarily unavailable", ask, 503)
        case InvalidCall():
            return BulkError("InvalidBatch", "The data cannot be read", ask)
        case _:
            return BulkError("ClientInputError", "This request is not accepted", ask)


def wants_json(ask: Ask) -> bool:
    """Tell whether whoever sent *ask* speaks JSON."""
    return "json" in ask.headers.get("content-type", "").lower()


async def members_of(ask: Ask) -> dict[str, str]:
    """Return what the XML or JSON of *ask* says about a job; only texts count."""
    body = await ask.read(_SMALL)
    if wants_json(ask):
        found = parsed(body)
        if not isinstance(found, dict):
            raise invalid("The request body must be a JSON object")
        return {name: value for name, value in found.items() if isinstance(value, str)}
    root: Element = parsed_xml(body)
    if root.name != "jobInfo" or root.namespace not in {"", NAMESPACE}:
        raise invalid("The request body is no jobInfo")
    return {child.name: child.text.strip() for child in root.children if not child.children}


async def state_of(ask: Ask) -> str:
    """Return the state that a client wants a job of the second API to be in."""
    return text(await document(ask), "state")


async def document(ask: Ask) -> dict[str, Json]:
    """Return the JSON object that was sent."""
    ask.require_media_type({"application/json"})
    found = parsed(await ask.read())
    if not isinstance(found, dict):
        raise invalid("The request body must be a JSON object")
    return found


def choice(body: Mapping[str, Json], name: str, usual: str, known: Mapping[str, str]) -> str:
    """Return one of the *known* words that the member *name* of *body* says."""
    word = text(body, name, usual)
    if word not in known:
        raise invalid(f"{name} is not one of {', '.join(known)}", "INVALIDJOB")
    return word


def told(job: Job, asked: Asked) -> dict[str, Json]:
    """Return a job as the second API tells of it."""
    return {
        "id": job.id,
        "operation": job.operation,
        "object": job.object,
        "createdById": user_of(asked.session),
        "createdDate": job.created,
        "systemModstamp": job.touched,
        "state": job.state,
        "concurrencyMode": "Parallel",
        "contentType": "CSV",
        "apiVersion": float(job.version),
        "lineEnding": job.ending,
        "columnDelimiter": job.delimiter,
    }


def job_info(job: Job, batches: Sequence[Batch], asked: Asked) -> dict[str, Json]:
    """Return a job as the first API tells of it."""
    states = [batch.state for batch in batches]
    shown: dict[str, Json] = {
        "id": job.id,
        "operation": job.operation,
        "object": job.object,
        "createdById": user_of(asked.session),
        "createdDate": job.created,
        "systemModstamp": job.touched,
        "state": job.state,
        "concurrencyMode": "Parallel",
        "contentType": job.content_type,
        "numberBatchesQueued": states.count("Queued"),
        "numberBatchesInProgress": states.count("InProgress"),
        "numberBatchesCompleted": states.count("Completed"),
        "numberBatchesFailed": states.count("Failed"),
        "numberBatchesTotal": len(states),
        "numberRecordsProcessed": sum(batch.done for batch in batches),
        "numberRetries": 0,
        "apiVersion": job.version,
        "numberRecordsFailed": sum(batch.failed for batch in batches),
        "totalProcessingTime": 0,
        "apiActiveProcessingTime": 0,
        "apexProcessingTime": 0,
    }
    return shown | ({"externalIdFieldName": job.external} if job.external else {})


def batch_info(job: Job, batch: Batch) -> dict[str, Json]:
    """Return a batch as the first API tells of it."""
    shown: dict[str, Json] = {
        "id": batch.id,
        "jobId": job.id,
        "state": batch.state,
        "createdDate": batch.created,
        "systemModstamp": batch.touched,
        "numberRecordsProcessed": batch.done,
        "numberRecordsFailed": batch.failed,
        "totalProcessingTime": 0,
        "apiActiveProcessingTime": 0,
        "apexProcessingTime": 0,
    }
    return shown | ({"stateMessage": batch.message} if batch.message else {})


def element(name: str, members: Mapping[str, Json]) -> bytes:
    """Return *members* as an XML document."""
    return f'{_XML}<{name} xmlns="{NAMESPACE}">{_children(members)}</{name}>'.encode()


def elements(name: str, inner: str, listed: Sequence[Mapping[str, Json]]) -> bytes:
    """Return *listed* as an XML document, each in an element of its own."""
    parts = "".join(f"<{inner}>{_children(members)}</{inner}>" for members in listed)
    return f'{_XML}<{name} xmlns="{NAMESPACE}">{parts}</{name}>'.encode()


def _children(members: Mapping[str, Json]) -> str:
    return "".join(f"<{name}>{escape(_said(value))}</{name}>" for name, value in members.items() if value is not None)


def _said(value: Json) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)
