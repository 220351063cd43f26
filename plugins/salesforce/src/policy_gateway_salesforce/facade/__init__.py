"""Speaks like Salesforce: existing clients change their base URL and their token, and nothing else.

Every request becomes calls in the dialect ``salesforce``; nothing is forwarded that is not understood.
"""

from __future__ import annotations

from policy_gateway_salesforce.facade.app import SalesforceFacade
from policy_gateway_salesforce.facade.exchange.turn import Manner

__all__ = ["Manner", "SalesforceFacade"]
