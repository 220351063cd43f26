"""Rows that a bulk job writes: each is a change of its own, decided and journaled as if it came alone.

A job goes on whenever its client asks how far it is: a piece at a time, whichever process is asked. So it survives a
restart. A piece is claimed before any of it is written: one that was interrupted is told as not processed, and never
written twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from policy_gateway.errors import Conflict
from policy_gateway.model.field import RecordId
from policy_gateway.query import Change, ChangeKind
from policy_gateway.wire import Json
from policy_gateway_salesforce.facade.bulk.jobs import Batch, End, Job, Jobs, Row
from policy_gateway_salesforce.facade.exchange.ids import canonical
from policy_gateway_salesforce.facade.exchange.refusals import Refusal, invalid
from policy_gateway_salesforce.facade.exchange.turn import Turn
from policy_gateway_salesforce.facade.records.collections import Saved, saved_each, upsert_one
from policy_gateway_salesforce.facade.records.objects import ANY_STATE, ID, values_of

OPERATIONS: Final = frozenset({"insert", "update", "upsert", "delete"})
AT_ONCE: Final = 2.0
"""For how many seconds one request writes on."""

LEASE: Final = 600
"""After how many seconds of silence a piece counts as interrupted."""

NOTHING: Final = "#N/A"
"""What a CSV says to clear a field; an empty value leaves it as it is."""


async def go_on(turn: Turn, jobs: Jobs, job: Job, batch_id: str) -> Batch:
    """Write pieces of a batch for a while, unless somebody else does; return how far it is then."""
    loop = asyncio.get_running_loop()
    ends = loop.time() + AT_ONCE
    while True:
        batch, more = await _next_piece(turn, jobs, job, batch_id)
        if not more or loop.time() >= ends:
            return batch


async def _next_piece(turn: Turn, jobs: Jobs, job: Job, batch_id: str) -> tuple[Batch, bool]:
    """Write one piece; return the batch, and whether there is more to do and nobody else who does it."""
    batch, version = await jobs.claimed(job, batch_id)
    if batch.state not in {"Queued", "InProgress"} or batch.busy > jobs.seconds:
        return batch, False
    if batch.busy:  # somebody was interrupted: what of the piece was written nobody knows, so it is not written again
        batch = replace(batch, next=batch.next + 1, busy=0)
    if batch.next >= batch.pieces:
        batch = replace(batch, state="Completed")
        await jobs.save_batch(job, batch, version)
        return batch, False
    try:
        claim = replace(batch, state="InProgress", busy=jobs.seconds + LEASE)
        version = await jobs.save_batch(job, claim, version)
    except Conflict:
        return batch, False
    ends = await written_rows(turn, job, await jobs.piece(job, batch, batch.next))
    batch = replace(await jobs.end_piece(job, batch, ends), busy=0, state="InProgress")
    if batch.next >= batch.pieces:
        batch = replace(batch, state="Completed")
    await jobs.save_batch(job, batch, version)
    return batch, batch.state != "Completed"


async def written_rows(turn: Turn, job: Job, rows: Sequence[Row]) -> list[End]:
    """Write *rows* and return how each ended."""
    if job.operation == "upsert" and job.external.lower() != ID.lower():
        return [_end(await upsert_one(turn, job.object, job.external, _values(row, job))) for row in rows]
    saved = await saved_each(turn, [_change(job, row) for row in rows])
    created = job.operation == "insert"
    return [replace(_end(one), created=created and one.refusal is None) for one in saved]


def _end(saved: Saved) -> End:
    if saved.refusal is None:
        return End(saved.id or "", bool(saved.created))
    refusal = saved.refusal
    return End(error=f"{refusal.code}:{refusal.message}:{','.join(refusal.fields or ())} --")


def _change(job: Job, row: Row) -> Change | Refusal:
    try:
        values = values_of(_values(row, job))
    except Refusal as refused:
        return refused
    if job.operation == "insert":
        if not values:
            return invalid("Required fields are missing", "REQUIRED_FIELD_MISSING")
        return Change(ChangeKind.CREATE, job.object, values=values, quiet=True)
    given = next((own for own in values if own.lower() == ID.lower()), None)
    target = canonical(str(values.pop(given))) if given is not None else None
    if target is None:
        return invalid("Id not specified", "MISSING_ARGUMENT" if given is None else "MALFORMED_ID")
    if job.operation == "delete":
        return Change(ChangeKind.DELETE, job.object, RecordId(target), precondition=ANY_STATE)
    return Change(ChangeKind.UPDATE, job.object, RecordId(target), values, precondition=ANY_STATE, quiet=True)


def _values(row: Row, job: Job) -> Mapping[str, Json]:
    """Return the values that *row* wants to write; CSV knows texts only, of which an empty one says nothing."""
    if job.content_type != "CSV":
        return row
    return {name: None if value == NOTHING else value for name, value in row.items() if value != ""}
