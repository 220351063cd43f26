from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from structlog.testing import capture_logs

from policy_gateway.ports import Message, Receive, Send
from policy_gateway.testing.entrances import HttpClient, ScriptedGate
from policy_gateway.web import HttpRules, Supplies, Web, assemble
from policy_gateway.web.api import ROUTES
from policy_gateway.web.openapi import document
from policy_gateway.web.pages import api_page
from policy_gateway.web.routing import place_of, singular

pytestmark = pytest.mark.anyio

ANONYMOUS = (("host", "localhost"),)


@dataclass(frozen=True)
class Ailing:
    """A gateway that has started, or not, and whose policy works, or not."""

    up: bool = True
    policy: bool = True

    def started(self) -> bool:
        """Tell whether start-up is over."""
        return self.up

    async def checks(self) -> Mapping[str, bool]:
        """Return the one check."""
        return {"policy": self.policy}


class TestHealth:
    @pytest.mark.parametrize(
        ("health", "statuses"),
        [(Ailing(), (200, 200, 200)), (Ailing(policy=False), (200, 200, 503)), (Ailing(up=False), (200, 503, 503))],
    )
    async def test_probes(self, gate: ScriptedGate, health: Ailing, statuses: tuple[int, ...]) -> None:
        """A process is alive, started and ready, each asked by its own path and under any host."""
        client = HttpClient(assemble(gate, HttpRules(), Supplies(health=health)).app, (("host", "10.1.2.3:8080"),))
        replies = [await client.get(path) for path in ("/livez", "/startupz", "/readyz")]

        assert statuses == tuple(reply.status for reply in replies)
        assert {"policy": health.policy} == replies[2].json["checks"]


class TestDocumentation:
    async def test_operations(self) -> None:
        """Each method of each route is documented under a name of its own, with example and refusals, and no other."""
        paths = document()["paths"]
        example = {"{connection}": "crm", "{resource}": "contacts", "{id}": "7"}
        described = set()
        for path, methods in paths.items():
            concrete = "/".join(example.get(step, step) for step in path.split("/"))
            described |= {(place_of(concrete.encode()).route, method.upper()) for method in methods}
        names = [operation["operationId"] for methods in paths.values() for operation in methods.values()]

        assert {
            (route, method) for route, methods in ROUTES.items() for method in methods if method != "HEAD"
        } == described
        assert len(set(names)) == len(names)

    async def test_references(self) -> None:
        """Every reference in the document leads somewhere."""
        described = document()

        def references(part: object) -> set[str]:
            if isinstance(part, dict):
                own = {part["$ref"]} if isinstance(part.get("$ref"), str) else set()
                return own.union(*(references(value) for value in part.values()))
            return set().union(*(references(value) for value in part)) if isinstance(part, list) else set()

        for reference in references(described):
            found: object = described
            for step in reference.removeprefix("#/").split("/"):
                assert isinstance(found, dict)
                found = found[step]

    async def test_served(self, client: HttpClient) -> None:
        """The document, its page and the list of problems are there for everybody."""
        open_to_all = HttpClient(client.app, ANONYMOUS)
        replies = [await open_to_all.get(path) for path in ("/openapi.json", "/docs", "/problems")]

        assert [200, 200, 200] == [reply.status for reply in replies]
        assert "3.1.0" == replies[0].json["openapi"]
        assert b'id="field-refused"' in replies[2].body

    async def test_offline(self, client: HttpClient) -> None:
        """The pages load nothing from anywhere, and may not."""
        reply = await HttpClient(client.app, ANONYMOUS).get("/docs")

        assert "<script" not in api_page(document())
        assert b"http:" not in reply.body
        assert b"https:" not in reply.body
        assert reply.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")

    async def test_security_txt(self, gate: ScriptedGate) -> None:
        """Whoever finds a weakness learns where to report it, once somebody has said where."""
        supplies = Supplies(clock=lambda: datetime(2026, 1, 1, tzinfo=UTC))
        rules = HttpRules(security_contact="mailto:security@example.org")
        told = await HttpClient(assemble(gate, rules, supplies).app, ANONYMOUS).get("/.well-known/security.txt")
        untold = await HttpClient(assemble(gate, HttpRules()).app, ANONYMOUS).get("/.well-known/security.txt")

        assert b"Contact: mailto:security@example.org\nExpires: 2026-06-30T00:00:00Z\n" in told.body
        assert 404 == untold.status

    @pytest.mark.parametrize(
        ("method", "path", "status", "code"),
        [
            ("GET", "/nothing", 404, "not-found"),
            ("GET", "/v1", 404, "not-found"),
            ("DELETE", "/livez", 405, "method-not-allowed"),
        ],
    )
    async def test_refusals(self, client: HttpClient, method: str, path: str, status: int, code: str) -> None:
        """The framework's refusals are problems like all others."""
        reply = await client.ask(method, path, ANONYMOUS)

        assert (status, code) == (reply.status, reply.json["code"])
        assert 32 == len(reply.json["correlation_id"])
        assert ("allow" in reply.headers) == (status == 405)


@dataclass(frozen=True)
class Console:
    """An app that remembers which paths it was asked for, and breaks when it should."""

    seen: list[str] = field(default_factory=list)
    broken: bool = False

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer nothing."""
        self.seen.append(scope["path"])
        if self.broken:
            raise ValueError(scope["path"])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


class TestMounted:
    async def test_prefix(self, gate: ScriptedGate) -> None:
        """An app that is mounted gets the paths below its prefix, and no others."""
        console = Console()
        client = HttpClient(assemble(gate, HttpRules(), Supplies(mounted={"/console": console})).app)
        for path in ("/console", "/console/a", "/consoles"):
            await client.get(path)

        assert ["/console", "/console/a"] == console.seen

    async def test_broken(self, gate: ScriptedGate) -> None:
        """An app that breaks before it answers is answered for, without a word of what broke."""
        app = assemble(gate, HttpRules(), Supplies(mounted={"/console": Console(broken=True)})).app
        reply = await HttpClient(app).get("/console/DE89370400440532013000")

        assert 500 == reply.status
        assert b"DE89" not in reply.body


class TestMetrics:
    async def test_labels(self, client: HttpClient, web: Web) -> None:
        """Routes, methods and statuses are counted; nothing of any contact or caller is."""
        for method in ("GET", "BREW", "X" * 50):
            await client.ask(method, "/v1/crm/contacts/4711?fields=iban", client.lines)
        await client.get("/livez")
        reply = await HttpClient(web.metrics).get("/metrics")
        text = reply.body.decode()

        assert 'policy_gateway_request_seconds_count{method="GET",route="record",status="403"} 1.0' in text
        assert 'policy_gateway_request_seconds_count{method="other",route="record",status="405"} 2.0' in text
        assert 'route="other"' in text
        assert not [secret for secret in ("4711", "iban", "crm", "good-key", "BREW") if secret in text]

    async def test_only_metrics(self, web: Web) -> None:
        """The metrics port has one path."""
        assert 404 == (await HttpClient(web.metrics).get("/v1/crm/contacts/7")).status
        assert 404 == (await HttpClient(web.app, ANONYMOUS).get("/metrics")).status


class TestLog:
    async def test_line(self, gate: ScriptedGate) -> None:
        """The log tells route, status and time of a request, and neither path, query, caller nor purpose."""
        client = HttpClient(assemble(gate, HttpRules(access_log=True)).app)
        with capture_logs() as lines:
            await client.get("/v1/crm/contacts/4711?fields=iban")

        [line] = lines
        assert ("request.served", "record", "GET", 403) == tuple(
            line[part] for part in ("event", "route", "method", "status")
        )
        assert {"event", "route", "method", "status", "milliseconds", "correlation", "log_level"} == line.keys()

    async def test_surprise(self, client: HttpClient, gate: ScriptedGate) -> None:
        """A surprise is logged by its type and place, never by its words."""
        gate.broken = RuntimeError("DE89370400440532013000")
        with capture_logs() as lines:
            reply = await client.get("/v1/crm/contacts/7")

        [line] = lines
        assert ("request.failed", "RuntimeError") == (line["event"], line["error"])
        assert reply.json["correlation_id"] == line["correlation"]
        assert "DE89" not in str(line)


class TestNames:
    @pytest.mark.parametrize(
        ("plural", "name"),
        [("contacts", "contact"), ("companies", "company"), ("contact", None), ("s", None), ("ies", "ie")],
    )
    async def test_singular(self, plural: str, name: str | None) -> None:
        """A resource is called as English has it."""
        assert name == singular(plural)

    async def test_one_path(self, client: HttpClient, gate: ScriptedGate) -> None:
        """A resource has one path: its own name leads nowhere."""
        reply = await client.get("/v1/crm/contact/7")

        assert (404, []) == (reply.status, gate.calls)
