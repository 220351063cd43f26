"""What ``demo`` is asked, and its start; everything else is imported when it runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from policy_gateway.cli.exits import Exit
from policy_gateway.cli.options import InFolder, option
from policy_gateway.cli.terminal import Terminal


@dataclass(frozen=True, kw_only=True)
class Demo(InFolder):
    """What ``demo`` is asked."""

    folder: Path = option(Path(".demo"), "--folder")
    port: int = option(8000, "--port")


def run(asked: Demo, terminal: Terminal) -> int:
    """Play until a signal says to end."""
    from policy_gateway.cli.demo.folder import locked
    from policy_gateway.cli.demo.texts import DEMO
    from policy_gateway.cli.demo.tryton import tryton
    from policy_gateway.cli.running import terminable
    from policy_gateway.cli.texts import Texts

    speaking = Terminal(Texts(terminal.texts.language, DEMO))
    with terminable(), locked(asked.folder, speaking), tryton(speaking) as started:
        from policy_gateway.cli.demo.stage import play

        play(asked.folder, asked.port, started, speaking)
    return Exit.DONE
