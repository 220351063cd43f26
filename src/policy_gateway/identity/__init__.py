"""Who is calling: API keys and the sessions that stand on them, what each was granted, teams and roles of now."""

from __future__ import annotations

from policy_gateway.identity.authenticator import KeyAuthenticator, authenticate
from policy_gateway.identity.facts import PrincipalFacts
from policy_gateway.identity.keys import Grant, Issued, Keys
from policy_gateway.identity.memberships import Memberships
from policy_gateway.identity.secrets import derive, master_key, new_master_key
from policy_gateway.identity.sessions import Kinds, SessionAuthenticator, Sessions
from policy_gateway.identity.store import KeyInfo

__all__ = [
    "Grant",
    "Issued",
    "KeyAuthenticator",
    "KeyInfo",
    "Keys",
    "Kinds",
    "Memberships",
    "PrincipalFacts",
    "SessionAuthenticator",
    "Sessions",
    "authenticate",
    "derive",
    "master_key",
    "new_master_key",
]
