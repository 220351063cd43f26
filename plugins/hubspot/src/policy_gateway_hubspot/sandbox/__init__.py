"""A local double of HubSpot's CRM API: small, stateful, strict, and able to misbehave on demand."""

from __future__ import annotations

from policy_gateway_hubspot.sandbox.app import TOKEN, Recorded, Sandbox, recording
from policy_gateway_hubspot.sandbox.faults import CANARY, Fault, FaultKind
from policy_gateway_hubspot.sandbox.routes import ALL_SCOPES
from policy_gateway_hubspot.sandbox.tokens import CLIENT_ID, CLIENT_SECRET, CODE, REFRESH_TOKEN

__all__ = [
    "ALL_SCOPES",
    "CANARY",
    "CLIENT_ID",
    "CLIENT_SECRET",
    "CODE",
    "REFRESH_TOKEN",
    "TOKEN",
    "Fault",
    "FaultKind",
    "Recorded",
    "Sandbox",
    "recording",
]
