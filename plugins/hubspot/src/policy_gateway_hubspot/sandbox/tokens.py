"""Who may call: the tokens that last, and those that the portal's one OAuth app gets for half an hour."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from policy_gateway_hubspot.sandbox.wire import Refusal, unauthenticated

CLIENT_ID: Final = "sandbox-client"
CLIENT_SECRET: Final = "sandbox-secret"  # noqa: S105 -- opens nothing but this double
REFRESH_TOKEN: Final = "refresh-eu1-sandbox"  # noqa: S105 -- as above
CODE: Final = "code-eu1-sandbox"
LIFE_SECONDS: Final = 1800


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token opens; *expires* is None for one that lasts."""

    scopes: frozenset[str]
    expires: datetime | None = None


class Tokens:
    """The access tokens and refresh tokens of one portal."""

    def __init__(self, lasting: Mapping[str, frozenset[str]], clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._grants = {token: Grant(scopes) for token, scopes in lasting.items()}
        self._everything = frozenset[str]().union(*lasting.values())
        self._refreshing = {REFRESH_TOKEN}
        self._numbers = itertools.count(1)

    def grant(self, token: str) -> Grant | None:
        """Return what *token* opens, expired or not; None for one that was never issued."""
        return self._grants.get(token)

    def scopes(self, token: str) -> frozenset[str]:
        """Return the scopes of a token that may call now."""
        grant = self._grants.get(token)
        if grant is None:
            raise unauthenticated()
        if self.seconds_left(grant) <= 0:
            message = "The OAuth token used to make this call expired."
            raise Refusal(401, "EXPIRED_AUTHENTICATION", message)
        return grant.scopes

    def seconds_left(self, grant: Grant) -> int:
        """Return how long a token still lives; half an hour for one that lasts."""
        if grant.expires is None:
            return LIFE_SECONDS
        return int((grant.expires - self._clock()).total_seconds())

    def refreshes(self, token: str) -> bool:
        """Tell whether *token* is a refresh token that is good."""
        return token in self._refreshing

    def issue(self) -> str:
        """Return a new access token with every scope that the portal gives."""
        token = f"oauth-eu1-sandbox-{next(self._numbers)}"
        expires = self._clock() + timedelta(seconds=LIFE_SECONDS)
        self._grants[token] = Grant(self._everything, expires)
        return token

    def revoke(self, token: str) -> None:
        """Forget a token of either sort; one that is unknown is forgotten already."""
        self._refreshing.discard(token)
        self._grants.pop(token, None)
