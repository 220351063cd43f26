"""Batches: several calls in one request, each decided and journalled on its own, answered in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, assert_never

from policy_gateway.errors import AuditUnavailable, GatewayError
from policy_gateway.model.disclosure import Disclosure
from policy_gateway.model.field import RecordId
from policy_gateway.query import Batch, Call, Change, ChangeKind, Operation, Query
from policy_gateway.web import asking
from policy_gateway.web.answers import Answer, page, shown, with_obligations
from policy_gateway.web.api.records import read_object
from policy_gateway.web.exchange import Exchange
from policy_gateway.web.ports import Inside
from policy_gateway.web.problems import language_of, problem_of
from policy_gateway.web.routing import singular
from policy_gateway.web.translating import search_query, values_of
from policy_gateway.wire import written

MULTI_STATUS: Final = 207


async def batch(exchange: Exchange, inside: Inside) -> Answer:
    """Answer each call; one that is refused tells no more than it would alone, and does not stop the others."""
    body = asking.understood(asking.BatchBody, await read_object(exchange, inside))
    key = exchange.idempotency_key()
    items = tuple(item.model_copy(update={"resource": singular(item.resource) or item.resource}) for item in body.calls)
    calls = tuple(_call(exchange, item, index, key) for index, item in enumerate(items))
    outcomes = await inside.gate.handle_batch(Batch(calls), exchange.caller)
    require_recorded(outcomes)
    results = [result_of(call, outcome, exchange) for call, outcome in zip(calls, outcomes, strict=True)]
    return Answer(MULTI_STATUS, written({"results": results}), version=version_of(outcomes))


def require_recorded(outcomes: Sequence[object]) -> None:
    """Raise AuditUnavailable when none of several calls could be recorded: then this request was not, either."""
    unrecorded = [outcome for outcome in outcomes if isinstance(outcome, AuditUnavailable)]
    if len(unrecorded) == len(outcomes):
        raise unrecorded[0]


def result_of(call: Call, outcome: Disclosure | GatewayError, exchange: Exchange) -> dict[str, object]:
    """Return how one call of several ended: its status, and its answer or problem."""
    correlation = call.circumstances.correlation
    if isinstance(outcome, GatewayError):
        language = language_of(exchange.headers.get(b"accept-language", b"").decode("latin-1"))
        problem = problem_of(outcome, correlation=correlation, language=language)
        return {"status": problem.status, "problem": problem.members}
    gdpr = "gdpr" in call.include
    match call.operation:
        case Query(target=None):
            return {"status": 200, **with_obligations(page(outcome, gdpr=gdpr), outcome)}
        case Change(kind=ChangeKind.DELETE):
            return {"status": 204}
        case operation:
            status = 201 if isinstance(operation, Change) and operation.kind is ChangeKind.CREATE else 200
            records = [shown(record, outcome, gdpr=gdpr) for record in outcome.released.records[:1]]
            return with_obligations({"status": status, **({"record": records[0]} if records else {})}, outcome)


def version_of(outcomes: object) -> str:
    """Return the policy version of the first call that was answered, empty when none was."""
    found = outcomes if isinstance(outcomes, list | tuple) else ()
    return next((outcome.version for outcome in found if isinstance(outcome, Disclosure)), "")


def numbered(call: Call, index: int) -> Call:
    """Return *call* with a correlation id of its own among those of one request."""
    correlation = f"{call.circumstances.correlation[:-4]}{index:04x}"
    return replace(call, circumstances=replace(call.circumstances, correlation=correlation))


def _call(exchange: Exchange, item: asking.Item, index: int, key: str | None) -> Call:
    include = frozenset(getattr(item, "include", ()))
    own_key = None if key is None else f"{key}:{index}"
    return numbered(exchange.call(_operation(item, own_key, f"/calls/{index}/values"), include), index)


def _operation(item: asking.Item, key: str | None, where: str) -> Operation:
    match item:
        case asking.GetItem():
            return Query(item.resource, tuple(dict.fromkeys(item.fields)), target=RecordId(item.id))
        case asking.SearchItem():
            return search_query(item.resource, item)
        case asking.CreateItem():
            values = values_of(item.values, where)
            return Change(ChangeKind.CREATE, item.resource, values=values, idempotency_key=key)
        case asking.UpdateItem():
            return Change(
                ChangeKind.UPDATE,
                item.resource,
                RecordId(item.id),
                values=values_of(item.values, where),
                precondition=_tag(item.precondition),
                idempotency_key=key,
            )
        case asking.DeleteItem():
            precondition = _tag(item.precondition)
            target = RecordId(item.id)
            return Change(ChangeKind.DELETE, item.resource, target, precondition=precondition, idempotency_key=key)
        case _:
            assert_never(item)


def _tag(precondition: str | None) -> str | None:
    return None if precondition is None else precondition.strip('"').partition("~")[0]
