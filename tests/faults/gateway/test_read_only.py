"""A database that takes nothing any more: no route answers anything, and nothing is lost when it takes it again."""

from __future__ import annotations

import asyncio
import re
import resource
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.faults.gateway.conftest import Gateway, Reply, Start

pytestmark = [pytest.mark.anyio, pytest.mark.attack("I11")]
DEADLINE = 1.0
CANARIES = re.compile(rb"Zanzibar|4710001|bjoern|fuchs|50667|DE0212|K100007|Alter Postweg|shop\.example", re.IGNORECASE)
"""Any part of a contact, or of its metadata, that those who ask may see."""

Way = Callable[["Gateway"], AbstractContextManager[None]]


@contextmanager
def locked(gateway: Gateway) -> Iterator[None]:
    """Have another process write for longer than any deadline."""
    with closing(sqlite3.connect(gateway.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def disk_full(gateway: Gateway) -> Iterator[None]:
    """Let no file of the gateway's take another byte."""
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.prlimit(gateway.pid, resource.RLIMIT_FSIZE, (0, most))
    yield
    resource.prlimit(gateway.pid, resource.RLIMIT_FSIZE, (most, most))


@contextmanager
def moved_away(gateway: Gateway) -> Iterator[None]:
    """Take the file away from its place."""
    away = gateway.take_away()
    yield
    away.rename(gateway.database)


@contextmanager
def replaced(gateway: Gateway) -> Iterator[None]:
    """Have something else in the file's place that is no database."""
    away = gateway.take_away()
    gateway.database.write_bytes(b"no database" * 1000)
    yield
    away.replace(gateway.database)


@contextmanager
def refused_by_trigger(gateway: Gateway) -> Iterator[None]:
    """Have the database itself refuse further entries."""
    _run(gateway.database, "CREATE TRIGGER no BEFORE INSERT ON audit_entries BEGIN SELECT RAISE(ABORT, 'no'); END")
    yield
    _run(gateway.database, "DROP TRIGGER no")


@contextmanager
def no_table(gateway: Gateway) -> Iterator[None]:
    """Take away the table that entries are kept in."""
    _run(gateway.database, "ALTER TABLE audit_entries RENAME TO kept")
    yield
    _run(gateway.database, "ALTER TABLE kept RENAME TO audit_entries")


def _run(file: Path, statement: str) -> None:
    with closing(sqlite3.connect(file)) as other:
        other.execute(statement)


UNREADY: Sequence[Way] = (locked, disk_full, moved_away, replaced)
"""Ways in which nothing at all can be written, which a probe finds out by itself."""


@dataclass(frozen=True)
class Asked:
    """One request: who asks what for which purpose; *headers* besides."""

    who: str
    purpose: str
    method: str
    target: str
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)


ANY_STATE = {"if_match": "*"}
TICKET = {"x_ticket": "DSR-1"}
REASON = {"x_reason": "the customer said so"}
EDITED = {"value": "A" * 64, "collection_point": "phone"}
CALLS: Mapping[str, Sequence[Asked]] = {
    "listRecords": (
        Asked("anna", "service", "GET", "/v1/crm/contacts"),
        Asked("anna", "service", "GET", "/v1/crm/companies?limit=1"),
        Asked("mara", "marketing", "GET", "/v1/crm/contacts?include=gdpr"),
        Asked("selma", "audit", "GET", "/v1/gateway/entries"),
    ),
    "createRecord": (
        Asked("selma", "service", "POST", "/v1/crm/contacts", {"first_name": "New"}),
        Asked("selma", "service", "POST", "/v1/crm/contacts", {"first_name": "New"}, {"idempotency_key": "key-1"}),
    ),
    "searchRecords": (
        Asked("anna", "service", "POST", "/v1/crm/contacts/search",
              {"filter": {"field": "customer_number", "op": "eq", "value": "K100007"}}),
    ),
    "getRecord": (
        Asked("anna", "service", "GET", "/v1/crm/contacts/7"),
        Asked("anna", "service", "GET", "/v1/crm/contacts/7?fields=phone&include=gdpr"),
        Asked("anna", "service", "HEAD", "/v1/crm/contacts/7"),
        Asked("ben", "service", "GET", "/v1/crm/contacts/7"),
        Asked("anna", "service", "GET", "/v1/crm/contacts/none"),
        Asked("selma", "audit", "GET", "/v1/gateway/entries/1"),
        Asked("dora", "administration", "GET", "/v1/gateway/standings/crm:contact:7", headers=TICKET),
    ),
    "updateRecord": (
        Asked("anna", "service", "PATCH", "/v1/crm/contacts/7", {"phone": "+49 30 23125999"}, ANY_STATE),
        Asked("dora", "administration", "PATCH", "/v1/gateway/standings/crm:contact:7", {"restricted": True},
              {**ANY_STATE, **TICKET}),
    ),
    "deleteRecord": (Asked("selma", "service", "DELETE", "/v1/crm/contacts/7", headers=ANY_STATE),),
    "verifyValue": (
        Asked("anna", "service", "POST", "/v1/crm/contacts/7/verify", {"field": "birthdate", "value": "1956-01-01"}),
    ),
    "getProvenance": (Asked("anna", "service", "GET", "/v1/crm/contacts/7/provenance"),),
    "editProvenance": (
        Asked("anna", "service", "PATCH", "/v1/crm/contacts/7/provenance", {"phone": EDITED}, REASON),
        Asked("anna", "service", "PATCH", "/v1/crm/contacts/7/provenance", {"phone": EDITED, "email": EDITED}, REASON),
    ),
    "describeResource": (Asked("anna", "service", "GET", "/v1/crm/schema/contacts"),),
    "batch": (
        Asked("anna", "service", "POST", "/v1/crm/batch",
              {"calls": [{"call": "get", "resource": "contact", "id": name} for name in ("7", "8", "9")]}),
    ),
    "lookup": (Asked("anna", "service", "POST", "/v1/lookup", {"phone": "+49 221 4710001"}),),
}  # fmt: skip
"""Requests for every operation of the API, by its id in the OpenAPI document."""

REFUSED: Sequence[Asked] = (
    Asked("anna", "service", "GET", "/v1/crm/contacts?limit=many"),
    Asked("anna", "service", "GET", "/v1/crm/contacts?fields=credit_score"),
    Asked("anna", "service", "GET", "/v1/elsewhere/contacts/7"),
    Asked("anna", "service", "GET", "/v1/crm/nothings/7"),
    Asked("anna", "marketing", "GET", "/v1/crm/contacts/7"),
    Asked("anna", "", "GET", "/v1/crm/contacts/7"),
    Asked("mara", "marketing", "DELETE", "/v1/crm/contacts/7", headers=ANY_STATE),
    Asked("anna", "service", "PATCH", "/v1/crm/contacts/7", {"phone": "+49 30 23125999"}),
    Asked("anna", "service", "POST", "/v1/crm/contacts/search", b'{"filter": '),
    Asked("anna", "service", "GET", "/v1/crm/contacts/7", headers={"authorization": "Bearer pgw_mistyped"}),
    Asked("anna", "service", "GET", "/v1/crm/contacts/7", headers={"authorization": "Basic YTpi"}),
    Asked("anna", "service", "GET", "/v1/crm/contacts/7", headers={"authorization": ""}),
)
"""What would be refused anyhow; that it was tried cannot be recorded either."""


async def said(gateway: Gateway, asked: Sequence[Asked]) -> list[tuple[Asked, Reply]]:
    """Return all requests and their answers; they are made at once."""
    calls = (gateway.ask(one.who, one.purpose, one.method, one.target, one.body, **one.headers) for one in asked)
    return list(zip(asked, await asyncio.gather(*calls), strict=True))


def told(replies: Sequence[tuple[Asked, Reply]]) -> dict[str, int]:
    """Return the statuses that are not 503, by request."""
    return {f"{one.who} {one.method} {one.target}": reply.status for one, reply in replies if reply.status != 503}


def leaked(replies: Sequence[tuple[Asked, Reply]]) -> list[bytes]:
    """Return the answers that have anything of a contact in them."""
    whole = (repr(reply.headers).encode() + reply.body for _, reply in replies)
    return [answer for answer in whole if CANARIES.search(answer)]


async def writable(gateway: Gateway) -> None:
    """Wait until the gateway has noticed that entries are taken again."""
    await gateway.ready()
    end = time.monotonic() + 10
    while (await gateway.ask("anna", "service", "GET", "/v1/crm/schema/contacts")).status != 200:
        assert time.monotonic() < end


class TestEveryRoute:
    async def test_none_forgotten(self, start: Start) -> None:
        """There is a request for each operation that the API has."""
        gateway = start()
        await gateway.ready()
        document: dict[str, Any] = (await gateway.ask("anna", "", "GET", "/openapi.json")).json
        operations = {one["operationId"] for methods in document["paths"].values() for one in methods.values()}

        assert CALLS.keys() == operations

    @pytest.mark.parametrize("way", [*UNREADY, refused_by_trigger, no_table])
    async def test_nothing_answered(self, start: Start, way: Way) -> None:
        """Every route answers 503 within the deadline, with nothing of a contact, and later as if nothing had been."""
        gateway = start(audit_seconds=DEADLINE)
        await gateway.ready()
        asked = [one for calls in CALLS.values() for one in calls]
        before = (await gateway.ask("selma", "service", "GET", "/v1/crm/contacts/7")).json["fields"]
        with way(gateway):
            began = time.monotonic()
            replies = await said(gateway, [*asked, *REFUSED])
            took = time.monotonic() - began
            again = await said(gateway, asked[:1])
            alive = await gateway.probe("/livez")
        await writable(gateway)
        after = await gateway.ask("selma", "service", "GET", "/v1/crm/contacts/7")

        assert {} == told(replies) | told(again)
        assert [] == leaked(replies)
        assert took < DEADLINE + 1.5
        assert 200 == alive
        assert (200, before) == (after.status, after.json["fields"])

    async def test_answered_before(self, start: Start) -> None:
        """The same requests are answered by a gateway whose database takes entries: it is not they that are wrong."""
        gateway = start()
        await gateway.ready()
        replies = await said(gateway, [one for calls in CALLS.values() for one in calls if one.method != "DELETE"])
        refused = await said(gateway, REFUSED)

        assert [] == [reply for _, reply in replies if reply.status >= 500]
        assert leaked(replies)
        assert [] == [reply for _, reply in refused if not 400 <= reply.status < 500]
        assert [] == leaked(refused)


class TestProbes:
    @pytest.mark.parametrize("way", UNREADY)
    async def test_not_ready(self, start: Start, way: Way) -> None:
        """Load balancers learn that nothing can be written; the process is not to be ended for it."""
        gateway = start(audit_seconds=DEADLINE)
        await gateway.ready()
        with way(gateway):
            probes = [await gateway.probe(path) for path in ("/readyz", "/livez", "/startupz")]
        await gateway.ready()

        assert [503, 200, 200] == probes


class TestJournal:
    async def test_no_gap(self, start: Start) -> None:
        """Whatever kept entries away, the numbers of those that are kept have no gap."""
        gateway = start(audit_seconds=0.3)
        await gateway.ready()
        for way in (locked, disk_full, moved_away):
            with way(gateway):
                await said(gateway, CALLS["getRecord"])
            await writable(gateway)
            assert 200 == (await gateway.ask("anna", "service", "GET", "/v1/crm/contacts/7")).status
        with closing(sqlite3.connect(gateway.database)) as other:
            rows = other.execute("SELECT tenant, seq FROM audit_entries ORDER BY tenant, seq").fetchall()
        numbers = {tenant: [seq for own, seq in rows if own == tenant] for tenant, _ in rows}

        assert {tenant: list(range(1, len(own) + 1)) for tenant, own in numbers.items()} == numbers
