from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from policy_gateway.testing.gateways import Persona, WatchedKind, Whole, connect, whole
from policy_gateway_memory import MemoryCrm, MemoryKind

pytestmark = pytest.mark.anyio

SHIPPED = Path(__file__).parents[2] / "policies"
LENA = "/v1/crm/contacts/7?fields=city,phone"
CAPPED = "p, agent, acme, contact_data, view, deny, partial, customer_care, -, normal, -, ACME-90, law:GDPR-5-1-c\n"


@pytest.fixture(scope="module")
async def own(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Whole]:
    """Yield a gateway with a policy folder of its own."""
    folder = tmp_path_factory.mktemp("own")
    shutil.copytree(SHIPPED, folder / "policies")
    crm = MemoryCrm()
    crm.add("contact", id="7", city="Berlin", phone="+49 30 23125001")
    people = {"anna": Persona("user:anna", "acme", ("agent",), ("service",))}
    async with whole(folder, WatchedKind(MemoryKind({("acme", "crm"): crm})), people) as gateway:
        await connect(gateway.app, [("acme", "crm")])
        yield gateway


Rewrite = Callable[[Callable[[str], str]], None]


@pytest.fixture
def rewrite(own: Whole) -> Iterator[Rewrite]:
    """Yield what rewrites the tenant's rules on disk; they are put back afterwards."""
    path = own.settings.policies / "tenants" / "acme.csv"
    before = path.read_text()
    own.kind.forget()
    yield lambda change: path.write_text(change(path.read_text())) and None
    path.write_text(before)
    own.app.policies.reload()


async def phone(gateway: Whole) -> object:
    """Return what the agent sees of the number."""
    return (await gateway.client("anna").get(LENA)).json["fields"].get("phone")


def capped(text: str) -> str:
    """Return the rules *text* with one that caps what agents see of a number."""
    return text.replace("# end", f"{CAPPED}# end")


class TestChanged:
    async def test_next_answer(self, own: Whole, rewrite: Rewrite) -> None:
        """A rule written to disk decides the next answers, without a restart."""
        before = await phone(own)
        rewrite(capped)
        async with asyncio.timeout(20):
            while "+49 ••• 01" != (after := await phone(own)):  # noqa: ASYNC110 -- the answers are what is waited for
                await asyncio.sleep(0.02)

        assert ("+49 30 23125001", "+49 ••• 01") == (before, after)

    async def test_pinned(self, own: Whole, rewrite: Rewrite) -> None:
        """A call ends under the policy that it began with, and says so."""
        spy, arrived, go_on = own.spy(), asyncio.Event(), asyncio.Event()
        version = own.app.policies.current().version

        async def wait() -> None:
            arrived.set()
            await go_on.wait()

        spy.before = wait
        call = asyncio.create_task(own.client("anna").get(LENA))
        await arrived.wait()
        rewrite(capped)
        own.app.policies.reload()
        go_on.set()
        reply = await call

        assert (version, "+49 30 23125001") == (reply.headers["x-policy-version"], reply.json["fields"]["phone"])
        assert version != own.app.policies.current().version

    async def test_cursor_ends(self, own: Whole, rewrite: Rewrite) -> None:
        """A cursor is good under the policy that it was made under."""
        client = own.client("anna")
        for row in own.kind._kind.crm("acme", "crm")._rows.values():  # type: ignore[attr-defined]  # the memory kind
            row["8"] = {**row["7"], "id": "8"}
        cursor = (await client.get("/v1/crm/contacts?limit=1&fields=city")).json["cursor"]
        rewrite(capped)
        own.app.policies.reload()

        assert 400 == (await client.get(f"/v1/crm/contacts?limit=1&fields=city&cursor={cursor}")).status


class TestBroken:
    @pytest.mark.attack("J01")
    @pytest.mark.parametrize(
        "harm",
        [
            lambda text: text.replace("allow, clear", "Allow, clear", 1),
            lambda text: text[: len(text) // 2],
            lambda _: "",
            lambda text: text.replace("customer_care", "customer_cure", 1),
            lambda text: f"{text}p, agent, acme, *, view, allow, clear, *, -, normal, -, X-1, law:X\n",
        ],
    )
    async def test_changes_nothing(self, own: Whole, rewrite: Rewrite, harm: Callable[[str], str]) -> None:
        """J01: a file that cannot be read changes nothing; the last good policy decides, and the place is known."""
        version = own.app.policies.current().version
        rewrite(harm)
        own.app.policies.reload()
        reply = await own.client("anna").get(LENA)
        problem = own.app.policies.problem

        assert (version, "+49 30 23125001") == (reply.headers["x-policy-version"], reply.json["fields"]["phone"])
        assert problem is not None
        assert {"tenants/acme.csv"} == {finding.path for finding in problem.findings}

    async def test_distrusted(self, own: Whole, rewrite: Rewrite) -> None:
        """A version that was seen to decide otherwise than it says answers nothing; the next one does."""
        rewrite(lambda text: capped(text).replace("ACME-90", "ACME-91"))
        own.app.policies.reload()
        own.app.policies.distrust(own.app.policies.current().version)
        reply = await own.client("anna").get(LENA)
        rewrite(lambda text: text.replace("ACME-91", "ACME-92"))
        own.app.policies.reload()

        assert (503, "policy-unavailable", []) == (reply.status, reply.json["code"], own.spy().queries)
        assert 200 == (await own.client("anna").get(LENA)).status
