from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.rehearsal.conftest import AGENT, SUPERVISOR, asked, only

from policy_gateway.rehearsing import Kind, Outcome

if TYPE_CHECKING:
    from tests.rehearsal.conftest import Play, Theater

pytestmark = pytest.mark.anyio

DATA = "/services/data/v59.0"
CRM = "/crm/v3/objects/contacts"
CONTACT, OTHER = "003xx000004TmiQAAS", "003000000000001AAA"
IBANS = "SELECT Id, Name, Phone, IBAN__c FROM Contact WHERE IBAN__c LIKE 'DE%'"


class TestSalesforce:
    async def test_answered(self, play: Play) -> None:
        """What policy permits is answered in full, by one call to the CRM."""
        item = only(await play("salesforce", [asked("GET", f"{DATA}/query", "q=SELECT+Id,+Email+FROM+Contact")]))

        assert (Outcome.FULL, Kind.READ, 200) == (item.verdict.outcome, item.verdict.kind, item.verdict.status)
        assert (1, 0, 0) == (item.verdict.count.reads, item.verdict.count.writes, item.verdict.count.checks)
        assert () == item.verdict.effects

    async def test_refused(self, play: Play) -> None:
        """A filter on a hidden field is refused by the vendor's code, and the field is named; the CRM is not asked."""
        item = only(await play("salesforce", [asked("GET", f"{DATA}/query", f"q={IBANS}")]))

        assert (Outcome.REFUSED, 400, "INVALID_FIELD") == (item.verdict.outcome, item.verdict.status, item.verdict.code)
        assert [("IBAN__c", "refused")] == [(effect.field, effect.how) for effect in item.verdict.effects]
        assert 0 == item.verdict.count.all

    async def test_unknown_refused_alike(self, play: Play) -> None:
        """A field that does not exist is refused exactly as a hidden one."""
        hidden = only(await play("salesforce", [asked("GET", f"{DATA}/query", f"q={IBANS}")]))
        unknown = only(await play("salesforce", [asked("GET", f"{DATA}/query", f"q={IBANS.replace('IBAN', 'NONE')}")]))

        assert [("IBAN__c", "NONE__c")] == [
            (one.field, other.field) for one, other in zip(hidden.verdict.effects, unknown.verdict.effects, strict=True)
        ]
        assert hidden.verdict.code == unknown.verdict.code

    async def test_masked(self, play: Play) -> None:
        """A field that is masked at best is named with its level and the rule that says so."""
        item = only(await play("salesforce", [asked("GET", f"{DATA}/query", "q=SELECT+Birthdate+FROM+Contact")]))

        assert Outcome.NARROWED is item.verdict.outcome
        assert [("Birthdate", "year", ("GRP-17",))] == [
            (effect.field, effect.how, effect.rules) for effect in item.verdict.effects
        ]

    async def test_record(self, play: Play) -> None:
        """Whoever asks for a whole record learns which fields would not be in it any more."""
        lines = [asked("GET", f"{DATA}/sobjects/Contact/003xx000004TmiQAAS")]
        item = only(await play("salesforce", lines))

        assert Outcome.NARROWED is item.verdict.outcome
        assert ("IBAN__c", "hidden") in {(effect.field, effect.how) for effect in item.verdict.effects}
        assert f"{DATA}/sobjects/Contact/{{id}}" == item.shape.path

    async def test_described(self, play: Play) -> None:
        """Of a description it is told which fields it leaves out."""
        item = only(await play("salesforce", [asked("GET", f"{DATA}/sobjects/Contact/describe")]))

        assert (Outcome.NARROWED, Kind.OWN) == (item.verdict.outcome, item.verdict.kind)
        assert "Credit_Score__c" in {effect.field for effect in item.verdict.effects}

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", f"{DATA}/tooling/query"),
            ("GET", "/services/apexrest/foo"),
            ("GET", f"{DATA}/analytics/reports"),
            ("GET", "/gw/services/data/v59.0/query"),
            ("GET", f"{DATA}/query?q=SELECT+Id+FROM+Organization"),
        ],
    )
    async def test_not_served(self, play: Play, method: str, path: str) -> None:
        """Endpoints and objects that the gateway does not serve are told apart from what policy refuses."""
        item = only(await play("salesforce", [asked(method, path)]))

        assert Outcome.UNSERVED is item.verdict.outcome

    async def test_writes(self, play: Play) -> None:
        """A change costs what is read to decide it, the change, and what is read to show its outcome."""
        body = {"LastName": "Vogt"}
        report = await play("salesforce", [asked("POST", f"{DATA}/sobjects/Contact", body=body)], SUPERVISOR)
        verdict = only(report).verdict

        assert (Outcome.FULL, Kind.WRITE, 201) == (verdict.outcome, verdict.kind, verdict.status)
        assert 1 == verdict.count.writes
        assert verdict.count.all == report.cost(Kind.WRITE).calls

    @pytest.mark.parametrize(
        ("dialect", "method", "path", "body", "calls"),
        [
            ("hubspot", "POST", f"{CRM}", {"properties": {"lastname": "Vogt"}}, 1),
            ("hubspot", "PATCH", f"{CRM}/101", {"properties": {"lastname": "Vogt"}}, 2),
            ("hubspot", "DELETE", f"{CRM}/101", "", 2),
            ("salesforce", "POST", f"{DATA}/sobjects/Contact", {"LastName": "Vogt"}, 1),
            ("salesforce", "PATCH", f"{DATA}/sobjects/Contact/{CONTACT}", {"LastName": "Vogt"}, 2),
            ("salesforce", "DELETE", f"{DATA}/sobjects/Contact/{CONTACT}", "", 2),
        ],
    )
    async def test_writes_within_budget(
        self, play: Play, dialect: str, method: str, path: str, body: object, calls: int
    ) -> None:
        """A change takes two calls: what decides is read, and it is made; its outcome is told without another one."""
        report = await play(dialect, [asked(method, path, body=body)], SUPERVISOR)
        cost = report.cost(Kind.WRITE)

        assert (1, calls, True) == (cost.operations, cost.calls, cost.within(Kind.WRITE))

    async def test_many_written(self, play: Play) -> None:
        """A request that writes several records is as many writes: they are read together, and written one by one."""
        records = [{"attributes": {"type": "Contact"}, "Id": each, "LastName": "V"} for each in (CONTACT, OTHER)]
        line = asked("PATCH", f"{DATA}/composite/sobjects", body={"allOrNone": False, "records": records})
        cost = (await play("salesforce", [line], SUPERVISOR)).cost(Kind.WRITE)

        assert (1, 2, 3, 1.5) == (cost.requests, cost.operations, cost.calls, cost.each)

    async def test_long_answer(self, play: Play) -> None:
        """The size of an answer that goes on takes one call more, once."""
        query = asked("GET", f"{DATA}/query", "q=SELECT+Id%2C+Email+FROM+Contact")
        more = asked("GET", f"{DATA}/query/01gxx0000000001AAA-2000")
        cost = (await play("salesforce", [query, more], SUPERVISOR)).cost(Kind.READ)

        assert (2, 3) == (cost.requests, cost.calls)

    async def test_write_refused(self, play: Play) -> None:
        """A write that policy refuses is refused whole, its fields named, and nothing is written."""
        item = only(await play("salesforce", [asked("POST", f"{DATA}/sobjects/Contact", body={"LastName": "Vogt"})]))

        assert (Outcome.REFUSED, "INVALID_FIELD_FOR_INSERT_UPDATE") == (item.verdict.outcome, item.verdict.code)
        assert ["LastName"] == [effect.field for effect in item.verdict.effects]
        assert 0 == item.verdict.count.writes

    async def test_logins(self, play: Play) -> None:
        """Logins are answered by the gateway itself, with whatever credentials they were captured."""
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        login = {
            **asked("POST", "/services/oauth2/token", body="grant_type=password&username=u&password=p"),
            "headers": form,
        }
        item = only(await play("salesforce", [login]))

        assert (Outcome.FULL, Kind.OWN, 200) == (item.verdict.outcome, item.verdict.kind, item.verdict.status)
        assert 0 == item.verdict.count.all

    async def test_paged(self, play: Play) -> None:
        """A client that went on where a list ended goes on in the rehearsal, by the locator that it is given there."""
        lines = [
            asked("GET", f"{DATA}/query", "q=SELECT+Id+FROM+Contact"),
            asked("GET", f"{DATA}/query/01gxx0000000001AAA-2000"),
        ]
        report = await play("salesforce", lines)

        assert [Outcome.FULL, Outcome.FULL] == [item.verdict.outcome for item in report.items]
        assert all(item.verdict.count.reads for item in report.items)

    async def test_out_of_the_blue(self, play: Play) -> None:
        """Of a request that repeats an answer that was never given nobody can tell anything, and the report says so."""
        report = await play("salesforce", [asked("GET", f"{DATA}/query/01gxx0000000001AAA-2000")])

        assert Outcome.UNKNOWN is only(report).verdict.outcome
        assert (False, False) == (report.findings, report.conclusive)

    async def test_bulk_job(self, play: Play) -> None:
        """A bulk job is followed by the ids that the gateway gives it."""
        job = f"{DATA}/jobs/ingest/750xx0000000001AAA"
        csv = {"User-Agent": "probe/1.0", "Content-Type": "text/csv"}
        lines = [
            asked("POST", f"{DATA}/jobs/ingest", body={"object": "Contact", "operation": "insert"}),
            {"method": "PUT", "path": f"{job}/batches", "query": "", "headers": csv, "body": "LastName\nVogt\n"},
            asked("PATCH", job, body={"state": "UploadComplete"}),
            asked("GET", job),
        ]
        report = await play("salesforce", lines, SUPERVISOR)

        assert {Outcome.FULL} == {item.verdict.outcome for item in report.items}
        assert 1 == sum(item.verdict.count.writes for item in report.items)


class TestHubSpot:
    async def test_answered(self, play: Play) -> None:
        """What policy permits is answered in full, by one call to the CRM."""
        lines = [asked("GET", "/crm/v3/objects/contacts", "limit=10&properties=email,firstname")]
        verdict = only(await play("hubspot", lines)).verdict

        assert (Outcome.FULL, Kind.READ, 1) == (verdict.outcome, verdict.kind, verdict.count.all)

    async def test_narrowed(self, play: Play) -> None:
        """Properties that policy hides are silently left out, as HubSpot does with unknown ones; the report tells."""
        verdict = only(
            await play("hubspot", [asked("GET", "/crm/v3/objects/contacts", "properties=email,iban")])
        ).verdict

        assert Outcome.NARROWED is verdict.outcome
        assert [("iban", "withheld")] == [(effect.field, effect.how) for effect in verdict.effects]

    async def test_search_refused(self, play: Play) -> None:
        """A search by a hidden property is refused, in HubSpot's category."""
        filters = [{"filters": [{"propertyName": "iban", "operator": "EQ", "value": "DE02"}]}]
        lines = [asked("POST", "/crm/v3/objects/contacts/search", body={"filterGroups": filters, "limit": 5})]
        verdict = only(await play("hubspot", lines)).verdict

        assert (Outcome.REFUSED, 400, "VALIDATION_ERROR") == (verdict.outcome, verdict.status, verdict.code)
        assert [("iban", "refused")] == [(effect.field, effect.how) for effect in verdict.effects]

    async def test_not_served(self, play: Play) -> None:
        """What the gateway does not model is not served."""
        report = await play(
            "hubspot", [asked("GET", "/automation/v4/flows"), asked("GET", "/engagements/v1/engagements/1")]
        )

        assert 2 == report.tally()[Outcome.UNSERVED]

    async def test_next_page(self, play: Play) -> None:
        """A client that went on with `after` goes on with the cursor that it is given in the rehearsal."""
        lines = [
            asked("GET", "/crm/v3/objects/contacts", "limit=100"),
            asked("GET", "/crm/v3/objects/contacts", "limit=100&after=102"),
        ]
        report = await play("hubspot", lines)

        assert [Outcome.FULL, Outcome.FULL] == [item.verdict.outcome for item in report.items]

    async def test_batch(self, play: Play) -> None:
        """A batch is one request of as many operations as it has inputs."""
        inputs = [{"id": str(number)} for number in range(1, 6)]
        lines = [asked("POST", "/crm/v3/objects/contacts/batch/read", body={"inputs": inputs, "properties": ["email"]})]
        cost = (await play("hubspot", lines)).cost(Kind.READ)

        assert (1, 5) == (cost.requests, cost.operations)
        assert cost.calls == cost.each
        assert cost.calls >= 1


class TestReport:
    async def test_together(self, play: Play) -> None:
        """Requests of the same shape and fate are one line, whatever values they had."""
        lines = [asked("GET", f"/crm/v3/objects/contacts/{number}", "properties=email") for number in (101, 102, 103)]
        item = only(await play("hubspot", lines))

        assert (3, "/crm/v3/objects/contacts/{id}") == (item.times, item.shape.path)

    async def test_by_client(self, play: Play) -> None:
        """Clients are told apart by the product that they name, without its version."""
        lines = [
            asked("GET", "/crm/v3/objects/contacts", agent=agent)
            for agent in ("python-requests/2.34", "python-requests/2.1", "Jobs (mailto:jane.canary@example.com)")
        ]
        report = await play("hubspot", lines)

        assert ("Jobs", "python-requests") == report.clients

    async def test_refused_before(self, play: Play) -> None:
        """What the CRM itself had refused is no finding."""
        line = {**asked("GET", "/automation/v4/flows"), "status": 403}
        report = await play("hubspot", [line])

        assert (1, 1) == (only(report).times, only(report).refused_before)
        assert (False, True) == (report.findings, report.conclusive)

    async def test_other_roles(self, play: Play) -> None:
        """The same request is refused to one role and answered to another."""
        line = asked("PATCH", "/crm/v3/objects/contacts/101", body={"properties": {"firstname": "Ida"}})
        outcomes = [only(await play("hubspot", [line], names)).verdict.outcome for names in (AGENT, SUPERVISOR)]

        assert [Outcome.REFUSED, Outcome.FULL] == outcomes

    async def test_depends(self, play: Play) -> None:
        """What depends on the record is told by the attributes that decide."""
        verdict = only(await play("hubspot", [asked("GET", "/crm/v3/objects/contacts", "properties=notes")])).verdict

        assert {"team", "fact.restricted"} <= set(verdict.depends) | {"team"}
        assert "fact.restricted" in verdict.depends

    async def test_no_trace(self, play: Play, theater: Theater) -> None:
        """Nothing is left behind where the gateway is: no journal, no database."""
        await play("hubspot", [asked("GET", "/crm/v3/objects/contacts")])
        left = list(theater.folder.iterdir())

        assert [] == left
