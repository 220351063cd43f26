"""Who plays in the demo, and what is known of the data of its CRMs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

ACME: Final = "acme"
BOLT: Final = "bolt"
RULE_FILE: Final = "tenants/acme.csv"


@dataclass(frozen=True, slots=True)
class Role:
    """One colleague: *names* are teams and roles, *attributes* who they are in a CRM."""

    name: str
    principal: str
    tenant: str
    names: tuple[str, ...]
    purposes: tuple[str, ...]
    labels: Mapping[str, str]
    attributes: Mapping[str, str] = field(default_factory=dict)
    shown: bool = True


CAST: Final = (
    Role(
        "Anna",
        "user:anna",
        ACME,
        ("agent", "team:berlin"),
        ("service", "complaint", "callback", "collections", "consent_request"),
        MappingProxyType({"en": "agent at ACME", "de": "Agentin bei ACME"}),
        MappingProxyType({"owner_id.hubspot": "7001", "owner_id.salesforce": "005Ws000000001fIAA"}),
    ),
    Role(
        "Selma",
        "user:selma",
        ACME,
        ("supervisor", "team:berlin"),
        ("service", "complaint", "callback", "collections", "audit"),
        MappingProxyType({"en": "supervisor at ACME", "de": "Teamleiterin bei ACME"}),
        MappingProxyType({"owner_id.hubspot": "7002", "owner_id.salesforce": "005Ws000000001gIAA"}),
    ),
    Role(
        "Mara",
        "user:mara",
        ACME,
        ("marketer",),
        ("marketing", "survey"),
        MappingProxyType({"en": "marketing for ACME", "de": "Werbung für ACME"}),
        MappingProxyType({"owner_id.hubspot": "7003", "owner_id.salesforce": "005Ws000000001hIAA"}),
    ),
    Role(
        "Ben",
        "user:ben",
        BOLT,
        ("agent", "team:munich"),
        ("service", "complaint", "callback"),
        MappingProxyType({"en": "agent at Bolt", "de": "Agent bei Bolt"}),
        MappingProxyType({"owner_id.hubspot": "7001", "owner_id.salesforce": "005Ws000000001fIAA"}),
    ),
    Role(
        "Audrey",
        "user:audrey",
        ACME,
        ("auditor",),
        ("audit",),
        MappingProxyType({"en": "auditor of ACME", "de": "Prüferin bei ACME"}),
        shown=False,
    ),
)
"""The colleagues; those who are not *shown* have no column on the page."""

ENVELOPES: Final[Mapping[tuple[str, str], Mapping[str, object]]] = MappingProxyType(
    {
        (ACME, "hubspot"): MappingProxyType(
            {
                "collected_by": "team:sales",
                "collection_point": "contract form, www.acme-energie.example",
                "collection_method": "web form",
                "purposes": ("service", "complaint", "callback", "collections"),
                "legal_basis": "contract",
                "storage_duration": "P3Y",
                "source": "the person",
            }
        ),
        (ACME, "tryton"): MappingProxyType(
            {
                "collected_by": "team:back-office",
                "collection_point": "contract on paper, Berlin branch",
                "collection_method": "paper form",
                "purposes": ("service", "complaint", "callback", "collections"),
                "legal_basis": "contract",
                "storage_duration": "P10Y",
                "source": "the person",
            }
        ),
        (ACME, "salesforce"): MappingProxyType(
            {
                "collected_by": "team:sales",
                "collection_point": "order by telephone, Berlin",
                "collection_method": "conversation",
                "purposes": ("service", "complaint", "callback", "collections"),
                "legal_basis": "contract",
                "storage_duration": "P3Y",
                "source": "the person",
            }
        ),
        (BOLT, "hubspot"): MappingProxyType(
            {
                "collected_by": "team:fitting",
                "collection_point": "hearing test, Munich shop",
                "collection_method": "conversation",
                "purposes": ("service", "complaint", "callback"),
                "legal_basis": "contract",
                "special_category_basis": "h",
                "storage_duration": "P3Y",
                "source": "the person",
            }
        ),
        (BOLT, "salesforce"): MappingProxyType(
            {
                "collected_by": "team:fitting",
                "collection_point": "order of batteries by telephone",
                "collection_method": "conversation",
                "purposes": ("service", "complaint", "callback"),
                "legal_basis": "contract",
                "special_category_basis": "h",
                "storage_duration": "P3Y",
                "source": "the person",
            }
        ),
    }
)
"""What holds by default for the contacts of each connection (a client's, by its name)."""
