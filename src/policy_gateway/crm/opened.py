"""A connection that is in use: its adapter behind everything that protects it, and what its CRM describes."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from contextvars import Context
from dataclasses import dataclass
from typing import Protocol

from policy_gateway.crm.gathering import GatheringAdapter
from policy_gateway.crm.guard import guarded
from policy_gateway.crm.http import HttpTransport
from policy_gateway.crm.http_connection import HttpLimits
from policy_gateway.crm.naming import Names
from policy_gateway.crm.origin import Reach, parse_base_url
from policy_gateway.errors import GatewayError, UpstreamInvalid, UpstreamUnavailable
from policy_gateway.model.field import Catalogue
from policy_gateway.records import Adapter, Request, Response, Transport


class Closing(Protocol):
    """What has something to close."""

    async def aclose(self) -> None:
        """Close it."""
        ...


class ClosingTransport(Transport, Closing, Protocol):
    """A transport that lets go of its connections."""


class NoTransport:
    """The transport of a connection without a base URL: its adapter does not speak HTTP."""

    async def send(self, request: Request) -> Response:
        """Refuse."""
        raise UpstreamUnavailable("the connection has no base URL", unsent=True)

    async def aclose(self) -> None:
        """Do nothing."""


@dataclass(frozen=True, slots=True)
class Transports:
    """Makes a transport for each connection's base URL, within *reach*."""

    reach: Reach
    limits: HttpLimits

    def to(self, base_url: str) -> ClosingTransport:
        """Return a transport; ConfigurationError for a base URL that is not plain, or out of reach."""
        if not base_url:
            return NoTransport()
        return HttpTransport(parse_base_url(base_url), self.reach, self.limits)


@dataclass(frozen=True, slots=True)
class Described:
    """What a CRM described at one time, the *adapter* that is held to it, and the CRM's own *names*."""

    adapter: Adapter
    catalogue: Catalogue
    names: Names


class OpenConnection:
    """One connection at one *version* of its configuration.

    The catalogue is asked for once; after *lifetime* seconds it is asked for again while the old one still serves.
    """

    def __init__(self, version: int, adapter: Adapter, parts: tuple[Closing, ...], key: bytes, lifetime: float) -> None:
        self.version = version
        self.key = key
        self._adapter = adapter
        self._parts = parts
        self._lifetime = lifetime
        self._described: Described | None = None
        self._asked_at = 0.0
        self._asking: asyncio.Task[Described] | None = None

    async def described(self) -> Described:
        """Return what the CRM described last; raises UpstreamError when it never has."""
        if self._described is None:
            return await self.described_anew()
        described = self._described
        if asyncio.get_running_loop().time() - self._asked_at > self._lifetime:
            _ = self._start_asking()
        return described

    async def described_anew(self) -> Described:
        """Ask the CRM now, or wait for who has already asked; whoever goes away leaves the answer to the others."""
        asking = self._start_asking()
        await asyncio.wait([asking])
        if asking.cancelled():
            raise UpstreamUnavailable("the connection was closed", unsent=True)
        return asking.result()

    async def aclose(self) -> None:
        """Let go of everything; answers on their way still come through the transport."""
        if self._asking is not None:
            self._asking.cancel()
        for part in self._parts:
            # Adapters are plugins; one that cannot close must not keep the others open.
            with suppress(Exception):
                await part.aclose()

    def _start_asking(self) -> asyncio.Future[Described]:
        if self._asking is None:
            loop = asyncio.get_running_loop()
            self._asked_at = loop.time()
            # An empty context: what the catalogue is asked for is nobody's call.
            self._asking = loop.create_task(self._describe(), context=Context())
            self._asking.add_done_callback(self._answered)
        return self._asking

    def _answered(self, task: asyncio.Task[Described]) -> None:
        self._asking = None
        # A failed refresh leaves the old catalogue in use; who waits for a first one is told by the task.
        if not task.cancelled() and task.exception() is None:
            self._described = task.result()

    async def _describe(self) -> Described:
        catalogue: object = await self._adapter.catalogue()
        if not isinstance(catalogue, Catalogue):
            raise UpstreamInvalid("the adapter did not describe its resources")
        try:
            return Described(guarded(GatheringAdapter(self._adapter), catalogue), catalogue, Names(catalogue))
        except re.error:
            raise UpstreamInvalid("the adapter described ids in a way that cannot be checked") from None


def unusable(error: GatewayError) -> UpstreamUnavailable:
    """Return what a caller learns of a connection whose configuration does not work (any more)."""
    return UpstreamUnavailable(f"the connection's configuration cannot be used: {error.detail}", unsent=True)
