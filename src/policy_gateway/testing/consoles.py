"""The console of a whole gateway, for tests: what its page shows, cell by cell."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

from policy_gateway.model.principal import Credential
from policy_gateway.policy import Policies
from policy_gateway.provenance import Reference
from policy_gateway.records import AdapterKind
from policy_gateway.testing.gateways import Persona as Known
from policy_gateway.testing.gateways import WatchedKind, Whole, connect, whole
from policy_gateway.web import HttpRules, Supplies, Web, assemble
from policy_gateway.web.console import Contact, Pages, Persona, console

AUDITOR: Final = "audrey"
PEOPLE: Final[Mapping[str, Known]] = {
    "anna": Known("user:anna", "acme", ("agent", "team:berlin"), ("service", "complaint", "collections")),
    "selma": Known("user:selma", "acme", ("supervisor",), ("service", "collections")),
    "mara": Known("user:mara", "acme", ("marketer",), ("marketing",)),
    "ben": Known("user:ben", "bolt", ("agent", "team:munich"), ("service",)),
}
"""Who has a column."""

LENA: Final[Mapping[str, object]] = {
    "id": "7",
    "first_name": "Lena",
    "last_name": "Vogt",
    "email": "lena.vogt@example.com",
    "phone": "+49 30 23125001",
    "city": "Berlin",
    "birthdate": "1980-05-17",
    "iban": "DE02120300000000202051",
    "credit_score": 731,
    "notes": "prefers calls in the morning",
    "team": "berlin",
    "consents": ("marketing:email",),
    "vip": False,
    "do_not_call": True,
    "shoe_size": "41-narrow",
}
"""A contact like any other."""

HOSTILE: Final[Mapping[str, object]] = {
    "id": "8",
    "first_name": "<script>alert(1)</script>",
    "last_name": "\"><img src=x onerror=alert(2)> `x` {{ 7 * 7 }} & O'Brien",
    "phone": "+49 30 23125002",
    "team": "munich",
    "consents": ("marketing:phone",),
}
"""A contact that attacks the page."""

PLACES: Final = (("acme", "crm"), ("bolt", "crm"))
RULES: Final = "tenants/acme.csv"
_DOCUMENTED: Final = ("phone", "email", "birthdate")
_VOID: Final = frozenset({"br", "input", "link", "meta"})


@asynccontextmanager
async def showing(folder: Path, shipped: Path, kind: AdapterKind) -> AsyncIterator[tuple[Whole, Pages]]:
    """Start a gateway in *folder* with a copy of the *shipped* policy, and yield it with its console's pages.

    *kind* connects the CRMs at :data:`PLACES`; where a few fields of the first one come from is documented.
    """
    shutil.copytree(shipped, folder / "policies")
    personas = {**PEOPLE, AUDITOR: Known("user:audrey", "acme", ("auditor",), ("audit",))}
    async with whole(folder, WatchedKind(kind), personas, policies=folder / "policies") as gateway:
        await connect(gateway.app, PLACES)
        parts = {
            "collected_by": "team:sales",
            "purposes": ["service"],
            "collection_point": "web form",
            "storage_duration": "P3Y",
            "legal_basis": "contract",
        }
        for path in _DOCUMENTED:
            place = Reference("acme", "crm", "contact", "", path)
            await gateway.app.administration.provenance.set_default(place, parts, "system")
        contacts = (Contact("crm", "7", {"de": "mag E-Mail", "en": "likes e-mail"}), Contact("crm", "8"))
        yield gateway, pages_of(gateway, PEOPLE, contacts, RULES)


def restore(policies: Policies, shipped: Path) -> None:
    """Put the *shipped* policy in force again."""
    folder = policies.folder
    (folder / ".updating").unlink(missing_ok=True)
    for path in shipped.rglob("*.*"):
        kept = folder / path.relative_to(shipped)
        if not kept.exists() or kept.read_bytes() != path.read_bytes():
            kept.write_bytes(path.read_bytes())
    policies.reload()


def mounted(gateway: Whole, pages: Pages) -> Web:
    """Return the entrance to *gateway* with its console."""
    app = gateway.app
    return assemble(app.gateway, HttpRules(), Supplies(app.directory, app.health, {"/console": console(pages)}))


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
