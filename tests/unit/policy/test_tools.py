from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

import pytest

from policy_gateway.errors import PolicyError
from policy_gateway.model.facts import Truth
from policy_gateway.policy import (
    Policy,
    Question,
    Vocabulary,
    format_folder,
    formatted,
    lint,
    read_cases,
    read_files,
    run_cases,
)

Files = dict[str, bytes]
HEAD = "who, tenant, action, field, purpose, given, expect, why\n"


def asked(*names: str, action: str = "view", purpose: str = "service", mode: str = "normal") -> Question:
    """Return a question of an acme principal."""
    return Question(frozenset(names), "acme", action, purpose, mode)


class TestExplain:
    def test_granted(self, policy: Policy) -> None:
        """An explanation names the granting rules with place, ground, the way to the role, and the obligations."""
        truths = {"own_record": Truth.TRUE, "restricted": Truth.FALSE}
        found = policy.explain(asked("user:anna", "team:berlin"), "contact.phone", truths)
        (reason,) = found.granting
        assert ("clear", "ACME-3", "law:X", "tenants/acme.csv:3") == (
            found.level,
            reason.rule.id,
            reason.rule.why,
            str(reason.rule.place),
        )
        assert ("team:berlin", "agent") == reason.path
        assert ["log", "notify(dpo)"] == sorted(map(str, found.obligations))

    def test_capped(self, policy: Policy) -> None:
        """A denied field names the rule that forbids it, and what is not known."""
        found = policy.explain(asked("agent"), "contact.phone", {})
        assert ("none", ["LAW-2"], ("own_record", "restricted")) == (
            found.level,
            [reason.rule.id for reason in found.capping],
            found.unknown,
        )

    def test_near_miss(self, policy: Policy) -> None:
        """When nothing allows, the rules that lack exactly one thing are told, with what they want."""
        found = policy.explain(asked("supervisor", purpose="collections"), "contact.iban", {"restricted": Truth.FALSE})
        assert [("ACME-8", "condition", "ticket")] == [(miss.rule.id, miss.differs, miss.wants) for miss in found.near]
        found = policy.explain(asked("supervisor"), "contact.iban", {"ticket": Truth.TRUE, "restricted": Truth.FALSE})
        assert ("ACME-8", "purpose", "collections") in [(miss.rule.id, miss.differs, miss.wants) for miss in found.near]

    def test_own_tenant(self, policy: Policy) -> None:
        """Another tenant's rules are never told of."""
        found = [
            policy.explain(asked("clerk", action=action), "contact.phone", {}) for action in ("view", "search", "edit")
        ]
        assert {"acme", "*"} >= {miss.rule.dom for one in found for miss in one.near}

    def test_unclassified(self, policy: Policy) -> None:
        """An unclassified field has no explanation beyond that nothing allows it."""
        found = policy.explain(asked("agent"), "contact.secret", {})
        assert ("none", (), ()) == (found.level, found.near, found.capping)


class TestCases:
    def test_report(self, policy: Policy) -> None:
        """Cases that are decided otherwise are reported with what they got."""
        text = HEAD + (
            "usual, -, -, -, -, restricted=false, -, -\n"
            "agent, acme, view, contact.phone, service, own_record=true, clear, ACME-3\n"
            "agent, acme, view, contact.phone, service, own_record=unknown, partial, ACME-2\n"
            "agent, acme, view, contact.iban, service, -, none, default\n"
            "agent, acme, view, contact.phone, service, -, clear, ACME-3\n"
        )
        report = run_cases(read_cases({"cases/a.csv": text}, policy.rulebook), policy.rulebook)
        message = (
            "cases/a.csv:6: view contact.phone for service in acme: expected clear (ACME-3), and it is partial (ACME-2)"
        )
        assert (4, [message]) == (report.run, [str(failure) for failure in report.failures])

    def test_yaml(self, policy: Policy) -> None:
        """Cases may be written in YAML."""
        text = (
            "- {who: agent, tenant: acme, purpose: service, action: view, field: contact.id,\n"
            "   given: restricted=false, expect: clear}\n"
        )
        assert () == run_cases(read_cases({"cases/a.yaml": text}, policy.rulebook), policy.rulebook).failures

    @pytest.mark.parametrize(
        ("row", "code"),
        [
            ("agent, acne, view, contact.id, service, -, clear, -", "unknown-tenant"),
            ("agent, acme, look, contact.id, service, -, clear, -", "unknown-action"),
            ("agent, acme, view, contact.id, servise, -, clear, -", "unknown-purpose"),
            ("agent, acme, view, contact.id, service, -, claer, -", "unknown-level"),
            ("agent, acme, view, contact.id, service, -, clear, ACME-99", "unknown-rule"),
            ("agent, acme, view, contact.id, service, vip=true, clear, -", "unknown-condition"),
            ("agent, acme, view, contact.id, service, restricted=maybe, clear, -", "given"),
            ("agent, acme, view, contact.id, service, clear, -", "columns"),
        ],
    )
    def test_refused(self, policy: Policy, row: str, code: str) -> None:
        """A case that makes no sense is refused rather than passed."""
        with pytest.raises(PolicyError) as error:
            read_cases({"cases/a.csv": HEAD + row + "\n"}, policy.rulebook)
        assert [code] == [finding.code for finding in error.value.findings]


class TestLint:
    def test_findings(self, files: Files, write: Callable[[Mapping[str, bytes]], Path], vocabulary: Vocabulary) -> None:
        """The linter asks for reasons, and finds what is over, never true or never used."""
        rules = (
            b"p, agent, acme, identity, view, allow, clear, audit, until(2026-01-31), normal, -, NEW-1, law:X\n"
            b"p, agent, acme, identity, view, allow, clear, audit, until(2026-07-15), normal, -, NEW-2, law:X\n"
            b"p, agent, acme, identity, view, allow, clear, audit, vip & !vip, normal, -, NEW-3, law:X\n# end"
        )
        folder = write({**files, "tenants/acme.csv": files["tenants/acme.csv"].replace(b"# end", rules)})
        found = lint(folder, vocabulary, date(2026, 7, 1))
        assert [
            ("instructions.yaml", 2, "uncited"),
            ("tenants/acme.csv", 14, "over"),
            ("tenants/acme.csv", 15, "ends-soon"),
            ("tenants/acme.csv", 16, "never"),
            ("tenants/bolt.csv", 1, "no-why"),
            ("tenants/bolt.csv", 2, "no-why"),
            ("tenants/bolt.csv", 3, "no-why"),
            ("vocabulary.csv", 3, "unused-role"),
        ] == [(finding.path, finding.line, finding.code) for finding in found]

    def test_broken(self, files: Files, write: Callable[[Mapping[str, bytes]], Path], vocabulary: Vocabulary) -> None:
        """What cannot be loaded is said first."""
        found = lint(write({**files, "law.csv": b""}), vocabulary, date(2026, 7, 1))
        assert ["empty"] == [finding.code for finding in found]


class TestFormat:
    def test_aligned(self) -> None:
        """Columns are aligned by kind of row; comments stay, the end comes last, a byte-order mark goes."""
        text = (
            b"\xef\xbb\xbf# who\r\n\r\n\r\ng;team:berlin;agent;acme\r\ng; x; supervisor ; *\r\ng3, view, read\r\n# end"
        )
        expected = "# who\n\ng, team:berlin, agent,      acme\ng, x,           supervisor, *\ng3, view, read\n\n# end\n"
        assert expected == formatted("vocabulary.csv", text)

    def test_idempotent(self, files: Files) -> None:
        """What is formatted stays as it is."""
        for path in ("vocabulary.csv", "law.csv", "tenants/acme.csv"):
            once = formatted(path, files[path])
            assert once == formatted(path, once.encode())

    def test_same_meaning(self, files: Files, vocabulary: Vocabulary) -> None:
        """Formatting changes nothing of what the rules say."""
        tidy = {path: formatted(path, data).encode() if path.endswith(".csv") else data for path, data in files.items()}
        before, after = read_files(files, vocabulary), read_files(tidy, vocabulary)
        assert [rule.row() for rule in before.rules] == [rule.row() for rule in after.rules]
        assert [link.row() for link in before.links] == [link.row() for link in after.links]

    def test_refused(self) -> None:
        """A file that cannot be read is not formatted."""
        with pytest.raises(PolicyError):
            formatted("law.csv", b'p, "agent"\n')

    def test_folder(self, files: Files, write: Callable[[Mapping[str, bytes]], Path]) -> None:
        """A folder is checked or rewritten whole."""
        folder = write(files)
        untidy = format_folder(folder, write=False)
        assert untidy == format_folder(folder, write=True)
        assert ((), True) == (format_folder(folder, write=False), "tenants/acme.csv" in untidy)
