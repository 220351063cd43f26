"""Standings as records of a reserved connection: read and changed like a CRM's, under the same policy and journal.

The id of a record of ``standing`` is ``<connection>:<resource>:<record id>``: the record that it is about.
"""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel

from policy_gateway.errors import InvalidCall, PreconditionFailed, RecordNotFound
from policy_gateway.facts.store import RecordPlace, Standing, Standings
from policy_gateway.model.field import ID_PATH, Catalogue, Field, FieldType, RecordId, Resource, Value
from policy_gateway.query import Change, ChangeKind, Query
from policy_gateway.records import Adapter, ConnectionConfig, NoOptions, Outcome, OutcomeKind, Page, Record, Transport

RESOURCE: Final = "standing"
_PLACE: Final = ("connection", "resource", "record")
_FLAGS: Final = ("restricted", "erasure_pending")
_ID_PATTERN: Final = r"[a-z][a-z0-9-]{0,39}:[A-Za-z0-9_.]{1,64}:[A-Za-z0-9_.@=-]{1,64}"


class StandingKind:
    """The adapter of the reserved connection's ``standing``."""

    name = "standing"
    options: type[BaseModel] = NoOptions

    def __init__(self, standings: Standings) -> None:
        self._standings = standings

    def connect(self, config: ConnectionConfig, transport: Transport) -> Adapter:
        """Return the adapter for one tenant; it has no use for a *transport*."""
        return StandingAdapter(config.tenant, self._standings)


class StandingAdapter:
    """The standings of one tenant's records."""

    def __init__(self, tenant: str, standings: Standings) -> None:
        self._tenant = tenant
        self._standings = standings

    async def catalogue(self) -> Catalogue:
        """Describe standings."""
        texts = {path: Field(path, FieldType.TEXT, path, writable=False) for path in (ID_PATH, *_PLACE)}
        flags = {path: Field(path, FieldType.BOOLEAN, path) for path in _FLAGS}
        return Catalogue(RESOURCE, {RESOURCE: Resource(RESOURCE, "standings", {**texts, **flags}, _ID_PATTERN)})

    async def read(self, query: Query) -> Page:
        """Return how the targeted record stands; one of which nothing is kept is neither restricted nor pending."""
        if query.target is None:
            raise InvalidCall("a standing is read by its id")
        place = self._place(query.target)
        values = _values(query.target, place, await self._standings.of(place))
        paths = [path for path in query.select if isinstance(path, str)]
        return Page(RESOURCE, (Record(query.target, {path: values.get(path) for path in paths or values}),))

    async def write(self, change: Change) -> Outcome:
        """Change one or both flags."""
        if change.kind is not ChangeKind.UPDATE or change.target is None:
            raise InvalidCall("a standing can only be changed")
        place = self._place(change.target)
        before = await self._standings.of(place)
        present = _values(change.target, place, before)
        if any(present.get(path) != value for path, value in change.expected.items()):
            raise PreconditionFailed
        flags = {path: present[path] for path in _FLAGS}
        for path, value in change.values.items():
            if path not in flags or not isinstance(value, bool):
                raise InvalidCall("true or false is needed", pointer=f"/{path}")
            flags[path] = value
        after = Standing(restricted=flags["restricted"] is True, erasure_pending=flags["erasure_pending"] is True)
        await self._standings.change(place, before, after)
        return Outcome(OutcomeKind.DONE, change.target)

    def _place(self, record: RecordId) -> RecordPlace:
        parts = record.split(":")
        if len(parts) != len(_PLACE):
            raise RecordNotFound
        return RecordPlace(self._tenant, *parts)


def _values(record: RecordId, place: RecordPlace, standing: Standing) -> dict[str, Value]:
    return {
        ID_PATH: record,
        "connection": place.connection,
        "resource": place.resource,
        "record": place.record,
        "restricted": standing.restricted,
        "erasure_pending": standing.erasure_pending,
    }
