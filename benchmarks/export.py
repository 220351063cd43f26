"""How fast 200,000 contacts leave by Salesforce's bulk interface, decided and masked, and what a worker holds then."""

from __future__ import annotations

import http.client
import json
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from costless_org import COLUMNS
from facades import CONNECTION, PURPOSE, gateway, org
from figures import Rounds, Row, Table, Target, disk, report, resident_mb, short
from processes import Server

OURS = "ours: Bulk 2.0, masked"
RECORDS = 200_000
MB_A_SECOND, MOST_MB = 20.0, 100.0
JOBS = "/services/data/v59.0/jobs/query"
QUERY = " ".join(("SELECT", ", ".join(COLUMNS), "FROM Contact"))
LOOKS = 0.05
PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Client:
    """A client of the bulk interface; nothing is kept of what it gets."""

    server: Server
    key: str

    def export(self) -> tuple[int, int]:
        """Return how many bytes and rows came."""
        line = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=120)
        body = json.dumps({"operation": "query", "query": QUERY})
        job = self._asked(line, "POST", JOBS, body)["id"]
        while (state := self._asked(line, "GET", f"{JOBS}/{job}")["state"]) != "JobComplete":
            if state not in {"UploadComplete", "InProgress"}:
                raise SystemExit(f"the job ended as {state}")
            time.sleep(LOOKS)
        size = rows = 0
        locator = ""
        while locator != "null":
            line.request("GET", f"{JOBS}/{job}/results{locator and f'?locator={locator}'}", headers=self._headers)
            answer = line.getresponse()
            if answer.status != http.client.OK:
                raise SystemExit(f"results were refused: {answer.read()!r}")
            while piece := answer.read(PIECE):
                size += len(piece)
                rows += piece.count(b"\n")
            rows -= 1
            locator = answer.headers["Sforce-Locator"]
        return size, rows

    @property
    def _headers(self) -> dict[str, str]:
        credential = f"Bearer {self.key}~{PURPOSE}~{CONNECTION}"
        return {"Authorization": credential, "Content-Type": "application/json", "Accept": "*/*"}

    def _asked(
        self, line: http.client.HTTPConnection, method: str, path: str, body: str | None = None
    ) -> dict[str, str]:
        line.request(method, path, body, self._headers)
        answer = line.getresponse()
        told = answer.read()
        if answer.status not in {http.client.OK, http.client.CREATED}:
            raise SystemExit(f"{method} {path} was refused: {told!r}")
        found: dict[str, str] = json.loads(told)
        return found


class Watch:
    """The most memory that a process held while watched, in MB."""

    def __init__(self, pid: int) -> None:
        self.most = resident_mb(pid)
        self._pid = pid
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(LOOKS):
            self.most = max(self.most, resident_mb(self._pid))


def measure(rounds: int, quick: bool) -> Table:  # noqa: FBT001 -- called by report only
    """Return the table."""
    timed = Rounds()
    records = RECORDS // 10 if quick else RECORDS
    with (
        tempfile.TemporaryDirectory(dir=disk()) as place,
        org(records) as upstream,
        gateway(Path(place), upstream, "salesforce") as (server, key),
    ):
        client = Client(server, key)
        client.export()
        for _ in range(rounds):
            before = resident_mb(server.pid)
            cpu, start = server.cpu_seconds(), time.perf_counter()
            with Watch(server.pid) as watch:
                size, rows = client.export()
            seconds = time.perf_counter() - start
            if rows != records:
                raise SystemExit(f"{rows} rows came of {records}")
            spent = server.cpu_seconds() - cpu
            timed.add(OURS, mb_s=size / seconds / 1e6, rows_s=rows / seconds, cpu_us=spent / rows * 1e6)
            timed.add(OURS, mb=size / 1e6, extra_mb=watch.most - before)
    return _table(timed, records)


def _table(timed: Rounds, records: int) -> Table:
    keys = ("mb_s", "rows_s", "cpu_us", "extra_mb")
    speed, extra = timed.median(OURS, "mb_s"), max(timed.raw[OURS]["extra_mb"])
    return Table(
        title="A bulk export",
        method=(
            f"{records:,} contacts with {len(COLUMNS)} columns, {timed.median(OURS, 'mb'):.0f} MB of CSV, by one query "
            "job of Bulk API 2.0 from its creation to its last byte; e-mail addresses and phone numbers are masked, "
            "every page is decided and has its durable entry. The CRM gives pages of 2,000 records at no cost. One "
            "worker, loopback, a client that throws away what it gets; memory beside what the worker held before."
        ),
        columns=("", "MB/s", "rows/s", "CPU µs a row", "extra MB"),
        rows=(Row(OURS, tuple(short(timed.median(OURS, key)) for key in keys), timed.raw[OURS]),),
        targets=(
            Target(f"at least {MB_A_SECOND:.0f} MB/s a worker", f"{short(speed)} MB/s", speed >= MB_A_SECOND),
            Target(f"less than {MOST_MB:.0f} MB extra", f"{extra:.0f} MB at most", extra < MOST_MB),
        ),
    )


if __name__ == "__main__":
    report(measure)
