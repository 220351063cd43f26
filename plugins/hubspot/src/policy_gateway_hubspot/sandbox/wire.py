"""What goes over the sandbox's wire: requests taken apart, answers, and the vendor's error bodies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, cast
from urllib.parse import parse_qsl

import orjson

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: *segments* is the path without its version, *dialect* that version (``v3``, ``2026-03``).

    *origin* is how the client reached us: ``https://127.0.0.1:22100``.
    """

    method: str
    path: str
    segments: tuple[str, ...]
    dialect: str
    query: Mapping[str, tuple[str, ...]]
    body: bytes
    origin: str = ""
    token: str = ""

    def one(self, name: str, default: str = "") -> str:
        """Return the last value of the query parameter *name*."""
        values = self.query.get(name)
        return values[-1] if values else default

    def names(self, name: str) -> tuple[str, ...]:
        """Return a list parameter, repeated or comma-joined alike."""
        return tuple(part for value in self.query.get(name, ()) for part in value.split(",") if part)

    def flag(self, name: str) -> bool:
        """Return a boolean parameter; Python clients send ``True`` with a capital."""
        return self.one(name, "false").lower() == "true"

    def json(self) -> dict[str, Json]:
        """Return the body, which must be a JSON object."""
        try:
            parsed = orjson.loads(self.body)
        except orjson.JSONDecodeError:
            raise invalid("Invalid input JSON on line 1, column 1: unreadable body") from None
        if not isinstance(parsed, dict):
            raise invalid("Invalid input JSON: an object is expected")
        return parsed

    def json_list(self) -> list[Json]:
        """Return the body, which must be a JSON array."""
        try:
            parsed = orjson.loads(self.body)
        except orjson.JSONDecodeError:
            raise invalid("Invalid input JSON on line 1, column 1: unreadable body") from None
        if not isinstance(parsed, list):
            raise invalid("Invalid input JSON: an array is expected")
        return parsed

    def form(self) -> dict[str, str]:
        """Return the body, a form (of a repeated field the last value) or, as some clients send it, a JSON object."""
        if self.body.lstrip().startswith(b"{"):
            return {name: value for name, value in self.json().items() if isinstance(value, str)}
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))


@dataclass(frozen=True, slots=True)
class Answer:
    """One response; *body* None sends no bytes at all."""

    status: int
    body: Json = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Refusal(Exception):
    """The vendor's refusal: a status and what its error body says."""

    def __init__(self, status: int, category: str, message: str, **more: Json) -> None:
        super().__init__(message)
        self.status = status
        self.content: dict[str, Json] = {"category": category, **more}
        self.message = message

    def body(self, correlation: str) -> dict[str, Json]:
        """Return the error body as the vendor shapes it."""
        return {"status": "error", "message": self.message, "correlationId": correlation, **self.content}


def invalid(message: str, errors: Sequence[Mapping[str, Json]] = ()) -> Refusal:
    """Return a 400 VALIDATION_ERROR."""
    more = {"errors": cast("Json", [dict(error) for error in errors])} if errors else {}
    return Refusal(400, "VALIDATION_ERROR", message, **more)


def invalid_value(name: str, code: str, message: str) -> dict[str, Json]:
    """Return the entry of ``errors`` for one property value."""
    return {"message": message, "code": code, "context": {"propertyName": [name]}}


def not_found(message: str = "resource not found") -> Refusal:
    """Return a 404 OBJECT_NOT_FOUND."""
    return Refusal(404, "OBJECT_NOT_FOUND", message)


def unauthenticated() -> Refusal:
    """Return a 401."""
    return Refusal(
        401,
        "INVALID_AUTHENTICATION",
        "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find more "
        "details at https://developers.hubspot.com/docs/methods/auth/oauth-overview",
    )


def missing_scopes(scope: str) -> Refusal:
    """Return a 403 that names the scope that the token lacks."""
    return Refusal(
        403,
        "MISSING_SCOPES",
        "This app hasn't been granted all required scopes to make this call.",
        errors=[
            {
                "message": "One or more of the following scopes are required.",
                "context": {"requiredGranularScopes": [scope]},
            }
        ],
        links={"scopes": "https://developers.hubspot.com/scopes"},
    )


def completed(moment: str, results: list[Json]) -> dict[str, Json]:
    """Return the body of a batch that is done."""
    return {"status": "COMPLETE", "results": results, "startedAt": moment, "completedAt": moment}


def text(value: Json, what: str) -> str:
    """Return *value*, which must be a string."""
    if not isinstance(value, str):
        raise invalid(f"Invalid input JSON: {what} must be a string")
    return value


def items(body: Mapping[str, Json], name: str) -> list[dict[str, Json]]:
    """Return the list of objects that *body* holds under *name*; empty when absent."""
    value = body.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise invalid(f"Invalid input JSON: {name} must be a list of objects")
    return cast("list[dict[str, Json]]", value)


def strings(body: Mapping[str, Json], name: str) -> tuple[str, ...]:
    """Return the list of strings that *body* holds under *name*; empty when absent."""
    value = body.get(name)
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise invalid(f"Invalid input JSON: {name} must be a list of strings")
    return tuple(cast("list[str]", value))


def number(value: str, default: int, what: str) -> int:
    """Return a query parameter as a number."""
    if not value:
        return default
    if not value.isdigit():
        raise invalid(f"Invalid query parameter: {what} must be a number")
    return int(value)
