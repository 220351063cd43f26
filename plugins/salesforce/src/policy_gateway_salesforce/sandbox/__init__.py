"""A local double of Salesforce's APIs: small, stateful, strict, and able to misbehave on demand."""

from __future__ import annotations

from policy_gateway_salesforce.sandbox.access import CLIENT_ID, CLIENT_SECRET, CODE, PASSWORD, SECURITY_TOKEN
from policy_gateway_salesforce.sandbox.app import Recorded, Sandbox
from policy_gateway_salesforce.sandbox.faults import CANARY, Fault, FaultKind
from policy_gateway_salesforce.sandbox.state import INTEGRATION, LIMITED

__all__ = [
    "CANARY",
    "CLIENT_ID",
    "CLIENT_SECRET",
    "CODE",
    "INTEGRATION",
    "LIMITED",
    "PASSWORD",
    "SECURITY_TOKEN",
    "Fault",
    "FaultKind",
    "Recorded",
    "Sandbox",
]
