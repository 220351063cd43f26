"""Verifying: does a record hold what somebody says? Yes or no, and never what it holds."""

from __future__ import annotations

from policy_gateway.model.field import RecordId
from policy_gateway.query import Verify
from policy_gateway.web.answers import Answer, with_obligations
from policy_gateway.web.api.records import read_object
from policy_gateway.web.asking import VerifyBody, understood
from policy_gateway.web.exchange import Exchange
from policy_gateway.web.ports import Inside
from policy_gateway.wire import written


async def verify(exchange: Exchange, inside: Inside) -> Answer:
    """Answer whether the field holds the value."""
    body = understood(VerifyBody, await read_object(exchange, inside))
    operation = Verify(exchange.resource, RecordId(exchange.place.id), body.field, body.value)
    disclosure = await inside.gate.handle(exchange.call(operation), exchange.caller)
    members: dict[str, object] = {"id": exchange.place.id, "field": body.field, "match": disclosure.matched is True}
    return Answer(200, written(with_obligations(members, disclosure)), version=disclosure.version)
