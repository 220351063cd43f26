"""The Salesforce adapter keeps every promise of the port, on the sandbox."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

import pytest
from pydantic import SecretStr

from policy_gateway.model.field import RecordId
from policy_gateway.records import ConnectionConfig, Request, Response, Transport
from policy_gateway.testing import AsgiTransport, Fault, FaultyTransport
from policy_gateway.testing.conformance import AdapterConformance, DataSubject, Rig, WireTap
from policy_gateway_salesforce.adapter import SalesforceKind
from policy_gateway_salesforce.ids import canonical
from policy_gateway_salesforce.sandbox import Sandbox
from policy_gateway_salesforce.soql import nodes
from policy_gateway_salesforce.soql.parser import parse_soql

CONTACTS = 12
REWRITTEN = frozenset({Fault.TRUNCATED, Fault.WRONG_SHAPE, Fault.WRONG_TYPE, Fault.WRONG_RECORD})


def asked(request: Request) -> Iterable[str]:
    """Return the fields that *request* asks for."""
    for name, value in request.query:
        if name == "fields":
            yield from value.split(",")
        if name == "q":
            yield from selected(parse_soql(value))


def selected(query: nodes.Query) -> Iterable[str]:
    """Return the fields that *query* selects."""
    for item in query.select:
        match item:
            case nodes.Column(value=nodes.FieldPath() as path):
                yield str(path)
            case nodes.ChildQuery(query=inner):
                yield from selected(inner)
            case _:
                yield repr(item)


class SpoiltTransport(FaultyTransport):
    """Spoils Salesforce's ids, too, and an answer without a body by giving it one."""

    def __init__(self, inner: Transport) -> None:
        super().__init__(inner)
        self._now: Fault | None = None

    def misbehave(self, fault: Fault | None) -> None:
        """Spoil each answer by *fault* from now on."""
        super().misbehave(fault)
        self._now = fault

    async def send(self, request: Request) -> Response:
        """Answer *request* as the fault demands."""
        response = await super().send(request)
        if self._now in REWRITTEN and not response.body:
            return Response(200, response.headers, b'{"unexpected":{"unexpected":true}}')
        if self._now is Fault.WRONG_RECORD:
            return Response(response.status, response.headers, json.dumps(other(json.loads(response.body))).encode())
        return response


def other(document: object) -> object:
    """Put the next record's id in the place of each."""
    match document:
        case dict():
            return {key: following(value) if key == "Id" else other(value) for key, value in document.items()}
        case list():
            return [other(item) for item in document]
        case _:
            return document


def following(record_id: str) -> str:
    """Return the id after *record_id*."""
    last = {"9": "A", "Z": "a", "z": "0"}.get(record_id[14], chr(ord(record_id[14]) + 1))
    whole = canonical(record_id[:14] + last)
    assert whole is not None
    return whole


def small(sandbox: Sandbox) -> Sandbox:
    """Keep the first contacts only: the kit reads each of them over and over."""
    table = sandbox.org.tables["Contact"]
    for identifier in sorted(table.rows)[CONTACTS:]:
        table.put(identifier, None)
    return sandbox


def found_by(row: Mapping[str, object]) -> DataSubject:
    """Return how a contact can be written down."""
    landline, mobile, email = (str(row[name]) for name in ("Phone", "MobilePhone", "Email"))
    return DataSubject(
        RecordId(str(row["Id"])),
        {
            "email": (email, email.upper(), f" {email} "),
            "phone": (landline, _spaced(landline), f"00{landline[1:]}"),
            "mobile": (mobile, _spaced(mobile), f"00{mobile[1:]}"),
        },
    )


class TestSalesforce(AdapterConformance):
    """The first twelve contacts of the sandbox."""

    @pytest.fixture
    def rig(self, sandbox: Sandbox) -> Rig:
        """Return the adapter on a prepared org."""
        transport = SpoiltTransport(AsgiTransport(small(sandbox)))
        config = ConnectionConfig("acme", "crm", secrets={"token": SecretStr(sandbox.token)})
        records = list(sandbox.org.tables["Contact"].live())
        subject = next(each for each in records if each["MobilePhone"] and each["Email"] and each["Phone"])
        company = next(iter(sandbox.org.tables["Account"].rows))
        return Rig(
            SalesforceKind().connect(config, transport),
            upstream=WireTap(transport, asked=asked),
            adapter_name="salesforce",
            ids=tuple(RecordId(str(each["Id"])) for each in records),
            missing=RecordId(str(canonical("003Ws00000zzzzz"))),
            empty=tuple(
                (RecordId(str(each["Id"])), path)
                for path, native in (("mobile", "MobilePhone"), ("iban", "IBAN__c"), ("consents", "Consents__c"))
                for each in records
                if not each.get(native)
            ),
            ordered_by="created_at",
            subjects=(found_by(subject),),
            new={
                "first_name": "Ada",
                "last_name": "Lovelace",
                "email": "ada@example.com",
                "phone": "+49 30 23125777",
                "consents": ("marketing:email", "survey:phone"),
                "vip": True,
                "credit_score": 3,
                "birthdate": "1975-12-10",
                "company": company,
                "salesforce.Title": "Countess",
            },
            changed={
                "last_name": "King",
                "email": "ada.king@example.com",
                "credit_score": 4,
                "birthdate": "1976-01-01",
                "salesforce.Title": None,
            },
            carries=frozenset({"Child", "group"}),
            always_asked=frozenset({"Id"}),
        )


def _spaced(number: str) -> str:
    return f"{number[:3]} {number[3:5]} {number[5:]}"
