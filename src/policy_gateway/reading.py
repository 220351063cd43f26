"""Reading: the CRM is asked for no more than permitted fields and deciding attributes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from policy_gateway.crm import Binding, Cursors, Target
from policy_gateway.enforcement import (
    Learned,
    Rendering,
    narrow,
    permitted_only,
    reached,
    seen_ids,
    visible,
    without_unseen,
)
from policy_gateway.enforcement.release import ValueKey, grant_of, ruling_of
from policy_gateway.errors import Denied, InvalidCall, RecordNotFound
from policy_gateway.facts import Facts
from policy_gateway.model.decision import Grant, Joined, Permit, Residual
from policy_gateway.model.facts import RecordFacts
from policy_gateway.model.field import ID_PATH, RecordId, Value
from policy_gateway.model.principal import Principal
from policy_gateway.ports import Mask
from policy_gateway.query import And, Call, Change, In, Not, Or, Query, Selected, Where, paths_of
from policy_gateway.records import Page

MOST_UPSTREAM_PAGES = 5
MOST_JOINED = 2000
"""How many records a query may find that a field is compared with."""

MOST_COUNTED_AT_ONCE = 2000
STEP = "/"


@dataclass(frozen=True, slots=True)
class Asked:
    """One permitted call with everything that is known about it by then."""

    principal: Principal
    call: Call
    target: Target
    permit: Permit

    def rendering(self, masks: Mapping[str, Mask], value_key: ValueKey | None = None) -> Rendering:
        """Return how values become visible to this principal; *value_key* when they are to be annotated."""
        operation = self.call.operation
        single = isinstance(operation, Change) or (isinstance(operation, Query) and operation.target is not None)
        single = single and self.call.words is None  # no CRM's client knows our tags
        selection = operation.select if isinstance(operation, Query) else ()
        return Rendering(
            resource=self.target.resource,
            masks=masks,
            key=self.target.key,
            audience=self.principal.id,
            value_key=value_key,
            tagged=single,
            selection=tuple(path for path in selection if isinstance(path, str)),
        )


@dataclass(frozen=True, slots=True)
class Found:
    """What the CRM said and what fact sources know of it, record by record; unfiltered."""

    page: Page
    known: Sequence[RecordFacts] = ()
    replayed: bool = False
    matched: bool | None = None
    related: Mapping[str, Learned] = field(default_factory=dict)
    touched: RecordId | None = None
    total: int | None = None

    @property
    def learned(self) -> Learned:
        """Return what was learned of the records, and of what they are related to."""
        return Learned(self.page, self.known, self.related)


@dataclass(frozen=True, slots=True)
class Reads:
    """Reads records for permitted calls."""

    facts: Facts
    cursors: Cursors
    masks: Mapping[str, Mask]

    async def read(self, asked: Asked, query: Query) -> Found:
        """Return what *query* may learn of: one record, or a page that is filled from the next when policy thins it."""
        asked, query = await self._joined(asked, query)
        narrowed = narrow(query, asked.permit)
        if query.target is not None:
            return await self._with_related(asked, await self._page(asked, narrowed))
        binding = Binding.of(asked.principal, asked.target, asked.call, asked.permit.version)
        found = await self._filled(asked, replace(narrowed, cursor=self.cursors.open(query.cursor, binding)))
        following = found.page.cursor if await self._goes_on(asked, narrowed, found) else None
        first = query.cursor is None and following is not None
        total = await self._total(asked, narrowed, found) if query.total and first else None
        found = replace(found, page=replace(found.page, cursor=self.cursors.seal(following, binding)), total=total)
        return await self._with_related(asked, found)

    async def one(self, asked: Asked, query: Query, needed: frozenset[str] = frozenset()) -> Found:
        """Return the one record that *query* targets; RecordNotFound too when nothing of it may be seen.

        *needed* are fact keys beyond those that decide what is seen.
        """
        return self._visible(asked, await self._page(asked, query, needed))

    async def told(self, asked: Asked, page: Page) -> Found:
        """Return the one record of *page*, which the CRM told without being asked, exactly as if it was."""
        page = await self._searched(asked, asked.permit, permitted_only(page, asked.permit))
        return self._visible(asked, await self._known(asked, page, asked.permit.residual.facts))

    def _visible(self, asked: Asked, found: Found) -> Found:
        if not visible(found.page, asked.permit, found.known, asked.rendering(self.masks)):
            raise RecordNotFound
        return found

    async def _filled(self, asked: Asked, query: Query) -> Found:
        found = await self._page(asked, query)
        seen, pages = self._seen(asked, found), 1
        while found.page.cursor and query.limit and seen < query.limit and pages < MOST_UPSTREAM_PAGES:
            more = await self._page(asked, replace(query, cursor=found.page.cursor, limit=query.limit - seen))
            seen, pages = seen + self._seen(asked, more), pages + 1
            page = replace(more.page, records=(*found.page.records, *more.page.records))
            found = Found(page, (*found.known, *more.known))
        return found

    async def _goes_on(self, asked: Asked, query: Query, found: Found) -> bool:
        """Tell whether anything may follow, as far as five more pages tell.

        A CRM may go on with records that a search may not look into; that there are such would tell what they hold.
        """
        cursor = found.page.cursor
        if asked.permit.search is None and not any(one.searched for one in asked.permit.related):
            return cursor is not None
        for _ in range(MOST_UPSTREAM_PAGES):
            if cursor is None:
                return False
            page = await self._found(asked, asked.permit, replace(query, cursor=cursor))
            if page.records:
                return True
            cursor = page.cursor
        return True

    async def _total(self, asked: Asked, query: Query, found: Found) -> int:
        """Return how many records may be seen, those in *found* and after it; counting ends at what *query* wants.

        Of those after it the CRM is asked for no more than decides. A total of its own would count hidden ones.
        """
        counting = replace(query, select=_deciding(query, asked.permit), limit=MOST_COUNTED_AT_ONCE)
        seen = visible(found.page, asked.permit, found.known, asked.rendering(self.masks))
        cursor = found.page.cursor
        while cursor is not None and seen < query.total:
            more = await self._page(asked, replace(counting, cursor=cursor))
            seen += visible(more.page, asked.permit, more.known, asked.rendering(self.masks))
            cursor = more.page.cursor
        return min(seen, query.total)

    def _seen(self, asked: Asked, found: Found) -> int:
        residual = asked.permit.residual
        if found.page.cursor is None or not (residual.reads or residual.facts):
            return len(found.page.records)
        return visible(found.page, asked.permit, found.known, asked.rendering(self.masks))

    async def _with_related(self, asked: Asked, found: Found) -> Found:
        if not asked.permit.related:
            return found
        return replace(found, related=await self._related(asked, asked.permit, found.page))

    async def _related(self, asked: Asked, permit: Permit, page: Page) -> dict[str, Learned]:
        """Return what is known of the records that those of *page* are related to: one batch a source each."""
        learned: dict[str, Learned] = {}
        for one in permit.related:
            there = permitted_only(reached(page, one), one.permit)
            call = replace(asked.call, operation=one.query)
            known = await self.facts.about_records(asked.principal, call, there, one.permit.residual.facts)
            learned[one.name] = Learned(there, known, await self._related(asked, one.permit, there))
        return learned

    async def _page(self, asked: Asked, query: Query, needed: frozenset[str] = frozenset()) -> Found:
        page = await self._found(asked, asked.permit, query)
        return await self._known(asked, page, asked.permit.residual.facts | needed)

    async def _known(self, asked: Asked, page: Page, needed: frozenset[str]) -> Found:
        return Found(page, await self.facts.about_records(asked.principal, asked.call, page, needed))

    async def _found(self, asked: Asked, permit: Permit, query: Query) -> Page:
        """Return what the CRM finds, as far as it may be found by what it was searched by."""
        return await self._searched(asked, permit, permitted_only(await asked.target.adapter.read(query), permit))

    async def _searched(self, asked: Asked, permit: Permit, page: Page) -> Page:
        """Return *page* without what was searched by other records that may not be seen."""
        for one in permit.related:
            if one.searched:
                there = await self._searched(asked, one.permit, permitted_only(reached(page, one), one.permit))
                learned = await self._learned(asked, one.permit, one.query, there)
                page = without_unseen(page, one, learned, asked.rendering(self.masks))
        return page

    async def _learned(self, asked: Asked, permit: Permit, query: Query, page: Page) -> Learned:
        call = replace(asked.call, operation=query)
        return Learned(page, await self.facts.about_records(asked.principal, call, page, permit.residual.facts))

    async def _joined(self, asked: Asked, query: Query) -> tuple[Asked, Query]:
        """Return the same without queries in its conditions whose records may be hidden: with what they find."""
        if not asked.permit.joins:
            return asked, query
        found: list[tuple[Query, tuple[Value, ...]]] = []
        for one in asked.permit.joins:  # those within come before those that hold them
            found.append((one.query, await self._values(asked, one, found)))
        permit = _filled_in(asked.permit, found)
        return replace(asked, permit=permit), replace(query, where=_with_values(query.where, found))

    async def _values(
        self, asked: Asked, joined: Joined, found: Sequence[tuple[Query, tuple[Value, ...]]]
    ) -> tuple[Value, ...]:
        """Return what the records hold that *joined* finds and that may be seen."""
        [path] = [item for item in joined.query.select if isinstance(item, str)]
        permit = _filled_in(joined.permit, found)
        where = _with_values(joined.query.where, found)
        narrowed = narrow(Query(joined.resource.name, (ID_PATH,), where), permit)
        narrowed = replace(narrowed, select=tuple(dict.fromkeys((*narrowed.select, path))), limit=MOST_JOINED)
        page = await self._found(asked, permit, narrowed)
        records = list(page.records)
        while page.cursor is not None and len(records) < MOST_JOINED:
            page = await self._found(asked, permit, replace(narrowed, cursor=page.cursor))
            records += page.records
        if page.cursor is not None:
            raise InvalidCall("a query to compare with finds too many records")
        learned = await self._learned(asked, permit, joined.query, replace(page, records=tuple(records)))
        rendering = replace(asked.rendering(self.masks), resource=joined.resource)
        seen = seen_ids(learned, permit, rendering)
        values = (record.values.get(path) for record in records if record.id in seen)
        return tuple(dict.fromkeys(value for value in values if value is not None))


def _deciding(query: Query, permit: Permit) -> tuple[Selected, ...]:
    """Return what of the selection of a narrowed *query* decides which records may be seen, and not what they show."""
    needed = {ID_PATH} | permit.residual.reads | paths_of(permit.search)
    return tuple(item for item in query.select if isinstance(item, str) and (item in needed or STEP in item))


def _filled_in(permit: Permit, found: Sequence[tuple[Query, tuple[Value, ...]]]) -> Permit:
    """Return *permit* with the values in the conditions of what is related."""
    related = tuple(
        replace(
            one,
            query=replace(one.query, where=_with_values(one.query.where, found)),
            permit=_filled_in(one.permit, found),
        )
        for one in permit.related
    )
    return replace(permit, related=related)


def _with_values(where: Where | None, found: Sequence[tuple[Query, tuple[Value, ...]]]) -> Where | None:
    """Return *where* with the values that were *found* by the queries in it."""
    match where:
        case And(items):
            return And(tuple(one for item in items if (one := _with_values(item, found)) is not None))
        case Or(items):
            return Or(tuple(one for item in items if (one := _with_values(item, found)) is not None))
        case Not(item):
            inner = _with_values(item, found)
            return where if inner is None else Not(inner)
        case In(path, Query() as query):
            values = next((values for one, values in found if one is query), None)
            return where if values is None else In(path, values)
        case _:
            return where


def with_id(call: Call) -> Call:
    """Return *call* selecting the record's id too, without which a released record could not be named."""
    match call.operation:
        case Query(select=select) as query if select and ID_PATH not in select:
            return replace(call, operation=replace(query, select=(ID_PATH, *select)))
        case Change(select=select) as change if select and ID_PATH not in select:
            return replace(call, operation=replace(change, select=(ID_PATH, *select)))
        case _:
            return call


def change_of(asked: Asked) -> Residual:
    """Return what each record decides of a change; Denied when policy has decided nothing of the kind."""
    if asked.permit.change is None:
        raise Denied
    return asked.permit.change


def granted(asked: Asked, residual: Residual, found: Found) -> Grant:
    """Return what *residual* grants on the one record that was found."""
    permit = replace(asked.permit, residual=residual)
    ruling = ruling_of(found.page.records[0], found.known[0], permit)
    return grant_of(ruling, permit, asked.target.resource)
