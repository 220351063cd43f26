"""What a rehearsal counts is what the gateway then asks: the same requests, through real adapters, to the doubles."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from pydantic import BaseModel, SecretStr
from tests.rehearsal.conftest import SHIPPED, SUPERVISOR, Crm, asked, org, portal

from policy_gateway.app import administration, assembled, extensions, vocabulary
from policy_gateway.identity import Grant, new_master_key
from policy_gateway.policy import Policies
from policy_gateway.records import Adapter, ConnectionConfig, NoOptions, Request, Transport
from policy_gateway.settings import load
from policy_gateway.testing.asgi import AsgiTransport

if TYPE_CHECKING:
    from pathlib import Path

    from tests.rehearsal.conftest import Play

pytestmark = pytest.mark.anyio

DATA = "/services/data/v59.0"
IDA = {"LastName": "Ida"}
TWO = [{"attributes": {"type": "Contact"}, **IDA}] * 2
FIRST: Mapping[str, Request] = {
    "salesforce": Request("GET", f"{DATA}/query", [("q", "SELECT Id FROM Contact LIMIT 1")]),
    "hubspot": Request("GET", "/crm/v3/objects/contacts", [("limit", "1")]),
}
"""What gives the id of a record that there is."""

CASES: Sequence[tuple[str, str, str, str, object]] = (
    ("salesforce", "GET", f"{DATA}/query", "q=SELECT+Id,+Email+FROM+Contact+LIMIT+5", ""),
    ("salesforce", "GET", f"{DATA}/sobjects/Contact/{{id}}", "fields=Id,Email", ""),
    ("salesforce", "POST", f"{DATA}/sobjects/Contact", "", IDA),
    ("salesforce", "PATCH", f"{DATA}/sobjects/Contact/{{id}}", "", IDA),
    ("salesforce", "DELETE", f"{DATA}/sobjects/Contact/{{id}}", "", ""),
    ("salesforce", "POST", f"{DATA}/composite/sobjects", "", {"allOrNone": False, "records": TWO}),
    ("hubspot", "GET", "/crm/v3/objects/contacts", "limit=5&properties=email", ""),
    ("hubspot", "GET", "/crm/v3/objects/contacts/{id}", "properties=email", ""),
    ("hubspot", "POST", "/crm/v3/objects/contacts", "", {"properties": {"firstname": "Ida"}}),
    ("hubspot", "PATCH", "/crm/v3/objects/contacts/{id}", "", {"properties": {"firstname": "Ida"}}),
    ("hubspot", "DELETE", "/crm/v3/objects/contacts/{id}", "", ""),
)


class Real:
    """An adapter kind that connects to a double, whatever it is told."""

    options: type[BaseModel] = NoOptions

    def __init__(self, name: str, crm: Crm) -> None:
        self.name = name
        self._crm = crm

    def connect(self, config: ConnectionConfig, transport: Transport) -> Adapter:
        """Return the connection."""
        del config, transport
        return self._crm.adapter


@asynccontextmanager
async def gateway(folder: Path, dialect: str, crm: Crm) -> AsyncIterator[tuple[AsgiTransport, str]]:
    """Yield the facade of a real gateway over *crm*, and what a supervisor shows to it."""
    found = replace(extensions(), adapters={dialect: Real(dialect, crm)})
    settings = load(folder, policies=SHIPPED, master_key=SecretStr(new_master_key()))
    async with AsyncExitStack() as stack:
        kept = await stack.enter_async_context(administration(settings, found))
        own, sessions = assembled(kept, Policies(settings.policies, vocabulary(found)))
        stack.push_async_callback(own.entries.close)
        await kept.memberships.add("acme", "user:probe", *SUPERVISOR)
        await kept.connections.add(dialect, ConnectionConfig("acme", "crm"))
        key = (await kept.keys.issue("acme", "user:probe", Grant(purposes=("service",)))).key
        app = found.facades[dialect].app(own, sessions, kept.shelf)
        yield AsgiTransport(app), f"{key}~service~crm"


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]} {case[1]} {case[2][-24:]}")
async def test_same_calls(tmp_path: Path, play: Play, case: tuple[str, str, str, str, object]) -> None:
    """A request costs as many calls as were foretold."""
    dialect, method, path, query, body = case
    crm = portal() if dialect == "hubspot" else org()
    async with gateway(tmp_path, dialect, crm) as (client, token):
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        first = await client.send(replace(FIRST[dialect], headers=headers))
        [record] = json.loads(first.body)["results" if dialect == "hubspot" else "records"]
        target = path.replace("{id}", record.get("id") or record["Id"])
        crm.transport.sent.clear()
        pairs = [
            (name, value.replace("+", " ")) for name, _, value in (p.partition("=") for p in query.split("&") if p)
        ]
        raw = b"" if body == "" else json.dumps(body).encode()
        answer = await client.send(Request(method, target, pairs, headers, raw))
    [item] = (await play(dialect, [asked(method, path, query, body)], SUPERVISOR)).items

    assert (answer.status, len(crm.transport.sent)) == (item.verdict.status, item.verdict.count.all)
