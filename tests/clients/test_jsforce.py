from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from policy_gateway_salesforce.sandbox import Fault, FaultKind, Sandbox

if TYPE_CHECKING:
    from tests.clients.conftest import Node, Place, Told


HIDDEN = {"IBAN__c", "Credit_Score__c"}


@pytest.fixture(scope="class")
def told(node: Node, to_salesforce: Place, request: pytest.FixtureRequest) -> Told:
    """Return what came of the steps that a class is about."""
    return node.steps("jsforce.mjs", to_salesforce, request.cls.__name__.removeprefix("Test").lower())


def contact(sandbox: Sandbox, place: Place) -> dict[str, object]:
    """Return the contact that the script looks at, as the org keeps it."""
    return dict(sandbox.org.tables["Contact"].rows[place.more["CONTACT"]])


class TestLogins:
    @pytest.mark.parametrize("step", ["soapLogin", "passwordLogin"])
    def test_logged_in(self, told: Told, to_salesforce: Place, step: str) -> None:
        """A user logs in by SOAP and by OAuth, and goes on where the login says."""
        login = told.value(step)

        assert to_salesforce.url == login["instance"]
        assert login["user"]["url"].startswith(f"{to_salesforce.url}/id/")
        assert login["contact"].startswith("003")

    @pytest.mark.parametrize("step", ["clientCredentials", "code", "refreshed"])
    def test_authorized(self, told: Told, step: str) -> None:
        """An app gets in for itself, by a code, and again when its session has ended."""
        assert told.value(step).startswith("003")

    def test_assertion(self, told: Told, way: str) -> None:
        """An app gets in by an assertion; the gateway knows no key to check one with."""
        if way == "direct":
            assert told.value("jwt").startswith("003")
        else:
            assert "unsupported_grant_type" == told.error("jwt")["name"]

    def test_refused(self, told: Told) -> None:
        """A wrong password and a wrong token are the client's own errors."""
        assert "INVALID_LOGIN" in told.error("wrongPassword")["message"]
        assert "INVALID_SESSION_ID" == told.error("wrongToken")["errorCode"]


class TestReading:
    def test_queries(self, told: Told) -> None:
        """A query reaches the parents of its records, counts and groups."""
        found, grouped = told.value("query")["records"], told.value("grouped")["records"]

        assert 3 == len([each for each in found if {"Id", "Email", "Account"} <= set(each)])
        assert (1000, 1000) == (told.value("counted")["totalSize"], sum(each["n"] for each in grouped))

    def test_pages(self, told: Told) -> None:
        """A long answer comes page by page, all of it."""
        assert {"page": 200, "done": False, "next": 200, "total": 1000} == told.value("pages")
        assert (1000, 5) == (told.value("allPages"), told.value("scanAll"))

    def test_retrieved(self, told: Told, salesforce: Sandbox, to_salesforce: Place) -> None:
        """A record is read whole, in part, and among others."""
        known = contact(salesforce, to_salesforce)
        whole, part, many = (told.value(step) for step in ("retrieve", "retrieveFields", "retrieveMany"))

        assert (known["LastName"], known["Email"]) == (whole["LastName"], part["Email"])
        assert {"attributes", "Id", "Email"} == set(part)
        assert [known["Id"]] * 2 == [each["Id"] for each in many]

    def test_found(self, told: Told) -> None:
        """Records are found by the client's own conditions, with children, one alone and with every field."""
        found = told.value("find")

        assert sorted(each["Email"] for each in found) == [each["Email"] for each in found]
        assert [{"attributes", "Id", "Email", "Account", "Cases"}] * 3 == [set(each) for each in found]
        assert told.value("findOne") == told.value("findStar")[0] == told.value("retrieve")

    def test_searched(self, told: Told) -> None:
        """A search by words returns the asked fields."""
        assert ["Contact"] * 2 == [each["attributes"]["type"] for each in told.value("search")["searchRecords"]]

    def test_described(self, told: Told) -> None:
        """Objects and their fields are told."""
        assert {"Account", "Contact", "Lead"} <= set(told.value("describeGlobal"))
        assert {"Email", "IBAN__c"} <= set(told.value("describe"))

    def test_around(self, told: Told, to_salesforce: Place, way: str) -> None:
        """Who one is, what one may still ask, and which versions there are."""
        known = to_salesforce.more["USERNAME"] if way == "direct" else "user.judge.service@sf.acme"

        assert known == told.value("identity")["username"]
        assert {"Max", "Remaining"} <= set(told.value("limits")["DailyApiRequests"])
        assert "59.0" in {each["version"] for each in told.value("versions")}

    def test_recent(self, told: Told, way: str) -> None:
        """What was seen last is told by the org; the gateway keeps nobody's browsing."""
        kinds = {each["attributes"]["type"] for each in told.value("recent")}

        assert ({"Contact"} if way == "direct" else set()) == kinds


class TestWriting:
    def test_written(self, told: Told) -> None:
        """Records are created, updated, upserted and found again, one by one and many at a time."""
        steps = ("create", "update", "upsert", "upsertAgain")
        many = ("createMany", "updateMany", "upsertMany", "updateFound")

        assert [True] * 4 == [told.value(step)["success"] for step in steps]
        assert [[True, True]] * 4 == [[each["success"] for each in told.value(step)] for step in many]
        assert (True, False) == (told.value("upsert")["created"], told.value("upsertAgain")["created"])
        assert [
            "Ada Jsforce",
            "Augusta JsforceThree",
            "Augusta JsforceThree",
            "Ada JsforceTwo",
            "Ada JsforceTwo",
        ] == told.value("written")

    def test_deleted(self, told: Told, salesforce: Sandbox) -> None:
        """Records are deleted one by one, many at a time and as they are found."""
        left = [row["LastName"] for row in salesforce.org.tables["Contact"].rows.values() if not row["IsDeleted"]]

        assert told.value("destroy")["success"]
        assert [[True, True]] * 2 == [
            [each["success"] for each in told.value(step)] for step in ("destroyMany", "destroyFound")
        ]
        assert set() == {"Jsforce", "JsforceTwo", "JsforceThree"} & set(left)

    def test_composite(self, told: Told) -> None:
        """Requests travel together, one using what another found."""
        who, firm = told.value("composite")["compositeResponse"]
        batch = told.value("compositeBatch")

        assert (200, who["body"]["AccountId"]) == (firm["httpStatusCode"], firm["body"]["Id"])
        assert (False, [200, 200]) == (batch["hasErrors"], [each["statusCode"] for each in batch["results"]])


class TestRefusals:
    @pytest.mark.parametrize(
        ("step", "code"),
        [
            ("unknownColumn", "INVALID_FIELD"),
            ("unknownFilter", "INVALID_FIELD"),
            ("malformed", "MALFORMED_QUERY"),
            ("unknownObject", "INVALID_TYPE"),
            ("unknownRecord", "NOT_FOUND"),
            ("tooling", "NOT_FOUND"),
            ("apex", "NOT_FOUND"),
            ("analytics", "NOT_FOUND"),
            ("chatter", "NOT_FOUND"),
            ("listviews", "NOT_FOUND"),
            ("metadata", "sf:INVALID_OPERATION"),
        ],
    )
    def test_refused(self, told: Told, step: str, code: str) -> None:
        """A refusal is the client's own error, with the vendor's code."""
        assert code == told.error(step)["errorCode"]

    def test_written(self, told: Told, way: str) -> None:
        """Who writes a column that is not there is refused; by the gateway as for one that may not be written."""
        code = "INVALID_FIELD" if way == "direct" else "INVALID_FIELD_FOR_INSERT_UPDATE"

        assert code == told.error("unknownWritten")["errorCode"]


class TestStorm:
    def test_waited_out(self, node: Node, salesforce: Sandbox, to_salesforce: Place) -> None:
        """The client tries again when the service is unwell."""
        salesforce.reset()
        salesforce.faults.arm(Fault(FaultKind.STATUS, status=503))

        assert 1000 == node.steps("jsforce.mjs", to_salesforce, "counted").value("counted")["totalSize"]
        assert 2 == len([each for each in salesforce.requests if each.path.endswith("/query")])


class TestBulk:
    @pytest.mark.parametrize("step", ["bulk1Load", "bulk2Load"])
    def test_loaded(self, told: Told, step: str) -> None:
        """Records are created by the old Bulk API and by the new one; each tells what came of it."""
        loaded = told.value(step)
        results = loaded if step == "bulk1Load" else loaded["successfulResults"]

        assert ["003"] * 2 == [str(each.get("id") or each["sf__Id"])[:3] for each in results]

    @pytest.mark.parametrize("step", ["bulk1Query", "bulk2Query"])
    def test_queried(self, told: Told, step: str) -> None:
        """A query in bulk brings every contact."""
        assert told.value(step) >= 1000


@pytest.mark.parametrize("way", ["agent"], indirect=True)
class TestAgent:
    def test_shown(self, told: Told) -> None:
        """An agent sees whom she serves; what she may not is null where she asked for it, else not there at all."""
        [one] = told.value("asked")["records"]
        whole = told.value("whole")

        assert (True, True, None) == (bool(one["LastName"]), "@" in one["Email"], one["IBAN__c"])
        assert (one["Email"], set()) == (whole["Email"], HIDDEN & whole.keys())

    def test_described(self, told: Told) -> None:
        """What she may not know of is in no description."""
        assert (True, set()) == ("Email" in told.value("known"), HIDDEN & set(told.value("known")))

    @pytest.mark.parametrize("step", ["filtered", "sorted", "grouped", "searched"])
    def test_refused(self, told: Told, step: str) -> None:
        """Who searches by what she may not is told that it is not there."""
        assert "INVALID_FIELD" == told.error(step)["errorCode"]

    def test_same(self, told: Told) -> None:
        """The refusal of a hidden field and of one that is not there differ in the name alone."""
        hidden, unknown = told.error("filtered")["message"], told.error("unknown")["message"]

        assert hidden == unknown.replace("IBAN__d", "IBAN__c")

    def test_bulk(self, told: Told) -> None:
        """In bulk she gets no more than one by one: only who may export does."""
        assert told.error("inBulk")

    def test_written(self, told: Told) -> None:
        """She corrects how somebody is reached, and nothing that she may not see; she deletes nobody."""
        assert told.value("corrected")["success"]
        assert "INVALID_FIELD_FOR_INSERT_UPDATE" == told.error("overwritten")["errorCode"]
        assert told.error("deleted")
