"""Captured traffic: HAR files, and logs with one request a line, as JSON (a recording of ours is one).

What cannot be read is told by its place; nothing of what stands there is.
"""

from __future__ import annotations

import json
from base64 import b64decode
from binascii import Error
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlencode, urlsplit

from policy_gateway.errors import ConfigurationError
from policy_gateway.recording import Said, Shape, sketched

MOST: Final = 500_000

Json = str | int | float | bool | Sequence["Json"] | Mapping[str, "Json"] | None
_Object = Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Captured:
    """One request as it was captured, and the *status* and *answer* of the CRM, where they were (else 0 and nothing).

    *shape* is all of it that may be told.
    """

    said: Said = field(repr=False)
    shape: Shape
    status: int = 0
    answer: bytes = field(default=b"", repr=False)


def read(paths: Iterable[Path]) -> tuple[Captured, ...]:
    """Return all requests of the files at *paths*, in their order; ConfigurationError for a file of no known kind."""
    found: list[Captured] = []
    for path in paths:
        try:
            text = path.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError:
            raise ConfigurationError(f"{path}: this is no text in UTF-8") from None
        found += _har(path, text) if _is_har(text) else _lines(path, text)
        if len(found) > MOST:
            raise ConfigurationError(f"more than {MOST} requests: rehearse a part of them")
    return tuple(found)


def _is_har(text: str) -> bool:
    """Tell whether *text* is one JSON object that goes on over several lines, or that has a log."""
    beginning = text.lstrip()[:200]
    return beginning.startswith("{") and '"log"' in beginning


def _har(path: Path, text: str) -> Iterator[Captured]:
    try:
        document: Json = json.loads(text)
    except (ValueError, RecursionError):
        raise ConfigurationError(f"{path}: this is no JSON") from None
    entries = _member(_member(document, "log"), "entries")
    if not isinstance(entries, list):
        raise ConfigurationError(f"{path}: this is no HAR file: it has no log.entries")
    for place, entry in enumerate(entries):
        request, response = _member(entry, "request"), _member(entry, "response")
        if isinstance(request, dict):
            try:
                yield _of_har(request, response if isinstance(response, dict) else {})
            except ValueError:
                raise ConfigurationError(f"{path}: entry {place} of the log cannot be read") from None


def _of_har(request: _Object, response: _Object) -> Captured:
    url = urlsplit(_text(request, "url"))
    headers = _headers(request.get("headers"))
    posted = request.get("postData")
    body = b""
    if isinstance(posted, dict):
        body = _text(posted, "text").encode() or _form(posted.get("params"))
        headers.setdefault("content-type", _text(posted, "mimeType"))
    said = Said(_text(request, "method"), url.path or "/", url.query, headers, body)
    status = response.get("status")
    return _captured(said, status, _content(response.get("content")))


def _content(content: Json) -> bytes:
    if not isinstance(content, dict):
        return b""
    text = _text(content, "text")
    if content.get("encoding") != "base64":
        return text.encode()
    try:
        return b64decode(text, validate=True)
    except Error:
        return b""


def _form(params: Json) -> bytes:
    pairs = [(_text(each, "name"), _text(each, "value")) for each in _list(params) if isinstance(each, dict)]
    return urlencode(pairs).encode()


def _lines(path: Path, text: str) -> Iterator[Captured]:
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            yield _of_line(json.loads(line))
        except (ValueError, RecursionError):
            told = "this is no request: write method, path, query, headers, body"
            raise ConfigurationError(f"{path}:{number}: {told}") from None


def _of_line(told: Json) -> Captured:
    if not isinstance(told, dict):
        raise ValueError  # noqa: TRY004 -- as for a line that is no JSON
    method, path = _text(told, "method"), _text(told, "path")
    if not method or not path.startswith("/"):
        raise ValueError
    path, _, behind = path.partition("?")
    body = told.get("body")
    raw = body.encode() if isinstance(body, str) else b"" if body is None else json.dumps(body).encode()
    said = Said(method, path, _text(told, "query").lstrip("?") or behind, _headers(told.get("headers")), raw)
    return _captured(said, told.get("status"), b"")


def _captured(said: Said, status: Json, answer: bytes) -> Captured:
    known = status if isinstance(status, int) and not isinstance(status, bool) else 0
    return Captured(said, sketched(said), known, answer)


def _headers(told: Json) -> dict[str, str]:
    """Return headers by name in small letters, given as HAR gives them or as an object."""
    if isinstance(told, dict):
        return {name.lower(): value for name, value in told.items() if isinstance(value, str)}
    pairs = (each for each in _list(told) if isinstance(each, dict))
    return {_text(each, "name").lower(): _text(each, "value") for each in pairs}


def _member(value: Json, name: str) -> Json:
    return value.get(name) if isinstance(value, dict) else None


def _list(value: Json) -> list[Json]:
    return list(value) if isinstance(value, list) else []


def _text(told: _Object, name: str) -> str:
    value = told.get(name)
    return value if isinstance(value, str) else ""
