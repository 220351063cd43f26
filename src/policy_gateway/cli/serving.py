"""A running gateway behind its entrance."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ssl import SSLContext
from typing import Final

from policy_gateway.app import App
from policy_gateway.ports import AsgiApp
from policy_gateway.settings import Settings
from policy_gateway.web import HttpRules, Supplies, Web, assemble
from policy_gateway.web.server import Listening, serve
from policy_gateway.web.tls import certified

_OBJECTS_TO_COLLECT: Final = 10_000


@dataclass(frozen=True, slots=True)
class Tls:
    """How to speak TLS: on a *port* of its own, or instead of plain HTTP."""

    context: SSLContext
    port: int | None = None


def entrance(app: App, settings: Settings, mounted: Mapping[str, AsgiApp] | None = None) -> Web:
    """Return the entrance to *app*; *mounted* are further ASGI apps by the prefix of their paths."""
    rules = HttpRules(
        hosts=frozenset(settings.allowed_hosts),
        trusted_proxies=settings.trusted_proxies,
        strict_transport=settings.tls_cert is not None,
    )
    facades = tuple(app.administration.extensions.facades.values())
    supplies = Supplies(app.directory, app.health, mounted or {}, facades, app.sessions, app.administration.shelf)
    return assemble(app.gateway, rules, supplies)


def tls_of(settings: Settings) -> Tls | None:
    """Return the TLS that *settings* ask for; ConfigurationError when their files cannot be used."""
    if settings.tls_cert is None or settings.tls_key is None:
        return None
    return Tls(certified(settings.tls_cert, settings.tls_key).context)


def _unannounced() -> None:
    """Say nothing."""


async def serving(
    app: App,
    settings: Settings,
    mounted: Mapping[str, AsgiApp] | None = None,
    ready: Callable[[], None] = _unannounced,
    tls: Tls | None = None,
) -> None:
    """Serve until a signal says to end, over *tls* if it is given; *ready* is called when clients can connect."""
    listening = Listening(
        host=settings.host,
        port=settings.port,
        metrics_host=settings.metrics_host,
        metrics_port=settings.metrics_port or None,
        tls=None if tls is None else tls.context,
        tls_port=None if tls is None else tls.port,
    )
    web = entrance(app, settings, mounted)
    # What start-up made stays until the end: looking through it again and again would cost a twentieth of each call.
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS_TO_COLLECT)
    await serve(web, listening, ready)
