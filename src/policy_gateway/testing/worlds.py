"""Pairs of worlds that differ only in what policy hides from one caller.

What rules say is worked out here a second time, apart from the product and in the plainest way there is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Final, NamedTuple

from policy_gateway.builtins.conditions import BUILT_IN
from policy_gateway.builtins.masks import Masks
from policy_gateway.model.facts import Reading, Truth
from policy_gateway.model.field import FieldType, Value

TENANT: Final = "acme"
RANKS: Final[Mapping[str, int]] = {
    "none": 0, "redact": 10, "token": 20, "year": 30, "last4": 40, "partial": 50, "clear": 100,
}  # fmt: skip
BELOW: Final[Mapping[str, frozenset[str]]] = {
    "none": frozenset(),
    "redact": frozenset({"redact"}),
    "token": frozenset({"redact", "token"}),
    "year": frozenset({"redact", "token", "year"}),
    "last4": frozenset({"redact", "token", "last4"}),
    "partial": frozenset({"redact", "token", "partial"}),
    "clear": frozenset(RANKS) - {"none"},
}
"""What an allow row that shows a level grants: that level and everything less revealing."""

CATEGORIES: Final[Mapping[str, str]] = {
    "id": "record_key",
    "first_name": "identity",
    "last_name": "identity",
    "name": "identity",
    "birthdate": "identity",
    "email": "contact_data",
    "phone": "contact_data",
    "iban": "financial",
    "notes": "free_text",
    "city": "place",
    "team": "processing",
    "vip": "processing",
}
PARTS: Final[Mapping[str, tuple[str, ...]]] = {"name": ("name", "first_name", "last_name")}
KINDS: Final[Mapping[str, FieldType]] = {
    "name": FieldType.NAME,
    "email": FieldType.EMAIL,
    "phone": FieldType.PHONE,
    "birthdate": FieldType.DATE,
    "vip": FieldType.BOOLEAN,
}
POOLS: Final[Mapping[str, tuple[Value, ...]]] = {
    "first_name": ("Lena", "Lara", "Luise", "Mia", "Karl", None),
    "last_name": ("Vogt", "Vogel", "Veit", "Weber", "Li", None),
    "birthdate": ("1980-05-17", "1980-01-02", "1980-12-31", "1969-11-30", None),
    "email": ("lena@a.example", "lara@b.example", "luise@c.example", "karl@d.example", None),
    "phone": ("+49 30 23125001", "+49 40 66969101", "+49 89 99998001", "+49 221 4710177", None),
    "iban": ("DE02120300000000202051", "DE91100000000123452051", "DE02500105170137075030", "DE1", None),
    "notes": ("prefers mornings", "speaks of a lawsuit", "owes 300 EUR", None),
    "city": ("Berlin", "Bonn", "Hamburg", None),
    "team": ("berlin", "Berlin", "berlin ", "hamburg", "munich", "", None),
    "vip": (True, False, None),
    "credit_score": (731, 402, 12, None),
    "shoe_size": ("41-narrow", "44-wide", None),
}
"""By native name; the last two have no place in the vocabulary."""

RESTRICTED: Final = frozenset({"3"})
"""The records that are restricted in every world."""
EXPIRED: Final = frozenset({"city", "first_name"})
"""The fields whose values are past their time in every world."""
THEN: Final = "2026-01-02T03:04:05+00:00"
LEAVES: Final = ("service", "complaint")
CONDITIONS: Final = (
    "own_team", "own_team", "own_team", "!own_team", "vip", "!vip", "!vip & own_team", "justified",
    "!justified & vip", "restricted", "!restricted", "expired", "!expired",
)  # fmt: skip
LINKS: Final = "\n".join(
    [
        "g, supervisor, agent, *",
        *(f"g2, contact.{path}, {category}, *" for path, category in CATEGORIES.items()),
        *(f"g2, {category}, personal, *" for category in dict.fromkeys(CATEGORIES.values())),
        "g2, provenance.collected_by, provenance, *",
        "g3, view, read",
        "g3, search, read",
        "g5, redact, token",
        *(f"g5, token, {level}\ng5, {level}, clear" for level in ("year", "last4", "partial")),
        "# end\n",
    ]
)
PURPOSES: Final = """\
care: {label: {de: Pflege, en: Care}}
service: {broader: care, legal_basis: contract, retention: P1Y, label: {de: Service, en: Service}}
complaint: {broader: care, legal_basis: contract, retention: P1Y, label: {de: Beschwerde, en: Complaint}}
# end
"""


@dataclass(frozen=True, slots=True)
class Domain:
    """What there is to know of the records of one *resource*: *categories* by path, and values to choose from.

    *parts* are the fields that a compound one holds, *kinds* the types that are not texts, *restricted* the records
    that are restricted in every world, *expired* the fields whose values are past their time there.
    """

    resource: str
    categories: Mapping[str, str]
    pools: Mapping[str, tuple[Value, ...]]
    parts: Mapping[str, tuple[str, ...]]
    kinds: Mapping[str, FieldType]
    restricted: frozenset[str] = frozenset()
    expired: frozenset[str] = frozenset()


CONTACTS: Final = Domain("contact", CATEGORIES, POOLS, PARTS, KINDS, RESTRICTED, EXPIRED)

_TESTS: Final = {condition.name: condition for condition in BUILT_IN}
_MASKS: Final = {mask.name: mask for mask in Masks().register_masks()}
_KEY: Final = bytes(32)

Row = dict[str, Value]


class Rule(NamedTuple):
    """One row of the policy, but for its tenant, tier and reasons."""

    sub: str
    obj: str
    act: str
    eft: str
    show: str
    purpose: str
    cond: str


class Caller(NamedTuple):
    """Somebody who asks: the roles that it plays in the end, and its teams."""

    roles: frozenset[str]
    teams: frozenset[str]


class Circumstance(NamedTuple):
    """For which purpose a call is made, and with which reason."""

    purpose: str
    reason: str

    @property
    def lines(self) -> tuple[tuple[str, str], ...]:
        """Return what is said of it in headers."""
        return (("x-purpose", self.purpose), *((("x-reason", self.reason),) if self.reason else ()))


CIRCUMSTANCES: Final = tuple(Circumstance(purpose, reason) for purpose in LEAVES for reason in ("", "checked"))


def files(rules: Sequence[Rule], model: str) -> dict[str, bytes]:
    """Return the policy folder that says *rules*, by path."""
    rows = [
        f"p, {rule.sub}, {TENANT}, {', '.join(rule[1:])}, normal, -, R-{number}, -" for number, rule in enumerate(rules)
    ]
    texts = {
        "model.conf": model,
        "vocabulary.csv": LINKS,
        "law.csv": "p, *, *, provenance, contact, deny, none, *, -, always, -, LAW-1, law:X\n# end\n",
        "group.csv": "# end\n",
        "purposes.yaml": PURPOSES,
        "instructions.yaml": "A-1: {date: 2026-01-01, text: x}\n# end\n",
        f"tenants/{TENANT}.csv": "\n".join([*rows, "# end", ""]),
        f"tenants/{TENANT}.yaml": f"controller: ACME\npurposes: [{', '.join(LEAVES)}]\n# end\n",
    }
    return {path: text.encode() for path, text in texts.items()}


@dataclass(frozen=True, slots=True)
class Reference:
    """What *rules* let *caller* see and search by in the records of *domain*."""

    rules: tuple[Rule, ...]
    caller: Caller
    domain: Domain = CONTACTS
    _known: dict[object, str] = field(default_factory=dict)

    def level(self, record: Row, path: str, circumstance: Circumstance, action: str = "view") -> str:
        """Return how much of the field at *path* is permitted in *record*: the least of its parts."""
        return self._level(record, self.truths(record), path, circumstance, action)

    def _level(self, record: Row, truths: object, path: str, circumstance: Circumstance, action: str) -> str:
        key = (truths, path, circumstance, action)
        if key not in self._known:
            levels = [self._of(record, part, circumstance, action) for part in self.domain.parts.get(path, (path,))]
            self._known[key] = min(levels, key=RANKS.__getitem__)
        return self._known[key]

    def _of(self, record: Row, path: str, circumstance: Circumstance, action: str) -> str:
        if path not in self.domain.categories:
            return "none"
        reading = self._reading(record, path, circumstance)
        rows = [rule for rule in self.rules if self._concerns(rule, path, circumstance, action)]
        allows = [rule for rule in rows if rule.eft == "allow" and _fires(rule, reading)]
        denies = [rule for rule in rows if rule.eft == "deny" and _fires(rule, reading)]
        for level in sorted(BELOW["clear"] if action == "view" else {"clear"}, key=RANKS.__getitem__, reverse=True):
            granted = any(level in BELOW[rule.show] for rule in allows)
            if granted and all(level in BELOW[rule.show] for rule in denies):
                return level
        return "none"

    def _concerns(self, rule: Rule, path: str, circumstance: Circumstance, action: str) -> bool:
        return (
            rule.sub in {"*", *self.caller.roles}
            and rule.obj in {"*", f"{self.domain.resource}.{path}", self.domain.categories[path], "personal"}
            and rule.act in ({"*", action} | ({"read"} if action in {"view", "search"} else set()))
            and rule.purpose in {"*", "care", circumstance.purpose}
        )

    def _reading(self, record: Row, path: str, circumstance: Circumstance) -> Reading:
        return {
            **{f"record.{name}": record.get(name) or None for name in ("team",)},
            "record.vip": record.get("vip"),
            "principal.teams": self.caller.teams,
            "call.reason": circumstance.reason or None,
            "call.now": datetime(2026, 11, 23, tzinfo=UTC),
            "fact.restricted": record["id"] in self.domain.restricted,
            "value.keep_until": "2002-01-01" if path in self.domain.expired else "",
        }

    def seen(self, record: Row) -> tuple[object, ...]:
        """Return everything that may be learnt of *record* in any circumstance: images, and what is searched by."""
        whole, truths = self.whole(record), self.truths(record)
        learnt: list[object] = []
        for circumstance in CIRCUMSTANCES:
            for path in self.domain.categories:
                shown = self._level(record, truths, path, circumstance, "view")
                searched = self._level(record, truths, path, circumstance, "search") == "clear"
                learnt += (shown, image(path, whole[path], shown, self.domain.kinds), whole[path] if searched else None)
        return tuple(learnt)

    def whole(self, record: Row) -> Row:
        """Return *record* with its whole name, if it has one in parts."""
        return with_name(record) if "name" in self.domain.parts else record

    def absent(self, record: Row) -> bool:
        """Tell whether nothing of *record* is seen, in no circumstance."""
        return all(self.level(record, "id", one) == "none" for one in CIRCUMSTANCES)

    def searchable(self, records: Sequence[Row]) -> tuple[str, ...]:
        """Return the paths that may be searched by in any of *records*."""
        return tuple(
            path
            for path in self.domain.categories
            if any(self.level(one, path, when, "search") == "clear" for one in records for when in CIRCUMSTANCES)
        )

    def truths(self, record: Row) -> tuple[object, ...]:
        """Return the truths of all conditions about *record*."""
        reading = self._reading(record, "id", CIRCUMSTANCES[0])
        return tuple(_TESTS[name].test((), reading) for name in ("own_team", "vip", "restricted"))


def _fires(rule: Rule, reading: Reading) -> bool:
    if rule.cond == "-":
        return True
    truths = []
    for literal in rule.cond.split(" & "):
        truth = _TESTS[literal.removeprefix("!")].test((), reading)
        if literal.startswith("!"):
            truth = {Truth.TRUE: Truth.FALSE, Truth.FALSE: Truth.TRUE}.get(truth, truth)
        truths.append(truth)
    if rule.eft == "allow":
        return all(truth is Truth.TRUE for truth in truths)
    return not any(truth is Truth.FALSE for truth in truths)


def with_name(record: Row) -> Row:
    """Return *record* with its whole name."""
    parts = (record.get("first_name"), record.get("last_name"))
    return {**record, "name": " ".join(part for part in parts if isinstance(part, str)) or None}


def image(path: str, value: Value, level: str, kinds: Mapping[str, FieldType] = KINDS) -> Value:
    """Return what is shown of *value* at *level*."""
    if level == "none" or value is None:
        return None
    return value if level == "clear" else _MASKS[level].show(value, kinds.get(path, FieldType.TEXT), _KEY)


class Worlds(NamedTuple):
    """Two CRMs' contacts, how many values differ, and the paths that may be searched by in some of them."""

    one: tuple[Row, ...]
    other: tuple[Row, ...]
    differences: int
    searchable: tuple[str, ...]


def worlds(random: Random, reference: Reference, *, missing: bool) -> Worlds:
    """Return two worlds in which the caller may learn the same.

    With *missing*, a record of which nothing may be seen may be there in one of them only.
    """
    one = [_record(random, str(number)) for number in range(1, random.randint(3, 6))]
    return paired(random, reference, one, missing=missing)


def paired(random: Random, reference: Reference, one: Sequence[Row], *, missing: bool) -> Worlds:
    """Return the world *one*, and another one in which the caller may learn the same."""
    other, differences = list[Row](), 0
    for record in one:
        if missing and reference.absent(record) and random.random() < 1 / 2:
            differences += 1
            continue
        twin = _twin(random, reference, record)
        differences += sum(twin[path] != record[path] for path in record)
        other.append(twin)
    return Worlds(tuple(one), tuple(other), differences, reference.searchable(one))


def _record(random: Random, number: str) -> Row:
    values = {path: random.choice(pool) for path, pool in POOLS.items()}
    return {"id": number, **values, "created_at": THEN, "updated_at": THEN}


def _twin(random: Random, reference: Reference, record: Row) -> Row:
    """Return *record* with as many other values as the caller cannot tell from the old ones."""
    twin, seen, truths = dict(record), reference.seen(record), reference.truths(record)
    for path, pool in reference.domain.pools.items():
        for value in random.sample(pool, len(pool)):
            tried = {**twin, path: value}
            if value != twin[path] and reference.truths(tried) == truths and reference.seen(tried) == seen:
                twin = tried
                break
    return twin
