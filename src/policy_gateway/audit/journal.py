"""Where entries go: the database first, then every further place that is registered; no entry, no answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from policy_gateway.audit.draft import Draft
from policy_gateway.audit.store import EntryLog
from policy_gateway.errors import AuditUnavailable
from policy_gateway.ports import Journal
from policy_gateway.store import Database

DEADLINE = 5.0


class DatabaseJournal:
    """The journal that every gateway has; further *journals* get each entry as the database numbered it."""

    def __init__(
        self,
        database: Database,
        journals: Sequence[Journal] = (),
        *,
        random: Callable[[int], bytes],
        deadline: float = DEADLINE,
    ) -> None:
        self.log = EntryLog(database, random)
        self._writer = database.writer
        self._journals = tuple(journals)
        self._deadline = deadline

    @property
    def alone(self) -> bool:
        """Tell whether the database is the only place."""
        return not self._journals

    def hand_over(self, draft: Draft) -> asyncio.Future[bytes]:
        """Queue *draft* at once; the answer, its whole canonical bytes, comes when it is durable in the database.

        It will be written even if nobody awaits that. AuditUnavailable, at once or as the answer, when it cannot be.
        """
        return self._writer.append(self.log, self.log.prepare(draft))

    async def append(self, draft: Draft) -> None:
        """Make *draft* durable everywhere, or raise AuditUnavailable."""
        entry = await self.hand_over(draft)
        for journal in self._journals:
            await self._also(journal, entry)

    async def _also(self, journal: Journal, entry: bytes) -> None:
        try:
            async with asyncio.timeout(self._deadline):
                await journal.append((entry,))
        except AuditUnavailable:
            raise
        except Exception as broken:  # noqa: BLE001 -- journals are plugins; fail closed
            raise AuditUnavailable(f"a journal failed with {type(broken).__name__}, so nothing was released") from None
