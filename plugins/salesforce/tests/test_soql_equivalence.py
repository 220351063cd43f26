"""What a query asks of the gateway finds, by the adapter, what the query itself finds in the org."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from policy_gateway.crm.naming import Names
from policy_gateway.model.field import FieldType, Value
from policy_gateway.query import Call, Query
from policy_gateway_salesforce.adapter import SalesforceAdapter
from policy_gateway_salesforce.facade.meaning.plans import Plan, plan_query
from policy_gateway_salesforce.facade.meaning.searches import plan_search
from policy_gateway_salesforce.facade.rows.aggregates import summarize

pytestmark = pytest.mark.anyio

Rows = Callable[[str], list[dict[str, Any]]]
TYPES = {"CreatedDate": FieldType.DATETIME, "Credit_Score__c": FieldType.DECIMAL, "Amount": FieldType.DECIMAL}


async def released(adapter: SalesforceAdapter, plan: Plan) -> list[dict[str, Value]]:
    """Return the records that *plan* asks for, all pages of them, by the words of the query."""
    catalogue = await adapter.catalogue()
    call, _ = Names(catalogue).own(Call("crm", plan.query, dialect="salesforce"))
    assert isinstance(call.operation, Query)
    words: Mapping[str, str] = call.words or {}
    found: list[dict[str, Value]] = []
    query = call.operation
    while True:
        page = await adapter.read(query)
        found += [{words[path]: value for path, value in one.values.items() if path in words} for one in page.records]
        if page.cursor is None:
            return found
        query = replace(query, cursor=page.cursor)


def planned(text: str) -> Plan:
    """Return the plan of *text*, asked today."""
    return plan_query(text, lambda _: (), datetime.now(UTC).date())


CONDITIONS = (
    "LastName = 'x'",
    "LastName != 'x'",
    "LastName LIKE 'B%'",
    "LastName LIKE '%er%'",
    "LastName LIKE '%ER%' OR FirstName LIKE 'a%'",
    "(NOT LastName LIKE 'B%')",
    "Email = null",
    "Email != null",
    "Email = ''",
    "MailingCity IN ('Berlin', 'Hamburg', null)",
    "MailingCity NOT IN ('Berlin', 'Hamburg')",
    "MailingCity NOT IN ('Berlin', null)",
    "MailingCity != 'Berlin' AND Email != null",
    "NOT (MailingCity = 'Berlin' OR MailingCity = null)",
    "Credit_Score__c > 500",
    "Credit_Score__c <= 500.5",
    "NOT Credit_Score__c > 500",
    "Credit_Score__c != 500",
    "VIP__c = TRUE",
    "VIP__c != TRUE",
    "DoNotCall = false",
    "Birthdate < 1980-01-01",
    "Birthdate >= 1980-01-01 AND Birthdate < 1990-01-01",
    "NOT Birthdate < 1980-01-01",
    "Birthdate = null",
    "CreatedDate > 2024-01-01T00:00:00Z",
    "CreatedDate >= 2025-01-01T00:00:00.000+02:00",
    "CreatedDate = TODAY",
    "CreatedDate != TODAY",
    "CreatedDate = LAST_N_DAYS:400",
    "CreatedDate < LAST_N_DAYS:400",
    "CreatedDate > LAST_YEAR",
    "CreatedDate >= LAST_YEAR",
    "CreatedDate <= LAST_YEAR",
    "CreatedDate = THIS_YEAR",
    "CreatedDate = LAST_N_MONTHS:9",
    "CreatedDate < THIS_QUARTER",
    "Birthdate < LAST_N_YEARS:30",
    "Consents__c INCLUDES ('marketing_email')",
    "Consents__c INCLUDES ('marketing_email;marketing_phone', 'survey_email')",
    "Consents__c EXCLUDES ('marketing_email')",
    "Account.Name LIKE 'A%'",
    "Account.Industry != null",
    "Account.Industry = 'Media' OR LastName LIKE 'M%'",
    "(NOT Account.Name LIKE 'A%')",
    "AccountId IN (SELECT Id FROM Account WHERE Industry != null)",
    "AccountId NOT IN (SELECT AccountId FROM Opportunity WHERE Amount > 10000)",
    "Id IN (SELECT ContactId FROM Case)",
)


async def test_conditions(adapter: SalesforceAdapter, rows: Rows) -> None:
    """A condition finds the same records."""
    different = []
    for condition in CONDITIONS:
        text = f"SELECT Id FROM Contact WHERE {condition}"
        ours = [str(row["Id"]) for row in await released(adapter, planned(text))]
        theirs = [row["Id"] for row in rows(text)]
        if sorted(theirs) != sorted(ours):
            different.append((condition, len(theirs), len(ours)))
    assert [] == different


@pytest.mark.parametrize(
    "order",
    [
        "LastName",
        "MailingCity DESC",
        "MailingCity NULLS LAST",
        "Birthdate DESC NULLS LAST",
        "Account.Name, LastName DESC",
    ],
)
async def test_order(order: str, adapter: SalesforceAdapter, rows: Rows) -> None:
    """An order, a limit and an offset leave the same records in the same places."""
    text = f"SELECT Id, LastName FROM Contact ORDER BY {order}, Id LIMIT 25 OFFSET 5"
    plan = planned(text)
    ours = [row["Id"] for row in plan.kept(await released(adapter, plan))]
    assert [row["Id"] for row in rows(text)] == ours


@pytest.mark.parametrize(
    "text",
    [
        "SELECT COUNT(Email) n, COUNT_DISTINCT(MailingCity) c, MAX(LastName) FROM Contact",
        "SELECT SUM(Credit_Score__c) s, AVG(Credit_Score__c), MIN(Credit_Score__c), MAX(Credit_Score__c) FROM Contact",
        "SELECT SUM(Amount), MIN(CloseDate) FROM Opportunity WHERE Amount = -1",
        "SELECT MailingCity, COUNT(Id) n FROM Contact GROUP BY MailingCity ORDER BY COUNT(Id) DESC, MailingCity",
        "SELECT MailingCity m, COUNT(Id) FROM Contact GROUP BY MailingCity HAVING COUNT(Id) > 2 ORDER BY MailingCity",
        "SELECT Account.BillingCity, COUNT(Id) FROM Contact GROUP BY Account.BillingCity ORDER BY COUNT(Id) DESC",
        "SELECT CALENDAR_YEAR(CreatedDate) y, COUNT(Id) FROM Contact GROUP BY CALENDAR_YEAR(CreatedDate) ORDER BY y",
        "SELECT Title, VIP__c v, GROUPING(VIP__c) g FROM Contact GROUP BY ROLLUP(Title, VIP__c) ORDER BY Title, g, v",
    ],
)
async def test_figures(text: str, adapter: SalesforceAdapter, rows: Rows) -> None:
    """Groups and figures of released records are those of the org, when everything is released."""
    plan = planned(text)
    assert plan.summary is not None
    ours = plan.kept(summarize(plan.summary, await released(adapter, plan), TYPES.get))
    assert rows(text) == list(ours)


@pytest.mark.parametrize(
    "text",
    [
        "FIND {Berlin} RETURNING Contact(Id)",
        "FIND {Mar*} IN NAME FIELDS RETURNING Contact(Id, Name WHERE MailingCity != null), Account(Id)",
        "FIND {Anna OR Mar*} IN NAME FIELDS RETURNING Contact(Id ORDER BY LastName)",
        "FIND {example.com} IN EMAIL FIELDS RETURNING Contact(Id)",
        "FIND {Mar* AND NOT Maria} IN NAME FIELDS RETURNING Contact(Id)",
    ],
)
async def test_searches(text: str, adapter: SalesforceAdapter, ask: Callable[..., Any]) -> None:
    """A search finds the same records, as far as the org's words and beginnings of words are the same."""
    theirs = [
        row["attributes"]["url"].rpartition("/")[2]
        for row in ask(f"GET /services/data/v59.0/search?q={text}").told["searchRecords"]
    ]
    plan = plan_search(text, lambda _: (), datetime.now(UTC).date())
    ours = [str(row["Id"]) for part in plan.parts for row in await released(adapter, part)]
    assert sorted(theirs) == sorted(ours)
