from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, cast

import pytest

from policy_gateway.crm import Claim, Idempotency, Target
from policy_gateway.errors import Conflict, InvalidCall
from policy_gateway.model.field import Catalogue, RecordId, Resource
from policy_gateway.query import Change, ChangeKind
from policy_gateway.testing.builders import a_call, a_change, a_principal

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from policy_gateway.records import Adapter
    from policy_gateway.store import Database

pytestmark = pytest.mark.anyio

ANNA = a_principal()
CHANGE = replace(a_change(target="7", values={"phone": "+49 30 23125001"}), idempotency_key="key-1")


def target(tenant: str = "acme", connection: str = "crm") -> Target:
    """Return what a change is about."""
    resource = Resource("contact", "contacts", MappingProxyType({}))
    return Target(tenant, connection, cast("Adapter", None), Catalogue("memory"), resource, b"", a_call(CHANGE))


@pytest.fixture
def memory(database: Database, clock: Callable[[], datetime]) -> Idempotency:
    """Return an empty memory of changes."""
    return Idempotency(database, bytes(range(32)), clock)


class TestClaim:
    async def test_first(self, memory: Idempotency) -> None:
        """The first change with a key is to be applied."""
        assert not (await memory.claim(ANNA, target(), CHANGE)).done

    async def test_replay(self, memory: Idempotency) -> None:
        """The same change again, once it was applied, is only told which record it touched."""
        await memory.complete(await memory.claim(ANNA, target(), CHANGE), RecordId("7"))
        again = await memory.claim(ANNA, target(), CHANGE)

        assert (True, "7") == (again.done, again.record)

    @pytest.mark.parametrize("done", [True, False])
    @pytest.mark.parametrize(
        "other",
        [
            replace(CHANGE, values={"phone": "+49 30 23125002"}),
            replace(CHANGE, values={}),
            replace(CHANGE, target=RecordId("8")),
            replace(CHANGE, kind=ChangeKind.DELETE),
            replace(CHANGE, resource="company"),
            replace(CHANGE, precondition="*"),
        ],
    )
    async def test_other_change(self, memory: Idempotency, other: Change, *, done: bool) -> None:
        """A key that stands for one change is refused for another."""
        claim = await memory.claim(ANNA, target(), CHANGE)
        if done:
            await memory.complete(claim, RecordId("7"))
        with pytest.raises(Conflict, match="another change"):
            await memory.claim(ANNA, target(), other)
        with pytest.raises(Conflict, match="another change"):
            await memory.claim(ANNA, target(connection="crm2"), CHANGE)

    async def test_pending(self, memory: Idempotency) -> None:
        """While nobody knows how the first ended, the same change is refused."""
        await memory.claim(ANNA, target(), CHANGE)
        with pytest.raises(Conflict, match="under way"):
            await memory.claim(ANNA, target(), CHANGE)

    async def test_at_once(self, memory: Idempotency) -> None:
        """Of many at once exactly one is to be applied."""
        ended = await asyncio.gather(*(memory.claim(ANNA, target(), CHANGE) for _ in range(20)), return_exceptions=True)

        assert 1 == sum(isinstance(one, Claim) for one in ended)
        assert 19 == sum(isinstance(one, Conflict) for one in ended)

    async def test_abandoned(self, memory: Idempotency) -> None:
        """A change that was surely not applied may be tried again; an applied one stays applied."""
        claim = await memory.claim(ANNA, target(), CHANGE)
        await memory.abandon(claim)
        again = await memory.claim(ANNA, target(), CHANGE)
        await memory.complete(again, None)
        await memory.abandon(again)

        assert (await memory.claim(ANNA, target(), CHANGE)).done

    async def test_own(self, memory: Idempotency) -> None:
        """The same key of another principal or tenant is another key."""
        await memory.claim(ANNA, target(), CHANGE)

        assert not (await memory.claim(a_principal("user:selma"), target(), CHANGE)).done
        assert not (await memory.claim(ANNA, target("bolt"), CHANGE)).done

    @pytest.mark.parametrize("key", ["", "a" * 256, "a\n", "ü", "\x00"])
    async def test_grammar(self, memory: Idempotency, key: str) -> None:
        """A key is printable ASCII of a sensible length."""
        with pytest.raises(InvalidCall):
            await memory.claim(ANNA, target(), replace(CHANGE, idempotency_key=key))


class TestMemory:
    async def test_nothing_of_the_change(self, memory: Idempotency, stored: Callable[[], bytes]) -> None:
        """Neither the key nor a value is kept, only hashes that need the gateway's key."""
        await memory.claim(ANNA, target(), CHANGE)

        assert b"23125001" not in stored()
        assert b"key-1" not in stored()

    async def test_forgets(self, memory: Idempotency, clock: Callable[[], datetime]) -> None:
        """What was claimed before a time is forgotten, pending or not; the rest is not."""
        await memory.claim(ANNA, target(), CHANGE)
        border = clock()
        later = replace(CHANGE, idempotency_key="key-2")
        await memory.claim(ANNA, target(), later)

        assert 0 == await memory.forget(border - timedelta(hours=1))
        assert 1 == await memory.forget(border)
        assert not (await memory.claim(ANNA, target(), CHANGE)).done
        with pytest.raises(Conflict):
            await memory.claim(ANNA, target(), later)
