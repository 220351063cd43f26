# ruff: noqa: S101, SIM300 -- a conformance check is a test: expected == actual
"""A CRM that fails, lies or chatters: the right error, nothing partial, and no value in what it says."""

from __future__ import annotations

import pytest

from policy_gateway.errors import RateLimited, RecordNotFound, UpstreamError
from policy_gateway.query import Query
from policy_gateway.testing.conformance.rig import Rig, leaked
from policy_gateway.testing.faults import RETRY_AFTER, UNASKED, Fault, upstream_error

FAULTY = sorted(fault for fault in Fault if upstream_error(fault))


@pytest.mark.anyio
class FaultConformance:
    """Upstream faults on reads."""

    @pytest.fixture
    def anyio_backend(self) -> str:
        """Run on asyncio, as the gateway does."""
        return "asyncio"

    @pytest.mark.parametrize("fault", FAULTY)
    async def test_a_fault_on_a_get(self, rig: Rig, fault: Fault) -> None:
        """A get that meets a fault raises the error for it, which quotes no value of a record."""
        await _meets(rig, fault, target=True)

    @pytest.mark.parametrize("fault", sorted(set(FAULTY) - {Fault.WRONG_RECORD}))
    async def test_a_fault_on_a_list(self, rig: Rig, fault: Fault) -> None:
        """A list that meets a fault raises the error for it; nothing of the page comes through."""
        await _meets(rig, fault, target=False)

    async def test_a_rate_limit_says_how_long(self, rig: Rig) -> None:
        """The CRM's ``Retry-After`` is passed on in seconds."""
        error = await _meets(rig, Fault.RATE_LIMITED, target=True)

        assert isinstance(error, RateLimited)
        assert RETRY_AFTER == error.retry_after

    async def test_unasked_fields_stay_out(self, rig: Rig) -> None:
        """What the CRM returns without being asked, known or not, in any spelling, is not in the record."""
        paths = [path for path in (await rig.described()).fields if path != "id"]
        for select in (("id",), *((path,) for path in paths)):
            honest = await rig.get(rig.ids[0], *select)
            rig.upstream.misbehave(Fault.EXTRA_FIELDS)
            chatty = await rig.get(rig.ids[0], *select)
            page = await rig.read(*select, limit=3)
            rig.upstream.misbehave(None)
            assert dict(honest.values) == dict(chatty.values)
            assert all(set(record.values) <= set(select) for record in page.records)
            assert UNASKED not in repr(page)

    async def test_behaves_again_after_a_fault(self, rig: Rig) -> None:
        """A fault leaves nothing behind: the next read is answered."""
        for fault in FAULTY:
            await _meets(rig, fault, target=True)
            assert rig.ids[0] == (await rig.get(rig.ids[0], "id")).id


async def _meets(rig: Rig, fault: Fault, *, target: bool) -> UpstreamError:
    """Read while *fault* is set and return the error that came, which must be the right one."""
    values = await rig.values(rig.ids[:3])
    paths = tuple((await rig.described()).fields)
    query = Query(rig.resource, paths, target=rig.ids[0] if target else None, limit=None if target else 3)
    rig.upstream.misbehave(fault)
    expected = upstream_error(fault) or UpstreamError
    try:
        with pytest.raises((expected, RecordNotFound)) as caught:
            await rig.adapter.read(query)
    finally:
        rig.upstream.misbehave(None)
    assert isinstance(caught.value, expected), "a fault must not look like a missing record"
    assert [] == leaked(caught.value, values)
    return caught.value
