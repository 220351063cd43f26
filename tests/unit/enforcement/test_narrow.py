"""Narrowing: what a CRM is asked, and what a caller learns of a refusal."""

from __future__ import annotations

import pytest
from tests.unit.enforcement.test_release import ByVip, Plain

from policy_gateway.builtins.masks import Masks
from policy_gateway.enforcement import (
    narrow,
    refuse_mask_echo,
    require_permit,
    require_purpose,
    require_writable,
    selection_of,
)
from policy_gateway.errors import Denied, FieldRefused, InvalidCall, PreconditionFailed, PurposeMissing, PurposeRefused
from policy_gateway.model.decision import CLEAR, NONE, Deny, DenyKind, Grant, Permit
from policy_gateway.model.facts import TruthVector
from policy_gateway.model.field import Field, FieldType, Resource
from policy_gateway.query import And, Compare, Op, Query
from policy_gateway.testing.builders import a_call, a_change

ONLY_BERLIN = Compare("team", Op.EQ, "berlin")


class TestNarrow:
    def test_only_permitted_fields_and_deciding_attributes_are_asked(self) -> None:
        """A field that nothing permits is not fetched; an attribute that decides is."""
        permit = Permit("v1", {"id": CLEAR, "name": CLEAR, "iban": NONE}, ByVip({}), TruthVector())
        assert narrow(Query("contact", ("id", "name", "iban")), permit).select == ("id", "name", "vip")

    def test_conditions_of_the_permit_join_the_filter(self) -> None:
        """What policy wants filtered is asked together with what the caller filters."""
        permit = Permit("v1", {"id": CLEAR}, Plain({}), TruthVector(), search=ONLY_BERLIN)
        asked = Compare("email", Op.EQ, "lena.vogt@example.com")
        assert narrow(Query("contact", where=asked), permit).where == And((asked, ONLY_BERLIN))
        assert narrow(Query("contact"), permit).where == ONLY_BERLIN


class TestRefusals:
    @pytest.mark.parametrize(
        ("kind", "error"),
        [(DenyKind.POLICY, Denied), (DenyKind.FIELD, FieldRefused), (DenyKind.PURPOSE, PurposeRefused)],
    )
    def test_each_kind_of_no_is_its_own_error(self, kind: DenyKind, error: type[Exception]) -> None:
        """A denial becomes the error of its kind, without a word about rules."""
        with pytest.raises(error) as caught:
            require_permit(Deny(kind, "v1", frozenset({"ACME-1"})))
        assert "ACME-1" not in str(caught.value)

    def test_known_fields_are_named(self) -> None:
        """A field that the caller may know of is named with its place."""
        with pytest.raises(FieldRefused) as caught:
            require_permit(Deny(DenyKind.FIELD, "v1", paths=("iban",)))
        assert caught.value.pointer == "/iban"

    def test_no_purpose_no_answer(self) -> None:
        """A call that does not say why is refused."""
        with pytest.raises(PurposeMissing):
            require_purpose(a_call(purpose=""))


class TestWriting:
    def test_a_partly_permitted_write_is_refused_whole(self) -> None:
        """One field that may not be written refuses the change."""
        with pytest.raises(FieldRefused):
            require_writable(a_change(values={"phone": "1", "iban": "2"}), Grant({"phone": CLEAR, "iban": NONE}))

    def test_a_field_that_was_not_decided_refuses_the_write(self) -> None:
        """A written field without a decision is no permitted one."""
        with pytest.raises(FieldRefused):
            require_writable(a_change(values={"phone": "1", "iban": "2"}), Grant({"phone": CLEAR}))

    def test_no_decision_is_no_permission(self) -> None:
        """An empty grant permits nothing."""
        with pytest.raises(FieldRefused):
            require_writable(a_change(), Grant({}))

    @pytest.mark.parametrize("value", ["••• 2051", "a•••@•••.com", "tok_ABCDEFGHIJKLMNOP", "[•••]"])
    def test_masks_do_not_come_back(self, value: str) -> None:
        """A masked value in a write is recognized and refused, with its place."""
        contact = Resource("contact", "contacts", {"iban": Field("iban", FieldType.TEXT, "iban")})
        with pytest.raises(InvalidCall) as caught:
            refuse_mask_echo({"iban": value}, contact, Masks().register_masks())
        assert caught.value.pointer == "/iban"
        assert value not in str(caught.value)

    def test_ordinary_values_pass(self) -> None:
        """A value that is no mask's output is let through."""
        contact = Resource("contact", "contacts", {"iban": Field("iban", FieldType.TEXT, "iban")})
        assert refuse_mask_echo({"iban": "DE02120300000000202051"}, contact, Masks().register_masks()) is None


class TestTagSelections:
    @pytest.mark.parametrize("tag", ["x.%%%", "x." + "A" * 5000, "x.w6k"])
    def test_a_forged_tag_fails_the_precondition(self, tag: str) -> None:
        """What is no tag of ours is a failed precondition, never a crash."""
        with pytest.raises(PreconditionFailed):
            selection_of(tag)
