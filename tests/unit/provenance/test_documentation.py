"""Where values come from: kept by version, shown with what was released, known to policy, edited as records."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from policy_gateway.errors import InvalidCall, PreconditionFailed, RecordNotFound
from policy_gateway.model.disclosure import Released, ReleasedRecord
from policy_gateway.model.field import FieldType, RecordId, Value
from policy_gateway.provenance import (
    Edit,
    Gap,
    Provenance,
    ProvenanceAnnotator,
    ProvenanceFacts,
    ProvenanceKind,
    Reference,
    ValueKeys,
    ValueTokens,
)
from policy_gateway.provenance.adapter import ProvenanceAdapter
from policy_gateway.query import Call, Change, ChangeKind, Query
from policy_gateway.records import OutcomeKind
from policy_gateway.store import Database
from policy_gateway.testing.builders import a_key, a_page, a_principal, a_record
from policy_gateway.testing.fakes import FakeClock

pytestmark = pytest.mark.anyio

KEYS = ValueKeys(a_key)
TOKENS = ValueTokens(lambda tenant: a_key(f"token {tenant}"))
PHONE, OTHER = "+49 30 23125001", "+49 30 23125002"
PLACE = Reference("acme", "crm", "contact", "1", "phone")
CALL = Call("crm", Query("contact"), "service", include=frozenset({"gdpr"}))
EDITING = replace(CALL, include=frozenset({"gdpr", "token"}))
ENVELOPE_ID = RecordId("crm|contact|1|phone")


def key(value: Value, tenant: str = "acme") -> bytes:
    """Return a phone number's key."""
    return KEYS.of(tenant)(value, FieldType.PHONE)


def edit(value: Value = PHONE, expected: int | None = None, **parts: object) -> Edit:
    """Return an edit of *value*'s envelope."""
    return Edit(key(value), parts, editor="p-1", reason="customer-said", expected=expected)


def released(*records: Mapping[str, Value]) -> Released:
    """Return what was released: records of phone numbers, numbered from 1."""
    rows = []
    for number, values in enumerate(records, start=1):
        keys = {path: key(value) for path, value in values.items() if value is not None}
        rows.append(ReleasedRecord(RecordId(str(number)), values, {}, (), value_keys=keys))
    return Released("contact", tuple(rows))


@pytest.fixture
def provenance(database: Database, clock: FakeClock) -> Provenance:
    """Return empty documentation."""
    return Provenance(database, clock=clock)


@pytest.fixture
def annotator(provenance: Provenance) -> ProvenanceAnnotator:
    """Return what notes envelopes."""
    return ProvenanceAnnotator(provenance, TOKENS)


@pytest.fixture
def facts(provenance: Provenance) -> ProvenanceFacts:
    """Return what policy asks."""

    async def kinds(tenant: str, call: Call) -> Mapping[str, FieldType]:
        assert (tenant, call.connection) == ("acme", "crm")
        return {"phone": FieldType.PHONE}

    return ProvenanceFacts(provenance, KEYS, kinds)


class TestVersions:
    async def test_never_overwritten(self, provenance: Provenance, clock: FakeClock) -> None:
        """Each edit is a version of its own, with who, why and when; the ones before stay as they were."""
        await provenance.edit(PLACE, edit(source="customer", collection_point="shop"))
        clock.advance(days=1)
        await provenance.edit(PLACE, edit(source="partner"))
        first, second = await provenance.history(PLACE)

        assert [{"source": "customer"}, {"source": "partner"}] == [
            {"source": version.envelope.parts["source"]} for version in (first, second)
        ]
        assert (1, 2, "p-1", "customer-said", clock()) == (
            first.number,
            second.number,
            second.editor,
            second.reason,
            second.edited_at,
        )
        assert "shop" == second.envelope.parts["collection_point"]

    async def test_another_value(self, provenance: Provenance) -> None:
        """What was known of another value does not become known of this one."""
        await provenance.edit(PLACE, edit(PHONE, source="customer"))
        version = await provenance.edit(PLACE, edit(OTHER, collection_point="shop"))

        assert {"collection_point": "shop"} == version.envelope.parts

    async def test_malformed(self, provenance: Provenance) -> None:
        """An edit that cannot be leaves no version."""
        with pytest.raises(InvalidCall) as refused:
            await provenance.edit(PLACE, edit(legal_basis="because"))

        assert ("/legal_basis", []) == (refused.value.pointer, list(await provenance.history(PLACE)))

    async def test_somebody_was_faster(self, provenance: Provenance) -> None:
        """Of all who edit the same version at once, one succeeds."""
        edits = [provenance.edit(PLACE, edit(expected=0, source=f"s{number}")) for number in range(8)]
        outcomes = await asyncio.gather(*edits, return_exceptions=True)

        assert 7 == len([outcome for outcome in outcomes if isinstance(outcome, PreconditionFailed)])
        assert 1 == len(await provenance.history(PLACE))

    async def test_values_are_not_kept(self, provenance: Provenance, stored: Callable[[], bytes]) -> None:
        """No value is in any of the database's files."""
        await provenance.edit(PLACE, edit(source="customer"))

        assert (True, False) == (b"customer" in stored(), b"23125001" in stored())


class TestGaps:
    async def test_gaps(self, provenance: Provenance) -> None:
        """A value is a gap when nothing is known of it, or when it is not the one that was vouched for."""
        await provenance.edit(PLACE, edit(PHONE, source="customer"))
        await provenance.edit(replace(PLACE, record="2"), edit(PHONE, source="customer"))
        keys = {"1": {"phone": key(PHONE), "email": key("x")}, "2": {"phone": key(OTHER)}}
        missing = await provenance.gaps("acme", "crm", "contact", keys)
        await provenance.set_default(replace(PLACE, path="*"), {"source": "import"}, "p-1")
        left = await provenance.gaps("acme", "crm", "contact", keys)
        elsewhere = await provenance.gaps("bolt", "crm", "contact", {"1": {"phone": key(PHONE)}})

        assert [Gap("1", "email", "missing"), Gap("2", "phone", "changed-outside")] == missing  # type: ignore[arg-type]  # its text
        assert ([Gap("2", "phone", "changed-outside")], 1) == (left, len(elsewhere))  # type: ignore[arg-type]  # its text


class TestAnnotator:
    async def test_notes(self, provenance: Provenance, annotator: ProvenanceAnnotator) -> None:
        """A released value carries what is known of it, its end worked out, and the token that names it."""
        await provenance.edit(
            PLACE, edit(source="customer", purposes=["service"], collected_at="2026-01-01", storage_duration="P3Y")
        )
        notes = await annotator.notes(a_principal(), EDITING, released({"phone": PHONE}))

        expected = {
            "source": "customer",
            "purposes": ("service",),
            "collected_at": "2026-01-01",
            "storage_duration": "P3Y",
            "keep_until": "2029-01-01",
            "value": TOKENS.seal(key(PHONE), PLACE),
        }
        assert {"1": {"phone": expected}} == notes

    async def test_gap(self, provenance: Provenance, annotator: ProvenanceAnnotator) -> None:
        """Where nothing is known the note says why, and nothing of another value's envelope."""
        await provenance.edit(PLACE, edit(OTHER, source="customer"))
        notes = await annotator.notes(a_principal(), EDITING, released({"phone": PHONE}, {"phone": PHONE}))

        assert [("changed-outside", {"gap", "value"}), ("missing", {"gap", "value"})] == [
            (notes[RecordId(record)]["phone"]["gap"], set(notes[RecordId(record)]["phone"])) for record in "12"
        ]

    async def test_token_on_demand(self, provenance: Provenance, annotator: ProvenanceAnnotator) -> None:
        """Who only reads gets no token, and none for what is masked."""
        await provenance.edit(PLACE, edit(source="customer"))
        page = released({"phone": PHONE})
        masked = Released("contact", (page.records[0]._replace(masked={"phone": "partial"}),))
        reading = await annotator.notes(a_principal(), CALL, page)
        editing = await annotator.notes(a_principal(), EDITING, masked)

        assert [{"source": "customer"}] * 2 == [notes[RecordId("1")]["phone"] for notes in (reading, editing)]

    async def test_nothing_vouched(self, provenance: Provenance, annotator: ProvenanceAnnotator) -> None:
        """Values that nobody keyed, because nothing is vouched for in their record, get what holds by default."""
        await provenance.set_default(PLACE, {"source": "general"}, "p-1")
        unkeyed = Released(
            "contact", (ReleasedRecord(RecordId("1"), {"phone": "x", "email": "y", "city": None}, {}, ()),)
        )
        notes = await annotator.notes(a_principal(), CALL, unkeyed)

        assert {"1": {"phone": {"source": "general"}, "email": {"gap": "missing"}}} == notes

    async def test_default(self, provenance: Provenance, annotator: ProvenanceAnnotator) -> None:
        """The newest default of the path comes before the one for all paths."""
        for source in ("first", "second"):
            await provenance.set_default(PLACE, {"source": source}, "p-1")
        await provenance.set_default(replace(PLACE, path="*"), {"source": "general"}, "p-1")
        notes = await annotator.notes(a_principal(), CALL, released({"phone": PHONE, "email": "x"}))

        assert ["second", "general"] == [notes[RecordId("1")][path]["source"] for path in ("phone", "email")]

    async def test_nothing_shown(self, provenance: Provenance, annotator: ProvenanceAnnotator) -> None:
        """What has no value, or was not asked for, has no note."""
        await provenance.edit(PLACE, edit(source="customer"))
        unasked = await annotator.notes(a_principal(), replace(CALL, include=frozenset()), released({"phone": PHONE}))
        empty = await annotator.notes(a_principal(), CALL, released({"phone": None}))

        assert ({}, {}) == (unasked, empty)

    async def test_tenants_apart(self, provenance: Provenance, annotator: ProvenanceAnnotator) -> None:
        """Another tenant's envelope is not shown."""
        await provenance.edit(replace(PLACE, tenant="bolt"), edit(source="customer"))
        notes = await annotator.notes(a_principal(), CALL, released({"phone": PHONE}))

        assert "missing" == notes[RecordId("1")]["phone"]["gap"]


class TestFacts:
    async def ask(self, facts: ProvenanceFacts, *phones: Value) -> list[tuple[object, object]]:
        """Return until when, and whether, policy knows each phone number to be kept and documented."""
        records = [a_record(str(number), {"id": str(number), "phone": phone}) for number, phone in enumerate(phones, 1)]
        known = await facts.about_records(a_principal(), CALL, a_page(*records))
        merged = [{**one.facts, **one.values.get("phone", {})} for one in known]
        return [(one.get("value.keep_until"), one.get("value.documented")) for one in merged]

    async def test_own_envelope(self, provenance: Provenance, facts: ProvenanceFacts) -> None:
        """A documented value is kept until its own end, an undocumented one has no end that could have passed."""
        await provenance.edit(PLACE, edit(keep_until="2026-12-31"))

        assert [("2026-12-31", True), ("", False)] == await self.ask(facts, "030 23125001", PHONE)

    async def test_changed_outside(self, provenance: Provenance, facts: ProvenanceFacts) -> None:
        """A value that was changed outside is not documented, and kept as the default says."""
        await provenance.edit(PLACE, edit(keep_until="2026-12-31"))
        without = await self.ask(facts, OTHER)
        await provenance.set_default(replace(PLACE, path="*"), {"keep_until": "2030-01-01"}, "p-1")

        assert ([("", False)], [("2030-01-01", False)]) == (without, await self.ask(facts, OTHER))

    async def test_defaults(self, provenance: Provenance, facts: ProvenanceFacts) -> None:
        """Where nothing else is known the defaults hold; one without a date of collection has no known end."""
        await provenance.set_default(replace(PLACE, path="*"), {"storage_duration": "P3Y"}, "p-1")
        general = await self.ask(facts, PHONE, None)
        await provenance.set_default(PLACE, {"keep_until": "2027-01-01"}, "p-1")

        assert ([("", True), ("", True)], [("2027-01-01", True)]) == (general, await self.ask(facts, PHONE))

    async def test_page(self, provenance: Provenance, facts: ProvenanceFacts) -> None:
        """Each record of a long page gets its own answer, in the page's order."""
        for number in (1, 150, 300):
            await provenance.edit(replace(PLACE, record=str(number)), edit(keep_until=f"2{number:03}-01-01"))
        known = await self.ask(facts, *[PHONE] * 300)

        assert [("2001-01-01", True), ("2150-01-01", True), ("2300-01-01", True)] == [
            known[number] for number in (0, 149, 299)
        ]
        assert 297 == known.count(("", False))

    async def test_call(self, facts: ProvenanceFacts) -> None:
        """Nothing is known before there are values."""
        assert {} == await facts.about_call(a_principal(), CALL)


class TestAdapter:
    @pytest.fixture
    def adapter(self, provenance: Provenance) -> ProvenanceAdapter:
        """Return the tenant's envelopes as a CRM."""
        return ProvenanceAdapter("acme", provenance, TOKENS)

    def change(self, token: str, expected: Mapping[str, Value] | None = None, **parts: Value) -> Change:
        """Return a change of the phone number's envelope."""
        values = {"token": token, **parts}
        return Change(ChangeKind.UPDATE, "provenance", ENVELOPE_ID, values, expected=expected or {})

    async def test_edited(self, provenance: Provenance, adapter: ProvenanceAdapter) -> None:
        """An envelope is read and edited as a record."""
        token = TOKENS.seal(key(PHONE), PLACE)
        before = await adapter.read(Query("provenance", ("id", "source", "version"), target=ENVELOPE_ID))
        outcome = await adapter.write(self.change(token, {"version": 0}, source="customer", purposes=("service",)))
        after = await adapter.read(Query("provenance", ("source", "purposes", "field"), target=ENVELOPE_ID))

        assert {"id": ENVELOPE_ID, "source": None, "version": 0} == before.records[0].values
        assert (OutcomeKind.DONE, ENVELOPE_ID) == (outcome.kind, outcome.id)
        assert {"source": "customer", "purposes": ("service",), "field": "phone"} == after.records[0].values
        assert key(PHONE) == (await provenance.history(PLACE))[0].value_key

    async def test_refused(self, adapter: ProvenanceAdapter) -> None:
        """An edit for another place's value, for none, or of what has changed since, is refused."""
        elsewhere = TOKENS.seal(key(PHONE), replace(PLACE, record="2"))
        token = TOKENS.seal(key(PHONE), PLACE)
        with pytest.raises(InvalidCall):
            await adapter.write(self.change(elsewhere, source="x"))
        with pytest.raises(InvalidCall):
            await adapter.write(Change(ChangeKind.UPDATE, "provenance", ENVELOPE_ID, {"source": "x"}))
        with pytest.raises(PreconditionFailed):
            await adapter.write(self.change(token, {"source": "seen before"}, source="x"))
        with pytest.raises(InvalidCall):
            await adapter.write(Change(ChangeKind.DELETE, "provenance", ENVELOPE_ID))
        with pytest.raises(RecordNotFound):
            await adapter.read(Query("provenance", target=RecordId("17")))
        with pytest.raises(InvalidCall):
            await adapter.read(Query("provenance"))

    async def test_catalogue(self, adapter: ProvenanceAdapter, provenance: Provenance) -> None:
        """The catalogue describes every part, and nothing that can be written by accident."""
        catalogue = await adapter.catalogue()
        fields = catalogue.resources["provenance"].fields

        assert {"id", "connection", "resource", "record", "field", "version"} == {
            path for path, field in fields.items() if not field.writable
        }
        assert "provenance" == ProvenanceKind(provenance, TOKENS).name
