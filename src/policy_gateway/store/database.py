"""The database as capabilities see it: one writer, prepared reads, nothing else."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from sqlalchemy import URL, CompoundSelect, Engine, Select, Table, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from policy_gateway.errors import AuditUnavailable, ConfigurationError
from policy_gateway.store import sqlite
from policy_gateway.store.migrate import migrate
from policy_gateway.store.remembered import Remembered
from policy_gateway.store.statements import Prepared, RowInsert
from policy_gateway.store.writer import Limits, Writer

DEADLINE = 5.0
CAPACITY = 10_000


class Database:
    """One open database. Reads are answered inline, from a connection of their own that cannot write.

    *url* is SQLAlchemy's (``sqlite:///gateway.db``); *deadline* is how many seconds a write may take, *capacity* how
    many writes may wait.
    """

    def __init__(self, url: URL, engine: Engine, *, deadline: float, capacity: int) -> None:
        self._path = sqlite.file_of(url)
        self._inode = sqlite.inode_of(self._path)
        self._url = url
        self._engine = engine
        self._reader: sqlite3.Connection | None = None
        self._remembered = Remembered(self._path)
        self.writer = Writer(engine, self._identity, self._remembered, Limits(deadline, capacity))

    @classmethod
    def open(cls, url: str, *, deadline: float = DEADLINE, capacity: int = CAPACITY) -> Database:
        """Open the database at *url*, and create or migrate it; ConfigurationError when it cannot be used."""
        parsed = _parsed(url)
        sqlite.create_file(sqlite.file_of(parsed))
        engine = sqlite.writing_engine(parsed, patience_ms=int(deadline * 1000))
        try:
            migrate(engine)
        except SQLAlchemyError as failed:
            raise ConfigurationError(f"the database cannot be opened ({_reason(failed)})") from None
        return cls(parsed, engine, deadline=deadline, capacity=capacity)

    def prepare(self, statement: Select[Any] | CompoundSelect[Any], *, remembered: bool = False) -> Prepared:
        """Compile *statement* once; its parameters are its ``bindparam`` s, passed to :meth:`fetch` by name.

        What was read is *remembered* until anybody commits a job. Not for tables that a bulk writes to.
        """
        return Prepared.of(statement, self._engine.dialect, remembered=remembered)

    def row_insert(self, table: Table, *, new: bool = False) -> RowInsert:
        """Compile an insert of whole rows into *table* for a :class:`~policy_gateway.store.writer.Bulk`.

        With *new*, rows that are already there stay as they are.
        """
        return RowInsert.into(table, self._engine.dialect, new=new)

    async def fetch(self, prepared: Prepared, **parameters: object) -> Sequence[tuple[Any, ...]]:
        """Return all rows; AuditUnavailable when the database does not answer."""
        arguments = prepared.arguments(parameters)
        asked = (prepared.sql, arguments)
        state = self._remembered.state() if prepared.remembered else None
        if state is not None and (known := self._remembered.get(asked, state)) is not None:
            return known
        try:
            if self._reader is None:
                self._reader = self._open_reader()
            rows = self._reader.execute(prepared.sql, arguments).fetchall()
        except sqlite3.Error:
            self._close_reader()
            raise AuditUnavailable("the gateway's own database does not answer, so nothing was released") from None
        converted = prepared.rows(rows)
        if state is not None:
            self._remembered.put(asked, state, converted)
        return converted

    async def writable(self) -> bool:
        """Tell whether the database takes what is to be kept, now: something is written, which changes nothing."""
        try:
            await self.writer.submit(sqlite.touch)
        except AuditUnavailable:
            return False
        return True

    async def close(self) -> None:
        """Write what waits, then let go of the file."""
        await self.writer.close()
        self._close_reader()
        self._remembered.close()
        self._engine.dispose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def _identity(self) -> int:
        """Return which file it is; 0 when it is not in its place, or another file is.

        A second file by the same name is never opened: its log files would be those of the first, which is still open,
        and the process would die of it. Whoever puts a backup there starts the gateway anew.
        """
        found = sqlite.inode_of(self._path)
        return found if found == self._inode else 0

    def _open_reader(self) -> sqlite3.Connection:
        if not self._identity():
            raise sqlite3.OperationalError
        return sqlite.reading_connection(self._url)

    def _close_reader(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ConfigurationError("the database's URL cannot be read: write sqlite:///path/to/gateway.db") from None
    if parsed.get_backend_name() != "sqlite":
        raise ConfigurationError(f"no {parsed.get_backend_name()} database is supported yet: use sqlite:///path")
    return parsed


def _reason(failed: SQLAlchemyError) -> str:
    # The driver's words name files and tables, never values; a statement's parameters must not be shown.
    return str(getattr(failed, "orig", None) or type(failed).__name__)
