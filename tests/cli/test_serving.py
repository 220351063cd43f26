from __future__ import annotations

import json
import os
import pty
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Program

PROGRAM = (sys.executable, "-c", "import sys; from policy_gateway.cli import main; sys.exit(main())")


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def started(folder: Path, *more: str) -> Iterator[subprocess.Popen[str]]:
    """Serve the gateway of *folder* until the block ends."""
    settings = f"port = {free_port()}\nmetrics_port = {free_port()}\n"
    (folder / "gateway.toml").write_text(settings)
    command = (*PROGRAM, "serve", "--folder", str(folder), *more)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def listening(process: subprocess.Popen[str]) -> int:
    """Return the port that the gateway says it listens on."""
    assert process.stderr is not None
    for line in process.stderr:
        event = json.loads(line)
        if event["event"] == "gateway.listening":
            return int(event["port"])
    raise AssertionError("the gateway never listened")


class TestServe:
    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_until_a_signal(self, program: Program, number: signal.Signals) -> None:
        """It answers, logs JSON on standard error only, and a signal ends it and all that it started."""
        with started(program.folder) as process:
            port = listening(process)
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz") as answer:
                ready = json.load(answer)
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
            process.send_signal(number)
            out, err = process.communicate(timeout=30)

        assert "ok" == ready["status"]
        assert (0, "") == (process.returncode, out)
        assert "Traceback" not in err
        assert [] == [child for child in children if Path(f"/proc/{child}").exists()]

    def test_port_taken(self, program: Program) -> None:
        """A port that is taken is said in a line, and nothing keeps running."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = str(listener.getsockname()[1])
            with started(program.folder, "--port", port) as process:
                _, err = process.communicate(timeout=30)

        assert 2 == process.returncode
        assert err.splitlines()[-1] == f"port {port} of 127.0.0.1 is in use by another program: choose another one"

    def test_broken_policies(self, program: Program) -> None:
        """Broken policies refuse the start, with their places."""
        (program.folder / "policies/law.csv").write_text("p, nonsense\n# end\n")
        with started(program.folder) as process:
            _, err = process.communicate(timeout=30)

        assert 2 == process.returncode
        assert f"{program.folder}/policies/law.csv:1:" in err


class TestPrompt:
    def test_no_echo(self, program: Program) -> None:
        """On a terminal a secret is asked for, and what is typed is not shown."""
        child, terminal = pty.fork()
        if child == 0:
            asked = ("connection", "add", "acme", "crm", "--adapter", "hubspot", "--url", "https://api.hubapi.com")
            os.execv(sys.executable, (*PROGRAM, *asked, "--secret", "token", "--folder", str(program.folder)))  # noqa: S606 -- our own program
        shown = b""
        while b"token: " not in shown:
            shown += os.read(terminal, 1024)
        os.write(terminal, b"pat-eu1-typed\n")
        _, status = os.waitpid(child, 0)
        shown += os.read(terminal, 1024)

        assert 0 == os.waitstatus_to_exitcode(status), shown
        assert b"pat-eu1-typed" not in shown
        assert b"acme has crm" in shown
