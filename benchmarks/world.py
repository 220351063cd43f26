"""The world that every engine is asked about: fields, categories, rules, records. Plain data, nobody's format."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

TENANTS = tuple(f"firm{number:02d}" for number in range(10))
ROLES = ("agent", "supervisor", "marketer", "auditor", "quality")
CATEGORIES = tuple(f"kind{number:02d}" for number in range(12))
PURPOSES = ("service", "complaint", "marketing", "survey")
CONDITIONS = ("-", "-", "own_team", "!vip", "consent(marketing, phone)")
SHOWN = ("clear", "clear", "partial", "last4")
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
    """Yield *count* rules, the same share for each tenant; one in seven forbids."""
    for number in range(count):
        turn = number // len(TENANTS)
        effect = "deny" if turn % 7 == 6 else "allow"  # noqa: PLR2004 -- the last of seven
        yield Rule(
            id=f"B-{number}",
            tenant=TENANTS[number % len(TENANTS)],
            role=ROLES[turn % len(ROLES)],
            category=CATEGORIES[(turn // len(ROLES)) % len(CATEGORIES)],
            effect=effect,
            show="none" if effect == "deny" else SHOWN[turn % len(SHOWN)],
            purpose=PURPOSES[(turn // 3) % len(PURPOSES)] if turn % 2 else "*",
            condition=CONDITIONS[(turn // 2) % len(CONDITIONS)],
        )


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
