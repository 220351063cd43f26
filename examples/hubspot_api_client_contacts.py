"""hubspot-api-client at the gateway. A private authority is trusted by ssl_ca_cert."""

from __future__ import annotations

import os

from hubspot import HubSpot
from hubspot.crm.contacts import ApiException, Filter, FilterGroup, PublicObjectSearchRequest

key, purpose = os.environ["GATEWAY_KEY"], os.environ.get("PURPOSE", "service")
connection, authority = os.environ.get("CONNECTION", "hubspot"), os.environ.get("GATEWAY_CA")

hubspot = HubSpot(
    access_token=f"{key}~{purpose}~{connection}",
    host=os.environ["GATEWAY"],
    ssl_ca_cert=authority,
)

contacts = hubspot.crm.contacts
for contact in contacts.basic_api.get_page(limit=3, properties=["lastname", "phone", "iban"]).results:
    print(contact.properties["lastname"], contact.properties["phone"], contact.properties.get("iban"))
having = FilterGroup([Filter(property_name="iban", operator="HAS_PROPERTY")])
try:
    contacts.search_api.do_search(PublicObjectSearchRequest(filter_groups=[having]))
except ApiException as refused:
    print("refused:", refused.status)
