"""The client that most Python programs use works on the sandbox, unmodified."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import pytest
import requests
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import (
    SalesforceMalformedRequest,
    SalesforceMoreThanOneRecord,
    SalesforceResourceNotFound,
)

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning:zeep")


class Door(Protocol):
    """Where the client goes: to the sandbox itself, or through what stands before it."""

    url: str
    token: str

    def session(self) -> requests.Session:
        """Return a session that trusts the server."""
        ...


@pytest.fixture
def client(door: Door) -> Salesforce:
    """Return the client with a token."""
    return Salesforce(instance_url=door.url, session_id=door.token, session=door.session())


@pytest.fixture
def straight(direct_door: Door) -> Salesforce:
    """Return the client at the sandbox itself: for what the gateway, by policy, answers otherwise."""
    return Salesforce(instance_url=direct_door.url, session_id=direct_door.token, session=direct_door.session())


def contact_of(client: Salesforce, number: int) -> dict[str, Any]:
    """Return one of the seeded contacts."""
    query = f"SELECT Id, FirstName, LastName, Email FROM Contact WHERE Customer_Number__c = 'K-{100000 + number * 7}'"
    [found] = client.query(query)["records"]
    return dict(found)


def created(client: Salesforce, **values: object) -> str:
    """Create a contact and return its id."""
    told = client.Contact.create({"LastName": "Lovelace", **values})
    assert told["success"] is True
    return str(told["id"])


class TestQueries:
    def test_query(self, client: Salesforce) -> None:
        """A query brings the selected fields and what each record is."""
        told = client.query("SELECT Id, FirstName FROM Contact WHERE Email != null LIMIT 2")

        assert (2, True, 2) == (told["totalSize"], told["done"], len(told["records"]))
        assert [["attributes", "Id", "FirstName"]] * 2 == [list(each) for each in told["records"]]
        assert {"Contact"} == {each["attributes"]["type"] for each in told["records"]}

    def test_query_all(self, client: Salesforce) -> None:
        """Pages bring every record once."""
        options = {"Sforce-Query-Options": "batchSize=200"}
        first = client.query("SELECT Id FROM Contact", headers=options)
        everything = client.query_all("SELECT Id FROM Contact", headers=options)
        second = client.query_more(first["nextRecordsUrl"], identifier_is_url=True)
        by_id = client.query_more(first["nextRecordsUrl"].rpartition("/")[2])

        assert (False, 200, 200) == (first["done"], len(first["records"]), len(second["records"]))
        assert second["records"] == by_id["records"]
        assert everything["totalSize"] == first["totalSize"] == len({each["Id"] for each in everything["records"]})

    def test_parents_and_children(self, client: Salesforce) -> None:
        """Parents come nested, children as results of their own."""
        [account] = client.query("SELECT Id, Name, (SELECT Id, Name FROM Contacts LIMIT 1) FROM Account LIMIT 1")[
            "records"
        ]
        [contact] = account["Contacts"]["records"]
        [again] = client.query(f"SELECT Id, Account.Name FROM Contact WHERE Id = '{contact['Id']}'")["records"]

        assert account["Name"] == again["Account"]["Name"]

    def test_count(self, client: Salesforce) -> None:
        """Counting brings no records; grouping brings a row a group."""
        total = client.query("SELECT COUNT() FROM Contact")
        groups = client.query("SELECT MailingCountry, COUNT(Id) many FROM Contact GROUP BY MailingCountry")["records"]

        assert [] == total["records"]
        assert total["totalSize"] == sum(each["many"] for each in groups)

    def test_deleted(self, straight: Salesforce) -> None:
        """Deleted records are found by those who ask for them."""
        identifier = created(straight)
        straight.Contact.delete(identifier)
        query = f"SELECT Id FROM Contact WHERE Id = '{identifier}'"

        assert (0, 1) == (
            straight.query(query)["totalSize"],
            len(list(straight.query_all_iter(query, include_deleted=True))),
        )

    def test_unknown_field(self, client: Salesforce) -> None:
        """An unknown column is refused as the vendor does."""
        with pytest.raises(SalesforceMalformedRequest) as refused:
            client.query("SELECT Id, Nope__c FROM Contact")
        [error] = refused.value.content

        assert "INVALID_FIELD" == error["errorCode"]
        assert "No such column 'Nope__c' on entity 'Contact'." in error["message"]

    def test_search(self, client: Salesforce) -> None:
        """A search brings the asked fields of each object, a quick search ids."""
        contact = contact_of(client, 3)
        query = f"FIND {{{contact['LastName']}}} IN NAME FIELDS RETURNING Contact(Id, LastName)"
        told = client.search(query)["searchRecords"]
        quick = client.quick_search(contact["LastName"])["searchRecords"]

        assert {contact["LastName"]} == {each["LastName"] for each in told}
        assert contact["Id"] in {each["Id"] for each in told} & {each["Id"] for each in quick}


class TestRecords:
    def test_get(self, client: Salesforce) -> None:
        """A record is got by its id of 18 or 15 characters."""
        contact = contact_of(client, 5)
        told = client.Contact.get(contact["Id"])

        assert contact["LastName"] == told["LastName"]
        assert told == client.Contact.get(contact["Id"][:15])

    def test_get_by_custom_id(self, client: Salesforce) -> None:
        """A record is got by the firm's own number."""
        contact = contact_of(client, 8)

        assert contact["Id"] == client.Contact.get_by_custom_id("Customer_Number__c", "K-100056")["Id"]

    def test_write(self, client: Salesforce) -> None:
        """What is created is updated, and gone when it is deleted."""
        identifier = created(client, FirstName="Ada", Email="ada@example.com")
        updated = client.Contact.update(identifier, {"FirstName": "Augusta"})
        told = client.Contact.get(identifier)
        deleted = client.Contact.delete(identifier)

        assert (204, 204) == (updated, deleted)
        assert ("Augusta", "ada@example.com") == (told["FirstName"], told["Email"])
        with pytest.raises(SalesforceResourceNotFound):
            client.Contact.get(identifier)

    def test_upsert(self, client: Salesforce) -> None:
        """An upsert creates what is not there and updates what is."""
        first = client.Contact.upsert("Customer_Number__c/K-900001", {"LastName": "Hopper"})
        again = client.Contact.upsert("Customer_Number__c/K-900001", {"LastName": "Murray"}, raw_response=True)

        assert (201, 200, False) == (first, again.status_code, again.json()["created"])
        assert "Murray" == client.Contact.get_by_custom_id("Customer_Number__c", "K-900001")["LastName"]

    def test_several(self, client: Salesforce) -> None:
        """A number that two records have leads to neither."""
        with pytest.raises(SalesforceMoreThanOneRecord) as several:
            client.Lead.get_by_custom_id("Legacy_Number__c", "L-1")

        assert 2 == len(several.value.content)

    def test_refused(self, straight: Salesforce) -> None:
        """What is missing, unknown or taken is refused with the vendor's codes."""
        taken = contact_of(straight, 1)
        wrong = [
            {"FirstName": "Ada"},
            {"LastName": "Lovelace", "Nope__c": 1},
            {"LastName": "Lovelace", "Customer_Number__c": "K-100007"},
        ]
        codes = []
        for values in wrong:
            with pytest.raises(SalesforceMalformedRequest) as refused:
                straight.Contact.create(values)
            codes.append(refused.value.content[0]["errorCode"])

        assert ["REQUIRED_FIELD_MISSING", "INVALID_FIELD", "DUPLICATE_VALUE"] == codes
        assert taken["Id"]

    def test_updated_and_deleted(self, straight: Salesforce) -> None:
        """What was changed or deleted in a span of time is listed."""
        changed, gone = contact_of(straight, 2)["Id"], created(straight)
        straight.Contact.update(changed, {"Description": "moved"})
        straight.Contact.delete(gone)
        start, end = datetime.now(UTC) - timedelta(hours=1), datetime.now(UTC) + timedelta(hours=1)

        assert [changed] == straight.Contact.updated(start, end)["ids"]
        assert [gone] == [each["id"] for each in straight.Contact.deleted(start, end)["deletedRecords"]]


class TestDescribe:
    def test_objects(self, client: Salesforce) -> None:
        """The list of objects names the usual ones."""
        names = {each["name"] for each in client.describe()["sobjects"]}

        assert {"Account", "Contact", "Lead", "Opportunity", "Case", "Task", "User"} <= names

    def test_fields(self, client: Salesforce) -> None:
        """A description tells of each field its type and what can be done with it."""
        fields = {each["name"]: each for each in client.Contact.describe()["fields"]}

        assert ("email", "tns:ID", "xsd:boolean", ["Account"], "Account") == (
            fields["Email"]["type"],
            fields["Id"]["soapType"],
            fields["DoNotCall"]["soapType"],
            fields["AccountId"]["referenceTo"],
            fields["AccountId"]["relationshipName"],
        )

    def test_metadata(self, straight: Salesforce) -> None:
        """An object's own page tells what it is and what was seen lately."""
        told = straight.Contact.metadata()

        assert ("Contact", True) == (told["objectDescribe"]["name"], len(told["recentItems"]) > 0)

    def test_organization(self, client: Salesforce) -> None:
        """The org says that it is a sandbox."""
        assert client.is_sandbox() is True

    def test_limits(self, straight: Salesforce) -> None:
        """What may still be asked is told by an endpoint and with every answer."""
        before = straight.limits()["DailyApiRequests"]
        straight.query("SELECT Id FROM Contact LIMIT 1")
        usage = straight.api_usage["api-usage"]

        assert usage.total == before["Max"]
        assert usage.used > before["Max"] - before["Remaining"]

    def test_userinfo(self, client: Salesforce) -> None:
        """The client learns whose token it has."""
        told = client.oauth2("userinfo")

        assert {"user_id", "organization_id", "preferred_username", "urls"} <= set(told)


class TestSeveral:
    def test_collections(self, client: Salesforce) -> None:
        """Several records are created at once; one that fails leaves the others be unless all are to succeed."""
        records = [
            {"attributes": {"type": "Contact"}, "LastName": "One"},
            {"attributes": {"type": "Contact"}, "FirstName": "Nobody"},
        ]
        each = client.restful("composite/sobjects", method="POST", json={"allOrNone": False, "records": records})
        none = client.restful("composite/sobjects", method="POST", json={"allOrNone": True, "records": records})

        assert [True, False] == [told["success"] for told in each]
        assert ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "REQUIRED_FIELD_MISSING"] == [
            told["errors"][0]["statusCode"] for told in none
        ]

    def test_composite(self, client: Salesforce) -> None:
        """A part of a composite request refers to what came of another."""
        parts = [
            {
                "method": "POST",
                "url": "/services/data/v59.0/sobjects/Account",
                "referenceId": "firm",
                "body": {"Name": "Analytical Engines"},
            },
            {
                "method": "POST",
                "url": "/services/data/v59.0/sobjects/Contact",
                "referenceId": "person",
                "body": {"LastName": "Lovelace", "AccountId": "@{firm.id}"},
            },
            {
                "method": "GET",
                "url": "/services/data/v59.0/sobjects/Contact/@{person.id}?fields=LastName,AccountId",
                "referenceId": "seen",
            },
        ]
        told = client.restful("composite", method="POST", json={"allOrNone": True, "compositeRequest": parts})
        by_name = {each["referenceId"]: each for each in told["compositeResponse"]}

        assert [201, 201, 200] == [each["httpStatusCode"] for each in by_name.values()]
        assert by_name["firm"]["body"]["id"] == by_name["seen"]["body"]["AccountId"]

    def test_batch(self, client: Salesforce) -> None:
        """A batch answers each request by itself."""
        contact = contact_of(client, 4)["Id"]
        parts = [{"method": "GET", "url": f"v59.0/sobjects/Contact/{contact}"}, {"method": "GET", "url": "v59.0/nope"}]
        told = client.restful("composite/batch", method="POST", json={"batchRequests": parts})

        assert (True, [200, 404]) == (told["hasErrors"], [each["statusCode"] for each in told["results"]])

    def test_recent(self, straight: Salesforce) -> None:
        """The last changed records are listed."""
        identifier = created(straight)

        assert identifier in {each["Id"] for each in straight.restful("recent", params={"limit": 5})}

    def test_not_served(self, client: Salesforce) -> None:
        """What is not served is not there."""
        with pytest.raises(SalesforceResourceNotFound):
            client.toolingexecute("query/?q=SELECT+Id+FROM+ApexClass")
        with pytest.raises(SalesforceResourceNotFound):
            client.apexecute("User/Activity", method="POST", data={"a": 1})
