"""simple-salesforce at the gateway. A private authority is trusted by REQUESTS_CA_BUNDLE."""

from __future__ import annotations

import os

from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceMalformedRequest

key, purpose = os.environ["GATEWAY_KEY"], os.environ.get("PURPOSE", "service")
connection = os.environ.get("CONNECTION", "salesforce")

salesforce = Salesforce(instance_url=os.environ["GATEWAY"], session_id=f"{key}~{purpose}~{connection}")

for row in salesforce.query("SELECT Name, Phone, IBAN__c FROM Contact ORDER BY Id LIMIT 3")["records"]:
    print(row["Name"], row["Phone"], row["IBAN__c"])
print("described:", "IBAN__c" in {field["name"] for field in salesforce.Contact.describe()["fields"]})
try:
    salesforce.query("SELECT Id FROM Contact WHERE IBAN__c LIKE 'DE%'")
except SalesforceMalformedRequest as refused:
    print("refused:", refused.content[0]["errorCode"])
