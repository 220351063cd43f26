"""What is particular to SQLite: the file, its permissions, and how a connection behaves."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.pool import NullPool

from policy_gateway.errors import ConfigurationError

_STATEMENTS_KEPT = 512
_READ_PATIENCE_MS = 250


def file_of(url: URL) -> Path:
    """Return the database's file; ConfigurationError when *url* names none."""
    if not url.database or url.database == ":memory:":
        raise ConfigurationError("the database must be a file: sqlite:///path/to/gateway.db")
    return Path(url.database.removeprefix("file:"))


def create_file(path: Path) -> None:
    """Make sure that there is a file that only its owner can read; its log files take over its permissions."""
    if not path.parent.is_dir():
        raise ConfigurationError(f"the database's folder {path.parent} does not exist")
    try:
        if not path.exists():  # closing a file that this process has open already would give up SQLite's locks on it
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        path.chmod(0o600)
    except OSError as failed:
        # A read-only database still opens: what it must record is refused when the time comes.
        if not path.is_file():
            raise ConfigurationError(f"the database {path} cannot be created: {failed.strerror}") from None


def inode_of(path: Path) -> int:
    """Return which file *path* names now; 0 when there is none."""
    try:
        return path.stat().st_ino
    except OSError:
        return 0


def writing_engine(url: URL, patience_ms: int) -> Engine:
    """Return an engine whose connections are durable at commit and take the write lock when a transaction begins."""
    engine = create_engine(url, poolclass=NullPool, connect_args={"cached_statements": _STATEMENTS_KEPT})

    @event.listens_for(engine, "connect")
    def configure(connection: sqlite3.Connection, _: object) -> None:
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout = {patience_ms}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA wal_autocheckpoint = 4000")
        connection.execute("PRAGMA foreign_keys = ON")
        # What is erased must not stay readable in the file's free pages.
        connection.execute("PRAGMA secure_delete = ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A deferred transaction that reads first and writes later loses its write to whoever wrote in between.
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def touch(connection: Connection) -> None:
    """Write without changing anything: a transaction that writes nothing succeeds on a full or read-only disk, too."""
    connection.exec_driver_sql("PRAGMA user_version = 0")


def reading_connection(url: URL) -> sqlite3.Connection:
    """Return a connection that cannot write; it is used from the event loop, so it waits for locks only shortly."""
    uri = url.query.get("uri") == "true"
    database = url.database or ""
    if uri:
        database += "?" + "&".join(f"{name}={value}" for name, value in url.query.items() if name != "uri")
    connection = sqlite3.connect(
        database, uri=uri, isolation_level=None, check_same_thread=False, cached_statements=_STATEMENTS_KEPT
    )
    connection.execute(f"PRAGMA busy_timeout = {_READ_PATIENCE_MS}")
    connection.execute("PRAGMA query_only = ON")
    return connection
