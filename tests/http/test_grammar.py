from __future__ import annotations

import math
from contextlib import suppress

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy_gateway.errors import GatewayError, InvalidCall
from policy_gateway.testing.entrances import AGENT, HttpClient, ScriptedGate
from policy_gateway.web import HttpRules, assemble
from policy_gateway.web.network import Proxies
from policy_gateway.web.parsing import parameters
from policy_gateway.web.parsing_json import parsed
from policy_gateway.web.routing import Route, place_of

CONTACT = "/v1/crm/contacts/7"


class TestJson:
    @pytest.mark.parametrize(
        ("body", "where"),
        [
            (b'{"a":1,"a":2}', ""),
            (b'{"filter":{"op":1,"op":2}}', "/filter"),
            (b'{"calls":[{},{"values":{"x":{"y":1,"y":1}}}]}', "/calls/1/values"),
            (b'{"value":NaN}', ""),
            (b'{"value":-Infinity}', ""),
            (b'{"value":1e999}', "/value"),
            (b'{"value":9223372036854775808}', "/value"),
            (b'{"value":"\\ud800"}', "/value"),
            (b'{"value":"\\u0000"}', "/value"),
            (b'{"\\ud800":1}', ""),
            (b'{"value":' + b"9" * 5000 + b"}", ""),
            (b"[" * 100_000, ""),
            (b"[" * 60 + b"]" * 60, "/0" * 41),
            (b"[" + b"1," * 30_000 + b"1]", ""),
            (b'\xef\xbb\xbf{"a":1}', ""),
            (b'{"a":"\xff"}', ""),
            (b'{"a":1}x', ""),
            (b'{"a":1,}', ""),
            (b"", ""),
        ],
    )
    def test_refused(self, body: bytes, where: str) -> None:
        """What two parsers could read differently is refused, with a pointer where there is a place."""
        with pytest.raises(InvalidCall) as refusal:
            parsed(body)

        assert where == refusal.value.pointer

    @given(
        st.recursive(st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(), st.lists, max_leaves=20)
    )
    def test_kept(self, document: object) -> None:
        """What is unambiguous is read as it is."""
        if "\x00" in (text := orjson.dumps(document).decode()) or "\\u0000" in text:
            return
        assert document == parsed(text.encode())

    @given(st.floats(allow_nan=False, allow_infinity=False))
    def test_fractions(self, number: float) -> None:
        """A finite fraction is read as it is."""
        found = parsed(orjson.dumps(number))

        assert isinstance(found, float)
        assert math.isclose(number, found)

    @given(st.binary(max_size=60))
    def test_total(self, body: bytes) -> None:
        """Whatever comes is read or refused."""
        with suppress(InvalidCall):
            parsed(body)


class TestQuery:
    @given(st.binary(max_size=60))
    def test_total(self, raw: bytes) -> None:
        """Whatever query comes is read or refused."""
        found: dict[str, str] = {}
        with suppress(GatewayError):
            found = parameters(raw)

        assert all(ord(character) > 31 for text in found.values() for character in text)

    @pytest.mark.parametrize(
        "raw", [b"a=%", b"a=%zz", b"a=%ff", b"a=%00", b"a=%0a", b"a=\xc3", b'a="', b"a=1&a=1", b"&&"]
    )
    def test_refused(self, raw: bytes) -> None:
        """A parameter that is doubled, or not well-formed, is no parameter."""
        with pytest.raises(InvalidCall):
            parameters(raw)

    def test_decoded(self) -> None:
        """Names and values are decoded once."""
        assert {"a": "ä b", "c[d]": "+%41"} == parameters(b"a=%C3%A4+b&c%5Bd%5D=%2B%2541")

    @pytest.mark.anyio
    @pytest.mark.parametrize(
        "query",
        ["fields=", "fields=a,,b", "fields=a,a", "limit=0", "limit=201", "limit=+1", "limit=٣", "sort=", "sort=--a",
         "sort=a,-a", "include=all", "cursor=", "cursor=a b", "offset=1", "filter[id]=1", "filter[id][regex]=1",
         "filter[id][null]=1", "filter[id][eq][x]=1", "fields=" + ",".join(f"f{n}" for n in range(301))],
    )  # fmt: skip
    async def test_parameters(self, client: HttpClient, gate: ScriptedGate, query: str) -> None:
        """A parameter that breaks its grammar is refused, and journalled as an attempt."""
        reply = await client.get(f"/v1/crm/contacts?{query.replace(' ', '%20')}")

        assert (400, []) == (reply.status, gate.calls)
        assert 1 == len(gate.attempts)


class TestPlaces:
    @pytest.mark.parametrize(
        ("path", "place"),
        [
            (b"/v1/crm/contacts", (Route.LIST, "crm", "contacts", "")),
            (b"/v1/crm/hubspot.Invoice", (Route.LIST, "crm", "hubspot.Invoice", "")),
            (b"/v1/crm-2/contacts/a-7_B", (Route.RECORD, "crm-2", "contacts", "a-7_B")),
            (b"/v1/crm/contacts/search", (Route.SEARCH, "crm", "contacts", "")),
            (b"/v1/crm/contacts/7/provenance", (Route.PROVENANCE, "crm", "contacts", "7")),
            (b"/v1/crm/schema/contacts", (Route.SCHEMA, "crm", "contacts", "")),
            (b"/v1/crm/batch", (Route.BATCH, "crm", "", "")),
            (b"/v1/lookup", (Route.LOOKUP, "", "", "")),
        ],
    )
    def test_places(self, path: bytes, place: tuple[str, ...]) -> None:
        """Every route has one path."""
        assert place == place_of(path)

    @given(st.text(st.sampled_from("/.%;25efF7aA_-\\ "), max_size=20))
    def test_one_spelling(self, tail: str) -> None:
        """A path that names something is in the plainest form that there is."""
        try:
            found = place_of(b"/v1/crm/contacts/" + tail.encode())
        except GatewayError:
            return
        assert tail in {found.id, f"{found.id}/provenance", "search"}
        assert not set(tail.removesuffix("/provenance")) & set("/%;\\ ")


class TestNetwork:
    @pytest.mark.parametrize(
        ("peer", "forwarded", "client"),
        [
            ("203.0.113.9", None, "203.0.113.9"),
            ("203.0.113.9", "10.1.1.1", "203.0.113.9"),
            ("10.0.0.2", "203.0.113.9", "203.0.113.9"),
            ("10.0.0.2", "1.2.3.4, 203.0.113.9, 10.0.0.3", "203.0.113.9"),
            ("10.0.0.2", "::ffff:203.0.113.9", "203.0.113.9"),
            ("::ffff:10.0.0.2", "2001:db8::1", "2001:db8::1"),
            ("10.0.0.2", "10.0.0.3", "10.0.0.3"),
            ("", None, ""),
        ],
    )
    def test_client(self, peer: str, forwarded: str | None, client: str) -> None:
        """The client is the last hop that is no trusted proxy."""
        assert client == Proxies(("10.0.0.0/8",)).client(peer, forwarded)

    @pytest.mark.parametrize("forwarded", ["", "x", "1.2.3.4,", "unknown", "1.2.3.4:80", "1.1.1.1, " * 30 + "10.0.0.1"])
    def test_refused(self, forwarded: str) -> None:
        """An origin that cannot be understood is no origin."""
        with pytest.raises(InvalidCall):
            Proxies(("10.0.0.0/8",)).client("10.0.0.2", forwarded)

    @pytest.mark.anyio
    async def test_told(self, gate: ScriptedGate) -> None:
        """The gate learns the client's address, not the proxy's."""
        app = assemble(gate, HttpRules(trusted_proxies=("127.0.0.0/8",))).app
        await HttpClient(app).get(CONTACT, ("x-forwarded-for", "6.6.6.6, 198.51.100.4"))

        assert "198.51.100.4" == gate.calls[0].circumstances.network


@pytest.mark.anyio
class TestHeaders:
    @pytest.mark.parametrize(
        ("name", "value"),
        [("x-reason", "because I can"), ("x-ticket", "a\tb"), ("x-interaction", ""), ("x-channel", "ä"),
         ("x-direction", "sideways")],
    )  # fmt: skip
    async def test_told_badly(self, client: HttpClient, name: str, value: str) -> None:
        """What the caller says about the call is well-formed, or the call is refused."""
        assert 400 == (await client.get(CONTACT, (name, value))).status

    @pytest.mark.parametrize("value", ["", "x" * 10_000, "a b", "ä", "a\r\nset-cookie: x"])
    async def test_request_id(self, client: HttpClient, value: str) -> None:
        """A malformed id of the client is nothing to fail a call for, and nothing to repeat."""
        reply = await client.get(CONTACT, ("x-request-id", value))

        assert 200 == reply.status
        assert "x-request-id" not in reply.headers

    @pytest.mark.parametrize(
        ("accept", "status"),
        [
            ("application/json", 200),
            ("*/*", 200),
            ("text/html, */*;q=0.1", 200),
            ("application/*", 200),
            ("application/json; q=0.5", 200),
            ("", 200),
            ("*/*;q=0", 406),
            ("application/json;q=0, */*", 406),
            ("application/xml", 406),
            ("text/csv", 406),
            ("application/vnd.api+json", 406),
            ("application/json;q=x", 406),
        ],
    )
    async def test_accept(self, client: HttpClient, accept: str, status: int) -> None:
        """Answers are JSON or nothing."""
        assert status == (await client.get(CONTACT, ("accept", accept))).status

    @pytest.mark.parametrize(
        "lines",
        [
            [("content-type", "text/plain")],
            [("content-type", "multipart/form-data; boundary=x")],
            [("content-type", "application/json; charset=utf-16")],
            [("content-type", "application/merge-patch+json")],
            [("content-type", "")],
            [("content-type", "application/json"), ("content-encoding", "gzip")],
        ],
    )
    async def test_media_type(self, client: HttpClient, lines: list[tuple[str, str]]) -> None:
        """A body is uncompressed JSON or nothing."""
        assert 415 == (await client.send("POST", "/v1/crm/contacts", {"phone": "1"}, *lines)).status

    async def test_too_many(self, client: HttpClient) -> None:
        """Nobody needs a hundred headers."""
        assert 431 == (await client.get(CONTACT, *[("x-a", "b")] * 101)).status

    async def test_body_limit(self, client: HttpClient) -> None:
        """A body is at most a megabyte, announced or not."""
        body = b'{"phone":"' + b"1" * 1_000_000 + b'"}'
        chunked = [*AGENT, ("content-type", "application/json"), ("content-length", "2000000")]

        assert 413 == (await client.send("POST", "/v1/crm/contacts", body)).status
        assert 413 == (await client.ask("POST", "/v1/crm/contacts", chunked)).status
