"""The gateway's own API: one form for all CRMs. A private authority is trusted by SSL_CERT_FILE."""

from __future__ import annotations

import json
import os
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

contacts = f"{os.environ['GATEWAY']}/v1/{os.environ.get('CONNECTION', 'hubspot')}/contacts"
headers = {"Authorization": f"Bearer {os.environ['GATEWAY_KEY']}", "X-Purpose": os.environ.get("PURPOSE", "service")}


def ask(url: str, body: dict[str, object] | None = None) -> dict[str, Any]:
    """Return the JSON of the answer; a refusal raises HTTPError."""
    sent = None if body is None else json.dumps(body).encode()
    request = Request(url, sent, {**headers, "Content-Type": "application/json"})  # noqa: S310 -- the caller's own address
    with urlopen(request) as answer:  # noqa: S310 -- as above
        told: dict[str, Any] = json.load(answer)
    return told


page = ask(f"{contacts}?limit=3&fields=name,phone,iban")
for contact in page["data"]:
    print(contact["fields"]["name"], contact["fields"]["phone"], "withheld:", contact["withheld"])

one = ask(f"{contacts}/{page['data'][0]['id']}?include=gdpr")
print("masked:", one["masked"])
print("the phone number was collected at:", one["_gdpr"]["phone"]["collection_point"])

try:
    ask(f"{contacts}/search", {"filter": {"field": "iban", "op": "eq", "value": "DE02120300000000202051"}})
except HTTPError as refused:
    problem = json.load(refused)
    print("refused:", problem["status"], problem["code"])
