"""The endpoints of many records at once: up to 200 are written, up to 2,000 are read, by one request."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from policy_gateway_salesforce.sandbox.ids import canonical
from policy_gateway_salesforce.sandbox.kinds import NAMES, PREFIXES
from policy_gateway_salesforce.sandbox.records import readable_named
from policy_gateway_salesforce.sandbox.schema import Type
from policy_gateway_salesforce.sandbox.state import Org
from policy_gateway_salesforce.sandbox.values import chosen, record
from policy_gateway_salesforce.sandbox.wire import Answer, ApiError, Asked, Json, Refusal, invalid, items, strings
from policy_gateway_salesforce.sandbox.writing import Ambiguous, Saved, Writer

WRITTEN_MOST: Final = 200
READ_MOST: Final = 2000
_UNREADABLE: Final = "JSON_PARSER_ERROR"

Values = Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class _Outcome:
    saved: Saved | None = None
    error: ApiError | None = None

    def told(self, *, upserted: bool) -> Json:
        """Return what the vendor tells of one record."""
        if self.saved is None:
            failed = self.error or _rolled_back()
            told: dict[str, Json] = {"success": False, "errors": [failed.saved()]}
            return told | {"created": False} if upserted else told
        fine: dict[str, Json] = {"id": self.saved.id, "success": True, "errors": []}
        return fine | {"created": self.saved.created} if upserted else fine


def create_many(org: Org, asked: Asked) -> Answer:
    """Answer ``POST /composite/sobjects``."""
    writer, body = Writer(org, asked.who.user), asked.json()

    def write(values: Values) -> Saved:
        return writer.create(_object(values), values)

    return _each(org, _records(body), write, all_or_none=body.get("allOrNone") is True)


def update_many(org: Org, asked: Asked) -> Answer:
    """Answer ``PATCH /composite/sobjects``; each record brings its id."""
    writer, body = Writer(org, asked.who.user), asked.json()

    def write(values: Values) -> Saved:
        identifier, rest = apart(values, "Id")
        return writer.update(_object(values), known(identifier, _object(values)), rest)

    return _each(org, _records(body), write, all_or_none=body.get("allOrNone") is True)


def upsert_many(org: Org, asked: Asked) -> Answer:
    """Answer ``PATCH /composite/sobjects/{name}/{field}``; each record brings the value that it is known by."""
    writer, body = Writer(org, asked.who.user), asked.json()
    name, by = asked.segments[5:7]
    column = writer.looked_up(readable_named(org, asked, name), by)

    def write(values: Values) -> Saved:
        value, rest = apart(values, column.name)
        if value is None and column.type is not Type.ID:
            raise invalid(f"{column.name} not specified", "MISSING_ARGUMENT", [])
        return writer.upsert(name, column.name, str(value or ""), rest)

    return _each(org, _records(body), write, all_or_none=body.get("allOrNone") is True, upserted=True)


def delete_many(org: Org, asked: Asked) -> Answer:
    """Answer ``DELETE /composite/sobjects?ids=…``."""
    writer = Writer(org, asked.who.user)
    records: list[Values] = [{"Id": identifier} for identifier in asked.names("ids")]

    def write(values: Values) -> Saved:
        whole = canonical(str(values["Id"]))
        kind = PREFIXES.get(whole[:3]) if whole else None
        if kind is None:
            raise invalid(f"malformed id {values['Id']}", "MALFORMED_ID", [])
        return writer.delete(kind.name, known(values["Id"], kind.name))

    return _each(org, records, write, all_or_none=asked.flag("allOrNone"))


def read_many(org: Org, asked: Asked) -> Answer:
    """Answer ``GET`` and ``POST /composite/sobjects/{name}``: records by their ids, null for one that is not there."""
    kind = readable_named(org, asked, asked.segments[5])
    body = asked.json() if asked.method == "POST" else {}
    ids = strings(body, "ids") or asked.names("ids")
    fields = strings(body, "fields") or asked.names("fields")
    if not ids or not fields:
        raise invalid(f"The required parameter {'fields' if ids else 'ids'} is missing", "MISSING_ARGUMENT")
    if len(ids) > READ_MOST:
        raise _too_many(READ_MOST)
    columns = chosen(asked.who.user, kind, fields)
    if all(column.name != "Id" for column in columns):
        columns = (*columns, kind.by_name["id"])
    rows = (org.tables[kind.name].rows.get(canonical(identifier) or "") for identifier in ids)
    found: list[Json] = [
        None if row is None or row.get("IsDeleted") else record(kind, row, columns, asked.root) for row in rows
    ]
    return Answer(200, found)


def _each(
    org: Org,
    records: Sequence[Values],
    write: Callable[[Values], Saved],
    *,
    all_or_none: bool,
    upserted: bool = False,
) -> Answer:
    if len(records) > WRITTEN_MOST:
        raise _too_many(WRITTEN_MOST)
    with org.transaction() as undo:
        outcomes = [_one(write, values) for values in records]
        if all_or_none and any(outcome.error for outcome in outcomes):
            undo()
            outcomes = [_Outcome(error=outcome.error or _rolled_back()) for outcome in outcomes]
    return Answer(200, [outcome.told(upserted=upserted) for outcome in outcomes])


def _one(write: Callable[[Values], Saved], values: Values) -> _Outcome:
    """Write one record; what is no record of the org at all fails the whole request, as it cannot be read."""
    try:
        return _Outcome(write(values))
    except Ambiguous:
        return _Outcome(error=invalid("more than one record found for external id field", "DUPLICATE_EXTERNAL_ID", []))
    except ApiError as refused:
        if refused.code == _UNREADABLE or (refused.code == "INVALID_FIELD" and refused.fields is None):
            raise
        return _Outcome(error=in_bulk(refused))
    except Refusal as refused:
        raise invalid(str(refused), "UNKNOWN_EXCEPTION") from None


def in_bulk(refused: ApiError) -> ApiError:
    """Return the refusal as it reads among others, where no path says which record was meant."""
    if refused.code == "NOT_FOUND":
        return invalid("invalid cross reference id", "INVALID_CROSS_REFERENCE_KEY", [])
    return refused


def _records(body: Mapping[str, Json]) -> list[Values]:
    records = items(body, "records")
    if not records:
        raise invalid("The required parameter records is missing", "MISSING_ARGUMENT")
    return list[Values](records)


def _object(values: Values) -> str:
    """Return the object that a record says it is of."""
    told = values.get("attributes")
    name = told.get("type") if isinstance(told, dict) else None
    if not isinstance(name, str) or name.lower() not in NAMES:
        raise invalid(f"sObject type '{name}' is not supported.", "INVALID_TYPE", [])
    return name


def apart(values: Values, name: str) -> tuple[Json, Values]:
    """Return the value of one field, and the record without it."""
    value = next((each for key, each in values.items() if key.lower() == name.lower()), None)
    return value, {key: each for key, each in values.items() if key.lower() != name.lower()}


def known(identifier: Json, name: str) -> str:
    """Return an id that can be one of the object's."""
    if identifier is None:
        raise invalid("Id not specified in an update call", "MISSING_ARGUMENT", ["Id"])
    whole = canonical(str(identifier))
    kind = PREFIXES.get(whole[:3]) if whole else None
    if whole is None or kind is None or kind.name.lower() != name.lower():
        raise invalid(f"{NAMES[name.lower()]} ID: id value of incorrect type: {identifier}", "MALFORMED_ID", ["Id"])
    return whole


def _rolled_back() -> ApiError:
    message = "Record rolled back because not all records were valid and the request was using AllOrNone header"
    return invalid(message, "ALL_OR_NONE_OPERATION_ROLLED_BACK", [])


def _too_many(most: int) -> ApiError:
    message = f"record limit reached. cannot submit more than {most} records into this call"
    return invalid(message, "EXCEEDED_ID_LIMIT")
