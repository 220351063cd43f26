"""The front door: one ASGI app that checks what every request must satisfy and sends it where it belongs.

Requests for records go through no framework: routing, parsing and answering one is a few microseconds here, and
FastAPI's share would be more than everything else that the gateway does.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import structlog

from policy_gateway.errors import ConnectionNotFound, GatewayError
from policy_gateway.ports import AsgiApp, Message, Receive, Send
from policy_gateway.query import Describe
from policy_gateway.web.answers import SAFE, Answer
from policy_gateway.web.api import endpoint_of
from policy_gateway.web.exchange import Exchange
from policy_gateway.web.hosts import Hosts
from policy_gateway.web.metrics import Metrics
from policy_gateway.web.network import Proxies
from policy_gateway.web.ports import Inside
from policy_gateway.web.problems import MEDIA_TYPE, language_of, problem_of
from policy_gateway.web.routing import place_of, refuse_disguised, singular
from policy_gateway.wire import MethodRefused

API: Final = b"/v1/"
PROBES: Final = frozenset({"/livez", "/readyz", "/startupz"})
"""Asked by orchestrators under whatever name; they answer nothing that depends on it."""

OTHER: Final = "other"
CLOSE: Final = (b"connection", b"close")
"""What is left of a body that nobody reads may come for ever, byte by byte."""

STRICT: Final = (b"strict-transport-security", b"max-age=31536000")

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Sources:
    """What the entrance draws from: *seconds* that only run forward; time and random bytes for correlation ids."""

    seconds: Callable[[], float]
    clock: Callable[[], datetime]
    randomness: Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Facing:
    """A facade that is being served: its *name*, and its *app*."""

    name: str
    app: AsgiApp


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What is no record route: the app for everything else, and apps by the prefix of their paths.

    Paths of *mounted* apps are plain; those of *facades* are a vendor's, and may hold whatever it calls its records.
    """

    rest: AsgiApp
    mounted: Mapping[str, AsgiApp] = field(default_factory=dict)
    facades: Mapping[str, Facing] = field(default_factory=dict)

    def app_for(self, path: str) -> AsgiApp:
        """Return the app that answers *path*: the longest mounted prefix, else the rest."""
        best = _longest(self.mounted, path)
        return self.rest if best is None else self.mounted[best]

    def facade_for(self, raw: bytes) -> Facing | None:
        """Return the facade that answers the raw path *raw*, taken as it came: no prefix has an encoded character.

        A second slash at the beginning counts for nothing: Salesforce's command line joins a host and a path by two.
        """
        path = raw.decode("latin-1")
        best = _longest(self.facades, path[1:] if path.startswith("//") else path) if self.facades else None
        return None if best is None else self.facades[best]


def _longest(prefixes: Iterable[str], path: str) -> str | None:
    """Return the longest of *prefixes* that is the beginning of *path*, segment by segment."""
    fitting = (prefix for prefix in prefixes if path == prefix or path.startswith(f"{prefix}/"))
    return max(fitting, key=len, default=None)


class _Chance:
    """Twenty random hex digits at a time; a system call for each would cost more than all the rest of it."""

    __slots__ = ("_randomness", "_supply")

    def __init__(self, randomness: Callable[[int], bytes]) -> None:
        self._randomness = randomness
        self._supply: list[str] = []

    def __call__(self) -> str:
        if not self._supply:
            fresh = self._randomness(10 * 100).hex()
            self._supply = [fresh[start : start + 20] for start in range(0, len(fresh), 20)]
        return self._supply.pop()


class Entrance:
    """The ASGI app of the main port."""

    __slots__ = (
        "_chance",
        "_elsewhere",
        "_hosts",
        "_inside",
        "_log_each",
        "_metrics",
        "_proxies",
        "_sources",
        "_strict",
    )

    def __init__(self, inside: Inside, elsewhere: Elsewhere, metrics: Metrics, sources: Sources) -> None:
        self._inside = inside
        self._elsewhere = elsewhere
        self._metrics = metrics
        self._sources = sources
        self._chance = _Chance(sources.randomness)
        self._hosts = Hosts(inside.rules.hosts)
        self._proxies = Proxies(inside.rules.trusted_proxies)
        self._log_each = inside.rules.access_log
        self._strict = inside.rules.strict_transport

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request; anything but HTTP goes to the rest."""
        if scope["type"] != "http":
            await self._elsewhere.rest(scope, receive, send)
            return
        started = self._sources.seconds()
        if self._strict and scope["scheme"] == "https":
            send = _strictly(send)
        exchange = Exchange(scope, receive, self._correlation())
        try:
            if not exchange.raw_path.startswith(API):
                await self._elsewhere_answers(scope, _Sent(send), exchange)
                return
            answer = await self._answer(exchange, scope)
        except Exception as error:  # noqa: BLE001 -- whatever happened, the caller gets a problem and no trace
            answer = self._refusal(error, exchange)
        seconds = self._sources.seconds() - started
        route = exchange.place.route
        self._metrics.observe(route, exchange.method, answer.status, seconds)
        if self._log_each:
            self._log_one(exchange, answer, seconds)
        await _send(answer, exchange, send)

    async def _answer(self, exchange: Exchange, scope: Message) -> Answer:
        self._hosts.require(None if b"host" in exchange.repeated else exchange.headers.get(b"host"))
        exchange.check()
        exchange.place = place = place_of(exchange.raw_path)
        if place.resource:
            exchange.resource = _resource(place.resource)
        endpoint = endpoint_of(exchange)
        try:
            exchange.identify(self._network(exchange, scope))
            exchange.explain()
            return await endpoint(exchange, self._inside)
        except GatewayError as error:
            if not exchange.asked:
                await self._journal(exchange, error)
            raise

    def _correlation(self) -> str:
        """Return a new id, 32 hex digits, the time first: an index of them grows at its end."""
        return f"{int(self._sources.clock().timestamp() * 1000):012x}{self._chance()}"

    def _network(self, exchange: Exchange, scope: Message) -> str:
        forwarded = exchange.headers.get(b"x-forwarded-for")
        client = scope.get("client")
        peer = client[0] if client else ""
        return self._proxies.client(peer, None if forwarded is None else forwarded.decode("latin-1"))

    async def _journal(self, exchange: Exchange, error: GatewayError) -> None:
        """Let the journal know of what never became a call: that was an attempt too."""
        attempt = exchange.call(Describe(exchange.resource))
        await self._inside.gate.refused(attempt, exchange.caller, error)

    async def _elsewhere_answers(self, scope: Message, sent: _Sent, exchange: Exchange) -> None:
        started = self._sources.seconds()
        path = scope["path"]
        if path not in PROBES:
            self._hosts.require(None if b"host" in exchange.repeated else exchange.headers.get(b"host"))
        exchange.check_framing()
        scope.setdefault("state", {})["correlation"] = exchange.correlation
        facade = self._elsewhere.facade_for(exchange.raw_path)
        if facade is None:
            app, route = self._plain_app(path, exchange), OTHER
        else:
            app, route = facade.app, facade.name
            scope["state"] |= {"network": self._network(exchange, scope), "site": self._site(exchange, scope)}
        try:
            await app(scope, exchange.receive, sent)
        except Exception as error:
            if not sent.status:
                raise
            _log.error("answer.broken", error=type(error).__name__, correlation=exchange.correlation)
        self._metrics.observe(route, exchange.method, sent.status, self._sources.seconds() - started)

    def _plain_app(self, path: str, exchange: Exchange) -> AsgiApp:
        """Return what answers *path* when no facade does."""
        refuse_disguised(exchange.raw_path)
        app = self._elsewhere.app_for(path)
        if app is self._elsewhere.rest and exchange.has_body:
            raise MethodRefused(("GET", "HEAD"))
        return app

    def _site(self, exchange: Exchange, scope: Message) -> str:
        """Return how the caller calls the gateway: the answers of facades point to themselves."""
        scheme = scope["scheme"]
        client = scope.get("client")
        if exchange.headers.get(b"x-forwarded-proto") == b"https" and client and self._proxies.trusts(client[0]):
            scheme = "https"
        return f"{scheme}://{exchange.headers[b'host'].decode('ascii')}"

    def _refusal(self, error: Exception, exchange: Exchange) -> Answer:
        language = language_of(exchange.headers.get(b"accept-language", b"").decode("latin-1"))
        problem = problem_of(error, correlation=exchange.correlation, language=language)
        if not isinstance(error, GatewayError):
            places = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)[-8:]]
            _log.error("request.failed", error=type(error).__name__, at=places, correlation=exchange.correlation)
        headers = problem.headers
        if exchange.has_body and not exchange.body_read and CLOSE not in headers:
            headers = (*headers, CLOSE)
        return Answer(problem.status, problem.body(), headers, media_type=MEDIA_TYPE)

    def _log_one(self, exchange: Exchange, answer: Answer, seconds: float) -> None:
        _log.info(
            "request.served",
            route=str(exchange.place.route),
            method=exchange.method if exchange.method.isalpha() else OTHER,
            status=answer.status,
            milliseconds=round(seconds * 1000, 2),
            correlation=exchange.correlation,
        )


def _resource(plural: str) -> str:
    """Return the resource's own name instead of the plural that the path has."""
    name = singular(plural)
    if name is None:
        raise ConnectionNotFound
    return name


def _strictly(send: Send) -> Send:
    """Return a ``send`` that adds what keeps browsers to TLS."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], STRICT]
        await send(message)

    return sending


class _Sent:
    """A ``send`` that remembers the status."""

    __slots__ = ("_send", "status")

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        await self._send(message)


async def _send(answer: Answer, exchange: Exchange, send: Send) -> None:
    """Send *answer* with the headers that every answer has; a HEAD gets all of it but the body."""
    status, body, extra, version, media_type = answer
    headers: list[tuple[bytes, bytes]] = [
        *SAFE,
        *extra,
        (b"x-correlation-id", exchange.correlation.encode()),
    ]
    if version:
        headers.append((b"x-policy-version", version.encode("latin-1")))
    if exchange.request_id is not None:
        headers.append((b"x-request-id", exchange.request_id))
    if status not in {204, 304}:
        headers.append((b"content-type", media_type))
        headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if exchange.method == "HEAD" else body})


__all__ = ["Elsewhere", "Entrance", "Facing", "Sources"]
