"""API keys: issued once, shown once, refused at the next call after their end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy_gateway.errors import InvalidCall, NotAuthenticated, RecordNotFound
from policy_gateway.identity import Grant, Issued, KeyAuthenticator, Keys, Memberships, authenticate
from policy_gateway.identity.keys import prefix_of
from policy_gateway.model.principal import Credential, Principal
from policy_gateway.store import Database
from policy_gateway.testing.builders import a_key
from policy_gateway.testing.fakes import FakeClock

pytestmark = pytest.mark.anyio

MASTER = a_key("master")
GRANT = Grant(purposes=["service", "callback"], scopes=["calls"])


@pytest.fixture
def keys(database: Database, clock: FakeClock) -> Keys:
    """Return what issues keys."""
    return Keys(database, MASTER, clock=clock)


@pytest.fixture
def authenticator(database: Database, clock: FakeClock) -> KeyAuthenticator:
    """Return what knows keys."""
    return KeyAuthenticator(database, MASTER, clock=clock)


@pytest.fixture
async def issued(keys: Keys) -> Issued:
    """Return a new key of Anna's."""
    return await keys.issue("acme", "user:anna", GRANT)


async def who(authenticator: KeyAuthenticator, secret: str, scheme: str = "bearer") -> Principal | None:
    """Return who a secret belongs to."""
    return await authenticator.authenticate(Credential(scheme, secret))


class TestIssuing:
    async def test_principal(self, authenticator: KeyAuthenticator, database: Database, issued: Issued) -> None:
        """A key's principal has the tenant and purposes of the key, and the names of this moment."""
        memberships = Memberships(database)
        await memberships.add("acme", "user:anna", "agent", "team:berlin")
        await memberships.add("bolt", "user:anna", "supervisor")
        principal = await who(authenticator, issued.key)

        assert principal is not None
        assert ("user:anna", "acme", {"user:anna", "agent", "team:berlin"}) == (
            principal.id,
            principal.tenant,
            principal.names,
        )
        assert ({"service", "callback"}, {"calls"}, issued.prefix) == (
            principal.purposes,
            principal.scopes,
            principal.key,
        )

    async def test_form(self, issued: Issued) -> None:
        """A key can be told from other secrets, and is not shown by accident."""
        assert (61, "pgw_", False) == (len(issued.key), issued.key[:4], issued.key in repr(issued))

    async def test_unique(self, keys: Keys) -> None:
        """No two keys are the same."""
        issued = [await keys.issue("acme", "user:anna", GRANT) for _ in range(20)]

        assert (20, 20) == (len({one.key for one in issued}), len({one.prefix for one in issued}))

    @pytest.mark.attack("I21")
    async def test_not_kept(self, issued: Issued, stored: Callable[[], bytes]) -> None:
        """Neither the key nor its secret part is in any of the database's files."""
        data = stored()

        assert (False, True) == (issued.key[12:-6].encode() in data, issued.prefix.encode() in data)

    async def test_acting_for(self, keys: Keys, authenticator: KeyAuthenticator) -> None:
        """A chain is kept in its order."""
        chain = ("user:selma", "team:berlin")
        issued = await keys.issue("acme", "ai:copilot", Grant(acting_for=chain))
        principal = await who(authenticator, issued.key)

        assert principal is not None
        assert chain == principal.acting_for

    @pytest.mark.parametrize(
        ("tenant", "principal", "grant"),
        [
            ("Acme", "user:anna", GRANT),
            ("acme*", "user:anna", GRANT),
            ("_system", "user:anna", GRANT),
            ("a" * 41, "user:anna", GRANT),
            ("acme", "anna", GRANT),
            ("acme", "agent", GRANT),
            ("acme", "user:anna\n", GRANT),
            ("acme", "user:Anna", GRANT),
            ("acme", "role:agent", GRANT),
            ("acme", "user:" + "a" * 65, GRANT),
            ("acme", "user:anna", Grant(purposes=["two words"])),
            ("acme", "user:anna", Grant(scopes=["*"])),
            ("acme", "user:anna", Grant(acting_for=["user:anna"])),
            ("acme", "user:anna", Grant(acting_for=["user:b", "user:b"])),
            ("acme", "user:anna", Grant(acting_for=["anna"])),
        ],
    )
    async def test_malformed(self, keys: Keys, tenant: str, principal: str, grant: Grant) -> None:
        """A name outside the grammar is refused."""
        with pytest.raises(InvalidCall):
            await keys.issue(tenant, principal, grant)

    async def test_expired_already(self, keys: Keys, clock: FakeClock) -> None:
        """A key that would have ended already is not issued."""
        with pytest.raises(InvalidCall):
            await keys.issue("acme", "user:anna", Grant(expires_at=clock()))


class TestRefusing:
    @pytest.mark.attack("G19")
    async def test_revoked_elsewhere(self, authenticator: KeyAuthenticator, issued: Issued, file: Path) -> None:
        """A key that another process revoked is refused at the next call."""
        assert await who(authenticator, issued.key)
        async with Database.open(f"sqlite:///{file}") as second:
            await Keys(second, MASTER, clock=FakeClock()).revoke("acme", issued.prefix)

        with pytest.raises(NotAuthenticated):
            await who(authenticator, issued.key)

    async def test_expired(self, keys: Keys, authenticator: KeyAuthenticator, clock: FakeClock) -> None:
        """A key is refused from the moment at which it ends."""
        issued = await keys.issue("acme", "user:anna", Grant(expires_at=clock() + timedelta(hours=1)))
        clock.advance(minutes=59)
        assert await who(authenticator, issued.key)
        clock.advance(minutes=1)

        with pytest.raises(NotAuthenticated):
            await who(authenticator, issued.key)

    async def test_unknown(self, authenticator: KeyAuthenticator, keys: Keys, issued: Issued, tmp_path: Path) -> None:
        """A well-formed key that was never issued here, or under another master key, is refused."""
        async with Database.open(f"sqlite:///{tmp_path / 'other.db'}") as other:
            elsewhere = await Keys(other, MASTER, clock=FakeClock()).issue("acme", "user:anna", GRANT)
        with pytest.raises(NotAuthenticated):
            await who(authenticator, elsewhere.key)

    async def test_another_master(self, database: Database, clock: FakeClock, issued: Issued) -> None:
        """Keys are worth nothing without the master key that they were issued under."""
        with pytest.raises(NotAuthenticated):
            await who(KeyAuthenticator(database, a_key("other"), clock=clock), issued.key)

    @pytest.mark.attack("G07")
    @pytest.mark.parametrize("change", ["{}=", " {}", "{}\n", "{}\x00", "{}A", "{}{}"])
    async def test_malformed(self, authenticator: KeyAuthenticator, issued: Issued, change: str) -> None:
        """Whatever is not exactly the key is not a key."""
        assert "" == prefix_of(change.format(issued.key, issued.key))

    async def test_mistyped_without_database(self, database: Database, clock: FakeClock, issued: Issued) -> None:
        """A mistyped key is refused before the database is asked."""
        authenticator = KeyAuthenticator(database, MASTER, clock=clock)
        wrong = issued.key[:20] + ("a" if issued.key[20] != "a" else "b") + issued.key[21:]
        await database.writer.submit(lambda connection: connection.exec_driver_sql("DROP TABLE identity_keys").rowcount)

        with pytest.raises(NotAuthenticated):
            await who(authenticator, wrong)

    async def test_one_message(self, keys: Keys, authenticator: KeyAuthenticator, issued: Issued) -> None:
        """All refusals read the same."""
        await keys.revoke("acme", issued.prefix)
        said = set()
        for secret in (issued.key, "pgw_", issued.key[:-1] + "~"):
            with pytest.raises(NotAuthenticated) as refused:
                await who(authenticator, secret)
            said.add(str(refused.value))

        assert 1 == len(said)

    @given(st.text(max_size=80) | st.from_regex(r"pgw_[0-9A-Za-z]{57}", fullmatch=True))
    def test_chance(self, secret: str) -> None:
        """Almost nothing that was made up passes the checksum, and nothing raises."""
        assert prefix_of(secret) in {"", secret[4:12]}


class TestManaging:
    async def test_list(self, keys: Keys, issued: Issued, clock: FakeClock) -> None:
        """A tenant's keys are listed with what they may do, without their secrets, ended ones too."""
        await keys.issue("bolt", "user:ben", GRANT)
        await keys.revoke("acme", issued.prefix)
        [info] = await keys.list("acme")

        assert (issued.prefix, "user:anna", clock(), False) == (
            info.prefix,
            info.principal,
            info.revoked_at,
            info.valid(clock()),
        )
        assert issued.key not in repr(info)

    @pytest.mark.attack("D11")
    async def test_another_tenants(self, keys: Keys, authenticator: KeyAuthenticator, issued: Issued) -> None:
        """Nobody ends a key of another tenant, nor learns that it is there."""
        with pytest.raises(RecordNotFound):
            await keys.revoke("bolt", issued.prefix)

        assert await who(authenticator, issued.key)

    async def test_twice(self, keys: Keys, issued: Issued, clock: FakeClock) -> None:
        """Revoking again changes nothing."""
        await keys.revoke("acme", issued.prefix)
        first = clock()
        clock.advance(hours=1)
        await keys.revoke("acme", issued.prefix)

        assert [first] == [info.revoked_at for info in await keys.list("acme")]


class TestAuthenticate:
    async def test_not_mine(self, authenticator: KeyAuthenticator) -> None:
        """What does not begin like a key, or comes by another scheme, is left to other authenticators."""
        answers = [await who(authenticator, "eyJhbGciOi"), await who(authenticator, "pgw_x", "basic")]

        assert [None, None] == answers

    async def test_nobody_knows(self, authenticator: KeyAuthenticator) -> None:
        """A credential that no authenticator knows is refused."""
        for authenticators in ([], [authenticator]):
            with pytest.raises(NotAuthenticated):
                await authenticate(Credential("bearer", "eyJhbGciOi"), authenticators)

    async def test_first_that_knows(self, authenticator: KeyAuthenticator, issued: Issued) -> None:
        """The first authenticator that knows this kind of credential decides."""

        class Never:
            async def authenticate(self, credential: Credential) -> Principal | None:
                return None

        principal = await authenticate(Credential("Bearer", issued.key), [Never(), authenticator])

        assert "user:anna" == principal.id
