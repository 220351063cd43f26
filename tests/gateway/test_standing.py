from __future__ import annotations

import pytest

from policy_gateway.testing.entrances import Reply
from policy_gateway.testing.gateways import Whole

pytestmark = pytest.mark.anyio

LENA, CONTACTS = "/v1/crm/contacts/7", "/v1/crm/contacts"
STANDING = "/v1/gateway/standings/crm:contact:7"
ANY, TICKET = ("if-match", "*"), ("x-ticket", "DSR-2026-17")


async def stand(gateway: Whole, **flags: bool) -> Reply:
    """Have the data protection officer say how the contact 7 stands."""
    return await gateway.client("dora", "administration").send("PATCH", STANDING, flags, ANY, TICKET)


class TestRestriction:
    async def test_hidden_at_once(self, gateway: Whole) -> None:
        """A restricted record is gone for service: the next answer is that of a record that does not exist."""
        anna = gateway.client("anna")
        before = (await anna.get(LENA)).status
        done = await stand(gateway, restricted=True)
        after, unknown = await anna.get(LENA), await anna.get(f"{CONTACTS}/99")
        listed = (await anna.get(f"{CONTACTS}?fields=first_name")).json

        assert (200, 200, True) == (before, done.status, done.json["fields"]["restricted"])
        assert (404, unknown.json["detail"]) == (after.status, after.json["detail"])
        assert ["8"] == [one["id"] for one in listed["data"]]

    async def test_no_way_around(self, gateway: Whole) -> None:
        """It cannot be changed, deleted, looked up or searched either."""
        await stand(gateway, restricted=True)
        anna, selma = gateway.client("anna"), gateway.client("selma")
        search = {"fields": ["name"], "filter": {"field": "phone", "op": "eq", "value": "+49 30 23125001"}}
        replies = [
            await anna.send("PATCH", LENA, {"phone": "+49 30 1234567"}, ANY),
            await selma.send("DELETE", LENA, b"", ANY),
            await anna.get(f"{LENA}/provenance"),
        ]
        found = await anna.send("POST", f"{CONTACTS}/search", search)
        hits = await anna.send("POST", "/v1/lookup", {"phone": "+49 30 23125001"})

        assert [404] * 3 == [reply.status for reply in replies]
        assert ([], []) == (found.json["data"], hits.json["hits"])
        assert [] == gateway.spy().changes

    async def test_for_claims(self, gateway: Whole) -> None:
        """For claims and for proof it is still there."""
        await stand(gateway, restricted=True)
        statuses = [
            (await gateway.client(who, purpose).get(f"{LENA}?fields=name")).status
            for who, purpose in (("anna", "collections"), ("audrey", "audit"), ("mara", "marketing"))
        ]

        assert [200, 200, 404] == statuses

    async def test_lifted(self, gateway: Whole) -> None:
        """What is lifted is back at once."""
        await stand(gateway, restricted=True)
        await stand(gateway, restricted=False)

        assert 200 == (await gateway.client("anna").get(LENA)).status

    async def test_other_records(self, gateway: Whole) -> None:
        """The same id of another client is another record."""
        await stand(gateway, restricted=True)

        assert 200 == (await gateway.client("ben").get(LENA)).status


class TestErasurePending:
    async def test_for_nothing(self, gateway: Whole) -> None:
        """A record that waits for its erasure serves nobody but the data protection officer."""
        await stand(gateway, erasure_pending=True)
        asked = (("anna", "service"), ("anna", "collections"), ("audrey", "audit"), ("stef", "administration"))
        statuses = [(await gateway.client(who, purpose).get(f"{LENA}?fields=name")).status for who, purpose in asked]
        officer = await gateway.client("dora", "administration").get(f"{LENA}?fields=name", TICKET)

        assert ([404] * 4, 200) == (statuses, officer.status)


class TestWho:
    @pytest.mark.parametrize(
        ("who", "purpose"),
        [("anna", "service"), ("selma", "service"), ("stef", "administration"), ("audrey", "audit")],
    )
    async def test_nobody_else(self, gateway: Whole, who: str, purpose: str) -> None:
        """Nobody but the data protection officer says, or sees, how records stand."""
        client = gateway.client(who, purpose)
        statuses = {
            (await client.send("PATCH", STANDING, {"restricted": True}, ANY, TICKET)).status,
            (await client.get(STANDING, TICKET)).status,
        }

        assert {403} == statuses

    async def test_ticket(self, gateway: Whole) -> None:
        """Nor does the officer without a ticket."""
        reply = await gateway.client("dora", "administration").send("PATCH", STANDING, {"restricted": True}, ANY)

        assert (403, 200) == (reply.status, (await gateway.client("anna").get(LENA)).status)

    async def test_entries(self, gateway: Whole) -> None:
        """Decision and outcome are on record, with the ticket."""
        await stand(gateway, restricted=True)

        assert [("decision", ["restricted"], ""), ("outcome", [], "done")] == [
            (entry["kind"], entry["written"], entry["outcome"]) for entry in await gateway.entries()
        ]
        assert {"DSR-2026-17"} == {entry["ticket"] for entry in await gateway.entries()}
