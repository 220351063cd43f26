"""Bulk jobs of both APIs: what was asked, what was sent, how far it is. They go on when they are looked at.

A batch is queued when it comes. Every look at it takes it a step further: it is in progress for as many looks as
``org.bulk_looks`` says, forever when that is None, and with the next one it is done, all at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from policy_gateway_salesforce.sandbox.access import User
from policy_gateway_salesforce.sandbox.bulk_csv import Unusable
from policy_gateway_salesforce.sandbox.bulk_extracts import Table, table
from policy_gateway_salesforce.sandbox.bulk_loading import End, Load
from policy_gateway_salesforce.sandbox.ids import canonical
from policy_gateway_salesforce.sandbox.state import Org
from policy_gateway_salesforce.sandbox.wire import ApiError, not_found


class State(StrEnum):
    """How far a batch is."""

    QUEUED = "Queued"
    IN_PROGRESS = "InProgress"
    COMPLETED = "Completed"
    FAILED = "Failed"
    NOT_PROCESSED = "NotProcessed"


class Phase(StrEnum):
    """What a job still takes."""

    OPEN = "Open"
    CLOSED = "Closed"
    ABORTED = "Aborted"


class Api(StrEnum):
    """Which of the APIs a job was made by."""

    FIRST = "Classic"
    INGEST = "V2Ingest"
    QUERY = "V2Query"


@dataclass(slots=True)
class Batch:
    """One query, or rows that are written: *data* as it was sent; *ends* or *table* and *rows* are what came of it."""

    id: str
    created: str
    touched: str
    data: bytes = field(repr=False)
    state: State = State.QUEUED
    message: str = ""
    looks: int = 0
    ends: list[End] = field(default_factory=list, repr=False)
    table: Table | None = field(default=None, repr=False)
    rows: Sequence[Any] = field(default=(), repr=False)
    result: str = ""

    @property
    def done(self) -> int:
        """Return how many records it has gone through."""
        return len(self.ends) + len(self.rows)

    @property
    def failed(self) -> int:
        """Return how many of its records were not written."""
        return sum(1 for end in self.ends if end.error)

    @property
    def ended(self) -> bool:
        """Tell whether nothing more will become of it."""
        return self.state not in {State.QUEUED, State.IN_PROGRESS}


@dataclass(slots=True)
class Job:
    """One job; *external* is the field that upserts look up by, *format* says what its rows come in.

    *ending* is how the lines of its CSV end, empty where any ending will do.
    """

    id: str
    api: Api
    operation: str
    object: str
    creator: User
    version: str
    created: str
    touched: str
    external: str = ""
    format: str = "CSV"
    delimiter: str = "COMMA"
    ending: str = "LF"
    concurrency: str = "Parallel"
    phase: Phase = Phase.OPEN
    batches: list[Batch] = field(default_factory=list)

    @property
    def username(self) -> str:
        """Return whose it is."""
        return self.creator.username

    @property
    def user_id(self) -> str:
        """Return the id of who made it."""
        return self.creator.id

    @property
    def reads(self) -> bool:
        """Tell whether it is one of queries."""
        return self.operation in {"query", "queryAll"}

    @property
    def only(self) -> Batch | None:
        """Return the batch of a job that has no more than one."""
        return self.batches[0] if self.batches else None


def keep(org: Org, job: Job) -> Job:
    """Keep a new job."""
    org.kept[job.id] = job
    return job


def job_of(org: Org, user: User, identifier: str, api: Api) -> Job:
    """Return a job by its id of 15 or 18 characters; that of somebody else is not there."""
    job = org.kept.get(canonical(identifier) or "")
    if not isinstance(job, Job) or job.api is not api or job.username != user.username:
        raise not_found()
    return job


def jobs_of(org: Org, user: User, api: Api) -> list[Job]:
    """Return the user's jobs, the latest first."""
    jobs = (job for job in org.kept.values() if isinstance(job, Job))
    return [job for job in jobs if job.api is api and job.username == user.username][::-1]


def added(org: Org, job: Job, data: bytes) -> Batch:
    """Give *job* a batch."""
    now = org.now()
    batch = Batch(org.next_id("751"), now, now, data)
    job.batches.append(batch)
    return batch


def look(org: Org, job: Job, batch: Batch) -> None:
    """Take *batch* a step further."""
    if batch.ended:
        return
    batch.state, batch.touched = State.IN_PROGRESS, org.now()
    batch.looks += 1
    if org.bulk_looks is not None and batch.looks > org.bulk_looks:
        _finish(org, job, batch)


def abort(org: Org, job: Job) -> None:
    """Do nothing more of *job*."""
    job.phase, job.touched = Phase.ABORTED, org.now()
    for batch in job.batches:
        if not batch.ended:
            batch.state, batch.touched = State.NOT_PROCESSED, org.now()


def _finish(org: Org, job: Job, batch: Batch) -> None:
    user = org.sessions.users[job.username.lower()]
    try:
        if job.reads:
            batch.table = table(org, user, batch.data.decode(errors="replace"), deleted=job.operation == "queryAll")
            _require_same(job, batch.table)
            batch.rows = batch.table.plan.find()
            batch.result = org.next_id("752")
        else:
            load = Load(org, user, job.operation, job.object, job.external)
            batch.ends = load.performed(batch.data, job.format, job.delimiter, job.ending)
        batch.state = State.COMPLETED
    except Unusable as unusable:
        batch.state, batch.message = State.FAILED, unusable.message
    except ApiError as refused:
        said = "Failed to process query: " if job.reads else ""
        batch.state, batch.message = State.FAILED, f"InvalidBatch : {said}{refused.code}: {refused.message}"


def _require_same(job: Job, found: Table) -> None:
    if found.plan.kind.name != job.object:
        message = (
            f"The root entity of the requested query ({found.plan.kind.name}) does not match the entity of the "
            f"requested Bulk API Job ({job.object})."
        )
        raise ApiError(400, "INVALID_TYPE_FOR_OPERATION", message)
