"""FastAPI with an HTTP client and no policy at all: ``plain.py PORT UPSTREAM CLIENT`` (httpx or httpx2)."""

from __future__ import annotations

import importlib
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI

PATH = "/crm/v3/objects/contacts"


def application(upstream: str, client_module: str) -> FastAPI:
    """Return an app that hands on what the CRM says."""
    library = importlib.import_module(client_module)
    clients: list[Any] = []

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with library.AsyncClient(base_url=upstream) as client:
            clients.append(client)
            yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/contacts/{contact}")
    async def contact(contact: str) -> Any:  # noqa: ANN401 -- it does not look at what it hands on
        response = await clients[0].get(f"{PATH}/{contact}")
        return response.json()

    return app


if __name__ == "__main__":
    port, upstream, client_module = sys.argv[1:]
    uvicorn.run(
        application(upstream, client_module), port=int(port), log_level="warning", access_log=False, loop="uvloop"
    )
