"""Bulk jobs and requests within requests at the gateway: each row, and each part, is decided as if it came alone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import quote_plus, unquote_plus

import orjson
import pytest

from policy_gateway.testing.entrances import HttpClient, Reply
from policy_gateway.testing.gateways import Whole
from policy_gateway_salesforce.sandbox import Sandbox

pytestmark = pytest.mark.anyio
ROOT = "/services/data/v59.0"
CSV = ("content-type", "text/csv")
XML = ("content-type", "application/xml; charset=UTF-8")
JOB_XML = (
    b'<?xml version="1.0" encoding="UTF-8"?><jobInfo xmlns="http://www.force.com/2009/06/asyncapi/dataload">'
    b"<operation>query</operation><object>Contact</object><contentType>CSV</contentType></jobInfo>"
)

Facing = Callable[..., Any]


class Desk:
    """A gateway before an org, and its callers."""

    def __init__(self, gateway: Whole, org: Sandbox) -> None:
        self.gateway, self.org = gateway, org

    async def ask(self, who: str, line: str, body: object = None, *lines: tuple[str, str]) -> Reply:
        """Return the answer to ``METHOD path``, asked by *who* for service; relative paths begin behind the version."""
        method, _, target = line.partition(" ")
        path = target if target.startswith("/") else f"{ROOT}/{target}"
        token = f"{self.gateway.keys[who]}~service~sf"
        own = [("host", "localhost"), ("authorization", f"Bearer {token}"), ("x-sfdc-session", token)]
        sent = b"" if body is None else body if isinstance(body, bytes) else orjson.dumps(body)
        typed = [("content-type", "application/json")] if sent and not lines else []
        return await HttpClient(self.gateway.web.app).ask(method, path, [*own, *typed, *lines], sent)

    def asked(self) -> list[str]:
        """Return the queries that the org was asked."""
        sent = [unquote_plus(str(each.query)) for each in self.org.requests]
        return [text for text in sent if "SELECT" in text]

    def contact(self) -> dict[str, Any]:
        """Return a contact with an account and an account number."""
        rows = self.org.org.tables["Contact"].live()
        return dict(next(row for row in rows if row.get("IBAN__c") and row.get("AccountId") and row.get("Email")))

    async def query_job(self, who: str, soql: str) -> str:
        """Return the id of a job that reads."""
        made = await self.ask(who, "POST jobs/query", {"operation": "query", "query": soql})
        assert 200 == made.status, made.body
        return str(made.json["id"])

    async def load(self, who: str, operation: str, rows: bytes, **more: str) -> str:
        """Return the id of a job that has written *rows*."""
        made = await self.ask(who, "POST jobs/ingest", {"operation": operation, "object": "Contact", **more})
        place = f"jobs/ingest/{made.json['id']}"
        filled = await self.ask(who, f"PUT {place}/batches", rows, CSV)
        closed = await self.ask(who, f"PATCH {place}", {"state": "UploadComplete"})
        done = await self.ask(who, f"GET {place}")
        assert [201, 200, "JobComplete"] == [filled.status, closed.status, done.json["state"]]
        return str(made.json["id"])


@pytest.fixture(scope="module")
async def running(facing_org: Facing, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    """Yield one gateway for all tests of this file."""
    org = Sandbox(seed=1)
    async with facing_org(tmp_path_factory.mktemp("jobs"), org) as gateway:
        yield Desk(gateway, org)


@pytest.fixture
async def desk(running: Desk) -> Desk:
    """Return the gateway, before an org as it was seeded, whose journal counts from now on."""
    running.org.reset()
    await running.gateway.mark("acme")
    return running


class TestExtracts:
    async def test_parts(self, desk: Desk) -> None:
        """Rows come in parts of the asked size, every one once, each part with the header."""
        job = await desk.query_job("judge", "SELECT Id, LastName FROM Contact LIMIT 900")
        found, locator, sizes = list[bytes](), "", list[int]()
        while locator != "null":
            part = await desk.ask("judge", f"GET jobs/query/{job}/results?maxRecords=400&locator={locator}")
            header, *lines = part.body.splitlines()
            assert (b'"Id","LastName"', str(len(lines))) == (header, part.headers["sforce-numberofrecords"])
            found += lines
            sizes.append(len(lines))
            locator = part.headers["sforce-locator"]

        assert ([400, 400, 100], 900) == (sizes, len(set(found)))

    async def test_hidden(self, desk: Desk) -> None:
        """What may not leave in bulk keeps its column and is empty; a filter by it is refused when the job is made."""
        job = await desk.query_job("judge", "SELECT Id, LastName, IBAN__c FROM Contact LIMIT 50")
        rows = (await desk.ask("judge", f"GET jobs/query/{job}/results")).body.splitlines()
        refused = await desk.ask(
            "judge", "POST jobs/query", {"operation": "query", "query": "SELECT Id FROM Contact WHERE Nope__c != null"}
        )

        assert (b'"Id","LastName","IBAN__c"', 51) == (rows[0], len(rows))
        assert {b'""'} == {row.rpartition(b",")[2] for row in rows[1:]}
        assert (400, "INVALID_FIELD") == (refused.status, refused.json[0]["errorCode"])

    async def test_not_exported(self, desk: Desk) -> None:
        """Who may see contacts and not export them gets no job."""
        made = await desk.ask(
            "anna", "POST jobs/query", {"operation": "query", "query": "SELECT Id, LastName, Phone FROM Contact"}
        )

        assert (403, "INSUFFICIENT_ACCESS") == (made.status, made.json[0]["errorCode"])

    async def test_bound(self, desk: Desk) -> None:
        """A job, and a locator to its rows, is good for whoever made it, and for nobody and nothing else."""
        first, second = [await desk.query_job("judge", "SELECT Id, Name FROM Contact") for _ in range(2)]
        part = await desk.ask("judge", f"GET jobs/query/{first}/results?maxRecords=200")
        locator = part.headers["sforce-locator"]
        others = [await desk.ask("anna", f"GET jobs/query/{first}{end}") for end in ("", "/results")]
        mixed = await desk.ask("judge", f"GET jobs/query/{second}/results?locator={locator}")
        as_query = await desk.ask("judge", f"GET query/{locator}")

        assert [404, 404] == [reply.status for reply in others]
        assert ["INVALID_QUERY_LOCATOR"] * 2 == [reply.json[0]["errorCode"] for reply in (mixed, as_query)]

    async def test_forgotten(self, desk: Desk) -> None:
        """A job that was deleted is gone."""
        job = await desk.query_job("judge", "SELECT Id FROM Contact LIMIT 1")

        assert [204, 404] == [
            (await desk.ask("judge", f"{method} jobs/query/{job}")).status for method in ("DELETE", "GET")
        ]

    async def test_first_api(self, desk: Desk) -> None:
        """The first API reads in XML, and refuses in XML."""
        made = await desk.ask("judge", "POST /services/async/59.0/job", JOB_XML, XML)
        job = made.body.partition(b"<id>")[2].partition(b"</id>")[0].decode()
        refused = await desk.ask("anna", f"GET /services/async/59.0/job/{job}")
        typed = await desk.ask("judge", "POST /services/async/59.0/job", JOB_XML.replace(b"CSV", b"XML"), XML)
        declared = await desk.ask(
            "judge", "POST /services/async/59.0/job", b'<!DOCTYPE x [<!ENTITY a "b">]>' + JOB_XML[38:], XML
        )

        assert (201, "application/xml") == (made.status, made.headers["content-type"])
        assert [400] * 3 == [reply.status for reply in (refused, typed, declared)]
        assert all(b"<exceptionCode>" in reply.body for reply in (refused, typed, declared))


class TestLoads:
    async def test_each(self, desk: Desk) -> None:
        """Each row is decided for itself; a failed one is told with what its sender has sent, and no more."""
        known = desk.contact()
        rows = f"Id,FirstName,IBAN__c\n{known['Id']},Ada,\n{known['Id'][:15]},Eva,DE00\n003000000000000AAA,No,\n"
        job = await desk.load("selma", "update", rows.encode())
        good, bad, none = [
            (await desk.ask("selma", f"GET jobs/ingest/{job}/{name}")).body
            for name in ("successfulResults", "failedResults", "unprocessedrecords")
        ]

        header, row = '"sf__Id","sf__Created","Id","FirstName","IBAN__c"', f'"{known["Id"]}","false","{known["Id"]}"'
        assert f'{header}\n{row},"Ada",""\n'.encode() == good
        assert [b"INVALID_FIELD_FOR_INSERT_UPDATE", b"INVALID_CROSS_REFERENCE_KEY"] == [
            line.split(b",")[1].split(b":")[0].strip(b'"') for line in bad.splitlines()[1:]
        ]
        assert str(known["IBAN__c"]).encode() not in good + bad
        assert b'"Id","FirstName","IBAN__c"\n' == none
        assert "Ada" == desk.org.org.tables["Contact"].rows[known["Id"]]["FirstName"]

    async def test_upsert(self, desk: Desk) -> None:
        """An upsert changes what is there by its key and makes what is not."""
        job = await desk.load(
            "judge",
            "upsert",
            b"Customer_Number__c,LastName\nK-100007,Old\nK-777777,New\n",
            externalIdFieldName="Customer_Number__c",
        )
        told = (await desk.ask("judge", f"GET jobs/ingest/{job}/successfulResults")).body.splitlines()

        assert [b'"false"', b'"true"'] == [line.split(b",")[1] for line in told[1:]]

    async def test_many(self, desk: Desk) -> None:
        """More rows than one piece are all written, in a few looks at the job."""
        rows = b"LastName\n" + b"".join(b'"Many, %d"\n' % n for n in range(250))
        made = await desk.ask("judge", "POST jobs/ingest", {"operation": "insert", "object": "Contact"})
        place = f"jobs/ingest/{made.json['id']}"
        await desk.ask("judge", f"PUT {place}/batches", rows, CSV)
        await desk.ask("judge", f"PATCH {place}", {"state": "UploadComplete"})
        for _ in range(20):
            told = (await desk.ask("judge", f"GET {place}")).json
            if told["state"] == "JobComplete":
                break

        assert (250, 0) == (told["numberRecordsProcessed"], told["numberRecordsFailed"])
        assert 250 == sum(str(row["LastName"]).startswith("Many, ") for row in desk.org.org.tables["Contact"].live())

    @pytest.mark.parametrize(
        "rows", [b"A,A\n1,2\n", b"LastName\nx,y\n", b'LastName\n"x\n', b"LastName\n\xff\n", b",\n1,2\n"]
    )
    async def test_unreadable(self, desk: Desk, rows: bytes) -> None:
        """What could be read in two ways is refused, and nothing of it is written."""
        made = await desk.ask("judge", "POST jobs/ingest", {"operation": "insert", "object": "Contact"})
        filled = await desk.ask("judge", f"PUT jobs/ingest/{made.json['id']}/batches", rows, CSV)

        assert (400, "INVALIDJOB") == (filled.status, filled.json[0]["errorCode"])


class TestComposite:
    async def test_references(self, desk: Desk) -> None:
        """A part refers to what was released of another; a value becomes no path and no parameter of its own."""
        known = desk.contact()
        await desk.ask("judge", f"PATCH sobjects/Contact/{known['Id']}", {"Title": "../Account?fields=Name"})
        parts = [
            {
                "method": "GET",
                "url": f"{ROOT}/sobjects/Contact/{known['Id']}?fields=AccountId,Title",
                "referenceId": "who",
            },
            {"method": "GET", "url": f"{ROOT}/sobjects/Account/@{{who.AccountId}}?fields=Id", "referenceId": "firm"},
            {"method": "GET", "url": f"{ROOT}/sobjects/Contact/@{{who.Title}}", "referenceId": "bent"},
            {"method": "GET", "url": f"{ROOT}/sobjects/Contact/@{{who.IBAN__c}}", "referenceId": "none"},
        ]
        told = (await desk.ask("judge", "POST composite", {"compositeRequest": parts})).json["compositeResponse"]

        assert [200, 200, 404, 400] == [part["httpStatusCode"] for part in told]
        assert known["AccountId"] == told[1]["body"]["Id"]
        assert "PROCESSING_HALTED" == told[3]["body"][0]["errorCode"]

    async def test_decided_alone(self, desk: Desk) -> None:
        """Each part is one entry of the journal, and one that is refused refuses no other."""
        known = desk.contact()
        queries = ("SELECT Id FROM Contact LIMIT 1", "SELECT Id FROM Contact WHERE IBAN__c = 'x'", "SELECT")
        parts = [{"method": "GET", "url": f"v59.0/query?q={soql}"} for soql in queries]
        parts.append({"method": "GET", "url": f"v59.0/sobjects/Contact/{known['Id']}?fields=Id,Name"})
        told = (await desk.ask("anna", "POST composite/batch", {"batchRequests": parts})).json

        assert (True, [200, 400, 400, 200]) == (told["hasErrors"], [part["statusCode"] for part in told["results"]])
        assert 4 == len(await desk.gateway.entries())

    async def test_all_or_none(self, desk: Desk) -> None:
        """Records are made all or none; where nothing could be undone, nothing is done."""
        records = [
            {"attributes": {"type": "Contact"}, "LastName": "Whole"},
            {"attributes": {"type": "Contact"}, "Nope__c": 1},
        ]
        made = await desk.ask("judge", "POST composite/sobjects", {"allOrNone": True, "records": records})
        changes = [{"attributes": {"type": "Contact"}, "id": desk.contact()["Id"], "LastName": "x"}] * 2
        changed = await desk.ask("judge", "PATCH composite/sobjects", {"allOrNone": True, "records": changes})

        assert ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "INVALID_FIELD_FOR_INSERT_UPDATE"] == [
            told["errors"][0]["statusCode"] for told in made.json
        ]
        assert [] == [row for row in desk.org.org.tables["Contact"].live() if row["LastName"] in {"Whole", "x"}]
        assert (400, "API_DISABLED_FOR_ORG") == (changed.status, changed.json[0]["errorCode"])

    @pytest.mark.parametrize("count", [0, 26])
    async def test_limits(self, desk: Desk, count: int) -> None:
        """A composite has one to 25 parts."""
        parts = [{"method": "GET", "url": f"{ROOT}/limits", "referenceId": f"r{n}"} for n in range(count)]

        assert 400 == (await desk.ask("judge", "POST composite", {"compositeRequest": parts})).status

    async def test_nested(self, desk: Desk) -> None:
        """A composite holds no other one."""
        inner = {"method": "POST", "url": f"{ROOT}/composite/batch", "referenceId": "r", "body": {"batchRequests": []}}
        told = await desk.ask("judge", "POST composite", {"compositeRequest": [inner]})

        assert [404] == [part["httpStatusCode"] for part in told.json["compositeResponse"]]

    async def test_many_read(self, desk: Desk) -> None:
        """Records are read by their ids, in their order; null stands for what is not there."""
        known = desk.contact()
        body = {"ids": ["003000000000000AAA", known["Id"][:15], "x"], "fields": ["Name", "IBAN__c"]}
        reply = await desk.ask("anna", "POST composite/sobjects/Contact", body)

        assert [None, (known["Name"], None), None] == [row and (row["Name"], row["IBAN__c"]) for row in reply.json]

    async def test_conditions(self, desk: Desk) -> None:
        """A write on a condition, which nobody checks, is refused: alone as well as among others."""
        known = desk.contact()
        place, condition = f"{ROOT}/sobjects/Contact/{known['Id']}", "Wed, 21 Oct 2026 07:28:00 GMT"
        headers = {"If-Unmodified-Since": condition}
        part = {
            "method": "PATCH",
            "url": place,
            "referenceId": "r",
            "body": {"FirstName": "No"},
            "httpHeaders": headers,
        }
        told = (await desk.ask("judge", "POST composite", {"compositeRequest": [part]})).json["compositeResponse"]
        typed = ("content-type", "application/json")
        alone = await desk.ask(
            "judge", f"PATCH {place}", {"FirstName": "No"}, typed, ("if-unmodified-since", condition)
        )

        assert [412, 412] == [told[0]["httpStatusCode"], alone.status]
        assert known["FirstName"] == desk.org.org.tables["Contact"].rows[known["Id"]]["FirstName"]


class TestCosts:
    async def test_pages(self, desk: Desk) -> None:
        """How many there are takes one question beyond the pages themselves, for ids and what decides alone."""
        soql = quote_plus("SELECT Id, LastName FROM Contact LIMIT 600")
        page = await desk.ask("anna", f"GET query?q={soql}", None, ("sforce-query-options", "batchSize=200"))
        first = desk.asked()
        await desk.ask("anna", f"GET {page.json['nextRecordsUrl']}")

        assert (200, 600) == (len(page.json["records"]), page.json["totalSize"])
        assert [True, False] == ["LastName" in text for text in first]
        assert 1 == len(desk.asked()) - len(first)

    async def test_job(self, desk: Desk) -> None:
        """The size of a job is one question where one page of ids has them all."""
        job = await desk.query_job("judge", "SELECT Id, LastName FROM Contact")
        told = await desk.ask("judge", f"GET jobs/query/{job}")

        assert 1000 == told.json["numberRecordsProcessed"]
        assert 1 == sum("LastName" not in text for text in desk.asked())
