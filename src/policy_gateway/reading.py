"""Reading: the CRM is asked for no more than permitted fields and deciding attributes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from policy_gateway.crm import Binding, Cursors, Target
from policy_gateway.enforcement import Learned, Rendering, narrow, permitted_only, reached, visible
from policy_gateway.enforcement.release import ValueKey, grant_of, ruling_of
from policy_gateway.errors import Denied, RecordNotFound
from policy_gateway.facts import Facts
from policy_gateway.model.decision import Grant, Permit, Residual
from policy_gateway.model.facts import RecordFacts
from policy_gateway.model.field import ID_PATH, RecordId
from policy_gateway.model.principal import Principal
from policy_gateway.ports import Mask
from policy_gateway.query import Call, Change, Query
from policy_gateway.records import Page

MOST_UPSTREAM_PAGES = 5


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
        narrowed = narrow(query, asked.permit)
        if query.target is not None:
            return await self._with_related(asked, await self._page(asked, narrowed))
        binding = Binding.of(asked.principal, asked.target, asked.call, asked.permit.version)
        found = await self._filled(asked, replace(narrowed, cursor=self.cursors.open(query.cursor, binding)))
        following = found.page.cursor if await self._goes_on(asked, narrowed, found) else None
        found = replace(found, page=replace(found.page, cursor=self.cursors.seal(following, binding)))
        return await self._with_related(asked, found)

    async def one(self, asked: Asked, query: Query, needed: frozenset[str] = frozenset()) -> Found:
        """Return the one record that *query* targets; RecordNotFound too when nothing of it may be seen.

        *needed* are fact keys beyond those that decide what is seen.
        """
        found = await self._page(asked, query, needed)
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
        if asked.permit.search is None:
            return cursor is not None
        for _ in range(MOST_UPSTREAM_PAGES):
            if cursor is None:
                return False
            page = permitted_only(await asked.target.adapter.read(replace(query, cursor=cursor)), asked.permit)
            if page.records:
                return True
            cursor = page.cursor
        return True

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
        page = permitted_only(await asked.target.adapter.read(query), asked.permit)
        decisive = asked.permit.residual.facts | needed
        return Found(page, await self.facts.about_records(asked.principal, asked.call, page, decisive))


def with_id(call: Call) -> Call:
    """Return *call* selecting the record's id too, without which a released record could not be named."""
    operation = call.operation
    if not isinstance(operation, Query) or not operation.select or ID_PATH in operation.select:
        return call
    return replace(call, operation=replace(operation, select=(ID_PATH, *operation.select)))


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
