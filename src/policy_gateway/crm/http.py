"""HTTP to one CRM: a small HTTP/1.1 client with a bounded pool, a total deadline, and a checked address.

An own client, because each general one costs more CPU than everything else that a call does (see PERFORMANCE.md), and
because what must hold here (no redirects, no proxies from the environment, no re-resolving of a checked name, bounds
on every part of an answer) is less to write than to switch off.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Final, TypeVar

from policy_gateway.crm.http_connection import Answer, HttpConnection, HttpLimits, UnansweredError
from policy_gateway.crm.http_wire import RequestWriter, decoded, header_map
from policy_gateway.crm.origin import Address, Origin, Reach, as_address
from policy_gateway.errors import UpstreamInvalid, UpstreamTimeout, UpstreamUnavailable
from policy_gateway.records import Request, Response

T = TypeVar("T")

_IDEMPOTENT: Final = frozenset({"GET", "HEAD"})
_REDIRECTS: Final = range(300, 400)


def _now() -> datetime:
    return datetime.now(UTC)


async def _before(deadline: float, wait: Awaitable[T]) -> T:
    """Return what *wait* gives; UpstreamTimeout when that takes beyond *deadline*."""
    try:
        async with asyncio.timeout_at(deadline):
            return await wait
    except TimeoutError:
        raise UpstreamTimeout from None


class HttpTransport:
    """A :class:`policy_gateway.records.Transport` to one *origin*, whose path prefix goes before each request's path.

    Redirects are not followed: they are answers of which the gateway cannot say who gave them. A request is sent again
    only when a pooled connection turns out to be closed before any byte of an answer, and only when that cannot do
    anything twice.
    """

    def __init__(
        self,
        origin: Origin,
        reach: Reach,
        limits: HttpLimits | None = None,
        *,
        tls: ssl.SSLContext | None = None,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        """Raise ConfigurationError when *reach* does not cover *origin*; *tls* is for a firm's own authority."""
        reach.require(origin)
        self._origin = origin
        self._reach = reach
        self._limits = limits or HttpLimits()
        self._tls = (tls or ssl.create_default_context()) if origin.scheme == "https" else None
        self._clock = clock
        self._writer = RequestWriter(origin)
        self._slots = asyncio.Semaphore(self._limits.connections)
        self._resting: list[HttpConnection] = []
        self._closed = False

    async def send(self, request: Request) -> Response:
        """Send *request*; the deadline covers all of it, waiting for a connection included."""
        data = self._writer.write(request)
        deadline = asyncio.get_running_loop().time() + self._limits.deadline
        if self._slots.locked():
            await _before(deadline, self._slots.acquire())
        else:
            await self._slots.acquire()
        try:
            answer = await self._exchange(data, request.method, deadline)
        finally:
            self._slots.release()
        if answer.status in _REDIRECTS:
            raise UpstreamInvalid("the CRM answered with a redirect, which is not followed")
        headers = header_map(answer.headers, self._clock)
        if "content-encoding" not in headers:
            return Response(answer.status, headers, answer.body)
        body = decoded(answer.body, headers["content-encoding"].strip().lower(), self._limits.body)
        return Response(answer.status, headers, body)

    async def aclose(self) -> None:
        """Close resting connections now, and those in use when their answer is there."""
        self._closed = True
        while self._resting:
            self._resting.pop().close()

    async def _exchange(self, data: bytes, method: str, deadline: float) -> Answer:
        if (rested := self._rested()) is not None:
            try:
                return await self._on(rested, data, method, deadline)
            except UnansweredError:
                if method not in _IDEMPOTENT:
                    raise UpstreamUnavailable("the CRM closed the connection before it answered") from None
        try:
            return await self._on(await _before(deadline, self._connected()), data, method, deadline)
        except UnansweredError:
            raise UpstreamUnavailable("the CRM closed the connection before it answered") from None

    async def _on(self, connection: HttpConnection, data: bytes, method: str, deadline: float) -> Answer:
        answer = await connection.exchange(data, deadline, bodiless=method == "HEAD")
        if connection.reusable and not self._closed:
            connection.since = asyncio.get_running_loop().time()
            self._resting.append(connection)
        else:
            connection.close()
        return answer

    def _rested(self) -> HttpConnection | None:
        oldest = asyncio.get_running_loop().time() - self._limits.idle
        while self._resting:
            connection = self._resting.pop()
            if connection.reusable and connection.since > oldest:
                return connection
            connection.close()
        return None

    async def _connected(self) -> HttpConnection:
        addresses = await self._addresses()
        for address in addresses:
            try:
                # One silent address must not use up the time in which another would have answered.
                async with asyncio.timeout(self._limits.connect / len(addresses)):
                    return await self._connected_to(address)
            except ssl.SSLError:
                raise UpstreamUnavailable("the CRM's certificate or TLS is not acceptable", unsent=True) from None
            except OSError:  # TimeoutError is one
                continue
        raise UpstreamUnavailable("the CRM does not accept connections", unsent=True)

    async def _connected_to(self, address: Address) -> HttpConnection:
        # The address, not the name: resolving it again could give one that was not checked.
        _, connection = await asyncio.get_running_loop().create_connection(
            lambda: HttpConnection(self._limits),
            str(address),
            self._origin.port,
            ssl=self._tls,
            server_hostname=self._origin.host if self._tls is not None else None,
        )
        return connection

    async def _addresses(self) -> list[Address]:
        host = self._origin.host
        literal = as_address(host)
        found = [literal] if literal is not None else await self._resolved(host)
        permitted = [address for address in found if self._reach.permits(host, address)]
        if not permitted:
            raise UpstreamUnavailable("the CRM's address is not public and not on the allow-list", unsent=True)
        return permitted

    async def _resolved(self, host: str) -> list[Address]:
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, self._origin.port, type=socket.SOCK_STREAM)
        except OSError:
            raise UpstreamUnavailable("the CRM's host name is not known to DNS", unsent=True) from None
        addresses = (as_address(str(entry[4][0]).partition("%")[0]) for entry in found)
        return [address for address in addresses if address is not None]
