"""Who is asking: people, applications and AI agents, each for exactly one tenant at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType

TenantId = NewType("TenantId", str)
PrincipalId = NewType("PrincipalId", str)
"""``user:mara``, ``app:dialler``, ``ai:copilot``: the prefix keeps an id from ever equalling a role's name."""


class PrincipalKind(StrEnum):
    """The prefixes of principals and teams."""

    USER = "user"
    TEAM = "team"
    APP = "app"
    AI = "ai"


@dataclass(frozen=True, slots=True)
class Credential:
    """What a caller shows: a scheme (``bearer``), its secret, and the network address it came from."""

    scheme: str
    secret: str = field(repr=False)
    network: str = ""


@dataclass(frozen=True, slots=True)
class Principal:
    """An authenticated caller.

    *names* is what policy rules may call it by: its own id, its teams and its direct roles, all for *tenant*.
    *purposes* are those granted to the credential, *scopes* what the credential may be used for at all.
    *acting_for* is the chain of principals on whose behalf it acts, nearest first.
    """

    id: PrincipalId
    tenant: TenantId
    names: frozenset[str]
    purposes: frozenset[str]
    scopes: frozenset[str] = frozenset()
    acting_for: tuple[PrincipalId, ...] = ()
    key: str = ""

    @property
    def kind(self) -> PrincipalKind:
        """Return the kind that the id's prefix says."""
        return PrincipalKind(self.id.partition(":")[0])

    @property
    def teams(self) -> frozenset[str]:
        """Return the names of the teams, without their prefix."""
        return frozenset(name.removeprefix("team:") for name in self.names if name.startswith("team:"))
