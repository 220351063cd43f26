from __future__ import annotations

import base64
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest

from policy_gateway.crm import Binding, Cursors, Target
from policy_gateway.errors import InvalidCall, SecretError
from policy_gateway.model.field import Catalogue, Resource
from policy_gateway.model.principal import PrincipalId
from policy_gateway.query import Action, Call, Compare, Op, Order, Query
from policy_gateway.testing.builders import a_call, a_principal

if TYPE_CHECKING:
    from policy_gateway.records import Adapter

CURSORS = Cursors(bytes(range(64)))
QUERY = Query("contact", ("name",), where=Compare("name", Op.EQ, "x"), order=(Order("name"),), limit=20)
ANNA = a_principal()


def binding(
    principal: object = ANNA,
    *,
    call: Call | None = None,
    tenant: str = "acme",
    connection: str = "crm",
    version: str = "v1",
) -> Binding:
    """Return what a cursor of Anna's is bound to, with something else about it."""
    adapter: Adapter = None  # type: ignore[assignment]  # nothing is read
    resource = Resource("contact", "contacts", MappingProxyType({}))
    target = Target(tenant, connection, adapter, Catalogue("memory"), resource, b"", call or a_call(QUERY))
    return Binding.of(principal, target, call or a_call(QUERY), version)  # type: ignore[arg-type]  # as above


class TestRoundTrip:
    @pytest.mark.parametrize("cursor", ["", "20", "a" * 2000, "näxt\u2028", "x\x00\x00", "\x80"])
    def test_opens(self, cursor: str) -> None:
        """A cursor opens for the call that it was made for, and is safe in a URL."""
        sealed = CURSORS.seal(cursor, binding())
        assert sealed is not None

        assert cursor == CURSORS.open(sealed, binding())
        assert sealed.replace("-", "").replace("_", "").isalnum()

    def test_none(self) -> None:
        """No cursor stays none."""
        assert CURSORS.seal(None, binding()) is None
        assert CURSORS.open(None, binding()) is None

    def test_of_next_page(self) -> None:
        """The cursor that a call carries does not change what the next one is bound to."""
        carrying = a_call(replace(QUERY, cursor="anything"))

        assert binding() == binding(call=carrying)

    def test_same(self) -> None:
        """The same cursor for the same call is the same text."""
        assert CURSORS.seal("20", binding()) == CURSORS.seal("20", binding())

    def test_length(self) -> None:
        """The length does not tell how long the CRM's own cursor is."""
        assert len(CURSORS.seal("1", binding()) or "") == len(CURSORS.seal("1" * 60, binding()) or "")


@pytest.mark.attack("B21")
class TestRefused:
    @pytest.mark.parametrize(
        "other",
        [
            binding(a_principal("user:mara")),
            binding(replace(ANNA, acting_for=(PrincipalId("user:mara"),))),
            binding(tenant="acme-evil"),
            binding(connection="crm2"),
            binding(version="v2"),
            binding(call=a_call(QUERY, purpose="marketing")),
            binding(call=a_call(QUERY, action=Action.EXPORT)),
            binding(call=a_call(replace(QUERY, resource="company"))),
            binding(call=a_call(replace(QUERY, select=("name", "email")))),
            binding(call=a_call(replace(QUERY, where=Compare("name", Op.EQ, "y")))),
            binding(call=a_call(replace(QUERY, where=Compare("name", Op.NE, "x")))),
            binding(call=a_call(replace(QUERY, order=(Order("name", descending=True),)))),
            binding(call=a_call(replace(QUERY, limit=21))),
            binding(call=a_call(replace(QUERY, history=True))),
        ],
    )
    def test_other_call(self, other: Binding) -> None:
        """It opens for no other principal, tenant, connection, query, purpose, action or policy version."""
        sealed = CURSORS.seal("20", binding())
        with pytest.raises(InvalidCall) as caught:
            CURSORS.open(sealed, other)

        assert "/cursor" == caught.value.pointer

    def test_any_change(self) -> None:
        """With any character changed, or cut anywhere, it does not open."""
        sealed = CURSORS.seal("20", binding()) or ""
        for at, character in enumerate(sealed):
            for broken in (sealed[:at], sealed[:at] + ("A" if character != "A" else "B") + sealed[at + 1 :]):
                with pytest.raises(InvalidCall):
                    CURSORS.open(broken, binding())

    @pytest.mark.parametrize(
        "text",
        ["", "A", "=", "20", "ü" * 30, "A" * 4097, "A" * 30 + "\n", "+/+/", base64.b64encode(b"x" * 30).decode()],
    )
    def test_garbage(self, text: str) -> None:
        """Whatever else is sent is refused in the same words."""
        with pytest.raises(InvalidCall, match="the cursor is not valid for this call"):
            CURSORS.open(text, binding())

    def test_other_spelling(self) -> None:
        """Another spelling of the same bytes is refused."""
        sealed = CURSORS.seal("20", binding()) or ""
        with pytest.raises(InvalidCall):
            CURSORS.open(sealed + "=" * (-len(sealed) % 4 or 4), binding())

    def test_key_length(self) -> None:
        """A key of another length is refused."""
        with pytest.raises(SecretError):
            Cursors(bytes(32))
