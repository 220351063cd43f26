"""The old bulk API's most used client works on the sandbox and through the gateway, unmodified."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import pytest
import requests
from salesforce_bulk import CsvDictsAdapter, SalesforceBulk
from salesforce_bulk.salesforce_bulk import BulkApiError, BulkBatchFailed

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")


class Door(Protocol):
    """Where the client goes, and what it shows there."""

    host: str
    url: str
    token: str
    authority: Any

    def session(self) -> requests.Session:
        """Return a session that trusts the server."""
        ...


@pytest.fixture
def bulk(door: Door, monkeypatch: pytest.MonkeyPatch) -> SalesforceBulk:
    """Return the client, which trusts the authority as its library does: by the environment."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(door.authority))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return SalesforceBulk(sessionId=door.token, host=door.url, API_version="59.0")


@pytest.fixture
def guarded(gateway_door: Door, monkeypatch: pytest.MonkeyPatch) -> SalesforceBulk:
    """Return the client at the gateway: for what policy answers otherwise than the org."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(gateway_door.authority))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return SalesforceBulk(sessionId=gateway_door.token, host=gateway_door.url, API_version="59.0")


def rows(bulk: SalesforceBulk, soql: str) -> Iterator[dict[str, str]]:
    """Yield what a query finds."""
    job = bulk.create_query_job("Contact", contentType="CSV")
    batch = bulk.query(job, soql)
    bulk.close_job(job)
    bulk.wait_for_batch(job, batch, timeout=10, sleep_interval=0.05)
    for result in bulk.get_all_results_for_query_batch(batch):
        yield from csv.DictReader(io.StringIO(result.read().decode()))


class TestQueries:
    def test_rows(self, bulk: SalesforceBulk) -> None:
        """A query brings every record once, with the asked columns."""
        found = list(rows(bulk, "SELECT Id, LastName FROM Contact"))

        assert (1000, 1000) == (len(found), len({row["Id"] for row in found}))
        assert ["Id", "LastName"] == list(found[0])

    def test_refused(self, bulk: SalesforceBulk) -> None:
        """A query that is refused is a batch that has failed, and says why."""
        with pytest.raises(BulkBatchFailed) as failed:
            list(rows(bulk, "SELECT Id, Nope__c FROM Contact"))

        assert failed.value.state_message.startswith("InvalidBatch : Failed to process query: INVALID_FIELD: ")

    def test_money(self, guarded: SalesforceBulk) -> None:
        """What may never leave in bulk keeps its column and has no value."""
        found = list(rows(guarded, "SELECT Id, LastName, IBAN__c FROM Contact"))

        assert {""} == {row["IBAN__c"] for row in found}


class TestLoads:
    def test_inserted(self, bulk: SalesforceBulk) -> None:
        """Each row of a load ends for itself."""
        job = bulk.create_insert_job("Contact", contentType="CSV")
        batch = bulk.post_batch(
            job, CsvDictsAdapter(iter([{"LastName": "Bulk", "Email": ""}, {"Email": "a@b.example"}]))
        )
        bulk.close_job(job)
        bulk.wait_for_batch(job, batch, timeout=10, sleep_interval=0.05)
        made, failed = bulk.get_batch_results(batch)

        assert ("true", "true", "") == (made.success, made.created, made.error)
        assert ("false", "REQUIRED_FIELD_MISSING") == (failed.success, failed.error.partition(":")[0])
        assert "Closed" == bulk.job_state(job)

    def test_aborted(self, bulk: SalesforceBulk) -> None:
        """An aborted job takes no more batches."""
        job = bulk.create_insert_job("Contact", contentType="CSV")
        bulk.abort_job(job)
        with pytest.raises(BulkApiError) as refused:
            bulk.post_batch(job, b"LastName\nx\n")

        assert "InvalidJobState" in str(refused.value)

    def test_changed(self, bulk: SalesforceBulk) -> None:
        """Records are found by an external id and changed, found again by their ids and deleted."""
        sent = [{"Customer_Number__c": "K-100007", "DoNotCall": "true", "Email": "#N/A", "FirstName": ""}]
        job = bulk.create_upsert_job("Contact", "Customer_Number__c", contentType="CSV")
        [changed] = loaded(bulk, job, sent)
        query = f"SELECT FirstName, Email, DoNotCall FROM Contact WHERE Id = '{changed.id}'"
        [found] = rows(bulk, query)
        [deleted] = loaded(bulk, bulk.create_delete_job("Contact", contentType="CSV"), [{"Id": changed.id}])

        assert ("true", "false", "") == (changed.success, changed.created, changed.error)
        assert (True, "", "true") == (bool(found["FirstName"]), found["Email"], found["DoNotCall"])
        assert ("true", changed.id) == (deleted.success, deleted.id)
        assert [] == list(rows(bulk, query))

    def test_batches(self, bulk: SalesforceBulk) -> None:
        """A job has several batches, each with a state of its own, and tells what was asked."""
        job = bulk.create_query_job("Contact", contentType="CSV", concurrency="Serial", pk_chunking=True)
        queries = [f"SELECT Id FROM Contact LIMIT {many}" for many in (2, 3)]
        batches = [bulk.query(job, query) for query in queries]
        bulk.close_job(job)
        for batch in batches:
            bulk.wait_for_batch(job, batch, timeout=10, sleep_interval=0.05)

        assert ["Completed"] * 2 == [each["state"] for each in bulk.get_batch_list(job)]
        assert queries == [bulk.get_query_batch_request(batch, job) for batch in batches]
        assert "2" == bulk.job_status(job)["numberBatchesCompleted"]

    def test_at_once(self, bulk: SalesforceBulk) -> None:
        """Batches that are sent at once all belong to the job."""
        job = bulk.create_query_job("Contact", contentType="CSV")
        with ThreadPoolExecutor(6) as pool:
            sent = set(pool.map(lambda many: bulk.query(job, f"SELECT Id FROM Contact LIMIT {many}"), range(1, 7)))

        assert sent == {each["id"] for each in bulk.get_batch_list(job)}

    def test_json(self, bulk: SalesforceBulk) -> None:
        """Rows come and go as JSON, too."""
        job = bulk.create_insert_job("Contact", contentType="JSON")
        batch = bulk.post_batch(job, json.dumps([{"LastName": "Bulk", "VIP__c": True}, {"FirstName": "x"}]))
        bulk.wait_for_batch(job, batch, timeout=10, sleep_interval=0.05)
        query = bulk.create_query_job("Contact", contentType="JSON")
        asked = bulk.query(query, "SELECT Id, VIP__c FROM Contact WHERE LastName = 'Bulk'")
        bulk.wait_for_batch(query, asked, timeout=10, sleep_interval=0.05)
        [result] = bulk.get_all_results_for_query_batch(asked)

        assert "Completed" == bulk.batch_state(batch, job)
        assert [True] == [each["VIP__c"] for each in json.loads(result.read())]


def loaded(bulk: SalesforceBulk, job: str, rows: list[dict[str, str]]) -> list[Any]:
    """Load *rows* by *job* and return how each ended."""
    batch = bulk.post_batch(job, CsvDictsAdapter(iter(rows)))
    bulk.close_job(job)
    bulk.wait_for_batch(job, batch, timeout=10, sleep_interval=0.05)
    return list(bulk.get_batch_results(batch))
