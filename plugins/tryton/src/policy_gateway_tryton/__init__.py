"""The adapter kind ``tryton``: parties of a Tryton 8.2 by its REST API."""

from __future__ import annotations

from collections.abc import Sequence

from policy_gateway.hookspecs import hookimpl
from policy_gateway.records import AdapterKind
from policy_gateway_tryton.adapter import TrytonAdapter, TrytonKind

__all__ = ["TrytonAdapter", "TrytonKind", "register_adapters"]


@hookimpl
def register_adapters() -> Sequence[AdapterKind]:
    """Register the kind ``tryton``."""
    return (TrytonKind(),)
