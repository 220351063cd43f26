from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy_gateway.errors import InvalidCall, NotAuthenticated
from policy_gateway.ports import Message
from policy_gateway.wire import (
    Ask,
    Body,
    BodyTooLarge,
    BodyTooSlow,
    MediaTypeRefused,
    pairs_of,
    parsed,
    segments_of,
)

JSON = ("content-type", "application/json")
FORM = ("content-type", "application/x-www-form-urlencoded")


def ask(
    target: str = "/",
    *lines: tuple[str, str],
    body: Sequence[bytes] = (),
    method: str = "GET",
    state: dict[str, str] | None = None,
) -> Ask:
    """Return a request of *target*, whose body comes in parts."""
    path, _, query = target.partition("?")
    scope: Message = {
        "type": "http",
        "method": method,
        "scheme": "https",
        "path": path,
        "raw_path": path.encode("latin-1"),
        "query_string": query.encode("latin-1"),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in (("host", "crm.example"), *lines)],
        "client": ("192.0.2.1", 1),
        "state": state or {},
    }
    parts = [{"type": "http.request", "body": part, "more_body": True} for part in body]
    parts.append({"type": "http.request", "body": b"", "more_body": False})

    async def receive() -> Message:
        return parts.pop(0) if parts else {"type": "http.disconnect"}

    return Ask.of(scope, receive)


async def gathered(chunks: AsyncIterator[bytes]) -> list[bytes]:
    """Return all parts."""
    return [chunk async for chunk in chunks]


class TestPath:
    @pytest.mark.parametrize(
        ("path", "segments"),
        [
            ("/", ()),
            ("/crm/v3", ("crm", "v3")),
            ("/crm/v3/", ("crm", "v3")),
            (
                "/services/data/v59.0/sobjects/Contact/Ext__c/a%20b",
                (*["services", "data", "v59.0"], *["sobjects", "Contact", "Ext__c"], "a b"),
            ),
            ("/objects/a@b.example:7", ("objects", "a@b.example:7")),
            ("/objects/a%2Fb%3Fc", ("objects", "a/b?c")),
            ("/objects/M%C3%BCller", ("objects", "Müller")),
            ("/objects/%252e", ("objects", "%2e")),
            ("/objects/...", ("objects", "...")),
        ],
    )
    def test_segments(self, path: str, segments: tuple[str, ...]) -> None:
        """A path is its segments, each decoded once; a slash at its end changes nothing."""
        assert segments == segments_of(path.encode())

    @pytest.mark.parametrize(
        "path",
        [
            *("", "a", "//", "//a", "/a//b", "/a//", "/.", "/../a", "/a/..", "/%2e%2E/a", "/a/%2e", "/%00", "/a%0d%0a"),
            *("/%", "/%2", "/%zz", "/%ff", "/%c0%af", "/a b", "/a\\b", "/\x7f", "/\xe9", "/a?b", "/a#b"),
        ],
    )
    def test_disguised(self, path: str) -> None:
        """A path that two layers could read differently is refused."""
        with pytest.raises(InvalidCall):
            segments_of(path.encode("latin-1"))

    @given(st.binary(max_size=60))
    def test_anything(self, raw: bytes) -> None:
        """Whatever bytes come as a path, they are segments without ends of lines and steps upward, or refused."""
        try:
            segments = segments_of(b"/" + raw)
        except InvalidCall:
            return

        assert not {"", ".", ".."} & set(segments)
        assert not any(character < " " for segment in segments for character in segment)


class TestQuery:
    def test_pairs(self) -> None:
        """Pairs come in their order, repeated ones too, decoded once."""
        asked = ask("/?properties=a&properties=b%2Cc&q=SELECT+Id%20FROM&empty=&bare&=x&&w='%25'")

        assert (
            ("properties", "a"),
            ("properties", "b,c"),
            ("q", "SELECT Id FROM"),
            ("empty", ""),
            ("bare", ""),
            ("", "x"),
            ("w", "'%'"),
        ) == asked.query
        assert ("a", ("a", "b,c"), "", "-") == (
            asked.first("properties"),
            asked.every("properties"),
            asked.first("Q"),
            asked.first("none", "-"),
        )

    @pytest.mark.parametrize(
        "query", ["a=%", "a=%2", "a=%zz", "a=%ff", "a=%00", "a=\x00", "a=\xe9", "a b", "a#b", "a=\n"]
    )
    def test_malformed(self, query: str) -> None:
        """A query that is no percent-encoded text is refused."""
        with pytest.raises(InvalidCall):
            pairs_of(query.encode("latin-1"))

    def test_long(self) -> None:
        """A query is as long as the longest that vendors take, and no longer than the head of a request."""
        assert (("q", "x" * 16_384),) == ask("/?q=" + "x" * 16_384).query
        with pytest.raises(InvalidCall):
            ask("/?q=" + "x" * 32_000)
        with pytest.raises(InvalidCall):
            ask("/?" + "&" * 2_000)


class TestHeaders:
    def test_seen(self) -> None:
        """Headers are found by small letters; lines of the same name are joined, and known to be several."""
        asked = ask("/", ("X-One", "1"), ("x-two", "a"), ("X-Two", "b"))

        assert ("1", "a, b", frozenset({"x-two"})) == (asked.headers["x-one"], asked.headers["x-two"], asked.repeated)

    @pytest.mark.parametrize("name", ["host", "authorization", "content-type", "content-length", "transfer-encoding"])
    def test_doubled(self, name: str) -> None:
        """A header that says something only once may not come twice."""
        with pytest.raises(InvalidCall):
            ask("/", (name, "1"), (name, "1"))

    def test_too_many(self) -> None:
        """No client needs a hundred headers."""
        with pytest.raises(InvalidCall):
            ask("/", *[(f"x-{number}", "1") for number in range(100)])

    @pytest.mark.parametrize(
        ("given", "understood"),
        [
            ("Bearer abc", ("bearer", "abc")),
            ("OAuth 00D!x.y", ("oauth", "00D!x.y")),
            ("bearer  a~b~c", ("bearer", "a~b~c")),
            ("Bearer", ("", "")),
            ("Bearer a b", ("", "")),
            ("", ("", "")),
        ],
    )
    def test_authorization(self, given: str, understood: tuple[str, str]) -> None:
        """The Authorization header is a scheme and a secret."""
        assert understood == ask("/", ("authorization", given)).authorization

    def test_basic(self) -> None:
        """A Basic header is a name and a password, which may hold colons."""
        secret = base64.b64encode(b"service@crm:pgw_a:b").decode()

        assert ("service@crm", "pgw_a:b") == ask("/", ("authorization", f"Basic {secret}")).basic()

    @pytest.mark.parametrize("given", ["", "Bearer eDp5", "Basic eA==", "Basic !", "Basic /w==", "Basic eDp5 x"])
    def test_not_basic(self, given: str) -> None:
        """What is no Basic header is no credential."""
        with pytest.raises(NotAuthenticated):
            ask("/", ("authorization", given)).basic()

    def test_place(self) -> None:
        """What the entrance knows better than the request is taken from there."""
        state = {"network": "198.51.100.7", "site": "https://crm.example:8443", "correlation": "c1"}

        assert ("192.0.2.1", "https://crm.example", "") == (ask().network, ask().site, ask().correlation)
        assert tuple(state.values()) == (
            ask(state=state).network,
            ask(state=state).site,
            ask(state=state).correlation,
        )

    def test_circumstances(self) -> None:
        """A client that can add headers may say what policies ask for; its own id goes along."""
        told = ask("/", ("x-ticket", "T-1"), ("x-request-id", "r1"), ("x-direction", "inbound")).circumstances()

        assert ("T-1", "r1", "inbound", "192.0.2.1") == (told.ticket, told.request_id, told.direction, told.network)

    @pytest.mark.parametrize("line", [("x-ticket", "a b"), ("x-direction", "sideways"), ("x-reason", "é")])
    def test_circumstances_malformed(self, line: tuple[str, str]) -> None:
        """What is said must be well-formed."""
        with pytest.raises(InvalidCall):
            ask("/", line).circumstances()

    def test_head(self) -> None:
        """A HEAD is a GET whose answer nobody reads."""
        assert "GET" == ask(method="HEAD").method


@pytest.mark.anyio
class TestBody:
    async def test_json(self) -> None:
        """A JSON body may come in parts."""
        asked = ask("/", ("content-type", "application/json; charset=UTF-8"), body=[b'{"a":', b"[1,", b'"\xc3\xa9"]}'])

        assert {"a": [1, "é"]} == await asked.json_object()

    @pytest.mark.parametrize(
        "document",
        [
            b"",
            b"{",
            b'{"a":1,"a":2}',
            b'{"a":{"b":1,"b":1}}',
            b"NaN",
            b"[1e999]",
            b'"\\ud800"',
            b'"\\u0000"',
            b'{"\\u0000":1}',
            b"[" * 50 + b"]" * 50,
            b"[" + b"1," * 30_000 + b"1]",
            b"\xff",
            b"1" * 500,
            b"9" * 30,
            b"{} {}",
            b"\xef\xbb\xbf{}",
        ],
    )
    async def test_ambiguous(self, document: bytes) -> None:
        """What two parsers could read differently is refused."""
        with pytest.raises(InvalidCall):
            await ask("/", JSON, body=[document]).json()

    async def test_no_object(self) -> None:
        """Where an object is needed, a list is none."""
        with pytest.raises(InvalidCall):
            await ask("/", JSON, body=[b"[]"]).json_object()

    async def test_more_parts(self) -> None:
        """A route for many records may take more values than others."""
        many = b"[" + b"1," * 30_000 + b"1]"

        assert 30_001 == len(parsed(many, most_parts=40_000))  # type: ignore[arg-type]  # it is a list

    async def test_form(self) -> None:
        """A form is pairs, decoded as a query string is."""
        body = b"grant_type=password&username=service%40crm&password=a+b&password=%26"

        pairs = await ask("/", FORM, body=[body]).form()

        assert (
            ("grant_type", "password"),
            ("username", "service@crm"),
            ("password", "a b"),
            ("password", "&"),
        ) == pairs

    @pytest.mark.parametrize("body", [b"a=%", b"a=%ff", b"a=\xff", b"a=%00", b"a b"])
    async def test_malformed_form(self, body: bytes) -> None:
        """A form that is no percent-encoded text is refused."""
        with pytest.raises(InvalidCall):
            await ask("/", FORM, body=[body]).form()

    @pytest.mark.parametrize(
        "lines",
        [
            (),
            (("content-type", "text/plain"),),
            (("content-type", "application/json; charset=utf-16"),),
            (("content-type", "application/json;charset=utf-8;charset=utf-16"),),
            (JSON, ("content-encoding", "gzip")),
        ],
    )
    async def test_type(self, lines: tuple[tuple[str, str], ...]) -> None:
        """A body of another type, compressed or in another alphabet is refused."""
        with pytest.raises(MediaTypeRefused):
            await ask("/", *lines, body=[b"{}"]).json()

    async def test_too_large(self) -> None:
        """A body that announces too much is refused at once, one that does not when it has grown too large."""
        with pytest.raises(BodyTooLarge):
            await ask("/", JSON, ("content-length", "11")).read(10)
        with pytest.raises(BodyTooLarge):
            await ask("/", JSON, body=[b"x" * 6, b"x" * 5]).read(10)
        assert b"x" * 10 == await ask("/", JSON, body=[b"x" * 6, b"x" * 4]).read(10)

    async def test_chunks(self) -> None:
        """A large body is had as it comes, empty parts aside, within its own limit."""
        asked = ask("/", body=[b"a,b\n", b"", b"1,2\n"])

        assert [b"a,b\n", b"1,2\n"] == await gathered(asked.chunks(8))
        assert asked.body.read
        with pytest.raises(BodyTooLarge):
            await gathered(ask("/", body=[b"a,b\n", b"1,2\n"]).chunks(7))

    async def test_slow(self) -> None:
        """A body that does not come, and a caller that has gone, are waited for no longer than said."""

        async def never() -> Message:
            await asyncio.sleep(60)
            return {}

        async def gone() -> Message:
            return {"type": "http.disconnect"}

        with pytest.raises(BodyTooSlow):
            await Body(never).whole(10, 0.01)
        with pytest.raises(BodyTooSlow):
            await gathered(Body(never).chunks(10, 0.01))
        with pytest.raises(BodyTooSlow):
            await Body(gone).whole()
