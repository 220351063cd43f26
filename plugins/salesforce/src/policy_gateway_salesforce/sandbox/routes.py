"""Which path is which endpoint."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from policy_gateway_salesforce.sandbox import (
    bulk_first,
    bulk_second,
    composite,
    describing,
    many,
    oauth,
    portal,
    queries,
    records,
    searching,
    soap,
)
from policy_gateway_salesforce.sandbox.routing import Route, Routes, route
from policy_gateway_salesforce.sandbox.state import Org
from policy_gateway_salesforce.sandbox.wire import Answer, Asked, Json, not_found
from policy_gateway_salesforce.sandbox.writing import Ambiguous

_VERSIONED: Final = 3
_DATA: Final = "/services/data/*"
_SOBJECT: Final = "/services/data/*/sobjects/*"

_MANY: Final = "/services/data/*/composite/sobjects"
_INGEST: Final = "/services/data/*/jobs/ingest"
_QUERY: Final = "/services/data/*/jobs/query"


def _composite(org: Org, asked: Asked) -> Answer:
    return composite.composite(org, asked, dispatch)


def _batch(org: Org, asked: Asked) -> Answer:
    return composite.batch(org, asked, dispatch)


_ROUTES: Final = Routes(
    (
        route("GET /services/data", portal.versions, free=True),
        route(f"GET {_DATA}", portal.resources),
        route(f"GET {_DATA}/limits", portal.limits),
        route(f"GET {_DATA}/query", queries.query),
        route(f"GET {_DATA}/queryAll", queries.query_all),
        route(f"GET {_DATA}/query/*", queries.query_more),
        route(f"GET {_DATA}/queryAll/*", queries.query_more),
        route(f"GET {_DATA}/recent", records.recent),
        route(f"GET {_DATA}/sobjects", describing.list_objects),
        route(f"GET {_SOBJECT}", records.about),
        route(f"POST {_SOBJECT}", records.create),
        route(f"GET {_SOBJECT}/describe", describing.describe),
        route(f"GET {_SOBJECT}/updated", records.updated),
        route(f"GET {_SOBJECT}/deleted", records.deleted),
        route(f"GET {_SOBJECT}/*", records.get),
        route(f"PATCH {_SOBJECT}/*", records.update),
        route(f"DELETE {_SOBJECT}/*", records.delete),
        route(f"POST {_SOBJECT}/*", records.create_by_id),
        route(f"GET {_SOBJECT}/*/*", records.get_by),
        route(f"PATCH {_SOBJECT}/*/*", records.upsert),
        route(f"DELETE {_SOBJECT}/*/*", records.delete_by),
        route(f"GET {_DATA}/search", searching.search),
        route(f"POST {_DATA}/composite", _composite),
        route(f"POST {_DATA}/composite/batch", _batch),
        route(f"POST {_MANY}", many.create_many),
        route(f"PATCH {_MANY}", many.update_many),
        route(f"DELETE {_MANY}", many.delete_many),
        route(f"GET {_MANY}/*", many.read_many),
        route(f"POST {_MANY}/*", many.read_many),
        route(f"PATCH {_MANY}/*/*", many.upsert_many),
        route(f"POST {_INGEST}", bulk_second.ingest),
        route(f"GET {_INGEST}", bulk_second.listed),
        route(f"GET {_INGEST}/*", bulk_second.info),
        route(f"PATCH {_INGEST}/*", bulk_second.turn),
        route(f"DELETE {_INGEST}/*", bulk_second.delete),
        route(f"PUT {_INGEST}/*/batches", bulk_second.upload),
        route(f"GET {_INGEST}/*/successfulResults", bulk_second.successful),
        route(f"GET {_INGEST}/*/failedResults", bulk_second.failed),
        route(f"GET {_INGEST}/*/unprocessedrecords", bulk_second.unprocessed),
        route(f"POST {_QUERY}", bulk_second.query),
        route(f"GET {_QUERY}", bulk_second.listed),
        route(f"GET {_QUERY}/*", bulk_second.info),
        route(f"PATCH {_QUERY}/*", bulk_second.turn),
        route(f"DELETE {_QUERY}/*", bulk_second.delete),
        route(f"GET {_QUERY}/*/results", bulk_second.results),
        route("POST /services/oauth2/token", oauth.token, free=True),
        route("GET /services/oauth2/revoke", oauth.revoke, free=True),
        route("POST /services/oauth2/revoke", oauth.revoke, free=True),
        route("GET /services/oauth2/userinfo", oauth.userinfo),
        route("POST /services/oauth2/userinfo", oauth.userinfo),
        route("GET /id/*/*", oauth.identity, free=True),
        route("POST /services/Soap/*/*", soap.call, free=True),
        route("POST /services/Soap/*/*/*", soap.call, free=True),
    )
)


def dispatch(org: Org, asked: Asked) -> Answer:
    """Answer *asked*: who may, then what. Raises what the vendor refuses with."""
    if asked.segments[:2] == ("services", "async"):
        return bulk_first.dispatch(org, asked)
    if asked.segments[:2] != ("services", "data") or len(asked.segments) < _VERSIONED:
        return _performed(org, _ROUTES.find(asked), asked)
    if not portal.knows(asked.version):
        raise not_found()
    asked = replace(asked, session=oauth.session_of(org, asked))
    return _performed(org, _ROUTES.find(asked), asked)


def _performed(org: Org, found: Route, asked: Asked) -> Answer:
    if not found.open and asked.session is None:
        asked = replace(asked, session=oauth.session_of(org, asked))
    try:
        return found.endpoint(org, asked)
    except Ambiguous as several:
        where: list[Json] = [f"{asked.root}/sobjects/{several.kind.name}/{each}" for each in several.ids]
        return Answer(300, where)
