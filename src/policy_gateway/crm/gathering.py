"""An adapter around an adapter that asks once for what the calls of one batch ask for one by one.

Each call of a batch is decided and recorded on its own; that they reach the CRM together is nobody's business but the
CRM's, which counts how often it is asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Final

from policy_gateway.errors import (
    GatewayError,
    InvalidCall,
    RecordNotFound,
    UpstreamInvalid,
    UpstreamRefused,
    UpstreamUnavailable,
)
from policy_gateway.model.field import ID_PATH, Catalogue, RecordId
from policy_gateway.query import Change, In, Query, Selected
from policy_gateway.records import Adapter, Outcome, Page

MOST: Final = 100
"""How many records are asked for at once: as many as any CRM gives by their ids."""

_MOST_PAGES: Final = 4
_together: Final[ContextVar[bool]] = ContextVar("together", default=False)

Key = tuple[str, tuple[Selected, ...]]
Waiting = Sequence[tuple[RecordId, list[asyncio.Future[Page]]]]


@contextmanager
def together() -> Iterator[None]:
    """Let what is asked in here, and in tasks that are made in here, wait for the others."""
    before = _together.set(True)
    try:
        yield
    finally:
        _together.reset(before)


class GatheringAdapter:
    """What each connection's adapter is wrapped in."""

    def __init__(self, adapter: Adapter) -> None:
        self._adapter = adapter
        self._waiting: dict[Key, dict[RecordId, list[asyncio.Future[Page]]]] = {}
        self._asking: set[asyncio.Task[None]] = set()

    async def catalogue(self) -> Catalogue:
        """Describe the connection."""
        return await self._adapter.catalogue()

    async def read(self, query: Query) -> Page:
        """Return what *query* asks for; one record of many that a batch asks for comes with the others."""
        if query.target is None or not _together.get() or not _plain(query):
            return await self._adapter.read(query)
        loop = asyncio.get_running_loop()
        key = (query.resource, query.select)
        if key not in self._waiting:
            self._waiting[key] = {}
            loop.call_soon(self._ask, key)
        answer: asyncio.Future[Page] = loop.create_future()
        self._waiting[key].setdefault(query.target, []).append(answer)
        return await answer

    async def write(self, change: Change) -> Outcome:
        """Apply *change*; nothing is gained by waiting for others."""
        return await self._adapter.write(change)

    def _ask(self, key: Key) -> None:
        waiting = list(self._waiting.pop(key).items())
        for start in range(0, len(waiting), MOST):
            task = asyncio.get_running_loop().create_task(self._answer(key, waiting[start : start + MOST]))
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)

    async def _answer(self, key: Key, waiting: Waiting) -> None:
        try:
            found = await self._found(key, [record for record, _ in waiting])
            ends: list[Page | GatewayError] = [found.get(record) or RecordNotFound() for record, _ in waiting]
        except GatewayError as error:
            ends = [error] * len(waiting)
        except BaseException:
            _end(waiting, [UpstreamUnavailable()] * len(waiting))  # nobody may wait for ever
            raise
        _end(waiting, ends)

    async def _found(self, key: Key, records: list[RecordId]) -> Mapping[RecordId, Page | GatewayError]:
        """Return a page for each of *records* that there is, or why it cannot be had."""
        if len(records) > 1:
            # An adapter need not know how to ask for several by their ids, and the CRM may refuse all because of one.
            with suppress(InvalidCall, UpstreamRefused):
                return await self._several(key, records)
        ends = await asyncio.gather(*(self._single(key, record) for record in records))
        return dict(zip(records, ends, strict=True))

    async def _single(self, key: Key, record: RecordId) -> Page | GatewayError:
        try:
            page = await self._adapter.read(Query(*key, target=record))
        except GatewayError as error:
            return error
        return page if page.records else RecordNotFound()

    async def _several(self, key: Key, records: list[RecordId]) -> dict[RecordId, Page]:
        resource, select = key
        found: dict[RecordId, Page] = {}
        cursor = None
        for _ in range(_MOST_PAGES):
            query = Query(resource, select, In(ID_PATH, tuple(records)), limit=len(records), cursor=cursor)
            page = await self._adapter.read(query)
            found |= {record.id: Page(resource, (record,), limits=page.limits) for record in page.records}
            cursor = page.cursor
            if cursor is None or len(found) == len(records):
                return found
        raise UpstreamInvalid("the CRM went on giving records that were asked for by their ids")


def _end(waiting: Waiting, ends: Sequence[Page | GatewayError]) -> None:
    """Give each of *waiting* its end; who went away needs none."""
    for end, (_, answers) in zip(ends, waiting, strict=True):
        for answer in (each for each in answers if not each.done()):
            if isinstance(end, Page):
                answer.set_result(end)
            else:
                answer.set_exception(end)


def _plain(query: Query) -> bool:
    """Tell whether *query* asks for one record and nothing else."""
    return query.where is None and not query.order and query.cursor is None and not query.history
