"""The shipped policy folder: it reads, every rule has a ground and a case, and the decisions are those expected."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from policy_gateway.builtins.conditions import BUILT_IN
from policy_gateway.builtins.masks import Masks
from policy_gateway.model.facts import Scope, TruthVector
from policy_gateway.policy.bundle import Bundle
from policy_gateway.policy.cases import COLUMNS, Case, read_cases, run_cases
from policy_gateway.policy.dialect import DENY, EVERY
from policy_gateway.policy.engine import Request
from policy_gateway.policy.findings import Findings
from policy_gateway.policy.reader import read_folder
from policy_gateway.policy.rows import rows_in
from policy_gateway.policy.rulebook import Rulebook
from policy_gateway.policy.vocabulary import Vocabulary

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "policies"
GUIDES = (ROOT / "docs/policies/rules.md", ROOT / "docs/policies/regeln.md")
OBLIGATIONS = frozenset({"log", "notify", "expire", "disclose_ai", "announce", "show_caller_id"})
USUAL = "usual, -, -, -, -, restricted=false; erasure_pending=false; expired=false; documented=true, -, -"


def vocabulary() -> Vocabulary:
    """Return what the built-in plugins register."""
    masks = {mask.name: mask for mask in Masks().register_masks()}
    return Vocabulary({condition.name: condition for condition in BUILT_IN}, masks, OBLIGATIONS)


def case_files() -> dict[str, str]:
    """Return the folder's files of expected decisions."""
    files = sorted((FOLDER / "cases").glob("*.csv"))
    return {f"cases/{file.name}": file.read_text(encoding="utf-8") for file in files}


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    """Return the shipped bundle."""
    return read_folder(FOLDER, vocabulary())


@pytest.fixture(scope="module")
def rulebook(bundle: Bundle) -> Rulebook:
    """Return the shipped bundle, compiled."""
    return Rulebook(bundle, vocabulary())


@pytest.fixture(scope="module")
def cases(rulebook: Rulebook) -> tuple[Case, ...]:
    """Return the shipped cases."""
    return read_cases(case_files(), rulebook)


class TestFolder:
    """What every policy folder should be like."""

    def test_every_rule_states_its_ground(self, bundle: Bundle) -> None:
        """No rule is without an instruction or a legal ground."""
        assert [] == [rule.id for rule in bundle.rules if not rule.why]

    def test_tenants_rules_cite_instructions(self, bundle: Bundle) -> None:
        """What is done for a client is done on the client's instruction."""
        own = [rule for rule in bundle.rules if rule.dom != EVERY]
        assert [] == [rule.id for rule in own if not rule.why.startswith("instruction:")]

    def test_every_instruction_is_carried_out(self, bundle: Bundle) -> None:
        """Each documented instruction has a rule."""
        cited = {rule.why.removeprefix("instruction:") for rule in bundle.rules}
        assert set() == set(bundle.instructions) - cited

    def test_rules_on_single_records_leave_searching_alone(self, bundle: Bundle) -> None:
        """No deny with a record's condition speaks of search, which could then never be granted."""
        of_call = {condition.name for condition in BUILT_IN if condition.scope is Scope.CALL}
        denies = [rule for rule in bundle.rules if rule.eft == DENY and rule.act in {EVERY, "read", "search"}]
        assert [] == [rule.id for rule in denies if any(literal.name not in of_call for literal in rule.literals)]


class TestCases:
    """The expected decisions."""

    def test_rules_decide_as_expected(self, rulebook: Rulebook, cases: tuple[Case, ...]) -> None:
        """Every case comes out as written, and for the reason written."""
        assert [] == [str(failure) for failure in run_cases(cases, rulebook).failures]

    def test_stock_casbin_decides_as_expected(self, rulebook: Rulebook, cases: tuple[Case, ...]) -> None:
        """Every case comes out as written when plain Casbin decides."""
        assert [] == [(str(case.place), got) for case in cases if (got := enforced(case, rulebook)) != case.expect]

    def test_every_case_can_happen(self, bundle: Bundle, cases: tuple[Case, ...]) -> None:
        """A broad purpose, or one outside every mandate, would test nothing."""
        mandated = {purpose for tenant in bundle.mandates for purpose in bundle.callable_purposes(tenant)}
        assert set() == {case.question.purpose for case in cases} - mandated

    def test_every_rule_decides_some_case(self, rulebook: Rulebook, cases: tuple[Case, ...]) -> None:
        """Each rule grants or caps something in a case."""
        rules = {rule.id for rule in rulebook.bundle.rules}
        assert set() == rules - run_cases(cases, rulebook).deciding

    def test_dropping_any_rule_is_noticed(self, bundle: Bundle, cases: tuple[Case, ...]) -> None:
        """For each rule there is a case that names it and comes out differently without it."""
        assert [] == [rule.id for rule in bundle.rules if not noticed(rule.id, bundle, cases)]


def enforced(case: Case, rulebook: Rulebook) -> str:
    """Return the most revealing level that a stock Casbin enforcer says yes to."""
    asked, bundle = case.question, rulebook.bundle
    if case.field not in bundle.classified(asked.tenant):
        return "none"
    truths = TruthVector({**rulebook.implied(asked.names, asked.tenant), **case.given})
    levels = [level.name for level in reversed(bundle.ladder)] if asked.action == "view" else ["clear"]
    for level in levels:
        for mode in bundle.modes(asked.mode):
            who, act, purpose = asked.names, asked.action, asked.purpose
            request = Request(who, asked.tenant, case.field, act, level, purpose, mode, truths)
            if rulebook.enforcer.enforce(*request.values()):
                return level
    return "none"


def noticed(rule_id: str, bundle: Bundle, cases: tuple[Case, ...]) -> bool:
    """Tell whether some case that names the rule comes out differently without it."""
    without = Rulebook(replace(bundle, rules=tuple(rule for rule in bundle.rules if rule.id != rule_id)), vocabulary())
    naming = tuple(case for case in cases if rule_id in case.why)
    return any(failure.level != failure.case.expect for failure in run_cases(naming, without).failures)


PATHS = ("name", "email", "phone", "street", "birthdate", "iban", "notes", "lead_source", "consents")
PERSONAS = {
    ("user:anna + agent + team:berlin", "acme", "service"): "clear clear clear clear year none none clear clear",
    ("user:anna + agent + team:berlin", "acme", "collections"): "clear clear clear clear year last4 none none none",
    ("user:anna + agent + team:berlin", "acme", "marketing"): "none none none none none none none none none",
    ("user:selma + supervisor", "acme", "service"): "clear clear clear clear clear none none clear clear",
    ("user:selma + supervisor", "acme", "collections"): "clear clear clear clear clear clear none none none",
    ("user:mara + marketer", "acme", "service"): "none none none none none none none none none",
    ("user:mara + marketer", "acme", "marketing"): "clear none none none none none none clear clear",
    ("user:ben + agent", "bolt", "service"): "clear partial partial clear year none none clear none",
    ("user:audrey + auditor", "acme", "audit"): "token token token token token token token clear token",
    ("ai:copilot + agent", "acme", "service"): "clear partial partial clear year none none clear clear",
}


class TestPersonas:
    """What the people of the demo see of a record of which the CRM knows no attributes."""

    @pytest.mark.parametrize("persona", PERSONAS, ids=" ".join)
    def test_sees_what_the_table_says(self, rulebook: Rulebook, persona: tuple[str, str, str]) -> None:
        """Each field shows as much as the table of personas says."""
        who, tenant, purpose = persona
        levels = zip(PATHS, PERSONAS[persona].split(), strict=True)
        rows = [f"{who}, {tenant}, view, contact.{path}, {purpose}, -, {level}, -" for path, level in levels]
        assert [] == failures([USUAL, *rows], rulebook)

    @pytest.mark.parametrize("channel", ["email", "phone"])
    def test_consent_opens_its_channel_only(self, rulebook: Rulebook, channel: str) -> None:
        """With consent for a channel the marketer sees that channel of the record, and no other."""
        given = f"consent(marketing, email)=false; consent(marketing, phone)=false; consent(marketing, {channel})=true"
        levels = {path: "clear" if path == channel else "none" for path in ("email", "phone")}
        rows = [
            f"marketer, acme, view, contact.{path}, marketing, {given}, {level}, -" for path, level in levels.items()
        ]
        assert [] == failures([USUAL, *rows], rulebook)


class TestGuides:
    """The guides for compliance people."""

    @pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.stem)
    def test_rules_shown_stand_in_the_folder(self, bundle: Bundle, guide: Path) -> None:
        """Each rule that a guide shows is one of the folder's."""
        rules = {tuple(rule.row()) for rule in bundle.rules}
        shown = "\n".join(line for line in shown_lines(guide) if line.startswith("p,"))
        rows = [tuple(cell.text for cell in row.cells) for row in rows_in(guide.name, shown, Findings())]
        assert [] == [row for row in rows if row not in rules]
        assert len(rows) > len(GUIDES)

    @pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.stem)
    def test_cases_shown_come_out_as_shown(self, rulebook: Rulebook, guide: Path) -> None:
        """Each case that a guide shows is decided so."""
        shown = [line for line in shown_lines(guide) if not line.startswith("p,")]
        assert ", ".join(COLUMNS) == shown[0]
        assert [] == failures(shown, rulebook)

    def test_both_languages_show_the_same_examples(self) -> None:
        """The German and the English guide differ in words only."""
        english, german = (list(shown_lines(guide)) for guide in GUIDES)
        assert english == german


def failures(lines: list[str], rulebook: Rulebook) -> list[str]:
    """Return what is wrong with the cases that *lines* state."""
    found = read_cases({"shown.csv": "\n".join(lines)}, rulebook)
    return [str(failure) for failure in run_cases(found, rulebook).failures]


def shown_lines(guide: Path) -> Iterator[str]:
    """Yield the lines of the fenced blocks of *guide*."""
    inside = False
    for line in guide.read_text(encoding="utf-8").splitlines():
        if line.startswith("```"):
            inside = not inside
        elif inside:
            yield line
