"""How a path leads to an endpoint."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from policy_gateway_salesforce.sandbox.state import Org
from policy_gateway_salesforce.sandbox.wire import Answer, ApiError, Asked, not_found

Endpoint = Callable[[Org, Asked], Answer]


@dataclass(frozen=True, slots=True)
class Route:
    """*pattern* holds literal segments, in lower case, and ``*`` for any; an *open* route needs no session."""

    method: str
    pattern: tuple[str, ...]
    endpoint: Endpoint
    open: bool = False

    def fits(self, segments: tuple[str, ...]) -> bool:
        """Tell whether a path, in lower case and of the same length, is this route's."""
        return all(mine in {"*", theirs} for mine, theirs in zip(self.pattern, segments, strict=True))


def route(line: str, endpoint: Endpoint, *, free: bool = False) -> Route:
    """Return the route ``GET /services/data/*/limits``; a *free* one needs no session."""
    method, path = line.split()
    return Route(method, tuple(path.strip("/").lower().split("/")), endpoint, free)


class Routes:
    """All routes, found by how many segments they have; literal segments go before ``*``."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._by_length: dict[int, list[Route]] = {}
        for each in sorted(routes, key=lambda one: one.pattern.count("*")):
            self._by_length.setdefault(len(each.pattern), []).append(each)

    def find(self, asked: Asked) -> Route:
        """Return the route of a request; an unknown path and a wrong method are refused as the vendor does."""
        lowered = tuple(segment.lower() for segment in asked.segments)
        fitting = [each for each in self._by_length.get(len(lowered), ()) if each.fits(lowered)]
        method = "GET" if asked.method == "HEAD" else asked.method
        for each in fitting:
            if each.method == method:
                return each
        if fitting:
            allowed = ",".join(sorted({each.method for each in fitting}))
            message = f"HTTP Method '{asked.method}' not allowed. Allowed are {allowed}"
            raise ApiError(405, "METHOD_NOT_ALLOWED", message)
        raise not_found()
