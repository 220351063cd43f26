"""Who belongs where, as of this moment."""

from __future__ import annotations

import pytest

from policy_gateway.errors import InvalidCall
from policy_gateway.identity import Memberships, PrincipalFacts
from policy_gateway.query import Call, Query
from policy_gateway.store import Database
from policy_gateway.testing.builders import a_principal

pytestmark = pytest.mark.anyio


@pytest.fixture
def memberships(database: Database) -> Memberships:
    """Return an empty membership list."""
    return Memberships(database)


class TestNames:
    async def test_add_and_remove(self, memberships: Memberships) -> None:
        """Names hold from the next look on, in their tenant only, and adding twice is adding once."""
        await memberships.add("acme", "user:anna", "agent", "team:berlin", "agent")
        await memberships.add("bolt", "user:anna", "auditor")
        removed = [await memberships.remove("acme", "user:anna", name) for name in ("agent", "agent")]

        assert ({"team:berlin"}, {"auditor"}) == (
            await memberships.names("acme", "user:anna"),
            await memberships.names("bolt", "user:anna"),
        )
        assert [True, False] == removed

    async def test_list(self, memberships: Memberships) -> None:
        """A tenant's list is sorted, and its own."""
        await memberships.add("acme", "user:selma", "supervisor")
        await memberships.add("acme", "user:anna", "agent")
        await memberships.add("bolt", "user:ben", "agent")

        assert [("user:anna", "agent"), ("user:selma", "supervisor")] == await memberships.list("acme")

    @pytest.mark.parametrize("name", ["", "Agent", "user:selma", "team:", "a b", "*", "agent\n", "a" * 65])
    async def test_malformed(self, memberships: Memberships, name: str) -> None:
        """A name outside the grammar, or of another person, is refused."""
        with pytest.raises(InvalidCall):
            await memberships.add("acme", "user:anna", name)


class TestAttributes:
    async def test_set_and_cleared(self, memberships: Memberships) -> None:
        """An attribute is replaced, and gone when it is cleared."""
        await memberships.describe("acme", "user:anna", "owner_id", "7")
        await memberships.describe("acme", "user:anna", "owner_id", "8")
        await memberships.describe("acme", "user:anna", "desk", "4")
        await memberships.describe("acme", "user:anna", "desk", None)

        assert {"owner_id": "8"} == await memberships.attributes("acme", "user:anna")

    @pytest.mark.parametrize("value", ["", "x" * 201, "7\n", "\u2028"])
    async def test_malformed(self, memberships: Memberships, value: str) -> None:
        """A value that does not print, or is too long, is refused."""
        with pytest.raises(InvalidCall):
            await memberships.describe("acme", "user:anna", "owner_id", value)


class TestFacts:
    async def test_owner_ids(self, memberships: Memberships) -> None:
        """A principal's ids in the CRM are its general ones and those of the connection that is asked."""
        await memberships.describe("acme", "user:anna", "owner_id", "7 8")
        await memberships.describe("acme", "user:anna", "owner_id.crm", "9")
        await memberships.describe("acme", "user:anna", "owner_id.other", "10")
        reading = await PrincipalFacts(memberships).about_call(a_principal(), Call("crm", Query("contact")))

        assert {"principal.owner_ids": frozenset({"7", "8", "9"})} == reading

    async def test_unknown(self, memberships: Memberships) -> None:
        """What is not known is not said."""
        assert {} == await PrincipalFacts(memberships).about_call(a_principal(), Call("crm", Query("contact")))
