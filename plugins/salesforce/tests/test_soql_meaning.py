from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pytest

from policy_gateway.query import And, Child, Compare, In, Not, Op, Or, Order, Query, RelativeDate, Text, Unit, Where
from policy_gateway_salesforce.facade.meaning.plans import Cell, Children, Plan, Shape, plan_query
from policy_gateway_salesforce.facade.meaning.searches import SearchPlan, plan_search
from policy_gateway_salesforce.facade.meaning.spans import span
from policy_gateway_salesforce.soql import SoqlError
from policy_gateway_salesforce.soql.nodes import DateLiteral

TODAY = date(2026, 5, 13)  # a Wednesday
NULL = Compare("A", Op.IS_NULL, value=True)


def visible(way: tuple[str, ...]) -> Sequence[str]:
    """Return what somebody may see of accounts and of the contacts that hang on them."""
    fields = {("Account",): ("Id", "Name", "Vip__c"), ("Account", "Contacts"): ("Id", "Score__c", "Loc__pc")}
    return fields.get(way, ())


def plan(text: str) -> Plan:
    """Return the plan of the query *text*."""
    return plan_query(text, visible, TODAY)


def where(text: str) -> Where | None:
    """Return what the condition *text* means."""
    return plan(f"SELECT Id FROM Contact c, c.Account a WHERE {text}").query.where


def refused(text: str) -> SoqlError:
    """Return how the query or search *text* is refused."""
    with pytest.raises(SoqlError) as caught:
        plan_search(text, visible, TODAY) if text.startswith("FIND") else plan(text)
    return caught.value


class TestRows:
    def test_fields(self) -> None:
        """Fields are asked for by their paths without aliases, and stand where their paths lead."""
        expected = Plan(
            Query("Contact", ("Id", "Account.Name", "Status"), order=(Order("Email", nulls_first=True),), limit=15),
            Shape((Cell("Id", ("Id",)), Cell("Account.Name", ("Account", "Name")), Cell("Status", ("label",)))),
            offset=5,
            limit=10,
        )
        text = (
            "SELECT c.Id, a.Name, toLabel(Status) label FROM Contact c, c.Account a ORDER BY c.Email LIMIT 10 OFFSET 5"
        )
        assert expected == plan(text)

    def test_order(self) -> None:
        """Records without a value come first, unless the query says otherwise."""
        text = "SELECT Id FROM A ORDER BY B DESC, C NULLS LAST, D DESC NULLS FIRST"
        expected = (Order("B", True, True), Order("C", False, False), Order("D", True, True))  # noqa: FBT003 -- a table
        assert expected == plan(text).query.order

    def test_children(self) -> None:
        """Children are asked for by their relation, with conditions, order and limit of their own."""
        cases = Child("Cases", Query("", ("Subject",)))
        contacts = Query(
            "", ("Name", cases), Compare("City", Op.EQ, "x"), order=(Order("Name", nulls_first=False),), limit=3
        )
        expected = Plan(
            Query("Account", ("Id", Child("Contacts", contacts))),
            Shape(
                (
                    Cell("Id", ("Id",)),
                    Children(
                        "Contacts",
                        "Contacts",
                        Shape(
                            (
                                Cell("Name", ("Name",)),
                                Children("Cases", "Cases", Shape((Cell("Subject", ("Subject",)),))),
                            )
                        ),
                    ),
                )
            ),
        )
        text = (
            "SELECT Id, (SELECT k.Name, (SELECT Subject FROM Cases) FROM Account.Contacts k WHERE k.City = 'x' "
            "ORDER BY k.Name NULLS LAST LIMIT 3) FROM Account"
        )
        assert expected == plan(text)

    def test_only_children(self) -> None:
        """A query that selects nothing but children asks for an id: to select nothing would ask for everything."""
        assert ("Id", Child("Cases", Query("", ("Id",)))) == plan(
            "SELECT (SELECT Id FROM Cases) FROM Account"
        ).query.select

    @pytest.mark.parametrize(
        ("group", "expected"),
        [("ALL", ("Id", "Name", "Vip__c")), ("STANDARD", ("Id", "Name")), ("CUSTOM", ("Vip__c",))],
    )
    def test_all_fields(self, group: str, expected: tuple[str, ...]) -> None:
        """FIELDS stands for what may be seen of its kind, children's included."""
        found = plan(f"SELECT FIELDS({group}) FROM Account LIMIT 5")
        assert expected == found.query.select
        assert found.shape == Shape(tuple(Cell(name, (name,)) for name in expected))
        child = plan("SELECT Id, (SELECT FIELDS(CUSTOM) FROM Contacts LIMIT 5) FROM Account").query.select[1]
        assert Child("Contacts", Query("", ("Score__c", "Loc__pc"), limit=5)) == child

    def test_nothing_to_see(self) -> None:
        """Of what nobody may see an id is asked for, which is then refused like any other."""
        assert ("Id",) == plan("SELECT FIELDS(ALL) FROM Secret__c LIMIT 1").query.select

    def test_count(self) -> None:
        """A count is of the released records."""
        expected = Plan(Query("Contact", ("Id",), Compare("A", Op.EQ, 1)), counted=True, limit=7)
        found = plan("SELECT COUNT() FROM Contact WHERE A = 1 LIMIT 7")
        assert expected == found
        assert [1, 2, 3, 4, 5, 6, 7] == list(found.kept(range(1, 10)))

    def test_what_is_kept(self) -> None:
        """An offset leaves out the first ones, a limit keeps so many of the others."""
        rows = range(10)
        assert [3, 4] == list(plan("SELECT Id FROM A LIMIT 2 OFFSET 3").kept(rows))
        assert [8, 9] == list(plan("SELECT Id FROM A OFFSET 8").kept(rows))


class TestConditions:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("A = 'x'", Compare("A", Op.EQ, "x")),
            ("c.A != 5", Compare("A", Op.NE, 5)),
            ("a.Name < 1.50", Compare("Account.Name", Op.LT, 1.5)),
            ("A < 0.12345678901234567891", Compare("A", Op.LT, "0.12345678901234567891")),
            ("A >= 1e3", Compare("A", Op.GE, 1000)),
            ("A = TRUE", Compare("A", Op.EQ, value=True)),
            ("A = null", NULL),
            ("A = ''", NULL),
            ("A != null", Compare("A", Op.IS_NULL, value=False)),
            ("A > 2024-02-29", Compare("A", Op.GT, "2024-02-29")),
            ("A <= 2024-01-01T02:00:00+02:00", Compare("A", Op.LE, "2024-01-01T00:00:00+00:00")),
            ("A LIKE 'x%'", Compare("A", Op.PREFIX, "x")),
            ("A LIKE '%x%'", Compare("A", Op.CONTAINS, "x")),
            ("A LIKE '%%x%%'", Compare("A", Op.CONTAINS, "x")),
            ("A LIKE 'x'", Compare("A", Op.EQ, "x")),
            (r"A LIKE '%50\%%'", Compare("A", Op.CONTAINS, "50%")),
            (r"A LIKE 'a\_b\%'", Compare("A", Op.EQ, "a_b%")),
            ("A LIKE '%'", Compare("A", Op.IS_NULL, value=False)),
            ("A LIKE ''", NULL),
            ("A IN ('x', 5)", In("A", ("x", 5))),
            ("A NOT IN ('x', null)", Not(Or((In("A", ("x",)), NULL)))),
            ("A IN (null)", NULL),
            ("A INCLUDES ('x')", Compare("A", Op.CONTAINS, "x")),
            (
                "A INCLUDES ('x;y', 'z')",
                Or(
                    (
                        And((Compare("A", Op.CONTAINS, "x"), Compare("A", Op.CONTAINS, "y"))),
                        Compare("A", Op.CONTAINS, "z"),
                    )
                ),
            ),
            ("A EXCLUDES ('x')", Not(Compare("A", Op.CONTAINS, "x"))),
            (
                "Id IN (SELECT t.WhoId FROM Task t WHERE t.Subject = 'x')",
                In("Id", Query("Task", ("WhoId",), Compare("Subject", Op.EQ, "x"))),
            ),
            ("Id NOT IN (SELECT WhoId FROM Task)", Not(In("Id", Query("Task", ("WhoId",))))),
            (
                "A = 1 AND (B = 2 OR (NOT C = 3))",
                And(
                    (
                        Compare("A", Op.EQ, 1),
                        Or((Compare("B", Op.EQ, 2), Not(Compare("C", Op.EQ, 3)))),
                    )
                ),
            ),
        ],
    )
    def test_conditions(self, text: str, expected: Where) -> None:
        """Each condition becomes one that finds the same records."""
        assert expected == where(text)

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("A < TODAY", Compare("A", Op.LT, RelativeDate(Unit.DAY, 0))),
            ("A <= LAST_N_DAYS:3", Compare("A", Op.LE, RelativeDate(Unit.DAY, 0))),
            ("A > LAST_N_DAYS:3", Compare("A", Op.GT, RelativeDate(Unit.DAY, 0))),
            ("A >= LAST_N_DAYS:3", Compare("A", Op.GE, RelativeDate(Unit.DAY, -3))),
            (
                "A = THIS_MONTH",
                And(
                    (
                        Compare("A", Op.GE, RelativeDate(Unit.DAY, -12)),
                        Compare("A", Op.LE, RelativeDate(Unit.DAY, 18)),
                    )
                ),
            ),
            (
                "A != YESTERDAY",
                Not(
                    And(
                        (
                            Compare("A", Op.GE, RelativeDate(Unit.DAY, -1)),
                            Compare("A", Op.LE, RelativeDate(Unit.DAY, -1)),
                        )
                    )
                ),
            ),
        ],
    )
    def test_date_literals(self, text: str, expected: Where) -> None:
        """A date literal is a span of days: before its first, until its last, within it or outside of it."""
        assert expected == where(text)


class TestSpans:
    @pytest.mark.parametrize(
        ("name", "n", "first", "last"),
        [
            ("TODAY", None, "2026-05-13", "2026-05-13"),
            ("YESTERDAY", None, "2026-05-12", "2026-05-12"),
            ("TOMORROW", None, "2026-05-14", "2026-05-14"),
            ("LAST_WEEK", None, "2026-05-03", "2026-05-09"),
            ("THIS_WEEK", None, "2026-05-10", "2026-05-16"),
            ("NEXT_WEEK", None, "2026-05-17", "2026-05-23"),
            ("LAST_MONTH", None, "2026-04-01", "2026-04-30"),
            ("NEXT_MONTH", None, "2026-06-01", "2026-06-30"),
            ("THIS_QUARTER", None, "2026-04-01", "2026-06-30"),
            ("LAST_QUARTER", None, "2026-01-01", "2026-03-31"),
            ("THIS_YEAR", None, "2026-01-01", "2026-12-31"),
            ("NEXT_YEAR", None, "2027-01-01", "2027-12-31"),
            ("LAST_90_DAYS", None, "2026-02-12", "2026-05-13"),
            ("NEXT_90_DAYS", None, "2026-05-14", "2026-08-11"),
            ("LAST_N_DAYS", 30, "2026-04-13", "2026-05-13"),
            ("NEXT_N_DAYS", 2, "2026-05-14", "2026-05-15"),
            ("N_DAYS_AGO", 2, "2026-05-11", "2026-05-11"),
            ("LAST_N_WEEKS", 2, "2026-04-26", "2026-05-09"),
            ("NEXT_N_WEEKS", 1, "2026-05-17", "2026-05-23"),
            ("N_WEEKS_AGO", 1, "2026-05-03", "2026-05-09"),
            ("LAST_N_MONTHS", 2, "2026-03-01", "2026-04-30"),
            ("NEXT_N_MONTHS", 8, "2026-06-01", "2027-01-31"),
            ("N_MONTHS_AGO", 5, "2025-12-01", "2025-12-31"),
            ("LAST_N_QUARTERS", 2, "2025-10-01", "2026-03-31"),
            ("N_QUARTERS_AGO", 1, "2026-01-01", "2026-03-31"),
            ("LAST_N_YEARS", 1, "2025-01-01", "2025-12-31"),
            ("N_YEARS_AGO", 2, "2024-01-01", "2024-12-31"),
        ],
    )
    def test_days(self, name: str, n: int | None, first: str, last: str) -> None:
        """Each literal begins and ends on the vendor's days; whole units leave out the present one."""
        found = span(DateLiteral(name, n), TODAY)
        assert found is not None
        assert (first, last) == tuple(date.fromordinal(TODAY.toordinal() + days).isoformat() for days in found)

    @pytest.mark.parametrize(
        "literal",
        [
            DateLiteral("THIS_FISCAL_YEAR"),
            DateLiteral("LAST_N_FISCAL_QUARTERS", 2),
            DateLiteral("N_FISCAL_YEARS_AGO", 2),
            DateLiteral("LAST_N_DAYS", 999_999_999),
            DateLiteral("N_YEARS_AGO", 3000),
            DateLiteral("NEXT_N_MONTHS", 999_999_999),
        ],
    )
    def test_none(self, literal: DateLiteral) -> None:
        """What depends on the org's fiscal year, or lies beyond a hundred years, is no span."""
        assert span(literal, TODAY) is None


class TestRefused:
    @pytest.mark.parametrize(
        "text",
        [
            "SELECT TYPEOF What WHEN Account THEN Phone END FROM Event",
            "SELECT FORMAT(Amount) FROM Opportunity",
            "SELECT convertCurrency(Amount) FROM Opportunity",
            "SELECT DISTANCE(A__c, B__c, 'km') FROM X",
            "SELECT Id FROM X ORDER BY DISTANCE(A__c, B__c, 'km')",
            "SELECT toLabel(Status) s FROM X ORDER BY s",
            "SELECT Id FROM X USING SCOPE mine",
            "SELECT Id FROM X WITH DATA CATEGORY A AT b",
            "SELECT Id FROM X WITH UserId = '5'",
            "SELECT Id FROM X UPDATE VIEWSTAT",
            "SELECT (SELECT Id FROM Cases LIMIT 1 OFFSET 1) FROM X",
            "SELECT Id FROM X WHERE DISTANCE(A__c, B__c, 'km') < 5",
            "SELECT Id FROM X WHERE toLabel(A) = 'x'",
            "SELECT Id FROM X WHERE CALENDAR_YEAR(A) = 2024",
            "SELECT Id FROM X WHERE A = USD5",
            "SELECT Id FROM X WHERE A IN (TODAY)",
            "SELECT Id FROM X WHERE A < ''",
            "SELECT Id FROM X WHERE A = THIS_FISCAL_YEAR",
            "SELECT Id FROM X WHERE A LIKE '%x'",
            "SELECT Id FROM X WHERE A LIKE 'x_'",
            "SELECT Id FROM X WHERE A LIKE '_'",
            "SELECT Id FROM X WHERE A LIKE 'x%y'",
            "SELECT Id FROM X WHERE A LIKE '_x%'",
            "SELECT FISCAL_YEAR(A) y FROM X GROUP BY FISCAL_YEAR(A)",
            "SELECT HOUR_IN_DAY(convertTimezone(A)) h FROM X GROUP BY HOUR_IN_DAY(convertTimezone(A))",
            "SELECT FORMAT(MAX(A)) FROM X",
            "SELECT COUNT(A) FROM X GROUP BY B HAVING MAX(C) > TODAY",
            "SELECT COUNT(A) FROM X GROUP BY B HAVING B INCLUDES ('x')",
            "FIND {x}",
            "FIND {x} IN SIDEBAR FIELDS RETURNING Contact",
            "FIND {x} RETURNING Contact WITH HIGHLIGHT",
            "FIND {x} RETURNING Contact UPDATE TRACKING",
            "FIND {*x} RETURNING Contact",
            "FIND {a?b} RETURNING Contact",
            "FIND {*} RETURNING Contact",
            'FIND {"a b*"} RETURNING Contact',
            "FIND {x} RETURNING Contact(FORMAT(A))",
        ],
    )
    def test_unsayable(self, text: str) -> None:
        """What the algebra cannot say exactly is refused."""
        assert "algebra" == refused(text).refusal

    def test_grammar_and_rules(self) -> None:
        """What the vendor refuses is refused before."""
        assert ["star", "alias", "term"] == [
            refused(text).refusal for text in ("SELECT * FROM X", "SELECT A b FROM X", "FIND {!} RETURNING X")
        ]

    @pytest.mark.parametrize(
        "clause", ["USING SCOPE everything", "WITH SECURITY_ENFORCED", "WITH USER_MODE", "FOR VIEW"]
    )
    def test_harmless(self, clause: str) -> None:
        """Clauses that change nothing for whom policy holds are accepted."""
        assert plan("SELECT Id FROM X") == plan(f"SELECT Id FROM X {clause}")


class TestSearches:
    def test_returning(self) -> None:
        """Each object is a query of its own; the shorter limit holds."""
        term = Text("Joe", ("*name",))
        text = (
            "FIND {Joe*} IN NAME FIELDS RETURNING A(Id, toLabel(B) WHERE C = 1 ORDER BY D LIMIT 9 OFFSET 1), E LIMIT 5"
        )
        condition = And((term, Compare("C", Op.EQ, 1)))
        first = Query("A", ("Id", "B"), condition, order=(Order("D", nulls_first=True),), limit=6)
        expected = SearchPlan(
            (
                Plan(first, Shape((Cell("Id", ("Id",)), Cell("B", ("B",)))), offset=1, limit=5),
                Plan(Query("E", ("Id",), term, limit=5), Shape((Cell("Id", ("Id",)),)), limit=5),
            ),
            5,
        )
        assert expected == plan_search(text, visible, TODAY)

    @pytest.mark.parametrize(
        ("term", "expected"),
        [
            ("Joe", Text("Joe", ("*",))),
            ("Joe**", Text("Joe", ("*",))),
            (r"Joe\*", Text("Joe*", ("*",))),
            (r"J\?e*", Text("J?e", ("*",))),
            ('"Joe Ann"', Text("Joe Ann", ("*",))),
            ("Joe Ann", And((Text("Joe", ("*",)), Text("Ann", ("*",))))),
            ("Joe OR Ann", Or((Text("Joe", ("*",)), Text("Ann", ("*",))))),
            ("Joe AND NOT Ann", And((Text("Joe", ("*",)), Not(Text("Ann", ("*",)))))),
        ],
    )
    def test_terms(self, term: str, expected: Where) -> None:
        """Words, phrases and what joins them become searches for texts."""
        assert expected == plan_search(f"FIND {{{term}}} RETURNING Contact", visible, TODAY).parts[0].query.where

    def test_everywhere(self) -> None:
        """A search that does not say where looks into the objects that it is given; FIELDS is what may be seen."""
        found = plan_search("FIND {x} WITH SPELL_CORRECTION = true", visible, TODAY, ("Contact", "Lead"))
        assert ["Contact", "Lead"] == [part.query.resource for part in found.parts]
        fields = plan_search("FIND {x} RETURNING Account(FIELDS(STANDARD))", visible, TODAY)
        assert ("Id", "Name") == fields.parts[0].query.select
