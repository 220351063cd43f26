"""Plugins behind glass: what a fact source or an annotator is shown cannot be changed by it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType

from policy_gateway.model.disclosure import Group, Notes, Released, ReleasedRecord
from policy_gateway.model.facts import Reading, RecordFacts
from policy_gateway.model.principal import Principal
from policy_gateway.ports import Annotator, FactSource
from policy_gateway.query import Call
from policy_gateway.records import Page, Record


class ShelteredSource:
    """A fact source of a plugin, which sees pages that it cannot change."""

    def __init__(self, source: FactSource) -> None:
        self._source = source
        self.provides = frozenset(source.provides)

    async def about_call(self, principal: Principal, call: Call) -> Reading:
        """Ask the plugin."""
        return await self._source.about_call(principal, call)

    async def about_records(self, principal: Principal, call: Call, page: Page) -> Sequence[RecordFacts]:
        """Ask the plugin about a page that nobody can write to."""
        records = tuple(Record(record.id, MappingProxyType(dict(record.values))) for record in page.records)
        return await self._source.about_records(principal, call, replace(page, records=records))


class ShelteredAnnotator:
    """An annotator of a plugin, which sees released records that it cannot change."""

    def __init__(self, annotator: Annotator) -> None:
        self._annotator = annotator

    async def notes(self, principal: Principal, call: Call, released: Released) -> Notes:
        """Ask the plugin about copies that nobody can write to."""
        records = tuple(_fixed(record) for record in released.records)
        groups = tuple(
            Group(group.truths, MappingProxyType(dict(group.levels)), group.ids) for group in released.groups
        )
        return await self._annotator.notes(principal, call, replace(released, records=records, groups=groups))


def _fixed(record: ReleasedRecord) -> ReleasedRecord:
    return record._replace(
        fields=MappingProxyType(dict(record.fields)),
        masked=MappingProxyType(dict(record.masked)),
        value_keys=MappingProxyType(dict(record.value_keys)),
    )
