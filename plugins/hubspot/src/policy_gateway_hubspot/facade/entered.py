"""Sessions that were entered a moment ago: what a token stands for is not read anew for each request.

Nothing is permitted by that: the gate asks of each call whether its credential is still good, and for which purpose.
"""

from __future__ import annotations

import asyncio
from hashlib import blake2b
from typing import Final

from policy_gateway.model.principal import Credential
from policy_gateway.ports import Session, Sessions
from policy_gateway_hubspot.catalogue import ADAPTER

LIFETIME: Final = 5.0
"""In seconds."""

_MOST: Final = 4_096


class Entered:
    """Remembers sessions by what was shown, of which it keeps no more than a hash."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._known: dict[tuple[bytes, str], tuple[float, Session]] = {}

    async def enter(self, credential: Credential) -> Session:
        """Return the session that *credential* stands for; NotAuthenticated for all that is bad."""
        now = asyncio.get_running_loop().time()
        key = blake2b(credential.secret.encode(), digest_size=32).digest(), credential.network
        found = self._known.get(key)
        if found is not None and now < found[0]:
            return found[1]
        session = await self._sessions.enter(credential, ADAPTER)
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[key] = now + LIFETIME, session
        return session
