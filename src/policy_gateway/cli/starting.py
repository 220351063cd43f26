"""``serve``: the gateway of a folder, until a signal says to end."""

from __future__ import annotations

from dataclasses import dataclass

from policy_gateway.cli.exits import Exit
from policy_gateway.cli.options import InFolder, option
from policy_gateway.cli.terminal import Terminal


@dataclass(frozen=True, kw_only=True)
class Serve(InFolder):
    """What ``serve`` is asked; host and port override the settings."""

    host: str = option("", "--host")
    port: int = option(-1, "--port")


def run(asked: Serve, terminal: Terminal) -> int:
    """Serve."""
    import structlog

    from policy_gateway import logs
    from policy_gateway.app import running
    from policy_gateway.cli.placing import placing
    from policy_gateway.cli.running import served, terminable
    from policy_gateway.cli.serving import serving
    from policy_gateway.settings import load

    del terminal
    said = {"host": asked.host or None, "port": asked.port if asked.port >= 0 else None}
    settings = load(asked.folder, **{name: value for name, value in said.items() if value is not None})
    logs.configure(settings.log_level)

    async def work() -> None:
        async with running(settings) as app:
            told = {"host": settings.host, "port": settings.port}
            await serving(app, settings, ready=lambda: structlog.get_logger().info("gateway.listening", **told))

    with terminable(), placing(settings.policies):
        served(work())
    return Exit.DONE
