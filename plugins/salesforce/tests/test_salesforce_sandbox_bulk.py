"""The sandbox's second bulk API: jobs that go on as they are looked at, rows in and out, and what is refused."""

from __future__ import annotations

import csv
import io
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from policy_gateway_salesforce.sandbox import Recorded, Sandbox
from policy_gateway_salesforce.sandbox.control import control
from policy_gateway_salesforce.sandbox.ids import numbered

Ask = Callable[..., Any]

API = "/services/data/v59.0"
INGEST = f"{API}/jobs/ingest"
QUERY = f"{API}/jobs/query"
CSV = {"content_type": "text/csv; charset=UTF-8"}
JSON = {"content_type": "application/json"}
FINN = "003Ws000000001dIAA"
OSKAR = "003Ws000000001eIAA"


def table(told: bytes, delimiter: str = ",") -> list[list[str]]:
    """Return the rows of a CSV."""
    return list(csv.reader(io.StringIO(told.decode(), newline=""), delimiter=delimiter))


def loaded(ask: Ask, rows: str, looks: int = 2, **job: str) -> str:
    """Load *rows* by a job of the second API, look at it a few times, and return its id."""
    body = {"object": "Contact", "operation": "insert", **job}
    identifier = str(ask(f"POST {INGEST}", body).told["id"])
    assert 201 == ask(f"PUT {INGEST}/{identifier}/batches", rows.encode(), **CSV).status
    assert "UploadComplete" == ask(f"PATCH {INGEST}/{identifier}", {"state": "UploadComplete"}).told["state"]
    for _ in range(looks):
        ask(f"GET {INGEST}/{identifier}")
    return identifier


def asked(ask: Ask, query: str, operation: str = "query", **job: str) -> str:
    """Make a job of *query* by the second API, wait until it is done, and return its id."""
    identifier = str(ask(f"POST {QUERY}", {"query": query, "operation": operation, **job}).told["id"])
    assert ["InProgress", "JobComplete"] == [ask(f"GET {QUERY}/{identifier}").told["state"] for _ in range(2)]
    return identifier


class TestIngest:
    def test_states(self, ask: Ask) -> None:
        """A job is open, complete with its data, in progress at the first look, and done at the second."""
        job = ask(f"POST {INGEST}", {"object": "contact", "operation": "insert"}).told
        path = f"{INGEST}/{job['id']}"
        ask(f"PUT {path}/batches", b"LastName\nHopper\n", **CSV)
        waiting = ask(f"GET {path}").told["state"]
        closed = ask(f"PATCH {path}", {"state": "UploadComplete"}).told["state"]
        states = [ask(f"GET {path}").told["state"] for _ in range(3)]

        assert ("Open", "Open", "UploadComplete") == (job["state"], waiting, closed)
        assert ["InProgress", "JobComplete", "JobComplete"] == states
        assert ("Contact", "CSV", 59.0, "LF", "COMMA") == tuple(
            job[name] for name in ("object", "contentType", "apiVersion", "lineEnding", "columnDelimiter")
        )
        assert f"services/data/v59.0/jobs/ingest/{job['id']}/batches" == job["contentUrl"]

    def test_results(self, ask: Ask) -> None:
        """Each row is written or refused by itself, and told of with what was sent."""
        rows = 'LastName,Email,Customer_Number__c\n"Hopper, G.",g@example.com,N1\n,x@example.com,\nX,y,K-100000\n'
        path = f"{INGEST}/{loaded(ask, rows)}"
        fine, wrong, left = (
            table(ask(f"GET {path}/{name}").told)
            for name in ("successfulResults", "failedResults", "unprocessedrecords")
        )
        told = ask(f"GET {path}").told

        assert [
            ["sf__Id", "sf__Created", "LastName", "Email", "Customer_Number__c"],
            [fine[1][0], "true", "Hopper, G.", "g@example.com", "N1"],
        ] == fine
        assert "Hopper, G." == ask(f"GET {API}/sobjects/Contact/{fine[1][0]}").told["LastName"]
        assert ["", "REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --"] == wrong[1][:2]
        assert "INVALID_EMAIL_ADDRESS:Email: invalid email address: y:Email --" == wrong[2][1]
        assert [["LastName", "Email", "Customer_Number__c"]] == left
        assert (3, 2, "V2Ingest") == tuple(
            told[name] for name in ("numberRecordsProcessed", "numberRecordsFailed", "jobType")
        )

    def test_update(self, ask: Ask) -> None:
        """An empty value leaves a field as it is, #N/A clears it, case and 15 characters do not matter."""
        before = ask(f"GET {API}/sobjects/Contact/{FINN}").told
        loaded(ask, f"id,FIRSTNAME,Email,VIP__c\r\n{FINN[:15]},,#N/A,true\r\n", operation="update", lineEnding="CRLF")
        after = ask(f"GET {API}/sobjects/Contact/{FINN}").told

        assert (before["FirstName"], None, True) == (after["FirstName"], after["Email"], after["VIP__c"])

    def test_upsert(self, ask: Ask) -> None:
        """Records are found by an external id, or made."""
        more = {"operation": "upsert", "externalIdFieldName": "Customer_Number__c"}
        job = loaded(ask, "Customer_Number__c,LastName\nK-100000,Known\nN-1,New\n,None\n", **more)
        fine = table(ask(f"GET {INGEST}/{job}/successfulResults").told)
        wrong = table(ask(f"GET {INGEST}/{job}/failedResults").told)

        assert [["false", "K-100000", "Known"], ["true", "N-1", "New"]] == [row[1:] for row in fine[1:]]
        assert ["MISSING_ARGUMENT:Customer_Number__c not specified: --"] == [row[1] for row in wrong[1:]]

    @pytest.mark.parametrize(("operation", "left"), [("delete", 1), ("hardDelete", 0)])
    def test_delete(self, ask: Ask, operation: str, left: int) -> None:
        """Deleted records are in the recycle bin, or nowhere; one that is not there is told of."""
        job = loaded(ask, f"Id\n{FINN}\n003000000000000AAA\n", operation=operation)
        found = ask(f"GET {API}/queryAll?q=SELECT Id FROM Contact WHERE Id = '{FINN}'").told["totalSize"]
        wrong = table(ask(f"GET {INGEST}/{job}/failedResults").told)

        assert (left, 404) == (found, ask(f"GET {API}/sobjects/Contact/{FINN}").status)
        assert [["003000000000000AAA", "INVALID_CROSS_REFERENCE_KEY:invalid cross reference id: --"]] == [
            row[:2] for row in wrong[1:]
        ]

    def test_parent(self, ask: Ask) -> None:
        """A column of a relation finds the parent by its external id."""
        rows = "Subject,Contact.Customer_Number__c\nBroken,K-100007\nLost,K-0\n"
        job = loaded(ask, rows, object="Case")
        [row] = table(ask(f"GET {INGEST}/{job}/successfulResults").told)[1:]
        case = ask(f"GET {API}/query?q=SELECT Contact.Customer_Number__c FROM Case WHERE Id = '{row[0]}'").told

        assert "K-100007" == case["records"][0]["Contact"]["Customer_Number__c"]
        assert 2 == len(table(ask(f"GET {INGEST}/{job}/failedResults").told))

    def test_quoting(self, ask: Ask) -> None:
        """Quotes, delimiters, line ends in a value survive, whatever the delimiter is; a byte order mark does not."""
        rows = '\ufeffLastName;Description\r\n"a;b";"He said ""no""\nand left"\r\n'
        job = loaded(ask, rows, columnDelimiter="SEMICOLON", lineEnding="CRLF")
        told = ask(f"GET {INGEST}/{job}/successfulResults").told
        [[identifier, *values]] = table(told, ";")[1:]

        assert ["true", "a;b", 'He said "no"\nand left'] == values
        assert 'He said "no"\nand left' == ask(f"GET {API}/sobjects/Contact/{identifier}").told["Description"]
        assert 2 == told.count(b'"\r\n')

    @pytest.mark.parametrize(
        ("rows", "message"),
        [
            ("LastName,Nope__c\nx,y\n", "InvalidBatch : Field name not found : Nope__c"),
            ("LastName,lastname\nx,y\n", "InvalidBatch : Duplicate field name : LastName"),
            ("LastName,Email\nx\n", "InvalidBatch : The number of values in a row does not match the columns"),
            (
                "LastName\r\nx\r\n",
                "ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is LF",
            ),
            ('LastName\n"x"y\n', "ClientInputError : Failed to parse CSV"),
            ("LastName\n" + "x" * 140_000, "ClientInputError : Failed to parse CSV"),
        ],
    )
    def test_unusable(self, ask: Ask, rows: str, message: str) -> None:
        """Data that is wrong as a whole fails the job, and none of it is written."""
        job = loaded(ask, rows)
        told = ask(f"GET {INGEST}/{job}").told

        assert ("Failed", message, 0) == (told["state"], told["errorMessage"], told["numberRecordsProcessed"])
        assert 1000 == ask(f"GET {API}/query?q=SELECT COUNT() FROM Contact").told["totalSize"]

    def test_bytes(self, ask: Ask) -> None:
        """Data that is not UTF-8 fails the job."""
        identifier = ask(f"POST {INGEST}", {"object": "Contact", "operation": "insert"}).told["id"]
        ask(f"PUT {INGEST}/{identifier}/batches", "LastName\nMüller\n".encode("latin-1"), **CSV)
        ask(f"PATCH {INGEST}/{identifier}", {"state": "UploadComplete"})
        states = [ask(f"GET {INGEST}/{identifier}").told for _ in range(2)]

        assert "ClientInputError : Data is not in UTF-8" == states[1]["errorMessage"]

    def test_multipart(self, ask: Ask) -> None:
        """Rows may come along with the job."""
        body = (
            b'--B\r\nContent-Type: application/json\r\nContent-Disposition: form-data; name="job"\r\n\r\n'
            b'{"object": "Contact", "contentType": "CSV", "operation": "insert"}\r\n'
            b'--B\r\nContent-Type: text/csv\r\nContent-Disposition: form-data; name="content"; filename="c"\r\n\r\n'
            b"LastName\nHopper\nLiskov\n\r\n--B--\r\n"
        )
        job = ask(f"POST {INGEST}", body, content_type='multipart/form-data; boundary="B"').told
        states = [ask(f"GET {INGEST}/{job['id']}").told for _ in range(2)]

        assert ("UploadComplete", "JobComplete", 2) == (
            job["state"],
            states[1]["state"],
            states[1]["numberRecordsProcessed"],
        )

    def test_aborted(self, ask: Ask, sandbox: Sandbox) -> None:
        """A job may stay in progress; what it has not done when it is aborted it tells."""
        sandbox.org.bulk_looks = None
        job = loaded(ask, "LastName\nHopper\n", looks=9)
        waiting = ask(f"GET {INGEST}/{job}").told["state"]
        early = ask(f"GET {INGEST}/{job}/successfulResults")
        stopped = ask(f"PATCH {INGEST}/{job}", {"state": "Aborted"}).told["state"]

        assert ("InProgress", "INVALIDJOBSTATE", "Aborted") == (waiting, early.code, stopped)
        assert [["LastName"], ["Hopper"]] == table(ask(f"GET {INGEST}/{job}/unprocessedRecords").told)
        assert "INVALIDJOBSTATE" == ask(f"PATCH {INGEST}/{job}", {"state": "UploadComplete"}).code

    def test_listed_and_deleted(self, ask: Ask, sandbox: Sandbox) -> None:
        """Jobs are listed, the latest first, and deleted when they have come to an end; others do not see them."""
        jobs = [loaded(ask, f"LastName\n{name}\n") for name in "ab"]
        opened = ask(f"POST {INGEST}", {"object": "Contact", "operation": "insert"}).told["id"]
        listed = [each["id"] for each in ask(f"GET {INGEST}").told["records"]]

        assert [opened, jobs[1], jobs[0]] == listed
        assert "API_ERROR" == ask(f"DELETE {INGEST}/{opened}").code
        assert [204, 404] == [ask(f"{verb} {INGEST}/{jobs[0]}").status for verb in ("DELETE", "GET")]
        assert 404 == ask(f"GET {INGEST}/{jobs[1]}", token=sandbox.limited_token).status
        assert 404 == ask(f"GET {QUERY}/{jobs[1]}").status

    @pytest.mark.parametrize(
        ("job", "code"),
        [
            ({"operation": "merge"}, "INVALIDJOB"),
            ({"object": "Nothing__c"}, "INVALIDJOB"),
            ({"operation": "upsert"}, "INVALIDJOB"),
            ({"externalIdFieldName": "Customer_Number__c"}, "INVALIDJOB"),
            ({"contentType": "JSON"}, "INVALIDJOB"),
            ({"columnDelimiter": "SPACE"}, "API_ERROR"),
            ({"lineEnding": "\n"}, "API_ERROR"),
            ({"operation": 1}, "JSON_PARSER_ERROR"),
        ],
    )
    def test_refused(self, ask: Ask, job: dict[str, object], code: str) -> None:
        """A job that cannot be is refused at once."""
        reply = ask(f"POST {INGEST}", {"object": "Contact", "operation": "insert", **job})

        assert (400, code) == (reply.status, reply.code)

    def test_data_refused(self, ask: Ask) -> None:
        """Data goes in once, as CSV, of no more than 150 MB, while the job is open."""
        path = f"{INGEST}/{ask(f'POST {INGEST}', {'object': 'Contact', 'operation': 'insert'}).told['id']}"
        large = ask(f"PUT {path}/batches", bytes(150 * 1024 * 1024 + 1), **CSV)
        other = ask(f"PUT {path}/batches", b"[]", **JSON)
        twice = [ask(f"PUT {path}/batches", b"LastName\nx\n", **CSV).status for _ in range(2)]

        assert ("CLIENTINPUTERROR", "UNSUPPORTED_MEDIA_TYPE") == (large.code, other.code)
        assert [201, 201] == twice
        assert "INVALIDJOB" == ask(f"PATCH {path}", {"state": "UploadComplete"}).code
        assert "Aborted" == ask(f"PATCH {path}", {"state": "Aborted"}).told["state"]
        assert "INVALIDJOBSTATE" == ask(f"PUT {path}/batches", b"LastName\nx\n", **CSV).code

    def test_rights(self, ask: Ask, sandbox: Sandbox) -> None:
        """A job writes what its user may write: a field that is not seen is not known."""
        token = sandbox.limited_token
        job = ask(f"POST {INGEST}", {"object": "Contact", "operation": "insert"}, token=token).told["id"]
        ask(f"PUT {INGEST}/{job}/batches", b"LastName,IBAN__c\nx,y\n", token=token, **CSV)
        ask(f"PATCH {INGEST}/{job}", {"state": "UploadComplete"}, token=token)
        told = [ask(f"GET {INGEST}/{job}", token=token).told for _ in range(2)][1]

        assert "InvalidBatch : Field name not found : IBAN__c" == told["errorMessage"]


class TestQuery:
    def test_results(self, ask: Ask) -> None:
        """Rows come as CSV with every value in quotes: parents by their path, nothing as an empty value."""
        query = "SELECT Id, Account.Name, Email, DoNotCall, CreatedDate, Owner.Name FROM Contact ORDER BY Id LIMIT 3"
        path = f"{QUERY}/{asked(ask, query)}"
        reply = ask(f"GET {path}/results")
        header, *rows = table(reply.told)
        records = ask(f"GET {API}/query?q={query}").told["records"]

        assert ["Id", "Account.Name", "Email", "DoNotCall", "CreatedDate", "Owner.Name"] == header
        assert [
            [
                each["Id"],
                (each["Account"] or {"Name": ""})["Name"],
                each["Email"] or "",
                str(each["DoNotCall"]).lower(),
                each["CreatedDate"].replace("+0000", "Z"),
                each["Owner"]["Name"],
            ]
            for each in records
        ] == rows
        assert reply.told.startswith(b'"Id","Account.Name",')
        assert ("3", "null") == (reply.headers["sforce-numberofrecords"], reply.headers["sforce-locator"])
        assert (3, "V2Query") == tuple(ask(f"GET {path}").told[name] for name in ("numberRecordsProcessed", "jobType"))

    def test_polymorphic(self, ask: Ask) -> None:
        """A reference to several objects shows what it leads to."""
        path = f"{QUERY}/{asked(ask, 'SELECT Id, What.Name, What.Type FROM Task LIMIT 5')}"
        rows = table(ask(f"GET {path}/results").told)
        shown = ask(f"GET {API}/query?q=SELECT Id, What.Name, What.Type FROM Task LIMIT 5").told["records"]

        assert [[each["Id"], (each["What"] or {}).get("Name") or ""] for each in shown] == [row[:2] for row in rows[1:]]

    def test_pages(self, ask: Ask) -> None:
        """Locators lead through all rows, each page with its header."""
        path = f"{QUERY}/{asked(ask, 'SELECT Id FROM Contact')}/results"
        found, locator, sizes = set[str](), "", list[str]()
        while locator != "null":
            reply = ask(f"GET {path}?maxRecords=400&locator={locator}")
            header, *rows = table(reply.told)
            found |= {row[0] for row in rows}
            sizes.append(reply.headers["sforce-numberofrecords"])
            locator = reply.headers["sforce-locator"]

        assert (1000, ["400", "400", "200"], ["Id"]) == (len(found), sizes, header)
        assert ["INVALID_QUERY_LOCATOR"] * 2 == [ask(f"GET {path}?locator={each}").code for each in ("MTAwMQ", "€")]
        assert "INVALID_QUERY_PARAMETER" == ask(f"GET {path}?maxRecords=0").code

    def test_as_it_was(self, ask: Ask) -> None:
        """A job finds what was there when it was done; queryAll finds what is deleted, too."""
        jobs = [asked(ask, "SELECT Id FROM Contact")]
        ask(f"DELETE {API}/sobjects/Contact/{OSKAR}")
        jobs += [asked(ask, "SELECT Id FROM Contact"), asked(ask, "SELECT Id FROM Contact", "queryAll")]

        assert [1001, 1000, 1001] == [len(table(ask(f"GET {QUERY}/{job}/results").told)) for job in jobs]

    def test_shapes(self, ask: Ask) -> None:
        """The job says what stands between values and at the end of lines."""
        job = asked(ask, "SELECT Id, LastName FROM Contact LIMIT 1", columnDelimiter="TAB", lineEnding="CRLF")

        assert b'"Id"\t"LastName"\r\n' == ask(f"GET {QUERY}/{job}/results").told.partition(b"\n")[0] + b"\n"

    @pytest.mark.parametrize(
        ("query", "code"),
        [
            ("SELECT Id, Nope__c FROM Contact", "INVALID_FIELD"),
            ("SELECT Id FROM", "MALFORMED_QUERY"),
            ("", "MALFORMED_QUERY"),
            ("SELECT Id FROM Nothing__c", "INVALID_TYPE"),
            ("SELECT COUNT(Id) FROM Contact", "FUNCTIONALITY_NOT_ENABLED"),
            ("SELECT COUNT() FROM Contact", "FUNCTIONALITY_NOT_ENABLED"),
            ("SELECT LeadSource FROM Contact GROUP BY LeadSource", "FUNCTIONALITY_NOT_ENABLED"),
            ("SELECT Id, (SELECT Id FROM Contacts) FROM Account", "FUNCTIONALITY_NOT_ENABLED"),
            ("SELECT TYPEOF What WHEN Account THEN Phone END FROM Task", "FUNCTIONALITY_NOT_ENABLED"),
            ("SELECT Id FROM Contact LIMIT 5 OFFSET 5", "FUNCTIONALITY_NOT_ENABLED"),
            ("SELECT MailingAddress FROM Contact", "FUNCTIONALITY_NOT_ENABLED"),
        ],
    )
    def test_refused(self, ask: Ask, query: str, code: str) -> None:
        """A query that is wrong, or whose answer is no table, is refused at once."""
        assert code == ask(f"POST {QUERY}", {"query": query, "operation": "query"}).code

    def test_aborted_and_deleted(self, ask: Ask, sandbox: Sandbox) -> None:
        """A job that still goes on is aborted, not deleted; one that is done is deleted, not aborted."""
        done = asked(ask, "SELECT Id FROM Contact")
        sandbox.org.bulk_looks = None
        job = ask(f"POST {QUERY}", {"query": "SELECT Id FROM Contact", "operation": "query"}).told["id"]
        codes = [
            ask(line, body).code
            for line, body in (
                (f"GET {QUERY}/{job}/results", None),
                (f"DELETE {QUERY}/{job}", None),
                (f"PATCH {QUERY}/{done}", {"state": "Aborted"}),
                (f"PATCH {QUERY}/{done}", {"state": "UploadComplete"}),
                (f"PATCH {QUERY}/{done}", {"state": "Open"}),
            )
        ]

        assert ["INVALIDJOBSTATE", "API_ERROR", "INVALIDJOBSTATE", "INVALIDJOBSTATE", "INVALIDJOB"] == codes
        assert "Aborted" == ask(f"PATCH {QUERY}/{job}", {"state": "Aborted"}).told["state"]
        assert [204, 204] == [ask(f"DELETE {QUERY}/{each}").status for each in (job, done)]
        assert [] == ask(f"GET {QUERY}").told["records"]

    def test_streams(self, sandbox: Sandbox, ask: Ask) -> None:
        """Rows are made while they are sent: 50,000 of them need no more room than a few hundred."""
        table_of = sandbox.org.tables["Contact"]
        seeded = list(table_of.rows.values())
        for number in range(49_000):
            identifier = numbered("003", 5_000_000 + number)
            table_of.rows[identifier] = {**seeded[number % 1000], "Id": identifier}
        job = asked(ask, "SELECT Id, Name, Email, MailingStreet FROM Contact")
        token = {"authorization": f"Bearer {sandbox.token}", "host": "org.test"}
        answer = sandbox.answer(Recorded("GET", f"{QUERY}/{job}/results", (), b"", "", token, "https"))
        assert isinstance(answer.body, Iterator)
        tracemalloc.start()
        lines = sum(part.count(b"\n") for part in answer.body)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()

        assert 50_001 == lines
        assert most < 1_000_000


class TestControl:
    def test_looks(self, ask: Ask, sandbox: Sandbox) -> None:
        """How long jobs are in progress is set from outside."""
        looks = []
        for wanted in (b'{"looks": 3}', b'{"looks": null}', b'{"looks": -1}'):
            asked_for = Recorded("POST", "/sandbox/bulk", (), wanted, "")
            looks.append((control(sandbox, asked_for).status, sandbox.org.bulk_looks))

        assert [(204, 3), (204, None), (400, None)] == looks
