from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.clients.conftest import Node, Place, Told


@pytest.fixture(scope="class")
def told(node: Node, to_salesforce: Place, request: pytest.FixtureRequest) -> Told:
    """Return what came of all that the client does with one of the bulk APIs."""
    return node.steps("jsforce_bulk.mjs", to_salesforce, request.cls.__name__.removeprefix("Test").lower())


class TestFirst:
    def test_inserted(self, told: Told) -> None:
        """Each row is created or refused by itself."""
        made, refused = told.value("firstInsert")

        assert (True, True, []) == (made["success"], made["created"], made["errors"])
        assert (False, False) == (refused["success"], refused["created"])
        assert "REQUIRED_FIELD_MISSING" == refused["errors"][0].partition(":")[0]

    def test_changed(self, told: Told) -> None:
        """Rows are changed by their ids, changed or made by an external id, and deleted."""
        assert [[(True, False)], [(True, True), (True, False)], [(True, False)] * 2] == [
            [(each["success"], each["created"]) for each in told.value(step)]
            for step in ("firstUpdate", "firstUpsert", "firstDelete")
        ]

    def test_queried(self, told: Told) -> None:
        """What was written is found: quotes, commas and line ends in it, too."""
        first, second = told.value("firstQuery")

        assert {"FirstName": "Ada", "VIP__c": "true", "Description": 'say "no",\nor not', "Account.Name": ""} == first
        assert {"FirstName": "", "VIP__c": "false", "Description": "", "Account.Name": ""} == second

    def test_batches(self, told: Told) -> None:
        """A job has several batches, each with rows of its own; it is closed, or aborted."""
        batches = told.value("firstBatches")

        assert (["Completed"] * 2, "2", [2, 3], "Closed") == (
            batches["states"],
            batches["many"],
            batches["rows"],
            batches["closed"],
        )
        assert "Aborted" == told.value("firstAborted")

    def test_refused(self, told: Told) -> None:
        """A wrong query, an unknown job and a wrong token are the client's own errors."""
        assert "INVALID_FIELD" in told.error("firstRefused")["message"]
        assert ["InvalidJob", "InvalidSessionId"] == [
            told.error(step)["errorCode"] for step in ("firstUnknown", "firstStranger")
        ]


class TestSecond:
    def test_inserted(self, told: Told) -> None:
        """Each row is created or refused by itself, and told of with what was sent."""
        results = told.value("secondInsert")
        [made], [refused] = results["successfulResults"], results["failedResults"]

        assert ("003", "true", "JsforceBulk", "true") == (
            made["sf__Id"][:3],
            made["sf__Created"],
            made["LastName"],
            made["VIP__c"],
        )
        assert ("REQUIRED_FIELD_MISSING", "Nameless") == (
            refused["sf__Error"].partition(":")[0],
            refused["FirstName"],
        )
        assert [] == results["unprocessedRecords"]

    def test_changed(self, told: Told) -> None:
        """Rows are changed by their ids, changed or made by an external id, and deleted: then none is left."""
        created = {
            step: [each["sf__Created"] for each in told.value(step)["successfulResults"]]
            for step in ("secondUpdate", "secondUpsert", "secondDelete")
        }

        assert {
            "secondUpdate": ["false", "false"],
            "secondUpsert": ["true", "false"],
            "secondDelete": ["false"] * 4,
        } == created
        assert 0 == told.value("left")

    def test_queried(self, told: Told) -> None:
        """What was written is found, whatever stood between its values and at the end of its lines."""
        first, second, third = told.value("secondQuery")

        assert {"FirstName": "Ada", "VIP__c": "true", "Description": ""} == first
        assert {"FirstName": "Ada", "VIP__c": "false", "Description": 'say "no",\nor; not'} == second
        assert {"FirstName": "", "VIP__c": "false", "Description": ""} == third

    def test_jobs(self, told: Told) -> None:
        """A job tells how far it is; it is aborted."""
        assert {"state": "JobComplete", "numberRecordsProcessed": 1, "numberRecordsFailed": 0} == told.value(
            "secondInfo"
        )
        assert "Aborted" == told.value("secondAborted")

    def test_refused(self, told: Told) -> None:
        """A wrong query and an unknown job are the client's own errors."""
        assert ["INVALID_FIELD", "NOT_FOUND"] == [
            told.error(step)["errorCode"] for step in ("secondRefused", "secondUnknown")
        ]
