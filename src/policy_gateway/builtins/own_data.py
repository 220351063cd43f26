"""The reserved connection ``gateway``: the gateway's own data, each resource by an adapter of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from pydantic import BaseModel

from policy_gateway.model.field import Catalogue
from policy_gateway.query import Change, Query
from policy_gateway.records import Adapter, AdapterKind, ConnectionConfig, NoOptions, Outcome, Page, Transport


class OwnDataKind:
    """One connection to several kinds of own data; each kind is named for its only resource."""

    name = "gateway"
    options: type[BaseModel] = NoOptions

    def __init__(self, *kinds: AdapterKind) -> None:
        self._kinds = kinds

    def connect(self, config: ConnectionConfig, transport: Transport) -> Adapter:
        """Return the adapter for one tenant."""
        return OwnDataAdapter({kind.name: kind.connect(config, transport) for kind in self._kinds})


class OwnDataAdapter:
    """Passes each call to the adapter of its resource; a call comes only for a resource of the catalogue."""

    def __init__(self, adapters: Mapping[str, Adapter]) -> None:
        self._adapters = adapters

    async def catalogue(self) -> Catalogue:
        """Describe everything."""
        each = await asyncio.gather(*(adapter.catalogue() for adapter in self._adapters.values()))
        return Catalogue("gateway", {name: resource for one in each for name, resource in one.resources.items()})

    async def read(self, query: Query) -> Page:
        """Read by the resource's adapter."""
        return await self._adapters[query.resource].read(query)

    async def write(self, change: Change) -> Outcome:
        """Write by the resource's adapter."""
        return await self._adapters[change.resource].write(change)
