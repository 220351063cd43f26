"""A report on the terminal, in JSON, or as a page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from policy_gateway.cli.rehearsal.page import page
from policy_gateway.cli.rehearsal.told import COSTS, SHORT, Telling, answer, data, request, verdicts, who
from policy_gateway.cli.terminal import Terminal
from policy_gateway.cli.texts import Texts

if TYPE_CHECKING:
    from policy_gateway.rehearsing import Item, Report

_CLIENTS: Final = (
    "head.client",
    "head.requests",
    "outcome.full",
    "outcome.narrowed",
    "outcome.refused",
    "outcome.unserved",
    "outcome.unknown",
)
_ITEMS: Final = ("head.outcome", "head.times", "head.request", "head.answer", "head.fields")


def printed(report: Report, terminal: Terminal, *, as_json: bool) -> None:
    """Print *report*."""
    if as_json:
        terminal.data(data(report))
        return
    texts, telling = terminal.texts, Telling(terminal.texts)
    place = {"tenant": report.tenant, "connection": report.connection, "purpose": report.purpose}
    words = {"who": who(report), "version": report.version[:SHORT], "requests": report.requests}
    terminal.say("report.for", **place, **words)
    terminal.say("report.assumed")
    terminal.line()
    terminal.table(_CLIENTS, telling.clients(report))
    terminal.line()
    terminal.table(COSTS, telling.costs(report, (None, *report.clients)))
    terminal.say("report.extra", extra=report.extra)
    for client in report.clients:
        rows = [_row(each, texts, telling) for each in report.of(client) if each.verdict.outcome != "full"]
        if rows:
            terminal.line()
            terminal.line(client)
            terminal.table(_ITEMS, rows)
    terminal.line()
    for key, count in verdicts(report):
        terminal.say(key, count=count)


def _row(item: Item, texts: Texts, telling: Telling) -> list[str]:
    outcome = texts(f"outcome.{item.verdict.outcome}")
    return [outcome, str(item.times), request(item), answer(item), "; ".join(telling.effects(item))]


def written(report: Report, path: Path, terminal: Terminal) -> None:
    """Write *report* as a page to *path*."""
    path.write_text(page(report, terminal.texts), encoding="utf-8")
    terminal.remark("report.written", path=path)
