"""Gateways on demand, each a process of its own: ``python server.py`` starts what its input says, line by line.

``{"start": FOLDER, "settings": {…}, "hubspot": PORT}`` starts a gateway whose data are in FOLDER, ``{"sandbox": PORT}``
a HubSpot sandbox, ``{"wait": PID}`` waits for the end of one. The answer is a line each: the pid, or the exit code.
A process is a fork of this one, which has imported everything: that takes seconds, and starting a tenth of one.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import uvicorn
import uvloop
from pydantic import SecretStr

from policy_gateway.app import Administration, administration, extensions, running
from policy_gateway.cli.serving import serving
from policy_gateway.identity import Grant, new_master_key
from policy_gateway.provenance import Reference
from policy_gateway.records import ConnectionConfig
from policy_gateway.settings import Settings, load
from policy_gateway.testing.people import people
from policy_gateway_hubspot.sandbox.app import TOKEN, Sandbox

POLICIES = Path(__file__).parents[3] / "policies"
CANARY = "Zanzibar"
CONTACTS = 200
PERSONS = {
    "anna": ("acme", "user:anna", ("agent", "team:berlin"), ("service", "complaint")),
    "selma": ("acme", "user:selma", ("supervisor", "team:berlin"), ("service", "audit")),
    "mara": ("acme", "user:mara", ("marketer",), ("marketing",)),
    "dora": ("acme", "user:dora", ("dpo",), ("administration",)),
    "ben": ("bolt", "user:ben", ("agent", "team:munich"), ("service",)),
}
"""Who has a key: tenant, principal, memberships, purposes."""

ENVELOPE = {
    "collected_by": "team:sales",
    "purposes": ["service"],
    "collection_point": "https://shop.example/signup",
    "storage_duration": "P3Y",
}


def main() -> None:
    """Start what is asked for until the input ends."""
    for line in sys.stdin:
        wanted = json.loads(line)
        if "wait" in wanted:
            answer = os.waitstatus_to_exitcode(os.waitpid(wanted["wait"], 0)[1])
        elif not (answer := os.fork()):
            become(wanted)
            return
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()


def become(wanted: dict[str, Any]) -> None:
    """Be the *wanted* server, in a session of its own, until a signal says to end."""
    os.setsid()
    folder = Path(wanted.get("start", "."))
    nowhere = os.open(os.devnull, os.O_RDWR)
    log = os.open(folder / "gateway.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND) if "start" in wanted else nowhere
    for number, target in enumerate((nowhere, log, log)):
        os.dup2(target, number)
    if "sandbox" in wanted:
        uvicorn.run(Sandbox(), host="127.0.0.1", port=wanted["sandbox"], log_config=None, access_log=False)
    else:
        uvloop.run(serve(folder, wanted["settings"], wanted.get("hubspot", 0)))


async def serve(folder: Path, chosen: dict[str, Any], hubspot: int) -> None:
    """Be a gateway; the first one in *folder* makes its keys and connections."""
    if not (folder / "keys.json").exists():
        async with administration(settings(folder, {}), extensions()) as kept:
            await furnish(kept, folder, hubspot)
    given = settings(folder, chosen)
    async with running(given) as app:
        await serving(app, given)


def settings(folder: Path, chosen: dict[str, Any]) -> Settings:
    """Return the settings of the gateway in *folder*."""
    key = folder / "master-key"
    if not key.exists():
        key.write_text(new_master_key(), encoding="ascii")
    secret = SecretStr(key.read_text(encoding="ascii"))
    fixed = {"metrics_port": 0, "policies": POLICIES, "upstream_allowed": ("127.0.0.1",)}
    return load(folder, master_key=secret, **fixed, **chosen)


async def furnish(kept: Administration, folder: Path, hubspot: int) -> None:
    """Give everybody a key, and their tenants a CRM each: its contacts all have the canary in their names."""
    keys = {}
    for name, (tenant, principal, groups, purposes) in PERSONS.items():
        await kept.memberships.add(tenant, principal, *groups)
        keys[name] = (await kept.keys.issue(tenant, principal, Grant(purposes=purposes))).key
    file = folder / "crm.json"
    file.write_text(json.dumps({"contact": list(map(contact, people(CONTACTS)))}), encoding="utf-8")
    for tenant in ("acme", "bolt"):
        await kept.connections.add("memory", ConnectionConfig(tenant, "crm", options={"file": str(file)}))
    if hubspot:
        url, secrets = f"http://127.0.0.1:{hubspot}", {"token": SecretStr(TOKEN)}
        await kept.connections.add("hubspot", ConnectionConfig("acme", "hub", url, secrets=secrets))
    for tenant, connection in (("acme", "crm"), ("bolt", "crm"), ("acme", "hub")):
        await kept.provenance.set_default(Reference(tenant, connection, "contact", "", "*"), ENVELOPE, "system")
    (folder / "keys.part").write_text(json.dumps(keys), encoding="utf-8")
    (folder / "keys.part").rename(folder / "keys.json")


def contact(person: Any) -> dict[str, object]:  # noqa: ANN401 -- people's own type
    """Return what the CRM has of *person*."""
    same = ("email", "phone", "street", "postal_code", "city", "country", "birthdate", "customer_number")
    values = {name: getattr(person, name) for name in same}
    own = {"id": str(person.number), "first_name": CANARY, "last_name": f"{CANARY}-{person.last_name}"}
    return {**values, **own, "team": "berlin", "iban": "DE02120300000000202051", "notes": f"{CANARY} calls often"}


if __name__ == "__main__":
    main()
