"""What the sandbox remembers: records with their history, associations, and the portal's definitions."""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from policy_gateway_hubspot.sandbox import schema, seed
from policy_gateway_hubspot.sandbox.relations import BACK, CONTACT_TO_COMPANY, PRIMARY_COMPANY
from policy_gateway_hubspot.sandbox.schema import Kind, Property
from policy_gateway_hubspot.sandbox.tokens import Tokens
from policy_gateway_hubspot.sandbox.wire import Json, not_found

Clock = Callable[[], datetime]

PORTAL: Final = 139900001


def stamp(moment: datetime) -> str:
    """Return *moment* as the vendor writes it, with milliseconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


@dataclass(slots=True)
class Item:
    """One record; values are strings, as the vendor keeps them. *history* holds (value, stamp), newest first."""

    id: str
    created: str
    updated: str
    properties: dict[str, str]
    archived: str = ""
    history: dict[str, list[tuple[str, str]]] = field(default_factory=dict)


class Items:
    """The records of one kind, in the order of their ids."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.properties: dict[str, Property] = {each.name: each for each in kind.properties}
        self.live: dict[str, Item] = {}
        self.archived: dict[str, Item] = {}
        self._order: list[int] = []
        self._unique: dict[tuple[str, str], str] = {}

    def get(self, identifier: str, by: str = "") -> Item | None:
        """Return the record with this id, or with this value of the unique property *by*."""
        if by and by != "hs_object_id":
            identifier = self._unique.get((by, identifier.lower()), "")
        return self.live.get(identifier)

    def page(self, after: int, limit: int) -> tuple[list[Item], str]:
        """Return up to *limit* records whose id is at least *after*, and where the next page starts."""
        start = bisect_left(self._order, after)
        chosen = [self.live[str(number)] for number in self._order[start : start + limit]]
        more = start + limit < len(self._order)
        return chosen, str(self._order[start + limit]) if more else ""

    def holder(self, name: str, value: str) -> str:
        """Return the id of the record that has this value of a unique property."""
        return self._unique.get((name, value.lower()), "")

    def add(self, item: Item) -> None:
        """Keep a new record; ids only grow."""
        self.live[item.id] = item
        self._order.append(int(item.id))
        self._index(item)

    def change(self, item: Item, values: Mapping[str, str], moment: str) -> None:
        """Set *values* (an empty string clears one) and remember what they were."""
        self._unindex(item)
        for name, value in values.items():
            past = item.history.setdefault(name, [])
            if not past and name in item.properties:
                past.append((item.properties[name], item.created))
            past.insert(0, (value, moment))
            if value:
                item.properties[name] = value
            else:
                item.properties.pop(name, None)
        item.updated = moment
        self._index(item)

    def archive(self, item: Item, moment: str) -> None:
        """Move a record to the archive."""
        self._unindex(item)
        del self.live[item.id]
        self._order.remove(int(item.id))
        item.archived = moment
        self.archived[item.id] = item

    def _index(self, item: Item) -> None:
        for name, value in self._unique_values(item):
            self._unique[name, value] = item.id

    def _unindex(self, item: Item) -> None:
        for name, value in self._unique_values(item):
            self._unique.pop((name, value), None)

    def _unique_values(self, item: Item) -> Iterator[tuple[str, str]]:
        for name, definition in self.properties.items():
            if definition.unique and name in item.properties:
                yield name, item.properties[name].lower()


@dataclass(frozen=True, slots=True)
class Choice:
    """What somebody chose about one kind of mail: *status* ``SUBSCRIBED``, ``UNSUBSCRIBED`` or ``NOT_SPECIFIED``."""

    status: str
    moment: str
    basis: str = ""
    explanation: str = ""


class World:
    """The whole portal; the same *seed* and *clock* make the same world. *tokens* holds the scopes of each.

    *choices* holds what was chosen by (mail address, subscription id), *silent* since when an address wants no mail.
    """

    def __init__(self, *, seed: int, clock: Clock, tokens: Mapping[str, frozenset[str]]) -> None:
        self.clock = clock
        self.tokens = Tokens(tokens, clock)
        self.choices: dict[tuple[str, str], Choice] = {}
        self.silent: dict[str, str] = {}
        self.used_today = 0
        self._correlations = itertools.count(1)
        self.items: dict[str, Items] = {name: Items(kind) for name, kind in schema.KINDS.items()}
        self.links: dict[tuple[str, str, str], dict[str, set[int]]] = {}
        self._fill(seed)
        self._ids = itertools.count(900001)

    def now(self) -> str:
        """Return the time as the vendor writes it."""
        return stamp(self.clock())

    def correlation(self) -> str:
        """Return a fresh id for an error body."""
        number = next(self._correlations)
        return f"{number:08x}-5a3d-4bcd-8eef-{number:012x}"

    def next_id(self) -> str:
        """Return an id that no record has had."""
        return str(next(self._ids))

    def of(self, alias: str) -> Items:
        """Return the records of a kind by its plural, singular or type id; case does not matter."""
        name = schema.ALIASES.get(alias.lower())
        if name is None:
            raise not_found(f"Unable to infer object type from: {alias[:40]}")
        return self.items[name]

    def link(self, from_kind: str, from_id: str, to_kind: str, to_id: str, *, types: set[int]) -> None:
        """Associate two records, both ways."""
        backward = {BACK[each] for each in types}
        self.links.setdefault((from_kind, from_id, to_kind), {}).setdefault(to_id, set()).update(types)
        self.links.setdefault((to_kind, to_id, from_kind), {}).setdefault(from_id, set()).update(backward)
        if (from_kind, to_kind) == ("contacts", "companies") and PRIMARY_COMPANY in types:
            self._set_primary(from_id, to_id)
        if (from_kind, to_kind) == ("companies", "contacts") and PRIMARY_COMPANY in backward:
            self._set_primary(to_id, from_id)

    def unlink(self, from_kind: str, from_id: str, to_kind: str, to_id: str) -> None:
        """Take an association away, both ways."""
        self.links.get((from_kind, from_id, to_kind), {}).pop(to_id, None)
        self.links.get((to_kind, to_id, from_kind), {}).pop(from_id, None)
        for kind, contact_id, company in ((from_kind, from_id, to_id), (to_kind, to_id, from_id)):
            contact = self.items["contacts"].live.get(contact_id) if kind == "contacts" else None
            if contact and contact.properties.get("associatedcompanyid") == company:
                del contact.properties["associatedcompanyid"]

    def unlabel(self, from_kind: str, from_id: str, to_kind: str, to_id: str, *, types: frozenset[int]) -> None:
        """Take labels off an association, both ways; the association itself stays."""
        self.links.get((from_kind, from_id, to_kind), {}).get(to_id, set()).difference_update(types)
        backward = {BACK[each] for each in types}
        self.links.get((to_kind, to_id, from_kind), {}).get(from_id, set()).difference_update(backward)

    def linked(self, from_kind: str, from_id: str, to_kind: str) -> Mapping[str, set[int]]:
        """Return the ids of associated records that are not archived, with the association's type ids."""
        alive = self.items[to_kind].live
        linked = self.links.get((from_kind, from_id, to_kind), {})
        return {identifier: types for identifier, types in linked.items() if identifier in alive}

    def property_json(self, kind: str) -> list[dict[str, Json]]:
        """Return all property definitions of *kind*."""
        items = self.items[kind]
        return [definition.described(kind) for definition in items.properties.values()]

    def _set_primary(self, contact_id: str, company_id: str) -> None:
        """Make one company the primary one of a contact, which any other then is no more."""
        contact = self.items["contacts"].live.get(contact_id)
        if contact is not None:
            contact.properties["associatedcompanyid"] = company_id
        for other, types in self.links.get(("contacts", contact_id, "companies"), {}).items():
            if other != company_id and PRIMARY_COMPANY in types:
                types.discard(PRIMARY_COMPANY)
                self.links["companies", other, "contacts"][contact_id].discard(BACK[PRIMARY_COMPANY])

    def _fill(self, number: int) -> None:
        for kind, rows in (("companies", seed.companies(number)), ("contacts", seed.contacts(number))):
            for identifier, created, properties in rows:
                moment = stamp(created)
                self.items[kind].add(Item(identifier, moment, moment, properties))
        for contact in self.items["contacts"].live.values():
            if company := contact.properties.get("associatedcompanyid"):
                types = {PRIMARY_COMPANY, CONTACT_TO_COMPANY}
                self.link("contacts", contact.id, "companies", company, types=types)
