"""The console as an ASGI app, to be mounted at ``/console``."""

from __future__ import annotations

from starlette.applications import Starlette

from policy_gateway.web.console.scene import Pages
from policy_gateway.web.entrance import AsgiApp


def console(pages: Pages) -> AsgiApp:
    """Return the app that answers ``/console`` and what is below it. It is not for the open network."""
    del pages
    return Starlette()
