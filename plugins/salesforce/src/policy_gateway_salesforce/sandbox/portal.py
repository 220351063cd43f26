"""Everything around the records: which versions there are, what each offers, and what the org may still ask."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from policy_gateway_salesforce.sandbox.state import Org
from policy_gateway_salesforce.sandbox.wire import Answer, Asked, Json

OLDEST: Final = 40
NEWEST: Final = 70
_SEASONS: Final = ("Summer", "Winter", "Spring")
_RESOURCES: Final = ("composite", "jobs", "limits", "query", "queryAll", "recent", "search", "sobjects")
_LIMITS: Final = MappingProxyType(
    {
        "ConcurrentAsyncGetReportInstances": 200,
        "DailyAsyncApexExecutions": 250_000,
        "DailyBulkApiBatches": 15_000,
        "DailyBulkV2QueryFileStorageMB": 976_562,
        "DailyBulkV2QueryJobs": 10_000,
        "DailyWorkflowEmails": 1_000,
        "DataStorageMB": 1_024,
        "FileStorageMB": 1_024,
        "MassEmail": 5_000,
        "SingleEmail": 5_000,
    }
)


def knows(version: str) -> bool:
    """Tell whether this version of the API (``59.0``) is served."""
    whole, _, part = version.partition(".")
    return part == "0" and whole.isdigit() and OLDEST <= int(whole) <= NEWEST


def versions(_: Org, __: Asked) -> Answer:
    """Answer ``GET /services/data``, which needs no session."""
    listed: list[Json] = []
    for version in range(OLDEST, NEWEST + 1):
        season, year = _SEASONS[(version - OLDEST) % 3], 17 + (version - OLDEST + 2) // 3
        label = f"{season} '{year}"
        listed.append({"label": label, "url": f"/services/data/v{version}.0", "version": f"{version}.0"})
    return Answer(200, listed)


def resources(org: Org, asked: Asked) -> Answer:
    """Answer ``GET /services/data/vXX.X``."""
    told: dict[str, Json] = {name: f"{asked.root}/{name}" for name in _RESOURCES}
    return Answer(200, told | {"identity": f"{asked.origin}/id/{org.id}/{asked.who.user.id}"})


def limits(org: Org, _: Asked) -> Answer:
    """Answer ``GET /limits``."""
    left = max(0, org.requests_most - org.requests_used)
    daily: dict[str, Json] = {"Max": org.requests_most, "Remaining": left}
    others: dict[str, Json] = {name: {"Max": most, "Remaining": most} for name, most in _LIMITS.items()}
    return Answer(200, others | {"DailyApiRequests": daily})
