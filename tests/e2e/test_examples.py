"""Each program of ``examples`` runs unmodified against the gateway, as an agent, and the pages show it as it stands."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.e2e.conftest import Office

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
CLIENTS = ROOT / ".clients"
HOW_TO = ROOT / "docs/how-to"
PAGES = ("point-your-client.md", "client-umstellen.md")
PATIENCE = 60.0
STARTED_BY = {".py": sys.executable, ".cjs": "node", ".sh": "bash"}
SALESFORCE = ("Finn Engel +493023125000", "Oskar Yildiz +493023125001", "Sören Kraus +493023125002")
HUBSPOT = ("Petersen +493023125000", "Hofmann +493023125001", "Kaya +493023125002")
"""Who the first three contacts of each are, and how they are reached."""

PYTHON = {
    "simple_salesforce_contacts.py": [
        *(f"{row} None" for row in SALESFORCE),
        "described: False",
        "refused: INVALID_FIELD",
    ],
    "salesforce_bulk_contacts.py": ["rows: 1000 with a number: 1000", "with an IBAN: 0"],
    "hubspot_api_client_contacts.py": [*(f"{row} None" for row in HUBSPOT), "refused: 400"],
    "hubspot_sdk_contacts.py": [*(f"{row} None" for row in HUBSPOT), "refused: 400"],
    "unified_api.py": [
        "Günther Petersen +493023125000 withheld: ['iban']",
        "Vera Hofmann +493023125001 withheld: ['iban']",
        "Anna Kaya +493023125002 withheld: ['iban']",
        "masked: {'birthdate': 'year'}",
        "the phone number was collected at: contract form, www.acme-energie.example",
        "refused: 403 field-refused",
    ],
}
NODE = {
    "jsforce_contacts.cjs": [*(f"{row} null" for row in SALESFORCE), "described: false", "refused: INVALID_FIELD"],
    "sf_contacts.sh": ["Name,Phone,IBAN__c", *(f"{row.replace(' +', ',+')}," for row in SALESFORCE)],
    "hubspot_node_contacts.cjs": [*(f"{row} null" for row in HUBSPOT), "refused: 400"],
    "hubspot_mcp_server.py": [f"{row} None" for row in HUBSPOT],
}
WHO = {"salesforce_bulk_contacts.py": "selma"}
"""Who runs them, when it is not the agent: taking data out is for supervisors, with a ticket."""

SHOWN = sorted({*PYTHON, *NODE, "hubspot_mcp_server.json"} - {"hubspot_mcp_server.py"})
VARIABLES = ("GATEWAY", "GATEWAY_KEY", "GATEWAY_CA", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS")
INSTALLED = (CLIENTS / ".ready").exists()
"""Whether `make clients` has installed what the examples for Node need."""


@pytest.mark.parametrize(("name", "printed"), [*PYTHON.items(), *(NODE.items() if INSTALLED else ())])
def test_runs(office: Office, tmp_path: Path, name: str, printed: list[str]) -> None:
    """An agent's program shows names and numbers and no IBAN, and is refused where it searches by one."""
    path = EXAMPLES / name
    done = subprocess.run(
        [STARTED_BY[path.suffix], str(path)],
        env=office.environment(WHO.get(name, "anna"), tmp_path),
        cwd=CLIENTS if INSTALLED else tmp_path,  # where npx finds what is installed
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )

    assert (0, printed) == (done.returncode, done.stdout.splitlines()), done.stderr


def test_all_run() -> None:
    """No example is left out."""
    assert {*PYTHON, *NODE, "hubspot_mcp_server.json", "README.md"} == {path.name for path in EXAMPLES.iterdir()}


@pytest.mark.parametrize("page", PAGES)
class TestPage:
    def test_programs(self, page: str) -> None:
        """A page shows every program as it is run, and no others."""
        text = (HOW_TO / page).read_text(encoding="utf-8")
        shown = re.findall(r"^```(?!console$)\w+\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
        programs = {(EXAMPLES / name).read_text(encoding="utf-8") for name in SHOWN}

        assert len(SHOWN) == len(shown)
        assert programs == set(shown)

    def test_table(self, page: str) -> None:
        """What the table says of a client stands in the program below the heading that it leads to."""
        text = (HOW_TO / page).read_text(encoding="utf-8")
        rows = re.findall(r"^\| \[([^\]]+)\]\(#([^)]+)\) \| (.*) \|$", text, re.MULTILINE)
        sections = {_anchor(each.partition("\n")[0]): each for each in text.split("\n### ")[1:]}
        missing = [
            (name, said)
            for name, anchor, cells in rows
            for said in re.findall(r"`([^`]+)`", cells)
            if said not in sections[anchor]
        ]

        assert (8, []) == (len(rows), missing)

    def test_environment(self, page: str) -> None:
        """The variables that a page exports are those that the programs are run with here."""
        text = (HOW_TO / page).read_text(encoding="utf-8")
        exported = {name for line in re.findall(r"^\$ export (.*)$", text, re.MULTILINE) for name in _names(line)}

        assert set(VARIABLES) == exported

    def test_links(self, page: str) -> None:
        """What a page leads to is there; the pages in both languages lead to each other."""
        text = (HOW_TO / page).read_text(encoding="utf-8")
        files = [each.partition("#")[0] for each in re.findall(r"\]\(([^)#][^)]*)\)", text)]

        assert [] == [each for each in files if not (HOW_TO / each).exists()]
        assert set(PAGES) - {page} <= set(files)


def _anchor(heading: str) -> str:
    """Return how a heading is linked to."""
    return re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-")


def _names(line: str) -> list[str]:
    return [word.partition("=")[0] for word in line.split()]
