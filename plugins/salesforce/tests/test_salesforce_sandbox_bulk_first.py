"""The sandbox's first bulk API: jobs of batches, in CSV, JSON and XML, and what is refused."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest

from policy_gateway_salesforce.sandbox import Sandbox

Ask = Callable[..., Any]

API = "/services/data/v59.0"
FIRST = "/services/async/59.0/job"
CSV = {"content_type": "text/csv; charset=UTF-8"}
XML = {"content_type": "application/xml; charset=UTF-8"}
JSON = {"content_type": "application/json"}
NAMESPACE = "http://www.force.com/2009/06/asyncapi/dataload"
FINN = "003Ws000000001dIAA"


def table(told: bytes, delimiter: str = ",") -> list[list[str]]:
    """Return the rows of a CSV."""
    return list(csv.reader(io.StringIO(told.decode(), newline=""), delimiter=delimiter))


def job_of(operation: str, form: str = "CSV", more: str = "") -> bytes:
    """Return the XML that makes a job of the first API."""
    inner = f"<operation>{operation}</operation><object>Contact</object>{more}<contentType>{form}</contentType>"
    return f'<?xml version="1.0" encoding="UTF-8"?><jobInfo xmlns="{NAMESPACE}">{inner}</jobInfo>'.encode()


def member(told: bytes, name: str) -> str:
    """Return what stands in an element of an XML document."""
    return told.decode().partition(f"<{name}>")[2].partition(f"</{name}>")[0]


def batch_of(ask: Ask, job: bytes, data: bytes, **headers: str) -> str:
    """Make a job of the first API with one batch, wait until that is done, and return the path of the batch."""
    identifier = member(ask(f"POST {FIRST}", job, **XML).told, "id")
    told = ask(f"POST {FIRST}/{identifier}/batch", data, **headers).told
    path = f"{FIRST}/{identifier}/batch/{told['id'] if isinstance(told, dict) else member(told, 'id')}"
    for _ in range(2):
        ask(f"GET {path}")
    return path


class TestFirst:
    def test_states(self, ask: Ask) -> None:
        """Batches are queued, in progress and completed; a job is closed and takes no more of them."""
        made = ask(f"POST {FIRST}", job_of("insert"), **XML)
        path = f"{FIRST}/{member(made.told, 'id')}"
        queued = ask(f"POST {path}/batch", b"LastName\nHopper\n", **CSV)
        batch = f"{path}/batch/{member(queued.told, 'id')}"
        early = ask(f"GET {batch}/result").told
        states = [member(ask(f"GET {batch}").told, "state") for _ in range(2)]
        closed = ask(f"POST {path}", b'<jobInfo xmlns="%s"><state>Closed</state></jobInfo>' % NAMESPACE.encode(), **XML)
        late = ask(f"POST {path}/batch", b"LastName\nHopper\n", **CSV)
        job = ask(f"GET {path}").told

        assert (201, "Open", 201, "Queued") == (
            made.status,
            member(made.told, "state"),
            queued.status,
            member(queued.told, "state"),
        )
        assert ["InProgress", "Completed"] == states
        assert ("InvalidBatch", "InvalidJobState") == tuple(
            member(each, "exceptionCode") for each in (early, late.told)
        )
        assert ("Closed", "1", "1", "59.0") == (
            member(closed.told, "state"),
            *(member(job, name) for name in ("numberBatchesCompleted", "numberRecordsProcessed", "apiVersion")),
        )
        assert b"LastName\nHopper\n" == ask(f"GET {batch}/request").told
        assert 1 == ask(f"GET {path}/batch").told.count(b"<batchInfo>")

    def test_csv(self, ask: Ask) -> None:
        """Rows in CSV end in CSV, each with its id or its error."""
        batch = batch_of(ask, job_of("insert"), b"LastName,Email\r\nHopper,g@example.com\r\n,h@example.com\r\n", **CSV)
        rows = table(ask(f"GET {batch}/result").told)

        assert ["Id", "Success", "Created", "Error"] == rows[0]
        assert [["true", "true", ""], ["false", "false"]] == [rows[1][1:], rows[2][1:3]]
        assert "REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --" == rows[2][3]

    def test_json(self, ask: Ask) -> None:
        """Rows in JSON end in JSON, and so does everything said to who speaks it; null clears, a parent is found."""
        job = ask(f"POST {FIRST}", {"operation": "update", "object": "Contact", "contentType": "JSON"}, **JSON).told
        rows = [{"Id": FINN, "Email": None, "VIP__c": True}, {"Id": "no", "attributes": {"type": "Contact"}}]
        batch = ask(f"POST {FIRST}/{job['id']}/batch", rows, **JSON).told
        path = f"{FIRST}/{job['id']}/batch/{batch['id']}"
        states = [ask(f"GET {path}", **JSON).told["state"] for _ in range(2)]
        told = ask(f"GET {path}/result", **JSON).told

        assert (["InProgress", "Completed"], "Queued") == (states, batch["state"])
        assert {"success": True, "created": False, "id": FINN, "errors": []} == told[0]
        assert ("MALFORMED_ID", ["Id"]) == (told[1]["errors"][0]["statusCode"], told[1]["errors"][0]["fields"])
        assert [batch["id"]] == [each["id"] for each in ask(f"GET {FIRST}/{job['id']}/batch").told["batchInfo"]]

    def test_xml(self, ask: Ask) -> None:
        """Rows in XML end in XML."""
        nil = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"'
        rows = (
            f'<sObjects xmlns="{NAMESPACE}"><sObject><Id>{FINN}</Id><Email {nil}/><FirstName>A &amp; B</FirstName>'
            "</sObject><sObject><Id>no</Id></sObject></sObjects>"
        )
        batch = batch_of(ask, job_of("update", "XML"), rows.encode(), **XML)
        told = ask(f"GET {batch}/result").told.decode()
        contact = ask(f"GET {API}/sobjects/Contact/{FINN}").told

        assert (None, "A & B") == (contact["Email"], contact["FirstName"])
        assert f"<result><id>{FINN}</id><success>true</success><created>false</created></result>" in told
        assert "<errors><fields>Id</fields><message>" in told
        assert "<statusCode>MALFORMED_ID</statusCode></errors><success>false</success>" in told

    @pytest.mark.parametrize("form", ["CSV", "JSON", "XML"])
    def test_query(self, ask: Ask, form: str) -> None:
        """A query's rows come in what the job speaks, by the id of their result."""
        query = b"SELECT Id, Account.Name, CreatedDate FROM Contact ORDER BY Id LIMIT 2"
        headers = {"CSV": CSV, "JSON": JSON, "XML": XML}[form]
        batch = batch_of(ask, job_of("query", form), query, **headers)
        results = ask(f"GET {batch}/result")
        result = results.told[0] if isinstance(results.told, list) else member(results.told, "result")
        told = ask(f"GET {batch}/result/{result}").told
        moment = ask(f"GET {API}/query?q={query.decode()}").told["records"][0]["CreatedDate"]

        assert {
            "CSV": lambda: told.startswith(b'"Id","Account.Name","CreatedDate"\n"003'),
            "JSON": lambda: b'"attributes":{"type":"Contact"' in told and told.count(b'"CreatedDate":1') == 2,
            "XML": lambda: told.count(b'<records xsi:type="sObject"><type>Contact</type><Id>003') == 2,
        }[form]()
        assert form != "XML" or moment.replace("+0000", "Z").encode() in told
        assert 400 == ask(f"GET {batch}/result/{FINN}").status

    @pytest.mark.parametrize(
        ("query", "message"),
        [
            (b"SELECT Nope__c FROM Contact", "InvalidBatch : Failed to process query: INVALID_FIELD: "),
            (
                b"SELECT Id FROM Account",
                "InvalidBatch : Failed to process query: INVALID_TYPE_FOR_OPERATION: The root entity of the requested ",
            ),
            (
                b"SELECT MailingAddress FROM Contact",
                "InvalidBatch : Failed to process query: FUNCTIONALITY_NOT_ENABLED: Selecting compound data",
            ),
        ],
    )
    def test_query_refused(self, ask: Ask, query: bytes, message: str) -> None:
        """A query that is wrong is a batch that has failed."""
        told = ask(f"GET {batch_of(ask, job_of('query'), query, **CSV)}").told

        assert "Failed" == member(told, "state")
        assert member(told, "stateMessage").startswith(message)

    def test_aborted(self, ask: Ask, sandbox: Sandbox) -> None:
        """The batches of an aborted job are not processed."""
        sandbox.org.bulk_looks = None
        batch = batch_of(ask, job_of("insert"), b"LastName\nHopper\n", **CSV)
        job = batch.partition("/batch")[0]
        before = member(ask(f"GET {batch}").told, "state")
        aborted = ask(f"POST {job}", {"state": "Aborted"}, **JSON).told

        assert ("InProgress", "Aborted") == (before, aborted["state"])
        assert "NotProcessed" == member(ask(f"GET {batch}").told, "state")
        assert "InvalidJobState" == ask(f"POST {job}", {"state": "Closed"}, **JSON).told["exceptionCode"]

    @pytest.mark.parametrize(
        ("line", "body", "code"),
        [
            (f"POST {FIRST}", job_of("merge"), "InvalidJob"),
            (f"POST {FIRST}", job_of("upsert"), "InvalidJob"),
            (f"POST {FIRST}", job_of("insert", "ZIP"), "InvalidJob"),
            (f"POST {FIRST}", job_of("insert").replace(b"Contact", b"Nothing"), "InvalidJob"),
            (f"POST {FIRST}", b"<jobInfo>", "InvalidXML"),
            (f"POST {FIRST}", b"<!DOCTYPE x>" + job_of("insert"), "InvalidXML"),
            (f"POST {FIRST}", job_of("insert").replace(b"jobInfo", b"info"), "InvalidXML"),
            (f"GET {FIRST}/750000000000000AAA", None, "InvalidJob"),
            ("GET /services/async/12.0/job/750000000000000AAA", None, "InvalidVersion"),
            ("GET /services/async", None, "InvalidVersion"),
        ],
    )
    def test_refused(self, ask: Ask, line: str, body: bytes | None, code: str) -> None:
        """Refusals have a shape and codes of their own."""
        reply = ask(line, body, **XML)

        assert (400, code) == (reply.status, member(reply.told, "exceptionCode"))

    def test_session(self, ask: Ask) -> None:
        """The session comes in a header of its own; without one that is good, the client is told to log in."""
        wrong = ask(f"POST {FIRST}", job_of("insert"), token="", x_sfdc_session="nonsense", **XML)

        assert (400, "InvalidSessionId") == (wrong.status, member(wrong.told, "exceptionCode"))

    def test_limits(self, ask: Ask) -> None:
        """A batch has 10,000 rows and 10,000,000 bytes at the most, and comes in what its job speaks."""
        job = f"{FIRST}/{member(ask(f'POST {FIRST}', job_of('insert'), **XML).told, 'id')}/batch"
        many = ask(f"POST {job}", b"LastName\n" + b"x\n" * 10_001, **CSV).told
        large = ask(f"POST {job}", b"LastName\n" + b"x" * 10_000_000, **CSV).told
        other = ask(f"POST {job}", b"[]", **JSON).told

        assert ["InvalidBatch", "ClientInputError", "InvalidBatch"] == [
            member(many, "exceptionCode"),
            member(large, "exceptionCode"),
            other["exceptionCode"],
        ]
