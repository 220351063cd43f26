"""One request to the REST API as an endpoint sees it: from a client, or a part of a composite."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from policy_gateway.ports import Session
from policy_gateway.wire import Json
from policy_gateway_salesforce.facade.exchange.refusals import Refusal, invalid

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """One request.

    *segments* are those of the path, *variables* what a route calls some of them, *query* the pairs of the query
    string, *document* is the JSON that was sent. *site* is how the caller calls the gateway, *now* when it asks.
    """

    method: str
    segments: tuple[str, ...]
    site: str
    session: Session
    now: datetime
    query: Pairs = field(default=(), repr=False)
    document: Json = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    variables: Mapping[str, str] = field(default_factory=dict)
    part: bool = False

    @property
    def version(self) -> str:
        """Return the version of the API: ``59.0``."""
        return self.variables["version"].removeprefix("v")

    @property
    def root(self) -> str:
        """Return what the paths of this version of the API begin with."""
        return f"/services/data/v{self.version}"

    def given(self, name: str) -> str | None:
        """Return the query parameter *name*, None without one; refused when it comes twice."""
        values = [value for own, value in self.query if own == name]
        if len(values) > 1:
            raise Refusal(400, "INVALID_QUERY_PARAMETER", "A parameter may be given only once")
        return values[0] if values else None

    def names(self, name: str) -> tuple[str, ...]:
        """Return a list parameter, whose items are joined by commas; refused for an empty item."""
        value = self.given(name)
        if value is None:
            return ()
        return tuple(part.strip() for part in value.split(","))

    def object(self) -> dict[str, Json]:
        """Return the JSON that was sent, when it is an object."""
        if not isinstance(self.document, dict):
            raise invalid("The request body must be a JSON object")
        return self.document


def text(body: Mapping[str, Json], name: str, default: str = "") -> str:
    """Return the member *name* of *body*, which must be a text; *default* without one."""
    value = body.get(name, default)
    if not isinstance(value, str):
        raise invalid(f"{name} must be a string")
    return value


def flag(body: Mapping[str, Json], name: str, *, default: bool = False) -> bool:
    """Return the member *name* of *body*, which must be a boolean; *default* without one."""
    value = body.get(name, default)
    if not isinstance(value, bool):
        raise invalid(f"{name} must be a boolean")
    return value


def objects(body: Mapping[str, Json], name: str) -> list[dict[str, Json]]:
    """Return the member *name* of *body*, which must be a list of objects."""
    value = body.get(name)
    if not isinstance(value, list):
        raise invalid(f"{name} must be a list of objects")
    found = [item for item in value if isinstance(item, dict)]
    if len(found) < len(value):
        raise invalid(f"{name} must be a list of objects")
    return found


def texts(body: Mapping[str, Json], name: str) -> tuple[str, ...]:
    """Return the member *name* of *body*, which must be a list of texts; none without one."""
    value = body.get(name, [])
    if not isinstance(value, list):
        raise invalid(f"{name} must be a list of strings")
    found = tuple(item for item in value if isinstance(item, str))
    if len(found) < len(value):
        raise invalid(f"{name} must be a list of strings")
    return found
