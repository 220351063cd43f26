"""What must hold for any filter and any value."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from policy_gateway.errors import InvalidCall, UpstreamInvalid
from policy_gateway.model.field import Resource
from policy_gateway.query import And, Compare, In, Not, Op, Or, Query, Text, Where
from policy_gateway.records import ConnectionConfig, Record
from policy_gateway.testing import AsgiTransport
from policy_gateway_hubspot.adapter import HubSpotAdapter, HubSpotKind
from policy_gateway_hubspot.catalogue import HubSpotOptions, mapped
from policy_gateway_hubspot.mapping import Plan, properties, reader
from policy_gateway_hubspot.matching import holds
from policy_gateway_hubspot.sandbox import TOKEN, Sandbox

CONTACT: Resource = mapped(HubSpotOptions())["contact"]
PATHS = tuple(CONTACT.fields)
SETTINGS = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

texts = st.sampled_from(["Berlin", "berlin", "Köln", "London", "Hamburg", "am", "Am M", "straße", "nowhere"])
orders = st.sampled_from([Op.EQ, Op.NE, Op.LT, Op.LE, Op.GT, Op.GE])
equalities = st.sampled_from([Op.EQ, Op.NE])
leaves: st.SearchStrategy[Where] = st.one_of(
    st.builds(Compare, st.sampled_from(["city", "team", "country"]), equalities, texts),
    st.builds(Compare, st.sampled_from(["street", "last_name"]), st.sampled_from([Op.PREFIX, Op.CONTAINS]), texts),
    st.builds(Compare, st.just("credit_score"), orders, st.integers(200, 1000)),
    st.builds(Compare, st.just("birthdate"), orders, st.dates().map(lambda day: f"19{day.isoformat()[2:]}")),
    st.builds(Compare, st.sampled_from(["vip", "do_not_call"]), equalities, st.booleans()),
    st.builds(Compare, st.sampled_from(["iban", "mobile", "consents", "name"]), st.just(Op.IS_NULL), st.booleans()),
    st.builds(Compare, st.just("phone"), st.just(Op.EQ), st.sampled_from(["030 23125-000", "+44 20 79460 012", "x"])),
    st.builds(In, st.just("team"), st.lists(texts, max_size=3).map(tuple)),
    st.builds(In, st.just("language"), st.lists(st.sampled_from(["de", "fr"]), min_size=1, max_size=2).map(tuple)),
    st.builds(Text, texts.filter(str.isalpha), st.sampled_from([("city",), ("street", "city"), ("name",)])),
)
wheres = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(And, st.lists(inner, max_size=3).map(tuple)),
        st.builds(Or, st.lists(inner, max_size=3).map(tuple)),
    ),
    max_leaves=5,
)


@pytest.fixture(scope="module")
def portal() -> tuple[HubSpotAdapter, tuple[Record, ...]]:
    """Return a connection, and all contacts as they are."""
    sandbox = Sandbox(seed=1)
    config = ConnectionConfig("acme", "crm", secrets={"token": SecretStr(TOKEN)})
    adapter = HubSpotKind().connect(config, AsgiTransport(sandbox))
    return adapter, tuple(asyncio.run(everybody(adapter, PATHS, None)))


async def everybody(adapter: HubSpotAdapter, select: tuple[str, ...], where: Where | None) -> list[Record]:
    """Return the records of all pages."""
    records: list[Record] = []
    cursor: str | None = None
    while True:
        page = await adapter.read(Query("contact", select, where, limit=200, cursor=cursor))
        records.extend(page.records)
        cursor = page.cursor
        if cursor is None:
            return records


@SETTINGS
@given(where=wheres)
def test_filters_find_what_they_mean(portal: tuple[HubSpotAdapter, tuple[Record, ...]], where: Where) -> None:
    """What HubSpot finds for a filter is what the filter says of each record, or the filter is refused."""
    adapter, everyone = portal
    meant = {record.id for record in everyone if holds(where, record.values, CONTACT, "DE")}
    try:
        found = asyncio.run(everybody(adapter, ("id",), where))
    except InvalidCall:
        return

    assert meant == {record.id for record in found}
    assert len(meant) == len(found)
    assert all({"id"} == set(record.values) for record in found)


values = st.fixed_dictionaries(
    {},
    optional={
        "last_name": st.text(min_size=1),
        "vip": st.booleans(),
        "credit_score": st.integers(-(10**9), 10**9),
        "birthdate": st.dates().map(str),
        "consents": st.lists(
            st.builds("{}:{}".format, st.from_regex(r"[a-z_]{1,8}", fullmatch=True), st.sampled_from(["sms", "email"])),
            min_size=1,
            max_size=3,
        ).map(tuple),
    },
)


@SETTINGS
@given(values=values)
def test_what_is_written_is_read(values: dict[str, str | int | bool | tuple[str, ...]]) -> None:
    """Values survive the way into HubSpot's words and back."""
    body = properties(CONTACT, values)
    record = Plan(CONTACT, tuple(values)).record({"id": "1", "properties": dict(body)})

    assert values == dict(record.values)
    assert all(isinstance(text, str) for text in body.values())


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
natives = st.sampled_from([field.native for field in CONTACT.fields.values()])


@SETTINGS
@given(item=json | st.fixed_dictionaries({"id": json | st.just("1"), "properties": st.dictionaries(natives, json)}))
def test_any_answer_is_read_or_refused(item: object) -> None:
    """Whatever HubSpot sends becomes values of the right kind, or is refused."""
    try:
        record = Plan(CONTACT, PATHS).record(item)
    except UpstreamInvalid:
        return

    assert set(record.values) <= set(PATHS)
    assert all(isinstance(value, str | int | bool | tuple | None) for value in record.values.values())


@SETTINGS
@given(text=st.text() | st.from_regex(r"-?[0-9]{1,16}", fullmatch=True), path=st.sampled_from(PATHS))
def test_no_text_breaks_a_reader(text: str, path: str) -> None:
    """A property's text is read, or is not of the type; nothing else happens."""
    read = reader(CONTACT.fields[path])
    record = Plan(CONTACT, (path,)).record({"id": "1", "properties": dict.fromkeys(["x"], text)})

    assert path == "id" or {} == dict(record.values)
    if read is not None:
        try:
            read(text)
        except (ValueError, OverflowError):
            return
