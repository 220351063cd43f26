"""The gateway that one writes in an afternoon: ``naive_gateway.py PORT UPSTREAM DATABASE RULES``.

FastAPI, httpx2, one PyCasbin enforce a field, one commit an audit row. It decides yes or no by field and knows no
conditions, masks, provenance or narrowing.
"""

from __future__ import annotations

import logging
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import casbin
import httpx2
import uvicorn
from fastapi import FastAPI, Header, HTTPException

PATH = "/crm/v3/objects/contacts"
TOKENS = {"naive-token": ("user:anna", "acme")}
MODEL = """
[request_definition]
r = sub, dom, obj, act
[policy_definition]
p = sub, dom, obj, act, eft
[role_definition]
g = _, _, _
[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))
[matchers]
m = r.dom == p.dom && r.obj == p.obj && r.act == p.act && g(r.sub, p.sub, r.dom)
"""


def enforcer(fields: list[str], rules: int) -> casbin.Enforcer:
    """Return an enforcer with so many rules, of which those for *fields* matter here."""
    model = casbin.Enforcer.new_model(text=MODEL)
    made = casbin.Enforcer(model)
    logging.disable(logging.WARNING)  # it logs every denial
    for number in range(rules):
        tenant = "acme" if number < len(fields) else f"firm{number}"
        model.add_policy("p", "p", ["agent", tenant, fields[number % len(fields)], "view", "allow"])
    model.add_policy("g", "g", ["user:anna", "agent", "acme"])
    made.build_role_links()
    return made


def application(upstream: str, database: Path, rules: int) -> FastAPI:
    """Return the app."""
    journal = sqlite3.connect(database, check_same_thread=False)
    journal.execute("PRAGMA journal_mode=WAL")
    journal.execute("PRAGMA synchronous=FULL")
    journal.execute("CREATE TABLE IF NOT EXISTS entry (who TEXT, contact TEXT, fields TEXT)")
    fields = ["firstname", "lastname", "email", "phone", "mobilephone", "address", "city", "zip", "country", "company"]
    policy = enforcer(fields, rules)
    clients: list[httpx2.AsyncClient] = []

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with httpx2.AsyncClient(base_url=upstream) as client:
            clients.append(client)
            yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/contacts/{contact}")
    async def contact(contact: str, authorization: Annotated[str, Header()]) -> dict[str, Any]:
        if (known := TOKENS.get(authorization.removeprefix("Bearer "))) is None:
            raise HTTPException(401)
        who, tenant = known
        response = await clients[0].get(f"{PATH}/{contact}")
        values = response.json()["properties"]
        shown = {field: value for field, value in values.items() if policy.enforce(who, tenant, field, "view")}
        journal.execute("INSERT INTO entry VALUES (?, ?, ?)", (who, contact, ",".join(shown)))
        journal.commit()
        return {"id": contact, "fields": shown}

    return app


if __name__ == "__main__":
    port, upstream, database, rules = sys.argv[1:]
    uvicorn.run(
        application(upstream, Path(database), int(rules)),
        port=int(port),
        log_level="warning",
        access_log=False,
        loop="uvloop",
    )
