"""Putting the entrance together out of what the gateway supplies."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from policy_gateway.ports import AsgiApp, Gate
from policy_gateway.web.entrance import Elsewhere, Entrance, Sources
from policy_gateway.web.metrics import Metrics
from policy_gateway.web.operations import operations
from policy_gateway.web.ports import AlwaysHealthy, Directory, EmptyDirectory, Health, HttpRules, Inside


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Supplies:
    """What else the entrance works with; each default is a working one.

    *mounted* are further ASGI apps (the console, facades) by the prefix of their paths.
    """

    directory: Directory = field(default_factory=EmptyDirectory)
    health: Health = field(default_factory=AlwaysHealthy)
    mounted: Mapping[str, AsgiApp] = field(default_factory=dict)
    clock: Callable[[], datetime] = _now
    randomness: Callable[[int], bytes] = os.urandom


@dataclass(frozen=True, slots=True)
class Web:
    """The two ASGI apps: *app* for callers, *metrics* for a port of its own."""

    app: Entrance
    metrics: Metrics


def assemble(gate: Gate, rules: HttpRules, supplies: Supplies | None = None) -> Web:
    """Return the entrance to *gate*."""
    given = supplies or Supplies()
    metrics = Metrics()
    rest: AsgiApp = operations(given.health, rules, given.clock)
    inside = Inside(gate, given.directory, rules)
    elsewhere = Elsewhere(rest, given.mounted)
    return Web(Entrance(inside, elsewhere, metrics, Sources(time.perf_counter, given.clock, given.randomness)), metrics)
