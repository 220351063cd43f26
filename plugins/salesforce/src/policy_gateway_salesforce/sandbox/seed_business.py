"""The business of the sandbox's org, the same for the same seed: accounts, opportunities, cases and tasks."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from policy_gateway_salesforce.sandbox import business, names, people
from policy_gateway_salesforce.sandbox.ids import numbered
from policy_gateway_salesforce.sandbox.seed_people import ACCOUNTS, CONTACTS
from policy_gateway_salesforce.sandbox.staff import (
    FIRST,
    Rows,
    ascii_of,
    chance_of,
    organization,
    owner,
    stamped,
    user_id,
)
from policy_gateway_salesforce.sandbox.wire import Json

OPPORTUNITIES: Final = 150
CASES: Final = 300
TASKS: Final = 300
_DAUGHTERS_FROM: Final = 80
_PARENTS_BEFORE: Final = 20
_DAY: Final = date(2024, 1, 8)


def organizations(seed: int) -> Rows:
    """Yield the org itself."""
    yield {
        "Id": organization(seed),
        "Name": "Contact Center",
        "InstanceName": "EU99",
        "IsSandbox": True,
        "OrganizationType": "Developer Edition",
        "LanguageLocaleKey": "de",
        "Country": "DE",
    }


def accounts(seed: int) -> Rows:
    """Yield the firms."""
    chance = chance_of("accounts", seed)
    for index in range(ACCOUNTS):
        stem = names.COMPANY_STEMS[index % len(names.COMPANY_STEMS)]
        trade = names.COMPANY_TRADES[index // len(names.COMPANY_STEMS)]
        city, postal, prefix = chance.choice(names.GERMANY.cities)
        people_there = chance.choice((8, 25, 60, 140, 320, 1100))
        values: dict[str, Json] = {
            "Name": f"{stem} {trade} {chance.choice(names.COMPANY_FORMS)}",
            "Website": f"https://{ascii_of(stem)}-{ascii_of(trade)}.example.com",
            "Phone": f"{prefix}{900 + index % 100}",
            "BillingStreet": f"{chance.choice(names.GERMANY.streets)} {chance.randint(1, 120)}",
            "BillingCity": city,
            "BillingPostalCode": postal,
            "BillingCountry": "Germany",
            "Industry": chance.choice(business.INDUSTRIES),
            "Type": chance.choice(business.ACCOUNT_TYPES),
            "NumberOfEmployees": people_there,
            "AnnualRevenue": people_there * float(chance.randint(90, 210) * 1000),
            "ParentId": numbered("001", FIRST + index - _PARENTS_BEFORE) if index >= _DAUGHTERS_FROM else None,
            "OwnerId": user_id(owner(index)),
        }
        yield stamped("001", index, values, chance)


def opportunities(seed: int) -> Rows:
    """Yield what may be sold to the firms."""
    chance = chance_of("opportunities", seed)
    for index in range(OPPORTUNITIES):
        stage = chance.choice(business.STAGES)
        values: dict[str, Json] = {
            "Name": f"{chance.choice(names.COMPANY_TRADES)} {2024 + index % 3}",
            "AccountId": numbered("001", FIRST + index % ACCOUNTS),
            "StageName": stage,
            "Amount": float(chance.randint(5, 900) * 100),
            "Probability": float(business.STAGES.index(stage) * 20),
            "CloseDate": (_DAY + timedelta(days=chance.randint(0, 900))).isoformat(),
            "LeadSource": chance.choice(people.LEAD_SOURCES),
            "IsClosed": stage.startswith("Closed"),
            "IsWon": stage == "Closed Won",
            "OwnerId": user_id(owner(index)),
        }
        yield stamped("006", index, values, chance)


def cases(seed: int) -> Rows:
    """Yield what contacts asked or complained about."""
    chance = chance_of("cases", seed)
    for index in range(CASES):
        status = chance.choice(business.CASE_STATUSES)
        contact = index * 3 % CONTACTS
        values: dict[str, Json] = {
            "CaseNumber": f"{index + 1001:08d}",
            "ContactId": numbered("003", FIRST + contact),
            "AccountId": numbered("001", FIRST + contact % ACCOUNTS) if contact % 4 == 0 else None,
            "Type": chance.choice(("Question", "Problem", "Complaint", None)),
            "Status": status,
            "Origin": chance.choice(business.CASE_ORIGINS),
            "Subject": chance.choice(names.SUBJECTS),
            "Priority": chance.choice(business.PRIORITIES),
            "Description": chance.choice((*names.NOTES, None)),
            "IsClosed": status == "Closed",
            "OwnerId": user_id(owner(index)),
        }
        yield stamped("500", index, values, chance)


def tasks(seed: int) -> Rows:
    """Yield what is to be done with contacts, and about firms."""
    chance = chance_of("tasks", seed)
    for index in range(TASKS):
        status = chance.choice(business.TASK_STATUSES[:3])
        values: dict[str, Json] = {
            "WhoId": numbered("003", FIRST + index * 2) if index % 5 else numbered("00Q", FIRST + index % 100),
            "WhatId": numbered("001", FIRST + index % ACCOUNTS) if index % 3 == 0 else None,
            "Subject": chance.choice(("Call", "Send Letter", "Send Quote", "Email")),
            "ActivityDate": (_DAY + timedelta(days=chance.randint(0, 900))).isoformat(),
            "Status": status,
            "Priority": chance.choice(("High", "Normal", "Low")),
            "IsClosed": status == "Completed",
            "OwnerId": user_id(owner(index)),
        }
        yield stamped("00T", index, values, chance)
