"""All objects of the sandbox's org, by name and by what their ids begin with."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from policy_gateway_salesforce.sandbox import business, people
from policy_gateway_salesforce.sandbox.schema import Kind
from policy_gateway_salesforce.sandbox.wire import not_found

KINDS: Final = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            business.ACCOUNT,
            business.CASE,
            people.CONTACT,
            people.CONTACT_POINT_TYPE_CONSENT,
            people.DATA_USE_PURPOSE,
            people.GROUP,
            people.INDIVIDUAL,
            people.LEAD,
            business.OPPORTUNITY,
            business.ORGANIZATION,
            business.TASK,
            people.USER,
        )
    }
)
NAMES: Final = MappingProxyType({name.lower(): name for name in KINDS})
PREFIXES: Final = MappingProxyType({kind.prefix: kind for kind in KINDS.values()})


def kind_named(name: str) -> Kind:
    """Return the object with this name; case does not matter. Refuses as the vendor does where a path names it."""
    if name.lower() not in NAMES:
        raise not_found()
    return KINDS[NAMES[name.lower()]]
