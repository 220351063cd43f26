from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from policy_gateway.errors import InvalidCall, NotAuthenticated, RecordNotFound, UpstreamInvalid
from policy_gateway.ports import AsgiApp, Message
from policy_gateway.testing.entrances import HttpClient
from policy_gateway.wire import (
    Ask,
    BodyTooLarge,
    BodyTooSlow,
    MediaTypeRefused,
    MethodRefused,
    PathUnknown,
    Reply,
    Routes,
    json_reply,
    served,
)

SECRET = "4111 1111"


def vendor(status: int, code: str) -> Reply:
    """Return an error as the clients of some vendor know it."""
    return json_reply([{"errorCode": code}], status)


def answering(reply: Reply) -> AsgiApp:
    """Return an app that answers *reply*."""

    async def answer(ask: Ask) -> Reply:
        del ask
        return reply

    return served(answer, vendor)


def raising(error: Exception) -> AsgiApp:
    """Return an app that raises *error*."""

    async def answer(ask: Ask) -> Reply:
        del ask
        raise error

    return served(answer, vendor)


async def sent(app: AsgiApp, method: str = "GET") -> list[Message]:
    """Return every message of the answer."""
    messages: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        messages.append(message)

    scope = {"type": "http", "method": method, "path": "/", "raw_path": b"/", "query_string": b"", "headers": []}
    await app(scope, receive, send)
    return messages


class Parts:
    """Parts of an answer, which break after *good* of them; *closed* tells whether they were let go of."""

    def __init__(self, good: int = 2, error: Exception | None = None) -> None:
        self._good = good
        self._error = error
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the parts."""
        try:
            for number in range(self._good):
                yield b"%d\n" % number
            yield b""
            if self._error is not None:
                raise self._error
        finally:
            self.closed = True


@pytest.mark.anyio
class TestAnswers:
    async def test_whole(self) -> None:
        """An answer has its status, type, length, own headers, and what keeps it out of caches."""
        client = HttpClient(answering(json_reply({"id": "7"}, 201, (("Sforce-Limit-Info", "api-usage=1/15000"),))))

        reply = await client.get("/")

        assert (201, {"id": "7"}, "api-usage=1/15000") == (reply.status, reply.json, reply.headers["sforce-limit-info"])
        assert "private, no-store" == reply.headers["cache-control"]
        assert "10" == reply.headers["content-length"]

    async def test_no_content(self) -> None:
        """An answer without content has neither type nor length."""
        reply = await HttpClient(answering(Reply(204))).get("/")

        assert (204, b"") == (reply.status, reply.body)
        assert not {"content-type", "content-length"} & reply.headers.keys()

    async def test_head(self) -> None:
        """A HEAD gets the head of what a GET gets, and nothing of its body."""
        messages = await sent(answering(json_reply({"id": "7"})), "HEAD")

        assert (b"content-length", b"10") in messages[0]["headers"]
        assert [b""] == [message["body"] for message in messages[1:]]

    async def test_stream(self) -> None:
        """A body of parts is sent part by part, without a length."""
        parts = Parts()

        messages = await sent(answering(Reply(200, aiter(parts), "text/csv")))

        assert [b"0\n", b"1\n", b""] == [message["body"] for message in messages[1:]]
        assert [True, True, False] == [message.get("more_body", False) for message in messages[1:]]
        assert b"content-length" not in dict(messages[0]["headers"])
        assert parts.closed

    async def test_stream_nobody_reads(self) -> None:
        """A HEAD asks for no part."""
        messages = await sent(answering(Reply(200, aiter(Parts(error=ValueError())), "text/csv")), "HEAD")

        assert [b""] == [message["body"] for message in messages[1:]]

    async def test_stream_breaks(self) -> None:
        """A body that breaks off never looks complete, and lets go of what it holds."""
        parts = Parts(error=ValueError(SECRET))

        with capture_logs() as logs:
            messages = await sent(answering(Reply(200, aiter(parts), "text/csv")))

        assert [True, True] == [message["more_body"] for message in messages[1:]]
        assert parts.closed
        assert ["ValueError"] == [entry["error"] for entry in logs]
        assert SECRET not in str(logs)

    async def test_unread_body(self) -> None:
        """What is left of a body that nobody has read is not taken for a request."""
        reply = await HttpClient(answering(Reply(204))).send("POST", "/", {"a": 1})

        assert "close" == reply.headers["connection"]


@pytest.mark.anyio
class TestErrors:
    @pytest.mark.parametrize(
        ("error", "status", "code"),
        [
            (InvalidCall(SECRET), 400, "invalid-call"),
            (NotAuthenticated(SECRET), 401, "not-authenticated"),
            (PathUnknown(SECRET), 404, "path-unknown"),
            (MethodRefused(("GET",)), 405, "method-not-allowed"),
            (BodyTooSlow(SECRET), 408, "body-too-slow"),
            (BodyTooLarge(SECRET), 413, "body-too-large"),
            (MediaTypeRefused(SECRET), 415, "unsupported-media-type"),
            (RecordNotFound(SECRET), 500, "internal-error"),
            (UpstreamInvalid(SECRET), 500, "internal-error"),
            (ValueError(SECRET), 500, "internal-error"),
            (LookupError(SECRET), 500, "internal-error"),
        ],
    )
    async def test_each(self, error: Exception, status: int, code: str) -> None:
        """Whatever is raised is told in the vendor's way, by status and code alone."""
        with capture_logs() as logs:
            reply = await HttpClient(raising(error)).get("/")

        assert (status, [{"errorCode": code}]) == (reply.status, reply.json)
        assert SECRET not in str(logs)
        assert (status == 500) == bool(logs)

    @pytest.mark.parametrize("target", ["/a/../b", "/%00", "/?q=%ff", "///a"])
    async def test_request(self, target: str) -> None:
        """What cannot be understood is refused in the vendor's way, too, and is the last on its connection."""
        reply = await HttpClient(answering(Reply(200))).get(target)

        assert (400, [{"errorCode": "invalid-call"}]) == (reply.status, reply.json)
        assert "close" == reply.headers["connection"]

    async def test_header(self) -> None:
        """A value that would become a header of its own is no header."""
        with capture_logs():
            reply = await HttpClient(answering(Reply(200, headers=(("location", "/a\r\nset-cookie: x"),)))).get("/")

        assert (500, False) == (reply.status, "set-cookie" in reply.headers)

    async def test_unwritable(self) -> None:
        """What JSON cannot carry is an error, not half an answer."""
        with pytest.raises(UpstreamInvalid):
            json_reply({"a": object()})


class TestRoutes:
    ROUTES: Routes[str] = Routes(
        [
            ("GET", "/objects/{type}", "list"),
            ("POST", "/objects/{type}", "create"),
            ("GET", "/objects/{type}/{id}", "get"),
            ("POST", "/objects/{type}/search", "search"),
            ("POST", "/objects/{kind}/batch/{what}", "batch"),
            ("GET", "/objects/contacts/{id}/notes", "notes"),
            ("*", "/oauth/token", "token"),
            ("GET", "/", "root"),
        ]
    )

    @pytest.mark.parametrize(
        ("method", "path", "target", "variables"),
        [
            ("GET", "objects/contacts", "list", {"type": "contacts"}),
            ("POST", "objects/contacts", "create", {"type": "contacts"}),
            ("GET", "objects/contacts/7", "get", {"type": "contacts", "id": "7"}),
            ("GET", "objects/contacts/7/notes", "notes", {"id": "7"}),
            ("POST", "objects/contacts/search", "search", {"type": "contacts"}),
            ("POST", "objects/contacts/batch/read", "batch", {"kind": "contacts", "what": "read"}),
            ("PUT", "oauth/token", "token", {}),
        ],
    )
    def test_found(self, method: str, path: str, target: str, variables: dict[str, str]) -> None:
        """A path belongs to the pattern that spells out most of it."""
        found = self.ROUTES.find(method, path.split("/"))

        assert (target, variables) == (found.target, dict(found.variables))

    def test_root(self) -> None:
        """A path without segments may have a route, too."""
        assert "root" == self.ROUTES.find("GET", ()).target

    @pytest.mark.parametrize("path", ["object", "objects", "objects/companies/7/notes", "objects/contacts/7/notes/1"])
    def test_unknown(self, path: str) -> None:
        """A path that fits no pattern is not there."""
        with pytest.raises(PathUnknown):
            self.ROUTES.find("GET", path.split("/"))

    @pytest.mark.parametrize(
        ("method", "path", "allow"),
        [
            ("PATCH", "objects/contacts", ("GET", "POST")),
            ("GET", "objects/contacts/search", ("POST",)),
            ("get", "objects/contacts", ("GET", "POST")),
        ],
    )
    def test_method(self, method: str, path: str, allow: tuple[str, ...]) -> None:
        """A path has the methods of its own pattern alone: a word that is spelt out is no record's id."""
        with pytest.raises(MethodRefused) as refused:
            self.ROUTES.find(method, path.split("/"))

        assert allow == refused.value.allow

    def test_twice(self) -> None:
        """Two routes of one method and shape are a mistake."""
        with pytest.raises(ValueError, match="two routes"):
            Routes([("GET", "/a/{x}", 1), ("GET", "/a/{y}", 2)])
