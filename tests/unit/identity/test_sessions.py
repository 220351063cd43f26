from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy_gateway.errors import NotAuthenticated
from policy_gateway.identity import Grant, KeyAuthenticator, Keys, SessionAuthenticator, Sessions
from policy_gateway.identity.seals import Claims, Kind, Seals
from policy_gateway.model.principal import Credential
from policy_gateway.ports import Login, LoginGrant
from policy_gateway.store import Database
from policy_gateway.testing.fakes import FakeClock

MASTER = bytes(range(32))
CLAIMS = Claims(Kind.ACCESS, "abcdefgh", "service", "crm", "salesforce", 2_000_000_000)
TOKEN = Seals(MASTER).seal(CLAIMS)
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


async def kinds(tenant: str) -> Mapping[str, str]:
    """Return what adapters the tenants of these tests have."""
    return {
        "acme": {"crm": "salesforce", "portal": "hubspot", "second": "hubspot"},
        "bolt": {"own": "salesforce"},
    }.get(tenant, {})


@dataclass(frozen=True)
class Desk:
    """What these tests work with."""

    keys: Keys
    tokens: SessionAuthenticator
    sessions: Sessions

    async def issue(self, *purposes: str, tenant: str = "acme", **granted: object) -> str:
        """Return a new key of Anna's."""
        return (await self.keys.issue(tenant, "user:anna", Grant(purposes, **granted))).key  # type: ignore[arg-type]  # what a key may be limited by

    async def login(self, key: str, name: str = "service@crm", dialect: str = "salesforce") -> Login:
        """Log in with *key*."""
        return await self.sessions.login(LoginGrant(name, key, dialect, network="192.0.2.1"))

    async def refresh(self, token: str, dialect: str = "salesforce") -> Login:
        """Get new tokens with *token*."""
        return await self.sessions.login(LoginGrant("", token, dialect, refresh=True))


@pytest.fixture
def desk(database: Database, clock: FakeClock) -> Desk:
    """Return keys and sessions of one database."""
    tokens = SessionAuthenticator(database, MASTER, clock=clock)
    keys = KeyAuthenticator(database, MASTER, clock=clock)
    return Desk(Keys(database, MASTER, clock=clock), tokens, Sessions(keys, tokens, kinds))


def shown(secret: str) -> Credential:
    """Return *secret* as a facade hands it on."""
    return Credential("bearer", secret, "192.0.2.1")


@pytest.mark.anyio
class TestLogin:
    async def test_tokens(self, desk: Desk) -> None:
        """A login gives two tokens of letters and digits, and says how long the first is good for."""
        login = await desk.login(await desk.issue("service"))

        assert (True, True, 7200) == (login.token.isalnum(), login.refresh.isalnum(), login.seconds)
        assert login.token != login.refresh

    async def test_session(self, desk: Desk) -> None:
        """A login's token enters the session that the name asked for."""
        login = await desk.login(await desk.issue("service", "complaint"))

        session = await desk.sessions.enter(shown(login.token), "salesforce")

        assert session == login.session
        assert ("user:anna", "acme", "crm", "service") == (
            session.principal,
            session.tenant,
            session.connection,
            session.purpose,
        )

    @pytest.mark.parametrize(
        ("name", "dialect"),
        [
            ("marketing@crm", "salesforce"),
            ("service@portal", "salesforce"),
            ("service@crm", "hubspot"),
            ("service@own", "salesforce"),
            ("service@nothing", "salesforce"),
            ("service@", "salesforce"),
            ("@crm", "salesforce"),
            ("service", "salesforce"),
            ("", "salesforce"),
            ("service@crm", ""),
            ("service@gateway", ""),
            ("service@crm@crm", "salesforce"),
        ],
    )
    async def test_refused(self, desk: Desk, name: str, dialect: str) -> None:
        """A purpose, connection or dialect that does not fit is refused as a key that is none."""
        key = await desk.issue("service")

        with pytest.raises(NotAuthenticated) as refused:
            await desk.login(key, name, dialect)
        with pytest.raises(NotAuthenticated) as unknown:
            await desk.login("pgw_none", "service@crm")

        assert str(unknown.value) == str(refused.value)

    async def test_api_keys_only(self, desk: Desk) -> None:
        """An access token is no password."""
        login = await desk.login(await desk.issue("service"))

        with pytest.raises(NotAuthenticated):
            await desk.login(login.token)


@pytest.mark.anyio
class TestRefresh:
    async def test_new_tokens(self, desk: Desk, clock: FakeClock) -> None:
        """A refresh token gives a new access token when the first has ended."""
        login = await desk.login(await desk.issue("service"))
        clock.advance(hours=3)

        again = await desk.refresh(login.refresh)

        assert ("crm", "service") == (again.session.connection, again.session.purpose)
        assert "acme" == (await desk.sessions.enter(shown(again.token), "salesforce")).tenant

    async def test_not_with_an_access_token(self, desk: Desk) -> None:
        """An access token refreshes nothing."""
        login = await desk.login(await desk.issue("service"))

        with pytest.raises(NotAuthenticated):
            await desk.refresh(login.token)

    async def test_not_as_an_access_token(self, desk: Desk) -> None:
        """A refresh token enters no session."""
        login = await desk.login(await desk.issue("service"))

        with pytest.raises(NotAuthenticated):
            await desk.sessions.enter(shown(login.refresh), "salesforce")
        with pytest.raises(NotAuthenticated):
            await desk.tokens.authenticate(Credential(login.session.credential.scheme, login.refresh))

    async def test_not_for_another_dialect(self, desk: Desk) -> None:
        """A refresh token is good at the facade that gave it."""
        login = await desk.login(await desk.issue("service"))

        with pytest.raises(NotAuthenticated):
            await desk.refresh(login.refresh, "hubspot")

    async def test_ends(self, desk: Desk, clock: FakeClock) -> None:
        """A refresh token is good for thirty days."""
        login = await desk.login(await desk.issue("service"))
        clock.advance(days=30)

        with pytest.raises(NotAuthenticated):
            await desk.refresh(login.refresh)


@pytest.mark.anyio
class TestToken:
    async def test_principal(self, desk: Desk) -> None:
        """A session's credential stands for the key's principal, for the session's purpose alone."""
        login = await desk.login(await desk.issue("service", "complaint"))

        principal = await desk.tokens.authenticate(login.session.credential)

        assert principal is not None
        assert ("user:anna", frozenset({"service"})) == (principal.id, principal.purposes)

    async def test_no_other_scheme(self, desk: Desk) -> None:
        """A sealed token that somebody shows as a bearer token elsewhere is nobody's."""
        login = await desk.login(await desk.issue("service"))

        assert None is await desk.tokens.authenticate(shown(login.token))

    async def test_ends(self, desk: Desk, clock: FakeClock) -> None:
        """An access token is good for two hours."""
        login = await desk.login(await desk.issue("service"))
        clock.advance(hours=2)

        with pytest.raises(NotAuthenticated):
            await desk.sessions.enter(shown(login.token), "salesforce")
        with pytest.raises(NotAuthenticated):
            await desk.tokens.authenticate(login.session.credential)

    async def test_revoked(self, desk: Desk) -> None:
        """A token ends with the key behind it, at once, though it was good a moment ago."""
        key = await desk.issue("service")
        login = await desk.login(key)
        await desk.sessions.enter(shown(login.token), "salesforce")
        await desk.keys.revoke("acme", key[4:12])

        with pytest.raises(NotAuthenticated):
            await desk.sessions.enter(shown(login.token), "salesforce")
        with pytest.raises(NotAuthenticated):
            await desk.refresh(login.refresh)

    async def test_key_expired(self, desk: Desk, clock: FakeClock) -> None:
        """A token is not good for longer than its key."""
        login = await desk.login(await desk.issue("service", expires_at=clock() + timedelta(hours=1)))
        clock.advance(hours=1)

        with pytest.raises(NotAuthenticated):
            await desk.sessions.enter(shown(login.token), "salesforce")

    async def test_another_dialect(self, desk: Desk) -> None:
        """A token of one facade is not good at another."""
        login = await desk.login(await desk.issue("service"))

        with pytest.raises(NotAuthenticated):
            await desk.sessions.enter(shown(login.token), "hubspot")

    async def test_of_another_gateway(self, desk: Desk) -> None:
        """A token that was sealed with another master key is not valid."""
        key = await desk.issue("service")
        forged = Seals(bytes(32)).seal(Claims(Kind.ACCESS, key[4:12], "service", "crm", "salesforce", 4_000_000_000))

        with pytest.raises(NotAuthenticated):
            await desk.sessions.enter(shown(forged), "salesforce")


@pytest.mark.anyio
class TestJoinedKey:
    async def test_says_all(self, desk: Desk) -> None:
        """A key with purpose and connection is a token that needs no login; calls are made with the key."""
        key = await desk.issue("service", "complaint")

        session = await desk.sessions.enter(shown(f"{key}~complaint~crm"), "salesforce")

        assert ("complaint", "crm", shown(key)) == (session.purpose, session.connection, session.credential)

    async def test_key_alone(self, desk: Desk) -> None:
        """A key alone is enough when it has one purpose, and its tenant one connection of that kind."""
        session = await desk.sessions.enter(shown(await desk.issue("service")), "salesforce")

        assert ("service", "crm") == (session.purpose, session.connection)

    @pytest.mark.parametrize(
        ("purposes", "tail", "dialect"),
        [
            (("service", "complaint"), "", "salesforce"),
            (("service",), "", "hubspot"),
            (("service",), "", "tryton"),
            (("service",), "", ""),
            (("service",), "~service", "salesforce"),
            (("service",), "~", "salesforce"),
            (("service",), "~~", "salesforce"),
            (("service",), "~service~crm~crm", "salesforce"),
            (("service",), "~marketing~crm", "salesforce"),
            (("service",), "~service~portal", "salesforce"),
            (("service",), "~service~own", "salesforce"),
        ],
    )
    async def test_refused(self, desk: Desk, purposes: tuple[str, ...], tail: str, dialect: str) -> None:
        """What leaves purpose or connection open, or says what does not fit, is refused."""
        key = await desk.issue(*purposes)

        with pytest.raises(NotAuthenticated):
            await desk.sessions.enter(shown(key + tail), dialect)

    @pytest.mark.parametrize("secret", ["", "~service~crm", "pgw_", "pgw_~service~crm", "é", "\0", "0", "a" * 5000])
    async def test_no_token(self, desk: Desk, secret: str) -> None:
        """What is neither key nor token is refused, whatever it is."""
        with pytest.raises(NotAuthenticated):
            await desk.sessions.enter(shown(secret), "salesforce")


class TestSeals:
    def test_open(self) -> None:
        """A token says what was sealed."""
        assert CLAIMS == Seals(MASTER).open(TOKEN)

    def test_says_nothing(self) -> None:
        """A token shows none of its words."""
        assert [] == [word for word in ("service", "crm", "abcdefgh") if word in TOKEN]

    @given(st.integers(0, len(TOKEN) - 1), st.sampled_from(ALPHABET))
    def test_one_character(self, place: int, character: str) -> None:
        """A token with any one character changed is none."""
        changed = TOKEN[:place] + character + TOKEN[place + 1 :]

        assert (CLAIMS if changed == TOKEN else None) == Seals(MASTER).open(changed)

    @given(st.integers(0, len(TOKEN) - 1))
    def test_truncated(self, length: int) -> None:
        """A part of a token is none."""
        assert (None, None) == (Seals(MASTER).open(TOKEN[:length]), Seals(MASTER).open(TOKEN[length + 1 :]))

    @given(st.text(max_size=200) | st.text(ALPHABET, min_size=1, max_size=1200))
    def test_anything(self, text: str) -> None:
        """Whatever somebody makes up is no token, and breaks nothing."""
        assert None is Seals(MASTER).open(text)

    @pytest.mark.parametrize("before", ["0", "00", " ", "\n"])
    def test_one_spelling(self, before: str) -> None:
        """A token has one spelling."""
        assert (None, None) == (Seals(MASTER).open(before + TOKEN), Seals(MASTER).open(TOKEN + before))
