"""Parties have any number of addresses and ways to be reached; filters look at all of them."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from policy_gateway.errors import ConfigurationError, InvalidCall, UpstreamInvalid, UpstreamRefused
from policy_gateway.model.field import RecordId, Value
from policy_gateway.query import And, Change, ChangeKind, Compare, In, Not, Op, Or, Order, Query, Text, Where
from policy_gateway.records import ConnectionConfig, Request, Response
from policy_gateway.testing import FaultyTransport, people
from policy_gateway_tryton import TrytonAdapter, TrytonKind
from policy_gateway_tryton.rest import Rest
from policy_gateway_tryton.sandbox import Server

pytestmark = [pytest.mark.timeout(600), pytest.mark.anyio]
SEEDED = 1000


def persons(**wanted: str) -> set[str]:
    """Return the ids of the seeded people that have the *wanted* attributes."""
    return {
        str(person.number)
        for person in people(SEEDED)
        if all(getattr(person, name) == value for name, value in wanted.items())
    }


async def found(adapter: TrytonAdapter, where: Where, *, limit: int = 100) -> set[str]:
    """Return the ids of all parties by *where*."""
    ids: set[str] = set()
    query = Query("contact", ("id",), where=where, limit=limit)
    while True:
        page = await adapter.read(query)
        ids |= {record.id for record in page.records}
        if page.cursor is None:
            return ids
        query = Query("contact", ("id",), where=where, limit=limit, cursor=page.cursor)


class TestFilters:
    async def test_addresses(self, adapter: TrytonAdapter) -> None:
        """A city and a country are those of an address."""
        where = And((Compare("city", Op.EQ, "Köln"), Compare("country", Op.EQ, "DE")))

        assert persons(city="Köln") == await found(adapter, where)

    async def test_nobody_and_everybody(self, adapter: TrytonAdapter) -> None:
        """Negations of filters on what a party may have many of leave nobody out and count nobody twice."""
        turkish, city = persons(language="tr"), persons(city="Berlin")
        everybody = {str(number) for number in range(1, SEEDED + 1)}

        assert everybody - turkish == await found(adapter, Compare("language", Op.NE, "tr"))
        assert everybody - city == await found(adapter, Not(In("city", ("Berlin", "Atlantis"))))
        assert turkish | city == await found(
            adapter, Or((Compare("language", Op.EQ, "tr"), Not(Compare("city", Op.NE, "Berlin"))))
        )
        assert turkish - city == await found(
            adapter, Not(Or((Not(Compare("language", Op.EQ, "tr")), Compare("city", Op.EQ, "Berlin"))))
        )

    async def test_absence(self, adapter: TrytonAdapter) -> None:
        """Who has no e-mail address or account is found by that."""
        assert persons(email="") == await found(adapter, Compare("email", Op.IS_NULL, value=True))
        assert persons(iban="") == await found(adapter, Not(Compare("iban", Op.IS_NULL, value=False)))

    async def test_iban(self, adapter: TrytonAdapter) -> None:
        """An account number is found however it is grouped."""
        [person] = [person for person in people(3) if person.iban]
        grouped = " ".join(person.iban[start : start + 4] for start in range(0, 22, 4))

        assert {"3"} == await found(adapter, Compare("iban", Op.EQ, grouped.lower()))
        page = await adapter.read(Query("contact", ("iban",), target=RecordId("3")))
        assert {"iban": person.iban} == dict(page.records[0].values)

    async def test_words(self, adapter: TrytonAdapter) -> None:
        """A text search finds words by how they begin, wherever they stand."""
        expected = {str(person.number) for person in people(SEEDED) if person.last_name == "Schulte-Berg"}

        assert expected == await found(adapter, Text("berg", ("name",)))
        assert set() == await found(adapter, Text("ulte", ("name", "city")))

    async def test_numbers_nobody_can_dial(self, adapter: TrytonAdapter) -> None:
        """What is no number finds nobody, and is different from everybody's."""
        assert set() == await found(adapter, Compare("phone", Op.EQ, "call me"))
        assert SEEDED == len(await found(adapter, Compare("phone", Op.NE, "call me")))

    async def test_every_mechanism(self, adapter: TrytonAdapter, wire: FaultyTransport, server: Server) -> None:
        """Somebody with two phones is found by either, and shown with the first."""
        values = {"phone": "030 23125800"}
        target = (await adapter.write(Change(ChangeKind.CREATE, "contact", values=values))).id
        assert target is not None
        second = {"contact_mechanisms": [["create", [{"type": "phone", "value": "+49 30 23125801"}]]]}
        await wire.send(Rest(server.database, server.agent_key).update("party.party", int(target), second))
        by_each = [await found(adapter, Compare("phone", Op.EQ, f"+4930231258{last}")) for last in ("00", "01")]
        page = await adapter.read(Query("contact", ("phone", "email"), target=target))
        await adapter.write(Change(ChangeKind.DELETE, "contact", target))

        assert [{target}, {target}] == by_each
        assert {"phone": "+49 30 23125800", "email": None} == dict(page.records[0].values)


class TestOrder:
    async def test_pages(self, adapter: TrytonAdapter) -> None:
        """An order holds over pages, and a filter with it."""
        order = (Order("customer_number", descending=True),)
        where = Compare("city", Op.EQ, "Hamburg")
        first = await adapter.read(Query("contact", ("customer_number",), where=where, order=order, limit=2))
        then = await adapter.read(
            Query("contact", ("customer_number",), where=where, order=order, limit=2, cursor=first.cursor)
        )
        numbers = [record.values["customer_number"] for page in (first, then) for record in page.records]

        assert sorted((f"K{100000 + int(number)}" for number in persons(city="Hamburg")), reverse=True)[:4] == numbers

    async def test_unsortable(self, adapter: TrytonAdapter) -> None:
        """What Tryton cannot sort by is refused."""
        with pytest.raises(InvalidCall):
            await adapter.read(Query("contact", ("id",), order=(Order("email"),)))


class TestChanges:
    @pytest.mark.parametrize("values", [{"language": "xx"}, {"country": "ZZ"}, {"name": 3}, {"email": ("a", "b")}])
    async def test_senseless(self, adapter: TrytonAdapter, values: dict[str, Value]) -> None:
        """A code that Tryton does not know, and a value of another type, are refused before anything is written."""
        with pytest.raises(InvalidCall):
            await adapter.write(Change(ChangeKind.CREATE, "contact", values=values))

    async def test_refused_by_tryton(self, adapter: TrytonAdapter) -> None:
        """What Tryton's own checks refuse is a refusal that does not quote what Tryton said."""
        with pytest.raises(UpstreamRefused) as caught:
            await adapter.write(Change(ChangeKind.CREATE, "contact", values={"phone": "0049 1"}))

        assert "0049" not in str(caught.value)

    async def test_cleared_channel(self, adapter: TrytonAdapter) -> None:
        """Clearing a channel leaves none of its kind, and the other kinds alone."""
        values = {"name": "Ada", "email": "ada@example.com", "phone": "+49 30 23125801"}
        target = (await adapter.write(Change(ChangeKind.CREATE, "contact", values=values))).id
        await adapter.write(Change(ChangeKind.UPDATE, "contact", target, {"email": None}))
        page = await adapter.read(Query("contact", ("email", "phone"), target=target))
        await adapter.write(Change(ChangeKind.DELETE, "contact", target))

        assert {"email": None, "phone": "+49 30 23125801"} == dict(page.records[0].values)


class TestCatalogue:
    async def test_native(self, adapter: TrytonAdapter) -> None:
        """Tryton's other plain fields are native ones; what says the same in other words is as restricted."""
        fields = (await adapter.catalogue()).resources["contact"].fields

        assert ("customer_number",) == fields["tryton.code_digit"].contains
        assert {"tryton.active", "tryton.create_uid", "tryton.rec_name"} <= set(fields)
        assert not {"tryton.name", "tryton.email", "tryton.contact_mechanisms", "tryton.lang"} & set(fields)

    async def test_described_once(self, adapter: TrytonAdapter, wire: FaultyTransport) -> None:
        """The description is kept for a while, not asked for with every call."""
        for _ in range(3):
            await adapter.read(Query("contact", ("id",), target=RecordId("1")))

        assert 1 == len([request for request in wire.requests if request.path.endswith("fields_get")])

    async def test_field_without_module(self, adapter: TrytonAdapter) -> None:
        """A mapped field that this Tryton does not have is answered as withheld, and not asked for."""
        await adapter.catalogue()
        adapter._definitions = {name: one for name, one in adapter._definitions.items() if name != "bank_accounts"}
        page = await adapter.read(Query("contact", ("iban", "name"), target=RecordId("3")))

        assert {"name": "Anton Friedrich"} == dict(page.records[0].values)

    async def test_names_that_tryton_forgot(self, adapter: TrytonAdapter) -> None:
        """When Tryton answers an unknown field with a page of HTML, that is an answer that cannot be used."""
        catalogue = await adapter.catalogue()
        definition = adapter._definitions["name"]
        adapter._definitions = {**adapter._definitions, "gone": definition}

        assert "tryton.gone" not in catalogue.resources["contact"].fields
        with pytest.raises(UpstreamInvalid):
            await adapter.read(Query("contact", ("tryton.gone",), target=RecordId("3")))


class Nowhere:
    """A transport that is never used."""

    async def send(self, request: Request) -> Response:
        """Fail: connecting sends nothing."""
        raise AssertionError(request.path)


class TestConnecting:
    @pytest.mark.parametrize(
        ("options", "key"),
        [
            ({}, "a-key-of-tryton"),
            ({"database": "../x"}, "a-key-of-tryton"),
            ({"database": "crm", "other": "1"}, "a-key-of-tryton"),
            ({"database": "crm", "region": "germany"}, "a-key-of-tryton"),
            ({"database": "crm"}, ""),
            ({"database": "crm"}, "line\r\nbreak"),
        ],
    )
    def test_senseless(self, options: dict[str, str], key: str) -> None:
        """Options or keys that make no sense are refused, without quoting them."""
        config = ConnectionConfig("acme", "erp", options=options, secrets={"key": SecretStr(key)})
        with pytest.raises(ConfigurationError) as caught:
            TrytonKind().connect(config, Nowhere())

        assert "germany" not in str(caught.value)
        assert "../x" not in str(caught.value)

    def test_no_key(self) -> None:
        """A connection needs a key."""
        with pytest.raises(ConfigurationError):
            TrytonKind().connect(ConnectionConfig("acme", "erp", options={"database": "crm"}), Nowhere())
