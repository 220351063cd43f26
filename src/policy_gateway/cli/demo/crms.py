"""The demo's CRMs: sandboxes that speak HubSpot's API, in this process, and a real Tryton, in its own."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import SecretStr

from policy_gateway.cli.demo.cast import ACME, BOLT
from policy_gateway.cli.exits import UsageError
from policy_gateway.cli.terminal import Terminal
from policy_gateway.crm import ConnectionConfig
from policy_gateway.errors import ConfigurationError

if TYPE_CHECKING:
    from policy_gateway.app import Administration
    from policy_gateway_hubspot.sandbox import Sandbox

LOOPBACK: Final = "127.0.0.1"
HUBSPOT: Final = "hubspot"
TRYTON: Final = "tryton"
PORTALS: Final[Mapping[str, tuple[int, int]]] = {ACME: (22100, 1), BOLT: (22101, 2)}
"""The port that each client's portal has if it is free, and the seed that its people are made of."""

_TRYTON_PORT: Final = 22010
TRYTON_FOLDER: Final = Path(".crms/tryton")


@dataclass(frozen=True, slots=True)
class Crm:
    """One CRM that runs: how a connection to it is made."""

    adapter: str
    config: ConnectionConfig


def free_port(wanted: int) -> int:
    """Return *wanted* if nobody listens there, else any free port of the loopback interface."""
    for port in (wanted, 0):
        try:
            with socket.create_server((LOOPBACK, port)) as listener:
                return int(listener.getsockname()[1])
        except OSError:
            continue
    raise ConfigurationError("no port of the loopback interface is free")


@contextmanager
def tryton(terminal: Terminal) -> Iterator[tuple[Crm, ...]]:
    """Run Tryton, after installing it at the first time; without it when that cannot be done, and one line why."""
    try:
        from policy_gateway_tryton.sandbox import prepare
    except ImportError:
        terminal.remark("demo.no-tryton", reason="policy-gateway-tryton")
        yield ()
        return
    with ExitStack() as stack:
        try:
            with terminal.waiting("demo.tryton" if (TRYTON_FOLDER / "ready").exists() else "demo.install"):
                server = stack.enter_context(prepare(TRYTON_FOLDER).serve(free_port(_TRYTON_PORT)))
        except ConfigurationError as failed:
            terminal.remark("demo.no-tryton", reason=failed.detail)
            yield ()
            return
        secret = {"key": SecretStr(server.agent_key)}
        yield (Crm(TRYTON, ConnectionConfig(ACME, TRYTON, server.base_url, {"database": server.database}, secret)),)


@asynccontextmanager
async def portals(terminal: Terminal) -> AsyncIterator[tuple[Crm, ...]]:
    """Serve the clients' HubSpot portals, each on a loopback port of its own."""
    try:
        from policy_gateway_hubspot.sandbox import TOKEN, Sandbox
    except ImportError:
        raise UsageError(terminal.texts("demo.no-hubspot")) from None
    async with AsyncExitStack() as stack:
        found = []
        for tenant, (wanted, seed) in PORTALS.items():
            port = await stack.enter_async_context(_portal(Sandbox(seed=seed), free_port(wanted)))
            secret = {"token": SecretStr(TOKEN)}
            config = ConnectionConfig(tenant, HUBSPOT, f"http://{LOOPBACK}:{port}", {}, secret)
            found.append(Crm(HUBSPOT, config))
        yield tuple(found)


@asynccontextmanager
async def _portal(app: Sandbox, port: int) -> AsyncIterator[int]:
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


async def connect(kept: Administration, crms: tuple[Crm, ...]) -> None:
    """Let the gateway know where *crms* are now, and forget those that do not run."""
    wanted = {(crm.config.tenant, crm.config.name) for crm in crms}
    for tenant in (ACME, BOLT):
        for row in await kept.connections.list(tenant):
            if row.name in {HUBSPOT, TRYTON} and (tenant, row.name) not in wanted:
                await kept.connections.remove(tenant, row.name)
    for crm in crms:
        known = {row.name: row for row in await kept.connections.list(crm.config.tenant)}
        if crm.config.name in known:
            await kept.connections.change(crm.config)
        else:
            await kept.connections.add(crm.adapter, crm.config)
