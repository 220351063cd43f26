"""One entry for every call, however it ends, and what it says."""

from __future__ import annotations

import asyncio
import sqlite3
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from policy_gateway.audit import Entries
from policy_gateway.errors import (
    AuditUnavailable,
    ConnectionNotFound,
    Denied,
    FieldRefused,
    PurposeMissing,
    RecordNotFound,
    UpstreamTimeout,
)
from policy_gateway.model.disclosure import Group
from policy_gateway.model.field import RecordId
from policy_gateway.model.principal import PrincipalId
from policy_gateway.query import Change, ChangeKind, Compare, Op, Query
from policy_gateway.store import Database
from policy_gateway.testing.builders import a_principal, a_query
from policy_gateway.testing.fakes import CollectingJournal, FakeClock

if TYPE_CHECKING:
    from tests.unit.audit.conftest import Scene

pytestmark = pytest.mark.anyio

SAID_OF_ONE = {
    "acting_for": [],
    "action": "view",
    "channel": "phone",
    "code": "",
    "connection": "crm",
    "decision": "permit",
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
    "refused": [],
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
    "timing": "1ms",
    "truths": {"true": ["channel(phone)"]},
    "v": 1,
    "withheld": ["iban"],
    "written": [],
    "written_count": 0,
}


class TestPermit:
    async def test_says_all(self, scene: Scene, clock: FakeClock) -> None:
        """An entry says who, why, which fields at which level, by which rules, and never a value or an id."""
        said = {"ticket": "T-1", "interaction": "I-2", "channel": "phone", "request_id": "R-3"}
        await scene.live(scene.call(**said, reason="customer-asked"))
        [entry] = await scene.reader.page("acme")
        [group] = entry["groups"]

        assert SAID_OF_ONE == {key: entry[key] for key in SAID_OF_ONE}
        assert {"correlation", "groups", "principal", "salt", "time"} == set(entry) - set(SAID_OF_ONE)
        assert int(clock().timestamp() * 1000) == entry["time"]
        assert {"clear": ["name"], "partial": ["email"]} == group["levels"]
        assert {"false": ["expired"], "true": ["assigned(me)"]} == group["truths"]
        assert ["p-", "s-"] == [entry["principal"][:2], group["subjects"][0][:2]]

    async def test_groups(self, scene: Scene) -> None:
        """Records that share their truths are one group, and each record's subject has one pseudonym for ever."""
        ids = (RecordId("1"), RecordId("2"))
        two = scene.released(
            Group(scene.assigned, {"name": "clear", "email": "clear"}, ids),
            Group(scene.others, {"name": "clear", "email": "partial"}, (RecordId("3"),)),
        )
        await scene.live(scene.call(a_query("name", "email")), disclosure=two)
        await scene.live(scene.call(a_query("name", "email")), disclosure=two)
        second, first = await scene.reader.page("acme")

        assert first["groups"] == second["groups"]
        assert [2, 1] == [len(group["subjects"]) for group in first["groups"]]
        assert 3 == len({subject for group in first["groups"] for subject in group["subjects"]})
        assert (["email", "name"], {"partial": ["email"]}) == (first["released"], first["masked"])

    async def test_searched(self, scene: Scene) -> None:
        """What a permitted query filters by is remembered by name, and never what it compared with."""
        await scene.live(scene.call(Query("contact", where=Compare("phone", Op.EQ, "+49 30 23125001"))))
        [entry] = await scene.reader.page("acme")

        assert (["phone"], False) == (entry["searched"], "23125001" in str(entry))

    async def test_acting_for(self, scene: Scene) -> None:
        """Everybody in the chain has a pseudonym, in the chain's order."""
        chain = (PrincipalId("user:selma"), PrincipalId("user:anna"))
        await scene.live(principal=replace(a_principal("ai:copilot"), acting_for=chain))
        await scene.live(principal=a_principal("user:anna"))
        anna, copilot = await scene.reader.page("acme")

        assert (2, anna["principal"]) == (len(copilot["acting_for"]), copilot["acting_for"][1])


class TestEndings:
    @pytest.mark.parametrize(
        ("decision", "error", "expected"),
        [
            ("deny", Denied(), ("deny", "denied")),
            ("permit", FieldRefused(), ("deny", "field-refused")),
            (None, PurposeMissing(), ("deny", "purpose-missing")),
            (None, ConnectionNotFound(), ("deny", "not-found")),
            ("permit", RecordNotFound(), ("permit", "record-not-found")),
            ("permit", UpstreamTimeout(), ("error", "upstream-timeout")),
            ("permit", ZeroDivisionError("secret"), ("error", "internal-error")),
            ("permit", asyncio.CancelledError(), ("error", "cancelled")),
        ],
    )
    async def test_one_entry(
        self, scene: Scene, decision: str | None, error: BaseException, expected: tuple[str, str]
    ) -> None:
        """However a call ends it has exactly one entry, which says how, and nothing that was not released."""
        with pytest.raises(type(error)):
            await scene.live(decision=decision, error=error)
        [entry] = await scene.reader.page("acme")

        assert expected == (entry["decision"], entry["code"])
        assert ([], [], {}) == (entry["groups"], entry["released"], entry["masked"])
        assert "secret" not in str(entry)

    async def test_never_decided(self, scene: Scene) -> None:
        """A call that ends well although nothing was permitted is no answer."""
        with pytest.raises(AuditUnavailable):
            await scene.live(decision=None)
        [entry] = await scene.reader.page("acme")

        assert ("error", []) == (entry["decision"], entry["released"])

    async def test_refused_names(self, scene: Scene) -> None:
        """Names that may not exist are counted, not repeated."""
        asked = scene.call(Query("contact", where=Compare("no_such_secret", Op.EQ, "x")))
        with pytest.raises(FieldRefused):
            await scene.live(asked, error=FieldRefused())
        [entry] = await scene.reader.page("acme")

        assert (1, False) == (entry["searched_count"], "no_such_secret" in str(entry))

    async def test_ids_tried_out(self, scene: Scene) -> None:
        """Trying out record ids makes no pseudonyms, and names a subject only if it has one already."""
        await scene.live()
        for target in ("17", "4711"):
            with pytest.raises(RecordNotFound):
                await scene.live(scene.call(replace(scene.query, target=RecordId(target))), error=RecordNotFound())
        unknown, known, first = await scene.reader.page("acme")

        assert (first["groups"][0]["subjects"], []) == (known["subjects"], unknown["subjects"])
        assert {} == await scene.entries.pseudonyms.known(a_principal().tenant, ['["crm","contact","4711"]'])


class TestCancellation:
    async def test_while_written(self, scene: Scene) -> None:
        """A call that is cancelled while its entry is being written has its entry all the same."""
        for number in range(20):
            asked = scene.call(replace(scene.query, target=RecordId(str(number))))
            task = asyncio.create_task(scene.live(asked, principal=a_principal(f"user:u{number}")))
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        await scene.live()

        assert list(range(21, 0, -1)) == [entry["seq"] for entry in await scene.reader.page("acme")]

    async def test_again_and_again(self, scene: Scene, database: Database, clock: FakeClock) -> None:
        """Repeated cancellation, and a further journal, take nothing from the entry."""
        journal = CollectingJournal()
        entries = Entries(database, [journal], clock=clock)
        task = asyncio.create_task(scene.live(entries=entries))
        await asyncio.sleep(0)
        while not task.done():
            task.cancel()
            await asyncio.sleep(0)
        await entries.close()

        assert (1, 1) == (len(await scene.reader.page("acme")), len(journal.entries))

    async def test_while_the_crm_is_asked(self, scene: Scene) -> None:
        """A call that is cancelled while it waits for the CRM is an error with an entry."""
        asking = asyncio.Event()

        async def waiting() -> None:
            async with scene.entries.entry(scene.call()) as entry:
                entry.by(a_principal())
                entry.decided(scene.permit)
                asking.set()
                await asyncio.sleep(60)

        task = asyncio.create_task(waiting())
        await asking.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        [entry] = await scene.reader.page("acme")

        assert ("error", "cancelled") == (entry["decision"], entry["code"])


class TestChanges:
    async def test_intent_then_outcome(self, scene: Scene) -> None:
        """A change has two entries: the intent with the paths it writes, and the outcome with what was released."""
        correlation = await scene.live(scene.call(scene.update))
        intent, outcome = await scene.reader.by_correlation("acme", correlation)

        assert ["decision", "permit", "update", ["city", "phone"]] == [
            intent[key] for key in ("kind", "decision", "action", "written")
        ]
        assert ("outcome", "done", ["name"]) == (outcome["kind"], outcome["outcome"], outcome["released"])
        assert intent["subjects"] == outcome["groups"][0]["subjects"]
        assert "23125001" not in str((intent, outcome))

    async def test_intent_is_first(self, scene: Scene) -> None:
        """The intent is durable before the CRM is asked."""
        async with scene.entries.entry(scene.call(scene.update)) as entry:
            entry.by(a_principal())
            entry.decided(scene.permit)
            await entry.intend()
            with sqlite3.connect(scene.file) as other:
                [(before,)] = other.execute("SELECT count(*) FROM audit_entries").fetchall()
            other.close()
            entry.outcome("refused")

        assert 1 == before

    async def test_no_answer_from_the_crm(self, scene: Scene) -> None:
        """A change whose end nobody knows has the outcome unknown."""
        with pytest.raises(UpstreamTimeout):
            await scene.live(scene.call(scene.update), error=UpstreamTimeout())
        outcome = (await scene.reader.page("acme"))[0]

        assert ("outcome", "unknown", "upstream-timeout") == (outcome["kind"], outcome["outcome"], outcome["code"])

    async def test_created(self, scene: Scene) -> None:
        """Only the outcome knows whom a new record is about."""
        change = Change(ChangeKind.CREATE, "contact", values={"name": "x"})
        await scene.live(scene.call(change), disclosure=scene.released())
        outcome, intent = await scene.reader.page("acme")

        assert ([], ["create", "done"]) == (intent["subjects"], [outcome["action"], outcome["outcome"]])

    async def test_denied(self, scene: Scene) -> None:
        """Nobody can intend what was not permitted, and the CRM is not asked."""
        with pytest.raises(AuditUnavailable):
            await scene.live(scene.call(scene.update), decision="deny")

        assert 0 == scene.asked
        assert ["decision"] == [entry["kind"] for entry in await scene.reader.page("acme")]

    async def test_replayed(self, scene: Scene) -> None:
        """A change that had been applied before is one decision that says so."""
        await scene.live(scene.call(scene.update), disclosure=replace(scene.one, replayed=True))
        [entry] = await scene.reader.page("acme")

        assert ("decision", "replayed") == (entry["kind"], entry["outcome"])


class TestCorrelation:
    @pytest.mark.attack("I23")
    @pytest.mark.parametrize("given", ["", "short", "x" * 32, "0" * 31 + "\n", "A" * 10_000])
    async def test_not_ours(self, scene: Scene, given: str) -> None:
        """A correlation id that is not one of ours is not used."""
        chosen = scene.entries.entry(scene.call(correlation=given)).correlation

        assert (32, False) == (len(chosen), chosen == given)

    async def test_ours(self, scene: Scene) -> None:
        """An entrance's own correlation id finds the entry, and only in its tenant."""
        await scene.live(scene.call(correlation="0123456789abcdef" * 2))
        found = [await scene.reader.by_correlation(tenant, "0123456789abcdef" * 2) for tenant in ("acme", "bolt")]

        assert [1, 0] == [len(entries) for entries in found]

    async def test_in_order(self, scene: Scene, clock: FakeClock) -> None:
        """Later ids sort after earlier ones."""
        ids = []
        for _ in range(200):
            ids.append(scene.entries.entry(scene.call()).correlation)
            clock.advance(milliseconds=1)

        assert sorted(ids) == ids
