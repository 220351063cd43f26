"""Each change at most once: a key claims it before the CRM is asked, durably, and remembers how it ended.

Nothing of the change or its answer is kept: keyed hashes only, and the id of the record. A replay reads that record
again, under the policy that is in force then.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Executable, bindparam, delete, insert, select, update

from policy_gateway.crm.tables import idempotency
from policy_gateway.crm.target import Target
from policy_gateway.errors import Conflict, InvalidCall
from policy_gateway.model.field import RecordId
from policy_gateway.model.principal import Principal
from policy_gateway.query import Change
from policy_gateway.store import Database

LONGEST_KEY: Final = 255
_PENDING: Final = "pending"
_DONE: Final = "done"
_TOLD: Final = (idempotency.c.request_hash, idempotency.c.state, idempotency.c.record)


@dataclass(frozen=True, slots=True)
class Claim:
    """A change that one key stands for; when *done*, it was applied before and *record* is what it touched."""

    tenant: str
    principal: str
    key_hash: bytes
    done: bool = False
    record: RecordId | None = None


class Idempotency:
    """The memory of applied changes. *key* is derived for this use only."""

    def __init__(self, database: Database, key: bytes, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._key = key
        self._clock = clock
        own = [idempotency.c[name] == bindparam(name) for name in ("tenant", "principal", "key_hash")]
        self._known = database.prepare(select(*_TOLD).where(*own))

    async def earlier(self, principal: Principal, target: Target, change: Change) -> Claim | None:
        """Return the claim of *change* if it was applied before: the record may well be in another state since then.

        Raises what :meth:`claim` raises.
        """
        claim = self._claim(principal, target, change)
        own = {"tenant": claim.tenant, "principal": claim.principal, "key_hash": claim.key_hash}
        rows = await self._database.fetch(self._known, **own)
        return _done(claim, rows[0], self._hash(_canonical(target, change))) if rows else None

    async def claim(self, principal: Principal, target: Target, change: Change) -> Claim:
        """Return the claim of *change* on its idempotency key, durable before anything is sent.

        Raises Conflict when the key stands for another change, or for one of which nobody knows yet how it ended.
        """
        claim = self._claim(principal, target, change)
        request_hash = self._hash(_canonical(target, change))
        now = self._clock()

        def job(connection: Connection) -> Claim:
            row = connection.execute(select(*_TOLD).where(_is(claim))).first()
            if row is not None:
                return _done(claim, tuple(row), request_hash)
            values = {"tenant": claim.tenant, "principal": claim.principal, "key_hash": claim.key_hash}
            connection.execute(
                insert(idempotency).values(**values, request_hash=request_hash, state=_PENDING, claimed_at=now)
            )
            return claim

        return await self._database.writer.submit(job)

    async def complete(self, claim: Claim, record: RecordId | None) -> None:
        """Remember that the change of *claim* was applied, to *record*."""
        await self._database.writer.submit(
            lambda connection: _execute(
                connection, update(idempotency).where(_is(claim)).values(state=_DONE, record=record)
            )
        )

    async def abandon(self, claim: Claim) -> None:
        """Give the key free again: the change was surely not applied."""
        await self._database.writer.submit(
            lambda connection: _execute(
                connection, delete(idempotency).where(_is(claim), idempotency.c.state == _PENDING)
            )
        )

    async def forget(self, before: datetime) -> int:
        """Forget what was claimed earlier than *before*; return how many that were."""

        def job(connection: Connection) -> int:
            return connection.execute(delete(idempotency).where(idempotency.c.claimed_at < before)).rowcount

        return await self._database.writer.submit(job)

    def _claim(self, principal: Principal, target: Target, change: Change) -> Claim:
        key = change.idempotency_key or ""
        if not 1 <= len(key) <= LONGEST_KEY or not (key.isascii() and key.isprintable()):
            raise InvalidCall("the Idempotency-Key must be 1 to 255 printable ASCII characters")
        return Claim(target.tenant, principal.id, self._hash(key))

    def _hash(self, text: str) -> bytes:
        return hmac.digest(self._key, text.encode(errors="backslashreplace"), "sha256")


def _done(claim: Claim, row: tuple[Any, ...], request_hash: bytes) -> Claim:
    """Return *claim* as the applied change that *row* tells of; Conflict when it tells of anything else."""
    known_hash, state, record = row
    if not hmac.compare_digest(known_hash, request_hash):
        raise Conflict("this Idempotency-Key was used for another change: use a new one")
    if state == _PENDING:
        raise Conflict("a change with this Idempotency-Key is under way, or its outcome is not known")
    return Claim(claim.tenant, claim.principal, claim.key_hash, done=True, record=record)


def _execute(connection: Connection, statement: Executable) -> None:
    connection.execute(statement)


def _is(claim: Claim) -> ColumnElement[bool]:
    columns = idempotency.c
    own = (columns.tenant == claim.tenant) & (columns.principal == claim.principal)
    return own & (columns.key_hash == claim.key_hash)


def _canonical(target: Target, change: Change) -> str:
    values = sorted(change.values.items())
    return repr((target.connection, change.kind, change.resource, change.target, values, change.precondition))
