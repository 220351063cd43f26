from __future__ import annotations

from collections.abc import Mapping

import orjson
import pytest
from pydantic import SecretStr

from policy_gateway.crm import HttpTransport, Reach, parse_base_url
from policy_gateway.errors import (
    Conflict,
    GatewayError,
    InvalidCall,
    PreconditionFailed,
    RateLimited,
    RecordNotFound,
    UpstreamInvalid,
    UpstreamRefused,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from policy_gateway.model.field import RecordId
from policy_gateway.query import Change, ChangeKind, Child, Compare, Op, Order, Query
from policy_gateway.records import ConnectionConfig, Request, Response, Transport
from policy_gateway.testing import AsgiTransport
from policy_gateway_salesforce.adapter import MOST_PAGES, SalesforceAdapter, SalesforceKind
from policy_gateway_salesforce.ids import canonical
from policy_gateway_salesforce.sandbox import CANARY, Fault, FaultKind, Recorded, Sandbox

pytestmark = pytest.mark.anyio


@pytest.fixture
def target(sandbox: Sandbox) -> RecordId:
    """Return the first contact's id."""
    return RecordId(next(iter(sandbox.org.tables["Contact"].rows)))


class Script:
    """A transport that gives the same answer to whatever is asked, and remembers what was asked."""

    def __init__(self, status: int, body: object, headers: Mapping[str, str] | None = None) -> None:
        self._response = Response(status, headers or {}, orjson.dumps(body))
        self.paths: list[str] = []

    async def send(self, request: Request) -> Response:
        """Answer."""
        self.paths.append(request.path)
        return self._response


def scripted(script: Script) -> SalesforceAdapter:
    """Return a connection that is answered by *script*."""
    return SalesforceKind().connect(ConnectionConfig("acme", "crm", secrets={"token": SecretStr("t")}), script)


class TestReads:
    @pytest.mark.parametrize(
        ("fault", "error"),
        [
            (Fault(FaultKind.RATE_LIMIT, seconds=7), RateLimited),
            (Fault(FaultKind.DAILY_LIMIT), RateLimited),
            (Fault(FaultKind.EXPIRED), UpstreamRefused),
            (Fault(FaultKind.REDIRECT), UpstreamInvalid),
            (Fault(FaultKind.TRUNCATE), UpstreamInvalid),
            (Fault(FaultKind.NOT_JSON), UpstreamInvalid),
            (Fault(FaultKind.WRONG_TYPES), UpstreamInvalid),
            (Fault(FaultKind.WRONG_RECORD), UpstreamInvalid),
            (Fault(FaultKind.ERROR_IN_200), UpstreamInvalid),
            (Fault(FaultKind.STATUS, status=500), UpstreamUnavailable),
            (Fault(FaultKind.STATUS, status=503), UpstreamUnavailable),
            (Fault(FaultKind.STATUS, status=400), UpstreamRefused),
            (Fault(FaultKind.STATUS, status=401), UpstreamRefused),
            (Fault(FaultKind.STATUS, status=403), UpstreamRefused),
            (Fault(FaultKind.STATUS, status=404), UpstreamRefused),
            (Fault(FaultKind.STATUS, status=418), UpstreamRefused),
            (Fault(FaultKind.RESET), UpstreamUnavailable),
            (Fault(FaultKind.STALL), UpstreamTimeout),
        ],
        ids=repr,
    )
    @pytest.mark.parametrize("way", ["get", "list"])
    async def test_read(
        self, adapter: SalesforceAdapter, sandbox: Sandbox, fault: Fault, error: type[Exception], way: str
    ) -> None:
        """Each fault has its error, for a record and for a list, which says nothing of what Salesforce said."""
        target = RecordId(next(iter(sandbox.org.tables["Contact"].rows))) if way == "get" else None
        sandbox.faults.arm(fault)
        with pytest.raises(error) as caught:
            await adapter.read(Query("contact", ("email", "vip"), target=target))

        assert CANARY not in repr(caught.value)

    @pytest.mark.parametrize(
        ("kind", "seconds", "wait"),
        [(FaultKind.RATE_LIMIT, 7.0, 7), (FaultKind.RATE_LIMIT, -1.0, 1), (FaultKind.DAILY_LIMIT, -1.0, 300)],
    )
    async def test_wait(
        self, adapter: SalesforceAdapter, sandbox: Sandbox, kind: FaultKind, seconds: float, wait: int
    ) -> None:
        """How long to wait is what Salesforce says, or what the limit that was hit makes likely."""
        sandbox.faults.arm(Fault(kind, seconds=seconds))
        with pytest.raises(RateLimited) as limited:
            await adapter.read(Query("contact", ("id",)))

        assert wait == limited.value.retry_after

    async def test_cut_anywhere(self, adapter: SalesforceAdapter, sandbox: Sandbox, target: RecordId) -> None:
        """An answer that is cut at any byte is no answer."""
        query = Query("contact", ("email", "name"), target=target)
        whole = len(sandbox.answer(await _recorded(adapter, sandbox, query)).content())
        for end in range(whole):
            sandbox.faults.arm(Fault(FaultKind.TRUNCATE, bytes=end))
            with pytest.raises(UpstreamInvalid):
                await adapter.read(query)

    async def test_extra_fields(self, adapter: SalesforceAdapter, sandbox: Sandbox) -> None:
        """What was not asked for stays out, however it is spelled."""
        sandbox.faults.arm(Fault(FaultKind.EXTRA_FIELDS, times=None))
        page = await adapter.read(Query("contact", ("email",), limit=3))

        assert CANARY not in repr(page)
        assert [{"email"}] * 3 == [set(record.values) for record in page.records]

    @pytest.mark.parametrize(
        "address",
        [
            "/services/data/../../services/apexrest/leak",
            "/services/apexrest/query/01gD0000002HU6KIAW-200",
            "https://evil.example/services/data/v60.0/query/01gD0000002HU6KIAW-200",
            "//evil.example/services/data/v60.0/query/01gD0000002HU6KIAW-200",
            "/services/data/v60.0/query/01gD0000002HU6KIAW-200/../../apexrest",
            "/services/data/v60.0/query/01gD0000002HU6KIAW-200?q=x",
            "/services/data/v60.0/query/01gD0000002HU6KIAW-200\n",
            "/services/data/v60.0/query/..-200",
            "/services/data/v60.0/query/01gD0000002HU6KIAW-99999999999",
            "",
            None,
            7,
        ],
        ids=repr,
    )
    async def test_next_page_elsewhere(self, address: object) -> None:
        """An address for the next page that is anything but a locator is refused, and nothing of the page is used."""
        record = {"Id": str(canonical("003Ws0000000001")), "attributes": {}, "CreatedDate": None}
        page = {"totalSize": 9, "done": False, "nextRecordsUrl": address, "records": [record]}
        script = Script(200, page)
        with pytest.raises(UpstreamInvalid):
            await scripted(script).read(Query("contact", ("id",), order=(Order("created_at"),), limit=200))

        assert ["/services/data/v60.0/query"] == script.paths

    @pytest.mark.parametrize(
        "answer",
        [
            {"done": True, "records": "x"},
            {"done": 1, "records": []},
            {"done": False, "records": []},
            {"records": []},
            {"done": True, "records": [{"Id": "003Ws0000000001"}]},
            {"done": True, "records": [{"Id": "003ws0000000001AAA"}]},
            {"done": True, "records": [None]},
            {"done": True, "records": [{"Email": "x"}]},
            {"done": True, "records": [{"Id": "003Ws0000000001AAA", "Account": "x"}]},
            {"done": True, "records": [{"Id": "003Ws0000000001AAA"}]},
            [],
            None,
        ],
        ids=repr,
    )
    async def test_no_page(self, answer: object) -> None:
        """What is no page of records is refused whole."""
        with pytest.raises(UpstreamInvalid):
            await scripted(Script(200, answer)).read(Query("contact", ("company/name",)))

    async def test_too_many(self) -> None:
        """More records than were asked for are not a page of them."""
        records = [{"Id": str(canonical(f"003Ws000000000{n}"))} for n in range(3)]
        with pytest.raises(UpstreamInvalid):
            await scripted(Script(200, {"done": True, "records": records})).read(Query("contact", ("id",), limit=2))

    async def test_headers(self) -> None:
        """Of the header about quotas only the org's own use is passed on."""
        headers = {"sforce-limit-info": f"api-usage=1/5; per-app-api-usage=1/2(appName={CANARY})"}
        page = await scripted(Script(200, {"done": True, "records": []}, headers)).read(Query("contact", ("id",)))
        odd = {"sforce-limit-info": f"{CANARY} api-usage=x/5"}
        none = await scripted(Script(200, {"done": True, "records": []}, odd)).read(Query("contact", ("id",)))

        assert {"Sforce-Limit-Info": "api-usage=1/5"} == dict(page.limits)
        assert {} == dict(none.limits)


class TestChildren:
    async def test_pages(self, sandbox: Sandbox) -> None:
        """What hangs on a record and comes in several pages is read to its end."""
        long = Long(sandbox, pages=3)
        adapter = _connected(long, sandbox)
        below = Child("contacts", Query("contact", ("id",)))
        [record] = (await adapter.read(Query("company", (below,), limit=1))).records

        assert 4 == len(record.children["contacts"].records)
        assert 3 == len(long.more)

    async def test_endless(self, sandbox: Sandbox) -> None:
        """What hangs on a record and has no end is refused after some pages."""
        long = Long(sandbox, pages=10**6)
        adapter = _connected(long, sandbox)
        with pytest.raises(InvalidCall):
            await adapter.read(Query("company", (Child("contacts", Query("contact", ("id",))),), limit=1))

        assert MOST_PAGES == len(long.more)


class Long:
    """An org whose only company has contacts in so many more *pages* of one; it describes itself as *org* does."""

    def __init__(self, org: Sandbox, pages: int) -> None:
        self._org = AsgiTransport(org)
        self._left = pages
        self.more: list[str] = []

    async def send(self, request: Request) -> Response:
        """Answer."""
        if request.path.endswith("/describe"):
            return await self._org.send(request)
        if "/query/" in request.path:
            self.more.append(request.path)
            return Response(200, {}, orjson.dumps(self._page()))
        record = {"Id": str(canonical("001Ws0000000001")), "Contacts": self._page()}
        return Response(200, {}, orjson.dumps({"done": True, "totalSize": 1, "records": [record]}))

    def _page(self) -> dict[str, object]:
        number = len(self.more)
        records = [{"Id": str(canonical(f"003Ws00000{number:05}"))}]
        address = f"/services/data/v60.0/query/01gD0000002HU6KIAW-{number + 1}"
        if number >= self._left:
            return {"done": True, "totalSize": 9, "records": records}
        return {"done": False, "totalSize": 9, "nextRecordsUrl": address, "records": records}


class TestWrites:
    async def test_applied_and_lost(self, adapter: SalesforceAdapter, sandbox: Sandbox) -> None:
        """A change whose answer is lost is sent once and reported as an error, never as done."""
        sandbox.faults.arm(Fault(FaultKind.RESET_AFTER, method="POST"))
        with pytest.raises(UpstreamUnavailable):
            await adapter.write(Change(ChangeKind.CREATE, "contact", values={"last_name": "Ada"}))

        assert 1 == len(sandbox.requests)

    async def test_locked(self, adapter: SalesforceAdapter, sandbox: Sandbox, target: RecordId) -> None:
        """A record that somebody else is changing is a conflict: nothing has been changed."""
        sandbox.faults.arm(Fault(FaultKind.LOCKED))
        with pytest.raises(Conflict):
            await adapter.write(Change(ChangeKind.UPDATE, "contact", target, {"vip": True}))

    @pytest.mark.parametrize(
        ("status", "code", "error"),
        [
            (400, "DUPLICATE_VALUE", Conflict),
            (400, "DUPLICATES_DETECTED", Conflict),
            (400, "STRING_TOO_LONG", InvalidCall),
            (400, "FIELD_CUSTOM_VALIDATION_EXCEPTION", InvalidCall),
            (400, "INSUFFICIENT_ACCESS_OR_READONLY", UpstreamRefused),
            (400, "INVALID_FIELD_FOR_INSERT_UPDATE", UpstreamRefused),
            (400, "ENTITY_IS_DELETED", RecordNotFound),
            (400, "WHO_KNOWS", UpstreamRefused),
            (401, "INVALID_SESSION_ID", UpstreamRefused),
            (403, "INSUFFICIENT_ACCESS_OR_READONLY", UpstreamRefused),
            (403, "REQUEST_LIMIT_EXCEEDED", RateLimited),
            (404, "NOT_FOUND", RecordNotFound),
            (404, "ENTITY_IS_DELETED", RecordNotFound),
            (404, "WHO_KNOWS", UpstreamRefused),
            (405, "METHOD_NOT_ALLOWED", UpstreamRefused),
            (412, "PRECONDITION_FAILED", PreconditionFailed),
            (500, "UNKNOWN_EXCEPTION", UpstreamUnavailable),
            (503, "SERVER_UNAVAILABLE", UpstreamUnavailable),
        ],
    )
    async def test_codes(self, status: int, code: str, error: type[GatewayError]) -> None:
        """Each of the vendor's codes has its error; the vendor's words, which name others' records, are in none."""
        told = [{"message": f"{CANARY} on record 003Ws0000000009AAA", "errorCode": code, "fields": ["Email"]}]
        change = Change(ChangeKind.UPDATE, "contact", RecordId(str(canonical("003Ws0000000001"))), {"email": "a@b.c"})
        with pytest.raises(error) as caught:
            await scripted(Script(status, told)).write(change)

        assert CANARY not in repr(caught.value) + str(caught.value)
        assert "003Ws0000000009" not in repr(caught.value)
        assert error is not InvalidCall or "/email" == caught.value.pointer

    @pytest.mark.parametrize(
        "body", [[], {}, {"id": "x", "success": True}, {"id": "003Ws0000000001AAA", "success": False}, "done", None]
    )
    async def test_unsaid(self, body: object) -> None:
        """A change that is answered, but not as a change is, is never reported as done."""
        target = RecordId(str(canonical("003Ws0000000001")))
        for change in (
            Change(ChangeKind.CREATE, "contact", values={"last_name": "x"}),
            Change(ChangeKind.UPDATE, "contact", target, {"last_name": "x"}),
            Change(ChangeKind.DELETE, "contact", target),
        ):
            with pytest.raises(UpstreamInvalid):
                await scripted(Script(200, body)).write(change)


class TestWire:
    async def test_everything(self, url: str, sandbox: Sandbox) -> None:
        """The adapter lists, searches and writes over the gateway's own HTTP client and a socket."""
        transport = HttpTransport(parse_base_url(url), Reach.of(["127.0.0.1"]))
        config = ConnectionConfig("acme", "crm", url, secrets={"token": SecretStr(sandbox.token)})
        adapter = SalesforceKind().connect(config, transport)
        await adapter.catalogue()
        created = await adapter.write(Change(ChangeKind.CREATE, "company", values={"name": "Ada & Söhne 'x' +1%"}))
        assert created.id is not None
        await adapter.write(Change(ChangeKind.UPDATE, "company", created.id, {"phone": "+49 30 2312 5777"}))
        where = Compare("name", Op.EQ, "ada & söhne 'x' +1%")
        found = await adapter.read(Query("company", ("id", "name"), where))
        by_phone = await adapter.read(Query("company", ("id",), Compare("phone", Op.EQ, "030 23125777")))
        await adapter.write(Change(ChangeKind.DELETE, "company", created.id))
        gone = await adapter.read(Query("company", ("id", "name"), where))
        sandbox.faults.arm(Fault(FaultKind.RESET, times=None))
        with pytest.raises(UpstreamUnavailable):
            await adapter.read(Query("company", ("id",), limit=1))
        sandbox.faults.clear()
        sandbox.faults.arm(Fault(FaultKind.REDIRECT))
        with pytest.raises(UpstreamInvalid):
            await adapter.read(Query("company", ("id",), limit=1))
        await transport.aclose()

        assert [{"id": created.id, "name": "Ada & Söhne 'x' +1%"}] == [dict(record.values) for record in found.records]
        assert created.id in [record.id for record in by_phone.records]
        assert () == gone.records


def _connected(transport: Transport, sandbox: Sandbox) -> SalesforceAdapter:
    config = ConnectionConfig("acme", "crm", secrets={"token": SecretStr(sandbox.token)})
    return SalesforceKind().connect(config, transport)


async def _recorded(adapter: SalesforceAdapter, sandbox: Sandbox, query: Query) -> Recorded:
    await adapter.read(query)
    return sandbox.requests[-1]
