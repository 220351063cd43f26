"""Canaries: values that nobody may ever learn, and everything that left the gateway, to look for them in."""

from __future__ import annotations

import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import quote

from policy_gateway.testing.entrances import HttpClient, Reply

Message: TypeAlias = MutableMapping[str, Any]
"""ASGI's own type: the specification leaves the values open."""

Send: TypeAlias = Callable[[Message], Awaitable[None]]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
AsgiApp: TypeAlias = Callable[[Message, Receive, Send], Awaitable[None]]

Ask: TypeAlias = Callable[[HttpClient], Awaitable[Reply]]
"""A question that any client can ask."""

Worlds: TypeAlias = Callable[[str, str, Ask], Awaitable[Reply]]
"""Asks a persona's question, for a purpose, in worlds that it may not tell apart; returns the one answer."""

_PREFIX = 8
_CORRELATION = re.compile(rb"[0-9a-f]{32}")


def forms(value: str) -> frozenset[bytes]:
    """Return what *value* may look like to those who try to get it out: encoded, turned around, cut."""
    plain = value.encode()
    # base64 of the same bytes looks different at each of three offsets; the ends depend on what is around them.
    shifted = [b64encode(b"\0" * shift + plain)[4:-4] for shift in range(3)]
    spelled = [plain, plain.lower(), plain.upper(), plain[::-1], plain[:_PREFIX], quote(value, safe="").encode()]
    encoded = [plain.hex().encode(), b64encode(plain).rstrip(b"="), urlsafe_b64encode(plain).rstrip(b"=")]
    return frozenset(form for form in (*spelled, *encoded, *shifted) if len(form) >= _PREFIX)


def traces(canaries: Iterable[str], *places: bytes) -> list[tuple[str, bytes]]:
    """Return each canary that occurs in any of *places*, with the form in which it does."""
    return [(canary, form) for canary in canaries for form in forms(canary) if any(form in place for place in places)]


@dataclass(slots=True)
class Overheard:
    """An ASGI app around *app* that keeps every byte that it sends."""

    app: AsgiApp
    sent: list[bytes] = field(default_factory=list)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass the request on, and listen to the answer."""

        async def listening(message: Message) -> None:
            self.sent.append(b"".join(b"%b: %b\n" % line for line in message.get("headers", ())))
            self.sent.append(bytes(message.get("body", b"")))
            await send(message)

        await self.app(scope, receive, listening)


def kept(folder: Path) -> bytes:
    """Return every byte of every file below *folder*: databases with their logs, whatever else was written."""
    return b"\n".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def asking(target: str, *lines: tuple[str, str]) -> Ask:
    """Return the question that a GET of *target* is."""

    async def ask(client: HttpClient) -> Reply:
        return await client.get(target, *lines)

    return ask


def sending(method: str, target: str, document: object, *lines: tuple[str, str]) -> Ask:
    """Return the question that a request with *document* is."""

    async def ask(client: HttpClient) -> Reply:
        return await client.send(method, target, document, *lines)

    return ask


def said(reply: Reply) -> tuple[object, ...]:
    """Return every byte of an answer but its correlation ids."""
    lines = tuple(line for line in reply.lines if line[0] != "x-correlation-id")
    return reply.status, lines, _CORRELATION.sub(b"", reply.body)
