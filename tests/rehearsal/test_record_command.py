from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROGRAM = (sys.executable, "-c", "import sys; from policy_gateway.cli import main; sys.exit(main())")
BODY = b'{"instance_url": "http://127.0.0.1:%d", "name": "Lena Vogt"}'


class Answering(BaseHTTPRequestHandler):
    """A CRM with one answer, which tells what it was shown."""

    def do_GET(self) -> None:
        """Answer."""
        body = BODY % self.server.server_port  # type: ignore[attr-defined]  # HTTPServer has one
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("x-shown", self.headers.get("authorization", ""))
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def upstream() -> Iterator[int]:
    """Serve the CRM; yield its port."""
    server = HTTPServer(("127.0.0.1", 0), Answering)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def recording(to: int, out: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Start the recorder; yield its process and port as soon as it listens."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    place = ("--upstream", f"http://127.0.0.1:{to}", "--out", str(out), "--port", str(port))
    with subprocess.Popen((*PROGRAM, "record", *place), stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert "past any policy" in process.stderr.readline()
        try:
            yield process, port
        finally:
            process.kill()


class TestRecord:
    def test_until_a_signal(self, tmp_path: Path) -> None:
        """It says what it is, passes on, writes each shape at once, and a signal ends it."""
        out = tmp_path / "recorded.jsonl"
        with upstream() as crm, recording(crm, out) as (process, port):
            url = f"http://127.0.0.1:{port}/crm/v3/objects/contacts/lena%40example.com?properties=email"
            asked = urllib.request.Request(url, headers={"Authorization": "Bearer secret-token"})
            with urllib.request.urlopen(asked) as answer:  # noqa: S310 -- as above
                told, shown = json.load(answer), answer.headers["x-shown"]
            written = out.read_text()
            process.send_signal(signal.SIGTERM)
            _, err = process.communicate(timeout=30)

        assert ("Lena Vogt", f"http://127.0.0.1:{port}", "Bearer secret-token") == (
            told["name"],
            told["instance_url"],
            shown,
        )
        assert "/crm/v3/objects/contacts/{id}" == json.loads(written)["path"]
        assert [] == [word for word in ("lena", "Lena", "secret-token") if word in written]
        assert (0, f"1 requests written to {out}\n") == (process.returncode, err)
