"""The adapter kind ``hubspot``, contacts and companies of a HubSpot portal, and the facade that speaks like HubSpot."""

from __future__ import annotations

from collections.abc import Sequence

from policy_gateway.hookspecs import hookimpl
from policy_gateway.ports import Facade
from policy_gateway.records import AdapterKind
from policy_gateway_hubspot.adapter import HubSpotKind
from policy_gateway_hubspot.facade import HubSpotFacade


@hookimpl
def register_adapters() -> Sequence[AdapterKind]:
    """Register the kind ``hubspot``."""
    return (HubSpotKind(),)


@hookimpl
def register_facades() -> Sequence[Facade]:
    """Register what speaks like HubSpot."""
    return (HubSpotFacade(),)
