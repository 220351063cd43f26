from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType

import pytest
from pydantic import BaseModel

from policy_gateway.crm import HttpLimits, Limits, Reach, Transports, Wiring
from policy_gateway.errors import ConfigurationError
from policy_gateway.model.field import Catalogue, Field, FieldType, Resource
from policy_gateway.query import Change, Query
from policy_gateway.records import Adapter, ConnectionConfig, Outcome, OutcomeKind, Page, Transport
from policy_gateway.store import Database
from policy_gateway.testing.builders import a_page, a_record


def _described(*paths: str) -> Catalogue:
    """Return a catalogue of contacts with the fields *paths*."""
    fields = {path: Field(path, FieldType.TEXT, path) for path in paths}
    return Catalogue("house", {"contact": Resource("contact", "contacts", MappingProxyType(fields))})


@dataclass
class House:
    """A kind of adapter whose connections all show the same contacts; remembers what it was told."""

    name: str = "house"
    options: type[BaseModel] = BaseModel
    configs: list[ConnectionConfig] = field(default_factory=list)
    transports: list[Transport] = field(default_factory=list)
    catalogue: Catalogue = field(default_factory=lambda: _described("id", "name"))
    trouble: Exception | None = None
    caller: ContextVar[str] = field(default_factory=lambda: ContextVar("caller", default="nobody"))
    callers: list[str] = field(default_factory=list)
    closed: int = 0

    def describe(self, *paths: str) -> None:
        """Have contacts with the fields *paths* from now on."""
        self.catalogue = _described(*paths)

    def connect(self, config: ConnectionConfig, transport: Transport) -> Adapter:
        """Open a connection; refuse the option ``bad``, and ``strict`` without a token."""
        if "bad" in config.options:
            raise ConfigurationError("the option bad makes no sense")
        if "broken" in config.options:
            raise ValueError(config.secrets["token"].get_secret_value())
        if "strict" in config.options and "token" not in config.secrets:
            raise ConfigurationError("the secret token is needed")
        self.configs.append(config)
        self.transports.append(transport)
        return Room(self)


class Room:
    """A connection of the house."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def catalogue(self) -> Catalogue:
        """Describe contacts."""
        self._house.callers.append(self._house.caller.get())
        await asyncio.sleep(0)
        if self._house.trouble is not None:
            raise self._house.trouble
        return self._house.catalogue

    async def read(self, query: Query) -> Page:
        """Return the target."""
        return a_page(a_record(query.target or "1"))

    async def write(self, change: Change) -> Outcome:
        """Apply nothing."""
        return Outcome(OutcomeKind.DONE, change.target)

    async def aclose(self) -> None:
        """Count."""
        self._house.closed += 1


class Clock:
    """A clock that goes a second at each look, or when it is told."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        """Return the time."""
        self.now += timedelta(seconds=1)
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Return a clock."""
    return Clock()


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """Return an open, empty database."""
    async with Database.open(f"sqlite:///{tmp_path / 'gateway.db'}") as database:
        yield database


@pytest.fixture
def stored(tmp_path: Path) -> Callable[[], bytes]:
    """Return a reader of everything that is in the database's files."""
    return lambda: b"".join(path.read_bytes() for path in tmp_path.iterdir())


@pytest.fixture
def house() -> House:
    """Return a kind of adapter."""
    return House()


@pytest.fixture
def wiring(house: House) -> Wiring:
    """Return what connections are made of."""
    own = House("gateway", catalogue=_described("id", "entry"))
    transports = Transports(Reach.of(["127.0.0.1"]), HttpLimits())
    return Wiring({"house": house}, transports, Limits(failures=100), {"gateway": own})
