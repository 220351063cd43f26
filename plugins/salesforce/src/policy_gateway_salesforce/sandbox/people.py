"""The objects of the sandbox's org that are about people: contacts, leads, users, and what they consented to."""

from __future__ import annotations

from typing import Final

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
    person_name,
    phone,
    read_only,
    reference,
    system,
    text,
)

CONSENTS: Final = (
    "marketing_email",
    "marketing_phone",
    "marketing_sms",
    "marketing_whatsapp",
    "survey_email",
    "survey_phone",
)
LANGUAGES: Final = ("de", "en", "fr", "it", "nl", "pl")
LEAD_SOURCES: Final = ("Web", "Phone Inquiry", "Partner Referral", "Trade Show", "Newsletter", "Other")
LEAD_STATUSES: Final = ("Open - Not Contacted", "Working - Contacted", "Closed - Converted", "Closed - Not Converted")
CHANNELS: Final = ("Email", "Phone", "Mailing Address", "Social", "Web")
CONSENT_STATUSES: Final = ("NotSeen", "Seen", "OptIn", "OptOut")

CONTACT: Final = Kind(
    "Contact",
    "Contact",
    "Contacts",
    "003",
    (
        *system("Contact"),
        reference("AccountId", "Account ID", "Account"),
        *person_name("Full"),
        Column("Email", "Email", Type.EMAIL, 80, lookup=True),
        text("Title", "Title", 128),
        text("Department", "Department", 80),
        phone("Phone", "Business Phone"),
        phone("MobilePhone", "Mobile Phone"),
        phone("HomePhone", "Home Phone"),
        phone("Fax", "Business Fax"),
        *address("Mailing", "Mailing"),
        day("Birthdate", "Birthdate"),
        area("Description", "Contact Description", 32000),
        owner("Owner ID"),
        choice("LeadSource", "Lead Source", LEAD_SOURCES),
        flag("DoNotCall", "Do Not Call"),
        flag("HasOptedOutOfEmail", "Email Opt Out"),
        flag("HasOptedOutOfFax", "Fax Opt Out"),
        reference("IndividualId", "Individual ID", "Individual"),
        text("IBAN__c", "IBAN", 34),
        area("Service_Notes__c", "Service Notes", 32768),
        choice("Language__c", "Language", LANGUAGES, restricted=True),
        text("Team__c", "Team", 80),
        text("Customer_Number__c", "Customer Number", 30, external_id=True, unique=True, lookup=True),
        Column("Consents__c", "Consents", Type.MULTIPICKLIST, 4099, scale=4, values=CONSENTS, restricted=True),
        flag("VIP__c", "VIP"),
        number("Credit_Score__c", "Credit Score", 4),
    ),
    children=(
        Child("Cases", "Case", "ContactId"),
        Child("Tasks", "Task", "WhoId", cascade=True),
    ),
)

LEAD: Final = Kind(
    "Lead",
    "Lead",
    "Leads",
    "00Q",
    (
        *system("Lead"),
        *person_name("Full"),
        text("Title", "Title", 128),
        text("Company", "Company", 255, nillable=False),
        *address("", "Address"),
        phone("Phone", "Phone"),
        phone("MobilePhone", "Mobile Phone"),
        Column("Email", "Email", Type.EMAIL, 80, lookup=True),
        Column("Website", "Website", Type.URL, 255),
        area("Description", "Description", 32000),
        choice("LeadSource", "Lead Source", LEAD_SOURCES),
        choice("Status", "Status", LEAD_STATUSES, nillable=False, default=LEAD_STATUSES[0]),
        choice("Rating", "Rating", "Hot|Warm|Cold"),
        owner("Owner ID", "Group|User"),
        flag("DoNotCall", "Do Not Call"),
        flag("HasOptedOutOfEmail", "Email Opt Out"),
        read_only(flag("IsConverted", "Converted")),
        reference("IndividualId", "Individual ID", "Individual"),
        text("Legacy_Number__c", "Legacy Number", 30, external_id=True, lookup=True),
    ),
    children=(Child("Tasks", "Task", "WhoId", cascade=True),),
)

INDIVIDUAL: Final = Kind(
    "Individual",
    "Individual",
    "Individuals",
    "0PK",
    (
        *system("Individual"),
        *person_name(""),
        owner("Owner ID"),
        day("BirthDate", "Birth Date"),
        flag("HasOptedOutTracking", "Don't Track"),
        flag("HasOptedOutProfiling", "Don't Profile"),
        flag("HasOptedOutProcessing", "Don't Process"),
        flag("HasOptedOutSolicit", "Don't Market"),
        flag("ShouldForget", "Forget this Individual"),
        flag("SendIndividualData", "Export Individual's Data"),
        flag("CanStorePiiElsewhere", "OK to Store PII Data Elsewhere"),
    ),
    children=(
        Child("Contacts", "Contact", "IndividualId"),
        Child("Leads", "Lead", "IndividualId"),
        Child("ContactPointTypeConsents", "ContactPointTypeConsent", "PartyId", cascade=True),
    ),
)

CONTACT_POINT_TYPE_CONSENT: Final = Kind(
    "ContactPointTypeConsent",
    "Contact Point Type Consent",
    "Contact Point Type Consents",
    "0ZX",
    (
        *system("Contact Point Type Consent"),
        text("Name", "Name", 255, nillable=False, name_field=True),
        owner("Owner ID"),
        reference("PartyId", "Individual ID", "Individual", nillable=False, updateable=False),
        choice("ContactPointType", "Contact Point Type", CHANNELS, nillable=False, restricted=True),
        reference("DataUsePurposeId", "Data Use Purpose ID", "DataUsePurpose"),
        choice("PrivacyConsentStatus", "Privacy Consent Status", CONSENT_STATUSES, nillable=False, restricted=True),
        Column("EffectiveFrom", "Effective From", Type.DATETIME),
        Column("EffectiveTo", "Effective To", Type.DATETIME),
        Column("CaptureDate", "Consent Captured Date and Time", Type.DATETIME, nillable=False),
        choice("CaptureContactPointType", "Consent Captured Contact Point Type", CHANNELS, nillable=False),
        text("CaptureSource", "Consent Captured Source", 255, nillable=False),
    ),
    searchable=False,
)

DATA_USE_PURPOSE: Final = Kind(
    "DataUsePurpose",
    "Data Use Purpose",
    "Data Use Purposes",
    "0ZW",
    (
        *system("Data Use Purpose"),
        text("Name", "Name", 255, nillable=False, name_field=True),
        owner("Owner ID"),
        area("Description", "Description", 255),
        flag("CanDataSubjectOptOut", "Can Data Subject Opt Out"),
    ),
    searchable=False,
    children=(Child("ContactPointTypeConsents", "ContactPointTypeConsent", "DataUsePurposeId"),),
)

USER: Final = Kind(
    "User",
    "User",
    "Users",
    "005",
    (
        *(column for column in system("User") if column.name != "IsDeleted"),
        text("Username", "Username", 80, nillable=False, lookup=True, unique=True),
        *person_name("Full", salutation=False),
        text("Title", "Title", 80),
        text("Department", "Department", 80),
        Column("Email", "Email", Type.EMAIL, 128, nillable=False, lookup=True),
        phone("Phone", "Phone"),
        text("Alias", "Alias", 8, nillable=False),
        text("CommunityNickname", "Nickname", 40, nillable=False),
        flag("IsActive", "Active", default=True),
        choice("UserType", "User Type", "Standard|PowerPartner|Guest"),
        choice("LanguageLocaleKey", "Language", "de|en_US|fr", nillable=False),
        choice("LocaleSidKey", "Locale", "de_DE|en_GB|fr_FR", nillable=False),
        choice("TimeZoneSidKey", "Time Zone", "GMT|Europe/Berlin", nillable=False),
        reference("ManagerId", "Manager ID", "User"),
    ),
    writable=False,
)

GROUP: Final = Kind(
    "Group",
    "Group",
    "Groups",
    "00G",
    (
        *(column for column in system("Group") if column.name != "IsDeleted"),
        text("Name", "Name", 40, nillable=False, name_field=True),
        text("DeveloperName", "Developer Name", 80),
        choice("Type", "Type", "Regular|Queue", nillable=False),
        Column("Email", "Email", Type.EMAIL, 255),
    ),
    writable=False,
    searchable=False,
)
