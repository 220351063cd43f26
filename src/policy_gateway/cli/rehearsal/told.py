"""A report in words: the cells of its tables, and the whole of it for scripts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from policy_gateway.cli.texts import Texts

if TYPE_CHECKING:
    from policy_gateway.rehearsing import Item, Kind, Report

COSTS: Final = (
    "head.client",
    "head.kind",
    "head.requests",
    "head.operations",
    "head.calls",
    "head.each",
    "head.budget",
    "head.verdict",
)
"""The heads of the table of costs."""

SHOWN: Final = 6
"""How many fields a line of a table names."""

LONGEST: Final = 96
SHORT: Final = 12

_WORDS: Final = frozenset({"withheld", "hidden", "refused"})


def who(report: Report) -> str:
    """Return the principal, with its roles and teams."""
    return f"{report.principal} ({', '.join(report.names)})" if report.names else report.principal


def request(item: Item, longest: int = LONGEST) -> str:
    """Return what was asked, in one line of at most *longest* characters."""
    shape = item.shape
    line = f"{shape.method} {shape.path} {shape.statement}".strip()
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def answer(item: Item) -> str:
    """Return status and code of the answer that the client would get."""
    verdict = item.verdict
    return f"{verdict.status or '-'} {verdict.code}".strip()


def verdicts(report: Report) -> list[tuple[str, int]]:
    """Return what is to be said in the end: keys of texts, each with a number."""
    tally = {str(outcome): count for outcome, count in report.tally().items()}
    refused = sum(
        each.times - each.refused_before for each in report.items if each.verdict.outcome in {"refused", "unserved"}
    )
    told = [("report.finds" if refused else "report.clean", refused)]
    if tally["unknown"]:
        told.append(("report.unclear", tally["unknown"]))
    return told


class Telling:
    """Puts parts of a report into words."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts

    def effects(self, item: Item, shown: int = SHOWN) -> list[str]:
        """Return what becomes of the fields of one request, those with the same fate together, and by which rules."""
        alike: dict[tuple[str, tuple[str, ...]], list[str]] = {}
        for effect in item.verdict.effects:
            alike.setdefault((effect.how, effect.rules), []).append(effect.field)
        return [self._fate(how, rules, fields, shown) for (how, rules), fields in alike.items()]

    def _fate(self, how: str, rules: Sequence[str], fields: Sequence[str], shown: int) -> str:
        more = [self._texts("more", count=len(fields) - shown)] if len(fields) > shown else []
        named = ", ".join([*fields[:shown], *more])
        word = self._texts(f"how.{how}" if how in _WORDS else "how.mask", level=how)
        return f"{named}: {word} [{', '.join(rules) or self._texts('rules.none')}]"

    def remarks(self, item: Item) -> str:
        """Return on what else it depends, and how often the CRM had refused it itself."""
        depends = [self._texts("depends.on", names=", ".join(item.verdict.depends))] if item.verdict.depends else []
        before = [self._texts("before", count=item.refused_before)] if item.refused_before else []
        return "; ".join([*before, *depends])

    def clients(self, report: Report) -> list[list[str]]:
        """Return a row for each client: how many requests, and how many came to what."""
        rows = []
        for client in report.clients:
            tally = report.tally(client)
            rows.append([client, str(sum(tally.values())), *(str(count) for count in tally.values())])
        return rows

    def costs(self, report: Report, clients: Iterable[str | None]) -> list[list[str]]:
        """Return a row for reading and one for writing, for each client; None: all together."""
        return [row for client in clients for kind in _budgeted() if (row := self._cost(report, kind, client))]

    def _cost(self, report: Report, kind: Kind, client: str | None) -> list[str]:
        from policy_gateway.rehearsing import BUDGETS

        cost = report.cost(kind, client)
        if not cost.requests:
            return []
        kept = self._texts("budget.kept" if cost.within(kind) else "budget.over")
        place = client or f"{report.tenant}/{report.connection}"
        told = (str(cost.requests), str(cost.operations), str(cost.calls), f"{cost.each:.2f}", f"{BUDGETS[kind]:g}")
        return [place, self._texts(f"kind.{kind}"), *told, kept]


def data(report: Report) -> dict[str, object]:
    """Return everything for scripts: names, counts and codes, no value of anything that was captured."""
    return {
        "tenant": report.tenant,
        "connection": report.connection,
        "dialect": report.dialect,
        "principal": report.principal,
        "names": list(report.names),
        "purpose": report.purpose,
        "policy_version": report.version,
        "requests": report.requests,
        "conclusive": report.conclusive,
        "findings": report.findings,
        "extra_calls": report.extra,
        "costs": _costs(report, None),
        "clients": [
            {
                "client": client,
                "outcomes": {str(outcome): count for outcome, count in report.tally(client).items()},
                "costs": _costs(report, client),
                "items": [_item(item) for item in report.of(client)],
            }
            for client in report.clients
        ],
    }


def _costs(report: Report, client: str | None) -> dict[str, object]:
    from policy_gateway.rehearsing import BUDGETS

    told: dict[str, object] = {}
    for kind in _budgeted():
        cost = report.cost(kind, client)
        told[str(kind)] = {
            "requests": cost.requests,
            "operations": cost.operations,
            "calls": cost.calls,
            "each": round(cost.each, 3),
            "budget": BUDGETS[kind],
            "within": cost.within(kind),
        }
    return told


def _item(item: Item) -> dict[str, object]:
    verdict = item.verdict
    return {
        "outcome": str(verdict.outcome),
        "times": item.times,
        "refused_before": item.refused_before,
        "method": item.shape.method,
        "path": item.shape.path,
        "statement": item.shape.statement,
        "body": item.shape.body,
        "kind": str(verdict.kind),
        "status": verdict.status,
        "code": verdict.code,
        "fields": [{"field": each.field, "how": each.how, "rules": list(each.rules)} for each in verdict.effects],
        "rules": list(verdict.rules),
        "depends": list(verdict.depends),
        "calls": {"reads": verdict.count.reads, "writes": verdict.count.writes, "checks": verdict.count.checks},
        "operations": verdict.operations,
    }


def _budgeted() -> Sequence[Kind]:
    from policy_gateway.rehearsing import BUDGETS

    return tuple(BUDGETS)
