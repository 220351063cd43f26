"""HTTP: the unified API, health, metrics and documentation.

An entrance builds a :class:`~policy_gateway.query.Call` and gets a :class:`~policy_gateway.model.disclosure.Disclosure`
through a :class:`~policy_gateway.web.ports.Gate`; status codes live in :mod:`policy_gateway.web.problems` alone.
"""

from __future__ import annotations

from policy_gateway.ports import Gate
from policy_gateway.web.assembling import Supplies, Web, assemble
from policy_gateway.web.ports import Directory, Health, HttpRules

__all__ = ["Directory", "Gate", "Health", "HttpRules", "Supplies", "Web", "assemble"]
