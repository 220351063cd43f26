"""The sandbox as an ASGI application: authentication, limits, misbehavior and a recorder around the endpoints."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import parse_qsl

from policy_gateway_hubspot.sandbox import faults
from policy_gateway_hubspot.sandbox.account import DAILY
from policy_gateway_hubspot.sandbox.faults import Fault, FaultKind, Faults
from policy_gateway_hubspot.sandbox.routes import ALL_SCOPES, dispatch, taken_apart
from policy_gateway_hubspot.sandbox.state import Clock, World
from policy_gateway_hubspot.sandbox.wire import Answer, Asked, Json, Refusal
from policy_gateway_hubspot.sandbox.wire import items as json_items

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

TOKEN: Final = "pat-eu1-sandbox"  # noqa: S105 -- opens nothing but this double
WINDOW_SECONDS: Final = 10
WINDOW_SHOWN: Final = 190
STALL_SECONDS: Final = 3600.0
_CHUNK: Final = b" " * 65_536


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
    """A HubSpot portal in memory. The same *seed* makes the same world; state changes until :meth:`reset`.

    *tokens* holds the scopes of each accepted token. *limit* turns on a real limit of requests per ten seconds.
    *requests* holds the last 10,000 requests, *faults* what is to go wrong.
    """

    def __init__(
        self,
        *,
        seed: int = 1,
        tokens: Mapping[str, frozenset[str]] | None = None,
        clock: Clock | None = None,
        limit: int | None = None,
    ) -> None:
        self._seed = seed
        self._tokens = tokens or MappingProxyType({TOKEN: ALL_SCOPES})
        self._clock = clock or (lambda: datetime.now(UTC))
        self._limit = limit
        self.faults = Faults()
        self.requests: deque[Recorded] = deque(maxlen=10_000)
        self.world = World(seed=seed, clock=self._clock, tokens=self._tokens)
        self._window, self._used, self._today = 0, 0, 0

    def reset(self) -> None:
        """Forget every change, fault and recorded request."""
        self.faults.clear()
        self.requests.clear()
        self.world = World(seed=self._seed, clock=self._clock, tokens=self._tokens)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one ASGI request, or the server's life cycle."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        raw = scope.get("raw_path") or scope["path"].encode()
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        query = scope["query_string"].decode("latin-1")
        arrived = recording(scope["method"], raw.decode("latin-1"), query, headers, await _body(receive))
        recorded = replace(arrived, scheme=scope.get("scheme", "http"))
        if recorded.path.startswith("/sandbox/"):
            await _send(send, self.control(recorded))
            return
        self.requests.append(recorded)
        await self._perform(recorded, receive, send)

    def answer(self, recorded: Recorded, fault: Fault | None = None) -> Answer:
        """Return the answer to one request, with the vendor's headers; no I/O, no waiting."""
        limits = self._counted()
        try:
            if self._limit and self._used > self._limit:
                raise faults.rate_limit("TEN_SECONDLY_ROLLING")
            instead = faults.before(fault) if fault else None
            answer = instead or dispatch(self.world, _asked(recorded))
            body = faults.spoiled(fault, answer.body) if fault else answer.body
            return Answer(answer.status, body, {**limits, **answer.headers})
        except Refusal as refusal:
            correlation = self.world.correlation()
            headers = {**limits, "x-hubspot-correlation-id": correlation}
            if refusal.status == 429 and (fault is None or fault.seconds >= 0):  # noqa: PLR2004 -- Too Many Requests
                headers["retry-after"] = str(int(fault.seconds) if fault else WINDOW_SECONDS)
            return Answer(refusal.status, refusal.body(correlation), headers)

    def control(self, recorded: Recorded) -> Answer:
        """Answer a request to the sandbox itself: ``/sandbox/faults``, ``/sandbox/requests``, ``/sandbox/reset``."""
        match recorded.method, recorded.path.rstrip("/"):
            case "GET", "/sandbox/faults":
                return Answer(200, {"faults": [fault.told() for fault in self.faults.armed()]})
            case "POST", "/sandbox/faults":
                return self._arm(recorded)
            case "DELETE", "/sandbox/faults":
                self.faults.clear()
                return Answer(204)
            case "GET", "/sandbox/requests":
                return Answer(200, {"requests": [each.told() for each in self.requests]})
            case "DELETE", "/sandbox/requests":
                self.requests.clear()
                return Answer(204)
            case "POST", "/sandbox/reset":
                self.reset()
                return Answer(204)
            case _:
                return Answer(404, {"message": "faults, requests or reset"})

    def _arm(self, recorded: Recorded) -> Answer:
        try:
            body = _asked(recorded).json()
            armed = [Fault.parsed(each) for each in json_items(body, "faults")] or [Fault.parsed(body)]
        except Refusal as refusal:
            return Answer(400, {"message": refusal.message})
        for fault in armed:
            self.faults.arm(fault)
        return Answer(201, {"faults": [fault.told() for fault in armed]})

    def _counted(self) -> dict[str, str]:
        """Count one request; return the headers about limits."""
        window = int(self._clock().timestamp()) // WINDOW_SECONDS
        if window != self._window:
            self._window, self._used = window, 0
        self._used += 1
        self._today += 1
        self.world.used_today = self._today
        most = self._limit or WINDOW_SHOWN
        return {
            "x-hubspot-ratelimit-daily": str(DAILY),
            "x-hubspot-ratelimit-daily-remaining": str(max(0, DAILY - self._today)),
            "x-hubspot-ratelimit-interval-milliseconds": str(WINDOW_SECONDS * 1000),
            "x-hubspot-ratelimit-max": str(most),
            "x-hubspot-ratelimit-remaining": str(max(0, most - self._used)),
        }

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
            content = faults.cut(fault, faults.encoded(answer.body))
            await _send(send, answer, content)


def recording(method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> Recorded:
    """Return what arrived; *path* is still percent-encoded, *headers* have lower-case names."""
    token = headers.get("authorization", "").removeprefix("Bearer ")
    pairs = tuple(parse_qsl(query, keep_blank_values=True))
    return Recorded(method, path.partition("?")[0], pairs, body, token, headers)


def _asked(recorded: Recorded) -> Asked:
    segments, dialect = taken_apart(recorded.path)
    query: dict[str, tuple[str, ...]] = {}
    for name, value in recorded.query:
        query[name] = (*query.get(name, ()), value)
    return Asked(
        recorded.method,
        recorded.path,
        segments,
        dialect,
        query,
        recorded.body,
        f"{recorded.scheme}://{recorded.headers.get('host', 'localhost')}",
        recorded.token,
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
    body = faults.encoded(answer.body) if content is None else content
    headers = [(name.encode(), value.encode()) for name, value in answer.headers.items()]
    if body:
        headers.append((b"content-type", b"application/json;charset=utf-8"))
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


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
