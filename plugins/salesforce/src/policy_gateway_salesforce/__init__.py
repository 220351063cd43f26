"""Salesforce for policy-gateway: the adapter kind ``salesforce``, and the facade that speaks to an org's clients."""

from __future__ import annotations

from collections.abc import Sequence

from policy_gateway.hookspecs import hookimpl
from policy_gateway.ports import Facade
from policy_gateway.records import AdapterKind
from policy_gateway_salesforce.adapter import SalesforceKind
from policy_gateway_salesforce.facade import SalesforceFacade


@hookimpl
def register_adapters() -> Sequence[AdapterKind]:
    """Register the kind ``salesforce``."""
    return (SalesforceKind(),)


@hookimpl
def register_facades() -> Sequence[Facade]:
    """Register what speaks like Salesforce."""
    return (SalesforceFacade(),)
