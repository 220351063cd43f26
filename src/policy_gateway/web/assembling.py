"""Putting the entrance together out of what the gateway supplies."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from policy_gateway.errors import PluginError
from policy_gateway.ports import AsgiApp, Facade, Gate, Sessions, Shelf
from policy_gateway.web.entrance import Elsewhere, Entrance, Facing, Sources
from policy_gateway.web.metrics import Metrics
from policy_gateway.web.operations import operations
from policy_gateway.web.ports import (
    AlwaysHealthy,
    Directory,
    EmptyDirectory,
    Health,
    HttpRules,
    Inside,
    NoSessions,
    NoShelf,
)

OWN: Final = frozenset(
    {"v1", ".well-known", "console", "docs", "livez", "metrics", "openapi.json", "problems", "readyz", "startupz"}
)
"""The first segments of the gateway's own paths."""

_PREFIX: Final = re.compile(r"(?:/[A-Za-z0-9][A-Za-z0-9._-]*)+")


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Supplies:
    """What else the entrance works with; each default is a working one.

    *mounted* are further ASGI apps (the console) by the prefix of their paths; *facades* answer those of their own,
    in *sessions*, and keep what they must on the *shelf*.
    """

    directory: Directory = field(default_factory=EmptyDirectory)
    health: Health = field(default_factory=AlwaysHealthy)
    mounted: Mapping[str, AsgiApp] = field(default_factory=dict)
    facades: Iterable[Facade] = ()
    sessions: Sessions = field(default_factory=NoSessions)
    shelf: Shelf = field(default_factory=NoShelf)
    clock: Callable[[], datetime] = _now
    randomness: Callable[[int], bytes] = os.urandom


@dataclass(frozen=True, slots=True)
class Web:
    """The two ASGI apps: *app* for callers, *metrics* for a port of its own."""

    app: Entrance
    metrics: Metrics


def assemble(gate: Gate, rules: HttpRules, supplies: Supplies | None = None) -> Web:
    """Return the entrance to *gate*; PluginError when a facade wants a path that is the gateway's own."""
    given = supplies or Supplies()
    metrics = Metrics()
    rest: AsgiApp = operations(given.health, rules, given.clock)
    inside = Inside(gate, given.directory, rules)
    elsewhere = Elsewhere(rest, given.mounted, _facing(gate, given))
    return Web(Entrance(inside, elsewhere, metrics, Sources(time.perf_counter, given.clock, given.randomness)), metrics)


def _facing(gate: Gate, given: Supplies) -> Mapping[str, Facing]:
    """Return the facades by their prefixes."""
    facing: dict[str, Facing] = {}
    for facade in given.facades:
        served = Facing(facade.name, facade.app(gate, given.sessions, given.shelf))
        for prefix in facade.prefixes:
            first = prefix.split("/")[1] if _PREFIX.fullmatch(prefix) else ""
            if not first or first in OWN or f"/{first}" in given.mounted:
                raise PluginError(f"the facade {facade.name} cannot answer {prefix}")
            facing[prefix] = served
    return facing
