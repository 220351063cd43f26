"""The server: uvicorn with what it lacks at a trust border, a deadline and a limit for the heads of requests."""

from __future__ import annotations

import asyncio
import errno
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from ssl import SSLContext
from typing import ClassVar, Final

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from policy_gateway.errors import ConfigurationError, InvalidCall
from policy_gateway.ports import AsgiApp
from policy_gateway.web.assembling import Web
from policy_gateway.web.problems import MEDIA_TYPE, problem_of

BACKLOG: Final = 2048
FAREWELL: Final = 0.2
"""How many seconds a client that keeps an idle connection open has for its half of the end of TLS."""

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Listening:
    """Where and how to listen; seconds and bytes. Without a *metrics_port* nobody can ask for metrics.

    With *tls*, *port* speaks TLS; with a *tls_port* as well, that one does, and *port* does not.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    metrics_host: str = "127.0.0.1"
    metrics_port: int | None = None
    tls: SSLContext | None = None
    tls_port: int | None = None
    head_deadline: float = 10.0
    head_limit: int = 32_768
    keep_alive: int = 30
    shutdown_deadline: int = 10


class GuardedProtocol(HttpToolsProtocol):
    """HTTP/1.1 on one connection: a head must be complete in time, and small; what cannot be parsed ends it."""

    head_deadline: ClassVar[float] = 10.0
    head_limit: ClassVar[int] = 32_768

    _heading = True
    _head_bytes = 0
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn's own
        """Start the clock: a connection that says nothing is a slow head, too."""
        super().connection_made(transport)
        self._timer = self.loop.call_later(self.head_deadline, self._give_up)

    def data_received(self, data: bytes) -> None:
        """Parse, then see whether the head is still incomplete."""
        super().data_received(data)
        if not self._heading:
            self._stop_timer()
            return
        self._head_bytes += len(data)
        if self._head_bytes > self.head_limit:
            self.send_400_response("")
        elif self._timer is None:
            self._timer = self.loop.call_later(self.head_deadline, self._give_up)

    def on_message_begin(self) -> None:
        """Begin to count."""
        super().on_message_begin()
        self._heading = True
        self._head_bytes = 0

    def on_headers_complete(self) -> None:
        """Stop counting."""
        self._heading = False
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        self._stop_timer()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """End when nothing is under way, without waiting for long for the other side to end TLS, too."""
        super().shutdown()
        if self.transport.is_closing():
            self.loop.call_later(FAREWELL, self.transport.abort)

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP, or ambiguous, and close: what follows cannot be trusted to be a request."""
        del msg
        if self.transport.is_closing():
            return
        body = problem_of(InvalidCall(), correlation="").body()
        head = (
            b"HTTP/1.1 400 Bad Request\r\ncontent-type: %b\r\ncontent-length: %d\r\n"
            b"cache-control: private, no-store\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head % (MEDIA_TYPE, len(body)) + body)
        self.transport.close()

    def _give_up(self) -> None:
        self._timer = None
        if not self.transport.is_closing():
            self.transport.close()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class Quiet(uvicorn.Server):
    """A server that leaves signals to whoever started it: one that uvicorn caught would be raised anew at the end."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Catch none."""
        yield


def config_of(app: AsgiApp, listening: Listening, tls: SSLContext | None = None) -> uvicorn.Config:
    """Return how uvicorn serves *app* to callers, over *tls* if there is any."""
    limits = {"head_deadline": listening.head_deadline, "head_limit": listening.head_limit}
    protocol: type[HttpToolsProtocol] = type("Protocol", (GuardedProtocol,), limits)
    return uvicorn.Config(
        app,
        host=listening.host,
        port=listening.port,
        http=protocol,
        ws="none",
        loop="uvloop",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        backlog=BACKLOG,
        timeout_keep_alive=listening.keep_alive,
        timeout_graceful_shutdown=listening.shutdown_deadline,
        ssl_context_factory=None if tls is None else lambda *_: tls,
    )


async def serve(web: Web, listening: Listening, ready: Callable[[], None] = lambda: None) -> None:
    """Serve until SIGINT, SIGTERM or SIGHUP, then return; metrics on a port of their own if there is one. On uvloop.

    *ready* is called when clients can connect. A second signal ends it without waiting for answers under way.
    ConfigurationError when a port is taken.
    """
    sockets, servers = [], []
    for port, tls in _ports(listening):
        sockets.append(listener(listening.host, port))
        servers.append(Quiet(config_of(web.app, listening, tls)))
    if listening.metrics_port is not None:
        sockets.append(listener(listening.metrics_host, listening.metrics_port))
        servers.append(Quiet(_metrics_config(web, listening)))
    with _ending(servers):
        ready()
        await asyncio.gather(*(server.serve([own]) for server, own in zip(servers, sockets, strict=True)))


async def listen(app: AsgiApp, listening: Listening, ready: Callable[[], None] = lambda: None) -> None:
    """Serve *app* alone, as :func:`serve` would; no metrics."""
    own, server = listener(listening.host, listening.port), Quiet(config_of(app, listening, listening.tls))
    with _ending([server]):
        ready()
        await server.serve([own])


def _ports(listening: Listening) -> tuple[tuple[int, SSLContext | None], ...]:
    """Return the ports for callers, each with what it is encrypted by."""
    if listening.tls is None or listening.tls_port is None:
        return ((listening.port, listening.tls),)
    return (listening.port, None), (listening.tls_port, listening.tls)


def listener(host: str, port: int) -> socket.socket:
    """Return a socket that listens there; ConfigurationError, which says where, when it cannot."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as failed:
        reason = "is in use by another program" if failed.errno == errno.EADDRINUSE else "cannot be listened on"
        raise ConfigurationError(f"port {port} of {host} {reason}: choose another one") from None


@contextmanager
def _ending(servers: Sequence[uvicorn.Server]) -> Iterator[None]:
    """End *servers* at a signal."""
    loop = asyncio.get_running_loop()

    def end() -> None:
        for server in servers:
            server.force_exit = server.should_exit
            server.should_exit = True

    for number in _SIGNALS:
        loop.add_signal_handler(number, end)
    try:
        yield
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)


def _metrics_config(web: Web, listening: Listening) -> uvicorn.Config:
    return uvicorn.Config(
        web.metrics,
        host=listening.metrics_host,
        port=listening.metrics_port or 0,
        http=GuardedProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
    )
