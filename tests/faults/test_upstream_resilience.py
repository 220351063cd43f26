from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, cast

import pytest

from policy_gateway.crm import Limits, outcome_of, resilient
from policy_gateway.errors import (
    Conflict,
    GatewayError,
    InvalidCall,
    PreconditionFailed,
    RateLimited,
    UpstreamError,
    UpstreamInvalid,
    UpstreamRefused,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from policy_gateway.model.field import Catalogue
from policy_gateway.query import Change, Query
from policy_gateway.records import Adapter, Outcome, OutcomeKind, Page, Request
from policy_gateway.testing.builders import a_change, a_query

if TYPE_CHECKING:
    from tests.faults.conftest import Meet, Talk

    from policy_gateway.crm import HttpTransport

pytestmark = pytest.mark.anyio

SECRET = "Zq7-value-of-a-record"
QUERY = a_query("name")
Act = Callable[[], Awaitable[object]]


class Acting:
    """An adapter that does *act* whenever it is asked, and counts."""

    def __init__(self, act: Act) -> None:
        self.act = act
        self.asked = 0

    async def catalogue(self) -> Catalogue:
        """Act."""
        self.asked += 1
        await self.act()
        return Catalogue("acting")

    async def read(self, query: Query) -> Page:
        """Act."""
        self.asked += 1
        await self.act()
        return Page(query.resource)

    async def write(self, change: Change) -> Outcome:
        """Act."""
        self.asked += 1
        await self.act()
        return Outcome(OutcomeKind.DONE, change.target)


class Time:
    """A clock that goes when it is told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Return the seconds."""
        return self.now


def raising(error: Exception) -> Act:
    """Return an act that raises *error*."""

    async def act() -> None:
        raise error

    return act


def waiting(seconds: float) -> Act:
    """Return an act that takes *seconds*."""
    return lambda: asyncio.sleep(seconds)


async def ends(adapter: Adapter) -> type[GatewayError] | None:
    """Return what kind of error a read ends with, None for an answer."""
    try:
        await adapter.read(QUERY)
    except GatewayError as error:
        return type(error)
    return None


class TestDeadline:
    @pytest.mark.attack("F15")
    async def test_total(self) -> None:
        """A call takes no longer than its deadline, whatever the adapter waits for."""
        adapter = resilient(Acting(waiting(30)), Limits(deadline=0.05))

        assert UpstreamTimeout is await ends(adapter)

    @pytest.mark.attack("F15")
    async def test_bulkhead(self) -> None:
        """A slow connection gets so many calls at once, lets so many wait, and refuses the rest at once."""
        acting = Acting(waiting(5))
        adapter = resilient(acting, Limits(deadline=0.5, calls=2, failures=99))
        calls = [asyncio.create_task(ends(adapter)) for _ in range(30)]
        await asyncio.sleep(0.05)

        assert 2 == acting.asked
        refused = [call.result() for call in calls if call.done()]
        assert [UpstreamUnavailable] * 14 == refused
        assert {UpstreamTimeout, UpstreamUnavailable} == set(await asyncio.gather(*calls))

    @pytest.mark.attack("F15")
    async def test_others_unaffected(self) -> None:
        """One connection's trouble does not slow another down."""
        stuck = resilient(Acting(waiting(30)), Limits(deadline=1, calls=1))
        quick = resilient(Acting(waiting(0)), Limits(deadline=1, calls=1))
        calls = [asyncio.create_task(ends(stuck)) for _ in range(8)]
        started = asyncio.get_running_loop().time()

        assert [None] * 50 == [await ends(quick) for _ in range(50)]
        assert asyncio.get_running_loop().time() - started < 0.8
        await asyncio.gather(*calls)


class TestBreaker:
    async def test_opens_and_probes(self) -> None:
        """After failures in a row the CRM is left alone; then one probe decides."""
        time, acting = Time(), Acting(raising(UpstreamTimeout()))
        adapter = resilient(acting, Limits(failures=3, rest=10), monotonic=time)
        ended = [await ends(adapter) for _ in range(5)]
        assert [UpstreamTimeout] * 3 + [UpstreamUnavailable] * 2 == ended
        assert 3 == acting.asked

        time.now += 11
        assert [UpstreamTimeout, UpstreamUnavailable] == [await ends(adapter) for _ in range(2)]
        assert 4 == acting.asked

        time.now += 11
        acting.act = waiting(0)
        assert [None, None] == [await ends(adapter) for _ in range(2)]

    async def test_one_probe(self) -> None:
        """Of many calls that come after the rest only one is let through."""
        time, acting = Time(), Acting(raising(UpstreamTimeout()))
        adapter = resilient(acting, Limits(failures=1, rest=10), monotonic=time)
        await ends(adapter)
        time.now += 11
        acting.act = waiting(0.05)
        ended = await asyncio.gather(*(ends(adapter) for _ in range(10)))

        assert [None] + [UpstreamUnavailable] * 9 == ended
        assert 2 == acting.asked

    async def test_refused_unsent(self) -> None:
        """A write that an open breaker refuses was surely not applied."""
        adapter = resilient(Acting(raising(UpstreamTimeout())), Limits(failures=1))
        await ends(adapter)
        with pytest.raises(UpstreamUnavailable) as caught:
            await adapter.write(a_change(target="7"))

        assert OutcomeKind.FAILED is outcome_of(caught.value)

    @pytest.mark.parametrize("error", [UpstreamInvalid(), UpstreamRefused(), InvalidCall(), Conflict(), ValueError()])
    async def test_answers_do_not_count(self, error: Exception) -> None:
        """A CRM that answers, if only nonsense, is reachable: no caller can close it to others by what it asks."""
        acting = Acting(raising(error))
        adapter = resilient(acting, Limits(failures=2))
        for _ in range(6):
            await ends(adapter)

        assert 6 == acting.asked

    async def test_callers_that_go_away(self) -> None:
        """Callers that give up do not open the breaker."""
        acting = Acting(waiting(5))
        adapter = resilient(acting, Limits(failures=2))
        for _ in range(6):
            call = asyncio.create_task(ends(adapter))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            call.cancel()
            await asyncio.wait([call])

        assert 6 == acting.asked
        acting.act = waiting(0)
        assert await ends(adapter) is None


class TestRetries:
    async def test_share(self) -> None:
        """Of many reads of an unreachable CRM a tenth at most is asked again."""
        acting = Acting(raising(UpstreamUnavailable()))
        adapter = resilient(acting, Limits(failures=1000))
        await asyncio.gather(*(ends(adapter) for _ in range(100)))

        assert 100 < acting.asked <= 110

    async def test_read(self) -> None:
        """A read that failed once is answered the second time."""
        acting = Acting(waiting(0))
        adapter = resilient(acting, Limits())
        for _ in range(11):
            await adapter.read(QUERY)

        async def act() -> None:
            acting.act = waiting(0)
            raise UpstreamUnavailable

        acting.act = act

        assert await ends(adapter) is None
        assert 13 == acting.asked

    @pytest.mark.attack("C13")
    @pytest.mark.parametrize("error", [UpstreamUnavailable(), UpstreamTimeout(), UpstreamInvalid()])
    async def test_write(self, error: UpstreamError) -> None:
        """A write is never sent twice; how it ended is not known."""
        acting = Acting(waiting(0))
        adapter = resilient(acting, Limits())
        for _ in range(20):
            await adapter.read(QUERY)
        acting.act, acting.asked = raising(error), 0
        with pytest.raises(UpstreamError) as caught:
            await adapter.write(a_change(target="7"))

        assert 1 == acting.asked
        assert OutcomeKind.UNKNOWN is outcome_of(caught.value)

    @pytest.mark.parametrize(
        ("error", "kind"),
        [
            (PreconditionFailed(), OutcomeKind.REFUSED),
            (UpstreamRefused(), OutcomeKind.REFUSED),
            (RateLimited(), OutcomeKind.REFUSED),
            (UpstreamUnavailable(unsent=True), OutcomeKind.FAILED),
        ],
    )
    async def test_known_outcomes(self, error: UpstreamError, kind: OutcomeKind) -> None:
        """What was surely not applied is told from what may have been."""
        assert kind is outcome_of(error)


class TestQuota:
    @pytest.mark.attack("F17")
    @pytest.mark.parametrize(
        ("said", "believed"),
        [(7, 7), (10**9, 300), (-1, 1), (0, 1), ("soon", 1), (None, 1), (float("nan"), 1), (float("inf"), 300)],
    )
    async def test_left_alone(self, said: object, believed: int) -> None:
        """A CRM whose quota is used up is left alone for as long as it says, within reason."""
        time, acting = Time(), Acting(raising(RateLimited(SECRET, retry_after=cast("int", said))))
        adapter = resilient(acting, Limits(), monotonic=time)
        waits = []
        for _ in range(3):
            with pytest.raises(RateLimited) as caught:
                await adapter.read(QUERY)
            waits.append(caught.value.retry_after)
            assert SECRET not in caught.value.detail

        assert [believed] * 3 == waits
        assert 1 == acting.asked
        time.now += believed
        acting.act = waiting(0)
        assert await ends(adapter) is None

    @pytest.mark.attack("F17")
    @pytest.mark.parametrize("header", ["1000000000", "-1", "Wed, 21 Oct 2065 07:28:00 GMT", "garbage", "٣", ""])
    async def test_storm(self, meet: Meet, header: str) -> None:
        """When every answer is 429 the CRM is asked once and left alone, whatever Retry-After says."""

        async def behave(talk: Talk) -> None:
            while True:
                await talk.request()
                head = f"HTTP/1.1 429 Slow Down\r\ncontent-length: 0\r\nretry-after: {header}\r\n\r\n"
                await talk.say(head.encode())

        async with meet(behave) as (rogue, client):
            adapter = resilient(Acting(asking(client)), Limits())
            ended = [await ends(adapter) for _ in range(100)]

            assert [RateLimited] * 100 == ended
            assert 1 == len(rogue.heads)


def asking(client: HttpTransport) -> Act:
    """Return an act that asks by HTTP and maps the answer as adapters do."""

    async def act() -> None:
        response = await client.send(Request("GET", "/contacts/7"))
        if response.status == 429:
            raise RateLimited(retry_after=int(response.headers.get("retry-after", "1")))

    return act


class TestForeignExceptions:
    @pytest.mark.parametrize("error", [ValueError(SECRET), KeyError(SECRET), TimeoutError(SECRET), OSError(SECRET)])
    async def test_only_the_type(self, error: Exception) -> None:
        """What an adapter lets out by mistake is told by its type only, and not chained."""
        adapter = resilient(Acting(raising(error)), Limits())
        with pytest.raises(UpstreamInvalid) as caught:
            await adapter.read(QUERY)

        assert type(error).__name__ in caught.value.detail
        assert SECRET not in repr(caught.value)
        assert caught.value.__suppress_context__
