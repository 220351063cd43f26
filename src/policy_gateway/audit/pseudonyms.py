"""Random names for people: entries tell one person from another, and nobody can tell who it is without this table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import orjson

from policy_gateway.audit.store import EntryLog, PseudonymTable
from policy_gateway.model.field import RecordId
from policy_gateway.model.principal import PrincipalId, TenantId
from policy_gateway.store import Database


def subject_name(connection: str, resource: str, record: RecordId) -> str:
    """Return the name under which the pseudonym of a record's data subject is kept."""
    return orjson.dumps([connection, resource, record]).decode()


class Pseudonyms:
    """Shows, gives and destroys pseudonyms; *log* is told, so that it uses none that was destroyed."""

    def __init__(self, database: Database, log: EntryLog, random: Callable[[int], bytes]) -> None:
        self._table = PseudonymTable(database, random)
        self._log = log

    async def known(self, tenant: TenantId, names: Sequence[str]) -> Mapping[str, str]:
        """Return the pseudonyms of those *names* (principals' ids, :func:`subject_name` s) that have one."""
        return await self._table.known(tenant, names)

    async def assign(self, tenant: TenantId, names: Sequence[str]) -> Mapping[str, str]:
        """Return the pseudonym of each of *names*, a new one for a name that has none; the same for all who ask."""
        return await self._table.assign(tenant, names)

    async def of_principal(self, tenant: TenantId, principal: PrincipalId) -> str:
        """Return the principal's pseudonym."""
        known = await self.known(tenant, (principal,)) or await self.assign(tenant, (principal,))
        return known[principal]

    async def destroy(self, tenant: TenantId, names: Iterable[str]) -> int:
        """Forget for ever who the pseudonyms of *names* are; the next entry about them gets new ones."""
        return await self._table.destroy(tenant, list(names), self._log.forget)
