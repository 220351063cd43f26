"""One request in HubSpot's words: its path without the dialect's version, its parameters, its JSON."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final
from urllib.parse import quote

from policy_gateway.errors import RecordNotFound
from policy_gateway.model.field import RecordId
from policy_gateway.wire import Ask, Json
from policy_gateway_hubspot.facade.refusals import Invalid

DATED: Final = "dated"
LARGEST_BODY: Final = 4_000_000

_NUMBERED: Final = re.compile(r"v[1-4]")
_DATE: Final = re.compile(r"20[0-9]{2}-[0-9]{2}(-beta)?")
_ID: Final = re.compile(r"[0-9]{1,20}", re.ASCII)
_MOST_NAMES: Final = 1_000
_LONGEST_CURSOR: Final = 8_000


def taken_apart(segments: Sequence[str]) -> tuple[tuple[str, ...], str]:
    """Return *segments* without the dialect's version, and that: ``v3``, ``dated``, or empty when there is none.

    A number follows the first segment, a date the first or the second: ``/crm/v3/owners``, ``/crm/owners/2026-03``.
    """
    parts = list(segments)
    if len(parts) > 1 and _NUMBERED.fullmatch(parts[1]):
        version = parts.pop(1)
        return tuple(parts), version
    for place in (1, 2):
        if len(parts) > place and _DATE.fullmatch(parts[place]):
            del parts[place]
            return tuple(parts), DATED
    return tuple(parts), ""


@dataclass(frozen=True, slots=True)
class Request:
    """What one request says. *variables* are the parts of its path by the names that its route gives them."""

    ask: Ask
    dialect: str
    variables: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def nulls(self) -> bool:
        """Tell whether the dialect shows a property without a value as null; the dated one leaves it out."""
        return self.dialect != DATED

    def one(self, name: str) -> str:
        """Return the query parameter *name*, empty when it is absent. Invalid when it is given twice."""
        values = self.ask.every(name)
        if len(values) > 1:
            raise Invalid(f"Invalid query parameter: {name} is given more than once")
        return values[0] if values else ""

    def names(self, name: str) -> tuple[str, ...]:
        """Return a list of names, repeated or joined by commas alike, each once."""
        found = (part.strip() for value in self.ask.every(name) for part in value.split(","))
        return distinct(part for part in found if part)

    def flag(self, name: str) -> bool:
        """Return a boolean parameter; Python clients write ``True`` with a capital."""
        return self.one(name).lower() == "true"

    def limit(self, usual: int, most: int) -> int:
        """Return how many are wanted at most."""
        return limit_of(self.one("limit") or usual, most)

    def after(self) -> str | None:
        """Return where the page starts; None for the first."""
        return cursor_of(self.one("after"))

    def link(self, after: str) -> str:
        """Return the URL of this list's page that starts at *after*."""
        kept = [(name, value) for name, value in self.ask.query if name != "after"]
        query = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in [*kept, ("after", after)])
        return f"{self.ask.site}{self.ask.path}?{query}"

    async def json(self) -> dict[str, Json]:
        """Return the body, which must be a JSON object."""
        return await self.ask.json_object(LARGEST_BODY, most_parts=100_000)

    async def json_list(self) -> list[Json]:
        """Return the body, which must be a JSON array."""
        document = await self.ask.json(LARGEST_BODY, most_parts=100_000)
        if not isinstance(document, list):
            raise Invalid("Invalid input JSON: an array is expected")
        return document


def distinct(names: Iterable[str]) -> tuple[str, ...]:
    """Return *names*, each once. Invalid for more than anybody has properties."""
    found = tuple(dict.fromkeys(names))
    if len(found) > _MOST_NAMES:
        raise Invalid("Too many names")
    return found


def limit_of(value: Json, most: int) -> int:
    """Return a page size. Invalid unless it is between 1 and *most*."""
    text = str(value)
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(most)) else 0
    if isinstance(value, bool) or not 0 < number <= most:
        raise Invalid(f"limit must be between 1 and {most}")
    return number


def cursor_of(value: Json) -> str | None:
    """Return a paging cursor; None where there is none yet, which some clients write as ``0``."""
    if value is None or value in ("", "0") or (value == 0 and not isinstance(value, bool)):
        return None
    if not isinstance(value, str) or len(value) > _LONGEST_CURSOR:
        raise Invalid("after must be a paging cursor")
    return value


def record_id(text: str) -> RecordId:
    """Return the id that *text* is; RecordNotFound for what can be the id of no record."""
    if _ID.fullmatch(text) is None:
        raise RecordNotFound
    return RecordId(text)


def text_in(body: Mapping[str, Json], name: str) -> str:
    """Return the text that *body* holds under *name*. Invalid when it is none."""
    value = body.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or not value:
        raise Invalid(f"Invalid input JSON: {name} must be a string")
    return value


def objects_in(body: Mapping[str, Json], name: str, most: int = 0) -> list[dict[str, Json]]:
    """Return the list of objects that *body* holds under *name*; with *most*, between one and so many."""
    value = body.get(name)
    items = [] if value is None else value
    if not isinstance(items, list):
        raise Invalid(f"Invalid input JSON: {name} must be a list of objects")
    found = [item for item in items if isinstance(item, dict)]
    if len(found) < len(items):
        raise Invalid(f"Invalid input JSON: {name} must be a list of objects")
    if most and not 0 < len(found) <= most:
        raise Invalid(f"{name}: between 1 and {most}")
    return found


def texts_in(body: Mapping[str, Json], name: str) -> tuple[str, ...]:
    """Return the list of texts that *body* holds under *name*, each once; empty when absent."""
    value = body.get(name)
    if value is None:
        return ()
    if not isinstance(value, list):
        raise Invalid(f"Invalid input JSON: {name} must be a list of strings")
    found = [item for item in value if isinstance(item, str)]
    if len(found) < len(value):
        raise Invalid(f"Invalid input JSON: {name} must be a list of strings")
    return distinct(found)
