"""HTTP/1.1 on the wire: requests that cannot be injected into, bodies that cannot explode, waits that are sane."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import quote

from policy_gateway.crm.origin import Origin
from policy_gateway.errors import UpstreamInvalid
from policy_gateway.records import Request

LONGEST_WAIT: Final = 300
"""The longest Retry-After, in seconds, that is believed."""

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})
_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})
# RFC 3986 path characters; dot segments, escaped dots, slashes and control characters would leave the path meant.
_PATH: Final = re.compile(
    r"(?!//)(?:/(?!\.{1,2}(?:/|\Z))(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%(?!2[EeFf]|5[Cc]|[01])[0-9A-Fa-f]{2})*)+"
)
_UNQUOTED: Final = re.compile(r"[A-Za-z0-9_.~,-]*", re.ASCII)
_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_VALUE: Final = re.compile(r"(?:[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)?")
_OURS: Final = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "accept-encoding", "upgrade", "te", "expect"}
)
_DIGITS: Final = re.compile(r"[0-9]{1,18}")
_GZIP: Final = 16 + zlib.MAX_WBITS


class RequestWriter:
    """Writes requests to one origin. What an adapter gives is data: it can never end a line."""

    def __init__(self, origin: Origin) -> None:
        self._prefix = origin.prefix
        self._fixed = f"host: {origin.authority}\r\nuser-agent: policy-gateway\r\naccept-encoding: gzip, deflate\r\n"

    def write(self, request: Request) -> bytes:
        """Return the bytes of *request*; UpstreamInvalid when they would not mean what its parts say."""
        if request.method not in _METHODS or _PATH.fullmatch(request.path) is None:
            raise UpstreamInvalid("the adapter made a request whose method or path is not allowed")
        target = self._prefix + request.path
        if request.query:
            target += "?" + _encoded(request.query)
        lines = [f"{request.method} {target} HTTP/1.1\r\n", self._fixed]
        for name, value in request.headers.items():
            if _NAME.fullmatch(name) is None or _VALUE.fullmatch(value) is None or name.lower() in _OURS:
                raise UpstreamInvalid("the adapter made a request with a header that is not allowed")
            lines.append(f"{name}: {value}\r\n")
        if request.body or request.method in _WITH_BODY:
            lines.append(f"content-length: {len(request.body)}\r\n")
        lines.append("\r\n")
        return "".join(lines).encode("ascii") + request.body


def _encoded(query: Sequence[tuple[str, str]]) -> str:
    try:
        return "&".join([f"{_quoted(name)}={_quoted(value)}" for name, value in query])
    except UnicodeEncodeError:
        raise UpstreamInvalid("the adapter made a request whose query is no text") from None


def _quoted(text: str) -> str:
    """Return *text* percent-encoded; most of it, lists of names, needs none (RFC 3986 lets commas stand)."""
    return text if _UNQUOTED.fullmatch(text) is not None else quote(text, safe="")


def decoded(body: bytes, encoding: str, limit: int) -> bytes:
    """Return *body* without its content *encoding*; UpstreamInvalid beyond *limit* bytes or when it is broken."""
    if encoding in {"", "identity"} or not body:
        return body
    if encoding in {"gzip", "x-gzip"}:
        return _inflated(body, _GZIP, limit)
    if encoding == "deflate":
        # Some servers send raw deflate and some wrap it in zlib; the wrapper's two bytes tell them apart.
        wrapped = body[0] & 0x0F == zlib.DEFLATED and int.from_bytes(body[:2]) % 31 == 0
        return _inflated(body, zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS, limit)
    raise UpstreamInvalid("the CRM's answer has an encoding that was not asked for")


def _inflated(body: bytes, window: int, limit: int) -> bytes:
    machine = zlib.decompressobj(window)
    try:
        plain = machine.decompress(body, limit + 1)
    except zlib.error:
        raise UpstreamInvalid("the CRM's answer is compressed and broken") from None
    if len(plain) > limit:
        raise UpstreamInvalid("the CRM's answer is too large")
    if not machine.eof or machine.unused_data:
        raise UpstreamInvalid("the CRM's answer is compressed and broken")
    return plain


def header_map(headers: Sequence[tuple[bytes, bytes]], clock: Callable[[], datetime]) -> dict[str, str]:
    """Return *headers* by lower-case name, repeated ones joined; ``retry-after`` becomes sane whole seconds."""
    named: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        named[name] = f"{named[name]}, {value}" if name in named else value
    if "retry-after" in named:
        named["retry-after"] = str(retry_after(named["retry-after"], clock))
    return named


def retry_after(text: str, clock: Callable[[], datetime]) -> int:
    """Return the seconds that a Retry-After asks for, between 1 and LONGEST_WAIT; 1 when it makes no sense."""
    if _DIGITS.fullmatch(text):
        return min(max(int(text), 1), LONGEST_WAIT)
    try:
        seconds = (parsedate_to_datetime(text) - clock()).total_seconds()
    except (TypeError, ValueError, OverflowError):
        return 1
    return int(min(max(seconds, 1), LONGEST_WAIT))
