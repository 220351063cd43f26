"""Tryton's own access rules compose with the gateway's: what either hides is hidden."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

import orjson
import pytest

from policy_gateway.enforcement import Rendering, release
from policy_gateway.errors import PreconditionFailed, UpstreamRefused
from policy_gateway.model.decision import CLEAR, Grant, Permit
from policy_gateway.model.facts import Reading, RecordFacts, TruthVector
from policy_gateway.model.field import RecordId
from policy_gateway.query import Change, ChangeKind, Compare, Op, Query
from policy_gateway.records import Request, Transport
from policy_gateway.testing import FaultyTransport, a_key
from policy_gateway_tryton import TrytonAdapter
from policy_gateway_tryton.sandbox import Server

pytestmark = [pytest.mark.timeout(600), pytest.mark.anyio]
PARTY = RecordId("3")
RULES = "/crm/rest/model/ir.model.field.access"


async def asked(
    transport: Transport, method: str, path: str, key: str, body: Mapping[str, object] | None = None
) -> int:
    """Ask Tryton as an administrator; return the id that it answers."""
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    response = await transport.send(Request(method, path, (("f", "id"),), headers, orjson.dumps(body) if body else b""))
    assert response.status in {200, 204}
    return int(orjson.loads(response.body)["id"]) if response.status == 200 else 0


@dataclass(frozen=True)
class Everything:
    """A residual that would show all of the permitted fields."""

    levels_by_path: Mapping[str, object]
    reads: frozenset[str] = frozenset()
    facts: frozenset[str] = frozenset()

    def truths(self, reading: Reading) -> TruthVector:
        """Return no truths: nothing depends on the record."""
        return TruthVector()

    def levels(self, truths: TruthVector) -> Grant:
        """Grant every path in clear."""
        return Grant(dict.fromkeys(self.levels_by_path, CLEAR))


class TestHiddenField:
    @pytest.fixture
    async def hidden(self, server: Server, wire: FaultyTransport) -> AsyncIterator[str]:
        """Have Tryton's administrator hide the party's code from the agents' group."""
        rule = {"model": "party.party", "field": "code", "group": server.agents_group}
        number = await asked(wire, "POST", RULES, server.admin_key, {**rule, "perm_read": False, "perm_write": False})
        yield "customer_number"
        await asked(wire, "DELETE", f"{RULES}/{number}", server.admin_key)

    async def test_absent(self, adapter: TrytonAdapter, hidden: str) -> None:
        """A field that Tryton hides from this user is absent, which is not the same as empty."""
        one = await adapter.read(Query("contact", ("name", hidden, "mobile"), target=PARTY))
        many = await adapter.read(Query("contact", ("name", hidden), limit=3))

        assert {"name": "Anton Friedrich", "mobile": None} == dict(one.records[0].values)
        assert [{"name"}] * 3 == [set(record.values) for record in many.records]

    async def test_withheld(self, adapter: TrytonAdapter, hidden: str) -> None:
        """What Tryton hides, the gateway withholds, although its own policy permits it."""
        paths = ("id", "name", hidden)
        page = await adapter.read(Query("contact", paths, target=PARTY))
        levels = dict.fromkeys(paths, CLEAR)
        permit = Permit("version", levels, Everything(levels), TruthVector())
        resource = (await adapter.catalogue()).resources["contact"]
        released = release(page, permit, (RecordFacts(),), Rendering(resource, {}, a_key(), "user:anna"))

        assert {"id": PARTY, "name": "Anton Friedrich"} == {"id": PARTY, **released.records[0].fields}
        assert (hidden,) == released.records[0].withheld

    async def test_not_searched(self, adapter: TrytonAdapter, hidden: str) -> None:
        """A field that Tryton hides cannot be searched by either: Tryton's refusal is passed on without its words."""
        with pytest.raises(UpstreamRefused) as caught:
            await adapter.read(Query("contact", ("id",), where=Compare(hidden, Op.EQ, "K100003")))

        assert "Party" not in caught.value.detail

    async def test_not_written(self, adapter: TrytonAdapter, hidden: str) -> None:
        """A field that Tryton hides cannot be written, nor can a change rely on its value."""
        with pytest.raises(UpstreamRefused):
            await adapter.write(Change(ChangeKind.UPDATE, "contact", PARTY, {hidden: "K9"}))
        change = Change(ChangeKind.UPDATE, "contact", PARTY, {"name": "X"}, expected={hidden: "K100003"})
        with pytest.raises(PreconditionFailed):
            await adapter.write(change)

    async def test_visible_again(self, adapter: TrytonAdapter) -> None:
        """Without the rule the field is answered."""
        page = await adapter.read(Query("contact", ("customer_number",), target=PARTY))

        assert {"customer_number": "K100003"} == dict(page.records[0].values)


class TestUrls:
    async def test_no_personal_data(self, adapter: TrytonAdapter, wire: FaultyTransport) -> None:
        """What a search looks for never stands in a URL, where servers log it."""
        sought = "anton.friedrich3@example.com"
        await adapter.read(Query("contact", ("id",), where=Compare("email", Op.EQ, sought)))
        urls = [(request.path, *(value for _, value in request.query)) for request in wire.requests]
        words = [word for url in urls for word in url]
        decoded = [base64.urlsafe_b64decode(word) for word in words if word.startswith("W")]

        assert [] == [word for word in [*words, *map(bytes.decode, decoded)] if "friedrich" in word]
        assert any(sought.encode() in request.body for request in wire.requests)


class TestKey:
    async def test_wrong_key(self, server: Server, wire: FaultyTransport, adapter: TrytonAdapter) -> None:
        """A key that Tryton does not accept is a refusal, not a missing record."""
        stranger = TrytonAdapter(wire, adapter._options, "no-such-key-in-tryton")
        with pytest.raises(UpstreamRefused):
            await stranger.read(Query("contact", ("id",), target=PARTY))
