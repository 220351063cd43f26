"""Rows B to F through the Salesforce facade: other people's records, writing, and bulk jobs."""

from __future__ import annotations

import orjson
import pytest

from policy_gateway.facts import RecordPlace, Standing
from policy_gateway.testing.facing import Faced, V, error, soql, told

pytestmark = pytest.mark.anyio

LENA, KARL, NOBODY = "003000000000007AAA", "003000000000008AAA", "003000000000099AAA"
FIRM = "001000000000070AAA"


class TestRecords:
    @pytest.mark.attack("B39")
    @pytest.mark.attack("D01")
    async def test_b39(self, org: Faced) -> None:
        """B39: a record that is restricted is on no way told from one that there is not, nor counted."""
        place = RecordPlace("acme", "sf", "contact", LENA)
        await org.whole.app.administration.standings.change(place, Standing(), Standing(restricted=True))
        ways = (
            "GET {V}/sobjects/Contact/{id}",
            "GET {V}/sobjects/Contact/{id}?fields=Id",
            "DELETE {V}/sobjects/Contact/{id}",
            "GET {V}/query?q=SELECT+Id+FROM+Contact+WHERE+Id='{id}'",
            "GET {V}/query?q=SELECT+COUNT()+FROM+Contact+WHERE+Id='{id}'",
            "GET {V}/query?q=SELECT+COUNT(Id)+FROM+Contact+WHERE+Id='{id}'",
            "GET {V}/composite/sobjects/Contact?ids={id}&fields=Id,Name",
        )
        try:
            for way in ways:
                hidden, missing = [await org.ask(way.format(V=V, id=one), who="selma") for one in (LENA, NOBODY)]
                assert hidden.body.replace(LENA.encode(), NOBODY.encode()) == missing.body, way
                assert hidden.status == missing.status
            change = [
                await org.ask(f"PATCH {V}/sobjects/Contact/{one}", {"Phone": "+49 30 1"}) for one in (LENA, NOBODY)
            ]
            assert told(change[0]) == told(change[1])
            count = await org.ask(soql("SELECT COUNT() FROM Contact"))
            assert 1 == count.json["totalSize"]
            children = await org.ask(soql("SELECT Id, (SELECT Id FROM Contacts) FROM Account"))
            assert [None, 1] == [(row["Contacts"] or {}).get("totalSize") for row in children.json["records"]]
        finally:
            await org.whole.app.administration.standings.change(place, Standing(restricted=True), Standing())

    @pytest.mark.attack("B39")
    async def test_joined(self, org: Faced) -> None:
        """B39: nobody learns of a restricted record by what is found through it."""
        place = RecordPlace("acme", "sf", "company", FIRM)
        texts = (
            "SELECT Id FROM Contact WHERE Account.Name = '{}'",
            "SELECT Id FROM Contact WHERE Account.Name LIKE '{}%' ORDER BY Account.Name",
            "SELECT Id FROM Contact WHERE AccountId IN (SELECT Id FROM Account WHERE Name = '{}')",
            "SELECT Id FROM Contact WHERE AccountId NOT IN (SELECT Id FROM Account WHERE Name = '{}')",
            "SELECT COUNT() FROM Contact WHERE Account.Name != '{}'",
        )
        await org.whole.app.administration.standings.change(place, Standing(), Standing(restricted=True))
        try:
            for text in texts:
                right, wrong = [
                    await org.ask(soql(text.format(name))) for name in ("Nordlicht Energie", "Nordlicht Exergie")
                ]
                assert right.body.replace(b"Energie", b"Exergie") == wrong.body, text
        finally:
            await org.whole.app.administration.standings.change(place, Standing(restricted=True), Standing())

    @pytest.mark.attack("F01")
    @pytest.mark.parametrize(
        "identifier",
        [
            "..%2Foauth2%2Ftoken",
            "7%3Ffields%3Dall",
            "7%23",
            "7%2F..%2F8",
            LENA + "x",
            "003",
            "%00",
            "003000000000007AAB",
        ],
    )
    async def test_f01(self, org: Faced, identifier: str) -> None:
        """F01: what is no id goes nowhere."""
        for method, body in (("GET", None), ("PATCH", {"Phone": "1"}), ("DELETE", None)):
            reply = await org.ask(f"{method} {V}/sobjects/Contact/{identifier}", body)
            assert reply.status in {400, 404}
        assert ([], []) == (org.spy.queries, org.spy.changes)

    @pytest.mark.attack("F03")
    @pytest.mark.attack("B21")
    @pytest.mark.parametrize("locator", ["01g000000000001AAA-2000", "x", "..%2F..%2Fapexrest", "A" * 3000])
    async def test_f03(self, org: Faced, locator: str) -> None:
        """F03: a locator that was not given away is none."""
        reply = await org.ask(f"GET {V}/query/{locator}")

        assert (400, "INVALID_QUERY_LOCATOR") == (reply.status, error(reply)["errorCode"])
        assert [] == org.spy.queries

    @pytest.mark.attack("B21")
    @pytest.mark.attack("D07")
    async def test_b21(self, org: Faced) -> None:
        """B21: a locator is good for whom it was given to, and shows nobody else anything."""
        for number in range(100, 400):
            org.rows["contact"][f"003000000000{number}AAA"] = {
                "id": f"003000000000{number}AAA",
                "last_name": "Muster",
            }
        size = ("sforce-query-options", "batchSize=200")
        page = (await org.ask(soql("SELECT Id FROM Contact"), None, size)).json["nextRecordsUrl"]
        own, other, flipped = [
            await org.ask(f"GET {target}", who=who)
            for who, target in (("arno", page), ("anna", page), ("arno", page[:-9] + "A" + page[-8:]))
        ]

        assert [200, 400, 400] == [reply.status for reply in (own, other, flipped)]
        assert 102 == len(own.json["records"])

    @pytest.mark.attack("D03")
    @pytest.mark.attack("D11")
    async def test_d11(self, org: Faced) -> None:
        """D11: a token opens the connections of its own client, in the dialect that they speak."""
        key, bens = org.whole.keys["arno"], org.whole.keys["ben"]
        for bearer in (f"{key}~service~hub", f"{key}~service~gateway", f"{key}~marketing~sf", f"{bens}~service~acme"):
            lines = [("host", "localhost"), ("authorization", f"Bearer {bearer}")]
            reply = await org.client().ask("GET", f"{V}/sobjects/Contact/{LENA}", lines)
            assert (401, "INVALID_SESSION_ID") == (reply.status, error(reply)["errorCode"])
        lines = [("host", "localhost"), ("authorization", f"Bearer {bens}~service~sf"), ("x-tenant-id", "acme")]
        reply = await org.client().ask("GET", f"{V}/sobjects/Contact/{LENA}", lines)

        assert (404, []) == (reply.status, org.spy.queries)


class TestWriting:
    @pytest.mark.attack("C01")
    @pytest.mark.attack("C03")
    @pytest.mark.attack("C17")
    @pytest.mark.attack("B29")
    @pytest.mark.parametrize(
        "name", ["IBAN__c", "Shoe_Size__c", "Consents__c", "__proto__", "constructor", "Account.Name"]
    )
    async def test_c01(self, org: Faced, name: str) -> None:
        """C01: what may not be written is refused by its name whatever is said of it, and whether it exists or not."""
        for value in ("x", 1, True, None, "2026-01-01"):
            for line in (
                f"PATCH {V}/sobjects/Contact/{LENA}",
                f"PATCH {V}/sobjects/Contact/Customer_Number__c/K-7",
                f"POST {V}/sobjects/Contact",
            ):
                await org.forget()
                reply = await org.compare(line, {"Phone": "+49 30 1", name: value})
                assert (400, "INVALID_FIELD_FOR_INSERT_UPDATE") == (reply.status, error(reply)["errorCode"])
                assert {name} <= set(error(reply)["fields"]) <= {name, "Phone", "Customer_Number__c"}
                assert [] == org.spy.changes

    @pytest.mark.attack("C05")
    @pytest.mark.attack("C15")
    @pytest.mark.attack("E19")
    @pytest.mark.parametrize(
        "body",
        [
            b'{"Phone":"1","Phone":"2"}',
            b'{"Phone":"1","phone":"2"}',
            b'{"Phone":NaN}',
            b'{"Phone":"\\ud800"}',
            b'{"Phone":"\\u0000"}',
            b'{"Phone":{"a":1}}',
            b'{"Phone":["1"]}',
            b"[1]",
            b"{",
            b"null",
            b'{"Phone":1e999}',
            b'{"a":' * 3000,
        ],
    )
    async def test_c05(self, org: Faced, body: bytes) -> None:
        """C05: what two readers would read differently, or nobody could, is refused, and journalled."""
        kind = ("content-type", "application/json")
        for line in (f"PATCH {V}/sobjects/Contact/{LENA}", f"POST {V}/composite", f"PATCH {V}/composite/sobjects"):
            await org.forget()
            reply = await org.ask(line, body, kind)
            assert (400, []) == (reply.status, org.spy.changes), line
            assert 1 == len(await org.entries()), line

    @pytest.mark.attack("A13")
    @pytest.mark.attack("B27")
    @pytest.mark.attack("C09")
    async def test_a13(self, org: Faced) -> None:
        """A13: what was written is answered with nothing, and is stored as it was said."""
        reply = await org.compare(f"PATCH {V}/sobjects/Contact/{LENA}", {"MailingCity": "{!Contact.IBAN__c} ${x}"})

        assert (204, b"") == (reply.status, reply.body)
        assert {"city": "{!Contact.IBAN__c} ${x}"} == dict(org.spy.changes[-1].values)

    @pytest.mark.attack("B37")
    @pytest.mark.parametrize("path", ["query", "sobjects/Contact/{id}"])
    async def test_b37(self, org: Faced, path: str) -> None:
        """B37: parts of a composite are decided as if they came alone, and refer to released values only."""
        del path
        first = {"method": "GET", "url": f"{V}/sobjects/Contact/{LENA}?fields=Id,Name,IBAN__c", "referenceId": "a"}
        uses = [
            f"{V}/sobjects/Contact/@{{a.IBAN__c}}",
            f"{V}/query?q=SELECT+Id+FROM+Contact+WHERE+Phone='@{{a.IBAN__c}}'",
            f"{V}/query?q=SELECT+Id+FROM+Contact+WHERE+IBAN__c='@{{a.Name}}'",
            f"{V}/sobjects/@{{a.attributes.type}}/@{{a.Id}}?fields=@{{a.Id}},IBAN__c",
            f"{V}/composite",
            f"{V}/composite/batch",
            f"{V}/jobs/query",
            "/services/data/v59.0/../../apexrest/x",
            "/services/oauth2/token",
            "https://evil.example/services/data/v59.0/sobjects",
            f"//evil.example{V}/sobjects",
        ]
        for url in uses:
            body = {"compositeRequest": [first, {"method": "GET", "url": url, "referenceId": "b"}]}
            reply = await org.compare(f"POST {V}/composite", body)
            assert reply.status in {200, 400}
            if reply.status == 200:
                codes = [part["httpStatusCode"] for part in reply.json["compositeResponse"]]
                assert codes[0] == 200, url
                assert codes[1] in {200, 400, 404}, url
        assert not {"iban"} & org.spy.asked

    @pytest.mark.attack("C11")
    @pytest.mark.parametrize("key", ["IBAN__c", "Shoe_Size__c", "Nothing__c"])
    @pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
    async def test_c11(self, org: Faced, key: str, method: str) -> None:
        """C11: a hidden external id finds, changes and makes nothing, whoever's it is."""
        body = {"Phone": "+49 30 1"} if method == "PATCH" else None
        replies = [
            await org.compare(f"{method} {V}/sobjects/Contact/{name}/{value}", body)
            for name, value in ((key, "DE44CANARY7700IBAN55"), (key, "DE1"), ("Q" * len(key), "DE1"))
        ]

        assert [404] * 3 == [reply.status for reply in replies]
        assert replies[0].body == replies[1].body
        assert replies[0].body == replies[2].body.replace(b"Q" * len(key), key.encode())
        assert ([], []) == (org.spy.queries, org.spy.changes)

    @pytest.mark.attack("B37")
    async def test_collections(self, org: Faced) -> None:
        """B37: of many records each is told apart, none for another's sake, and refusals say nothing of values."""
        contact = {"type": "Contact"}
        records = [
            {"attributes": contact, "id": LENA, "IBAN__c": "DE1"},
            {"attributes": contact, "id": NOBODY, "Phone": "+49 30 1"},
            {"attributes": contact, "id": KARL, "Phone": "+49 30 2"},
            {"attributes": {"type": "ContactHistory"}, "id": KARL, "Phone": "+49 30 2"},
        ]
        reply = await org.compare(f"PATCH {V}/composite/sobjects", {"allOrNone": False, "records": records})
        done = [one["success"] for one in reply.json]

        assert [False, False, True, False] == done


class TestJobs:
    @pytest.mark.attack("A23")
    @pytest.mark.parametrize(
        "text",
        [
            "SELECT Id, IBAN__c FROM Contact WHERE IBAN__c LIKE 'DE%'",
            "SELECT Id FROM Contact ORDER BY IBAN__c",
            "SELECT MAX(IBAN__c) FROM Contact",
            "SELECT Id FROM ContactHistory",
        ],
    )
    async def test_a23(self, org: Faced, text: str) -> None:
        """A23: a bulk query is decided like any other."""
        made = await org.compare(f"POST {V}/jobs/query", {"operation": "query", "query": text})

        assert made.status in {400, 403, 404}
        assert [] == org.spy.queries

    @pytest.mark.attack("A23")
    async def test_foreign(self, org: Faced) -> None:
        """A23: another caller's job is none."""
        body = {"operation": "update", "object": "Contact", "contentType": "CSV", "lineEnding": "LF"}
        job = (await org.ask(f"POST {V}/jobs/ingest", body)).json["id"]
        upload = await org.ask(
            f"PUT {V}/jobs/ingest/{job}/batches", b"Id,Phone\n", ("content-type", "text/csv"), who="anna"
        )
        looks = [
            await org.ask(f"GET {V}/jobs/ingest/{one}{rest}", who="anna")
            for one in (job, "750000000000001AAA")
            for rest in ("", "/successfulResults", "/failedResults", "/unprocessedrecords")
        ]

        assert {404} == {reply.status for reply in (upload, *looks)}
        assert [told(reply) for reply in looks[:4]] == [told(reply) for reply in looks[4:]]
        assert job not in orjson.dumps((await org.ask(f"GET {V}/jobs/ingest", who="anna")).json).decode()

    @pytest.mark.attack("A23")
    async def test_results(self, org: Faced) -> None:
        """A23: failed results repeat what the caller has said, and nothing that the CRM holds."""
        body = {"operation": "update", "object": "Contact", "contentType": "CSV", "lineEnding": "LF"}
        job = (await org.ask(f"POST {V}/jobs/ingest", body)).json["id"]
        rows = f"Id,IBAN__c\n{LENA},DE1\n{NOBODY},DE1\n".encode()
        await org.ask(f"PUT {V}/jobs/ingest/{job}/batches", rows, ("content-type", "text/csv"))
        await org.ask(f"PATCH {V}/jobs/ingest/{job}", {"state": "UploadComplete"})
        await org.ask(f"GET {V}/jobs/ingest/{job}")
        failed = await org.ask(f"GET {V}/jobs/ingest/{job}/failedResults")
        lines = failed.body.decode().splitlines()

        assert 200 == failed.status
        assert lines[1].replace(LENA, NOBODY) == lines[2]
        assert [] == org.spy.changes
