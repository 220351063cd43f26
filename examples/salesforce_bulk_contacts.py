"""salesforce-bulk at the gateway. A private authority is trusted by REQUESTS_CA_BUNDLE."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping

from salesforce_bulk import SalesforceBulk

key, purpose = os.environ["GATEWAY_KEY"], os.environ.get("PURPOSE", "service")
connection = os.environ.get("CONNECTION", "salesforce")


class Ticketed(SalesforceBulk):
    """Names a ticket in every request: rules may ask for one where data is taken out in bulk."""

    def headers(self, values: Mapping[str, str] | None = None, content_type: str = "application/xml") -> dict[str, str]:
        """Return the headers of a request."""
        return super().headers({"X-Ticket": os.environ["TICKET"], **(values or {})}, content_type)


bulk = Ticketed(host=os.environ["GATEWAY"], sessionId=f"{key}~{purpose}~{connection}", API_version="59.0")

job = bulk.create_query_job("Contact", contentType="CSV")
batch = bulk.query(job, "SELECT LastName, Phone, IBAN__c FROM Contact")
bulk.close_job(job)
bulk.wait_for_batch(job, batch, timeout=60, sleep_interval=1)
for result in bulk.get_all_results_for_query_batch(batch):
    rows = list(csv.DictReader(io.StringIO(result.read().decode())))
    print("rows:", len(rows), "with a number:", sum(bool(row["Phone"]) for row in rows))
    print("with an IBAN:", sum(bool(row["IBAN__c"]) for row in rows))
