"""The bytes of an entry: canonical, one line, verifiable without the gateway."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy_gateway.audit.entries import Entries
from policy_gateway.audit.entry import canonical, decoded, plain, sealed, word
from policy_gateway.errors import PurposeMissing
from policy_gateway.query import Call, Circumstances, Query
from policy_gateway.testing.builders import a_principal


def rfc8785(value: object) -> str:
    """Return the canonical form of *value* as RFC 8785 words it, written for this test alone."""
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
        return "{" + ",".join(f"{rfc8785(key)}:{rfc8785(value[key])}" for key in keys) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(rfc8785, value)) + "]"
    if isinstance(value, str):
        short = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\"}
        return '"' + "".join(short.get(one) or (f"\\u{ord(one):04x}" if one < " " else one) for one in value) + '"'
    return str(value)


NAMES = st.text(st.characters(codec="ascii"), max_size=12)
BODIES = st.recursive(
    st.integers(-(2**53) + 1, 2**53 - 1) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


class TestCanonical:
    @given(BODIES)
    def test_as_the_rfc_says(self, body: object) -> None:
        """What is written is what an independent reading of RFC 8785 gives."""
        assert rfc8785(body).encode() == canonical(body)  # type: ignore[arg-type]  # any JSON

    @given(st.dictionaries(NAMES.filter(lambda key: key not in {"salt", "seq", "tenant"}), BODIES, max_size=4))
    def test_sealed(self, body: dict[str, object]) -> None:
        """What the journal adds leaves the entry canonical."""
        entry = sealed(canonical(body), "acme", 7, "00ff")  # type: ignore[arg-type]  # any JSON
        whole = {"entry": body, "salt": "00ff", "seq": 7, "tenant": "acme"}

        assert rfc8785(whole).encode() == entry


@pytest.mark.attack("I17")
class TestOneLine:
    @given(st.text(max_size=300))
    def test_plain(self, text: str) -> None:
        """Whatever the caller says fits on one line, prints, and has a limited length."""
        said = plain(text)

        assert said.isprintable()
        assert len(said) <= 1280
        assert 1 == len(canonical(said).decode().splitlines())

    @pytest.mark.parametrize("name", ["service\n", "Ünicode", "a" * 65, "-", '","decision":"permit', "service\u2028"])
    def test_word(self, name: str) -> None:
        """What cannot be a name of ours is not repeated."""
        assert "?" == word(name)

    @pytest.mark.anyio
    async def test_one_record(self, entries: Entries, file: Path) -> None:
        """A caller that tries to write an entry of its own has written one, its own, whose bytes come back whole."""
        attack = '\n{"decision":"allow"}\r\u2028\u0085\x00\x1b[2J"}'
        said = Circumstances(ticket=attack, interaction=attack, request_id=attack, reason=attack, channel=attack)
        call = Call(attack, Query(attack), attack, circumstances=said)
        with suppress(PurposeMissing):
            async with entries.entry(call) as entry:
                entry.by(a_principal())
                raise PurposeMissing
        with sqlite3.connect(file) as other:
            rows = other.execute("SELECT entry, leaf FROM audit_entries").fetchall()
        other.close()
        [(line, leaf)] = rows

        assert 1 == len(line.decode().splitlines())
        assert ("deny", "?") == (decoded(line)["decision"], decoded(line)["connection"])
        assert line == canonical(orjson.loads(line))
        assert sha256(b"\x00" + line).digest() == leaf
