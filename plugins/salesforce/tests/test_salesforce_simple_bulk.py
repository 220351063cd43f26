"""The client that most Python programs use loads and queries in bulk, by both APIs, unmodified."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any, Protocol

import pytest
import requests
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceGeneralError, SalesforceMalformedRequest, SalesforceOperationError

from policy_gateway_salesforce.sandbox import Sandbox

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning:zeep")

COLUMNS = "Id, FirstName, LastName, Email, Phone, DoNotCall, Birthdate, CreatedDate, Account.Name, Owner.Name"
SOON = 0.02


class Door(Protocol):
    """Where the client goes: to the sandbox itself, or through what stands before it."""

    url: str
    token: str
    sandbox: Sandbox

    def session(self) -> requests.Session:
        """Return a session that trusts the server."""
        ...


def at(door: Door) -> Salesforce:
    """Return the client; jobs there are done at the first look, for it waits five seconds for the next one."""
    door.sandbox.org.bulk_looks = 0
    return Salesforce(instance_url=door.url, session_id=door.token, session=door.session())


@pytest.fixture
def client(door: Door) -> Salesforce:
    """Return the client with a token."""
    return at(door)


@pytest.fixture
def straight(direct_door: Door) -> Salesforce:
    """Return the client at the sandbox itself: for what the gateway, by policy, answers otherwise."""
    return at(direct_door)


def table(text: str) -> list[dict[str, str]]:
    """Return the rows of a CSV by their columns."""
    return list(csv.DictReader(io.StringIO(text, newline="")))


def known(client: Salesforce, *numbers: int) -> list[str]:
    """Return the ids of some of the seeded contacts."""
    named = ", ".join(f"'K-{100_000 + number * 7}'" for number in numbers)
    query = f"SELECT Id FROM Contact WHERE Customer_Number__c IN ({named}) ORDER BY Customer_Number__c"
    return [str(each["Id"]) for each in client.query(query)["records"]]


class TestFirst:
    def test_insert(self, client: Salesforce) -> None:
        """Each record is created or refused by itself."""
        rows: list[dict[str, Any]] = [
            {"LastName": "Hopper", "VIP__c": True},
            {"FirstName": "Barbara"},
            {"LastName": "Liskov", "Email": "no"},
        ]
        fine, *wrong = client.bulk.Contact.insert(rows, batch_size=2)

        assert (True, True, []) == (fine["success"], fine["created"], fine["errors"])
        assert "Hopper" == client.Contact.get(fine["id"])["LastName"]
        assert [(False, False, None)] * 2 == [(each["success"], each["created"], each["id"]) for each in wrong]
        assert ["REQUIRED_FIELD_MISSING", "INVALID_EMAIL_ADDRESS"] == [
            each["errors"][0]["statusCode"] for each in wrong
        ]

    def test_update_and_delete(self, client: Salesforce) -> None:
        """Records are changed, a null clears, and deleted, by their ids."""
        first, second = known(client, 1, 2)
        changed = client.bulk.Contact.update([{"Id": first, "Email": None}, {"Id": second, "FirstName": "Grace"}])
        deleted = client.bulk.Contact.delete([{"Id": second}, {"Id": "003000000000000AAA"}])

        assert [(True, False, first), (True, False, second)] == [
            (each["success"], each["created"], each["id"]) for each in changed
        ]
        assert None is client.Contact.get(first)["Email"]
        assert [True, False] == [each["success"] for each in deleted]
        assert 0 == client.query(f"SELECT COUNT() FROM Contact WHERE Id = '{second}'")["totalSize"]

    def test_upsert(self, client: Salesforce) -> None:
        """Records are found by an external id, or made."""
        rows = [
            {"Customer_Number__c": "K-100007", "LastName": "Known"},
            {"Customer_Number__c": "BULK-1", "LastName": "New"},
        ]
        told = client.bulk.Contact.upsert([*rows, {"Customer_Number__c": "K-100014"}], "Customer_Number__c")

        assert [(True, False), (True, True), (True, False)] == [(each["success"], each["created"]) for each in told]
        assert [told[0]["id"]] == known(client, 1)

    def test_detailed(self, client: Salesforce) -> None:
        """What was sent is told again with what became of it."""
        [told] = client.bulk.Contact.insert([{"LastName": "Hopper"}], include_detailed_results=True)

        assert (True, "Hopper") == (told["success"], told["LastName"])

    def test_query(self, client: Salesforce) -> None:
        """A query brings every record once, with the asked fields, parents nested."""
        found = client.bulk.Contact.query("SELECT Id, LastName, Account.Name FROM Contact")
        lazy = client.bulk.Contact.query("SELECT Id FROM Contact LIMIT 5", lazy_operation=True)
        firm = next(each for each in found if each["Account"])

        assert (1000, 1000) == (len(found), len({each["Id"] for each in found}))
        assert {"attributes", "Id", "LastName", "Account"} == set(firm)
        assert firm["Account"]["Name"]
        assert 5 == sum(len(page) for page in lazy)

    def test_same(self, client: Salesforce, straight: Salesforce) -> None:
        """Whoever sees everything gets what the org itself says, value by value; not where parents are, unasked."""
        query = f"SELECT {COLUMNS} FROM Contact ORDER BY Id LIMIT 50"
        here, there = (each.bulk.Contact.query(query) for each in (client, straight))
        for parent in (row[name] for rows in (here, there) for row in rows for name in ("Account", "Owner")):
            if parent is not None:
                parent["attributes"].pop("url", None)

        assert there == here

    def test_deleted(self, straight: Salesforce) -> None:
        """Deleted records are found by those who ask for them."""
        [identifier] = known(straight, 3)
        straight.bulk.Contact.delete([{"Id": identifier}])
        query = f"SELECT Id FROM Contact WHERE Id = '{identifier}'"

        assert (0, 1) == (len(straight.bulk.Contact.query(query)), len(straight.bulk.Contact.query_all(query)))

    def test_hard_delete(self, straight: Salesforce) -> None:
        """What is deleted for good is nowhere."""
        [identifier] = known(straight, 3)
        [told] = straight.bulk.Contact.hard_delete([{"Id": identifier}])

        assert told["success"]
        assert [] == straight.bulk.Contact.query_all(f"SELECT Id FROM Contact WHERE Id = '{identifier}'")

    def test_refused(self, client: Salesforce) -> None:
        """A query that is wrong is the client's own error, and says why."""
        with pytest.raises(SalesforceGeneralError) as refused:
            client.bulk.Contact.query("SELECT Id, Nope__c FROM Contact")

        assert "InvalidBatch : Failed to process query: INVALID_FIELD: " in str(refused.value.content)


class TestSecond:
    def test_insert(self, client: Salesforce) -> None:
        """Each row is created or refused by itself, and told of with what was sent."""
        rows = [{"LastName": 'Hop"per,\nG.', "FirstName": ""}, {"LastName": "", "FirstName": "Barbara"}]
        [told] = client.bulk2.Contact.insert(records=rows, wait=SOON)
        [fine] = table(client.bulk2.Contact.get_successful_records(told["job_id"]))
        [wrong] = table(client.bulk2.Contact.get_failed_records(told["job_id"]))

        assert (2, 1, 2) == tuple(told[f"numberRecords{name}"] for name in ("Processed", "Failed", "Total"))
        assert ("true", 'Hop"per,\nG.', "") == (fine["sf__Created"], fine["LastName"], fine["FirstName"])
        assert 'Hop"per,\nG.' == client.Contact.get(fine["sf__Id"])["LastName"]
        assert ("REQUIRED_FIELD_MISSING", "Barbara") == (wrong["sf__Error"].partition(":")[0], wrong["FirstName"])
        assert "" == wrong["sf__Id"]

    def test_all_results(self, client: Salesforce) -> None:
        """What became of all rows is told in three lists."""
        [told] = client.bulk2.Contact.insert(records=[{"LastName": "A"}, {"LastName": "B"}], wait=SOON)
        results = client.bulk2.Contact.get_all_ingest_records(told["job_id"])

        assert (2, [], []) == tuple(
            results[name] if name != "successfulRecords" else len(results[name])
            for name in ("successfulRecords", "failedRecords", "unprocessedRecords")
        )

    def test_update_and_delete(self, client: Salesforce) -> None:
        """Records are changed and deleted by their ids: an empty value changes nothing, #N/A clears."""
        first, second = known(client, 1, 2)
        before = client.Contact.get(first)
        [changed] = client.bulk2.Contact.update(
            records=[{"Id": first, "Email": "#N/A", "FirstName": "", "DoNotCall": "true", "Credit_Score__c": "77"}],
            wait=SOON,
        )
        after = client.Contact.get(first)
        [deleted] = client.bulk2.Contact.delete(records=[{"Id": second}, {"Id": "003000000000000AAA"}], wait=SOON)

        assert (0, 1) == (changed["numberRecordsFailed"], deleted["numberRecordsFailed"])
        assert (before["FirstName"], None, True, 77) == tuple(
            after[name] for name in ("FirstName", "Email", "DoNotCall", "Credit_Score__c")
        )
        assert 0 == client.query(f"SELECT COUNT() FROM Contact WHERE Id = '{second}'")["totalSize"]

    def test_upsert(self, client: Salesforce) -> None:
        """Records are found by an external id, or made."""
        rows = [
            {"Customer_Number__c": "K-100007", "LastName": "Known"},
            {"Customer_Number__c": "BULK-2", "LastName": "New"},
        ]
        [told] = client.bulk2.Contact.upsert(records=rows, external_id_field="Customer_Number__c", wait=SOON)
        made = table(client.bulk2.Contact.get_successful_records(told["job_id"]))

        assert ["false", "true"] == [each["sf__Created"] for each in made]
        assert [made[0]["sf__Id"]] == known(client, 1)

    def test_file(self, client: Salesforce, tmp_path: Path) -> None:
        """A file is loaded in jobs of a size, with the delimiter and the line ends it has."""
        path = tmp_path / "contacts.csv"
        path.write_bytes(b"LastName|Email\r\nA|a@example.com\r\nB|b@example.com\r\nC|c@example.com\r\n")
        told = client.bulk2.Contact.insert(
            csv_file=str(path), batch_size=2, column_delimiter="PIPE", line_ending="CRLF", wait=SOON
        )
        text = client.bulk2.Contact.get_successful_records(told[0]["job_id"])

        assert [(2, 0), (1, 0)] == [(each["numberRecordsTotal"], each["numberRecordsFailed"]) for each in told]
        assert '"sf__Id"|"sf__Created"|"LastName"|"Email"' == text.splitlines()[0]

    def test_query(self, client: Salesforce) -> None:
        """Pages bring every record once, each with its header."""
        pages = [
            table(page) for page in client.bulk2.Contact.query("SELECT Id FROM Contact", max_records=400, wait=SOON)
        ]
        found = [row["Id"] for page in pages for row in page]

        assert (1000, 1000) == (len(found), len(set(found)))
        assert all(len(page) <= 400 for page in pages)

    def test_same(self, client: Salesforce, straight: Salesforce) -> None:
        """Whoever sees everything gets what the org itself says: byte by byte."""
        query = f"SELECT {COLUMNS} FROM Contact ORDER BY Id LIMIT 50"
        here, there = (list(each.bulk2.Contact.query(query, wait=SOON)) for each in (client, straight))

        assert there == here

    def test_download(self, client: Salesforce, tmp_path: Path) -> None:
        """Rows go to files, a page each."""
        query = "SELECT Id, LastName FROM Contact ORDER BY Id"
        pages = client.bulk2.Contact.download(query, path=str(tmp_path), max_records=600, wait=SOON)
        rows = [row for page in pages for row in table(Path(page["file"]).read_text(encoding="utf-8"))]

        assert 1000 == len(rows) == sum(page["number_of_records"] for page in pages)
        assert sorted(row["Id"] for row in rows) == [row["Id"] for row in rows]

    def test_deleted(self, straight: Salesforce) -> None:
        """Deleted records are found by those who ask for them, and not when they are deleted for good."""
        first, second = known(straight, 3, 4)
        straight.bulk2.Contact.delete(records=[{"Id": first}], wait=SOON)
        straight.bulk2.Contact.hard_delete(records=[{"Id": second}], wait=SOON)
        query = f"SELECT Id FROM Contact WHERE Id IN ('{first}', '{second}')"

        assert [0, 1] == [
            sum(len(table(page)) for page in ask(query, wait=SOON))
            for ask in (straight.bulk2.Contact.query, straight.bulk2.Contact.query_all)
        ]

    @pytest.mark.parametrize(
        ("query", "code"),
        [
            ("SELECT Id, Nope__c FROM Contact", "INVALID_FIELD"),
            ("SELECT Id FROM Contact WHERE", "MALFORMED_QUERY"),
            ("SELECT Id FROM Nothing__c", "INVALID_TYPE"),
        ],
    )
    def test_refused(self, client: Salesforce, query: str, code: str) -> None:
        """A query that is wrong is refused at once, as the vendor does."""
        with pytest.raises(SalesforceMalformedRequest) as refused:
            list(client.bulk2.Contact.query(query, wait=SOON))

        assert code == refused.value.content[0]["errorCode"]

    def test_failed(self, straight: Salesforce) -> None:
        """Data with a column that is not known fails as a whole."""
        with pytest.raises(SalesforceOperationError) as failed:
            straight.bulk2.Contact.insert(records=[{"LastName": "A", "Nope__c": "x"}], wait=SOON)

        assert "InvalidBatch : Field name not found : Nope__c" in str(failed.value)

    def test_aborted(self, client: Salesforce) -> None:
        """A job that is given up takes no data any more."""
        inner = client.bulk2.Contact._client
        job = inner.create_job("insert")
        told = inner.abort_job(job["id"], is_query=False)
        with pytest.raises(SalesforceMalformedRequest) as refused:
            inner.upload_job_data(job["id"], "LastName\nx\n")

        assert ("Aborted", "INVALIDJOBSTATE") == (told["state"], refused.value.content[0]["errorCode"])
