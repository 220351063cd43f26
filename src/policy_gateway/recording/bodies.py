"""Bodies without their values: JSON, forms, XML and CSV, each by what it may hold where it was sent."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import parse_qsl

from policy_gateway.recording.placeholders import ANYTHING, IDENTIFIER, NAME, name_or_nothing, placeholder
from policy_gateway.recording.queries import query_shape, written
from policy_gateway.recording.statements import statement
from policy_gateway.recording.templates import template

Json = str | int | float | bool | Sequence["Json"] | Mapping[str, "Json"] | None

LARGEST: Final = 4_000_000
DEEPEST: Final = 20
MOST_ITEMS: Final = 1_000

_KEY: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,127}", re.ASCII)
_GRANT: Final = re.compile(r"[a-z0-9_:.-]{1,80}", re.ASCII)
_TAG: Final = re.compile(
    r"<(/?)([A-Za-z_][A-Za-z0-9_.:-]{0,80})((?:\s+[A-Za-z0-9_:.-]{1,80}=(?:\"[^\"<]*\"|'[^'<]*'))*)\s*(/?)>"
)
_XMLNS: Final = re.compile(r"\s+(xmlns(?::[A-Za-z0-9_-]{1,30})?)=(\"[^\"<]*\"|'[^'<]*')")
_NAMESPACE: Final = re.compile(
    r"[\"'](?:urn:|https?://(?:www\.force\.com|soap\.sforce\.com|schemas\.xmlsoap\.org|www\.w3\.org)/)"
    r"[A-Za-z0-9./:#_-]*[\"']"
)
_HEADER: Final = re.compile(r"\"?[A-Za-z_][A-Za-z0-9_.]*\"?(?:[,;|\t^`]\"?[A-Za-z_][A-Za-z0-9_.]*\"?)*", re.ASCII)

_KEPT: Final = frozenset({"propertyName", "operator", "direction", "idProperty", "method", "associationCategory"})
_KEPT_IN_JOBS: Final = frozenset(
    {"object", "operation", "contentType", "state", "columnDelimiter", "lineEnding", "externalIdFieldName"}
)
_NAME_LISTS: Final = frozenset({"properties", "propertiesWithHistory", "sorts", "fields", "associations"})
_FLAGS: Final = frozenset({"allOrNone", "archived", "collateSubrequests", "haltOnError"})
_NUMBERS: Final = frozenset({"limit"})
_VALUES: Final = frozenset({"properties", "body", "richInput", "records", "values"})
"""Members below which every member is a field of a record, whatever it is called."""


def body_shape(body: bytes, path: str, media_type: str) -> str:
    """Return the shape of *body*, sent to the template *path*; ``?`` for what is none of the kinds that are known."""
    if not body.strip():
        return ""
    if len(body) > LARGEST:
        return ANYTHING
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return ANYTHING
    if media_type == "application/x-www-form-urlencoded":
        return _form(text)
    if text.lstrip().startswith("<"):
        return _xml(text, path)
    if text.lstrip()[:1] in {"{", "["}:
        return _json(text, path)
    if _in_jobs(path):
        return _bulk(text)
    return ANYTHING


def _in_jobs(path: str) -> bool:
    return not {"jobs", "async"}.isdisjoint(path.split("/"))


def _json(text: str, path: str) -> str:
    try:
        document = json.loads(text)
        shape = _Shaper(path).of(document, values=_is_record(path))
    except (ValueError, RecursionError):
        return ANYTHING
    return json.dumps(shape)


def _is_record(path: str) -> bool:
    parts = path.split("/")
    return ("sobjects" in parts and "composite" not in parts) or ("async" in parts and parts[-1] == "batch")


class _Shaper:
    """Shapes one JSON document."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._parts = 0
        self._kept = _KEPT | (_KEPT_IN_JOBS if _in_jobs(path) else frozenset())
        if "properties" in path.split("/"):
            self._kept |= {"name"}  # of a property

    def of(self, value: Json, key: str = "", *, values: bool, depth: int = 0) -> Json:
        """Return the shape of *value*, the member *key*; with *values* it is (in) a record's."""
        if depth > DEEPEST:
            raise ValueError
        match value:
            case dict():
                return self._object(value, key, values=values, depth=depth)
            case list():
                return [self.of(each, key, values=values, depth=depth + 1) for each in value[:MOST_ITEMS]]
            case str():
                return placeholder(value) if values else self._text(key, value)
            case _:
                return None if value is None else _switch(value, "" if values else key)

    def _object(self, value: Mapping[str, Json], key: str, *, values: bool, depth: int) -> Json:
        if key == "attributes":
            kind = value.get("type")
            return {"type": name_or_nothing(kind)} if isinstance(kind, str) else {}
        inside = values or key in _VALUES
        shape: dict[str, Json] = {}
        for name, member in value.items():
            shown = name if _KEY.fullmatch(name) else ANYTHING
            shape[shown] = self.of(member, shown, values=inside, depth=depth + 1)
            if inside and shown in {"id", "Id"} and isinstance(member, str):
                shape[shown] = IDENTIFIER
        return shape

    def _text(self, key: str, value: str) -> str:
        if key in _NAME_LISTS or key in self._kept:
            return value if key == "contentType" and _GRANT.fullmatch(value.lower()) else name_or_nothing(value)
        if key == "query" and self._path.startswith("/services/"):
            return statement(value)
        if key == "url":
            return _url(value)
        if key == "referenceId":
            self._parts += 1
            return f"part{self._parts}"
        if key in {"id", "objectId", "ids", "hs_object_id"}:
            return IDENTIFIER
        return placeholder(value)


def _switch(value: Json, key: str) -> Json:
    """Return a number or boolean that only counts or switches something; else the one that stands for all of them."""
    if isinstance(value, bool):
        return value and key in _FLAGS
    counts = key in _NUMBERS and isinstance(value, int) and 0 <= value <= MOST_ITEMS
    return value if counts else 0


def _url(text: str) -> str:
    """Return the shape of the URL of a part of a composite request."""
    address, _, query = text.partition("?")
    path = template(address)
    told = written(query_shape(query, path))
    shown = path if address.startswith("/") else path[1:]
    return f"{shown}?{told}" if told else shown


def _form(text: str) -> str:
    told = []
    for name, value in parse_qsl(text, keep_blank_values=True):
        shown = value if name == "grant_type" and _GRANT.fullmatch(value) else ANYTHING
        told.append(f"{name if _KEY.fullmatch(name) else ANYTHING}={shown.replace(':', '%3A').replace('?', '%3F')}")
    return "&".join(told)


def _xml(text: str, path: str) -> str:
    """Return the tags of *text*, the texts between them dropped; declarations, CDATA and comments are not shown."""
    if "<!" in text:
        return ANYTHING
    shown: list[str] = []
    end, named = 0, ""
    for tag in _TAG.finditer(text):
        shown.append(_between(text[end : tag.start()], named, path))
        spaces = [f" {name}={uri}" for name, uri in _XMLNS.findall(tag[3]) if _NAMESPACE.fullmatch(uri)]
        shown.append(f"<{tag[1]}{tag[2]}{''.join(spaces)}{tag[4]}>")
        end, named = tag.end(), "" if tag[1] else tag[2].rpartition(":")[2]
    return "".join(shown)


def _between(text: str, named: str, path: str) -> str:
    if not text.strip() or text.lstrip().startswith("<?") or not named:
        return ""
    kept = named in _KEPT_IN_JOBS and _in_jobs(path) and NAME.fullmatch(text.strip())
    return text.strip() if kept else ANYTHING


def _bulk(text: str) -> str:
    """Return the header of a CSV and as many rows, or the statement, that a bulk job was given."""
    told = statement(text)
    if told != ANYTHING:
        return told
    lines = text.lstrip("\ufeff").splitlines()
    header = lines[0]
    if _HEADER.fullmatch(header) is None:
        return ANYTHING
    separator = next((mark for mark in ",;|\t^`" if mark in header), ",")
    row = separator.join(ANYTHING for _ in header.split(separator))
    return "\n".join([header, *([row] * min(len(lines) - 1, MOST_ITEMS)), ""])
