"""``record``: a pass-through to one CRM, beside the gateway and before it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from policy_gateway.cli.exits import Exit, UsageError
from policy_gateway.cli.options import Asked, option
from policy_gateway.cli.rehearsal.texts import REHEARSAL
from policy_gateway.cli.terminal import Terminal
from policy_gateway.cli.texts import Texts

if TYPE_CHECKING:
    from policy_gateway.recording import Sketch


@dataclass(frozen=True, kw_only=True)
class Record(Asked):
    """What ``record`` is asked; it knows no gateway's folder, settings or connections."""

    upstream: str = option()
    out: str = option()
    host: str = option("127.0.0.1", "--host")
    port: int = option(8090, "--port")
    tls_cert: str = option("", "--tls-cert")
    tls_key: str = option("", "--tls-key")


def run(asked: Record, terminal: Terminal) -> int:
    """Pass on and write down until a signal says to end."""
    from policy_gateway.cli.running import served, terminable

    terminal = Terminal(Texts(terminal.texts.language, REHEARSAL))
    count = 0
    with terminable(), Path(asked.out).open("a", encoding="ascii") as file:

        def keep(sketch: Sketch) -> None:
            nonlocal count
            count += 1
            file.write(sketch.line())
            file.flush()

        served(_Recording(asked, terminal).until_ended(keep))
    terminal.remark("record.done", count=count, out=asked.out)
    return Exit.DONE


class _Recording:
    """Puts the recorder together: it reaches the one host that was named, and nothing else."""

    def __init__(self, asked: Record, terminal: Terminal) -> None:
        self._asked = asked
        self._terminal = terminal

    async def until_ended(self, keep: Callable[[Sketch], None]) -> None:
        """Serve until a signal."""
        from policy_gateway.crm import HttpLimits, HttpTransport, Reach, parse_base_url
        from policy_gateway.recording import Recorder
        from policy_gateway.web.server import Listening, listen
        from policy_gateway.web.tls import certified

        asked, texts = self._asked, self._terminal.texts
        origin = parse_base_url(asked.upstream.rstrip("/"))
        if origin.prefix:
            raise UsageError(texts("record.path"))
        transport = HttpTransport(origin, Reach.of((origin.host,)), HttpLimits(deadline=120.0))
        tls = certified(Path(asked.tls_cert), Path(asked.tls_key)).context if asked.tls_cert else None
        listening = Listening(host=asked.host, port=asked.port, tls=tls)
        told = {"host": asked.host, "port": asked.port, "upstream": asked.upstream, "out": asked.out}
        try:
            recorder = Recorder(asked.upstream, transport, keep)
            await listen(recorder, listening, lambda: self._terminal.remark("record.warning", **told))
        finally:
            await transport.aclose()
