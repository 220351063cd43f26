"""Salesforce's answers, and what they mean in the gateway's words. Its own text is never passed on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import orjson

from policy_gateway.errors import (
    Conflict,
    GatewayError,
    InvalidCall,
    PreconditionFailed,
    RateLimited,
    RecordNotFound,
    UpstreamInvalid,
    UpstreamRefused,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from policy_gateway.model.field import RecordId
from policy_gateway.records import Outcome, OutcomeKind, Response, nothing
from policy_gateway_salesforce.ids import canonical

LIMITS: Final = "Sforce-Limit-Info"
EXPIRED: Final = "INVALID_SESSION_ID"

_USAGE: Final = re.compile(r"api-usage=([0-9]{1,10})/([0-9]{1,10})", re.ASCII)
_DAY: Final = 300
_SERVER_ERROR: Final = 500
_CLIENT_ERROR: Final = 400
_SUCCESS: Final = range(200, 300)

_GONE: Final = frozenset({"ENTITY_IS_DELETED", "NOT_FOUND"})
_LIMITED: Final = frozenset({"REQUEST_LIMIT_EXCEEDED", "TOO_MANY_REQUESTS", "CONCURRENT_REQUESTS_LIMIT_EXCEEDED"})
_TAKEN: Final = MappingProxyType(
    {
        "DUPLICATE_VALUE": "another record already has a value that must be unique",
        "DUPLICATES_DETECTED": "the CRM takes this for a record that it already has",
        "DUPLICATE_EXTERNAL_ID": "another record already has a value that must be unique",
        "UNABLE_TO_LOCK_ROW": "somebody else is changing the record: try again",
    }
)
_BAD_VALUES: Final = frozenset(
    {
        "FIELD_CUSTOM_VALIDATION_EXCEPTION",
        "FIELD_FILTER_VALIDATION_EXCEPTION",
        "FIELD_INTEGRITY_EXCEPTION",
        "INACTIVE_OWNER_OR_USER",
        "INVALID_CROSS_REFERENCE_KEY",
        "INVALID_EMAIL_ADDRESS",
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        "INVALID_TYPE_ON_FIELD_IN_RECORD",
        "JSON_PARSER_ERROR",
        "MALFORMED_ID",
        "NUMBER_OUTSIDE_VALID_RANGE",
        "REQUIRED_FIELD_MISSING",
        "STRING_TOO_LONG",
    }
)


@dataclass(frozen=True, slots=True)
class Complaint:
    """One error as the vendor tells it, without its words: its *code*, and the *fields* that it names."""

    code: str
    fields: tuple[str, ...] = ()


def content(response: Response, natives: Mapping[str, str] | None = None) -> object:
    """Return the JSON of a *response* that went well, None when it has no body; of all others raise what they mean.

    *natives* says which path a field of a write came from, so that a refused value can be pointed at.
    """
    if response.status not in _SUCCESS:
        raise _meaning(response, natives)
    return parsed(response) if response.body else None


def content_of_one(response: Response, natives: Mapping[str, str] | None = None) -> object:
    """Return the same of a response about one record, which may not exist."""
    if response.status == 404 and _GONE.intersection(_codes(response)):  # noqa: PLR2004 -- Not Found
        raise RecordNotFound
    return content(response, natives)


def parsed(response: Response) -> object:
    """Return the JSON of *response*; UpstreamInvalid when it is none."""
    try:
        return orjson.loads(response.body)
    except orjson.JSONDecodeError:
        raise UpstreamInvalid from None


def expired(response: Response) -> bool:
    """Tell whether Salesforce does not know the session (any more)."""
    return response.status == 401 and EXPIRED in _codes(response)  # noqa: PLR2004 -- Unauthorized


def limits(response: Response) -> Mapping[str, str]:
    """Return what the vendor said of the org's quota, as its header; nothing of other applications in it."""
    found = _USAGE.search(response.headers.get(LIMITS.lower(), ""))
    return {LIMITS: f"api-usage={found[1]}/{found[2]}"} if found else nothing()


def created(answer: object, told: Mapping[str, str]) -> Outcome:
    """Return that a record was created. UpstreamInvalid when the answer names none."""
    match answer:
        case {"id": str(record_id), "success": True} if canonical(record_id) == record_id:
            return Outcome(OutcomeKind.DONE, RecordId(record_id), told)
        case _:
            raise UpstreamInvalid


def _meaning(response: Response, natives: Mapping[str, str] | None) -> GatewayError:
    complaints = tuple(_complaints(response))
    codes = {each.code for each in complaints}
    if response.status in {403, 429, 503} and (codes & _LIMITED or response.status == 429):  # noqa: PLR2004 -- too many
        return RateLimited(retry_after=_wait(response, codes))
    match response.status:
        case 400:
            return _refused(complaints, natives)
        case 401:
            return UpstreamRefused("Salesforce does not accept the connection's login")
        case 403:
            return UpstreamRefused("the user of this connection may not do that in Salesforce")
        case 412:
            return PreconditionFailed()
        case status if status >= _SERVER_ERROR:
            return UpstreamUnavailable()
        case status if status >= _CLIENT_ERROR:
            return UpstreamRefused()
        case _:
            return UpstreamInvalid()


def _refused(complaints: tuple[Complaint, ...], natives: Mapping[str, str] | None) -> GatewayError:
    """Return what a 400 means; what the vendor says beyond its code may quote other records."""
    codes = {each.code for each in complaints}
    if natives is None:
        return _refused_query(codes)
    if taken := codes & _TAKEN.keys():
        return Conflict(_TAKEN[min(taken)])
    if "ENTITY_IS_DELETED" in codes:
        return RecordNotFound()
    for each in complaints:
        if each.code in _BAD_VALUES:
            path = next((natives[name] for name in each.fields if name in natives), "")
            where = f"/{path}" if path else ""
            return InvalidCall("Salesforce does not accept a value", pointer=where, native=each.code)
    return UpstreamRefused("the user of this connection may not change that in Salesforce")


def _refused_query(codes: set[str]) -> GatewayError:
    if "INVALID_QUERY_LOCATOR" in codes:
        return InvalidCall("the cursor has come to its end: start again")
    if "QUERY_TIMEOUT" in codes:
        return UpstreamTimeout()
    return UpstreamRefused()


def _codes(response: Response) -> set[str]:
    return {each.code for each in _complaints(response)}


def _complaints(response: Response) -> Iterable[Complaint]:
    try:
        told: object = orjson.loads(response.body)
    except orjson.JSONDecodeError:
        return
    for each in told if isinstance(told, list) else ():
        match each:
            case {"errorCode": str(code), **rest}:
                fields = rest.get("fields")
                yield Complaint(code, tuple(map(str, fields)) if isinstance(fields, list) else ())
            case _:
                continue


def _wait(response: Response, codes: set[str]) -> int:
    """Return how many seconds to wait: as long as the vendor says, or as the limit that was hit makes likely."""
    after = response.headers.get("retry-after", "")
    if after.isascii() and after.isdigit():
        return int(after[:9])
    return _DAY if "REQUEST_LIMIT_EXCEEDED" in codes else 1
