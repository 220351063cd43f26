"""What an entry says of a call and its end, before anything is known of what was released."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from policy_gateway.audit.entry import Body, plain
from policy_gateway.errors import (
    Denied,
    FieldRefused,
    GatewayError,
    NotAuthenticated,
    PurposeMissing,
    PurposeRefused,
    Refused,
)
from policy_gateway.model.decision import Decision, Deny, DenyKind, Permit
from policy_gateway.query import Call, Change, Child, Query, Verify, searched_paths

PERMIT = "permit"
DENY = "deny"
ERROR = "error"

_DENIALS = (Denied, FieldRefused, NotAuthenticated, PurposeMissing, PurposeRefused)


def verdict(decision: Decision | None, error: BaseException | None) -> str:
    """Return how an attempt ended: what policy permitted stays a permit when the CRM's state then refuses it."""
    if error is None or isinstance(error, Refused):
        permitted = isinstance(decision, Permit) and not isinstance(error, _DENIALS)
        return PERMIT if permitted else DENY
    return ERROR


def code_of(error: BaseException | None) -> str:
    """Return the error's stable code."""
    if isinstance(error, GatewayError):
        return error.code
    if isinstance(error, asyncio.CancelledError):
        return "cancelled"
    return "" if error is None else "internal-error"


def about_paths(call: Call, *, known: bool) -> Body:
    """Return the paths that the call searches and writes; only how many when they may be names that do not exist."""
    operation = call.operation
    if isinstance(operation, Change):
        return _named("written", frozenset(operation.values), known=known)
    if isinstance(operation, Verify):
        return _named("searched", frozenset({operation.path}), known=known)
    if isinstance(operation, Query) and not _is_plain(operation):
        return _named("searched", frozenset().union(*map(searched_paths, _queries(operation))), known=known)
    return {}


def refused_fields(decision: Decision | None) -> Body:
    """Return the fields that a call in a CRM's dialect may not use; they exist, so naming them is safe here."""
    match decision:
        case Deny(fields=refused) | Permit(left_out=refused):
            pass
        case None:
            refused = ()
    return {"refused": [plain(path) for path in sorted(refused)]} if refused else {}


def names_are_known(decision: Decision | None, error: BaseException | None) -> bool:
    """Tell whether policy has seen the call's names and refused none of them."""
    refused = isinstance(error, FieldRefused) or (isinstance(decision, Deny) and decision.kind is DenyKind.FIELD)
    return decision is not None and not refused


def _named(key: str, paths: frozenset[str], *, known: bool) -> Body:
    if not paths:
        return {}
    if known:
        return {key: [plain(path) for path in sorted(paths)]}
    return {f"{key}_count": len(paths)}


def _is_plain(query: Query) -> bool:
    """Tell at a glance that *query* searches nothing: it asks for one record, by paths."""
    return query.target is not None and query.where is None and not query.select


def _queries(query: Query) -> Iterator[Query]:
    yield query
    for item in query.select:
        if isinstance(item, Child):
            yield from _queries(item.query)
