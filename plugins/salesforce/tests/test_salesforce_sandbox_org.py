"""The sandbox's org: nobody in it is real, it is described as the vendor does, and it misbehaves when told to."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from policy_gateway_salesforce.sandbox import CANARY, Fault, FaultKind, Recorded, Sandbox
from policy_gateway_salesforce.sandbox.ids import canonical

Ask = Callable[..., Any]

API = "/services/data/v59.0"
FINN = "003Ws000000001dIAA"
FICTIONAL = re.compile(
    r"\+49(3023125|4066969|2214710|6990009|8999998)\d{3}|\+49(17139200|176040690)\d{2}"
    r"|\+44(2079460|1134960|2920180)\d{3}|\+447700900\d{3}|\+33(199|4657|2619)\d+|\+3363998\d{4}"
)
OBJECTS = (
    "Account",
    "Case",
    "Contact",
    "ContactPointTypeConsent",
    "DataUsePurpose",
    "Group",
    "Individual",
    "Lead",
    "Opportunity",
    "Organization",
    "Task",
    "User",
)


def people(sandbox: Sandbox) -> list[dict[str, Any]]:
    """Return the seeded contacts."""
    return [dict(row) for row in sandbox.org.tables["Contact"].live()]


class TestSeed:
    def test_same(self) -> None:
        """The same seed is the same org, another seed another."""
        one, other, third = (people(Sandbox(seed=seed)) for seed in (1, 1, 2))

        assert one == other
        assert one != third

    def test_nobody_real(self, sandbox: Sandbox) -> None:
        """Every address and number is one that cannot be anybody's, and none is there twice."""
        everyone = people(sandbox)
        numbers = [person[name] for person in everyone for name in ("Phone", "MobilePhone") if name in person]
        emails = [person["Email"] for person in everyone]

        assert (1000, 100) == (len(everyone), len(sandbox.org.tables["Account"].rows))
        assert [] == [number for number in numbers if FICTIONAL.fullmatch(number) is None]
        assert (len(numbers), len(emails)) == (len(set(numbers)), len(set(emails)))
        assert {"example.com", "example.org"} == {email.partition("@")[2] for email in emails}

    def test_check_digits(self, sandbox: Sandbox) -> None:
        """Bank accounts have valid check digits and a bank that does not exist."""
        ibans = [person["IBAN__c"] for person in people(sandbox) if "IBAN__c" in person]

        assert ibans
        assert {1} == {int(f"{iban[4:]}1314{iban[2:4]}") % 97 for iban in ibans}
        assert {"DE99800000"} == {iban[:2] + iban[4:12] for iban in ibans}

    def test_whole(self, sandbox: Sandbox) -> None:
        """Every value is one that its field takes, and every reference leads to a record."""
        wrong = [
            (kind.name, name)
            for kind, row in ((table.kind, row) for table in sandbox.org.tables.values() for row in table.live())
            for name, value in row.items()
            if (column := kind.column(name)) is None
            or (column.references and sandbox.org.find(value) is None)
            or (column.restricted and not set(str(value).split(";")) <= set(column.values))
            or (isinstance(value, str) and column.size and len(value) > column.size)
        ]
        required = [
            (table.kind.name, column.name)
            for table in sandbox.org.tables.values()
            for row in table.live()
            for column in table.kind.columns
            if column.required and column.name not in row
        ]

        assert [] == wrong + required
        assert {18} == {
            len(canonical(identifier) or "") for table in sandbox.org.tables.values() for identifier in table.rows
        }


class TestDescribe:
    @pytest.mark.parametrize("name", OBJECTS)
    def test_objects(self, ask: Ask, name: str) -> None:
        """Every object tells what clients read: its fields' types and rights, its relations, its addresses."""
        told = ask(f"GET {API}/sobjects/{name}/describe").told
        listed = {each["name"]: each for each in ask(f"GET {API}/sobjects").told["sobjects"]}
        fields = {each["name"]: each for each in told["fields"]}

        assert set(OBJECTS) == set(listed)
        assert listed[name].items() <= (told | {"urls": listed[name]["urls"]}).items()
        assert ("id", "tns:ID", False, True) == tuple(
            fields["Id"][key] for key in ("type", "soapType", "updateable", "idLookup")
        )
        assert [1] == [sum(each["nameField"] for each in fields.values())]
        assert {len(each) for each in fields.values()} == {len(fields["Id"])}
        assert [] == [
            each["name"] for each in fields.values() if bool(each["referenceTo"]) != (each["type"] == "reference")
        ]

    def test_relations(self, ask: Ask) -> None:
        """Every relation to children leads to a field that points back."""
        for name in OBJECTS:
            for relation in ask(f"GET {API}/sobjects/{name}/describe").told["childRelationships"]:
                fields = ask(f"GET {API}/sobjects/{relation['childSObject']}/describe").told["fields"]
                [field] = [each for each in fields if each["name"] == relation["field"]]
                assert name in field["referenceTo"]

    def test_contact(self, ask: Ask) -> None:
        """A contact's fields are what they are."""
        fields = {each["name"]: each for each in ask(f"GET {API}/sobjects/contact/describe").told["fields"]}

        assert ["Name", "Name", "MailingAddress", None] == [
            fields[name]["compoundFieldName"] for name in ("FirstName", "LastName", "MailingCity", "Email")
        ]
        assert (False, True, True, "multipicklist", "textarea", 32768) == (
            fields["Service_Notes__c"]["filterable"],
            fields["Customer_Number__c"]["externalId"],
            fields["Customer_Number__c"]["unique"],
            fields["Consents__c"]["type"],
            fields["Service_Notes__c"]["type"],
            fields["Service_Notes__c"]["length"],
        )
        assert ["marketing_email", "marketing_phone"] == [
            each["value"] for each in fields["Consents__c"]["picklistValues"][:2]
        ]


class TestFaults:
    def asked(self, sandbox: Sandbox, fault: Fault, path: str = f"sobjects/Contact/{FINN}") -> tuple[int, Any, Any]:
        """Return status, JSON and headers of one answer under *fault*."""
        headers = {"authorization": f"Bearer {sandbox.token}"}
        query = (("q", "SELECT Id, Email, Account.Name FROM Contact LIMIT 2"),) if path == "query" else ()
        answer = sandbox.answer(Recorded("GET", f"{API}/{path}", query, b"", "", headers), fault)
        return answer.status, orjson.loads(answer.content() or b"null"), answer.headers

    @pytest.mark.parametrize(
        ("kind", "status", "code"),
        [
            (FaultKind.RATE_LIMIT, 429, "TOO_MANY_REQUESTS"),
            (FaultKind.DAILY_LIMIT, 403, "REQUEST_LIMIT_EXCEEDED"),
            (FaultKind.EXPIRED, 401, "INVALID_SESSION_ID"),
            (FaultKind.LOCKED, 400, "UNABLE_TO_LOCK_ROW"),
            (FaultKind.STATUS, 503, "UNKNOWN_EXCEPTION"),
            (FaultKind.ERROR_IN_200, 200, "UNKNOWN_EXCEPTION"),
        ],
    )
    def test_refusals(self, sandbox: Sandbox, kind: FaultKind, status: int, code: str) -> None:
        """A bad day has the vendor's shape."""
        got, told, headers = self.asked(sandbox, Fault(kind, seconds=7))

        assert (status, code) == (got, told[0]["errorCode"])
        assert ("7" if status == 429 else None) == headers.get("retry-after")

    def test_extra_fields(self, sandbox: Sandbox) -> None:
        """Records have fields that nobody asked for, and keep those that were."""
        _, told, _ = self.asked(sandbox, Fault(FaultKind.EXTRA_FIELDS), "query")

        assert [CANARY] * 2 == [each["Hidden_Extra__c"] for each in told["records"]]
        assert {False} == {each["Email"] == CANARY for each in told["records"]}

    def test_wrong_types(self, sandbox: Sandbox) -> None:
        """Values are of types that their fields do not have."""
        _, told, _ = self.asked(sandbox, Fault(FaultKind.WRONG_TYPES))

        assert {"Contact"} == {told["attributes"]["type"]}
        assert {dict, list, int, bool} == {type(value) for name, value in told.items() if name != "attributes"}

    def test_wrong_record(self, sandbox: Sandbox) -> None:
        """The answer is about another record than was asked for."""
        _, told, _ = self.asked(sandbox, Fault(FaultKind.WRONG_RECORD))

        assert FINN != told["Id"]
        assert told["attributes"]["url"].endswith(told["Id"])
