"""A whole gateway in this process, for tests: real policy folder, database and entrance; only its CRMs are watched."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pydantic import BaseModel, SecretStr

from policy_gateway.app import App, running
from policy_gateway.hookspecs import hookimpl
from policy_gateway.identity import Grant, new_master_key
from policy_gateway.model.field import Catalogue
from policy_gateway.query import Change, Query
from policy_gateway.records import Adapter, AdapterKind, ConnectionConfig, Outcome, Page, Transport
from policy_gateway.settings import Settings, load
from policy_gateway.testing.entrances import HttpClient
from policy_gateway.web import HttpRules, Supplies, Web, assemble

WATCHED: Final = "watched"
MOST_ENTRIES: Final = 1000


@dataclass(frozen=True, slots=True)
class Persona:
    """Somebody with a key: a principal of one *tenant*, its teams and roles, and the purposes that the key is for."""

    id: str
    tenant: str
    names: tuple[str, ...]
    purposes: tuple[str, ...]


@dataclass(slots=True)
class Spy:
    """What one CRM was asked since :meth:`forget`, and how its adapter is to break its promises.

    *tamper* turns an honest page into another, *written* an honest outcome; *before* is awaited before each question,
    and may raise.
    """

    queries: list[Query] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    tamper: Callable[[Query, Page], Page] | None = None
    written: Callable[[Change, Outcome], Outcome] | None = None
    before: Callable[[], Awaitable[None]] | None = None

    def forget(self) -> None:
        """Forget what was asked, and be honest again."""
        self.queries, self.changes = [], []
        self.tamper = self.written = self.before = None

    @property
    def asked(self) -> frozenset[str]:
        """Return every path that was selected."""
        return frozenset(path for query in self.queries for path in query.select if isinstance(path, str))


class WatchedKind:
    """An adapter kind around another one, with a :class:`Spy` for each connection. It is a plugin by itself."""

    name = WATCHED

    def __init__(self, kind: AdapterKind) -> None:
        self._kind = kind
        self._spies: dict[tuple[str, str], Spy] = {}
        self.options: type[BaseModel] = kind.options

    @hookimpl
    def register_adapters(self) -> Sequence[AdapterKind]:
        """Return this kind."""
        return (self,)

    def connect(self, config: ConnectionConfig, transport: Transport) -> Adapter:
        """Open a connection that is watched."""
        return WatchedAdapter(self._kind.connect(config, transport), self.spy(config.tenant, config.name))

    def spy(self, tenant: str = "acme", connection: str = "crm") -> Spy:
        """Return who watches a connection."""
        return self._spies.setdefault((tenant, connection), Spy())

    def forget(self) -> None:
        """Make all spies forget."""
        for spy in self._spies.values():
            spy.forget()


class WatchedAdapter:
    """An adapter whose *spy* sees each question, and may change each answer."""

    def __init__(self, adapter: Adapter, spy: Spy) -> None:
        self._adapter = adapter
        self._spy = spy

    async def catalogue(self) -> Catalogue:
        """Pass on."""
        return await self._adapter.catalogue()

    async def read(self, query: Query) -> Page:
        """Remember *query*, pass it on, and tamper with the page."""
        self._spy.queries.append(query)
        if self._spy.before is not None:
            await self._spy.before()
        page = await self._adapter.read(query)
        return page if self._spy.tamper is None else self._spy.tamper(query, page)

    async def write(self, change: Change) -> Outcome:
        """Remember *change*, pass it on, and tamper with the outcome."""
        self._spy.changes.append(change)
        if self._spy.before is not None:
            await self._spy.before()
        outcome = await self._adapter.write(change)
        return outcome if self._spy.written is None else self._spy.written(change, outcome)


@dataclass(slots=True)
class Whole:
    """A running gateway: *app* behind *web*, the *keys* of its personas by short name, its CRMs in *kind*."""

    app: App
    web: Web
    settings: Settings
    kind: WatchedKind
    keys: Mapping[str, str]
    _seen: dict[str, int] = field(default_factory=dict)

    def client(self, persona: str, purpose: str = "service") -> HttpClient:
        """Return the client of *persona*, who asks for *purpose*."""
        lines = (
            ("host", "localhost"),
            ("authorization", f"Bearer {self.keys[persona]}"),
            ("x-purpose", purpose),
        )
        return HttpClient(self.web.app, lines)

    def spy(self, tenant: str = "acme", connection: str = "crm") -> Spy:
        """Return who watches a connection."""
        return self.kind.spy(tenant, connection)

    async def entries(self, tenant: str = "acme") -> list[Mapping[str, object]]:
        """Return the entries since :meth:`mark`, the oldest first."""
        found = await self.app.administration.entries.page(tenant, MOST_ENTRIES)
        return [dict(entry) for entry in reversed(found) if _number(entry) > self._seen.get(tenant, 0)]

    async def mark(self, *tenants: str) -> None:
        """Count entries from now on."""
        for tenant in tenants:
            newest = await self.app.administration.entries.page(tenant, 1)
            self._seen[tenant] = _number(newest[0]) if newest else 0


@asynccontextmanager
async def whole(
    folder: Path, kind: WatchedKind, personas: Mapping[str, Persona], *plugins: object, **settings: object
) -> AsyncIterator[Whole]:
    """Start a gateway in *folder* with a key for each persona; *settings* are those that shall not have defaults.

    Connections are not made: add them with the kind ``watched``.
    """
    chosen = load(folder, master_key=SecretStr(new_master_key()), **settings)
    async with running(chosen, kind, *plugins) as app:
        keys = {name: await _introduced(app, persona) for name, persona in personas.items()}
        facades = tuple(app.administration.extensions.facades.values())
        shelf = app.administration.shelf
        supplies = Supplies(app.directory, app.health, facades=facades, sessions=app.sessions, shelf=shelf)
        web = assemble(app.gateway, HttpRules(), supplies)
        yield Whole(app, web, chosen, kind, keys)


async def connect(app: App, places: Iterable[tuple[str, str]]) -> None:
    """Add a watched connection at each (tenant, name)."""
    for tenant, name in places:
        await app.administration.connections.add(WATCHED, ConnectionConfig(tenant, name))


async def _introduced(app: App, persona: Persona) -> str:
    """Make *persona* known and return its key."""
    known = app.administration
    if persona.names:
        await known.memberships.add(persona.tenant, persona.id, *persona.names)
    return (await known.keys.issue(persona.tenant, persona.id, Grant(purposes=persona.purposes))).key


def _number(entry: Mapping[str, object]) -> int:
    number = entry["seq"]
    return number if isinstance(number, int) else 0
