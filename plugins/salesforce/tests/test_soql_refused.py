from __future__ import annotations

import pytest

from policy_gateway_salesforce.soql import SoqlError, nodes, parse_soql
from policy_gateway_salesforce.soql.rules import obey_rules

X = "SELECT Id FROM Contact"


def refused(text: str) -> SoqlError:
    """Return how *text* is refused, by the grammar or by the rules."""
    with pytest.raises(SoqlError) as caught:
        obey_rules(parse_soql(text), text)
    return caught.value


class TestGrammar:
    @pytest.mark.parametrize(
        ("text", "refusal", "column"),
        [
            ("", "syntax", 1),
            ("   ", "syntax", 1),
            ("DELETE FROM Contact", "syntax", 1),
            ("SELECT", "syntax", 7),
            ("SELECT FROM Contact", "syntax", 8),
            ("SELECT Id", "syntax", 10),
            ("SELECT Id,, Name FROM Contact", "syntax", 11),
            ("SELECT Id Name x FROM Contact", "syntax", 16),
            ("SELECT Id FROM", "syntax", 15),
            ("SELECT * FROM Contact", "star", 8),
            ("SELECT COUNT(*) FROM Contact", "star", 14),
            ("SELECT Id, Email AS e FROM Contact", "as", 18),
            ("SELECT Id FROM Contact AS c", "as", 24),
            (f"{X}; DELETE FROM Contact", "semicolon", 23),
            (f"{X} -- c", "comment", 24),
            (f"{X} /* c */", "comment", 24),
            ("// c\nSELECT Id FROM Contact", "comment", 1),
            (f"{X} WHERE Id = :x", "bind", 35),
            (f"{X} WHERE Id IN :x", "bind", 36),
            (f"{X} LIMIT :x", "bind", 30),
            (f"{X} WHERE Id = x", "syntax", 35),
            (f'{X} WHERE Id = "x"', "quote", 35),
            (f"{X} WHERE Id = 'x", "string", 35),
            (f"{X} WHERE Id = 'x\ny'", "string", 35),
            (f"{X} WHERE Id = 'x\x00y'", "string", 35),
            (f"{X} WHERE Id = 'x\\'", "string", 35),
            (f"{X} WHERE Id = 'x\\q'", "escape", 37),
            (f"{X} WHERE Id = 'x\\u12'", "escape", 37),
            (f"{X} WHERE Id = 'x\\ud800'", "escape", 37),
            (f"{X} WHERE Id = 'a' 'b'", "syntax", 39),
            (f"{X} WHERE Id = 5x", "word", 35),
            (f"{X} WHERE Id = .5", "character", 35),
            (f"{X} WHERE Id = 1e99", "number", 35),
            (f"{X} WHERE Id = 1+1", "syntax", 36),
            (f"{X} WHERE Id = 2024-13-01", "date", 35),
            (f"{X} WHERE Id = 2024-02-30", "date", 35),
            (f"{X} WHERE Id = 2024-1-1", "word", 35),
            (f"{X} WHERE Id = 2024-01-01T00:00:00", "word", 35),
            (f"{X} WHERE Id = 2024-01-01T25:00:00Z", "date", 35),
            (f"{X} WHERE Id = 0001-01-01T00:00:00+23:00", "date", 35),
            (f"{X} WHERE Id = LAST_N_DAYS", "syntax", 35),
            (f"{X} WHERE Id = LAST_N_DAYS:x", "syntax", 47),
            (f"{X} WHERE Id = LAST_N_DAYS:-1", "syntax", 47),
            (f"{X} WHERE Id = LAST_N_DAYS:9999999999", "number", 47),
            (f"{X} WHERE Id = NEXT_TUESDAY", "syntax", 35),
            (f"{X} WHERE Id", "syntax", 32),
            (f"{X} WHERE Id == 1", "syntax", 34),
            (f"{X} WHERE (Id = 1", "syntax", 37),
            (f"{X} WHERE Id = 1)", "syntax", 36),
            (f"{X} WHERE Id < null", "operator", 33),
            (f"{X} WHERE Id >= TRUE", "operator", 33),
            (f"{X} WHERE Id IN ()", "syntax", 37),
            (f"{X} WHERE Id IN ('a',)", "syntax", 41),
            (f"{X} WHERE Id IN 'a'", "syntax", 36),
            (f"{X} WHERE Id NOT LIKE 'a'", "syntax", 37),
            (f"{X} WHERE Id LIKE 5", "syntax", 38),
            (f"{X} WHERE Id INCLUDES (5)", "syntax", 43),
            (f"{X} WHERE toLabel(Id) INCLUDES ('a')", "operator", 42),
            (f"{X} WHERE DISTANCE(A, B, 'km') = 5", "operator", 51),
            (f"{X} WHERE DISTANCE(A, B, 'ly') < 5", "function", 45),
            (f"{X} WHERE A = 1 AND B = 1 OR C = 1", "mixed", 46),
            (f"{X} WHERE A = 1 OR B = 1 AND C = 1", "mixed", 45),
            (f"{X} WHERE NOT A = 1 AND B = 1", "not", 40),
            (f"{X} WHERE A = 1 AND NOT B = 1", "not", 40),
            (f"{X} WHERE NOT NOT A = 1", "not", 34),
            (f"{X} WHERE A = B", "syntax", 34),
            (f"{X} WHERE 'a' = A", "syntax", 30),
            (f"{X} WHERE COUNT(Id) > 1", "function", 30),
            (f"{X} WHERE convertCurrency(Amount) > 1", "function", 30),
            (f"{X} WHERE SLEEP(5) > 1", "function", 30),
            ("SELECT Password(Id) FROM User", "function", 8),
            ("SELECT toLabel(MAX(Id)) FROM User", "function", 16),
            ("SELECT FORMAT(COUNT()) FROM User", "function", 15),
            ("SELECT FIELDS(SECRET) FROM User", "function", 15),
            ("SELECT convertTimezone(CreatedDate) FROM User", "function", 8),
            ("SELECT GEOLOCATION(1, 2) FROM User", "function", 8),
            ("SELECT MAX() FROM User", "syntax", 12),
            ("SELECT MAX(a, b) FROM User", "syntax", 13),
            ("SELECT COUNT(), Id FROM User", "count", 8),
            ("SELECT COUNT() n FROM User", "count", 8),
            ("SELECT TYPEOF What WHEN Account THEN Id FROM Event", "syntax", 41),
            ("SELECT TYPEOF What ELSE Id END FROM Event", "syntax", 20),
            ("SELECT TYPEOF What WHEN Account THEN END FROM Event", "syntax", 38),
            ("SELECT Id FROM Contact, Account", "from", 32),
            ("SELECT Id FROM Contact c, x.Account a", "from", 38),
            ("SELECT Id FROM Contact c, c.Account c", "from", 38),
            ("SELECT Id FROM Contact.Account", "from", 16),
            ("SELECT (SELECT Id FROM x.Contacts) FROM Account", "from", 24),
            ("SELECT (SELECT Id FROM Account.Contacts.Cases) FROM Account", "from", 24),
            ("SELECT (SELECT COUNT(Id) FROM Contacts) FROM Account", "child", 8),
            ("SELECT (SELECT Id FROM Contacts GROUP BY Id) FROM Account", "child", 8),
            ("SELECT (SELECT Id FROM Contacts WITH USER_MODE) FROM Account", "child", 8),
            ("SELECT (SELECT Id FROM Contacts ALL ROWS) FROM Account", "syntax", 33),
            ("SELECT (Id) FROM Account", "syntax", 9),
            (f"{X} WHERE Id IN (SELECT Id, Name FROM Task)", "semi-join", 46),
            (f"{X} WHERE Id IN (SELECT MAX(Id) FROM Task)", "semi-join", 44),
            (f"{X} WHERE Id IN (SELECT TYPEOF x WHEN A THEN B END FROM Task)", "semi-join", 44),
            (f"{X} WHERE Id IN (SELECT WhoId FROM Task LIMIT 1)", "semi-join", 60),
            (f"{X} WHERE toLabel(Id) IN (SELECT WhoId FROM Task)", "semi-join", 30),
            (f"{X} USING SCOPE everyone", "scope", 36),
            (f"{X} USING LOOKUP A.B", "using", 30),
            (f"{X} WITH SYSTEM_MODE", "with", 29),
            (f"{X} WITH RecordVisibilityContext (a=1)", "with", 29),
            (f"{X} WITH DATA CATEGORY A NEAR b", "syntax", 45),
            (f"{X} HAVING COUNT(Id) > 1", "having", 31),
            (f"{X} GROUP Name", "syntax", 30),
            (f"{X} GROUP BY toLabel(Name)", "function", 33),
            (f"{X} ORDER BY Name UP", "syntax", 38),
            (f"{X} ORDER BY Name NULLS", "syntax", 43),
            (f"{X} ORDER BY {', '.join(['a'] * 33)}", "length", 130),
            (f"{X} LIMIT", "syntax", 29),
            (f"{X} LIMIT -1", "syntax", 30),
            (f"{X} LIMIT 1.5", "syntax", 30),
            (f"{X} LIMIT 99999999999", "number", 30),
            (f"{X} LIMIT 1 LIMIT 2", "syntax", 32),
            (f"{X} OFFSET 1 LIMIT 2", "syntax", 33),
            (f"{X} ORDER BY Id WHERE Id = 1", "syntax", 36),
            (f"{X} FOR UPDATE", "for-update", 28),
            (f"{X} FOR SALE", "for", 28),
            (f"{X} FOR VIEW FOR REFERENCE", "for", 33),
            (f"{X} ALL ROWS", "all-rows", 24),
            (f"{X} UPDATE", "syntax", 30),
            (f"{X} UPDATE TRACKING, TRACKING", "syntax", 41),
            ("SELECT Account . Name FROM Contact", "character", 16),
            ("SELECT Account. FROM Contact", "word", 8),
            ("SELECT Na\u00efve FROM Contact", "character", 10),
            ("SELECT \u212aey FROM Contact", "character", 8),
            ("SELECT Id\u00a0FROM Contact", "character", 10),
            ("SELECT Id FROM Contact\x00", "character", 23),
            ("SELECT _Id FROM Contact", "character", 8),
            ("SELECT {Id} FROM Contact", "character", 8),
            ("SELECT a.b.c.d.e.f.g.h.i.j.k FROM Contact", "path", 8),
        ],
    )
    def test_refused(self, text: str, refusal: str, column: int) -> None:
        """What is not known is refused where it stands."""
        error = refused(text)
        assert (refusal, 1, column) == (error.refusal, error.line, error.column)
        assert error.code == "MALFORMED_QUERY"

    def test_the_line(self) -> None:
        """A place is a line and a column."""
        error = refused("SELECT Id,\n  Name\r\nFROM Contact\n\tWHERE é")
        assert (4, 8) == (error.line, error.column)

    def test_half_a_character(self) -> None:
        """What cannot be sent on is refused, wherever it stands."""
        assert ("character", 35) == (
            refused(f"{X} WHERE Id = '\ud800'").refusal,
            refused(f"{X} WHERE Id ='\ud800'").column,
        )

    @pytest.mark.parametrize("secret", ["'geheim'", "DE02120300000000202051", "4711.5x"])
    def test_what_it_says(self, secret: str) -> None:
        """A refusal quotes nothing of the query."""
        assert secret.strip("'") not in refused(f"{X} WHERE Id {secret}").message


class TestDepth:
    @pytest.mark.parametrize(("deep", "fine"), [(100, True), (101, False), (20_000, False)])
    def test_parentheses(self, deep: int, fine: bool) -> None:  # noqa: FBT001 -- a column of the table
        """A hundred parentheses are read, more are refused without following them."""
        text = f"{X} WHERE {'(' * deep}Id = '1'{')' * deep}"
        if fine:
            assert parse_soql(text) == parse_soql(f"{X} WHERE Id = '1'")
        else:
            assert "depth" == refused(text).refusal

    @pytest.mark.parametrize(("deep", "fine"), [(5, True), (6, False), (5_000, False)])
    def test_children(self, deep: int, fine: bool) -> None:  # noqa: FBT001 -- as above
        """Five queries are read within each other, not six."""
        text = "SELECT Id FROM A"
        for _ in range(deep):
            text = f"SELECT ({text}) FROM A"
        if fine:
            assert text.count("SELECT") == repr(parse_soql(text)).count("Query(select")
        else:
            assert "depth" == refused(text).refusal

    def test_long_chains(self) -> None:
        """A chain may be long, since it is not deep."""
        where = parse_soql(f"{X} WHERE {' AND '.join(['(A = 1)'] * 5000)}").where
        assert isinstance(where, nodes.And)
        assert 5000 == len(where.items)

    def test_length(self) -> None:
        """A text that is too long is not looked at."""
        assert "length" == refused(f"{X} WHERE Id = '{'x' * 140_000}'").refusal

    def test_width(self) -> None:
        """Nobody selects more than there can be."""
        assert "length" == refused(f"SELECT {','.join(['a'] * 5001)} FROM A").refusal


class TestRules:
    @pytest.mark.parametrize(
        ("text", "refusal"),
        [
            ("SELECT Email e FROM Contact", "alias"),
            ("SELECT Email, eMail FROM Contact", "alias"),
            ("SELECT Email, c.Email FROM Contact c", "alias"),
            ("SELECT MAX(Email) x, MIN(Email) X FROM Contact", "alias"),
            ("SELECT MAX(Email) Name, Name FROM Contact GROUP BY Name", "alias"),
            ("SELECT Name, MAX(Email) FROM Contact", "grouping"),
            ("SELECT Name FROM Contact GROUP BY Email", "grouping"),
            ("SELECT Name, (SELECT Id FROM Cases) FROM Contact GROUP BY Name", "grouping"),
            ("SELECT FIELDS(STANDARD) FROM Contact GROUP BY Name", "grouping"),
            ("SELECT MAX(Email) FROM Contact LIMIT 1", "grouping"),
            ("SELECT Name FROM Contact GROUP BY Name ORDER BY Email", "grouping"),
            ("SELECT Name FROM Contact GROUP BY Name HAVING Email = 'x'", "grouping"),
            ("SELECT GROUPING(Name) FROM Contact GROUP BY Name", "grouping"),
            ("SELECT GROUPING(Email) FROM Contact GROUP BY CUBE(Name)", "grouping"),
            ("SELECT COUNT(Id) FROM Contact GROUP BY CUBE(A, B, C, D)", "grouping"),
            ("SELECT COUNT() FROM Contact GROUP BY Name", "grouping"),
            ("SELECT COUNT() FROM Contact ORDER BY Name", "grouping"),
            ("SELECT CALENDAR_YEAR(CreatedDate) FROM Contact", "grouping"),
            ("SELECT Id FROM Contact ORDER BY MAX(Name)", "grouping"),
            ("SELECT Id FROM Contact OFFSET 2001", "limit"),
            ("SELECT FIELDS(ALL) FROM Contact", "limit"),
            ("SELECT FIELDS(CUSTOM) FROM Contact LIMIT 201", "limit"),
            ("SELECT Id, (SELECT FIELDS(ALL) FROM Contacts) FROM Account", "limit"),
            ("SELECT Id FROM A WHERE X = 1 OR Id IN (SELECT B FROM C)", "semi-join"),
            ("SELECT Id FROM A WHERE NOT Id IN (SELECT B FROM C)", "semi-join"),
            ("SELECT Id FROM A WHERE X = 1 AND (Y = 2 OR Id IN (SELECT B FROM C))", "semi-join"),
            ("SELECT Id FROM A WHERE Id IN (SELECT B FROM C WHERE D IN (SELECT E FROM F))", "semi-join"),
            ("SELECT Id FROM A WHERE Id IN (SELECT B FROM a)", "semi-join"),
            (f"SELECT Id FROM A WHERE {' AND '.join(['Id IN (SELECT B FROM C)'] * 3)}", "semi-join"),
        ],
    )
    def test_broken(self, text: str, refusal: str) -> None:
        """What the grammar can say and the vendor refuses is refused."""
        assert refusal == refused(text).refusal

    @pytest.mark.parametrize(
        "text",
        [
            "SELECT COUNT() FROM Contact WHERE Name = 'x' LIMIT 5",
            "SELECT Name n, MAX(Email) max FROM Contact c GROUP BY c.Name ORDER BY n, MAX(Email) LIMIT 5",
            "SELECT Contact.Name FROM Contact GROUP BY name HAVING MAX(Email) > 'a' AND Name LIKE 'x%'",
            "SELECT MAX(Email), MIN(Email) FROM Contact",
            "SELECT CALENDAR_YEAR(CreatedDate) y FROM Contact GROUP BY calendar_year(CreatedDate)",
            "SELECT A, GROUPING(A) g, COUNT(Id) FROM X GROUP BY ROLLUP(A, B) ORDER BY GROUPING(A)",
            "SELECT Id, toLabel(Status) s, Status FROM Case",
            "SELECT FIELDS(ALL) FROM Contact LIMIT 200",
            "SELECT FIELDS(STANDARD) FROM Contact",
            "SELECT Id FROM A WHERE X = 1 AND Id IN (SELECT B FROM C WHERE D = 1) AND Id NOT IN (SELECT E FROM F)",
            "SELECT Id FROM Contact GROUP BY Id HAVING COUNT(Id) > 1 ORDER BY MAX(Birthdate)",
        ],
    )
    def test_obeyed(self, text: str) -> None:
        """What the vendor accepts is accepted."""
        obey_rules(parse_soql(text), text)
