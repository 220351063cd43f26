"""The reference adapter keeps every promise of the port."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import pytest

from policy_gateway.errors import RateLimited, UpstreamInvalid, UpstreamRefused
from policy_gateway.model.field import RecordId
from policy_gateway.testing import FakeClock, people
from policy_gateway.testing.conformance import AdapterConformance, DataSubject, Rig
from policy_gateway.testing.faults import RETRY_AFTER, UNASKED, Fault, upstream_error
from policy_gateway_memory import MemoryAdapter, MemoryCrm
from policy_gateway_memory.crm import Row


class SpiedCrm(MemoryCrm):
    """A CRM in a dict that remembers what it was asked for, and misbehaves on demand."""

    def __init__(self) -> None:
        super().__init__(clock=FakeClock())
        self.fault: Fault | None = None
        self.seen: set[str] = set()
        self.ids: list[str] = []

    def row(self, resource: str, record_id: str, names: Iterable[str]) -> Row | None:
        """Spy on the read of one row."""
        wanted = list(names)
        self.seen.update(wanted)
        self.ids.append(record_id)
        row = super().row(resource, record_id, wanted)
        return None if row is None else self._spoiled(row)

    def select(
        self,
        resource: str,
        names: Iterable[str],
        *,
        test: Callable[[Row], bool],
        key: Callable[[list[Row]], list[Row]],
    ) -> list[Row]:
        """Spy on the read of many rows."""
        wanted = list(names)
        self.seen.update(wanted)
        return [self._spoiled(row) for row in super().select(resource, wanted, test=test, key=key)]

    def asked(self) -> frozenset[str]:
        """Return the names that were asked for."""
        return frozenset(self.seen)

    def addresses(self) -> Sequence[str]:
        """Return the ids that were asked for."""
        return self.ids

    def forget(self) -> None:
        """Forget what was asked."""
        self.seen.clear()
        self.ids.clear()

    def misbehave(self, fault: Fault | None) -> None:
        """Spoil every row from now on."""
        self.fault = fault

    def _spoiled(self, row: Row) -> Row:
        match self.fault:
            case None:
                return row
            case Fault.EXTRA_FIELDS:
                return {**row, "unexpected": UNASKED, "IBAN": UNASKED}
            case Fault.WRONG_TYPE:
                return {name: {"unexpected": value} for name, value in row.items()}
            case Fault.WRONG_RECORD:
                return {**row, "id": str(int(str(row["id"])) + 1)}
            case Fault.RATE_LIMITED:
                raise RateLimited(retry_after=RETRY_AFTER)
            case Fault.UNAUTHORIZED | Fault.FORBIDDEN:
                raise UpstreamRefused
            case fault:
                raise upstream_error(fault) or UpstreamInvalid


def _seed(crm: MemoryCrm) -> None:
    for person in people(12):
        crm.add(
            "contact",
            first_name=person.first_name,
            last_name=person.last_name,
            email=person.email,
            phone=person.phone,
            mobile=person.mobile or None,
            city=person.city,
            postal_code=person.postal_code,
            street=person.street,
            country=person.country,
            birthdate=person.birthdate,
            iban=person.iban or None,
            language=person.language,
            customer_number=person.customer_number,
            consents=["marketing:email"] if person.number % 2 else [],
            vip=person.number % 4 == 0,
            credit_score=500 + person.number,
            notes=f"Prefers to be called in the {'morning' if person.number % 2 else 'evening'}, 50% sure",
            created_at=f"2026-03-{person.number:02}T08:30:00+00:00",
            shoe_size=30 + person.number,
            nickname=f"Nick {person.number}",
        )


class TestMemory(AdapterConformance):
    """The CRM in a dict."""

    @pytest.fixture
    def rig(self) -> Rig:
        """Twelve contacts."""
        crm = SpiedCrm()
        _seed(crm)
        return Rig(
            MemoryAdapter(crm),
            upstream=crm,
            adapter_name="memory",
            ids=tuple(RecordId(str(number)) for number in range(1, 13)),
            empty=((RecordId("1"), "mobile"), (RecordId("1"), "iban"), (RecordId("2"), "consents")),
            ordered_by="created_at",
            subjects=(
                DataSubject(
                    RecordId("5"),
                    {
                        "email": _spelled(5),
                        "phone": ("+49 30 23125001", "+493023125001", "0049 30 23125001", "030/23125-001"),
                        "mobile": ("+49 171 3920001", "0171 39200 01", "+491713920001"),
                    },
                ),
            ),
            new={
                "first_name": "Ada",
                "last_name": "Lovelace",
                "email": "ada@example.com",
                "phone": "+49 30 23125777",
                "consents": ("marketing:email", "survey:phone"),
                "vip": True,
                "credit_score": 3,
                "birthdate": "1975-12-10",
                "memory.nickname": "Countess",
            },
            changed={"last_name": "King", "email": "ada.king@example.com", "vip": False, "birthdate": "1976-01-01"},
        )


def _spelled(number: int) -> tuple[str, str, str]:
    email = list(people(number))[-1].email
    return (email, email.upper(), f" {email} ")
