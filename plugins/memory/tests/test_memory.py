"""Where the reference adapter's data come from, and what it does with them beyond the conformance kit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from policy_gateway.errors import ConfigurationError, InvalidCall, UpstreamInvalid
from policy_gateway.model.field import FieldType, RecordId
from policy_gateway.query import Change, ChangeKind, Compare, Op, Query
from policy_gateway.records import ConnectionConfig, Request, Response
from policy_gateway.testing import FakeClock
from policy_gateway_memory import MemoryCrm, MemoryKind, register_adapters

pytestmark = pytest.mark.anyio
SEED = {
    "contact": [{"id": "7", "name": "Lena Vogt", "consents": ["marketing:email"]}],
    "company": [{"name": "Vogt KG"}],
}


class Nowhere:
    """A transport that is never used."""

    async def send(self, request: Request) -> Response:
        """Fail: a CRM in a dict sends nothing."""
        raise AssertionError(request.path)


def config(**options: str) -> ConnectionConfig:
    """Return the connection `crm` of `acme`."""
    return ConnectionConfig("acme", "crm", options=options)


class TestKind:
    def test_registered(self) -> None:
        """The plugin registers one kind, with data of its own each time."""
        [kind], [other] = register_adapters(), register_adapters()

        assert "memory" == kind.name
        assert kind is not other

    async def test_seeded_by_option(self) -> None:
        """The option `data` seeds every resource; a whole name is taken apart."""
        adapter = MemoryKind().connect(config(data=json.dumps(SEED)), Nowhere())
        contact = await adapter.read(Query("contact", ("first_name", "last_name", "name", "consents")))
        company = await adapter.read(Query("company", ("name",)))

        values = {"first_name": "Lena", "last_name": "Vogt", "name": "Lena Vogt", "consents": ("marketing:email",)}
        assert [("7", values)] == [(record.id, dict(record.values)) for record in contact.records]
        assert [{"name": "Vogt KG"}] == [dict(record.values) for record in company.records]

    async def test_seeded_by_file(self, tmp_path: Path) -> None:
        """The option `file` seeds from a JSON file."""
        (tmp_path / "seed.json").write_text(json.dumps(SEED))
        adapter = MemoryKind().connect(config(file=str(tmp_path / "seed.json")), Nowhere())

        assert 1 == len((await adapter.read(Query("contact", ("id",)))).records)

    async def test_shared(self) -> None:
        """Connections of one tenant and name share their data, others share nothing."""
        kind = MemoryKind()
        kind.connect(config(data=json.dumps(SEED)), Nowhere())
        again = kind.connect(config(data=json.dumps(SEED)), Nowhere())
        other = kind.connect(ConnectionConfig("acme-evil", "crm"), Nowhere())

        assert 1 == len((await again.read(Query("contact", ("id",)))).records)
        assert () == (await other.read(Query("contact", ("id",)))).records

    @pytest.mark.parametrize(
        "options",
        [{"file": "/nowhere"}, {"data": "[1]"}, {"data": "{"}, {"page_size": "0"}, {"region": "germany"}, {"x": "1"}],
    )
    def test_senseless_options(self, options: dict[str, str]) -> None:
        """Options that make no sense are refused, without quoting them."""
        with pytest.raises(ConfigurationError) as caught:
            MemoryKind().connect(config(**options), Nowhere())

        assert "germany" not in str(caught.value)


class TestRows:
    async def test_native(self) -> None:
        """Whatever else a row holds is a native field of the type of its value."""
        kind = MemoryKind()
        kind.crm("acme", "crm").add("contact", shoe_size=38, tags=["a"], left_handed=True, motto="!")
        adapter = kind.connect(config(), Nowhere())
        fields = (await adapter.catalogue()).resources["contact"].fields
        native = {path: field.type for path, field in fields.items() if "." in path}

        assert {
            "memory.shoe_size": FieldType.INTEGER,
            "memory.tags": FieldType.TEXTS,
            "memory.left_handed": FieldType.BOOLEAN,
            "memory.motto": FieldType.TEXT,
        } == native

    async def test_dated(self) -> None:
        """The CRM says when a row was created and last changed, and nobody else can."""
        clock = FakeClock()
        crm = MemoryCrm(clock)
        record_id = RecordId(crm.add("contact", name="Lena Vogt"))
        adapter = MemoryKind({("acme", "crm"): crm}).connect(config(), Nowhere())
        clock.advance(hours=1)
        await adapter.write(Change(ChangeKind.UPDATE, "contact", record_id, {"first_name": "Nele"}))
        page = await adapter.read(Query("contact", ("created_at", "updated_at"), target=record_id))

        times = {"created_at": "2026-11-23T12:00:00+00:00", "updated_at": "2026-11-23T13:00:00+00:00"}
        assert times == dict(page.records[0].values)
        with pytest.raises(InvalidCall):
            await adapter.write(Change(ChangeKind.UPDATE, "contact", record_id, {"updated_at": "2020-01-01"}))

    async def test_wrong_type(self) -> None:
        """A value of another type than its field's is not passed off as one."""
        kind = MemoryKind()
        kind.crm("acme", "crm").add("contact", email=["a@example.com"])
        adapter = kind.connect(config(), Nowhere())

        with pytest.raises(UpstreamInvalid):
            await adapter.read(Query("contact", ("email",)))

    async def test_lists(self) -> None:
        """A list can be asked whether it contains a text."""
        kind = MemoryKind()
        crm = kind.crm("acme", "crm")
        crm.add("contact", consents=["marketing:email", "survey:phone"])
        crm.add("contact", consents=[])
        adapter = kind.connect(config(), Nowhere())
        with_consent = await adapter.read(Query("contact", ("id",), where=Compare("consents", Op.EQ, "survey:phone")))
        without = await adapter.read(Query("contact", ("id",), where=Compare("consents", Op.NE, "survey:phone")))

        assert ["1"] == [record.id for record in with_consent.records]
        assert ["2"] == [record.id for record in without.records]
