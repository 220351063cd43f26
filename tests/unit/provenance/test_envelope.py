"""What an envelope may hold, and until when a value may be kept."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy_gateway.errors import InvalidCall
from policy_gateway.provenance import Envelope
from policy_gateway.provenance.envelope import after

WHOLE = {
    "collected_by": "web form of the client",
    "collected_at": "2026-02-03T10:00:00+01:00",
    "collection_point": "campaign spring",
    "collection_method": "form",
    "purposes": ["service", "callback"],
    "legal_basis": "contract",
    "special_category_basis": "a",
    "consent": "C-1",
    "storage_duration": "P3Y",
    "keep_until": "2029-12-31",
    "source": "customer",
    "notice_version": "2026-01",
    "recipients": ["ACME Energie GmbH"],
}


class TestParts:
    def test_whole(self) -> None:
        """All parts are kept, lists without doubles and unchangeable."""
        envelope = Envelope.of({**WHOLE, "purposes": ["service", "callback", "service"]})
        expected = {name: tuple(part) if isinstance(part, list) else part for name, part in WHOLE.items()}

        assert expected == envelope.parts

    @pytest.mark.parametrize(
        ("part", "value"),
        [
            ("collected_by", "user:anna"),
            ("collected_by", "AI:copilot"),
            ("collected_by", ""),
            ("collected_by", 7),
            ("collected_at", "yesterday"),
            ("collection_point", "x" * 201),
            ("collection_point", "two\nlines"),
            ("purposes", "service"),
            ("purposes", []),
            ("purposes", ["Two words"]),
            ("purposes", ["service"] * 51),
            ("legal_basis", "because"),
            ("special_category_basis", "k"),
            ("storage_duration", "3 years"),
            ("storage_duration", "P"),
            ("storage_duration", "P1Y\n"),
            ("keep_until", "2026-02-30"),
            ("recipients", [None]),
            ("e/mail~", "x"),
        ],
    )
    def test_malformed(self, part: str, value: object) -> None:
        """A part that cannot be is refused with a pointer to it, and its value is not repeated."""
        with pytest.raises(InvalidCall) as refused:
            Envelope.of({part: value})

        assert "/" + part.replace("~", "~0").replace("/", "~1", 1) == refused.value.pointer
        assert str(value) not in str(refused.value) or not isinstance(value, str) or len(value) < 2

    def test_changed(self) -> None:
        """A change replaces what it names, takes away what it sets to nothing, and leaves the rest and the old one."""
        before = Envelope.of({"source": "customer", "collection_point": "shop"})
        changed = before.changed({"source": None, "collected_by": "team berlin"})

        assert {"collected_by": "team berlin", "collection_point": "shop"} == changed.parts
        assert {"source": "customer", "collection_point": "shop"} == dict(before.parts)

    def test_consent_without_consent(self) -> None:
        """The basis consent needs the consent that was given."""
        with pytest.raises(InvalidCall) as refused:
            Envelope.of({"legal_basis": "consent"})

        assert "/consent" == refused.value.pointer
        assert Envelope.of({"legal_basis": "consent", "consent": "C-1"})


class TestKeepUntil:
    @pytest.mark.parametrize(
        ("parts", "expected"),
        [
            ({}, ""),
            ({"storage_duration": "P3Y"}, ""),
            ({"collected_at": "2026-02-03"}, ""),
            ({"collected_at": "2026-02-03", "storage_duration": "P3Y"}, "2029-02-03"),
            ({"collected_at": "2024-02-29", "storage_duration": "P1Y"}, "2025-02-28"),
            ({"collected_at": "2026-01-31", "storage_duration": "P1M"}, "2026-02-28"),
            ({"collected_at": "2026-11-30T23:00:00Z", "storage_duration": "P1Y2M1W3D"}, "2028-02-09"),
            ({"collected_at": "2026-02-03", "storage_duration": "P999Y"}, "3025-02-03"),
            ({"collected_at": "9000-02-03", "storage_duration": "P999Y9999M"}, "9999-12-31"),
            ({"collected_at": "2026-02-03", "storage_duration": "P3Y", "keep_until": "2027-01-01"}, "2027-01-01"),
        ],
    )
    def test_keep_until(self, parts: dict[str, str], expected: str) -> None:
        """The end is the explicit one, or follows from collection and duration; else none is known."""
        assert expected == Envelope.of(parts).keep_until()

    @given(st.dates(), st.from_regex(r"P[0-9]{1,3}Y[0-9]{1,4}M[0-9]{1,4}W[0-9]{1,5}D", fullmatch=True))
    def test_total(self, start: date, period: str) -> None:
        """Any period after any day is a day that is not earlier."""
        assert after(start, period) >= start
