"""One entry for every call, however it ends, and durable before there is an answer."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from policy_gateway.audit import Entries, EntryReader, Remarks
from policy_gateway.errors import (
    AuditUnavailable,
    ConnectionNotFound,
    Denied,
    FieldRefused,
    PurposeMissing,
    RecordNotFound,
    UpstreamTimeout,
)
from policy_gateway.model.decision import Deny, DenyKind, Level, Obligation, Permit
from policy_gateway.model.disclosure import Disclosure, Group, Released, ReleasedRecord
from policy_gateway.model.facts import Truth, TruthVector
from policy_gateway.model.field import RecordId
from policy_gateway.model.principal import Principal, PrincipalId
from policy_gateway.query import Action, Call, Change, ChangeKind, Circumstances, Compare, Describe, Op, Query
from policy_gateway.store import Database
from policy_gateway.testing.builders import a_key, a_principal, a_query
from policy_gateway.testing.fakes import CollectingJournal, FakeClock

pytestmark = pytest.mark.anyio

ASSIGNED = TruthVector({"assigned(me)": Truth.TRUE, "expired": Truth.FALSE})
OTHERS = TruthVector({"assigned(me)": Truth.FALSE, "expired": Truth.UNKNOWN})


class Undecided:
    """A residual with nothing left to decide."""

    reads: frozenset[str] = frozenset()
    facts: frozenset[str] = frozenset()

    def truths(self, reading: Mapping[str, object]) -> TruthVector:
        """Return no truths."""
        return TruthVector()

    def levels(self, truths: TruthVector) -> None:  # type: ignore[override]  # never asked
        """Return nothing."""


PERMIT = Permit(
    version="v1",
    ceiling={"name": Level("clear", 100)},
    residual=Undecided(),  # type: ignore[arg-type]  # never asked
    truths=TruthVector({"channel(phone)": Truth.TRUE}),
    rules=frozenset({"acme:2", "acme:1"}),
    obligations=frozenset({Obligation("notify", ("dpo",))}),
)
DENY = Deny(DenyKind.POLICY, "v1", frozenset({"law:7"}), TruthVector({"restricted": Truth.TRUE}))
QUERY = Query("contact", select=("name", "email", "iban"), target=RecordId("17"))


def released(*groups: Group, withheld: tuple[str, ...] = ("iban",)) -> Disclosure:
    """Return a disclosure of *groups*, which holds values that must not be remembered."""
    records = [
        ReleasedRecord(record, {"name": "Lena Vogt", "email": "l•••@•••.com"}, {"email": "partial"}, withheld)
        for group in groups
        for record in group.ids
    ]
    return Disclosure(Released("contact", tuple(records), None, groups, frozenset({"acme:1"})), {}, PERMIT)


ONE = released(Group(ASSIGNED, {"name": "clear", "email": "partial"}, (RecordId("17"),)))


@pytest.fixture
def entries(database: Database, clock: FakeClock) -> Entries:
    """Return a journal on the database."""
    return Entries(database, clock=clock)


@pytest.fixture
def reader(database: Database) -> EntryReader:
    """Return a reader of the journal."""
    return EntryReader(database)


def call(operation: Query | Change | Describe = QUERY, **said: str) -> Call:
    """Return a call for service; *said* are its circumstances."""
    return Call("crm", operation, "service", Action.VIEW, Circumstances(**said))


async def live(
    entries: Entries,
    asked: Call,
    *,
    decision: Permit | Deny | None = PERMIT,
    error: BaseException | None = None,
    disclosure: Disclosure = ONE,
    principal: Principal | None = None,
) -> None:
    """Live through a call as the gateway does, up to *error*."""
    async with entries.entry(asked) as entry:
        entry.by(principal or a_principal())
        if decision is not None:
            entry.decided(decision)
        if error is not None:
            raise error
        entry.disclosed(disclosure)


class TestPermit:
    async def test_says_all(self, entries: Entries, reader: EntryReader, clock: FakeClock) -> None:
        """An entry says who, why, which fields at which level, by which rules, and never a value or an id."""
        asked = call(ticket="T-1", interaction="I-2", channel="phone", request_id="R-3", reason="customer-asked")
        await live(entries, asked)
        [entry] = await reader.latest("acme")
        subject = entry["groups"][0]["subjects"][0]  # type: ignore[index, call-overload]  # it is there

        expected = {
            "acting_for": [],
            "action": "view",
            "channel": "phone",
            "code": "",
            "connection": "crm",
            "decision": "permit",
            "groups": [
                {
                    "levels": {"clear": ["name"], "partial": ["email"]},
                    "subjects": [subject],
                    "truths": {"false": ["expired"], "true": ["assigned(me)"]},
                }
            ],
            "interaction": "I-2",
            "kind": "decision",
            "legal_basis": "",
            "masked": {"partial": ["email"]},
            "obligations": ["notify(dpo)"],
            "operation": "query",
            "outcome": "",
            "policy_version": "v1",
            "purpose": "service",
            "reason": "customer-asked",
            "released": ["name"],
            "remark": "",
            "request_id": "R-3",
            "resource": "contact",
            "rules": ["acme:1"],
            "searched": [],
            "searched_count": 0,
            "seq": 1,
            "subjects": [],
            "tenant": "acme",
            "ticket": "T-1",
            "time": int(clock().timestamp() * 1000),
            "timing": "1ms",
            "truths": {"true": ["channel(phone)"]},
            "v": 1,
            "withheld": ["iban"],
            "written": [],
            "written_count": 0,
        }
        random = {"correlation", "principal", "salt"}
        assert expected == {key: value for key, value in entry.items() if key not in random}
        assert random < set(entry)

    async def test_groups(self, entries: Entries, reader: EntryReader) -> None:
        """Records that share their truths are one group, and each record's subject has one pseudonym for ever."""
        ids = (RecordId("1"), RecordId("2"))
        two = released(
            Group(ASSIGNED, {"name": "clear", "email": "clear"}, ids),
            Group(OTHERS, {"name": "clear", "email": "partial"}, (RecordId("3"),)),
        )
        await live(entries, call(a_query("name", "email")), disclosure=two)
        await live(entries, call(a_query("name", "email")), disclosure=two)
        second, first = await reader.latest("acme")
        groups: list[dict[str, list[str]]] = first["groups"]  # type: ignore[assignment]  # as written

        assert first["groups"] == second["groups"]
        assert [2, 1] == [len(group["subjects"]) for group in groups]
        assert 3 == len({subject for group in groups for subject in group["subjects"]})
        assert (["email", "name"], {"partial": ["email"]}) == (first["released"], first["masked"])

    async def test_searched(self, entries: Entries, reader: EntryReader) -> None:
        """What a permitted query filters by is remembered by name, and never what it compared with."""
        where = Compare("phone", Op.EQ, "+49 30 23125001")
        await live(entries, call(Query("contact", where=where)))
        [entry] = await reader.latest("acme")

        assert (["phone"], False) == (entry["searched"], "23125001" in str(entry))

    async def test_acting_for(self, entries: Entries, reader: EntryReader) -> None:
        """Everybody in the chain has a pseudonym, in the chain's order."""
        chain = (PrincipalId("user:selma"), PrincipalId("user:anna"))
        await live(entries, call(), principal=replace(a_principal("ai:copilot"), acting_for=chain))
        await live(entries, call(), principal=a_principal("user:anna"))
        anna, copilot = await reader.latest("acme")

        assert (2, anna["principal"]) == (len(copilot["acting_for"]), copilot["acting_for"][1])  # type: ignore[arg-type, index]  # a list


class TestEndings:
    @pytest.mark.parametrize(
        ("decision", "error", "expected"),
        [
            (DENY, Denied(), ("deny", "denied")),
            (PERMIT, FieldRefused(), ("deny", "field-refused")),
            (None, PurposeMissing(), ("deny", "purpose-missing")),
            (None, ConnectionNotFound(), ("deny", "not-found")),
            (PERMIT, RecordNotFound(), ("permit", "record-not-found")),
            (PERMIT, UpstreamTimeout(), ("error", "upstream-timeout")),
            (PERMIT, ZeroDivisionError("secret"), ("error", "internal-error")),
            (PERMIT, asyncio.CancelledError(), ("error", "cancelled")),
        ],
    )
    async def test_one_entry(
        self,
        entries: Entries,
        reader: EntryReader,
        decision: Permit | Deny | None,
        error: BaseException,
        expected: tuple[str, str],
    ) -> None:
        """However a call ends it has exactly one entry, which says how, and nothing that was not released."""
        with pytest.raises(type(error)):
            await live(entries, call(), decision=decision, error=error)
        [entry] = await reader.latest("acme")

        assert expected == (entry["decision"], entry["code"])
        assert ([], [], {}) == (entry["groups"], entry["released"], entry["masked"])
        assert "secret" not in str(entry)

    async def test_never_decided(self, entries: Entries, reader: EntryReader) -> None:
        """A call that ends well although nothing was permitted is no answer."""
        with pytest.raises(AuditUnavailable):
            await live(entries, call(), decision=None)
        [entry] = await reader.latest("acme")

        assert ("error", []) == (entry["decision"], entry["released"])

    async def test_refused_names(self, entries: Entries, reader: EntryReader) -> None:
        """Names that may not exist are counted, not repeated."""
        asked = call(Query("contact", where=Compare("no_such_secret", Op.EQ, "x")))
        with pytest.raises(FieldRefused):
            await live(entries, asked, decision=Deny(DenyKind.FIELD, "v1"), error=FieldRefused())
        [entry] = await reader.latest("acme")

        assert (1, False) == (entry["searched_count"], "no_such_secret" in str(entry))

    async def test_ids_tried_out(self, entries: Entries, database: Database, reader: EntryReader) -> None:
        """Trying out record ids makes no pseudonyms, and names a subject only if it has one already."""
        await live(entries, call())
        for target in ("17", "4711"):
            with pytest.raises(RecordNotFound):
                await live(entries, call(replace(QUERY, target=RecordId(target))), error=RecordNotFound())
        unknown, known, first = await reader.latest("acme")

        assert (first["groups"][0]["subjects"], []) == (known["subjects"], unknown["subjects"])  # type: ignore[index, call-overload]  # as written
        assert {} == await entries.pseudonyms.known(a_principal().tenant, ['["crm","contact","4711"]'])

    async def test_client_gone(self, entries: Entries, reader: EntryReader) -> None:
        """A call that is cancelled while its entry is being written has its entry all the same."""
        for number in range(20):
            asked = call(replace(QUERY, target=RecordId(str(number))))
            task = asyncio.create_task(live(entries, asked, principal=a_principal(f"user:u{number}")))
            for _ in range(number % 4):
                await asyncio.sleep(0)
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        await entries.close()
        await live(entries, call())

        assert list(range(21, 0, -1)) == [entry["seq"] for entry in await reader.latest("acme")]

    async def test_client_gone_again_and_again(self, database: Database, reader: EntryReader, clock: FakeClock) -> None:
        """Repeated cancellation, and further journals, take nothing from the entry."""
        journal = CollectingJournal()
        entries = Entries(database, [journal], clock=clock)
        task = asyncio.create_task(live(entries, call()))
        while not task.done():
            task.cancel()
            await asyncio.sleep(0)
        await entries.close()
        written = await reader.latest("acme")

        # A task that is cancelled before its first step has done nothing that could be remembered.
        assert len(written) == len(journal.entries) <= 1

    async def test_started_then_cancelled(self, entries: Entries, reader: EntryReader) -> None:
        """A call that is cancelled while it waits for the CRM is an error with an entry."""
        asking = asyncio.Event()

        async def waiting() -> None:
            async with entries.entry(call()) as entry:
                entry.decided(PERMIT)
                entry.by(a_principal())
                asking.set()
                await asyncio.sleep(60)

        task = asyncio.create_task(waiting())
        await asking.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        [entry] = await reader.latest("acme")

        assert ("error", "cancelled") == (entry["decision"], entry["code"])


class TestChanges:
    UPDATE = Change(ChangeKind.UPDATE, "contact", RecordId("17"), {"phone": "+49 30 23125001", "city": "Berlin"})

    async def test_intent_then_outcome(self, entries: Entries, reader: EntryReader, file: Path) -> None:
        """The intent is durable before the CRM is asked; the outcome is an entry of its own."""
        async with entries.entry(call(self.UPDATE)) as entry:
            entry.by(a_principal())
            entry.decided(PERMIT)
            await entry.intend()
            with sqlite3.connect(file) as other:
                [(before,)] = other.execute("SELECT count(*) FROM audit_entries").fetchall()
            other.close()
            entry.outcome("done", RecordId("17"))
            entry.disclosed(ONE)
        intent, outcome = await reader.by_correlation("acme", entry.correlation)

        assert 1 == before
        assert ("decision", "permit", "update", ["city", "phone"]) == tuple(
            intent[key] for key in ("kind", "decision", "action", "written")
        )
        assert ("outcome", "done", ["name"]) == (outcome["kind"], outcome["outcome"], outcome["released"])
        assert intent["subjects"] == outcome["groups"][0]["subjects"]  # type: ignore[index, call-overload]  # as written
        assert "23125001" not in str((intent, outcome))

    async def test_no_answer_from_the_crm(self, entries: Entries, reader: EntryReader) -> None:
        """A change whose end nobody knows has the outcome unknown."""
        with pytest.raises(UpstreamTimeout):
            async with entries.entry(call(self.UPDATE)) as entry:
                entry.by(a_principal())
                entry.decided(PERMIT)
                await entry.intend()
                raise UpstreamTimeout
        outcome = (await reader.latest("acme"))[0]

        assert ("outcome", "unknown", "upstream-timeout") == (outcome["kind"], outcome["outcome"], outcome["code"])

    async def test_created(self, entries: Entries, reader: EntryReader) -> None:
        """A created record's subject is in the outcome."""
        async with entries.entry(call(Change(ChangeKind.CREATE, "contact", values={"name": "x"}))) as entry:
            entry.by(a_principal())
            entry.decided(PERMIT)
            await entry.intend()
            entry.outcome("done", RecordId("99"))
        outcome, intent = await reader.latest("acme")

        assert (0, 1) == (len(intent["subjects"]), len(outcome["subjects"]))  # type: ignore[arg-type]  # lists

    async def test_denied(self, entries: Entries, reader: EntryReader) -> None:
        """A change that is denied is one decision, without an outcome."""
        with pytest.raises(Denied):
            await live(entries, call(self.UPDATE), decision=DENY, error=Denied())

        assert ["decision"] == [entry["kind"] for entry in await reader.latest("acme")]

    async def test_not_permitted(self, entries: Entries) -> None:
        """Nobody can intend what was not permitted."""
        with pytest.raises(AuditUnavailable):
            async with entries.entry(call(self.UPDATE)) as entry:
                entry.by(a_principal())
                entry.decided(DENY)
                await entry.intend()

    async def test_replayed(self, entries: Entries, reader: EntryReader) -> None:
        """A change that had been applied before is one decision that says so."""
        await live(entries, call(self.UPDATE), disclosure=replace(ONE, replayed=True))
        [entry] = await reader.latest("acme")

        assert ("decision", "replayed") == (entry["kind"], entry["outcome"])


@pytest.mark.attack("I11")
class TestNoEntryNoAnswer:
    async def test_nothing_leaves(self, entries: Entries, file: Path) -> None:
        """When the entry cannot be made durable there is no answer, also where the answer was a refusal."""
        with sqlite3.connect(file) as other:
            other.execute("DROP TABLE audit_entries")
        other.close()
        with pytest.raises(AuditUnavailable):
            await live(entries, call())
        with pytest.raises(AuditUnavailable):
            await live(entries, call(), decision=DENY, error=Denied())

    async def test_cancelled_stays_cancelled(self, entries: Entries, file: Path) -> None:
        """Who went away is not told that the entry failed."""
        with sqlite3.connect(file) as other:
            other.execute("DROP TABLE audit_entries")
        other.close()
        with pytest.raises(asyncio.CancelledError):
            await live(entries, call(), error=asyncio.CancelledError())

    async def test_intent_fails(self, entries: Entries, file: Path) -> None:
        """When the intent cannot be made durable the CRM is not asked."""
        with sqlite3.connect(file) as other:
            other.execute("DROP TABLE audit_entries")
        other.close()
        asked = False
        with pytest.raises(AuditUnavailable):
            async with entries.entry(call(TestChanges.UPDATE)) as entry:
                entry.by(a_principal())
                entry.decided(PERMIT)
                await entry.intend()
                asked = True

        assert not asked

    async def test_further_journal(self, database: Database, reader: EntryReader, clock: FakeClock) -> None:
        """A registered journal gets the same bytes, and when it fails there is no answer."""
        journal = CollectingJournal()
        entries = Entries(database, [journal], clock=clock)
        await live(entries, call())
        journal.broken = True
        with pytest.raises(AuditUnavailable):
            await live(entries, call())

        assert (1, 2) == (len(journal.entries), len(await reader.latest("acme")))
        assert b'"seq":1' in journal.entries[0]

    async def test_broken_plugin(self, database: Database, clock: FakeClock) -> None:
        """An exception out of a registered journal names only its type."""

        class Broken:
            async def append(self, entries: object) -> None:
                raise RuntimeError("password=hunter2")

        with pytest.raises(AuditUnavailable, match="RuntimeError") as refused:
            await live(Entries(database, [Broken()], clock=clock), call())

        assert "hunter2" not in str(refused.value)


class TestCorrelation:
    @pytest.mark.attack("I23")
    @pytest.mark.parametrize("given", ["", "short", "x" * 32, "0" * 31 + "\n", "A" * 10_000])
    async def test_not_ours(self, entries: Entries, given: str) -> None:
        """A correlation id that is not one of ours is not used."""
        chosen = entries.entry(call(correlation=given)).correlation

        assert (32, False) == (len(chosen), chosen == given)

    async def test_ours(self, entries: Entries, reader: EntryReader) -> None:
        """An entrance's own correlation id finds the entry, and only in its tenant."""
        await live(entries, call(correlation="0123456789abcdef" * 2))
        found = [await reader.by_correlation(tenant, "0123456789abcdef" * 2) for tenant in ("acme", "bolt")]

        assert [1, 0] == [len(entries) for entries in found]

    async def test_in_order(self, entries: Entries, clock: FakeClock) -> None:
        """Later ids sort after earlier ones."""
        ids = []
        for _ in range(200):
            ids.append(entries.entry(call()).correlation)
            clock.advance(milliseconds=1)

        assert sorted(ids) == ids


class TestRemarks:
    async def test_kept_apart(self, database: Database, reader: EntryReader, clock: FakeClock, tmp_path: Path) -> None:
        """A free-text reason is in no file in clear, can be shown, and can be erased for ever."""
        remarks = Remarks(database, lambda tenant: a_key(tenant), random=lambda count: bytes(count))
        entries = Entries(database, clock=clock, remarks=remarks)
        await live(entries, call(reason="Frau Vogt is in hospital"))
        [entry] = await reader.latest("acme")
        correlation = str(entry["correlation"])
        shown = await remarks.show("acme", correlation)
        await remarks.erase("acme", correlation)

        assert ("", 64, "Frau Vogt is in hospital") == (entry["reason"], len(str(entry["remark"])), shown)
        assert await remarks.show("acme", correlation) is None
        assert not [path for path in tmp_path.iterdir() if b"hospital" in path.read_bytes()]

    async def test_not_kept(self, entries: Entries, reader: EntryReader) -> None:
        """Without a place for remarks free text is kept nowhere."""
        await live(entries, call(reason="Frau Vogt is in hospital"))
        [entry] = await reader.latest("acme")

        assert ("", "") == (entry["reason"], entry["remark"])


class TestOrder:
    async def test_no_gaps(self, entries: Entries, database: Database) -> None:
        """32 callers of three tenants leave each tenant's entries numbered from 1 without a gap."""
        tenants = ("acme", "bolt", "civic")
        numbers = iter(range(960))

        async def caller() -> None:
            for number in numbers:
                principal = a_principal(f"user:u{number % 7}", tenant=tenants[number % 3])
                target = RecordId(str(number % 11))
                group = Group(ASSIGNED, {"name": "clear"}, (target,))
                await live(entries, call(), disclosure=released(group), principal=principal)

        await asyncio.gather(*(caller() for _ in range(32)))
        reader = EntryReader(database)
        for tenant in tenants:
            found = await reader.latest(tenant, 1000)

            assert list(range(320, 0, -1)) == [entry["seq"] for entry in found]
            assert (7, 11) == (
                len({entry["principal"] for entry in found}),
                len({subject for entry in found for group in entry["groups"] for subject in group["subjects"]}),  # type: ignore[union-attr, index, call-overload, misc]  # as written
            )

    @pytest.mark.attack("I25")
    async def test_two_processes(self, database: Database, file: Path, clock: FakeClock) -> None:
        """Two gateways on one database fork no tenant's numbers, and give each person one pseudonym."""
        async with Database.open(f"sqlite:///{file}") as second:
            both = [Entries(database, clock=clock), Entries(second, clock=clock)]

            async def caller(number: int) -> None:
                for _ in range(20):
                    await live(both[number % 2], call())

            await asyncio.gather(*(caller(number) for number in range(8)))
        found = await EntryReader(database).latest("acme", 1000)

        assert list(range(160, 0, -1)) == [entry["seq"] for entry in found]
        assert 1 == len({entry["principal"] for entry in found})

