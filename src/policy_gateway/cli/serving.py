"""A running gateway behind its entrance."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from typing import Final

from policy_gateway.app import App
from policy_gateway.ports import AsgiApp
from policy_gateway.settings import Settings
from policy_gateway.web import HttpRules, Supplies, Web, assemble
from policy_gateway.web.server import Listening, serve

_OBJECTS_TO_COLLECT: Final = 10_000


def entrance(app: App, settings: Settings, mounted: Mapping[str, AsgiApp] | None = None) -> Web:
    """Return the entrance to *app*; *mounted* are further ASGI apps by the prefix of their paths."""
    rules = HttpRules(hosts=frozenset(settings.allowed_hosts), trusted_proxies=settings.trusted_proxies)
    facades = tuple(app.administration.extensions.facades.values())
    supplies = Supplies(app.directory, app.health, mounted or {}, facades, app.sessions)
    return assemble(app.gateway, rules, supplies)


def _unannounced() -> None:
    """Say nothing."""


async def serving(
    app: App,
    settings: Settings,
    mounted: Mapping[str, AsgiApp] | None = None,
    ready: Callable[[], None] = _unannounced,
) -> None:
    """Serve until a signal says to end; *ready* is called as soon as clients can connect."""
    listening = Listening(
        host=settings.host,
        port=settings.port,
        metrics_host=settings.metrics_host,
        metrics_port=settings.metrics_port or None,
    )
    web = entrance(app, settings, mounted)
    # What start-up made stays until the end: looking through it again and again would cost a twentieth of each call.
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS_TO_COLLECT)
    await serve(web, listening, ready)
