"""A pass-through to one CRM that writes down the shapes of what clients ask, and nothing of what anybody says.

It is a way to the CRM that no policy looks at, with whatever credential a client sends: for a rehearsal on a network of
one's own, before the gateway is in place, and not a day longer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from policy_gateway.errors import GatewayError, InvalidCall
from policy_gateway.ports import Message, Receive, Send
from policy_gateway.recording.shapes import Said, sketched
from policy_gateway.records import Request, Response, Transport
from policy_gateway.wire import Body, BodyTooLarge, BodyTooSlow

LARGEST: Final = 32 * 1024 * 1024
SECONDS: Final = 60.0

_OURS: Final = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "transfer-encoding",
        "upgrade",
        "user-agent",
    }
)
"""Headers of one connection, which say nothing to the next."""

_NOT_BACK: Final = frozenset({"connection", "content-encoding", "content-length", "keep-alive", "transfer-encoding"})
_OWN_KEY: Final = re.compile(rb"pgw_[0-9A-Za-z]{40}")
"""A key of the gateway's own: it must not get to a CRM, and who shows one means the gateway."""

_TEXTUAL: Final = ("application/json", "application/xml", "text/xml")


@dataclass(frozen=True, slots=True)
class Sketch:
    """One line of a recording: a request's shape and the status that the CRM answered with."""

    shape: Mapping[str, object]
    status: int

    def line(self) -> str:
        """Return it as a line of JSON."""
        return json.dumps({**self.shape, "status": self.status}, ensure_ascii=True) + "\n"


class Recorder:
    """The ASGI app: forwards to *upstream* (``https://example.my.salesforce.com``), through *transport*, and keeps.

    Answers that name *upstream* as the place to go on name the recorder instead, or clients would go past it.
    """

    def __init__(self, upstream: str, transport: Transport, keep: Callable[[Sketch], None]) -> None:
        self._upstream = upstream.rstrip("/").encode()
        self._transport = transport
        self._keep = keep

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        if scope["type"] != "http":
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        try:
            body = await Body(receive, headers.get("content-length", "")).whole(LARGEST, SECONDS)
            said = _said(scope, headers, body)
            if _holds_own_key(said):
                await _answer(send, 403, {"x-recorder": "own-credentials"}, b"")
                return
            response = await self._transport.send(_request(said))
        except BodyTooLarge:
            await _answer(send, 413, {}, b"")
        except BodyTooSlow:
            await _answer(send, 408, {}, b"")
        except InvalidCall:
            await _answer(send, 400, {}, b"")
        except GatewayError as error:
            self._keep(Sketch(sketched(said).line(), 0))
            await _answer(send, 502, {"x-recorder": error.code}, b"")
        else:
            self._keep(Sketch(sketched(said).line(), response.status))
            site = f"{scope.get('scheme', 'http')}://{headers.get('host', 'localhost')}".encode()
            await _answer(send, response.status, response.headers, self._pointed(response, site))

    def _pointed(self, response: Response, site: bytes) -> bytes:
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in _TEXTUAL:
            return response.body
        escaped = self._upstream.replace(b"/", rb"\/"), site.replace(b"/", rb"\/")
        return response.body.replace(self._upstream, site).replace(*escaped)


def _said(scope: Message, headers: Mapping[str, str], body: bytes) -> Said:
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    return Said(scope["method"], raw.decode("latin-1"), scope["query_string"].decode("latin-1"), headers, body)


def _holds_own_key(said: Said) -> bool:
    told = "\n".join((said.path, said.query, *said.headers.values())).encode("latin-1", "replace")
    return _OWN_KEY.search(told) is not None or _OWN_KEY.search(said.body) is not None


def _request(said: Said) -> Request:
    try:
        query = parse_qsl(said.query, keep_blank_values=True, errors="strict")
    except ValueError:
        raise InvalidCall from None
    headers = {name: value for name, value in said.headers.items() if name not in _OURS}
    return Request(said.method, said.path, query, headers, said.body)


async def _answer(send: Send, status: int, headers: Mapping[str, str], body: bytes) -> None:
    kept = [(name.encode(), value.encode("latin-1")) for name, value in headers.items() if name not in _NOT_BACK]
    bodiless = status in {204, 304}
    if not bodiless:
        kept.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": kept})
    await send({"type": "http.response.body", "body": b"" if bodiless else body})
