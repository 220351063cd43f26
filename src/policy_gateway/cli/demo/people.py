"""The demo's colleagues as the gateway knows them: members, with keys that stay the same from start to start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from policy_gateway.app import App
from policy_gateway.cli.demo.cast import CAST, ENVELOPES, Role
from policy_gateway.cli.demo.folder import keep_tokens, tokens
from policy_gateway.cli.provenance import EDITOR
from policy_gateway.errors import NotAuthenticated
from policy_gateway.identity import Grant, authenticate
from policy_gateway.model.principal import Credential
from policy_gateway.provenance import Envelope, Reference

RESOURCES: Final = ("contact", "company")


@dataclass(frozen=True, slots=True)
class Player:
    """A colleague with a key that works."""

    role: Role
    credential: Credential

    @property
    def token(self) -> str:
        """Return the key, to be shown."""
        return self.credential.secret


async def players(app: App, folder: Path) -> Mapping[str, Player]:
    """Return everybody by name, made members and given keys as far as they were not."""
    kept, found = tokens(folder), {}
    for role in CAST:
        await app.administration.memberships.add(role.tenant, role.principal, *role.names)
        for name, value in role.attributes.items():
            await app.administration.memberships.describe(role.tenant, role.principal, name, value)
        credential = Credential("bearer", kept.get(role.principal, ""))
        if not await _works(app, role, credential):
            issued = await app.administration.keys.issue(role.tenant, role.principal, Grant(role.purposes))
            credential = Credential("bearer", issued.key)
        found[role.name] = Player(role, credential)
    keep_tokens(folder, {player.role.principal: player.token for player in found.values()})
    return found


async def documented(app: App) -> None:
    """Say where the data of each connection comes from, unless that has been said."""
    provenance = app.administration.provenance
    for (tenant, connection), parts in ENVELOPES.items():
        for resource in RESOURCES:
            known = (await provenance.page(tenant, connection, resource, ())).defaults.get("*")
            if known != Envelope.of(parts):
                place = Reference(tenant, connection, resource, "", "*")
                await provenance.set_default(place, parts, EDITOR)


async def _works(app: App, role: Role, credential: Credential) -> bool:
    try:
        principal = await authenticate(credential, app.gateway.authenticators)
    except NotAuthenticated:
        return False
    wanted = (role.principal, role.tenant, frozenset(role.purposes))
    return wanted == (principal.id, principal.tenant, principal.purposes)
