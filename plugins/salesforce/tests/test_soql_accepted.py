from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from policy_gateway_salesforce.soql import nodes, parse_soql
from policy_gateway_salesforce.soql.nodes import (
    And,
    Boolean,
    Branch,
    Category,
    ChildQuery,
    Column,
    Comparison,
    Currency,
    Date,
    DateLiteral,
    DateTime,
    Excludes,
    FieldPath,
    Fields,
    Function,
    Group,
    In,
    Includes,
    InQuery,
    Like,
    Not,
    Null,
    Number,
    Or,
    Ordering,
    Query,
    Related,
    Source,
    String,
    Typeof,
    With,
)


def f(path: str) -> FieldPath:
    """Return the field at *path*."""
    return FieldPath(tuple(path.split(".")))


def c(path: str, alias: str = "") -> Column:
    """Return the column of the field at *path*."""
    return Column(f(path), alias)


def only(where: str) -> nodes.Where | None:
    """Return what *where* says."""
    return parse_soql(f"SELECT Id FROM Contact WHERE {where}").where


def value(text: str) -> nodes.Literal:
    """Return the literal *text*."""
    where = only(f"X = {text}")
    assert isinstance(where, Comparison)
    return where.value


ID = (c("Id"),)
ACCOUNT = Source(f("Account"))


class TestSelect:
    def test_fields(self) -> None:
        """Fields keep the spelling of the query, with their dots."""
        expected = Query((c("Id"), c("eMAIL"), c("Account.Owner.Name")), Source(f("contact")))
        assert expected == parse_soql("select Id,eMAIL , Account.Owner.Name from contact")

    @pytest.mark.parametrize("name", ["Group", "Order", "Limit", "First", "Last", "End", "Type", "Scope", "Update"])
    def test_words_that_are_names(self, name: str) -> None:
        """A word that only means something elsewhere is a field, and an object."""
        assert Query((c(name),), Source(f(name))) == parse_soql(f"SELECT {name} FROM {name}")

    def test_functions(self) -> None:
        """Functions are known in any case, may have an alias and may stand within each other where they make sense."""
        expected = (
            Column(Function("COUNT_DISTINCT", (f("Email"),)), "n"),
            Column(Function("FORMAT", (Function("MIN", (f("CloseDate"),)),))),
            Column(Function("FORMAT", (Function("CONVERTCURRENCY", (f("Amount"),)),)), "conv"),
            Column(Function("DAY_ONLY", (Function("CONVERTTIMEZONE", (f("CreatedDate"),)),))),
            Column(Function("TOLABEL", (f("Status"),))),
        )
        text = "count_distinct(Email) n, Format(min(CloseDate)), FORMAT(convertCurrency(Amount)) conv"
        more = "DAY_ONLY(convertTimezone(CreatedDate)), toLabel(Status)"
        assert expected == parse_soql(f"SELECT {text}, {more} FROM Opportunity").select

    def test_count(self) -> None:
        """COUNT() counts records and takes nothing."""
        assert (Column(Function("COUNT", ())),) == parse_soql("SELECT COUNT() FROM Contact").select
        assert (Column(Function("COUNT", ())),) == parse_soql("SELECT COUNT( ) FROM Contact LIMIT 5").select

    def test_distance(self) -> None:
        """A distance is between two places, in one of two units."""
        there = Function("GEOLOCATION", (Number(Decimal("37.7")), Number(Decimal("-122.4"))))
        expected = Column(Function("DISTANCE", (f("Spot__c"), there, String("km"))), "d")
        assert (expected,) == parse_soql("SELECT DISTANCE(Spot__c, GEOLOCATION(37.7,-122.4), 'km') d FROM X").select
        assert "DISTANCE" in repr(parse_soql("SELECT Id FROM X ORDER BY DISTANCE(A__c, B__c, 'mi')").order)

    def test_all_fields(self) -> None:
        """FIELDS is kept for whoever knows which fields there are."""
        expected = (Fields("ALL"), c("Id"), Fields("STANDARD"), Fields("CUSTOM"))
        assert expected == parse_soql("SELECT FIELDS(ALL), Id, fields ( standard ), FIELDS(CUSTOM) FROM X").select

    def test_children(self) -> None:
        """Children are queries within the query, found by their relation."""
        cases = ChildQuery(Query((c("Subject"),), Source(f("Cases"))))
        contacts = ChildQuery(Query((c("Name"), cases), Source(f("a.Contacts")), limit=5))
        expected = Query((c("Id"), contacts), Source(f("Account"), "a"))
        text = "SELECT Id, (SELECT Name, (SELECT Subject FROM Cases) FROM a.Contacts LIMIT 5) FROM Account a"
        assert expected == parse_soql(text)
        assert "Contacts" == contacts.query.source.object

    def test_typeof(self) -> None:
        """TYPEOF selects by the type of what a reference leads to."""
        expected = Typeof(
            f("What"), (Branch("Account", (f("Phone"), f("Owner.Name"))), Branch("Case", (f("Id"),))), (f("Name"),)
        )
        text = "TYPEOF What WHEN Account THEN Phone, Owner.Name when Case then Id ELSE Name END"
        assert (expected,) == parse_soql(f"SELECT {text} FROM Event").select
        short = Typeof(f("Who"), (Branch("Lead", (f("Id"),)),))
        assert (c("Id"), short) == parse_soql("SELECT Id, TYPEOF Who WHEN Lead THEN Id END FROM Task").select


class TestFrom:
    def test_names(self) -> None:
        """The object and what it leads to may have names of their own."""
        expected = Source(f("Contact"), "c", (Related(f("c.Account"), "a"), Related(f("a.Owner"), "o")))
        assert expected == parse_soql("SELECT Id FROM Contact c, c.Account a, a.Owner o").source

    @pytest.mark.parametrize("scope", ["delegated", "Everything", "mine", "MINE_AND_MY_GROUPS", "my_territory", "team"])
    def test_scopes(self, scope: str) -> None:
        """A scope is one of the known ones."""
        assert scope.upper() == parse_soql(f"SELECT Id FROM Contact USING SCOPE {scope}").scope


class TestConditions:
    @pytest.mark.parametrize(
        ("written", "meant"),
        [("=", "="), ("!=", "!="), ("<>", "!="), ("<", "<"), ("<=", "<="), (">", ">"), (">=", ">=")],
    )
    def test_operators(self, written: str, meant: str) -> None:
        """Both ways of saying different mean the same."""
        assert Comparison(f("A"), meant, Number(Decimal(5))) == only(f"A{written}5")

    def test_like(self) -> None:
        """What was escaped in a pattern is no wildcard."""
        assert Like(f("A"), String("a%b_c%", (1, 3))) == only(r"A LIKE 'a\%b\_c%'")

    def test_lists(self) -> None:
        """IN and NOT IN take any literals, INCLUDES and EXCLUDES texts."""
        assert In(f("A"), (String("x"), Null(), Number(Decimal(1)))) == only("A IN ('x', null, 1)")
        assert In(Function("CALENDAR_YEAR", (f("A"),)), (Number(Decimal(2024)),), negated=True) == only(
            "CALENDAR_YEAR(A) NOT IN (2024)"
        )
        assert Includes(f("A"), (String("x;y"), String("z"))) == only("A INCLUDES ('x;y','z')")
        assert Excludes(f("A"), (String("x"),)) == only("A excludes ('x')")

    def test_semi_joins(self) -> None:
        """A field may be among what another query finds, or not."""
        inner = Query((c("WhoId"),), Source(f("Task"), "t"), where=Like(f("t.Subject"), String("x%")))
        assert InQuery(f("Id"), inner) == only("Id IN (SELECT WhoId FROM Task t WHERE t.Subject LIKE 'x%')")
        assert InQuery(f("Id"), Query((c("WhoId"),), Source(f("Task"))), negated=True) == only(
            "Id NOT IN (SELECT WhoId FROM Task)"
        )

    def test_logic(self) -> None:
        """Parentheses say what belongs together."""
        a, b, d = (Comparison(f(name), "=", Number(Decimal(1))) for name in ("A", "B", "D"))
        assert And((a, b, d)) == only("A = 1 AND B = 1 and D = 1")
        assert Or((a, And((b, d)))) == only("A = 1 OR (B = 1 AND D = 1)")
        assert And((a, Not(b))) == only("A = 1 AND (NOT B = 1)")
        assert Not(Or((a, b))) == only("NOT (A = 1 OR B = 1)")
        assert a == only("((A = 1))")


class TestLiterals:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("'x'", String("x")),
            ("''", String("")),
            (r"'\n\r\t\b\f\"\'\\'", String("\n\r\t\b\f\"'\\")),
            (r"'\u00e9\u2019'", String("é’")),
            ("'SELECT -- /* ; :x'", String("SELECT -- /* ; :x")),
            (r"'a\_b%'", String("a_b%", (1,))),
            ("'\U0001f600'", String("\U0001f600")),
            ("5", Number(Decimal(5))),
            ("-5.25", Number(Decimal("-5.25"))),
            ("1.5e-3", Number(Decimal("0.0015"))),
            ("+7", Number(Decimal(7))),
            ("USD5000", Currency("USD", Decimal(5000))),
            ("EUR1e6", Currency("EUR", Decimal("1e6"))),
            ("EUR10.5", Currency("EUR", Decimal("10.5"))),
            ("true", Boolean(value=True)),
            ("FALSE", Boolean(value=False)),
            ("nUll", Null()),
            ("2024-02-29", Date(date(2024, 2, 29))),
            ("2024-01-01T00:00:00Z", DateTime(datetime(2024, 1, 1, tzinfo=UTC))),
            ("2024-01-01T10:20:30.125+02:00", DateTime(datetime(2024, 1, 1, 8, 20, 30, 125_000, tzinfo=UTC))),
            (
                "1999-01-01T23:01:01-0800",
                DateTime(datetime(1999, 1, 1, 23, 1, 1, tzinfo=timezone(timedelta(hours=-8)))),
            ),
            ("TODAY", DateLiteral("TODAY")),
            ("last_90_days", DateLiteral("LAST_90_DAYS")),
            ("THIS_FISCAL_QUARTER", DateLiteral("THIS_FISCAL_QUARTER")),
            ("LAST_N_DAYS:30", DateLiteral("LAST_N_DAYS", 30)),
            ("n_fiscal_years_ago:2", DateLiteral("N_FISCAL_YEARS_AGO", 2)),
        ],
    )
    def test_literals(self, text: str, expected: nodes.Literal) -> None:
        """Each kind of literal is read for what it is."""
        assert expected == value(text)

    @pytest.mark.parametrize("which", ["LAST", "NEXT", "THIS"])
    @pytest.mark.parametrize("unit", ["WEEK", "MONTH", "QUARTER", "YEAR", "FISCAL_QUARTER", "FISCAL_YEAR"])
    def test_spans(self, which: str, unit: str) -> None:
        """Every unit has a last, a present and a next one."""
        assert DateLiteral(f"{which}_{unit}") == value(f"{which}_{unit}")

    @pytest.mark.parametrize(
        "unit", ["DAYS", "WEEKS", "MONTHS", "QUARTERS", "YEARS", "FISCAL_QUARTERS", "FISCAL_YEARS"]
    )
    @pytest.mark.parametrize("form", ["LAST_N_{}", "NEXT_N_{}", "N_{}_AGO"])
    def test_counted_spans(self, unit: str, form: str) -> None:
        """Every unit can be counted in both directions."""
        assert DateLiteral(form.format(unit), 3) == value(f"{form.format(unit)}:3")


class TestClauses:
    def test_all_of_them(self) -> None:
        """Every clause is known, in the vendor's order."""
        text = (
            "SELECT Name FROM Account USING SCOPE mine WHERE A = 1 WITH SECURITY_ENFORCED GROUP BY Name "
            "HAVING COUNT(Id) > 1 ORDER BY Name DESC NULLS LAST, Id ASC NULLS FIRST, X LIMIT 5 OFFSET 10 "
            "FOR VIEW UPDATE TRACKING, VIEWSTAT"
        )
        expected = Query(
            (c("Name"),),
            ACCOUNT,
            scope="MINE",
            where=Comparison(f("A"), "=", Number(Decimal(1))),
            clause=With("SECURITY_ENFORCED"),
            group=Group((f("Name"),)),
            having=Comparison(Function("COUNT", (f("Id"),)), ">", Number(Decimal(1))),
            order=(
                Ordering(f("Name"), descending=True, nulls_first=False),
                Ordering(f("Id"), nulls_first=True),
                Ordering(f("X")),
            ),
            limit=5,
            offset=10,
            purpose="VIEW",
            update=("TRACKING", "VIEWSTAT"),
        )
        assert expected == parse_soql(text)

    @pytest.mark.parametrize("kind", ["ROLLUP", "CUBE"])
    def test_groupings(self, kind: str) -> None:
        """Groups may have subtotals, by fields or parts of dates."""
        expected = Group((f("A"), Function("CALENDAR_YEAR", (f("B"),))), kind)
        assert expected == parse_soql(f"SELECT COUNT(Id) FROM X GROUP BY {kind}(A, CALENDAR_YEAR(B))").group

    def test_a_field_called_rollup(self) -> None:
        """A keyword of a group without its parentheses is a field."""
        assert Group((f("Rollup"), f("Cube"))) == parse_soql("SELECT COUNT(Id) FROM X GROUP BY Rollup, Cube").group

    def test_with(self) -> None:
        """WITH names a mode, a user or categories."""
        categories = (Category("Geo__c", "AT", ("a__c", "b__c")), Category("Product__c", "ABOVE_OR_BELOW", ("m__c",)))
        text = "SELECT Id FROM X WITH DATA CATEGORY Geo__c AT (a__c, b__c) AND Product__c above_or_below m__c"
        assert With("DATA CATEGORY", categories=categories) == parse_soql(text).clause
        assert With("USER_MODE") == parse_soql("SELECT Id FROM X WITH USER_MODE").clause
        assert With("USERID", (String("005"),)) == parse_soql("SELECT Id FROM X WITH UserId='005'").clause

    def test_white_space(self) -> None:
        """Line breaks and tabs are as good as blanks, and none are needed where symbols stand."""
        expected = parse_soql("SELECT Id, Name FROM Account WHERE Id IN ('1', '2') LIMIT 1")
        assert expected == parse_soql("\tselect Id,Name\r\nfrom\fAccount where Id\nIN('1','2')limit 1 \n")
