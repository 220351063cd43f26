"""Servers under measurement: started, waited for, asked how much CPU they took, and ended."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Server:
    """One competitor that listens on a loopback *port*."""

    name: str
    port: int
    pid: int

    def cpu_seconds(self) -> float:
        """Return the CPU that it and its children took so far."""
        return sum(_cpu_seconds(pid) for pid in (self.pid, *_children(self.pid)))


def free_port() -> int:
    """Return a port of this machine that nobody uses now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


@contextmanager
def serving(name: str, command: Sequence[str], port: int, *, patience: float = 60.0) -> Iterator[Server]:
    """Run *command* until the block ends; the block starts when *port* accepts connections."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    try:
        _wait_for(name, process, port, patience)
        yield Server(name, port, process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def nginx(name: str, template: Path, folder: Path, **values: object) -> Iterator[Server]:
    """Run nginx with one worker on a configuration made of *template*."""
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        sys.exit("nginx is missing: on Debian, apt-get install nginx-light")
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    text = template.read_text(encoding="utf-8")
    user = "" if os.geteuid() else "user root;"  # its worker would be nobody, who cannot read our folder
    for key, value in {"folder": folder, "port": port, "user": user, **values}.items():
        text = text.replace(f"@{key}@", str(value))
    configuration = folder / "nginx.conf"
    configuration.write_text(text, encoding="utf-8")
    with serving(name, [program, "-p", str(folder), "-c", str(configuration)], port) as server:
        yield server


def python(script: Path, *arguments: object) -> list[str]:
    """Return the command that runs *script* with this interpreter."""
    return [sys.executable, str(script), *map(str, arguments)]


def _wait_for(name: str, process: subprocess.Popen[bytes], port: int, patience: float) -> None:
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if process.poll() is not None:
            sys.exit(f"{name} ended with {process.returncode} before it listened")
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    sys.exit(f"{name} did not listen within {patience:.0f} s")


def _cpu_seconds(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except FileNotFoundError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS


def _children(pid: int) -> list[int]:
    try:
        direct = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]
    except FileNotFoundError:
        return []
    return direct + [below for child in direct for below in _children(child)]
