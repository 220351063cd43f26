"""Errors as RFC 9457 problems: the only place that knows status codes.

What a problem says depends on the error's code alone, except for refusals whose detail cannot tell anything about a
record. For :class:`FieldRefused` the bytes are the same whether the field is hidden or does not exist; a pointer is
there only when the gateway says that the caller knows the field.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import orjson

from policy_gateway import errors, wire
from policy_gateway.web import refusals
from policy_gateway.web.phrases import german
from policy_gateway.web.texts import ENGLISH, GERMAN

MEDIA_TYPE: Final = b"application/problem+json"
INTERNAL: Final = "internal-error"
LONGEST_WAIT: Final = 3600

STATUS: Final[Mapping[type[errors.GatewayError], int]] = MappingProxyType(
    {
        errors.GatewayError: 500,
        errors.ConfigurationError: 500,
        errors.Refused: 400,
        errors.NotAuthenticated: 401,
        errors.PurposeMissing: 400,
        errors.PurposeRefused: 403,
        errors.Denied: 403,
        errors.FieldRefused: 403,
        errors.InvalidCall: 400,
        errors.RecordNotFound: 404,
        errors.ConnectionNotFound: 404,
        errors.Conflict: 409,
        errors.AttemptsExhausted: 429,
        errors.PreconditionFailed: 412,
        errors.PreconditionRequired: 428,
        errors.UpstreamError: 502,
        errors.UpstreamTimeout: 504,
        errors.UpstreamUnavailable: 503,
        errors.UpstreamInvalid: 502,
        errors.UpstreamRefused: 502,
        errors.RateLimited: 503,
        errors.SafeguardError: 503,
        refusals.Forged: 403,
        refusals.NotAcceptable: 406,
        wire.MethodRefused: 405,
        wire.PathUnknown: 404,
        wire.BodyTooSlow: 408,
        wire.BodyTooLarge: 413,
        wire.MediaTypeRefused: 415,
        refusals.HeadersTooMany: 431,
    }
)

SPECIFIC: Final = (errors.InvalidCall, errors.Conflict)
"""Errors whose own detail may be shown: it speaks of the call's form, never of a record."""

CLOSING: Final = (wire.BodyTooLarge, wire.BodyTooSlow, refusals.HeadersTooMany, refusals.Smuggled)
"""Errors after which the rest of the connection cannot be trusted, or is not worth waiting for."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem: its *status*, the *members* of its JSON object, and the *headers* that it brings."""

    status: int
    members: Mapping[str, object]
    headers: tuple[tuple[bytes, bytes], ...] = ()

    def body(self) -> bytes:
        """Return the JSON text."""
        return orjson.dumps(self.members)


def problem_of(error: BaseException, *, correlation: str, language: str = "en") -> Problem:
    """Return what the caller learns of *error*; of anything that is no GatewayError, only that it happened."""
    status = status_of(error)
    code = error.code if isinstance(error, errors.GatewayError) and status != STATUS[errors.GatewayError] else INTERNAL
    text = (GERMAN if language == "de" else ENGLISH).get(code) or ENGLISH[INTERNAL]
    members: dict[str, object] = {
        "type": f"/problems#{code}",
        "title": text.title,
        "status": status,
        "code": code,
        "detail": text.detail,
    }
    if found := _flaws(error, language, text.detail):
        members["errors"] = found
    members["correlation_id"] = correlation
    return Problem(status, members, _headers(error))


def status_of(error: BaseException) -> int:
    """Return the HTTP status of *error*."""
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), STATUS[errors.GatewayError])


def language_of(accept_language: str) -> str:
    """Return ``de`` or ``en``, whichever an Accept-Language header prefers; English when it does not say."""
    best, language = 0.0, "en"
    for part in accept_language.split(",")[:20]:
        tag, _, weight = part.strip().partition(";")
        primary = tag.strip().lower().partition("-")[0]
        quality = _quality(weight)
        if primary in {"de", "en"} and quality > best:
            best, language = quality, primary
    return language


def _quality(weight: str) -> float:
    name, _, number = weight.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(number)
    except ValueError:
        return 0.0


def _flaws(error: BaseException, language: str, usual: str) -> list[dict[str, str]]:
    match error:
        case refusals.Malformed(flaws=flaws):
            found = [(flaw.pointer, flaw.detail) for flaw in flaws]
        case errors.GatewayError(detail=detail, pointer=pointer) if isinstance(error, SPECIFIC):
            found = [(pointer, detail)] if pointer or detail != error.summary else []
        case errors.FieldRefused(pointer=pointer):
            return [{"pointer": pointer, "detail": usual}] if pointer else []
        case _:
            return []
    return [{"pointer": where, "detail": german(what) if language == "de" else what} for where, what in found]


def _headers(error: BaseException) -> tuple[tuple[bytes, bytes], ...]:
    match error:
        case errors.NotAuthenticated():
            return ((b"www-authenticate", b'Bearer realm="policy-gateway"'),)
        case errors.RateLimited(retry_after=seconds):
            return ((b"retry-after", str(min(max(seconds, 1), LONGEST_WAIT)).encode()),)
        case wire.MethodRefused(allow=allow):
            return ((b"allow", ", ".join(allow).encode()),)
        case _ if isinstance(error, CLOSING):
            return ((b"connection", b"close"),)
        case _:
            return ()
