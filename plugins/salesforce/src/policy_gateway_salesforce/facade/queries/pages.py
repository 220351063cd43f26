"""Queries: a first page, the pages after it, and what the columns would be.

An answer goes on where its locator says, under the policy that is in force then: the gateway's own cursor, which is
in it, is good for one principal's one query while one policy lasts.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from policy_gateway.errors import ConnectionNotFound, FieldRefused, InvalidCall
from policy_gateway.model.disclosure import Disclosure, ReleasedRecord
from policy_gateway.model.field import FieldType
from policy_gateway.ports import Sessions
from policy_gateway.query import Action
from policy_gateway.wire import Json
from policy_gateway_salesforce.facade.exchange.answers import Answer
from policy_gateway_salesforce.facade.exchange.asked import Asked
from policy_gateway_salesforce.facade.exchange.refusals import Refusal
from policy_gateway_salesforce.facade.exchange.turn import GDPR, NOTHING, Turn
from policy_gateway_salesforce.facade.meaning.lengthening import lengthened
from policy_gateway_salesforce.facade.meaning.plans import ID, Plan, plan_query
from policy_gateway_salesforce.facade.meaning.pointing import malformed, unknown_column, unknown_object
from policy_gateway_salesforce.facade.meaning.visible import planned_with
from policy_gateway_salesforce.facade.queries.columns import columns_of
from policy_gateway_salesforce.facade.queries.locators import Place, invalid_locator, locator_of, place_of
from policy_gateway_salesforce.facade.rows.aggregates import summarize
from policy_gateway_salesforce.facade.rows.sheets import sheet_of
from policy_gateway_salesforce.facade.rows.values import shown
from policy_gateway_salesforce.soql import SoqlError, parse_soql, references

PAGE_MOST: Final = 2000
PAGE_LEAST: Final = 200
MOST_OFFSET: Final = 2000
MOST_COUNTED: Final = 20_000
"""How many records are counted for the size of an answer in pages; of a larger one it is told that it has more."""

MOST_SUMMARIZED: Final = 50_000
"""How many records are looked through to count or group them."""

_BATCH: Final = re.compile(r"batchSize\s*=\s*([0-9]{1,9})", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class Queries:
    """The endpoints of queries; *sessions* seal locators."""

    sessions: Sessions

    async def query(self, asked: Asked, turn: Turn) -> Answer:
        """``GET query?q=SELECT …``, and ``queryAll``: nobody is shown deleted records, so it finds the same."""
        if asked.given("explain") is not None:
            raise Refusal(404, "NOT_FOUND", "The requested resource does not exist")
        text = asked.given("q") or ""
        if not text.strip():
            raise Refusal(400, "MALFORMED_QUERY", "A query string has to be specified")
        today = asked.now.date()
        plan = await planned_by(turn, text, today)
        if (asked.given("columns") or "").lower() == "true":
            return await self._columns(turn, text, plan)
        if plan.shape is None:
            return await _made(turn, text, plan)
        size = page_size(asked.headers.get("sforce-query-options", ""))
        return await self._page(asked, turn, plan, Place(text, today.isoformat(), None, size, skip=plan.offset))

    async def more(self, asked: Asked, turn: Turn) -> Answer:
        """``GET query/{locator}``; whatever else is asked is not looked at: clients send the query again."""
        place = place_of(asked.variables["locator"], self.sessions.seal(asked.session))
        if place.job or place.cursor is None:
            raise invalid_locator()
        plan = await planned_by(turn, place.text, place.day)
        try:
            return await self._page(asked, turn, plan, place)
        except InvalidCall:
            raise invalid_locator() from None

    async def _page(self, asked: Asked, turn: Turn, plan: Plan, place: Place) -> Answer:
        include = GDPR if turn.manner.envelopes else NOTHING
        disclosure = await page_of(turn, plan, place, include=include, counts=not place.total)
        records, rest = kept(disclosure, plan, place)
        sheet = sheet_of(disclosure, plan.query.resource, asked.root, plan.shape)
        rows: list[Json] = [sheet.row(record) for record in records]
        if rest is None:
            total = max(place.total, place.taken + len(rows))
            return Answer(200, {"totalSize": total, "done": True, "records": rows})
        total = place.total or number(plan, disclosure)
        rest = replace(rest, total=max(total, rest.taken + 1))
        url = f"{asked.root}/query/{locator_of(rest, self.sessions.seal(asked.session))}"
        told: dict[str, Json] = {"totalSize": rest.total, "done": False, "nextRecordsUrl": url, "records": rows}
        return Answer(200, told)

    async def _columns(self, turn: Turn, text: str, plan: Plan) -> Answer:
        """Tell what a table of the answer would have: what may not be asked is refused here as it is there."""
        place = Place(text, "", None, 1)
        disclosure = await page_of(turn, replace(plan, query=replace(plan.query, limit=1)), place)
        return Answer(200, columns_of(parse_soql(text), plan, disclosure))


async def planned_by(turn: Turn, text: str, today: date) -> Plan:
    """Return how the query *text* is answered; the vendor's refusal of what is not understood, or cannot be asked."""
    try:
        plan = await planned_with(turn, lambda visible: plan_query(text, visible, today))
    except SoqlError as error:
        raise malformed(text, error) from None
    if plan.offset > MOST_OFFSET:
        raise Refusal(400, "NUMBER_OUTSIDE_VALID_RANGE", f"Maximum SOQL offset allowed is {MOST_OFFSET}")
    return replace(plan, query=lengthened(plan.query))


async def page_of(
    turn: Turn,
    plan: Plan,
    place: Place,
    *,
    action: Action = Action.VIEW,
    include: frozenset[str] = NOTHING,
    counts: bool = False,
) -> Disclosure:
    """Return the records of the page that begins at *place*; the vendor's refusals of names.

    If it *counts*, and there are more pages, it says how many records they have in all.
    """
    most = MOST_COUNTED if plan.query.limit is None else min(MOST_COUNTED, max(plan.query.limit, 1))
    query = replace(plan.query, limit=min(place.size, most), cursor=place.cursor, total=most if counts else 0)
    try:
        return await turn.ask(query, action=action, include=include)
    except FieldRefused as refused:
        raise unknown_column(place.text, query.resource, references(parse_soql(place.text)), refused) from None
    except InvalidCall:
        if place.cursor is not None:
            raise
        message = "The query compares a field with a value that it cannot hold, or asks what the org cannot tell"
        raise Refusal(400, "INVALID_QUERY_FILTER_OPERATOR", message) from None
    except ConnectionNotFound:
        raise unknown_object(place.text, query.resource, parse_soql(place.text).source.path.at) from None


def kept(disclosure: Disclosure, plan: Plan, place: Place) -> tuple[Sequence[ReleasedRecord], Place | None]:
    """Return the records of a page that belong into the answer, and where it goes on, if it does."""
    found = disclosure.released.records
    records = found[place.skip :]
    if plan.limit is not None:
        records = records[: max(plan.limit - place.taken, 0)]
    taken = place.taken + len(records)
    cursor = disclosure.released.cursor
    if cursor is None or (plan.limit is not None and taken >= plan.limit):
        return records, None
    return records, replace(place, cursor=cursor, taken=taken, skip=max(place.skip - len(found), 0))


async def every_page(turn: Turn, plan: Plan, text: str) -> AsyncIterator[Disclosure]:
    """Yield all pages of *plan*; refused when that would be more records than are looked through."""
    place, seen = Place(text, "", None, PAGE_MOST), 0
    while True:
        disclosure = await page_of(turn, plan, place)
        seen += len(disclosure.released.records)
        yield disclosure
        if disclosure.released.cursor is None or (plan.query.limit is not None and seen >= plan.query.limit):
            return
        if seen >= MOST_SUMMARIZED:
            raise Refusal(400, "OPERATION_TOO_LARGE", f"exceeded {MOST_SUMMARIZED} records: ask for fewer of them")
        place = replace(place, cursor=disclosure.released.cursor)


def number(plan: Plan, disclosure: Disclosure) -> int:
    """Return how many records an answer has, of all pages: a client that stops there misses nothing it may see."""
    seen = len(disclosure.released.records) if disclosure.total is None else disclosure.total
    total = max(seen - plan.offset, 0)
    return total if plan.limit is None else min(total, plan.limit)


async def counted(turn: Turn, plan: Plan, text: str, action: Action = Action.VIEW) -> int:
    """Return how many records the answer to *plan* will have; none of them is told of."""
    ids = replace(plan, query=replace(plan.query, select=(ID,), order=()))
    return number(plan, await page_of(turn, ids, Place(text, "", None, PAGE_MOST), action=action, counts=True))


async def _made(turn: Turn, text: str, plan: Plan) -> Answer:
    """Answer with what is made of all records that the caller may see: their number, or groups of them."""
    pages = [page async for page in every_page(turn, plan, text)]
    records = [record for page in pages for record in page.released.records]
    if plan.summary is None:
        total = max(len(records) - plan.offset, 0)
        total = total if plan.limit is None else min(total, plan.limit)
        return Answer(200, {"totalSize": total, "done": True, "records": []})
    named = pages[0].named

    def kind(path: str) -> FieldType | None:
        known = None if named is None else named.fields.get(path)
        return None if known is None else known.type

    groups = summarize(plan.summary, [record.fields for record in records], kind)[plan.offset :]
    rows: list[Json] = [
        {"attributes": {"type": "AggregateResult"}, **{name: shown(value) for name, value in group.items()}}
        for group in (groups if plan.limit is None else groups[: plan.limit])
    ]
    return Answer(200, {"totalSize": len(rows), "done": True, "records": rows})


def page_size(options: str) -> int:
    """Return how many records go on a page, from the header ``Sforce-Query-Options``."""
    found = _BATCH.search(options)
    return min(max(int(found[1]), PAGE_LEAST), PAGE_MOST) if found else PAGE_MOST
