"""policy-gateway: stands between principals and CRMs, decides every field, annotates and records what leaves.

This is the public surface: calls, disclosures, the ports that plugins implement, and ``hookimpl`` to register them.
What a CRM said before any policy is not here on purpose; adapters take it from :mod:`policy_gateway.records`.
The whole error tree is public too, in :mod:`policy_gateway.errors`.
"""

from __future__ import annotations

from policy_gateway.errors import ConfigurationError, GatewayError, Refused, SafeguardError, UpstreamError
from policy_gateway.hookspecs import hookimpl
from policy_gateway.model.decision import CLEAR, NONE, Decision, Deny, DenyKind, Grant, Level, Obligation, Permit
from policy_gateway.model.disclosure import Disclosure, Note, Notes, Released, ReleasedRecord
from policy_gateway.model.facts import Reading, RecordFacts, Scope, Truth, TruthVector
from policy_gateway.model.field import (
    Catalogue,
    Field,
    FieldId,
    FieldType,
    IdentifierKind,
    RecordId,
    Resource,
    Value,
)
from policy_gateway.model.principal import Credential, Principal, PrincipalId, PrincipalKind, TenantId
from policy_gateway.ports import Annotator, Authenticator, Condition, FactSource, Journal, Mask
from policy_gateway.query import (
    Action,
    Aggregate,
    And,
    Batch,
    Call,
    Change,
    ChangeKind,
    Child,
    Circumstances,
    Compare,
    Describe,
    In,
    Not,
    Op,
    Or,
    Order,
    Query,
    RelativeDate,
    Text,
    Typeof,
    Unit,
    Where,
)

__all__ = [
    "CLEAR",
    "NONE",
    "Action",
    "Aggregate",
    "And",
    "Annotator",
    "Authenticator",
    "Batch",
    "Call",
    "Catalogue",
    "Change",
    "ChangeKind",
    "Child",
    "Circumstances",
    "Compare",
    "Condition",
    "ConfigurationError",
    "Credential",
    "Decision",
    "Deny",
    "DenyKind",
    "Describe",
    "Disclosure",
    "FactSource",
    "Field",
    "FieldId",
    "FieldType",
    "GatewayError",
    "Grant",
    "IdentifierKind",
    "In",
    "Journal",
    "Level",
    "Mask",
    "Not",
    "Note",
    "Notes",
    "Obligation",
    "Op",
    "Or",
    "Order",
    "Permit",
    "Principal",
    "PrincipalId",
    "PrincipalKind",
    "Query",
    "Reading",
    "RecordFacts",
    "RecordId",
    "Refused",
    "RelativeDate",
    "Released",
    "ReleasedRecord",
    "Resource",
    "SafeguardError",
    "Scope",
    "TenantId",
    "Text",
    "Truth",
    "TruthVector",
    "Typeof",
    "Unit",
    "UpstreamError",
    "Value",
    "Where",
    "hookimpl",
]
