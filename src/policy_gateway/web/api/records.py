"""Records: list, search, read, create, change, delete."""

from __future__ import annotations

from policy_gateway.model.field import RecordId
from policy_gateway.query import Change, ChangeKind
from policy_gateway.web.answers import Answer, Headers, list_answer, record_answer
from policy_gateway.web.asking import SearchBody, understood
from policy_gateway.web.exchange import JSON, PATCHES, Exchange
from policy_gateway.web.parsing import includes, list_query, one_query, parameters, require_none
from policy_gateway.web.parsing_json import parsed_object
from policy_gateway.web.ports import Inside
from policy_gateway.web.translating import search_query, values_of
from policy_gateway.wire import written
from policy_gateway.wire.strict_json import Json


async def get(exchange: Exchange, inside: Inside) -> Answer:
    """Answer one record, or 304 when the caller has seen just this."""
    place = exchange.place
    given = parameters(exchange.query_string)
    include = includes(given)
    call = exchange.call(one_query(exchange.resource, place.id, given), include)
    answer = record_answer(await inside.gate.handle(call, exchange.caller), gdpr=bool(include))
    if b"if-none-match" in exchange.headers and exchange.has_seen(dict(answer.headers).get(b"etag", b"")):
        return answer._replace(status=304, body=b"")
    return answer


async def browse(exchange: Exchange, inside: Inside) -> Answer:
    """Answer a page of records."""
    place = exchange.place
    given = parameters(exchange.query_string)
    include = includes(given)

    def nonpersonal(path: str) -> bool:
        return inside.directory.nonpersonal(place.connection, exchange.resource, path)

    call = exchange.call(list_query(exchange.resource, given, nonpersonal), include)
    disclosure = await inside.gate.handle(call, exchange.caller)
    return list_answer(disclosure, gdpr=bool(include), following=_following(exchange))


async def search(exchange: Exchange, inside: Inside) -> Answer:
    """Answer a page of the records that a search finds."""
    body = understood(SearchBody, await read_object(exchange, inside))
    call = exchange.call(search_query(exchange.resource, body), frozenset(body.include))
    disclosure = await inside.gate.handle(call, exchange.caller)
    return list_answer(disclosure, gdpr=bool(body.include))


async def create(exchange: Exchange, inside: Inside) -> Answer:
    """Create a record; answer what the caller may see of it."""
    change = Change(
        ChangeKind.CREATE,
        exchange.resource,
        values=values_of(await read_object(exchange, inside)),
        idempotency_key=exchange.idempotency_key(),
    )
    disclosure = await inside.gate.handle(exchange.call(change), exchange.caller)
    if not disclosure.released.records:
        return Answer(201, written({}), _replayed(replayed=disclosure.replayed), disclosure.version)
    location = exchange.raw_path + b"/" + disclosure.released.records[0].id.encode()
    headers: Headers = ((b"location", location), *_replayed(replayed=disclosure.replayed))
    return record_answer(disclosure, status=201, headers=headers)


async def update(exchange: Exchange, inside: Inside) -> Answer:
    """Change a record (RFC 7396); answer what the caller may see of it then."""
    place = exchange.place
    change = Change(
        ChangeKind.UPDATE,
        exchange.resource,
        RecordId(place.id),
        values=values_of(await read_object(exchange, inside, PATCHES)),
        precondition=exchange.precondition(),
        idempotency_key=exchange.idempotency_key(),
    )
    disclosure = await inside.gate.handle(exchange.call(change), exchange.caller)
    return record_answer(disclosure, headers=_replayed(replayed=disclosure.replayed))


async def delete(exchange: Exchange, inside: Inside) -> Answer:
    """Delete a record; there is nothing to say of it afterwards."""
    require_none(parameters(exchange.query_string))
    place = exchange.place
    change = Change(
        ChangeKind.DELETE,
        exchange.resource,
        RecordId(place.id),
        precondition=exchange.precondition(),
        idempotency_key=exchange.idempotency_key(),
    )
    disclosure = await inside.gate.handle(exchange.call(change), exchange.caller)
    return Answer(204, b"", _replayed(replayed=disclosure.replayed), disclosure.version)


async def read_object(exchange: Exchange, inside: Inside, types: frozenset[str] = JSON) -> dict[str, Json]:
    """Return the JSON object that is the body of a request without query."""
    require_none(parameters(exchange.query_string))
    exchange.require_media_type(types)
    return parsed_object(await exchange.body(inside.rules.body_limit, inside.rules.body_deadline))


def _replayed(*, replayed: bool) -> Headers:
    return ((b"idempotency-replayed", b"true"),) if replayed else ()


def _following(exchange: Exchange) -> bytes:
    """Return the URL of the next page, up to its cursor."""
    kept = [part for part in exchange.query_string.split(b"&") if part and not part.startswith(b"cursor=")]
    return exchange.raw_path + b"?" + b"".join(part + b"&" for part in kept) + b"cursor="
