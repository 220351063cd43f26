"""Attacks by where a request goes and who sends it."""

from __future__ import annotations

import pytest

from policy_gateway.testing.entrances import AGENT, HttpClient, ScriptedGate
from policy_gateway.web import HttpRules, Supplies, assemble

pytestmark = pytest.mark.anyio

CONTACT = "/v1/crm/contacts/7"
CONTACTS = "/v1/crm/contacts"


@pytest.fixture
def anyio_backend() -> str:
    """Run asynchronous tests on asyncio."""
    return "asyncio"


@pytest.fixture
def gate() -> ScriptedGate:
    """Return the gate that the entrance leads to."""
    return ScriptedGate()


@pytest.fixture
def client(gate: ScriptedGate) -> HttpClient:
    """Return an agent's client of an entrance to *gate*."""
    return HttpClient(assemble(gate, HttpRules(), Supplies(directory=gate)).app)


class TestRouting:
    @pytest.mark.attack("E05")
    @pytest.mark.parametrize(
        "hosts",
        [["x/../../admin?"], ["a@localhost"], [], ["localhost", "localhost"], [""], ["evil"], ["localhost:80x"],
         ["localhost."], ["localhost, evil"]],
    )  # fmt: skip
    async def test_e05(self, client: HttpClient, gate: ScriptedGate, hosts: list[str]) -> None:
        """E05: a Host that is missing, doubled, malformed or unknown is refused."""
        lines = [*(("host", host) for host in hosts), *AGENT[1:]]
        replies = [await client.ask("GET", path, lines) for path in (CONTACT, "/docs")]

        assert [400, 400] == [reply.status for reply in replies]
        assert [] == gate.calls

    @pytest.mark.attack("E07")
    @pytest.mark.parametrize(
        "path",
        [f"{CONTACTS}/../admin", f"{CONTACTS}/%2e%2e/admin", f"{CONTACTS}/%252e%252e", "/v1/./crm/contacts/7",
         "/v1//crm/contacts/7", "//v1/crm/contacts/7", f"{CONTACTS}/%37", "/v1/crm\\contacts", "/%761/crm/contacts/7",
         "/console/../v1/crm/contacts/7", "/.", "/v1/crm/contacts/.."],
    )  # fmt: skip
    async def test_e07(self, client: HttpClient, gate: ScriptedGate, path: str) -> None:
        """E07: a path that is not in its plain form is refused, not put right."""
        reply = await client.get(path)

        assert (400, []) == (reply.status, gate.calls)

    @pytest.mark.attack("E09")
    @pytest.mark.attack("E17")
    @pytest.mark.parametrize("path", [f"{CONTACT}/", f"{CONTACT}.", f"{CONTACT};v=1", f"{CONTACTS}/", "/docs/"])
    async def test_e09(self, client: HttpClient, gate: ScriptedGate, path: str) -> None:
        """E09: a trailing slash, dot or parameter makes another path, which leads nowhere and redirects nobody."""
        replies = [await client.get(path), await client.send("POST", path, {"phone": "1"})]

        assert {404, 405} >= {reply.status for reply in replies}
        assert 404 == replies[0].status
        assert [] == [line for reply in replies for line in reply.lines if line[0] == "location"]
        assert [] == gate.calls

    @pytest.mark.attack("E11")
    @pytest.mark.parametrize("path", ["/v1/crm/Contacts/7", "/V1/crm/contacts/7", "/v1/CRM/contacts/7", "/v1/Lookup"])
    async def test_e11(self, client: HttpClient, gate: ScriptedGate, path: str) -> None:
        """E11: case is never folded in a path."""
        reply = await client.get(path)

        assert (404, []) == (reply.status, gate.calls)

    @pytest.mark.attack("E13")
    async def test_e13(self, client: HttpClient, gate: ScriptedGate) -> None:
        """E13: headers that rewrite paths or prefixes are ignored."""
        names = ("x-original-url", "x-rewrite-url", "x-forwarded-prefix", "x-forwarded-host", "forwarded")
        await client.get(CONTACT, *((name, "/v1/crm/contacts/8") for name in names))

        assert "7" == getattr(gate.calls[0].operation, "target", None)

    @pytest.mark.attack("E15")
    @pytest.mark.parametrize("forwarded", ["10.0.0.1", "::ffff:10.0.0.1", "10.0.0.1, 1.2.3.4", "x"])
    async def test_e15(self, client: HttpClient, gate: ScriptedGate, forwarded: str) -> None:
        """E15: whoever is no trusted proxy cannot say that it is somebody else."""
        await client.get(CONTACT, ("x-forwarded-for", forwarded))

        assert "127.0.0.1" == gate.calls[0].circumstances.network

    @pytest.mark.attack("E19")
    @pytest.mark.parametrize(
        "kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/json"]
    )
    async def test_e19(self, client: HttpClient, gate: ScriptedGate, kind: str) -> None:
        """E19: there is no parser of forms."""
        reply = await client.send("POST", CONTACTS, b"phone=1", ("content-type", kind))

        assert (415, []) == (reply.status, gate.calls)

    @pytest.mark.attack("E23")
    async def test_e23(self, client: HttpClient, gate: ScriptedGate) -> None:
        """E23: a GET with a body, and a method that the route does not know, are refused."""
        replies = [
            await client.send("GET", CONTACT, {"fields": ["iban"]}),
            *[await client.ask(method, CONTACT, AGENT) for method in ("FOO", "get", "__init__", "handle", "POST")],
        ]

        assert {405} == {reply.status for reply in replies}
        assert [] == gate.calls

    @pytest.mark.attack("E25")
    async def test_e25(self, client: HttpClient, gate: ScriptedGate) -> None:
        """E25: a surprise is a problem with a code and an id, and nothing of what it was about."""
        gate.broken = RuntimeError("SELECT iban FROM contacts WHERE host='db.internal' -- DE89370400440532013000")
        reply = await client.get(f"{CONTACT}?fields=phone")

        assert (500, "internal-error") == (reply.status, reply.json["code"])
        assert not [
            word for word in (b"SELECT", b"DE89", b"internal'", b"Traceback", b".py", b"phone") if word in reply.body
        ]

    @pytest.mark.attack("E29")
    @pytest.mark.parametrize(
        "path", ["/v0/crm/contacts/7", "/internal/crm/contacts/7", "/v2/crm/contacts/7", "/crm/contacts/7"]
    )
    async def test_e29(self, client: HttpClient, gate: ScriptedGate, path: str) -> None:
        """E29: there is one version of the API, and no other way to a record."""
        reply = await client.get(path)

        assert (404, []) == (reply.status, gate.calls)

    @pytest.mark.attack("F01")
    @pytest.mark.parametrize("one", ["../oauth/token", "7%3Ffields=z", "7%23", "7%2F..%2F8", "7%0a", "%00"])
    async def test_f01(self, client: HttpClient, gate: ScriptedGate, one: str) -> None:
        """F01: an id that could become more than an id is refused."""
        reply = await client.get(f"{CONTACTS}/{one}")

        assert (400, []) == (reply.status, gate.calls)


class TestIdentity:
    @pytest.mark.attack("G15")
    @pytest.mark.parametrize("second", ["Bearer good-key", "Bearer other", "Basic YTpi"])
    async def test_g15(self, client: HttpClient, gate: ScriptedGate, second: str) -> None:
        """G15: two credentials are one too many."""
        reply = await client.get(CONTACT, ("authorization", second))

        assert (400, []) == (reply.status, gate.calls)

    @pytest.mark.attack("G17")
    @pytest.mark.parametrize(
        "query", ["api_key=good-key", "access_token=good-key", "API_KEY=good-key", "fields=id&token=x"]
    )
    async def test_g17(self, client: HttpClient, gate: ScriptedGate, query: str) -> None:
        """G17: a credential in a URL is none, whatever stands in the headers."""
        replies = [await client.get(f"{CONTACT}?{query}"), await client.ask("GET", f"{CONTACT}?{query}", [AGENT[0]])]

        assert [401, 401] == [reply.status for reply in replies]
        assert [] == gate.calls
        assert b"good-key" not in replies[0].body + replies[1].body

    @pytest.mark.attack("G21")
    async def test_g21(self, client: HttpClient, gate: ScriptedGate) -> None:
        """G21: roles that a header claims are ignored."""
        names = ("x-roles", "x-role", "x-user", "x-principal", "x-forwarded-user", "remote-user", "cookie")
        reply = await client.get(CONTACT, *((name, "admin") for name in names))

        assert 200 == reply.status
        assert "admin" not in repr(gate.calls[0])

    @pytest.mark.attack("G23")
    @pytest.mark.parametrize(
        "purposes",
        [[""], ["service", "marketing"], ["service", "service"], ["service, marketing"], ["Service"], ["service "],
         ["ѕervice".encode().decode("latin-1")], ["a" * 65]],
    )  # fmt: skip
    async def test_g23(self, client: HttpClient, gate: ScriptedGate, purposes: list[str]) -> None:
        """G23: a purpose that is empty, doubled or only looks like one is refused, and that is remembered."""
        reply = await client.ask("GET", CONTACT, [*AGENT[:2], *(("x-purpose", purpose) for purpose in purposes)])

        assert (403, "purpose-refused") == (reply.status, reply.json["code"])
        assert ([], 1) == (gate.calls, len(gate.attempts))

    @pytest.mark.attack("G23")
    async def test_g23_missing(self, client: HttpClient, gate: ScriptedGate) -> None:
        """G23: a call without a purpose is refused, and that is remembered."""
        reply = await client.ask("GET", CONTACT, AGENT[:2])

        assert (400, "purpose-missing") == (reply.status, reply.json["code"])
        assert ([], 1) == (gate.calls, len(gate.attempts))

    @pytest.mark.attack("I23")
    async def test_i23(self, client: HttpClient, gate: ScriptedGate) -> None:
        """I23: our correlation id is ours, whatever the client says of its own."""
        reply = await client.get(CONTACT, ("x-correlation-id", "f" * 32), ("x-request-id", "f" * 32))

        assert "f" * 32 != reply.headers["x-correlation-id"]
        assert reply.headers["x-correlation-id"] == gate.calls[0].circumstances.correlation
        assert "f" * 32 == reply.headers["x-request-id"] == gate.calls[0].circumstances.request_id
