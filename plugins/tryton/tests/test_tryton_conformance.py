"""The adapter keeps every promise of the port on a Tryton that runs for real."""

from __future__ import annotations

import pytest

from policy_gateway.model.field import Field, RecordId
from policy_gateway.records import Request
from policy_gateway.testing import FaultyTransport, people
from policy_gateway.testing.conformance import AdapterConformance, DataSubject, Rig, WireTap
from policy_gateway_tryton import TrytonAdapter

pytestmark = pytest.mark.timeout(600)
NUMBERS = {"iban": {"bank_accounts.numbers.number", "bank_accounts.numbers.type"}}


def asked(request: Request) -> list[str]:
    """Return the fields that a request asks for."""
    return [value for name, value in request.query if name == "f"]


def native_names(field: Field) -> frozenset[str]:
    """Return Tryton's names for a field."""
    return frozenset(NUMBERS.get(field.path, {field.native}))


class TestTryton(AdapterConformance):
    """A thousand parties."""

    @pytest.fixture
    def rig(self, adapter: TrytonAdapter, wire: FaultyTransport) -> Rig:
        """Return the seeded parties: their ids follow their numbers."""
        email = list(people(45))[-1].email
        return Rig(
            adapter,
            upstream=WireTap(wire, asked),
            adapter_name="tryton",
            ids=tuple(RecordId(str(number)) for number in (45, 1, 2, 3, 5, 17)),
            empty=((RecordId("1"), "mobile"), (RecordId("1"), "iban"), (RecordId("17"), "email")),
            ordered_by="created_at",
            native_names=native_names,
            subjects=(
                DataSubject(
                    RecordId("45"),
                    {
                        "email": (email, email.upper(), f" {email} "),
                        "phone": ("+49 30 23125009", "+493023125009", "0049 30 23125009", "030/23125-009"),
                        "mobile": ("+49 171 3920009", "0171 39200 09", "+491713920009"),
                    },
                ),
            ),
            new={
                "name": "Ada Lovelace",
                "language": "en",
                "email": "ada@example.com",
                "phone": "+49 30 23125777",
                "street": "Analytischer Weg 1",
                "postal_code": "10115",
                "city": "Berlin",
                "country": "DE",
            },
            changed={
                "name": "Ada King",
                "language": "de",
                "email": "ada.king@example.com",
                "phone": "+49 30 23125778",
                "city": "Potsdam",
                "country": "AT",
            },
        )
