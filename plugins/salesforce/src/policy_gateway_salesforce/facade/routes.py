"""Which path is which endpoint of the REST API; whatever is not here is answered as if there were no such thing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from policy_gateway.ports import Sessions
from policy_gateway.wire import Routes
from policy_gateway_salesforce.facade.exchange.answers import Answer
from policy_gateway_salesforce.facade.exchange.asked import Asked
from policy_gateway_salesforce.facade.exchange.turn import Turn
from policy_gateway_salesforce.facade.org import describing
from policy_gateway_salesforce.facade.org.portal import Quotas, resources
from policy_gateway_salesforce.facade.queries import searching
from policy_gateway_salesforce.facade.queries.pages import Queries
from policy_gateway_salesforce.facade.records import collections, objects, updates
from policy_gateway_salesforce.facade.records.parts import Dispatch, Parts

Endpoint = Callable[[Asked, Turn], Awaitable[Answer]]

_DATA: Final = "/services/data/{version}"
_OBJECT: Final = f"{_DATA}/sobjects/{{object}}"
_MANY: Final = f"{_DATA}/composite/sobjects"


def routes(sessions: Sessions, quotas: Quotas, dispatch: Dispatch) -> Routes[Endpoint]:
    """Return the table of the REST API's endpoints, bulk jobs aside; *dispatch* answers parts of a composite."""
    queries, parts = Queries(sessions), Parts(dispatch)
    return Routes(
        [
            ("GET", _DATA, resources),
            ("GET", f"{_DATA}/limits", quotas.limits),
            ("GET", f"{_DATA}/query", queries.query),
            ("GET", f"{_DATA}/query/{{locator}}", queries.more),
            ("GET", f"{_DATA}/queryAll", queries.query),
            ("GET", f"{_DATA}/queryAll/{{locator}}", queries.more),
            ("GET", f"{_DATA}/search", searching.search),
            ("GET", f"{_DATA}/sobjects", describing.everything),
            ("GET", _OBJECT, describing.about),
            ("POST", _OBJECT, objects.create),
            ("GET", f"{_OBJECT}/describe", describing.describe),
            ("GET", f"{_OBJECT}/updated", updates.updated),
            ("GET", f"{_OBJECT}/deleted", updates.deleted),
            ("GET", f"{_OBJECT}/{{id}}", objects.one),
            ("PATCH", f"{_OBJECT}/{{id}}", objects.update),
            ("DELETE", f"{_OBJECT}/{{id}}", objects.delete),
            ("GET", f"{_OBJECT}/{{key}}/{{value}}", objects.one_by_key),
            ("PATCH", f"{_OBJECT}/{{key}}/{{value}}", objects.upsert),
            ("DELETE", f"{_OBJECT}/{{key}}/{{value}}", objects.delete_by_key),
            ("POST", f"{_DATA}/composite", parts.composite),
            ("POST", f"{_DATA}/composite/batch", parts.batch),
            ("POST", _MANY, collections.create_many),
            ("PATCH", _MANY, collections.update_many),
            ("DELETE", _MANY, collections.delete_many),
            ("GET", f"{_MANY}/{{object}}", collections.read_many),
            ("POST", f"{_MANY}/{{object}}", collections.read_many),
            ("PATCH", f"{_MANY}/{{object}}/{{key}}", collections.upsert_many),
        ]
    )
