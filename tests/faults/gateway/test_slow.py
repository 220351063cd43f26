"""A journal that is slow or full, and callers who do not wait: answers in time or not at all, entries in any case."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import orjson
import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.faults.gateway.conftest import Gateway, Reply, Start

pytestmark = pytest.mark.anyio
CAPACITY = 100
PATIENCE = 0.8
"""How much later than the deadline an answer may come on a machine that has other things to do, too."""

TARGET = "/v1/crm/contacts/7"


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Write to the database, as another process, until the block ends."""
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def entries(file: Path, request_id: str) -> list[tuple[str, str, str]]:
    """Return kind, decision and outcome of the entries of one request."""
    with closing(sqlite3.connect(file)) as other:
        rows = other.execute("SELECT entry FROM audit_entries ORDER BY tenant, seq").fetchall()
    told = [orjson.loads(entry)["entry"] for (entry,) in rows]
    mine = [one for one in told if one.get("request_id") == request_id]
    return [(one["kind"], one["decision"], one.get("outcome", "")) for one in mine]


async def kept(file: Path, request_id: str, count: int) -> list[tuple[str, str, str]]:
    """Wait until so many entries of one request are there, and return them."""
    end = time.monotonic() + 10
    while len(found := entries(file, request_id)) < count:
        assert time.monotonic() < end, set(found)
        await asyncio.sleep(0.01)
    return found


async def read(gateway: Gateway) -> tuple[Reply, float]:
    """Return the answer to a call, and how long it took."""
    began = time.monotonic()
    reply = await gateway.ask("anna", "service", "GET", TARGET)
    return reply, time.monotonic() - began


class TestSlow:
    @pytest.mark.attack("I15")
    @pytest.mark.parametrize("deadline", [0.3, 1.2])
    async def test_in_time(self, start: Start, deadline: float) -> None:
        """A call whose entry takes too long is refused when the deadline has passed, not before and hardly after."""
        gateway = start(audit_seconds=deadline)
        await gateway.ready()
        with locked(gateway.database):
            answers = await asyncio.gather(*(read(gateway) for _ in range(20)))

        assert {(503, "audit-unavailable")} == {(reply.status, reply.json["code"]) for reply, _ in answers}
        assert min(seconds for _, seconds in answers) > deadline - 0.1
        assert max(seconds for _, seconds in answers) < deadline + PATIENCE

    @pytest.mark.attack("I15")
    async def test_changes_in_time(self, start: Start) -> None:
        """A change waits for the journal once, not for its intent and then for its refusal."""
        gateway = start(audit_seconds=1.0)
        await gateway.ready()
        change = {"if_match": "*", "idempotency_key": "change-1"}
        with locked(gateway.database):
            began = time.monotonic()
            reply = await gateway.ask("anna", "service", "PATCH", TARGET, {"street": "Testweg 1"}, **change)
            took = time.monotonic() - began

        assert (503, True) == (reply.status, took < 1.5)

    async def test_short_wait(self, start: Start) -> None:
        """Whoever waited less than the deadline is answered."""
        gateway = start(audit_seconds=5.0)
        await gateway.ready()
        with locked(gateway.database):
            asking = asyncio.create_task(read(gateway))
            done, _ = await asyncio.wait({asking}, timeout=0.3)
        reply, _ = await asking

        assert set() == done
        assert 200 == reply.status


class TestFull:
    @pytest.mark.attack("I15")
    async def test_at_once(self, start: Start) -> None:
        """When as many entries wait as may, further calls are refused without waiting."""
        gateway = start(audit_seconds=3.0, audit_waiting=CAPACITY)
        await gateway.ready()
        with locked(gateway.database):
            began = time.monotonic()
            waiting = [asyncio.create_task(read(gateway)) for _ in range(3 * CAPACITY)]
            done, patient = await asyncio.wait(waiting, timeout=2.5)
            took = time.monotonic() - began
        answers = [task.result()[0] for task in done]
        patient_answers = await asyncio.gather(*patient)

        assert {(503, "audit-unavailable")} == {(reply.status, reply.json["code"]) for reply in answers}
        assert len(answers) >= CAPACITY
        assert took < 3.0
        # The writer has taken one group out of the queue; the queue itself is bounded.
        assert len(patient_answers) <= 2 * CAPACITY
        assert {200, 503} >= {reply.status for reply, _ in patient_answers}
        assert 200 == (await read(gateway))[0].status


class TestGone:
    async def test_read(self, start: Start) -> None:
        """Who hangs up in the middle of a call is in the journal all the same."""
        gateway = start()
        await gateway.ready()
        await self._hang_up(gateway, "GET", "gone-1")

        assert [("decision", "permit", "")] == await kept(gateway.database, "gone-1", 1)

    async def test_change(self, start: Start) -> None:
        """Who hangs up in the middle of a change leaves an intent and its outcome, and the CRM agrees with both."""
        gateway = start()
        await gateway.ready()
        await self._hang_up(gateway, "PATCH", "gone-2")
        found = await kept(gateway.database, "gone-2", 2)
        record = (await gateway.ask("anna", "service", "GET", TARGET)).json["fields"]

        assert [("decision", "permit", ""), ("outcome", "permit", "done")] == found
        assert isinstance(record, dict)
        assert "Testweg 2" == record["street"]

    async def test_many(self, start: Start) -> None:
        """None of many who hang up right after asking is missing."""
        gateway = start()
        await gateway.ready()
        headers = gateway.headers("anna", "service", x_request_id="gone-3")
        lines = [gateway.line() for _ in range(50)]
        await asyncio.gather(*(line.send("GET", TARGET, headers) for line in lines))
        for line in lines:
            line.close()

        assert [("decision", "permit", "")] * 50 == await kept(gateway.database, "gone-3", 50)

    async def _hang_up(self, gateway: Gateway, method: str, request_id: str) -> None:
        """Ask while nothing can be written, and go away."""
        headers = gateway.headers("anna", "service", x_request_id=request_id, if_match="*")
        line = gateway.line()
        with locked(gateway.database):
            reader = await line.send(method, TARGET, headers, {"street": "Testweg 2"} if method == "PATCH" else None)
            answered = asyncio.create_task(reader.read(1))
            done, _ = await asyncio.wait({answered}, timeout=0.3)
            assert set() == done
            answered.cancel()
            line.close()
