"""Salesforce's clients at the gateway, with the shipped policies: what is hidden is as if it were not there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus

import orjson
import pytest

from policy_gateway.testing.entrances import HttpClient, Reply
from policy_gateway.testing.gateways import Whole
from policy_gateway_salesforce.sandbox import Sandbox

pytestmark = pytest.mark.anyio
ROOT = "/services/data/v59.0"
JSON = ("content-type", "application/json")
Facing = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Desk:
    """A gateway before an org, and its callers."""

    gateway: Whole
    org: Sandbox

    async def ask(self, who: str, line: str, body: object = None, *lines: tuple[str, str]) -> Reply:
        """Return the answer to ``METHOD path``, asked by *who* for service; relative paths begin behind the version."""
        method, _, target = line.partition(" ")
        path, question, query = target.partition("?")
        if not path.startswith("/"):
            path = f"{ROOT}/{path}"
        own = [("host", "localhost"), ("authorization", f"Bearer {self.gateway.keys[who]}~service~sf")]
        sent = b"" if body is None else body if isinstance(body, bytes) else orjson.dumps(body)
        typed = [JSON] if sent and not any(name == "content-type" for name, _ in lines) else []
        client = HttpClient(self.gateway.web.app)
        return await client.ask(method, f"{path}{question}{query}", [*own, *typed, *lines], sent)

    async def query(self, who: str, soql: str, *lines: tuple[str, str]) -> Reply:
        """Return the answer to a query."""
        return await self.ask(who, f"GET query?q={quote_plus(soql)}", None, *lines)

    def contact(self, **having: bool) -> Mapping[str, Any]:
        """Return a contact who has, or has not, these fields."""
        rows = self.org.org.tables["Contact"].live()
        return next(row for row in rows if all(bool(row.get(name)) is wanted for name, wanted in having.items()))


@pytest.fixture(scope="module")
async def running(facing_org: Facing, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    """Yield one gateway for all tests of this file."""
    org = Sandbox(seed=1)
    async with facing_org(tmp_path_factory.mktemp("facade"), org) as gateway:
        yield Desk(gateway, org)


@pytest.fixture
async def desk(running: Desk) -> Desk:
    """Return the gateway, before an org as it was seeded, whose journal counts from now on."""
    running.org.reset()
    await running.gateway.mark("acme", "bolt")
    return running


def told(reply: Reply) -> dict[str, Any]:
    """Return the only error of a refusal."""
    [error] = reply.json
    return dict(error)


class TestHidden:
    @pytest.mark.parametrize(
        "soql",
        [
            "SELECT Id, Name, Phone, {} FROM Contact WHERE {} LIKE 'DE%'",
            "SELECT Id FROM Contact WHERE {} = 'DE89'",
            "SELECT Id FROM Contact WHERE NOT {} = null",
            "SELECT Id FROM Contact ORDER BY {}",
            "SELECT COUNT(Id), {} FROM Contact GROUP BY {}",
            "SELECT MAX({}) m FROM Contact",
            "SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact WHERE {} LIKE 'D%')",
            "SELECT Id, (SELECT Id FROM Contacts WHERE {} LIKE 'D%') FROM Account",
        ],
    )
    async def test_searched(self, desk: Desk, soql: str) -> None:
        """Who filters, sorts or groups by a hidden field is answered as for one that there is not, byte by byte."""
        hidden = await desk.query("anna", soql.replace("{}", "IBAN__c"))
        unknown = await desk.query("anna", soql.replace("{}", "IBAN__d"))

        assert (400, "INVALID_FIELD") == (hidden.status, told(hidden)["errorCode"])
        assert unknown.body.replace(b"IBAN__d", b"IBAN__c") == hidden.body

    async def test_vendors_words(self, desk: Desk) -> None:
        """A refusal points at the field, in the vendor's words."""
        soql = "SELECT Id, Name\nFROM Contact WHERE iban__C LIKE 'DE%'"

        assert {
            "message": "\nFROM Contact WHERE iban__C LIKE 'DE%'\n                   ^\nERROR at Row:2:Column:20\n"
            "No such column 'iban__C' on entity 'Contact'. If you are attempting to use a custom field, be sure to "
            "append the '__c' after the custom field name. Please reference your WSDL or the describe call for the "
            "appropriate names.",
            "errorCode": "INVALID_FIELD",
        } == told(await desk.query("anna", soql))

    async def test_nothing_asked(self, desk: Desk) -> None:
        """What is refused is not asked of the org, and is one entry of the journal, which names the field."""
        await desk.query("anna", "SELECT Id FROM Contact LIMIT 1")
        desk.org.forget()
        await desk.gateway.mark("acme")
        await desk.query("anna", "SELECT Id FROM Contact WHERE IBAN__c LIKE 'DE%'")
        [entry] = await desk.gateway.entries()

        assert [] == list(desk.org.requests)
        assert b"iban" in orjson.dumps(entry)

    async def test_selected(self, desk: Desk) -> None:
        """A selected field that may not be seen is null in every record, and no value of it leaves."""
        known = desk.contact(IBAN__c=True, Phone=True)
        reply = await desk.query("anna", f"SELECT Id, Name, Phone, IBAN__c FROM Contact WHERE Id = '{known['Id']}'")
        [record] = reply.json["records"]

        assert (known["Name"], known["Phone"], None) == (record["Name"], record["Phone"], record["IBAN__c"])
        assert str(known["IBAN__c"]).encode() not in reply.body

    async def test_read(self, desk: Desk) -> None:
        """A record that is read whole has no hidden value."""
        known = desk.contact(IBAN__c=True)
        reply = await desk.ask("anna", f"GET sobjects/Contact/{known['Id']}")

        assert (200, known["Id"], known["LastName"]) == (reply.status, reply.json["Id"], reply.json["LastName"])
        assert str(known["IBAN__c"]).encode() not in reply.body

    async def test_described(self, desk: Desk) -> None:
        """What nobody may know of is in no describe; what may be known says what may be done with it."""
        everything = (await desk.ask("judge", "GET sobjects/Contact/describe")).json["fields"]
        known = {
            field["name"]: field for field in (await desk.ask("ben", "GET sobjects/Contact/describe")).json["fields"]
        }

        assert {"IBAN__c", "Credit_Score__c", "Team__c", "CreatedById"} <= {field["name"] for field in everything}
        assert set() == {"IBAN__c", "Credit_Score__c", "Team__c", "CreatedById"} & set(known)
        assert ("email", 80, "xsd:string") == (
            known["Email"]["type"],
            known["Email"]["length"],
            known["Email"]["soapType"],
        )

    @pytest.mark.parametrize("name", ["IBAN__c", "NOPE__c"])
    async def test_written(self, desk: Desk, name: str) -> None:
        """A field that may not be written is refused by its name, whether it exists or not."""
        reply = await desk.ask("ben", f"PATCH sobjects/Contact/{desk.contact()['Id']}", {name: "x"})

        assert 400 == reply.status
        assert {
            "message": f"Unable to create/update fields: {name}. Please check the security settings of this field and "
            "verify that it is read/write for your profile or permission set.",
            "errorCode": "INVALID_FIELD_FOR_INSERT_UPDATE",
            "fields": [name],
        } == told(reply)

    @pytest.mark.parametrize(("method", "body"), [("GET", None), ("PATCH", {"LastName": "x"}), ("DELETE", None)])
    async def test_external_id(self, desk: Desk, method: str, body: object) -> None:
        """A key that may not be searched finds nothing, whether it exists or not, and whether the value does."""
        known = desk.contact(IBAN__c=True)
        replies = [
            await desk.ask("ben", f"{method} sobjects/Contact/{path}", body)
            for path in (f"IBAN__c/{known['IBAN__c']}", "IBAN__c/DE00", "NOPE__c/DE00")
        ]

        assert [404] * 3 == [reply.status for reply in replies]
        assert {"NOT_FOUND"} == {told(reply)["errorCode"] for reply in replies}
        assert replies[0].body == replies[1].body == replies[2].body.replace(b"NOPE__c", b"IBAN__c")

    async def test_search(self, desk: Desk) -> None:
        """A search that looks into hidden fields is refused without naming one; one that does not is answered."""
        known = desk.contact(Email=True)
        term = str(known["Email"]).partition("@")[0].replace(".", " ")
        refused = await desk.ask(
            "anna", f"GET search?q={quote_plus('FIND {DE89} IN ALL FIELDS RETURNING Contact(Id)')}"
        )
        found = await desk.ask(
            "judge", f"GET search?q={quote_plus(f'FIND {{{term}}} IN EMAIL FIELDS RETURNING Contact(Id)')}"
        )

        assert (400, False) == (refused.status, b"IBAN" in refused.body)
        assert known["Id"] in {record["Id"] for record in found.json["searchRecords"]}


class TestPages:
    BATCH = ("sforce-query-options", "batchSize=200")

    async def test_all(self, desk: Desk) -> None:
        """Pages bring every record once and tell how many there are; what a client sends besides is not looked at."""
        page = (await desk.query("anna", "SELECT Id FROM Contact LIMIT 500 OFFSET 10", self.BATCH)).json
        found, sizes = [record["Id"] for record in page["records"]], [page["totalSize"]]
        while not page["done"]:
            page = (await desk.ask("anna", f"GET {page['nextRecordsUrl']}?q=SELECT+IBAN__c+FROM+Contact")).json
            found += [record["Id"] for record in page["records"]]
            sizes.append(page["totalSize"])

        assert (500, 500, {500}) == (len(found), len(set(found)), set(sizes))

    async def test_bound(self, desk: Desk) -> None:
        """A locator is good for whoever got it, and for nobody else; one that is changed is none."""
        url = (await desk.query("anna", "SELECT Id FROM Contact", self.BATCH)).json["nextRecordsUrl"]
        replies = [
            await desk.ask("judge", f"GET {url}"),
            await desk.ask("ben", f"GET {url}"),
            await desk.ask("anna", f"GET {url[:-2]}AA"),
            await desk.ask("anna", "GET query/01g000000000001AAA-2000"),
        ]

        assert [400] * 4 == [reply.status for reply in replies]
        assert {"INVALID_QUERY_LOCATOR"} == {told(reply)["errorCode"] for reply in replies}

    async def test_says_nothing(self, desk: Desk) -> None:
        """A locator holds nothing of the query in clear."""
        soql = "SELECT Id FROM Contact WHERE MailingCountry != 'Erika'"
        url = (await desk.query("judge", soql, self.BATCH)).json["nextRecordsUrl"]

        assert "Erika" not in url


class TestRefused:
    @pytest.mark.parametrize(
        "line",
        [
            "GET tooling/query?q=SELECT+Id+FROM+ApexClass",
            "GET chatter/users/me",
            "GET analytics/reports",
            "GET recent",
            "GET parameterizedSearch?q=x",
            "GET sobjects/Contact/listviews",
            "GET sobjects/Contact/describe/layouts",
            "POST sobjects/Contact/quickActions",
            "POST graphql",
            "GET ui-api/records/003000000000000AAA",
            "GET query?q=SELECT+Id+FROM+Contact&explain=SELECT+Id+FROM+Contact",
            "GET /services/apexrest/foo",
            "GET /services/data/v39.0/query?q=SELECT+Id+FROM+Contact",
            "GET /services/data/v99.0/sobjects",
            "POST composite/tree/Contact",
            "GET sobjects/Contact/not-an-id",
            "GET sobjects/Contact/003000000000000AAA",
            "GET sobjects/Nothing__c/describe",
            "GET jobs/query/750000000000000AAA",
        ],
    )
    async def test_not_there(self, desk: Desk, line: str) -> None:
        """What is not modeled, or not there, is refused in the vendor's shape, and journaled."""
        reply = await desk.ask("judge", line, {} if line.startswith("POST") else None)

        assert reply.status in {404, 405}
        assert told(reply)["errorCode"] in {"NOT_FOUND", "METHOD_NOT_ALLOWED"}
        assert 1 == len(await desk.gateway.entries())

    async def test_nobody(self, desk: Desk) -> None:
        """Who shows no valid token is told that the session has ended, and no more."""
        client = HttpClient(desk.gateway.web.app)
        replies = [
            await client.ask("GET", f"{ROOT}/query?q=SELECT+Id+FROM+Contact", [("host", "localhost"), *lines])
            for lines in ([], [("authorization", "Bearer 00D000000000000!abc")], [("authorization", "Basic abc")])
        ]

        assert [401] * 3 == [reply.status for reply in replies]
        assert [[{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]] * 3 == [
            reply.json for reply in replies
        ]

    @pytest.mark.parametrize(
        ("body", "kind", "status"),
        [
            (b'{"LastName": "x", "LastName": "y"}', "application/json", 400),
            (b'{"LastName": NaN}', "application/json", 400),
            (b"[]", "application/json", 400),
            (b'{"LastName": {"a": 1}}', "application/json", 400),
            (b'{"LastName": "x", "lastname": "y"}', "application/json", 400),
            (b"<LastName>x</LastName>", "application/xml", 415),
        ],
    )
    async def test_bodies(self, desk: Desk, body: bytes, kind: str, status: int) -> None:
        """A body that could be read in two ways, or not at all, is refused, and nothing is written."""
        desk.org.forget()
        reply = await desk.ask("judge", "POST sobjects/Contact", body, ("content-type", kind))

        assert status == reply.status
        assert {"message", "errorCode"} <= set(told(reply))
        assert [] == [each for each in desk.org.requests if each.method == "POST"]

    @pytest.mark.parametrize(
        ("soql", "code"),
        [
            ("", "MALFORMED_QUERY"),
            ("SELECT Id FROM Contact WHERE", "MALFORMED_QUERY"),
            ("SELECT Id FROM Contact; DELETE", "MALFORMED_QUERY"),
            ("SELECT Id FROM Nothing__c", "INVALID_TYPE"),
            ("SELECT Id FROM Contact OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE"),
        ],
    )
    async def test_queries(self, desk: Desk, soql: str, code: str) -> None:
        """A query that is not understood is refused with the vendor's code, and journaled."""
        reply = await desk.query("judge", soql)

        assert (400, code) == (reply.status, told(reply)["errorCode"])
        assert 1 == len(await desk.gateway.entries())


class TestShapes:
    async def test_choices(self, desk: Desk) -> None:
        """Several choices are one text with semicolons, written and read in the org's own words."""
        known = desk.contact(Consents__c=True)
        values = {"Consents__c": "marketing_email;survey_email"}
        changed = await desk.ask("judge", f"PATCH sobjects/Contact/{known['Id']}", values)
        again = await desk.ask("judge", f"GET sobjects/Contact/{known['Id']}?fields=Consents__c")

        assert (204, "marketing_email;survey_email") == (changed.status, again.json["Consents__c"])
        assert "marketing_email;survey_email" == desk.org.org.tables["Contact"].rows[known["Id"]]["Consents__c"]

    async def test_short_ids(self, desk: Desk) -> None:
        """An id of 15 characters means the record, in paths, conditions and lists."""
        known = desk.contact(AccountId=True)
        short, firm = str(known["Id"])[:15], str(known["AccountId"])[:15]
        soql = f"SELECT Id FROM Contact WHERE Id = '{short}' AND AccountId IN ('{firm}')"

        assert [known["Id"]] == [record["Id"] for record in (await desk.query("judge", soql)).json["records"]]
        assert 200 == (await desk.ask("judge", f"GET sobjects/Contact/{short}")).status

    async def test_compound(self, desk: Desk) -> None:
        """An address is an object of its parts."""
        known = desk.contact(MailingCity=True)
        told = (await desk.ask("judge", f"GET sobjects/Contact/{known['Id']}?fields=mailingaddress")).json

        assert known["MailingCity"] == told["MailingAddress"]["city"]

    async def test_related(self, desk: Desk) -> None:
        """Parents are nested, children are results of their own, each decided by the rules of their kind."""
        soql = (
            "SELECT Id, AccountId, Account.Name, (SELECT Id, Subject FROM Cases) FROM Contact WHERE AccountId != null"
        )
        record = next(one for one in (await desk.query("judge", soql)).json["records"] if one["Cases"])
        account, cases = record["Account"], record["Cases"]

        assert {"type": "Account", "url": f"{ROOT}/sobjects/Account/{record['AccountId']}"} == account["attributes"]
        assert (True, cases["totalSize"]) == (cases["done"], len(cases["records"]))
        assert {"Case"} == {case["attributes"]["type"] for case in cases["records"]}

    async def test_fields(self, desk: Desk) -> None:
        """FIELDS() stands for what the caller may see."""
        [record] = (await desk.query("ben", "SELECT FIELDS(ALL) FROM Contact LIMIT 1")).json["records"]
        described = (await desk.ask("ben", "GET sobjects/Contact/describe")).json["fields"]

        assert {"Id", "Email"} <= set(record) - {"attributes"} <= {field["name"] for field in described}

    async def test_columns(self, desk: Desk) -> None:
        """The columns of an answer are told as it is refused: by the same names."""
        asked = await desk.ask(
            "judge", f"GET query?q={quote_plus('SELECT Id, Account.Name FROM Contact')}&columns=true"
        )
        refused = await desk.ask("ben", f"GET query?q={quote_plus('SELECT Id, IBAN__c FROM Contact')}&columns=true")

        assert ["Id", "Account"] == [column["columnName"] for column in asked.json["columnMetadata"]]
        assert (400, "INVALID_FIELD") == (refused.status, told_code(refused))

    async def test_envelopes(self, desk: Desk) -> None:
        """What is shown carries its GDPR metadata in the record's attributes, and nowhere else."""
        reply = await desk.ask("anna", f"GET sobjects/Contact/{desk.contact()['Id']}?fields=LastName")

        assert {"type", "url", "gdpr"} == set(reply.json["attributes"])
        assert {"LastName"} == set(reply.json["attributes"]["gdpr"])

    async def test_updated(self, desk: Desk) -> None:
        """What has changed is told by ids; what was deleted is not told, as nobody is shown it."""
        known = desk.contact()
        await desk.ask("judge", f"PATCH sobjects/Contact/{known['Id']}", {"FirstName": "Ada"})
        span = "start=2026-01-01T00:00:00%2B00:00&end=2099-01-01T00:00:00Z"
        updated = await desk.ask("judge", f"GET sobjects/Contact/updated?{span}")
        deleted = await desk.ask("judge", f"GET sobjects/Contact/deleted?{span}")

        assert (200, True) == (updated.status, known["Id"] in updated.json["ids"])
        assert (400, "API_DISABLED_FOR_ORG") == (deleted.status, told_code(deleted))

    async def test_twice_slashed(self, desk: Desk) -> None:
        """A path that begins with two slashes is the same path: a command line joins them so."""
        assert 200 == (await desk.ask("judge", "GET //services/data/v59.0/limits")).status

    async def test_quota(self, desk: Desk) -> None:
        """What the org says of its quota comes with the answer, and is what limits says then."""
        reply = await desk.query("judge", "SELECT Id FROM Contact LIMIT 1")
        used, _, most = reply.headers["sforce-limit-info"].removeprefix("api-usage=").partition("/")
        told = (await desk.ask("judge", "GET limits")).json["DailyApiRequests"]

        assert {"Max": int(most), "Remaining": int(most) - int(used)} == told


def told_code(reply: Reply) -> str:
    """Return the code of the only error."""
    return str(told(reply)["errorCode"])
