"""What a call is about, once its names are resolved within the caller's tenant."""

from __future__ import annotations

from dataclasses import dataclass, field

from policy_gateway.model.field import Catalogue, Resource
from policy_gateway.query import Call
from policy_gateway.records import Adapter


@dataclass(frozen=True, slots=True)
class Target:
    """One resource of one connection of one tenant, and the *adapter* that asks its CRM.

    *key* is the tenant's, for keyed masks. For a Describe of everything *resource* is one without a name and fields.
    *call* is the call in the gateway's own names.
    """

    tenant: str
    connection: str
    adapter: Adapter
    catalogue: Catalogue
    resource: Resource
    key: bytes = field(repr=False)
    call: Call
