from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING, TypeAlias

import pytest
from tests.rehearsal.conftest import asked, har_of
from tests.rehearsal.test_recorder import CANARIES, FULL_OF_VALUES

from policy_gateway.cli import main
from policy_gateway.testing.canaries import traces

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.rehearsal.conftest import Crm

DATA = "/services/data/v59.0"
GOOD = asked("GET", f"{DATA}/query", "q=SELECT+Id,+Email+FROM+Contact")
BAD = asked("GET", f"{DATA}/query", "q=SELECT+Id+FROM+Contact+WHERE+IBAN__c+=+'DE02120300000000202051'")

Run: TypeAlias = "Callable[..., tuple[int, str, str]]"


@pytest.fixture
def described(tmp_path: Path, salesforce: Crm) -> Path:
    """Return a capture of what an org describes."""
    paths = (f"{DATA}/sobjects/{name}/describe" for name in ("Contact", "Account"))
    return asyncio.run(har_of(tmp_path, salesforce, *paths))


@pytest.fixture
def run(tmp_path: Path, described: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return what rehearses lines of a log by the program: its exit code, and what it said."""
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "C.UTF-8")
    folder = tmp_path / "gateway"
    main(["init", "--folder", str(folder)])
    capsys.readouterr()

    def ran(*lines: object, who: str = "agent+team:berlin", more: tuple[str, ...] = ()) -> tuple[int, str, str]:
        log = tmp_path / "access.jsonl"
        log.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        place = ("acme", "org", who, "service", str(described), str(log))
        code = main(["rehearse", *place, "--described-by", "salesforce", "--folder", str(folder), *more])
        said = capsys.readouterr()
        return code, said.out, said.err

    return ran


class TestExitCodes:
    def test_clean(self, run: Run) -> None:
        """Nothing refused: 0."""
        code, out, _ = run(GOOD)

        assert 0 == code
        assert "Nothing would be refused." in out

    def test_findings(self, run: Run) -> None:
        """Anything refused: 1, and the line says what, how and why."""
        code, out, _ = run(GOOD, BAD)

        assert 1 == code
        assert "400 INVALID_FIELD" in out
        assert "IBAN__c: refused" in out
        assert "1 requests would be refused or are not served." in out

    def test_cannot_say(self, run: Run) -> None:
        """When nobody can tell: 2."""
        code, out, _ = run(asked("GET", f"{DATA}/query/01gxx0000000001AAA-2000"))

        assert 2 == code
        assert "nobody can tell" in out

    @pytest.mark.parametrize(
        ("who", "more", "said"),
        [
            ("wizard", (), "no rule speaks of wizard"),
            ("user:anna+user:ben", (), "one principal"),
            ("agent", ("--described-by", "punchcards"), "no plugin speaks like punchcards"),
            ("agent", ("--described-by", ""), "acme has no connection org"),
        ],
    )
    def test_usage(self, run: Run, who: str, more: tuple[str, ...], said: str) -> None:
        """What makes no sense is refused before anything is rehearsed, in a line that says what would."""
        code, out, err = run(GOOD, who=who, more=more)

        assert (2, "") == (code, out)
        assert said in err


class TestOutput:
    def test_json(self, run: Run) -> None:
        """Scripts get everything: each request's shape, fate, fields, rules and cost."""
        _, out, _ = run(GOOD, BAD, more=("--json",))
        told = json.loads(out)
        items = {
            item["outcome"]: item for client in told["clients"] for item in client["items"] if item["kind"] == "read"
        }

        assert ("acme", "org", "service", True) == (
            told["tenant"],
            told["connection"],
            told["purpose"],
            told["findings"],
        )
        assert [{"field": "IBAN__c", "how": "refused", "rules": items["refused"]["fields"][0]["rules"]}] == (
            items["refused"]["fields"]
        )
        assert {"reads": 1, "writes": 0, "checks": 0} == items["full"]["calls"]
        assert {"requests": 1, "operations": 1, "calls": 1, "each": 1.0, "budget": 1.2, "within": True} == (
            told["costs"]["read"]
        )

    def test_page(self, run: Run, tmp_path: Path) -> None:
        """The page needs nothing from anywhere, runs no script, and shows a bar for each client."""
        run(GOOD, BAD, more=("--html", str(tmp_path / "report.html")))
        page = (tmp_path / "report.html").read_text(encoding="utf-8")
        charts = re.findall(r"<svg viewBox.*?</svg>", page, re.DOTALL)

        assert [] == re.findall(r"https?://|<script|@import|url\((?!#)", page)
        assert 2 == len(charts)
        assert ["?", "probe"] == re.findall(r'class="label">([^<]*)<', charts[0])
        assert "IBAN__c" in page

    def test_german(self, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """Whoever reads German gets all of it in German."""
        monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
        _, out, _ = run(BAD, more=("--html", str(tmp_path / "report.html")))
        page = (tmp_path / "report.html").read_text(encoding="utf-8")

        assert "abgelehnt" in out
        assert '<html lang="de">' in page
        assert "Was aus den Anfragen wird" in page

    def test_no_values(self, run: Run, tmp_path: Path) -> None:
        """No value of the captured traffic is told, on the terminal, in JSON or on the page."""
        lines = [
            {
                "method": each.method,
                "path": each.path,
                "query": "&".join(f"{name}={value}" for name, value in each.query),
                "headers": {name.title(): value for name, value in each.headers.items()},
                "body": each.body.decode(),
            }
            for each in FULL_OF_VALUES
        ]
        _, out, err = run(*lines, more=("--html", str(tmp_path / "report.html")))
        _, told, _ = run(*lines, more=("--json",))
        page = (tmp_path / "report.html").read_bytes()

        assert [] == traces(CANARIES, out.encode(), err.encode(), told.encode(), page)


class TestRecord:
    def test_not_a_path(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """The recorder forwards to a host, and refuses what is more."""
        code = main(["record", "--upstream", "https://crm.example.com/api", "--out", str(tmp_path / "out.jsonl")])

        assert 2 == code
        assert "without a path" in capsys.readouterr().err

    def test_no_folder(self, capsys: pytest.CaptureFixture[str]) -> None:
        """It knows no gateway's folder: there is no option for one."""
        main(["record", "--help"])

        assert "--folder" not in capsys.readouterr().out
