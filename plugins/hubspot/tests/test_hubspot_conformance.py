"""The HubSpot adapter keeps every promise of the port, on the sandbox."""

from __future__ import annotations

from collections.abc import Iterable

import orjson
import pytest
from pydantic import SecretStr

from policy_gateway.model.field import Field, RecordId
from policy_gateway.records import ConnectionConfig, Request
from policy_gateway.testing import AsgiTransport, FaultyTransport
from policy_gateway.testing.conformance import AdapterConformance, DataSubject, Rig, WireTap
from policy_gateway_hubspot.adapter import HubSpotKind
from policy_gateway_hubspot.catalogue import natives_of
from policy_gateway_hubspot.sandbox import TOKEN, Sandbox

CONTACTS = 12
SEED = 1


def asked(request: Request) -> Iterable[str]:
    """Return the properties that *request* asks for."""
    for name, value in request.query:
        if name in {"properties", "propertiesWithHistory", "associations"}:
            yield from value.split(",")
    if request.body:
        body = orjson.loads(request.body)
        yield from [*body.get("properties", ()), *body.get("propertiesWithHistory", ())]


def natives(field: Field) -> frozenset[str]:
    """Return the properties behind *field*."""
    return frozenset(natives_of(field))


def small(sandbox: Sandbox) -> Sandbox:
    """Keep the first contacts only: the kit reads each of them over and over."""
    items = sandbox.world.items["contacts"]
    for item in list(items.live.values())[CONTACTS:]:
        items.archive(item, sandbox.world.now())
    return sandbox


class TestHubSpot(AdapterConformance):
    """The first twelve contacts of the sandbox."""

    @pytest.fixture
    def rig(self, sandbox: Sandbox) -> Rig:
        """Return the adapter on a prepared portal."""
        transport = FaultyTransport(AsgiTransport(small(sandbox)))
        config = ConnectionConfig("acme", "crm", secrets={"token": SecretStr(TOKEN)})
        records = list(sandbox.world.items["contacts"].live.values())
        subject = next(each for each in records if "mobilephone" in each.properties)
        landline, mobile = subject.properties["phone"], subject.properties["mobilephone"]
        email = subject.properties["email"]
        return Rig(
            HubSpotKind().connect(config, transport),
            upstream=WireTap(transport, asked=asked),
            adapter_name="hubspot",
            ids=tuple(RecordId(each.id) for each in records),
            empty=tuple(
                (RecordId(each.id), path)
                for path, native in (("mobile", "mobilephone"), ("iban", "iban"), ("consents", "marketing_consents"))
                for each in records
                if native not in each.properties
            ),
            ordered_by="created_at",
            subjects=(
                DataSubject(
                    RecordId(subject.id),
                    {
                        "email": (email, email.upper(), f" {email} "),
                        "phone": (landline, _spaced(landline), f"00{landline[1:]}", f"0{landline[3:5]}/{landline[5:]}"),
                        "mobile": (mobile, _spaced(mobile), f"0{mobile[3:6]} {mobile[6:]}"),
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
                "company": "5001",
                "hubspot.jobtitle": "Countess",
            },
            changed={"last_name": "King", "email": "ada.king@example.com", "vip": False, "birthdate": "1976-01-01"},
            native_names=natives,
            always_asked=frozenset({"hs_object_id"}),
        )


def _spaced(number: str) -> str:
    return f"{number[:3]} {number[3:5]} {number[5:]}"
