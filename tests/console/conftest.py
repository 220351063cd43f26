"""The console of a whole gateway over a policy folder of its own, which tests may edit."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from urllib.parse import urlencode

import pytest

from policy_gateway.provenance import Reference
from policy_gateway.testing.consoles import Seen, pages_of, seen
from policy_gateway.testing.entrances import HttpClient, Reply
from policy_gateway.testing.gateways import Persona, WatchedKind, Whole, connect, whole
from policy_gateway.web import HttpRules, Supplies, assemble
from policy_gateway.web.console import Contact, Pages, console
from policy_gateway_memory import MemoryCrm, MemoryKind

SHIPPED = Path(__file__).parents[2] / "policies"
RULES = "tenants/acme.csv"
PEOPLE: Mapping[str, Persona] = {
    "anna": Persona("user:anna", "acme", ("agent", "team:berlin"), ("service", "complaint", "collections")),
    "selma": Persona("user:selma", "acme", ("supervisor",), ("service", "collections")),
    "mara": Persona("user:mara", "acme", ("marketer",), ("marketing",)),
    "ben": Persona("user:ben", "bolt", ("agent", "team:munich"), ("service",)),
}
PERSONAS = {**PEOPLE, "audrey": Persona("user:audrey", "acme", ("auditor",), ("audit",))}
LENA: Mapping[str, object] = {
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
HOSTILE: Mapping[str, object] = {
    "id": "8",
    "first_name": "<script>alert(1)</script>",
    "last_name": "\"><img src=x onerror=alert(2)> `x` {{ 7 * 7 }} & O'Brien",
    "phone": "+49 30 23125002",
    "team": "munich",
    "consents": ("marketing:phone",),
}
ORIGIN = (("host", "localhost"), ("origin", "http://localhost"), ("sec-fetch-site", "same-origin"))
FORM = ("content-type", "application/x-www-form-urlencoded")


@pytest.fixture(scope="session")
def crm() -> MemoryCrm:
    """Return the first tenant's CRM: one contact, and one that attacks the page."""
    crm = MemoryCrm()
    for row in (LENA, HOSTILE):
        crm.add("contact", **row)
    return crm


@pytest.fixture(scope="session")
async def shown(tmp_path_factory: pytest.TempPathFactory, crm: MemoryCrm) -> AsyncIterator[tuple[Whole, Pages]]:
    """Yield one gateway and its console's pages for all tests of this process."""
    folder = tmp_path_factory.mktemp("console")
    shutil.copytree(SHIPPED, folder / "policies")
    kind = WatchedKind(MemoryKind({("acme", "crm"): crm, ("bolt", "crm"): MemoryCrm()}))
    async with whole(folder, kind, PERSONAS, policies=folder / "policies") as gateway:
        await connect(gateway.app, (("acme", "crm"), ("bolt", "crm")))
        parts = {
            "collected_by": "team:sales",
            "purposes": ["service"],
            "collection_point": "web form",
            "storage_duration": "P3Y",
            "legal_basis": "contract",
        }
        for path in ("phone", "email", "birthdate"):
            place = Reference("acme", "crm", "contact", "", path)
            await gateway.app.administration.provenance.set_default(place, parts, "system")
        contacts = (Contact("crm", "7", {"de": "mag E-Mail", "en": "likes e-mail"}), Contact("crm", "8"))
        yield gateway, pages_of(gateway, PEOPLE, contacts, RULES)


@pytest.fixture
def pages(shown: tuple[Whole, Pages]) -> Iterator[Pages]:
    """Yield the pages over the policy as it is shipped."""
    pages = shown[1]
    folder, policies = pages.policies.folder, pages.policies
    _restore(folder)
    policies.reload()
    yield pages
    _restore(folder)
    policies.reload()


def _restore(folder: Path) -> None:
    (folder / ".updating").unlink(missing_ok=True)
    for path in SHIPPED.rglob("*.*"):
        kept = folder / path.relative_to(SHIPPED)
        if kept.read_bytes() != path.read_bytes():
            kept.write_bytes(path.read_bytes())


@pytest.fixture
def client(pages: Pages, shown: tuple[Whole, Pages]) -> HttpClient:
    """Return a browser's client of the entrance with the console mounted."""
    app = shown[0].app
    web = assemble(app.gateway, HttpRules(), Supplies(app.directory, app.health, {"/console": console(pages)}))
    return HttpClient(web.app, (("host", "localhost"),))


Look = Callable[..., Awaitable[Seen]]
Save = Callable[..., Awaitable[Reply]]


@pytest.fixture
def look(client: HttpClient) -> Look:
    """Return what asks for a page by its parameters and reads it."""

    async def looked(**given: str) -> Seen:
        reply = await client.get(f"/console?{urlencode({'lang': 'en', **given})}")
        assert 200 == reply.status
        return seen(reply.body.decode())

    return looked


@pytest.fixture
def save(client: HttpClient, look: Look) -> Save:
    """Return what opens the page, changes the file in its box, and sends the form as a browser does."""

    async def saved(change: Callable[[str], str], *lines: tuple[str, str], **fields: str) -> Reply:
        page = await look(**fields)
        form = {**page.hidden, "text": change(page.draft).replace("\n", "\r\n")}
        return await client.ask("POST", "/console/rules", [*ORIGIN, FORM, *lines], urlencode(form).encode())

    return saved
