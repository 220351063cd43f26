"""What bulk jobs write: rows from CSV, JSON or XML, each created, changed or deleted by itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from xml.etree import ElementTree as ET

import orjson

from policy_gateway_salesforce.sandbox.access import User
from policy_gateway_salesforce.sandbox.bulk_csv import DELIMITERS, Unusable, require_ending, rows_of, values_of
from policy_gateway_salesforce.sandbox.kinds import KINDS
from policy_gateway_salesforce.sandbox.many import apart, in_bulk, known
from policy_gateway_salesforce.sandbox.schema import Kind, Type
from policy_gateway_salesforce.sandbox.state import Org
from policy_gateway_salesforce.sandbox.wire import ApiError, Json, invalid
from policy_gateway_salesforce.sandbox.writing import Ambiguous, Saved, Writer

OPERATIONS: Final = frozenset({"insert", "update", "upsert", "delete", "hardDelete"})
ROWS_MOST: Final = 10_000
"""How many rows a batch of the first API has at the most."""

_NIL: Final = "{http://www.w3.org/2001/XMLSchema-instance}nil"

Values = Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class End:
    """How one row ended: the *id* of the record, whether it was *created*, and what went wrong."""

    id: str = ""
    created: bool = False
    error: ApiError | None = None

    @property
    def told(self) -> str:
        """Return what went wrong as results in CSV tell it."""
        if self.error is None:
            return ""
        return f"{self.error.code}:{self.error.message}:{','.join(self.error.fields or ())} --"


@dataclass(frozen=True, slots=True)
class Load:
    """What is to be done with rows, and in whose name."""

    org: Org
    user: User
    operation: str
    object: str
    external: str = ""

    def performed(self, data: bytes, form: str, delimiter: str, ending: str) -> list[End]:
        """Write every row of *data*; Unusable, before anything is written, for what cannot be read as a whole."""
        match form:
            case "CSV":
                if ending:
                    require_ending(data, ending)
                return [self._one(values) for values in self._table(data, DELIMITERS[delimiter])]
            case "JSON":
                return [self._one(values) for values in self._checked(_json_rows(data))]
            case _:
                return [self._one(values) for values in self._checked(_xml_rows(data))]

    def _table(self, data: bytes, delimiter: str) -> Iterator[Values]:
        rows = rows_of(data, delimiter)
        header = [name.strip() for name in next(rows, [])]
        self._require(header)
        if any(len(row) != len(header) for row in rows):
            raise Unusable("InvalidBatch : The number of values in a row does not match the columns")
        again = rows_of(data, delimiter)
        next(again, None)
        for row in again:
            yield values_of(header, row)

    def _checked(self, rows: Sequence[Values]) -> Sequence[Values]:
        self._require({_path(name, value) for row in rows for name, value in row.items() if name != "attributes"})
        return rows

    def _require(self, names: Iterable[str]) -> None:
        """Refuse columns that the object does not have, or has twice."""
        named = [name.lower() for name in names]
        for name in names:
            if not _knows(self.user, KINDS[self.object], name):
                raise Unusable(f"InvalidBatch : Field name not found : {name}")
            if named.count(name.lower()) > 1:
                raise Unusable(f"InvalidBatch : Duplicate field name : {name}")

    def _one(self, values: Values) -> End:
        try:
            saved = self._write(values)
        except Ambiguous:
            return End(error=invalid("more than one record found for external id field", "DUPLICATE_EXTERNAL_ID", []))
        except ApiError as refused:
            return End(_identifier(values), error=_as_told(refused))
        return End(saved.id, saved.created)

    def _write(self, values: Values) -> Saved:
        writer = Writer(self.org, self.user)
        if self.operation == "insert":
            return writer.create(self.object, values)
        if self.operation == "upsert":
            return self._upsert(writer, values)
        identifier, rest = apart(values, "Id")
        target = known(identifier, self.object)
        match self.operation:
            case "update":
                return writer.update(self.object, target, rest)
            case "delete":
                return writer.delete(self.object, target)
            case _:
                return self._erase(writer, target)

    def _upsert(self, writer: Writer, values: Values) -> Saved:
        column = writer.looked_up(KINDS[self.object], self.external)
        value, rest = apart(values, column.name)
        if value is None and column.type is not Type.ID:
            raise invalid(f"{column.name} not specified", "MISSING_ARGUMENT", [])
        return writer.upsert(self.object, column.name, str(value or ""), rest)

    def _erase(self, writer: Writer, target: str) -> Saved:
        """Delete a record past the recycle bin, or out of it."""
        kind = KINDS[self.object]
        row = self.org.tables[kind.name].rows.get(target)
        if row is None or not row.get("IsDeleted"):
            writer.delete(kind.name, target)
        self.org.put(kind, target, None)
        return Saved(target)


def _path(name: str, value: Json) -> str:
    """Return the column that a member of a JSON or XML row would be."""
    inner = [each for each in value if each != "attributes"] if isinstance(value, dict) else []
    return f"{name}.{inner[0]}" if inner else name


def _knows(user: User, kind: Kind, name: str) -> bool:
    way, _, field = name.partition(".")
    if not field:
        return user.column(kind, name) is not None
    step = kind.by_path.get(way.lower())
    return step is not None and any(user.column(KINDS[target], field) is not None for target in step.references)


def _identifier(values: Values) -> str:
    return str(apart(values, "Id")[0] or "")


def _as_told(refused: ApiError) -> ApiError:
    if refused.code == "JSON_PARSER_ERROR":
        return invalid("value not of required type", "INVALID_TYPE_ON_FIELD_IN_RECORD", [])
    return in_bulk(refused)


def _json_rows(data: bytes) -> list[Values]:
    try:
        rows = orjson.loads(data)
    except orjson.JSONDecodeError:
        rows = None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Unusable("ClientInputError : Failed to parse JSON")
    return rows


def _xml_rows(data: bytes) -> list[Values]:
    if b"<!" in data:
        raise Unusable("InvalidXML : DOCTYPE is disallowed")
    try:
        root = ET.fromstring(data)  # noqa: S314 -- without a DOCTYPE there are no entities to expand
    except ET.ParseError:
        raise Unusable("InvalidXML : Failed to parse XML") from None
    return [_xml_row(record) for record in root]


def _xml_row(record: ET.Element) -> Values:
    found: dict[str, Json] = {}
    for member in record:
        name = member.tag.rpartition("}")[2]
        if len(member):
            found[name] = dict(_xml_row(member[0]))
        elif member.get(_NIL) == "true":
            found[name] = None
        elif member.text and name != "type":
            found[name] = member.text
    return found
