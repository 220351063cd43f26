"""The properties of the sandbox's portal: what the vendor defines, and what a contact center added."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from policy_gateway_hubspot.sandbox.wire import Json

DEFINED_AT: Final = "2023-02-01T08:00:00.000Z"


def singular_of(kind: str) -> str:
    """Return what one record of a kind is called."""
    return "company" if kind == "companies" else kind.removesuffix("s")


@dataclass(frozen=True, slots=True)
class Property:
    """One property definition; *options* are the values of an enumeration, *custom* tells the firm's own."""

    name: str
    label: str
    type: str = "string"
    field_type: str = "text"
    options: tuple[str, ...] = ()
    read_only: bool = False
    calculated: bool = False
    unique: bool = False
    hidden: bool = False
    custom: bool = False
    references: str = ""
    formula: str = ""

    def described(self, kind: str) -> dict[str, Json]:
        """Return the definition as the properties API shows it."""
        described: dict[str, Json] = {
            "name": self.name,
            "label": self.label,
            "type": self.type,
            "fieldType": self.field_type,
            "description": "",
            "groupName": f"{singular_of(kind)}_custom" if self.custom else f"{singular_of(kind)}information",
            "options": [
                {"label": option, "value": option, "displayOrder": order, "hidden": False, "description": ""}
                for order, option in enumerate(self.options)
            ],
            "displayOrder": -1,
            "calculated": self.calculated,
            "externalOptions": bool(self.references),
            "hasUniqueValue": self.unique,
            "hidden": self.hidden,
            "hubspotDefined": not self.custom,
            "formField": not self.read_only,
            "archived": False,
            "dataSensitivity": "non_sensitive",
            "createdAt": DEFINED_AT,
            "updatedAt": DEFINED_AT,
            "modificationMetadata": {
                "archivable": self.custom,
                "readOnlyDefinition": not self.custom,
                "readOnlyValue": self.read_only,
            },
        }
        if self.references:
            described["referencedObjectType"] = self.references
        if self.formula:
            described["calculationFormula"] = self.formula
        return described


def _stamps(changed: str) -> tuple[Property, ...]:
    return (
        Property("hs_object_id", "Record ID", "number", "number", read_only=True),
        Property("createdate", "Create Date", "datetime", "date", read_only=True),
        Property(changed, "Last Modified Date", "datetime", "date", read_only=True),
    )


def _calculated(name: str, label: str) -> Property:
    return Property(name, label, read_only=True, calculated=True, hidden=True)


_YES_NO: Final = ("true", "false")
_OWNER: Final = Property("hubspot_owner_id", "Contact owner", "enumeration", "select", references="OWNER")

CONSENTS: Final = (
    "marketing_email",
    "marketing_phone",
    "marketing_sms",
    "marketing_whatsapp",
    "survey_email",
    "survey_phone",
)
LANGUAGES: Final = ("de", "en", "fr", "it", "nl", "pl")
LEAD_SOURCES: Final = ("web_form", "trade_fair", "referral", "inbound_call", "partner", "newsletter")

_CONTACTS: Final = (
    *_stamps("lastmodifieddate"),
    Property("firstname", "First Name"),
    Property("lastname", "Last Name"),
    Property("email", "Email", unique=True),
    Property("phone", "Phone Number", field_type="phonenumber"),
    Property("mobilephone", "Mobile Phone Number", field_type="phonenumber"),
    Property("address", "Street Address"),
    Property("city", "City"),
    Property("zip", "Postal Code"),
    Property("state", "State/Region"),
    Property("country", "Country/Region"),
    Property("salutation", "Salutation"),
    Property("jobtitle", "Job Title"),
    Property("company", "Company Name"),
    Property("website", "Website URL"),
    Property("hs_language", "Preferred language", "enumeration", "select", LANGUAGES),
    Property("associatedcompanyid", "Primary Associated Company ID", "number", "number"),
    _OWNER,
    Property(
        "hs_lead_status",
        "Lead Status",
        "enumeration",
        "radio",
        ("NEW", "OPEN", "IN_PROGRESS", "CONNECTED", "UNQUALIFIED"),
    ),
    Property("lifecyclestage", "Lifecycle Stage", "enumeration", "radio", ("subscriber", "lead", "customer", "other")),
    Property(
        "hs_legal_basis",
        "Legal basis for processing contact's data",
        "enumeration",
        "checkbox",
        (
            "Legitimate interest - existing customer",
            "Performance of a contract",
            "Freely given consent from contact",
        ),
    ),
    Property("hs_email_optout", "Unsubscribed from all email", "bool", "booleancheckbox", _YES_NO, read_only=True),
    Property("notes_last_contacted", "Last Contacted", "datetime", "date", read_only=True),
    Property(
        "hs_email_domain",
        "Email Domain",
        read_only=True,
        calculated=True,
        formula='substring(string(email), index_of(string(email), "@"))',
    ),
    Property(
        "hs_full_name_or_email",
        "Full name or email",
        read_only=True,
        calculated=True,
        hidden=True,
        formula='if is_present(firstname) then concatenate(firstname, " ", lastname) else email',
    ),
    _calculated("hs_searchable_calculated_phone_number", "Calculated Phone Number without country code"),
    _calculated("hs_searchable_calculated_mobile_number", "Calculated Mobile Number without country code"),
    Property("date_of_birth", "Date of birth", "date", "date", custom=True),
    Property("iban", "IBAN", custom=True),
    Property("service_notes", "Service notes", field_type="textarea", custom=True),
    Property("account_team", "Account team", custom=True),
    Property("lead_source", "Lead source", "enumeration", "select", LEAD_SOURCES, custom=True),
    Property("customer_number", "Customer number", unique=True, custom=True),
    Property("marketing_consents", "Consents", "enumeration", "checkbox", CONSENTS, custom=True),
    Property("do_not_call", "Do not call", "bool", "booleancheckbox", _YES_NO, custom=True),
    Property("vip", "VIP", "bool", "booleancheckbox", _YES_NO, custom=True),
    Property("credit_score", "Credit score", "number", "number", custom=True),
)

INDUSTRIES: Final = (
    "AUTOMOTIVE",
    "BANKING",
    "CONSTRUCTION",
    "FOOD_PRODUCTION",
    "INSURANCE",
    "LOGISTICS_AND_SUPPLY_CHAIN",
    "RENEWABLES_ENVIRONMENT",
    "RETAIL",
)

_COMPANIES: Final = (
    *_stamps("hs_lastmodifieddate"),
    Property("name", "Company name"),
    Property("domain", "Company Domain Name"),
    Property("website", "Website URL"),
    Property("phone", "Phone Number", field_type="phonenumber"),
    Property("address", "Street Address"),
    Property("city", "City"),
    Property("zip", "Postal Code"),
    Property("country", "Country/Region"),
    Property("industry", "Industry", "enumeration", "select", INDUSTRIES),
    _calculated("hs_searchable_calculated_phone_number", "Calculated Phone Number without country code"),
    Property("numberofemployees", "Number of Employees", "number", "number"),
    Property("description", "Description", field_type="textarea"),
    _OWNER,
)

_DEALS: Final = (
    *_stamps("hs_lastmodifieddate"),
    Property("dealname", "Deal Name"),
    Property("amount", "Amount", "number", "number"),
    Property("pipeline", "Pipeline", "enumeration", "select", ("default",)),
    Property("dealstage", "Deal Stage", "enumeration", "radio", ("appointmentscheduled", "closedwon", "closedlost")),
    Property("closedate", "Close Date", "datetime", "date"),
    _OWNER,
)

_TICKETS: Final = (
    *_stamps("hs_lastmodifieddate"),
    Property("subject", "Ticket name"),
    Property("content", "Ticket description", field_type="textarea"),
    Property("hs_pipeline", "Pipeline", "enumeration", "select", ("0",)),
    Property("hs_pipeline_stage", "Ticket status", "enumeration", "select", ("1", "2", "3", "4")),
    _OWNER,
)

_LEADS: Final = (*_stamps("hs_lastmodifieddate"), Property("hs_lead_name", "Lead name"), _OWNER)


@dataclass(frozen=True, slots=True)
class Kind:
    """An object type: its id, which properties come unasked, and which property says when it changed."""

    name: str
    type_id: str
    properties: tuple[Property, ...]
    shown: tuple[str, ...]
    changed: str = "hs_lastmodifieddate"

    @property
    def singular(self) -> str:
        """Return what one record is called."""
        return singular_of(self.name)

    @property
    def always(self) -> tuple[str, ...]:
        """Return the properties that come with every answer, asked for or not."""
        return ("createdate", "hs_object_id", self.changed)


KINDS: Final = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            Kind("contacts", "0-1", _CONTACTS, ("firstname", "lastname", "email"), "lastmodifieddate"),
            Kind("companies", "0-2", _COMPANIES, ("name", "domain")),
            Kind("deals", "0-3", _DEALS, ("dealname", "amount", "closedate", "pipeline", "dealstage")),
            Kind("tickets", "0-5", _TICKETS, ("subject", "content", "hs_pipeline", "hs_pipeline_stage")),
            Kind("leads", "0-136", _LEADS, ("hs_lead_name",)),
        )
    }
)

ALIASES: Final = MappingProxyType(
    {alias: kind.name for kind in KINDS.values() for alias in (kind.name, kind.singular, kind.type_id)}
)
