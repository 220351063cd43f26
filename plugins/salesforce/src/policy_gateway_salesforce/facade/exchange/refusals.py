"""How the facade refuses: in the vendor's shapes and words, and never in the words of the CRM behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from policy_gateway import errors
from policy_gateway.wire import Json
from policy_gateway_salesforce.facade.exchange.answers import Answer

NO_RESOURCE: Final = "The requested resource does not exist"


class Refusal(Exception):
    """The facade refuses, in the shape of the vendor's REST API: an array of one object.

    *fields* None leaves the key out, as the vendor does outside of writing.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        fields: Sequence[str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code)
        self.status, self.code, self.message = status, code, message
        self.fields = None if fields is None else tuple(fields)
        self.headers = headers or {}

    def told(self) -> dict[str, Json]:
        """Return the error as the array holds it."""
        told: dict[str, Json] = {"message": self.message, "errorCode": self.code}
        return told if self.fields is None else told | {"fields": list(self.fields)}

    def saved(self) -> dict[str, Json]:
        """Return the error as the outcome of one of many records holds it."""
        return {"statusCode": self.code, "message": self.message, "fields": list(self.fields or ())}

    def answer(self) -> Answer:
        """Return the refusal as it goes over the wire."""
        return Answer(self.status, [self.told()], self.headers)


def expired() -> Refusal:
    """Return a 401: no session, or none any more."""
    return Refusal(401, "INVALID_SESSION_ID", "Session expired or invalid")


def nowhere(message: str = NO_RESOURCE) -> Refusal:
    """Return a 404: there is no such thing, or none that the caller may know of."""
    return Refusal(404, "NOT_FOUND", message)


def invalid(message: str, code: str = "JSON_PARSER_ERROR") -> Refusal:
    """Return a 400."""
    return Refusal(400, code, message)


def not_offered(message: str) -> Refusal:
    """Return a 400 for what the vendor offers and the gateway cannot keep its promises in."""
    return Refusal(400, "API_DISABLED_FOR_ORG", message)


def wrong_method(method: str, allowed: Sequence[str]) -> Refusal:
    """Return a 405."""
    named = method if method.isascii() and method.isalpha() and len(method) <= 10 else "?"  # noqa: PLR2004 -- no echo
    message = f"HTTP Method '{named}' not allowed. Allowed are {','.join(allowed)}"
    return Refusal(405, "METHOD_NOT_ALLOWED", message, headers={"Allow": ", ".join(allowed)})


def unwritable(names: Sequence[str]) -> Refusal:
    """Return a 400 for fields that may not be written, or that there are not: nobody learns which."""
    listed = ", ".join(names)
    message = (
        f"Unable to create/update fields: {listed}. Please check the security settings of this field and verify that "
        "it is read/write for your profile or permission set."
    )
    return Refusal(400, "INVALID_FIELD_FOR_INSERT_UPDATE", message, fields=names)


def no_column(name: str, entity: str) -> Refusal:
    """Return a 400 for a field that may not be read, or that there is not: nobody learns which."""
    return Refusal(400, "INVALID_FIELD", f"No such column '{name}' on sobject of type {entity}")


@dataclass(frozen=True, slots=True)
class _Said:
    """What the vendor would say."""

    status: int
    code: str
    message: str


_LOGIN: Final = _Said(401, "INVALID_SESSION_ID", "Session expired or invalid")
_ACCESS: Final = _Said(403, "INSUFFICIENT_ACCESS", "You do not have access to this operation for this purpose")
_DOWN: Final = _Said(503, "SERVER_UNAVAILABLE", "The server is temporarily unavailable. Please try again later.")
_QUOTA: Final = _Said(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
_BROKEN: Final = _Said(500, "UNKNOWN_EXCEPTION", "An unexpected error occurred. Please try again later.")
_TABLE: Final[Mapping[type[errors.GatewayError], _Said]] = MappingProxyType(
    {
        errors.GatewayError: _BROKEN,
        errors.Refused: _Said(400, "INVALID_OPERATION", "This request is not accepted"),
        errors.NotAuthenticated: _LOGIN,
        errors.PurposeMissing: _ACCESS,
        errors.PurposeRefused: _ACCESS,
        errors.Denied: _ACCESS,
        errors.InvalidCall: _Said(400, "INVALID_OPERATION", "This request is not accepted"),
        errors.RecordNotFound: _Said(404, "NOT_FOUND", NO_RESOURCE),
        errors.ConnectionNotFound: _Said(404, "NOT_FOUND", NO_RESOURCE),
        errors.AttemptsExhausted: _QUOTA,
        errors.Conflict: _Said(
            400, "DUPLICATE_VALUE", "duplicate value found: <unknown> duplicates value on record with id: <unknown>"
        ),
        errors.PreconditionFailed: _Said(
            412, "PRECONDITION_FAILED", "The record has been changed since it was read. Read it again."
        ),
        errors.PreconditionRequired: _Said(412, "PRECONDITION_FAILED", "Read the record before it is changed."),
        errors.UpstreamError: _DOWN,
        errors.UpstreamInvalid: _BROKEN,
        errors.UpstreamRefused: _Said(400, "CANNOT_EXECUTE_OPERATION", "The request is not accepted by the org"),
        errors.RateLimited: _QUOTA,
        errors.SafeguardError: _DOWN,
    }
)


def refusal_of(error: errors.GatewayError) -> Refusal:
    """Return how the vendor would say *error*: by what kind it is alone, never in anybody's words but the caller's."""
    match error:
        case errors.FieldRefused():
            return invalid(_FIELD, "INVALID_FIELD")
        case errors.RateLimited(retry_after=seconds):
            return Refusal(_QUOTA.status, _QUOTA.code, _QUOTA.message, headers={"Retry-After": str(seconds)})
        case _:
            pass
    said = next(_TABLE[kind] for kind in type(error).__mro__ if kind in _TABLE)
    return Refusal(said.status, said.code, said.message)


_FIELD: Final = "The request uses a field that does not exist or is not accessible"
