"""Our gateway as a server: ``serve.py PORT UPSTREAM FOLDER TOKENS COUNT [ADAPTER]``, one worker, everything on.

It has one connection, ``crm``, of the adapter (``hubspot``, if none is named) to UPSTREAM, and COUNT agents of the
tenant ``acme``, whose keys stand in the file TOKENS before it listens. With ``salesforce`` they may also export.
"""

from __future__ import annotations

import asyncio
import base64
import os
import shutil
import sys
from pathlib import Path

import uvloop
from pydantic import SecretStr

from policy_gateway.app import Administration, running
from policy_gateway.cli.serving import serving
from policy_gateway.identity.keys import Grant
from policy_gateway.records import ConnectionConfig
from policy_gateway.settings import Settings, load

SHIPPED = Path(__file__).parents[1] / "policies"
TENANT, PURPOSE = "acme", "service"
AT_ONCE = 500
EXPORTING = """\
p, agent, acme, record_key,   export, allow, clear,   service, -, normal, log, BENCH-1, instruction:ACME-2026-05
p, agent, acme, master_data,  export, allow, clear,   service, -, normal, log, BENCH-2, instruction:ACME-2026-05
p, agent, acme, business,     export, allow, clear,   service, -, normal, log, BENCH-3, instruction:ACME-2026-05
p, agent, acme, contact_data, view,   deny,  partial, service, -, normal, -,   BENCH-4, instruction:ACME-2026-05
"""


def settings(folder: Path, port: int, upstream: str, policies: Path) -> Settings:
    """Return the settings of a gateway in *folder*."""
    folder.mkdir(parents=True, exist_ok=True)
    return load(
        folder,
        port=port,
        metrics_port=0,
        policies=policies,
        master_key=SecretStr(base64.b64encode(os.urandom(32)).decode()),
        upstream_allowed=(upstream.removeprefix("http://").partition(":")[0],),
        log_level="error",
    )


async def keys(kept: Administration, count: int) -> list[str]:
    """Return a key for each of so many agents."""

    async def issued(number: int) -> str:
        principal = f"user:agent{number}"
        await kept.memberships.add(TENANT, principal, "agent", "team:berlin")
        return (await kept.keys.issue(TENANT, principal, Grant(purposes=frozenset({PURPOSE})))).key

    found: list[str] = []
    for start in range(0, count, AT_ONCE):
        found += await asyncio.gather(*(issued(number) for number in range(start, min(start + AT_ONCE, count))))
    return found


def exporting(folder: Path) -> Path:
    """Return a copy of the shipped policy, in *folder*, by which agents export, with what reaches people masked."""
    policies = folder / "policies"
    shutil.copytree(SHIPPED, policies)
    rules = policies / "tenants" / f"{TENANT}.csv"
    rules.write_text(rules.read_text(encoding="utf-8").replace("# end", f"{EXPORTING}# end"), encoding="utf-8")
    return policies


async def main(port: int, upstream: str, folder: Path, tokens: Path, count: int, adapter: str) -> None:
    """Serve until the process is ended."""
    given = settings(folder, port, upstream, exporting(folder) if adapter == "salesforce" else SHIPPED)
    async with running(given) as app:
        config = ConnectionConfig(TENANT, "crm", upstream, secrets={"token": SecretStr("pat-eu1-sandbox")})
        await app.administration.connections.add(adapter, config)
        _write(tokens, await keys(app.administration, count))
        await serving(app, given)


def _write(tokens: Path, issued: list[str]) -> None:
    tokens.write_text("\n".join(issued), encoding="utf-8")


if __name__ == "__main__":
    port, upstream, folder, tokens, count, *adapter = sys.argv[1:]
    where = (int(port), upstream, Path(folder), Path(tokens))
    uvloop.run(main(*where, int(count), adapter[0] if adapter else "hubspot"))
