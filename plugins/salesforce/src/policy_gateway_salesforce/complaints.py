"""What Salesforce says against a change: its code, which is the same for all orgs, and nothing that it says besides."""

from __future__ import annotations

from policy_gateway.errors import InvalidCall


class ValueRefused(InvalidCall):
    """Salesforce does not accept a value; *native* is its code for that (``REQUIRED_FIELD_MISSING``)."""

    summary = "Salesforce does not accept a value"

    def __init__(self, native: str, *, pointer: str = "") -> None:
        super().__init__(pointer=pointer)
        self.native = native
