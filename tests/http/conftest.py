from __future__ import annotations

import pytest

from policy_gateway.testing.entrances import HttpClient, ScriptedGate
from policy_gateway.web import HttpRules, Supplies, Web, assemble


@pytest.fixture
def anyio_backend() -> str:
    """Run asynchronous tests on asyncio."""
    return "asyncio"


@pytest.fixture
def gate() -> ScriptedGate:
    """Return the gate that the entrance leads to."""
    return ScriptedGate()


@pytest.fixture
def web(gate: ScriptedGate) -> Web:
    """Return an entrance to *gate*."""
    return assemble(gate, HttpRules(), Supplies(directory=gate))


@pytest.fixture
def client(web: Web) -> HttpClient:
    """Return an agent's client of the entrance."""
    return HttpClient(web.app)
