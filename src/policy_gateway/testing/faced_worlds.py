"""Pairs of CRMs with contacts and the companies that they work for, which differ only in what policy hides.

Ids are those of the vendor whose clients ask.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import Final, NamedTuple

from policy_gateway.model.field import FieldType, Value
from policy_gateway.testing.worlds import (
    CATEGORIES,
    CIRCUMSTANCES,
    CONTACTS,
    KINDS,
    LINKS,
    POOLS,
    THEN,
    Caller,
    Domain,
    Reference,
    Row,
    Rule,
    Worlds,
    files,
    paired,
)

Ids = Callable[[str, str], str]
"""Returns the id that the record with a number has in a resource."""

NUMBERS: Final = tuple("123456")
FIRMS: Final = tuple("1234")
RESTRICTED: Final = "3"
"""The number of the contact, and of the company, that is restricted in every world."""

_CONTACT: Final[Mapping[str, str]] = {
    **CATEGORIES,
    **dict.fromkeys(("company", "customer_number", "updated_at"), "processing"),
}
_TIMES: Final = (THEN, "2025-06-05T04:03:02+00:00")
_COMPANY: Final[Mapping[str, str]] = {
    "id": "record_key",
    "name": "identity",
    "domain": "contact_data",
    "phone": "contact_data",
    "city": "place",
    "industry": "financial",
}
_FIRMS: Final[Mapping[str, tuple[Value, ...]]] = {
    "name": ("Nordlicht", "Nordstern", "Hafen", None),
    "domain": ("nord.example", "hafen.example", None),
    "phone": ("+49 30 23125070", "+49 40 66969071", None),
    "city": ("Berlin", "Bonn", None),
    "industry": ("energy", "freight", None),
}
FIELDS: Final = (*(f"contact.{path}" for path in _CONTACT), *(f"company.{path}" for path in _COMPANY))
"""What rules can be about."""
GROUPS: Final = tuple(sorted({*_CONTACT.values(), *_COMPANY.values()}))

_LINKS: Final = "\n".join(
    [
        "g2, contact.company, processing, *",
        "g2, contact.customer_number, processing, *",
        "g2, contact.updated_at, processing, *",
        *(f"g2, company.{path}, {category}, *" for path, category in _COMPANY.items()),
        "# end",
    ]
)


class Domains(NamedTuple):
    """What there is to know of contacts and of companies, and the *ids* that they have."""

    contact: Domain
    company: Domain
    ids: Ids


class Pair(NamedTuple):
    """Two CRMs, by resource, and the paths of each that somebody may see, or search by, in some record."""

    contact: Worlds
    company: Worlds
    shown: Mapping[str, tuple[str, ...]]

    @property
    def differences(self) -> int:
        """Return how many values differ."""
        return self.contact.differences + self.company.differences

    def crm(self, *, other: bool) -> dict[str, dict[str, Row]]:
        """Return the rows of one of the worlds, as the CRM keeps them."""
        rows = {name: worlds.other if other else worlds.one for name, worlds in self._named()}
        return {name: {str(row["id"]): dict(row) for row in found} for name, found in rows.items()}

    def searchable(self, resource: str) -> tuple[str, ...]:
        """Return the paths of *resource* that may be searched by."""
        return dict(self._named())[resource].searchable

    def _named(self) -> tuple[tuple[str, Worlds], ...]:
        return ("contact", self.contact), ("company", self.company)


def domains(ids: Ids) -> Domains:
    """Return the domains of a vendor with such *ids*."""
    firms = tuple(ids("company", number) for number in FIRMS)
    contact = replace(
        CONTACTS,
        categories=_CONTACT,
        pools={
            **POOLS,
            "company": (*firms, None),
            "customer_number": ("K-1", "K-2", "K-3", None),
            "updated_at": _TIMES,
        },
        kinds={**KINDS, "updated_at": FieldType.DATETIME, "company": FieldType.REFERENCE},
        restricted=frozenset({ids("contact", RESTRICTED)}),
    )
    kinds = {"phone": FieldType.PHONE, "industry": FieldType.CHOICE}
    company = Domain("company", _COMPANY, _FIRMS, {}, kinds, frozenset({ids("company", RESTRICTED)}))
    return Domains(contact, company, ids)


def policy_of(rules: Sequence[Rule], model: str) -> dict[str, bytes]:
    """Return the policy folder that says *rules* of contacts and companies, by path."""
    vocabulary = LINKS.replace("# end", _LINKS).encode()
    return {**files(rules, model), "vocabulary.csv": vocabulary}


def pair(random: Random, known: Domains, rules: tuple[Rule, ...], caller: Caller, *, missing: bool) -> Pair:
    """Return two CRMs of which *caller* may learn the same by *rules*.

    With *missing*, records of which nothing may be seen may be there in one of them only.
    """
    contacts, companies = (Reference(rules, caller, domain) for domain in (known.contact, known.company))
    people = [_row(random, known.contact, known.ids("contact", number)) for number in NUMBERS[: random.randint(3, 6)]]
    firms = [_row(random, known.company, known.ids("company", number)) for number in FIRMS]
    there = paired(random, contacts, people, missing=missing)
    led_to = paired(random, companies, firms, missing=False)
    if missing:
        led_to = _without_some(random, companies, led_to, {row["company"] for row in (*there.one, *there.other)})
    shown = {"contact": _shown(contacts, people), "company": _shown(companies, firms)}
    return Pair(there, led_to, shown)


def _without_some(random: Random, reference: Reference, known: Worlds, needed: set[Value]) -> Worlds:
    """Return *known* with some hidden companies in one world only; who works for a company tells that it is there."""
    dropped = {
        row["id"] for row in known.one if row["id"] not in needed and reference.absent(row) and random.random() < 1 / 2
    }
    other = tuple(row for row in known.other if row["id"] not in dropped)
    return known._replace(other=other, differences=known.differences + len(dropped))


def _shown(reference: Reference, rows: Sequence[Row]) -> tuple[str, ...]:
    return tuple(
        path
        for path in reference.domain.categories
        if any(reference.level(row, path, one) != "none" for row in rows for one in CIRCUMSTANCES)
    )


def _row(random: Random, domain: Domain, record_id: str) -> Row:
    values = {path: random.choice(pool) for path, pool in domain.pools.items()}
    return {"id": record_id, "created_at": THEN, "updated_at": THEN, **values}
