"""The endpoints of queries: a first page, the pages after it, and what the columns would be."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from policy_gateway_salesforce.sandbox.describing import text_type
from policy_gateway_salesforce.sandbox.ids import canonical
from policy_gateway_salesforce.sandbox.querying import Plan, planned
from policy_gateway_salesforce.sandbox.schema import NUMBERS, Type
from policy_gateway_salesforce.sandbox.showing import Shown
from policy_gateway_salesforce.sandbox.state import Org
from policy_gateway_salesforce.sandbox.wire import Answer, Asked, Json, invalid, not_found

PAGE_MOST: Final = 2000
PAGE_LEAST: Final = 200
_BATCH: Final = re.compile(r"batchSize\s*=\s*([0-9]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Cursor:
    """What a query found, for whom, and how many go on a page; a locator leads to it."""

    plan: Plan
    rows: Sequence[Any]
    username: str
    size: int


def query(org: Org, asked: Asked) -> Answer:
    """Answer ``GET /query?q=…``."""
    return _first(org, asked, deleted=False)


def query_all(org: Org, asked: Asked) -> Answer:
    """Answer ``GET /queryAll?q=…``, which finds deleted records, too."""
    return _first(org, asked, deleted=True)


def query_more(org: Org, asked: Asked) -> Answer:
    """Answer ``GET /query/{locator}``; whatever else is asked is ignored."""
    locator, _, start = asked.segments[4].partition("-")
    cursor = org.kept.get(canonical(locator) or "")
    if not isinstance(cursor, Cursor) or cursor.username != asked.who.user.username or not start.isdigit():
        raise invalid("invalid query locator", "INVALID_QUERY_LOCATOR")
    return _page(cursor, int(start), canonical(locator) or "", asked)


def _first(org: Org, asked: Asked, *, deleted: bool) -> Answer:
    if "explain" in asked.query:
        raise not_found()
    text = asked.one("q")
    if not text.strip():
        raise invalid("A query string has to be specified", "MALFORMED_QUERY")
    user = asked.who.user
    plan = planned(org, user, text, deleted=deleted)
    if asked.flag("columns"):
        return Answer(200, _columns(plan))
    rows = plan.find()
    cursor = Cursor(plan, rows, user.username, page_size(asked.headers.get("sforce-query-options", "")))
    if plan.counts:
        return Answer(200, {"totalSize": plan.total(rows), "done": True, "records": []})
    locator = ""
    if len(rows) > cursor.size:
        locator = org.next_id("01g")
        org.kept[locator] = cursor
    return _page(cursor, 0, locator, asked)


def _page(cursor: Cursor, start: int, locator: str, asked: Asked) -> Answer:
    rows = cursor.rows[start : start + cursor.size]
    after = start + len(rows)
    told: dict[str, Json] = {"totalSize": len(cursor.rows), "done": after >= len(cursor.rows)}
    if after < len(cursor.rows):
        told["nextRecordsUrl"] = f"{asked.root}/query/{locator}-{after}"
    records: list[Json] = [cursor.plan.show(row, asked.root) for row in rows]
    return Answer(200, told | {"records": records})


def page_size(options: str) -> int:
    """Return how many records go on a page, from the header ``Sforce-Query-Options``."""
    found = _BATCH.search(options)
    return min(max(int(found[1]), PAGE_LEAST), PAGE_MOST) if found else PAGE_MOST


def _columns(plan: Plan) -> Json:
    """Return the table that the answer would be, as the command line asks for it."""
    return {
        "columnMetadata": [_column(column) for column in plan.columns],
        "entityName": plan.kind.name,
        "groupBy": plan.grouped,
        "idSelected": any(column.name == "Id" for column in plan.columns),
        "keyPrefix": plan.kind.prefix,
    }


def _column(shown: Shown) -> Json:
    return {
        "aggregate": shown.aggregate,
        "apexType": shown.type.value.capitalize(),
        "booleanType": shown.type is Type.BOOLEAN,
        "columnName": shown.name,
        "custom": shown.column is not None and shown.column.custom,
        "displayName": shown.label or shown.name,
        "foreignKeyName": shown.column.path or None if shown.column else None,
        "insertable": shown.column is not None and shown.column.createable,
        "joinColumns": [_column(below) for below in shown.below],
        "numberType": shown.type in NUMBERS,
        "textType": shown.column is not None and text_type(shown.column),
        "updatable": shown.column is not None and shown.column.updateable,
    }
