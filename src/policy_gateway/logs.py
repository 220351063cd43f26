"""Logging that cannot carry a value of a record.

Events have names and a closed set of keys; anything else is dropped before it is written. What other libraries log is
reduced to who logged and how loud, because their messages hold whatever they were given.
"""

from __future__ import annotations

import logging
import re
import sys

import orjson
import structlog
from structlog.typing import EventDict, WrappedLogger

KEYS = frozenset({
    "event", "level", "timestamp", "logger", "code", "connection", "adapter", "correlation", "purpose", "operation",
    "version", "findings", "folder", "host", "port", "status", "seconds", "count", "plugin", "error", "attempt",
    "tenant", "role", "share",
})  # fmt: skip
_PLAIN = re.compile(r"[A-Za-z0-9_.:/ ,+()=-]{0,200}")


def configure(level: str) -> None:
    """Send events of *level* and above to standard error, a JSON object a line."""
    threshold = getattr(logging, level.upper())
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            only_known_keys,
            structlog.processors.JSONRenderer(serializer=orjson.dumps),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=_to_stderr,
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers[:] = [Reduced()]
    root.setLevel(max(threshold, logging.WARNING))


def _to_stderr(*_names: object) -> structlog.BytesLogger:
    # Looked up for each event: whoever replaced standard error meanwhile may have closed what was there before.
    return structlog.BytesLogger(sys.stderr.buffer)


def only_known_keys(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Return *event* without unknown keys, and without values that are no plain short words or numbers."""
    return {key: _plain(value) for key, value in event.items() if key in KEYS}


def _plain(value: object) -> str | int | float | bool | None:
    match value:
        case bool() | int() | float() | None:
            return value
        case str() if _PLAIN.fullmatch(value):
            return value
        case BaseException() | type():
            return value.__name__ if isinstance(value, type) else type(value).__name__
        case _:
            return "withheld"


class Reduced(logging.Handler):
    """Writes of another library's record only its logger's name, its level and its exception's type."""

    def emit(self, record: logging.LogRecord) -> None:
        """Log that *record* came, without its message or arguments."""
        error = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else ""
        structlog.get_logger().log(record.levelno, "library.logged", logger=record.name, error=error)
