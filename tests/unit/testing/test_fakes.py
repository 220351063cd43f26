"""The fakes do what their ports promise."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import phonenumbers
import pytest

from policy_gateway.errors import AuditUnavailable, UpstreamTimeout, UpstreamUnavailable
from policy_gateway.model.facts import RecordFacts
from policy_gateway.records import Request, Response
from policy_gateway.testing import (
    AsgiTransport,
    CollectingJournal,
    DeterministicRandomness,
    FakeClock,
    FakeFactSource,
    Fault,
    FaultyTransport,
    a_call,
    a_page,
    a_principal,
    a_record,
    people,
)

pytestmark = pytest.mark.anyio
Message = MutableMapping[str, Any]


@pytest.fixture
def anyio_backend() -> str:
    """Run on asyncio, as the gateway does."""
    return "asyncio"


async def echo(
    scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    """Answer with what was asked, or in the way that the path says."""
    if scope["path"] == "/slow":
        await asyncio.sleep(10)
    if scope["path"] == "/broken":
        raise RuntimeError
    body = (await receive())["body"]
    told = {
        "method": scope["method"],
        "path": scope["raw_path"].decode(),
        "query": scope["query_string"].decode(),
        "key": dict(scope["headers"]).get(b"authorization", b"").decode(),
        "body": body.decode(),
        "id": 7,
    }
    await send({"type": "http.response.start", "status": 200, "headers": [(b"Content-Type", b"application/json")]})
    await send({"type": "http.response.body", "body": json.dumps(told).encode()})


def body_of(response: Response) -> dict[str, object]:
    """Return the JSON object that was answered."""
    document = json.loads(response.body)
    assert isinstance(document, dict)
    return document


class TestAsgiTransport:
    async def test_carries_everything(self) -> None:
        """Method, encoded path, query, headers and body reach the app, and its answer comes back."""
        request = Request("PUT", "/a%2Fb", (("f", "x y"), ("f", "ü")), {"Authorization": "Bearer k"}, b"{}")
        response = await AsgiTransport(echo).send(request)

        assert (200, "application/json") == (response.status, response.headers["content-type"])
        expected = {
            "method": "PUT",
            "path": "/a%2Fb",
            "query": "f=x+y&f=%C3%BC",
            "key": "Bearer k",
            "body": "{}",
            "id": 7,
        }
        assert expected == body_of(response)

    async def test_deadline(self) -> None:
        """An app that takes too long is a timeout."""
        with pytest.raises(UpstreamTimeout):
            await AsgiTransport(echo, deadline=0.01).send(Request("GET", "/slow"))

    async def test_crash(self) -> None:
        """An app that gives no answer is not available."""
        with pytest.raises(UpstreamUnavailable):
            await AsgiTransport(echo).send(Request("GET", "/broken"))


class TestFaultyTransport:
    async def test_behaves(self) -> None:
        """Without a fault it passes on what it remembers."""
        transport = FaultyTransport(AsgiTransport(echo))
        await transport.send(Request("GET", "/x"))

        assert ["/x"] == [request.path for request in transport.requests]

    @pytest.mark.parametrize(("fault", "status"), [(Fault.RATE_LIMITED, 429), (Fault.REDIRECT, 302), (Fault.HTML, 200)])
    async def test_answers_for_the_crm(self, fault: Fault, status: int) -> None:
        """Some faults answer without asking the CRM."""
        transport = FaultyTransport(AsgiTransport(echo))
        transport.misbehave(fault)

        assert status == (await transport.send(Request("GET", "/broken"))).status

    async def test_rewrites(self) -> None:
        """Others spoil what the CRM said."""
        transport = FaultyTransport(AsgiTransport(echo))
        answers = {}
        for fault in (Fault.WRONG_RECORD, Fault.WRONG_TYPE, Fault.EXTRA_FIELDS):
            transport.misbehave(fault)
            answers[fault] = body_of(await transport.send(Request("GET", "/x")))

        assert 8 == answers[Fault.WRONG_RECORD]["id"]
        assert {"unexpected": 7} == answers[Fault.WRONG_TYPE]["id"]
        assert {"id", "ID", "unexpected"} <= answers[Fault.EXTRA_FIELDS].keys()


class TestFakes:
    def test_clock(self) -> None:
        """The clock moves only when it is told to."""
        clock = FakeClock()
        before = clock()
        clock.advance(minutes=5)

        assert 300 == (clock() - before).total_seconds()
        assert before.tzinfo is not None

    def test_randomness(self) -> None:
        """Randomness has the size asked for, never repeats, and is the same in every run."""
        one, other = DeterministicRandomness(), DeterministicRandomness()

        assert [one(5), one(40)] == [other(5), other(40)]
        assert 40 == len(one(40))
        assert one(16) != one(16)

    async def test_journal(self) -> None:
        """The journal remembers, and a broken one refuses."""
        journal = CollectingJournal()
        await journal.append([b"1", b"2"])
        journal.broken = True
        with pytest.raises(AuditUnavailable):
            await journal.append([b"3"])

        assert [b"1", b"2"] == journal.entries

    async def test_fact_source(self) -> None:
        """The fact source answers for each record in the page's order, in one batch."""
        known = RecordFacts({"fact.restricted": True})
        source = FakeFactSource(call={"call.live": True}, records={"2": known})
        page = a_page(a_record("1"), a_record("2"))

        assert frozenset({"call.live", "fact.restricted"}) == source.provides
        assert {"call.live": True} == await source.about_call(a_principal(), a_call())
        assert [RecordFacts(), known] == await source.about_records(a_principal(), a_call(), page)
        assert [("1", "2")] == source.batches


class TestPeople:
    def test_same_every_time(self) -> None:
        """The same people come every time, and everyone has their own identifiers."""
        persons = list(people(1000))

        assert persons == list(people(1000))
        for attribute in ("email", "phone", "mobile", "iban", "customer_number"):
            values = [value for person in persons if (value := getattr(person, attribute))]
            assert len(values) == len(set(values))

    def test_believable(self) -> None:
        """Numbers can be dialed, IBANs have valid check digits, and mail goes to nobody."""
        for person in people(200):
            numbers = [number for number in (person.phone, person.mobile) if number]
            assert all(phonenumbers.is_valid_number(phonenumbers.parse(number)) for number in numbers)
            assert not person.iban or 1 == int(person.iban[4:] + "1314" + person.iban[2:4]) % 97
            assert not person.email or person.email.endswith("@example.com")
