"""Salesforce for policy-gateway: the adapter kind ``salesforce``, contacts and other objects of an org."""

from __future__ import annotations

from collections.abc import Sequence

from policy_gateway.hookspecs import hookimpl
from policy_gateway.records import AdapterKind
from policy_gateway_salesforce.adapter import SalesforceKind


@hookimpl
def register_adapters() -> Sequence[AdapterKind]:
    """Register the kind ``salesforce``."""
    return (SalesforceKind(),)
