"""What the facade answers: JSON, XML or CSV, in the vendor's shapes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from policy_gateway.wire import Json, Reply, written

JSON_TYPE: Final = "application/json;charset=UTF-8"
PLAIN_JSON_TYPE: Final = "application/json"
XML_TYPE: Final = "text/xml;charset=UTF-8"
BULK_XML_TYPE: Final = "application/xml"
CSV_TYPE: Final = "text/csv;charset=UTF-8"
LIMITS: Final = "Sforce-Limit-Info"


@dataclass(frozen=True, slots=True)
class Answer:
    """One response; *body* None sends no bytes at all, bytes go as they are with their *content_type*.

    JSON stays what it says until it is sent, so that a composite can hold the answers to its parts.
    """

    status: int
    body: Json | bytes | AsyncIterator[bytes] = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = JSON_TYPE

    def reply(self) -> Reply:
        """Return what goes over the wire."""
        body = self.body
        if body is None:
            content: bytes | AsyncIterator[bytes] = b""
        elif isinstance(body, bytes | AsyncIterator):
            content = body
        else:
            content = written(body)
        return Reply(self.status, content, self.content_type, tuple(self.headers.items()))
