"""Generated and spoilt queries. The generator knows what it refers to; a second reading of the text checks the rest."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policy_gateway.query import Child, Compare, In, Query
from policy_gateway_salesforce.facade.meaning.plans import plan_query
from policy_gateway_salesforce.soql import SoqlError, nodes, notation, parse_soql, parse_sosl, references, searched

INPUTS = settings().max_examples * 30  # 3,000 with every run, 1,500,000 of each kind with the profile `soak`
NAMES = re.findall(r"\w+", "Id Name Email Phone IBAN__c ns__X__c Group Order Limit First End Type Status Amount")
OBJECTS = re.findall(r"\w+", "Contact Account Task Group Order Case My__c")
WAYS = re.findall(r"\w+", "Account Owner Manager Parent Who ns__Rel__r")
RELATIONS = re.findall(r"\w+", "Contacts Cases Tasks Kids__r")
DAYS = re.findall(r"\w+", "CALENDAR_YEAR DAY_ONLY FISCAL_QUARTER HOUR_IN_DAY WEEK_IN_YEAR")
LITERALS = [
    "'x'", "''", r"'O\'Brien'", "'SELECT Email FROM x'", r"'\u00e9\n'", "'a%_'", "5", "-1.5e3", "TRUE", "false", "Null",
    "2024-02-29", "2024-01-01T00:00:00.000+02:00", "TODAY", "Last_N_Days:30", "USD5000", "THIS_FISCAL_QUARTER",
]  # fmt: skip


class Generator:
    """Writes a query and keeps its references as it goes."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.found: list[str] = []
        self.prefix = ""
        self.aliases: dict[str, str] = {}

    def word(self, text: str) -> str:
        """Return the keywords *text* in some case, with some white space around and between them."""
        blank = self.chance.choice((" ", " ", "  ", "\n", "\t "))
        return (
            blank + blank.join(self.chance.choice((part, part.lower(), part.title())) for part in text.split()) + blank
        )

    def likely(self, share: float) -> bool:
        """Return whether something happens that does so with this probability."""
        return self.chance.random() < share

    def several(self, make: Callable[[], str], most: int = 3) -> str:
        """Return some of what *make* makes, with commas."""
        return self.chance.choice((",", ", ", " ,")).join(make() for _ in range(self.chance.randint(1, most)))

    def field(self) -> str:
        """Return a field as it is written, and keep what it means."""
        path = self.chance.choice(NAMES)
        for _ in range(self.chance.choice((0, 0, 0, 1, 1, 2))):
            path = f"{self.chance.choice(WAYS)}.{path}"
        path = self.chance.choice((path, path, path.upper(), path.lower()))
        written = path
        if self.aliases and self.likely(0.4):
            alias, way = self.chance.choice(list(self.aliases.items()))
            written, path = f"{self.chance.choice((alias, alias.upper()))}.{path}", f"{way}{path}"
        elif "." in path and path.partition(".")[0].upper() in {alias.upper() for alias in self.aliases}:
            path = path.partition(".")[2]
        self.found.append(self.prefix + path)
        return written

    def column(self) -> str:
        """Return something to select that is no group."""
        kind = self.chance.random()
        if kind < 0.7:
            return self.field()
        if kind < 0.8:
            return f"{self.word('toLabel').strip()}({self.field()}){self.alias()}"
        if kind < 0.9:
            return f"FORMAT(convertCurrency( {self.field()} ) ){self.alias()}"
        self.found.append(f"{self.prefix}FIELDS(STANDARD)")
        return "FIELDS(standard)"

    def alias(self) -> str:
        """Return an alias of a column, or none; what is sorted by is never called like it."""
        return self.chance.choice(("", "", " q1", " q2 "))

    def aggregate(self) -> str:
        """Return an aggregate."""
        return f"{self.chance.choice(('COUNT', 'max', 'Sum', 'COUNT_DISTINCT'))}({self.field()})"

    def day(self) -> str:
        """Return a part of a date."""
        inner = self.field()
        return f"{self.chance.choice(DAYS)}({f'convertTimezone({inner})' if self.likely(0.3) else inner})"

    def source(self, name: str, *, child: bool = False) -> str:
        """Return what follows FROM, and learn its aliases."""
        self.aliases = {} if child else {name: ""}
        if not self.likely(0.5):
            return name
        self.aliases["o1"] = ""
        text = f"{name} o1"
        if self.likely(0.4):
            way = self.chance.choice(WAYS)
            self.aliases["o2"] = f"{way}."
            text += f", o1.{way} o2"
        return text

    def where(self, deep: int = 0) -> str:
        """Return a condition."""
        if deep < 3 and self.likely(0.4):
            joint = self.word(self.chance.choice(("AND", "OR")))
            parts = [f"({self.where(deep + 1)})" for _ in range(self.chance.randint(2, 3))]
            return joint.join(parts)
        if deep < 5 and self.likely(0.1):
            return f"NOT ({self.where(deep + 1)})"
        return self.condition()

    def condition(self) -> str:
        """Return one comparison."""
        kind = self.chance.random()
        left = self.field() if kind < 0.9 else self.day()
        if kind < 0.5:
            return f"{left}{self.chance.choice(('=', ' != ', '<>'))}{self.chance.choice(LITERALS)}"
        if kind < 0.6:
            return f"{left}{self.word('LIKE')}'a%'"
        if kind < 0.7:
            return f"{left}{self.word('INCLUDES')}('a;b', 'c')"
        if kind < 0.8 and self.prefix.count(":") == 0:
            return f"{left}{self.word('NOT IN')}({self.inner()})"
        return f"{left}{self.word('IN')}({self.several(lambda: self.chance.choice(LITERALS))})"

    def inner(self) -> str:
        """Return a semi-join."""
        kept = self.prefix, self.aliases
        name = self.chance.choice(OBJECTS)
        self.prefix = f"{name}:"
        later = self.source(name).partition(",")[0]
        self.aliases.pop("o2", None)
        text = f"SELECT {self.field()}{self.word('FROM')}{later}"
        if self.likely(0.5):
            text += self.word("WHERE") + self.condition()
        self.prefix, self.aliases = kept
        return text

    def child(self, deep: int) -> str:
        """Return a query of children."""
        kept = self.prefix, self.aliases
        relation = self.chance.choice(RELATIONS)
        self.prefix += f"{relation}>"
        text = self.query(relation, deep + 1)
        self.prefix, self.aliases = kept
        return f"({text})"

    def typeof(self) -> str:
        """Return a TYPEOF."""
        way = self.chance.choice(WAYS)
        fields = [self.chance.choice(NAMES[:6]) for _ in range(3)]
        self.found += [f"{self.prefix}{way}.Account:{name}" for name in fields[:2]] + [
            f"{self.prefix}{way}:{fields[2]}"
        ]
        return f"TYPEOF {way} WHEN Account THEN {fields[0]}, {fields[1]} ELSE {fields[2]} END"

    def query(self, name: str, deep: int = 0) -> str:
        """Return a query, in the order of its clauses."""
        source = self.source(name, child=deep > 0)
        grouped = deep == 0 and self.likely(0.25)
        columns = [self.column() for _ in range(self.chance.randint(1, 4))]
        if grouped:
            columns += [self.aggregate() + self.alias(), self.day()]
        elif deep < 3 and self.likely(0.3):
            columns.append(self.child(deep))
        if self.likely(0.1):
            columns.append(self.typeof())
        text = f"{self.word('SELECT')}{', '.join(columns)}{self.word('FROM')}{source}"
        if self.likely(0.6):
            text += self.word("WHERE") + self.where()
        if grouped:
            text += self.word("GROUP BY") + self.several(self.field)
            if self.likely(0.5):
                text += f"{self.word('HAVING')}{self.aggregate()} > 5"
        if self.likely(0.5):
            text += self.word("ORDER BY") + self.several(self.field) + self.word("DESC NULLS LAST")
        return text + (self.word("LIMIT") + "5" if self.likely(0.5) else "")

    def search(self) -> str:
        """Return a search."""
        text = f'{self.word("FIND")}{{Joe AND (x* OR "a b")}}{self.word("IN ALL FIELDS RETURNING")}'
        parts = []
        for name in self.chance.sample(OBJECTS, self.chance.randint(1, 3)):
            self.prefix, self.aliases = f"{name}:", {name: ""}
            inside = self.several(self.column)
            if self.likely(0.5):
                inside += self.word("WHERE") + self.where()
            if self.likely(0.5):
                inside += self.word("ORDER BY") + self.several(self.field)
            parts.append(f"{name}({inside})")
        return text + ", ".join(parts) + (self.word("LIMIT") + "7" if self.likely(0.5) else "")


TOKENS = re.compile(r"'(?:[^'\\]|\\.)*'|\w[\w.]*|\s+|.", re.DOTALL)
INSERTED = [
    *"'\\(),.:=<>*;{}\"\x00é \n-", "AND", "OR", "NOT", "FROM", "SELECT", "WHERE", "(SELECT", "Secret__c",
    "o1.Secret__c", "AS", "--", "/*", "FIELDS(ALL)", "LIKE", "IN", "WITH", "USING", "LIMIT", "GROUP BY", "TYPEOF", "q1",
    "COUNT(", "ALL ROWS",
]  # fmt: skip


def spoilt(text: str, chance: random.Random) -> str:
    """Return *text* with one or a few characters or tokens deleted, inserted, replaced, doubled or swapped."""
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        parts: Sequence[str] = list(text) if chance.random() < 0.4 else TOKENS.findall(text)
        if not parts:
            return text
        at, other = chance.randrange(len(parts)), chance.randrange(len(parts))
        piece, foreign = parts[at], chance.choice(INSERTED)
        changed = [("",), (piece, piece), (foreign,), (piece, foreign), (piece, " ", foreign, " "), (parts[other],)]
        text = "".join((*parts[:at], *chance.choice(changed), *parts[at + 1 :]))
    return text


# ------------------------------------------------------------------------------------------------ the second reading

READING = re.compile(r"'(?:[^'\\]|\\.)*'|(?<![\w.])[0-9][\w.:+-]*|([A-Za-z_][\w.]*)", re.DOTALL)
KEYWORDS = frozenset(DAYS) | frozenset(
    re.findall(
        r"\w+",
        """SELECT FROM WHERE AND OR NOT LIKE IN INCLUDES EXCLUDES NULL TRUE FALSE GROUP BY ROLLUP CUBE HAVING ORDER ASC
        DESC NULLS FIRST LAST LIMIT OFFSET FOR VIEW REFERENCE UPDATE TRACKING VIEWSTAT USING SCOPE WITH DATA CATEGORY AT
        ABOVE BELOW ABOVE_OR_BELOW USERID USER_MODE SECURITY_ENFORCED TYPEOF WHEN THEN ELSE END FIELDS ALL STANDARD
        CUSTOM COUNT COUNT_DISTINCT SUM AVG MIN MAX TOLABEL FORMAT CONVERTCURRENCY CONVERTTIMEZONE GROUPING DISTANCE
        GEOLOCATION TODAY YESTERDAY TOMORROW LAST_N_DAYS THIS_FISCAL_QUARTER MINE TEAM RETURNING FIND NAME EMAIL PHONE
        SIDEBAR""",
    )
)


def walked(root: Any) -> list[Any]:  # noqa: ANN401 -- any node, and what it is made of
    """Return *root* and whatever it is made of."""
    found = [root]
    for node in found:
        if isinstance(node, tuple):
            found += node
        elif hasattr(node, "__match_args__"):
            found += (getattr(node, name) for name in type(node).__slots__)
    return found


def named(tree: Any) -> Counter[str]:  # noqa: ANN401 -- as above
    """Return the names in *tree* that are no fields, and how often."""
    names: Counter[str] = Counter()
    for node in walked(tree):
        match node:
            case nodes.Source(path, alias):
                names.update([str(path), alias])
            case nodes.Related(path, alias):
                names.update([str(path), alias])
            case nodes.Category(group, _, among):
                names.update([group, *among])
            case nodes.Typeof(path):
                names.update([str(path)])
            case nodes.Branch(name) | nodes.Returning(name) | nodes.Column(_, name):
                names.update([name])
    return names


def outcomes(tree: Any) -> frozenset[int]:  # noqa: ANN401 -- as above
    """Return where aliases of columns stand in ORDER BY and HAVING."""
    found: set[int] = set()
    for node in walked(tree):
        if isinstance(node, nodes.Query | nodes.Returning):
            columns = node.columns if isinstance(node, nodes.Returning) else node.select
            aliases = {item.alias.upper() for item in columns if isinstance(item, nodes.Column) and item.alias}
            values = [ordering.by for ordering in node.order]
            values += [part.left for part in walked(getattr(node, "having", None)) if hasattr(part, "left")]
            found |= {
                value.at for value in values if isinstance(value, nodes.FieldPath) and str(value).upper() in aliases
            }
    return frozenset(found)


def unaccounted(text: str, tree: Any, at: frozenset[int], start: int) -> list[str]:  # noqa: ANN401 -- as above
    """Return the names in *text* that are no reference, no keyword, and no name that the tree knows."""
    names, left = named(tree), []
    for match in READING.finditer(text, start):
        if match[1] is None or match.start() in at:
            continue
        if names[match[1]] > 0:
            names[match[1]] -= 1
        elif match[1].upper() not in KEYWORDS:
            left.append(match[1])
    return left


def check(text: str, *, search: bool) -> bool:
    """Return whether *text* is accepted; fail when a name in it is not accounted for."""
    try:
        tree: Any = parse_sosl(text) if search else parse_soql(text)
    except SoqlError as error:
        return placed(error, text)
    refs = searched(tree) if search else references(tree)
    for ref in refs:
        written = re.match(r"(?i)fields|[\w.]+", text[ref.at :])
        assert written is not None
        assert written[0].upper() == "FIELDS" or written[0].split(".")[-1] == ref.path[-1], text
    skipped = outcomes(tree)
    amounts = {node.at for node in walked(tree) if isinstance(node, nodes.Currency)}
    at = Counter(ref.at for ref in refs)
    ways = sum(isinstance(node, nodes.Source | nodes.Related | nodes.Typeof) for node in walked(tree))
    fields = sum(isinstance(node, nodes.FieldPath | nodes.Fields) for node in walked(tree))
    assert fields == at.total() + len(skipped) + ways, text
    assert at.total() == len(at), text
    assert [] == unaccounted(text, tree, frozenset(at) | skipped | amounts, text.index("}") + 1 if search else 0), text
    return True


def placed(error: SoqlError, text: str) -> bool:
    """Return False; fail when the refusal stands nowhere in *text*."""
    lines = text.split("\n")
    assert 1 <= error.line <= len(lines), text
    assert 1 <= error.column <= len(lines[error.line - 1]) + 1, text
    return False


def known(text: str, found: Sequence[str], *, search: bool) -> None:
    """Fail when *text* does not refer to *found*, in any case but in this order."""
    refs = searched(parse_sosl(text)) if search else references(parse_soql(text))
    assert list(dict.fromkeys(found)) == list(notation(refs)), text


@pytest.mark.timeout(0)
@pytest.mark.parametrize("search", [False, True])
class TestFuzz:
    def test_generated(self, *, search: bool) -> None:
        """A generated text is accepted, with the references that its making says and no others."""
        chance = random.Random(f"generated {search}")
        for _ in range(INPUTS // 10):
            maker = Generator(chance)
            text = maker.search() if search else maker.query(chance.choice(OBJECTS))
            known(text, maker.found, search=search)
            assert check(text, search=search)

    def test_spoilt(self, *, search: bool) -> None:
        """A spoilt text is refused with its place, or every name in it is accounted for; nothing else happens."""
        chance = random.Random(f"spoilt {search}")
        accepted = 0
        for _ in range(INPUTS // 5):
            maker = Generator(chance)
            text = maker.search() if search else maker.query(chance.choice(OBJECTS))
            accepted += sum(check(spoilt(text, chance), search=search) for _ in range(5))
        assert INPUTS / 50 < accepted < INPUTS * 49 / 50


@settings(max_examples=50)
@given(chance=st.randoms(use_true_random=False))
def test_small(chance: random.Random) -> None:
    """What is generated is understood as it was meant, the smallest counterexample first."""
    maker = Generator(chance)
    text = maker.query(chance.choice(OBJECTS))
    known(text, maker.found, search=False)
    check(spoilt(text, chance), search=False)


def asked(query: Query, within: str = "") -> Iterator[str]:
    """Yield every field that *query* asks of the gateway, as references are written."""
    for item in query.select:
        if isinstance(item, Child):
            yield from asked(item.query, f"{within}{item.relation}>")
        else:
            yield f"{within}{item}"
    yield from (within + path for path in (*query.group, *(order.path for order in query.order)))
    waiting = [query.where]
    while waiting:
        node: Any = waiting.pop()
        waiting += getattr(node, "items", None) or [getattr(node, "item", None)] if node else []
        if isinstance(node, Compare | In):
            yield within + node.path
        if isinstance(node, In) and isinstance(node.values, Query):
            yield from asked(node.values, f"{node.values.resource}:")


def test_meaning() -> None:
    """What is asked of the gateway names exactly the fields of the query; an id is asked for where none is selected."""
    chance = random.Random("meaning")
    accepted = 0
    for _ in range(INPUTS // 5):
        maker = Generator(chance)
        text = maker.query(chance.choice(OBJECTS))
        try:
            plan = plan_query(text, lambda _: ("Id",), date(2026, 5, 13))
        except SoqlError as error:
            placed(error, text)
            continue
        accepted += 1
        ours = {path.upper() for path in asked(plan.query)}
        theirs = {path.upper() for path in maker.found if "FIELDS(" not in path}
        assert theirs <= ours, text
        assert {path.split(">")[-1] for path in ours - theirs} <= {"ID"}, text
    assert accepted > INPUTS / 200
