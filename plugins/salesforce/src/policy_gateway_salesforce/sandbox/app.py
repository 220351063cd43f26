"""The sandbox as an ASGI application: limits, misbehavior and a recorder around the endpoints."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qsl, unquote

from policy_gateway_salesforce.sandbox import faults
from policy_gateway_salesforce.sandbox.control import control
from policy_gateway_salesforce.sandbox.faults import Fault, FaultKind, Faults
from policy_gateway_salesforce.sandbox.routes import dispatch
from policy_gateway_salesforce.sandbox.state import INTEGRATION, LIMITED, Clock, Org
from policy_gateway_salesforce.sandbox.wire import Answer, Asked, Json, Refusal

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

DAILY: Final = 15_000
STALL_SECONDS: Final = 3600.0
_CHUNK: Final = b" " * 65_536
_VERSION_AT: Final = 2


@dataclass(frozen=True, slots=True)
class Recorded:
    """One request that arrived: what spies look at."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    body: bytes
    token: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    scheme: str = "http"

    def told(self) -> dict[str, Json]:
        """Return it as the control endpoint shows it."""
        return {
            "method": self.method,
            "path": self.path,
            "query": [list(pair) for pair in self.query],
            "body": self.body.decode(errors="replace"),
            "token": self.token,
        }


class Sandbox:
    """A Salesforce org in memory. The same *seed* makes the same org; state changes until :meth:`reset`.

    *limit* is how many requests the org really allows, none by default. *jwt_key* is the public key (PEM) of the
    connected app. *requests* holds the last 10,000 requests, *faults* what is to go wrong, *org* the state.
    """

    def __init__(
        self, *, seed: int = 1, clock: Clock | None = None, limit: int | None = None, jwt_key: str = ""
    ) -> None:
        self._seed = seed
        self._clock = clock or (lambda: datetime.now(UTC))
        self._limit = limit
        self._jwt_key = jwt_key
        self.faults = Faults()
        self.requests: deque[Recorded] = deque(maxlen=10_000)
        self.org = self._made()

    @property
    def token(self) -> str:
        """Return a token of the integration user that does not end by itself."""
        return self.org.sessions.lasting[INTEGRATION]

    @property
    def limited_token(self) -> str:
        """Return a token of the user who does not see every field."""
        return self.org.sessions.lasting[LIMITED]

    def reset(self) -> None:
        """Forget every change, fault and recorded request."""
        self.faults.clear()
        self.requests.clear()
        self.org = self._made()

    def forget(self) -> None:
        """Forget the recorded requests."""
        self.requests.clear()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one ASGI request, or the server's life cycle."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        raw = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        pairs = tuple(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
        body = await _body(receive)
        # The sf CLI ends the org's address with a slash and goes on with another one.
        path, scheme = "/" + raw.partition("?")[0].lstrip("/"), scope.get("scheme", "http")
        recorded = Recorded(scope["method"], path, pairs, body, _token(headers), headers, scheme)
        if recorded.path.startswith("/sandbox/"):
            await _send(send, control(self, recorded))
            return
        self.requests.append(recorded)
        await self._perform(recorded, receive, send)

    def answer(self, recorded: Recorded, fault: Fault | None = None) -> Answer:
        """Return the answer to one request, with the vendor's headers; no I/O, no waiting."""
        asked = _asked(recorded)
        try:
            self._count(asked)
            instead = faults.before(fault) if fault else None
            answer = instead or dispatch(self.org, asked)
            body = answer.body
            if fault and not isinstance(body, bytes | Iterator):
                body = faults.spoiled(fault, body)
            return Answer(answer.status, body, {**self._limits(asked), **answer.headers}, answer.content_type)
        except Refusal as refusal:
            answer = refusal.answer()
            headers = {**self._limits(asked), **answer.headers}
            if answer.status == 429 and fault is not None and fault.seconds >= 0:  # noqa: PLR2004 -- Too Many Requests
                headers["retry-after"] = str(int(fault.seconds))
            return Answer(answer.status, answer.body, headers, answer.content_type)

    def _made(self) -> Org:
        return Org(self._seed, self._clock, most=self._limit or DAILY, jwt_key=self._jwt_key)

    def _count(self, asked: Asked) -> None:
        """Count one request to the data; logins do not count."""
        if not asked.version:
            return
        self.org.requests_used += 1
        if self._limit and self.org.requests_used > self._limit:
            raise faults.limit_exceeded()

    def _limits(self, asked: Asked) -> dict[str, str]:
        if not asked.version:
            return {}
        return {"sforce-limit-info": f"api-usage={self.org.requests_used}/{self.org.requests_most}"}

    async def _perform(self, recorded: Recorded, receive: Receive, send: Send) -> None:
        fault = self.faults.take(recorded.method, recorded.path)
        if fault is None:
            await _send(send, self.answer(recorded))
            return
        if fault.kind in {FaultKind.LATENCY, FaultKind.STALL}:
            await asyncio.sleep(fault.seconds if fault.kind is FaultKind.LATENCY else STALL_SECONDS)
        if fault.kind is FaultKind.RESET:
            await _reset(receive, send)
            return
        answer = self.answer(recorded, fault)
        if fault.kind is FaultKind.RESET_AFTER:
            await _reset(receive, send)
        elif fault.kind is FaultKind.ENDLESS:
            await _endless(receive, send)
        else:
            await _send(send, answer, faults.cut(fault, answer.content()))


def _token(headers: Mapping[str, str]) -> str:
    return headers.get("x-sfdc-session") or headers.get("authorization", "").partition(" ")[2]


def _asked(recorded: Recorded) -> Asked:
    segments = tuple(unquote(segment) for segment in recorded.path.strip("/").split("/"))
    query: dict[str, tuple[str, ...]] = {}
    for name, value in recorded.query:
        query[name] = (*query.get(name, ()), value)
    data = segments[:2] == ("services", "data") and len(segments) > _VERSION_AT
    origin = f"{recorded.scheme}://{recorded.headers.get('host', 'localhost')}"
    version = segments[_VERSION_AT].removeprefix("v") if data else ""
    return Asked(
        recorded.method,
        recorded.path,
        segments,
        query,
        recorded.body,
        recorded.headers,
        origin,
        version,
    )


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def _body(receive: Receive) -> bytes:
    parts: list[bytes] = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


async def _send(send: Send, answer: Answer, content: bytes | None = None) -> None:
    if content is None and isinstance(answer.body, Iterator):
        await _send_parts(send, answer, answer.body)
        return
    body = answer.content() if content is None else content
    headers = [(name.encode(), value.encode()) for name, value in answer.headers.items()]
    if body:
        headers.append((b"content-type", answer.content_type.encode()))
    if answer.status != 204:  # noqa: PLR2004 -- No Content
        headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _send_parts(send: Send, answer: Answer, parts: Iterator[bytes]) -> None:
    """Send what is made while it is sent, so that no more than a part of it is ever there."""
    headers = [(name.encode(), value.encode()) for name, value in answer.headers.items()]
    headers.append((b"content-type", answer.content_type.encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    for part in parts:
        await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _endless(receive: Receive, send: Send) -> None:
    """Send a body without an end until the client has had enough."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    gone = asyncio.ensure_future(receive())
    while not gone.done():
        await send({"type": "http.response.body", "body": _CHUNK, "more_body": True})
        await asyncio.sleep(0)


async def _reset(receive: Receive, send: Send) -> None:
    """Cut the connection: by the server's own transport where there is one, else by an exception."""
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is None:
        raise ConnectionResetError
    transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass
