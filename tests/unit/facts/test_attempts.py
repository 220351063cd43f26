from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from policy_gateway.errors import AttemptsExhausted
from policy_gateway.facts import Attempts, RecordPlace, VerificationFacts
from policy_gateway.query import Circumstances
from policy_gateway.testing import FakeClock, a_call, a_page, a_principal, a_record

pytestmark = pytest.mark.anyio

PLACE = RecordPlace("acme", "crm", "contact", "7")
ANNA = "user:anna"
MOST = 5


async def level(attempts: Attempts, interaction: str = "call-1", principal: str = ANNA) -> int:
    """Return how surely the person behind the record is recognized."""
    return (await attempts.levels(PLACE, ["7"], (principal, interaction))).get("7", 0)


async def recognized(attempts: Attempts, path: str, interaction: str = "call-1") -> None:
    """Recognize the person by one field."""
    await attempts.succeeded(PLACE, await attempts.begin(PLACE, ANNA, interaction, path))


class TestLimit:
    async def test_too_many(self, attempts: Attempts) -> None:
        """After five failures nobody may try again, in whatever interaction."""
        for number in range(MOST):
            assert number + 1 == await attempts.begin(PLACE, ANNA, f"call-{number}", "iban")
        with pytest.raises(AttemptsExhausted):
            await attempts.begin(PLACE, "user:selma", "another", "birthdate")

    async def test_at_the_same_time(self, attempts: Attempts) -> None:
        """Attempts made at once are counted one by one."""
        made = [attempts.begin(PLACE, ANNA, "call-1", "iban") for _ in range(MOST * 4)]
        ended = await asyncio.gather(*made, return_exceptions=True)
        assert MOST == sum(isinstance(one, int) for one in ended)
        assert MOST * 3 == sum(isinstance(one, AttemptsExhausted) for one in ended)

    async def test_forgiven(self, attempts: Attempts, clock: FakeClock) -> None:
        """An hour later one may try again."""
        for _ in range(MOST):
            await attempts.begin(PLACE, ANNA, "call-1", "iban")
        clock.advance(hours=1, seconds=1)
        assert MOST + 1 == await attempts.begin(PLACE, ANNA, "call-1", "iban")

    async def test_success_costs_nothing(self, attempts: Attempts) -> None:
        """Whoever is right does not use up the attempts of whoever comes next."""
        for _ in range(MOST * 2):
            await recognized(attempts, "iban")
        assert MOST * 2 + 1 == await attempts.begin(PLACE, ANNA, "call-1", "iban")

    async def test_other_record(self, attempts: Attempts) -> None:
        """Failures with one record say nothing of another."""
        for _ in range(MOST):
            await attempts.begin(PLACE, ANNA, "call-1", "iban")
        assert await attempts.begin(RecordPlace("acme", "crm", "contact", "8"), ANNA, "call-1", "iban") == 1


class TestLevel:
    async def test_fields(self, attempts: Attempts) -> None:
        """The level is how many different fields matched."""
        for path in ("iban", "iban", "birthdate"):
            await recognized(attempts, path)
        assert await level(attempts) == 2

    async def test_failures(self, attempts: Attempts) -> None:
        """What did not match raises nothing."""
        await attempts.begin(PLACE, ANNA, "call-1", "iban")
        assert await level(attempts) == 0

    async def test_for_whom(self, attempts: Attempts) -> None:
        """It counts for the principal and the interaction in which it happened."""
        await recognized(attempts, "iban")
        assert (1, 0, 0) == (
            await level(attempts),
            await level(attempts, interaction="call-2"),
            await level(attempts, principal="user:selma"),
        )

    async def test_for_how_long(self, attempts: Attempts, clock: FakeClock) -> None:
        """It lasts for half an hour."""
        await recognized(attempts, "iban")
        clock.advance(minutes=29)
        before = await level(attempts)
        clock.advance(minutes=2)
        assert (1, 0) == (before, await level(attempts))

    async def test_fact(self, attempts: Attempts) -> None:
        """Conditions read the level of each record."""
        await recognized(attempts, "iban")
        call = replace(a_call(), circumstances=Circumstances(interaction="call-1"))
        page = a_page(a_record("7"), a_record("8"))
        known = await VerificationFacts(attempts).about_records(a_principal(), call, page)
        assert [{"fact.verified_level": 1}, {"fact.verified_level": 0}] == [dict(one.facts) for one in known]

    async def test_outside_interactions(self, attempts: Attempts) -> None:
        """Calls that name no interaction have none in common: nobody is recognized in the next by the last one."""
        await recognized(attempts, "iban", interaction="")
        known = await VerificationFacts(attempts).about_records(a_principal(), a_call(), a_page(a_record("7")))
        assert [{"fact.verified_level": 0}] == [dict(one.facts) for one in known]


class TestForgetting:
    async def test_forget(self, attempts: Attempts, clock: FakeClock) -> None:
        """Attempts are not kept for longer than they are needed."""
        await recognized(attempts, "iban")
        clock.advance(days=2)
        assert await attempts.forget(clock()) == 1
        assert await attempts.begin(PLACE, ANNA, "call-1", "iban") == 1
