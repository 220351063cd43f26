from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pytest

from policy_gateway.model.field import FieldType, Value
from policy_gateway_salesforce.facade.meaning.plans import plan_query
from policy_gateway_salesforce.facade.rows.aggregates import summarize
from policy_gateway_salesforce.facade.rows.days import taken
from policy_gateway_salesforce.facade.rows.having import like
from policy_gateway_salesforce.soql.nodes import String

ROWS: tuple[Mapping[str, Value], ...] = (
    {"City": "Bonn", "Amount": "10.5", "Score": 3, "Day": "2024-05-06", "Account.Name": "x"},
    {"City": "bonn", "Amount": "9", "Score": 5, "Day": "2024-12-31", "Account.Name": "Y"},
    {"City": "Aachen", "Amount": None, "Score": 1, "Day": "2023-01-01", "Account.Name": "X"},
    {"City": None, "Amount": "***", "Score": None, "Day": None, "Account.Name": None},
)
TYPES = {"Amount": FieldType.DECIMAL, "Score": FieldType.INTEGER, "Day": FieldType.DATE}


def made(text: str, rows: tuple[Mapping[str, Value], ...] = ROWS) -> list[dict[str, Value]]:
    """Return what the query *text* makes of *rows*."""
    plan = plan_query(text, lambda _: (), date(2026, 5, 13))
    assert plan.summary is not None
    assert set(plan.query.select) >= set(plan.summary.paths) == set(plan.query.group)
    return list(plan.kept(summarize(plan.summary, rows, TYPES.get)))


class TestFigures:
    def test_everything(self) -> None:
        """Figures without groups are of all records; what is masked, withheld or missing counts for nothing."""
        text = "SELECT COUNT(City), COUNT_DISTINCT(City) d, SUM(Amount), AVG(Score), MIN(Amount), MAX(Score) m FROM X"
        expected = {"expr0": 3, "d": 2, "expr1": 19.5, "expr2": 3.0, "expr3": 9, "m": 5}
        assert [expected] == made(text)

    def test_nothing(self) -> None:
        """Figures of no records are one row."""
        expected: dict[str, Value] = {"expr0": 0, "expr1": None, "expr2": None, "expr3": None}
        assert [expected] == made("SELECT COUNT(City), SUM(Amount), MAX(City), MIN(Score) FROM X", ())

    def test_extremes(self) -> None:
        """Texts and dates have a first and a last one, whatever their case."""
        assert [{"expr0": "Aachen", "expr1": "Bonn", "expr2": "2024-12-31"}] == made(
            "SELECT MIN(City), MAX(City), MAX(Day) FROM X"
        )


class TestGroups:
    def test_groups(self) -> None:
        """Groups come as their first records do; small and capital letters are the same."""
        expected = [{"City": "Bonn", "n": 2}, {"City": "Aachen", "n": 1}, {"City": None, "n": 0}]
        assert expected == made("SELECT x.City, COUNT(City) n FROM X x GROUP BY city")

    def test_names(self) -> None:
        """A field has its last name in the answer, or its alias; a function without one is numbered."""
        expected = [{"Name": "x", "expr0": 2024, "expr1": 1, "c": "Bonn"}]
        text = (
            "SELECT Account.Name, CALENDAR_YEAR(Day), COUNT(City), City c FROM X "
            "GROUP BY Account.Name, City, CALENDAR_YEAR(Day) ORDER BY c DESC NULLS LAST, Account.Name LIMIT 1"
        )
        assert expected == made(text)

    @pytest.mark.parametrize(
        ("order", "expected"),
        [
            ("City", [None, "Aachen", "Bonn"]),
            ("City DESC", [None, "Bonn", "Aachen"]),
            ("City NULLS LAST", ["Aachen", "Bonn", None]),
            ("MAX(Score) DESC NULLS LAST", ["Bonn", "Aachen", None]),
            ("n, City", [None, "Aachen", "Bonn"]),
        ],
    )
    def test_order(self, order: str, expected: list[str | None]) -> None:
        """Groups are sorted by their fields, their figures and the aliases of both."""
        rows = made(f"SELECT City, COUNT(City) n FROM X GROUP BY City ORDER BY {order}")
        assert expected == [row["City"] for row in rows]

    @pytest.mark.parametrize(
        ("having", "expected"),
        [
            ("COUNT(City) > 1", ["Bonn"]),
            ("n >= 1 AND n < 2", ["Aachen"]),
            ("COUNT(City) = 0 OR SUM(Amount) > 19", ["Bonn", None]),
            ("NOT City = 'bonn'", ["Aachen", None]),
            ("City != 'BONN'", ["Aachen", None]),
            ("City LIKE 'b%n'", ["Bonn"]),
            ("City IN ('aachen', null)", ["Aachen", None]),
            ("City NOT IN ('aachen')", ["Bonn", None]),
            ("City = null", [None]),
            ("City != ''", ["Bonn", "Aachen"]),
            ("MAX(Day) > 2024-01-01", ["Bonn"]),
            ("City > 5", []),
            ("MAX(Score) = '5'", []),
            ("MAX(City) > 2024-01-01", []),
        ],
    )
    def test_having(self, having: str, expected: list[str | None]) -> None:
        """Groups are kept by their figures; what cannot be compared is different, and neither less nor greater."""
        rows = made(f"SELECT City, COUNT(City) n FROM X GROUP BY City HAVING {having}")
        assert expected == [row["City"] for row in rows]

    def test_moments(self) -> None:
        """Moments are compared as moments."""
        rows: tuple[Mapping[str, Value], ...] = ({"A": "2024-01-01T01:00:00+02:00"}, {"A": "2024-01-01"})
        assert [{"A": "2024-01-01T01:00:00+02:00"}] == made(
            "SELECT A FROM X GROUP BY A HAVING A = 2023-12-31T23:00:00Z", rows
        )

    def test_truth(self) -> None:
        """Booleans group and are compared."""
        rows: tuple[Mapping[str, Value], ...] = ({"A": True}, {"A": False}, {"A": True})
        assert [{"A": True, "expr0": 2}] == made("SELECT A, COUNT(A) FROM X GROUP BY A HAVING A = TRUE", rows)

    def test_rollup(self) -> None:
        """ROLLUP adds what the last fields sum up to, and GROUPING tells which they are."""
        rows: tuple[Mapping[str, Value], ...] = ({"A": "a", "B": "x"}, {"A": "a", "B": "y"}, {"A": "b", "B": "x"})
        text = "SELECT A, B, GROUPING(B) g, COUNT(A) n FROM X GROUP BY ROLLUP(A, B)"
        expected = [("a", "x", 0, 1), ("a", "y", 0, 1), ("b", "x", 0, 1), ("a", None, 1, 2), ("b", None, 1, 1)]
        assert [*expected, (None, None, 1, 3)] == [tuple(row.values()) for row in made(text, rows)]

    def test_cube(self) -> None:
        """CUBE adds what any of the fields sum up to."""
        rows: tuple[Mapping[str, Value], ...] = ({"A": "a", "B": "x"}, {"A": "b", "B": "x"})
        expected = [("a", "x", 1), ("b", "x", 1), (None, "x", 2), ("a", None, 1), ("b", None, 1), (None, None, 2)]
        text = "SELECT A, B, COUNT(A) FROM X GROUP BY CUBE(A, B)"
        assert expected == [tuple(row.values()) for row in made(text, rows)]

    def test_limits(self) -> None:
        """An offset and a limit count groups."""
        assert [{"City": "Aachen"}] == made("SELECT City FROM X GROUP BY City LIMIT 1 OFFSET 1")


class TestDays:
    @pytest.mark.parametrize(
        ("function", "expected"),
        [
            ("CALENDAR_MONTH", 12),
            ("CALENDAR_QUARTER", 4),
            ("CALENDAR_YEAR", 2024),
            ("DAY_IN_MONTH", 31),
            ("DAY_IN_WEEK", 3),
            ("DAY_IN_YEAR", 366),
            ("DAY_ONLY", "2024-12-31"),
            ("HOUR_IN_DAY", 23),
            ("WEEK_IN_MONTH", 5),
            ("WEEK_IN_YEAR", 53),
            ("FISCAL_YEAR", None),
        ],
    )
    def test_parts(self, function: str, expected: Value) -> None:
        """Each function takes its part out of a moment, in UTC."""
        assert expected == taken(function, "2025-01-01T01:30:00+02:00")

    @pytest.mark.parametrize("value", [None, "***", "1980", 5, "0001-01-01T00:00:00+05:00"])
    def test_no_date(self, value: Value) -> None:
        """What is no date, or was masked and is none any more, has no parts."""
        assert taken("CALENDAR_YEAR", value) is None


class TestPatterns:
    @pytest.mark.parametrize(
        ("pattern", "value", "expected"),
        [
            ("abc", "ABC", True),
            ("abc", "abcd", False),
            ("a%", "abc", True),
            ("%c", "abc", True),
            ("%b%", "abc", True),
            ("a%c", "ac", True),
            ("a%b%c", "axxbyyc", True),
            ("a%b%c", "axxcyyb", False),
            ("a_c", "abc", True),
            ("a_c", "ac", False),
            ("%", "", True),
            ("ab%ab", "ab", False),
            ("%_b_%", "abc", True),
        ],
    )
    def test_like(self, pattern: str, value: str, expected: bool) -> None:  # noqa: FBT001 -- a column of the table
        """A pattern finds what the vendor's does."""
        assert expected is like(value, String(pattern))

    def test_escaped(self) -> None:
        """An escaped wildcard is a plain character, and what is no text looks like nothing."""
        assert [True, False, False] == [like(value, String("a%", (1,))) for value in ("a%", "ab", None)]

    def test_many_wildcards(self) -> None:
        """A hostile pattern does not take its time."""
        assert not like("a" * 2000, String("%a" * 200 + "b"))
