from __future__ import annotations

import io
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Ended, Program

SECRET = "pat-eu1-0123456789abcdef"
CRM = ("acme", "crm")
HUBSPOT = ("--adapter", "hubspot", "--url", "https://api.hubapi.com")


@pytest.fixture
def token(tmp_path: Path) -> str:
    """Return how a secret is taken from a file."""
    file = tmp_path / "token"
    file.write_text(f"{SECRET}\n")
    return f"token={file}"


def add(program: Program, token: str) -> Ended:
    """Add a connection whose secret is in a file."""
    return program("connection", "add", *CRM, *HUBSPOT, "--secret-file", token, "--option", "region=AT")


class TestAdd:
    def test_from_file(self, program: Program, token: str) -> None:
        """A connection is added with a secret from a file, and listed without it."""
        added = add(program, token)
        listed = program("connection", "list", "acme", "--json")

        assert (0, "acme has crm\n") == (added.code, added.out)
        assert [
            {"name": "crm", "adapter": "hubspot", "url": "https://api.hubapi.com", "options": {"region": "AT"}}
        ] == json.loads(listed.out)
        assert "https://api.hubapi.com" in program("connection", "list", "acme").out

    def test_from_input(self, program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without a terminal a secret is a line of standard input."""
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{SECRET}\n"))

        assert 0 == program("connection", "add", *CRM, *HUBSPOT, "--secret", "token").code

    def test_sealed(self, program: Program, token: str) -> None:
        """The secret is nowhere in the folder as it is, nor in anything that is said."""
        said = [add(program, token), program("connection", "list", "acme"), program("check", "--json")]
        kept = b"".join(path.read_bytes() for path in program.folder.rglob("*") if path.is_file())

        assert SECRET.encode() not in kept
        assert SECRET not in "".join(ended.out + ended.err for ended in said)

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (("--secret", f"token={SECRET}"), "secrets are never arguments"),
            (("--secret-file", "token"), "--secret-file name=path"),
            (("--secret-file", "token=/nowhere/at-all"), "/nowhere/at-all: No such file"),
            (("--option", "region"), "name=value"),
            (("--option", "shade=red"), "options that cannot be used: shade"),
            ((), "token"),
        ],
    )
    def test_refused(self, program: Program, arguments: tuple[str, ...], said: str) -> None:
        """A connection that could not work is refused in a line, and no secret is repeated."""
        ended = program("connection", "add", *CRM, *HUBSPOT, *arguments)

        assert 2 == ended.code
        assert said in ended.err
        assert SECRET not in ended.err

    def test_empty(self, program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
        """An empty secret is refused."""
        monkeypatch.setattr("sys.stdin", io.StringIO(""))

        assert "empty: token" in program("connection", "add", *CRM, *HUBSPOT, "--secret", "token").err

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (("acme", "crm", "--adapter", "hubspo"), "no plugin for hubspo is installed: there is hubspot, memory"),
            (("acne", "crm", "--adapter", "memory"), "no client acne: they have acme, bolt"),
            (("acme", "console", "--adapter", "memory"), "not a reserved one"),
            (("acme", "crm", "--adapter", "hubspot", "--url", "http://10.0.0.7"), "use https"),
        ],
    )
    def test_impossible(self, program: Program, arguments: tuple[str, ...], said: str) -> None:
        """Adapters, clients, names and addresses that cannot be are refused."""
        ended = program("connection", "add", *arguments)

        assert 2 == ended.code
        assert said in ended.err

    def test_twice(self, program: Program, token: str) -> None:
        """A name is taken once."""
        add(program, token)

        assert (2, "the tenant has a connection of this name\n") == ((again := add(program, token)).code, again.err)


class TestChange:
    def test_options(self, program: Program, token: str) -> None:
        """What is not given stays; an option without a value goes."""
        add(program, token)
        ended = program("connection", "change", *CRM, "--option", "region=", "--option", "iban=bank_account")
        [row] = json.loads(program("connection", "list", "acme", "--json").out)

        assert 0 == ended.code
        assert {"iban": "bank_account"} == row["options"]
        assert "https://api.hubapi.com" == row["url"]

    def test_elsewhere(self, program: Program, token: str) -> None:
        """Pointed to another host, the secret that was entered for the old one is not sent there."""
        add(program, token)
        url = ("--url", "https://elsewhere.example")

        assert 2 == program("connection", "change", *CRM, *url).code
        assert "what was stored for the old one is gone" in (
            program("connection", "change", *CRM, *url, "--secret-file", token).err
        )

    def test_missing(self, program: Program) -> None:
        """What is not there cannot be changed, tested, compared or removed."""
        for command in ("change", "drift", "remove"):
            assert (2, "no such connection or resource\n") == (
                (ended := program("connection", command, *CRM)).code,
                ended.err,
            )
        assert 2 == program("connection", "test", *CRM).code


class TestLooking:
    def test_works(self, program: Program) -> None:
        """A CRM that answers is told with what it describes."""
        program("connection", "add", *CRM, "--adapter", "memory")
        ended = program("connection", "test", *CRM)

        assert 0 == ended.code
        assert "ok     what the CRM describes: company (" in ended.out

    def test_drift(self, program: Program) -> None:
        """Fields that only one side has are findings; other adapters' own are not missed."""
        program("connection", "add", *CRM, "--adapter", "memory")
        ended = program("connection", "drift", *CRM)

        assert 1 == ended.code
        assert ": the vocabulary has it, the CRM does not" in ended.out
        assert "hubspot." not in ended.out
        assert {"resource", "unclassified", "vanished"} == set(
            json.loads(program("connection", "drift", *CRM, "--json").out)[0]
        )

    def test_removed(self, program: Program) -> None:
        """A connection that is removed is gone."""
        program("connection", "add", *CRM, "--adapter", "memory")

        assert 0 == program("connection", "remove", *CRM).code
        assert "acme has no connections\n" == program("connection", "list", "acme").err


class TestProvenance:
    def test_default(self, program: Program) -> None:
        """Parts are set one by one, kept, and taken away."""
        program("connection", "add", *CRM, "--adapter", "memory")
        where = ("provenance", "default", *CRM, "contact")
        program(*where, "collected_by=team:sales", "purposes=service,complaint", "storage_duration=P3Y")
        program(*where, "legal_basis=contract", "storage_duration=")

        assert {
            "collected_by": "team:sales",
            "purposes": ["service", "complaint"],
            "legal_basis": "contract",
        } == json.loads(program(*where, "--json").out)
        assert "purposes=service,complaint" in program(*where).out
        assert "nothing is said of contact of crm (field phone)" in program(*where, "--field", "phone").err

    @pytest.mark.parametrize("part", ["storage_duration=long", "collected_by=user:anna", "shade=red"])
    def test_refused(self, program: Program, part: str) -> None:
        """A part that cannot be is refused."""
        assert 2 == program("provenance", "default", *CRM, "contact", part).code
