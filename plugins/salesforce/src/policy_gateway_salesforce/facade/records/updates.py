"""What has changed lately, as far as the caller may see it: a hidden change tells nothing."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

from policy_gateway.errors import FieldRefused
from policy_gateway.query import And, Compare, Op, Query
from policy_gateway.wire import Json
from policy_gateway_salesforce.facade.exchange.answers import Answer
from policy_gateway_salesforce.facade.exchange.asked import Asked
from policy_gateway_salesforce.facade.exchange.refusals import Refusal, invalid, not_offered
from policy_gateway_salesforce.facade.exchange.turn import Turn
from policy_gateway_salesforce.facade.queries.pages import PAGE_MOST

CHANGED: Final = "LastModifiedDate"
MOST_PAGES: Final = 25
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+ -]\d\d:?\d\d)", re.ASCII)


async def updated(asked: Asked, turn: Turn) -> Answer:
    """``GET sobjects/Contact/updated?start=…&end=…``: the ids of what was made or changed in that time."""
    name = asked.variables["object"]
    start, end = _moment(asked, "start"), _moment(asked, "end")
    if end <= start:
        raise invalid("end must be after start", "INVALID_REPLICATION_DATE")
    where = And((Compare(CHANGED, Op.GE, _said(start)), Compare(CHANGED, Op.LT, _said(end))))
    query = Query(name, ("Id",), where=where, limit=PAGE_MOST)
    ids: list[Json] = []
    for _ in range(MOST_PAGES):
        try:
            found = (await turn.ask(query)).released
        except FieldRefused:
            raise not_offered("What has changed is not available for this object") from None
        ids += [str(record.id) for record in found.records]
        if found.cursor is None:
            return Answer(200, {"ids": ids, "latestDateCovered": _told(min(end, asked.now))})
        query = Query(name, ("Id",), where=where, limit=PAGE_MOST, cursor=found.cursor)
    raise Refusal(400, "EXCEEDED_ID_LIMIT", "Too many records have changed: ask for a shorter time")


async def deleted(asked: Asked, turn: Turn) -> Answer:
    """``GET sobjects/Contact/deleted``: not offered. An empty list would let a copy keep what was erased."""
    del asked, turn
    raise not_offered("Deleted records are not available through the gateway")


def _moment(asked: Asked, name: str) -> datetime:
    given = (asked.given(name) or "").replace(" ", "+")  # a plus that was not encoded
    if _MOMENT.fullmatch(given) is None:
        raise invalid(f"{name} must be a date and time", "INVALID_REPLICATION_DATE")
    try:
        return datetime.fromisoformat(given).astimezone(UTC)
    except (ValueError, OverflowError):
        raise invalid(f"{name} must be a date and time", "INVALID_REPLICATION_DATE") from None


def _said(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _told(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:00.000+0000")
