"""Speaks like HubSpot: its clients change base URL and token, nothing else, and the policy holds."""

from policy_gateway_hubspot.facade.app import HubSpotFacade

__all__ = ["HubSpotFacade"]
