"""The world that every engine is asked about: fields, categories, rules, records. Plain data, nobody's format."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

TENANTS = tuple(f"firm{number:02d}" for number in range(10))
ROLES = ("agent", "supervisor", "marketer", "auditor", "quality")
CATEGORIES = tuple(f"kind{number:02d}" for number in range(12))
PURPOSES = ("service", "complaint", "marketing", "survey")
CONDITIONS = ("-", "-", "own_team", "!vip", "consent(marketing, phone)")
SHOWN = ("clear", "clear", "partial", "last4")
PLAIN = dict.fromkeys(CATEGORIES[:9], "clear") | dict(zip(CATEGORIES[9:], ("redact", "last4", "partial"), strict=True))
"""What an agent sees of each category unless another rule says more or less."""
FIELDS = tuple(f"bench.f{number:02d}" for number in range(60))
RECORDS = 100

TENANT, ROLE, PURPOSE, TEAM = TENANTS[3], "agent", "marketing", "berlin"


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of policy: *effect* on *category* for *role* of *tenant*, up to the level *show*."""

    id: str
    tenant: str
    role: str
    category: str
    effect: str
    show: str
    purpose: str
    condition: str


@dataclass(frozen=True, slots=True)
class Contact:
    """What decides about a record."""

    id: str
    team: str
    vip: bool
    consents: tuple[str, ...]


def category_of(field: str) -> str:
    """Return the category of *field*: five fields share one."""
    return CATEGORIES[FIELDS.index(field) // 5]


def rules(count: int) -> Iterator[Rule]:
    """Yield *count* different rules, the same share for each tenant; one in seven forbids.

    The first ones are what a plain role has: most categories in clear, some masked; none unknown, so that a call may
    name every field. The others widen and narrow that by purpose and by record.
    """
    chance = random.Random(7)
    seen = {(tenant, ROLE, category, "allow", show, "*", "-") for tenant in TENANTS for category, show in PLAIN.items()}
    yield from (Rule(f"K-{number}", *said) for number, said in enumerate(sorted(seen)))
    while len(seen) < count:
        number = len(seen)
        effect = "deny" if number // len(TENANTS) % 7 == 6 else "allow"  # noqa: PLR2004 -- the last of seven
        said = (
            TENANTS[number % len(TENANTS)],
            chance.choice(ROLES),
            chance.choice(CATEGORIES),
            effect,
            "none" if effect == "deny" else chance.choice(SHOWN),
            chance.choice(("*", *PURPOSES)),
            chance.choice(CONDITIONS),
        )
        if said not in seen:
            seen.add(said)
            yield Rule(f"B-{number}", *said)


def contacts() -> tuple[Contact, ...]:
    """Return the records of one page: eight different truths among them."""
    return tuple(
        Contact(
            id=str(number),
            team="berlin" if number % 2 else "munich",
            vip=number % 3 == 0,
            consents=("marketing:phone",) if number % 5 < 2 else (),  # noqa: PLR2004 -- two of five
        )
        for number in range(1, RECORDS + 1)
    )


def holds(condition: str, contact: Contact) -> bool:
    """Tell whether *condition* holds for *contact*, asked by somebody of the team."""
    match condition:
        case "-":
            return True
        case "own_team":
            return contact.team == TEAM
        case "!vip":
            return not contact.vip
        case _:
            return "marketing:phone" in contact.consents
