"""What went wrong, as a line and an exit code; the only place with exit codes."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from enum import IntEnum
from pathlib import Path
from typing import Final

from policy_gateway.cli.texts import Texts
from policy_gateway.errors import GatewayError, PolicyError, UpstreamError

NAME: Final = "policy-gateway"


class Exit(IntEnum):
    """How the program ended, for scripts."""

    DONE = 0
    FINDING = 1
    USAGE = 2
    UPSTREAM = 3
    INTERRUPTED = 130


class UsageError(Exception):
    """What was asked cannot be; its message, already in the reader's language, says what to do."""


def exit_of(error: BaseException) -> Exit:
    """Return the exit code for *error*."""
    if isinstance(error, KeyboardInterrupt):
        return Exit.INTERRUPTED
    return Exit.UPSTREAM if isinstance(error, UpstreamError) else Exit.USAGE


def lines_of(error: BaseException, texts: Texts) -> Iterator[str]:
    """Yield what is to be read of *error*: never a traceback, never what a foreign exception says."""
    match error:
        case KeyboardInterrupt():
            return
        case PolicyError():
            yield from (str(finding) for finding in error.findings)
        case GatewayError():
            yield from texts.detail(error.detail).splitlines()
        case UsageError():
            yield str(error)
        case OSError():
            reason = error.strerror or type(error).__name__
            yield f"{error.filename}: {reason}" if error.filename else reason
        case _:
            yield texts("error.unexpected", kind=type(error).__name__, place=_place(error))


def _place(error: BaseException) -> str:
    """Return where in this program *error* arose, for a report: a file's name and a line, nothing of the data."""
    own = [frame for frame in traceback.extract_tb(error.__traceback__) if "policy_gateway" in frame.filename]
    return f"{Path(own[-1].filename).name}:{own[-1].lineno}" if own else "?"
