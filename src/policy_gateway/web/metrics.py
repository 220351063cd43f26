"""What can be measured without learning anything about anybody: routes, methods and statuses, nothing else."""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from policy_gateway.ports import Message, Receive, Send

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"})
BUCKETS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """Counts and times requests; label values come from closed sets, so there are never many."""

    __slots__ = ("_known", "_seconds", "registry")

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._seconds = Histogram(
            "policy_gateway_request_seconds",
            "Seconds from a request's head to its answer.",
            ("route", "method", "status"),
            buckets=BUCKETS,
            registry=self.registry,
        )
        self._known: dict[tuple[str, str, int], Histogram] = {}

    def observe(self, route: str, method: str, status: int, seconds: float) -> None:
        """Remember one answer; *route* is one of ours, an unusual *method* counts as ``other``."""
        known = self._known.get((route, method, status))
        if known is None:
            named = method if method in METHODS else "other"
            known = self._seconds.labels(route, named, str(status))
            if named == method:
                self._known[route, method, status] = known
        known.observe(seconds)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer a scrape; this is an ASGI app of its own, for a port of its own."""
        del receive
        if scope["type"] != "http":
            return
        found = scope["path"] == "/metrics" and scope["method"] in {"GET", "HEAD"}
        body = generate_latest(self.registry) if found else b""
        headers = [(b"content-length", str(len(body)).encode())]
        if found:
            headers.append((b"content-type", CONTENT_TYPE_LATEST.encode()))
        await send({"type": "http.response.start", "status": 200 if found else 404, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
