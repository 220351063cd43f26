"""From ASGI to requests and replies, and from anything that breaks to the facade's own kind of error."""

from __future__ import annotations

import re
import traceback
from collections.abc import Awaitable, Callable
from types import MappingProxyType
from typing import Final

import structlog

from policy_gateway.errors import GatewayError, InvalidCall, NotAuthenticated
from policy_gateway.ports import AsgiApp, Message, Receive, Send
from policy_gateway.wire.asking import Ask
from policy_gateway.wire.refusals import BodyTooLarge, BodyTooSlow, MediaTypeRefused, MethodRefused, PathUnknown
from policy_gateway.wire.replying import SAFE, Reply

STATUS: Final = MappingProxyType(
    {
        InvalidCall: 400,
        NotAuthenticated: 401,
        PathUnknown: 404,
        MethodRefused: 405,
        BodyTooSlow: 408,
        BodyTooLarge: 413,
        MediaTypeRefused: 415,
    }
)
"""What reading a request may raise; all other errors are the facade's to translate, before they come here."""

BROKEN: Final = (500, "internal-error")
_NO_BODY: Final = frozenset({204, 304})
_NO_HEADER: Final = re.compile("[^\x20-\x7e\xa0-\xff]")
_log = structlog.get_logger()


def served(answer: Callable[[Ask], Awaitable[Reply]], broken: Callable[[int, str], Reply]) -> AsgiApp:
    """Return the app that answers by *answer*; what *answer* raises is told by *broken*, and by nothing else.

    *broken* makes an error as the facade's clients know it out of a status and a code: those of :data:`STATUS`, and
    500 ``internal-error`` for whatever else, of which the log holds the type and the places, and the caller nothing.
    """

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        correlation = str(scope.get("state", {}).get("correlation", ""))
        ask: Ask | None = None
        try:
            ask = Ask.of(scope, receive)
            reply = await answer(ask)
            head = _head(reply, correlation)
        except Exception as error:  # noqa: BLE001 -- whatever happened, the caller gets an error of its own kind
            reply = broken(*_said(error, correlation))
            head = _head(reply, correlation)
        if ask is None or (ask.has_body and not ask.body.read):
            head.append((b"connection", b"close"))  # what is left of the body is no request
        await send({"type": "http.response.start", "status": reply.status, "headers": head})
        try:
            await _send_body(reply, send, nothing=scope["method"] == "HEAD" or reply.status in _NO_BODY)
        except Exception as error:  # noqa: BLE001 -- an answer that is never completed ends the connection
            _log_failure("answer.broken", error, correlation)

    return app


def _said(error: Exception, correlation: str) -> tuple[int, str]:
    """Return status and code of *error*; log what nobody foresaw."""
    for kind in type(error).__mro__:
        if isinstance(error, GatewayError) and kind in STATUS:
            return STATUS[kind], error.code
    _log_failure("request.failed", error, correlation)
    return BROKEN


def _log_failure(event: str, error: Exception, correlation: str) -> None:
    places = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)[-8:]]
    _log.error(event, error=type(error).__name__, at=places, correlation=correlation)


def _head(reply: Reply, correlation: str) -> list[tuple[bytes, bytes]]:
    head = [*SAFE, (b"x-correlation-id", correlation.encode("latin-1"))]
    for name, value in reply.headers:
        if _NO_HEADER.search(value):
            raise ValueError("a header's value holds a control character")
        head.append((name.lower().encode("ascii"), value.encode("latin-1")))
    if reply.status not in _NO_BODY:
        head.append((b"content-type", reply.media_type.encode("ascii")))
        if isinstance(reply.body, bytes):
            head.append((b"content-length", str(len(reply.body)).encode()))
    return head


async def _send_body(reply: Reply, send: Send, *, nothing: bool) -> None:
    if isinstance(reply.body, bytes):
        await send({"type": "http.response.body", "body": b"" if nothing else reply.body})
        return
    try:
        if not nothing:
            async for part in reply.body:
                if part:
                    await send({"type": "http.response.body", "body": part, "more_body": True})
    finally:
        close = getattr(reply.body, "aclose", None)
        if close is not None:
            await close()
    await send({"type": "http.response.body", "body": b""})
