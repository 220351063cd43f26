"""The whole gateway, running with the shipped policies over two CRMs in memory; every test finds it as new."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, delete

from policy_gateway.crm.tables import idempotency
from policy_gateway.facts.tables import attempts, standings
from policy_gateway.provenance.tables import defaults, versions
from policy_gateway.testing.gateways import Persona, WatchedKind, Whole, connect, whole
from policy_gateway_memory import MemoryCrm, MemoryKind

SHIPPED = Path(__file__).parents[1] / "policies"
PLACES = (("acme", "crm"), ("bolt", "crm"))
CARE = ("service", "complaint", "callback")
PERSONAS: Mapping[str, Persona] = {
    "anna": Persona("user:anna", "acme", ("agent", "team:berlin"), (*CARE, "collections", "consent_request")),
    "arno": Persona("user:arno", "acme", ("agent",), ("service",)),
    "selma": Persona("user:selma", "acme", ("supervisor",), (*CARE, "collections", "audit")),
    "mara": Persona("user:mara", "acme", ("marketer",), ("marketing", "survey")),
    "audrey": Persona("user:audrey", "acme", ("auditor",), ("audit",)),
    "dora": Persona("user:dora", "acme", ("dpo",), ("administration",)),
    "stef": Persona("user:stef", "acme", ("data_steward",), ("administration",)),
    "copilot": Persona("ai:copilot", "acme", ("agent",), ("service",)),
    "nobody": Persona("user:nobody", "acme", (), ("service",)),
    "ben": Persona("user:ben", "bolt", ("agent", "team:munich"), ("service", "complaint")),
    "bea": Persona("user:bea", "bolt", ("supervisor",), ("service",)),
    "otto": Persona("user:otto", "bolt", ("auditor",), ("audit",)),
    "mila": Persona("user:mila", "bolt", ("marketer",), ("survey",)),
}
THEN = "2026-01-02T03:04:05+00:00"
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
    "lead_source": "web",
    "consents": ("marketing:email",),
    "vip": False,
    "do_not_call": False,
    "shoe_size": "41-narrow",
    "created_at": THEN,
    "updated_at": THEN,
}
KARL: Mapping[str, object] = {
    **LENA,
    "id": "8",
    "first_name": "Karl",
    "last_name": "Weber",
    "email": "karl@example.net",
    "phone": "+49 40 66969008",
    "birthdate": "1969-11-30",
    "iban": "DE02500105170137075030",
    "credit_score": 402,
    "notes": "speaks of a lawsuit",
    "team": "hamburg",
    "consents": (),
    "shoe_size": "44-wide",
}


@pytest.fixture(scope="session")
def crms() -> Mapping[tuple[str, str], MemoryCrm]:
    """Return the CRMs by tenant and connection."""
    return {place: MemoryCrm(clock=lambda: datetime.fromisoformat(THEN)) for place in PLACES}


@pytest.fixture(scope="session")
async def started(
    tmp_path_factory: pytest.TempPathFactory, crms: Mapping[tuple[str, str], MemoryCrm]
) -> AsyncIterator[Whole]:
    """Yield one gateway for all tests of this process."""
    folder, kind = tmp_path_factory.mktemp("gateway"), WatchedKind(MemoryKind(crms))
    async with whole(folder, kind, PERSONAS, policies=SHIPPED) as gateway:
        await connect(gateway.app, PLACES)
        yield gateway


@pytest.fixture
async def gateway(started: Whole, crms: Mapping[tuple[str, str], MemoryCrm]) -> Whole:
    """Return the gateway as new: two contacts in the one CRM, one of the same id in the other, nothing else known."""
    for crm in crms.values():
        crm._rows.clear()
        crm._counters.clear()
    for row in (LENA, KARL):
        crms["acme", "crm"].add("contact", **row)
    crms["bolt", "crm"].add("contact", **{**LENA, "first_name": "Bruno", "email": "bruno@example.org"})

    def emptied(connection: Connection) -> None:
        for table in (idempotency, standings, attempts, versions, defaults):
            connection.execute(delete(table))

    await started.app.administration.database.writer.submit(emptied)
    await started.mark("acme", "bolt")
    started.kind.forget()
    for place in PLACES:
        started.app.administration.connections._forget(place)  # with whatever their circuit breakers have seen
    return started


@pytest.fixture
def crm(gateway: Whole, crms: Mapping[tuple[str, str], MemoryCrm]) -> MemoryCrm:
    """Return the first tenant's CRM."""
    del gateway
    return crms["acme", "crm"]
