from __future__ import annotations

import orjson
import pytest
from pydantic import SecretStr

from policy_gateway.crm import HttpTransport, Reach, parse_base_url
from policy_gateway.errors import (
    RateLimited,
    RecordNotFound,
    UpstreamInvalid,
    UpstreamRefused,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from policy_gateway.model.field import RecordId
from policy_gateway.query import Change, ChangeKind, Compare, Op, Query
from policy_gateway.records import ConnectionConfig
from policy_gateway.testing import AsgiTransport
from policy_gateway_hubspot.adapter import HubSpotAdapter, HubSpotKind
from policy_gateway_hubspot.sandbox import CANARY, TOKEN, Fault, FaultKind, Sandbox

pytestmark = pytest.mark.anyio
CONTACT = RecordId("101")


class TestReads:
    @pytest.mark.parametrize(
        ("fault", "error"),
        [
            (Fault(FaultKind.RATE_LIMIT, seconds=7), RateLimited),
            (Fault(FaultKind.REDIRECT), UpstreamInvalid),
            (Fault(FaultKind.TRUNCATE), UpstreamInvalid),
            (Fault(FaultKind.TRUNCATE, bytes=0), UpstreamInvalid),
            (Fault(FaultKind.NOT_JSON), UpstreamInvalid),
            (Fault(FaultKind.WRONG_TYPES), UpstreamInvalid),
            (Fault(FaultKind.WRONG_RECORD), UpstreamInvalid),
            (Fault(FaultKind.ERROR_IN_200), UpstreamInvalid),
            (Fault(FaultKind.STATUS, status=500), UpstreamUnavailable),
            (Fault(FaultKind.STATUS, status=503), UpstreamUnavailable),
            (Fault(FaultKind.STATUS, status=423), UpstreamUnavailable),
            (Fault(FaultKind.STATUS, status=400), UpstreamRefused),
            (Fault(FaultKind.STATUS, status=401), UpstreamRefused),
            (Fault(FaultKind.STATUS, status=403), UpstreamRefused),
            (Fault(FaultKind.STATUS, status=418), UpstreamRefused),
            (Fault(FaultKind.STATUS, status=404), RecordNotFound),
            (Fault(FaultKind.RESET), UpstreamUnavailable),
            (Fault(FaultKind.STALL), UpstreamTimeout),
        ],
        ids=repr,
    )
    async def test_read(self, adapter: HubSpotAdapter, sandbox: Sandbox, fault: Fault, error: type[Exception]) -> None:
        """Each fault has its error, which says nothing of what HubSpot said."""
        sandbox.faults.arm(fault)
        with pytest.raises(error) as caught:
            await adapter.read(Query("contact", ("email", "vip"), target=CONTACT))

        assert CANARY not in repr(caught.value)

    @pytest.mark.parametrize(
        ("kind", "seconds", "wait"),
        [
            (FaultKind.RATE_LIMIT, 7.0, 7),
            (FaultKind.RATE_LIMIT, -1.0, 10),
            (FaultKind.DAILY_LIMIT, -1.0, 300),
        ],
    )
    async def test_wait(
        self, adapter: HubSpotAdapter, sandbox: Sandbox, kind: FaultKind, seconds: float, wait: int
    ) -> None:
        """How long to wait is what HubSpot says, or what the limit that was hit implies."""
        sandbox.faults.arm(Fault(kind, seconds=seconds))
        with pytest.raises(RateLimited) as limited:
            await adapter.read(Query("contact", ("id",), target=CONTACT))

        assert wait == limited.value.retry_after

    async def test_cut_anywhere(self, adapter: HubSpotAdapter, sandbox: Sandbox) -> None:
        """An answer that is cut at any byte is no answer."""
        query = Query("contact", ("email", "name", "consents"), target=CONTACT)
        whole = len(orjson.dumps(await _raw(sandbox)))
        for end in range(whole):
            sandbox.faults.arm(Fault(FaultKind.TRUNCATE, bytes=end))
            with pytest.raises(UpstreamInvalid):
                await adapter.read(query)

    async def test_extra_fields(self, adapter: HubSpotAdapter, sandbox: Sandbox) -> None:
        """What was not asked for stays out, however it is spelled."""
        sandbox.faults.arm(Fault(FaultKind.EXTRA_FIELDS, times=None))
        page = await adapter.read(Query("contact", ("email",), limit=3))

        assert CANARY not in repr(page)
        assert [{"email"}] * 3 == [set(record.values) for record in page.records]

    async def test_list(self, adapter: HubSpotAdapter, sandbox: Sandbox) -> None:
        """A list that is not there is no missing record."""
        sandbox.faults.arm(Fault(FaultKind.STATUS, status=404))
        with pytest.raises(UpstreamRefused):
            await adapter.read(Query("contact", ("id",)))


class TestWrites:
    async def test_applied_and_lost(self, adapter: HubSpotAdapter, sandbox: Sandbox) -> None:
        """A change whose answer is lost is sent once and reported as an error, never as done."""
        sandbox.faults.arm(Fault(FaultKind.RESET_AFTER, method="POST"))
        with pytest.raises(UpstreamUnavailable):
            await adapter.write(Change(ChangeKind.CREATE, "contact", values={"email": "ada@example.com"}))

        assert 1 == len(sandbox.requests)

    async def test_limits(self, adapter: HubSpotAdapter) -> None:
        """What HubSpot says of its limits can be read after each answer."""
        await adapter.read(Query("contact", ("id",), target=CONTACT))

        assert "189" == adapter.limits["x-hubspot-ratelimit-remaining"]

    async def test_scopes(self, sandbox: Sandbox) -> None:
        """A token without a scope reads, and is refused to write."""
        scopes = frozenset({"crm.objects.contacts.read"})
        narrow = Sandbox(tokens={"narrow": scopes})
        config = ConnectionConfig("acme", "crm", secrets={"token": SecretStr("narrow")})
        adapter = HubSpotKind().connect(config, AsgiTransport(narrow))
        await adapter.read(Query("contact", ("id",), target=CONTACT))

        with pytest.raises(UpstreamRefused):
            await adapter.write(Change(ChangeKind.UPDATE, "contact", CONTACT, {"vip": True}))


async def _raw(sandbox: Sandbox) -> object:
    item = sandbox.world.items["contacts"].live[CONTACT]
    return {"id": item.id, "properties": {"email": item.properties["email"]}}


class TestWire:
    async def test_everything(self, url: str, sandbox: Sandbox) -> None:
        """The adapter lists, searches and writes over the gateway's own HTTP client and a socket."""
        transport = HttpTransport(parse_base_url(url), Reach.of(["127.0.0.1"]))
        config = ConnectionConfig("acme", "crm", url, secrets={"token": SecretStr(TOKEN)})
        adapter = HubSpotKind().connect(config, transport)
        await adapter.catalogue()
        created = await adapter.write(Change(ChangeKind.CREATE, "company", values={"name": "Ada & Söhne"}))
        found = await adapter.read(Query("company", ("id", "name"), Compare("name", Op.EQ, "Ada & Söhne")))
        phone = (await adapter.read(Query("company", ("phone",), target=RecordId("5001")))).records[0].values["phone"]
        by_phone = await adapter.read(Query("company", ("id",), Compare("phone", Op.EQ, phone)))
        sandbox.faults.arm(Fault(FaultKind.RESET, times=None))
        with pytest.raises(UpstreamUnavailable):
            await adapter.read(Query("company", ("id",), limit=1))
        sandbox.faults.clear()
        sandbox.faults.arm(Fault(FaultKind.REDIRECT))
        with pytest.raises(UpstreamInvalid):
            await adapter.read(Query("company", ("id",), limit=1))
        await transport.aclose()

        assert [{"id": created.id, "name": "Ada & Söhne"}] == [dict(record.values) for record in found.records]
        assert ["5001"] == [record.id for record in by_phone.records]
