"""The connections of all tenants: found within the caller's tenant only, opened once, kept until they change."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from pydantic import SecretStr, ValidationError

from policy_gateway.crm.opened import ClosingTransport, Described, OpenConnection, Transports, unusable
from policy_gateway.crm.origin import parse_base_url
from policy_gateway.crm.resilience import Limits, resilient
from policy_gateway.crm.store import ConnectionRow, ConnectionStore, Seal
from policy_gateway.crm.target import Target
from policy_gateway.crm.vault import Place, Vault
from policy_gateway.errors import ConfigurationError, ConnectionNotFound, GatewayError
from policy_gateway.model.field import Catalogue, Resource
from policy_gateway.query import Call
from policy_gateway.records import Adapter, AdapterKind, ConnectionConfig

GATEWAY: Final = "gateway"
"""The reserved connection: the gateway's own data, under the same policy."""

RESERVED: Final = frozenset(
    {
        "access",
        "api",
        "audit",
        "batch",
        "clearances",
        "connections",
        "console",
        "docs",
        "gateway",
        "health",
        "internal",
        "livez",
        "login",
        "lookup",
        "mcp",
        "metrics",
        "oauth",
        "openapi",
        "policies",
        "readyz",
        "schema",
        "scim",
        "services",
        "startupz",
        "static",
        "subjects",
        "suppressions",
        "v1",
    }
)
"""Names that no CRM connection may have: they are, or will be, something else in a URL."""

_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,39}")
_NO_RESOURCE: Final = Resource("", "", MappingProxyType({}))
_NOWHERE: Final = "-"


@dataclass(frozen=True, slots=True)
class Wiring:
    """What connections are made of: adapter *kinds* by name, *reserved* connections by name, and their protection.

    *catalogue_seconds* is how long what a CRM described is used before it is asked again.
    """

    kinds: Mapping[str, AdapterKind]
    transports: Transports
    limits: Limits = field(default_factory=Limits)
    reserved: Mapping[str, AdapterKind] = field(default_factory=dict)
    catalogue_seconds: float = 300.0


@dataclass(frozen=True, slots=True)
class Drift:
    """How one resource of a CRM and its classification have grown apart: paths that only one of them has."""

    resource: str
    unclassified: tuple[str, ...]
    vanished: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that works, or does not and why."""

    subject: str
    works: bool
    detail: str = ""


class Connections:
    """Opens connections, and keeps their configuration. *mask_key* gives each tenant's key for keyed masks."""

    def __init__(self, wiring: Wiring, store: ConnectionStore, vault: Vault, mask_key: Callable[[str], bytes]) -> None:
        self._wiring = wiring
        self._store = store
        self._vault = vault
        self._mask_key = mask_key
        self._open: dict[tuple[str, str], OpenConnection] = {}
        self._leaving: set[asyncio.Task[None]] = set()

    async def open(self, tenant: str, call: Call) -> Target:
        """Return what *call* is about.

        ConnectionNotFound when *tenant* has no such connection, or that no such resource, whoever else may;
        UpstreamError when the connection cannot be used.
        """
        connection = await self._connection(tenant, call.connection)
        described = await connection.described()
        call, resource = _understood(described, call)
        return Target(tenant, call.connection, described.adapter, described.catalogue, resource, connection.key, call)

    async def add(self, adapter: str, config: ConnectionConfig) -> None:
        """Add a connection.

        ConfigurationError for a name, adapter, base URL, or options that cannot be; Conflict for a name that is taken.
        """
        if _NAME.fullmatch(config.name) is None or config.name in RESERVED or config.name in self._wiring.reserved:
            raise ConfigurationError("a connection's name is a-z, 0-9 and dashes, at most 40, and not a reserved one")
        row = ConnectionRow(config.tenant, config.name, adapter, config.base_url, config.options)
        await self._require_possible(row, config.secrets)
        await self._store.add(row, self._seal(row, config.secrets))

    async def change(self, config: ConnectionConfig) -> bool:
        """Replace base URL and options, and those secrets that are given; return whether the others were kept.

        They are dropped when the connection now points to another scheme, host or port: whoever may do that must not
        get at a secret that somebody entered for the old one. What then lacks a secret that it needs is refused.
        """
        old = await self._store.row(config.tenant, config.name)
        row = replace(old, base_url=config.base_url, options=config.options)
        keep = _site(old.base_url) == _site(row.base_url)
        kept = await self._secrets(old, besides=frozenset(config.secrets)) if keep else {}
        await self._require_possible(row, {**kept, **config.secrets})
        await self._store.change(row, self._seal(row, config.secrets), keep_secrets=keep)
        return keep

    async def remove(self, tenant: str, name: str) -> None:
        """Remove a connection and its secrets; ConnectionNotFound when there is none."""
        await self._store.remove(tenant, name)
        self._forget((tenant, name))

    async def list(self, tenant: str) -> tuple[ConnectionRow, ...]:
        """Return the tenant's connections by name, without their secrets."""
        return await self._store.rows(tenant)

    async def tenants(self) -> tuple[str, ...]:
        """Return the tenants that have connections."""
        return await self._store.tenants()

    async def test(self, tenant: str, name: str) -> tuple[Check, ...]:
        """Tell what works of a connection. No record is read: that is for calls, which policy decides."""
        try:
            connection = await self._connection(tenant, name)
        except GatewayError as error:
            return (Check("configuration", works=False, detail=error.detail),)
        configured = Check("configuration", works=True)
        try:
            described = await connection.described_anew()
        except GatewayError as error:
            return (configured, Check("catalogue", works=False, detail=error.detail))
        counts = [f"{one.name} ({len(one.fields)} fields)" for one in described.catalogue.resources.values()]
        return (configured, Check("catalogue", works=True, detail=", ".join(sorted(counts))))

    async def drift(self, tenant: str, name: str, classified: Callable[[str], frozenset[str]]) -> tuple[Drift, ...]:
        """Return where the CRM and the vocabulary differ; *classified* gives the paths classified for a resource."""
        connection = await self._connection(tenant, name)
        catalogue = (await connection.described_anew()).catalogue
        found = []
        for resource in sorted(catalogue.resources):
            paths, known = frozenset(catalogue.resources[resource].fields), classified(resource)
            if paths != known:
                found.append(Drift(resource, tuple(sorted(paths - known)), tuple(sorted(known - paths))))
        return tuple(found)

    async def close(self) -> None:
        """Close all adapters and their connections."""
        for key in list(self._open):
            self._forget(key)
        if self._leaving:
            await asyncio.wait(self._leaving)

    async def _connection(self, tenant: str, name: str) -> OpenConnection:
        key = (tenant, name)
        version = 0 if name in self._wiring.reserved else await self._version(tenant, name)
        known = self._open.get(key)
        if known is not None and known.version == version:
            return known
        self._forget(key)
        if version is None:
            raise ConnectionNotFound
        try:
            opened = await self._opened(tenant, name)
        except ConfigurationError as error:
            raise unusable(error) from None
        # Another call may have opened it in the meantime; the later one replaces it, which keeps calls in flight.
        self._forget(key)
        self._open[key] = opened
        return opened

    async def _version(self, tenant: str, name: str) -> int | None:
        return await self._store.version(tenant, name) if _NAME.fullmatch(name) else None

    async def _opened(self, tenant: str, name: str) -> OpenConnection:
        if name in self._wiring.reserved:
            row, secrets = ConnectionRow(tenant, name, name), {}
            kind: AdapterKind | None = self._wiring.reserved[name]
        else:
            row = await self._store.row(tenant, name)
            secrets = await self._secrets(row)
            kind = self._wiring.kinds.get(row.adapter)
        adapter, transport = _connected(kind, row, secrets, self._wiring.transports)
        protected = resilient(adapter, self._wiring.limits)
        parts = (protected, transport)
        return OpenConnection(row.version, protected, parts, self._mask_key(tenant), self._wiring.catalogue_seconds)

    async def _secrets(self, row: ConnectionRow, besides: frozenset[str] = frozenset()) -> dict[str, SecretStr]:
        return {
            secret.field: self._vault.open(secret.sealed, _place(row, secret.field, secret.version))
            for secret in await self._store.sealed(row.tenant, row.name)
            if secret.field not in besides
        }

    def _seal(self, row: ConnectionRow, secrets: Mapping[str, SecretStr]) -> Seal:
        return lambda version: {
            name: self._vault.seal(secret, _place(row, name, version)) for name, secret in secrets.items()
        }

    async def _require_possible(self, row: ConnectionRow, secrets: Mapping[str, SecretStr]) -> None:
        """Connect as a call would, which does no I/O; ConfigurationError when that fails."""
        _, transport = _connected(self._wiring.kinds.get(row.adapter), row, secrets, self._wiring.transports)
        await transport.aclose()

    def _forget(self, key: tuple[str, str]) -> None:
        gone = self._open.pop(key, None)
        if gone is not None:
            task = asyncio.get_running_loop().create_task(gone.aclose())
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)


def _connected(
    kind: AdapterKind | None, row: ConnectionRow, secrets: Mapping[str, SecretStr], transports: Transports
) -> tuple[Adapter, ClosingTransport]:
    if kind is None:
        raise ConfigurationError("no plugin for the connection's adapter is installed")
    transport = transports.to(row.base_url)
    config = ConnectionConfig(row.tenant, row.name, row.base_url, row.options, secrets)
    try:
        return kind.connect(config, transport), transport
    except ConfigurationError:
        raise
    except ValidationError as invalid:
        places = sorted({".".join(map(str, error["loc"])) for error in invalid.errors(include_input=False)})
        raise ConfigurationError(f"the adapter does not accept these options: {', '.join(places)}") from None
    except Exception as foreign:  # noqa: BLE001 -- adapters are plugins; their exceptions may quote secrets
        raise ConfigurationError(f"the adapter does not accept this connection ({type(foreign).__name__})") from None


def _understood(described: Described, call: Call) -> tuple[Call, Resource]:
    """Return *call* in our own names, and its resource; a CRM is spoken to in its own dialect only."""
    if not call.dialect:
        return call, _resource(described.catalogue, call.operation.resource)
    if call.dialect != described.catalogue.adapter:
        raise ConnectionNotFound
    own, resource = described.names.own(call)
    return own, resource or _NO_RESOURCE


def _resource(catalogue: Catalogue, name: str) -> Resource:
    if not name:
        return _NO_RESOURCE
    resource = catalogue.resources.get(name)
    if resource is None:
        raise ConnectionNotFound
    return resource


def _place(row: ConnectionRow, field_name: str, version: int) -> Place:
    return Place(row.tenant, row.name, field_name, version, _site(row.base_url))


def _site(base_url: str) -> str:
    return parse_base_url(base_url).site if base_url else _NOWHERE
