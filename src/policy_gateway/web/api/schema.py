"""The schema: which fields the caller may know of, and what it may do with them for this purpose."""

from __future__ import annotations

from policy_gateway.query import Describe
from policy_gateway.web.answers import Answer, with_obligations
from policy_gateway.web.exchange import Exchange
from policy_gateway.web.parsing import parameters, require_none
from policy_gateway.web.ports import Inside
from policy_gateway.wire import written


async def describe(exchange: Exchange, inside: Inside) -> Answer:
    """Answer the known fields of a resource; ``actions`` holds the level of each action that is possible at all."""
    require_none(parameters(exchange.query_string))
    call = exchange.call(Describe(exchange.resource))
    disclosure = await inside.gate.handle(call, exchange.caller)
    fields = [
        {
            "path": known.path,
            "actions": {str(action): level.name for action, level in sorted(known.actions.items()) if level.rank},
        }
        for known in disclosure.permit.known
    ]
    members: dict[str, object] = {"resource": disclosure.released.resource, "fields": fields}
    return Answer(200, written(with_obligations(members, disclosure)), version=disclosure.version)
