# ruff: noqa: S101 -- a conformance check is a test: expected == actual
"""A filter is right, or it is refused; it is never ignored.

What is right leaves a CRM some freedom: texts may be compared with or without regard to case, and a record without a
value may or may not count as different. So each check says which records *must* be found and which *must not*.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

import pytest

from policy_gateway.errors import InvalidCall
from policy_gateway.model.field import ID_PATH, Field, FieldType, RecordId, Value
from policy_gateway.query import And, Compare, In, Not, Op, Or, Query, RelativeDate, Text, Unit, Where
from policy_gateway.records import Record
from policy_gateway.testing.conformance.rig import Rig

_ORDERED: tuple[tuple[Op, Callable[[str, str], bool]], ...] = (
    (Op.LT, str.__lt__),
    (Op.LE, str.__le__),
    (Op.GT, str.__gt__),
    (Op.GE, str.__ge__),
)
_TEXTUAL_TESTS: Mapping[Op, Callable[[str, str], bool]] = MappingProxyType(
    {Op.EQ: str.__eq__, Op.PREFIX: str.startswith, Op.CONTAINS: str.__contains__}
)
_COMPARABLE = frozenset({FieldType.DATE, FieldType.DATETIME})
_TEXTUAL = frozenset({FieldType.TEXT, FieldType.NAME, FieldType.CHOICE, FieldType.REFERENCE})
Verdict = bool | None
"""Must be found, must not, or may be."""


@pytest.mark.anyio
class FilterConformance:
    """The algebra of filters."""

    @pytest.fixture
    def anyio_backend(self) -> str:
        """Run on asyncio, as the gateway does."""
        return "asyncio"

    async def test_equality_of_texts(self, rig: Rig) -> None:
        """``eq`` finds equal texts and no others, ``ne`` the different ones and none of the equal ones."""
        for path, value in await _samples(rig, _TEXTUAL):
            await _judge(rig, Compare(path, Op.EQ, value), path, partial(_same, value))
            await _judge(rig, Compare(path, Op.NE, value), path, partial(_different, value))

    async def test_wildcards_are_plain_characters(self, rig: Rig) -> None:
        """Characters that a CRM's own search treats specially find only themselves."""
        for path, value in await _samples(rig, frozenset({FieldType.TEXT, FieldType.NAME})):
            for op in (Op.EQ, Op.PREFIX, Op.CONTAINS):
                for wild in ("%", "_" * len(value), "*", value[:1] + "%", "\\", "' OR '1'='1", '"'):
                    await _judge(rig, Compare(path, op, wild), path, partial(_textual, op, wild))

    async def test_parts_of_texts(self, rig: Rig) -> None:
        """``prefix`` finds texts that begin with the value, ``contains`` those that have it anywhere."""
        for path, value in await _samples(rig, frozenset({FieldType.TEXT, FieldType.NAME})):
            part = value[: max(1, len(value) // 2)]
            for op in (Op.PREFIX, Op.CONTAINS):
                await _judge(rig, Compare(path, op, part), path, partial(_textual, op, part))

    async def test_order_of_dates(self, rig: Rig) -> None:
        """``lt``, ``le``, ``gt`` and ``ge`` compare dates and times; a record without a date is in none of them."""
        for path, value in await _samples(rig, _COMPARABLE):
            for op, compare in _ORDERED:
                await _judge(rig, Compare(path, op, value), path, partial(_ordered, compare, value))

    async def test_presence(self, rig: Rig) -> None:
        """``null`` finds the records that have no value, or those that have one."""
        for path in sorted({path for _, path in rig.empty}):
            await _judge(rig, Compare(path, Op.IS_NULL, value=True), path, lambda found: found is None)
            await _judge(rig, Compare(path, Op.IS_NULL, value=False), path, lambda found: found is not None)

    async def test_ids(self, rig: Rig) -> None:
        """Records can be found by their ids, alone and together, or the CRM's adapter refuses."""
        one, other, *_ = rig.ids
        cases: dict[Where, set[RecordId]] = {
            Compare(ID_PATH, Op.EQ, one): {one},
            In(ID_PATH, (one, other)): {one, other},
            In(ID_PATH, (one, rig.missing)): {one},
            In(ID_PATH, ()): set(),
            And((In(ID_PATH, (one, other)), Not(Compare(ID_PATH, Op.EQ, one)))): {other},
            Or((Compare(ID_PATH, Op.EQ, one), Compare(ID_PATH, Op.EQ, other))): {one, other},
            Not(Or((Compare(ID_PATH, Op.EQ, one), Not(Compare(ID_PATH, Op.EQ, other))))): {other},
            Or(()): set(),
            In(ID_PATH, Query(rig.resource, (ID_PATH,), where=Compare(ID_PATH, Op.EQ, one))): {one},
        }
        for where, expected in cases.items():
            found = await rig.found_or_refused(where, ID_PATH)
            assert found is None or expected == {record.id for record in found}, where

    async def test_everything_and_nothing(self, rig: Rig) -> None:
        """A conjunction of nothing holds for all records, its negation for none."""
        everything = await rig.found_or_refused(And(()), ID_PATH)
        nothing = await rig.found_or_refused(Not(And(())), ID_PATH)

        assert everything is None or set(rig.ids) <= {record.id for record in everything}
        assert not nothing

    async def test_negation_and_membership(self, rig: Rig) -> None:
        """``not`` turns a filter round, and a membership is one of its values, in any combination."""
        for path, value in await _samples(rig, _TEXTUAL):
            same = Compare(path, Op.EQ, value)
            await _judge(rig, Not(same), path, partial(_different, value))
            await _judge(rig, Not(Not(same)), path, partial(_same, value))
            await _judge(rig, In(path, (value, "\u2603")), path, partial(_same, value))
            await _judge(rig, And((same, Not(same))), path, lambda _: False)

    async def test_words(self, rig: Rig) -> None:
        """A text search finds records with a word that begins with the term, in the given paths only."""
        for path, value in await _samples(rig, frozenset({FieldType.TEXT, FieldType.NAME})):
            word = re.findall(r"\w+", value)[:1]
            for term in word:
                await _judge(rig, Text(term, (path,)), path, partial(_has_word, term))
        assert not await rig.found_or_refused(Text("zzzqqq", ("id",)), "id")

    async def test_relative_dates_are_refused_or_right(self, rig: Rig) -> None:
        """A date relative to today selects no record from before it."""
        for path, _ in await _samples(rig, _COMPARABLE):
            where = Compare(path, Op.GT, RelativeDate(Unit.YEAR, 5))
            assert not await rig.found_or_refused(where, path)

    async def test_values_of_the_wrong_kind_are_refused(self, rig: Rig) -> None:
        """A filter that compares a date with a word, or anything with a list, is refused."""
        for path, _ in await _samples(rig, _COMPARABLE):
            with pytest.raises(InvalidCall):
                await rig.read("id", where=Compare(path, Op.GE, "yesterday"))
        for path, _ in await _samples(rig, _TEXTUAL):
            with pytest.raises(InvalidCall):
                await rig.read("id", where=Compare(path, Op.EQ, ("a", "b")))
            with pytest.raises(InvalidCall):
                await rig.read("id", where=Compare(path, Op.IS_NULL, "yes"))

    async def test_fields_that_are_not_searchable_are_refused(self, rig: Rig) -> None:
        """What the catalogue does not call searchable cannot be filtered by."""
        for path, field in (await rig.described()).fields.items():
            if not field.searchable:
                with pytest.raises(InvalidCall):
                    await rig.read("id", where=Compare(path, Op.EQ, "x"))

    async def test_data_subjects_are_found_by_each_identifier(self, rig: Rig) -> None:
        """A phone number or e-mail address finds its owner however it is written, and nobody else."""
        paths = {field.path for field in (await rig.described()).fields.values() if field.identifier}
        assert paths == {path for subject in rig.subjects for path in subject.spellings}
        for subject in rig.subjects:
            for path, spellings in subject.spellings.items():
                for spelling in spellings:
                    found = await rig.all(Query(rig.resource, ("id",), where=Compare(path, Op.EQ, spelling)))
                    assert [subject.id] == [record.id for record in found], (path, spelling)

    @pytest.mark.parametrize("unknown", ["+49 30 23125999999", "nobody@example.net", "%", "*", "", "+", "@"])
    async def test_nobody_is_found_by_an_unknown_identifier(self, rig: Rig, unknown: str) -> None:
        """What nobody has finds nobody."""
        for field in (await rig.described()).fields.values():
            if field.identifier:
                assert not await rig.found_or_refused(Compare(field.path, Op.EQ, unknown), "id")


async def _samples(rig: Rig, types: frozenset[FieldType]) -> list[tuple[str, str]]:
    """Return a value of a known record for each searchable field of *types*."""
    fields = (await rig.described()).fields
    paths = [path for path, field in fields.items() if _searchable(field) and field.type in types and path != ID_PATH]
    records = [await rig.get(record_id, *paths) for record_id in rig.ids[:3]]
    samples = {path: value for record in records for path in paths if isinstance(value := record.values[path], str)}
    return sorted(samples.items())


def _searchable(field: Field) -> bool:
    return field.searchable and field.identifier is None


async def _judge(rig: Rig, where: Where, path: str, verdict: Callable[[Value], Verdict]) -> None:
    """Check that *where* finds all that it must, and nothing that it must not."""
    found = await rig.found_or_refused(where, path)
    if found is None:
        return
    wrong = [record.id for record in found if verdict(record.values[path]) is False]
    assert not wrong, where
    got = {record.id for record in found}
    everyone: list[Record] = [await rig.get(record_id, path) for record_id in rig.ids]
    lost = [record.id for record in everyone if record.id not in got and verdict(record.values[path])]
    assert not lost, where


def _same(sought: str, found: Value) -> Verdict:
    if found == sought:
        return True
    return None if isinstance(found, str) and found.casefold() == sought.casefold() else False


def _different(sought: str, found: Value) -> Verdict:
    verdict = None if found is None else _same(sought, found)
    return None if verdict is None else not verdict


def _ordered(compare: Callable[[str, str], bool], sought: str, found: Value) -> Verdict:
    return isinstance(found, str) and compare(found, sought)


def _textual(op: Op, sought: str, found: Value) -> Verdict:
    if not isinstance(found, str):
        return False
    test = _TEXTUAL_TESTS[op]
    if test(found, sought):
        return True
    return None if test(found.casefold(), sought.casefold()) else False


def _has_word(term: str, found: Value) -> Verdict:
    if not isinstance(found, str):
        return False
    if any(word.startswith(term) for word in re.findall(r"\w+", found)):
        return True
    return None if any(word.startswith(term.casefold()) for word in re.findall(r"\w+", found.casefold())) else False
