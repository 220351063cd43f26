"""What the sandbox remembers: the records of each object, and how to undo what a failed transaction did."""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Final, TypeAlias

from policy_gateway_salesforce.sandbox.access import Sessions, User
from policy_gateway_salesforce.sandbox.ids import canonical, numbered
from policy_gateway_salesforce.sandbox.kinds import KINDS, PREFIXES, kind_named
from policy_gateway_salesforce.sandbox.schema import Column, Kind
from policy_gateway_salesforce.sandbox.seed import everything
from policy_gateway_salesforce.sandbox.staff import OWNERS, organization, user_id, username
from policy_gateway_salesforce.sandbox.wire import Json

Clock = Callable[[], datetime]
Row: TypeAlias = Mapping[str, Json]

INTEGRATION: Final = username(0)
LIMITED: Final = username(1)
LIMITED_HIDDEN: Final = frozenset({"contact.iban__c", "contact.credit_score__c", "contact.birthdate"})
LIMITED_FIXED: Final = frozenset({"contact.customer_number__c"})
LIMITED_DENIED: Final = frozenset({"contact.delete", "account.delete"})
_FIRST_NEW: Final = 1_000_000
_EMPTY: Final[Mapping[str, Json]] = MappingProxyType({})


def stamp(moment: datetime) -> str:
    """Return *moment* as the vendor writes it: in UTC, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


class Table:
    """The records of one object by id, deleted ones included. A row is never changed, only replaced."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.rows: dict[str, Row] = {}
        self._looked_up = tuple(column for column in kind.columns if column.lookup and column.name != "Id")
        self._found: dict[tuple[str, str], set[str]] = {}
        self._ids: list[str] = []

    def copied(self) -> Table:
        """Return a table of its own with the same records."""
        copy = Table(self.kind)
        copy.rows = self.rows.copy()
        copy._found = {key: found.copy() for key, found in self._found.items()}
        return copy

    def after(self, identifier: str) -> Iterator[Row]:
        """Yield the records whose ids come after *identifier*, deleted ones included, in the order of their ids."""
        if len(self._ids) != len(self.rows):
            self._ids = sorted(self.rows)
        ids = self._ids
        return (self.rows[ids[at]] for at in range(bisect_right(ids, identifier), len(ids)))

    def live(self) -> Iterator[Row]:
        """Yield the records that are not deleted, in the order of their ids."""
        return (row for row in self.rows.values() if not row.get("IsDeleted"))

    def holders(self, column: Column, value: Json) -> tuple[Row, ...]:
        """Return the records with this value of a field that is looked up by; case does not matter."""
        found = self._found.get((column.name, str(value).lower()), ())
        return tuple(self.rows[identifier] for identifier in sorted(found))

    def put(self, identifier: str, row: Row | None) -> Row | None:
        """Set the record, or take it out altogether; return what was there."""
        before = self.rows.get(identifier)
        self._index(before, identifier, put=False)
        if row is None:
            self.rows.pop(identifier, None)
            self._ids = []
        else:
            self.rows[identifier] = row
        self._index(row, identifier, put=True)
        return before

    def _index(self, row: Row | None, identifier: str, *, put: bool) -> None:
        if row is None or row.get("IsDeleted"):
            return
        for column in self._looked_up:
            value = row.get(column.name)
            if value is None:
                continue
            found = self._found.setdefault((column.name, str(value).lower()), set())
            (found.add if put else found.discard)(identifier)


@lru_cache(maxsize=4)
def _seeded(number: int) -> Mapping[str, Table]:
    """Return the tables of a new org; whoever wants to change them takes copies."""
    tables = {name: Table(kind) for name, kind in KINDS.items()}
    for name, rows in everything(number):
        for row in rows:
            tables[name].put(str(row["Id"]), MappingProxyType(row))
    return tables


class Org:
    """The whole org; the same *number* and *clock* make the same one.

    *most* is how many requests it is said to be allowed a day, *jwt_key* the public key (PEM) of the connected app.
    ``tables`` holds the records, ``sessions`` who may ask, ``kept`` what endpoints keep by its id from one request to
    another (locators, bulk jobs). ``bulk_looks`` is at how many looks a bulk job is in progress before it is done;
    None: forever. Writers go through
    :mod:`policy_gateway_salesforce.sandbox.writing`, queries through
    :mod:`policy_gateway_salesforce.sandbox.querying`.
    """

    def __init__(self, number: int, clock: Clock, *, most: int = 15_000, jwt_key: str = "") -> None:
        self.clock = clock
        self.number = number
        self.id = organization(number)
        self.tables: Mapping[str, Table] = {name: table.copied() for name, table in _seeded(number).items()}
        users = (
            User(INTEGRATION, user_id(0)),
            User(LIMITED, user_id(1), hidden=LIMITED_HIDDEN, fixed=LIMITED_FIXED, denied=LIMITED_DENIED),
            *(User(username(index), user_id(index)) for index in OWNERS),
        )
        self.sessions = Sessions(self.id, clock, users, f"sandbox {number}")
        self.jwt_key = jwt_key
        self.requests_most, self.requests_used = most, 0
        self.kept: dict[str, object] = {}
        self.bulk_looks: int | None = 1
        self._numbers = itertools.count(_FIRST_NEW)
        self._undo: list[tuple[Table, str, Row | None]] = []
        self._depth = 0

    def now(self) -> str:
        """Return the time as the vendor writes it."""
        return stamp(self.clock())

    def next_id(self, prefix: str) -> str:
        """Return an id that no record, job or locator has had."""
        return numbered(prefix, next(self._numbers))

    def table(self, name: str) -> Table:
        """Return the records of an object by its name; case does not matter, an unknown one is a 404."""
        return self.tables[kind_named(name).name]

    def find(self, identifier: Json) -> tuple[Kind, Row] | None:
        """Return the record with this id of 15 or 18 characters, of whatever object, deleted or not."""
        whole = canonical(identifier) if isinstance(identifier, str) else None
        kind = PREFIXES.get(whole[:3]) if whole else None
        row = self.tables[kind.name].rows.get(whole) if kind and whole else None
        return (kind, row) if kind and row is not None else None

    def row(self, identifier: Json, kinds: Iterable[str]) -> Row:
        """Return the record that a reference leads to, among the objects *kinds*; empty when there is none."""
        for name in kinds:
            row = self.tables[name].rows.get(str(identifier))
            if row is not None:
                return row
        return _EMPTY

    def put(self, kind: Kind, identifier: str, row: Row | None) -> None:
        """Set a record; undone when the transaction around it fails."""
        table = self.tables[kind.name]
        before = table.put(identifier, row)
        if self._depth:
            self._undo.append((table, identifier, before))

    @contextmanager
    def transaction(self) -> Iterator[Callable[[], None]]:
        """Do all that is inside, or, when it raises, none of it. What is yielded undoes it on demand. They nest."""
        mark = len(self._undo)
        self._depth += 1

        def undo() -> None:
            while len(self._undo) > mark:
                table, identifier, row = self._undo.pop()
                table.put(identifier, row)

        try:
            yield undo
        except BaseException:
            undo()
            raise
        finally:
            self._depth -= 1
            if not self._depth:
                self._undo.clear()
