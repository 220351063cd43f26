from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from policy_gateway.errors import Conflict, InvalidCall, RecordNotFound
from policy_gateway.model.principal import Credential, PrincipalId, TenantId
from policy_gateway.ports import Session
from policy_gateway.shelf import Shelf
from policy_gateway.shelf.store import LARGEST
from policy_gateway.shelf.tables import kept
from policy_gateway.store import Database
from policy_gateway.testing import FakeClock

pytestmark = pytest.mark.anyio

ANNA = Session(PrincipalId("user:anna"), TenantId("acme"), "crm", "service", Credential("bearer", "x"))
JOB = "job/750000000000001"


@pytest.fixture
def shelf(database: Database, clock: FakeClock) -> Shelf:
    """Return an empty shelf."""
    return Shelf(database, bytes(32), bytes(range(32)), clock)


class TestKeeping:
    async def test_found_again(self, shelf: Shelf) -> None:
        """What was put there is found, the newest of it."""
        versions = [await shelf.put(ANNA, JOB, body, seconds=60) for body in (b"one", b"two")]
        found = await shelf.get(ANNA, JOB)

        assert ([1, 2], b"two", 2) == (versions, found.body, found.version)

    @pytest.mark.parametrize(
        "other",
        [
            replace(ANNA, principal=PrincipalId("user:arno")),
            replace(ANNA, tenant=TenantId("bolt")),
            replace(ANNA, connection="other"),
            replace(ANNA, purpose="complaint"),
        ],
    )
    async def test_not_by_others(self, shelf: Shelf, other: Session) -> None:
        """Nobody else finds it: not another principal, tenant, connection, nor the same one for another purpose."""
        await shelf.put(ANNA, JOB, b"mine", seconds=60)

        with pytest.raises(RecordNotFound):
            await shelf.get(other, JOB)

    async def test_later_session(self, shelf: Shelf) -> None:
        """A later session of the same principal finds it."""
        await shelf.put(ANNA, JOB, b"mine", seconds=60)

        assert b"mine" == (await shelf.get(replace(ANNA, credential=Credential("session", "y")), JOB)).body

    async def test_past_its_time(self, shelf: Shelf, clock: FakeClock) -> None:
        """What is past its time is gone at once, and forgotten with the next sweep."""
        await shelf.put(ANNA, JOB, b"old", seconds=60)
        clock.advance(seconds=60)

        with pytest.raises(RecordNotFound):
            await shelf.get(ANNA, JOB)
        assert (1, 0) == (await shelf.forget(clock() + timedelta(seconds=1)), await shelf.forget(clock()))

    async def test_dropped(self, shelf: Shelf) -> None:
        """A job goes with everything that belongs to it, and nothing else does."""
        for name in (JOB, f"{JOB}/1", "job/750000000000002"):
            await shelf.put(ANNA, name, b"x", seconds=60)
        await shelf.drop(ANNA, JOB)

        assert b"x" == (await shelf.get(ANNA, "job/750000000000002")).body
        for name in (JOB, f"{JOB}/1"):
            with pytest.raises(RecordNotFound):
                await shelf.get(ANNA, name)

    async def test_two_at_once(self, shelf: Shelf) -> None:
        """Of two who want to go on from the same version, one is told that the other was faster."""
        await shelf.put(ANNA, JOB, b"new", seconds=60, version=0)
        await shelf.put(ANNA, JOB, b"taken", seconds=60, version=1)

        with pytest.raises(Conflict):
            await shelf.put(ANNA, JOB, b"taken too", seconds=60, version=1)

    @pytest.mark.parametrize(("name", "body"), [("", b""), ("../x", b""), ("a b", b""), ("x", bytes(LARGEST + 1))])
    async def test_not_kept(self, shelf: Shelf, name: str, body: bytes) -> None:
        """A name that is none, and too much at once, are refused."""
        with pytest.raises(InvalidCall):
            await shelf.put(ANNA, name, body, seconds=60)


class TestSealing:
    async def test_nothing_in_clear(self, shelf: Shelf, database: Database) -> None:
        """What is kept stands nowhere in clear, nor does whose it is."""
        await shelf.put(ANNA, JOB, b"lena.vogt@example.com", seconds=60)
        [row] = await database.writer.submit(lambda connection: connection.execute(select(kept)).all())

        assert not any(word in repr(row) for word in ("lena", "anna", "acme"))

    async def test_moved(self, shelf: Shelf, database: Database) -> None:
        """A row that somebody has moved to another name does not open."""
        await shelf.put(ANNA, JOB, b"mine", seconds=60)
        await database.writer.submit(lambda connection: connection.execute(kept.update().values(name="job/1")).rowcount)

        with pytest.raises(RecordNotFound):
            await shelf.get(ANNA, "job/1")
