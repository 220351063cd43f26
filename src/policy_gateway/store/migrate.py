"""Brings a database to the schema that this version of the gateway knows."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from policy_gateway.errors import ConfigurationError

_MIGRATIONS = Path(__file__).parent / "migrations"


def known_versions() -> tuple[str, ...]:
    """Return the schema versions that this gateway knows, oldest first: ``v0001_first.py`` makes version 0001."""
    return tuple(sorted(path.name[1:5] for path in (_MIGRATIONS / "versions").glob("v[0-9]*.py")))


def migrate(engine: Engine) -> None:
    """Bring the database to the newest version; ConfigurationError when another gateway's version is in it.

    Nothing is written, and Alembic not even imported, when it is there already.
    """
    versions = known_versions()
    with engine.connect() as connection:
        version = _version(connection)
    if version == versions[-1]:
        return
    if version and version not in versions:
        raise ConfigurationError(
            f"the database has the schema of another version of the gateway ({version}); this one knows {versions[-1]}"
        )
    with engine.begin() as connection:
        _upgrade(connection)


def _version(connection: Connection) -> str:
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or ""


def _upgrade(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415 -- a tenth of a second that only a migration needs
    from alembic.config import Config  # noqa: PLC0415 -- as above

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
