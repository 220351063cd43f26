"""A gateway under attack: its CRM holds canaries, and whatever it says or writes is searched for them."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from policy_gateway.identity.sessions import Sessions
from policy_gateway.testing.canaries import Ask, Overheard, Worlds, kept, said, traces
from policy_gateway.testing.entrances import HttpClient, Reply
from policy_gateway.testing.facing import FACED, Faced
from policy_gateway.testing.gateways import Persona, WatchedKind, Whole, connect, whole
from policy_gateway.web import HttpRules, Supplies, Web, assemble
from policy_gateway_memory import MemoryCrm, MemoryKind
from policy_gateway_memory.dresses import HUBSPOT, SALESFORCE, org_id
from policy_gateway_memory.dressing import DressedKind

SHIPPED = Path(__file__).parents[2] / "policies"
HIDDEN: Mapping[str, str] = {
    "iban": "DE44CANARY7700IBAN55",
    "notes": "canary-notes-tumour",
    "shoe_size": "canary-shoe-47wide",
    "birthdate": "1979-08-23",
}
"""What the agents ``arno`` and ``copilot`` may not see of any contact (of the birth date more than its year)."""
OTHER: Mapping[str, object] = {
    "iban": "DE99ANOTHER0000IBAN11",
    "notes": "another-note-lawsuit",
    "shoe_size": "another-shoe-38",
    "birthdate": "1979-02-01",
    "credit_score": 12,
}
"""The same in a world that differs in nothing else."""
NOTHING: Mapping[str, object] = {"iban": None, "notes": None, "shoe_size": None, "credit_score": None}
"""And in one in which most of it has no value."""


def set_up(crm: MemoryCrm, hidden: Mapping[str, object]) -> None:
    """Give both contacts *hidden* values."""
    for row in crm._rows["contact"].values():
        row.update(hidden)


@pytest.fixture
async def attacked(gateway: Whole, crm: MemoryCrm, caplog: pytest.LogCaptureFixture) -> AsyncIterator[Whole]:
    """Yield the gateway; afterwards no canary or key is in what it sent, logged, counted or wrote."""
    set_up(crm, {**HIDDEN, "credit_score": 731})
    overheard = Overheard(gateway.web.app)
    caplog.set_level(logging.DEBUG)
    with capture_logs() as events:
        yield replace(gateway, web=Web(overheard, gateway.web.metrics))  # type: ignore[arg-type]  # any ASGI app will do
    database = Path(gateway.settings.database.removeprefix("sqlite:///"))
    metrics = await HttpClient(gateway.web.metrics).get("/metrics")
    logs = f"{events}{caplog.text}{[record.args for record in caplog.records]}".encode()
    secrets = (*HIDDEN.values(), *gateway.keys.values(), gateway.settings.master_key.get_secret_value())
    assert [] == traces(secrets, *overheard.sent, logs, metrics.body, kept(database.parent))


@pytest.fixture
def worlds(attacked: Whole, crm: MemoryCrm) -> Worlds:
    """Return what asks the same in three worlds that the caller may not tell apart, and returns the one answer."""

    async def ask(who: str, purpose: str, question: Ask) -> Reply:
        rows = {number: dict(row) for number, row in crm._rows["contact"].items()}
        replies = []
        for hidden in ({}, OTHER, NOTHING):
            crm._rows["contact"] = {number: dict(row) for number, row in rows.items()}
            set_up(crm, hidden)
            replies.append(await question(attacked.client(who, purpose)))
        crm._rows["contact"] = rows
        assert 1 == len({said(reply) for reply in replies})
        return replies[0]

    return ask


def _filled(crm: MemoryCrm, dialect: str) -> None:
    def id_of(resource: str, number: str) -> str:
        return org_id(resource, number) if dialect == "salesforce" else number

    then = {"created_at": "2026-01-02T03:04:05+00:00", "updated_at": "2026-01-02T03:04:05+00:00"}
    crm._rows.clear()
    crm._counters.clear()
    crm.add("company", id=id_of("company", "70"), name="Nordlicht Energie", phone="+49 30 23125070", **then)
    crm.add("company", id=id_of("company", "71"), name="Hafen Logistik", phone="+49 40 66969071", **then)
    own = {"city": "Berlin", "team": "berlin", "vip": False, "credit_score": 731, **then}
    lena = {"first_name": "Lena", "last_name": "Vogt", "email": "lena@example.com", "phone": "+49 30 23125001"}
    karl = {"first_name": "Karl", "last_name": "Weber", "email": "karl@example.net", "phone": "+49 40 66969008"}
    crm.add("contact", id=id_of("contact", "7"), company=id_of("company", "70"), customer_number="K-7", **lena, **own)
    crm.add("contact", id=id_of("contact", "8"), company=id_of("company", "71"), customer_number="K-8", **karl, **own)
    set_up(crm, HIDDEN)


@pytest.fixture(scope="session")
async def facing(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Whole, Mapping[str, MemoryCrm]]]:
    """Yield one gateway with both facades before CRMs in memory that have the vendors' names."""
    people = {
        "anna": Persona("user:anna", "acme", ("agent", "team:berlin"), ("service", "collections")),
        "arno": Persona("user:arno", "acme", ("agent",), ("service",)),
        "selma": Persona("user:selma", "acme", ("supervisor",), ("service",)),
        "dora": Persona("user:dora", "acme", ("dpo",), ("administration",)),
        "ben": Persona("user:ben", "bolt", ("agent", "team:munich"), ("service",)),
    }
    memory, folder = MemoryKind(), tmp_path_factory.mktemp("faced")
    kind = WatchedKind(DressedKind(memory, {"sf": SALESFORCE, "hub": HUBSPOT}))
    async with whole(folder, kind, people, policies=SHIPPED) as gateway:
        places = [(tenant, name) for tenant in ("acme", "bolt") for name in FACED.values()]
        await connect(gateway.app, places)
        known = gateway.app.administration

        async def kinds(tenant: str) -> Mapping[str, str]:
            del tenant
            return {name: dialect for dialect, name in FACED.items()}

        facades = tuple(known.extensions.facades.values())
        sessions = Sessions(*known.authenticators, kinds)
        app = gateway.app
        supplies = Supplies(app.directory, app.health, facades=facades, sessions=sessions, shelf=known.shelf)
        web = assemble(app.gateway, HttpRules(), supplies)
        yield replace(gateway, web=web), {dialect: memory.crm("acme", name) for dialect, name in FACED.items()}
        assert [] == traces(_secrets(gateway), kept(folder))


async def _faced(facing: tuple[Whole, Mapping[str, MemoryCrm]], dialect: str) -> Faced:
    gateway, crms = facing
    for name, crm in crms.items():
        _filled(crm, name)
    for tenant in ("acme", "bolt"):
        for place in FACED.values():
            gateway.app.administration.connections._forget((tenant, place))
    found = Faced(gateway, dialect, Overheard(gateway.web.app), crms[dialect]._rows, (OTHER, NOTHING))
    await found.forget()
    return found


@pytest.fixture
async def org(facing: tuple[Whole, Mapping[str, MemoryCrm]]) -> AsyncIterator[Faced]:
    """Yield the gateway as new, attacked by Salesforce's clients; afterwards no canary is in what it sent or wrote."""
    found = await _faced(facing, "salesforce")
    yield found
    _search(found)


@pytest.fixture
async def portal(facing: tuple[Whole, Mapping[str, MemoryCrm]]) -> AsyncIterator[Faced]:
    """Yield the gateway as new, attacked by HubSpot's clients; afterwards no canary is in what it sent or wrote."""
    found = await _faced(facing, "hubspot")
    yield found
    _search(found)


def _search(faced: Faced) -> None:
    assert [] == traces(_secrets(faced.whole), *faced.overheard.sent)


def _secrets(gateway: Whole) -> tuple[str, ...]:
    return (*HIDDEN.values(), *gateway.keys.values(), gateway.settings.master_key.get_secret_value())
