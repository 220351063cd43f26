"""Gateways that run for real: processes, sockets, a database file."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

import orjson
import pytest

START_SECONDS = 60.0


class Nursery:
    """Starts and ends servers, each a process of its own, by ``server.py``."""

    def __init__(self) -> None:
        script = Path(__file__).with_name("server.py")
        self._process = subprocess.Popen(
            [sys.executable, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self.alive: set[int] = set()

    def start(self, **wanted: object) -> int:
        """Return the pid of a new server."""
        pid = self._answer(wanted)
        self.alive.add(pid)
        return pid

    def ended(self, pid: int) -> int:
        """Wait for the end of the server *pid*; return its exit code, negative for the signal that killed it."""
        code = self._answer({"wait": pid})
        self.alive.discard(pid)
        return code

    def close(self) -> None:
        """End what still runs."""
        for pid in list(self.alive):
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
            self.ended(pid)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(START_SECONDS)
        self._process.stdout.close()

    def _answer(self, wanted: Mapping[str, object]) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(wanted) + "\n")
        return int(self._process.stdout.readline())


class Cut(ConnectionError):
    """The server closed the connection before its answer was whole; *heard* is what came of it."""

    def __init__(self, heard: bytes) -> None:
        super().__init__("the answer was cut off")
        self.heard = heard


@dataclass(frozen=True)
class Reply:
    """One whole answer; *headers* by lower-case names."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, object]:
        """Return the body's content."""
        found: dict[str, object] = orjson.loads(self.body)
        return found

    @property
    def correlation(self) -> str:
        """Return the call's correlation id."""
        return self.headers["x-correlation-id"]


def reply_of(heard: bytes, method: str = "GET") -> Reply | None:
    """Return the answer to *method* that *heard* is, None while something of it is missing."""
    head, end, body = heard.partition(b"\r\n\r\n")
    if not end:
        return None
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    if method != "HEAD" and len(body) < int(headers.get("content-length", "0")):
        return None
    return Reply(int(status.split()[1]), headers, body)


def request_of(method: str, target: str, headers: Mapping[str, str], body: object = None) -> bytes:
    """Return the request's bytes; *body* is sent as JSON, bytes as they are."""
    content = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
    kind = {"content-type": "application/merge-patch+json" if method == "PATCH" else "application/json"}
    lines = {"host": "localhost", **(kind if body is not None else {}), **headers}
    lines |= {"content-length": str(len(content))} if content else {}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"{method} {target} HTTP/1.1\r\n{head}\r\n".encode() + content


class Line:
    """One connection to a gateway, kept open from call to call."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, method: str, target: str, headers: Mapping[str, str], body: object = None) -> Reply:
        """Return the whole answer to one request; Cut, or another ConnectionError, when it does not come."""
        reader = await self.send(method, target, headers, body)
        heard = b""
        while (reply := reply_of(heard, method)) is None:
            chunk = b""
            with suppress(ConnectionResetError):
                chunk = await reader.read(65536)
            if not chunk:
                self.close()
                raise Cut(heard)
            heard += chunk
        if reply.headers.get("connection") == "close":
            self.close()
        return reply

    async def send(
        self, method: str, target: str, headers: Mapping[str, str], body: object = None
    ) -> asyncio.StreamReader:
        """Send one request, and do not wait for anything; return where the answer will come."""
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        writer.write(request_of(method, target, headers, body))
        return reader

    def close(self) -> None:
        """Hang up."""
        if self._streams is not None:
            self._streams[1].close()
        self._streams = None


@dataclass
class Gateway:
    """One gateway; its *folder*, *port* and keys stay when it is started again."""

    nursery: Nursery
    folder: Path
    port: int
    settings: Mapping[str, object] = field(default_factory=dict)
    hubspot: int = 0
    pid: int = 0

    @property
    def database(self) -> Path:
        """Return the database's file."""
        return self.folder / "policy-gateway.sqlite"

    def take_away(self) -> Path:
        """Take the database's file away from its place; return where it is."""
        return self.database.rename(self.folder / "away")

    def start(self) -> None:
        """Start it; it may take a moment until it answers."""
        chosen = {"port": self.port, **self.settings}
        self.pid = self.nursery.start(start=str(self.folder), settings=chosen, hubspot=self.hubspot)

    async def ready(self) -> None:
        """Wait until it says that calls can be answered."""
        end = time.monotonic() + START_SECONDS
        while not await self._answers("/readyz"):
            assert time.monotonic() < end, (self.folder / "gateway.log").read_text()
            await asyncio.sleep(0.005)

    def line(self, port: int = 0) -> Line:
        """Return a connection to it, or to another *port* of this machine."""
        return Line(port or self.port)

    async def probe(self, path: str) -> int:
        """Return the status of a probe."""
        line = Line(self.port)
        reply = await line.ask("GET", path, {})
        line.close()
        return reply.status

    async def ask(self, who: str, purpose: str, method: str, target: str, body: object = None, **more: str) -> Reply:
        """Return the answer to one call on a connection of its own; *more* are headers, with ``_`` for ``-``."""
        line = Line(self.port)
        reply = await line.ask(method, target, self.headers(who, purpose, **more), body)
        line.close()
        return reply

    def headers(self, who: str, purpose: str, **more: str) -> dict[str, str]:
        """Return the header lines of a call."""
        own = {name.replace("_", "-"): value for name, value in more.items()}
        return {"authorization": f"Bearer {self.keys[who]}", "x-purpose": purpose, **own}

    @property
    def keys(self) -> dict[str, str]:
        """Return everybody's key by name."""
        keys: dict[str, str] = json.loads((self.folder / "keys.json").read_text())
        return keys

    def kill(self) -> None:
        """End it with ``kill -9``, and the oracle with it."""
        with suppress(ProcessLookupError):  # it may have ended, and its oracle with it
            os.killpg(self.pid, signal.SIGKILL)
        self.nursery.ended(self.pid)

    async def _answers(self, path: str) -> bool:
        with suppress(OSError):
            return await self.probe(path) == 200
        return False


Start = Callable[..., Gateway]


def free_port() -> int:
    """Return a port of this machine that nobody uses now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """Return what starts servers."""
    with ExitStack() as stack:
        found = Nursery()
        stack.callback(found.close)
        yield found


@pytest.fixture
def start(nursery: Nursery, tmp_path: Path) -> Iterator[Start]:
    """Return a starter of gateways in the test's folder; arguments are settings, ``hubspot`` a sandbox's port."""
    started: list[Gateway] = []

    def starter(*, hubspot: int = 0, **settings: object) -> Gateway:
        gateway = Gateway(nursery, tmp_path, free_port(), settings, hubspot)
        gateway.start()
        started.append(gateway)
        return gateway

    yield starter
    for gateway in started:
        if gateway.pid in nursery.alive:
            gateway.kill()


@pytest.fixture
def sandbox(nursery: Nursery) -> Iterator[int]:
    """Run a HubSpot sandbox; return its port."""
    port = free_port()
    pid = nursery.start(sandbox=port)
    yield port
    os.killpg(pid, signal.SIGKILL)
    nursery.ended(pid)
