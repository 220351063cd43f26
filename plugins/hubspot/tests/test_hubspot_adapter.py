from __future__ import annotations

from collections.abc import Mapping

import orjson
import pytest
from pydantic import SecretStr

from policy_gateway.errors import (
    ConfigurationError,
    Conflict,
    FieldRefused,
    InvalidCall,
    PreconditionFailed,
    RecordNotFound,
)
from policy_gateway.model.field import FieldType, RecordId, Value
from policy_gateway.query import And, Change, ChangeKind, Compare, In, Not, Op, Or, Order, Query, Text, Where
from policy_gateway.records import ConnectionConfig, OutcomeKind
from policy_gateway.testing import FaultyTransport
from policy_gateway_hubspot.adapter import HubSpotAdapter, HubSpotKind
from policy_gateway_hubspot.sandbox import TOKEN, Sandbox

pytestmark = pytest.mark.anyio
CONTACT = RecordId("101")


def bodies(transport: FaultyTransport) -> list[Mapping[str, object]]:
    """Return the JSON of all requests with a body."""
    return [orjson.loads(each.body) for each in transport.requests if each.body]


async def ids(adapter: HubSpotAdapter, where: Where) -> list[str]:
    """Return the ids of all contacts that *where* finds."""
    found: list[str] = []
    query = Query("contact", ("id",), where, limit=200)
    while True:
        page = await adapter.read(query)
        found.extend(record.id for record in page.records)
        if page.cursor is None:
            return found
        query = Query("contact", ("id",), where, limit=200, cursor=page.cursor)


class TestAsking:
    async def test_get(self, adapter: HubSpotAdapter, transport: FaultyTransport) -> None:
        """A get is one request for the selected properties."""
        await adapter.read(Query("contact", ("email", "name"), target=CONTACT))

        [request] = transport.requests
        assert ("GET", "/crm/v3/objects/contacts/101") == (request.method, request.path)
        assert [("properties", "email,firstname,lastname")] == list(request.query)
        assert f"Bearer {TOKEN}" == request.headers["authorization"]

    async def test_nothing_selected(self, adapter: HubSpotAdapter, transport: FaultyTransport) -> None:
        """Who selects nothing gets no default set of properties."""
        page = await adapter.read(Query("contact", (), target=CONTACT))

        assert {} == dict(page.records[0].values)
        assert [("properties", "hs_object_id")] == list(transport.requests[0].query)

    async def test_unknown_native(self, adapter: HubSpotAdapter, transport: FaultyTransport) -> None:
        """A native name is looked up once among the portal's properties, then refused without asking."""
        for _ in range(2):
            with pytest.raises(FieldRefused):
                await adapter.read(Query("contact", ("hubspot.nope",), target=CONTACT))

        assert ["/crm/v3/properties/contacts", "/crm/v3/properties/companies"] == [
            each.path for each in transport.requests
        ]

    async def test_filtered_target(self, adapter: HubSpotAdapter) -> None:
        """A target with a filter is found only if the filter holds."""
        owner = (await adapter.read(Query("contact", ("owner",), target=CONTACT))).records[0].values["owner"]
        where = Compare("owner", Op.EQ, owner)
        page = await adapter.read(Query("contact", ("owner",), where, target=CONTACT))

        assert [CONTACT] == [record.id for record in page.records]
        with pytest.raises(RecordNotFound):
            await adapter.read(Query("contact", ("owner",), Not(where), target=CONTACT))

    async def test_given_ids(self, adapter: HubSpotAdapter, transport: FaultyTransport) -> None:
        """Given ids are one batch, in their order, without those that do not exist."""
        page = await adapter.read(Query("contact", ("email",), In("id", ("103", "1", "101"))))

        assert ["103", "101"] == [record.id for record in page.records]
        assert ["/crm/v3/objects/contacts/batch/read"] == [each.path for each in transport.requests]

    async def test_full_text(self, adapter: HubSpotAdapter, transport: FaultyTransport) -> None:
        """Who names all that HubSpot's own full-text search looks into is answered by it, with filters besides."""
        resource = (await adapter.catalogue()).resources["contact"]
        everywhere = Text("petersen", resource.searched)
        found = await ids(adapter, And((everywhere, Compare("team", Op.EQ, "berlin"))))

        assert {"first_name", "last_name", "email", "phone", "mobile", "id", "hubspot.company"} == set(
            resource.searched
        )
        assert set(found) < set(await ids(adapter, everywhere))
        assert {"petersen"} == {body["query"] for body in bodies(transport)}

    async def test_never_full_text(self, adapter: HubSpotAdapter, transport: FaultyTransport) -> None:
        """A text search names its properties, and finds nothing by what is in others."""
        everywhere = await ids(adapter, Text("petersen", ("first_name", "last_name")))
        elsewhere = await ids(adapter, Text("petersen", ("city",)))

        assert everywhere
        assert not elsewhere
        assert all("query" not in body for body in bodies(transport))


OWNED = ("id", "email", "first_name", "user_id", "teams", "created_at")


class TestOwners:
    async def test_pages(self, adapter: HubSpotAdapter, transport: FaultyTransport) -> None:
        """Owners page by id."""
        first = await adapter.read(Query("owner", OWNED, limit=3))
        second = await adapter.read(Query("owner", OWNED, limit=3, cursor=first.cursor))

        assert ["7001", "7002", "7003", "7004", "7005"] == [each.id for each in (*first.records, *second.records)]
        assert {"email": "anna@example.com", "teams": ("berlin",), "user_id": "40007001"}.items() <= first.records[
            0
        ].values.items()
        assert second.cursor is None
        assert ["/crm/v3/owners"] * 2 == [each.path for each in transport.requests]

    @pytest.mark.parametrize(
        ("where", "found"),
        [
            (Compare("email", Op.EQ, "mara@example.com"), ["7003"]),
            (Compare("user_id", Op.EQ, "40007003"), ["7003"]),
            (Compare("user_id", Op.EQ, "1"), []),
            (And((Compare("id", Op.EQ, "7003"),)), ["7003"]),
        ],
    )
    async def test_found(self, adapter: HubSpotAdapter, where: Where, found: list[str]) -> None:
        """An owner is found by address and by either id."""
        assert found == [each.id for each in (await adapter.read(Query("owner", OWNED, where))).records]

    @pytest.mark.parametrize(
        "query",
        [
            Query("owner", OWNED, Compare("first_name", Op.EQ, "Mara")),
            Query("owner", OWNED, Compare("email", Op.NE, "x")),
            Query("owner", OWNED, order=(Order("email"),)),
            Query("owner", OWNED, Compare("user_id", Op.EQ, "7/../8")),
            Query("owner", ("id", "phone")),
        ],
    )
    async def test_refused(self, adapter: HubSpotAdapter, transport: FaultyTransport, query: Query) -> None:
        """What HubSpot cannot be asked of owners is refused without asking."""
        with pytest.raises((InvalidCall, FieldRefused)):
            await adapter.read(query)
        with pytest.raises(InvalidCall):
            await adapter.write(Change(ChangeKind.UPDATE, "owner", RecordId("7001"), {"email": "x@example.com"}))

        assert [] == transport.requests

    async def test_missing(self, adapter: HubSpotAdapter) -> None:
        """An owner that is not there is not found."""
        with pytest.raises(RecordNotFound):
            await adapter.read(Query("owner", OWNED, target=RecordId("1")))


class TestFilters:
    @pytest.mark.parametrize(
        ("where", "count"),
        [
            (Compare("team", Op.EQ, "berlin"), 400),
            (Compare("team", Op.NE, "berlin"), 600),
            (Not(Compare("team", Op.EQ, "berlin")), 600),
            (In("team", ("Berlin", "HAMBURG")), 1000),
            (Not(In("team", ("Berlin", "HAMBURG"))), 0),
            (And((Compare("team", Op.EQ, "berlin"), Not(Compare("team", Op.EQ, "berlin")))), 0),
            (Or((Compare("team", Op.EQ, "berlin"), Compare("team", Op.EQ, "hamburg"))), 1000),
            (And(()), 1000),
            (Or(()), 0),
            (Compare("company", Op.IS_NULL, value=False), 250),
            (Compare("company", Op.EQ, "5001"), 10),
        ],
    )
    async def test_counts(self, adapter: HubSpotAdapter, where: Where, count: int) -> None:
        """Filters find what they mean, over all pages."""
        found = await ids(adapter, where)

        assert count == len(found) == len(set(found))

    async def test_consents(self, adapter: HubSpotAdapter, sandbox: Sandbox) -> None:
        """A consent is one of several options, in the words of the gateway."""
        expected = [
            item.id
            for item in sandbox.world.items["contacts"].live.values()
            if "marketing_email" in item.properties.get("marketing_consents", "").split(";")
        ]

        assert expected == await ids(adapter, Compare("consents", Op.CONTAINS, "marketing:email"))
        assert expected == await ids(adapter, In("consents", ("marketing:email",)))

    async def test_parts(self, adapter: HubSpotAdapter, transport: FaultyTransport) -> None:
        """A prefix is a prefix of the value, not of any word in it; what was read to look at it stays inside."""
        found = await ids(adapter, Compare("street", Op.PREFIX, "Am Mühl"))
        page = await adapter.read(Query("contact", ("id",), Compare("street", Op.PREFIX, "Mühlbach")))

        assert found
        assert () == page.records
        assert {"id"} >= {path for record in page.records for path in record.values}
        assert [{"value": "*Am*"}, {"value": "*Mühl*"}] == [
            {"value": each["value"]} for each in sorted(_filters(bodies(transport)[0]), key=lambda each: each["value"])
        ]

    @pytest.mark.parametrize(
        "where",
        [
            Or(tuple(Compare("city", Op.EQ, f"City {n}") for n in range(6))),
            And(tuple(Compare("created_at", Op.GT, f"2026-01-{n:02}T00:00:00+00:00") for n in range(1, 8))),
            And(tuple(Or((Compare("city", Op.EQ, f"a{n}"), Compare("city", Op.EQ, f"b{n}"))) for n in range(12))),
            Not(Compare("last_name", Op.PREFIX, "Mü")),
            Not(Compare("phone", Op.EQ, "+493023125001")),
            Compare("phone", Op.PREFIX, "+49"),
            Compare("city", Op.GT, "M"),
            Compare("email", Op.CONTAINS, "*"),
            Compare("name", Op.EQ, "Anna Kaya"),
            Compare("vip", Op.EQ, "true"),
            Compare("credit_score", Op.EQ, "many"),
            In("id", Query("contact", ("id",))),
            In("city", tuple(f"City {n}" for n in range(101))),
            Text("anna", ("consents",)),
            Compare("consents", Op.EQ, "a;b"),
        ],
        ids=repr,
    )
    async def test_too_much(self, adapter: HubSpotAdapter, transport: FaultyTransport, where: Where) -> None:
        """What HubSpot cannot be asked is refused before anything is asked."""
        with pytest.raises(InvalidCall):
            await adapter.read(Query("contact", ("id",), where))

        assert [] == transport.requests

    async def test_order(self, adapter: HubSpotAdapter) -> None:
        """One sort is carried, two are not; the end of a sorted search is an error, not an end."""
        page = await adapter.read(Query("contact", ("credit_score",), order=(Order("credit_score", descending=True),)))
        scores = [record.values["credit_score"] for record in page.records]

        assert sorted(scores, key=str, reverse=True) == scores
        two = (Order("city"), Order("last_name"))
        with pytest.raises(InvalidCall):
            await adapter.read(Query("contact", ("id",), order=two))
        with pytest.raises(InvalidCall):
            await adapter.read(Query("contact", ("id",), order=(Order("city"),), cursor="o:9999"))


def _filters(body: Mapping[str, object]) -> list[dict[str, str]]:
    match body:
        case {"filterGroups": [{"filters": list(filters)}]}:
            return filters
        case _:
            return []


class TestCatalogue:
    async def test_native(self, adapter: HubSpotAdapter) -> None:
        """Properties without a mapped name are native fields of their type."""
        fields = (await adapter.catalogue()).resources["contact"].fields

        assert FieldType.CHOICE is fields["hubspot.hs_lead_status"].type
        assert FieldType.TEXTS is fields["hubspot.hs_legal_basis"].type
        assert not fields["hubspot.hs_email_optout"].writable
        assert "marketing:email" in fields["consents"].choices

    async def test_calculated(self, adapter: HubSpotAdapter) -> None:
        """A calculated property is as restricted as what it is made of."""
        fields = (await adapter.catalogue()).resources["contact"].fields

        assert ("email",) == fields["hubspot.hs_email_domain"].contains
        assert ("email", "first_name", "last_name") == fields["hubspot.hs_full_name_or_email"].contains
        assert ("phone",) == fields["hubspot.hs_searchable_calculated_phone_number"].contains

    async def test_missing(self, adapter: HubSpotAdapter, sandbox: Sandbox) -> None:
        """A mapped field that the portal does not have is not offered."""
        del sandbox.world.items["contacts"].properties["iban"]

        assert "iban" not in (await adapter.catalogue()).resources["contact"].fields

    async def test_renamed(self, transport: FaultyTransport) -> None:
        """A firm's own names are options of the connection."""
        config = ConnectionConfig("acme", "crm", options={"notes": "jobtitle"}, secrets={"token": SecretStr(TOKEN)})
        adapter = HubSpotKind().connect(config, transport)
        fields = (await adapter.catalogue()).resources["contact"].fields

        assert "jobtitle" == fields["notes"].native
        assert {"hubspot.service_notes"} == {"hubspot.service_notes", "hubspot.jobtitle"} & set(fields)

    @pytest.mark.parametrize(
        ("options", "token"), [({"nope": "x"}, TOKEN), ({"iban": "a,b"}, TOKEN), ({}, ""), ({}, "two\r\nlines")]
    )
    async def test_configuration(self, transport: FaultyTransport, options: dict[str, str], token: str) -> None:
        """Options that make no sense, and a missing or broken token, refuse to start."""
        config = ConnectionConfig("acme", "crm", options=options, secrets={"token": SecretStr(token)})
        with pytest.raises(ConfigurationError):
            HubSpotKind().connect(config, transport)


class TestWriting:
    async def test_only_what_is_named(self, adapter: HubSpotAdapter, transport: FaultyTransport) -> None:
        """An update sends the named properties only; what was expected is compared before."""
        state = await adapter.read(Query("contact", ("owner", "do_not_call"), target=CONTACT))
        values: dict[str, Value] = {"consents": ("marketing:email", "survey:phone"), "vip": True}
        transport.forget()
        outcome = await adapter.write(
            Change(ChangeKind.UPDATE, "contact", CONTACT, values, expected=state.records[0].values)
        )

        assert (OutcomeKind.DONE, CONTACT) == (outcome.kind, outcome.id)
        assert [{"properties": {"marketing_consents": "marketing_email;survey_phone", "vip": "true"}}] == bodies(
            transport
        )
        assert ["GET", "PATCH"] == [each.method for each in transport.requests]

    async def test_changed_meanwhile(self, adapter: HubSpotAdapter, transport: FaultyTransport) -> None:
        """On another state nothing is written."""
        with pytest.raises(PreconditionFailed):
            await adapter.write(Change(ChangeKind.UPDATE, "contact", CONTACT, {"vip": True}, expected={"owner": "1"}))

        assert ["GET"] == [each.method for each in transport.requests]

    async def test_doubled(self, adapter: HubSpotAdapter) -> None:
        """A value that must be unique is a conflict which does not tell whose it is."""
        with pytest.raises(Conflict) as conflict:
            await adapter.write(
                Change(ChangeKind.CREATE, "contact", values={"email": "guenther.petersen.1@example.org"})
            )

        assert "101" not in str(conflict.value)

    async def test_refused_value(self, adapter: HubSpotAdapter) -> None:
        """A value that HubSpot does not take is pointed at, not quoted."""
        with pytest.raises(InvalidCall) as refused:
            await adapter.write(Change(ChangeKind.UPDATE, "contact", CONTACT, {"email": "nonsense", "vip": True}))

        assert "/email" == refused.value.pointer
        assert "nonsense" not in str(refused.value)

    @pytest.mark.parametrize(
        "values",
        [
            {"consents": ("marketing:email;survey:phone",)},
            {"vip": "true"},
            {"credit_score": True},
            {"birthdate": "tomorrow"},
            {"created_at": "2026-01-01T00:00:00+00:00"},
            {"name": "Ada King"},
            {"id": "7"},
        ],
        ids=repr,
    )
    async def test_wrong_values(
        self, adapter: HubSpotAdapter, transport: FaultyTransport, values: dict[str, Value]
    ) -> None:
        """Values of another type, and of fields that the CRM keeps itself, are refused before anything is sent."""
        with pytest.raises(InvalidCall):
            await adapter.write(Change(ChangeKind.UPDATE, "contact", CONTACT, values))

        assert [] == transport.requests
