"""What a measurement returns, and how it is written down: raw figures as JSON, medians as Markdown."""

from __future__ import annotations

import json
import os
import platform
import resource
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median

Raw = Mapping[str, Sequence[float]]
"""Figures by what they are (``cpu_us``), one a round."""


@dataclass(frozen=True, slots=True)
class Row:
    """One competitor: its *name*, the *cells* of the table, and the *raw* figures that they were made of."""

    name: str
    cells: tuple[str, ...]
    raw: Raw


@dataclass(frozen=True, slots=True)
class Target:
    """What was to be reached, what was measured, and whether that is enough."""

    wanted: str
    measured: str
    reached: bool


@dataclass(frozen=True, slots=True)
class Table:
    """One measurement: what was asked, how, of whom, and with what result."""

    title: str
    method: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    targets: tuple[Target, ...] = ()

    def as_json(self) -> dict[str, object]:
        """Return everything, raw figures included."""
        return asdict(self)


@dataclass(slots=True)
class Rounds:
    """Collects figures of interleaved rounds by competitor."""

    raw: dict[str, dict[str, list[float]]] = field(default_factory=dict)

    def add(self, name: str, **figures: float) -> None:
        """Remember one round of *name*."""
        kept = self.raw.setdefault(name, {})
        for key, value in figures.items():
            kept.setdefault(key, []).append(value)

    def median(self, name: str, key: str) -> float:
        """Return the median of one figure of *name*."""
        return median(self.raw[name][key])


@dataclass(slots=True)
class Stopwatch:
    """Seconds of CPU and of wall time between entering and leaving."""

    cpu: float = 0.0
    wall: float = 0.0


@contextmanager
def stopwatch() -> Iterator[Stopwatch]:
    """Measure this process."""
    watch = Stopwatch()
    cpu, wall = time.process_time(), time.perf_counter()
    yield watch
    watch.cpu, watch.wall = time.process_time() - cpu, time.perf_counter() - wall


def cpu_of(work: Callable[[], object], *, at_least: float = 0.2) -> float:
    """Return seconds of CPU that *work* takes, repeated until *at_least* seconds are spent."""
    repeated = 0
    with stopwatch() as watch:
        start = time.process_time()
        while not repeated or time.process_time() - start < at_least:
            work()
            repeated += 1
    return watch.cpu / repeated


def resident_mb(pid: int | None = None) -> float:
    """Return how much memory a process holds now, in MB."""
    pages = int(Path(f"/proc/{pid or os.getpid()}/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 1e6


def machine() -> dict[str, str]:
    """Return what the figures were taken on, as far as it matters to them."""
    return {
        "cores": str(os.cpu_count()),
        "processor": _processor(),
        "python": platform.python_version(),
        "system": platform.system(),
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def report(measure: Callable[[int, bool], Table]) -> None:
    """Run *measure* as :mod:`run` asks for it: ``FILE ROUNDS quick|full``."""
    file, rounds, size = sys.argv[1:]
    table = measure(int(rounds), size == "quick")
    Path(file).write_text(json.dumps(table.as_json()), encoding="utf-8")


def disk() -> Path:
    """Return a folder on a real disk for what is measured: a system's own temporary one may be memory."""
    folder = Path(__file__).parents[1] / ".bench"
    folder.mkdir(exist_ok=True)
    return folder


def short(value: float) -> str:
    """Return *value* with three significant digits and thousands separated."""
    if abs(value) >= 100:  # noqa: PLR2004 -- three digits are whole from here on
        return f"{value:,.0f}"
    return f"{value:.3g}"
