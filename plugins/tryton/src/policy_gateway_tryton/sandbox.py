"""A real Tryton on this machine, seeded with fictional parties: ``python -m policy_gateway_tryton.sandbox``.

Tryton is GPL software. It is installed into an environment of its own and runs as a process of its own; the gateway
talks to it by HTTP only. The first start installs and seeds it (under a minute); later ones only start it.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import FrameType

from policy_gateway.errors import ConfigurationError
from policy_gateway.testing.people import Person, people

DATABASE = "crm"
FOLDER = Path(".crms/tryton")
PORT = 22010
PARTIES = 1000
_HERE = Path(__file__).parent
_LOCK = _HERE / "server.txt"
_MODULES = ("party", "party_relationship", "bank")
_STAMP = "ready"
_START_SECONDS = 60.0
_HTTP_OK = 500


@dataclass(frozen=True, slots=True)
class Server:
    """A running Tryton: its *base_url*, and the keys of a full and of a limited user. *pid* is its process."""

    base_url: str
    admin_key: str
    agent_key: str
    agents_group: int
    pid: int
    database: str = DATABASE


@dataclass(frozen=True, slots=True)
class Installation:
    """Tryton in *folder*, installed and seeded."""

    folder: Path

    @contextlib.contextmanager
    def serve(self, port: int = 0, *, scratch: Path | None = None) -> Iterator[Server]:
        """Run Tryton on the loopback interface; a free port when *port* is 0.

        With *scratch*, an empty folder, it works on a copy of the data that is made there.
        """
        data = self.folder / "data"
        if scratch is not None:
            data = scratch / "data"
            shutil.copytree(self.folder / "data", data)
        chosen = port or _free_port()
        configuration = _configure(data.parent / f"trytond-{chosen}.conf", data)
        log = data.parent / "tryton.log"
        with log.open("ab") as output:
            process = subprocess.Popen(  # noqa: S603 -- our own installation, no shell
                [
                    *(self.folder / "venv/bin/gunicorn", "trytond.application:app", "--bind", f"127.0.0.1:{chosen}"),
                    *("--workers", "1", "--threads", "4", "--no-control-socket", "--log-level", "warning"),
                ],
                env=_environment(configuration),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        try:
            _await(process, chosen, log)
            keys = json.loads((self.folder / "credentials.json").read_bytes())
            base_url = f"http://127.0.0.1:{chosen}"
            yield Server(base_url, keys["admin"], keys["agent"], int(keys["agents_group"]), process.pid)
        finally:
            process.terminate()
            process.wait()


def prepare(folder: Path = FOLDER, *, parties: int = PARTIES, requirements: Path = _LOCK) -> Installation:
    """Install and seed Tryton in *folder*, unless that has been done. ConfigurationError says in a line why not."""
    folder = folder.absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        raise ConfigurationError(f"Tryton cannot be installed in {folder}: it is no folder to write to") from None
    stamp, version = folder / _STAMP, _version(requirements, parties)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two test runs at once install it once
        if not stamp.exists() or stamp.read_text(encoding="utf-8") != version:
            stamp.unlink(missing_ok=True)
            _install(folder, requirements)
            _create(folder)
            _seed(folder, people(parties))
            stamp.write_text(version, encoding="utf-8")
    return Installation(folder)


def _version(requirements: Path, parties: int) -> str:
    parts = [path.read_bytes() for path in (requirements, _HERE / "seeding.py")]
    return hashlib.sha256(b"\0".join([*parts, str(parties).encode(), sys.version.encode()])).hexdigest()


def _install(folder: Path, requirements: Path) -> None:
    """Install the locked packages into an environment of their own; uv is quicker, pip will do."""
    venv = folder / "venv"
    uv = shutil.which("uv") or shutil.which("uv", path=Path(sys.executable).parent)
    shutil.rmtree(venv, ignore_errors=True)
    if uv is not None:
        _run("create its environment", [uv, "venv", "--quiet", "--python", sys.executable, venv])
        target: list[str | Path] = [uv, "pip", "install", "--python", venv / "bin/python"]
    else:
        _run("create its environment", [sys.executable, "-m", "venv", venv])
        target = [venv / "bin/python", "-m", "pip", "install", "--disable-pip-version-check"]
    _run("be installed", [*target, "--quiet", "--require-hashes", "--requirement", requirements])


def _create(folder: Path) -> None:
    """Make an empty database with the modules of a small firm."""
    data = folder / "data"
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir()
    (data / f"{DATABASE}.sqlite").touch(mode=0o600)
    configuration = _configure(folder / "trytond.conf", data)
    password = folder / "admin-password"
    password.touch(mode=0o600)
    password.write_text(secrets.token_urlsafe(), encoding="utf-8")
    admin: list[str | Path] = [folder / "venv/bin/trytond-admin", "--config", configuration, "--database", DATABASE]
    environment = {**_environment(configuration), "TRYTONPASSFILE": str(password)}
    _run("make its database", [*admin, "--all", "--email", "admin@example.com"], environment)
    _run("load its modules", [*admin, "--update", *_MODULES, "--activate-dependencies"], environment)


def _seed(folder: Path, persons: Iterator[Person]) -> None:
    seed = folder / "seed.json"
    content = {
        "config": str(folder / "trytond.conf"),
        "database": DATABASE,
        "credentials": str(folder / "credentials.json"),
        "agent_password": secrets.token_urlsafe(),
        "parties": [_party(person) for person in persons],
    }
    seed.touch(mode=0o600)
    seed.write_text(json.dumps(content), encoding="utf-8")
    environment = _environment(folder / "trytond.conf")
    _run("take in its parties", [folder / "venv/bin/python", _HERE / "seeding.py", seed], environment)
    seed.unlink()


def _party(person: Person) -> dict[str, str]:
    same = ("name", "language", "email", "phone", "mobile", "street", "postal_code", "city", "country", "iban")
    return {"code": person.customer_number, **{name: getattr(person, name) for name in same}}


def _configure(configuration: Path, data: Path) -> Path:
    configuration.write_text(f"[database]\nuri = sqlite://\npath = {data}\n[session]\nmax_attempt = 100000\n")
    return configuration


def _environment(configuration: Path) -> dict[str, str]:
    """Return all that Tryton gets to know of this machine's environment."""
    settings = {"TRYTOND_CONFIG": str(configuration), "TRYTOND_DATABASE_NAMES": DATABASE}
    return {"PATH": os.defpath, "LANG": "C.UTF-8", "PYTHONWARNINGS": "ignore", **settings}


def _run(purpose: str, command: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> None:
    """Run *command*; when that fails say so in one line, with the last one that it wrote."""
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 -- no shell
    if result.returncode:
        last = next(reversed((result.stderr or result.stdout).strip().splitlines()), "no message")
        raise ConfigurationError(f"Tryton could not {purpose}: {last.strip()}")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _await(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Wait until Tryton answers for its database."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise ConfigurationError(f"Tryton did not start on port {port}: see {log}")
        with contextlib.suppress(OSError, HTTPException):
            if _status(port) < _HTTP_OK:
                return
        time.sleep(0.05)
    raise ConfigurationError(f"Tryton did not answer on port {port} in time: see {log}")


def _status(port: int) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=_START_SECONDS)
    try:
        connection.request("GET", f"/{DATABASE}/rest/model/party.party")
        return connection.getresponse().status
    finally:
        connection.close()


def _stop(number: int, frame: FrameType | None) -> None:
    del number, frame
    raise KeyboardInterrupt


def main(arguments: Sequence[str] | None = None) -> int:
    """Run Tryton until interrupted; 3 when it cannot be installed or started."""
    parser = argparse.ArgumentParser(prog="python -m policy_gateway_tryton.sandbox", description=__doc__)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where it is installed (default: %(default)s)")
    parser.add_argument("--port", type=int, default=PORT, help="where it listens (default: %(default)s; 0: any)")
    parser.add_argument("--parties", type=int, default=PARTIES, help="how many are seeded (default: %(default)s)")
    chosen = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, _stop)
    try:
        with prepare(chosen.folder, parties=chosen.parties).serve(chosen.port) as server:
            keys = chosen.folder / "credentials.json"
            sys.stdout.write(f"Tryton: {server.base_url} database {server.database}, keys in {keys}\n")
            sys.stdout.flush()
            signal.pause()
    except ConfigurationError as error:
        sys.stderr.write(f"{error}\n")
        return 3
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
