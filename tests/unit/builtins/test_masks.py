"""The built-in disclosure levels."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy_gateway.builtins.masks import Masks
from policy_gateway.model.field import FieldType, Value
from policy_gateway.testing.builders import a_key

MASKS = {mask.name: mask for mask in Masks().register_masks()}
ANY_VALUE = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(), st.lists(st.text()).map(tuple)
)
ANY_KIND = st.sampled_from(FieldType)


def shown(name: str, value: Value, kind: FieldType = FieldType.TEXT) -> Value | None:
    """Return what the level *name* shows of *value*."""
    return MASKS[name].show(value, kind, a_key())


class TestLevels:
    @pytest.mark.parametrize(
        ("level", "value", "kind", "expected"),
        [
            ("redact", "anything", FieldType.TEXT, "[•••]"),
            ("year", "1980-05-17", FieldType.DATE, "1980"),
            ("year", "soon", FieldType.DATE, None),
            ("year", "1980-05-17", FieldType.TEXT, None),
            ("last4", "DE02120300000000202051", FieldType.TEXT, "••• 2051"),
            ("last4", "1234", FieldType.TEXT, "••• •••"),
            ("partial", "lena.vogt@example.com", FieldType.EMAIL, "l•••@•••.com"),
            ("partial", "lv@example.com", FieldType.EMAIL, "•••@•••.com"),
            ("partial", "no address", FieldType.EMAIL, "•••"),
            ("partial", "+49 30 23125001", FieldType.PHONE, "+49 ••• 01"),
            ("partial", "030 23125001", FieldType.PHONE, "••• 01"),
            ("partial", "110", FieldType.PHONE, "•••"),
            ("partial", "Lena Vogt", FieldType.NAME, "L••• V•••"),
            ("partial", "Bo", FieldType.NAME, "•••"),
            ("partial", "Hauptstr. 5", FieldType.TEXT, "H•••"),
        ],
    )
    def test_images(self, level: str, value: Value, kind: FieldType, expected: Value | None) -> None:
        """Each level shows what its name says, by the kind of field."""
        assert shown(level, value, kind) == expected

    def test_tokens_are_keyed_by_tenant(self) -> None:
        """Two tenants' tokens of one value differ: a token is no lookup table."""
        first = MASKS["token"].show("+49 30 23125001", FieldType.PHONE, a_key("acme"))
        second = MASKS["token"].show("+49 30 23125001", FieldType.PHONE, a_key("bolt"))
        assert first != second
        assert first == MASKS["token"].show("+49 30 23125001", FieldType.PHONE, a_key("acme"))


class TestAlways:
    @given(value=ANY_VALUE, kind=ANY_KIND, level=st.sampled_from(sorted(MASKS)))
    def test_no_value_breaks_a_mask(self, value: Value, kind: FieldType, level: str) -> None:
        """A mask is total, and its image is a text or nothing."""
        assert isinstance(MASKS[level].show(value, kind, a_key()), str | None)

    @given(value=st.text(min_size=1, max_size=7), kind=ANY_KIND, level=st.sampled_from(["last4", "partial", "token"]))
    def test_short_values_are_never_shown_whole(self, value: str, kind: FieldType, level: str) -> None:
        """A short value does not equal its own image."""
        assert MASKS[level].show(value, kind, a_key()) != value

    @given(value=st.text(), kind=ANY_KIND, level=st.sampled_from(sorted(MASKS)))
    def test_each_mask_recognizes_its_own_image(self, value: str, kind: FieldType, level: str) -> None:
        """What a mask shows cannot be written back."""
        image = MASKS[level].show(value, kind, a_key())
        assert image is None or MASKS[level].recognizes(image, kind)

    @given(value=st.one_of(st.integers(), st.booleans()), kind=ANY_KIND, level=st.sampled_from(sorted(MASKS)))
    def test_non_texts_are_withheld_rather_than_faked(self, value: Value, kind: FieldType, level: str) -> None:
        """A number or a truth value has no honest image."""
        assert MASKS[level].show(value, kind, a_key()) is None

    @given(a=st.from_regex(r"[0-9]{8,30}", fullmatch=True), b=st.from_regex(r"[0-9]{8,30}", fullmatch=True))
    def test_images_have_one_width(self, a: str, b: str) -> None:
        """The image of a long number does not tell how long the number is."""
        assert len(str(shown("last4", a))) == len(str(shown("last4", b)))
