"""A gateway with one plugin of every kind, which can be told to misbehave, and rules that use them."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from policy_gateway.testing.gateways import Persona, WatchedKind, Whole, connect, whole
from policy_gateway.testing.saboteur import Saboteur
from policy_gateway_memory import MemoryCrm, MemoryKind

SHIPPED = Path(__file__).parents[2] / "policies"
RULES = """\
p, agent, acme, contact.iban, view, allow, fog, callback, sunny, normal, -, X-1, law:GDPR-6-1-b
p, agent, acme, contact.notes, search, allow, clear, callback, own_team, normal, -, X-2, law:GDPR-6-1-b
p, agent, acme, contact.city, search, allow, clear, callback, sunny, normal, -, X-3, law:GDPR-6-1-b
"""
LINKS = "g5, redact, fog\ng5, fog, clear\n"


@pytest.fixture(scope="module")
def saboteur() -> Saboteur:
    """Return the plugin."""
    return Saboteur()


@pytest.fixture(scope="module")
async def extended(tmp_path_factory: pytest.TempPathFactory, saboteur: Saboteur) -> AsyncIterator[Whole]:
    """Yield a gateway with the plugin."""
    folder = tmp_path_factory.mktemp("extended")
    shutil.copytree(SHIPPED, folder / "policies")
    for name, text in (("tenants/acme.csv", RULES), ("vocabulary.csv", LINKS)):
        path = folder / "policies" / name
        path.write_text(path.read_text().replace("# end", f"{text}# end"))
    people = {"anna": Persona("user:anna", "acme", ("agent", "team:berlin"), ("service", "callback"))}
    async with whole(folder, WatchedKind(MemoryKind({("acme", "crm"): MemoryCrm()})), people, saboteur) as gateway:
        await connect(gateway.app, [("acme", "crm")])
        yield gateway


@pytest.fixture
async def sabotaged(extended: Whole, saboteur: Saboteur) -> Whole:
    """Return the gateway as new, with a plugin that behaves."""
    crm: MemoryCrm = extended.kind._kind.crm("acme", "crm")  # type: ignore[attr-defined]  # the memory kind
    crm._rows.clear()
    then = {"created_at": "2026-01-02T03:04:05+00:00", "updated_at": "2026-01-02T03:04:05+00:00"}
    crm.add("contact", id="7", first_name="Lena", city="Berlin", iban="DE02120300", notes="n-7", team="berlin", **then)
    crm.add("contact", id="8", first_name="Karl", city="Bonn", iban="DE99", notes="n-8", team="hamburg", **then)
    saboteur.orders.clear()
    saboteur.asked.clear()
    saboteur.entries.clear()
    extended.kind.forget()
    await extended.mark("acme")
    return extended
