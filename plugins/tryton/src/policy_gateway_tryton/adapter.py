"""The adapter: the only place that talks to Tryton."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from policy_gateway.errors import (
    ConfigurationError,
    FieldRefused,
    InvalidCall,
    PreconditionFailed,
    RecordNotFound,
    UpstreamInvalid,
)
from policy_gateway.model.field import Catalogue, RecordId, Resource, Value
from policy_gateway.query import And, Change, ChangeKind, Compare, In, Not, Or, Query, Where, paths_of
from policy_gateway.records import ConnectionConfig, Outcome, OutcomeKind, Page, Request, Transport
from policy_gateway_tryton import catalogue, mapping
from policy_gateway_tryton.catalogue import CONTACT, HIGHEST_ID, MODEL, Definition
from policy_gateway_tryton.domains import Domains
from policy_gateway_tryton.rest import Rest, answer
from policy_gateway_tryton.values import Json

MAX_PAGE = 100
_DESCRIBED_FOR = 300.0
_CURSOR = re.compile(r"(?P<kind>[ko]):(?P<place>[0-9]{1,9})", re.ASCII)
_DEFINITIONS: TypeAdapter[dict[str, Definition]] = TypeAdapter(dict[str, Definition])
_KEY = re.compile(r"[\x21-\x7e]{8,512}")


class TrytonOptions(BaseModel):
    """*database* is the name in Tryton's URLs; *region* is where phone numbers without a country code belong."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    database: str = Field(pattern=r"^[A-Za-z0-9_]{1,63}$")
    region: str = Field(default="DE", pattern=r"^[A-Z]{2}$")


class TrytonKind:
    """Opens connections. The secret ``key`` is an application key of type REST, validated in Tryton."""

    name = catalogue.ADAPTER
    options: type[BaseModel] = TrytonOptions

    def connect(self, config: ConnectionConfig, transport: Transport) -> TrytonAdapter:
        """Open a connection. ConfigurationError for options that make no sense, or without a key."""
        try:
            options = TrytonOptions.model_validate(dict(config.options))
        except ValidationError as error:
            places = sorted({str(part) for found in error.errors() for part in found["loc"]})
            raise ConfigurationError(f"options that cannot be used: {', '.join(places)}") from None
        secret = config.secrets.get("key")
        if secret is None or not _KEY.fullmatch(secret.get_secret_value()):
            raise ConfigurationError("the secret `key` must be an application key of Tryton's")
        return TrytonAdapter(transport, options, secret.get_secret_value())


class TrytonAdapter:
    """A connection to one database as one of its users. Tryton's own access rules for that user hold besides ours."""

    def __init__(
        self,
        transport: Transport,
        options: TrytonOptions,
        key: str,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._transport = transport
        self._options = options
        self._rest = Rest(options.database, key)
        self._clock = clock
        self._definitions: Mapping[str, Definition] = {}
        self._described_at = -_DESCRIBED_FOR

    async def catalogue(self) -> Catalogue:
        """Describe parties as Tryton does now; asked again after five minutes."""
        if not self._definitions or self._clock() - self._described_at >= _DESCRIBED_FOR:
            document = await self._ask(self._rest.fields(MODEL))
            try:
                self._definitions = _DEFINITIONS.validate_python(document)
            except ValidationError:
                raise UpstreamInvalid from None
            self._described_at = self._clock()
        return catalogue.catalogue(self._definitions)

    async def read(self, query: Query) -> Page:
        """Return one party, or one page of at most 100."""
        resource = await self._resource(query.resource)
        select = _selected(query, resource)
        names = self._names(resource, select)
        if query.target is not None:
            row = await self._one(query, resource, names)
            return Page(CONTACT, (mapping.record(resource, row, select),))
        rows, cursor = await self._many(query, resource, names)
        return Page(CONTACT, tuple(mapping.record(resource, row, select) for row in rows), cursor)

    async def write(self, change: Change) -> Outcome:
        """Create, update or delete one party.

        Tryton has no conditional writes: *expected* is read and compared just before. What changes in between, some
        milliseconds, is overwritten.
        """
        resource = await self._resource(change.resource)
        self._require_writable(change, resource)
        match change.kind, change.target:
            case ChangeKind.CREATE, None:
                return await self._create(change, resource)
            case ChangeKind.UPDATE, str(target) if change.values:
                return await self._update(change, resource, _number(resource, target))
            case ChangeKind.DELETE, str(target) if not change.values:
                number = _number(resource, target)
                await self._current(change, resource, number)
                await self._ask(self._rest.delete(MODEL, number))
                return Outcome(OutcomeKind.DONE, change.target)
            case _:
                raise InvalidCall("this connection cannot make such a change")

    async def _ask(self, request: Request) -> Json:
        return answer(await self._transport.send(request))

    async def _resource(self, name: str) -> Resource:
        resource = (await self.catalogue()).resources.get(name)
        if resource is None:
            raise InvalidCall("this connection has no such resource")
        return resource

    def _names(self, resource: Resource, paths: Iterable[str]) -> tuple[str, ...]:
        """Return what to ask for *paths*. A name that Tryton does not know would cost the whole answer."""
        names = (name for path in paths for name in catalogue.asked(resource.fields[path]))
        return tuple(name for name in names if catalogue.root(name) in self._definitions)

    async def _one(self, query: Query, resource: Resource, names: Iterable[str]) -> Json:
        if query.order or query.cursor is not None:
            raise InvalidCall("one record is neither sorted nor paged")
        number = _number(resource, query.target or RecordId(""))
        if query.where is not None:
            domain: list[Json] = [["id", "=", number], Domains(resource, self._options.region).write(query.where)]
            if await self._search(domain, [], 0, 1) != [number]:
                raise RecordNotFound
        return _same(await self._ask(self._rest.get(MODEL, number, names)), number)

    async def _many(self, query: Query, resource: Resource, names: Iterable[str]) -> tuple[Sequence[Json], str | None]:
        limit = MAX_PAGE if query.limit is None else min(query.limit, MAX_PAGE)
        if limit < 1:
            raise InvalidCall("a page holds at least one record")
        order = [*self._order(query, resource), ["id", "ASC"]]
        offset, domain = _place(query)
        domain = [*domain, Domains(resource, self._options.region).write(query.where)]
        rows: list[Json]
        if _impersonal(query.where) and not query.order:
            rows = _rows(await self._ask(self._rest.page(MODEL, names, domain, limit + 1)))
        else:
            rows = await self._fetched(await self._search(domain, order, offset, limit + 1), names)
        if len(rows) <= limit:
            return rows, None
        last = mapping.record(resource, rows[limit - 1], ()).id
        return rows[:limit], f"o:{offset + limit}" if query.order else f"k:{last}"

    async def _search(self, domain: Sequence[Json], order: Sequence[Json], offset: int, limit: int) -> list[int]:
        found = await self._ask(self._rest.search(MODEL, domain, order, offset, limit))
        numbers = [number for number in _rows(found) if isinstance(number, int) and not isinstance(number, bool)]
        if len(numbers) < len(_rows(found)):
            raise UpstreamInvalid
        return numbers

    async def _fetched(self, numbers: Sequence[int], names: Iterable[str]) -> list[Json]:
        """Return the records with *numbers* in their order; one that is gone since is left out."""
        if not numbers:
            return []
        found = await self._ask(self._rest.page(MODEL, names, [["id", "in", [*numbers]]], len(numbers)))
        rows = {row.get("id"): row for row in _rows(found) if isinstance(row, dict)}
        if len(rows) < len(_rows(found)) or not rows.keys() <= set(numbers):
            raise UpstreamInvalid
        return [rows[number] for number in numbers if number in rows]

    def _order(self, query: Query, resource: Resource) -> list[Json]:
        clauses: list[Json] = []
        for order in query.order:
            if order.path not in resource.fields:
                raise FieldRefused
            definition = self._definitions.get(resource.fields[order.path].native)
            if definition is None or not definition.sortable:
                raise InvalidCall("this connection cannot sort by such a field")
            clauses.append([resource.fields[order.path].native, "DESC" if order.descending else "ASC"])
        return clauses

    def _require_writable(self, change: Change, resource: Resource) -> None:
        for path in (*change.values, *change.expected):
            if path not in resource.fields:
                raise FieldRefused
        for path in change.values:
            field = resource.fields[path]
            if not field.writable or catalogue.root(field.native) not in self._definitions:
                raise InvalidCall("such a field cannot be written")

    async def _create(self, change: Change, resource: Resource) -> Outcome:
        row = mapping.payload(
            resource, change.values, await self._references(change, resource), None, self._options.region
        )
        created = await self._ask(self._rest.create(MODEL, row))
        return Outcome(OutcomeKind.DONE, None if created is None else mapping.record(resource, created, ()).id)

    async def _update(self, change: Change, resource: Resource, number: int) -> Outcome:
        current = await self._current(change, resource, number)
        ids = await self._references(change, resource)
        row = mapping.payload(resource, change.values, ids, current, self._options.region)
        updated = await self._ask(self._rest.update(MODEL, number, row))
        if updated is not None:
            _same(updated, number)
        return Outcome(OutcomeKind.DONE, change.target)

    async def _current(self, change: Change, resource: Resource, number: int) -> dict[str, Json]:
        """Return the party as it is, as far as the change needs. PreconditionFailed when it is not as expected."""
        names = (*self._names(resource, change.expected), *sorted(mapping.needed(resource, change.values)))
        row = _same(await self._ask(self._rest.get(MODEL, number, names)), number)
        now: Mapping[str, Value] = mapping.record(resource, row, change.expected).values
        if any(now.get(path) != value for path, value in change.expected.items()):
            raise PreconditionFailed
        return row

    async def _references(self, change: Change, resource: Resource) -> dict[tuple[str, str], int]:
        """Return the ids of the languages and countries that *change* names. InvalidCall when Tryton has none."""
        ids: dict[tuple[str, str], int] = {}
        for model, code in mapping.references(resource, change.values):
            domain: list[Json] = [["code", "=", code]]
            match await self._ask(self._rest.page(model, ("code",), domain, 2)):
                case [{"id": int(number), "code": found}] if found == code:
                    ids[model, code] = number
                case []:
                    raise InvalidCall("the CRM does not know such a language or country")
                case _:
                    raise UpstreamInvalid
        return ids


def _selected(query: Query, resource: Resource) -> tuple[str, ...]:
    """Return the paths of *query*, having refused what Tryton cannot do."""
    if query.group or query.having or query.history or query.associations:
        raise InvalidCall("this connection carries neither groups, history nor associations")
    paths = tuple(path for path in query.select if isinstance(path, str))
    if len(paths) != len(query.select):
        raise InvalidCall("this connection selects plain fields only")
    if not {*paths, *paths_of(query.where)} <= resource.fields.keys():
        raise FieldRefused
    return paths


def _number(resource: Resource, record_id: str) -> int:
    if not re.fullmatch(resource.id_pattern, record_id, re.ASCII) or int(record_id) > HIGHEST_ID:
        raise RecordNotFound
    return int(record_id)


def _place(query: Query) -> tuple[int, list[Json]]:
    """Return how many records to pass over, or after which id to begin: by id nothing is skipped or repeated."""
    if query.cursor is None:
        return 0, []
    place = _CURSOR.fullmatch(query.cursor)
    if place is None or (place["kind"] == "o") is not bool(query.order):
        raise InvalidCall("the cursor is not one of this connection")
    number = int(place["place"])
    return (number, []) if query.order else (0, [["id", ">", number]])


def _impersonal(where: Where | None) -> bool:
    """Tell whether *where* looks at ids only, and so may stand in a URL."""
    match where:
        case None | Compare(path="id") | In(path="id", values=tuple()):
            return True
        case And(items) | Or(items):
            return all(_impersonal(item) for item in items)
        case Not(item):
            return _impersonal(item)
        case _:
            return False


def _rows(document: Json) -> list[Json]:
    if not isinstance(document, list):
        raise UpstreamInvalid
    return document


def _same(row: Json, number: int) -> dict[str, Json]:
    """Return *row* when it is the record with *number*; an answer about another one is not one."""
    if not isinstance(row, dict) or row.get("id") != number or isinstance(row.get("id"), bool):
        raise UpstreamInvalid
    return row
