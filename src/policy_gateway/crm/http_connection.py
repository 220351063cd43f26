"""One HTTP/1.1 connection: one exchange at a time, strictly parsed, bounded in bytes."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final, cast

import httptools

from policy_gateway.errors import UpstreamError, UpstreamInvalid, UpstreamTimeout, UpstreamUnavailable

_INFORMATIONAL: Final = 200


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """Bounds of the HTTP client: seconds for a request, to connect, and to rest; bytes of an answer; connections."""

    deadline: float = 10.0
    connect: float = 5.0
    idle: float = 30.0
    connections: int = 32
    body: int = 16 * 1024 * 1024
    head: int = 64 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole response as parsed: nothing decoded or believed yet."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


class UnansweredError(Exception):
    """The peer closed the connection before the first byte of an answer."""


class HttpConnection(asyncio.Protocol):
    """Speaks to one peer.

    After an exchange it may be used again only when *reusable*: the peer kept to the protocol, said nothing that was
    not asked for, and took the whole request. A byte that comes unasked is an answer to nobody, so it ends it.
    """

    def __init__(self, limits: HttpLimits) -> None:
        self.since = 0.0
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[Answer] | None = None
        self._reusable = False
        self._begin(bodiless=False)

    def _begin(self, *, bodiless: bool) -> None:
        self._bodiless = bodiless
        self._status = 0
        self._headers: list[tuple[bytes, bytes]] = []
        self._pieces: list[bytes] = []
        self._received = 0
        self._wire = 0
        self._headed = False

    async def exchange(self, data: bytes, deadline: float, *, bodiless: bool) -> Answer:
        """Send *data*, a whole request, and return its answer, which has no body when *bodiless* (HEAD).

        Raises UpstreamTimeout at *deadline* (of the loop's clock), UnansweredError, UpstreamInvalid or
        UpstreamUnavailable. When cancelled the connection is closed: the
        answer to a request that nobody waits for must never be taken for the next one's.
        """
        transport = self._transport
        if transport is None or transport.is_closing():
            raise UnansweredError
        self._begin(bodiless=bodiless)
        self._reusable = False
        waiter: asyncio.Future[Answer] = self._loop.create_future()
        self._waiter = waiter
        # A timer instead of asyncio.timeout, which costs a tenth of all that a request does.
        timer = self._loop.call_at(deadline, self._fail, UpstreamTimeout())
        transport.write(data)
        try:
            return await waiter
        except BaseException:
            self.close()
            raise
        finally:
            timer.cancel()

    @property
    def reusable(self) -> bool:
        """Tell whether the connection may carry another request."""
        transport = self._transport
        return (
            self._reusable
            and transport is not None
            and not transport.is_closing()
            and not transport.get_write_buffer_size()
        )

    def close(self) -> None:
        """Close at once."""
        self._reusable = False
        self._waiter = None
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the *transport* (asyncio)."""
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail the exchange under way, if any: a body that ended early is never an answer (asyncio)."""
        self._transport = None
        self._reusable = False
        waiter, self._waiter = self._waiter, None
        if waiter is None or waiter.done():
            return
        if not self._wire:
            waiter.set_exception(UnansweredError())
        elif exc is not None:
            waiter.set_exception(UpstreamUnavailable("the CRM broke the connection off"))
        else:
            waiter.set_exception(UpstreamInvalid("the CRM's answer ended early"))

    def data_received(self, data: bytes) -> None:
        """Parse *data* (asyncio)."""
        if self._waiter is None:
            self.close()
            return
        self._wire += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._fail(UpstreamInvalid("the CRM's answer is not HTTP"))
            return
        # What is neither content nor needed to frame it (headers, trailers, chunk extensions) is bounded too.
        overhead = self._wire - self._received
        if overhead > self._limits.head + min(8 * self._received, self._limits.body):
            self._fail(UpstreamInvalid("the CRM's answer has too large a head"))

    def on_message_begin(self) -> None:
        """Notice an answer that nobody asked for (parser)."""
        if self._waiter is None:
            self._reusable = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header; trailers are dropped (parser)."""
        if not self._headed:
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Check the head before any of the body is kept (parser)."""
        if self._waiter is None:
            return
        self._status = self._parser.get_status_code()
        if self._status < _INFORMATIONAL:
            return
        self._headed = True
        if sum(len(name) + len(value) for name, value in self._headers) > self._limits.head:
            self._fail(UpstreamInvalid("the CRM's answer has too large a head"))
        elif self._bodiless:
            self._finish()

    def on_body(self, body: bytes) -> None:
        """Keep a piece of the body (parser)."""
        if self._waiter is None:
            return
        self._received += len(body)
        if self._received > self._limits.body:
            self._fail(UpstreamInvalid("the CRM's answer is too large"))
        else:
            self._pieces.append(body)

    def on_message_complete(self) -> None:
        """Hand over the answer, unless it was only an interim one (parser)."""
        if self._waiter is None:
            return
        if self._status < _INFORMATIONAL:
            self._headers = []
            return
        # After HEAD the parser waits for a body that never comes, so such a connection is not used again.
        self._reusable = self._parser.should_keep_alive()
        self._finish()

    def _finish(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            pieces = self._pieces
            body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
            waiter.set_result(Answer(self._status, self._headers, body))

    def _fail(self, error: UpstreamError) -> None:
        waiter = self._waiter
        self.close()
        if waiter is not None and not waiter.done():
            waiter.set_exception(error)
