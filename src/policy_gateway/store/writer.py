"""The one writer: whoever wants something durable waits in one queue, and one thread commits all that wait together.

There is no linger: the thread takes what is there, half of it when that is a crowd. While it waits for the disk the
next group gathers by itself.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, IntegrityError

from policy_gateway.errors import AuditUnavailable
from policy_gateway.store.remembered import Remembered

T = TypeVar("T")
Job = Callable[[Connection], Any]

_MOST_AT_ONCE = 256
_CROWD = 24
_ROUND = 64
_TOO_MANY = "too much waits to be recorded, so nothing was released"
_TOO_LATE = "recording took too long, so nothing was released"


class Overtaken(Exception):
    """What a bulk had learnt of the database is not true any more: another process was faster."""


class Driver(Protocol):
    """The part of the database driver's connection that a :class:`Bulk` uses."""

    def execute(self, sql: str, parameters: Sequence[object], /) -> Any:  # noqa: ANN401 -- the driver's own cursor
        """Run one statement."""
        ...


class Bulk(Protocol):
    """A kind of small write that happens often; all that wait are written by few statements.

    Up to *limit* items are one statement, which commits by itself.
    """

    limit: int

    def write(self, driver: Driver, items: Sequence[Any]) -> Sequence[object]:
        """Write *items* (at most *limit*) with one statement; return an answer for each.

        Raises Overtaken to be called again, after :meth:`forget` and with the database locked.
        """
        ...

    def forget(self) -> None:
        """Forget what was learnt of the database: a commit failed, or another process wrote."""
        ...


class Watchful(ABC):
    """A bulk that writes only if nobody else has, which one statement can find out by itself.

    Asking beforehand takes another one, and between the two of them somebody else may be faster.
    """

    limit: int

    @abstractmethod
    def write(self, driver: Driver, items: Sequence[Any], version: int | None = None) -> Sequence[object]:
        """Do what :class:`Bulk` says; raise Overtaken if *version* is given and is not the database's any more."""

    @abstractmethod
    def forget(self) -> None:
        """Forget what was learnt of the database."""


class _Ticket:
    """One wish to write, and who waits for it."""

    __slots__ = ("answer", "bulk", "deadline", "error", "future", "work")

    def __init__(self, future: asyncio.Future[Any], deadline: float, work: Any, bulk: Bulk | None = None) -> None:  # noqa: ANN401 -- a job, or an item for the bulk
        self.future = future
        self.deadline = deadline
        self.work = work
        self.bulk = bulk
        self.answer: object = None
        self.error: Exception | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """How many seconds a write may take, and how many may wait."""

    deadline: float
    capacity: int


class Writer:
    """Writes for one event loop. Whatever is awaited here is durable in time, or raised AuditUnavailable."""

    def __init__(self, engine: Engine, identity: Callable[[], int], remembered: Remembered, limits: Limits) -> None:
        self._engine = engine
        self._remembered = remembered
        self._identity = identity
        self._deadline = limits.deadline
        self._capacity = limits.capacity
        self._queue: queue.SimpleQueue[_Ticket | None] = queue.SimpleQueue()
        self._waiting: deque[_Ticket] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._sweeping: asyncio.TimerHandle | None = None
        self._thread: threading.Thread | None = None
        self._session: _Session | None = None
        self._verified = False

    async def submit(self, job: Callable[[Connection], T]) -> T:
        """Run *job* in the writer's transaction and return its answer when that is durable.

        What *job* raises undoes only this job; AuditUnavailable when the database could not do it in time. *job* runs
        in another thread and must not block.
        """
        answer: T = await self._enter(job, None)
        return answer

    def append(self, bulk: Bulk, item: object) -> asyncio.Future[Any]:
        """Hand *item* over at once, even if nobody awaits the answer; AuditUnavailable when too many wait."""
        return self._enter(item, bulk)

    async def close(self) -> None:
        """Write what waits, then stop."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._queue.put(None)
            await asyncio.to_thread(thread.join, self._deadline)
        if self._sweeping is not None:
            self._sweeping.cancel()
            self._sweeping = None

    def _enter(self, work: object, bulk: Bulk | None) -> asyncio.Future[Any]:
        if self._queue.qsize() >= self._capacity:
            raise AuditUnavailable(_TOO_MANY)
        loop = asyncio.get_running_loop()
        if loop is not self._loop or self._thread is None:
            self._start(loop)
        ticket = _Ticket(loop.create_future(), loop.time() + self._deadline, work, bulk)
        self._waiting.append(ticket)
        if self._sweeping is None:
            self._sweeping = loop.call_at(ticket.deadline, self._sweep)
        self._queue.put(ticket)
        return ticket.future

    def _start(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting.clear()
        self._sweeping = None
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
            self._thread.start()

    def _sweep(self) -> None:
        """Refuse whoever waited too long. One timer does for all, since all wait equally long."""
        self._sweeping = None
        if self._loop is None:
            return
        now = self._loop.time()
        while self._waiting and (self._waiting[0].future.done() or self._waiting[0].deadline <= now):
            late = self._waiting.popleft()
            if not late.future.done():
                late.future.set_exception(AuditUnavailable(_TOO_LATE))
        if self._waiting:
            self._sweeping = self._loop.call_at(self._waiting[0].deadline, self._sweep)

    def _resolve(self, tickets: Sequence[_Ticket]) -> None:
        for ticket in tickets:
            if ticket.future.done():  # cancelled, or too late
                continue
            if ticket.error is None:
                ticket.future.set_result(ticket.answer)
            else:
                ticket.future.set_exception(ticket.error)
        while self._waiting and self._waiting[0].future.done():
            self._waiting.popleft()

    # What follows runs in the writer's thread.

    def _run(self) -> None:
        more = True
        while more:
            tickets, more = self._take()
            if tickets:
                self._commit(tickets)
                self._report(tickets)
        self._end_session()

    def _take(self) -> tuple[list[_Ticket], bool]:
        """Return those whose turn it is, and whether there can be more."""
        if self._queue.empty():
            self._verified = False
        tickets = []
        ticket = self._queue.get()
        for _ in range(self._share(self._queue.qsize() + 1) - 1):
            if ticket is None:
                break
            tickets.append(ticket)
            ticket = self._queue.get()
        if ticket is not None:
            tickets.append(ticket)
        return tickets, ticket is not None

    def _share(self, queued: int) -> int:
        """Return how many of *queued* to take: all, but of a crowd no more than half of everybody who waits.

        While the disk works for one half, the event loop works for the other; otherwise they would work in turns.
        """
        crowd = max(queued, len(self._waiting))
        most = min(queued, (crowd + 1) // 2 if crowd >= _CROWD else crowd, _MOST_AT_ONCE)
        # Statements of a few lengths only, because each length is kept compiled.
        return most - most % _ROUND if most > _ROUND else most

    def _commit(self, tickets: Sequence[_Ticket]) -> None:
        try:
            self._write(tickets)
        except Exception as failed:  # noqa: BLE001 -- whatever it was: nothing is known to be durable, so all are told
            self._end_session()
            # A driver's error can quote a statement's parameters, so only its kind is told.
            detail = f"the access could not be recorded ({type(failed).__name__}), so nothing was released"
            for ticket in tickets:
                ticket.error = AuditUnavailable(detail)

    def _write(self, tickets: Sequence[_Ticket]) -> None:
        session = self._open_session()
        if session.write(tickets):
            self._remembered.changed()
        else:
            self._remembered.appended()
        if self._identity() != session.identity:
            raise FileNotFoundError  # what was written cannot be found any more
        self._verified = True

    def _report(self, tickets: Sequence[_Ticket]) -> None:
        loop = tickets[0].future.get_loop()
        try:
            loop.call_soon_threadsafe(self._resolve, tickets)
        except RuntimeError:  # the loop is closed: nobody waits any more
            return

    def _open_session(self) -> _Session:
        session = self._session
        if session is not None and self._verified:
            # Looked after just now; to look again would let the event loop go first, while the disk has nothing to do.
            return session
        identity = self._identity()
        if session is not None and session.identity == identity:
            return session
        self._end_session()
        if not identity:
            raise FileNotFoundError
        self._session = _Session(self._engine.connect(), identity)
        return self._session

    def _end_session(self) -> None:
        session, self._session = self._session, None
        self._remembered.lost()
        if session is not None:
            session.end()


class _Session:
    """An open connection, used in the writer's thread only. *identity* tells one database file from its successor."""

    def __init__(self, connection: Connection, identity: int) -> None:
        self.identity = identity
        self._connection = connection
        driver: Any = connection.connection.driver_connection
        self._driver: Driver = driver
        self._bulks: list[Bulk] = []
        self._seen = self._version()

    def write(self, tickets: Sequence[_Ticket]) -> bool:
        """Write all *tickets* durably, or raise; return whether any of them was a job, which may change anything.

        A statement that is alone commits by itself.
        """
        bulk = tickets[0].bulk
        if bulk is None or len(tickets) > bulk.limit or any(ticket.bulk is not bulk for ticket in tickets):
            self._write_together(tickets)
            return any(ticket.bulk is None for ticket in tickets)
        try:
            if isinstance(bulk, Watchful):
                self._append(bulk, tickets, self._seen)
            else:
                self._look()
                self._append(bulk, tickets)
        except Overtaken:
            self._write_together(tickets)
        return False

    def _write_together(self, tickets: Sequence[_Ticket]) -> None:
        with self._connection.begin():
            self._look()
            for ticket in tickets:
                if ticket.bulk is None:
                    self._do(ticket)
            for bulk in dict.fromkeys(ticket.bulk for ticket in tickets):
                if bulk is not None:
                    own = [ticket for ticket in tickets if ticket.bulk is bulk]
                    for start in range(0, len(own), bulk.limit):
                        self._append(bulk, own[start : start + bulk.limit])

    def end(self) -> None:
        """Let go of the connection, which may be broken."""
        self._forget()
        try:
            self._connection.close()
        except DBAPIError:
            self._connection.invalidate()

    def _look(self) -> None:
        """Have everything forgotten that was learnt before another process wrote."""
        version = self._version()
        if version != self._seen:
            self._seen = version
            self._forget()

    def _version(self) -> int:
        """Return a number that changes when another connection has written."""
        return int(self._driver.execute("PRAGMA data_version", ()).fetchone()[0])

    def _forget(self) -> None:
        for bulk in self._bulks:
            bulk.forget()

    def _append(self, bulk: Bulk, tickets: Sequence[_Ticket], version: int | None = None) -> None:
        if bulk not in self._bulks:
            self._bulks.append(bulk)
        items = [ticket.work for ticket in tickets]
        if isinstance(bulk, Watchful):
            answers = bulk.write(self._driver, items, version)
        else:
            answers = bulk.write(self._driver, items)
        for ticket, answer in zip(tickets, answers, strict=True):
            ticket.answer = answer

    def _do(self, ticket: _Ticket) -> None:
        if ticket.future.done():  # whoever asked was told that it did not happen
            return
        job: Job = ticket.work
        try:
            with self._connection.begin_nested():
                ticket.answer = job(self._connection)
        except IntegrityError as conflict:
            ticket.error = conflict
        except DBAPIError:
            raise
        except Exception as refused:  # noqa: BLE001 -- the job's own error undoes the job and goes to who asked
            ticket.error = refused
