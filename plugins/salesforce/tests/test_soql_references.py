from __future__ import annotations

import pytest

from policy_gateway_salesforce.soql import Use, notation, parse_soql, parse_sosl, references, searched


def uses(text: str) -> list[tuple[str, str]]:
    """Return every reference of the query *text* with its use."""
    return [(str(found), found.use.value) for found in references(parse_soql(text))]


class TestNotation:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("SELECT Id, Account.Owner.Manager.Email FROM Contact", ["Id", "Account.Owner.Manager.Email"]),
            ("SELECT eMail FROM Contact WHERE EMAIL = 'x' ORDER BY eMail", ["eMail", "EMAIL"]),
            ("SELECT Contact.Email, CONTACT.Account.Name FROM contact", ["Email", "Account.Name"]),
            ("SELECT c.Email, Email FROM Contact c WHERE C.Phone = '1'", ["Email", "Phone"]),
            (
                "SELECT a.Name, o.Email FROM Contact c, c.Account a, a.Owner o WHERE a.Parent.Name = 'x'",
                ["Account.Name", "Account.Owner.Email", "Account.Parent.Name"],
            ),
            ("SELECT COUNT() FROM Contact c, c.Account a", []),
            (
                "SELECT Id, (SELECT c.Name, (SELECT Subject FROM Cases WHERE Status = 'x') FROM Contacts c) FROM A",
                ["Id", "Contacts>Name", "Contacts>Cases>Subject", "Contacts>Cases>Status"],
            ),
            ("SELECT (SELECT Name FROM a.Contacts) FROM Account a", ["Contacts>Name"]),
            ("SELECT (SELECT Contacts.Name FROM Contacts) FROM Account", ["Contacts>Contacts.Name"]),
            (
                "SELECT Id FROM Contact WHERE Id IN (SELECT t.WhoId FROM Task t WHERE Task.Subject = 'x') AND A = 1",
                ["Id", "Task:WhoId", "Task:Subject", "A"],
            ),
            (
                "SELECT (SELECT Id FROM Contacts WHERE Id NOT IN (SELECT WhoId FROM Task)) FROM Account",
                ["Contacts>Id", "Task:WhoId"],
            ),
            (
                "SELECT TYPEOF e.What WHEN Account THEN Phone, Owner.Name ELSE Id END FROM Event e",
                ["What.Account:Phone", "What.Account:Owner.Name", "What:Id"],
            ),
            (
                "SELECT (SELECT TYPEOF What WHEN Account THEN Phone END FROM Events) FROM Contact",
                ["Events>What.Account:Phone"],
            ),
            ("SELECT FIELDS(all), (SELECT FIELDS(CUSTOM) FROM Xs) FROM Y", ["FIELDS(ALL)", "Xs>FIELDS(CUSTOM)"]),
            ("SELECT DISTANCE(A__c, B__c, 'mi') FROM X", ["A__c", "B__c"]),
            ("SELECT FORMAT(MAX(a.Name)) FROM Contact c, c.Account a", ["Account.Name"]),
            ("SELECT Id FROM X WITH DATA CATEGORY G__c AT a__c", ["Id"]),
            ("SELECT Group FROM Group WHERE Group.Type = 'x'", ["Group", "Type"]),
        ],
    )
    def test_notation(self, text: str, expected: list[str]) -> None:
        """Each field is named once, free of aliases, by where it belongs."""
        assert expected == list(notation(references(parse_soql(text))))


class TestUses:
    def test_every_clause(self) -> None:
        """Each clause uses its fields in its own way; aliases of columns are no fields where they are known."""
        text = (
            "SELECT Name n, MAX(Amount) top, FORMAT(MIN(CloseDate)), CALENDAR_YEAR(CreatedDate) FROM Opportunity "
            "WHERE n = 'x' AND toLabel(StageName) = 'y' AND top IN (1) AND Tags__c INCLUDES ('a') "
            "GROUP BY Name, top, CALENDAR_YEAR(convertTimezone(CreatedDate)) "
            "HAVING top > 1 AND SUM(Fee__c) > 2 AND MAX(top) > 3 ORDER BY N, MAX(Tax__c), Name, GROUPING(n)"
        )
        assert [
            ("Name", "select"),
            ("Amount", "aggregate"),
            ("CloseDate", "aggregate"),
            ("CreatedDate", "select"),
            ("n", "filter"),
            ("StageName", "filter"),
            ("top", "filter"),
            ("Tags__c", "filter"),
            ("Name", "group"),
            ("top", "group"),
            ("CreatedDate", "group"),
            ("Fee__c", "having"),
            ("top", "having"),
            ("Tax__c", "order"),
            ("Name", "order"),
            ("n", "order"),
        ] == uses(text)

    def test_semi_joins(self) -> None:
        """What a semi-join selects is compared with, and so is what its condition looks at."""
        assert [("Id", "select"), ("Id", "filter"), ("Task:WhoId", "semi-join"), ("Task:Subject", "filter")] == uses(
            "SELECT Id FROM Contact WHERE Id NOT IN (SELECT WhoId FROM Task WHERE Subject LIKE 'x')"
        )

    def test_typeof(self) -> None:
        """What is selected by type says so."""
        assert [("What.A:B", "typeof"), ("What:C", "typeof")] == uses(
            "SELECT TYPEOF What WHEN A THEN B ELSE C END FROM Event"
        )

    def test_places(self) -> None:
        """Each reference knows where it stands in the text."""
        text = "SELECT Id,\n  Account.Name FROM Contact WHERE Email = 'Id'"
        found = references(parse_soql(text))
        assert ["Id", "Account.Name", "Email"] == [text[one.at : one.at + len(str(one))] for one in found]


class TestSearches:
    def test_objects(self) -> None:
        """A search refers to fields by the object that they belong to."""
        text = (
            "FIND {x} RETURNING Contact(Id, contact.Name WHERE Email LIKE 'a%' AND Id IN (SELECT WhoId FROM Task) "
            "ORDER BY LastName), Lead, Account(toLabel(Type) t, FIELDS(STANDARD) ORDER BY t)"
        )
        found = searched(parse_sosl(text))
        assert [
            ("Contact:Id", Use.SELECT),
            ("Contact:Name", Use.SELECT),
            ("Contact:Email", Use.FILTER),
            ("Contact:Id", Use.FILTER),
            ("Task:WhoId", Use.SEMI_JOIN),
            ("Contact:LastName", Use.ORDER),
            ("Account:Type", Use.SELECT),
            ("Account:FIELDS(STANDARD)", Use.SELECT),
        ] == [(str(one), one.use) for one in found]
