"""The shelf: short-lived state of facades, the same for every worker of a gateway."""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from secrets import token_bytes
from typing import Final

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, bindparam, delete, insert, select, update

from policy_gateway.errors import Conflict, InvalidCall, RecordNotFound
from policy_gateway.ports import Kept, Session
from policy_gateway.shelf.tables import kept
from policy_gateway.store import Database

LARGEST: Final = 16 * 2**20
"""The most that stands under one name, in bytes: who keeps more keeps it in parts."""

LONGEST: Final = timedelta(days=8)
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9/._-]{0,127}")
_NONCE_BYTES: Final = 12


class Shelf:
    """Keeps what facades put on it. Only the same principal, in the same tenant, connection and purpose, finds it.

    *key* is derived for this use only, *index* another one: an owner's column says nothing of who that is.
    """

    def __init__(self, database: Database, key: bytes, index: bytes, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._cipher = AESGCM(key)
        self._index = index
        self._clock = clock
        own = (kept.c.owner == bindparam("owner"), kept.c.name == bindparam("name"))
        self._found = database.prepare(select(kept.c.sealed, kept.c.version, kept.c.until).where(*own))

    async def put(self, session: Session, name: str, body: bytes, *, seconds: int, version: int | None = None) -> int:
        """Keep *body* under *name* for so many seconds; return its version.

        With a *version*, Conflict unless that is what stands there (0: nothing): two workers cannot both have won.
        """
        if _NAME.fullmatch(name) is None or len(body) > LARGEST:
            raise InvalidCall("this cannot be kept")
        owner = self._owner(session)
        nonce = token_bytes(_NONCE_BYTES)
        sealed = nonce + self._cipher.encrypt(nonce, body, _bound(owner, name))
        until = self._clock() + min(timedelta(seconds=seconds), LONGEST)

        def job(connection: Connection) -> int:
            here = (kept.c.owner == owner, kept.c.name == name)
            there = connection.execute(select(kept.c.version).where(*here)).scalar()
            if version is not None and version != (there or 0):
                raise Conflict("somebody else was faster")
            values = {"sealed": sealed, "version": (there or 0) + 1, "until": until}
            if there is None:
                connection.execute(insert(kept).values(owner=owner, name=name, **values))
            else:
                connection.execute(update(kept).where(*here).values(**values))
            return (there or 0) + 1

        return await self._database.writer.submit(job)

    async def get(self, session: Session, name: str) -> Kept:
        """Return what stands under *name*; RecordNotFound when nothing does (any more), or it is another's."""
        owner = self._owner(session)
        rows = await self._database.fetch(self._found, owner=owner, name=name)
        if not rows or rows[0][2] <= self._clock():
            raise RecordNotFound
        sealed, version, _ = rows[0]
        try:
            body = self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _bound(owner, name))
        except InvalidTag:
            raise RecordNotFound from None
        return Kept(body, version)

    async def drop(self, session: Session, prefix: str) -> None:
        """Forget everything whose name begins so."""
        owner = self._owner(session)
        last = prefix + "\U0010ffff"

        def job(connection: Connection) -> None:
            connection.execute(delete(kept).where(kept.c.owner == owner, kept.c.name.between(prefix, last)))

        await self._database.writer.submit(job)

    async def forget(self, before: datetime) -> int:
        """Forget what was to be kept until *before*; return how much that was."""

        def job(connection: Connection) -> int:
            return connection.execute(delete(kept).where(kept.c.until < before)).rowcount

        return await self._database.writer.submit(job)

    def _owner(self, session: Session) -> bytes:
        parts = (session.tenant, session.principal, session.connection, session.purpose)
        return hmac.digest(self._index, orjson.dumps(parts), "sha256")


def _bound(owner: bytes, name: str) -> bytes:
    return owner + name.encode()
