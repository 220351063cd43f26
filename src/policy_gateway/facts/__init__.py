"""What policy needs to know besides the call itself (the PIP of XACML): learnt in one batch a source a page."""

from policy_gateway.facts.sources import Clock, Facts
from policy_gateway.facts.standing import Standing, StandingStore

__all__ = ["Clock", "Facts", "Standing", "StandingStore"]
