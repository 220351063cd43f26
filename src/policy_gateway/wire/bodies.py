"""Bodies of requests: their type, and their bytes within limits of size and time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from policy_gateway.ports import Message, Receive
from policy_gateway.wire.refusals import BodyTooLarge, BodyTooSlow, MediaTypeRefused

LARGEST: Final = 1_000_000
"""In bytes; a route for bulk uploads says its own."""

DEADLINE: Final = 10.0
"""In seconds: for the whole of a body, or between two parts of one that is streamed."""

_CHARSETS: Final = frozenset({"", "charset=utf-8", 'charset="utf-8"'})


def media_type_of(content_type: str, content_encoding: str = "") -> str:
    """Return the media type, in small letters, that two headers say; empty without one.

    MediaTypeRefused for a compressed body, and for any other text than UTF-8.
    """
    if content_encoding.strip().lower() not in {"", "identity"}:
        raise MediaTypeRefused
    name, _, rest = content_type.partition(";")
    if "charset" in rest.lower() and rest.strip().strip(";").lower() not in _CHARSETS:
        raise MediaTypeRefused
    return name.strip().lower()


class Body:
    """The body of one request, to be read once; *read* tells whether all of it came."""

    __slots__ = ("_announced", "_receive", "read")

    def __init__(self, receive: Receive, announced: str = "") -> None:
        """*announced* is the Content-Length, if there is one."""
        self._receive = receive
        self._announced = announced
        self.read = False

    async def whole(self, limit: int = LARGEST, deadline: float = DEADLINE) -> bytes:
        """Return all of it: at most *limit* bytes, within *deadline* seconds; BodyTooLarge, BodyTooSlow."""
        self._refuse_announced(limit)
        chunks: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(deadline):
                while not self.read:
                    chunks.append(await self._next())
                    size += len(chunks[-1])
                    if size > limit:
                        raise BodyTooLarge
        except TimeoutError:
            raise BodyTooSlow from None
        return b"".join(chunks)

    async def chunks(self, limit: int, silence: float = DEADLINE) -> AsyncIterator[bytes]:
        """Yield it as it comes: at most *limit* bytes in all, and never *silence* seconds without any."""
        self._refuse_announced(limit)
        size = 0
        while not self.read:
            try:
                async with asyncio.timeout(silence):
                    chunk = await self._next()
            except TimeoutError:
                raise BodyTooSlow from None
            size += len(chunk)
            if size > limit:
                raise BodyTooLarge
            if chunk:
                yield chunk

    def _refuse_announced(self, limit: int) -> None:
        if self._announced.isdigit() and int(self._announced[:20]) > limit:
            raise BodyTooLarge

    async def _next(self) -> bytes:
        message: Message = await self._receive()
        if message["type"] != "http.request":
            raise BodyTooSlow
        self.read = not message.get("more_body", False)
        chunk: bytes = message.get("body", b"")
        return chunk
