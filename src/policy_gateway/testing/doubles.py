"""A gateway before doubles of CRMs, for clients that bring their own HTTP: in a thread with a loop of its own."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from pydantic import SecretStr

from policy_gateway.ports import AsgiApp
from policy_gateway.records import ConnectionConfig
from policy_gateway.testing.gateways import Persona, WatchedKind, Whole, whole
from policy_gateway.testing.serving import hosting, serving
from policy_gateway.web.server import Listening

PATIENCE: Final = 60.0
LINGERING: Final = 0.2
"""Seconds in which what clients left open is closed, before the loop is."""

JUDGE: Final = Persona("user:judge", "acme", ("judge",), ("service",))
_EVERYTHING: Final = "p, judge, acme, any_classified, *, allow, clear, service, -, normal, -, X-1, law:GDPR-6-1-b\n"
_LINKS: Final = "g2, judged, any_classified, *\ng, judge, witness, *\n"
_END: Final = "# end"


@dataclass(frozen=True, slots=True)
class Double:
    """A double of a CRM: *app*, reached by connections called *connection* of the kind *adapter*, one a tenant.

    *fields* are ids of those that the shipped vocabulary leaves out (``contact.hubspot.city``), and judges see.
    """

    adapter: str
    connection: str
    app: AsgiApp
    fields: frozenset[str]
    secrets: Mapping[str, SecretStr] = field(repr=False)
    options: Mapping[str, str] = field(default_factory=dict)


def judged(policies: Path, fields: frozenset[str]) -> None:
    """Let :data:`JUDGE` see and do everything by the folder *policies*, *fields* included.

    Then the gateway's answers are those of the CRM; other people keep what they had.
    """
    links = "".join(f"g2, {name}, judged, *\n" for name in sorted(fields))
    for name, text in (("tenants/acme.csv", _EVERYTHING), ("vocabulary.csv", links + _LINKS)):
        path = policies / name
        path.write_text(path.read_text().replace(_END, text + _END))


@asynccontextmanager
async def facing(
    folder: Path, policies: Path, kind: WatchedKind, people: Mapping[str, Persona], *doubles: Double
) -> AsyncIterator[Whole]:
    """Start a gateway in *folder*, by a copy of *policies*, with connections over real sockets to *doubles*.

    The key of :data:`JUDGE` is among its keys.
    """
    shutil.copytree(policies, folder / "policies")
    judged(folder / "policies", frozenset().union(*(double.fields for double in doubles)))
    known = {"judge": JUDGE, **people}
    async with AsyncExitStack() as stack:
        ports = [await stack.enter_async_context(hosting(double.app)) for double in doubles]
        gateway = await stack.enter_async_context(whole(folder, kind, known, upstream_allowed=("127.0.0.1",)))
        for tenant in sorted({persona.tenant for persona in known.values()}):
            for double, port in zip(doubles, ports, strict=True):
                url = f"http://127.0.0.1:{port}"
                config = ConnectionConfig(tenant, double.connection, url, double.options, double.secrets)
                await gateway.app.administration.connections.add(double.adapter, config)
        yield gateway


class Threaded:
    """What *opening* opens, served from a thread while the context is open: on *port*, for those with *keys*."""

    def __init__(
        self, opening: Callable[[], AbstractAsyncContextManager[Whole]], listening: Listening | None = None
    ) -> None:
        self.port = 0
        self.keys: Mapping[str, str] = {}
        self._opening = opening
        self._listening = listening
        self._ready = threading.Event()
        self._done = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    def __enter__(self) -> Self:
        """Return when it answers."""
        self._thread.start()
        while not self._ready.wait(0.1):
            if not self._thread.is_alive():
                raise RuntimeError("the gateway does not start")
        return self

    def __exit__(self, *error: object) -> None:
        """End it."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._done.set)
        self._thread.join(PATIENCE)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        async with self._opening() as gateway, serving(gateway.web, self._listening) as port:
            self.port, self.keys = port, dict(gateway.keys)
            self._ready.set()
            await self._done.wait()
        await asyncio.sleep(LINGERING)


__all__ = ["JUDGE", "Double", "Threaded", "facing", "judged"]
