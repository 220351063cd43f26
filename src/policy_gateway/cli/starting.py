"""``serve``: the gateway of a folder, until a signal says to end."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from policy_gateway.cli.exits import Exit
from policy_gateway.cli.options import InFolder, option
from policy_gateway.cli.terminal import Terminal


@dataclass(frozen=True, kw_only=True)
class Serve(InFolder):
    """What ``serve`` is asked; all of it overrides the settings."""

    host: str = option("", "--host")
    port: int = option(-1, "--port")
    tls_cert: str = option("", "--tls-cert")
    tls_key: str = option("", "--tls-key")


def run(asked: Serve, terminal: Terminal) -> int:
    """Serve."""
    import structlog

    from policy_gateway import logs
    from policy_gateway.app import running
    from policy_gateway.cli.placing import placing
    from policy_gateway.cli.running import served, terminable
    from policy_gateway.cli.serving import serving, tls_of
    from policy_gateway.settings import load

    del terminal
    said: dict[str, object] = {"host": asked.host or None, "port": asked.port if asked.port >= 0 else None}
    files = {"tls_cert": asked.tls_cert, "tls_key": asked.tls_key}
    said |= {name: Path(path).absolute() for name, path in files.items() if path}
    settings = load(asked.folder, **{name: value for name, value in said.items() if value is not None})
    logs.configure(settings.log_level)
    tls = tls_of(settings)

    async def work() -> None:
        async with running(settings) as app:
            told = {"host": settings.host, "port": settings.port, "tls": tls is not None}
            await serving(app, settings, None, lambda: structlog.get_logger().info("gateway.listening", **told), tls)

    with terminable(), placing(settings.policies):
        served(work())
    return Exit.DONE
