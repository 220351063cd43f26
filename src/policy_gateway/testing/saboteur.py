"""A plugin of every kind that does as it is told: what a gateway makes of plugins that break, lie or meddle."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from policy_gateway.hookspecs import hookimpl
from policy_gateway.model.facts import Reading, RecordFacts, Scope, Truth
from policy_gateway.model.field import FieldType, Value
from policy_gateway.ports import Annotator, Authenticator, Condition, FactSource, Journal, Mask
from policy_gateway.query import Where
from policy_gateway.records import Page


@dataclass
class Saboteur:
    """A mask ``fog``, a condition ``sunny``, a fact source, an annotator, a journal and an authenticator in one.

    *orders* say by hook what to do instead of what is right; *entries* is the journal.
    """

    orders: dict[str, Callable[..., Any]] = field(default_factory=dict)
    entries: list[bytes] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    name = "fog"
    rank = 15
    provides = frozenset({"fact.sunny"})

    def told(self, hook: str, usual: object, *given: object) -> Any:  # noqa: ANN401 -- garbage is the point
        """Return what *hook* was ordered to say, else the *usual* answer."""
        self.asked.append(hook)
        return self.orders[hook](*given) if hook in self.orders else usual

    @hookimpl
    def register_masks(self) -> Sequence[Mask]:
        """Return the mask."""
        return (self,)

    @hookimpl
    def register_conditions(self) -> Sequence[Condition]:
        """Return the condition."""
        return (Sunny(self),)

    @hookimpl
    def register_fact_sources(self) -> Sequence[FactSource]:
        """Return the fact source."""
        return (self,)

    @hookimpl
    def register_annotators(self) -> Sequence[Annotator]:
        """Return the annotator."""
        return (self,)

    @hookimpl
    def register_journals(self) -> Sequence[Journal]:
        """Return the journal."""
        return (self,)

    @hookimpl
    def register_authenticators(self) -> Sequence[Authenticator]:
        """Return the authenticator."""
        return (self,)

    def show(self, value: Value, kind: FieldType, key: bytes) -> Value | None:
        """Return the same fog for every value."""
        del key
        fog: Value | None = self.told("show", "~fog~", value, kind)
        return fog

    def recognizes(self, value: Value, kind: FieldType) -> bool:
        """Tell fog."""
        return bool(self.told("recognizes", value == "~fog~", value, kind))

    async def about_call(self, *given: object) -> Reading:
        """Know nothing."""
        reading: Reading = self.told("about_call", {}, *given)
        return reading

    async def about_records(self, _principal: object, _call: object, page: Page) -> Sequence[RecordFacts]:
        """Know that the sun shines on all records."""
        usual = [RecordFacts({"fact.sunny": True})] * len(page.records)
        known: Sequence[RecordFacts] = self.told("about_records", usual, page)
        return known

    async def notes(self, _principal: object, _call: object, released: object) -> Any:  # noqa: ANN401 -- as above
        """Note nothing."""
        return self.told("notes", {}, released)

    async def append(self, entries: Sequence[bytes]) -> None:
        """Remember *entries*."""
        self.told("append", None, entries)
        self.entries.extend(entries)

    async def authenticate(self, credential: object) -> Any:  # noqa: ANN401 -- as above
        """Know nobody."""
        return self.told("authenticate", None, credential)


class Sunny:
    """The condition."""

    name = "sunny"
    scope = Scope.RECORD
    reads = frozenset({"fact.sunny"})
    arguments: tuple[str, ...] = ()
    repeats = False

    def __init__(self, saboteur: Saboteur) -> None:
        self._saboteur = saboteur

    def test(self, arguments: tuple[str, ...], reading: Reading) -> Truth:
        """Tell whether the sun is known to shine."""
        del arguments
        usual = Truth.TRUE if reading.get("fact.sunny") is True else Truth.FALSE
        truth: Truth = self._saboteur.told("test", usual, reading)
        return truth

    def pushdown(self, arguments: tuple[str, ...], reading: Reading, *, holds: bool) -> Where | None:
        """Return that no CRM can tell."""
        del arguments, holds
        where: Where | None = self._saboteur.told("pushdown", None, reading)
        return where
