"""A connection to one HubSpot portal: all that the plugin does of I/O, through the transport that it is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final, cast

import orjson
from pydantic import BaseModel, ValidationError

from policy_gateway.errors import (
    ConfigurationError,
    ConnectionNotFound,
    FieldRefused,
    InvalidCall,
    PreconditionFailed,
    RecordNotFound,
    UpstreamInvalid,
)
from policy_gateway.model.field import ID_PATH, Catalogue, RecordId, Resource
from policy_gateway.query import ENDING, And, Change, ChangeKind, Compare, In, Op, Query, Selected, paths_of
from policy_gateway.records import ConnectionConfig, Outcome, OutcomeKind, Page, Record, Request, Response, Transport
from policy_gateway_hubspot import catalogue, matching, owners
from policy_gateway_hubspot.answers import content, content_of_one, done, only_missing, page
from policy_gateway_hubspot.asking import search_body, sort_of, way_of
from policy_gateway_hubspot.catalogue import ADAPTER, NATIVE_PREFIX, HubSpotOptions
from policy_gateway_hubspot.filtering import EVERYTHING, Search, search
from policy_gateway_hubspot.mapping import ID, Plan, properties
from policy_gateway_hubspot.paging import MAX_LIST, MAX_SEARCH, Way, place, size

_OBJECTS: Final = "/crm/v3/objects"
_PROPERTIES: Final = "/crm/v3/properties"
_MOST_PLANS: Final = 512


class HubSpotKind:
    """Opens connections to HubSpot with a private app's token, the secret ``token``."""

    name = ADAPTER
    options: type[BaseModel] = HubSpotOptions

    def connect(self, config: ConnectionConfig, transport: Transport) -> HubSpotAdapter:
        """Open a connection. ConfigurationError without a token, or with options that make no sense."""
        try:
            options = HubSpotOptions.model_validate(dict(config.options))
        except ValidationError as error:
            places = sorted({str(part) for found in error.errors() for part in found["loc"]})
            raise ConfigurationError(f"options that cannot be used: {', '.join(places)}") from None
        secret = config.secrets.get("token")
        token = secret.get_secret_value() if secret else ""
        if not token or not token.isascii() or not token.isprintable() or " " in token:
            raise ConfigurationError("a HubSpot connection needs the secret `token`: a private app's access token")
        return HubSpotAdapter(transport, token, options)


class HubSpotAdapter:
    """One portal. What it knows of properties is what :meth:`catalogue` found last; until then, the mapped fields.

    *limits* holds HubSpot's ``X-HubSpot-RateLimit-…`` headers as they came with the last answer.
    """

    def __init__(self, transport: Transport, token: str, options: HubSpotOptions) -> None:
        self._transport = transport
        self._options = options
        self._headers = {"authorization": f"Bearer {token}", "accept": "application/json"}
        self._sending = {**self._headers, "content-type": "application/json"}
        self._resources: Mapping[str, Resource] = {**catalogue.mapped(options), owners.OWNER: owners.RESOURCE}
        self._plans: dict[tuple[str, tuple[Selected, ...]], tuple[Resource, Plan]] = {}
        self._described = False
        self._last: Mapping[str, str] = {}

    @property
    def limits(self) -> Mapping[str, str]:
        """Return the headers about HubSpot's limits that came last, by their lower-case names."""
        return {name: value for name, value in self._last.items() if name.startswith("x-hubspot-ratelimit-")}

    async def catalogue(self) -> Catalogue:
        """Describe contacts and companies by HubSpot's properties API, and owners."""
        found: dict[str, Resource] = {}
        for name, resource in catalogue.mapped(self._options).items():
            answer = content(await self._get(f"{_PROPERTIES}/{resource.plural}"), 200)
            results = answer.get("results") if isinstance(answer, dict) else None
            found[name] = catalogue.completed(resource, catalogue.described(results))
        found[owners.OWNER] = owners.RESOURCE
        self._resources, self._described = found, True
        self._plans.clear()
        return catalogue.catalogue(found.values())

    async def read(self, query: Query) -> Page:
        """Return one record, or one page of at most 200."""
        if query.group or query.having is not None or query.history or query.associations:
            raise InvalidCall("HubSpot's search knows neither groups, history nor associations")
        page = await self._read(query)
        return replace(page, limits=self.limits)

    async def _read(self, query: Query) -> Page:
        if query.resource == owners.OWNER:
            return await self._owners(query)
        resource, plan = await self._prepared(query)
        if query.target is not None:
            return Page(resource.name, (await self._one(query, query.target, resource, plan),))
        if query.where is None and not query.order:
            return await self._list(query, resource, plan)
        return await self._found(query, resource, plan)

    async def write(self, change: Change) -> Outcome:
        """Create, update, archive or erase one record; upserts and merges are not carried.

        HubSpot knows no conditional writes: what is expected is compared right before the write, and a change by
        somebody else in these milliseconds is not seen.
        """
        outcome = await self._written(change)
        return replace(outcome, limits=self.limits)

    async def _written(self, change: Change) -> Outcome:
        if change.resource == owners.OWNER:
            raise InvalidCall("owners are kept in HubSpot alone")
        resource = await self._known(change.resource, (*change.values, *change.expected))
        body = properties(resource, change.values)
        match change.kind, change.target:
            case ChangeKind.CREATE, None:
                return await self._create(resource, change, body)
            case ChangeKind.UPDATE, str(target) if body:
                path = _path(resource, target)
                await self._unchanged(resource, change, RecordId(target))
                answer = await self._send("PATCH", path, {"properties": body})
                return self._told(resource, change, content_of_one(answer, 200, natives=_natives(resource, change)))
            case ChangeKind.DELETE, str(target) if not body:
                path = _path(resource, target)
                await self._unchanged(resource, change, RecordId(target))
                answer = await self._sent(Request("DELETE", path, headers=self._headers))
                if answer.status != 204:  # noqa: PLR2004 -- No Content
                    content_of_one(answer)
                return Outcome(OutcomeKind.DONE, RecordId(target))
            case ChangeKind.ERASE, str(target) if not body and resource.name == "contact":
                _path(resource, target)
                await self._unchanged(resource, change, RecordId(target))
                return await self._erased(resource, RecordId(target))
            case _:
                raise InvalidCall("HubSpot carries creating, updating, deleting and (contacts only) erasing one record")

    async def _owners(self, query: Query) -> Page:
        asked = owners.asked(query)
        answer = await self._get(asked.path, asked.parameters)
        if not asked.key:
            return owners.page(content(answer, 200), query, asked.limit)
        if query.target is None and answer.status == 404:  # noqa: PLR2004 -- Not Found
            return Page(owners.OWNER)
        found = owners.record(content_of_one(answer, 200), query.select)
        if query.target not in {None, found.id}:
            raise UpstreamInvalid
        return Page(owners.OWNER, (found,))

    async def _prepared(self, query: Query) -> tuple[Resource, Plan]:
        """Return the resource that *query* reads, and how; what was prepared before is not checked again."""
        try:
            return self._plans[query.resource, query.select]
        except (KeyError, TypeError):  # a Typeof has no hash
            paths = tuple(path for path in query.select if isinstance(path, str))
        if len(paths) < len(query.select):
            raise InvalidCall("HubSpot's search selects plain fields only")
        resource = await self._known(query.resource, paths)
        return resource, self._planned(resource, paths)

    async def _one(self, query: Query, target: RecordId, resource: Resource, plan: Plan) -> Record:
        path = _path(resource, target)
        if query.order or query.cursor:
            raise InvalidCall("one record has no order and no pages")
        if query.where is not None:
            where = And((Compare(ID_PATH, Op.EQ, target), query.where))
            found = await self._search(Query(query.resource, query.select, where, limit=1), resource, plan)
            if [record.id for record in found.records] != [target]:
                raise RecordNotFound
            return found.records[0]
        answer = content_of_one(await self._get(path, plan.query), 200)
        record = plan.record(answer)
        if record.id != target:
            raise UpstreamInvalid
        return record

    async def _list(self, query: Query, resource: Resource, plan: Plan) -> Page:
        at, limit = place(Way.LIST, query.cursor), size(query.limit, MAX_LIST)
        parameters = [("limit", str(limit)), *plan.query]
        if at.at:
            parameters.append(("after", at.at))
        answer = content(await self._get(f"{_OBJECTS}/{resource.plural}", parameters), 200)
        records, after = page(answer, plan, limit)
        return Page(resource.name, records, at.next(after) if after else None)

    async def _found(self, query: Query, resource: Resource, plan: Plan) -> Page:
        match query.where:
            case In(path="id", values=tuple(values)) if values and not query.order:
                return await self._by_ids(query, resource, plan, values)
            case _:
                return await self._search(query, resource, plan)

    async def _by_ids(self, query: Query, resource: Resource, plan: Plan, values: Sequence[object]) -> Page:
        """Read given records in one batch, in the order given: exact at once, where search lags behind changes."""
        ids = list(dict.fromkeys(value for value in values if isinstance(value, str) and ID.fullmatch(value)))
        if len(ids) != len(set(values)):
            raise InvalidCall("an id of HubSpot has digits only")
        at, limit = place(Way.IDS, query.cursor), size(query.limit, MAX_LIST)
        asked = ids[at.number() : at.number() + limit]
        if not asked:
            return Page(resource.name)
        body = {"inputs": [{"id": each} for each in asked], "properties": plan.names}
        answer = content(await self._send("POST", f"{_OBJECTS}/{resource.plural}/batch/read", body), 200, 207)
        records, _ = page(answer, plan, len(asked))
        by_id = {record.id: record for record in records}
        if not set(by_id) <= set(asked) or not only_missing(answer):
            raise UpstreamInvalid
        found = tuple(by_id[RecordId(each)] for each in asked if each in by_id)
        end = at.number() + len(asked)
        return Page(resource.name, found, at.next(str(end)) if end < len(ids) else None)

    async def _search(self, query: Query, resource: Resource, plan: Plan) -> Page:
        where = query.where or And(())
        resource = await self._known(query.resource, tuple(paths_of(where)))
        meant = search(where, resource, self._options.region)
        if not meant.groups:
            return Page(resource.name)
        if meant.exact:
            return await self._searched(query, resource, plan, meant)
        selected = cast("tuple[str, ...]", query.select)
        wide = self._planned(resource, tuple(dict.fromkeys((*selected, *sorted(paths_of(meant.rest))))))
        wider = await self._searched(query, resource, wide, meant)
        region = self._options.region
        found = [record for record in wider.records if matching.holds(meant.rest, record.values, resource, region)]
        return Page(resource.name, tuple(_only(record, selected) for record in found), wider.cursor)

    async def _searched(self, query: Query, resource: Resource, plan: Plan, meant: Search) -> Page:
        """Return one page of a search. Without an order of its own it goes by id, which has no end at 10,000."""
        if not query.order and meant.groups == EVERYTHING and not meant.term:
            return await self._list(query, resource, plan)
        at, limit = place(way_of(meant.groups, query.order), query.cursor), size(query.limit, MAX_SEARCH)
        body = search_body(meant, plan.names, sort_of(resource, query.order), at, limit)
        answer = content(await self._send("POST", f"{_OBJECTS}/{resource.plural}/search", body), 200)
        records, after = page(answer, plan, limit)
        if not after or not records:
            return Page(resource.name, records)
        return Page(resource.name, records, at.next(records[-1].id if at.way is Way.KEYSET else after))

    async def _create(self, resource: Resource, change: Change, body: Mapping[str, str]) -> Outcome:
        if change.expected:
            raise InvalidCall("a record that does not exist has no state to expect")
        given = {name: value for name, value in body.items() if value}
        answer = await self._send("POST", f"{_OBJECTS}/{resource.plural}", {"properties": given})
        return self._told(resource, change, content(answer, 201, natives=_natives(resource, change)))

    def _told(self, resource: Resource, change: Change, answer: object) -> Outcome:
        """Return that *change* was applied, and what HubSpot says of the record then: what was written, mostly."""
        outcome = done(answer, change.target)
        paths = tuple(path for path in change.select if path in resource.fields)
        if not paths:
            return outcome
        try:
            return replace(outcome, record=self._planned(resource, paths).record(answer))
        except UpstreamInvalid:
            return outcome  # it was applied all the same: the record is still to be read

    async def _erased(self, resource: Resource, target: RecordId) -> Outcome:
        """Have HubSpot forget a contact for good, its archive and its history included."""
        answer = await self._send("POST", f"{_OBJECTS}/{resource.plural}/gdpr-delete", {"objectId": target})
        if answer.status != 204:  # noqa: PLR2004 -- No Content
            content_of_one(answer)
        return Outcome(OutcomeKind.DONE, target)

    async def _unchanged(self, resource: Resource, change: Change, target: RecordId) -> None:
        """Read what the decision was made on, and compare.

        HubSpot archives what does not exist without a word, which must not look like a deletion: what nobody has seen
        is looked for.
        """
        if not change.expected and (change.seen or change.kind not in ENDING):
            return
        plan = self._planned(resource, tuple(change.expected))
        record = plan.record(content_of_one(await self._get(_path(resource, target), plan.query), 200))
        if record.id != target:
            raise UpstreamInvalid
        if any(path not in record.values or record.values[path] != value for path, value in change.expected.items()):
            raise PreconditionFailed

    async def _known(self, name: str, paths: Sequence[str]) -> Resource:
        """Return the resource *name*, having asked HubSpot for its properties when *paths* hold a native one."""
        if name not in self._resources:
            raise ConnectionNotFound
        resource = self._resources[name]
        if not self._described and any(
            path.startswith(NATIVE_PREFIX) and path not in resource.fields for path in paths
        ):
            await self.catalogue()
            resource = self._resources[name]
        if any(path not in resource.fields for path in paths):
            raise FieldRefused
        return resource

    def _planned(self, resource: Resource, paths: tuple[str, ...]) -> Plan:
        found = self._plans.get((resource.name, paths))
        if found is not None:
            return found[1]
        if len(self._plans) >= _MOST_PLANS:
            self._plans.clear()
        plan = Plan(resource, paths)
        self._plans[resource.name, paths] = resource, plan
        return plan

    async def _get(self, path: str, query: Sequence[tuple[str, str]] = ()) -> Response:
        return await self._sent(Request("GET", path, query, self._headers))

    async def _send(self, method: str, path: str, body: Mapping[str, object]) -> Response:
        return await self._sent(Request(method, path, headers=self._sending, body=orjson.dumps(body)))

    async def _sent(self, request: Request) -> Response:
        response = await self._transport.send(request)
        self._last = response.headers
        return response


def _path(resource: Resource, target: str) -> str:
    if ID.fullmatch(target) is None:
        raise InvalidCall("an id of HubSpot has digits only")
    return f"{_OBJECTS}/{resource.plural}/{target}"


def _natives(resource: Resource, change: Change) -> dict[str, str]:
    return {resource.fields[path].native: path for path in change.values}


def _only(record: Record, paths: tuple[str, ...]) -> Record:
    """Return *record* without what was read to look at it only."""
    return Record(record.id, {path: record.values[path] for path in paths if path in record.values})
