"""One entry for every call, however it ends: without the entry there is no answer."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from datetime import datetime
from types import TracebackType
from typing import Self

from policy_gateway.audit.account import Account
from policy_gateway.audit.calls import (
    PERMIT,
    about_paths,
    code_of,
    names_are_known,
    verdict,
)
from policy_gateway.audit.entry import (
    CORRELATION,
    DECISION,
    OUTCOME,
    Body,
    milliseconds,
    reason_code,
    timing,
)
from policy_gateway.audit.journal import DatabaseJournal
from policy_gateway.audit.phrases import Phrases
from policy_gateway.audit.pseudonyms import Pseudonyms
from policy_gateway.audit.remarks import Remarks
from policy_gateway.audit.strangers import Strangers
from policy_gateway.errors import AuditUnavailable
from policy_gateway.model.decision import Decision, Permit
from policy_gateway.model.disclosure import Disclosure, Released
from policy_gateway.model.field import RecordId
from policy_gateway.model.principal import Principal
from policy_gateway.ports import Journal
from policy_gateway.query import Call, Describe
from policy_gateway.store import Database

Clock = Callable[[], datetime]
Random = Callable[[int], bytes]

UNKNOWN = "unknown"
REPLAYED = "replayed"
MATCH = "match"
NO_MATCH = "no-match"


def new_correlation(now: datetime, random: Random = os.urandom) -> str:
    """Return a new correlation id: 32 hex digits, the time first, so that an index of them grows at its end."""
    return f"{milliseconds(now):012x}{random(10).hex()}"


class Chance:
    """Random bytes from a supply: asking for few at a time costs a system call and the interpreter's lock."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._supply = b""
        self._used = 0

    def __call__(self, count: int) -> bytes:
        """Return *count* fresh bytes, at most 1024."""
        if self._used + count > len(self._supply):
            self._supply, self._used = self._random(1024), 0
        start, self._used = self._used, self._used + count
        return self._supply[start : self._used]


class Entries:
    """The journal as the gateway uses it: ``async with entries.entry(call) as entry``.

    *remarks* keeps free-text reasons; without it they are not kept at all.
    """

    def __init__(
        self,
        database: Database,
        journals: Sequence[Journal] = (),
        *,
        clock: Clock,
        remarks: Remarks | None = None,
        random: Random = os.urandom,
    ) -> None:
        self.phrases = Phrases()
        self._journal = DatabaseJournal(database, journals, random=random)
        self.pseudonyms = Pseudonyms(database, self._journal.log, random)
        self._strangers = Strangers(self._journal)
        self._remarks = remarks
        self._clock = clock
        self._chance = Chance(random)
        self._unfinished: set[asyncio.Task[None]] = set()

    def entry(self, call: Call) -> Entry:
        """Begin the entry of *call*; it is written when the context is left, whatever happened in it."""
        now = self._clock()
        given = call.circumstances.correlation
        correlation = given if given and CORRELATION.fullmatch(given) else new_correlation(now, self._chance)
        return Entry(self, call, correlation, milliseconds(now))

    async def close(self) -> None:
        """Finish what cancelled calls left to be written, and record how many attempts were only counted."""
        if self._unfinished:
            await asyncio.wait(self._unfinished)
        with suppress(AuditUnavailable):
            await self._strangers.close()

    async def write(self, account: Account) -> None:
        """Make an entry durable everywhere; AuditUnavailable when it cannot be."""
        remark = self._sealed_remark(account)
        draft = account.draft()
        draft.remark = remark
        if self._journal.alone:
            # Handed over before anything is awaited: a caller that goes away now cannot take the entry along.
            await self._journal.hand_over(draft)
        else:
            await self._sheltered(self._journal.append(draft))

    def write_later(self, account: Account) -> None:
        """Have an entry written if it still can be: who calls has waited for the journal once, and is refused."""
        task = asyncio.ensure_future(self._write_quietly(account))
        self._unfinished.add(task)
        task.add_done_callback(self._unfinished.discard)

    async def _write_quietly(self, account: Account) -> None:
        with suppress(AuditUnavailable):
            await self.write(account)

    async def stranger(self, call: Call, code: str, correlation: str, time: int) -> None:
        """Remember an attempt of which nobody knows who made it."""
        await self._strangers.attempt(call.circumstances.network, code, correlation, time)

    def now(self) -> int:
        """Return the time in milliseconds since 1970 UTC."""
        return milliseconds(self._clock())

    def _sealed_remark(self, account: Account) -> bytes | None:
        """Return the call's free-text reason, sealed; the entry gets its hash."""
        reason = account.call.circumstances.reason
        if self._remarks is None or not reason or reason_code(reason) or account.body["kind"] != DECISION:
            return None
        correlation = str(account.body["correlation"])
        sealed, account.body["remark"] = self._remarks.seal(account.principal.tenant, correlation, reason)
        return sealed

    async def _sheltered(self, work: Coroutine[object, object, None]) -> None:
        """Await *work*, which goes on even if whoever awaits it is cancelled."""
        task = asyncio.ensure_future(work)
        self._unfinished.add(task)
        task.add_done_callback(self._unfinished.discard)
        await asyncio.shield(task)


class Entry:
    """What is to be remembered of one call. Its methods return what they are told, so that telling costs no line."""

    __slots__ = (
        "_began",
        "_call",
        "_decision",
        "_disclosure",
        "_entries",
        "_intended",
        "_outcome",
        "_principal",
        "_touched",
        "correlation",
    )

    def __init__(self, entries: Entries, call: Call, correlation: str, began: int) -> None:
        self.correlation = correlation
        self._entries = entries
        self._call = call
        self._began = began
        self._principal: Principal | None = None
        self._decision: Decision | None = None
        self._disclosure: Disclosure | None = None
        self._intended = False
        self._outcome = UNKNOWN
        self._touched: RecordId | None = None

    def by(self, principal: Principal) -> Principal:
        """Remember who is calling."""
        self._principal = principal
        return principal

    def decided(self, decision: Decision) -> Decision:
        """Remember what policy says."""
        self._decision = decision
        return decision

    async def intend(self) -> None:
        """Write the decision of a change now, before the CRM is asked; its outcome will be an entry of its own."""
        if self._principal is None or not isinstance(self._decision, Permit):
            raise AuditUnavailable("nothing was permitted, so nothing is changed")
        body = self._decision_body(None)
        await self._entries.write(self._told(self._principal, self._began, body, None, certain=True))
        self._intended = True

    def outcome(self, kind: str, record: RecordId | None = None) -> None:
        """Remember how an intended change ended (``done``, ``refused`` …), and the record it touched."""
        self._outcome = str(kind)
        self._touched = record

    def disclosed(self, disclosure: Disclosure) -> Disclosure:
        """Remember what is about to leave."""
        self._disclosure = disclosure
        return disclosure

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self._finish(error)
        except AuditUnavailable:
            if not isinstance(error, asyncio.CancelledError):  # nobody is there to be answered
                raise

    async def _finish(self, error: BaseException | None) -> None:
        broken = None
        if error is None and not isinstance(self._decision, Permit):
            error = broken = AuditUnavailable("nothing was permitted, so nothing was released")
        if self._principal is None:
            await self._entries.stranger(self._call, code_of(error), self.correlation, self._began)
        elif isinstance(error, AuditUnavailable) and isinstance(self._decision, Permit):
            self._entries.write_later(self._account(self._principal, error))
        else:
            await self._entries.write(self._account(self._principal, error))
        if broken is not None:
            raise broken

    def _account(self, principal: Principal, error: BaseException | None) -> Account:
        released = self._disclosure.released if self._disclosure is not None and error is None else None
        if not self._intended:
            return self._told(principal, self._began, self._decision_body(error), released)
        now = self._entries.now()
        return self._told(principal, now, self._outcome_body(error, now), released, certain=True)

    def _told(
        self, principal: Principal, time: int, body: Body, released: Released | None, *, certain: bool = False
    ) -> Account:
        target = self._touched or self._target
        return Account(self._entries.phrases, principal, self._call, time, body, released, target, certain=certain)

    def _decision_body(self, error: BaseException | None) -> Body:
        phrases, decision, call = self._entries.phrases, self._decision, self._call
        body: Body = phrases.of_call(call)
        if decision is not None:
            body.update(phrases.of_decision(decision))
        body.update(about_paths(call, known=names_are_known(decision, error)))
        body["correlation"] = self.correlation
        body["decision"] = verdict(decision, error)
        body["kind"] = DECISION
        body["timing"] = timing(self._entries.now() - self._began)
        if error is not None:
            body["code"] = code_of(error)
        elif self._disclosure is not None and self._disclosure.replayed:
            body["outcome"] = REPLAYED
        elif self._disclosure is not None and self._disclosure.matched is not None:
            body["outcome"] = MATCH if self._disclosure.matched else NO_MATCH
        return body

    def _outcome_body(self, error: BaseException | None, now: int) -> Body:
        body = self._entries.phrases.of_call(self._call)
        body["correlation"] = self.correlation
        body["decision"] = PERMIT
        body["kind"] = OUTCOME
        body["outcome"] = self._outcome
        body["timing"] = timing(now - self._began)
        if error is not None:
            body["code"] = code_of(error)
        return body

    @property
    def _target(self) -> RecordId | None:
        operation = self._call.operation
        return None if isinstance(operation, Describe) else operation.target
