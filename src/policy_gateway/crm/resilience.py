"""An adapter around an adapter that keeps one CRM's trouble to itself: deadline, bulkhead, breaker, few retries.

Only reads are retried. A write is sent at most once: after an error :func:`outcome_of` tells what is known of it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, TypeAlias, TypeVar

from policy_gateway.crm.breaker import Breaker, RetryBudget
from policy_gateway.crm.http_wire import LONGEST_WAIT
from policy_gateway.errors import (
    GatewayError,
    RateLimited,
    Refused,
    UpstreamError,
    UpstreamInvalid,
    UpstreamRefused,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from policy_gateway.model.field import Catalogue
from policy_gateway.query import Change, Query
from policy_gateway.records import Adapter, Outcome, OutcomeKind, Page

T = TypeVar("T")
Ask: TypeAlias = Callable[[], Awaitable[T]]

_PAUSE_BEFORE_RETRY: Final = 0.05
_WAITING_PER_SLOT: Final = 8
_MOST_SAVED: Final = 10


@dataclass(frozen=True, slots=True)
class Limits:
    """How one connection is protected: seconds for a call, calls at once, and when its breaker opens (for how long).

    *retries* is the share of the reads that may be asked a second time.
    """

    deadline: float = 10.0
    calls: int = 64
    failures: int = 5
    rest: float = 10.0
    retries: float = 0.1


def resilient(adapter: Adapter, limits: Limits, *, monotonic: Callable[[], float] = time.monotonic) -> ResilientAdapter:
    """Return *adapter* behind a deadline, a bulkhead and a breaker of its own, its reads retried within a budget.

    What it raises are members of :mod:`policy_gateway.errors` only; a foreign exception becomes UpstreamInvalid that
    names no more than its type.
    """
    return ResilientAdapter(adapter, limits, monotonic)


def outcome_of(error: UpstreamError | Refused) -> OutcomeKind:
    """Return what is known of a write that ended with *error*: refused, failed (surely not applied), or unknown."""
    match error:
        case Refused() | UpstreamRefused() | RateLimited():
            return OutcomeKind.REFUSED
        case UpstreamUnavailable(unsent=True):
            return OutcomeKind.FAILED
        case _:
            return OutcomeKind.UNKNOWN


class ResilientAdapter:
    """What :func:`resilient` returns; closing it closes the adapter."""

    def __init__(self, adapter: Adapter, limits: Limits, monotonic: Callable[[], float]) -> None:
        self._adapter = adapter
        self._limits = limits
        self._slots = asyncio.Semaphore(limits.calls)
        self._waiting = 0
        self._breaker = Breaker(limits.failures, limits.rest, monotonic)
        self._budget = RetryBudget(limits.retries, most=_MOST_SAVED)

    async def catalogue(self) -> Catalogue:
        """Describe the connection."""
        return await self._repeatable(self._adapter.catalogue)

    async def read(self, query: Query) -> Page:
        """Read, and once more when the CRM was not reachable and the budget allows."""
        return await self._repeatable(lambda: self._adapter.read(query))

    async def write(self, change: Change) -> Outcome:
        """Write, once."""
        return await self._within_deadline(lambda: self._adapter.write(change), self._once)

    async def aclose(self) -> None:
        """Close the adapter, if it has anything to close."""
        close = getattr(self._adapter, "aclose", None)
        if close is not None:
            await close()

    async def _repeatable(self, ask: Ask[T]) -> T:
        self._budget.earn()
        return await self._within_deadline(ask, self._twice)

    async def _within_deadline(self, ask: Ask[T], way: Callable[[Ask[T], asyncio.Timeout], Awaitable[T]]) -> T:
        if self._waiting >= self._limits.calls * _WAITING_PER_SLOT:
            raise UpstreamUnavailable("too many calls wait for this CRM", unsent=True)
        self._waiting += 1
        try:
            async with asyncio.timeout(self._limits.deadline) as deadline, self._slots:
                return await way(ask, deadline)
        except TimeoutError:
            raise UpstreamTimeout from None
        finally:
            self._waiting -= 1

    async def _twice(self, ask: Ask[T], deadline: asyncio.Timeout) -> T:
        self._breaker.admit()
        try:
            return await self._admitted(ask, deadline)
        except UpstreamUnavailable:
            if not self._budget.spend():
                raise
        # No jitter: so few calls are repeated that they cannot gather into a wave.
        await asyncio.sleep(_PAUSE_BEFORE_RETRY)
        return await self._once(ask, deadline)

    async def _once(self, ask: Ask[T], deadline: asyncio.Timeout) -> T:
        self._breaker.admit()
        return await self._admitted(ask, deadline)

    async def _admitted(self, ask: Ask[T], deadline: asyncio.Timeout) -> T:
        """Ask, translate what comes out, and tell the breaker; nobody knows of a call whose caller went away."""
        reached: bool | None = True
        try:
            return await ask()
        except RateLimited as limited:
            seconds = _sane(limited.retry_after)
            self._breaker.pause(seconds)
            raise RateLimited(retry_after=seconds) from None
        except (UpstreamTimeout, UpstreamUnavailable):
            reached = False
            raise
        except GatewayError:
            raise
        except asyncio.CancelledError:
            reached = False if deadline.expired() else None
            raise
        except Exception as foreign:  # noqa: BLE001 -- adapters are plugins; their exceptions may quote data
            raise UpstreamInvalid(f"the adapter failed with {type(foreign).__name__}") from None
        finally:
            self._breaker.settle(reached=reached)


def _sane(seconds: object) -> int:
    """Return a wait between 1 and LONGEST_WAIT seconds, whatever an adapter passed on."""
    if not isinstance(seconds, int | float) or seconds != seconds:  # noqa: PLR0124 -- NaN
        return 1
    return int(min(max(seconds, 1), LONGEST_WAIT))
