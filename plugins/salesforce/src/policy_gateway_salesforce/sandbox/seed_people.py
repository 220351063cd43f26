"""The people of the sandbox's org, the same for the same seed: contacts, leads, and what they consented to."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Final

from policy_gateway_salesforce.sandbox import names, people
from policy_gateway_salesforce.sandbox.ids import numbered
from policy_gateway_salesforce.sandbox.names import Region
from policy_gateway_salesforce.sandbox.staff import (
    FIRST,
    OWNERS,
    STAFF,
    Rows,
    ascii_of,
    chance_of,
    owner,
    stamped,
    user_id,
    username,
)
from policy_gateway_salesforce.sandbox.wire import Json

CONTACTS: Final = 1000
ACCOUNTS: Final = 100
INDIVIDUALS: Final = 250
LEADS: Final = 120
CONSENTS: Final = 300

_SUPERVISOR: Final = 3
_SILENT: Final = 0.12
_OPTED_OUT: Final = 0.2
_IMPORTANT: Final = 0.04
_RATED: Final = 0.8
_NOTED: Final = 0.5
_MOBILE_OF_FIVE: Final = 3
_PURPOSES: Final = (("marketing", True), ("survey", True), ("customer care", False))


def users() -> Rows:
    """Yield the staff."""
    for index, (first, last, team, alias) in enumerate(STAFF):
        values: dict[str, Json] = {
            "Username": username(index),
            "FirstName": first,
            "LastName": last,
            "Name": f"{first} {last}",
            "Email": username(index),
            "Alias": alias[:8],
            "CommunityNickname": alias,
            "Department": team,
            "IsActive": True,
            "UserType": "Standard",
            "LanguageLocaleKey": "de",
            "LocaleSidKey": "de_DE",
            "TimeZoneSidKey": "GMT",
            "ManagerId": user_id(_SUPERVISOR) if index in OWNERS and index != _SUPERVISOR else None,
        }
        yield stamped("005", index, values)


def groups() -> Rows:
    """Yield the queues."""
    yield stamped("00G", 0, {"Name": "Back Office", "DeveloperName": "Back_Office", "Type": "Queue"})


def purposes() -> Rows:
    """Yield what data are used for."""
    for index, (name, free) in enumerate(_PURPOSES):
        yield stamped("0ZW", index, {"Name": name, "OwnerId": user_id(0), "CanDataSubjectOptOut": free})


def individuals(seed: int) -> Rows:
    """Yield the data subjects: the first contacts again."""
    for index, person in enumerate(_persons(seed, INDIVIDUALS)):
        chance = chance_of(f"individual-{index}", seed)
        values: dict[str, Json] = {
            "FirstName": person["FirstName"],
            "LastName": person["LastName"],
            "Name": person["Name"],
            "BirthDate": person["Birthdate"],
            "OwnerId": user_id(owner(index)),
            "HasOptedOutSolicit": chance.random() < _OPTED_OUT,
            "HasOptedOutProfiling": chance.random() < _OPTED_OUT,
            "HasOptedOutTracking": False,
            "HasOptedOutProcessing": False,
            "ShouldForget": chance.random() < _IMPORTANT,
            "SendIndividualData": False,
            "CanStorePiiElsewhere": False,
        }
        yield stamped("0PK", index, values, chance)


def contacts(seed: int) -> Rows:
    """Yield the contacts."""
    chance = chance_of("contacts", seed)
    for index, person in enumerate(_persons(seed, CONTACTS)):
        values = person | _dealings(index, chance)
        yield stamped("003", index, values, chance)


def leads(seed: int) -> Rows:
    """Yield who might become a contact."""
    chance = chance_of("leads", seed)
    for index, person in enumerate(_persons(seed + 7000, LEADS)):
        values: dict[str, Json] = {
            "FirstName": person["FirstName"],
            "LastName": person["LastName"],
            "Name": person["Name"],
            "Company": f"{chance.choice(names.COMPANY_STEMS)} {chance.choice(names.COMPANY_FORMS)}",
            "Email": f"lead.{person['Email']}",
            "Phone": person["Phone"],
            "City": person["MailingCity"],
            "PostalCode": person["MailingPostalCode"],
            "Country": person["MailingCountry"],
            "Status": chance.choice(people.LEAD_STATUSES[:2]),
            "Rating": chance.choice(("Hot", "Warm", "Cold", None)),
            "LeadSource": chance.choice(people.LEAD_SOURCES),
            "DoNotCall": chance.random() < _SILENT,
            "HasOptedOutOfEmail": chance.random() < _OPTED_OUT,
            "IsConverted": False,
            "Legacy_Number__c": f"L-{index // 2}",
            "OwnerId": user_id(owner(index)),
        }
        yield stamped("00Q", index, values, chance)


def consents(seed: int) -> Rows:
    """Yield what the data subjects said to each way of being reached."""
    chance = chance_of("consents", seed)
    for index in range(CONSENTS):
        status = chance.choice(("OptIn", "OptIn", "OptOut", "Seen"))
        channel = chance.choice(people.CHANNELS[:2])
        moment = f"{chance.randint(2021, 2025)}-{chance.randint(1, 12):02d}-11T09:30:00.000+0000"
        values: dict[str, Json] = {
            "Name": f"{channel} {status}",
            "PartyId": numbered("0PK", FIRST + index % INDIVIDUALS),
            "ContactPointType": channel,
            "DataUsePurposeId": numbered("0ZW", FIRST + chance.randint(0, 1)),
            "PrivacyConsentStatus": status,
            "CaptureDate": moment,
            "EffectiveFrom": moment,
            "CaptureContactPointType": "Web",
            "CaptureSource": "contact-center.example.com/consent",
            "OwnerId": user_id(owner(index)),
        }
        yield stamped("0ZX", index, values, chance)


def _persons(seed: int, count: int) -> Rows:
    """Yield who the contacts are; the first of them are individuals, too."""
    chance = chance_of("persons", seed)
    for index in range(count):
        region = names.REGIONS[index % len(names.REGIONS)]
        first, last = chance.choice(region.first), chance.choice(region.last)
        city, postal, prefix = region.cities[index // len(names.REGIONS) % len(region.cities)]
        yield {
            "FirstName": first,
            "LastName": last,
            "Name": f"{first} {last}",
            "Email": f"{ascii_of(first)}.{ascii_of(last)}.{index + 1}@example.{'com' if index % 3 else 'org'}",
            "Phone": f"{prefix}{index:03d}",
            "MobilePhone": _mobile(index, region),
            "MailingStreet": f"{chance.choice(region.streets)} {chance.randint(1, 120)}",
            "MailingCity": city,
            "MailingPostalCode": postal,
            "MailingCountry": region.country,
            "Birthdate": (date(1940, 1, 1) + timedelta(days=chance.randint(0, 365 * 65))).isoformat(),
            "IBAN__c": _iban(index) if region is names.GERMANY else None,
            "Language__c": region.language,
        }


def _dealings(index: int, chance: random.Random) -> dict[str, Json]:
    mine = owner(index)
    agreed = set(chance.sample(people.CONSENTS, chance.choice((0, 0, 0, 1, 1, 2, 3))))
    return {
        "AccountId": numbered("001", FIRST + index % ACCOUNTS) if index % 4 == 0 else None,
        "OwnerId": user_id(mine),
        "Team__c": STAFF[mine][2],
        "Customer_Number__c": f"K-{100000 + index * 7}",
        "LeadSource": chance.choice(people.LEAD_SOURCES),
        "Title": chance.choice((*names.JOBS, None)),
        "Consents__c": ";".join(consent for consent in people.CONSENTS if consent in agreed),
        "DoNotCall": chance.random() < _SILENT,
        "HasOptedOutOfEmail": chance.random() < _OPTED_OUT,
        "HasOptedOutOfFax": False,
        "VIP__c": chance.random() < _IMPORTANT,
        "Credit_Score__c": float(chance.randint(210, 990)) if chance.random() < _RATED else None,
        "Service_Notes__c": chance.choice(names.NOTES) if chance.random() < _NOTED else None,
        "IndividualId": numbered("0PK", FIRST + index) if index < INDIVIDUALS else None,
    }


def _mobile(index: int, region: Region) -> str | None:
    """Return a number of the few that are free for fiction, no number twice."""
    block, rest = divmod(index, 100)
    return f"{region.mobiles[block]}{rest:02d}" if block < len(region.mobiles) and index % 5 < _MOBILE_OF_FIVE else None


def _iban(index: int) -> str:
    """Return an IBAN with valid check digits; bank codes that start with 9 are not assigned."""
    account = f"99800000{5000000000 + index * 139:010d}"
    return f"DE{98 - int(account + '131400') % 97:02d}{account}"
