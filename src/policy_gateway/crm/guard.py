"""An adapter around an adapter that believes nothing: ids by their grammar, and only the records that were asked for.

What a CRM (or its adapter) must not return is refused whole, but for values of a type that no field can have: those
are left out, as if the CRM had not answered them.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from policy_gateway.errors import ConnectionNotFound, InvalidCall, RecordNotFound, UpstreamInvalid
from policy_gateway.model.field import ID_PATH, Catalogue, RecordId, Value
from policy_gateway.query import ENDING, And, Change, ChangeKind, Child, Compare, In, Not, Op, Or, Query, Text, Where
from policy_gateway.records import Adapter, Outcome, OutcomeKind, Page, Record

_LONGEST_CURSOR: Final = 2048
_PLAIN: Final = frozenset({str, int, bool, type(None)})
_SAME_RECORD: Final = frozenset({ChangeKind.UPDATE, *ENDING})


def guarded(adapter: Adapter, catalogue: Catalogue) -> Adapter:
    """Return *adapter* held to *catalogue* and to what each call asked for.

    An id outside its resource's grammar is an InvalidCall and goes nowhere.
    """
    return _Guarded(adapter, catalogue)


class _Guarded:
    def __init__(self, adapter: Adapter, catalogue: Catalogue) -> None:
        self._adapter = adapter
        self._grammars = {name: re.compile(one.id_pattern) for name, one in catalogue.resources.items()}

    async def catalogue(self) -> Catalogue:
        """Describe the connection."""
        return await self._adapter.catalogue()

    async def read(self, query: Query) -> Page:
        """Return the page that *query* asks for and no other; UpstreamInvalid when the CRM gave another one."""
        grammar = self._grammar(query.resource)
        if query.target is not None:
            _require_id(grammar, query.target)
        for value in _ids_in(query.where):
            _require_id(grammar, value)
        page = _page(await self._adapter.read(query), query.resource)
        _check_cursor(page.cursor)
        records = self._sound(page, query, grammar)
        if query.target is not None:
            _check_target(page, query.target)
        elif query.limit is not None and len(page.records) > query.limit:
            raise UpstreamInvalid("the CRM gave more records than were asked for")
        if all(map(operator.is_, records, page.records)):
            return page
        return Page(page.resource, records, page.cursor, page.limits)

    def _sound(self, page: Page, query: Query, grammar: re.Pattern[str]) -> tuple[Record, ...]:
        """Return the records of *page* as *query* asks for them, related ones included."""
        records = tuple(_sound(record, grammar) for record in page.records)
        wanted = {item.relation: item.query for item in query.select if isinstance(item, Child)}
        if not wanted and not any(record.children for record in records):
            return records
        return tuple(
            Record(record.id, record.values, {name: self._children(record, name, own) for name, own in wanted.items()})
            for record in records
        )

    def _children(self, record: Record, relation: str, query: Query) -> Page:
        page = _page(record.children.get(relation, Page(query.resource)), query.resource)
        return Page(page.resource, self._sound(page, query, self._grammar(query.resource)))

    async def write(self, change: Change) -> Outcome:
        """Apply *change*; UpstreamInvalid when the CRM says that it changed another record."""
        grammar = self._grammar(change.resource)
        if change.target is not None:
            _require_id(grammar, change.target)
        outcome = _outcome(await self._adapter.write(change))
        if outcome.id is not None:
            _check_id(outcome.id, grammar)
        if change.kind in _SAME_RECORD and outcome.id not in {None, change.target}:
            raise UpstreamInvalid("the CRM changed another record than was asked for")
        if change.kind is ChangeKind.CREATE and outcome.kind is OutcomeKind.DONE and outcome.id is None:
            raise UpstreamInvalid("the CRM did not name the record that it created")
        if outcome.record is not None:
            told = _sound(outcome.record, grammar)
            if told.id != outcome.id or told.children:
                raise UpstreamInvalid("the CRM told of another record than it changed")
            outcome = replace(outcome, record=told)
        return outcome

    def _grammar(self, resource: str) -> re.Pattern[str]:
        grammar = self._grammars.get(resource)
        if grammar is None:
            raise ConnectionNotFound
        return grammar


def _require_id(grammar: re.Pattern[str], value: object) -> None:
    if not isinstance(value, str) or grammar.fullmatch(value) is None:
        raise InvalidCall("the id is not one of this resource")


def _ids_in(where: Where | None) -> list[Value]:
    """Return the record ids that *where* names: an adapter may well put these into a path."""
    match where:
        case And(items) | Or(items):
            return [value for item in items for value in _ids_in(item)]
        case Not(item):
            return _ids_in(item)
        case Compare(path=path, op=Op.EQ | Op.NE, value=str() as value) if path == ID_PATH:
            return [value]
        case In(path=path, values=tuple() as values) if path == ID_PATH:
            return list(values)
        case Compare() | In() | Text() | None:
            return []


def _page(page: object, resource: str) -> Page:
    if not isinstance(page, Page) or page.resource != resource:
        raise UpstreamInvalid("the CRM answered for another resource")
    if not isinstance(page.records, tuple | list):
        raise UpstreamInvalid("the adapter gave something that is no page")
    return page


def _outcome(outcome: object) -> Outcome:
    if not isinstance(outcome, Outcome):
        raise UpstreamInvalid("the adapter did not say how the change ended")
    return outcome


def _check_id(value: object, grammar: re.Pattern[str]) -> None:
    if not isinstance(value, str) or grammar.fullmatch(value) is None:
        raise UpstreamInvalid("the CRM gave an id that is none")


def _check_cursor(cursor: object) -> None:
    if cursor is not None and not (isinstance(cursor, str) and len(cursor) <= _LONGEST_CURSOR and cursor.isascii()):
        raise UpstreamInvalid("the CRM gave a cursor that cannot be used")


def _check_target(page: Page, target: RecordId) -> None:
    if not page.records:
        raise RecordNotFound
    if len(page.records) > 1 or page.records[0].id != target:
        raise UpstreamInvalid("the CRM gave another record than was asked for")


def _sound(record: object, grammar: re.Pattern[str]) -> Record:
    if not isinstance(record, Record) or not isinstance(record.values, Mapping):
        raise UpstreamInvalid("the adapter gave something that is no record")
    _check_id(record.id, grammar)
    values = record.values
    if values.get(ID_PATH, record.id) != record.id:
        raise UpstreamInvalid("the CRM gave a record two ids")
    if _PLAIN.issuperset(map(type, values.values())):
        return record
    return Record(record.id, _possible(values), record.children)


def _possible(values: Mapping[str, Value]) -> dict[str, Value]:
    return {path: value for path, value in values.items() if _is_value(value)}


def _is_value(value: object) -> bool:
    match value:
        case float():
            return math.isfinite(value)
        case tuple():
            return all(type(item) is str for item in value)
        case _:
            return type(value) in _PLAIN
