from __future__ import annotations

import pytest

from policy_gateway.testing.gateways import Whole

pytestmark = pytest.mark.anyio

LENA, ENTRIES = "/v1/crm/contacts/7", "/v1/gateway/entries"


class TestWritten:
    async def test_names_only(self, gateway: Whole) -> None:
        """An entry says by rule, level and name what left, to whom and about whom by pseudonym, and no value."""
        reply = await gateway.client("anna").get(f"{LENA}?fields=phone,birthdate,iban")
        entry = (await gateway.entries())[0]

        assert (["phone"], {"year": ["birthdate"]}, ["iban"]) == (entry["released"], entry["masked"], entry["withheld"])
        assert reply.headers["x-correlation-id"] == entry["correlation"]
        assert reply.headers["x-policy-version"] == entry["policy_version"]
        assert not [word for word in ("Lena", "23125001", "1980", "user:anna", "DE02") if word in str(entry)]

    @pytest.mark.parametrize(
        ("target", "code"),
        [
            (f"{LENA}?fields=credit_score", "field-refused"),
            (f"{LENA}?fields=a,,b", "invalid-call"),
            ("/v1/crm/contacts/99", "record-not-found"),
            ("/v1/other/contacts/7", "not-found"),
            ("/v1/crm/deals/7", "not-found"),
        ],
    )
    async def test_refusals(self, gateway: Whole, target: str, code: str) -> None:
        """Each attempt has exactly one entry, with its code and without names that may not exist."""
        await gateway.client("arno").get(target)
        entries = await gateway.entries()

        assert [code] == [entry["code"] for entry in entries]
        assert "credit_score" not in str(entries)

    async def test_strangers(self, gateway: Whole) -> None:
        """An attempt without a valid key is not an entry of any client."""
        reply = await gateway.client("anna").ask(
            "GET", LENA, (("host", "localhost"), ("authorization", "Bearer nonsense"), ("x-purpose", "service"))
        )

        assert (401, [], []) == (reply.status, await gateway.entries("acme"), await gateway.entries("bolt"))


class TestRead:
    async def test_auditor(self, gateway: Whole) -> None:
        """An auditor reads the entries, the newest first, and that is an entry too."""
        await gateway.client("anna").get(LENA)
        await gateway.client("anna").get(f"{LENA}?fields=credit_score")
        audrey = gateway.client("audrey", "audit")
        listed = (await audrey.get(f"{ENTRIES}?limit=2")).json["data"]
        one = (await audrey.get(f"{ENTRIES}/{listed[1]['id']}")).json

        assert ["deny", "permit"] == [entry["fields"]["decision"] for entry in listed]
        assert listed[1]["fields"] == one["fields"]
        assert ["contact", "contact", "entry", "entry"] == [entry["resource"] for entry in await gateway.entries()]

    async def test_held_back(self, gateway: Whole) -> None:
        """The auditor is told which fields were asked for and not shown."""
        await gateway.client("anna").get(f"{LENA}?fields=phone,iban")
        [entry] = (await gateway.client("audrey", "audit").get(f"{ENTRIES}?limit=1")).json["data"]

        assert (["phone"], ["iban"]) == (entry["fields"]["fields"], entry["fields"]["held_back"])

    async def test_pages(self, gateway: Whole) -> None:
        """Cursors lead back in time."""
        for _ in range(5):
            await gateway.client("anna").get(f"{LENA}?fields=city")
        audrey = gateway.client("audrey", "audit")
        first = (await audrey.get(f"{ENTRIES}?limit=3&fields=time")).json
        second = (await audrey.get(f"{ENTRIES}?limit=3&fields=time&cursor={first['cursor']}")).json
        numbers = [int(entry["id"]) for entry in (*first["data"], *second["data"])]

        assert list(range(numbers[0], numbers[0] - 6, -1)) == numbers

    async def test_own_tenant(self, gateway: Whole) -> None:
        """Each client's auditors read that client's entries and no others."""
        await gateway.client("ben").get(LENA)
        own = (await gateway.client("otto", "audit").get(f"{ENTRIES}?limit=1")).json["data"]
        other = (await gateway.client("audrey", "audit").get(f"{ENTRIES}?limit=1")).json["data"]

        assert await gateway.entries("bolt")
        assert own[0]["fields"]["correlation"] not in str(other)

    @pytest.mark.parametrize(("who", "purpose"), [("anna", "service"), ("mara", "marketing"), ("selma", "service")])
    async def test_nobody_else(self, gateway: Whole, who: str, purpose: str) -> None:
        """Agents and marketers read no entries, nor does a supervisor for another purpose than audit."""
        assert 403 == (await gateway.client(who, purpose).get(ENTRIES)).status

    async def test_never_changed(self, gateway: Whole) -> None:
        """Nobody changes or deletes an entry."""
        await gateway.client("anna").get(LENA)
        audrey = gateway.client("audrey", "audit")
        number = (await audrey.get(f"{ENTRIES}?limit=1")).json["data"][0]["id"]
        replies = [
            await audrey.send("PATCH", f"{ENTRIES}/{number}", {"decision": "permit"}, ("if-match", "*")),
            await audrey.send("DELETE", f"{ENTRIES}/{number}", b"", ("if-match", "*")),
            await audrey.send("POST", ENTRIES, {"decision": "permit"}),
        ]

        assert [403, 403, 403] == [reply.status for reply in replies]
