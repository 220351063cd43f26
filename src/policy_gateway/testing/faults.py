"""What goes wrong on the way to a CRM, as a transport around a transport that misbehaves on demand."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import TypeAlias

from policy_gateway.errors import (
    RateLimited,
    UpstreamError,
    UpstreamInvalid,
    UpstreamRefused,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from policy_gateway.records import Request, Response, Transport

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"

RETRY_AFTER = 7
"""The ``Retry-After`` of a RATE_LIMITED answer, in seconds."""

UNASKED = "Zq7-unasked-value"
"""The value of every field that EXTRA_FIELDS adds; it must never come out of an adapter."""


class Fault(StrEnum):
    """One way to misbehave."""

    TIMEOUT = "timeout"
    RESET = "reset"
    RATE_LIMITED = "rate-limited"
    UNAVAILABLE = "unavailable"
    ERROR_PAGE = "error-page"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    REDIRECT = "redirect"
    HTML = "html"
    TRUNCATED = "truncated"
    WRONG_SHAPE = "wrong-shape"
    WRONG_TYPE = "wrong-type"
    WRONG_RECORD = "wrong-record"
    EXTRA_FIELDS = "extra-fields"


def upstream_error(fault: Fault) -> type[UpstreamError] | None:
    """Return what an adapter must raise when a read meets *fault*; None when it must answer as if nothing had been."""
    match fault:
        case Fault.TIMEOUT:
            return UpstreamTimeout
        case Fault.RATE_LIMITED:
            return RateLimited
        case Fault.RESET | Fault.UNAVAILABLE:
            return UpstreamUnavailable
        case Fault.UNAUTHORIZED | Fault.FORBIDDEN:
            return UpstreamRefused
        case Fault.ERROR_PAGE:
            return UpstreamError
        case Fault.EXTRA_FIELDS:
            return None
        case _:
            return UpstreamInvalid


class FaultyTransport:
    """Passes requests on to *inner*, remembers them, and spoils the answers while a fault is set."""

    def __init__(self, inner: Transport) -> None:
        self._inner = inner
        self._fault: Fault | None = None
        self.requests: list[Request] = []
        self.retry_after = str(RETRY_AFTER)

    def misbehave(self, fault: Fault | None) -> None:
        """Spoil each answer by *fault* from now on; None: behave again."""
        self._fault = fault

    def forget(self) -> None:
        """Forget the requests seen so far."""
        self.requests.clear()

    async def send(self, request: Request) -> Response:
        """Answer *request* as the fault demands. A request that fails to connect never reaches the CRM."""
        self.requests.append(request)
        match self._fault:
            case Fault.TIMEOUT:
                raise UpstreamTimeout
            case Fault.RESET:
                raise UpstreamUnavailable
            case None:
                return await self._inner.send(request)
            case fault:
                return self._spoiled(fault) or _rewritten(fault, await self._inner.send(request))

    def _spoiled(self, fault: Fault) -> Response | None:
        page = {"content-type": "text/html; charset=utf-8"}
        body = b"<!doctype html><title>Oops</title><h1>Something went wrong</h1>"
        answers = {
            Fault.RATE_LIMITED: Response(429, {**page, "retry-after": self.retry_after}, body),
            Fault.UNAVAILABLE: Response(503, page, body),
            Fault.ERROR_PAGE: Response(500, page, body),
            Fault.UNAUTHORIZED: Response(401, page, body),
            Fault.FORBIDDEN: Response(403, page, body),
            Fault.REDIRECT: Response(302, {**page, "location": "http://169.254.169.254/latest/meta-data/"}, body),
            Fault.HTML: Response(200, page, body),
        }
        return answers.get(fault)


def _rewritten(fault: Fault, response: Response) -> Response:
    if fault is Fault.TRUNCATED:
        return replace(response, body=response.body[: len(response.body) // 2])
    if fault is Fault.WRONG_SHAPE:
        return replace(response, body=b'"unexpected"')
    try:
        document: Json = json.loads(response.body)
    except ValueError:
        return response
    changes = {Fault.WRONG_TYPE: _nested, Fault.WRONG_RECORD: _renumbered, Fault.EXTRA_FIELDS: _extended}
    return replace(response, body=json.dumps(changes[fault](document)).encode())


def _nested(document: Json) -> Json:
    """Put every scalar into an object of its own."""
    match document:
        case Mapping():
            return {key: _nested(value) for key, value in document.items()}
        case list():
            return [_nested(item) for item in document]
        case None:
            return None
        case _:
            return {"unexpected": document}


def _renumbered(document: Json) -> Json:
    """Add one to every id."""
    match document:
        case Mapping():
            return {key: _next(value) if key == "id" else _renumbered(value) for key, value in document.items()}
        case list():
            return [_renumbered(item) for item in document]
        case _:
            return document


def _next(value: Json) -> Json:
    if isinstance(value, int):
        return value + 1
    return str(int(value) + 1) if isinstance(value, str) and value.isdecimal() else _renumbered(value)


def _extended(document: Json) -> Json:
    """Add to every object a field nobody asked for, and each of its own fields in capitals."""
    match document:
        case Mapping():
            capitals: dict[str, Json] = {key.upper(): UNASKED for key in document if key.upper() != key}
            own: dict[str, Json] = {key: _extended(value) for key, value in document.items()}
            return {**capitals, "unexpected": UNASKED, **own}
        case list():
            return [_extended(item) for item in document]
        case _:
            return document
