"""Whole answers to a query, as they come: the first page before anything is said, the others as they are sent."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Final

from policy_gateway.model.disclosure import Disclosure, Named, ReleasedRecord
from policy_gateway.model.field import FieldType, Value
from policy_gateway.query import Action
from policy_gateway.wire import written
from policy_gateway_salesforce.facade.bulk.exporting import PAGE, Table, require_flat
from policy_gateway_salesforce.facade.exchange.turn import Turn
from policy_gateway_salesforce.facade.meaning.plans import Cell, Plan
from policy_gateway_salesforce.facade.queries.locators import Place
from policy_gateway_salesforce.facade.queries.pages import kept, page_of, planned_by
from policy_gateway_salesforce.facade.rows.sheets import sheet_of

_DAYS: Final = frozenset({FieldType.DATE, FieldType.DATETIME})


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
    """Return all rows of *query* as a JSON array; days and moments are milliseconds since 1970."""
    plan, pages = await _begun(turn, query, day)

    async def parts() -> AsyncIterator[bytes]:
        between = b"["
        async for page in pages:
            sheet = sheet_of(page, plan.query.resource, root, plan.shape)
            days = _days(plan, page.named)
            for record in page.released.records:
                yield between + written(sheet.row(_counted(record, days)))
                between = b","
        yield b"[]" if between == b"[" else b"]"

    return parts()


def _days(plan: Plan, named: Named | None) -> list[str]:
    """Return the keys of the days and moments among what *plan* selects."""
    cells = () if plan.shape is None else plan.shape.cells
    fields = {} if named is None else named.fields
    paths = [cell.path for cell in cells if isinstance(cell, Cell)]
    return [path for path in paths if path in fields and fields[path].type in _DAYS]


def _counted(record: ReleasedRecord, days: Sequence[str]) -> ReleasedRecord:
    """Return *record* with what stands at *days* as numbers; what is no day (any more) is none."""
    return record._replace(fields={**record.fields, **{path: _count(record.fields.get(path)) for path in days}})


def _count(value: Value) -> int | None:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    if moment is None:
        return None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


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
