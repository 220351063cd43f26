"""The sandbox writes many records by one request, and answers many requests by one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Ask = Callable[..., Any]

API = "/services/data/v59.0"
MANY = f"{API}/composite/sobjects"
FINN = "003Ws000000001dIAA"
OSKAR = "003Ws000000001eIAA"


def contact(**values: object) -> dict[str, object]:
    """Return a record of a contact."""
    return {"attributes": {"type": "Contact"}, **values}


def codes(reply: Any) -> list[str]:  # noqa: ANN401 -- the fixture's reply
    """Return the code of each record's error, empty for one that succeeded."""
    return [each["errors"][0]["statusCode"] if each["errors"] else "" for each in reply.told]


def part(line: str, name: str, body: object = None) -> dict[str, object]:
    """Return one part of a composite request."""
    method, url = line.split(" ", 1)
    return {"method": method, "url": url, "referenceId": name} | ({"body": body} if body else {})


class TestCollections:
    def test_create(self, ask: Ask) -> None:
        """Each record is created or refused by itself."""
        records = [
            contact(LastName="A"),
            contact(FirstName="B"),
            contact(LastName="C", Customer_Number__c="K-100000"),
            {"attributes": {"type": "Account"}, "Name": "D"},
            {"LastName": "E"},
        ]
        reply = ask(f"POST {MANY}", {"allOrNone": False, "records": records})

        assert ["", "REQUIRED_FIELD_MISSING", "DUPLICATE_VALUE", "", "INVALID_TYPE"] == codes(reply)
        assert ["003", None, None, "001", None] == [each.get("id", "")[:3] or None for each in reply.told]

    def test_all_or_none(self, ask: Ask) -> None:
        """One failure undoes all when all are to succeed."""
        records = [contact(LastName="A"), contact(FirstName="B"), contact(LastName="C", Customer_Number__c="NEW")]
        reply = ask(f"POST {MANY}", {"allOrNone": True, "records": records})
        rolled_back = "ALL_OR_NONE_OPERATION_ROLLED_BACK"

        assert [rolled_back, "REQUIRED_FIELD_MISSING", rolled_back] == codes(reply)
        assert 1000 == ask(f"GET {API}/query?q=SELECT COUNT() FROM Contact").told["totalSize"]
        assert 404 == ask(f"GET {API}/sobjects/Contact/Customer_Number__c/NEW").status

    def test_update_and_delete(self, ask: Ask) -> None:
        """Records are changed and deleted by their ids."""
        ids = [FINN, "003Ws000000zzzz", "x", "001Ws000000001d"]
        updated = ask(f"PATCH {MANY}", {"records": [contact(id=each, Title="T") for each in [*ids, None]]})
        deleted = ask(f"DELETE {MANY}?ids={','.join(ids[:3])}&allOrNone=false")
        again = ask(f"DELETE {MANY}?ids={FINN},{OSKAR}&allOrNone=true")

        assert ["", "INVALID_CROSS_REFERENCE_KEY", "MALFORMED_ID", "MALFORMED_ID", "MISSING_ARGUMENT"] == codes(updated)
        assert ["", "INVALID_CROSS_REFERENCE_KEY", "MALFORMED_ID"] == codes(deleted)
        assert ["ENTITY_IS_DELETED", "ALL_OR_NONE_OPERATION_ROLLED_BACK"] == codes(again)

    def test_upsert(self, ask: Ask) -> None:
        """Records are created or changed by the firm's own number."""
        records = [contact(customer_number__c="K-100000", Title="T"), contact(Customer_Number__c="NEW", LastName="N")]
        reply = ask(f"PATCH {MANY}/Contact/Customer_Number__c", {"records": [*records, contact(LastName="X")]})
        several = ask(f"PATCH {MANY}/Lead/Legacy_Number__c", {"records": [{"Legacy_Number__c": "L-1"}]})

        assert ["", "", "MISSING_ARGUMENT"] == codes(reply)
        assert [False, True, False] == [each["created"] for each in reply.told]
        assert (FINN, ["DUPLICATE_EXTERNAL_ID"]) == (reply.told[0]["id"], codes(several))

    def test_read(self, ask: Ask) -> None:
        """Records come in the order of their ids, null for one that is not there."""
        body = {"ids": [OSKAR, "003Ws000000zzzz", FINN[:15]], "fields": ["LastName"]}
        posted = ask(f"POST {MANY}/Contact", body).told

        assert [OSKAR, None, FINN] == [each and each["Id"] for each in posted]
        assert posted == ask(f"GET {MANY}/Contact?ids={','.join(body['ids'])}&fields=LastName").told

    @pytest.mark.parametrize(
        ("line", "body", "code"),
        [
            (f"POST {MANY}", {"records": [contact(LastName="A")] * 201}, "EXCEEDED_ID_LIMIT"),
            (f"DELETE {MANY}?ids={','.join([FINN] * 201)}", None, "EXCEEDED_ID_LIMIT"),
            (f"POST {MANY}/Contact", {"ids": [FINN] * 2001, "fields": ["Id"]}, "EXCEEDED_ID_LIMIT"),
            (f"POST {MANY}/Contact", {"ids": [FINN], "fields": ["Nope"]}, "INVALID_FIELD"),
            (f"POST {MANY}/Contact", {"ids": [FINN]}, "MISSING_ARGUMENT"),
            (f"POST {MANY}", {"records": [contact(LastName="A"), contact(Nope=1)]}, "INVALID_FIELD"),
            (f"POST {MANY}", {"records": [contact(LastName={"a": 1})]}, "JSON_PARSER_ERROR"),
            (f"POST {MANY}", {"records": "x"}, "JSON_PARSER_ERROR"),
            (f"POST {MANY}", {}, "MISSING_ARGUMENT"),
            (f"PATCH {MANY}/Contact/LastName", {"records": [contact(LastName="A")]}, "NOT_FOUND"),
        ],
        ids=["written", "deleted", "read", "field", "no fields", "column", "type", "records", "none", "not known by"],
    )
    def test_refused(self, ask: Ask, line: str, body: object, code: str) -> None:
        """What cannot be read, or is too much, is refused as a whole."""
        reply = ask(line, body)

        assert (code, True) == (reply.code, reply.status in {400, 404})


class TestComposite:
    def test_references(self, ask: Ask) -> None:
        """Parts refer to what others came to, in addresses and in bodies."""
        parts = [
            part(f"GET {API}/query?q=SELECT+Id,AccountId+FROM+Contact+WHERE+AccountId+!=+null+LIMIT+1", "found"),
            part(f"GET {API}/sobjects/Contact/@{{found.records[0].Id}}?fields=LastName", "seen"),
            part(f"POST {API}/sobjects/Case", "made", {"Subject": "S", "ContactId": "@{found.records[0].Id}"}),
            part(f"DELETE {API}/sobjects/Case/@{{made.id}}", "gone"),
        ]
        told = ask(f"POST {API}/composite", {"compositeRequest": parts}).told["compositeResponse"]

        assert [("found", 200), ("seen", 200), ("made", 201), ("gone", 204)] == [
            (each["referenceId"], each["httpStatusCode"]) for each in told
        ]
        assert told[0]["body"]["records"][0]["Id"] == told[1]["body"]["Id"]
        assert {"Location": f"{API}/sobjects/Case/{told[2]['body']['id']}"} == told[2]["httpHeaders"]

    def test_failures(self, ask: Ask) -> None:
        """A failed part fails those that refer to it; when all are to succeed it undoes the others."""
        parts = [
            part(f"POST {API}/sobjects/Account", "fine", {"Name": "A"}),
            part(f"POST {API}/sobjects/Contact", "bad", {"FirstName": "B"}),
            part(f"GET {API}/sobjects/Contact/@{{bad.id}}", "after"),
        ]
        told, halted = (
            ask(f"POST {API}/composite", {"allOrNone": strict, "compositeRequest": parts}).told["compositeResponse"]
            for strict in (False, True)
        )

        assert [201, 400, 400] == [each["httpStatusCode"] for each in told]
        assert ["REQUIRED_FIELD_MISSING", "PROCESSING_HALTED"] == [each["body"][0]["errorCode"] for each in told[1:]]
        assert ["PROCESSING_HALTED", "REQUIRED_FIELD_MISSING", "PROCESSING_HALTED"] == [
            each["body"][0]["errorCode"] for each in halted
        ]
        assert 1 == ask(f"GET {API}/query?q=SELECT COUNT() FROM Account WHERE Name = 'A'").told["totalSize"]

    @pytest.mark.parametrize(
        ("parts", "code"),
        [
            ([part(f"GET {API}/limits", f"r{n}") for n in range(26)], "LIMIT_EXCEEDED"),
            ([part(f"GET {API}/query?q=SELECT+Id+FROM+Lead", f"r{n}") for n in range(6)], "LIMIT_EXCEEDED"),
            ([], "LIMIT_EXCEEDED"),
            ([part(f"GET {API}/limits", "r")] * 2, "INVALID_INPUT"),
            ([part(f"GET {API}/limits", "r.x")], "INVALID_INPUT"),
            ([part("GET /services/oauth2/userinfo", "r")], "INVALID_INPUT"),
        ],
        ids=["parts", "queries", "none", "twice", "name", "elsewhere"],
    )
    def test_refused(self, ask: Ask, parts: list[object], code: str) -> None:
        """Too many parts, or ones that cannot be told apart, are refused as a whole."""
        reply = ask(f"POST {API}/composite", {"compositeRequest": parts})

        assert (400, code) == (reply.status, reply.code)

    def test_no_nesting(self, ask: Ask) -> None:
        """A part is no composite request itself."""
        reply = ask(f"POST {API}/composite", {"compositeRequest": [part(f"POST {API}/composite", "r", {"a": 1})]})

        assert [400] == [each["httpStatusCode"] for each in reply.told["compositeResponse"]]


class TestBatch:
    def test_batch(self, ask: Ask) -> None:
        """Each request is answered by itself, or halted after one that failed."""
        parts = [
            {"method": "PATCH", "url": f"v59.0/sobjects/Contact/{FINN}", "richInput": {"Title": "T"}},
            {"method": "GET", "url": "v59.0/nope"},
            {"method": "GET", "url": f"{API}/sobjects/Contact/{FINN}?fields=Title"},
        ]
        on, halted = (
            ask(f"POST {API}/composite/batch", {"haltOnError": halt, "batchRequests": parts}).told
            for halt in (False, True)
        )

        assert (True, [204, 404, 200]) == (on["hasErrors"], [each["statusCode"] for each in on["results"]])
        assert "T" == on["results"][2]["result"]["Title"]
        assert [204, 404, 412] == [each["statusCode"] for each in halted["results"]]
        assert "LIMIT_EXCEEDED" == ask(f"POST {API}/composite/batch", {"batchRequests": parts * 9}).code
