from __future__ import annotations

import pytest

from policy_gateway.testing.entrances import Reply
from policy_gateway.testing.gateways import Whole
from policy_gateway_memory import MemoryCrm

pytestmark = pytest.mark.anyio

HELD = "DE02120300000000202051"


async def said(gateway: Whole, value: str, record: str = "7", field: str = "iban") -> Reply:
    """Have Anna ask whether a contact's field holds *value*."""
    return await gateway.client("anna").send(
        "POST", f"/v1/crm/contacts/{record}/verify", {"field": field, "value": value}
    )


@pytest.fixture
def held(crm: MemoryCrm) -> str:
    """Return what the account of contact 20 is; that of contact 21 is blank."""
    for record, iban in (("20", HELD), ("21", " ")):
        crm.add("contact", id=record, first_name="Lena", team="berlin", iban=iban)
    return HELD


async def test_recognized(gateway: Whole, held: str) -> None:
    """The value is recognized however it is spaced and capitalized, and nothing of it is answered."""
    right, wrong = await said(gateway, "de02 1203 0000 0000 2020 51", "20"), await said(gateway, "DE02", "20")

    assert (True, False) == (right.json["match"], wrong.json["match"])
    assert held.encode() not in right.body + wrong.body


async def test_blank(gateway: Whole, held: str) -> None:
    """Nobody is recognized by saying nothing, whatever the CRM holds."""
    assert held
    assert [False, False] == [(await said(gateway, blank, "21")).json["match"] for blank in (" ", "\u00a0\t")]


async def test_exhausted(gateway: Whole, held: str) -> None:
    """After five wrong values the right one is not compared any more, and each attempt is an entry."""
    replies = [await said(gateway, value, "20") for value in (*("DE1", "DE2", "DE3", "DE4", "DE5"), held)]

    assert [200] * 5 + [429] == [reply.status for reply in replies]
    assert ["verify"] * 6 == [entry["action"] for entry in await gateway.entries()]


async def test_seen_by_auditors(gateway: Whole, held: str) -> None:
    """An auditor sees which field was compared and whether it matched, and never with what."""
    for value in (held, "DE1"):
        await said(gateway, value, "20")
    page = await gateway.client("audrey", purpose="audit").get("/v1/gateway/entries?limit=2")

    told = [{path: record["fields"][path] for path in ("searched", "outcome")} for record in page.json["data"]]
    assert [{"searched": ["iban"], "outcome": outcome} for outcome in ("no-match", "match")] == told
    assert held.encode() not in page.body


async def test_same_refusal(gateway: Whole, held: str) -> None:
    """A field that is hidden and one that does not exist are refused in the same bytes."""
    replies = [await said(gateway, held, "20", field) for field in ("credit_score", "nothing")]

    assert [403, 403] == [reply.status for reply in replies]
    assert 1 == len({reply.body.replace(reply.json["correlation_id"].encode(), b"") for reply in replies})
