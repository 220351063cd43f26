"""Value keys: the same for all spellings of a value, and telling nothing about it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy_gateway.errors import InvalidCall
from policy_gateway.model.field import FieldType, Value
from policy_gateway.provenance import Reference, ValueKeys, ValueTokens
from policy_gateway.testing.builders import a_key

KEYS = ValueKeys(a_key)
TOKENS = ValueTokens(lambda tenant: a_key(f"token {tenant}"))
PLACE = Reference("acme", "crm", "contact", "17", "phone")


class TestValueKeys:
    @pytest.mark.parametrize(
        ("one", "other", "kind"),
        [
            ("+49 30 23125001", "+493023125001", FieldType.PHONE),
            ("+49 30 23125001", "030 / 23125-001", FieldType.PHONE),
            ("+49 30 23125001", "0049 30 23125001", FieldType.PHONE),
            ("+49 30 23125001", " +49 (30) 23125\u00a0001 ", FieldType.PHONE),
            ("Lena@Example.com ", "lena@example.com", FieldType.EMAIL),
            ("Jürgen", "Ju\u0308rgen", FieldType.TEXT),
            (("b", "a "), ("a", "b"), FieldType.TEXTS),
        ],
    )
    def test_same(self, one: Value, other: Value, kind: FieldType) -> None:
        """Two spellings of a value have the same key."""
        keyed = KEYS.of("acme")

        assert keyed(one, kind) == keyed(other, kind)

    @pytest.mark.parametrize(
        ("one", "other", "kind"),
        [
            ("+49 30 23125001", "+49 30 23125002", FieldType.PHONE),
            ("+49 30 23125001", "+43 30 23125001", FieldType.PHONE),
            ("no number", "none", FieldType.PHONE),
            ("Lena", "lena", FieldType.TEXT),
            (("a", "b"), ("a",), FieldType.TEXTS),
            (1, 2, FieldType.INTEGER),
            (True, False, FieldType.BOOLEAN),
        ],
    )
    def test_different(self, one: Value, other: Value, kind: FieldType) -> None:
        """Two values have two keys."""
        keyed = KEYS.of("acme")

        assert keyed(one, kind) != keyed(other, kind)

    @pytest.mark.attack("A21")
    def test_tenants_apart(self) -> None:
        """The same value has another key in each tenant, so that nothing can be looked up."""
        one, two = (KEYS.of(tenant)("+49 30 23125001", FieldType.PHONE) for tenant in ("acme", "bolt"))

        assert (32, False) == (len(one), one == two)

    @given(st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text()).map(tuple))
    def test_total(self, value: Value) -> None:
        """Any value of any kind has a key."""
        assert {32} == {len(KEYS.of("acme")(value, kind)) for kind in FieldType}


class TestTokens:
    def test_opened(self) -> None:
        """A token opens to its value's key at its own place."""
        assert b"k" * 32 == TOKENS.open(TOKENS.seal(b"k" * 32, PLACE), PLACE)

    def test_stable(self) -> None:
        """The same value at the same place has the same token, so that answers do not differ without a reason."""
        assert TOKENS.seal(b"k" * 32, PLACE) == TOKENS.seal(b"k" * 32, PLACE)

    @pytest.mark.parametrize("part", ["tenant", "connection", "resource", "record", "path"])
    def test_bound(self, part: str) -> None:
        """Elsewhere the token opens to nothing, and the same value has another one."""
        elsewhere = replace(PLACE, **{part: "other"})
        token = TOKENS.seal(b"k" * 32, PLACE)
        with pytest.raises(InvalidCall) as refused:
            TOKENS.open(token, elsewhere)

        assert ("/value", True) == (refused.value.pointer, token != TOKENS.seal(b"k" * 32, elsewhere))

    @pytest.mark.parametrize("token", ["", "x", "ü", "=" * 64, "A" * 64, "A" * 63 + "\n"])
    def test_malformed(self, token: str) -> None:
        """What is no token is refused."""
        with pytest.raises(InvalidCall):
            TOKENS.open(token, PLACE)
