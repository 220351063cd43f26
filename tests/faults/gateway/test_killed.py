"""kill -9 at random points of a running gateway under load: what left is in the journal, and stays there."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import time
from contextlib import closing, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from tests.faults.gateway.conftest import Gateway, Line, Start

pytestmark = [pytest.mark.anyio, pytest.mark.attack("I13"), pytest.mark.timeout(900)]
KILLS = 100 if settings.get_current_profile_name() == "soak" else 20
READERS, WRITERS, FOREIGNERS = 32, 4, 4
CONTACTS = 200
LONGEST_SECONDS = 0.25
KILLED_IN_START = 0.15
"""Which part of the kills may come before the gateway answers at all."""

CANARY = b"Zanzibar"


@dataclass
class Witness:
    """What callers saw: correlation ids of whole and partial answers, and the marks of changes that were sent."""

    read: dict[str, str] = field(default_factory=dict)
    written: set[str] = field(default_factory=set)
    partial: set[str] = field(default_factory=set)
    marks: set[str] = field(default_factory=set)
    headless: list[bytes] = field(default_factory=list)
    reading: asyncio.Event = field(default_factory=asyncio.Event)
    writing: asyncio.Event = field(default_factory=asyncio.Event)

    def cut(self, heard: bytes) -> None:
        """Remember an answer of which only the beginning came."""
        if not heard:
            return
        _, found, rest = heard.lower().partition(b"x-correlation-id: ")
        if found and len(rest) >= 32:
            self.partial.add(rest[:32].decode())
        else:
            self.headless.append(heard)


@dataclass
class Load:
    """Callers that ask without a pause until the gateway is gone."""

    gateway: Gateway
    witness: Witness
    chance: random.Random

    async def until_gone(self, delay: float) -> None:
        """Let everybody ask; kill the gateway *delay* seconds after the first answer, or the first change."""
        first = self.chance.choice((self.witness.reading, self.witness.writing))
        first.clear()
        callers = [self._reader("anna", "acme") for _ in range(READERS)]
        callers += [self._reader("ben", "bolt") for _ in range(FOREIGNERS)]
        callers += [self._writer() for _ in range(WRITERS)]
        tasks = [asyncio.create_task(caller) for caller in callers]
        await first.wait()
        await asyncio.sleep(delay)
        self.gateway.kill()
        await asyncio.gather(*tasks)

    async def _reader(self, who: str, tenant: str) -> None:
        headers = self.gateway.headers(who, "service")
        line = self._line()
        with suppress(OSError):
            while True:
                contact = self.chance.randint(1, CONTACTS)
                try:
                    reply = await line.ask("GET", f"/v1/crm/contacts/{contact}", headers)
                except ConnectionError as cut:
                    self.witness.cut(getattr(cut, "heard", b""))
                    raise
                assert reply.status == 200, reply
                assert CANARY in reply.body
                self._told(reply.correlation, tenant)

    async def _writer(self) -> None:
        line = self._line()
        with suppress(OSError):
            while True:
                mark = f"mark-{self.chance.getrandbits(64):016x}"
                headers = self.gateway.headers("anna", "service", x_request_id=mark, if_match="*")
                target = f"/v1/hub/contacts/{self.chance.randint(101, 900)}"
                self.witness.marks.add(mark)
                try:
                    reply = await line.ask("PATCH", target, headers, {"street": f"Testweg {mark}"})
                except ConnectionError as cut:
                    self.witness.cut(getattr(cut, "heard", b""))
                    raise
                # Two changes of the same contact at a time: one of them may find it changed.
                assert reply.status in {200, 412}, reply
                if reply.status == 200:
                    self.witness.written.add(reply.correlation)
                self.witness.writing.set()
                self._told(reply.correlation, "acme")

    def _told(self, correlation: str, tenant: str) -> None:
        self.witness.reading.set()
        self.witness.read[correlation] = tenant

    def _line(self) -> Line:
        return self.gateway.line()


@dataclass
class Kept:
    """What the database holds after all."""

    numbers: dict[str, list[int]]
    correlations: dict[str, str]
    finished: set[str]
    permitted_marks: set[str]
    altered: list[int]
    integrity: str


def kept(file: Path) -> Kept:
    """Return what is in the journal, read by a stranger."""
    with closing(sqlite3.connect(file)) as other:
        integrity = other.execute("PRAGMA integrity_check").fetchone()[0]
        columns = "tenant, seq, correlation, kind, entry, leaf"
        rows = other.execute(f"SELECT {columns} FROM audit_entries ORDER BY tenant, seq").fetchall()
    found = Kept({}, {}, set(), set(), [], integrity)
    for tenant, seq, correlation, kind, entry, leaf in rows:
        sealed = orjson.loads(entry)
        told = sealed["entry"]
        if sha256(b"\0" + entry).digest() != leaf or (sealed["seq"], sealed["tenant"]) != (seq, tenant):
            found.altered.append(seq)
        found.numbers.setdefault(tenant, []).append(seq)
        if kind == "outcome":
            found.finished.add(correlation)
        elif told["decision"] == "permit":
            found.correlations[correlation] = tenant
            found.permitted_marks.add(told.get("request_id", ""))
    return found


async def changed(gateway: Gateway) -> set[str]:
    """Return the marks of all changes that the CRM was asked for since the last time."""
    line = gateway.line(gateway.hubspot)
    asked = (await line.ask("GET", "/sandbox/requests", {})).json["requests"]
    await line.ask("DELETE", "/sandbox/requests", {})
    line.close()
    assert isinstance(asked, list)
    changes = [str(request["body"]) for request in asked if request["method"] == "PATCH"]
    return {body[body.index("mark-") :][:21] for body in changes}


async def test_killed(start: Start, sandbox: int) -> None:
    """Whatever was answered, and whatever the CRM was asked to change, is in the journal; the numbers have no gap."""
    seed = random.SystemRandom().getrandbits(32)
    chance = random.Random(seed)
    gateway = start(hubspot=sandbox)
    await gateway.ready()
    gateway.kill()
    witness, applied, began = Witness(), set[str](), time.monotonic()
    for _ in range(KILLS):
        gateway.start()
        if chance.random() < KILLED_IN_START:
            await asyncio.sleep(chance.uniform(0, LONGEST_SECONDS))
            gateway.kill()
            continue
        await gateway.ready()
        await Load(gateway, witness, chance).until_gone(chance.uniform(0, LONGEST_SECONDS))
        applied |= await changed(gateway)
    gateway.start()
    await gateway.ready()
    found = kept(gateway.database)
    print(  # noqa: T201 -- shown with -s and when it fails: the figures, and how to repeat it
        f"{seed=}, {KILLS} kills, {len(witness.read)} answers, {len(witness.partial)} cut, {len(applied)} changes "
        f"applied, {len(witness.written)} acknowledged, {sum(map(len, found.numbers.values()))} entries, "
        f"{time.monotonic() - began:.0f} s"
    )

    assert len(witness.read) > 10 * KILLS
    assert witness.written
    assert "ok" == found.integrity
    assert [] == found.altered
    assert {} == {call: tenant for call, tenant in witness.read.items() if found.correlations.get(call) != tenant}
    assert set() == witness.partial - found.correlations.keys()
    assert [] == witness.headless
    assert set() == witness.written - found.finished
    assert set() == applied - found.permitted_marks
    assert {tenant: list(range(1, len(own) + 1)) for tenant, own in found.numbers.items()} == found.numbers
