"""The report: requests of the same shape and fate together, and what they would cost, by client."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from policy_gateway.recording import Shape
from policy_gateway.rehearsing.judging import Kind, Outcome, Verdict

BUDGETS: Final[Mapping[Kind, float]] = MappingProxyType({Kind.READ: 1.2, Kind.WRITE: 2.0})
"""How many upstream calls a request that reads, and each record that a request writes, may cost on average."""

ANSWERED: Final = frozenset({Outcome.FULL, Outcome.NARROWED})
FINDINGS: Final = frozenset({Outcome.REFUSED, Outcome.UNSERVED})


@dataclass(frozen=True, slots=True)
class Item:
    """*times* requests of one *shape* that came to the same *verdict*; *refused_before*: by the CRM itself, too."""

    shape: Shape
    verdict: Verdict
    times: int
    refused_before: int = 0


@dataclass(frozen=True, slots=True)
class Cost:
    """How many *requests* of one kind are answered, by how many *operations*, and the *calls* to the CRM it takes.

    *number* is what the budget is for: so many requests that read, or records that are written.
    """

    requests: int = 0
    operations: int = 0
    calls: int = 0
    number: int = 0

    @property
    def each(self) -> float:
        """Return the calls for a request that reads, or for a record that is written."""
        return self.calls / self.number if self.number else 0.0

    def within(self, kind: Kind) -> bool:
        """Tell whether that is within the budget of *kind*."""
        return kind not in BUDGETS or self.each <= BUDGETS[kind]


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that was rehearsed for one *principal* and *purpose* on one *connection*."""

    tenant: str
    connection: str
    dialect: str
    principal: str
    names: tuple[str, ...]
    purpose: str
    version: str
    items: tuple[Item, ...] = field(default=())

    @property
    def requests(self) -> int:
        """Return how many requests were rehearsed."""
        return sum(item.times for item in self.items)

    @property
    def clients(self) -> tuple[str, ...]:
        """Return the clients, in the order of their names."""
        return tuple(sorted({item.shape.client for item in self.items}))

    def of(self, client: str) -> tuple[Item, ...]:
        """Return the items of *client*."""
        return tuple(item for item in self.items if item.shape.client == client)

    def tally(self, client: str | None = None) -> Mapping[Outcome, int]:
        """Return how many requests (of *client*) came to what."""
        items = self.items if client is None else self.of(client)
        return {outcome: sum(each.times for each in items if each.verdict.outcome is outcome) for outcome in Outcome}

    def cost(self, kind: Kind, client: str | None = None) -> Cost:
        """Return what the answered requests of *kind* (of *client*) cost."""
        items = [each for each in self.items if client is None or each.shape.client == client]
        counted = [each for each in items if each.verdict.kind is kind and each.verdict.outcome in ANSWERED]
        calls = sum(each.times * each.verdict.count.all for each in counted)
        operations = sum(each.times * each.verdict.operations for each in counted)
        requests = sum(each.times for each in counted)
        return Cost(requests, operations, calls, operations if kind is Kind.WRITE else requests)

    @property
    def extra(self) -> int:
        """Return how many calls more the CRM gets than it gets now: one for each request, now."""
        answered = [each for each in self.items if each.verdict.outcome in ANSWERED]
        return sum(each.times * (each.verdict.count.all - 1) for each in answered)

    @property
    def findings(self) -> bool:
        """Tell whether anything would be refused or is not served that the CRM itself has not refused."""
        return any(item.verdict.outcome in FINDINGS and item.times > item.refused_before for item in self.items)

    @property
    def conclusive(self) -> bool:
        """Tell whether of every request it is known what it comes to."""
        return bool(self.items) and not self.tally()[Outcome.UNKNOWN]


def gathered(verdicts: Iterable[tuple[Shape, Verdict, bool]]) -> tuple[Item, ...]:
    """Return verdicts with their shapes, the same ones together; each says whether the CRM had refused it, too."""
    times: dict[str, list[int]] = {}
    found: dict[str, tuple[Shape, Verdict]] = {}
    for shape, verdict, before in verdicts:
        key = repr((shape, verdict))
        found.setdefault(key, (shape, verdict))
        counted = times.setdefault(key, [0, 0])
        counted[0] += 1
        counted[1] += before
    items = [Item(*found[key], *counted) for key, counted in times.items()]
    rank = {outcome: place for place, outcome in enumerate(_WORST_FIRST)}
    return tuple(sorted(items, key=lambda item: (item.shape.client, rank[item.verdict.outcome])))


_WORST_FIRST: Final = (Outcome.UNSERVED, Outcome.REFUSED, Outcome.UNKNOWN, Outcome.NARROWED, Outcome.FULL)
