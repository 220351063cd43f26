from __future__ import annotations

from collections.abc import Iterator, Mapping

import orjson
import pytest
from pydantic import SecretStr

from policy_gateway.errors import (
    Conflict,
    InvalidCall,
    PreconditionFailed,
    RecordNotFound,
    UpstreamRefused,
)
from policy_gateway.model.field import RecordId, Value
from policy_gateway.query import (
    Change,
    ChangeKind,
    Query,
)
from policy_gateway.records import ConnectionConfig, OutcomeKind
from policy_gateway.testing import AsgiTransport, FaultyTransport
from policy_gateway_salesforce.adapter import SalesforceAdapter, SalesforceKind
from policy_gateway_salesforce.ids import canonical
from policy_gateway_salesforce.sandbox import Sandbox

pytestmark = pytest.mark.anyio

Row = Mapping[str, object]


def rows(sandbox: Sandbox, name: str = "Contact") -> Iterator[Row]:
    """Return the records of an object as the org holds them."""
    return iter(list(sandbox.org.tables[name].live()))


def first(sandbox: Sandbox, name: str = "Contact", **having: bool) -> Row:
    """Return the first record that has, or has not, values in the given fields."""
    return next(row for row in rows(sandbox, name) if all(bool(row.get(key)) is there for key, there in having.items()))


class TestWriting:
    async def test_only_what_is_named(
        self, adapter: SalesforceAdapter, transport: FaultyTransport, sandbox: Sandbox
    ) -> None:
        """An update sends the named fields only, in the vendor's types; what was expected is compared before."""
        target = RecordId(str(first(sandbox)["Id"]))
        state = await adapter.read(Query("contact", ("owner", "created_at"), target=target))
        values: dict[str, Value] = {
            "consents": ("marketing:email", "survey:phone"),
            "vip": True,
            "credit_score": 7,
            "city": "",
        }
        transport.forget()
        outcome = await adapter.write(
            Change(ChangeKind.UPDATE, "contact", target, values, expected=state.records[0].values)
        )

        assert (OutcomeKind.DONE, target) == (outcome.kind, outcome.id)
        assert ["GET", "PATCH"] == [each.method for each in transport.requests]
        assert {
            "Consents__c": "marketing_email;survey_phone",
            "VIP__c": True,
            "Credit_Score__c": 7,
            "MailingCity": None,
        } == orjson.loads(transport.requests[-1].body)

    async def test_expected_of_parents(self, adapter: SalesforceAdapter, sandbox: Sandbox) -> None:
        """A decision may hang on what the record refers to."""
        contact = first(sandbox, AccountId=True)
        account = sandbox.org.tables["Account"].rows[str(contact["AccountId"])]
        target = RecordId(str(contact["Id"]))
        for name, error in ((str(account["Name"]), None), ("another", PreconditionFailed)):
            change = Change(ChangeKind.UPDATE, "contact", target, {"vip": True}, expected={"company/name": name})
            if error is None:
                assert OutcomeKind.DONE is (await adapter.write(change)).kind
            else:
                with pytest.raises(error):
                    await adapter.write(change)

    async def test_taken(self, adapter: SalesforceAdapter, sandbox: Sandbox) -> None:
        """A value that must be unique and is taken is a conflict, which says nothing of the other record."""
        one, other = [row for row in rows(sandbox) if row.get("Customer_Number__c")][:2]
        change = Change(
            ChangeKind.UPDATE,
            "contact",
            RecordId(str(one["Id"])),
            {"customer_number": str(other["Customer_Number__c"])},
        )
        with pytest.raises(Conflict) as caught:
            await adapter.write(change)

        assert str(other["Id"]) not in repr(caught.value)

    @pytest.mark.parametrize(
        ("path", "value", "pointer"),
        [
            ("email", "nobody", "/email"),
            ("customer_number", "9" * 31, "/customer_number"),
            ("language", "xx", "/language"),
            ("company", str(canonical("001Ws00000zzzzz")), ""),
            ("salesforce.MailingState", "x" * 300, "/salesforce.MailingState"),
        ],
    )
    async def test_bad_values(
        self, adapter: SalesforceAdapter, sandbox: Sandbox, path: str, value: str, pointer: str
    ) -> None:
        """A value that the org does not take is pointed at where the org says which, and not quoted."""
        target = RecordId(str(first(sandbox)["Id"]))
        with pytest.raises(InvalidCall) as caught:
            await adapter.write(Change(ChangeKind.UPDATE, "contact", target, {path: value}))

        assert pointer == caught.value.pointer
        assert value not in repr(caught.value)

    @pytest.mark.parametrize(
        ("path", "value"),
        [
            ("vip", None),
            ("vip", "yes"),
            ("credit_score", "3"),
            ("credit_score", float("inf")),
            ("birthdate", "tomorrow"),
            ("consents", ("a;b",)),
            ("consents", "a"),
            ("company", "001"),
            ("email", True),
            ("name", "Ada Lovelace"),
            ("salesforce.CreatedById", "x"),
        ],
        ids=repr,
    )
    async def test_refused_values(
        self, described: SalesforceAdapter, transport: FaultyTransport, sandbox: Sandbox, path: str, value: Value
    ) -> None:
        """What cannot be a value of its field is refused before anything is asked."""
        with pytest.raises(InvalidCall):
            await described.write(
                Change(ChangeKind.UPDATE, "contact", RecordId(str(first(sandbox)["Id"])), {path: value})
            )

        assert [] == transport.requests

    async def test_not_permitted(self, sandbox: Sandbox) -> None:
        """What the org does not let the connection's user do is refused by it, in the gateway's words."""
        config = ConnectionConfig("acme", "crm", secrets={"token": SecretStr(sandbox.limited_token)})
        adapter = SalesforceKind().connect(config, AsgiTransport(sandbox))
        target = RecordId(str(first(sandbox)["Id"]))
        for change in (
            Change(ChangeKind.DELETE, "contact", target),
            Change(ChangeKind.UPDATE, "contact", target, {"customer_number": "1"}),
        ):
            with pytest.raises((UpstreamRefused, InvalidCall)):
                await adapter.write(change)

    async def test_gone(self, adapter: SalesforceAdapter, sandbox: Sandbox) -> None:
        """A deleted record is as missing as one that never was."""
        target = RecordId(str(first(sandbox)["Id"]))
        await adapter.write(Change(ChangeKind.DELETE, "contact", target))
        for query in (
            Query("contact", ("id",), target=target),
            Query("contact", ("company/name",), target=target),
        ):
            with pytest.raises(RecordNotFound):
                await adapter.read(query)
