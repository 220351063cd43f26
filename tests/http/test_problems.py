from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

import policy_gateway
from policy_gateway import errors, wire
from policy_gateway.errors import ConfigurationError, GatewayError
from policy_gateway.testing.entrances import HttpClient, ScriptedGate
from policy_gateway.web import refusals
from policy_gateway.web.phrases import PHRASES
from policy_gateway.web.problems import INTERNAL, language_of, problem_of, status_of
from policy_gateway.web.texts import ENGLISH, GERMAN

STATUSES = {
    "NotAuthenticated": 401,
    "PurposeMissing": 400,
    "PurposeRefused": 403,
    "Denied": 403,
    "FieldRefused": 403,
    "InvalidCall": 400,
    "RecordNotFound": 404,
    "ConnectionNotFound": 404,
    "Conflict": 409,
    "PreconditionFailed": 412,
    "PreconditionRequired": 428,
    "UpstreamTimeout": 504,
    "UpstreamUnavailable": 503,
    "UpstreamInvalid": 502,
    "UpstreamRefused": 502,
    "RateLimited": 503,
    "AuditUnavailable": 503,
    "PolicyUnavailable": 503,
    "FactsUnavailable": 503,
    "ReleaseFailed": 503,
    "ObligationUnmet": 503,
    "AnnotationFailed": 503,
}


def kinds() -> Iterator[type[GatewayError]]:
    """Yield every error that can reach a caller."""
    for module in (errors, refusals, wire.refusals):
        for value in vars(module).values():
            if inspect.isclass(value) and issubclass(value, GatewayError) and not issubclass(value, ConfigurationError):
                yield value


def phrases() -> Iterator[str]:
    """Yield every detail that the entrance, and what answers a call behind it, gives to an error."""
    root = Path(str(policy_gateway.__file__)).parent
    folders = ("web", "wire", "provenance", "enforcement", "crm")
    administration = root / "crm" / "store.py"
    for path in (path for folder in folders for path in (root / folder).rglob("*.py") if path != administration):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = getattr(node.func, "id", "") if isinstance(node, ast.Call) else ""
            if isinstance(node, ast.Call) and name in {"InvalidCall", "Conflict", "Flaw"}:
                for detail in node.args[name == "Flaw" :][:1]:
                    for one in (detail.body, detail.orelse) if isinstance(detail, ast.IfExp) else (detail,):
                        if isinstance(one, ast.Constant):
                            yield str(one.value)


class TestStatus:
    @pytest.mark.parametrize(("name", "status"), STATUSES.items())
    def test_each(self, name: str, status: int) -> None:
        """Every error has the status that clients rely on."""
        kind = getattr(errors, name)

        assert status == status_of(kind.__new__(kind))

    @pytest.mark.parametrize("error", [ValueError("4111 1111"), ConfigurationError("secret.toml"), GatewayError("x y")])
    def test_surprise(self, error: Exception) -> None:
        """Of what nobody expected, the caller learns that it happened."""
        problem = problem_of(error, correlation="c1")

        assert (500, INTERNAL, "c1") == (problem.status, problem.members["code"], problem.members["correlation_id"])
        assert str(error).encode() not in problem.body()


class TestTexts:
    def test_complete(self) -> None:
        """Every code that a caller can meet has a text in both languages."""
        codes = {kind.code for kind in kinds()} - {GatewayError.code} | {INTERNAL}

        assert codes == set(ENGLISH)
        assert codes == set(GERMAN)

    def test_translated(self) -> None:
        """Every detail of the entrance is translated, and no translation is left over."""
        own = {kind.summary for kind in kinds()}
        given = set(phrases())

        assert set() == given - PHRASES.keys() - own
        assert set() == {phrase for phrase in PHRASES if phrase not in given and phrase not in _asked_for()}

    @pytest.mark.parametrize(
        ("header", "language"),
        [
            ("", "en"),
            ("de", "de"),
            ("de-AT,de;q=0.9,en;q=0.8", "de"),
            ("en;q=0.5, de;q=0.4", "en"),
            ("fr, de;q=0.1", "de"),
            ("de;q=0", "en"),
            ("de;q=x", "en"),
            ("*", "en"),
        ],
    )
    def test_language(self, header: str, language: str) -> None:
        """The language that the caller prefers decides; English when it does not say."""
        assert language == language_of(header)


def _asked_for() -> set[str]:
    from policy_gateway.web import asking  # noqa: PLC0415 -- only this looks inside

    return {*asking._SAID.values(), "this is not of the needed type"}


@pytest.mark.anyio
class TestAnswer:
    async def test_form(self, client: HttpClient) -> None:
        """A problem is RFC 9457, in the caller's language, with the id under which it was logged."""
        reply = await client.get("/v1/crm/contacts/404", ("accept-language", "de"))

        assert (404, "application/problem+json") == (reply.status, reply.headers["content-type"])
        assert reply.json == {
            "type": "/problems#record-not-found",
            "title": "Datensatz nicht gefunden",
            "status": 404,
            "code": "record-not-found",
            "detail": "diesen Datensatz gibt es nicht",
            "correlation_id": reply.headers["x-correlation-id"],
        }

    async def test_challenge(self, client: HttpClient) -> None:
        """Who is not authenticated is told how to be."""
        reply = await client.ask("GET", "/v1/crm/contacts/7", [("host", "localhost"), ("x-purpose", "service")])

        assert (401, 'Bearer realm="policy-gateway"') == (reply.status, reply.headers["www-authenticate"])

    @pytest.mark.parametrize(("seconds", "header"), [(7, "7"), (-1, "1"), (10**9, "3600")])
    async def test_retry_after(self, client: HttpClient, gate: ScriptedGate, seconds: int, header: str) -> None:
        """A used-up quota of the CRM says when to come back, within reason."""
        gate.broken = errors.RateLimited(retry_after=seconds)
        reply = await client.get("/v1/crm/contacts/7")

        assert (503, header) == (reply.status, reply.headers["retry-after"])

    async def test_known_field(self, client: HttpClient) -> None:
        """A field that the caller knows and may not edit is named."""
        reply = await client.send("PATCH", "/v1/crm/contacts/7", {"email": "x@y.z"}, ("if-match", "*"))

        assert (403, "/email") == (reply.status, reply.json["errors"][0]["pointer"])

    async def test_value_beyond_json(self, client: HttpClient, gate: ScriptedGate) -> None:
        """A value that JSON cannot carry is a bad answer of the CRM, not a changed value."""
        gate.contacts["7"] = {"id": "7", "phone": 2**70}

        assert 502 == (await client.get("/v1/crm/contacts/7")).status
