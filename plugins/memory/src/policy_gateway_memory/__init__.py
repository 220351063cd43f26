"""The adapter kind ``memory``: a CRM in a dict."""

from __future__ import annotations

from collections.abc import Sequence

from policy_gateway.hookspecs import hookimpl
from policy_gateway.records import AdapterKind
from policy_gateway_memory.adapter import MemoryAdapter, MemoryKind
from policy_gateway_memory.crm import MemoryCrm

__all__ = ["MemoryAdapter", "MemoryCrm", "MemoryKind", "register_adapters"]


@hookimpl
def register_adapters() -> Sequence[AdapterKind]:
    """Register the kind ``memory``."""
    return (MemoryKind(),)
