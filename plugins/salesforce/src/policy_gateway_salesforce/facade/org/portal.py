"""Everything around the records: which versions there are, what each offers, and what the org may still be asked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from policy_gateway.ports import Session
from policy_gateway.wire import Json
from policy_gateway_salesforce.facade.exchange.answers import LIMITS, Answer
from policy_gateway_salesforce.facade.exchange.asked import Asked
from policy_gateway_salesforce.facade.exchange.turn import Turn
from policy_gateway_salesforce.facade.login.who import identity_url

OLDEST: Final = 40
NEWEST: Final = 70
MOST_KNOWN: Final = 1_000
USUAL: Final = 15_000
"""How many requests an org may be sent a day, as long as it has not said."""

_SEASONS: Final = ("Summer", "Winter", "Spring")
_RESOURCES: Final = ("composite", "jobs", "limits", "query", "queryAll", "search", "sobjects")
_USAGE: Final = re.compile(r"api-usage=([0-9]{1,12})/([0-9]{1,12})", re.ASCII)
_VERSION: Final = re.compile(r"([0-9]{2})\.0", re.ASCII)
_OTHERS: Final = MappingProxyType(
    {
        "DailyAsyncApexExecutions": 250_000,
        "DailyBulkApiBatches": 15_000,
        "DailyBulkV2QueryFileStorageMB": 976_562,
        "DailyBulkV2QueryJobs": 10_000,
        "DataStorageMB": 1_024,
        "FileStorageMB": 1_024,
    }
)


def served(version: str) -> bool:
    """Tell whether this version of the API (``59.0``) is answered."""
    matched = _VERSION.fullmatch(version)
    return matched is not None and OLDEST <= int(matched[1]) <= NEWEST


def versions() -> Answer:
    """``GET /services/data``, which anybody may ask."""
    listed: list[Json] = []
    for version in range(OLDEST, NEWEST + 1):
        season, year = _SEASONS[(version - OLDEST) % 3], 17 + (version - OLDEST + 2) // 3
        listed.append({"label": f"{season} '{year}", "url": f"/services/data/v{version}.0", "version": f"{version}.0"})
    return Answer(200, listed)


async def resources(asked: Asked, turn: Turn) -> Answer:
    """``GET /services/data/v59.0``: what is answered there."""
    del turn
    told: dict[str, Json] = {name: f"{asked.root}/{name}" for name in _RESOURCES}
    return Answer(200, told | {"identity": identity_url(asked.session, asked.site)})


class Quotas:
    """What orgs have last said of their quotas; the latest of each connection, in this process."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], tuple[int, int]] = {}

    def heard(self, session: Session, limits: Mapping[str, str]) -> None:
        """Remember what the CRM behind *session* said."""
        for name, value in limits.items():
            matched = _USAGE.search(value) if name.lower() == LIMITS.lower() else None
            if matched is not None:
                if len(self._known) >= MOST_KNOWN:
                    self._known.clear()
                self._known[session.tenant, session.connection] = (int(matched[1]), int(matched[2]))

    async def limits(self, asked: Asked, turn: Turn) -> Answer:
        """``GET limits``: the requests as the org itself last counted them."""
        del turn
        used, most = self._known.get((asked.session.tenant, asked.session.connection), (0, USUAL))
        told: dict[str, Json] = {name: {"Max": many, "Remaining": many} for name, many in _OTHERS.items()}
        return Answer(200, told | {"DailyApiRequests": {"Max": most, "Remaining": max(most - used, 0)}})
