"""What policy needs to know besides the call itself (the PIP of XACML): learnt in one batch a source a page."""

from policy_gateway.facts.sources import Clock, Facts
from policy_gateway.facts.standing import StandingFacts, VerificationFacts
from policy_gateway.facts.store import Attempts, RecordPlace, Standing, Standings

__all__ = ["Attempts", "Clock", "Facts", "RecordPlace", "Standing", "StandingFacts", "Standings", "VerificationFacts"]
