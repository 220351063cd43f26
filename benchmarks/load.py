"""Load from wrk, and what it tells."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from processes import Server

SCALE = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}


@dataclass(frozen=True, slots=True)
class Load:
    """One run: requests a second, latencies in ms, and the server's CPU a request in µs."""

    throughput: float
    p50_ms: float
    p99_ms: float
    cpu_us: float


def wrk(server: Server, path: str, headers: Mapping[str, str], *, connections: int, seconds: int) -> Load:
    """Ask *server* for *path* on so many kept-alive *connections*; an answer that is no success ends the run."""
    program = shutil.which("wrk")
    if program is None:
        sys.exit("wrk is missing: on Debian, apt-get install wrk")
    command = [program, "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "--latency"]
    for name, value in headers.items():
        command += ["-H", f"{name}: {value}"]
    before = server.cpu_seconds()
    done = subprocess.run(
        [*command, f"http://127.0.0.1:{server.port}{path}"], capture_output=True, text=True, check=True
    )
    spent = server.cpu_seconds() - before
    if "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        sys.exit(f"{server.name} did not answer everything:\n{done.stdout}")
    requests = int(_found(r"(\d+) requests in", done.stdout))
    return Load(
        throughput=float(_found(r"Requests/sec:\s+([\d.]+)", done.stdout)),
        p50_ms=_milliseconds(_found(r"50%\s+([\d.]+\w+)", done.stdout)),
        p99_ms=_milliseconds(_found(r"99%\s+([\d.]+\w+)", done.stdout)),
        cpu_us=spent / requests * 1e6,
    )


def _found(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    if found is None:
        sys.exit(f"wrk did not say {pattern}:\n{text}")
    return found[1]


def _milliseconds(text: str) -> float:
    found = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text)
    if found is None:
        sys.exit(f"wrk gave a strange time: {text}")
    return float(found[1]) * SCALE[found[2]]
