"""A connection to one Salesforce org: all that the plugin does of I/O, through the transport that it is given."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final, TypeVar

from pydantic import BaseModel, ValidationError

from policy_gateway.errors import (
    ConfigurationError,
    ConnectionNotFound,
    FieldRefused,
    InvalidCall,
    PreconditionFailed,
    RecordNotFound,
    UpstreamInvalid,
    UpstreamRefused,
)
from policy_gateway.model.field import Catalogue, RecordId, Resource
from policy_gateway.query import Change, ChangeKind, Query
from policy_gateway.records import (
    ConnectionConfig,
    Outcome,
    OutcomeKind,
    Page,
    Record,
    Response,
    Transport,
)
from policy_gateway_salesforce.answers import content, content_of_one, created, limits
from policy_gateway_salesforce.catalogue import ADAPTER, known
from policy_gateway_salesforce.describing import DescribedObject, described, org
from policy_gateway_salesforce.ids import canonical
from policy_gateway_salesforce.lines import Line
from policy_gateway_salesforce.logins import Clock, Login, grant, presentable
from policy_gateway_salesforce.mapping import body
from policy_gateway_salesforce.options import SalesforceOptions
from policy_gateway_salesforce.paging import MAX_OFFSET, Place, Way, moved, place, size
from policy_gateway_salesforce.selecting import Selection, Understanding, results

T = TypeVar("T")

MOST_PAGES: Final = 10
"""How many more pages of what hangs on one record are fetched before that is too much."""

_LONGEST_LIST: Final = 4000
_NO_CONTENT: Final = 204
_NOT_FOUND: Final = 404


def _now() -> datetime:
    return datetime.now(UTC)


class SalesforceKind:
    """Opens connections to Salesforce.

    The secrets say how it logs in: ``private_key`` (JWT bearer, with the options *client_id* and *username*),
    ``refresh_token``, or ``client_secret`` (client credentials), each with *client_id*; ``token`` is an access token
    that is used as long as it is good.
    """

    name = ADAPTER
    options: type[BaseModel] = SalesforceOptions

    def __init__(self, clock: Clock = _now) -> None:
        self._clock = clock

    def connect(self, config: ConnectionConfig, transport: Transport) -> SalesforceAdapter:
        """Open a connection. ConfigurationError without a way to log in, or with options that make no sense."""
        try:
            options = SalesforceOptions.model_validate(dict(config.options))
        except ValidationError as error:
            places = sorted({str(part) for found in error.errors() for part in found["loc"]})
            raise ConfigurationError(f"options that cannot be used: {', '.join(places)}") from None
        for resource in known(options).resources.values():
            natives = [field.native for field in resource.fields.values()]
            if len(set(natives)) < len(natives):
                raise ConfigurationError("two options name the same field of the org")
        secret = config.secrets.get("token")
        token = secret.get_secret_value() if secret else ""
        way = grant(options, config.secrets, self._clock)
        if (token and not presentable(token)) or not (token or way):
            raise ConfigurationError(
                "a Salesforce connection needs a secret: `private_key`, `refresh_token`, `client_secret` or `token`"
            )
        login = Login(transport, way, path=options.token_path, base_url=config.base_url, token=token)
        return SalesforceAdapter(Line(transport, login, options.api_version), options)


class SalesforceAdapter:
    """One org. What it knows of fields is what :meth:`catalogue` found last; until then, the mapped ones."""

    def __init__(self, line: Line, options: SalesforceOptions) -> None:
        self._line = line
        self._options = options
        self._knows = Understanding(known(options), options.region)

    async def catalogue(self) -> Catalogue:
        """Describe the objects of the options; what the org does not have, or does not show, is left out."""
        found = await asyncio.gather(*(self._object(name) for name in dict.fromkeys(self._options.objects)))
        objects = [each for each in found if each is not None]
        if not objects:
            raise UpstreamRefused("Salesforce shows none of the connection's objects")
        self._knows = Understanding(org(objects, known(self._options).resources), self._options.region)
        return self._knows.org.catalogue()

    async def read(self, query: Query) -> Page:
        """Return one record, or one page of at most 2,000."""
        limit = size(query.limit)
        selection = await self._understood(lambda knows: knows.selection(query))
        if query.target is not None:
            return await self._one(query, query.target, selection)
        start = place(query.cursor, ordered=bool(query.order), limit=limit)
        if selection.soql.condition is False:
            return Page(selection.resource.name)
        return await self._page(selection, start, limit)

    async def write(self, change: Change) -> Outcome:
        """Create, update or delete one record; upserts and merges are not carried.

        What is expected is compared right before the write: Salesforce has conditions only on the time of the last
        change, in seconds. A change by somebody else in these milliseconds is not seen.
        """
        paths = (*change.values, *change.expected)
        resource = await self._understood(lambda knows: _resource(knows, change.resource, paths))
        told = body(resource, change.values)
        natives = {resource.fields[path].native: path for path in change.values}
        match change.kind, change.target:
            case ChangeKind.CREATE, None if not change.expected:
                given = {name: value for name, value in told.items() if value is not None}
                response = await self._line.send("POST", f"/sobjects/{resource.native}", given)
                return created(content(response, natives), limits(response))
            case ChangeKind.UPDATE, str(target) if told:
                path = _path(resource, target)
                await self._unchanged(change, target)
                return _applied(await self._line.send("PATCH", path, told), target, natives)
            case ChangeKind.DELETE, str(target) if not told:
                path = _path(resource, target)
                await self._unchanged(change, target)
                return _applied(await self._line.send("DELETE", path), target, natives)
            case _:
                raise InvalidCall("a connection to Salesforce carries creating, updating and deleting one record")

    async def aclose(self) -> None:
        """Let go of what is under way."""
        await self._line.aclose()

    async def _object(self, name: str) -> DescribedObject | None:
        response = await self._line.get(f"/sobjects/{name}/describe")
        if response.status == _NOT_FOUND:
            return None
        found = described(content(response))
        if found.name != name:
            raise UpstreamInvalid("Salesforce described another object than was asked for")
        return found

    async def _understood(self, understand: Callable[[Understanding], T]) -> T:
        """Understand a call by what is known, and once more by what the org says now when it has not been asked."""
        try:
            return understand(self._knows)
        except (FieldRefused, ConnectionNotFound):
            if self._knows.org.described:
                raise
        _ = await self.catalogue()
        return understand(self._knows)

    async def _one(self, query: Query, target: RecordId, selection: Selection) -> Page:
        path = _path(selection.resource, target)
        if query.order or query.cursor:
            raise InvalidCall("one record has no order and no pages")
        names = ",".join(selection.plan.names)
        if query.where is None and selection.plan.plain and not selection.children and len(names) <= _LONGEST_LIST:
            response = await self._line.get(path, (("fields", names),))
            found = await self._records(selection, [content_of_one(response)])
        elif selection.soql.condition is False:
            raise RecordNotFound
        else:
            soql = replace(selection.soql.of(target), order=(), limit=1)
            response = await self._line.query(str(soql))
            items, _ = results(content(response))
            found = await self._records(selection, items)
        if not found:
            raise RecordNotFound
        if [record.id for record in found] != [target]:
            raise UpstreamInvalid
        return Page(selection.resource.name, found, limits=limits(response))

    async def _page(self, selection: Selection, start: Place, limit: int) -> Page:
        response = await self._asked(selection, start, limit)
        items, following = results(content(response))
        if len(items) > limit and start.way is not Way.LOCATOR:
            raise UpstreamInvalid("Salesforce gave more records than were asked for")
        records = await self._records(selection, items[:limit])
        cursor = _next(start, items, following, limit)
        return Page(selection.resource.name, records, cursor, limits(response))

    async def _asked(self, selection: Selection, start: Place, limit: int) -> Response:
        soql = selection.soql
        match start.way:
            case Way.KEYSET:
                return await self._line.query(str(replace(soql.after(start.at) if start.at else soql, limit=limit)))
            case Way.OFFSET:
                offset = int(start.at or "0")
                if offset > MAX_OFFSET:
                    raise InvalidCall(
                        f"short pages of a sorted list end after {MAX_OFFSET} records: narrow the filter, or ask for "
                        "200 or more at once"
                    )
                return await self._line.query(str(replace(soql, limit=limit, offset=offset)))
            case Way.LOCATOR:
                return await (self._line.more(start.at, limit) if start.at else self._line.query(str(soql), limit))

    async def _records(self, selection: Selection, items: Sequence[object]) -> tuple[Record, ...]:
        if not selection.children:
            return tuple([record for item in items if (record := selection.record(item)) is not None])
        found: list[Record] = []
        for item in items:
            record = selection.record(item)
            if record is not None and isinstance(item, dict):
                found.append(Record(record.id, record.values, await self._children(selection, item)))
        return tuple(found)

    async def _children(self, selection: Selection, item: Mapping[str, object]) -> Mapping[str, Page]:
        pages: dict[str, Page] = {}
        for relation, child in selection.children:
            if relation.native not in item:
                raise UpstreamInvalid
            told = item[relation.native]
            items = [] if told is None else await self._all(told)
            if child.limit is not None and len(items) > child.limit:
                raise UpstreamInvalid("Salesforce gave more records than were asked for")
            pages[relation.name] = Page(child.resource.name, await self._records(child, items))
        return pages

    async def _all(self, told: object) -> list[object]:
        """Return all that hangs on one record: long lists come in several pages."""
        items, following = results(told)
        found = list(items)
        for _ in range(MOST_PAGES):
            if not following:
                return found
            items, following = results(content(await self._line.more(following)))
            found += items
        if following:
            raise InvalidCall("too much hangs on one record: read it by itself, or limit it")
        return found

    async def _unchanged(self, change: Change, target: str) -> None:
        """Read what the decision was made on, and compare."""
        if not change.expected:
            return
        query = Query(change.resource, tuple(change.expected), target=RecordId(target))
        [record] = (await self.read(query)).records
        if any(path not in record.values or record.values[path] != value for path, value in change.expected.items()):
            raise PreconditionFailed


def _resource(knows: Understanding, name: str, paths: Sequence[str]) -> Resource:
    """Return the resource *name*. FieldRefused when one of *paths* is none of its own."""
    found = knows.org.resources.get(name)
    if found is None:
        raise ConnectionNotFound
    if any(path.partition("/")[0] not in found.fields for path in paths):
        raise FieldRefused
    return found


def _path(resource: Resource, target: str) -> str:
    if re.fullmatch(resource.id_pattern, target) is None or canonical(target) != target:
        raise InvalidCall("the id is not one of this resource: it has 18 characters, the last of which are a checksum")
    return f"/sobjects/{resource.native}/{target}"


def _applied(response: Response, target: str, natives: Mapping[str, str]) -> Outcome:
    """Return that a write was applied, of which the vendor says nothing more."""
    if response.status == _NO_CONTENT and not response.body:
        return Outcome(OutcomeKind.DONE, RecordId(target), limits(response))
    _ = content_of_one(response, natives)
    raise UpstreamInvalid


def _next(start: Place, items: Sequence[object], following: str, limit: int) -> str | None:
    """Return the cursor to what comes after *items*; a full page may be the last one, which the next one tells."""
    if start.way is Way.LOCATOR:
        return _after_long(start.at or following, items, following, limit, first=not start.at)
    if not items or (len(items) < limit and not following):
        return None
    if start.way is Way.OFFSET:
        return Place(Way.OFFSET, str(int(start.at or "0") + len(items))).cursor()
    match items[-1]:
        case {"Id": str(last)}:
            return Place(Way.KEYSET, last).cursor()
        case _:
            raise UpstreamInvalid


def _after_long(at: str, items: Sequence[object], following: str, limit: int, *, first: bool) -> str | None:
    """Return the cursor to what comes after the first *limit* of *items*, of which the vendor may have given more."""
    if len(items) <= limit:
        return Place(Way.LOCATOR, following).cursor() if following else None
    if not at:
        # All of it came at once, so that there is no locator, and it is short enough for an offset.
        return Place(Way.OFFSET, str(limit)).cursor()
    return Place(Way.LOCATOR, moved(at, limit - len(items) if first else limit)).cursor()
