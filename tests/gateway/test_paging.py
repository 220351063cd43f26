from __future__ import annotations

import pytest

from policy_gateway.facts import RecordPlace, Standing
from policy_gateway.testing.gateways import Whole
from policy_gateway_memory import MemoryCrm

pytestmark = pytest.mark.anyio

CONTACTS = "/v1/crm/contacts"


async def restrict(gateway: Whole, *records: str) -> None:
    """Restrict some of the first tenant's contacts."""
    for record in records:
        place = RecordPlace("acme", "crm", "contact", record)
        await gateway.app.administration.standings.change(place, Standing(), Standing(restricted=True))


@pytest.fixture
def many(crm: MemoryCrm) -> MemoryCrm:
    """Return the CRM with the contacts 1 to 20 and no others."""
    crm._rows.clear()
    for number in range(1, 21):
        crm.add("contact", id=str(number), first_name=f"N{number}", team="berlin", lead_source="web", shoe_size="40")
    return crm


async def pages(gateway: Whole, query: str, who: str = "anna") -> list[list[str]]:
    """Return the ids of all pages that *query* leads to."""
    client, found, cursor = gateway.client(who), [], ""
    while True:
        reply = (await client.get(f"{CONTACTS}?{query}{cursor}")).json
        found.append([one["id"] for one in reply["data"]])
        if "cursor" not in reply:
            return found
        cursor = f"&cursor={reply['cursor']}"


def numbers(*ranges: range) -> list[list[str]]:
    """Return *ranges* as ids."""
    return [[str(number) for number in one] for one in ranges]


class TestPages:
    @pytest.mark.usefixtures("many")
    async def test_all_of_them(self, gateway: Whole) -> None:
        """Following the cursors leads through all records, each once."""
        assert numbers(range(1, 9), range(9, 17), range(17, 21)) == await pages(gateway, "limit=8&fields=first_name")

    @pytest.mark.usefixtures("many")
    async def test_link(self, gateway: Whole) -> None:
        """The link to the next page is the request with its cursor."""
        anna = gateway.client("anna")
        first = await anna.get(f"{CONTACTS}?limit=12&fields=first_name")
        target = first.headers["link"].removeprefix("<").partition(">")[0]

        assert numbers(range(13, 21)) == [[one["id"] for one in (await anna.get(target)).json["data"]]]

    @pytest.mark.usefixtures("many")
    async def test_filled(self, gateway: Whole) -> None:
        """A page from which policy takes records is filled from the next."""
        await restrict(gateway, "2", "3", "5")

        assert [["1", "4", "6", "7"], ["8", "9", "10", "11"]] == (await pages(gateway, "limit=4&fields=first_name"))[:2]

    @pytest.mark.usefixtures("many")
    async def test_filled_no_further(self, gateway: Whole) -> None:
        """After five pages of nothing a short page with a cursor comes, so that nobody has the CRM read for ever."""
        await restrict(gateway, *map(str, range(1, 20)))
        reply = (await gateway.client("anna").get(f"{CONTACTS}?limit=2&fields=first_name")).json

        assert ([], True) == (reply["data"], "cursor" in reply)
        assert 5 == len(gateway.spy().queries)

    @pytest.mark.usefixtures("many")
    async def test_purpose_without_restriction(self, gateway: Whole) -> None:
        """For collections restricted records are there."""
        await restrict(gateway, "2")
        reply = (await gateway.client("anna", "collections").get(f"{CONTACTS}?limit=3&fields=first_name")).json

        assert ["1", "2", "3"] == [one["id"] for one in reply["data"]]


class TestCursors:
    @pytest.mark.usefixtures("many")
    async def test_bound(self, gateway: Whole) -> None:
        """A cursor is good for the principal, purpose and query that it was made for, and for nothing else."""
        query = f"{CONTACTS}?limit=5&fields=first_name"
        cursor = (await gateway.client("anna").get(query)).json["cursor"]
        spent = len(gateway.spy().queries)
        flipped = ("A" if cursor[0] != "A" else "B") + cursor[1:]
        replies = [
            await gateway.client("selma").get(f"{query}&cursor={cursor}"),
            await gateway.client("anna", "complaint").get(f"{query}&cursor={cursor}"),
            await gateway.client("anna").get(f"{CONTACTS}?limit=6&fields=first_name&cursor={cursor}"),
            await gateway.client("anna").get(f"{CONTACTS}?limit=5&fields=last_name&cursor={cursor}"),
            await gateway.client("anna").get(f"{query}&sort=-id&cursor={cursor}"),
            await gateway.client("anna").get(f"/v1/crm/companies?limit=5&cursor={cursor}"),
            await gateway.client("ben").get(f"{query}&cursor={cursor}"),
            await gateway.client("anna").get(f"{query}&cursor={flipped}"),
            await gateway.client("anna").get(f"{query}&cursor=k:5"),
        ]

        assert [400] * 9 == [reply.status for reply in replies]
        assert (spent, 0) == (len(gateway.spy().queries), len(gateway.spy("bolt").queries))
        assert 200 == (await gateway.client("anna").get(f"{query}&cursor={cursor}")).status

    @pytest.mark.usefixtures("many")
    async def test_opaque(self, gateway: Whole) -> None:
        """A cursor tells nothing of the record at which the page ends, not even by its length."""
        replies = [(await gateway.client("anna").get(f"{CONTACTS}?limit={n}&fields=city")).json for n in (1, 9, 12)]

        assert 1 == len({len(reply["cursor"]) for reply in replies})
