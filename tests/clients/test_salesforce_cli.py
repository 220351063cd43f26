from __future__ import annotations

import csv
import io
import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import pytest

from policy_gateway_salesforce.sandbox import Sandbox

if TYPE_CHECKING:
    from tests.clients.conftest import Node, Place

PROGRAM = "node_modules/@salesforce/cli/bin/run.js"
PATIENCE = 60.0
QUIET: Final = MappingProxyType(
    {
        "CI": "true",
        "SF_AUTOUPDATE_DISABLE": "true",
        "SF_DISABLE_LOG_FILE": "true",
        "SF_DISABLE_TELEMETRY": "true",
        "SF_HIDE_RELEASE_NOTES": "true",
        "SF_SKIP_NEW_VERSION_CHECK": "true",
        "SF_USE_GENERIC_UNIX_KEYCHAIN": "true",
    }
)


@dataclass(frozen=True, slots=True)
class Cli:
    """The sf CLI as one user of this machine has it."""

    command: tuple[str, ...]
    environment: Mapping[str, str] = field(repr=False)
    home: Path

    def run(self, *arguments: str) -> str:
        """Return what a command that must succeed says on its standard output."""
        done = self._done(arguments)
        assert 0 == done.returncode, done.stdout + done.stderr
        return done.stdout

    def result(self, *arguments: str) -> Any:  # noqa: ANN401 -- JSON
        """Return the result of a command that must succeed."""
        return json.loads(self.run(*arguments, "--json"))["result"]

    def error(self, *arguments: str) -> Mapping[str, Any]:
        """Return the error of a command that must fail."""
        done = self._done((*arguments, "--json"))
        assert 0 != done.returncode, done.stdout
        error: Mapping[str, Any] = json.loads(done.stdout)
        return error

    def _done(self, arguments: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self.command, *arguments],
            env=dict(self.environment),
            cwd=self.home,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )


@pytest.fixture(scope="class")
def sf(node: Node, to_salesforce: Place, clients: Path, tmp_path_factory: pytest.TempPathFactory) -> Cli:
    """Return the CLI, logged in by a token, as people do who have one."""
    home = tmp_path_factory.mktemp("sf")
    told = {**node.environment(to_salesforce), **QUIET, "HOME": str(home), "SF_ACCESS_TOKEN": to_salesforce.token}
    cli = Cli((node.program, str(clients / PROGRAM)), told, home)
    cli.run("org", "login", "access-token", "--instance-url", to_salesforce.url, "--no-prompt", "--set-default")
    return cli


class TestCommands:
    def test_query(self, sf: Cli) -> None:
        """A query's records come as JSON."""
        found = sf.result("data", "query", "--query", "SELECT Id, Email, Account.Name FROM Contact ORDER BY Id LIMIT 2")

        assert (2, True) == (found["totalSize"], found["done"])
        assert [{"attributes", "Id", "Email", "Account"}] * 2 == [set(each) for each in found["records"]]

    def test_table(self, sf: Cli) -> None:
        """A query's records come as a table, with every asked column."""
        soql = "SELECT Id, Email, Account.Name FROM Contact ORDER BY Id LIMIT 2"
        text = sf.run("data", "query", "--query", soql, "--result-format", "csv")

        rows = list(csv.DictReader(io.StringIO(text)))
        assert [["Id", "Email", "Account.Name"]] * 2 == [list(row) for row in rows]

    def test_unknown_column(self, sf: Cli) -> None:
        """A column that is not there is the vendor's refusal."""
        error = sf.error("data", "query", "--query", "SELECT Id, No_Such__c FROM Contact")

        assert "INVALID_FIELD" == error["name"]
        assert "No such column 'No_Such__c' on entity 'Contact'" in error["message"]

    def test_record(self, sf: Cli, salesforce: Sandbox, to_salesforce: Place) -> None:
        """A record is shown and changed."""
        which = ("--sobject", "Contact", "--record-id", to_salesforce.more["CONTACT"])
        before = sf.result("data", "get", "record", *which)
        changed = sf.result("data", "update", "record", *which, "--values", "FirstName=Ada Title='Dr. rer. nat.'")

        known = salesforce.org.tables["Contact"].rows[to_salesforce.more["CONTACT"]]

        assert (known["LastName"], True) == (before["LastName"], changed["success"])
        assert ("Ada", "Dr. rer. nat.") == (known["FirstName"], known["Title"])

    def test_born_and_gone(self, sf: Cli, salesforce: Sandbox) -> None:
        """A record is created and deleted."""
        born = sf.result("data", "create", "record", "--sobject", "Contact", "--values", "LastName=Lovelace")
        gone = sf.result("data", "delete", "record", "--sobject", "Contact", "--record-id", born["id"])

        assert (True, True) == (born["success"], gone["success"])
        assert salesforce.org.tables["Contact"].rows[born["id"]]["IsDeleted"]

    def test_search(self, sf: Cli) -> None:
        """Records are found by words."""
        told = sf.result("data", "search", "--query", "FIND {example} IN ALL FIELDS RETURNING Contact(Id LIMIT 1)")

        assert ["Contact"] == [each["attributes"]["type"] for each in told["searchRecords"]]

    def test_objects(self, sf: Cli) -> None:
        """Objects are listed and described."""
        assert {"Account", "Contact"} <= set(sf.result("sobject", "list", "--sobject", "all"))
        described = sf.result("sobject", "describe", "--sobject", "Contact")
        assert {"Email", "IBAN__c"} <= {each["name"] for each in described["fields"]}

    def test_org(self, sf: Cli, to_salesforce: Place, way: str) -> None:
        """The org is shown as connected, with its limits."""
        known = to_salesforce.more["USERNAME"] if way == "direct" else "user.judge.service@sf.acme"
        org, limits = sf.result("org", "display"), sf.result("org", "list", "limits")

        assert (known, "Connected") == (org["username"], org["connectedStatus"])
        assert "DailyApiRequests" in {each["name"] for each in limits}


@pytest.mark.parametrize("way", ["agent"], indirect=True)
class TestAgent:
    def test_record(self, sf: Cli, salesforce: Sandbox, to_salesforce: Place) -> None:
        """An agent is shown and corrects what she may, and what she may not see stays away."""
        which = ("--sobject", "Contact", "--record-id", to_salesforce.more["CONTACT"])
        shown = sf.result("data", "get", "record", *which)
        changed = sf.result("data", "update", "record", *which, "--values", "Phone='+49 30 23125999'")
        refused = sf.error("data", "update", "record", *which, "--values", "Credit_Score__c=900")
        known = salesforce.org.tables["Contact"].rows[to_salesforce.more["CONTACT"]]

        assert known["LastName"] == shown["LastName"]
        assert set() == {"IBAN__c", "Credit_Score__c"} & shown.keys()
        assert (True, "+49 30 23125999") == (changed["success"], known["Phone"])
        assert "INVALID_FIELD_FOR_INSERT_UPDATE" == refused["name"]

    def test_queries(self, sf: Cli, to_salesforce: Place) -> None:
        """A hidden field that she asks for is null; one that she searches by is not there."""
        only = f"WHERE Id = '{to_salesforce.more['CONTACT']}'"
        found = sf.result("data", "query", "--query", f"SELECT Email, IBAN__c FROM Contact {only}")
        error = sf.error("data", "query", "--query", f"SELECT Id FROM Contact {only} AND IBAN__c LIKE 'DE%'")

        assert [(True, None)] == [("@" in each["Email"], each["IBAN__c"]) for each in found["records"]]
        assert "INVALID_FIELD" == error["name"]
        assert "No such column 'IBAN__c' on entity 'Contact'" in error["message"]
