"""Refusals in HubSpot's own words: ``{status, message, correlationId, category, …}``.

What a body says depends on the error's kind and on the caller's own words alone; nothing of what HubSpot said of an
error is ever passed on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from policy_gateway import errors
from policy_gateway.wire import Json, Reply, json_reply
from policy_gateway.wire.refusals import BodyTooLarge, BodyTooSlow, MediaTypeRefused, MethodRefused, PathUnknown

CORRELATION: Final = "x-hubspot-correlation-id"
VALIDATION: Final = "VALIDATION_ERROR"
NOT_FOUND: Final = "OBJECT_NOT_FOUND"
SCOPES: Final = "MISSING_SCOPES"
LONGEST_WORD: Final = 100
LONGEST_WAIT: Final = 3600
_POLICIES: Final = (("SECONDLY", 1), ("TEN_SECONDLY_ROLLING", 10))
"""HubSpot's quotas and the seconds after which its clients try again; they go by the name and the message alone."""

_DAILY: Final = "DAILY"

PROPERTY_UNKNOWN: Final = "PROPERTY_DOESNT_EXIST"
READ_ONLY: Final = "READ_ONLY_VALUE"


class Invalid(errors.InvalidCall):
    """A request that HubSpot would refuse as it stands; *complaints* are its ``errors``."""

    def __init__(self, message: str, complaints: Sequence[Mapping[str, Json]] = ()) -> None:
        super().__init__(message)
        self.complaints = tuple(complaints)


class PropertiesRefused(errors.FieldRefused):
    """Properties that may not be written: unknown ones and hidden ones alike, and known ones that are read only."""

    def __init__(self, unknown: Sequence[str], read_only: Sequence[str]) -> None:
        super().__init__(names=(*unknown, *read_only))
        self.unknown = tuple(unknown)
        self.read_only = tuple(read_only)


class ScopeMissing(errors.Denied):
    """What the caller's token does not cover; *scopes* would, if HubSpot were asked."""

    def __init__(self, *scopes: str) -> None:
        super().__init__()
        self.scopes = scopes


class TypeUnknown(errors.ConnectionNotFound):
    """An object type that the connection does not have; *word* is what the caller called it."""

    def __init__(self, word: str) -> None:
        super().__init__()
        self.word = word


class PropertyMissing(errors.FieldRefused):
    """A property that was asked for by *name*, and that the caller may know of no more than of one that is not."""

    def __init__(self, name: str) -> None:
        super().__init__(names=(name,))
        self.name = name


@dataclass(frozen=True, slots=True)
class Wording:
    """What is said of one error."""

    status: int
    category: str
    message: str
    more: Mapping[str, Json] = field(default_factory=dict)
    headers: tuple[tuple[str, str], ...] = ()

    def body(self, correlation: str) -> dict[str, Json]:
        """Return the body as HubSpot shapes it."""
        return {
            "status": "error",
            "message": self.message,
            "correlationId": correlation,
            "category": self.category,
            **self.more,
        }

    def item(self, ids: Sequence[str]) -> dict[str, Json]:
        """Return the same as one of a batch's ``errors``, about the inputs *ids*."""
        context: dict[str, Json] = {"ids": list[Json](ids)}
        said = self.more.get("context")
        return {
            "status": "error",
            "category": self.category,
            "message": self.message,
            "errors": self.more.get("errors", []),
            "links": self.more.get("links", {}),
            "context": {**(said if isinstance(said, dict) else {}), **context},
        }


_AUTHENTICATION: Final = Wording(
    401,
    "INVALID_AUTHENTICATION",
    "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find more "
    "details at https://developers.hubspot.com/docs/methods/auth/oauth-overview",
)
_MISSING: Final = Wording(404, NOT_FOUND, "Object not found.  objectId are usually numeric.")
_INTERNAL: Final = Wording(500, "INTERNAL_ERROR", "internal error")
_OUT_OF_SERVICE: Final = Wording(503, "SERVICE_UNAVAILABLE", "The service is temporarily unavailable.")

_PLAIN: Final[Mapping[type[errors.GatewayError], Wording]] = MappingProxyType(
    {
        errors.NotAuthenticated: _AUTHENTICATION,
        errors.RecordNotFound: _MISSING,
        errors.ConnectionNotFound: Wording(404, NOT_FOUND, "resource not found"),
        errors.Conflict: Wording(409, "CONFLICT", "Another record already has a value that must be unique."),
        errors.PreconditionRequired: Wording(409, "CONFLICT", "The record was changed meanwhile."),
        errors.PreconditionFailed: Wording(409, "CONFLICT", "The record was changed meanwhile."),
        errors.UpstreamTimeout: Wording(504, "GATEWAY_TIMEOUT", "The request took too long."),
        errors.UpstreamUnavailable: _OUT_OF_SERVICE,
        errors.UpstreamError: Wording(502, "BAD_GATEWAY", "The CRM could not answer."),
        errors.SafeguardError: _OUT_OF_SERVICE,
        errors.ConfigurationError: _INTERNAL,
        PathUnknown: Wording(404, NOT_FOUND, "resource not found"),
        MethodRefused: Wording(405, "METHOD_NOT_ALLOWED", "Method not allowed"),
        BodyTooSlow: Wording(408, "REQUEST_TIMEOUT", "The request's body did not arrive in time."),
        BodyTooLarge: Wording(413, VALIDATION, "The request's body is too large."),
        MediaTypeRefused: Wording(415, VALIDATION, "Unsupported media type"),
        errors.InvalidCall: Wording(400, VALIDATION, "There was a problem with the request."),
    }
)


def worded(error: errors.GatewayError, scopes: Sequence[str] = ()) -> Wording:
    """Return what the caller learns of *error*; *scopes* are those that HubSpot would ask for here."""
    match error:
        case Invalid(detail=message, complaints=complaints):
            return Wording(
                400, VALIDATION, message, {"errors": list[Json](map(dict, complaints))} if complaints else {}
            )
        case errors.FieldRefused():
            return _fields(error)
        case TypeUnknown(word=word):
            return Wording(404, NOT_FOUND, f"Unable to infer object type from: {clipped(word)}")
        case errors.RateLimited() | errors.AttemptsExhausted():
            return _limited(error)
        case ScopeMissing(scopes=own):
            return _missing_scopes(own)
        case errors.Denied() | errors.PurposeRefused() | errors.PurposeMissing():
            return _missing_scopes(scopes)
        case _ if type(error) is errors.InvalidCall:
            return Wording(400, VALIDATION, f"There was a problem with the request: {error.detail}")
        case _:
            return next((_PLAIN[kind] for kind in type(error).__mro__ if kind in _PLAIN), _INTERNAL)


def refused(error: errors.GatewayError, correlation: str, scopes: Sequence[str] = ()) -> Reply:
    """Return *error* as HubSpot would answer it."""
    said = worded(error, scopes)
    return json_reply(said.body(correlation), said.status, ((CORRELATION, correlation), *said.headers))


def broken(status: int, code: str) -> Reply:
    """Return the answer to what never became a request, or broke."""
    del code
    said = next((each for each in _PLAIN.values() if each.status == status), _INTERNAL)
    return json_reply(said.body(""), said.status)


def complaint(name: str, code: str, message: str) -> dict[str, Json]:
    """Return the entry of ``errors`` for one property."""
    return {"message": message, "code": code, "context": {"propertyName": [clipped(name)]}}


def clipped(word: str) -> str:
    """Return as much of the caller's own *word* as is repeated to it."""
    return word[:LONGEST_WORD]


def _fields(error: errors.FieldRefused) -> Wording:
    match error:
        case PropertiesRefused(unknown=unknown, read_only=read_only):
            return _properties(unknown, read_only)
        case PropertyMissing(name=name):
            return Wording(404, NOT_FOUND, f"No property exists with name '{clipped(name)}'")
        case _:
            return _names(error.names)


def _names(names: Sequence[str]) -> Wording:
    """Say which names are no properties: the caller's own, whether there are such properties or not."""
    if not names:
        return Wording(400, VALIDATION, "There was a problem with the request. A name is not a valid property name")
    listed = [f"{clipped(name)} is not a valid property name" for name in names]
    return Wording(400, VALIDATION, f"There was a problem with the request. {'; '.join(listed)}")


def _properties(unknown: Sequence[str], read_only: Sequence[str]) -> Wording:
    complaints = [
        *(complaint(name, PROPERTY_UNKNOWN, f'Property "{clipped(name)}" does not exist') for name in unknown),
        *(
            complaint(name, READ_ONLY, f'"{clipped(name)}" is a read only property; its value cannot be set.')
            for name in read_only
        ),
    ]
    return Wording(400, VALIDATION, "Property values were not valid", {"errors": list[Json](complaints)})


def _missing_scopes(scopes: Sequence[str]) -> Wording:
    needed: Json = [
        {
            "message": "One or more of the following scopes are required.",
            "context": {"requiredGranularScopes": list[Json](scopes)},
        }
    ]
    return Wording(
        403,
        SCOPES,
        "This app hasn't been granted all required scopes to make this call.",
        {"errors": needed, "links": {"scopes": "https://developers.hubspot.com/scopes"}},
    )


def _limited(error: errors.GatewayError) -> Wording:
    wait = min(error.retry_after, LONGEST_WAIT) if isinstance(error, errors.RateLimited) else LONGEST_WAIT
    policy = next((name for name, longest in _POLICIES if wait <= longest), _DAILY)
    return Wording(
        429,
        "RATE_LIMITS",
        f"You have reached your {policy.lower()} limit.",
        {"errorType": "RATE_LIMIT", "policyName": policy},
        (("retry-after", str(max(1, wait))),),
    )
