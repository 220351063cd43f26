"""The objects of the sandbox's org that are about business: accounts, opportunities, cases, tasks, the org itself."""

from __future__ import annotations

from typing import Final

from policy_gateway_salesforce.sandbox.people import LEAD_SOURCES
from policy_gateway_salesforce.sandbox.schema import (
    Child,
    Column,
    Kind,
    Type,
    address,
    area,
    choice,
    day,
    flag,
    number,
    owner,
    phone,
    read_only,
    reference,
    system,
    text,
)

INDUSTRIES: Final = (
    "Banking",
    "Construction",
    "Energy",
    "Engineering",
    "Food & Beverage",
    "Insurance",
    "Manufacturing",
    "Media",
    "Retail",
    "Transportation",
)
ACCOUNT_TYPES: Final = ("Prospect", "Customer - Direct", "Customer - Channel", "Other")
STAGES: Final = ("Prospecting", "Qualification", "Proposal/Price Quote", "Closed Won", "Closed Lost")
CASE_STATUSES: Final = ("New", "Working", "Escalated", "Closed")
CASE_ORIGINS: Final = ("Phone", "Email", "Web")
PRIORITIES: Final = ("High", "Medium", "Low")
TASK_STATUSES: Final = ("Not Started", "In Progress", "Completed", "Waiting on someone else", "Deferred")

ACCOUNT: Final = Kind(
    "Account",
    "Account",
    "Accounts",
    "001",
    (
        *system("Account"),
        text("Name", "Account Name", 255, nillable=False, name_field=True),
        choice("Type", "Account Type", ACCOUNT_TYPES),
        reference("ParentId", "Parent Account ID", "Account"),
        *address("Billing", "Billing"),
        phone("Phone", "Account Phone"),
        phone("Fax", "Account Fax"),
        Column("Website", "Website", Type.URL, 255),
        choice("Industry", "Industry", INDUSTRIES),
        number("AnnualRevenue", "Annual Revenue", 18, 0, Type.CURRENCY),
        number("NumberOfEmployees", "Employees", 8, 0, Type.INT),
        area("Description", "Account Description", 32000),
        owner("Owner ID"),
    ),
    children=(
        Child("ChildAccounts", "Account", "ParentId"),
        Child("Contacts", "Contact", "AccountId", cascade=True),
        Child("Opportunities", "Opportunity", "AccountId", cascade=True),
        Child("Cases", "Case", "AccountId"),
        Child("Tasks", "Task", "WhatId", cascade=True),
    ),
)

OPPORTUNITY: Final = Kind(
    "Opportunity",
    "Opportunity",
    "Opportunities",
    "006",
    (
        *system("Opportunity"),
        reference("AccountId", "Account ID", "Account"),
        text("Name", "Name", 120, nillable=False, name_field=True),
        area("Description", "Description", 32000),
        choice("StageName", "Stage", STAGES, nillable=False),
        number("Amount", "Amount", 18, 2, Type.CURRENCY),
        number("Probability", "Probability (%)", 3),
        day("CloseDate", "Close Date", nillable=False),
        choice("LeadSource", "Lead Source", LEAD_SOURCES),
        read_only(flag("IsClosed", "Closed")),
        read_only(flag("IsWon", "Won")),
        owner("Owner ID"),
    ),
    children=(Child("Tasks", "Task", "WhatId", cascade=True),),
)

CASE: Final = Kind(
    "Case",
    "Case",
    "Cases",
    "500",
    (
        *system("Case"),
        read_only(text("CaseNumber", "Case Number", 30, nillable=False, name_field=True, lookup=True)),
        reference("ContactId", "Contact ID", "Contact"),
        reference("AccountId", "Account ID", "Account"),
        choice("Type", "Case Type", "Question|Problem|Complaint"),
        choice("Status", "Status", CASE_STATUSES, default="New"),
        choice("Origin", "Case Origin", CASE_ORIGINS),
        text("Subject", "Subject", 255),
        choice("Priority", "Priority", PRIORITIES, default="Medium"),
        area("Description", "Description", 32000),
        read_only(flag("IsClosed", "Closed")),
        read_only(Column("ClosedDate", "Closed Date", Type.DATETIME)),
        owner("Owner ID", "Group|User"),
    ),
    children=(Child("Tasks", "Task", "WhatId", cascade=True),),
)

TASK: Final = Kind(
    "Task",
    "Task",
    "Tasks",
    "00T",
    (
        *system("Task"),
        reference("WhoId", "Name ID", "Contact|Lead"),
        reference("WhatId", "Related To ID", "Account|Opportunity|Case"),
        Column("Subject", "Subject", Type.COMBOBOX, 255, name_field=True),
        day("ActivityDate", "Due Date Only"),
        choice("Status", "Status", TASK_STATUSES, nillable=False, default=TASK_STATUSES[0]),
        choice("Priority", "Priority", ("High", "Normal", "Low"), nillable=False, default="Normal"),
        area("Description", "Description", 32000),
        read_only(flag("IsClosed", "Closed")),
        owner("Assigned To ID", "Group|User"),
    ),
)

ORGANIZATION: Final = Kind(
    "Organization",
    "Organization",
    "Organizations",
    "00D",
    (
        read_only(Column("Id", "Organization ID", Type.ID, 18, nillable=False, lookup=True)),
        text("Name", "Name", 80, nillable=False, name_field=True),
        text("InstanceName", "Instance Name", 5),
        flag("IsSandbox", "Is Sandbox"),
        choice("OrganizationType", "Edition", "Developer Edition|Enterprise Edition|Unlimited Edition"),
        text("NamespacePrefix", "Namespace Prefix", 15),
        Column("TrialExpirationDate", "Trial Expiration Date", Type.DATETIME),
        choice("LanguageLocaleKey", "Language", "de|en_US|fr"),
        text("Country", "Country", 80),
    ),
    writable=False,
    searchable=False,
)
