"""The endpoints of single records: get, create, update, delete, by id or by what else they are known by."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from policy_gateway_salesforce.sandbox.describing import summary
from policy_gateway_salesforce.sandbox.kinds import KINDS
from policy_gateway_salesforce.sandbox.schema import Column, Kind, Type
from policy_gateway_salesforce.sandbox.state import Org, Row, stamp
from policy_gateway_salesforce.sandbox.values import attributes, chosen, moment_of, record
from policy_gateway_salesforce.sandbox.wire import Answer, Asked, Json, invalid, not_found
from policy_gateway_salesforce.sandbox.writing import Ambiguous, Saved, Writer

RECENT: Final = 10
_KEPT_DAYS: Final = 30


def readable(org: Org, asked: Asked) -> Kind:
    """Return the object that the path names, which the user may read."""
    return readable_named(org, asked, asked.segments[4])


def readable_named(org: Org, asked: Asked, name: str) -> Kind:
    """Return the object *name*, which the user may read."""
    kind = org.table(name).kind
    if not asked.who.user.may("read", kind):
        raise not_found()
    return kind


def about(org: Org, asked: Asked) -> Answer:
    """Answer ``GET /sobjects/{name}``: the object, and what was seen of it lately."""
    kind, user = readable(org, asked), asked.who.user
    rows = sorted(org.tables[kind.name].live(), key=_modified, reverse=True)[:RECENT]
    recent: list[Json] = [_brief(kind, row, asked) for row in rows]
    return Answer(200, {"objectDescribe": summary(kind, user, asked.root), "recentItems": recent})


def recent(org: Org, asked: Asked) -> Answer:
    """Answer ``GET /recent``: what was changed last."""
    limit = asked.one("limit", "200")
    if not limit.isdigit():
        raise invalid("limit must be a number", "INVALID_QUERY_FILTER_OPERATOR")
    user = asked.who.user
    kinds = [kind for kind in KINDS.values() if kind.writable and kind.searchable and user.may("read", kind)]
    found = [(kind, row) for kind in kinds for row in org.tables[kind.name].live()]
    found.sort(key=lambda each: _modified(each[1]), reverse=True)
    return Answer(200, [_brief(kind, row, asked) for kind, row in found[: int(limit)]])


def create(org: Org, asked: Asked) -> Answer:
    """Answer ``POST /sobjects/{name}``."""
    saved = Writer(org, asked.who.user).create(asked.segments[4], asked.json())
    location = f"{asked.root}/sobjects/{org.table(asked.segments[4]).kind.name}/{saved.id}"
    return Answer(201, _told(saved), {"location": location})


def get(org: Org, asked: Asked) -> Answer:
    """Answer ``GET /sobjects/{name}/{id}``, with the fields that are asked for or all."""
    kind = readable(org, asked)
    row = Writer(org, asked.who.user).existing(kind, asked.segments[5])
    return Answer(200, record(kind, row, _wanted(kind, asked), asked.root))


def update(org: Org, asked: Asked) -> Answer:
    """Answer ``PATCH /sobjects/{name}/{id}``."""
    Writer(org, asked.who.user).update(asked.segments[4], asked.segments[5], asked.json())
    return Answer(204)


def delete(org: Org, asked: Asked) -> Answer:
    """Answer ``DELETE /sobjects/{name}/{id}``."""
    Writer(org, asked.who.user).delete(asked.segments[4], asked.segments[5])
    return Answer(204)


def get_by(org: Org, asked: Asked) -> Answer:
    """Answer ``GET /sobjects/{name}/{field}/{value}``."""
    kind, writer = readable(org, asked), Writer(org, asked.who.user)
    row = _one(org, kind, writer.looked_up(kind, asked.segments[5]), asked)
    return Answer(200, record(kind, row, _wanted(kind, asked), asked.root))


def upsert(org: Org, asked: Asked) -> Answer:
    """Answer ``PATCH /sobjects/{name}/{field}/{value}``; older versions tell nothing of an update."""
    _, _, _, _, name, by, value = asked.segments
    saved = Writer(org, asked.who.user).upsert(name, by, value, asked.json())
    if saved.created:
        return Answer(201, _told(saved) | {"created": True})
    if float(asked.version) < 46:  # noqa: PLR2004 -- when the vendor changed it
        return Answer(204)
    return Answer(200, _told(saved) | {"created": False})


def create_by_id(org: Org, asked: Asked) -> Answer:
    """Answer ``POST /sobjects/{name}/Id``: an upsert without an id, which creates."""
    if asked.segments[5].lower() != "id":
        raise not_found()
    saved = Writer(org, asked.who.user).create(asked.segments[4], asked.json())
    return Answer(201, _told(saved) | {"created": True})


def delete_by(org: Org, asked: Asked) -> Answer:
    """Answer ``DELETE /sobjects/{name}/{field}/{value}``."""
    kind, writer = readable(org, asked), Writer(org, asked.who.user)
    row = _one(org, kind, writer.looked_up(kind, asked.segments[5]), asked)
    writer.delete(kind.name, str(row["Id"]))
    return Answer(204)


def updated(org: Org, asked: Asked) -> Answer:
    """Answer ``GET /sobjects/{name}/updated``: ids of what was changed in a span of time."""
    kind = readable(org, asked)
    start, end = _span(org, asked)
    ids: list[Json] = [row["Id"] for row in org.tables[kind.name].live() if start <= _modified(row) < end]
    return Answer(200, {"ids": ids, "latestDateCovered": end})


def deleted(org: Org, asked: Asked) -> Answer:
    """Answer ``GET /sobjects/{name}/deleted``: what was deleted in a span of time, and when."""
    kind = readable(org, asked)
    start, end = _span(org, asked)
    records: list[Json] = [
        {"id": row["Id"], "deletedDate": _modified(row)}
        for row in org.tables[kind.name].rows.values()
        if row.get("IsDeleted") and start <= _modified(row) < end
    ]
    earliest = stamp(org.clock() - timedelta(days=_KEPT_DAYS))
    covered = {"earliestDateAvailable": earliest, "latestDateCovered": end}
    return Answer(200, {"deletedRecords": records, **covered})


def _one(org: Org, kind: Kind, column: Column, asked: Asked) -> Row:
    value = asked.segments[6]
    if column.type is Type.ID:
        return Writer(org, asked.who.user).existing(kind, value)
    rows = org.tables[kind.name].holders(column, value)
    if not rows:
        raise not_found()
    if len(rows) > 1:
        raise Ambiguous(kind, rows)
    return rows[0]


def _wanted(kind: Kind, asked: Asked) -> Sequence[Column]:
    names = asked.names("fields")
    if not names:
        return asked.who.user.columns(kind)
    columns = chosen(asked.who.user, kind, names)
    return columns if any(column.name == "Id" for column in columns) else (*columns, kind.by_name["id"])


def _span(org: Org, asked: Asked) -> tuple[str, str]:
    start, end = (moment_of(asked.one(name).replace(" ", "+")) for name in ("start", "end"))
    if start is None or end is None:
        raise invalid("start and end are date-times in ISO 8601", "INVALID_REPLICATION_DATE")
    if start >= end:
        raise invalid("endDate before startDate", "INVALID_REPLICATION_DATE")
    if org.clock() - datetime.fromisoformat(start) > timedelta(days=_KEPT_DAYS):
        raise invalid("startDate before org replication enabled date", "INVALID_REPLICATION_DATE")
    return start, end


def _modified(row: Row) -> str:
    return str(row.get("SystemModstamp", ""))


def _brief(kind: Kind, row: Row, asked: Asked) -> Json:
    name = kind.name_column.name
    return {"attributes": attributes(kind, row, asked.root), "Id": row["Id"], name: row.get(name)}


def _told(saved: Saved) -> dict[str, Json]:
    return {"id": saved.id, "success": True, "errors": []}
