"""A real Tryton for the demo, as a process of its own. It starts while the gateway's own modules are still loading."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from policy_gateway.cli.terminal import Terminal
from policy_gateway.errors import ConfigurationError

if TYPE_CHECKING:
    from policy_gateway_tryton.sandbox import Installation

LOOPBACK: Final = "127.0.0.1"
TRYTON: Final = "tryton"
FOLDER: Final = Path(".crms/tryton")

_PORT: Final = 22010


@dataclass(frozen=True, slots=True)
class Started:
    """A Tryton that answers, and the key of its limited user."""

    base_url: str
    database: str
    key: str = field(repr=False)


@contextmanager
def tryton(terminal: Terminal) -> Iterator[Callable[[], Started | None]]:
    """Run Tryton, after installing it at the first time; yield what waits until it answers.

    That returns None, after one line why, when it cannot be installed or started: the demo goes on without it.
    """
    installation = _installed(terminal)
    if installation is None:
        yield lambda: None
        return
    # The pool ends first: whatever its thread has started is then ended by the stack.
    with ExitStack() as stack, ThreadPoolExecutor(1) as pool:
        starting = pool.submit(stack.enter_context, installation.serve(free_port(_PORT)))

        def awaited() -> Started | None:
            try:
                server = starting.result()
            except ConfigurationError as failed:
                terminal.remark("demo.no-tryton", reason=failed.detail)
                return None
            return Started(server.base_url, server.database, server.agent_key)

        yield awaited


def free_port(wanted: int) -> int:
    """Return *wanted* if nobody listens there, else any free port of the loopback interface."""
    for port in (wanted, 0):
        try:
            with socket.create_server((LOOPBACK, port)) as listener:
                return int(listener.getsockname()[1])
        except OSError:
            continue
    raise ConfigurationError("no port of the loopback interface is free")


def _installed(terminal: Terminal) -> Installation | None:
    try:
        from policy_gateway_tryton.sandbox import prepare

        with ExitStack() as stack:
            if not (FOLDER / "ready").exists():
                stack.enter_context(terminal.waiting("demo.install"))
            return prepare(FOLDER)
    except ImportError:
        terminal.remark("demo.no-tryton", reason="policy-gateway-tryton?")
    except ConfigurationError as failed:
        terminal.remark("demo.no-tryton", reason=failed.detail)
    return None
