"""The unified API: one module a noun, and the table of their routes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Final

from policy_gateway.web.answers import Answer
from policy_gateway.web.api import batch, lookup, provenance, records, schema, verify
from policy_gateway.web.exchange import Exchange
from policy_gateway.web.ports import Inside
from policy_gateway.web.routing import Route
from policy_gateway.wire import MethodRefused

Endpoint = Callable[[Exchange, Inside], Awaitable[Answer]]

BODILESS: Final = frozenset({"GET", "HEAD", "DELETE"})

ROUTES: Final[Mapping[Route, Mapping[str, Endpoint]]] = MappingProxyType(
    {
        Route.LIST: MappingProxyType({"GET": records.browse, "HEAD": records.browse, "POST": records.create}),
        Route.RECORD: MappingProxyType(
            {
                "GET": records.get,
                "HEAD": records.get,
                "PATCH": records.update,
                "DELETE": records.delete,
            }
        ),
        Route.SEARCH: MappingProxyType({"POST": records.search}),
        Route.BATCH: MappingProxyType({"POST": batch.batch}),
        Route.SCHEMA: MappingProxyType({"GET": schema.describe, "HEAD": schema.describe}),
        Route.PROVENANCE: MappingProxyType(
            {
                "GET": provenance.read,
                "HEAD": provenance.read,
                "PATCH": provenance.edit,
            }
        ),
        Route.VERIFY: MappingProxyType({"POST": verify.verify}),
        Route.LOOKUP: MappingProxyType({"POST": lookup.lookup}),
    }
)


def endpoint_of(exchange: Exchange) -> Endpoint:
    """Return what answers *exchange*; MethodRefused for a method, or a body, that the route does not take."""
    methods = ROUTES[exchange.place.route]
    endpoint = methods.get(exchange.method)
    if endpoint is None or (exchange.method in BODILESS and exchange.has_body):
        raise MethodRefused(tuple(sorted(methods)))
    return endpoint


__all__ = ["ROUTES", "Endpoint", "endpoint_of"]
