"""HubSpot's answers, and what they mean in the gateway's words. Its own text is never passed on."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import orjson

from policy_gateway.errors import (
    Conflict,
    GatewayError,
    InvalidCall,
    RateLimited,
    RecordNotFound,
    UpstreamInvalid,
    UpstreamRefused,
    UpstreamUnavailable,
)
from policy_gateway.model.field import RecordId
from policy_gateway.records import Outcome, OutcomeKind, Record, Response
from policy_gateway_hubspot.mapping import ID, Plan

_UNAVAILABLE: Final = frozenset({423, 502, 503, 504, 521, 522, 523, 524})
_LIMITED: Final = frozenset({429, 477})
_SERVER_ERROR: Final = 500
_CLIENT_ERROR: Final = 400
_NOT_FOUND: Final = 404
_WAITS: Final = MappingProxyType({"SECONDLY": 1, "TEN_SECONDLY_ROLLING": 10, "DAILY": 300})
"""Seconds to wait by the limit that was hit, for answers without ``Retry-After``."""


def content(response: Response, *expected: int, natives: Mapping[str, str] | None = None) -> object:
    """Return the JSON of a *response* whose status is *expected*; of all others raise what they mean.

    *natives* says which path a property of a write came from, so that a refused value can be pointed at.
    """
    if response.status not in expected:
        raise _meaning(response, natives or {})
    return parsed(response)


def content_of_one(response: Response, *expected: int, natives: Mapping[str, str] | None = None) -> object:
    """Return the same of a response about one record, which may not exist."""
    if response.status == _NOT_FOUND:
        raise RecordNotFound
    return content(response, *expected, natives=natives)


def parsed(response: Response) -> object:
    """Return the JSON of *response*; UpstreamInvalid when it is none."""
    try:
        return orjson.loads(response.body)
    except orjson.JSONDecodeError:
        raise UpstreamInvalid from None


def _meaning(response: Response, natives: Mapping[str, str]) -> GatewayError:
    match response.status:
        case 400:
            return _refused_value(response, natives)
        case 401:
            return UpstreamRefused("HubSpot does not accept the connection's token")
        case 403:
            return UpstreamRefused("HubSpot's token of this connection lacks a scope")
        case 409:
            return Conflict("another record already has a value that must be unique")
        case status if status in _LIMITED:
            return RateLimited(retry_after=_wait(response))
        case status if status in _UNAVAILABLE or status >= _SERVER_ERROR:
            return UpstreamUnavailable()
        case status if status >= _CLIENT_ERROR:
            return UpstreamRefused()
        case _:
            return UpstreamInvalid()


def _refused_value(response: Response, natives: Mapping[str, str]) -> GatewayError:
    """Return which of the written fields HubSpot does not take; what it says beyond that may quote other records."""
    for name in _complaints(response):
        if path := natives.get(name):
            return InvalidCall("HubSpot does not accept a value", pointer=f"/{path}")
    return InvalidCall("HubSpot does not accept a value") if natives else UpstreamRefused()


def _complaints(response: Response) -> list[str]:
    match _lenient(response):
        case {"errors": list(errors)}:
            return [name for error in errors for name in _names(error)]
        case _:
            return []


def _names(error: object) -> list[str]:
    match error:
        case {"context": {"propertyName": [*names]}}:
            return [name for name in names if isinstance(name, str)]
        case _:
            return []


def _wait(response: Response) -> int:
    after = response.headers.get("retry-after", "")
    if after.isascii() and after.isdigit():
        return int(after[:9])
    match _lenient(response):
        case {"policyName": str(policy)}:
            return _WAITS.get(policy, 1)
        case _:
            return 1


def _lenient(response: Response) -> object:
    try:
        return orjson.loads(response.body)
    except orjson.JSONDecodeError:
        return None


def page(answer: object, plan: Plan, limit: int) -> tuple[tuple[Record, ...], str]:
    """Return the records of a list or search, and where the next page starts. UpstreamInvalid for too many."""
    match answer:
        case {"results": list(results), **rest} if len(results) <= limit:
            return tuple(plan.record(each) for each in results), after_of(rest.get("paging"))
        case _:
            raise UpstreamInvalid


def after_of(paging: object) -> str:
    """Return where the next page starts; empty when this is the last."""
    match paging:
        case None:
            return ""
        case {"next": {"after": str(after)}}:
            return after
        case {"next": None}:
            return ""
        case dict() if "next" not in paging:
            return ""
        case _:
            raise UpstreamInvalid


def only_missing(answer: object) -> bool:
    """Tell whether nothing but missing records went wrong in a batch."""
    match answer:
        case {"errors": list(errors)}:
            return all(isinstance(each, dict) and each.get("category") == "OBJECT_NOT_FOUND" for each in errors)
        case _:
            return True


def done(answer: object, target: str | None) -> Outcome:
    """Return that a write was applied. UpstreamInvalid when the answer is about another record, or about none."""
    match answer:
        case {"id": str(record_id)} if ID.fullmatch(record_id) and target in {None, record_id}:
            return Outcome(OutcomeKind.DONE, RecordId(record_id))
        case _:
            raise UpstreamInvalid
