"""Rows that a bulk job reads: the gateway's pages, one after the other, as CSV. No more than a page is held."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from policy_gateway.model.disclosure import Named, ReleasedRecord
from policy_gateway.model.field import Field, FieldType
from policy_gateway.query import Action
from policy_gateway_salesforce.facade.exchange.refusals import Refusal
from policy_gateway_salesforce.facade.exchange.turn import Turn
from policy_gateway_salesforce.facade.meaning.plans import Cell, Plan
from policy_gateway_salesforce.facade.queries.locators import Place
from policy_gateway_salesforce.facade.queries.pages import kept, page_of
from policy_gateway_salesforce.facade.rows.sheets import spelled
from policy_gateway_salesforce.facade.rows.values import NUMBERS, written

_QUOTE: Final = '"'
_TEXTS: Final = frozenset(
    {
        FieldType.TEXT,
        FieldType.NAME,
        FieldType.EMAIL,
        FieldType.PHONE,
        FieldType.CHOICE,
        FieldType.DATE,
        FieldType.REFERENCE,
    }
)
PAGE: Final = 2_000
ROWS: Final = 10_000
"""How many rows one answer has at the most; it begins when it is known whether more follow."""


@dataclass(frozen=True, slots=True)
class Extract:
    """Some rows as CSV lines (*header* among them), their *number*, and where it goes on, if it does."""

    body: bytes
    number: int
    rest: Place | None


def require_flat(plan: Plan) -> Plan:
    """Return *plan*; refused when its answer is no table of records."""
    if plan.shape is None or not all(isinstance(cell, Cell) for cell in plan.shape.cells):
        raise Refusal(400, "INVALIDENTITY", "Aggregates and queries of children are not supported by bulk jobs")
    return plan


async def extract(turn: Turn, plan: Plan, place: Place, rows: int, table: Table) -> Extract:
    """Return the rows from *place* on, at most *rows* of them, whole pages only."""
    lines: list[bytes] = []
    number = 0
    rest: Place | None = place
    while rest is not None and (not lines or number + place.size <= rows):
        disclosure = await page_of(turn, plan, rest, action=Action.EXPORT)
        records, rest = kept(disclosure, plan, rest)
        if not lines:
            lines.append(table.header(plan, disclosure.named))
        lines.append(table.lines(plan, disclosure.named, records))
        number += len(records)
    return Extract(b"".join(lines), number, rest)


@dataclass(frozen=True, slots=True)
class Table:
    """How rows are written: *delimiter* between values, *ending* after each row."""

    delimiter: str = ","
    ending: str = "\n"

    def header(self, plan: Plan, named: Named | None) -> bytes:
        """Return the line of names: those that were asked for, whatever may be seen of them."""
        known = named or Named(plan.query.resource)
        names = (".".join((*cell.place[:-1], spelled(known, cell.path))) for cell in cells_of(plan))
        return self._text([[name.replace(_QUOTE, _QUOTE * 2) for name in names]]).encode()

    def lines(self, plan: Plan, named: Named | None, records: Sequence[ReleasedRecord]) -> bytes:
        """Return the lines of *records*; what is withheld is an empty value."""
        if not records:
            return b""
        fields: Mapping[str, Field] = {} if named is None else named.fields
        columns = [_column(records, cell.path, fields.get(cell.path)) for cell in cells_of(plan)]
        return self._text(zip(*columns, strict=True)).encode()

    def _text(self, rows: Iterable[Iterable[str]]) -> str:
        between, after = f'"{self.delimiter}"', f'"{self.ending}"'
        return f'"{after.join(map(between.join, rows))}"{self.ending}'


def _column(records: Sequence[ReleasedRecord], path: str, field: Field | None) -> list[str]:
    """Return the values of one field of all *records*: what it is, is looked at once."""
    values = [record.fields.get(path) for record in records]
    if field is not None and field.type in _TEXTS and field.native_type not in NUMBERS:
        column = [value if type(value) is str else written(value, field) for value in values]
    else:
        column = [written(value, field) for value in values]
    if any(_QUOTE in value for value in column):
        return [value.replace(_QUOTE, _QUOTE * 2) for value in column]
    return column


def cells_of(plan: Plan) -> tuple[Cell, ...]:
    """Return the columns of *plan*'s table."""
    shape = require_flat(plan).shape
    return () if shape is None else tuple(cell for cell in shape.cells if isinstance(cell, Cell))
