"""What bulk jobs read: the records of a query as CSV, JSON or XML, made while they are sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from xml.sax.saxutils import escape

import orjson

from policy_gateway_salesforce.sandbox.access import User
from policy_gateway_salesforce.sandbox.bulk_csv import lines
from policy_gateway_salesforce.sandbox.querying import Plan, parsed, planned
from policy_gateway_salesforce.sandbox.schema import Column, Type
from policy_gateway_salesforce.sandbox.showing import Shown
from policy_gateway_salesforce.sandbox.state import Org, Row
from policy_gateway_salesforce.sandbox.wire import Json, invalid
from policy_gateway_salesforce.soql import nodes

NAMESPACE: Final = "http://www.force.com/2009/06/asyncapi/dataload"
_DECLARED: Final = '<?xml version="1.0" encoding="UTF-8"?>'
_XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
_ENABLED: Final = "FUNCTIONALITY_NOT_ENABLED"


@dataclass(frozen=True, slots=True)
class Cell:
    """One column: the *path* to its value in a record as the API shows it, and the value's *type*.

    *fields* are those on the way to the value, None for what is no field.
    """

    path: tuple[str, ...]
    type: Type
    fields: tuple[Column | None, ...]

    def value(self, record: dict[str, Json]) -> Json:
        """Return the value; None when there is no such parent."""
        found: Json = record
        for step in self.path:
            found = found.get(step) if isinstance(found, dict) else None
        return found


@dataclass(frozen=True, slots=True)
class Table:
    """A query whose answer is a table of records."""

    org: Org
    plan: Plan
    cells: tuple[Cell, ...]

    def csv(self, rows: Sequence[Any], delimiter: str, ending: str) -> Iterator[bytes]:
        """Yield *rows* as CSV, below their names."""
        header = [".".join(cell.path) for cell in self.cells]
        return lines(self._lines(header, rows), delimiter, ending)

    def json(self, rows: Sequence[Any], root: str) -> Iterator[bytes]:
        """Yield *rows* as an array of objects; days and moments are milliseconds since 1970."""
        days = [cell for cell in self.cells if cell.type in {Type.DATE, Type.DATETIME}]
        before = b"["
        for row in rows:
            record = self.plan.show(row, root)
            for cell in days:
                _count(record, cell.path)
            yield before + orjson.dumps(record)
            before = b","
        yield b"]" if rows else b"[]"

    def xml(self, rows: Sequence[Any]) -> Iterator[bytes]:
        """Yield *rows* as elements."""
        yield f'{_DECLARED}<queryResult xmlns="{NAMESPACE}" xmlns:xsi="{_XSI}">'.encode()
        for row in rows:
            record = self.plan.show(row, "")
            cells = "".join(_element(cell, cell.value(record)) for cell in self.cells)
            yield f'<records xsi:type="sObject"><type>{self.plan.kind.name}</type>{cells}</records>'.encode()
        yield b"</queryResult>"

    def _lines(self, header: Sequence[str], rows: Iterable[Any]) -> Iterator[Sequence[str]]:
        yield header
        getters = [self._getter(cell) for cell in self.cells]
        for row in rows:
            yield [get(row) for get in getters]

    def _getter(self, cell: Cell) -> Callable[[Row], str]:
        """Return what makes the text of a value: straight from the row where fields of one object lead to it."""
        fields = [field for field in cell.fields if field is not None]
        if len(fields) < len(cell.path) or any(len(step.references) > 1 for step in fields[:-1]):
            return lambda row: written(cell.value(self.plan.show(row, "")), cell.type)
        *steps, last = fields
        name, of = last.name, last.type
        if not steps:
            return lambda row: written(row.get(name), of)

        def behind(row: Row) -> str:
            for step in steps:
                row = self.org.row(row.get(step.name), step.references)
            return written(row.get(name), of)

        return behind


def table(org: Org, user: User, text: str, *, deleted: bool) -> Table:
    """Return what the query *text* asks for; refused when its answer is no table, or more than the API can tell."""
    if not text.strip():
        raise invalid("A query string has to be specified", "MALFORMED_QUERY")
    plan = planned(org, user, text, deleted=deleted)
    query = parsed(text)
    if any(isinstance(item, nodes.ChildQuery) for item in query.select):
        raise invalid("Aggregate Relationships not supported in Bulk Query", _ENABLED)
    if plan.grouped or any(isinstance(item, nodes.Typeof) for item in query.select):
        raise invalid("Aggregate functions, GROUP BY and TYPEOF are not supported in Bulk Query", _ENABLED)
    if query.offset is not None:
        raise invalid("OFFSET is not supported in Bulk Query", _ENABLED)
    cells = tuple(_cell(column) for column in plan.columns)
    if any(cell.type is Type.ADDRESS for cell in cells):
        raise invalid("Selecting compound data not supported in Bulk Query", _ENABLED)
    return Table(org, plan, cells)


def written(value: Json, of: Type = Type.STRING) -> str:
    """Return *value* as CSV and XML have it."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value.replace("+0000", "Z") if of is Type.DATETIME else value
    return str(value).lower() if isinstance(value, bool) else str(value)


def _cell(column: Shown) -> Cell:
    path, fields = [column.name], [column.column]
    while column.below:
        [column] = column.below
        path.append(column.name)
        fields.append(column.column)
    return Cell(tuple(path), column.type, tuple(fields))


def _count(record: dict[str, Json], path: tuple[str, ...]) -> None:
    *way, name = path
    level: Json = record
    for step in way:
        level = level.get(step) if isinstance(level, dict) else None
    value = level.get(name) if isinstance(level, dict) else None
    if isinstance(level, dict) and isinstance(value, str):
        moment = datetime.fromisoformat(value)
        level[name] = int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def _element(cell: Cell, value: Json) -> str:
    if value is None:
        inner = f'<{cell.path[-1]} xsi:nil="true"/>'
    else:
        inner = f"<{cell.path[-1]}>{escape(written(value, cell.type))}</{cell.path[-1]}>"
    for step in reversed(cell.path[:-1]):
        inner = f'<{step} xsi:type="sObject">{inner}</{step}>'
    return inner
