"""Attempts without a known key, remembered by their source, so that a flood can neither hide nor fill a disk."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from ipaddress import ip_address, ip_network

from policy_gateway.audit.draft import Draft
from policy_gateway.audit.entry import DECISION, SYSTEM, SYSTEM_TENANT, serialized
from policy_gateway.audit.journal import DatabaseJournal
from policy_gateway.errors import AuditUnavailable

_MINUTE = 60_000
_MOST_SOURCES = 256
_OTHERS = "others"


def source_of(network: str) -> str:
    """Return the network that an address belongs to (/24, or /48 of IPv6); ``unknown`` for what is no address."""
    try:
        address = ip_address(network.partition("%")[0])
    except ValueError:
        return "unknown"
    mapped = getattr(address, "ipv4_mapped", None)
    address = mapped or address
    return str(ip_network((address, 24 if address.version == 4 else 48), strict=False))  # noqa: PLR2004 -- IPv4


class _Tally:
    """The attempts of one source in one minute: the first is *recorded*, those after it are counted."""

    __slots__ = ("correlation", "more", "recorded")

    def __init__(self, recorded: asyncio.Future[None], correlation: str) -> None:
        self.recorded = recorded
        self.correlation = correlation
        self.more = 0


class Strangers:
    """Records the first attempt of a source in a minute before it is answered, and counts the others.

    The counts are recorded with the next minute's first attempt, or when a minute has passed without any.
    """

    def __init__(self, journal: DatabaseJournal) -> None:
        self._journal = journal
        self._minute = 0
        self._tallies: dict[str, _Tally] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._flushing: asyncio.Task[None] | None = None

    async def attempt(self, network: str, code: str, correlation: str, time: int) -> None:
        """Record or count one attempt at *time* (ms) that was answered with *code*; AuditUnavailable when it cannot."""
        if time // _MINUTE != self._minute:
            await self.flush()
            self._minute = time // _MINUTE
            self._remind()
        source = source_of(network)
        if source not in self._tallies and len(self._tallies) >= _MOST_SOURCES:
            source = _OTHERS
        tally = self._tallies.get(source)
        if tally is not None and not _failed(tally):
            tally.more += 1
        else:
            draft = _draft(DECISION, source, correlation, time, count=1, code=code)
            first = asyncio.ensure_future(self._journal.append(draft))
            tally = self._tallies[source] = _Tally(first, correlation)
        # Shielded: whoever is first may go away, and the others wait for the same entry.
        await asyncio.shield(tally.recorded)

    async def flush(self) -> None:
        """Record the counts of the minute that is over; kept for the next time when that fails."""
        tallies, self._tallies = self._tallies, {}
        end = (self._minute + 1) * _MINUTE - 1
        counts = [
            _draft(SYSTEM, source, tally.correlation, end, count=tally.more)
            for source, tally in tallies.items()
            if tally.more
        ]
        try:
            await asyncio.gather(*(self._journal.append(count) for count in counts))
        except BaseException:
            self._tallies = {**tallies, **self._tallies}
            raise

    async def close(self) -> None:
        """Record what was counted."""
        if self._timer is not None:
            self._timer.cancel()
        await self.flush()

    def _remind(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(_MINUTE / 1000, self._flush_later)

    def _flush_later(self) -> None:
        self._flushing = asyncio.ensure_future(self._flush_quietly())

    async def _flush_quietly(self) -> None:
        with suppress(AuditUnavailable):  # the counts are kept, and the next attempt is refused if it is still so
            await self.flush()


def _draft(
    kind: str, source: str, correlation: str, time: int, *, count: int, code: str = "not-authenticated"
) -> Draft:
    body = serialized(
        {
            "code": code,
            "correlation": correlation,
            "count": count,
            "decision": "deny",
            "kind": kind,
            "source": source,
            "time": time,
        }
    )
    return Draft(SYSTEM_TENANT, correlation, kind, time, lambda _: body)


def _failed(tally: _Tally) -> bool:
    recorded = tally.recorded
    return recorded.done() and (recorded.cancelled() or recorded.exception() is not None)
