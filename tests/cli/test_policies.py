from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Program

PHONE = ("acme", "marketer", "contact.phone", "marketing")


def edit(file: Path, old: str, new: str) -> None:
    """Replace the first *old* in *file*."""
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


class TestLint:
    def test_clean(self, program: Program) -> None:
        """The shipped policies have no findings."""
        ended = program("policy", "lint")

        assert (0, "") == (ended.code, ended.out)

    def test_found(self, program: Program) -> None:
        """Each finding is a line with path, line and column, for an editor to jump to."""
        rules = program.folder / "policies/tenants/acme.csv"
        edit(rules, "normal", "normall")
        ended = program("policy", "lint")

        assert 1 == ended.code
        assert ended.out.startswith(f"{rules}:5:")
        assert "(did you mean" in ended.out or "normal" in ended.out

    def test_for_scripts(self, program: Program) -> None:
        """The same as JSON."""
        edit(program.folder / "policies/tenants/acme.csv", "normal", "normall")
        [finding, *_] = json.loads(program("policy", "lint", "--json").out)

        assert {"path", "line", "column", "code", "message", "suggestion"} == set(finding)


class TestCases:
    def test_shipped(self, program: Program) -> None:
        """The shipped policies decide as their cases expect."""
        ended = program("policy", "test")

        assert 0 == ended.code
        assert ended.out.endswith(" 0 failed\n")

    def test_failed(self, program: Program) -> None:
        """A decision that has changed is told with the place of its case."""
        edit(
            program.folder / "policies/tenants/acme.csv", "allow, clear, customer_care", "allow, partial, customer_care"
        )
        ended = program("policy", "test")
        told = json.loads(program("policy", "test", "--json").out)

        assert 1 == ended.code
        assert f"{program.folder}/policies/cases/" in ended.out
        assert told["failures"][0]["place"].startswith(f"{program.folder}/policies/cases/")


class TestFormat:
    def test_aligned(self, program: Program) -> None:
        """Columns are aligned, and nothing else changes; --check only tells."""
        rules = program.folder / "policies/law.csv"
        before = rules.read_text(encoding="utf-8")
        edit(rules, "p, *,   *", "p,*,*")
        checked, done, again = (
            program("policy", "fmt", "--check"),
            program("policy", "fmt"),
            program("policy", "fmt", "--check", "--json"),
        )

        assert (1, f"not formatted: {rules}\n") == (checked.code, checked.out)
        assert (0, f"formatted {rules}\n") == (done.code, done.out)
        assert (0, []) == (again.code, json.loads(again.out))
        assert before == rules.read_text(encoding="utf-8")

    def test_missing(self, program: Program) -> None:
        """A folder that is not there is said to be missing."""
        (program.folder / "gateway.toml").write_text('policies = "elsewhere"\n')

        assert f"{program.folder}/elsewhere: there is no such folder\n" == program("policy", "fmt").err


class TestExplain:
    def test_why_not(self, program: Program) -> None:
        """What limits is told with its place, in words, with its condition and its ground."""
        ended = program("policy", "explain", *PHONE, "--given", "consent(marketing, phone)=false")

        assert 0 == ended.code
        assert ended.out.startswith("contact.phone: withheld from marketer of acme (view, marketing)\n")
        assert f"{program.folder}/policies/law.csv:17: LAW-8\n" in ended.out
        assert "Condition: !consent(marketing, phone)\n" in ended.out
        assert "Art. 6(1)(a) GDPR (consent)" in ended.out

    def test_unknown(self, program: Program) -> None:
        """What is not known is named, with what to try; what is usual is assumed, and said."""
        told = program("policy", "explain", *PHONE).out

        assert "Not known, and so decided against: consent(marketing, phone)\n" in told
        assert "Assumed (say otherwise with --given): restricted=false" in told

    def test_why(self, program: Program) -> None:
        """What grants is told with the way by which a member comes by the role."""
        program("member", "add", "acme", "user:anna", "team:berlin")
        told = program("policy", "explain", "acme", "user:anna", "contact.phone", "service").out

        assert told.startswith("contact.phone: clear for team:berlin + user:anna of acme")
        assert "By: team:berlin → agent" in told
        assert "ACME-2026-01: Agents care for customers" in told

    def test_for_scripts(self, program: Program) -> None:
        """The same as JSON, near misses included."""
        told = json.loads(program("policy", "explain", "acme", "agent", "contact.iban", "service", "--json").out)

        assert "none" == told["level"]
        assert "collections" in {miss["wants"] for miss in told["near"] if miss["differs"] == "purpose"}

    def test_near(self, program: Program) -> None:
        """Rules that nearly granted it are told with what they want instead."""
        told = program("policy", "explain", "acme", "agent", "contact.iban", "service").out

        assert "ACME-16: another purpose: collections" in told

    def test_german(self, program: Program, german: None) -> None:
        """The same in German, laws as German lawyers cite them."""
        del german
        told = program("policy", "explain", *PHONE, "--given", "consent(marketing,phone)=false").out

        assert "verborgen vor marketer bei acme" in told
        assert "Art. 6 Abs. 1 lit. a DSGVO" in told

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (("acne", "agent", "contact.phone", "service"), "no client acne: they have acme, bolt"),
            (("acme", "agnt", "contact.phone", "service"), "no rule speaks of agnt"),
            (("acme", "agent", "contact.phone", "customer_care"), "customer_care is no purpose"),
            (("acme", "agent", "contact.phone", "service", "--action", "look"), "no action look"),
            (("acme", "agent", "contact.phone", "service", "--mode", "panic"), "no mode panic"),
            (("acme", "agent", "contact.phone", "service", "--given", "vip=maybe"), "vip=maybe: write"),
            (("acme", "agent", "contact.phone", "service", "--given", "sunny=true"), "rules ask for"),
        ],
    )
    def test_refused(self, program: Program, arguments: tuple[str, ...], said: str) -> None:
        """A word that policy does not know is refused: its answer would mislead."""
        ended = program("policy", "explain", *arguments)

        assert 2 == ended.code
        assert said in ended.err
