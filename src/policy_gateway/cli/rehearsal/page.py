"""The report as one page that needs nothing else: no script, no font, no picture from anywhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from policy_gateway.cli.rehearsal.chart import Bar, chart, stacked
from policy_gateway.cli.rehearsal.told import COSTS, SHORT, Telling, answer, request, verdicts, who
from policy_gateway.cli.texts import Texts

if TYPE_CHECKING:
    from policy_gateway.rehearsing import Item, Report

POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
_LONG: Final = 2_000
_MANY: Final = 200
_OUTCOMES: Final = ("full", "narrowed", "refused", "unserved", "unknown")


def page(report: Report, texts: Texts) -> str:
    """Return the page, in the language of *texts*."""
    return "\n".join(_Page(report, texts).lines()) + "\n"


class _Page:
    def __init__(self, report: Report, texts: Texts) -> None:
        self._report = report
        self._texts = texts
        self._telling = Telling(texts)

    def lines(self) -> Iterator[str]:
        """Yield the lines of the page."""
        style = files("policy_gateway.cli.rehearsal").joinpath("style.css").read_text(encoding="utf-8")
        title = escape(self._texts("report.title"))
        yield f'<!doctype html>\n<html lang="{self._texts.language}">\n<head>\n<meta charset="utf-8">'
        yield f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
        yield f"<title>{title} - policy-gateway</title>\n<style>\n{style}</style>\n</head>\n<body>\n<main>"
        yield from self._head(title)
        yield from self._section("clients", self._clients())
        yield from self._section("costs", self._costs())
        yield from self._section("items", self._items())
        yield f"<footer>{self._said('report.values')}</footer>\n</main>\n</body>\n</html>"

    def _head(self, title: str) -> Iterator[str]:
        report = self._report
        place = {"tenant": report.tenant, "connection": report.connection, "purpose": report.purpose}
        words = {"who": who(report), "version": report.version[:SHORT], "requests": report.requests}
        yield f"<p class=brand>policy-gateway</p>\n<h1>{title}</h1>"
        yield f"<p class=lead>{self._said('report.for', **place, **words)}</p>"
        for key, count in verdicts(report):
            kind = "good" if key == "report.clean" else "bad"
            yield f'<p class="notice {kind}">{self._said(key, count=count)}</p>'
        yield f"<p class=note>{self._said('report.assumed')}</p>"

    def _section(self, name: str, lines: Iterator[str]) -> Iterator[str]:
        yield f"<section aria-labelledby={name}>\n<h2 id={name}>{self._said(f'report.{name}')}</h2>"
        yield from lines
        yield "</section>"

    def _clients(self) -> Iterator[str]:
        report = self._report
        bars = [
            stacked(client, {str(outcome): count for outcome, count in report.tally(client).items()})
            for client in report.clients
        ]
        yield chart(bars, self._texts("chart.clients"))
        keys = (f'<li><svg width=16 height=12><rect width=16 height=12 class="{one}"/></svg> ' for one in _OUTCOMES)
        words = (f"{self._said(f'outcome.{one}')}</li>" for one in _OUTCOMES)
        yield f"<ul class=legend>{''.join(key + word for key, word in zip(keys, words, strict=True))}</ul>"
        heads = ("head.client", "head.requests", *(f"outcome.{one}" for one in _OUTCOMES))
        yield from self._table(heads, self._telling.clients(report), numbers=range(1, 7))

    def _costs(self) -> Iterator[str]:
        rows = self._telling.costs(self._report, (None, *self._report.clients))
        bars = [_bar(row) for row in rows]
        yield chart(bars, self._texts("chart.costs"))
        yield from self._table(COSTS, rows, numbers=range(2, 7))
        yield f"<p class=note>{self._said('report.extra', extra=self._report.extra)}</p>"

    def _items(self) -> Iterator[str]:
        for client in self._report.clients:
            yield f"<h3>{escape(client)}</h3>\n<div class=wide><table>\n<thead><tr>"
            for head in ("head.outcome", "head.times", "head.request", "head.answer", "head.fields", "head.calls"):
                yield f"<th scope=col>{self._said(head)}</th>"
            yield "</tr></thead>\n<tbody>"
            for item in self._report.of(client):
                yield self._row(item)
            yield "</tbody>\n</table></div>"

    def _row(self, item: Item) -> str:
        outcome, count = str(item.verdict.outcome), item.verdict.count
        body = f"<details><summary>…</summary><pre>{escape(item.shape.body)}</pre></details>" if item.shape.body else ""
        effects = "".join(f"<li>{escape(each)}</li>" for each in self._telling.effects(item, _MANY))
        remarks = self._telling.remarks(item)
        cells = (
            f'<span class="tag {outcome}">{self._said(f"outcome.{outcome}")}</span>',
            str(item.times),
            f"<code>{escape(request(item, _LONG))}</code>{body}",
            escape(answer(item)),
            (f"<ul>{effects}</ul>" if effects else "") + (f"<small>{escape(remarks)}</small>" if remarks else ""),
            str(count.all),
        )
        return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"

    def _table(self, heads: Sequence[str], rows: Sequence[Sequence[str]], numbers: range) -> Iterator[str]:
        told = (_cell("th scope=col", self._said(head), place in numbers) for place, head in enumerate(heads))
        yield f"<div class=wide><table>\n<thead><tr>{''.join(told)}</tr></thead>\n<tbody>"
        for row in rows:
            cells = (_cell("td", escape(cell), place in numbers) for place, cell in enumerate(row))
            yield f"<tr>{''.join(cells)}</tr>"
        yield "</tbody>\n</table></div>"

    def _said(self, key: str, **values: object) -> str:
        return escape(self._texts(key, **values))


def _cell(tag: str, content: str, number: bool) -> str:
    return f"<{tag}{' class=n' if number else ''}>{content}</{tag.partition(' ')[0]}>"


def _bar(row: Sequence[str]) -> Bar:
    """Return the bar of a row of costs: how many calls each request takes, and a mark where the budget ends."""
    client, kind, *_, each, budget, _ = row
    over = float(each) > float(budget)
    return Bar(f"{client}: {kind}", [("refused" if over else "full", float(each))], each, mark=float(budget))
