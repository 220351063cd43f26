from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from policy_gateway.audit import Entries, EntryReader
from policy_gateway.model.decision import Deny, DenyKind, Grant, Level, Obligation, Permit
from policy_gateway.model.disclosure import Disclosure, Group, Released, ReleasedRecord
from policy_gateway.model.facts import Truth, TruthVector
from policy_gateway.model.field import RecordId
from policy_gateway.model.principal import Principal
from policy_gateway.query import Action, Call, Change, ChangeKind, Circumstances, Query
from policy_gateway.store import Database
from policy_gateway.testing.builders import a_principal
from policy_gateway.testing.fakes import FakeClock


@pytest.fixture
def anyio_backend() -> str:
    """Run asynchronous tests on asyncio."""
    return "asyncio"


@pytest.fixture
def clock() -> FakeClock:
    """Return a clock that stands still."""
    return FakeClock()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return where the database is."""
    return tmp_path / "gateway.db"


@pytest.fixture
async def database(file: Path) -> AsyncIterator[Database]:
    """Return an open, empty database."""
    async with Database.open(f"sqlite:///{file}") as database:
        yield database


ASSIGNED = TruthVector({"assigned(me)": Truth.TRUE, "expired": Truth.FALSE})
OTHERS = TruthVector({"assigned(me)": Truth.FALSE, "expired": Truth.UNKNOWN})


class Undecided:
    """A residual with nothing left to decide."""

    reads: frozenset[str] = frozenset()
    facts: frozenset[str] = frozenset()

    def truths(self, reading: Mapping[str, object]) -> TruthVector:
        """Return no truths."""
        return TruthVector()

    def levels(self, truths: TruthVector) -> Grant:
        """Return nothing."""
        return Grant({})


class Scene:
    """Calls, and what becomes of them: the gateway's part, played in front of a journal."""

    permit = Permit(
        version="v1",
        ceiling={"name": Level("clear", 100)},
        residual=Undecided(),
        truths=TruthVector({"channel(phone)": Truth.TRUE}),
        rules=frozenset({"acme:2", "acme:1"}),
        obligations=frozenset({Obligation("notify", ("dpo",))}),
    )
    deny = Deny(DenyKind.POLICY, "v1", frozenset({"law:7"}), TruthVector({"restricted": Truth.TRUE}))
    query = Query("contact", select=("name", "email", "iban"), target=RecordId("17"))
    update = Change(ChangeKind.UPDATE, "contact", RecordId("17"), {"phone": "+49 30 23125001", "city": "Berlin"})
    assigned = ASSIGNED
    others = OTHERS

    def __init__(self, entries: Entries, reader: EntryReader, file: Path) -> None:
        self.entries = entries
        self.reader = reader
        self.file = file
        self.asked = 0
        self.one = self.released(Group(ASSIGNED, {"name": "clear", "email": "partial"}, (RecordId("17"),)))

    def call(self, operation: Query | Change | None = None, **said: str) -> Call:
        """Return a call for service; *said* are its circumstances."""
        return Call("crm", operation or self.query, "service", Action.VIEW, Circumstances(**said))

    def released(self, *groups: Group) -> Disclosure:
        """Return a disclosure of *groups*, which holds values that must not be remembered."""
        fields = {"name": "Lena Vogt", "email": "l•••@•••.com"}
        ids = [record for group in groups for record in group.ids]
        records = tuple(ReleasedRecord(record, fields, {"email": "partial"}, ("iban",)) for record in ids)
        return Disclosure(Released("contact", records, None, groups, frozenset({"acme:1"})), {}, self.permit)

    async def live(
        self,
        asked: Call | None = None,
        *,
        decision: str | None = "permit",
        error: BaseException | None = None,
        disclosure: Disclosure | None = None,
        principal: Principal | None = None,
        entries: Entries | None = None,
    ) -> str:
        """Live through a call as the gateway does, up to *error*; return its correlation id."""
        asked = asked or self.call()
        async with (entries or self.entries).entry(asked) as entry:
            entry.by(principal or a_principal())
            if decision is not None:
                entry.decided(self.permit if decision == "permit" else self.deny)
            if isinstance(asked.operation, Change) and (disclosure is None or not disclosure.replayed):
                await entry.intend()
                self.asked += 1
            if error is not None:
                raise error
            if isinstance(asked.operation, Change):
                entry.outcome("done", asked.operation.target or RecordId("99"))
            entry.disclosed(disclosure or self.one)
        return entry.correlation

    def break_down(self) -> None:
        """Have nowhere to write entries to."""
        with sqlite3.connect(self.file) as other:
            other.execute("DROP TABLE audit_entries")
        other.close()

    def stored(self) -> bytes:
        """Return everything that is in the database's files."""
        return b"".join(path.read_bytes() for path in sorted(self.file.parent.iterdir()))


@pytest.fixture
def entries(database: Database, clock: FakeClock) -> Entries:
    """Return a journal on the database."""
    return Entries(database, clock=clock)


@pytest.fixture
def reader(database: Database) -> EntryReader:
    """Return a reader of the journal."""
    return EntryReader(database)


@pytest.fixture
def scene(entries: Entries, reader: EntryReader, file: Path) -> Scene:
    """Return calls and what becomes of them."""
    return Scene(entries, reader, file)
