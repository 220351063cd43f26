"""What one contact costs over HTTP, everything on, beside nginx and what one would write instead."""

from __future__ import annotations

import json
import sys
import tempfile
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from figures import Rounds, Row, Table, Target, disk, report, resident_mb, short
from load import wrk
from processes import Server, free_port, nginx, python, serving

HERE = Path(__file__).parent
CONTACT = "101"
UPSTREAM_PATH = f"/crm/v3/objects/contacts/{CONTACT}"
RULES = 1000
CONNECTIONS = 32
FLOOR, OURS = "nginx proxy_pass", "ours: everything on"
PLAIN, OLDER, NAIVE = "FastAPI + httpx2, no policy", "FastAPI + httpx, no policy", "FastAPI + httpx2 + PyCasbin a field"
SHARE, TIMES = 0.15, 7.0


@dataclass(frozen=True, slots=True)
class Competitor:
    """A server, and how a contact is asked of it."""

    server: Server
    path: str
    headers: Mapping[str, str]


@contextmanager
def crm(folder: Path) -> Iterator[Server]:
    """Serve what HubSpot's sandbox says about one contact and about its properties, as static files."""
    files = fetched_properties(folder / "files")
    with nginx("the CRM", HERE / "upstream.conf", folder / "upstream", files=files) as server:
        yield server


def fetched_properties(files: Path) -> Path:
    """Write the sandbox's answers about properties and about one contact into *files*, and return it."""
    port = free_port()
    sandbox = [sys.executable, "-m", "policy_gateway_hubspot.sandbox", "--port", str(port)]
    with serving("the sandbox", sandbox, port):
        token = _token()
        first = json.loads(_fetched(port, "/crm/v3/objects/contacts?limit=1", token))["results"][0]["id"]
        wanted = "firstname,lastname,email,phone,mobilephone,address,city,zip,country"
        contact = json.loads(_fetched(port, f"/crm/v3/objects/contacts/{first}?properties={wanted}", token))
        for kind in ("contacts", "companies"):
            _write(files / f"crm/v3/properties/{kind}", _fetched(port, f"/crm/v3/properties/{kind}", token))
    _write(files / UPSTREAM_PATH.lstrip("/"), json.dumps({**contact, "id": CONTACT}).encode())
    return files


def _token() -> str:
    from policy_gateway_hubspot.sandbox import TOKEN  # noqa: PLC0415 -- only this measurement needs the plugin

    return TOKEN


def _fetched(port: int, path: str, token: str, headers: Mapping[str, str] | None = None) -> bytes:
    sent = {"Authorization": f"Bearer {token}", **(headers or {})}
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=sent)
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 -- our own loopback
        body: bytes = answer.read()
        return body


def _write(path: Path, body: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)


@contextmanager
def competitors(folder: Path, upstream: Server) -> Iterator[dict[str, Competitor]]:
    """Start all of them, each with one worker."""
    where = f"http://127.0.0.1:{upstream.port}"
    with ExitStack() as stack:

        def start(name: str, script: str, *arguments: object) -> Server:
            port = free_port()
            return stack.enter_context(serving(name, python(HERE / script, port, where, *arguments), port))

        floor = stack.enter_context(nginx(FLOOR, HERE / "floor.conf", folder / "floor", upstream=upstream.port))
        token_file = folder / "token"
        own = start(OURS, "serve.py", folder / "gateway", token_file, 1)
        ask = {"Authorization": f"Bearer {token_file.read_text(encoding='utf-8')}", "X-Purpose": "service"}
        yield {
            FLOOR: Competitor(floor, UPSTREAM_PATH, {}),
            OURS: Competitor(own, f"/v1/crm/contacts/{CONTACT}?include=gdpr", ask),
            PLAIN: Competitor(start(PLAIN, "peers/plain.py", "httpx2"), f"/contacts/{CONTACT}", {}),
            OLDER: Competitor(start(OLDER, "peers/plain.py", "httpx"), f"/contacts/{CONTACT}", {}),
            NAIVE: Competitor(
                start(NAIVE, "peers/naive_gateway.py", folder / "naive.db", RULES),
                f"/contacts/{CONTACT}",
                {"Authorization": "Bearer naive-token"},
            ),
        }


def measure(rounds: int, quick: bool) -> Table:  # noqa: FBT001 -- called by report only
    """Return the table."""
    timed = Rounds()
    seconds = 1 if quick else 5
    with (
        tempfile.TemporaryDirectory(dir=disk()) as place,
        crm(Path(place)) as upstream,
        competitors(Path(place), upstream) as running,
    ):
        for one in running.values():
            wrk(one.server, one.path, one.headers, connections=4, seconds=1)
        for _ in range(rounds):
            for name, one in running.items():
                _round(timed, name, one, seconds)
        memory = resident_mb(running[OURS].server.pid)
    return _table(timed, memory)


def _round(timed: Rounds, name: str, one: Competitor, seconds: int) -> None:
    alone = wrk(one.server, one.path, one.headers, connections=1, seconds=max(1, seconds // 2))
    many = wrk(one.server, one.path, one.headers, connections=CONNECTIONS, seconds=seconds)
    timed.add(
        name,
        throughput=many.throughput,
        cpu_us=many.cpu_us,
        p50_ms=many.p50_ms,
        p99_ms=many.p99_ms,
        alone_p50_ms=alone.p50_ms,
    )


def _table(timed: Rounds, memory: float) -> Table:
    floor, ours = timed.median(FLOOR, "throughput"), timed.median(OURS, "throughput")
    older, newer = timed.median(OLDER, "throughput"), timed.median(PLAIN, "throughput")
    rows = tuple(_row(timed, name, floor) for name in (FLOOR, OURS, PLAIN, OLDER, NAIVE))
    return Table(
        title="One contact over HTTP",
        method=(
            f"wrk with {CONNECTIONS} kept-alive connections (and with one), all on loopback, one worker each. The CRM "
            "is nginx with static files. Ours authenticates, decides, narrows, releases, attaches GDPR metadata and "
            "writes a durable entry for each answer, by the shipped policy; it is asked for one contact again and "
            f"again. The naive gateway has {RULES:,} rules. After it all, our worker holds {memory:.0f} MB."
        ),
        columns=("", "requests/s", "beside nginx", "CPU µs a request", "p50 ms", "p99 ms", "p50 ms, one caller"),
        rows=rows,
        targets=(
            Target(f"at least {SHARE} of nginx", f"{ours / floor:.3f}", ours / floor >= SHARE),
            Target(
                f"at least {TIMES:.0f} times FastAPI with httpx and no policy",
                f"{short(ours / older)} times (and {short(ours / newer)} times with its successor httpx2)",
                ours / older >= TIMES,
            ),
        ),
    )


def _row(timed: Rounds, name: str, floor: float) -> Row:
    throughput = timed.median(name, "throughput")
    figures = ("cpu_us", "p50_ms", "p99_ms", "alone_p50_ms")
    cells = (short(throughput), f"{throughput / floor:.3f}", *(short(timed.median(name, key)) for key in figures))
    return Row(name, cells, timed.raw[name])


if __name__ == "__main__":
    report(measure)
