"""Whether a worker grows with the principals and contacts that it has seen."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import uvloop

from figures import Rounds, Row, Table, Target, disk, report, resident_mb
from processes import Server, free_port, nginx, python, serving
from single import fetched_properties

HERE = Path(__file__).parent
OURS = "ours"
STEPS = 10
CONNECTIONS = 32
ALLOWED_MB = 10.0
"""A heap breathes; what grows with each principal or contact would take far more."""


async def ask(port: int, questions: Iterator[tuple[str, int]]) -> None:
    """Ask for one contact after another on one connection; each question is a key and a contact's number."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for key, contact in questions:
        head = f"GET /v1/crm/contacts/{contact} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n"
        writer.write(f"{head}X-Purpose: service\r\n\r\n".encode())
        answer = await reader.readuntil(b"\r\n\r\n")
        if not answer.startswith(b"HTTP/1.1 200"):
            raise SystemExit(f"contact {contact} was not answered: {answer[:200]!r}")
        length = next(line for line in answer.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(int(length.partition(b":")[2]))
    writer.close()


async def step(port: int, keys: list[str], first: int, count: int) -> None:
    """Let *count* principals, each new, ask for a contact each, each new."""
    questions = ((keys[number], 1_000_000 + number) for number in range(first, first + count))
    await asyncio.gather(*(ask(port, questions) for _ in range(CONNECTIONS)))


def measure(_rounds: int, quick: bool) -> Table:  # noqa: FBT001 -- called by report only
    """Return the table."""
    distinct = 2_000 if quick else 100_000
    grown = Rounds()
    with tempfile.TemporaryDirectory(dir=disk()) as place:
        folder = Path(place)
        files = fetched_properties(folder / "files")
        with (
            nginx("the CRM", HERE / "any.conf", folder / "upstream", files=files) as crm,
            _ours(folder, crm, distinct) as own,
        ):
            keys = (folder / "keys").read_text(encoding="utf-8").split("\n")
            for number in range(STEPS):
                uvloop.run(step(own.port, keys, number * distinct // STEPS, distinct // STEPS))
                grown.add(OURS, mb=resident_mb(own.pid))
    return _table(grown, distinct)


def _ours(folder: Path, crm: Server, count: int) -> AbstractContextManager[Server]:
    port = free_port()
    where = f"http://127.0.0.1:{crm.port}"
    command = python(HERE / "serve.py", port, where, folder / "gateway", folder / "keys", count)
    return serving(OURS, command, port, patience=300)


def _table(grown: Rounds, distinct: int) -> Table:
    seen = [distinct * (number + 1) // STEPS for number in range(STEPS)]
    held = grown.raw[OURS]["mb"]
    more = held[-1] - held[1]
    chosen = (0, 1, 4, 9)
    return Table(
        title="Memory of a worker",
        method=(
            f"{distinct:,} principals, each with a key of its own, ask for one contact each, no contact twice, over "
            f"HTTP on {CONNECTIONS} connections. Resident memory of our process after so many of them."
        ),
        columns=("", *(f"{seen[step]:,}" for step in chosen)),
        rows=(Row(OURS, tuple(f"{held[step]:.0f} MB" for step in chosen), {"mb": held}),),
        targets=(
            Target(
                f"flat: at most {ALLOWED_MB:.0f} MB more after {distinct:,} than after {seen[1]:,}",
                f"{more:+.1f} MB",
                more <= ALLOWED_MB,
            ),
        ),
    )


if __name__ == "__main__":
    report(measure)
