"""The console of a whole gateway, for tests: what its page shows, cell by cell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final

from policy_gateway.model.principal import Credential
from policy_gateway.testing.gateways import Persona as Known
from policy_gateway.testing.gateways import Whole
from policy_gateway.web.console import Contact, Pages, Persona

AUDITOR: Final = "audrey"
_VOID: Final = frozenset({"br", "input", "link", "meta"})


def pages_of(gateway: Whole, people: Mapping[str, Known], contacts: Iterable[Contact], rule_file: str) -> Pages:
    """Return what a console over *gateway* works with: a column for each of *people*, who have their keys there."""
    personas = [
        Persona(
            name=name.title(),
            labels={"de": f"{known.names[0]} von {known.tenant}", "en": f"{known.names[0]} of {known.tenant}"},
            tenant=known.tenant,
            names=frozenset({known.id, *known.names}),
            credential=Credential("bearer", gateway.keys[name]),
            purposes=known.purposes,
        )
        for name, known in people.items()
    ]
    auditor = Credential("bearer", gateway.keys[AUDITOR])
    return Pages(gateway.app.gateway, gateway.app.policies, personas, auditor, tuple(contacts), rule_file)


@dataclass(slots=True)
class Seen:
    """What a page says to somebody who hears it: what is hidden from screen readers is left out.

    *cells* holds by persona and field its state and its text, *hidden* a form's hidden fields, *draft* the text in its
    box, *tags* every element in order.
    """

    text: str = ""
    language: str = ""
    cells: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    hidden: dict[str, str] = field(default_factory=dict)
    draft: str = ""
    tags: list[str] = field(default_factory=list)


def seen(page: str) -> Seen:
    """Return what the HTML *page* says; ValueError for elements that are not closed in their order."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    if reader.open:
        raise ValueError(f"not closed: {reader.open}")
    told = reader.seen
    told.draft = told.draft.removeprefix("\n")  # as browsers do
    told.text = " ".join(told.text.split())
    told.cells = {place: (state, " ".join(text.split())) for place, (state, text) in told.cells.items()}
    return told


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen = Seen()
        self.open: list[str] = []
        self._silent: list[int] = []
        self._cell: tuple[str, str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.seen.tags.append(tag)
        if tag not in _VOID:
            self.open.append(tag)
            if given.get("aria-hidden") == "true":
                self._silent.append(len(self.open))
        if tag == "html":
            self.seen.language = given.get("lang", "")
        elif tag == "td" and "data-field" in given:
            self._cell = (given["data-persona"], given["data-field"])
            self.seen.cells[self._cell] = (given["class"].split()[0], "")
        elif tag == "input" and given.get("type") == "hidden":
            self.seen.hidden[given["name"]] = given["value"]

    def handle_endtag(self, tag: str) -> None:
        if self._silent and self._silent[-1] == len(self.open):
            self._silent.pop()
        if not self.open or self.open.pop() != tag:
            raise ValueError(f"closed out of order: {tag}")
        if tag == "td":
            self._cell = None

    def handle_data(self, data: str) -> None:
        if "textarea" in self.open:
            self.seen.draft += data
            return
        if self._silent:
            return
        self.seen.text += data + " "
        if self._cell is not None:
            state, text = self.seen.cells[self._cell]
            self.seen.cells[self._cell] = (state, f"{text} {data}")
