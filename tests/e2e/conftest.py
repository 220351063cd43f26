"""A gateway with the shipped policies, by TLS, before a portal and an org: what vendors' clients are pointed to."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from policy_gateway.cli.demo.authority import trusted
from policy_gateway.cli.demo.people import documented
from policy_gateway.testing.doubles import Double, Threaded, facing
from policy_gateway.testing.gateways import Persona, WatchedKind, Whole
from policy_gateway.web.server import Listening
from policy_gateway.web.tls import certified
from policy_gateway_hubspot import sandbox as hubspots
from policy_gateway_memory import MemoryKind
from policy_gateway_salesforce import sandbox as salesforces

ROOT = Path(__file__).parents[2]
CLIENTS = ROOT / ".clients"
PEOPLE = {
    "anna": Persona("user:anna", "acme", ("agent", "team:berlin"), ("service", "collections")),
    "selma": Persona("user:selma", "acme", ("supervisor",), ("service",)),
    "audrey": Persona("user:audrey", "acme", ("auditor",), ("audit",)),
    "mara": Persona("user:mara", "acme", ("marketer",), ("marketing",)),
}
QUIET = ("CI", "SF_AUTOUPDATE_DISABLE", "SF_DISABLE_LOG_FILE", "SF_DISABLE_TELEMETRY", "SF_SKIP_NEW_VERSION_CHECK")
"""What keeps the sf CLI to its work."""


@dataclass(frozen=True, slots=True)
class Office:
    """A gateway at *url*, whose certificate *authority* vouches for; connections ``hubspot`` and ``salesforce``."""

    url: str
    authority: Path
    keys: Mapping[str, str] = field(repr=False)
    journal: Path

    def environment(self, persona: str, home: Path) -> dict[str, str]:
        """Return the whole environment of a client's process; of ours it sees nothing."""
        node = next(iter(sorted(CLIENTS.glob("node_modules/node-*/bin/node"))), None) or shutil.which("node") or ""
        authority = str(self.authority)
        return {
            "PATH": f"{CLIENTS}/node_modules/.bin:{Path(node).parent}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(home),
            "NODE_PATH": f"{CLIENTS}/node_modules",
            "NODE_OPTIONS": f"--import {(ROOT / 'tests/clients/scripts/loopback.mjs').as_uri()}",
            "GATEWAY": self.url,
            "GATEWAY_KEY": self.keys[persona],
            "GATEWAY_CA": authority,
            "REQUESTS_CA_BUNDLE": authority,
            "SSL_CERT_FILE": authority,
            "NODE_EXTRA_CA_CERTS": authority,
            "TICKET": "T-2026-001",
            **dict.fromkeys(QUIET, "true"),
        }

    def entries(self) -> list[dict[str, Any]]:
        """Return what the journal of the people's client holds, oldest first."""
        with closing(sqlite3.connect(f"file:{self.journal}?mode=ro", uri=True)) as database:
            rows = database.execute("SELECT entry FROM audit_entries WHERE tenant = 'acme' ORDER BY seq")
            return [json.loads(entry)["entry"] for (entry,) in rows]


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Whole]:
    """Start the gateway in *folder*, and say where the data behind it comes from."""
    hub, org = hubspots.Sandbox(seed=1), salesforces.Sandbox(seed=1)
    doubles = (
        Double("hubspot", "hubspot", hub, frozenset(), {"token": SecretStr(hubspots.TOKEN)}),
        Double("salesforce", "salesforce", org, frozenset(), {"token": SecretStr(org.token)}),
    )
    async with facing(folder, ROOT / "policies", WatchedKind(MemoryKind()), PEOPLE, *doubles) as gateway:
        await documented(gateway.app)
        yield gateway


@pytest.fixture(scope="session")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Yield a gateway for clients that bring their own HTTP and insist on TLS."""
    folder = tmp_path_factory.mktemp("office")
    trust = trusted(folder / "tls", datetime.now(UTC))
    context = certified(trust.certificate, trust.key).context
    with Threaded(lambda: opened(folder / "gateway"), Listening(tls=context, shutdown_deadline=1)) as served:
        journal = folder / "gateway" / "policy-gateway.sqlite"
        yield Office(f"https://127.0.0.1:{served.port}", trust.authority, served.keys, journal)
