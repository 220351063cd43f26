"""The demo's CRMs as the gateway meets them, and those of them that run in this process: the vendors' sandboxes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from pydantic import SecretStr

from policy_gateway.cli.demo.cast import ACME, BOLT
from policy_gateway.cli.demo.tryton import LOOPBACK, TRYTON, Started, free_port
from policy_gateway.cli.exits import UsageError
from policy_gateway.cli.terminal import Terminal
from policy_gateway.crm import ConnectionConfig

if TYPE_CHECKING:
    from policy_gateway.app import Administration
    from policy_gateway.ports import AsgiApp

HUBSPOT: Final = "hubspot"
SALESFORCE: Final = "salesforce"
PORTALS: Final[Mapping[str, tuple[int, int]]] = {ACME: (22100, 1), BOLT: (22101, 2)}
"""The port that each client's portal has if it is free, and the seed that its people are made of."""
ORGS: Final[Mapping[str, tuple[int, int]]] = {ACME: (22200, 1), BOLT: (22201, 2)}
"""The same of each client's org."""


@dataclass(frozen=True, slots=True)
class Crm:
    """One CRM that runs: how a connection to it is made."""

    adapter: str
    config: ConnectionConfig


@asynccontextmanager
async def portals(terminal: Terminal) -> AsyncIterator[tuple[Crm, ...]]:
    """Serve the clients' HubSpot portals, each on a loopback port of its own."""
    try:
        from policy_gateway_hubspot.sandbox import TOKEN, Sandbox
    except ImportError:
        raise UsageError(terminal.texts("demo.no-hubspot")) from None
    secret = {"token": SecretStr(TOKEN)}
    async with _all(HUBSPOT, PORTALS, Sandbox, {}, secret) as found:
        yield found


@asynccontextmanager
async def orgs(terminal: Terminal) -> AsyncIterator[tuple[Crm, ...]]:
    """Serve the clients' Salesforce orgs, each on a loopback port of its own."""
    try:
        from policy_gateway_salesforce.sandbox import CLIENT_ID, CLIENT_SECRET, Sandbox
    except ImportError:
        raise UsageError(terminal.texts("demo.no-salesforce")) from None
    secret = {"client_secret": SecretStr(CLIENT_SECRET)}
    async with _all(SALESFORCE, ORGS, Sandbox, {"client_id": CLIENT_ID}, secret) as found:
        yield found


class _Double(Protocol):
    """Makes a double of a CRM, whose people come from a seed."""

    def __call__(self, *, seed: int) -> AsgiApp: ...


@asynccontextmanager
async def _all(
    kind: str,
    places: Mapping[str, tuple[int, int]],
    double: _Double,
    options: Mapping[str, str],
    secrets: Mapping[str, SecretStr],
) -> AsyncIterator[tuple[Crm, ...]]:
    async with AsyncExitStack() as stack:
        found = []
        for tenant, (wanted, seed) in places.items():
            port = await stack.enter_async_context(_one(double(seed=seed), free_port(wanted)))
            config = ConnectionConfig(tenant, kind, f"http://{LOOPBACK}:{port}", options, secrets)
            found.append(Crm(kind, config))
        yield tuple(found)


@asynccontextmanager
async def _one(app: AsgiApp, port: int) -> AsyncIterator[int]:
    import uvicorn

    from policy_gateway.web.server import Quiet, listener

    own = listener(LOOPBACK, port)
    server = Quiet(uvicorn.Config(app, lifespan="off", ws="none", log_config=None, timeout_graceful_shutdown=1))
    task = asyncio.create_task(server.serve([own]))
    try:
        yield port
    finally:
        server.should_exit = True
        await task


def parties(started: Started | None) -> tuple[Crm, ...]:
    """Return the Tryton that has *started*, if one has."""
    if started is None:
        return ()
    secret = {"key": SecretStr(started.key)}
    return (Crm(TRYTON, ConnectionConfig(ACME, TRYTON, started.base_url, {"database": started.database}, secret)),)


async def connect(kept: Administration, crms: tuple[Crm, ...]) -> None:
    """Let the gateway know where *crms* are now, and forget those that do not run."""
    wanted = {(crm.config.tenant, crm.config.name) for crm in crms}
    for tenant in (ACME, BOLT):
        for row in await kept.connections.list(tenant):
            if row.name in {HUBSPOT, SALESFORCE, TRYTON} and (tenant, row.name) not in wanted:
                await kept.connections.remove(tenant, row.name)
    for crm in crms:
        known = {row.name: row for row in await kept.connections.list(crm.config.tenant)}
        if crm.config.name in known:
            await kept.connections.change(crm.config)
        else:
            await kept.connections.add(crm.adapter, crm.config)
