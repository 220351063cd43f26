"""The oracle: a stock Casbin enforcer in a process of its own, asked again what the compiled path has decided.

Casbin takes milliseconds a decision and is not safe among threads, so it gets a sample, one at a time, through a
bounded queue: when it is behind, samples are dropped. A disagreement makes the policy's version refuse all calls.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import queue
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any

from policy_gateway.model.facts import Truth, TruthVector
from policy_gateway.policy.bundle import Bundle
from policy_gateway.policy.conditions import Pending
from policy_gateway.policy.engine import Rows, rows_of, stock_enforcer
from policy_gateway.policy.verdicts import Question

WAITING = 256
SECONDS_TO_ANSWER = 60.0
_KEPT = 2


@dataclass(frozen=True, slots=True)
class Sample:
    """A decision to be checked: the *level* of the strictest of *objects*, given *truths*, others *pending* or not."""

    version: str
    question: Question
    objects: tuple[str, ...]
    truths: Mapping[str, Truth]
    pending: bool
    level: str


@dataclass(frozen=True, slots=True)
class Lesson:
    """A bundle that the oracle is to know: its rows, its levels from the most revealing one down."""

    version: str
    rows: Rows
    levels: tuple[str, ...]


def _nobody(version: str) -> None:
    """Tell nobody: nothing has been started yet."""


class Oracle:
    """Checks samples against stock Casbin, in a process that it starts."""

    def __init__(self) -> None:
        self._distrust: Callable[[str], None] = _nobody
        self._samples: queue.Queue[Sample | None] = queue.Queue(WAITING)
        self._lessons: dict[str, Lesson] = {}
        self.checked = 0
        self.dropped = 0
        self._thread = threading.Thread(target=self._run, name="policy-oracle", daemon=True)

    def start(self, distrust: Callable[[str], None]) -> None:
        """Start the process; *distrust* is called with each version that decided otherwise.

        It ends with :meth:`stop`, or with this process however that ends.
        """
        self._distrust = distrust
        self._thread.start()

    def stop(self) -> None:
        """End the process, without finishing what waits."""
        with contextlib.suppress(queue.Empty):
            while True:
                self._samples.get_nowait()
        self._samples.put(None)
        self._thread.join(timeout=5)

    def teach(self, bundle: Bundle) -> None:
        """Make *bundle* known before its decisions are sampled."""
        levels = tuple(level.name for level in reversed(bundle.ladder))
        kept = dict(list(self._lessons.items())[-(_KEPT - 1) :])
        self._lessons = {**kept, bundle.version: Lesson(bundle.version, rows_of(bundle), levels)}

    def check(self, sample: Sample) -> None:
        """Check *sample* some time soon, or not at all when too many wait."""
        try:
            self._samples.put_nowait(sample)
        except queue.Full:
            self.dropped += 1

    def _run(self) -> None:
        context = multiprocessing.get_context("spawn")
        while True:
            ours, theirs = context.Pipe()
            process = context.Process(target=answer, args=(theirs,), name="policy-oracle", daemon=True)
            process.start()
            theirs.close()
            try:
                if self._serve(ours):
                    return
            except (EOFError, OSError):  # the process died: a new one learns anew
                continue
            finally:
                ours.close()
                process.terminate()
                process.join(timeout=5)

    def _serve(self, ours: Connection) -> bool:
        taught: list[str] = []  # what the process knows now: it forgets the oldest, too
        while True:
            sample = self._samples.get()
            if sample is None:
                return True
            lesson = self._lessons.get(sample.version)
            if lesson is None:
                continue
            if lesson.version not in taught:
                ours.send(lesson)
                taught = [*taught[-(_KEPT - 1) :], lesson.version]
            ours.send(sample)
            if not ours.poll(SECONDS_TO_ANSWER):
                return False
            if ours.recv() != sample.level:
                self._distrust(sample.version)
            self.checked += 1


def answer(theirs: Connection) -> None:
    """Answer samples with the level that stock Casbin says, until the other end goes away."""
    enforcers: dict[str, tuple[Any, tuple[str, ...]]] = {}
    parent = multiprocessing.parent_process()
    awaited: list[Any] = [theirs, parent.sentinel] if parent is not None else [theirs]
    with contextlib.suppress(EOFError, OSError, KeyboardInterrupt):
        while theirs in wait(awaited):
            message = theirs.recv()
            if isinstance(message, Lesson):
                enforcers = dict(list(enforcers.items())[-(_KEPT - 1) :])
                enforcers[message.version] = (stock_enforcer(message.rows), message.levels)
            else:
                theirs.send(stock_level(*enforcers[message.version], message))


def stock_level(enforcer: Any, levels: tuple[str, ...], sample: Sample) -> str:  # noqa: ANN401 -- casbin has no types
    """Return the level that *enforcer* gives the strictest object of *sample*; *levels* descend."""
    asked = sample.question
    rungs = levels if asked.action == "view" else levels[:1]
    facts = Pending(sample.truths) if sample.pending else TruthVector(sample.truths)

    def allowed(name: str, level: str) -> bool:
        modes = ("normal", "breakglass") if asked.mode == "breakglass" else ("normal",)
        values = ((asked.names, asked.tenant, name, asked.action, level, asked.purpose, mode, facts) for mode in modes)
        return any(enforcer.enforce(*value) for value in values)

    order = (*rungs, "none")
    best = (next((level for level in rungs if allowed(name, level)), "none") for name in sample.objects)
    return max(best, key=order.index, default="none")
