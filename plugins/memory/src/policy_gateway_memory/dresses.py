"""The names of HubSpot and Salesforce for what the CRM in a dict holds, and ids as an org shapes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from policy_gateway_memory.dressing import Clothes, Dress

_CONTACT: Final = (
    *("id", "first_name", "last_name", "name", "email", "phone", "mobile", "street", "city", "postal_code", "country"),
    *("birthdate", "iban", "notes", "language", "company", "owner", "team", "lead_source", "customer_number"),
    *("consents", "do_not_call", "vip", "credit_score", "created_at", "updated_at", "memory.shoe_size"),
)
_COMPANY: Final = (
    *("id", "name", "domain", "phone", "street", "city", "postal_code", "country", "industry", "owner"),
    *("created_at", "updated_at"),
)

_SALESFORCE: Final[Mapping[str, Mapping[str, str]]] = {
    "contact": dict(
        zip(
            _CONTACT,
            (
                *("Id", "FirstName", "LastName", "Name", "Email", "Phone", "MobilePhone", "MailingStreet"),
                *("MailingCity", "MailingPostalCode", "MailingCountry", "Birthdate", "IBAN__c", "Service_Notes__c"),
                *("Language__c", "AccountId", "OwnerId", "Team__c", "LeadSource", "Customer_Number__c", "Consents__c"),
                *("DoNotCall", "VIP__c", "Credit_Score__c", "CreatedDate", "LastModifiedDate", "Shoe_Size__c"),
            ),
            strict=True,
        )
    ),
    "company": dict(
        zip(
            _COMPANY,
            (
                *("Id", "Name", "Website", "Phone", "BillingStreet", "BillingCity", "BillingPostalCode"),
                *("BillingCountry", "Industry", "OwnerId", "CreatedDate", "LastModifiedDate"),
            ),
            strict=True,
        )
    ),
}
_HUBSPOT: Final[Mapping[str, Mapping[str, str]]] = {
    "contact": dict(
        zip(
            _CONTACT,
            (
                *("hs_object_id", "firstname", "lastname", "firstname+lastname", "email", "phone", "mobilephone"),
                *("address", "city", "zip", "country", "date_of_birth", "iban", "service_notes", "hs_language"),
                *("associatedcompanyid", "hubspot_owner_id", "account_team", "lead_source", "customer_number"),
                *("marketing_consents", "do_not_call", "vip", "credit_score", "createdate", "lastmodifieddate"),
                "shoe_size",
            ),
            strict=True,
        )
    ),
    "company": dict(
        zip(
            _COMPANY,
            (
                *("hs_object_id", "name", "domain", "phone", "address", "city", "zip", "country", "industry"),
                *("hubspot_owner_id", "createdate", "hs_lastmodifieddate"),
            ),
            strict=True,
        )
    ),
}

_CHECK: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_PREFIXES: Final[Mapping[str, str]] = {"contact": "003", "company": "001"}


def org_id(resource: str, number: str) -> str:
    """Return the id of 18 characters that the record *number* of *resource* has in an org."""
    short = f"{_PREFIXES[resource]}{number:0>12}"
    checks = (
        _CHECK[sum(1 << place for place, letter in enumerate(short[start : start + 5]) if "A" <= letter <= "Z")]
        for start in (0, 5, 10)
    )
    return short + "".join(checks)


SALESFORCE: Final = Dress(
    "salesforce",
    {
        "contact": Clothes(
            "Contact",
            _SALESFORCE["contact"],
            id_pattern=r"003[0-9A-Za-z]{15}",
            relationships={"company": "Account"},
        ),
        "company": Clothes(
            "Account", _SALESFORCE["company"], id_pattern=r"001[0-9A-Za-z]{15}", children={"staff": "Contacts"}
        ),
    },
)
HUBSPOT: Final = Dress(
    "hubspot",
    {
        "contact": Clothes(
            "contacts",
            _HUBSPOT["contact"],
            aliases=("contact", "0-1"),
            searched=("first_name", "last_name", "email", "phone", "mobile"),
        ),
        "company": Clothes(
            "companies", _HUBSPOT["company"], aliases=("company", "0-2"), searched=("name", "domain", "phone")
        ),
    },
)
