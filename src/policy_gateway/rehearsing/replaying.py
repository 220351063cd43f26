"""From a captured request to one that is asked here: other credentials, ids that can be, and no network in between."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qsl, quote, unquote, urlencode

from policy_gateway.audit import new_correlation
from policy_gateway.model.field import Resource
from policy_gateway.ports import Message
from policy_gateway.recording import ANYTHING, IDENTIFIER, MOMENT, Said, pairs, written
from policy_gateway.rehearsing.assembly import Rehearsed
from policy_gateway.rehearsing.synthetic import sample_id

HOST: Final = "rehearsal.invalid"
SITE: Final = f"https://{HOST}"
NETWORK: Final = "127.0.0.1"
ADDRESS: Final = "vera@example.com"

_LOGIN: Final = re.compile(r"/services/oauth2/(?:token|revoke|introspect)/?|/services/Soap/.*|/oauth/(?:v\d/)?token.*")
_SPOKEN_TOKEN: Final = re.compile(r"(/oauth/(?:[^/]+/)?(?:access|refresh)-tokens/)[^/]+")
_ELEMENT: Final = re.compile(rb"(<(?:[A-Za-z0-9_-]+:)?(username|password|sessionId)>)[^<]*(<)")
_FROM: Final = re.compile(r"\bFROM\s+([A-Za-z0-9_]+)", re.IGNORECASE | re.ASCII)
_NOT_SENT: Final = frozenset(
    {"host", "content-length", "transfer-encoding", "content-encoding", "connection", "accept-encoding", "cookie"}
)
_FORM: Final = "application/x-www-form-urlencoded"
_IDENTIFIER: Final = IDENTIFIER.encode()
_ADDRESSED: Final = ("/email/", "/statuses/")
_SPAN: Final = {"start": MOMENT, "end": "2000-01-02T00:00:00Z"}


@dataclass(frozen=True, slots=True)
class Answered:
    """What the facade answered: *headers* by name in small letters."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


async def asked(rehearsed: Rehearsed, said: Said) -> Answered | None:
    """Return what the facade answers to *said*; None when it answers no such path."""
    if not served(rehearsed, said):
        return None
    told: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": said.body, "more_body": False}

    async def send(message: Message) -> None:
        told.append(message)

    await rehearsed.app(_scope(said), receive, send)
    head = told[0]
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in head["headers"]}
    return Answered(head["status"], headers, b"".join(each.get("body", b"") for each in told[1:]))


def served(rehearsed: Rehearsed, said: Said) -> bool:
    """Tell whether the facade has anything to do with the path of *said*."""
    return any(said.path == prefix or said.path.startswith(f"{prefix}/") for prefix in rehearsed.prefixes)


def dressed(said: Said, rehearsed: Rehearsed) -> Said:
    """Return *said* with the credentials of the rehearsal in every place where clients put theirs, and with ids."""
    headers = {name: value for name, value in said.headers.items() if name not in _NOT_SENT}
    scheme = headers.pop("authorization", "").partition(" ")[0].lower()
    if scheme == "basic":
        pair = f"{rehearsed.user}:{rehearsed.key}".encode()
        headers["authorization"] = f"Basic {base64.b64encode(pair).decode()}"
    elif _LOGIN.fullmatch(said.path) is None:
        headers["authorization"] = f"Bearer {rehearsed.token}"
    if "x-sfdc-session" in headers:
        headers["x-sfdc-session"] = rehearsed.token
    known = _Known(rehearsed, said)
    body = known.body(said.body, headers.get("content-type", ""))
    if body:
        headers["content-length"] = str(len(body))
    return Said(said.method, known.path(), known.query(), headers, body)


class _Known:
    """What stands for a value, or for somebody's secret, in the parts of one request."""

    def __init__(self, rehearsed: Rehearsed, said: Said) -> None:
        self._said = said
        self._secrets = {
            "username": rehearsed.user,
            "client_id": rehearsed.user,
            "password": rehearsed.key,
            "client_secret": rehearsed.key,
            "code": rehearsed.key,
            "refresh_token": rehearsed.login.refresh,
            "token": rehearsed.token,
            "tokenKey": rehearsed.token,
            "oauth_token": rehearsed.token,
            "access_token": rehearsed.token,
            "sessionId": rehearsed.token,
        }
        self._ids = self._numbered(_resource(rehearsed, said))

    def path(self) -> str:
        """Return the path."""
        path = _SPOKEN_TOKEN.sub(lambda found: found[1] + quote(self._secrets["token"], safe="~"), self._said.path)
        path = path.replace("%7B", "{").replace("%7D", "}")
        for word in _ADDRESSED:
            path = path.replace(f"{word}{IDENTIFIER}", f"{word}{quote(ADDRESS, safe='')}")
        while IDENTIFIER in path:
            path = path.replace(IDENTIFIER, next(self._ids), 1)
        return path

    def query(self) -> str:
        """Return the query string, percent-encoded."""
        return written((name, self._value(name, value)) for name, value in pairs(self._said.query))

    def body(self, body: bytes, content_type: str) -> bytes:
        """Return the body."""
        if content_type.partition(";")[0].strip().lower() == _FORM:
            form = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
            return urlencode([(name, self._secrets.get(name, value)) for name, value in form]).encode()
        if body.lstrip().startswith(b"<"):
            return _ELEMENT.sub(lambda found: found[1] + self._secrets[found[2].decode()].encode() + found[3], body)
        if b"tokenKey" in body:
            return json.dumps({"tokenKey": self._secrets["tokenKey"]}).encode()
        while _IDENTIFIER in body:
            body = body.replace(_IDENTIFIER, next(self._ids).encode(), 1)
        return body

    def _value(self, name: str, value: str) -> str:
        if name in {"oauth_token", "access_token"}:
            return self._secrets[name]
        if name in _SPAN and value in {ANYTHING, MOMENT}:
            return _SPAN[name]
        while IDENTIFIER in value:
            value = value.replace(IDENTIFIER, next(self._ids), 1)
        return value

    @staticmethod
    def _numbered(resource: Resource | None) -> Iterator[str]:
        place = 0
        while True:
            yield sample_id(resource.id_pattern, place) if resource else str(place + 1)
            place += 1


def _resource(rehearsed: Rehearsed, said: Said) -> Resource | None:
    """Return the resource that *said* is about, by the names in it; the first one that there is, if none is named."""
    resources = rehearsed.casting.catalogue.resources
    words = {word.lower(): each for each in resources.values() for word in (each.native, *each.aliases) if word}
    named = [unquote(part).lower() for part in said.path.split("/")]
    asked_of = _FROM.findall(dict(pairs(said.query)).get("q", "")) or _FROM.findall(
        said.body.decode("utf-8", "replace")
    )
    for word in (*named, *(each.lower() for each in asked_of)):
        if word in words:
            return words[word]
    return next(iter(resources.values()), None)


def _scope(said: Said) -> Message:
    headers = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in said.headers.items()]
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": said.method,
        "scheme": "https",
        "path": unquote(said.path),
        "raw_path": said.path.encode("latin-1", "replace"),
        "root_path": "",
        "query_string": said.query.encode("latin-1", "replace"),
        "headers": [(b"host", HOST.encode()), *headers],
        "client": (NETWORK, 0),
        "server": (HOST, 443),
        "state": {"network": NETWORK, "site": SITE, "correlation": new_correlation(datetime.now(UTC))},
    }
