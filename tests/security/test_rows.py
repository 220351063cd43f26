"""Which rows of the table of attacks have a test: all that this release has a surface for, or a reason why not."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[2]
MARK = re.compile(r"attack\(([^)]*)\)")
ROW = re.compile(r"\"([A-K][0-9]{2})\"")


def every_other(letter: str, first: int, last: int) -> Iterable[str]:
    """Return the odd rows of one table."""
    return (f"{letter}{number:02}" for number in range(first, last + 1, 2))


REQUIRED = frozenset(
    [
        *every_other("A", 1, 29),
        *every_other("B", 1, 43),
        *every_other("C", 1, 19),
        *every_other("D", 1, 19),
        *every_other("E", 1, 29),
        *every_other("F", 1, 25),
        *("G15", "G17", "G19", "G23", "G27"),
        *every_other("H", 1, 29),
        *("I11", "I15", "I17", "I19", "I21"),
        *("J01", "J07", "J09"),
    ]
)
NOT_YET = {
    "F19": "no adapter has tokens that are refreshed: HubSpot's are private-app tokens, Tryton's sessions are its own",
    "F25": "nothing signed comes in: there are no webhooks",
}
"""Rows without a surface, each with the reason; whoever builds the surface takes the row out of here."""


def marked() -> frozenset[str]:
    """Return every row that a test is marked with."""
    tests = [*ROOT.glob("tests/**/test_*.py"), *ROOT.glob("plugins/*/tests/test_*.py")]
    marks = (mark for path in tests for mark in MARK.findall(path.read_text()))
    return frozenset(row for mark in marks for row in ROW.findall(mark))


class TestRows:
    def test_required(self) -> None:
        """Each row of this release has a test, or a reason why it cannot have one yet."""
        assert [] == sorted(REQUIRED - marked() - NOT_YET.keys())

    def test_reasons(self) -> None:
        """A row that has a test has no excuse, and only required rows need one."""
        assert [] == sorted(NOT_YET.keys() & marked())
        assert [] == sorted(NOT_YET.keys() - REQUIRED)
