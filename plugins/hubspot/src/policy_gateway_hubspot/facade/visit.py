"""One request of a known caller: calls through the gate, and the replies that come of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from policy_gateway.errors import ConnectionNotFound, FieldRefused, GatewayError
from policy_gateway.model.disclosure import Disclosure
from policy_gateway.ports import Gate, Session
from policy_gateway.query import ENDING, Batch, Call, Change, Describe, Operation, Query
from policy_gateway.wire import Json, Reply, json_reply
from policy_gateway_hubspot.catalogue import ADAPTER
from policy_gateway_hubspot.facade.kinds import Kind, kind_of
from policy_gateway_hubspot.facade.known import Knowledge, Known, Place
from policy_gateway_hubspot.facade.refusals import CORRELATION, ScopeMissing, TypeUnknown
from policy_gateway_hubspot.facade.request import Request

TYPE: Final = "type"
LIMITS: Final = "x-hubspot-ratelimit-"

_NOTHING: Final[frozenset[str]] = frozenset()
_TIME_DIGITS: Final = 12


class Visit:
    """A *request* within its *session*; *asked* tells whether the gate knows of it, and so the journal.

    *scopes* are those that HubSpot would ask for, *words* the names that the caller compares or sorts by: only those
    are repeated to it. *version* is the policy's that decided last.
    """

    __slots__ = (
        "_circumstances",
        "_gate",
        "_knowledge",
        "_limits",
        "asked",
        "request",
        "scopes",
        "session",
        "version",
        "words",
    )

    def __init__(self, request: Request, session: Session, gate: Gate, knowledge: Knowledge) -> None:
        self.request = request
        self.session = session
        self.scopes: tuple[str, ...] = ()
        self.words: frozenset[str] = frozenset()
        self.asked = False
        self.version = ""
        self._circumstances = request.ask.origin
        self._gate = gate
        self._knowledge = knowledge
        self._limits: dict[str, str] = {}

    @property
    def now(self) -> str:
        """Return when the request came, as HubSpot writes times: its correlation id begins with it."""
        digits = self.request.ask.correlation[:_TIME_DIGITS]
        moment = datetime.fromtimestamp(int(digits or "0", 16) / 1000, UTC)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def kind(self, name: str = TYPE) -> Kind:
        """Return the object type that the path names; ConnectionNotFound for what can be none."""
        word = self.request.variables[name]
        try:
            return kind_of(word)
        except ConnectionNotFound:
            raise TypeUnknown(word) from None

    def explain(self) -> None:
        """Read what the caller tells of the circumstances; InvalidCall for what is not well-formed."""
        self._circumstances = self.request.ask.circumstances()

    def call(self, operation: Operation, *, include: frozenset[str] = _NOTHING, lenient: bool = False) -> Call:
        """Return the call that *operation*, in HubSpot's names, is in this session."""
        return Call(
            self.session.connection,
            operation,
            self.session.purpose,
            circumstances=self._circumstances,
            include=include,
            dialect=ADAPTER,
            lenient=lenient,
        )

    async def ask(
        self, operation: Operation, *, include: frozenset[str] = _NOTHING, lenient: bool = False
    ) -> Disclosure:
        """Return the answer to *operation*; names that a *lenient* one selects and may not know of are withheld."""
        self.asked = True
        call = self.call(operation, include=include, lenient=lenient)
        try:
            return self._noted(await self._gate.handle(call, self.session.credential), operation)
        except (ConnectionNotFound, FieldRefused) as error:
            raise self._said(error, operation) from None

    async def ask_plainly(self, operation: Operation) -> Disclosure:
        """Return the answer to *operation* in the gateway's own names: only there records have tags."""
        self.asked = True
        call = replace(self.call(operation), dialect="")
        return self._noted(await self._gate.handle(call, self.session.credential), operation)

    async def ask_all(
        self, operations: Iterable[Operation], *, lenient: bool = False
    ) -> Sequence[Disclosure | GatewayError]:
        """Return the answers to *operations* in their order, each decided and journalled on its own."""
        calls = tuple(self.call(operation, lenient=lenient) for operation in operations)
        if not calls:
            return ()
        self.asked = True
        answers = await self._gate.handle_batch(Batch(calls), self.session.credential)
        return [self._each(answer, call.operation) for answer, call in zip(answers, calls, strict=True)]

    async def refuse(self, operation: Operation, error: GatewayError) -> None:
        """Journal that *operation* was attempted, and raise *error*."""
        self.asked = True
        await self._gate.refused(self.call(operation), self.session.credential, error)

    async def known(self, kind: Kind) -> Known:
        """Return what the caller may know of *kind*."""
        now, place = asyncio.get_running_loop().time(), self._place(kind.name)
        found = self._knowledge.recall(place, now)
        if found is None:
            asked = self.asked
            found = self._knowledge.learn(place, Known.of(await self.ask(Describe(kind.name))), now)
            self.asked = asked  # what the caller wants is still to be asked, or to be journalled as refused
        return found

    def reply(self, members: Json, status: int = 200, headers: Sequence[tuple[str, str]] = ()) -> Reply:
        """Return *members* as the answer, with HubSpot's quotas as far as it told them."""
        return json_reply(members, status, (*self._told(), *headers))

    def nothing(self, status: int = 204) -> Reply:
        """Return an answer without a body."""
        return Reply(status, headers=tuple(self._told()))

    def _told(self) -> Iterable[tuple[str, str]]:
        yield CORRELATION, self.request.ask.correlation
        if self.version:
            yield "x-policy-version", self.version
        yield from self._limits.items()

    def _each(self, answer: Disclosure | GatewayError, operation: Operation) -> Disclosure | GatewayError:
        return self._said(answer, operation) if isinstance(answer, GatewayError) else self._noted(answer, operation)

    def _said(self, error: GatewayError, operation: Operation) -> GatewayError:
        """Return *error* in words of HubSpot's; names are repeated only where the caller has said them."""
        match error, operation:
            case ConnectionNotFound(), _:
                return TypeUnknown(self.request.variables.get(TYPE, operation.resource))
            case FieldRefused(names=names), Query():
                own = tuple(name for name in names if name in self.words)
                return FieldRefused(names=own) if own else ScopeMissing(*self.scopes)
            case FieldRefused(), Change(kind=kind) if kind in ENDING:
                return ScopeMissing(*self.scopes)
            case _:
                return error

    def _noted(self, disclosure: Disclosure, operation: Operation) -> Disclosure:
        self.version = disclosure.version
        given = {name.lower(): value for name, value in disclosure.limits.items()}
        self._limits.update({name: value for name, value in given.items() if name.startswith(LIMITS) and sound(value)})
        self._knowledge.notice(self._place(operation.resource), disclosure.version)
        return disclosure

    def _place(self, kind: str) -> Place:
        session = self.session
        return Place(session.tenant, session.principal, session.purpose, session.connection, kind)


def sound(value: str) -> bool:
    """Tell whether a number that HubSpot sent in a header is one."""
    return value.isascii() and value.isdigit() and len(value) <= len("9999999999")
