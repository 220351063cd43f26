from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy_gateway.crm import parse_base_url
from policy_gateway.crm.http_wire import LONGEST_WAIT, RequestWriter, retry_after
from policy_gateway.errors import UpstreamInvalid
from policy_gateway.records import Request

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
WRITER = RequestWriter(parse_base_url("https://crm.example.com:8443/api"))


def now() -> datetime:
    """Return the time of these tests."""
    return NOW


class TestRequest:
    def test_get(self) -> None:
        """The prefix of the base URL goes before the path, and the query is encoded."""
        written = WRITER.write(Request("GET", "/contacts/7", [("q", "a b&c"), ("q", "ü/?")], {"Accept": "*/*"}))

        assert (
            b"GET /api/contacts/7?q=a%20b%26c&q=%C3%BC%2F%3F HTTP/1.1\r\nhost: crm.example.com:8443\r\n"
            b"user-agent: policy-gateway\r\naccept-encoding: gzip, deflate\r\nAccept: */*\r\n\r\n"
        ) == written

    @pytest.mark.parametrize(("method", "body"), [("POST", b"{}"), ("PATCH", b""), ("DELETE", b"x")])
    def test_body(self, method: str, body: bytes) -> None:
        """A body has its length before it; methods that could have one say so when they have none."""
        head, _, sent = WRITER.write(Request(method, "/contacts", body=body)).partition(b"\r\n\r\n")

        assert body == sent
        assert b"content-length: %d" % len(body) in head.split(b"\r\n")

    @pytest.mark.attack("F01", "F03")
    @pytest.mark.parametrize(
        "path",
        [
            "",
            "contacts",
            "//evil.example/",
            "/contacts/../oauth/token",
            "/contacts/..",
            "/./contacts",
            "/contacts/%2e%2e/oauth",
            "/contacts/%2E./oauth",
            "/contacts/7%2F..%2F8",
            "/contacts/7%5c8",
            "/contacts/7%0d%0ax",
            "/contacts/7%00",
            "/contacts/7?fields=all",
            "/contacts/7#x",
            "/contacts/7\\8",
            "/contacts/7 8",
            "/contacts/7\r\nhost: evil",
            "/contacts/7\n",
            "/contacts/ü",
            "/contacts/%zz",
            "/contacts/%",
            "http://evil.example/",
        ],
    )
    def test_path(self, path: str) -> None:
        """A path that could be read as another one is refused."""
        with pytest.raises(UpstreamInvalid):
            WRITER.write(Request("GET", path))

    @pytest.mark.parametrize("path", ["/", "/a/", "/a//b", "/demo/contacts/a.b..c", "/x/%C3%BC;v=1,2:@!$&'()*+~-_"])
    def test_good_path(self, path: str) -> None:
        """Other paths go out byte for byte."""
        assert WRITER.write(Request("GET", path)).startswith(f"GET /api{path} HTTP/1.1\r\n".encode())

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("x", "a\r\nb: c"),
            ("x", "a\nb"),
            ("x", "a\rb"),
            ("x", "a\x00b"),
            ("x", "é"),
            ("x", " a"),
            ("x: y\r\nz", "a"),
            ("x y", "a"),
            ("", "a"),
            ("Host", "evil.example"),
            ("Content-Length", "0"),
            ("transfer-encoding", "chunked"),
            ("Connection", "upgrade"),
        ],
    )
    def test_header(self, name: str, value: str) -> None:
        """A header that could end its line, or is the transport's own, is refused."""
        with pytest.raises(UpstreamInvalid):
            WRITER.write(Request("GET", "/", headers={name: value}))

    @pytest.mark.parametrize("method", ["", "get", "TRACE", "CONNECT", "GET /x HTTP/1.1\r\nx:", "PURGE"])
    def test_method(self, method: str) -> None:
        """Only methods with a known meaning are sent."""
        with pytest.raises(UpstreamInvalid):
            WRITER.write(Request(method, "/"))

    @given(path=st.text(max_size=12), name=st.text(max_size=6), value=st.text(max_size=12), query=st.text(max_size=8))
    def test_never_injected(self, path: str, name: str, value: str, query: str) -> None:
        """Whatever the parts are, the bytes hold one request of exactly these lines, or none is made."""
        try:
            written = WRITER.write(Request("GET", f"/{path}", [(query, query)], {name: value}))
        except UpstreamInvalid:
            return

        lines = written.split(b"\r\n")
        assert 7 == len(lines)
        assert [b"", b""] == lines[-2:]
        assert 3 == len(lines[0].split(b" "))
        assert b"\n" not in b"".join(lines)


class TestRetryAfter:
    @pytest.mark.attack("F17")
    @pytest.mark.parametrize(
        ("text", "seconds"),
        [
            ("7", 7),
            ("0", 1),
            ("1000000000", LONGEST_WAIT),
            ("9" * 5000, 1),
            ("-1", 1),
            ("1.5", 1),
            ("soon", 1),
            ("", 1),
            ("٣", 1),
            ("Sun, 01 Mar 2026 12:00:30 GMT", 30),
            ("Sun, 01 Mar 2026 11:00:00 GMT", 1),
            ("Fri, 01 Jan 2100 00:00:00 GMT", LONGEST_WAIT),
            ("Sun, 01 Mar 2026 12:00:30", 1),
            ("Sun, 99 Mar 2026 12:00:30 GMT", 1),
        ],
    )
    def test_sane(self, text: str, seconds: int) -> None:
        """A wait is between a second and the longest that is believed, whatever was said."""
        assert seconds == retry_after(text, now)
