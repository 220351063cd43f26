"""The ``policy-gateway`` program: set up, run, look after and explain a gateway.

Exit codes: 0 done, 1 a finding, 2 usage or configuration (or it cannot be said), 3 a CRM could not answer.
"""

from __future__ import annotations

from policy_gateway.cli.program import main

__all__ = ["main"]
