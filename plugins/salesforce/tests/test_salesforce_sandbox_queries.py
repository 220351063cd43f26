"""The sandbox finds what a query asks for, and refuses what the vendor refuses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from policy_gateway_salesforce.sandbox import Sandbox

Rows = Callable[[str], list[dict[str, Any]]]
Ask = Callable[..., Any]

QUERY = "GET /services/data/v59.0/query?q="


def words_only(value: object) -> str | None:
    """Return the part of a test's name that a parameter gives."""
    return value if isinstance(value, str) else None


@pytest.fixture
def contacts(sandbox: Sandbox) -> list[dict[str, Any]]:
    """Return the seeded contacts as they are kept."""
    return [dict(row) for row in sandbox.org.tables["Contact"].live()]


def ids(found: list[dict[str, Any]]) -> set[str]:
    """Return the ids of records."""
    return {each["Id"] for each in found}


class TestFilters:
    @pytest.mark.parametrize(
        ("condition", "meant"),
        [
            ("LastName = 'engel'", lambda row: row["LastName"] == "Engel"),
            ("LastName != 'Engel'", lambda row: row["LastName"] != "Engel"),
            ("Email LIKE '%.org'", lambda row: row["Email"].endswith(".org")),
            ("FirstName LIKE '_lif'", lambda row: row["FirstName"] == "Elif"),
            (r"FirstName LIKE '\_lif'", lambda _: False),
            ("MobilePhone = null", lambda row: "MobilePhone" not in row),
            ("MobilePhone = ''", lambda row: "MobilePhone" not in row),
            ("Title != 'Nurse'", lambda row: row.get("Title") != "Nurse"),
            ("Credit_Score__c > 900", lambda row: row.get("Credit_Score__c", 0) > 900),
            ("Credit_Score__c <= 300.5", lambda row: row.get("Credit_Score__c", 999) <= 300.5),
            ("VIP__c = true", lambda row: row["VIP__c"]),
            ("Birthdate < 1950-06-01", lambda row: row["Birthdate"] < "1950-06-01"),
            ("CreatedDate >= 2024-01-01T00:00:00Z", lambda row: row["CreatedDate"] >= "2024"),
            ("CreatedDate > 2024-01-01T02:00:00+02:00", lambda row: row["CreatedDate"] > "2024"),
            ("MailingCity IN ('Paris', 'lyon')", lambda row: row["MailingCity"] in {"Paris", "Lyon"}),
            ("MailingCity NOT IN ('Berlin')", lambda row: row["MailingCity"] != "Berlin"),
            ("Consents__c INCLUDES ('survey_email')", lambda row: "survey_email" in row.get("Consents__c", "")),
            (
                "Consents__c INCLUDES ('marketing_email;survey_email')",
                lambda row: {"marketing_email", "survey_email"} <= set(row.get("Consents__c", "").split(";")),
            ),
            (
                "Consents__c EXCLUDES ('survey_email', 'survey_phone')",
                lambda row: not {"survey_email", "survey_phone"} & set(row.get("Consents__c", "").split(";")),
            ),
            (
                "(NOT MailingCity = 'Berlin') AND (VIP__c = true OR DoNotCall = true)",
                lambda row: row["MailingCity"] != "Berlin" and (row["VIP__c"] or row["DoNotCall"]),
            ),
            ("CALENDAR_YEAR(CreatedDate) = 2023", lambda row: row["CreatedDate"].startswith("2023")),
            ("Name = 'finn engel'", lambda row: row["Name"] == "Finn Engel"),
            ("eMAIL != null AND contact.LastName = 'Vogt'", lambda row: row["LastName"] == "Vogt"),
        ],
        ids=words_only,
    )
    def test_conditions(
        self, rows: Rows, contacts: list[dict[str, Any]], condition: str, meant: Callable[[dict[str, Any]], bool]
    ) -> None:
        """A condition finds exactly the records that it means."""
        assert {row["Id"] for row in contacts if meant(row)} == ids(rows(f"SELECT Id FROM Contact WHERE {condition}"))

    def test_relations(self, rows: Rows, sandbox: Sandbox, contacts: list[dict[str, Any]]) -> None:
        """A condition reaches parents, and what other queries find."""
        accounts = sandbox.org.tables["Account"].rows
        solar = {row["Id"] for row in contacts if "Solar" in str(accounts.get(row.get("AccountId"), {}).get("Name"))}
        asked = {row["WhoId"] for row in sandbox.org.tables["Task"].rows.values()}

        assert solar == ids(rows("SELECT Id FROM Contact c, c.Account a WHERE a.Name LIKE '%solar%'"))
        assert asked & {row["Id"] for row in contacts} == ids(
            rows("SELECT Id FROM Contact WHERE Id IN (SELECT WhoId FROM Task)")
        )
        assert {row["Id"] for row in contacts} - asked == ids(
            rows("SELECT Id FROM Contact WHERE Id NOT IN (SELECT WhoId FROM Task)")
        )

    def test_today(self, rows: Rows, ask: Ask) -> None:
        """Date literals are relative to today."""
        created = ask("POST /services/data/v59.0/sobjects/Contact", {"LastName": "New"}).told["id"]
        for literal in ("TODAY", "THIS_WEEK", "LAST_N_DAYS:3", "THIS_FISCAL_QUARTER", "THIS_YEAR"):
            found = rows(f"SELECT Id FROM Contact WHERE LastName = 'New' AND CreatedDate = {literal}")
            assert {created} == ids(found), literal
        for literal in ("YESTERDAY", "LAST_MONTH", "NEXT_N_DAYS:3", "N_DAYS_AGO:1", "LAST_N_WEEKS:2"):
            assert [] == rows(f"SELECT Id FROM Contact WHERE LastName = 'New' AND CreatedDate = {literal}"), literal


class TestOrder:
    def test_order(self, rows: Rows, contacts: list[dict[str, Any]]) -> None:
        """Records come in the order that is asked for, what has no value first or last."""
        names = [each["LastName"] for each in rows("SELECT LastName FROM Contact ORDER BY LastName, FirstName DESC")]
        scores = [
            each["Credit_Score__c"]
            for each in rows("SELECT Credit_Score__c FROM Contact ORDER BY Credit_Score__c DESC NULLS LAST")
        ]
        empty = sum(1 for row in contacts if "Credit_Score__c" not in row)

        assert sorted(names, key=str.lower) == names
        assert [None] * empty == scores[-empty:]
        assert sorted(scores[:-empty], reverse=True) == scores[:-empty]
        assert (
            rows("SELECT Credit_Score__c FROM Contact ORDER BY Credit_Score__c LIMIT 1")[0]["Credit_Score__c"] is None
        )

    def test_pages(self, rows: Rows) -> None:
        """LIMIT and OFFSET cut a part out."""
        everything = rows("SELECT Id FROM Contact ORDER BY Id")

        assert everything[30:35] == rows("SELECT Id FROM Contact ORDER BY Id LIMIT 5 OFFSET 30")

    def test_by_id(self, rows: Rows, ask: Ask) -> None:
        """Pages by id bring every record once, new ones at the end, and those that are gone no more."""
        path = "/services/data/v59.0/sobjects/Contact"
        made = ask(f"POST {path}", {"LastName": "Engel"}).told["id"]
        gone = ask(f"POST {path}", {"LastName": "Engel"}).told["id"]
        first = rows("SELECT Id FROM Contact WHERE LastName = 'Engel' ORDER BY Id LIMIT 5")
        ask(f"DELETE {path}/{gone}")
        more = f"LastName = 'Engel' AND Id > '{first[-1]['Id']}'"
        rest = rows(f"SELECT Id FROM Contact WHERE {more} ORDER BY Id LIMIT 2000")
        everything = rows("SELECT Id FROM Contact WHERE LastName = 'Engel' ORDER BY Id")

        assert everything == [*first, *rest]
        assert made == rest[-1]["Id"]
        assert rest[1:3] == rows(f"SELECT Id FROM Contact WHERE {more} ORDER BY Id LIMIT 2 OFFSET 1")


class TestShape:
    def test_names(self, rows: Rows) -> None:
        """Keys are the vendor's names however the query spells them; what has no value is null."""
        [found] = rows("select iD, eMAIL, account.NAME, fax from cONTACT where customer_number__C = 'K-100007'")

        assert ["Id", "Email", "Account", "Fax"] == list(found)
        assert (None, None) == (found["Account"], found["Fax"])

    def test_compounds(self, rows: Rows) -> None:
        """An address comes with its parts."""
        [found] = rows("SELECT MailingAddress, MailingCity FROM Contact LIMIT 1")

        assert found["MailingCity"] == found["MailingAddress"]["city"]
        assert {"street", "postalCode", "country", "latitude"} <= set(found["MailingAddress"])

    def test_all_fields(self, rows: Rows, ask: Ask) -> None:
        """FIELDS() stands for every field, or for those that are (not) the firm's own."""
        described = [each["name"] for each in ask("GET /services/data/v59.0/sobjects/Contact/describe").told["fields"]]
        every, standard, custom = (
            list(rows(f"SELECT FIELDS({group}) FROM Contact LIMIT 1")[0]) for group in ("ALL", "STANDARD", "CUSTOM")
        )

        assert described == every
        assert set(described) == set(standard) | set(custom)
        assert {"__c"} == {name[-3:] for name in custom}

    def test_polymorphic(self, rows: Rows) -> None:
        """What a reference of several kinds leads to is told by its type, and by TYPEOF."""
        [task] = rows("SELECT Who.Type, Who.Name, Owner.Type FROM Task WHERE Who.Type = 'Lead' LIMIT 1")
        found = rows("SELECT TYPEOF Who WHEN Lead THEN Company ELSE Name END FROM Task WHERE WhoId != null")

        assert ("Lead", "User") == (task["Who"]["Type"], task["Owner"]["Type"])
        assert {"Company", "Name"} == {name for each in found for name in each["Who"] if name != "attributes"}

    def test_children(self, rows: Rows, sandbox: Sandbox) -> None:
        """Each record has its own children, in their order and up to their limit; without any it is null."""
        found = rows(
            "SELECT Id, (SELECT Id, (SELECT Id FROM Tasks) FROM Contacts ORDER BY Id DESC LIMIT 3) FROM Account"
        )
        for account in found:
            mine = [row["Id"] for row in sandbox.org.tables["Contact"].live() if row.get("AccountId") == account["Id"]]
            shown = [each["Id"] for each in account["Contacts"]["records"]] if account["Contacts"] else []
            assert sorted(mine, reverse=True)[:3] == shown

    def test_columns(self, ask: Ask) -> None:
        """The command line learns which columns an answer will have."""
        query = "SELECT Id, Account.Name, (SELECT Subject FROM Cases) FROM Contact&columns=true"
        columns = ask(QUERY + query).told["columnMetadata"]

        assert [("Id", []), ("Account", ["Name"]), ("Cases", ["Subject"])] == [
            (each["columnName"], [below["columnName"] for below in each["joinColumns"]]) for each in columns
        ]


class TestGroups:
    def test_aggregates(self, rows: Rows, contacts: list[dict[str, Any]]) -> None:
        """Groups have their size, sums, means and extremes."""
        scores = [row["Credit_Score__c"] for row in contacts if "Credit_Score__c" in row]
        [found] = rows(
            "SELECT COUNT(Id), COUNT(Credit_Score__c) rated, SUM(Credit_Score__c), AVG(Credit_Score__c) mean, "
            "MIN(Birthdate), MAX(LastName), COUNT_DISTINCT(MailingCity) FROM Contact"
        )

        assert [len(contacts), len(scores), sum(scores)] == [found["expr0"], found["rated"], found["expr1"]]
        assert sum(scores) / len(scores) == found["mean"]
        assert min(row["Birthdate"] for row in contacts) == found["expr2"]
        assert max((row["LastName"] for row in contacts), key=str.lower) == found["expr3"]
        assert len({row["MailingCity"] for row in contacts}) == found["expr4"]

    def test_keys(self, rows: Rows, contacts: list[dict[str, Any]]) -> None:
        """Groups are told by fields and functions, sifted by HAVING, and sorted by what they come to."""
        sources = Counter(row["LeadSource"] for row in contacts)
        found = rows(
            "SELECT LeadSource, COUNT(Id) many FROM Contact GROUP BY LeadSource HAVING COUNT(Id) > 160 "
            "ORDER BY COUNT(Id) DESC"
        )
        years = rows("SELECT CALENDAR_YEAR(CreatedDate) y, COUNT(Id) FROM Contact GROUP BY CALENDAR_YEAR(CreatedDate)")

        assert [each for each in sources.most_common() if each[1] > 160] == [
            (each["LeadSource"], each["many"]) for each in found
        ]
        assert Counter(int(row["CreatedDate"][:4]) for row in contacts) == {each["y"]: each["expr0"] for each in years}

    def test_subtotals(self, rows: Rows, contacts: list[dict[str, Any]]) -> None:
        """ROLLUP adds subtotals, which GROUPING tells apart."""
        found = rows(
            "SELECT MailingCountry, VIP__c, GROUPING(VIP__c) g, COUNT(Id) many FROM Contact "
            "GROUP BY ROLLUP(MailingCountry, VIP__c)"
        )

        assert [len(contacts)] == [each["many"] for each in found if each["MailingCountry"] is None]
        assert len(contacts) * 2 == sum(each["many"] for each in found if each["g"] == 1)


class TestRefusals:
    @pytest.mark.parametrize(
        ("query", "code", "message"),
        [
            ("SELECT Nope FROM Contact", "INVALID_FIELD", "No such column 'Nope' on entity 'Contact'."),
            ("SELECT Id FROM Contact WHERE Nope = 1", "INVALID_FIELD", "No such column 'Nope'"),
            ("SELECT Nope.Name FROM Contact", "INVALID_FIELD", "Didn't understand relationship 'Nope' in field path."),
            ("SELECT Account.Nope FROM Contact", "INVALID_FIELD", "No such column 'Nope' on entity 'Account'."),
            ("SELECT Who.Website FROM Task", "INVALID_FIELD", "on entity 'Name'."),
            ("SELECT (SELECT Id FROM Nopes) FROM Contact", "INVALID_TYPE", "Didn't understand relationship 'Nopes'"),
            ("SELECT Id FROM Nope", "INVALID_TYPE", "sObject type 'Nope' is not supported."),
            ("SELECT Id FROM", "MALFORMED_QUERY", "Row:1:Column:15"),
            ("SELECT Id, Id FROM Contact", "INVALID_FIELD", "duplicate field selected: Id"),
            ("SELECT Email e FROM Contact", "MALFORMED_QUERY", "only aggregate expressions use field aliasing"),
            ("SELECT Id FROM Contact WHERE Service_Notes__c = 'x'", "INVALID_FIELD", "can not be filtered"),
            ("SELECT Id FROM Contact ORDER BY Consents__c", "INVALID_FIELD", "can not be sorted"),
            ("SELECT COUNT(Id) FROM Contact GROUP BY CreatedDate", "INVALID_FIELD", "can not be grouped"),
            ("SELECT Email, COUNT(Id) FROM Contact GROUP BY Name", "MALFORMED_QUERY", "must be grouped or aggregated"),
            ("SELECT SUM(Email) FROM Contact", "MALFORMED_QUERY", "does not support aggregate operator SUM"),
            ("SELECT Id FROM Contact WHERE VIP__c = 'true'", "INVALID_FIELD", "must be of type boolean"),
            ("SELECT Id FROM Contact WHERE Email = 1", "INVALID_FIELD", "must be of type string"),
            ("SELECT Id FROM Contact WHERE CreatedDate > 2024-01-01", "INVALID_FIELD", "must be of type dateTime"),
            ("SELECT Id FROM Contact WHERE Id = 'x'", "INVALID_QUERY_FILTER_OPERATOR", "invalid ID field: x"),
            ("SELECT Id FROM Contact WHERE OwnerId LIKE '0%'", "INVALID_QUERY_FILTER_OPERATOR", "invalid operator"),
            ("SELECT Id FROM Contact WHERE Email IN (SELECT Id FROM Lead)", "INVALID_FIELD", "semi join"),
            ("SELECT FIELDS(ALL) FROM Contact", "MALFORMED_QUERY", "LIMIT of at most 200"),
            ("SELECT Id FROM Contact OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE", "2000"),
            ("", "MALFORMED_QUERY", "A query string has to be specified"),
        ],
        ids=str,
    )
    def test_refused(self, ask: Ask, query: str, code: str, message: str) -> None:
        """What the vendor refuses is refused in the vendor's words."""
        reply = ask(QUERY + query)

        assert (400, code) == (reply.status, reply.code)
        assert message in reply.told[0]["message"]

    def test_place(self, ask: Ask) -> None:
        """A refusal points to what it is about."""
        told = ask(QUERY + "SELECT Id FROM Contact WHERE Nope = 1").told[0]["message"]

        assert "Row:1:Column:30" in told
        assert [29] == [line.index("^") for line in told.split("\n") if line.strip() == "^"]

    def test_explain(self, ask: Ask) -> None:
        """How a query would be done is not told."""
        assert 404 == ask("GET /services/data/v59.0/query?explain=SELECT Id FROM Contact").status

    def test_locators(self, ask: Ask, sandbox: Sandbox) -> None:
        """A locator is good for whom it was made, and for what was found then."""
        first = ask(QUERY + "SELECT Id FROM Contact", sforce_query_options="batchSize=1")
        address = first.told["nextRecordsUrl"]
        ask(f"DELETE /services/data/v59.0/sobjects/Contact/{first.told['records'][0]['Id']}")

        assert (200, 1000) == (len(first.told["records"]), ask(f"GET {address}/?q=ignored").told["totalSize"])
        assert "INVALID_QUERY_LOCATOR" == ask(f"GET {address}", token=sandbox.limited_token).code
        assert "INVALID_QUERY_LOCATOR" == ask("GET /services/data/v59.0/query/01gxx0000000001AAA-2000").code


class TestSearches:
    @pytest.mark.parametrize(
        ("words", "meant"),
        [
            ("Engel", lambda row: row["LastName"] == "Engel"),
            ("groß IN NAME FIELDS", lambda row: row["LastName"] == "Groß"),
            ("engel AND finn", lambda row: row["Name"] == "Finn Engel"),
            ('"finn engel"', lambda row: row["Name"] == "Finn Engel"),
            ("winkl* IN NAME FIELDS", lambda row: row["LastName"] == "Winkler"),
            ("w?nkler IN NAME FIELDS", lambda row: row["LastName"] == "Winkler"),
            ("winkl IN NAME FIELDS", lambda _: False),
            ("finn.engel.1@example.org", lambda row: row["Email"] == "finn.engel.1@example.org"),
            ("+493023125000 IN PHONE FIELDS", lambda row: row["Phone"] == "+493023125000"),
            ("K-100007", lambda row: row["Customer_Number__c"] == "K-100007"),
        ],
        ids=words_only,
    )
    def test_words(
        self, ask: Ask, contacts: list[dict[str, Any]], words: str, meant: Callable[[dict[str, Any]], bool]
    ) -> None:
        """A search finds the records that have the words."""
        term, _, scope = words.partition(" IN ")
        query = f"FIND {{{term}}} {f'IN {scope}' if scope else ''} RETURNING Contact(Id)"
        found = ask(f"GET /services/data/v59.0/search?q={query}").told["searchRecords"]

        assert {row["Id"] for row in contacts if meant(row)} == ids(found)

    def test_refused(self, ask: Ask) -> None:
        """A search for nothing, or for what is not there, is refused."""
        search = "GET /services/data/v59.0/search?q="

        assert "MALFORMED_SEARCH" == ask(search + "Engel").code == ask(search + "FIND {x}").code
        assert "INVALID_FIELD" == ask(search + "FIND {Engel} RETURNING Contact(Nope)").code
        assert "INVALID_TYPE" == ask(search + "FIND {Engel} RETURNING Group(Id)").code
