"""Rows A and B through the Salesforce facade: what a client of an org may try to read, or to learn without reading."""

from __future__ import annotations

from urllib.parse import quote_plus

import pytest

from policy_gateway.testing.facing import Faced, V, error, soql, sosl

pytestmark = pytest.mark.anyio

LENA, FIRM = "003000000000007AAA", "001000000000070AAA"
WORLDS = 3
HIDDEN = ("IBAN__c", "Credit_Score__c", "Shoe_Size__c", "Service_Notes__c", "Birthdate")
QUERIES = (
    "SELECT Id FROM Contact WHERE {} = 'DE99ANOTHER0000IBAN11'",
    "SELECT Id FROM Contact WHERE {} != 'DE1'",
    "SELECT Id FROM Contact WHERE {} LIKE 'DE4%'",
    "SELECT Id FROM Contact WHERE {} > 'DE1'",
    "SELECT Id FROM Contact WHERE {} IN ('DE1', 'x')",
    "SELECT Id FROM Contact WHERE NOT ({} = null)",
    "SELECT Id FROM Contact WHERE FirstName = 'Lena' OR {} = 'x'",
    "SELECT COUNT() FROM Contact WHERE {} = 'x'",
    "SELECT COUNT({}) FROM Contact",
    "SELECT MIN({}) FROM Contact",
    "SELECT COUNT_DISTINCT({}) c FROM Contact",
    "SELECT {}, COUNT(Id) FROM Contact GROUP BY {}",
    "SELECT LastName FROM Contact GROUP BY LastName HAVING MAX({}) > 'x'",
    "SELECT Id FROM Contact ORDER BY {} DESC",
    "SELECT c.Id FROM Contact c WHERE c.{} = 'x'",
    "SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact WHERE {} = 'x')",
    "SELECT Id FROM Account WHERE Name IN (SELECT {} FROM Contact)",
    "SELECT Id, (SELECT Id FROM Contacts WHERE {} = 'x') FROM Account",
    "SELECT Id, (SELECT Id FROM Contacts ORDER BY {}) FROM Account",
)


class TestSearching:
    @pytest.mark.attack("B01")
    @pytest.mark.attack("B03")
    @pytest.mark.attack("B09")
    @pytest.mark.attack("B11")
    @pytest.mark.parametrize("text", QUERIES)
    async def test_b09(self, org: Faced, text: str) -> None:
        """B09: a query that looks into a hidden field is refused like one that names none, and goes nowhere."""
        for name in HIDDEN:
            unknown = "Q" * len(name)
            await org.forget()
            hidden = await org.compare(soql(text.replace("{}", name)))
            assert WORLDS == len(await org.entries())
            assert [] == org.spy.queries
            nothing = await org.ask(soql(text.replace("{}", unknown)))
            assert (400, "INVALID_FIELD") == (hidden.status, error(hidden)["errorCode"])
            assert hidden.body.replace(name.encode(), unknown.encode()) == nothing.body

    @pytest.mark.attack("B13")
    @pytest.mark.parametrize(
        "text",
        [
            "SELECT Id FROM Contact ORDER BY LENGTH(IBAN__c)",
            "SELECT Id FROM Contact WHERE CALENDAR_YEAR(Birthdate) = 1979",
            "SELECT FORMAT(IBAN__c) FROM Contact",
            "SELECT DISTANCE(MailingAddress, GEOLOCATION(1,1), 'km') FROM Contact",
            "SELECT TYPEOF Owner WHEN User THEN Email END FROM Contact",
            "SELECT Id FROM Contact WITH DATA CATEGORY Geography__c AT usa__c",
            "SELECT Id FROM Contact USING SCOPE mine",
            "SELECT Id FROM Contact FOR VIEW UPDATE TRACKING",
            "SELECT Id FROM Contact; DELETE FROM Contact",
            "SELECT Id, FROM Contact",
            "SELECT * FROM Contact",
            "SELECT Id FROM ContactHistory",
            "SELECT NewValue FROM ContactFieldHistory WHERE Field = 'IBAN__c'",
            "SELECT Id FROM (SELECT IBAN__c FROM Contact)",
            f"SELECT Id FROM Contact WHERE {'(' * 2000}Id = '1'{')' * 2000}",
            f"SELECT {','.join(['Id'] * 3000)} FROM Contact",
        ],
    )
    async def test_b13(self, org: Faced, text: str) -> None:
        """B13: what the dialect can say and nobody decides is refused in the vendor's shape, and is journalled."""
        reply = await org.compare(soql(text))

        assert reply.status in {400, 414, 431}
        assert [] == [query for query in org.spy.queries if "iban" in str(query) or "birthdate" in str(query)]

    @pytest.mark.attack("B15")
    @pytest.mark.parametrize(
        "text",
        [
            "FIND {DE44CANARY7700IBAN55} RETURNING Contact(Id)",
            "FIND {DE44*} IN ALL FIELDS RETURNING Contact(Id, Name), Account(Id)",
            "FIND {canary*}",
            "FIND {Lena} IN NAME FIELDS RETURNING Contact(Id WHERE IBAN__c LIKE 'DE%')",
            "FIND {Lena} IN NAME FIELDS RETURNING Contact(Id ORDER BY IBAN__c)",
            "FIND {Lena AND NOT canary} RETURNING Contact(Id)",
        ],
    )
    async def test_b15(self, org: Faced, text: str) -> None:
        """B15: no search finds a record by what is hidden."""
        reply = await org.compare(sosl(text))

        assert reply.status == 400 or [] == reply.json["searchRecords"]

    @pytest.mark.attack("B31")
    @pytest.mark.parametrize(
        "path",
        [
            "Owner.Email",
            "Account.Owner.Email",
            "Account.Parent.Name",
            "Account.Account.Account.Account.Account.Account.Name",
            "Account.Contacts",
            "Account..Name",
        ],
    )
    async def test_b31(self, org: Faced, path: str) -> None:
        """B31: a way that leads nowhere is refused at its first step, wherever it is used."""
        for text in (f"SELECT Id, {path} FROM Contact", f"SELECT Id FROM Contact WHERE {path} = 'x'"):
            reply = await org.compare(soql(text))
            assert 400 == reply.status
        assert [] == org.spy.queries


class TestReading:
    @pytest.mark.attack("A01")
    @pytest.mark.attack("A03")
    @pytest.mark.attack("B43")
    @pytest.mark.parametrize("name", ["IBAN__c", "iban__C", "Service_Notes__c", "Credit_Score__c", "Birthdate"])
    async def test_a01(self, org: Faced, name: str) -> None:
        """A01: a hidden field that is asked for is null or refused, in every record and every world, and never read."""
        for line in (
            f"GET {V}/sobjects/Contact/{LENA}?fields=Id,{name}",
            soql(f"SELECT Id, {name} FROM Contact"),
            soql(f"SELECT Id, toLabel({name}) FROM Contact"),
            soql(f"SELECT Id, (SELECT Id, {name} FROM Contacts) FROM Account"),
            f"GET {V}/sobjects/Contact/Customer_Number__c/K-7?fields=Id,{name}",
            f"GET {V}/composite/sobjects/Contact?ids={LENA}&fields=Id,{name}",
        ):
            reply = await org.compare(line)
            assert reply.status in {200, 400, 404}
        assert not {"iban", "credit_score"} & org.spy.asked

    @pytest.mark.attack("A05")
    @pytest.mark.parametrize(
        "name", ["ＩBAN__c", "IBAN\u200b__c", "ıBAN__c", "IBAN__c ", "IBAN__c\x00", "I\u0300BAN__c"]
    )
    async def test_a05(self, org: Faced, name: str) -> None:
        """A05: a name that only looks like one is unknown, or none at all."""
        body = {"records": []}
        for line in (f"GET {V}/sobjects/Contact/{LENA}?fields={quote_plus(name)}", soql(f"SELECT {name} FROM Contact")):
            reply = await org.compare(line)
            assert reply.status in {200, 400, 404}
        reply = await org.ask(f"PATCH {V}/sobjects/Contact/{LENA}", {name: "x", **body})
        assert 400 == reply.status
        assert not {"iban"} & org.spy.asked

    @pytest.mark.attack("A07")
    @pytest.mark.attack("A11")
    @pytest.mark.attack("A15")
    @pytest.mark.attack("A29")
    @pytest.mark.attack("B17")
    @pytest.mark.attack("B33")
    @pytest.mark.attack("B35")
    @pytest.mark.parametrize(
        "path",
        [
            f"sobjects/Contact/{LENA}/Account",
            f"sobjects/Account/{FIRM}/Contacts",
            f"sobjects/Contact/{LENA}/IBAN__c",
            f"sobjects/Contact/{LENA}/richTextImageFields/Notes/x",
            "sobjects/Contact/listviews",
            "sobjects/Contact/listviews/recent/results",
            "sobjects/Contact/describe/layouts",
            "sobjects/Contact/describe/compactLayouts",
            "sobjects/Contact/quickActions",
            "sobjects/ContactHistory",
            "sobjects/ContactHistory/describe",
            "recent",
            "recent/",
            "parameterizedSearch?q=DE44&sobject=Contact",
            "search/suggestions?q=DE4&sobject=Contact",
            "search/layout?q=Contact",
            "search/scopeOrder",
            "query?explain=SELECT+Id+FROM+Contact+WHERE+IBAN__c='x'",
            "query?q=SELECT+Id+FROM+Contact&explain=SELECT+Id+FROM+Contact",
            "analytics/reports",
            "tooling/query?q=SELECT+Id+FROM+ApexClass",
            "graphql",
            "ui-api/records/{LENA}",
            "chatter/users/me",
            "wave",
            "knowledgeManagement/settings",
            "consent/action/email?ids={LENA}",
            "sobjects/Contact/relevantItems",
            "jobs/ingest/750000000000001AAA",
            "jobs/query/750000000000001AAA/results",
        ],
    )
    async def test_b33(self, org: Faced, path: str) -> None:
        """B33: there is no further way to a record, no history, no layout and no plan of a query."""
        reply = await org.compare(f"GET {V}/{path.replace('{LENA}', LENA)}")

        assert (404, []) == (reply.status, org.spy.queries)
        assert WORLDS == len(await org.entries())
        error(reply)

    @pytest.mark.attack("A09")
    @pytest.mark.parametrize(
        "target",
        [
            f"sobjects/Contact/{LENA}?fields=Id&fields=IBAN__c",
            "query?q=SELECT+Id+FROM+Contact&q=SELECT+IBAN__c+FROM+Contact",
        ],
    )
    async def test_a09(self, org: Faced, target: str) -> None:
        """A09: a parameter that is given twice is refused."""
        assert 400 == (await org.compare(f"GET {V}/{target}")).status
        assert [] == org.spy.queries

    @pytest.mark.attack("A29")
    @pytest.mark.parametrize(
        "target", ["sobjects", "sobjects/Contact", "sobjects/Contact/describe", "sobjects/Account"]
    )
    async def test_a29(self, org: Faced, target: str) -> None:
        """A29: describes are the same whatever is hidden, and name no field that nobody may know of."""
        reply = await org.compare(f"GET {V}/{target}")

        assert 200 == reply.status
        assert b"Shoe_Size__c" not in reply.body
        assert b"Credit_Score__c" not in reply.body

    @pytest.mark.attack("A25")
    @pytest.mark.attack("A27")
    async def test_a27(self, org: Faced) -> None:
        """A27: neither another media type, nor another method, nor its override shows more."""
        target = f"{V}/sobjects/Contact/{LENA}"
        plain = await org.compare(f"GET {target}")
        xml = await org.compare(f"GET {target}", None, ("accept", "application/xml"))
        override = await org.ask(f"GET {target}", None, ("x-http-method-override", "DELETE"))
        head = await org.ask(f"HEAD {target}")
        trace = await org.ask(f"TRACE {target}")
        patched = await org.ask(f"POST {target}?_HttpMethod=PATCH", {"Phone": "+49 30 1"})

        assert plain.body == xml.body == override.body
        assert (200, b"") == (head.status, head.body)
        assert trace.status in {404, 405}
        assert patched.status in {404, 405}
        assert [] == org.spy.changes
