"""Provenance: the GDPR metadata of a record's values, read and edited under the same policy as everything else."""

from __future__ import annotations

from typing import Final

from policy_gateway.errors import GatewayError, InvalidCall
from policy_gateway.model.field import RecordId, Value
from policy_gateway.query import Batch, Call, Change, ChangeKind, Query
from policy_gateway.web.answers import Answer, with_obligations
from policy_gateway.web.api.batch import MULTI_STATUS, numbered, require_recorded, result_of, version_of
from policy_gateway.web.api.records import read_object
from policy_gateway.web.exchange import PATCHES, Exchange
from policy_gateway.web.parsing import GDPR, one_query, parameters, require_name
from policy_gateway.web.ports import Inside
from policy_gateway.web.refusals import Flaw, Malformed
from policy_gateway.web.translating import values_of
from policy_gateway.wire import written
from policy_gateway.wire.strict_json import Json

GATEWAY: Final = "gateway"
"""The reserved connection of the gateway's own data."""

RESOURCE: Final = "provenance"
TOKEN: Final = "token"  # noqa: S105 -- the name of a member, not a secret
MOST_FIELDS: Final = 50


async def read(exchange: Exchange, inside: Inside) -> Answer:
    """Answer the envelope of each released value; its ``value`` member says which value an edit is about."""
    place = exchange.place
    query: Query = one_query(exchange.resource, place.id, parameters(exchange.query_string))
    disclosure = await inside.gate.handle(exchange.call(query, GDPR | {TOKEN}), exchange.caller)
    record = disclosure.released.records[0]
    members: dict[str, object] = {"id": record.id, "provenance": disclosure.notes.get(record.id, {})}
    return Answer(200, written(with_obligations(members, disclosure)), version=disclosure.version)


async def edit(exchange: Exchange, inside: Inside) -> Answer:
    """Make a new version of some envelopes: ``{field: {"value": token, part: new value …}}``.

    One field is answered as any change is; several are answered one by one, like a batch.
    """
    document = await read_object(exchange, inside, PATCHES)
    if not 0 < len(document) <= MOST_FIELDS:
        raise InvalidCall("at least one field is needed" if not document else "the body has too many parts")
    fields = tuple(document)
    calls = tuple(_call(exchange, field, document[field]) for field in fields)
    if len(calls) == 1:
        disclosure = await inside.gate.handle(calls[0], exchange.caller)
        members = with_obligations({"results": [{"field": fields[0], "status": 200}]}, disclosure)
        return Answer(200, written(members), version=disclosure.version)
    numbers = tuple(numbered(call, index) for index, call in enumerate(calls))
    outcomes = await inside.gate.handle_batch(Batch(numbers), exchange.caller)
    require_recorded(outcomes)
    results = []
    for field, call, outcome in zip(fields, numbers, outcomes, strict=True):
        ended = result_of(call, outcome, exchange) if isinstance(outcome, GatewayError) else {"status": 200}
        results.append({"field": field, **ended})
    return Answer(MULTI_STATUS, written({"results": results}), version=version_of(outcomes))


def _call(exchange: Exchange, field: str, wanted: Json) -> Call:
    """Return the change of one field's envelope."""
    place = exchange.place
    path = require_name(field, "")
    if not isinstance(wanted, dict):
        raise InvalidCall("an object is needed")
    token = wanted.get("value")
    if not isinstance(token, str) or not token:
        raise Malformed((Flaw("", "the value's token is needed, as read"),))
    parts = {name: value for name, value in wanted.items() if name != "value"}
    if TOKEN in parts:
        raise InvalidCall("this member is not known")
    values: dict[str, Value] = {**values_of(parts), TOKEN: token}
    change = Change(
        ChangeKind.UPDATE,
        RESOURCE,
        RecordId(f"{place.connection}|{exchange.resource}|{place.id}|{path}"),
        values=values,
        precondition=exchange.precondition() or "*",
        idempotency_key=exchange.idempotency_key(),
    )
    return exchange.call(change, connection=GATEWAY)
