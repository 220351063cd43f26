"""How long SOQL takes from its text to its fields, and to what it asks of the gateway; and how that grows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from figures import Rounds, Row, Table, Target, cpu_of, report, short
from policy_gateway_salesforce.facade.meaning.plans import plan_query
from policy_gateway_salesforce.soql import parse_soql, references
from policy_gateway_salesforce.soql.lexer import Cursor

ORDINARY = (
    "SELECT Id, FirstName, LastName, Email, Phone, Account.Name, (SELECT Id, Subject, Status FROM Cases LIMIT 5) "
    "FROM Contact WHERE Email LIKE 'jane%' AND CreatedDate > LAST_N_DAYS:30 AND (MailingCity IN ('Berlin', 'Bonn') "
    "OR Account.Industry = 'Media') ORDER BY LastName ASC NULLS LAST LIMIT 50"
)
GROUPED = "SELECT LeadSource, COUNT(Id) n, MAX(CreatedDate) FROM Contact GROUP BY LeadSource HAVING COUNT(Id) > 5"
WHERE, AN_ID, A_CONDITION = "SELECT Id FROM Contact WHERE", "'003xx000004TmiQAAS'", "Account.Name = 'x'"
LENGTH = 100_000
ORDINARY_MS, LONG_MS, GROWTH = 0.3, 100.0, 2.4
TODAY = date(2026, 5, 13)

TOKENS, FIELDS, PLAN, FIGURES = "its tokens alone", "its fields", "what it asks", "what it asks, grouped"
LISTED, CHAINED, SELECTED = "ids in a list", "conditions in a chain", "fields in a list"


def long(shape: str, length: int) -> str:
    """Return a query of one *shape*, nearly *length* characters long."""
    match shape:
        case "ids in a list":
            return f"{WHERE} Id IN ({joined(AN_ID, ', ', length)})"
        case "conditions in a chain":
            return f"{WHERE} {joined(A_CONDITION, ' AND ', length)}"
        case _:
            return joined("MailingPostalCode__c", ", ", length).join(("SELECT ", " FROM Contact"))


def joined(part: str, between: str, length: int) -> str:
    """Return as many of *part* as fit in nearly *length* characters."""
    return between.join([part] * (length // len(part + between) - 3))


def read(text: str) -> object:
    """Return the fields of *text*."""
    return references(parse_soql(text))


def measure(rounds: int, quick: bool) -> Table:  # noqa: FBT001 -- as run.py says it
    """Measure interleaved rounds."""
    at_least = 0.02 if quick else 0.2
    work: dict[str, Callable[[], object]] = {
        TOKENS: lambda: Cursor(ORDINARY),
        FIELDS: lambda: read(ORDINARY),
        PLAN: lambda: plan_query(ORDINARY, lambda _: (), TODAY),
        FIGURES: lambda: plan_query(GROUPED, lambda _: (), TODAY),
    }
    texts = {shape: (long(shape, LENGTH), long(shape, LENGTH // 2)) for shape in (LISTED, CHAINED, SELECTED)}
    timed = Rounds()
    for _ in range(rounds):
        for name, each in work.items():
            timed.add(name, ms=cpu_of(each, at_least=at_least) * 1e3)
        for shape, (whole, half) in texts.items():
            ms = cpu_of(lambda text=whole: read(text), at_least=at_least) * 1e3  # type: ignore[misc]  # a text
            halved = cpu_of(lambda text=half: read(text), at_least=at_least) * 1e3  # type: ignore[misc]  # a text
            timed.add(shape, ms=ms, growth=ms / halved)
    return _table(timed)


def _table(timed: Rounds) -> Table:
    rows = [
        Row(name, (short(timed.median(name, "ms")), ""), timed.raw[name]) for name in (TOKENS, FIELDS, PLAN, FIGURES)
    ]
    longest, steepest = 0.0, 0.0
    for shape in (LISTED, CHAINED, SELECTED):
        ms, growth = timed.median(shape, "ms"), timed.median(shape, "growth")
        longest, steepest = max(longest, ms), max(steepest, growth)
        rows.append(Row(f"100 kB of {shape}: its fields", (short(ms), short(growth)), timed.raw[shape]))
    ordinary = timed.median(FIELDS, "ms")
    return Table(
        title="Reading SOQL",
        method=(
            "CPU of one thread, in process. An ordinary query of 300 characters with a relationship, children, five "
            "conditions and an order: split into tokens, then into a tree with its fields and their uses, then into "
            "what is asked of the gateway. Long ones also beside themselves of half the length."
        ),
        columns=("", "ms", "times half as long"),
        rows=tuple(rows),
        targets=(
            Target(f"an ordinary query in at most {ORDINARY_MS} ms", f"{short(ordinary)} ms", ordinary <= ORDINARY_MS),
            Target(f"100 kB in at most {LONG_MS:.0f} ms", f"{short(longest)} ms", longest <= LONG_MS),
            Target(f"at most {GROWTH} times for twice the length", short(steepest), steepest <= GROWTH),
        ),
    )


if __name__ == "__main__":
    report(measure)
