"""What must hold for any filter and any value."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from policy_gateway.errors import InvalidCall, UpstreamInvalid
from policy_gateway.model.field import Field, FieldType, Value
from policy_gateway.query import And, Compare, In, Not, Op, Or, Query, Text, Where
from policy_gateway.records import ConnectionConfig, Record
from policy_gateway.testing import AsgiTransport
from policy_gateway_salesforce.adapter import SalesforceAdapter, SalesforceKind
from policy_gateway_salesforce.catalogue import known
from policy_gateway_salesforce.conditions import filtering
from policy_gateway_salesforce.ids import canonical
from policy_gateway_salesforce.literals import literal, loose, pattern, quoted
from policy_gateway_salesforce.mapping import Plan, body
from policy_gateway_salesforce.matching import holds
from policy_gateway_salesforce.options import SalesforceOptions
from policy_gateway_salesforce.paging import locator
from policy_gateway_salesforce.sandbox import Sandbox
from policy_gateway_salesforce.sandbox.ids import long_id
from policy_gateway_salesforce.soql import nodes
from policy_gateway_salesforce.soql.parser import parse_soql
from policy_gateway_salesforce.soql_writing import Soql

ORG: Final = known(SalesforceOptions())
CONTACT: Final = ORG.resources["contact"]
PATHS: Final = tuple(CONTACT.fields)
NATIVES: Final = ("Id", "Account", "attributes", *(field.native for field in CONTACT.fields.values()))
CONTACTS: Final = 60
SETTINGS = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

anything = st.text(st.characters(), max_size=40) | st.sampled_from(
    ["'", "\\", "\\'", "' OR Id != '", "%' OR '%' = '", "\n", "\u2028", "--", "\\u0027", "\x00", "''", "\\\\'"]
)
scalars = anything | st.integers() | st.floats() | st.booleans() | st.none() | st.lists(anything).map(tuple)
texts = st.sampled_from(["Berlin", "berlin", "Köln", "London", "Hamburg", "am", "Am S", "straße", "nowhere", "e"])
orders = st.sampled_from([Op.EQ, Op.NE, Op.LT, Op.LE, Op.GT, Op.GE])
equalities = st.sampled_from([Op.EQ, Op.NE])
leaves: st.SearchStrategy[Where] = st.one_of(
    st.builds(Compare, st.sampled_from(["city", "team", "country", "name"]), equalities, texts),
    st.builds(Compare, st.sampled_from(["street", "last_name"]), st.sampled_from([Op.PREFIX, Op.CONTAINS]), texts),
    st.builds(Compare, st.just("credit_score"), orders, st.integers(200, 1000)),
    st.builds(Compare, st.just("birthdate"), orders, st.dates().map(lambda day: f"19{day.isoformat()[2:]}")),
    st.builds(Compare, st.sampled_from(["vip", "do_not_call"]), equalities, st.booleans()),
    st.builds(Compare, st.sampled_from(["iban", "mobile", "consents", "vip"]), st.just(Op.IS_NULL), st.booleans()),
    st.builds(Compare, st.just("phone"), equalities, st.sampled_from(["030 23125-000", "+44 20 79460 012", "x"])),
    st.builds(Compare, st.just("consents"), equalities, st.sampled_from(["marketing:email", "survey:phone", "x"])),
    st.builds(In, st.just("team"), st.lists(texts, max_size=3).map(tuple)),
    st.builds(In, st.just("consents"), st.lists(st.sampled_from(["marketing:email", "x"]), max_size=2).map(tuple)),
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
    max_leaves=6,
)


def compared(text: str) -> nodes.Where | None:
    """Return the only condition of a query that compares by *text*."""
    return parse_soql(f"SELECT Id FROM Contact WHERE {text}").where


@pytest.fixture(scope="module")
def small() -> tuple[SalesforceAdapter, tuple[Record, ...]]:
    """Return a connection to an org with some contacts, and all of them as they are."""
    sandbox = Sandbox(seed=1)
    table = sandbox.org.tables["Contact"]
    for identifier in sorted(table.rows)[CONTACTS:]:
        table.put(identifier, None)
    config = ConnectionConfig("acme", "crm", secrets={"token": SecretStr(sandbox.token)})
    adapter = SalesforceKind().connect(config, AsgiTransport(sandbox))
    asyncio.run(adapter.catalogue())
    page = asyncio.run(adapter.read(Query("contact", PATHS, limit=500)))
    assert page.cursor is None
    return adapter, page.records


class TestFilters:
    @SETTINGS
    @given(where=wheres)
    def test_right_or_refused(self, small: tuple[SalesforceAdapter, tuple[Record, ...]], where: Where) -> None:
        """Any filter finds exactly what it means, whether the org or the adapter sees to it; or it is refused."""
        adapter, everyone = small
        expected = [record.id for record in everyone if holds(where, record.values, CONTACT.fields, "DE")]
        try:
            page = asyncio.run(adapter.read(Query("contact", ("id",), where, limit=500)))
        except InvalidCall:
            return

        assert expected == [record.id for record in page.records]

    @SETTINGS
    @given(where=wheres)
    def test_is_soql(self, where: Where) -> None:
        """Whatever a filter becomes, an independent parser reads it."""
        found = filtering(ORG, CONTACT, where, "DE")
        parsed = parse_soql(str(Soql(("Id",), "Contact", found.condition, ("Id",), 1)))

        assert (nodes.Column(nodes.FieldPath(("Id",))),) == parsed.select
        assert 1 == parsed.limit

    @SETTINGS
    @given(
        where=st.builds(Compare, st.sampled_from(PATHS), st.sampled_from(list(Op)), scalars)
        | st.builds(In, st.sampled_from(PATHS), st.lists(scalars, max_size=4).map(tuple))
        | st.builds(Text, anything, st.lists(st.sampled_from(PATHS), max_size=2).map(tuple))
    )
    def test_total(self, where: Where) -> None:
        """Any condition with any value is understood or refused, and stays one condition in one query."""
        try:
            found = filtering(ORG, CONTACT, Not(where), "DE")
        except InvalidCall:
            return
        parsed = parse_soql(str(Soql(("Id",), "Contact", found.condition, ("Id",), 1)))

        assert ("Contact", 1, None) == (parsed.source.object, parsed.limit, parsed.clause)


class TestLiterals:
    @settings(max_examples=1500, deadline=None)
    @given(text=anything)
    def test_quoted(self, text: str) -> None:
        """A text is read back as itself, and as nothing else; or it is refused."""
        try:
            told = quoted(text)
        except InvalidCall:
            return

        match compared(f"Name = {told}"):
            case nodes.Comparison(nodes.FieldPath(("Name",)), "=", nodes.String(value)):
                assert text == value
            case other:
                pytest.fail(repr(other))

    @settings(max_examples=1500, deadline=None)
    @given(text=anything)
    def test_patterns(self, text: str) -> None:
        """A part of a text is looked for as it is: wildcards in it are plain, a backslash is any character."""
        try:
            told = pattern(text, "%", "%")
        except InvalidCall:
            return

        match compared(f"Name LIKE {told}"):
            case nodes.Like(nodes.FieldPath(("Name",)), nodes.String(value, plain)):
                assert f"%{text.replace(chr(92), '_')}%" == value
                wild = {at for at, letter in enumerate(value) if letter in "%_" and at not in plain}
                backslashes = {at + 1 for at, letter in enumerate(text) if letter == "\\"}
                assert {0, len(value) - 1} | backslashes == wild
                assert loose(text) is bool(backslashes)
            case other:
                pytest.fail(repr(other))

    @SETTINGS
    @given(field=st.sampled_from(list(CONTACT.fields.values())), value=scalars)
    def test_any_value(self, field: Field, value: Value) -> None:
        """Any value of any type becomes one literal, or is refused."""
        try:
            told = literal(field, value)
        except InvalidCall:
            return

        assert isinstance(compared(f"Name = {told}"), nodes.Comparison)


class TestRecords:
    @SETTINGS
    @given(
        item=st.recursive(
            scalars,
            lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(NATIVES), inner, max_size=6),
        )
    )
    def test_any_answer(self, item: object) -> None:
        """Whatever an org says becomes a record of plain values, or is refused."""
        try:
            record = Plan(ORG, CONTACT, PATHS).record(item)
        except UpstreamInvalid:
            return

        assert all(isinstance(value, str | int | float | bool | tuple | None) for value in record.values.values())

    @SETTINGS
    @given(path=st.sampled_from([path for path in PATHS if CONTACT.fields[path].writable]), value=scalars)
    def test_written_is_read(self, path: str, value: Value) -> None:
        """What is written comes back as it was, if the org keeps it as it is."""
        field = CONTACT.fields[path]
        try:
            told = body(CONTACT, {path: value})[field.native]
        except InvalidCall:
            return
        item = {"Id": long_id("003Ws0000000001"), field.native: _as_json(told)}
        found = Plan(ORG, CONTACT, (path,)).record(item).values[path]

        assert _kept(field, value) == found

    @given(text=st.from_regex(r"[A-Za-z0-9]{15}", fullmatch=True))
    def test_one_name(self, text: str) -> None:
        """Of the names of a record the long one is canonical, and no other of its length is one at all."""
        whole = long_id(text)

        assert whole == canonical(text) == canonical(whole)
        assert {None} == {canonical(each) for each in (whole.swapcase(), f"{whole} ", whole[:17]) if each != whole}

    @given(address=st.text() | st.from_regex(r"/services/data/v60\.0/query/[^/]{1,40}"))
    def test_locators(self, address: str) -> None:
        """What is kept of an address is letters, digits and one dash."""
        try:
            found = locator(address)
        except UpstreamInvalid:
            return

        assert found.replace("-", "", 1).isalnum()
        assert found.isascii()


_KEEP: Final[Mapping[FieldType, Callable[[Value], Value]]] = {
    FieldType.TEXTS: lambda value: value or None,
    FieldType.REFERENCE: lambda value: canonical(str(value)),
}


def _kept(field: Field, value: Value) -> Value:
    return None if value in (None, "") else _KEEP.get(field.type, lambda kept: kept)(value)


def _as_json(told: object) -> object:
    return orjson.loads(orjson.dumps(told))
