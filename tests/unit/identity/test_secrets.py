"""The master key must not be guessable, and its derived keys must not tell each other."""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy_gateway.errors import SecretError
from policy_gateway.identity import derive, master_key, new_master_key
from policy_gateway.testing.builders import a_key


@pytest.mark.attack("G27")
class TestMasterKey:
    def test_new(self) -> None:
        """A new key is accepted, and never the same again."""
        one, two = new_master_key(), new_master_key()

        assert (32, False) == (len(master_key(one)), one == two)

    def test_alphabets(self) -> None:
        """Both base64 alphabets, and a line's end, are understood."""
        key = bytes([251, 255, *range(3, 30, 2), *range(200, 216)])
        texts = [b64encode(key).decode() + "\n", urlsafe_b64encode(key).decode()]

        assert [key, key] == [master_key(text) for text in texts]

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "  \n",
            "changeme",
            "secret",
            "not base64 at all, however long this text may become in the end",
            b64encode(bytes(32)).decode(),
            b64encode(b"\xff" * 64).decode(),
            b64encode(bytes(range(32))).decode(),
            b64encode(b"changemechangemechangemechangeme").decode(),
            b64encode(b"correct horse battery staple, 1234!").decode(),
            b64encode(a_key()[:16] * 2).decode(),
            b64encode(a_key()[:31]).decode(),
            b64encode(a_key()).decode() + "x",
            "schlüssel" * 8,
        ],
    )
    def test_guessable(self, text: str) -> None:
        """A missing, short, patterned or typed key is refused, and not repeated."""
        with pytest.raises(SecretError) as refused:
            master_key(text)

        assert not text.strip() or text.strip() not in str(refused.value)

    @given(st.binary(min_size=32, max_size=32))
    def test_total(self, key: bytes) -> None:
        """Any text is either a key or refused."""
        try:
            accepted = master_key(b64encode(key).decode())
        except SecretError:
            return

        assert key == accepted


class TestDerive:
    def test_apart(self) -> None:
        """Each purpose and tenant has a key of its own, however the words are cut."""
        asked = [("a", "bc"), ("ab", "c"), ("abc", ""), ("abc", "acme"), ("abc", "bolt")]
        keys = {derive(a_key(), purpose, tenant) for purpose, tenant in asked}

        assert (5, {32}) == (len(keys), {len(key) for key in keys})

    def test_stable(self) -> None:
        """The same key comes out each time, since what it sealed must open again after an upgrade."""
        expected = "643ac7dcc89cd17f2c55e4b84f359fa0bc8b83bb3f10cece813013df90952033"

        assert expected == derive(bytes(range(32)), "vault", "acme").hex()
