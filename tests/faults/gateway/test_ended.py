"""The end of a gateway: what is under way is answered and journaled, then nothing is left of it."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.faults.gateway.conftest import Gateway, Start

pytestmark = pytest.mark.anyio
CALLERS = 32
TARGET = "/v1/crm/contacts/7"


def members(session: int) -> set[int]:
    """Return the processes of a session that are alive."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[3]) == session and fields[0] != "Z":
                found.add(int(stat.parent.name))
    return found


async def alone(session: int) -> None:
    """Wait until no process of the session is left."""
    end = time.monotonic() + 10
    while members(session):
        assert time.monotonic() < end
        await asyncio.sleep(0.01)


def correlations(file: Path) -> set[str]:
    """Return the correlation ids of all entries."""
    with closing(sqlite3.connect(file)) as other:
        return {row[0] for row in other.execute("SELECT correlation FROM audit_entries")}


async def ended(gateway: Gateway) -> int:
    """Wait for the end; return the exit code."""
    return await asyncio.to_thread(gateway.nursery.ended, gateway.pid)


class TestTerminated:
    async def test_under_load(self, start: Start) -> None:
        """Each call whose answer began is answered whole and journaled; the process ends by itself, and well."""
        gateway = start()
        await gateway.ready()
        answered: set[str] = set()
        begun = asyncio.Event()
        cut: list[bytes] = []

        async def caller() -> None:
            headers, line = gateway.headers("anna", "service"), gateway.line()
            try:
                while True:
                    reply = await line.ask("GET", TARGET, headers)
                    assert reply.status == 200
                    answered.add(reply.correlation)
                    if len(answered) >= CALLERS:
                        begun.set()
            except OSError as gone:
                cut.append(getattr(gone, "heard", b""))

        callers = [asyncio.create_task(caller()) for _ in range(CALLERS)]
        await begun.wait()
        os.kill(gateway.pid, signal.SIGTERM)
        await asyncio.gather(*callers)
        code = await ended(gateway)
        await alone(gateway.pid)

        assert 0 == code
        assert [b""] * CALLERS == cut
        assert answered <= correlations(gateway.database)
        assert [] == sorted(path.name for path in gateway.folder.glob("policy-gateway.sqlite-*"))

    async def test_waiting_calls(self, start: Start) -> None:
        """Calls that wait for their entries when the end comes get both."""
        gateway = start()
        await gateway.ready()
        with closing(sqlite3.connect(gateway.database, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            calls = [asyncio.create_task(gateway.ask("anna", "service", "GET", TARGET)) for _ in range(CALLERS)]
            early, _ = await asyncio.wait(calls, timeout=0.5)
            os.kill(gateway.pid, signal.SIGTERM)
            late, _ = await asyncio.wait(calls, timeout=0.3)
            other.execute("ROLLBACK")
        replies = await asyncio.gather(*calls)
        code = await ended(gateway)

        assert (set(), set()) == (early, late)
        assert {200} == {reply.status for reply in replies}
        assert {reply.correlation for reply in replies} <= correlations(gateway.database)
        assert 0 == code

    async def test_again(self, start: Start) -> None:
        """It starts again on what it left."""
        gateway = start()
        await gateway.ready()
        os.kill(gateway.pid, signal.SIGTERM)
        await ended(gateway)
        gateway.start()
        await gateway.ready()

        assert 200 == (await gateway.ask("anna", "service", "GET", TARGET)).status


class TestKilled:
    async def test_no_orphans(self, start: Start) -> None:
        """The oracle does not outlive a gateway that was killed."""
        gateway = start()
        await gateway.ready()
        await gateway.ask("anna", "service", "GET", TARGET)
        os.kill(gateway.pid, signal.SIGKILL)
        code = await ended(gateway)
        await alone(gateway.pid)

        assert -signal.SIGKILL == code
