"""The way in that everybody has: curl, asking a gateway that runs as a process of its own."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import orjson
import pytest

if TYPE_CHECKING:
    from tests.faults.gateway.conftest import Gateway, Start

pytestmark = pytest.mark.anyio
CONTACTS = {"memory": "/v1/crm/contacts/3", "hubspot": "/v1/hub/contacts/103"}
"""A contact of each CRM that has a phone number and an account."""


async def curl(gateway: Gateway, who: str, purpose: str, target: str, *more: str) -> tuple[int, dict[str, Any]]:
    """Return status and content of the answer; *more* are further arguments of curl's."""
    headers = [f"Authorization: Bearer {gateway.keys[who]}", f"X-Purpose: {purpose}"]
    given = [argument for header in headers for argument in ("--header", header)]
    process = await asyncio.create_subprocess_exec(
        *("curl", "--silent", "--max-time", "60", "--write-out", "\n%{http_code}", *given, *more),
        f"http://localhost:{gateway.port}{target}",
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    body, _, status = output.rpartition(b"\n")
    return int(status), orjson.loads(body) if body else {}


class TestPersonas:
    @pytest.mark.parametrize("crm", CONTACTS)
    async def test_agent(self, start: Start, sandbox: int, crm: str) -> None:
        """An agent who serves a customer sees the phone in clear, the account not at all, and each value's origin."""
        gateway = start(hubspot=sandbox)
        await gateway.ready()
        status, answer = await curl(gateway, "anna", "service", f"{CONTACTS[crm]}?include=gdpr")
        told = answer["_gdpr"]["phone"]

        assert 200 == status
        assert answer["fields"]["phone"].startswith("+49")
        assert "iban" in answer["withheld"]
        assert "DE" not in {str(value)[:2] for name, value in answer["fields"].items() if name != "country"}
        assert ("team:sales", ["service"]) == (told["collected_by"], told["purposes"])
        assert ("https://shop.example/signup", "P3Y") == (told["collection_point"], told["storage_duration"])

    async def test_marketer(self, start: Start) -> None:
        """A marketer sees nobody's number without their consent."""
        gateway = start()
        await gateway.ready()
        status, answer = await curl(gateway, "mara", "marketing", CONTACTS["memory"])

        assert 200 == status
        assert "Zanzibar" == answer["fields"]["first_name"]
        assert {"phone", "email"} <= {*answer["withheld"]}
        assert not {"phone", "email", "iban"} & answer["fields"].keys()

    async def test_another_tenant(self, start: Start) -> None:
        """An agent of another client sees the number of that client's contact covered, as its policy says."""
        gateway = start()
        await gateway.ready()
        status, answer = await curl(gateway, "ben", "service", CONTACTS["memory"])

        assert (200, "partial") == (status, answer["masked"]["phone"])

    async def test_change(self, start: Start) -> None:
        """A change is made under the same policy, once, on the state that was read."""
        gateway = start()
        await gateway.ready()
        change = ("--request", "PATCH", "--header", "Content-Type: application/merge-patch+json", "--data")
        refused, _ = await curl(gateway, "anna", "service", CONTACTS["memory"], *change, '{"city": "Potsdam"}')
        changed, answer = await curl(
            gateway, "anna", "service", CONTACTS["memory"], "--header", "If-Match: *", *change, '{"city": "Potsdam"}'
        )

        assert (428, 200, "Potsdam") == (refused, changed, answer["fields"]["city"])


class TestFailing:
    async def test_without_journal(self, start: Start) -> None:
        """Without its database the gateway answers 503, and curl sees nothing of anybody."""
        gateway = start()
        await gateway.ready()
        away = gateway.take_away()
        status, answer = await curl(gateway, "anna", "service", CONTACTS["memory"])
        away.rename(gateway.database)
        await gateway.ready()
        again, _ = await curl(gateway, "anna", "service", CONTACTS["memory"])

        assert (503, "audit-unavailable", 200) == (status, answer["code"], again)
        assert "Zanzibar" not in str(answer)
