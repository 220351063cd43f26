"""Narrow a call to its permit before anything is asked of a CRM."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from policy_gateway.errors import Denied, FieldRefused, PurposeMissing, PurposeRefused, RecordNotFound
from policy_gateway.model.decision import CLEAR, Decision, Deny, DenyKind, Grant, Permit
from policy_gateway.model.disclosure import Released
from policy_gateway.query import And, Call, Change, Child, Query, Selected, paths_of

MARGIN: Final = 200
"""How many more of what hangs on a record are asked for than are wanted: policy may thin them out."""


def require_purpose(call: Call) -> Call:
    """Return *call*; PurposeMissing when it does not say why it is made."""
    if not call.purpose:
        raise PurposeMissing
    return call


def require_permit(decision: Decision) -> Permit:
    """Return the permit, or raise what the caller may learn of the refusal.

    Only fields that the caller may know of are named (``Deny.paths`` holds no others).
    """
    match decision:
        case Permit():
            return decision
        case Deny(kind=DenyKind.PURPOSE):
            raise PurposeRefused
        case Deny(kind=DenyKind.FIELD, paths=(), words=words):
            raise FieldRefused(names=words)
        case Deny(kind=DenyKind.FIELD, paths=paths, words=words):
            raise FieldRefused(f"not permitted for {', '.join(paths)}", pointer=f"/{paths[0]}", names=words)
        case Deny():
            raise Denied


def narrow(query: Query, permit: Permit) -> Query:
    """Return *query* reduced to permitted fields and deciding attributes, with the conditions a CRM must filter by.

    So are the queries for what is related. No CRM groups anything: it would count what the caller may not see.
    """
    viewable = permit.viewable
    deciding = sorted((permit.residual.reads | paths_of(permit.search)).difference(viewable))
    where = query.where
    if permit.search is not None:
        where = permit.search if where is None else And((where, permit.search))
    selected: list[Selected] = [*viewable, *deciding]
    for one in permit.related:
        own = narrow(one.query, one.permit)
        if one.many:
            selected.append(Child(one.name, own if own.limit is None else replace(own, limit=own.limit + MARGIN)))
        else:
            selected += [f"{one.name}/{path}" for path in own.select if isinstance(path, str)]
    return replace(query, select=tuple(selected), where=where, group=())


def require_found(released: Released, call: Call) -> Released:
    """Return *released*; RecordNotFound when nothing is left of the one record that a query is for."""
    if not released.records and isinstance(call.operation, Query) and call.operation.target is not None:
        raise RecordNotFound
    return released


def require_readable(path: str, grant: Grant) -> None:
    """Refuse to look at *path* of a record unless all of it may be looked at."""
    if grant.levels.get(path) != CLEAR:
        raise FieldRefused


def require_writable(change: Change, grant: Grant) -> None:
    """Refuse *change* whole unless each of its fields may be written on this record.

    A silently dropped write looks like a success, so a partly permitted one is no option.
    """
    refused = tuple(path for path, level in grant.levels.items() if level != CLEAR)
    if refused or not grant.levels:
        raise FieldRefused(
            f"not permitted on this record: {', '.join(refused)}", pointer=f"/{refused[0]}" if refused else ""
        )
    if unruled := change.values.keys() - grant.levels.keys():
        raise FieldRefused(f"{len(unruled)} fields were not decided")
