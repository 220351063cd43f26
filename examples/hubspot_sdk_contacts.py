"""hubspot-sdk at the gateway. A private authority is trusted by SSL_CERT_FILE."""

from __future__ import annotations

import os

from hubspot_sdk import BadRequestError, HubSpot

key, purpose = os.environ["GATEWAY_KEY"], os.environ.get("PURPOSE", "service")
connection = os.environ.get("CONNECTION", "hubspot")

with HubSpot(access_token=f"{key}~{purpose}~{connection}", base_url=os.environ["GATEWAY"]) as hubspot:
    contacts = hubspot.crm.objects.contacts
    for contact in contacts.list(limit=3, properties=["lastname", "phone", "iban"]).results:
        print(contact.properties["lastname"], contact.properties["phone"], contact.properties.get("iban"))
    having = {"filters": [{"propertyName": "iban", "operator": "HAS_PROPERTY"}]}
    try:
        contacts.search(filter_groups=[having], after="0", limit=1, properties=[], sorts=[])
    except BadRequestError as refused:
        print("refused:", refused.status_code)
