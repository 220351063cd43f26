"""One HTTP request as the routes see it: checked header lines, the body on demand, and calls made of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from policy_gateway.errors import InvalidCall, NotAuthenticated, PurposeMissing, PurposeRefused
from policy_gateway.model.principal import Credential
from policy_gateway.ports import Message, Receive
from policy_gateway.query import Action, Call, Circumstances, Operation, Verify
from policy_gateway.web.refusals import (
    HeadersTooMany,
    NotAcceptable,
    Smuggled,
)
from policy_gateway.web.routing import NOWHERE, Place
from policy_gateway.wire import Body, MediaTypeRefused
from policy_gateway.wire.bodies import media_type_of
from policy_gateway.wire.circumstances import TOLD, circumstances_of

MOST_HEADERS: Final = 100
JSON: Final = frozenset({"application/json"})
PATCHES: Final = frozenset({"application/json", "application/merge-patch+json"})
NOTHING: Final[frozenset[str]] = frozenset()

_LOOKED_AT: Final = frozenset(
    b"host authorization accept accept-language content-length content-type content-encoding transfer-encoding "
    b"if-match if-none-match idempotency-key x-purpose x-reason x-ticket x-interaction x-channel x-direction "
    b"x-request-id x-forwarded-for x-forwarded-proto".split()
)
_LISTS: Final = frozenset({b"accept", b"accept-language", b"if-none-match", b"x-forwarded-for"})
_TOLD: Final = tuple(name.encode() for name in TOLD)
_JSON_ACCEPTED: Final = frozenset({b"*/*", b"application/json"})
_PURPOSE: Final = re.compile(rb"[a-z][a-z0-9_]{0,63}")
_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._~:+/=-]{1,128}")
_BEARER: Final = re.compile(rb"([A-Za-z][A-Za-z0-9-]{0,31}) +([A-Za-z0-9._~+/=:-]{1,4096})")
_IDEMPOTENCY_KEY: Final = re.compile(rb'"?([A-Za-z0-9_.:~-]{1,128})"?')
_ETAG: Final = re.compile(rb'"([A-Za-z0-9._~=-]{1,6000})"')


class Exchange:
    """One request.

    *place* is what the path names, *resource* the own name of what *place* calls by its plural;
    *headers* holds the lines that the gateway looks at, by lower-case name, *repeated* the names of doubled ones;
    *asked* tells whether the gate knows of the request, and so its journal; *body_read* whether all of the body came.
    """

    __slots__ = (
        *("asked", "body_read", "circumstances", "correlation", "credential", "headers", "method", "place"),
        *("purpose", "query_string", "raw_path", "receive", "repeated", "request_id", "resource"),
    )

    def __init__(self, scope: Message, receive: Receive, correlation: str) -> None:
        self.method: str = scope["method"]
        self.raw_path: bytes = scope.get("raw_path") or scope["path"].encode()
        self.query_string: bytes = scope["query_string"]
        self.receive = receive
        self.correlation = correlation
        self.place: Place = NOWHERE
        self.resource = ""
        self.asked = False
        self.body_read = False
        self.credential: Credential | None = None
        self.purpose = ""
        self.circumstances = Circumstances()
        self.headers: dict[bytes, bytes] = {}
        self.repeated: set[bytes] = set()
        self._gather(scope["headers"])
        self.request_id = self._request_id()

    def _gather(self, lines: Sequence[tuple[bytes, bytes]]) -> None:
        headers = self.headers
        for name, value in lines[:MOST_HEADERS]:
            if name in _LOOKED_AT:
                if name not in headers:
                    headers[name] = value
                elif name in _LISTS:
                    headers[name] += b", " + value
                else:
                    self.repeated.add(name)
        if len(lines) > MOST_HEADERS:
            self.repeated.add(b"")

    def _request_id(self) -> bytes | None:
        """Return the client's own id; one that is malformed or doubled is no id, and nothing to fail a call for."""
        given = self.headers.get(b"x-request-id")
        if given is None or b"x-request-id" in self.repeated or _REQUEST_ID.fullmatch(given) is None:
            return None
        return given

    def check(self) -> None:
        """Refuse a message that two parsers could understand differently, and one that wants no JSON."""
        self.check_framing()
        if self.repeated and self.repeated - {b"x-purpose", b"x-request-id"}:
            raise InvalidCall("a header may be given only once")
        accept = self.headers.get(b"accept")
        if accept is not None and accept not in _JSON_ACCEPTED and not _accepts_json(accept.decode("latin-1")):
            raise NotAcceptable

    def check_framing(self) -> None:
        """Refuse a message whose end is in doubt, or whose head is larger than any client needs."""
        if b"transfer-encoding" in self.headers and b"content-length" in self.headers:
            raise Smuggled
        if not self.repeated:
            return
        if b"" in self.repeated:
            raise HeadersTooMany
        if self.repeated & {b"content-length", b"transfer-encoding"}:
            raise Smuggled

    def identify(self, network: str) -> Credential:
        """Read who is calling and why from the headers; NotAuthenticated without a well-formed credential."""
        given = self.headers.get(b"authorization")
        matched = None if given is None else _BEARER.fullmatch(given)
        scheme, secret = (matched[1].decode().lower(), matched[2].decode()) if matched is not None else ("", "")
        self.credential = Credential(scheme, secret, network)
        request_id = "" if self.request_id is None else self.request_id.decode()
        self.circumstances = Circumstances(network=network, request_id=request_id, correlation=self.correlation)
        if matched is None:
            raise NotAuthenticated
        return self.credential

    def explain(self) -> None:
        """Read why the call is made: PurposeMissing, PurposeRefused for what can be no purpose, InvalidCall."""
        headers = self.headers
        purpose = headers.get(b"x-purpose")
        if purpose is None:
            raise PurposeMissing
        if b"x-purpose" in self.repeated or _PURPOSE.fullmatch(purpose) is None:
            raise PurposeRefused
        self.purpose = purpose.decode()
        if not headers.keys().isdisjoint(_TOLD):
            told = {name.decode(): headers[name].decode("latin-1") for name in _TOLD if name in headers}
            self.circumstances = circumstances_of(told, self.circumstances)

    def call(self, operation: Operation, include: frozenset[str] = NOTHING, connection: str | None = None) -> Call:
        """Return the call that *operation* is, on the path's connection unless another is named."""
        return Call(
            self.place.connection if connection is None else connection,
            operation,
            self.purpose,
            action=Action.VERIFY if isinstance(operation, Verify) else Action.VIEW,
            circumstances=self.circumstances,
            include=include,
        )

    @property
    def caller(self) -> Credential:
        """Return what :meth:`identify` has read; marks the request as one that the gate has been asked about."""
        if self.credential is None:
            raise NotAuthenticated
        self.asked = True
        return self.credential

    @property
    def has_body(self) -> bool:
        """Tell whether the request announces a body."""
        return b"transfer-encoding" in self.headers or self.headers.get(b"content-length", b"0").strip(b"0") != b""

    def require_media_type(self, allowed: frozenset[str]) -> None:
        """Raise MediaTypeRefused unless the body is uncompressed and of one of the *allowed* types."""
        headers = self.headers
        given = headers.get(b"content-type", b"").decode("latin-1")
        if media_type_of(given, headers.get(b"content-encoding", b"").decode("latin-1")) not in allowed:
            raise MediaTypeRefused

    async def body(self, limit: int, deadline: float) -> bytes:
        """Return the whole body: at most *limit* bytes, within *deadline* seconds."""
        body = Body(self.receive, self.headers.get(b"content-length", b"").decode("latin-1"))
        whole = await body.whole(limit, deadline)
        self.body_read = True
        return whole

    def precondition(self) -> str | None:
        """Return the tag of If-Match (``*``: any state), None without one."""
        given = self.headers.get(b"if-match")
        if given is None or given == b"*":
            return None if given is None else "*"
        matched = _ETAG.fullmatch(given)
        if matched is None:
            raise InvalidCall("send one strong ETag, or *")
        return matched[1].decode().partition("~")[0]

    def idempotency_key(self) -> str | None:
        """Return the Idempotency-Key, without the quotes that its draft standard puts around it."""
        given = self.headers.get(b"idempotency-key")
        if given is None:
            return None
        matched = _IDEMPOTENCY_KEY.fullmatch(given)
        if matched is None or given.startswith(b'"') != (given.endswith(b'"') and len(given) > 1):
            raise InvalidCall("this header is not well-formed")
        return matched[1].decode()

    def has_seen(self, etag: bytes) -> bool:
        """Tell whether If-None-Match names *etag* (or anything)."""
        given = self.headers.get(b"if-none-match")
        if given is None:
            return False
        return given.strip() == b"*" or etag in {item.strip().removeprefix(b"W/") for item in given.split(b",")}


def _accepts_json(accept: str) -> bool:
    """Tell whether *accept* leaves room for JSON: the most specific range that fits decides."""
    weights: dict[str, float] = {}
    for part in accept.split(",")[:50]:
        media_range, *parameters = (item.strip().lower() for item in part.split(";"))
        weights[media_range] = max((_quality(item) for item in parameters if item.startswith("q=")), default=1.0)
    for media_range in ("application/json", "application/*", "*/*"):
        if media_range in weights:
            return weights[media_range] > 0
    return not accept.strip()


def _quality(parameter: str) -> float:
    try:
        return float(parameter.removeprefix("q="))
    except ValueError:
        return 0.0
