from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace

import pytest

from policy_gateway.errors import UpstreamRefused, UpstreamTimeout, UpstreamUnavailable
from policy_gateway.model.field import RecordId, Value
from policy_gateway.query import Change
from policy_gateway.records import Outcome, Record, nothing
from policy_gateway.testing.gateways import Whole
from policy_gateway_memory import MemoryCrm

pytestmark = pytest.mark.anyio

LENA, CONTACTS = "/v1/crm/contacts/7", "/v1/crm/contacts"
ANY = ("if-match", "*")
NEW = {"phone": "+49 30 23125099"}


def key(name: str) -> tuple[str, str]:
    """Return the header line of an idempotency key."""
    return ("idempotency-key", name)


class TestUpdate:
    async def test_done(self, gateway: Whole, crm: MemoryCrm) -> None:
        """A permitted change is made and answered with the record as it is then; both entries name rules and fields."""
        reply = await gateway.client("anna").send("PATCH", LENA, NEW, ANY)
        entries = await gateway.entries()

        assert (200, "+49 30 23125099", ["log"]) == (
            reply.status,
            reply.json["fields"]["phone"],
            reply.json["obligations"],
        )
        assert "+49 30 23125099" == crm._rows["contact"]["7"]["phone"]
        assert [("decision", ["phone"], ""), ("outcome", [], "done")] == [
            (entry["kind"], entry["written"], entry["outcome"]) for entry in entries
        ]
        assert all("ACME-7" in entry["rules"] and ["log"] == entry["obligations"] for entry in entries)

    async def test_refused_whole(self, gateway: Whole) -> None:
        """A change of which one part is not permitted is refused whole, naming only fields that the caller knows."""
        named = await gateway.client("anna").send("PATCH", LENA, {**NEW, "first_name": "X"}, ANY)
        secret = await gateway.client("anna").send("PATCH", LENA, {**NEW, "credit_score": 1}, ANY)

        assert [(403, "/first_name")] == [(named.status, named.json["errors"][0]["pointer"])]
        assert (403, False) == (secret.status, "errors" in secret.json)
        assert ([], []) == (gateway.spy().queries, gateway.spy().changes)

    async def test_nothing_seen_nothing_changed(self, gateway: Whole) -> None:
        """A record that the caller cannot see cannot be changed, whether it is there or not."""
        replies = [await gateway.client("arno").send("PATCH", f"{CONTACTS}/{one}", NEW, ANY) for one in ("99", "12345")]

        assert [404, 404] == [reply.status for reply in replies]
        assert [] == gateway.spy().changes

    @pytest.mark.parametrize(
        ("path", "masked"),
        [("phone", "+49 ••• 01"), ("email", "l•••@•••.com"), ("phone", "[•••]"), ("email", "tok_ABCDEFGHIJKLMNOP")],
    )
    async def test_mask_echo(self, gateway: Whole, path: str, masked: str) -> None:
        """What a mask made never overwrites the value behind it."""
        reply = await gateway.client("ben").send("PATCH", LENA, {path: masked}, ANY)

        assert (400, f"/{path}", []) == (
            reply.status,
            reply.json["errors"][0]["pointer"],
            gateway.spy("bolt").changes,
        )

    async def test_wrong_type(self, gateway: Whole) -> None:
        """A value of another type than the field's is refused without a word about what is there."""
        reply = await gateway.client("selma").send("PATCH", LENA, {"birthdate": "the other day"}, ANY)

        assert (400, "invalid-call") == (reply.status, reply.json["code"])


class Telling:
    """Makes the CRM tell with its answer to a change what its record is like then, *beyond* and *without* some paths.

    *key* is whose record it says it is.
    """

    def __init__(
        self, crm: MemoryCrm, without: str = "", beyond: Mapping[str, Value] = nothing(), key: str = "7"
    ) -> None:
        self._crm = crm
        self._without = without
        self._beyond = beyond
        self._key = key

    def __call__(self, change: Change, outcome: Outcome) -> Outcome:
        """Return *outcome* with the record."""
        row = {**self._crm._rows["contact"]["7"], "id": self._key}
        values = {path: row.get(path) for path in change.select if path != self._without}
        return replace(outcome, record=Record(RecordId(self._key), {**values, **self._beyond}))


class TestTold:
    """What the CRM tells with its answer to a change is let out as if it had been read, and nothing else is."""

    async def test_enough(self, gateway: Whole, crm: MemoryCrm) -> None:
        """If the CRM's answer has everything that is shown and that decides, the record is not read again."""
        anna, spy = gateway.client("anna"), gateway.spy()
        spy.written = Telling(crm)
        reply = await anna.send("PATCH", LENA, NEW, ANY)
        asked = len(spy.queries)
        read = await anna.get(LENA)

        assert (200, 1, 1) == (reply.status, asked, len(spy.changes))
        assert {path: read.json["fields"][path] for path in ("phone", "city", "notes")} == {
            path: reply.json["fields"][path] for path in ("phone", "city", "notes")
        }
        assert reply.json["withheld"] == read.json["withheld"]

    @pytest.mark.parametrize("missing", ["team", "phone"])
    async def test_not_enough(self, gateway: Whole, crm: MemoryCrm, missing: str) -> None:
        """If anything is missing that is shown or that decides, the record is read, as it always was."""
        spy = gateway.spy()
        spy.written = Telling(crm, without=missing)
        reply = await gateway.client("anna").send("PATCH", LENA, NEW, ANY)

        assert (200, NEW["phone"], 2) == (reply.status, reply.json["fields"]["phone"], len(spy.queries))

    async def test_too_much(self, gateway: Whole, crm: MemoryCrm) -> None:
        """What the CRM tells beyond that goes nowhere."""
        gateway.spy().written = Telling(crm, beyond={"credit_score": 731, "secret": "731"})
        reply = await gateway.client("anna").send("PATCH", LENA, NEW, ANY)

        assert (200, False) == (reply.status, b"731" in reply.body)

    async def test_decided_anew(self, gateway: Whole, crm: MemoryCrm) -> None:
        """What is shown is decided on the record as it is then: of a team that is not the caller's any more, less."""
        spy = gateway.spy()
        shown = []
        for team in ("berlin", "hamburg"):
            spy.written = Telling(crm, beyond={"team": team})
            shown.append((await gateway.client("anna").send("PATCH", LENA, NEW, ANY)).json["fields"].keys())

        assert 2 == len(spy.queries)
        assert shown[1] < shown[0]

    async def test_of_another(self, gateway: Whole, crm: MemoryCrm) -> None:
        """A CRM that tells of another record than it was to change is not believed; nobody knows what it has done."""
        gateway.spy().written = Telling(crm, key="8")
        reply = await gateway.client("anna").send("PATCH", LENA, NEW, ANY)

        assert (502, "unknown") == (reply.status, (await gateway.entries())[1]["outcome"])

    async def test_asked_for(self, gateway: Whole) -> None:
        """An adapter learns what is wanted of the record then, and that it was there; of a deleted one, nothing is."""
        await gateway.client("anna").send("PATCH", LENA, NEW, ANY)
        await gateway.client("selma").send("DELETE", LENA, b"", ANY)
        updated, deleted = gateway.spy().changes

        assert ({"id", "phone", "team"} <= {*updated.select}, True) == (True, updated.seen)
        assert ((), True) == (deleted.select, deleted.seen)
        assert "credit_score" not in updated.select


class TestState:
    async def test_needed(self, gateway: Whole) -> None:
        """A change without the state that it is based on is refused."""
        reply = await gateway.client("anna").send("PATCH", LENA, NEW)

        assert (428, []) == (reply.status, gateway.spy().changes)

    @pytest.mark.parametrize("target", [LENA, f"{LENA}?fields=phone,notes", f"{LENA}?include=gdpr"])
    async def test_based_on_what_was_seen(self, gateway: Whole, target: str) -> None:
        """The tag of any view of the record is a state that a change can be based on, once."""
        anna = gateway.client("anna")
        tag = (await anna.get(target)).headers["etag"]
        replies = [await anna.send("PATCH", LENA, {"phone": f"+49 30 2312500{n}"}, ("if-match", tag)) for n in (2, 3)]

        assert [200, 412] == [reply.status for reply in replies]

    async def test_of_others(self, gateway: Whole) -> None:
        """Another principal's tag is no state that was seen."""
        tag = (await gateway.client("arno").get(LENA)).headers["etag"]
        reply = await gateway.client("anna").send("PATCH", LENA, NEW, ("if-match", tag))

        assert (412, []) == (reply.status, gateway.spy().changes)

    async def test_hidden_change(self, gateway: Whole, crm: MemoryCrm) -> None:
        """A change of what the caller cannot see does not get in the way, and does not show."""
        anna = gateway.client("anna")
        tag = (await anna.get(f"{LENA}?fields=phone")).headers["etag"]
        crm._rows["contact"]["7"]["iban"] = "DE00"
        crm._rows["contact"]["7"]["birthdate"] = "1980-12-31"

        assert 200 == (await anna.send("PATCH", LENA, NEW, ("if-match", tag))).status

    async def test_lost_update(self, gateway: Whole, crm: MemoryCrm) -> None:
        """A record that changes between reading and writing is not overwritten."""
        anna, spy = gateway.client("anna"), gateway.spy()
        tag = (await anna.get(LENA)).headers["etag"]

        async def meanwhile() -> None:
            if spy.changes:
                crm._rows["contact"]["7"]["phone"] = "+49 30 0"

        spy.before = meanwhile
        reply = await anna.send("PATCH", LENA, NEW, ("if-match", tag))

        assert (412, "+49 30 0") == (reply.status, crm._rows["contact"]["7"]["phone"])
        assert ["", "refused"] == [entry["outcome"] for entry in (await gateway.entries())[1:]]


class TestCreateAndDelete:
    async def test_create(self, gateway: Whole, crm: MemoryCrm) -> None:
        """A supervisor creates a record, and is told where it is."""
        reply = await gateway.client("selma").send("POST", CONTACTS, {"first_name": "Uwe", "email": "uwe@example.org"})

        assert (201, f"{CONTACTS}/{reply.json['id']}") == (reply.status, reply.headers["location"])
        assert "Uwe" == crm._rows["contact"][reply.json["id"]]["first_name"]

    async def test_create_unseen(self, gateway: Whole, crm: MemoryCrm) -> None:
        """Whoever may not create, or not set one of the fields, creates nothing."""
        replies = [
            await gateway.client("anna").send("POST", CONTACTS, {"first_name": "Uwe"}),
            await gateway.client("selma").send("POST", CONTACTS, {"first_name": "Uwe", "iban": "DE1"}),
            await gateway.client("mara", "marketing").send("POST", CONTACTS, {"first_name": "Uwe"}),
        ]

        assert [403, 403, 403] == [reply.status for reply in replies]
        assert {"7", "8"} == set(crm._rows["contact"])

    async def test_delete(self, gateway: Whole, crm: MemoryCrm) -> None:
        """A supervisor deletes a record, an agent does not."""
        replies = [await gateway.client(who).send("DELETE", LENA, b"", ANY) for who in ("anna", "selma", "selma")]

        assert [403, 204, 404] == [reply.status for reply in replies]
        assert {"8"} == set(crm._rows["contact"])
        assert b"" == replies[1].body


class TestAtMostOnce:
    async def test_replay(self, gateway: Whole) -> None:
        """The repetition of an applied change is answered with the record, and changes nothing; all entries tell."""
        anna = gateway.client("anna")
        tag = (await anna.get(LENA)).headers["etag"]
        replies = [await anna.send("PATCH", LENA, NEW, ("if-match", tag), key("a")) for _ in range(3)]

        assert [200] * 3 == [reply.status for reply in replies]
        assert 1 == len({reply.body for reply in replies})
        assert [None, "true", "true"] == [reply.headers.get("idempotency-replayed") for reply in replies]
        assert 1 == len(gateway.spy().changes)
        assert ["", "", "done", "replayed", "replayed"] == [entry["outcome"] for entry in await gateway.entries()]

    async def test_replayed_delete(self, gateway: Whole) -> None:
        """The repetition of a deletion is answered as the deletion was."""
        replies = [await gateway.client("selma").send("DELETE", LENA, b"", ANY, key("d")) for _ in range(2)]

        assert [204, 204] == [reply.status for reply in replies]
        assert 1 == len(gateway.spy().changes)

    async def test_replayed_create(self, gateway: Whole, crm: MemoryCrm) -> None:
        """The repetition of a creation names the record that was created."""
        selma = gateway.client("selma")
        replies = [await selma.send("POST", CONTACTS, {"first_name": "Uwe"}, key("c")) for _ in range(2)]

        assert replies[0].json["id"] == replies[1].json["id"]
        assert 3 == len(crm._rows["contact"])

    async def test_another_change(self, gateway: Whole) -> None:
        """A key stands for one change of one principal."""
        anna, selma = gateway.client("anna"), gateway.client("selma")
        replies = [
            await anna.send("PATCH", LENA, NEW, ANY, key("k")),
            await anna.send("PATCH", LENA, {"phone": "+49 30 1"}, ANY, key("k")),
            await anna.send("PATCH", f"{CONTACTS}/8", NEW, ANY, key("k")),
            await selma.send("PATCH", LENA, {"phone": "+49 30 23125098"}, ANY, key("k")),
        ]

        assert [200, 409, 409, 200] == [reply.status for reply in replies]

    async def test_outcome_unknown(self, gateway: Whole) -> None:
        """A change of which nobody knows whether it was applied is not made again; the entry says so."""
        anna, spy = gateway.client("anna"), gateway.spy()

        async def silent() -> None:
            if spy.changes:
                raise UpstreamTimeout

        spy.before = silent
        replies = [await anna.send("PATCH", LENA, NEW, ANY, key("u")) for _ in range(2)]

        assert [504, 409] == [reply.status for reply in replies]
        assert 1 == len(spy.changes)
        assert "unknown" == (await gateway.entries())[1]["outcome"]

    @pytest.mark.parametrize(
        ("error", "status", "outcome"),
        [(UpstreamUnavailable(unsent=True), 503, "failed"), (UpstreamRefused(), 502, "refused")],
    )
    async def test_surely_not_applied(self, gateway: Whole, error: Exception, status: int, outcome: str) -> None:
        """A change that was surely not applied leaves its key free."""
        anna, spy = gateway.client("anna"), gateway.spy()

        async def failing() -> None:
            if spy.changes:
                raise error

        spy.before = failing
        refused = await anna.send("PATCH", LENA, NEW, ANY, key("s"))
        told = (await gateway.entries())[1]["outcome"]
        spy.before = None

        assert (status, outcome) == (refused.status, told)
        assert 200 == (await anna.send("PATCH", LENA, NEW, ANY, key("s"))).status

    async def test_at_once(self, gateway: Whole) -> None:
        """Of the same change sent many times at once one is applied."""
        anna = gateway.client("anna")
        sent = (anna.send("PATCH", LENA, NEW, ANY, key("m")) for _ in range(12))
        replies = await asyncio.gather(*sent)

        assert 1 == len(gateway.spy().changes)
        assert {200, 409} >= {reply.status for reply in replies}

    async def test_gone_meanwhile(self, gateway: Whole) -> None:
        """A caller who goes away while the CRM is at work leaves an entry that says that the outcome is not known."""
        spy, arrived = gateway.spy(), asyncio.Event()

        async def slow() -> None:
            if spy.changes:
                arrived.set()
                await asyncio.sleep(30)

        spy.before = slow
        call = asyncio.create_task(gateway.client("anna").send("PATCH", LENA, NEW, ANY))
        await arrived.wait()
        call.cancel()
        await asyncio.wait([call])

        assert [("decision", ""), ("outcome", "unknown")] == [
            (entry["kind"], entry["outcome"]) for entry in await gateway.entries()
        ]
