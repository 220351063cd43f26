"""What it costs to decide a page of 100 contacts with 60 fields, at 1,000 rules."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import folder
import ours
import world
from figures import Rounds, Row, Table, Target, cpu_of, report, short, stopwatch
from peers.cedar import Cedar
from peers.stock_casbin import StockCasbin
from policy_gateway import CLEAR, Decision, Grant, Permit
from policy_gateway.policy import Policy, read_folder

RULES = 1000
DECISIONS = len(world.FIELDS) * world.RECORDS
OURS, COLD, STOCK, CEDAR = "ours, warm", "ours, cold: rules compiled first", StockCasbin.name, Cedar.name
WARM_MS, TIMES = 2.0, 1000


def permitted(decision: Decision) -> Permit:
    """Return the permit; the benchmark's call is one that is permitted."""
    if not isinstance(decision, Permit):
        sys.exit(f"the call was refused: {decision}")
    return decision


def page(policy: Policy) -> list[Grant]:
    """Decide one page."""
    return ours.grants(permitted(policy.decide(ours.ANNA, ours.CALL, ours.resource(), READING)), PAGE)


READING = {"principal.teams": frozenset({world.TEAM})}
PAGE = ours.records()
SAMPLE = [(field, contact) for contact in world.contacts()[:10] for field in world.FIELDS]
"""PyCasbin takes so long that it gets a tenth of the page, and its time is multiplied by ten."""


def compared(policy: Policy, stock: StockCasbin, cedar: Cedar) -> int:
    """Return how many fields of the sample are shown in clear; end the run when the engines do not agree."""
    by_contact = dict(zip((contact.id for contact in world.contacts()), page(policy), strict=True))
    answers = [by_contact[contact.id].levels[field] == CLEAR for field, contact in SAMPLE]
    if answers != [stock.clear(field, contact) for field, contact in SAMPLE]:
        sys.exit("PyCasbin decides otherwise")
    if answers != cedar.clear(SAMPLE):
        sys.exit("Cedar decides otherwise")
    return sum(answers)


def measure(rounds: int, quick: bool) -> Table:  # noqa: FBT001 -- called by report only
    """Return the table."""
    rules = tuple(world.rules(RULES))
    with tempfile.TemporaryDirectory() as place:
        bundle = read_folder(folder.write(Path(place), rules), ours.vocabulary())
    policy, stock, cedar = Policy(bundle, ours.vocabulary()), StockCasbin(rules), Cedar(rules)
    shown = compared(policy, stock, cedar)
    everything = [(field, contact) for contact in world.contacts() for field in world.FIELDS]
    timed = Rounds()
    for _ in range(rounds):
        timed.add(OURS, ms=cpu_of(lambda: page(policy), at_least=0.05 if quick else 0.5) * 1e3)
        timed.add(COLD, ms=_cold(bundle) * 1e3)
        timed.add(CEDAR, ms=_once(lambda: cedar.clear(everything)) * 1e3)
        timed.add(STOCK, ms=_once(lambda: [stock.clear(*asked) for asked in SAMPLE]) * 1e3 * DECISIONS / len(SAMPLE))
    return _table(timed, shown)


def _cold(bundle: object) -> float:
    fresh = Policy(bundle, ours.vocabulary())  # type: ignore[arg-type]  # a Bundle, which is not a public name
    return _once(lambda: page(fresh))


def _once(work: Callable[[], object]) -> float:
    with stopwatch() as watch:
        work()
    return watch.cpu


def _table(timed: Rounds, shown: int) -> Table:
    warm = timed.median(OURS, "ms")
    rows = tuple(
        Row(
            name,
            (short(ms := timed.median(name, "ms")), short(ms * 1e3 / DECISIONS), f"{short(ms / warm)}x"),
            timed.raw[name],
        )
        for name in (OURS, COLD, CEDAR, STOCK)
    )
    faster = timed.median(STOCK, "ms") / warm
    return Table(
        title="Deciding a page of 6,000 fields at 1,000 rules",
        method=(
            "CPU of one thread, in process. 100 contacts of 60 fields; 1,000 rules of ten tenants, a seventh of them "
            "denials, half with conditions about the record. The peers are asked whether a field may be seen "
            "in clear; ours says for each field how much. Compared on 600 fields before timing: all agree "
            f"({shown} in clear)."
        ),
        columns=("", "ms a page", "µs a decision", "beside ours"),
        rows=rows,
        targets=(
            Target(f"a warm page in at most {WARM_MS:.0f} ms", f"{short(warm)} ms", warm <= WARM_MS),
            Target(f"at least {TIMES:,} times faster than PyCasbin", f"{short(faster)} times", faster >= TIMES),
        ),
    )


if __name__ == "__main__":
    report(measure)
