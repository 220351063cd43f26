"""Expected decisions as tables: ``cases/*.csv`` and ``cases/*.yaml``.

Columns: who (names joined by ``+``), tenant, action, field, purpose, given (``own_team=true; mode=breakglass``), expect
(a level), why (ids of rules that grant or cap, or of allows that only their conditions keep silent; ``default`` when
none allows). What a row does not give is unknown, but for roles and kinds, which follow from who; a row whose who is
``usual`` gives truths for all rows below it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from policy_gateway.errors import PolicyError
from policy_gateway.model.decision import NONE
from policy_gateway.model.facts import Truth, TruthVector
from policy_gateway.policy.bundle import Place
from policy_gateway.policy.conditions import ConditionSyntaxError, parse
from policy_gateway.policy.dialect import ACTIONS, BREAKGLASS, NORMAL, NOTHING
from policy_gateway.policy.findings import Findings, Spot, meant
from policy_gateway.policy.forms import Form
from policy_gateway.policy.rows import Cell, rows_in
from policy_gateway.policy.rulebook import Rulebook
from policy_gateway.policy.sources import Sources, snapshot
from policy_gateway.policy.tree import Entries, Items, read_tree
from policy_gateway.policy.verdicts import Question

COLUMNS = ("who", "tenant", "action", "field", "purpose", "given", "expect", "why")
USUAL, DEFAULT = "usual", "default"
_TRUTHS: Mapping[str, Truth] = {"true": Truth.TRUE, "false": Truth.FALSE, "unknown": Truth.UNKNOWN}


@dataclass(frozen=True, slots=True)
class Case:
    """One expected decision."""

    question: Question
    field: str
    given: Mapping[str, Truth]
    expect: str
    why: frozenset[str]
    place: Place


@dataclass(frozen=True, slots=True)
class Failure:
    """A case whose decision is another: the level it got, and the rules that grant or cap it."""

    case: Case
    level: str
    rules: frozenset[str]

    def __str__(self) -> str:
        case, rules = self.case, ", ".join(sorted(self.rules)) or DEFAULT
        wanted = f"{case.expect} ({', '.join(sorted(case.why))})" if case.why else case.expect
        asked = f"{case.question.action} {case.field} for {case.question.purpose} in {case.question.tenant}"
        return f"{case.place}: {asked}: expected {wanted}, and it is {self.level} ({rules})"


@dataclass(frozen=True, slots=True)
class Report:
    """How many cases were run, and which failed."""

    run: int
    failures: tuple[Failure, ...] = ()
    deciding: frozenset[str] = field(default=frozenset())


def check_cases(folder: Path, book: Rulebook) -> Report:
    """Run every case in *folder*. Raises PolicyError when cases or folder cannot be read."""
    return run_cases(read_cases(Sources(snapshot(folder), Findings()).cases, book), book)


def read_cases(texts: Mapping[str, str], book: Rulebook) -> tuple[Case, ...]:
    """Return the cases in *texts* (by path). Raises PolicyError with every row that makes no sense."""
    findings = Findings()
    cases: list[Case] = []
    for path, text in sorted(texts.items()):
        rows = _csv_rows(path, text, findings) if path.endswith(".csv") else _yaml_rows(path, text, findings)
        usual: dict[str, Truth] = {}
        for row in rows:
            reader = _CaseReader(book, findings, usual)
            case = reader.case(row)
            usual = reader.usual
            cases += [] if case is None else [case]
    if found := findings.all():
        raise PolicyError(found)
    return tuple(cases)


def run_cases(cases: tuple[Case, ...], book: Rulebook) -> Report:
    """Decide each case and compare."""
    failures, deciding = [], frozenset[str]()
    for case in cases:
        level, rules, silent = _decide(case, book)
        deciding |= rules
        told = rules | silent if level == NONE.name else rules
        if level != case.expect or not case.why - {DEFAULT} <= told or (DEFAULT in case.why and rules):
            failures.append(Failure(case, level, rules))
    return Report(len(cases), tuple(failures), deciding)


def _decide(case: Case, book: Rulebook) -> tuple[str, frozenset[str], frozenset[str]]:
    """Return the level, the rules that grant or cap it, and the allows whose conditions alone keep them silent."""
    implied = book.implied(case.question.names, case.question.tenant)
    truths = TruthVector({**implied, **case.given})
    table = book.verdicts.table(case.question, [case.field])
    verdict = table.verdicts(truths)[case.field]
    deciding = _ids(book, verdict.granting | verdict.capping)
    return verdict.level.name, deciding, _ids(book, table.allowing(case.field))


def _ids(book: Rulebook, bits: int) -> frozenset[str]:
    return frozenset(rule.id for rule in book.verdicts.named(bits))


Row = Mapping[str, Cell]


def _csv_rows(path: str, text: str, findings: Findings) -> Iterator[Row]:
    rows = rows_in(path, text, findings, marks=",")
    for row in rows:
        cells = (row.kind, *row.cells)
        if tuple(cell.text for cell in cells) == COLUMNS:
            continue
        if len(cells) != len(COLUMNS):
            message = f"a case has {len(COLUMNS)} columns, and there are {len(cells)}"
            findings.say(row.spot, "columns", message, ", ".join(COLUMNS))
            continue
        yield dict(zip(COLUMNS, cells, strict=True))


def _yaml_rows(path: str, text: str, findings: Findings) -> Iterator[Row]:
    node = read_tree(path, text, findings)
    if not isinstance(node, Items):
        findings.say(Spot(path), "form", "this should be a list of cases")
        return
    for item in node.items:
        form = Form(item, findings)
        form.only(COLUMNS, needed=("who",))
        if isinstance(item, Entries):
            yield {key: Cell(form.text(key) or NOTHING, form.place(key)) for key in COLUMNS}


class _CaseReader:
    """Reads one row, on top of the truths that are *usual* by then."""

    def __init__(self, book: Rulebook, findings: Findings, usual: Mapping[str, Truth]) -> None:
        self._book = book
        self._findings = findings
        self.usual = dict(usual)

    def case(self, row: Row) -> Case | None:
        given, mode = self._given(row["given"])
        if row["who"].text == USUAL:
            self.usual.update(given)
            return None
        self._check(row["action"], "action", frozenset(ACTIONS))
        self._check(row["tenant"], "tenant", frozenset(self._book.bundle.mandates))
        self._check(row["purpose"], "purpose", frozenset(self._book.bundle.purposes))
        levels = frozenset(level.name for level in self._book.bundle.ladder) | {NONE.name}
        self._check(row["expect"], "level", levels)
        why = frozenset() if row["why"].text == NOTHING else frozenset(row["why"].text.split())
        for rule in why - {DEFAULT}:
            self._check(Cell(rule, row["why"].spot), "rule", frozenset(rule.id for rule in self._book.bundle.rules))
        names = frozenset(name.strip() for name in row["who"].text.split("+"))
        question = Question(names, row["tenant"].text, row["action"].text, row["purpose"].text, mode)
        spot = row["who"].spot
        place = Place(spot.path, spot.line)
        return Case(question, row["field"].text, {**self.usual, **given}, row["expect"].text, why, place)

    def _check(self, cell: Cell, kind: str, known: frozenset[str]) -> None:
        if cell.text not in known:
            self._findings.say(
                cell.spot, f"unknown-{kind}", f"`{cell.text}` is not a known {kind}", meant(cell.text, known)
            )

    def _given(self, cell: Cell) -> tuple[dict[str, Truth], str]:
        truths: dict[str, Truth] = {}
        mode = NORMAL
        for part in () if cell.text == NOTHING else cell.text.split(";"):
            name, _, value = (piece.strip() for piece in part.rpartition("="))
            if name == "mode" and value in {NORMAL, BREAKGLASS}:
                mode = value
                continue
            condition = self._condition(name, cell)
            if value not in _TRUTHS:
                self._findings.say(cell.spot, "given", f"`{part.strip()}` does not end with true, false or unknown")
            elif condition:
                truths[condition] = _TRUTHS[value]
        return truths, mode

    def _condition(self, text: str, cell: Cell) -> str:
        try:
            literals = parse(text)
        except ConditionSyntaxError as error:
            self._findings.say(cell.spot, "given", error.message)
            return ""
        if len(literals) != 1 or literals[0].negated:
            self._findings.say(cell.spot, "given", f"`{text}` is not one condition")
            return ""
        known = self._book.conditions.names
        if literals[0].condition not in known:
            message = f"no rule asks for `{literals[0].condition}`"
            self._findings.say(cell.spot, "unknown-condition", message, meant(text, known))
        return literals[0].condition
