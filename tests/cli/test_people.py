from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Program

ANNA = ("acme", "user:anna")


class TestIssue:
    def test_shown_once(self, program: Program) -> None:
        """A key is the whole answer, for scripts to take; what is said of it stands beside. It is shown this once."""
        ended = program("token", "issue", *ANNA, "--purpose", "service")
        key = ended.out.strip()
        listed = program("token", "list", "acme", "--json")

        assert 0 == ended.code
        assert key.startswith("pgw_")
        assert key[4:12] in ended.err
        assert key not in ended.err
        assert key[12:] not in listed.out
        assert [key[4:12]] == [one["prefix"] for one in json.loads(listed.out)]

    def test_granted(self, program: Program) -> None:
        """A key has the purposes, scopes, end and chain that were asked for."""
        more = ("--scope", "read", "--acting-for", "user:ben", "--expires-in", "90d", "--purpose", "complaint")
        issued = json.loads(program("token", "issue", *ANNA, "--purpose", "service", *more, "--json").out)
        [listed] = json.loads(program("token", "list", "acme", "--json").out)

        assert ["complaint", "service"] == listed["purposes"]
        assert (["read"], ["user:ben"], "valid") == (listed["scopes"], listed["acting_for"], listed["state"])
        assert issued["expires_at"] == listed["expires_at"]

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            ((*ANNA,), "--purpose"),
            ((*ANNA, "--purpose", "servce"), "has not mandated servce"),
            (("acne", "user:anna", "--purpose", "service"), "no client acne"),
            (("acme", "anna", "--purpose", "service"), "a principal is user:"),
            ((*ANNA, "--purpose", "service", "--expires-in", "soon"), "12h, 90d, 4w"),
            ((*ANNA, "--purpose", "service", "--acting-for", "user:anna"), "acts for others"),
        ],
    )
    def test_refused(self, program: Program, arguments: tuple[str, ...], said: str) -> None:
        """What could never work is refused in a line that says what would."""
        ended = program("token", "issue", *arguments)

        assert (2, "") == (ended.code, ended.out)
        assert said in ended.err

    def test_broken_policies(self, program: Program) -> None:
        """With broken policies the places are told, as paths from here."""
        (program.folder / "policies/law.csv").write_text("p, nonsense\n# end\n")
        ended = program("token", "issue", *ANNA, "--purpose", "service")

        assert 2 == ended.code
        assert f"{program.folder}/policies/law.csv:1:" in ended.err


class TestRevoke:
    def test_ended(self, program: Program) -> None:
        """A key that is revoked is listed as such."""
        program("token", "issue", *ANNA, "--purpose", "service")
        prefix = json.loads(program("token", "list", "acme", "--json").out)[0]["prefix"]
        ended = program("token", "revoke", "acme", prefix)

        assert (0, f"{prefix} is revoked\n") == (ended.code, ended.out)
        assert "revoked" in program("token", "list", "acme").out

    def test_another_tenant(self, program: Program) -> None:
        """A client's key is not there for another client."""
        program("token", "issue", *ANNA, "--purpose", "service")
        prefix = json.loads(program("token", "list", "acme", "--json").out)[0]["prefix"]
        ended = program("token", "revoke", "bolt", prefix)

        assert (2, "no such key\n") == (ended.code, ended.err)

    def test_none(self, program: Program) -> None:
        """A client without keys has none."""
        ended = program("token", "list", "acme")

        assert (0, "", "acme has no keys\n") == (ended.code, ended.out, ended.err)


class TestMembers:
    def test_added(self, program: Program) -> None:
        """Teams, roles and attributes are listed together."""
        program("member", "add", *ANNA, "agent", "team:berlin")
        program("member", "describe", *ANNA, "owner_id=7001 7002", "region=north")
        program("member", "describe", *ANNA, "region=")
        listed = json.loads(program("member", "list", "acme", "--json").out)

        assert [
            {"principal": "user:anna", "names": ["agent", "team:berlin"], "attributes": {"owner_id": "7001 7002"}}
        ] == listed
        assert "owner_id=7001 7002" in program("member", "list", "acme").out

    def test_misspelt(self, program: Program) -> None:
        """A role that no rule speaks of is added, and remarked upon."""
        ended = program("member", "add", *ANNA, "agnt")

        assert 0 == ended.code
        assert "no rule speaks of agnt" in ended.err

    def test_removed(self, program: Program) -> None:
        """What is taken away is gone; what was not there is a finding."""
        program("member", "add", *ANNA, "agent")

        assert 0 == program("member", "remove", *ANNA, "agent").code
        assert 1 == program("member", "remove", *ANNA, "agent").code
        assert "has no members" in program("member", "list", "acme").err

    @pytest.mark.parametrize("text", ["owner_id", "=7001"])
    def test_no_pair(self, program: Program, text: str) -> None:
        """An attribute without its form is refused."""
        ended = program("member", "describe", *ANNA, text)

        assert (2, "write name=value\n") == (ended.code, ended.err)


class TestWire:
    @pytest.fixture
    def key(self, program: Program) -> str:
        """Return a key of Anna's, in a tenant with one CRM."""
        program("connection", "add", "acme", "crm", "--adapter", "memory")
        return program("token", "issue", *ANNA, "--purpose", "service").out.strip()

    def typed(self, monkeypatch: pytest.MonkeyPatch, line: str) -> None:
        """Have *line* come from standard input."""
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{line}\n"))

    def test_shown(self, program: Program, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """A CRM's own client shows key, purpose and connection as one token, or logs in with two and the key."""
        self.typed(monkeypatch, key)
        ended = program("token", "wire", "crm", "service")

        assert 0 == ended.code
        assert f"token: {key}~service~crm" in ended.out
        assert "service@crm" in ended.out

    def test_for_scripts(self, program: Program, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """A script gets the parts, and whose they are."""
        self.typed(monkeypatch, key)

        told = json.loads(program("token", "wire", "crm", "service", "--json").out)

        assert {
            "tenant": "acme",
            "principal": "user:anna",
            "dialect": "memory",
            "bearer": f"{key}~service~crm",
            "username": "service@crm",
            "password": key,
        } == told

    @pytest.mark.parametrize(("purpose", "connection"), [("marketing", "crm"), ("service", "other"), ("", "")])
    def test_refused(
        self, program: Program, key: str, purpose: str, connection: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What no client could use is refused, and the key is not shown."""
        self.typed(monkeypatch, key)
        ended = program("token", "wire", connection, purpose)

        assert (2, "") == (ended.code, ended.out)
        assert f"{purpose}@{connection}" in ended.err
        assert key not in ended.err

    def test_unknown_key(self, program: Program, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """A key that is none is refused in the same way."""
        self.typed(monkeypatch, key[:-1] + ("a" if key[-1] != "a" else "b"))

        assert 2 == program("token", "wire", "crm", "service").code
