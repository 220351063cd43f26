"""Who belongs where: identity data, revocable at once, never part of a policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from policy_gateway.errors import InvalidCall
from policy_gateway.identity.names import membership, principal_id, tenant_id, word
from policy_gateway.identity.store import MembershipTable
from policy_gateway.store import Database

_LONGEST_VALUE = 200


class Memberships:
    """Teams (``team:berlin``), roles (``agent``) and attributes (a CRM's ``owner_id``) of principals, by tenant."""

    def __init__(self, database: Database) -> None:
        self._table = MembershipTable(database)

    async def names(self, tenant: str, principal: str) -> frozenset[str]:
        """Return the principal's teams and roles as they are now."""
        return await self._table.names(tenant, principal)

    async def list(self, tenant: str) -> Sequence[tuple[str, str]]:
        """Return all pairs of principal and name, sorted."""
        return await self._table.all(tenant)

    async def add(self, tenant: str, principal: str, *names: str) -> None:
        """Add the principal to teams and roles, from the next call on; InvalidCall for a malformed name."""
        for name in names:
            await self._table.add(tenant_id(tenant), principal_id(principal), membership(name))

    async def remove(self, tenant: str, principal: str, name: str) -> bool:
        """Take a team or role away, from the next call on; return whether it was there."""
        return await self._table.remove(tenant, principal, name)

    async def attributes(self, tenant: str, principal: str) -> Mapping[str, str]:
        """Return the principal's attributes as they are now."""
        return await self._table.attributes(tenant, principal)

    async def describe(self, tenant: str, principal: str, name: str, value: str | None) -> None:
        """Set an attribute (at most 200 characters); None takes it away. InvalidCall for a malformed one."""
        if value is not None and not (value.isprintable() and 0 < len(value) <= _LONGEST_VALUE):
            raise InvalidCall("an attribute's value is 1 to 200 printable characters")
        await self._table.describe(tenant_id(tenant), principal_id(principal), word(name), value)
