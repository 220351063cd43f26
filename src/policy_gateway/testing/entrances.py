"""For tests of entrances: a gate that answers from a few contacts, and a client that says just what it is told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import orjson

from policy_gateway.errors import (
    ConnectionNotFound,
    FieldRefused,
    GatewayError,
    NotAuthenticated,
    PreconditionRequired,
    PurposeMissing,
    RecordNotFound,
)
from policy_gateway.model.decision import CLEAR, NONE, Grant, KnownField, Level, Permit
from policy_gateway.model.disclosure import Disclosure, Note, Released, ReleasedRecord
from policy_gateway.model.facts import Reading, TruthVector
from policy_gateway.model.field import RecordId, Value
from policy_gateway.model.principal import Credential
from policy_gateway.query import Action, Batch, Call, Change, ChangeKind, Describe, Query, Verify, searched_paths

SECRET: Final = "good-key"  # noqa: S105 -- opens nothing but this gate
VERSION: Final = "bundle-1"
PARTIAL: Final = Level("partial", 50)
KNOWN: Final[Mapping[str, Level]] = {
    "id": CLEAR,
    "first_name": CLEAR,
    "phone": CLEAR,
    "email": PARTIAL,
    "created_at": CLEAR,
}
"""What a caller of this gate may know of, and see."""

ERIKA: Final[Mapping[str, Value]] = {
    "id": "7",
    "first_name": "Erika",
    "phone": "+49 30 5550100",
    "email": "e****@example.org",
    "created_at": "2026-01-02T03:04:05Z",
}


class _NothingLeft:
    """A residual of nothing."""

    reads: frozenset[str] = frozenset()
    facts: frozenset[str] = frozenset()

    def truths(self, reading: Reading) -> TruthVector:
        """Return no truth."""
        del reading
        return TruthVector()

    def levels(self, truths: TruthVector) -> Grant:
        """Return no level."""
        del truths
        return Grant({})


@dataclass(slots=True)
class ScriptedGate:
    """A gate to the connection ``crm`` with *contacts* by id; it remembers the *calls* and *attempts* it was asked.

    Fields besides :data:`KNOWN` are refused, whether a CRM has them or not. *broken* is raised instead of any answer.
    """

    contacts: dict[str, Mapping[str, Value]] = field(default_factory=lambda: {"7": ERIKA})
    notes: Mapping[str, Note] = field(default_factory=dict)
    cursor: str | None = None
    broken: Exception | None = None
    calls: list[Call] = field(default_factory=list)
    attempts: list[tuple[Call, GatewayError]] = field(default_factory=list)

    async def handle(self, call: Call, credential: Credential) -> Disclosure:
        """Answer *call* as far as the caller may know."""
        self.calls.append(call)
        if self.broken is not None:
            raise self.broken
        self._admit(call, credential)
        match call.operation:
            case Describe():
                return self._disclosure(call, known=_known())
            case Query() as query:
                return self._disclosure(call, *self._found(query))
            case Change() as change:
                return self._disclosure(call, *self._changed(change))
            case Verify() as asked:
                found = self._found(Query(asked.resource, ("id",), target=asked.target))
                held = self.contacts[asked.target].get(asked.path)
                return replace(self._disclosure(call, *found), matched=held == asked.value)

    async def handle_batch(self, batch: Batch, credential: Credential) -> Sequence[Disclosure | GatewayError]:
        """Answer each call of *batch*."""
        outcomes: list[Disclosure | GatewayError] = []
        for call in batch.calls:
            try:
                outcomes.append(await self.handle(call, credential))
            except GatewayError as error:
                outcomes.append(error)
        return outcomes

    async def refused(self, attempt: Call, credential: Credential, error: GatewayError) -> None:
        """Remember the attempt and raise *error*."""
        if credential.secret != SECRET:
            raise NotAuthenticated
        self.attempts.append((attempt, error))
        raise error

    async def connections(self, credential: Credential) -> Sequence[str]:
        """Return the names of the connections."""
        if credential.secret != SECRET:
            raise NotAuthenticated
        return ("crm",)

    def nonpersonal(self, connection: str, resource: str, path: str) -> bool:
        """Tell whether *path* may stand in a URL."""
        del connection, resource
        return path in {"id", "created_at"}

    def _admit(self, call: Call, credential: Credential) -> None:
        if credential.secret != SECRET:
            raise NotAuthenticated
        if call.connection not in {"crm", "gateway"}:
            raise ConnectionNotFound
        if not call.purpose:
            raise PurposeMissing

    def _found(self, query: Query) -> tuple[Mapping[str, Value], ...]:
        selected = {path for path in query.select if isinstance(path, str)}
        if (selected | searched_paths(query)) - KNOWN.keys():
            raise FieldRefused
        if query.target is None:
            found = tuple(self.contacts.values())
        elif query.target in self.contacts:
            found = (self.contacts[query.target],)
        else:
            raise RecordNotFound
        wanted = selected | {"id"} if selected else set(KNOWN)
        return tuple({path: value for path, value in one.items() if path in wanted} for one in found)

    def _changed(self, change: Change) -> tuple[Mapping[str, Value], ...]:
        if change.resource == "provenance":
            return ({"id": str(change.target)},)
        if unknown := change.values.keys() - {"first_name", "phone"}:
            known = sorted(unknown & KNOWN.keys())
            raise FieldRefused(pointer=f"/{known[0]}" if known else "")
        if change.kind is ChangeKind.CREATE:
            new = {**change.values, "id": str(len(self.contacts) + 7)}
            self.contacts[str(new["id"])] = new
            return (new,)
        if change.target not in self.contacts:
            raise RecordNotFound
        if change.precondition is None:
            raise PreconditionRequired
        if change.kind is ChangeKind.DELETE:
            return (self.contacts.pop(change.target),)
        self.contacts[change.target] = {**self.contacts[change.target], **change.values}
        return (self.contacts[change.target],)

    def _disclosure(self, call: Call, *found: Mapping[str, Value], known: tuple[KnownField, ...] = ()) -> Disclosure:
        records = tuple(
            ReleasedRecord(RecordId(str(one["id"])), one, {"email": "partial"} if "email" in one else {}, (), "tag-1")
            for one in found
        )
        notes = {record.id: self.notes for record in records} if self.notes and "gdpr" in call.include else {}
        permit = Permit(VERSION, dict(KNOWN), _NothingLeft(), TruthVector(), known=known)
        return Disclosure(Released("contact", records, self.cursor), notes, permit)


def _known() -> tuple[KnownField, ...]:
    searchable = {"id", "phone", "email"}
    return tuple(
        KnownField(path, {Action.VIEW: level, Action.SEARCH: CLEAR if path in searchable else NONE})
        for path, level in KNOWN.items()
    )


Lines = Sequence[tuple[str, str]]
Message = MutableMapping[str, Any]
App = Callable[[Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]]

AGENT: Final[Lines] = (("host", "localhost"), ("authorization", f"Bearer {SECRET}"), ("x-purpose", "service"))
"""The header lines of an agent who asks on behalf of a customer."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back; *lines* are the header lines with lower-case names, in order."""

    status: int
    lines: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers by name."""
        return dict(self.lines)

    @property
    def json(self) -> Any:  # noqa: ANN401 -- whatever the other side says
        """Return the body's content."""
        return orjson.loads(self.body)


@dataclass(frozen=True, slots=True)
class HttpClient:
    """Asks an ASGI *app* in process; paths go out byte by byte as given, header lines as often as given."""

    app: App
    lines: Lines = AGENT
    peer: str = "127.0.0.1"

    async def get(self, target: str, *lines: tuple[str, str]) -> Reply:
        """Return the answer to a GET of *target*; *lines* come besides the client's own."""
        return await self.ask("GET", target, [*self.lines, *lines])

    async def send(self, method: str, target: str, document: object, *lines: tuple[str, str]) -> Reply:
        """Return the answer to a request with *document* as its JSON (bytes as they are)."""
        body = document if isinstance(document, bytes) else orjson.dumps(document)
        own = [] if any(name == "content-type" for name, _ in lines) else [("content-type", "application/json")]
        return await self.ask(method, target, [*self.lines, *own, *lines], body)

    async def ask(self, method: str, target: str, lines: Lines, body: bytes = b"") -> Reply:
        """Return the answer to just this request."""
        path, _, query = target.partition("?")
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in lines]
        if body:
            headers.append((b"content-length", str(len(body)).encode()))
        scope: Message = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": headers,
            "client": (self.peer, 40000),
            "server": ("localhost", 80),
        }
        incoming: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]
        sent: list[Message] = []

        async def receive() -> Message:
            return incoming.pop() if incoming else {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        found = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in sent[0]["headers"])
        return Reply(sent[0]["status"], found, b"".join(message.get("body", b"") for message in sent[1:]))
