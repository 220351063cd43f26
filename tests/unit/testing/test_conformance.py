"""The conformance kit notices adapters that break their promises."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from policy_gateway.errors import UpstreamInvalid
from policy_gateway.model.field import RecordId
from policy_gateway.query import Change, ChangeKind, Query
from policy_gateway.records import Adapter, Outcome, OutcomeKind, Page, Record
from policy_gateway.testing import Fault, RecordingAdapter, TamperingAdapter, people
from policy_gateway.testing.conformance import DataSubject, FilterConformance, ReadConformance, Rig, WriteConformance
from policy_gateway.testing.conformance.rig import leaked
from policy_gateway_memory import MemoryAdapter, MemoryCrm

pytestmark = pytest.mark.anyio
Broken = (AssertionError, pytest.fail.Exception)


@pytest.fixture
def anyio_backend() -> str:
    """Run on asyncio, as the gateway does."""
    return "asyncio"


class Unwatched:
    """An upstream that was asked for *names*, whatever happened."""

    def __init__(self, *names: str) -> None:
        self.names = frozenset(names)

    def asked(self) -> frozenset[str]:
        """Return the names."""
        return self.names

    def addresses(self) -> Sequence[str]:
        """Return nothing."""
        return ()

    def forget(self) -> None:
        """Forget nothing."""

    def misbehave(self, fault: Fault | None) -> None:
        """Misbehave never."""


def rig(adapter: Adapter, *asked: str) -> Rig:
    """Return a rig for three contacts."""
    [first, *_] = people(3)
    return Rig(
        adapter,
        Unwatched(*asked),
        ids=(RecordId("1"), RecordId("2"), RecordId("3")),
        subjects=(DataSubject(RecordId("1"), {"email": (first.email,), "phone": (first.phone,), "mobile": ()}),),
        adapter_name="memory",
        empty=((RecordId("1"), "mobile"),),
        new={"first_name": "Ada", "email": "ada@example.com"},
        changed={"first_name": "Eve"},
    )


def honest() -> MemoryAdapter:
    """Return an adapter that keeps its promises."""
    crm = MemoryCrm()
    for person in people(3):
        crm.add("contact", name=person.name, email=person.email, phone=person.phone)
    return MemoryAdapter(crm)


def lying(tamper: Callable[[Query, Page], Page]) -> Rig:
    """Return a rig whose pages are not what the CRM said."""
    return rig(TamperingAdapter(honest(), tamper))


class TestReading:
    async def test_honest(self) -> None:
        """An adapter that keeps its promises passes."""
        checks, good = ReadConformance(), rig(honest())
        await checks.test_asks_only_for_what_is_selected(good)
        await checks.test_paging_ends_and_repeats_nothing(good)
        await checks.test_a_field_without_value_is_none(good)

    async def test_asks_too_much(self) -> None:
        """Asking the CRM for more than was selected is noticed."""
        with pytest.raises(Broken):
            await ReadConformance().test_asks_only_for_what_is_selected(rig(honest(), "iban"))

    async def test_returns_too_much(self) -> None:
        """A value that was not selected is noticed."""
        chatty = lying(lambda _, page: replace(page, records=tuple(_with(one, "iban") for one in page.records)))
        with pytest.raises(Broken):
            await ReadConformance().test_selecting_nothing_reads_nothing(chatty)

    async def test_never_ends(self) -> None:
        """Pages without end are noticed."""
        endless = lying(
            lambda query, page: page if query.target else replace(page, cursor=f"k:{len(page.records) % 2}")
        )
        with pytest.raises(Broken):
            await ReadConformance().test_paging_ends_and_repeats_nothing(endless)

    async def test_forgets_the_empty(self) -> None:
        """A field that is left out because it is empty is noticed."""
        terse = lying(lambda _, page: replace(page, records=tuple(_filled(one) for one in page.records)))
        with pytest.raises(Broken):
            await ReadConformance().test_a_field_without_value_is_none(terse)


class TestFiltering:
    async def test_ignores_filters(self) -> None:
        """A filter that is silently ignored is noticed, by each kind of check."""

        class Deaf(RecordingAdapter):
            """An adapter that returns everything."""

            async def read(self, query: Query) -> Page:
                """Ignore the filter."""
                return await super().read(replace(query, where=None))

        deaf, checks = rig(Deaf(honest())), FilterConformance()
        for check in (
            checks.test_ids,
            checks.test_equality_of_texts,
            checks.test_wildcards_are_plain_characters,
            checks.test_presence,
            checks.test_everything_and_nothing,
            checks.test_data_subjects_are_found_by_each_identifier,
        ):
            with pytest.raises(Broken):
                await check(deaf)


class TestWriting:
    async def test_writes_on_another_state(self) -> None:
        """An adapter that does not look at the expected state is noticed."""

        class Blind(RecordingAdapter):
            """An adapter that writes whatever the state is."""

            async def write(self, change: Change) -> Outcome:
                """Ignore what is expected."""
                return await super().write(replace(change, expected={}))

        blind = rig(Blind(honest()))
        created = await blind.adapter.write(Change(ChangeKind.CREATE, "contact", values=blind.new))
        with pytest.raises(Broken):
            await WriteConformance().test_does_not_write_on_another_state(
                blind, created.id or RecordId(""), ChangeKind.UPDATE
            )

    async def test_pretends(self) -> None:
        """An adapter that reports a change as done that it did not make is noticed."""

        class Idle(RecordingAdapter):
            """An adapter that writes nothing."""

            async def write(self, change: Change) -> Outcome:
                """Do nothing."""
                return Outcome(OutcomeKind.DONE, change.target)

        idle = rig(Idle(honest()))
        with pytest.raises(Broken):
            await WriteConformance().test_an_update_changes_what_it_names(idle, RecordId("1"))


class TestLeaks:
    def test_cause(self) -> None:
        """A value in a foreign exception that caused the error counts: it would be logged with it."""
        with pytest.raises(UpstreamInvalid) as caught:
            _fail_with("lena.vogt@example.com")

        assert ["lena.vogt@example.com"] == leaked(caught.value, ["lena.vogt@example.com", "elsewhere"])


def _fail_with(value: str) -> None:
    try:
        int(value)
    except ValueError as error:
        raise UpstreamInvalid from error


def _with(record: Record, path: str) -> Record:
    return replace(record, values={**record.values, path: "DE00"})


def _filled(record: Record) -> Record:
    return replace(record, values={path: value for path, value in record.values.items() if value is not None})
