"""Statements that are compiled once and then go to the driver as they are: a hot read costs microseconds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import CompoundSelect, Connection, Dialect, Insert, Select, Table, insert
from sqlalchemy.dialects import postgresql, sqlite

Convert = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A compiled read: its text, and how its parameters and rows are converted.

    *names* are the parameters in the order of their places, *fixed* those that the statement itself holds.
    """

    sql: str
    names: tuple[str, ...]
    fixed: Mapping[str, object] = field(default_factory=dict)
    binders: Mapping[str, Convert] = field(default_factory=dict)
    readers: tuple[tuple[int, Convert], ...] = ()
    remembered: bool = False

    @classmethod
    def of(
        cls, statement: Select[Any] | CompoundSelect[Any], dialect: Dialect, *, remembered: bool = False
    ) -> Prepared:
        """Compile *statement*; its parameters are the names of its ``bindparam`` s."""
        compiled = statement.compile(dialect=dialect)
        names = tuple(compiled.positiontup or ())
        open_names = {name for name in names if compiled.binds[name].required}
        binders = {name: compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect) for name in names}
        types = [column.type.dialect_impl(dialect) for column in statement.selected_columns]
        readers = [own.result_processor(dialect, None) for own in types]
        return cls(
            sql=str(compiled),
            names=names,
            fixed={name: compiled.params[name] for name in names if name not in open_names},
            binders={name: convert for name, convert in binders.items() if convert is not None},
            readers=tuple((place, convert) for place, convert in enumerate(readers) if convert is not None),
            remembered=remembered,
        )

    def arguments(self, parameters: Mapping[str, object]) -> tuple[object, ...]:
        """Return *parameters* by their places; KeyError when one is missing."""
        if not self.fixed and not self.binders:
            return tuple([parameters[name] for name in self.names])
        given = {**self.fixed, **parameters}
        converted = {name: convert(given[name]) for name, convert in self.binders.items()}
        return tuple(converted[name] if name in converted else given[name] for name in self.names)

    def rows(self, rows: Sequence[tuple[Any, ...]]) -> Sequence[tuple[Any, ...]]:
        """Return *rows* with their values as the columns' types give them."""
        if not self.readers:
            return rows
        return [self._row(row) for row in rows]

    def _row(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        values = list(row)
        for place, convert in self.readers:
            values[place] = convert(values[place])
        return tuple(values)


@dataclass(frozen=True, slots=True)
class RowInsert:
    """An insert of many rows in one statement: one step for the driver, so one wait for the interpreter's lock."""

    head: str
    row: str
    tail: str

    @classmethod
    def into(cls, table: Table, dialect: Dialect, *, new: bool = False) -> RowInsert:
        """Compile an insert of all columns of *table*, in their order; *new* leaves rows that are there as they are."""
        statement = _insert_new(table, dialect) if new else insert(table)
        head, _, rest = str(statement.compile(dialect=dialect)).partition(" VALUES ")
        row, _, tail = rest.partition(")")
        return cls(f"{head} ", f"{row})", tail)

    def of(self, count: int) -> str:
        """Return the statement for *count* rows."""
        return f"{self.head}VALUES {', '.join([self.row] * count)}{self.tail}"

    def unless_overtaken(self, count: int) -> str:
        """Return the statement that inserts nothing if SQLite's ``data_version`` is not the last parameter."""
        rows = ", ".join([self.row] * count)
        version = "(SELECT data_version FROM pragma_data_version)"
        return f"{self.head}SELECT * FROM (VALUES {rows}) WHERE {version} = ?"  # noqa: S608 -- only ?


def insert_new(connection: Connection, table: Table, rows: Sequence[Mapping[str, object]]) -> None:
    """Insert *rows*; one that is already there stays as it is."""
    connection.execute(_insert_new(table, connection.dialect), rows)


def _insert_new(table: Table, dialect: Dialect) -> Insert:
    if dialect.name == "postgresql":
        return postgresql.insert(table).on_conflict_do_nothing()
    return sqlite.insert(table).on_conflict_do_nothing()
