# ruff: noqa: S101, SIM300 -- a conformance check is a test: expected == actual
"""A change happens once and whole, on the state it was decided on, or not at all."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace

import pytest

from policy_gateway.errors import (
    GatewayError,
    InvalidCall,
    PreconditionFailed,
    RecordNotFound,
    Refused,
    UpstreamError,
    UpstreamInvalid,
)
from policy_gateway.model.field import RecordId, Value
from policy_gateway.query import Change, ChangeKind
from policy_gateway.records import OutcomeKind
from policy_gateway.testing.conformance.rig import Rig, leaked, recognizable
from policy_gateway.testing.faults import Fault

OTHER = "something-else-altogether"


@pytest.mark.anyio
class WriteConformance:
    """Create, update, delete."""

    @pytest.fixture
    def anyio_backend(self) -> str:
        """Run on asyncio, as the gateway does."""
        return "asyncio"

    @pytest.fixture
    async def fresh(self, rig: Rig) -> AsyncIterator[RecordId]:
        """Create a record for one test, and delete it afterwards when the test has not."""
        record_id = await _create(rig, rig.new)
        yield record_id
        rig.upstream.misbehave(None)
        try:
            await rig.adapter.write(Change(ChangeKind.DELETE, rig.resource, record_id))
        except (RecordNotFound, UpstreamInvalid):
            return

    async def test_a_created_record_can_be_read(self, rig: Rig, fresh: RecordId) -> None:
        """What was created has the values that were given."""
        assert dict(rig.new) == dict((await rig.get(fresh, *rig.new)).values)

    async def test_an_update_changes_what_it_names(self, rig: Rig, fresh: RecordId) -> None:
        """An update sets the named fields and leaves all others as they were."""
        outcome = await rig.adapter.write(_update(rig, fresh, rig.changed))

        assert (OutcomeKind.DONE, fresh) == (outcome.kind, outcome.id)
        assert {**rig.new, **rig.changed} == dict((await rig.get(fresh, *rig.new)).values)

    async def test_what_is_told_of_a_change_is_what_a_read_gives(self, rig: Rig, fresh: RecordId) -> None:
        """An adapter need not tell what a record is like after a change; if it does, nothing else, and truly."""
        outcome = await rig.adapter.write(replace(_update(rig, fresh, rig.changed), select=tuple(rig.new)))
        read = await rig.get(fresh, *rig.new)
        told = read if outcome.record is None else outcome.record

        assert read.id == told.id
        assert dict(told.values) == {path: value for path, value in read.values.items() if path in told.values}

    async def test_each_field_can_be_changed_alone(self, rig: Rig, fresh: RecordId) -> None:
        """Each field can be set without touching the others, and the CRM is not told more than that."""
        state = dict(rig.new)
        for path, value in rig.changed.items():
            await rig.adapter.write(_update(rig, fresh, {path: value}))
            state[path] = value
            assert state == dict((await rig.get(fresh, *rig.new)).values)

    async def test_none_clears_a_field(self, rig: Rig, fresh: RecordId) -> None:
        """Setting None leaves a field without a value, unless it is a required one."""
        fields = (await rig.described()).fields
        for path in [path for path in rig.changed if not fields[path].required]:
            await rig.adapter.write(_update(rig, fresh, {path: None}))
            assert {path: None} == dict((await rig.get(fresh, path)).values)
        await rig.adapter.write(_update(rig, fresh, rig.changed))
        assert {**rig.new, **rig.changed} == dict((await rig.get(fresh, *rig.new)).values)

    async def test_a_deleted_record_is_gone(self, rig: Rig, fresh: RecordId) -> None:
        """What was deleted is neither read, changed nor deleted again."""
        outcome = await rig.adapter.write(Change(ChangeKind.DELETE, rig.resource, fresh))

        assert OutcomeKind.DONE is outcome.kind
        with pytest.raises(RecordNotFound):
            await rig.get(fresh, "id")
        with pytest.raises(RecordNotFound):
            await rig.adapter.write(_update(rig, fresh, rig.changed))
        with pytest.raises(RecordNotFound):
            await rig.adapter.write(Change(ChangeKind.DELETE, rig.resource, fresh))

    async def test_holds_when_nothing_has_changed(self, rig: Rig, fresh: RecordId) -> None:
        """An update on the state it was decided on is applied."""
        change = Change(ChangeKind.UPDATE, rig.resource, fresh, values=rig.changed, expected=rig.new)
        assert OutcomeKind.DONE is (await rig.adapter.write(change)).kind

    @pytest.mark.parametrize("kind", [ChangeKind.UPDATE, ChangeKind.DELETE])
    async def test_does_not_write_on_another_state(self, rig: Rig, fresh: RecordId, kind: ChangeKind) -> None:
        """When any deciding attribute has another value than expected, nothing is written."""
        values = rig.changed if kind is ChangeKind.UPDATE else {}
        for path in rig.new:
            for other in (OTHER, None):
                change = Change(kind, rig.resource, fresh, values=values, expected={**rig.new, path: other})
                with pytest.raises(PreconditionFailed) as caught:
                    await rig.adapter.write(change)
                assert [] == leaked(caught.value, recognizable(rig.new.values()))
        assert dict(rig.new) == dict((await rig.get(fresh, *rig.new)).values)

    async def test_a_missing_record_cannot_be_changed(self, rig: Rig) -> None:
        """Changing a record that does not exist creates none."""
        with pytest.raises(RecordNotFound):
            await rig.adapter.write(_update(rig, rig.missing, rig.changed))
        with pytest.raises(RecordNotFound):
            await rig.adapter.write(Change(ChangeKind.DELETE, rig.resource, rig.missing))

    @pytest.mark.parametrize("hostile", ["../1", "1?x=1", "1/../2", "1%2f..%2f2", "", "search"])
    async def test_a_hostile_id_changes_nothing(self, rig: Rig, hostile: str) -> None:
        """An id with characters of URLs is refused before any call."""
        await rig.adapter.catalogue()
        rig.upstream.forget()
        for kind in (ChangeKind.UPDATE, ChangeKind.DELETE):
            values = rig.changed if kind is ChangeKind.UPDATE else {}
            with pytest.raises((RecordNotFound, InvalidCall)):
                await rig.adapter.write(Change(kind, rig.resource, RecordId(hostile), values=values))
        assert [] == list(rig.upstream.addresses())

    async def test_unknown_and_unwritable_fields_are_refused(self, rig: Rig, fresh: RecordId) -> None:
        """A write that cannot be done whole is not done in part: a dropped field would look like a success."""
        fields = (await rig.described()).fields
        unwritable = [path for path, field in fields.items() if not field.writable]
        for path in ("no_such_field", f"{rig.adapter_name}.no_such_field", *unwritable):
            with pytest.raises(Refused):
                await rig.adapter.write(_update(rig, fresh, {**rig.changed, path: "1"}))
        assert dict(rig.new) == dict((await rig.get(fresh, *rig.new)).values)

    async def test_a_change_needs_what_its_kind_needs(self, rig: Rig, fresh: RecordId) -> None:
        """A target to create, none to update, or nothing to set breaks the grammar."""
        for change in (
            Change(ChangeKind.CREATE, rig.resource, fresh, values=rig.new),
            Change(ChangeKind.UPDATE, rig.resource, None, values=rig.changed),
            Change(ChangeKind.DELETE, rig.resource, None),
            Change(ChangeKind.DELETE, rig.resource, fresh, values=rig.changed),
        ):
            with pytest.raises(InvalidCall):
                await rig.adapter.write(change)

    async def test_kinds_it_cannot_carry_are_refused(self, rig: Rig, fresh: RecordId) -> None:
        """Upserts and merges are carried or refused."""
        for kind in (ChangeKind.UPSERT, ChangeKind.MERGE):
            if kind.value not in rig.carries:
                with pytest.raises(InvalidCall):
                    await rig.adapter.write(Change(kind, rig.resource, fresh, values=rig.changed))

    @pytest.mark.parametrize("fault", sorted(set(Fault) - {Fault.EXTRA_FIELDS}))
    async def test_a_fault_is_no_success(self, rig: Rig, fresh: RecordId, fault: Fault) -> None:
        """A change that met a fault is never reported as done, and the error quotes no value."""
        await rig.adapter.catalogue()
        rig.upstream.misbehave(fault)
        failure = await _failure(rig, _update(rig, fresh, rig.changed))

        assert failure is None or isinstance(failure, UpstreamError | RecordNotFound)
        assert failure is None or [] == leaked(failure, recognizable((*rig.new.values(), *rig.changed.values())))


async def _failure(rig: Rig, change: Change) -> GatewayError | None:
    """Return what *change* raised; None when it was answered, and not as done."""
    try:
        outcome = await rig.adapter.write(change)
    except GatewayError as error:
        return error
    assert OutcomeKind.DONE is not outcome.kind
    return None


def _update(rig: Rig, record_id: RecordId, values: Mapping[str, Value]) -> Change:
    return Change(ChangeKind.UPDATE, rig.resource, record_id, values=values)


async def _create(rig: Rig, values: Mapping[str, Value]) -> RecordId:
    outcome = await rig.adapter.write(Change(ChangeKind.CREATE, rig.resource, values=values))
    assert OutcomeKind.DONE is outcome.kind
    assert outcome.id is not None
    return outcome.id
