"""The way to the CRMs: connections and their secrets, HTTP, and everything that an adapter is wrapped in."""

from __future__ import annotations

from policy_gateway.crm.connections import GATEWAY, RESERVED, Check, Connections, Drift, Wiring
from policy_gateway.crm.cursors import Binding, Cursors
from policy_gateway.crm.gathering import together
from policy_gateway.crm.guard import guarded
from policy_gateway.crm.http import HttpTransport
from policy_gateway.crm.http_connection import HttpLimits
from policy_gateway.crm.idempotency import Claim, Idempotency
from policy_gateway.crm.opened import Transports
from policy_gateway.crm.origin import Origin, Reach, parse_base_url
from policy_gateway.crm.resilience import Limits, outcome_of, resilient
from policy_gateway.crm.store import ConnectionRow, ConnectionStore
from policy_gateway.crm.target import Target
from policy_gateway.crm.vault import Place, Vault
from policy_gateway.records import ConnectionConfig

__all__ = [
    "GATEWAY",
    "RESERVED",
    "Binding",
    "Check",
    "Claim",
    "ConnectionConfig",
    "ConnectionRow",
    "ConnectionStore",
    "Connections",
    "Cursors",
    "Drift",
    "HttpLimits",
    "HttpTransport",
    "Idempotency",
    "Limits",
    "Origin",
    "Place",
    "Reach",
    "Target",
    "Transports",
    "Vault",
    "Wiring",
    "guarded",
    "outcome_of",
    "parse_base_url",
    "resilient",
    "together",
]
