from __future__ import annotations

import re
import urllib.error
import urllib.request
from http.client import RemoteDisconnected
from typing import Any

import orjson
import pytest

from policy_gateway.records import Request, Response
from policy_gateway.testing import AsgiTransport
from policy_gateway_hubspot.sandbox import TOKEN, Fault, FaultKind, Sandbox

FICTIONAL = re.compile(
    r"\+49(3023125|4066969|2214710|6990009|8999998)\d{3}|\+49(17139200|176040690)\d{2}"
    r"|\+44(2079460|1134960|2920180)\d{3}|\+447700900\d{3}|\+33(199|4657|2619)\d+|\+3363998\d{4}"
)


async def call(sandbox: Sandbox, line: str, body: object = None, token: str = TOKEN) -> tuple[int, Any]:
    """Send ``METHOD /path?query`` and return status and JSON."""
    response = await answered(sandbox, line, body, token)
    return response.status, orjson.loads(response.body or b"null")


async def answered(sandbox: Sandbox, line: str, body: object = None, token: str = TOKEN) -> Response:
    """Send ``METHOD /path?query`` and return the response."""
    method, target = line.split()
    path, _, query = target.partition("?")
    pairs = [(name, value) for name, _, value in (pair.partition("=") for pair in query.split("&") if pair)]
    data = b"" if body is None else orjson.dumps(body)
    request = Request(method, path, pairs, {"Authorization": f"Bearer {token}"}, data)
    return await AsgiTransport(sandbox).send(request)


@pytest.mark.anyio
class TestDialects:
    @pytest.mark.parametrize(
        "path",
        [
            "/crm/v3/objects/contacts/101",
            "/crm/v3/objects/contacts/101/",
            "/crm/v3/objects/contact/101",
            "/crm/v3/objects/CONTACT/101",
            "/crm/v3/objects/0-1/101",
            "/crm/objects/2026-03/contacts/101",
        ],
    )
    async def test_aliases(self, sandbox: Sandbox, path: str) -> None:
        """One record has many paths."""
        status, told = await call(sandbox, f"GET {path}")

        assert (200, "101") == (status, told["id"])

    @pytest.mark.parametrize("query", ["properties=email,city", "properties=email&properties=city&archived=False"])
    async def test_lists_of_names(self, sandbox: Sandbox, query: str) -> None:
        """Properties are repeated or joined by commas; booleans may have a capital."""
        _, told = await call(sandbox, f"GET /crm/v3/objects/contacts/101?{query}")

        assert {"email", "city", "createdate", "hs_object_id", "lastmodifieddate"} == set(told["properties"])

    async def test_no_value(self, sandbox: Sandbox) -> None:
        """A property without a value is null in one dialect and left out in the other; an unknown one is in none."""
        query = "properties=website,nope"
        _, classic = await call(sandbox, f"GET /crm/v3/objects/contacts/101?{query}")
        _, dated = await call(sandbox, f"GET /crm/objects/2026-03/contacts/101?{query}")

        assert {"website": None} == {name: each for name, each in classic["properties"].items() if each is None}
        assert {"nope", "website"}.isdisjoint(dated["properties"])

    async def test_defaults(self, sandbox: Sandbox) -> None:
        """Who names no properties gets the vendor's default set."""
        _, told = await call(sandbox, "GET /crm/v3/objects/contacts/101")

        assert {"firstname", "lastname", "email"} <= set(told["properties"])


@pytest.mark.anyio
class TestStrictness:
    @pytest.mark.parametrize(
        ("line", "body", "status", "category"),
        [
            ("GET /crm/v3/objects/contacts/1", None, 404, "OBJECT_NOT_FOUND"),
            ("GET /crm/v3/objects/nonsense", None, 404, "OBJECT_NOT_FOUND"),
            ("GET /crm/objects/contacts/101", None, 404, "OBJECT_NOT_FOUND"),
            ("GET /crm/v4/objects/contacts/101", None, 404, "OBJECT_NOT_FOUND"),
            ("GET /crm/v3/objects/contacts?limit=101", None, 400, "VALIDATION_ERROR"),
            ("GET /crm/v3/objects/contacts/x?idProperty=city", None, 400, "VALIDATION_ERROR"),
            ("POST /crm/v3/objects/contacts", {"properties": {"nope": "1"}}, 400, "VALIDATION_ERROR"),
            ("POST /crm/v3/objects/contacts", {"properties": {"vip": "maybe"}}, 400, "VALIDATION_ERROR"),
            ("POST /crm/v3/objects/contacts", {"properties": {"credit_score": "x"}}, 400, "VALIDATION_ERROR"),
            ("POST /crm/v3/objects/contacts", {"properties": {"date_of_birth": "x"}}, 400, "VALIDATION_ERROR"),
            ("POST /crm/v3/objects/contacts", {"properties": {"createdate": "1"}}, 400, "VALIDATION_ERROR"),
            ("POST /crm/v3/objects/contacts", {"properties": {"marketing_consents": "x"}}, 400, "VALIDATION_ERROR"),
            ("POST /crm/v3/objects/contacts", {"properties": {"email": "x"}}, 400, "VALIDATION_ERROR"),
            ("POST /crm/v3/objects/contacts", {"properties": {"email": {"a": 1}}}, 400, "VALIDATION_ERROR"),
            ("POST /crm/v3/objects/contacts", [], 400, "VALIDATION_ERROR"),
            ("POST /crm/v3/objects/contacts/search", {"limit": 201}, 400, "VALIDATION_ERROR"),
            ("POST /crm/v3/objects/contacts/search", {"after": "9999"}, 400, "VALIDATION_ERROR"),
            ("POST /crm/v3/objects/contacts/search", {"sorts": ["city", "zip"]}, 400, "VALIDATION_ERROR"),
            ("POST /crm/v3/objects/contacts/search", {"filterGroups": [{}]}, 400, "VALIDATION_ERROR"),
            ("POST /crm/v3/objects/contacts/batch/read", {"inputs": []}, 400, "VALIDATION_ERROR"),
            ("POST /crm/v3/properties/contacts", {"name": "Bad Name"}, 400, "VALIDATION_ERROR"),
        ],
        ids=repr,
    )
    async def test_refused(self, sandbox: Sandbox, line: str, body: object, status: int, category: str) -> None:
        """What the vendor refuses is refused in the vendor's shape."""
        got, told = await call(sandbox, line, body)

        assert (status, category) == (got, told["category"])
        assert {"status", "message", "correlationId"} <= set(told)

    @pytest.mark.parametrize(
        "groups",
        [
            [[{"propertyName": "city", "operator": "EQ", "value": "x"}]] * 6,
            [[{"propertyName": "city", "operator": "EQ", "value": "x"}] * 7],
            [[{"propertyName": "city", "operator": "EQ", "value": "x"}] * 5] * 4,
            [[{"propertyName": "nope", "operator": "EQ", "value": "x"}]],
            [[{"propertyName": "city", "operator": "LIKE", "value": "x"}]],
            [[{"propertyName": "city", "operator": "IN", "value": "x"}]],
            [[{"propertyName": "date_of_birth", "operator": "GT", "value": "x"}]],
        ],
    )
    async def test_search(self, sandbox: Sandbox, groups: list[object]) -> None:
        """A search beyond the limits, by unknown properties or operators, is a 400."""
        body = {"filterGroups": [{"filters": group} for group in groups]}
        status, _ = await call(sandbox, "POST /crm/v3/objects/contacts/search", body)

        assert 400 == status

    async def test_scopes(self) -> None:
        """A token without the scope is a 403, a token that is none a 401."""
        sandbox = Sandbox(tokens={"reader": frozenset({"crm.objects.contacts.read"})})
        read, _ = await call(sandbox, "POST /crm/v3/objects/contacts/search", {}, "reader")
        refused, told = await call(sandbox, "DELETE /crm/v3/objects/contacts/101", None, "reader")
        unknown, _ = await call(sandbox, "GET /crm/v3/objects/contacts", None, "stranger")

        assert (200, 403, 401) == (read, refused, unknown)
        assert "MISSING_SCOPES" == told["category"]

    async def test_real_limit(self) -> None:
        """With a limit set, the vendor's answer to too many requests."""
        sandbox = Sandbox(limit=2)
        statuses = [(await call(sandbox, "GET /crm/v3/objects/contacts/101"))[0] for _ in range(3)]
        refused = await answered(sandbox, "GET /crm/v3/objects/contacts/101")

        assert [200, 200, 429] == statuses
        assert ("10", "TEN_SECONDLY_ROLLING") == (
            refused.headers["retry-after"],
            orjson.loads(refused.body)["policyName"],
        )


@pytest.mark.anyio
class TestControl:
    async def test_faults(self, sandbox: Sandbox) -> None:
        """Faults are armed, counted down, told and cleared by HTTP."""
        armed = {"kind": "status", "status": 502, "times": 2, "path": "/contacts/101"}
        assert 201 == (await call(sandbox, "POST /sandbox/faults", armed))[0]
        statuses = [(await call(sandbox, f"GET /crm/v3/objects/contacts/{n}"))[0] for n in (102, 101)]
        _, left = await call(sandbox, "GET /sandbox/faults")
        await call(sandbox, "DELETE /sandbox/faults")

        assert [200, 502] == statuses
        assert [1] == [each["times"] for each in left["faults"]]
        assert 200 == (await call(sandbox, "GET /crm/v3/objects/contacts/101"))[0]
        assert 400 == (await call(sandbox, "POST /sandbox/faults", {"kind": "nonsense"}))[0]

    async def test_recorder(self, sandbox: Sandbox) -> None:
        """What was asked is told, with its token; the control itself is not recorded."""
        await call(sandbox, "GET /crm/v3/objects/contacts?limit=1")
        _, told = await call(sandbox, "GET /sandbox/requests")

        assert [("GET", "/crm/v3/objects/contacts", [["limit", "1"]], TOKEN)] == [
            (each["method"], each["path"], each["query"], each["token"]) for each in told["requests"]
        ]

    async def test_reset(self, sandbox: Sandbox) -> None:
        """A reset brings the seeded world back."""
        await call(sandbox, "DELETE /crm/v3/objects/contacts/101")
        await call(sandbox, "POST /sandbox/reset")

        assert 200 == (await call(sandbox, "GET /crm/v3/objects/contacts/101"))[0]

    async def test_new_property(self, sandbox: Sandbox) -> None:
        """A firm can add a property of its own, once."""
        body = {"name": "shoe_size", "label": "Shoe size", "type": "number", "fieldType": "number"}
        first, _ = await call(sandbox, "POST /crm/v3/properties/contacts", body)
        again, _ = await call(sandbox, "POST /crm/v3/properties/contacts", body)
        written, _ = await call(sandbox, "PATCH /crm/v3/objects/contacts/101", {"properties": {"shoe_size": 38}})

        assert (201, 409, 200) == (first, again, written)


class TestServer:
    def test_reset(self, sandbox: Sandbox, url: str) -> None:
        """A reset cuts the connection."""
        sandbox.faults.arm(Fault(FaultKind.RESET))
        with pytest.raises((RemoteDisconnected, ConnectionResetError, urllib.error.URLError)):
            urllib.request.urlopen(f"{url}/crm/v3/objects/contacts", timeout=5)  # noqa: S310 -- our own server

    def test_endless(self, sandbox: Sandbox, url: str) -> None:
        """An endless body goes on until the client goes."""
        sandbox.faults.arm(Fault(FaultKind.ENDLESS))
        with urllib.request.urlopen(f"{url}/crm/v3/objects/contacts", timeout=5) as answer:  # noqa: S310 -- our own server
            assert 10_000_000 == len(answer.read(10_000_000))


class TestSeed:
    def test_same(self) -> None:
        """The same seed is the same world, another seed another."""
        one, other, third = (
            [item.properties for item in Sandbox(seed=seed).world.items["contacts"].live.values()] for seed in (1, 1, 2)
        )

        assert one == other
        assert one != third

    def test_nobody_real(self, sandbox: Sandbox) -> None:
        """Every address and number is one that cannot be anybody's, and none is there twice."""
        people = [item.properties for item in sandbox.world.items["contacts"].live.values()]
        numbers = [person[name] for person in people for name in ("phone", "mobilephone") if name in person]
        emails = [person["email"] for person in people]

        assert (1000, 100) == (len(people), len(sandbox.world.items["companies"].live))
        assert [] == [number for number in numbers if FICTIONAL.fullmatch(number) is None]
        assert len(set(numbers)) == len(numbers)
        assert len(set(emails)) == len(emails)
        assert {"example.com", "example.org"} == {email.partition("@")[2] for email in emails}

    def test_check_digits(self, sandbox: Sandbox) -> None:
        """Bank accounts have valid check digits and a bank that does not exist."""
        ibans = [
            item.properties["iban"]
            for item in sandbox.world.items["contacts"].live.values()
            if "iban" in item.properties
        ]

        assert ibans
        assert {1} == {int(f"{iban[4:]}1314{iban[2:4]}") % 97 for iban in ibans}
        assert {"DE99900000"} == {iban[:2] + iban[4:12] for iban in ibans}
