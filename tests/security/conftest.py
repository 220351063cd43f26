"""A gateway under attack: its CRM holds canaries, and whatever it says or writes is searched for them."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from policy_gateway.testing.canaries import Ask, Overheard, Worlds, kept, said, traces
from policy_gateway.testing.entrances import HttpClient, Reply
from policy_gateway.testing.gateways import Whole
from policy_gateway.web import Web
from policy_gateway_memory import MemoryCrm

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
