"""What an administrator says about a connection to Salesforce."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict
from pydantic import Field as Option

_NAME: Final = r"^[A-Za-z][A-Za-z0-9_]{0,79}$"

OBJECTS: Final = (
    "Contact",
    "Account",
    "Lead",
    "Opportunity",
    "Case",
    "User",
    "Individual",
    "ContactPointTypeConsent",
)
"""What is offered unless the connection says otherwise; an org that lacks one of them lacks the resource."""


def _listed(value: object) -> object:
    """Read a list that was written as one text: ``Contact, Account``."""
    return tuple(part.strip() for part in value.split(",")) if isinstance(value, str) else value


Name = Annotated[str, Option(pattern=_NAME)]


class SalesforceOptions(BaseModel):
    """How a firm's org calls what is not Salesforce's own, which objects are offered, and how the gateway logs in.

    *region* is where phone numbers without a country code belong. *client_id* is the connected app's; with the JWT
    bearer flow *username* is who the gateway acts as and *audience* what the assertion is for
    (``https://test.salesforce.com`` for a sandbox org).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    region: str = Option(default="DE", pattern=r"^[A-Z]{2}$")
    api_version: str = Option(default="60.0", pattern=r"^[1-9][0-9]\.0$")
    objects: Annotated[tuple[Name, ...], BeforeValidator(_listed)] = Option(default=OBJECTS, min_length=1)
    token_path: str = Option(default="/services/oauth2/token", pattern=r"^(/[A-Za-z0-9_-]+)+$")
    client_id: str = Option(default="", pattern=r"^[\x21-\x7e]*$", max_length=512)
    username: str = Option(default="", pattern=r"^[^\s\x00-\x1f]*$", max_length=128)
    audience: str = Option(default="https://login.salesforce.com", pattern=r"^https://[A-Za-z0-9.-]+$")
    iban: Name = "IBAN__c"
    notes: Name = "Service_Notes__c"
    language: Name = "Language__c"
    team: Name = "Team__c"
    customer_number: Name = "Customer_Number__c"
    consents: Name = "Consents__c"
    vip: Name = "VIP__c"
    credit_score: Name = "Credit_Score__c"
