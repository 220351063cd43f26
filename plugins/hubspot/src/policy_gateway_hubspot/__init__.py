"""The adapter kind ``hubspot``: contacts and companies of a HubSpot portal."""

from __future__ import annotations

from collections.abc import Sequence

from policy_gateway.hookspecs import hookimpl
from policy_gateway.records import AdapterKind
from policy_gateway_hubspot.adapter import HubSpotKind


@hookimpl
def register_adapters() -> Sequence[AdapterKind]:
    """Register the kind ``hubspot``."""
    return (HubSpotKind(),)
