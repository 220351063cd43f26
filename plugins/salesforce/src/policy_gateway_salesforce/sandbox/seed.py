"""The same org for the same seed, every time: 1,000 contacts, 100 accounts, and what has to do with them."""

from __future__ import annotations

from collections.abc import Iterator

from policy_gateway_salesforce.sandbox import seed_business, seed_people
from policy_gateway_salesforce.sandbox.staff import Rows


def everything(seed: int) -> Iterator[tuple[str, Rows]]:
    """Yield the records of each object, in the order of their ids."""
    yield "Organization", seed_business.organizations(seed)
    yield "User", seed_people.users()
    yield "Group", seed_people.groups()
    yield "DataUsePurpose", seed_people.purposes()
    yield "Account", seed_business.accounts(seed)
    yield "Individual", seed_people.individuals(seed)
    yield "Contact", seed_people.contacts(seed)
    yield "Lead", seed_people.leads(seed)
    yield "Opportunity", seed_business.opportunities(seed)
    yield "Case", seed_business.cases(seed)
    yield "Task", seed_business.tasks(seed)
    yield "ContactPointTypeConsent", seed_people.consents(seed)
