"""The shape of a request: method, path, names and statements. Nothing that it says of anybody, and no credential."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from policy_gateway.recording.bodies import body_shape
from policy_gateway.recording.placeholders import ANYTHING
from policy_gateway.recording.queries import query_shape, written
from policy_gateway.recording.templates import template

SCHEMES: Final = frozenset({"basic", "bearer", "oauth"})

_PRODUCT: Final = re.compile(r"[A-Za-z][A-Za-z0-9 ._-]{0,39}", re.ASCII)
_METHOD: Final = re.compile(r"[A-Z]{3,7}", re.ASCII)
_MEDIA_TYPE: Final = re.compile(r"[a-z]{1,20}/[a-z0-9.+-]{1,60}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Said:
    """One request as a client sent it: *path* and *query* raw, *headers* by name in small letters."""

    method: str
    path: str
    query: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Shape:
    """What may be told of a request, to people and in files: none of its values."""

    client: str
    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    media_type: str = ""
    body: str = ""
    scheme: str = ""

    @property
    def statement(self) -> str:
        """Return what is asked besides the path: the SOQL or SOSL, or the names of the query."""
        soql = next((value for name, value in self.query if name == "q"), "")
        return soql or "&".join(f"{name}={value}" for name, value in self.query)

    def line(self) -> dict[str, object]:
        """Return the shape as recordings hold it: again a request, of which every value is a made-up one."""
        told = {"User-Agent": self.client, "Content-Type": self.media_type, "Authorization": self.scheme}
        headers = {name: value for name, value in told.items() if value}
        query = written(self.query)
        return {"method": self.method, "path": self.path, "query": query, "headers": headers, "body": self.body}


def sketched(said: Said) -> Shape:
    """Return the shape of *said*."""
    path = template(said.path)
    media_type = said.headers.get("content-type", "").partition(";")[0].strip().lower()
    media_type = media_type if _MEDIA_TYPE.fullmatch(media_type) else ""
    scheme = said.headers.get("authorization", "").partition(" ")[0].lower()
    return Shape(
        client=client_of(said.headers.get("user-agent", "")),
        method=said.method if _METHOD.fullmatch(said.method) else ANYTHING,
        path=path,
        query=query_shape(said.query, path),
        media_type=media_type,
        body=body_shape(said.body, path, media_type),
        scheme=scheme if scheme in SCHEMES else "",
    )


def client_of(user_agent: str) -> str:
    """Return the product that *user_agent* begins with, without its version and whatever else it tells."""
    found = _PRODUCT.match(user_agent)
    return found[0].strip().rstrip(".-_") if found else ANYTHING
