"""A process that is killed while it writes: what it acknowledged is there, and the numbers have no gap."""

from __future__ import annotations

import random
import select
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

CHILD = """
import asyncio, sys
from datetime import UTC, datetime
from policy_gateway.audit import Entries
from policy_gateway.errors import Denied
from policy_gateway.model.decision import Deny, DenyKind
from policy_gateway.query import Call, Query
from policy_gateway.store import Database
from policy_gateway.testing.builders import a_principal

async def main():
    entries = Entries(Database.open(f"sqlite:///{sys.argv[1]}"), clock=lambda: datetime.now(UTC))

    async def caller(tenant):
        while True:
            try:
                async with entries.entry(Call("crm", Query("contact"), "service")) as entry:
                    entry.by(a_principal(tenant=tenant))
                    entry.decided(Deny(DenyKind.POLICY, "v1"))
                    raise Denied
            except Denied:
                sys.stdout.write(entry.correlation + "\\n")
                sys.stdout.flush()

    await asyncio.gather(*(caller(("acme", "bolt")[number % 2]) for number in range(8)))

asyncio.run(main())
"""


def killed_after(file: Path, seconds: float) -> set[str]:
    """Let a process write until it is killed; return what it acknowledged."""
    with subprocess.Popen([sys.executable, "-c", CHILD, str(file)], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        select.select([child.stdout], [], [], 60)
        try:
            child.wait(seconds)
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGKILL)
        lines = child.stdout.read().decode().split("\n")
    return {line for line in lines[:-1] if len(line) == 32}


@pytest.mark.attack("I13")
def test_killed(tmp_path: Path) -> None:
    """Every acknowledged entry survives kill -9, and each tenant's entries are numbered without a gap."""
    file = tmp_path / "gateway.db"
    chance = random.Random(13)
    acknowledged: set[str] = set()
    for _ in range(4):
        acknowledged |= killed_after(file, chance.uniform(0.0, 0.3))
    with sqlite3.connect(file) as other:
        rows = other.execute("SELECT tenant, seq, correlation FROM audit_entries ORDER BY tenant, seq").fetchall()
        checked = other.execute("PRAGMA integrity_check").fetchone()[0]
    other.close()
    numbers = {tenant: [seq for own, seq, _ in rows if own == tenant] for tenant in ("acme", "bolt")}

    assert acknowledged
    assert acknowledged <= {correlation for _, _, correlation in rows}
    assert "ok" == checked
    assert {tenant: list(range(1, len(own) + 1)) for tenant, own in numbers.items()} == numbers
