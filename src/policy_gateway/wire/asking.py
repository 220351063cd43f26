"""One HTTP request as a facade sees it: decoded once, its body on demand."""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from policy_gateway.errors import InvalidCall, NotAuthenticated
from policy_gateway.model.principal import Credential
from policy_gateway.ports import Message, Receive
from policy_gateway.query import Circumstances
from policy_gateway.wire.addresses import pairs_of, segments_of
from policy_gateway.wire.bodies import DEADLINE, LARGEST, Body, media_type_of
from policy_gateway.wire.circumstances import circumstances_of
from policy_gateway.wire.refusals import MediaTypeRefused
from policy_gateway.wire.strict_json import MOST_PARTS, Json, parsed

MOST_HEADERS: Final = 100
JSON_TYPES: Final = frozenset({"application/json"})
FORM_TYPES: Final = frozenset({"application/x-www-form-urlencoded"})

_SINGLE: Final = frozenset(
    {"authorization", "content-encoding", "content-length", "content-type", "host", "transfer-encoding"}
)
_AUTHORIZATION: Final = re.compile(r"([A-Za-z][A-Za-z0-9-]{0,31}) +([!-~]{1,8192})")
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._~:+/=-]{1,128}")

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Ask:
    """One request.

    *method* is GET for a HEAD, too. *path* is the raw path as it came, without a slash at its end; *segments* are its
    parts, decoded. *query* holds the pairs of the query string in their order, repeated ones too. *headers* are by
    name in small letters, lines of the same name joined by ``, ``; *repeated* names those. *network* is the address
    that the request came from; *site* is how the caller calls the gateway (``https://gateway.example:8443``).
    """

    method: str
    path: str
    segments: tuple[str, ...]
    query: Pairs = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    repeated: frozenset[str]
    network: str
    site: str
    correlation: str
    body: Body = field(repr=False)

    @classmethod
    def of(cls, scope: Message, receive: Receive) -> Ask:
        """Return the request that ASGI's *scope* and *receive* are; InvalidCall for one that cannot be understood."""
        raw: bytes = scope.get("raw_path") or scope["path"].encode()
        raw = raw[1:] if raw.startswith(b"//") else raw  # as the entrance finds the facade
        state = scope.get("state", {})
        headers, repeated = _gathered(scope["headers"])
        client = scope.get("client")
        host = headers.get("host", "localhost")
        return cls(
            method="GET" if scope["method"] == "HEAD" else scope["method"],
            path=raw.decode("latin-1").removesuffix("/"),
            segments=segments_of(raw),
            query=pairs_of(scope["query_string"]),
            headers=headers,
            repeated=repeated,
            network=state.get("network", client[0] if client else ""),
            site=state.get("site", f"{scope.get('scheme', 'http')}://{host}"),
            correlation=state.get("correlation", ""),
            body=Body(receive, headers.get("content-length", "")),
        )

    def first(self, name: str, default: str = "") -> str:
        """Return the value of the first query pair called *name*."""
        return next((value for own, value in self.query if own == name), default)

    def every(self, name: str) -> tuple[str, ...]:
        """Return the values of all query pairs called *name*, in their order."""
        return tuple(value for own, value in self.query if own == name)

    @property
    def authorization(self) -> tuple[str, str]:
        """Return the scheme, in small letters, and the secret of the Authorization header; two empty texts if none."""
        found = _AUTHORIZATION.fullmatch(self.headers.get("authorization", ""))
        return ("", "") if found is None else (found[1].lower(), found[2])

    def basic(self) -> tuple[str, str]:
        """Return the name and secret of a ``Basic`` Authorization header; NotAuthenticated for any other."""
        scheme, secret = self.authorization
        try:
            if scheme != "basic":
                raise NotAuthenticated
            name, colon, password = b64decode(secret, validate=True).decode().partition(":")
        except (Error, ValueError):
            raise NotAuthenticated from None
        if not colon:
            raise NotAuthenticated
        return name, password

    def credential(self, secret: str) -> Credential:
        """Return *secret*, wherever in the request it stood, as what a session may be entered with."""
        return Credential("bearer", secret, self.network)

    def circumstances(self) -> Circumstances:
        """Return what the journal is told: network, ids, and what ``X-Ticket`` and its like say; InvalidCall."""
        return circumstances_of(self.headers, self.origin)

    @property
    def origin(self) -> Circumstances:
        """Return of :meth:`circumstances` what the caller cannot get wrong."""
        given = self.headers.get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else ""
        return Circumstances(network=self.network, request_id=request_id, correlation=self.correlation)

    @property
    def has_body(self) -> bool:
        """Tell whether the request announces a body."""
        return "transfer-encoding" in self.headers or self.headers.get("content-length", "0").strip("0") != ""

    @property
    def media_type(self) -> str:
        """Return the body's type in small letters; MediaTypeRefused when it is compressed, or not in UTF-8."""
        return media_type_of(self.headers.get("content-type", ""), self.headers.get("content-encoding", ""))

    def require_media_type(self, allowed: Collection[str]) -> None:
        """Raise MediaTypeRefused unless the body is of one of the *allowed* types."""
        if self.media_type not in allowed:
            raise MediaTypeRefused

    async def read(self, limit: int = LARGEST, deadline: float = DEADLINE) -> bytes:
        """Return the whole body: at most *limit* bytes, within *deadline* seconds."""
        return await self.body.whole(limit, deadline)

    async def json(self, limit: int = LARGEST, *, most_parts: int = MOST_PARTS) -> Json:
        """Return the JSON body; InvalidCall for what is none or ambiguous, MediaTypeRefused for another type."""
        self.require_media_type(JSON_TYPES)
        return parsed(await self.body.whole(limit), most_parts=most_parts)

    async def json_object(self, limit: int = LARGEST, *, most_parts: int = MOST_PARTS) -> dict[str, Json]:
        """Return the JSON body when it is an object, else InvalidCall."""
        document = await self.json(limit, most_parts=most_parts)
        if not isinstance(document, dict):
            raise InvalidCall("an object is needed")
        return document

    async def form(self, limit: int = LARGEST) -> Pairs:
        """Return the pairs of a form in their order; InvalidCall, MediaTypeRefused."""
        self.require_media_type(FORM_TYPES)
        return pairs_of(await self.body.whole(limit), longest=limit)

    def chunks(self, limit: int, silence: float = DEADLINE) -> AsyncIterator[bytes]:
        """Yield the body as it comes: at most *limit* bytes, and never *silence* seconds without any."""
        return self.body.chunks(limit, silence)


def _gathered(lines: Sequence[tuple[bytes, bytes]]) -> tuple[Mapping[str, str], frozenset[str]]:
    if len(lines) > MOST_HEADERS:
        raise InvalidCall("this is too long or too large")
    headers: dict[str, str] = {}
    repeated: set[str] = set()
    for raw_name, raw_value in lines:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        if name in headers:
            repeated.add(name)
            value = f"{headers[name]}, {value}"
        headers[name] = value
    if repeated & _SINGLE:
        raise InvalidCall("a header may be given only once")
    return MappingProxyType(headers), frozenset(repeated)
