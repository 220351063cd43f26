"""Anna, a call-center agent, whose program uses simple-salesforce; Mara, of marketing, beside her."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
import requests
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceMalformedRequest

if TYPE_CHECKING:
    from tests.e2e.conftest import Office

FIELDS = "SELECT Id, Name, Phone, IBAN__c FROM Contact"
BY_IBAN = f"{FIELDS} WHERE IBAN__c LIKE 'DE%'"


@dataclass(slots=True)
class Desk:
    """A colleague's client, what came back over the wire, and what the journal has held since."""

    client: Salesforce
    office: Office
    bodies: list[bytes] = field(default_factory=list)
    _before: int = 0

    def __post_init__(self) -> None:
        """Count from now on."""
        self._before = len(self.office.entries())
        self.client.session.hooks["response"].append(lambda reply, **_: self.bodies.append(reply.content))

    def refused(self, soql: str) -> bytes:
        """Return what came back for a query that is refused."""
        with pytest.raises(SalesforceMalformedRequest):
            self.client.query(soql)
        return self.bodies[-1]

    def entries(self) -> list[dict[str, Any]]:
        """Return the journal's entries, oldest first."""
        return self.office.entries()[self._before :]


def desk(office: Office, persona: str, purpose: str) -> Desk:
    """Return the desk of *persona*."""
    session = requests.Session()
    session.verify, session.trust_env = str(office.authority), False
    token = f"{office.keys[persona]}~{purpose}~salesforce"
    return Desk(Salesforce(instance_url=office.url, session_id=token, session=session), office)


@pytest.fixture
def anna(office: Office) -> Iterator[Desk]:
    """Return the agent's desk; she serves customers."""
    found = desk(office, "anna", "service")
    yield found
    found.client.session.close()


@pytest.fixture
def mara(office: Office) -> Iterator[Desk]:
    """Return the marketer's desk."""
    found = desk(office, "mara", "marketing")
    yield found
    found.client.session.close()


class TestFilter:
    def test_same_bytes(self, anna: Desk) -> None:
        """Whoever filters by the IBAN is told what is told of any made-up column, byte by byte."""
        hidden, unknown = anna.refused(BY_IBAN), anna.refused(BY_IBAN.replace("IBAN__c", "IBAN__d"))

        assert hidden == unknown.replace(b"IBAN__d", b"IBAN__c")
        assert b"No such column 'IBAN__c' on entity 'Contact'" in hidden

    def test_entry(self, anna: Desk) -> None:
        """The attempt is one entry: it names the field, and that no rule permits it."""
        anna.refused(BY_IBAN)
        [entry] = anna.entries()

        assert ("deny", "field-refused") == (entry["decision"], entry["code"])
        assert ("contact", ["iban"], 1) == (entry["resource"], entry["refused"], entry["searched_count"])
        assert ["default-deny"] == entry["rules"]
        assert 64 == len(entry["policy_version"])
        assert set() == {"released", "groups", "subjects"} & entry.keys()

    def test_auditor(self, anna: Desk, office: Office) -> None:
        """Whoever audits reads that field, and that it is refused because no rule permits it."""
        anna.refused(BY_IBAN)
        headers = {"Authorization": f"Bearer {office.keys['audrey']}", "X-Purpose": "audit"}
        with anna.client.session.get(f"{office.url}/v1/gateway/entries?limit=1", headers=headers) as reply:
            [entry] = reply.json()["data"]

        assert ("deny", ["iban"], ["default-deny"]) == tuple(
            entry["fields"][path] for path in ("decision", "refused", "rules")
        )

    def test_unknown(self, anna: Desk) -> None:
        """A made-up column is one entry, too, and its name, which may be anything, is in none."""
        anna.refused(BY_IBAN.replace("IBAN__c", "Nope__c"))
        [entry] = anna.entries()

        assert ("deny", "field-refused") == (entry["decision"], entry["code"])
        assert "refused" not in entry
        assert "nope" not in json.dumps(entry).lower()


class TestSelected:
    def test_null(self, anna: Desk) -> None:
        """Without the filter everybody has a name and a number, and a null for an IBAN."""
        rows = anna.client.query(f"{FIELDS} ORDER BY Id LIMIT 20")["records"]

        assert [(True, True, None)] * 20 == [(bool(row["Name"]), bool(row["Phone"]), row["IBAN__c"]) for row in rows]
        assert not re.search(rb"DE\d\d", anna.bodies[-1])

    def test_entry(self, anna: Desk) -> None:
        """That is one entry: what was shown, by which rule, and what was withheld; no word of the query or a value."""
        anna.client.query(f"{FIELDS} WHERE Name LIKE 'Finn%' LIMIT 1")
        [entry] = anna.entries()

        assert ("permit", ["iban"], ["ACME-1"]) == (entry["decision"], entry["withheld"], entry["rules"])
        assert {"name", "phone"} <= set(entry["released"])
        assert "Finn" not in json.dumps(entry)

    def test_masked(self, anna: Desk) -> None:
        """A birthdate of which she may see the year is no date, so it is null where a date is expected."""
        [row] = anna.client.query("SELECT Name, Birthdate FROM Contact ORDER BY Id LIMIT 1")["records"]
        [entry] = anna.entries()

        assert ("Finn Engel", None) == (row["Name"], row["Birthdate"])
        assert {"year": ["birthdate"]} == entry["masked"]

    def test_forbidden(self, mara: Desk) -> None:
        """Where a rule forbids to show it, the entry names that rule: nobody had agreed to be called for marketing."""
        [row] = mara.client.query("SELECT Name, Phone FROM Contact LIMIT 1")["records"]
        [entry] = mara.entries()

        assert (True, None) == (bool(row["Name"]), row["Phone"])
        assert ["phone"] == entry["withheld"]
        assert {"ACME-24", "LAW-8"} <= set(entry["rules"])


class TestDescribed:
    def test_not_mentioned(self, anna: Desk) -> None:
        """What describes contacts says nothing of an IBAN, and is one entry."""
        described = anna.client.Contact.describe()
        [entry] = anna.entries()

        assert {"Name", "Phone"} <= {each["name"] for each in described["fields"]}
        assert b"iban" not in anna.bodies[-1].lower()
        assert ("permit", "describe", "contact") == (entry["decision"], entry["operation"], entry["resource"])
