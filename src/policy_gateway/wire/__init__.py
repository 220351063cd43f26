"""HTTP for facades, without a framework: requests read within limits, replies, routes.

::

    ROUTES = Routes([("GET", "/crm/v3/objects/{type}/{id}", Seen.one), …])

    async def answer(ask: Ask) -> Reply:
        found = ROUTES.find(ask.method, ask.segments)
        session = await sessions.enter(ask.credential(ask.authorization[1]), "hubspot")
        …
        return json_reply({"id": "1"})

    app = served(answer, lambda status, code: json_reply({"status": "error"}, status))
"""

from __future__ import annotations

from policy_gateway.wire.addresses import pairs_of, segments_of
from policy_gateway.wire.asking import Ask
from policy_gateway.wire.bodies import Body
from policy_gateway.wire.refusals import BodyTooLarge, BodyTooSlow, MediaTypeRefused, MethodRefused, PathUnknown
from policy_gateway.wire.replying import Reply, json_reply, written
from policy_gateway.wire.routing import Match, Routes
from policy_gateway.wire.serving import served
from policy_gateway.wire.strict_json import Json, parsed

__all__ = [
    "Ask",
    "Body",
    "BodyTooLarge",
    "BodyTooSlow",
    "Json",
    "Match",
    "MediaTypeRefused",
    "MethodRefused",
    "PathUnknown",
    "Reply",
    "Routes",
    "json_reply",
    "pairs_of",
    "parsed",
    "segments_of",
    "served",
    "written",
]
