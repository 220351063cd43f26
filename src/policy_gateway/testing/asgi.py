"""A transport that calls an ASGI app in this process: no socket, no port, no thread."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias
from urllib.parse import unquote, urlencode

from policy_gateway.errors import UpstreamTimeout, UpstreamUnavailable
from policy_gateway.records import Request, Response

Message: TypeAlias = MutableMapping[str, Any]
"""ASGI's own type: the specification leaves the values open."""

AsgiApp: TypeAlias = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]],
    Awaitable[None],
]


class AsgiTransport:
    """Sends each request to *app*; *deadline* is in seconds and covers the whole exchange."""

    def __init__(self, app: AsgiApp, *, host: str = "crm.test", deadline: float = 10.0) -> None:
        self._app = app
        self._host = host
        self._deadline = deadline

    async def send(self, request: Request) -> Response:
        """Return what the app answers. UpstreamTimeout after the deadline, UpstreamUnavailable without an answer."""
        exchange = _Exchange(request.body)
        try:
            async with asyncio.timeout(self._deadline):
                await self._app(self._scope(request), exchange.receive, exchange.send)
        except TimeoutError:
            raise UpstreamTimeout from None
        except Exception as error:  # an app that crashed after it began to answer has answered
            if not exchange.complete:
                raise UpstreamUnavailable from error
        return exchange.response()

    def _scope(self, request: Request) -> Message:
        headers = {"host": self._host, "content-length": str(len(request.body))}
        headers |= {name.lower(): value for name, value in request.headers.items()}
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": request.method,
            "scheme": "http",
            "path": unquote(request.path),
            "raw_path": request.path.encode("ascii"),
            "query_string": urlencode(list(request.query)).encode("ascii"),
            "root_path": "",
            "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()],
            "client": ("127.0.0.1", 40000),
            "server": (self._host, 80),
        }


class _Exchange:
    """One request's body going in, one response coming out."""

    def __init__(self, body: bytes) -> None:
        self._incoming = [body]
        self._status = 0
        self._headers: dict[str, str] = {}
        self._chunks: list[bytes] = []
        self.complete = False

    async def receive(self) -> Message:
        """Give the body once, then tell that the client is gone."""
        if self._incoming:
            return {"type": "http.request", "body": self._incoming.pop(), "more_body": False}
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Collect the response."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._headers = {
                bytes(name).decode("latin-1").lower(): bytes(value).decode("latin-1")
                for name, value in message.get("headers", ())
            }
        elif message["type"] == "http.response.body":
            self._chunks.append(bytes(message.get("body", b"")))
            self.complete = not message.get("more_body", False)

    def response(self) -> Response:
        """Return what was collected."""
        if not self.complete:
            raise UpstreamUnavailable
        return Response(self._status, self._headers, b"".join(self._chunks))
