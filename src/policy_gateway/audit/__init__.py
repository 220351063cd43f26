"""Remembering, so that it can be shown later: one entry for every call, durable before its answer leaves.

Entries are canonical, salted, numbered per tenant without gaps, and say who, why, which fields at which level and by
which rule, never a value. People in them are pseudonyms.
"""

from __future__ import annotations

from policy_gateway.audit.entries import Entries, Entry, new_correlation
from policy_gateway.audit.pseudonyms import Pseudonyms, subject_name
from policy_gateway.audit.remarks import Remarks
from policy_gateway.audit.store import EntryReader

__all__ = ["Entries", "Entry", "EntryReader", "Pseudonyms", "Remarks", "new_correlation", "subject_name"]
