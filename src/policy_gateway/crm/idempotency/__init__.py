"""Each change at most once."""

from __future__ import annotations

from policy_gateway.crm.idempotency.store import Claim, Idempotency

__all__ = ["Claim", "Idempotency"]
