"""One entry for every call, however it ends: without the entry there is no answer."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Coroutine, Sequence
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
    refused_fields,
    verdict,
)
from policy_gateway.audit.chance import Chance
from policy_gateway.audit.entry import (
    CORRELATION,
    DECISION,
    OUTCOME,
    milliseconds,
    reason_code,
    timing,
)
from policy_gateway.audit.journal import DatabaseJournal
from policy_gateway.audit.phrases import Phrase, Phrases, said
from policy_gateway.audit.pseudonyms import Pseudonyms
from policy_gateway.audit.remarks import Remarks
from policy_gateway.audit.strangers import Strangers
from policy_gateway.errors import AuditUnavailable
from policy_gateway.model.decision import Decision, Permit
from policy_gateway.model.disclosure import Disclosure
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

    def write(self, account: Account) -> Awaitable[object]:
        """Make an entry durable everywhere, which is to be awaited; AuditUnavailable when it cannot be."""
        draft = account.draft(self._sealed_remark(account))
        if self._journal.alone:
            # Handed over before anything is awaited: a caller that goes away now cannot take the entry along.
            return self._journal.hand_over(draft)
        return self._sheltered(self._journal.append(draft))

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
        if self._remarks is None:
            return None
        reason = account.call.circumstances.reason
        if not reason or reason_code(reason) or account.kind != DECISION:
            return None
        sealed, account.own["remark"] = self._remarks.seal(account.principal.tenant, account.correlation, reason)
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

    def about(self, call: Call) -> Call:
        """Remember what the call is in the gateway's own names."""
        self._call = call
        return call

    def decided(self, decision: Decision) -> Decision:
        """Remember what policy says."""
        self._decision = decision
        return decision

    async def intend(self) -> None:
        """Write the decision of a change now, before the CRM is asked; its outcome will be an entry of its own."""
        if self._principal is None or not isinstance(self._decision, Permit):
            raise AuditUnavailable("nothing was permitted, so nothing is changed")
        account = self._decision_account(self._principal, None)
        account.certain = True
        await self._entries.write(account)
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
        disclosure = self._disclosure if error is None else None
        account = (
            self._outcome_account(principal, error) if self._intended else self._decision_account(principal, error)
        )
        account.released = None if disclosure is None else disclosure.released
        return account

    def _decision_account(self, principal: Principal, error: BaseException | None) -> Account:
        phrases, decision, call = self._entries.phrases, self._decision, self._call
        took = timing(self._entries.now() - self._began)
        end = phrases.of_end(DECISION, verdict(decision, error), code_of(error), self._answered(error), took)
        if decision is None:
            told: tuple[Phrase, ...] = (phrases.of_call(call), end)
        else:
            told = (phrases.of_call(call), phrases.of_decision(decision), end)
        own = said(call) | about_paths(call, known=names_are_known(decision, error)) | refused_fields(decision)
        return Account(phrases, principal, call, DECISION, self.correlation, self._began, told, own, None, self._target)

    def _outcome_account(self, principal: Principal, error: BaseException | None) -> Account:
        phrases, call, now = self._entries.phrases, self._call, self._entries.now()
        end = phrases.of_end(OUTCOME, PERMIT, code_of(error), self._outcome, timing(now - self._began))
        told = (phrases.of_call(call), end)
        target = self._touched or self._target
        return Account(
            phrases, principal, call, OUTCOME, self.correlation, now, told, said(call), None, target, certain=True
        )

    def _answered(self, error: BaseException | None) -> str:
        """Return what an answer says that shows no record."""
        disclosure = self._disclosure
        if disclosure is None or error is not None:
            return ""
        if disclosure.replayed:
            return REPLAYED
        return "" if disclosure.matched is None else MATCH if disclosure.matched else NO_MATCH

    @property
    def _target(self) -> RecordId | None:
        operation = self._call.operation
        return None if isinstance(operation, Describe) else operation.target
