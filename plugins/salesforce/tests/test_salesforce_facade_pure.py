"""The parts of the facade that need no gateway: ids, values, CSV, XML, references, refusals."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator
from typing import ClassVar, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy_gateway import errors
from policy_gateway.errors import GatewayError, InvalidCall, RateLimited
from policy_gateway.model.disclosure import Named, ReleasedRecord
from policy_gateway.model.field import Field, FieldType, RecordId, Value
from policy_gateway_salesforce.facade.bulk.delimited import rows_of, written
from policy_gateway_salesforce.facade.exchange.answers import Answer
from policy_gateway_salesforce.facade.exchange.ids import canonical, long_id, made
from policy_gateway_salesforce.facade.exchange.refusals import Refusal, refusal_of
from policy_gateway_salesforce.facade.exchange.tree import parsed_xml
from policy_gateway_salesforce.facade.records.filling import escaped, filled
from policy_gateway_salesforce.facade.rows.sheets import Sheet, shape_of
from policy_gateway_salesforce.facade.rows.values import shown
from policy_gateway_salesforce.facade.rows.values import written as in_csv
from policy_gateway_salesforce.soql import SoqlError

MOMENT = "2026-01-02T03:04:05Z"
LOCAL = "2026-01-02T03:04:05.25+02:00"
LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
CLASSES = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, GatewayError)]


def field(kind: FieldType, path: str = "x", native_type: str = "") -> Field:
    """Return a field of this type."""
    return Field(path, kind, "X__c", native_type=native_type)


class TestIds:
    @given(st.text(LETTERS, min_size=15, max_size=15))
    def test_short(self, short: str) -> None:
        """An id of 15 characters, and of 18 in whatever case, is the one of 18."""
        whole = long_id(short)

        assert [whole] * 4 == [canonical(given) for given in (short, whole, whole.lower(), whole.upper())]

    @pytest.mark.parametrize("given", ["", "x", "0" * 16, "003Ws000000001dIAB", "003Ws00000000/d", "٠" * 15])
    def test_none(self, given: str) -> None:
        """What is no id, or has a wrong checksum, is none."""
        assert canonical(given) is None

    def test_made(self) -> None:
        """What is made of a name is always the same, and another for another name."""
        assert made("005", "acme", "user:anna") == made("005", "acme", "user:anna") != made("005", "acmeuser", ":anna")


class TestValues:
    @pytest.mark.parametrize(
        ("value", "known", "expected", "csv"),
        [
            (None, field(FieldType.TEXT), None, ""),
            (MOMENT, field(FieldType.DATETIME), "2026-01-02T03:04:05.000+0000", "2026-01-02T03:04:05.000Z"),
            (LOCAL, field(FieldType.DATETIME), "2026-01-02T03:04:05.250+0200", "2026-01-02T03:04:05.250+0200"),
            ("2026", field(FieldType.DATETIME), None, ""),
            (MOMENT, field(FieldType.TEXT), MOMENT, MOMENT),
            ("12.50", field(FieldType.DECIMAL), 12.5, "12.5"),
            ("12.50", field(FieldType.TEXT), "12.50", "12.50"),
            ("****", field(FieldType.DECIMAL), None, ""),
            (True, field(FieldType.BOOLEAN), True, "true"),
            (7, field(FieldType.INTEGER), 7, "7"),
            (("a", "b"), field(FieldType.TEXTS), "a;b", "a;b"),
            (("marketing:email",), field(FieldType.TEXTS, "consents"), "marketing_email", "marketing_email"),
            (("a:b",), field(FieldType.TEXTS), "a:b", "a:b"),
        ],
    )  # fmt: skip
    def test_shown(self, value: Value, known: Field, expected: object, csv: str) -> None:
        """A value is written as its type demands; what a mask has left of a number or a moment is none."""
        assert (expected, csv) == (shown(value, known), in_csv(value, known))


class TestRows:
    NAMED: Final = Named(
        "Contact",
        {
            "eMail": Field("email", FieldType.EMAIL, "Email"),
            "AccountId": Field("company", FieldType.REFERENCE, "AccountId", relationship="Account"),
            "account.name": Field("name", FieldType.TEXT, "Name"),
            "account.Owner.Name": Field("name", FieldType.TEXT, "Name"),
        },
        {"account": "Account", "account.Owner": "User"},
    )

    def row(self, **fields: Value) -> dict[str, object]:
        """Return a record with these fields as a row of everything that was asked."""
        names = ("eMail", "AccountId", "account.name", "account.Owner.Name", "hidden__C")
        record = ReleasedRecord(
            RecordId("003"), {name.replace("_0_", "."): value for name, value in fields.items()}, {}, ()
        )
        return dict(Sheet(self.NAMED, "/v", shape_of(names)).row(record))

    def test_nested(self) -> None:
        """Names are spelled as the vendor does, as far as the caller may know them; parents are nested."""
        row = self.row(eMail="a@b.example", AccountId="001", account_0_name="Firm", account_0_Owner_0_Name="Boss")

        assert {
            "attributes": {"type": "Contact", "url": "/v/sobjects/Contact/003"},
            "Email": "a@b.example",
            "AccountId": "001",
            "Account": {
                "attributes": {"type": "Account", "url": "/v/sobjects/Account/001"},
                "Name": "Firm",
                "Owner": {"attributes": {"type": "User"}, "Name": "Boss"},
            },
            "hidden__C": None,
        } == row

    def test_no_parent(self) -> None:
        """A record that refers to none has none."""
        row = self.row(eMail=None, AccountId=None, account_0_name=None)

        assert (None, None) == (row["Account"], row["hidden__C"])


async def chunks(body: bytes, size: int) -> AsyncIterator[bytes]:
    """Yield *body* in pieces."""
    for start in range(0, len(body), size):
        yield body[start : start + size]


class TestCsv:
    pytestmark = pytest.mark.anyio
    TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)

    @given(rows=st.lists(st.lists(TEXTS, min_size=2, max_size=3), max_size=6), size=st.integers(1, 9))
    async def test_round(self, rows: list[list[str]], size: int) -> None:
        """What is written is read again, however it is cut into pieces."""
        assert rows == [row async for row in rows_of(chunks(written(rows), size))]

    @pytest.mark.parametrize("body", [b'a,"b\n', b"a\0b\n", b"\xff\n", b'"a"b\n'])
    async def test_unreadable(self, body: bytes) -> None:
        """What is no CSV in UTF-8 is refused."""
        with pytest.raises(InvalidCall):
            _ = [row async for row in rows_of(chunks(body, 2))]

    async def test_vendors(self) -> None:
        """Line ends of both kinds, a byte order mark and other delimiters are understood."""
        body = '\ufeffa;b\r\n1;"x\r\ny"\n\n2;3'.encode()

        assert [["a", "b"], ["1", "x\r\ny"], ["2", "3"]] == [row async for row in rows_of(chunks(body, 3), ";")]


class TestXml:
    def test_read(self) -> None:
        """Elements are found by their names, whatever their prefixes."""
        root = parsed_xml(b'<a:x xmlns:a="urn:a"><y xmlns="urn:b"> 1 &amp; 2 </y></a:x>')

        assert (("urn:a", "x"), "1 & 2") == ((root.namespace, root.name), root.told("y"))

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"<a>",
            b"<a></b>",
            b'<!DOCTYPE a [<!ENTITY e "e">]><a>&e;</a>',
            b'<!DOCTYPE a SYSTEM "http://127.0.0.1/x"><a/>',
            b"<?php evil ?><a/>",
            b"<a>&nbsp;</a>",
            b"<a>" * 30 + b"</a>" * 30,
            b"<a>" + b"<b/>" * 30_000 + b"</a>",
            '<?xml version="1.0" encoding="UTF-16"?><a/>'.encode("utf-16"),
        ],
    )
    def test_refused(self, body: bytes) -> None:
        """Document types, entities, processing instructions, depth, number and other encodings are refused."""
        with pytest.raises(InvalidCall):
            parsed_xml(body)


class TestReferences:
    KNOWN: ClassVar = {
        "r": Answer(200, {"Id": "1", "list": [{"n": 2, "t": True}], "none": None}),
        "bad": Answer(404, [{"Id": "x"}]),
    }

    def test_filled(self) -> None:
        """References become values; one that is a whole text keeps the value's type."""
        document = {"a": "@{r.Id}", "b": "<@{r.list[0].n}/@{r.list[0].t}>", "c": ["@{r.list[0].t}", 1, "@{x", "{r.Id}"]}

        assert {"a": "1", "b": "<2/true>", "c": [True, 1, "@{x", "{r.Id}"]} == filled(document, self.KNOWN)

    @pytest.mark.parametrize(
        "name", ["r.none", "r.nope", "r.list", "r.list[1].n", "r", "x.Id", "bad[0].Id", "r.list.n"]
    )
    def test_nothing(self, name: str) -> None:
        """What no earlier answer says, or is no single value, is refused."""
        with pytest.raises(Refusal) as refused:
            filled(f"@{{{name}}}", self.KNOWN)

        assert "PROCESSING_HALTED" == refused.value.code

    def test_escaped(self) -> None:
        """In a URL a reference is one encoded piece."""
        assert "/a/%40%7B%72%2E%49%64%7D?q=x%20y" == escaped("/a/@{r.Id}?q=x y")


class TestRefusals:
    @pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
    def test_words(self, kind: type[GatewayError]) -> None:
        """Every error has a status, a code and words, and none of them are anybody else's."""
        error = kind(()) if kind is errors.PolicyError else kind("the CRM's own words")
        refusal = refusal_of(error)

        assert 400 <= refusal.status <= 503
        assert refusal.code.isupper()
        assert "own words" not in str(refusal.told())

    def test_limited(self) -> None:
        """A used-up quota says when to come back."""
        refusal = refusal_of(RateLimited(retry_after=7))

        assert (403, "REQUEST_LIMIT_EXCEEDED", "7") == (refusal.status, refusal.code, refusal.headers["Retry-After"])

    def test_foreign(self) -> None:
        """What the parser refuses is no error of the gateway."""
        assert not issubclass(SoqlError, GatewayError)
