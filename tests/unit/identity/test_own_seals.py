from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy_gateway.identity.seals import OwnSeal, cipher_of
from policy_gateway.identity.sessions import bound_to
from policy_gateway.model.principal import Credential, PrincipalId, TenantId
from policy_gateway.ports import Session

MASTER = bytes(range(32))
ANNA = Session(PrincipalId("user:anna"), TenantId("acme"), "crm", "service", Credential("bearer", "key"))


class Seals:
    """Seals of sessions, without the database that logins need."""

    def __init__(self) -> None:
        self._cipher = cipher_of(MASTER)

    def seal(self, session: Session) -> OwnSeal:
        """Return the seal of *session*."""
        return OwnSeal(self._cipher, bound_to(session))


@pytest.fixture(scope="module")
def sessions() -> Seals:
    """Return the seals of one gateway."""
    return Seals()


class TestSeal:
    @given(said=st.binary(max_size=200))
    def test_opens(self, said: bytes, sessions: Seals) -> None:
        """What a session has sealed it can open, whatever it is."""
        seal = sessions.seal(ANNA)

        assert said == seal.open(seal.close(said))

    def test_says_nothing(self, sessions: Seals) -> None:
        """A token is of URL-safe characters and does not hold what was sealed."""
        token = sessions.seal(ANNA).close(b"erika@example.org")

        assert (True, False) == (token.replace("-", "").replace("_", "").isalnum(), "erika" in token)

    def test_later_session(self, sessions: Seals) -> None:
        """A later session of the same principal, with another token, opens what an earlier one has sealed."""
        later = replace(ANNA, credential=Credential("session/sealed", "another"))

        assert b"said" == sessions.seal(later).open(sessions.seal(ANNA).close(b"said"))

    @pytest.mark.parametrize(
        "other",
        [
            replace(ANNA, principal=PrincipalId("user:ben")),
            replace(ANNA, tenant=TenantId("bolt")),
            replace(ANNA, connection="second"),
            replace(ANNA, purpose="marketing"),
        ],
    )
    def test_somebody_else(self, other: Session, sessions: Seals) -> None:
        """Nobody else, no other tenant, connection or purpose opens it."""
        assert None is sessions.seal(other).open(sessions.seal(ANNA).close(b"said"))

    @pytest.mark.parametrize("token", ["", "A", "A" * 40, "A" * 40_000, "é", "A" * 40 + "\n"])
    def test_foreign(self, token: str, sessions: Seals) -> None:
        """What was never sealed is not opened."""
        assert None is sessions.seal(ANNA).open(token)

    def test_changed(self, sessions: Seals) -> None:
        """A token with one character changed or added is not opened."""
        token = sessions.seal(ANNA).close(b"said")
        changed = [token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :] for at in range(len(token) - 1)]

        assert {None} == {sessions.seal(ANNA).open(one) for one in (*changed, token + "A", token + "=")}
