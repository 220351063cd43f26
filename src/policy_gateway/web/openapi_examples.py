"""Examples for the OpenAPI document: one made-up contact, seen by an agent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

Example = Mapping[str, Any]

RECORD: Final[Example] = {
    "id": "1017",
    "fields": {"id": "1017", "first_name": "Erika", "email": "e****@example.org", "phone": "+49 30 5550100"},
    "masked": {"email": "partial"},
    "withheld": ["iban"],
}
PAGE: Final[Example] = {"data": [RECORD], "cursor": "kQ7w-next"}
VALUES: Final[Example] = {"phone": "+49 30 5550199", "notes": None}
SEARCH: Final[Example] = {
    "fields": ["first_name", "phone"],
    "filter": {"and": [{"field": "city", "op": "eq", "value": "Berlin"}, {"field": "country", "in": ["DE", "AT"]}]},
    "sort": [{"field": "created_at", "descending": True}],
    "limit": 20,
}
BATCH: Final[Example] = {
    "calls": [
        {"call": "get", "resource": "contacts", "id": "1017", "fields": ["first_name"]},
        {"call": "update", "resource": "contacts", "id": "1017", "values": {"city": "Potsdam"}, "precondition": "*"},
    ]
}
PROBLEM: Final[Example] = {
    "type": "/problems#field-refused",
    "title": "Field refused",
    "status": 403,
    "code": "field-refused",
    "detail": "the call uses a field that may not be used in this way",
    "correlation_id": "5f3c0d6a9b1e4f7c8a2d4e6f80917263",
}
RESULTS: Final[Example] = {"results": [{"status": 200, "record": RECORD}, {"status": 403, "problem": PROBLEM}]}
VERIFY: Final[Example] = {"field": "birthdate", "value": "1984-05-17"}
VERIFIED: Final[Example] = {"id": "1017", "field": "birthdate", "match": True}
LOOKUP: Final[Example] = {"phone": "030 5550100"}
HITS: Final[Example] = {
    "hits": [{"connection": "crm", "resource": "contacts", **RECORD}],
    "unavailable": [{"connection": "archive", "code": "upstream-timeout"}],
}
SCHEMA: Final[Example] = {
    "resource": "contact",
    "fields": [{"path": "email", "actions": {"search": "clear", "view": "partial"}}],
}
ENVELOPE: Final[Example] = {
    "collected_by": "web form",
    "collection_point": "campaign spring",
    "purposes": ["service"],
    "storage_duration": "P3Y",
    "value": "token-as-read",
}
PROVENANCE: Final[Example] = {"id": "1017", "provenance": {"phone": ENVELOPE}}
ENVELOPES: Final[Example] = {"phone": {"value": "token-as-read", "collection_point": "call center"}}
EDITED: Final[Example] = {"results": [{"field": "phone", "status": 200}]}
