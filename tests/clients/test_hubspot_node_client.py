from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from policy_gateway_hubspot.sandbox import Fault, FaultKind, Sandbox

if TYPE_CHECKING:
    from tests.clients.conftest import Node, Place, Told

EMAIL = "guenther.petersen.1@example.org"


@pytest.fixture(scope="class")
def told(node: Node, to_hubspot: Place, request: pytest.FixtureRequest) -> Told:
    """Return what came of the steps that a class is about."""
    return node.steps("hubspot_api_client.mjs", to_hubspot, request.cls.__name__.removeprefix("Test").lower())


ONLY_DIRECT = pytest.mark.parametrize("way", ["direct"], indirect=True)
"""What needs no gateway, or would hold up the others at it: after a daily limit it asks nothing for minutes."""


class TestRecords:
    def test_page(self, told: Told, way: str) -> None:
        """A page has the asked properties, associations and the way to the next one, which the gateway seals."""
        page = told.value("page")

        assert ["101", "102"] == [each["id"] for each in page["results"]]
        assert (way == "direct") == (page["paging"]["next"]["after"] == "103")
        assert EMAIL == page["results"][0]["properties"]["email"]
        assert ["5001"] == [each["id"] for each in page["results"][0]["associations"]["companies"]["results"]]

    def test_all(self, told: Told) -> None:
        """Paging brings every contact; companies page, too."""
        assert 1000 == told.value("all")
        assert ["5001"] == [each["id"] for each in told.value("companies")["results"]]

    def test_one(self, told: Told, way: str) -> None:
        """A contact is got by id, by address, and by a request put together by hand; its past only from HubSpot."""
        history = told.value("history")["propertiesWithHistory"]

        assert ["101"] * 3 == [told.value(step)["id"] for step in ("byId", "byEmail", "rawRequest")]
        assert ([EMAIL] if way == "direct" else []) == [each["value"] for each in history["email"]]

    def test_written(self, told: Told) -> None:
        """What is created is updated and archived."""
        created, updated = told.value("create"), told.value("update")

        assert created["id"] == updated["id"]
        assert ("Ada", "Augusta") == (created["properties"]["firstname"], updated["properties"]["firstname"])
        assert None is told.value("archive")

    @pytest.mark.parametrize("step", ["search", "searchByObjects"])
    def test_search(self, told: Told, step: str) -> None:
        """Sorts are names with a sign or objects, to the same end."""
        page = told.value(step)
        dates = [each["properties"]["createdate"] for each in page["results"]]

        assert (5, sorted(dates, reverse=True)) == (len(dates), dates)
        assert told.value("search")["total"] == page["total"]

    def test_batches(self, told: Told) -> None:
        """Reading, creating, updating, upserting and archiving in batches; what is missing is told beside the rest."""
        read, upserted = told.value("batchRead"), told.value("batchUpsert")["results"]
        born = [each["id"] for each in told.value("batchCreate")["results"]]

        assert (["101"], 1) == ([each["id"] for each in read["results"]], read["numErrors"])
        assert born == [each["id"] for each in told.value("batchUpdate")["results"]]
        assert born == [each["id"] for each in upserted]
        assert ([False], ["King"]) == (
            [each["_new"] for each in upserted],
            [each["properties"]["lastname"] for each in upserted],
        )
        assert None is told.value("batchArchive")

    def test_erased(self, told: Told) -> None:
        """Who is erased is not even in the archive."""
        assert None is told.value("erase")
        assert 404 == told.error("erased")["code"]


class TestPortal:
    def test_associations(self, told: Told, way: str) -> None:
        """Associations are made, read one by one and in batches, and taken away."""
        default = told.value("linkDefault")["results"][0]["associationSpec"]["associationTypeId"]
        links, batch = told.value("links")["results"], told.value("linksInBatch")["results"]

        assert 279 == default
        assert ["5002", "5003"][: 2 if way == "direct" else 1] == [each["toObjectId"] for each in links]
        assert links == batch[0]["to"]
        assert None is told.value("unlink")
        assert {1, 279} <= {each["typeId"] for each in told.value("labels")["results"]}

    def test_labels(self, told: Told, way: str) -> None:
        """Labels of a firm's own are HubSpot's alone: the gateway knows contacts' primary company."""
        known = {each["typeId"] for each in told.value("labels")["results"]}
        if way == "direct":
            assert (["Decision maker"], True) == (told.value("linkLabeled")["labels"], 41 in known)
        else:
            assert (403, False) == (told.error("linkLabeled")["code"], 41 in known)

    def test_described(self, told: Told, way: str) -> None:
        """Properties, owners and schemas; pipelines are HubSpot's alone."""
        assert {"email", "iban"} <= {each["name"] for each in told.value("properties")["results"]}
        assert "checkbox" == told.value("property")["fieldType"]
        assert 5 == len(told.value("owners")["results"])
        assert "Mara" == told.value("owner")["firstName"]
        assert (["default"] if way == "direct" else []) == [each["id"] for each in told.value("pipelines")["results"]]
        assert [] == told.value("schemas")["results"]

    def test_preferences(self, told: Told, way: str) -> None:
        """Preferences are listed, changed and read; the gateway lists those that contacts can have consents for."""
        assert (3 if way == "direct" else 2) == len(told.value("definitions")["subscriptionDefinitions"])
        assert ("SUBSCRIBED", "NOT_SUBSCRIBED") == (
            told.value("subscribe")["status"],
            told.value("unsubscribe")["status"],
        )
        assert {"NOT_SUBSCRIBED"} == {each["status"] for each in told.value("preferences")["subscriptionStatuses"]}

    def test_tokens(self, told: Told) -> None:
        """A token tells its scopes; a refresh token gives another."""
        assert "crm.objects.contacts.read" in told.value("tokenInfo")["scopes"]
        assert "bearer" == told.value("refresh")["tokenType"]


class TestRefusals:
    @pytest.mark.parametrize(
        ("step", "status", "word"),
        [
            ("createAgain", 409, "CONFLICT"),
            ("searchUnknown", 400, "VALIDATION_ERROR"),
            ("unknown", 404, "OBJECT_NOT_FOUND"),
            ("noToken", 401, "INVALID_AUTHENTICATION"),
        ],
    )
    def test_refused(self, told: Told, step: str, status: int, word: str) -> None:
        """A refusal is the client's own error, with the vendor's status and category."""
        error = told.error(step)

        assert (status, word) == (error["code"], error["body"]["category"])

    def test_not_modeled(self, told: Told, way: str) -> None:
        """An endpoint that nobody models is the vendor's 404, behind the gateway one that nobody has the scope for."""
        assert ("OBJECT_NOT_FOUND" if way == "direct" else "MISSING_SCOPES") == told.value("rawUnknown")["category"]


class TestStorm:
    def test_waited_out(self, node: Node, hubspot: Sandbox, to_hubspot: Place) -> None:
        """The client waits out a limit a second and a server that is unwell."""
        hubspot.reset()
        hubspot.faults.arm(Fault(FaultKind.SECONDLY_LIMIT, seconds=1))
        hubspot.faults.arm(Fault(FaultKind.STATUS, status=503))
        told = node.steps("hubspot_storm.mjs", to_hubspot)

        assert "101" == told.value("waitedOut")
        assert 3 == len([each for each in hubspot.requests if each.path.endswith("/101")])

    @ONLY_DIRECT
    def test_daily(self, node: Node, hubspot: Sandbox, to_hubspot: Place) -> None:
        """The client does not wait for tomorrow."""
        hubspot.faults.arm(Fault(FaultKind.DAILY_LIMIT))
        error = node.steps("hubspot_storm.mjs", to_hubspot).error("waitedOut")

        assert (429, "DAILY") == (error["code"], error["body"]["policyName"])


@pytest.mark.parametrize("way", ["agent"], indirect=True)
class TestAgent:
    def test_shown(self, told: Told) -> None:
        """An agent sees whom she serves; what she may not see is null at most."""
        known = told.value("shown")["properties"]

        assert (EMAIL, None, False) == (known["email"], known.get("iban"), "credit_score" in known)

    def test_described(self, told: Told) -> None:
        """What she may not see is in no list of properties; asked for by its name there is none."""
        assert (True, set()) == ("email" in told.value("known"), {"iban", "credit_score"} & set(told.value("known")))
        assert 404 == told.error("one")["code"]

    @pytest.mark.parametrize("step", ["filtered", "sorted"])
    def test_refused(self, told: Told, step: str) -> None:
        """Who searches by what she may not is told, as of one that is not there, that it is no property."""
        messages = [told.error(each)["body"]["message"] for each in (step, "unknown")]

        assert messages[0] == messages[1].replace("no_such", "iban")

    def test_written(self, told: Told) -> None:
        """She corrects how somebody is reached, and nothing that she may not see; she deletes nobody."""
        assert "+49 30 23125999" == told.value("corrected")["properties"]["phone"]
        assert [400, 403, 403] == [told.error(step)["code"] for step in ("overwritten", "gone", "purged")]


@ONLY_DIRECT
class TestLoopback:
    def test_nothing_else(self, node: Node, to_hubspot: Place) -> None:
        """A client's process reaches nothing but this machine."""
        told = node.steps("elsewhere.mjs", to_hubspot)

        assert ["only loopback is allowed"] * 3 == [
            told.error(step)["message"].rpartition(": ")[2] for step in ("byFetch", "byHttps", "byAddress")
        ]
