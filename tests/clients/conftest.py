"""Clients for Node that nobody here wrote, each in a process of its own that reaches nothing but loopback.

Where `make clients` could not install them, which it says, this folder is left out.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from policy_gateway_hubspot.sandbox import CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN, TOKEN, Sandbox

CLIENTS = Path(__file__).parents[2] / ".clients"
SCRIPTS = Path(__file__).parent / "scripts"
PATIENCE = 60.0


def pytest_ignore_collect() -> bool | None:
    """Leave the folder out where there are no clients."""
    return None if (CLIENTS / ".ready").exists() else True


@dataclass(frozen=True, slots=True)
class Place:
    """Where a client goes: a double, or the gateway before it. *more* is what else its scripts are to know."""

    url: str
    token: str = field(repr=False)
    authority: Path | None = None
    more: Mapping[str, str] = field(default_factory=dict, repr=False)

    def environment(self) -> dict[str, str]:
        """Return what a client's process is told."""
        trusted = {"NODE_EXTRA_CA_CERTS": str(self.authority)} if self.authority else {}
        return {"BASE_URL": self.url, "TOKEN": self.token, **trusted, **self.more}


@dataclass(frozen=True, slots=True)
class Told:
    """What came of each step of a script."""

    steps: Mapping[str, Mapping[str, Any]]

    def value(self, step: str) -> Any:  # noqa: ANN401 -- JSON
        """Return the answer to a step that must have succeeded."""
        told = self.steps[step]
        assert "error" not in told, told["error"]
        return told["value"]

    def error(self, step: str) -> Mapping[str, Any]:
        """Return the error of a step that must have failed."""
        told = self.steps[step]
        assert "error" in told, told["value"]
        error: Mapping[str, Any] = told["error"]
        return error


@dataclass(frozen=True, slots=True)
class Node:
    """Node of a version that the clients take, and a home of its own for what they keep."""

    program: str
    home: Path

    def command(self, script: Path, *arguments: str) -> list[str]:
        """Return the command that runs a script."""
        return [self.program, "--import", (SCRIPTS / "loopback.mjs").as_uri(), str(script), *arguments]

    def environment(self, place: Place) -> dict[str, str]:
        """Return the whole environment of a client's process; of ours it sees nothing."""
        folder = str(Path(self.program).parent)
        kept = {"PATH": f"{folder}:/usr/bin:/bin", "HOME": str(self.home), "CLIENTS": str(CLIENTS)}
        return {**kept, **place.environment()}

    def steps(self, script: str, place: Place, *steps: str) -> Told:
        """Run a script of this folder and return what came of its steps, or of the named ones."""
        command = self.command(SCRIPTS / script, *steps)
        done = subprocess.run(
            command, env=self.environment(place), cwd=self.home, capture_output=True, timeout=PATIENCE, check=False
        )
        assert 0 == done.returncode, done.stderr.decode()
        return Told(json.loads(done.stdout))


@pytest.fixture(scope="session")
def clients() -> Path:
    """Return the folder that the clients are installed in."""
    return CLIENTS


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Node:
    """Return the Node that was installed with the clients, else this machine's."""
    installed = next(iter(sorted(CLIENTS.glob("node_modules/node-*/bin/node"))), None)
    program = str(installed or shutil.which("node"))
    return Node(program, tmp_path_factory.mktemp("node"))


@contextmanager
def served(config: uvicorn.Config) -> Iterator[int]:
    """Serve an application from a thread and yield its port."""
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + PATIENCE
    while not server.started:
        assert time.monotonic() < deadline, "the server does not start"
        time.sleep(0.01)
    [port] = [socket.getsockname()[1] for each in server.servers for socket in each.sockets]
    yield port
    server.should_exit = True
    thread.join(PATIENCE)


@pytest.fixture(scope="class")
def hubspot() -> Sandbox:
    """Return a portal for the tests of a class."""
    return Sandbox(seed=1)


@pytest.fixture(scope="class")
def to_hubspot(hubspot: Sandbox) -> Iterator[Place]:
    """Serve the portal and return the way to it."""
    app = {"CLIENT_ID": CLIENT_ID, "CLIENT_SECRET": CLIENT_SECRET, "REFRESH_TOKEN": REFRESH_TOKEN}
    config = uvicorn.Config(hubspot, host="127.0.0.1", port=0, log_level="critical", access_log=False)
    with served(config) as port:
        yield Place(f"http://127.0.0.1:{port}", TOKEN, more=app)
