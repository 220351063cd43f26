"""The same 1,000 contacts and 100 companies for the same seed, every time."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Final

from policy_gateway_hubspot.sandbox import names, schema
from policy_gateway_hubspot.sandbox.names import Region

CONTACTS: Final = 1000
COMPANIES: Final = 100
FIRST_CONTACT: Final = 101
FIRST_COMPANY: Final = 5001
FIRST_OWNER: Final = 7001

_START: Final = datetime(2021, 1, 4, 8, tzinfo=UTC)
_UMLAUTS: Final = MappingProxyType(
    str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})
)
_SILENT: Final = 0.12
_IMPORTANT: Final = 0.04
_RATED: Final = 0.8
_NOTED: Final = 0.5
_MOBILE_OF_FIVE: Final = 3
OWNERS: Final = (
    ("Anna", "Agent", "berlin"),
    ("Selma", "Supervisor", "berlin"),
    ("Mara", "Marketer", "hamburg"),
    ("Henrik", "Hansen", "hamburg"),
    ("Petra", "Pohl", "hamburg"),
)


def owners() -> Iterator[tuple[str, str, str, str]]:
    """Yield id, first name, last name and team of each CRM user."""
    for index, (first, last, team) in enumerate(OWNERS):
        yield str(FIRST_OWNER + index), first, last, team


def companies(seed: int) -> Iterator[tuple[str, datetime, dict[str, str]]]:
    """Yield id, time of creation and properties of each company."""
    chance = random.Random(f"companies-{seed}")  # noqa: S311 -- synthetic data, not a secret
    for index in range(COMPANIES):
        stem = names.COMPANY_STEMS[index % len(names.COMPANY_STEMS)]
        trade = names.COMPANY_TRADES[index // len(names.COMPANY_STEMS)]
        domain = f"{_ascii(stem)}-{_ascii(trade)}.example.com"
        city, postal, prefix = chance.choice(names.GERMANY.cities)
        yield (
            str(FIRST_COMPANY + index),
            _moment(chance),
            {
                "name": f"{stem} {trade} {chance.choice(names.COMPANY_FORMS)}",
                "domain": domain,
                "website": f"https://{domain}",
                "phone": f"{prefix}{900 + index % 100}",
                "address": f"{chance.choice(names.GERMANY.streets)} {chance.randint(1, 120)}",
                "city": city,
                "zip": postal,
                "country": "Germany",
                "industry": chance.choice(schema.INDUSTRIES),
                "numberofemployees": str(chance.choice((8, 25, 60, 140, 320, 1100))),
                "hubspot_owner_id": str(FIRST_OWNER + index % len(OWNERS)),
            },
        )


def contacts(seed: int) -> Iterator[tuple[str, datetime, dict[str, str]]]:
    """Yield id, time of creation and properties of each contact."""
    chance = random.Random(f"contacts-{seed}")  # noqa: S311 -- synthetic data, not a secret
    for index in range(CONTACTS):
        region = names.REGIONS[index % len(names.REGIONS)]
        properties = _person(index, region, chance) | _dealings(index, chance)
        yield str(FIRST_CONTACT + index), _moment(chance), properties


def _person(index: int, region: Region, chance: random.Random) -> dict[str, str]:
    first, last = chance.choice(region.first), chance.choice(region.last)
    city, postal, prefix = region.cities[index // len(names.REGIONS) % len(region.cities)]
    born = date(1940, 1, 1) + timedelta(days=chance.randint(0, 365 * 65))
    person = {
        "firstname": first,
        "lastname": last,
        "email": f"{_ascii(first)}.{_ascii(last)}.{index + 1}@example.{'com' if index % 3 else 'org'}",
        "phone": f"{prefix}{index:03d}",
        "address": f"{chance.choice(region.streets)} {chance.randint(1, 120)}",
        "city": city,
        "zip": postal,
        "country": region.country,
        "hs_language": region.language,
        "date_of_birth": born.isoformat(),
        "iban": _iban(index) if region is names.GERMANY else "",
        "mobilephone": _mobile(index, region),
    }
    return {name: value for name, value in person.items() if value}


def _dealings(index: int, chance: random.Random) -> dict[str, str]:
    owner = index % len(OWNERS)
    dealings = {
        "hubspot_owner_id": str(FIRST_OWNER + owner),
        "account_team": OWNERS[owner][2],
        "customer_number": f"K-{100000 + index * 7}",
        "lead_source": chance.choice(schema.LEAD_SOURCES),
        "lifecyclestage": chance.choice(("lead", "customer", "customer", "other")),
        "hs_lead_status": chance.choice(("NEW", "OPEN", "CONNECTED", "")),
        "jobtitle": chance.choice((*names.JOBS, "")),
        "marketing_consents": ";".join(sorted(chance.sample(schema.CONSENTS, chance.choice((0, 0, 0, 1, 1, 2, 3))))),
        "do_not_call": "true" if chance.random() < _SILENT else "false",
        "vip": "true" if chance.random() < _IMPORTANT else "false",
        "credit_score": str(chance.randint(210, 990)) if chance.random() < _RATED else "",
        "service_notes": chance.choice(names.NOTES) if chance.random() < _NOTED else "",
        "associatedcompanyid": str(FIRST_COMPANY + index % COMPANIES) if index % 4 == 0 else "",
    }
    return {name: value for name, value in dealings.items() if value}


def _mobile(index: int, region: Region) -> str:
    """Return a number of the few that are free for fiction, no number twice."""
    block, rest = divmod(index, 100)
    return f"{region.mobiles[block]}{rest:02d}" if block < len(region.mobiles) and index % 5 < _MOBILE_OF_FIVE else ""


def _iban(index: int) -> str:
    """Return an IBAN with valid check digits; bank codes that start with 9 are not assigned."""
    account = f"99900000{4000000000 + index * 137:010d}"
    return f"DE{98 - int(account + '131400') % 97:02d}{account}"


def _ascii(word: str) -> str:
    plain = unicodedata.normalize("NFKD", word.translate(_UMLAUTS)).encode("ascii", "ignore").decode()
    return "".join(letter for letter in plain.lower() if letter.isalnum())


def _moment(chance: random.Random) -> datetime:
    return _START + timedelta(seconds=chance.randint(0, 5 * 365 * 86400))
