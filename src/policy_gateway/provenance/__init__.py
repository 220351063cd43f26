"""Where a value comes from: who collected it, when, why, on what ground, and how long it may be kept (GDPR).

What is known of a value is its envelope. It is kept here, by the value's key and never by the value, so it works for
any CRM, and a value that was changed behind the gateway's back is noticed.
"""

from __future__ import annotations

from policy_gateway.provenance.adapter import ProvenanceKind
from policy_gateway.provenance.annotator import GDPR, TOKEN, ProvenanceAnnotator
from policy_gateway.provenance.documentation import Edit, Gap, Provenance
from policy_gateway.provenance.envelope import PARTS, Envelope
from policy_gateway.provenance.facts import VOUCHED, ProvenanceFacts
from policy_gateway.provenance.keys import ValueKeys, ValueTokens
from policy_gateway.provenance.store import Reference, Version

__all__ = [
    "GDPR",
    "PARTS",
    "TOKEN",
    "VOUCHED",
    "Edit",
    "Envelope",
    "Gap",
    "Provenance",
    "ProvenanceAnnotator",
    "ProvenanceFacts",
    "ProvenanceKind",
    "Reference",
    "ValueKeys",
    "ValueTokens",
    "Version",
]
