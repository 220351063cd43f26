"""Whole answers to a query, as they come: the first page before anything is said, the others as they are sent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date

from policy_gateway.model.disclosure import Disclosure
from policy_gateway.query import Action
from policy_gateway.wire import written
from policy_gateway_salesforce.facade.exporting import PAGE, Table, require_flat
from policy_gateway_salesforce.facade.locators import Place
from policy_gateway_salesforce.facade.meaning import Plan
from policy_gateway_salesforce.facade.queries import kept, page_of, planned_by
from policy_gateway_salesforce.facade.rows import sheet_of
from policy_gateway_salesforce.facade.turn import Turn


async def checked(turn: Turn, query: str, today: date) -> Disclosure:
    """Ask for one row of *query* as it will be asked for: what may not be exported is refused now."""
    plan = require_flat(await planned_by(turn, query, today))
    return await page_of(turn, plan, Place(query, "", None, 1), action=Action.EXPORT)


async def csv_of(turn: Turn, query: str, day: str) -> AsyncIterator[bytes]:
    """Return all rows of *query* as CSV."""
    plan, pages = await _begun(turn, query, day)
    table = Table()

    async def lines() -> AsyncIterator[bytes]:
        first = True
        async for page in pages:
            if first:
                yield table.header(plan, page.named)
            first = False
            yield table.lines(plan, page.named, page.released.records)

    return lines()


async def json_of(turn: Turn, query: str, day: str, root: str) -> AsyncIterator[bytes]:
    """Return all rows of *query* as a JSON array."""
    plan, pages = await _begun(turn, query, day)

    async def parts() -> AsyncIterator[bytes]:
        between = b"["
        async for page in pages:
            sheet = sheet_of(page, plan.query.resource, root, plan.shape)
            for record in page.released.records:
                yield between + written(sheet.row(record))
                between = b","
        yield b"[]" if between == b"[" else b"]"

    return parts()


async def _begun(turn: Turn, query: str, day: str) -> tuple[Plan, AsyncIterator[Disclosure]]:
    plan = require_flat(await planned_by(turn, query, date.fromisoformat(day)))
    place = Place(query, day, None, PAGE, skip=plan.offset)
    first = await page_of(turn, plan, place, action=Action.EXPORT)

    async def pages() -> AsyncIterator[Disclosure]:
        page = first
        here = place
        while True:
            records, rest = kept(page, plan, here)
            yield replace(page, released=replace(page.released, records=tuple(records)))
            if rest is None:
                return
            here = rest
            page = await page_of(turn, plan, here, action=Action.EXPORT)

    return plan, pages()
