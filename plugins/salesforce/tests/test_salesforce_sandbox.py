"""The sandbox is as strict as the vendor, sees to who may what, and misbehaves when told to."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import RemoteDisconnected
from typing import Any

import orjson
import pytest

from policy_gateway.records import Request
from policy_gateway.testing import AsgiTransport
from policy_gateway_salesforce.sandbox import INTEGRATION, Fault, FaultKind, Recorded, Sandbox
from policy_gateway_salesforce.sandbox.ids import canonical, long_id, numbered

Ask = Callable[..., Any]

API = "/services/data/v59.0"
FINN = "003Ws000000001dIAA"


class TestIds:
    def test_checksum(self) -> None:
        """Ids of 15 characters get the three that tell their capitals; a wrong checksum is no id."""
        assert "001A0000006Vm9rIAC" == long_id("001A0000006Vm9r") == canonical("001A0000006Vm9r")
        assert canonical("001A0000006Vm9rIAC") == long_id("001A0000006Vm9r")
        assert {None} == {canonical(each) for each in ("001A0000006Vm9rIAD", "001", "", "001A0000006Vm9-")}

    def test_order(self) -> None:
        """Ids sort as their numbers do."""
        made = [numbered("003", number) for number in (1, 9, 10, 61, 62, 4000)]

        assert sorted(made) == made


class TestPaths:
    @pytest.mark.parametrize(
        "path",
        [
            f"{API}/sobjects/Contact/{FINN}",
            f"{API}/sobjects/Contact/{FINN}/",
            f"{API}/sobjects/contact/{FINN[:15]}",
            f"/services/data/v40.0/sobjects/Contact/{FINN}",
            f"/services/data/v70.0/sobjects/Contact/{FINN}",
            f"{API}/sobjects/Contact/Customer_Number__c/K-100000",
            f"{API}/sobjects/Contact/customer_number__c/k-100000/",
            f"{API}/sobjects/Contact/Email/finn.engel.1%40example.org",
            f"{API}/sobjects/Contact/Id/{FINN}",
        ],
    )
    def test_one_record(self, ask: Ask, path: str) -> None:
        """One record has many paths."""
        reply = ask(f"GET {path}")

        assert (200, FINN) == (reply.status, reply.told["Id"])

    @pytest.mark.parametrize(
        ("line", "status", "code"),
        [
            ("GET /services/data/v39.0/limits", 404, "NOT_FOUND"),
            ("GET /services/data/v71.0/limits", 404, "NOT_FOUND"),
            ("GET /services/data/59.x/limits", 404, "NOT_FOUND"),
            (f"GET {API}/tooling/query?q=x", 404, "NOT_FOUND"),
            (f"GET {API}/sobjects/Nope", 404, "NOT_FOUND"),
            (f"GET {API}/sobjects/Nope/describe", 404, "NOT_FOUND"),
            (f"GET {API}/sobjects/Contact/{FINN}/Nope", 404, "NOT_FOUND"),
            (f"GET {API}/sobjects/Contact/nope", 404, "NOT_FOUND"),
            (f"GET {API}/sobjects/Contact/003Ws000000zzzz", 404, "NOT_FOUND"),
            (f"GET {API}/sobjects/Account/{FINN}", 404, "NOT_FOUND"),
            (f"GET {API}/sobjects/Contact/{FINN}?fields=Nope", 400, "INVALID_FIELD"),
            (f"GET {API}/sobjects/Contact/LastName/Engel", 404, "NOT_FOUND"),
            (f"GET {API}/sobjects/Contact/updated?start=x&end=y", 400, "INVALID_REPLICATION_DATE"),
            (f"PUT {API}/limits", 405, "METHOD_NOT_ALLOWED"),
            ("GET /services/apexrest/foo", 404, "NOT_FOUND"),
            ("GET /", 404, "NOT_FOUND"),
        ],
    )
    def test_refused(self, ask: Ask, line: str, status: int, code: str) -> None:
        """What is not there is refused in the vendor's shape."""
        reply = ask(line)

        assert (status, code) == (reply.status, reply.code)
        assert {"message", "errorCode"} == set(reply.told[0])

    def test_sessions(self, ask: Ask) -> None:
        """Without a good token there is nothing but the list of versions."""
        refused = [ask(f"GET {API}/limits", token="wrong"), ask(f"GET {API}/nope", token="")]

        assert [(401, "INVALID_SESSION_ID")] * 2 == [(each.status, each.code) for each in refused]
        assert ["40.0", "70.0"] == [ask("GET /services/data", token="").told[place]["version"] for place in (0, -1)]


class TestWriting:
    @pytest.mark.parametrize(
        ("values", "code", "fields"),
        [
            ({"FirstName": "A"}, "REQUIRED_FIELD_MISSING", ["LastName"]),
            ({"LastName": ""}, "REQUIRED_FIELD_MISSING", ["LastName"]),
            ({"LastName": "A", "Nope": 1}, "INVALID_FIELD", None),
            ({"LastName": "A" * 81}, "STRING_TOO_LONG", ["LastName"]),
            ({"LastName": 5}, "JSON_PARSER_ERROR", None),
            ({"LastName": ["A"]}, "JSON_PARSER_ERROR", None),
            ({"LastName": "A", "Email": "a"}, "INVALID_EMAIL_ADDRESS", ["Email"]),
            ({"LastName": "A", "Birthdate": "13.1.1980"}, "JSON_PARSER_ERROR", None),
            ({"LastName": "A", "VIP__c": "maybe"}, "JSON_PARSER_ERROR", None),
            ({"LastName": "A", "Credit_Score__c": "high"}, "JSON_PARSER_ERROR", None),
            ({"LastName": "A", "Credit_Score__c": 12345}, "NUMBER_OUTSIDE_VALID_RANGE", ["Credit_Score__c"]),
            ({"LastName": "A", "Language__c": "xx"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", ["Language__c"]),
            ({"LastName": "A", "Consents__c": "x;y"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", ["Consents__c"]),
            ({"LastName": "A", "AccountId": FINN}, "MALFORMED_ID", ["AccountId"]),
            ({"LastName": "A", "AccountId": "001Ws000000zzzz"}, "INVALID_CROSS_REFERENCE_KEY", []),
            ({"LastName": "A", "Name": "A"}, "INVALID_FIELD_FOR_INSERT_UPDATE", ["Name"]),
            ({"LastName": "A", "CreatedDate": "2024-01-01"}, "INVALID_FIELD_FOR_INSERT_UPDATE", ["CreatedDate"]),
            ({"LastName": "A", "Id": FINN}, "INVALID_FIELD_FOR_INSERT_UPDATE", ["Id"]),
            ({"LastName": "A", "Customer_Number__c": "k-100007"}, "DUPLICATE_VALUE", []),
            ({"LastName": "A", "Account": {"Nope": "x"}}, "NOT_FOUND", None),
            (b"{", "JSON_PARSER_ERROR", None),
            ([], "JSON_PARSER_ERROR", None),
        ],
        ids=repr,
    )
    def test_refused(self, ask: Ask, values: object, code: str, fields: list[str] | None) -> None:
        """A bad value is refused with the vendor's code, and nothing is written."""
        reply = ask(f"POST {API}/sobjects/Contact", values)

        assert (code, fields) == (reply.code, reply.told[0].get("fields"))
        assert 1000 == ask(f"GET {API}/query?q=SELECT COUNT() FROM Contact").told["totalSize"]

    def test_kept(self, ask: Ask) -> None:
        """Values are kept as the vendor keeps them; what the vendor sets is set."""
        values = {"LastName": " Curie ", "FirstName": "Marie", "Email": "Marie@Example.COM", "VIP__c": "true"}
        values |= {"Consents__c": "survey_email;marketing_email", "Birthdate": "1867-11-07T00:00:00Z", "Fax": ""}
        reply = ask(f"POST {API}/sobjects/Contact", values)
        told = ask(f"GET {reply.headers['location']}").told

        assert {"LastName": "Curie", "Name": "Marie Curie", "Email": "marie@example.com"} == {
            name: told[name] for name in ("LastName", "Name", "Email")
        }
        assert [True, "marketing_email;survey_email", "1867-11-07", None, False] == [
            told[name] for name in ("VIP__c", "Consents__c", "Birthdate", "Fax", "IsDeleted")
        ]
        assert told["CreatedById"] == told["OwnerId"] == told["LastModifiedById"]

    def test_update(self, ask: Ask) -> None:
        """An update changes what it names, empties what it names as null, and moves the stamps."""
        before = ask(f"GET {API}/sobjects/Contact/{FINN}").told
        ask(f"PATCH {API}/sobjects/Contact/{FINN}", {"firstname": "Fritz", "Phone": None})
        told = ask(f"GET {API}/sobjects/Contact/{FINN}").told
        changed = {name for name in told if told[name] != before[name]}

        assert {"FirstName", "Name", "Phone", "LastModifiedDate", "LastModifiedById", "SystemModstamp"} == changed
        assert "INVALID_FIELD" == ask(f"PATCH {API}/sobjects/Contact/{FINN}", {"Id": FINN}).code

    def test_recycle_bin(self, ask: Ask) -> None:
        """What is deleted is there for queryAll only, with what belonged to it."""
        tasks = f"SELECT Id FROM Task WHERE WhoId = '{FINN}'"
        owned = ask(f"GET {API}/query?q={tasks}").told["totalSize"]

        assert 204 == ask(f"DELETE {API}/sobjects/Contact/{FINN}").status
        gone = [ask(f"{method} {API}/sobjects/Contact/{FINN}", {}) for method in ("GET", "PATCH", "DELETE")]
        assert [(404, "ENTITY_IS_DELETED")] * 3 == [(each.status, each.code) for each in gone]
        assert 0 == ask(f"GET {API}/query?q={tasks}").told["totalSize"]
        assert owned == ask(f"GET {API}/queryAll?q={tasks}").told["totalSize"]
        assert 1 == ask(f"GET {API}/queryAll?q=SELECT COUNT() FROM Contact WHERE IsDeleted = true").told["totalSize"]

    def test_upsert(self, ask: Ask) -> None:
        """An upsert tells whether it created; older versions tell nothing; several matches are told, not changed."""
        path = "sobjects/Contact/Customer_Number__c/NEW-1"
        created, updated = (ask(f"PATCH {API}/{path}", {"LastName": name}) for name in ("A", "B"))
        older = ask(f"PATCH /services/data/v45.0/{path}", {"LastName": "C"})
        several = ask(f"PATCH {API}/sobjects/Lead/Legacy_Number__c/L-1", {"LastName": "A"})
        itself = ask(f"PATCH {API}/{path}", {"Customer_Number__c": "NEW-1"})

        assert (201, True) == (created.status, created.told["created"])
        assert (200, False) == (updated.status, updated.told["created"])
        assert (204, None) == (older.status, older.told)
        assert (300, 2) == (several.status, len(several.told))
        assert (400, "INVALID_FIELD") == (itself.status, itself.code)

    def test_related_by_number(self, ask: Ask) -> None:
        """A reference can be set by what its target is known by."""
        made = ask(f"POST {API}/sobjects/Case", {"Subject": "x", "Contact": {"Customer_Number__c": "K-100000"}})
        told = ask(f"GET {API}/sobjects/Case/{made.told['id']}").told

        assert (FINN, "New", False) == (told["ContactId"], told["Status"], told["IsClosed"])

    def test_not_writable(self, ask: Ask) -> None:
        """Users and the org itself are not written."""
        assert "INVALID_TYPE_FOR_OPERATION" == ask(f"POST {API}/sobjects/User", {"LastName": "A"}).code


class TestRights:
    def test_hidden(self, ask: Ask, sandbox: Sandbox) -> None:
        """What a user's field-level security hides is to that user as if it were not there."""
        token = sandbox.limited_token
        record = ask(f"GET {API}/sobjects/Contact/{FINN}", token=token).told
        described = ask(f"GET {API}/sobjects/Contact/describe", token=token).told["fields"]
        unknown, hidden = (
            ask(f"GET {API}/query?q=SELECT Id FROM Contact WHERE {name} = 'x'", token=token)
            for name in ("NOPE__c", "IBAN__c")
        )
        written = ask(f"PATCH {API}/sobjects/Contact/{FINN}", {"IBAN__c": "x"}, token=token)

        assert "IBAN__c" not in record
        assert "IBAN__c" not in {each["name"] for each in described}
        assert unknown.told[0]["message"].replace("NOPE__c", "IBAN__c") == hidden.told[0]["message"]
        assert (400, "INVALID_FIELD") == (written.status, written.code)

    def test_fixed_and_denied(self, ask: Ask, sandbox: Sandbox) -> None:
        """A field may be read-only, and a deletion forbidden, to one user."""
        token = sandbox.limited_token
        fixed = ask(f"PATCH {API}/sobjects/Contact/{FINN}", {"Customer_Number__c": "x"}, token=token)
        denied = ask(f"DELETE {API}/sobjects/Contact/{FINN}", token=token)

        assert "INVALID_FIELD_FOR_INSERT_UPDATE" == fixed.code
        assert (403, "INSUFFICIENT_ACCESS_OR_READONLY") == (denied.status, denied.code)

    def test_on_demand(self, ask: Ask, sandbox: Sandbox) -> None:
        """Rights change at once, for sessions that are open, too."""
        sandbox.org.sessions.restrict(INTEGRATION, {"hidden": ["Contact.MailingAddress"], "denied": ["Lead.read"]})
        record = ask(f"GET {API}/sobjects/Contact/{FINN}").told

        assert set() == {name for name in record if name.startswith("Mailing")}
        assert 404 == ask(f"GET {API}/sobjects/Lead").status
        assert "INVALID_TYPE" == ask(f"GET {API}/query?q=SELECT Id FROM Lead").code
        assert "Lead" not in {each["name"] for each in ask(f"GET {API}/sobjects").told["sobjects"]}


class TestLimits:
    def test_header(self, ask: Ask) -> None:
        """Every answer of the API says how much was asked today."""
        assert ["api-usage=1/15000", "api-usage=2/15000"] == [
            ask(f"GET {API}/{path}").headers["sforce-limit-info"] for path in ("limits", "nope")
        ]

    def test_exceeded(self) -> None:
        """An org that was asked enough says so."""
        sandbox = Sandbox(limit=1)
        headers = {"authorization": f"Bearer {sandbox.token}"}
        asked = Recorded("GET", f"{API}/limits", (), b"", "", headers)
        first, second = sandbox.answer(asked), sandbox.answer(asked)

        assert [200, 403] == [first.status, second.status]
        assert b"REQUEST_LIMIT_EXCEEDED" in second.content()


@pytest.mark.anyio
class TestControl:
    async def call(self, sandbox: Sandbox, line: str, body: object = None) -> tuple[int, Any]:
        """Send ``METHOD /path`` over ASGI and return status and JSON."""
        method, path = line.split()
        data = b"" if body is None else orjson.dumps(body)
        headers = {"Authorization": f"Bearer {sandbox.token}"}
        response = await AsgiTransport(sandbox).send(Request(method, path, [], headers, data))
        return response.status, orjson.loads(response.body or b"null")

    async def test_faults(self, sandbox: Sandbox) -> None:
        """Faults are armed, counted down, told and cleared by HTTP."""
        armed = {"kind": "status", "status": 502, "times": 2, "path": "/limits"}
        assert 201 == (await self.call(sandbox, "POST /sandbox/faults", armed))[0]
        statuses = [(await self.call(sandbox, f"GET {API}/{path}"))[0] for path in ("sobjects", "limits")]
        _, left = await self.call(sandbox, "GET /sandbox/faults")
        await self.call(sandbox, "DELETE /sandbox/faults")

        assert [200, 502] == statuses
        assert [1] == [each["times"] for each in left["faults"]]
        assert 200 == (await self.call(sandbox, f"GET {API}/limits"))[0]
        assert 400 == (await self.call(sandbox, "POST /sandbox/faults", {"kind": "nonsense"}))[0]

    async def test_recorder(self, sandbox: Sandbox) -> None:
        """What was asked is told, with its token; the control itself is not recorded."""
        await self.call(sandbox, f"GET {API}/limits")
        _, told = await self.call(sandbox, "GET /sandbox/requests")

        assert [("GET", f"{API}/limits", sandbox.token)] == [
            (each["method"], each["path"], each["token"]) for each in told["requests"]
        ]

    async def test_sessions_and_rights(self, sandbox: Sandbox) -> None:
        """Rights are set and sessions are ended by HTTP; a reset brings the seeded org back."""
        rights = {"username": INTEGRATION, "denied": ["Contact.read"]}
        assert 204 == (await self.call(sandbox, "POST /sandbox/rights", rights))[0]
        assert 404 == (await self.call(sandbox, f"GET {API}/sobjects/Contact"))[0]
        assert 204 == (await self.call(sandbox, "DELETE /sandbox/sessions"))[0]
        assert 401 == (await self.call(sandbox, f"GET {API}/limits"))[0]
        assert 204 == (await self.call(sandbox, "POST /sandbox/reset"))[0]
        assert 200 == (await self.call(sandbox, f"GET {API}/sobjects/Contact"))[0]


class TestServer:
    def test_reset(self, sandbox: Sandbox, url: str) -> None:
        """A reset cuts the connection."""
        sandbox.faults.arm(Fault(FaultKind.RESET))
        with pytest.raises((RemoteDisconnected, ConnectionResetError, urllib.error.URLError)):
            urllib.request.urlopen(f"{url}/services/data", timeout=5)  # noqa: S310 -- our own server

    def test_endless(self, sandbox: Sandbox, url: str) -> None:
        """An endless body goes on until the client goes."""
        sandbox.faults.arm(Fault(FaultKind.ENDLESS))
        with urllib.request.urlopen(f"{url}/services/data", timeout=5) as answer:  # noqa: S310 -- our own server
            assert 10_000_000 == len(answer.read(10_000_000))
