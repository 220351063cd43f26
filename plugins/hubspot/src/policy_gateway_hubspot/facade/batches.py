"""Up to a hundred records in one request: each decided and journalled on its own, what fails alone is told in a 207."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from policy_gateway.errors import FieldRefused, GatewayError, RecordNotFound, SafeguardError
from policy_gateway.model.disclosure import Disclosure
from policy_gateway.query import Change, ChangeKind, Operation, Query
from policy_gateway.wire import Json, Reply
from policy_gateway_hubspot.facade.kinds import OBJECT_ID, Kind
from policy_gateway_hubspot.facade.known import Known
from policy_gateway_hubspot.facade.objects import (
    ANY_STATE,
    creation,
    keyed,
    only,
    telling,
    unwritable,
    values_of,
    written,
)
from policy_gateway_hubspot.facade.refusals import Invalid, worded
from policy_gateway_hubspot.facade.request import objects_in, record_id, text_in, texts_in
from policy_gateway_hubspot.facade.telling import Shape, fields_of, object_of
from policy_gateway_hubspot.facade.values import sought, text_of
from policy_gateway_hubspot.facade.visit import Visit

MOST_INPUTS: Final = 100

Item = dict[str, Json]
Answer = Disclosure | GatewayError


@dataclass(slots=True)
class Outcomes:
    """What came of the inputs of one batch, in their order: results, and errors with the inputs that they are about.

    *done* tells that something was done of which there is no result to show.
    """

    results: list[Json] = field(default_factory=list)
    errors: list[tuple[str, GatewayError]] = field(default_factory=list)
    done: bool = False

    def reply(self, visit: Visit, status: int = 200) -> Reply:
        """Return the batch's answer. What concerns none of its records alone is raised instead."""
        body: dict[str, Json] = {
            "status": "COMPLETE",
            "results": self.results,
            "startedAt": visit.now,
            "completedAt": visit.now,
        }
        if not self.errors:
            return visit.reply(body, status)
        told = self._told(visit)
        return visit.reply({**body, "numErrors": len(told), "errors": told}, 207)

    def raise_common(self, *alone: type[GatewayError]) -> None:
        """Raise the first error when nothing came of any input, unless it is one of those that stand *alone*."""
        for _, error in self.errors:
            if isinstance(error, SafeguardError) or (not (self.results or self.done) and not isinstance(error, alone)):
                raise error

    def _told(self, visit: Visit) -> list[Json]:
        """Return the errors as HubSpot tells them: all records that are missing together, the others one by one."""
        missing = [key for key, error in self.errors if isinstance(error, RecordNotFound)]
        others = [worded(error, visit.scopes).item([key]) for key, error in self.errors if key not in missing]
        told: list[Json] = []
        if missing:
            said = worded(RecordNotFound()).item(missing)
            told.append(
                {
                    **said,
                    "message": "Could not get some objects, they may be deleted or not exist. "
                    "Check that ids are valid.",
                }
            )
        return [*told, *others]


async def batch_read(visit: Visit) -> Reply:
    """Answer ``POST …/batch/read``."""
    kind, body = visit.kind(), await visit.request.json()
    shape = Shape(kind, texts_in(body, "properties"), texts_in(body, "propertiesWithHistory"), visit.request.nulls)
    by = text_of(body.get("idProperty"), "idProperty")
    keys = [text_in(each, "id") for each in objects_in(body, "inputs", MOST_INPUTS)]
    found = Outcomes()
    for key, answer in await _read(visit, Query(kind.name, shape.asked), by, keys):
        try:
            disclosure = _given(answer)
            found.results.append(object_of(only(disclosure), shape, fields_of(disclosure)))
        except GatewayError as error:
            found.errors.append((key, error))
    found.raise_common(RecordNotFound)
    return found.reply(visit)


async def batch_create(visit: Visit) -> Reply:
    """Answer ``POST …/batch/create``."""
    kind, body = visit.kind(), await visit.request.json()
    known = await visit.known(kind)
    changes = [creation(kind, each, known) for each in objects_in(body, "inputs", MOST_INPUTS)]
    return await _write(visit, kind, known, [(str(place), change) for place, change in enumerate(changes)], 201)


async def batch_update(visit: Visit) -> Reply:
    """Answer ``POST …/batch/update``."""
    kind, body = visit.kind(), await visit.request.json()
    known = await visit.known(kind)
    inputs = _distinct(objects_in(body, "inputs", MOST_INPUTS))
    values = [values_of(each.get("properties"), known) for each in inputs]
    targets = await _targets(visit, kind, inputs)
    changes: list[tuple[str, Change | GatewayError]] = [
        (key, target)
        if isinstance(target, GatewayError)
        else (key, Change(ChangeKind.UPDATE, kind.name, record_id(target), own, precondition=ANY_STATE))
        for (key, target), own in zip(targets, values, strict=True)
    ]
    return await _write(visit, kind, known, changes)


async def batch_upsert(visit: Visit) -> Reply:
    """Answer ``POST …/batch/upsert``: each input is looked up by its key, then changed or created."""
    kind, body = visit.kind(), await visit.request.json()
    known = await visit.known(kind)
    inputs = _distinct(objects_in(body, "inputs", MOST_INPUTS))
    values = [values_of(each.get("properties"), known) for each in inputs]
    targets = await _targets(visit, kind, inputs)
    changes: list[tuple[str, Change | GatewayError]] = []
    for each, own, (key, target) in zip(inputs, values, targets, strict=True):
        by = text_of(each.get("idProperty"), "idProperty") or OBJECT_ID
        if isinstance(target, RecordNotFound) and by != OBJECT_ID:
            new = {by: sought(known.field(by), key, by), **own}
            changes.append((key, Change(ChangeKind.CREATE, kind.name, None, new)))
        elif isinstance(target, GatewayError):
            changes.append((key, target))
        else:
            changes.append((key, Change(ChangeKind.UPDATE, kind.name, record_id(target), own, precondition=ANY_STATE)))
    return await _write(visit, kind, known, changes, upserts=True)


async def batch_archive(visit: Visit) -> Reply:
    """Answer ``POST …/batch/archive``."""
    kind, body = visit.kind(), await visit.request.json()
    keys = [text_in(each, "id") for each in objects_in(body, "inputs", MOST_INPUTS)]
    changes = [(key, Change(ChangeKind.DELETE, kind.name, record_id(key), precondition=ANY_STATE)) for key in keys]
    answers = await visit.ask_all(change for _, change in changes)
    failed = [(key, answer) for key, answer in zip(keys, answers, strict=True) if isinstance(answer, GatewayError)]
    if not failed:
        return visit.nothing()
    found = Outcomes(errors=failed, done=len(failed) < len(keys))
    found.raise_common()
    return found.reply(visit)


async def _read(visit: Visit, query: Query, by: str, keys: Sequence[str]) -> list[tuple[str, Answer]]:
    """Return the answer to *query* for each of *keys*; those that can be no id are not asked for."""
    kind = visit.kind()
    queries: list[tuple[str, Query | GatewayError]] = []
    for key in keys:
        try:
            if not by or by == OBJECT_ID:
                queries.append((key, replace(query, target=record_id(key))))
            else:
                queries.append((key, replace(await keyed(visit, kind, by, key), select=query.select)))
        except RecordNotFound as error:
            queries.append((key, error))
    return await _all(visit, queries, lenient=True)


async def _targets(visit: Visit, kind: Kind, inputs: Sequence[Item]) -> list[tuple[str, str | GatewayError]]:
    """Return key and record id of each of *inputs*; those named by another property are searched by it."""
    lookups: list[tuple[str, Query | GatewayError]] = []
    targets: dict[str, str | GatewayError] = {}
    for each in inputs:
        key, by = text_in(each, "id"), text_of(each.get("idProperty"), "idProperty")
        if by and by != OBJECT_ID:
            lookups.append((key, await keyed(visit, kind, by, key)))
            continue
        try:
            targets[key] = record_id(key)
        except RecordNotFound as error:
            targets[key] = error
    for key, answer in await _all(visit, lookups, lenient=False):
        try:
            targets[key] = only(_given(answer)).id
        except GatewayError as error:
            targets[key] = error
    return [(key, targets[key]) for each in inputs for key in (text_in(each, "id"),)]


async def _all(
    visit: Visit, operations: Sequence[tuple[str, Operation | GatewayError]], *, lenient: bool
) -> list[tuple[str, Answer]]:
    """Return the answers to *operations*, in their order; errors among them are answers already."""
    asked = [operation for _, operation in operations if not isinstance(operation, GatewayError)]
    answers = iter(await visit.ask_all(asked, lenient=lenient))
    return [(key, operation if isinstance(operation, GatewayError) else next(answers)) for key, operation in operations]


async def _write(
    visit: Visit,
    kind: Kind,
    known: Known,
    changes: Sequence[tuple[str, Change | GatewayError]],
    status: int = 200,
    *,
    upserts: bool = False,
) -> Reply:
    found = Outcomes()
    asked = [(key, telling(visit, kind, one) if isinstance(one, Change) else one) for key, one in changes]
    for (key, change), (_, answer) in zip(changes, await _all(visit, asked, lenient=False), strict=True):
        if isinstance(change, GatewayError) or isinstance(answer, GatewayError):
            error = answer if isinstance(answer, GatewayError) else RecordNotFound()
            if isinstance(error, FieldRefused) and isinstance(change, Change):
                error = unwritable(error, change, known)
            found.errors.append((key, error))
            continue
        told = written(visit, kind, known, change, answer)
        found.results.append({**told, "new": change.kind is ChangeKind.CREATE} if upserts else told)
    found.raise_common()
    return found.reply(visit, status)


def _distinct(inputs: list[Item]) -> list[Item]:
    """Refuse a batch that writes the same record twice."""
    keys = [text_in(each, "id") for each in inputs]
    if len(set(keys)) != len(keys):
        raise Invalid("Duplicate IDs found in batch input")
    return inputs


def _given(answer: Answer) -> Disclosure:
    if isinstance(answer, GatewayError):
        raise answer
    return answer
