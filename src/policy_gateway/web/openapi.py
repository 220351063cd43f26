"""The OpenAPI 3.1 document.

Record routes are no framework's routes, so it is written here, and held to them by test.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any, Final

from pydantic.json_schema import models_json_schema

from policy_gateway.web import asking
from policy_gateway.web import openapi_examples as examples
from policy_gateway.web.parsing import NAME
from policy_gateway.web.texts import ENGLISH

Part = dict[str, Any]
"""A part of the document; its shape is the specification's."""

DIALECT: Final = "3.1.0"
_BODIES: Final = (asking.SearchBody, asking.BatchBody, asking.LookupBody, asking.VerifyBody)
_RECORD: Final = {"$ref": "#/components/schemas/Record"}
_WRITES: Final = ("If-Match", "Idempotency-Key")
_REFUSALS: Final = (
    *("400", "401", "403", "404", "405", "406", "409", "412", "413", "415", "428", "429"),
    *("500", "502", "503", "504"),
)


def document() -> Part:
    """Return the document, made anew."""
    return {
        "openapi": DIALECT,
        "info": {
            "title": "policy-gateway",
            "version": version("policy-gateway"),
            "description": "Reads and changes records of any CRM as far as policy permits, field by field. Every call "
            "says for which purpose it is made, and is remembered before it is answered.",
        },
        "security": [{"key": []}],
        "paths": {path: _placed(path, methods) for path, methods in _paths().items()},
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "parameters": _parameters(),
            "schemas": _schemas(),
            "responses": {"Problem": _problem()},
        },
    }


def _placed(path: str, methods: Part) -> Part:
    """Return *methods* with the parameters that *path* has in braces."""
    names = [step.strip("{}") for step in path.split("/") if step.startswith("{")]
    placed = [{"$ref": f"#/components/parameters/{name}"} for name in names]
    for operation in methods.values():
        operation["parameters"] = [*placed, *operation["parameters"]]
    return methods


def _paths() -> Part:
    records, record = "/v1/{connection}/{resource}", "/v1/{connection}/{resource}/{id}"
    listed = ("fields", "filter", "sort", "limit", "cursor", "include")
    return {
        records: {
            "get": _operation("listRecords", "List records", _answer("Page", examples.PAGE), listed),
            "post": _operation("createRecord", "Create a record", _answer("Record", examples.RECORD, "201"),
                               ("Idempotency-Key",), _body("Values", examples.VALUES)),
        },
        f"{records}/search": {
            "post": _operation("searchRecords", "Search records", _answer("Page", examples.PAGE), (),
                               _body("SearchBody", examples.SEARCH)),
        },
        record: {
            "get": _operation("getRecord", "Read a record", _answer("Record", examples.RECORD),
                              ("fields", "include", "If-None-Match")),
            "patch": _operation("updateRecord", "Change a record", _answer("Record", examples.RECORD), _WRITES,
                                _body("Values", examples.VALUES, "application/merge-patch+json")),
            "delete": _operation("deleteRecord", "Delete a record", {"204": {"description": "Deleted"}}, _WRITES),
        },
        f"{record}/provenance": {
            "get": _operation("getProvenance", "Read the GDPR metadata of a record's values",
                              _answer("Provenance", examples.PROVENANCE)),
            "patch": _operation("editProvenance", "Edit the GDPR metadata of a record's values",
                                _answer("Results", examples.EDITED) | _answer("Results", examples.EDITED, "207"),
                                ("Idempotency-Key",), _body("Envelopes", examples.ENVELOPES)),
        },
        f"{record}/verify": {
            "post": _operation("verifyValue", "Ask whether a record holds what somebody says, and no more",
                               _answer("Verified", examples.VERIFIED), (), _body("VerifyBody", examples.VERIFY)),
        },
        "/v1/{connection}/schema/{resource}": {
            "get": _operation("describeResource", "List the fields that one may know of",
                              _answer("Description", examples.SCHEMA)),
        },
        "/v1/{connection}/batch": {
            "post": _operation("batch", "Make several calls, each decided on its own",
                               _answer("Results", examples.RESULTS, "207"), ("Idempotency-Key",),
                               _body("BatchBody", examples.BATCH)),
        },
        "/v1/lookup": {
            "post": _operation("lookup", "Find whose number or address this is, in every connection",
                               _answer("Hits", examples.HITS), (), _body("LookupBody", examples.LOOKUP)),
        },
    }  # fmt: skip


def _operation(
    name: str, summary: str, answers: Part, parameters: tuple[str, ...] = (), body: Part | None = None
) -> Part:
    told = ("X-Purpose", "X-Reason", "X-Ticket", "X-Interaction", "X-Channel", "X-Direction", "X-Request-ID")
    operation: Part = {
        "operationId": name,
        "summary": summary,
        "parameters": [{"$ref": f"#/components/parameters/{one}"} for one in (*parameters, *told)],
    }
    if body is not None:
        operation["requestBody"] = body
    problem = {"$ref": "#/components/responses/Problem"}
    operation["responses"] = answers | dict.fromkeys(_REFUSALS, problem)
    return operation


def _answer(schema: str, example: object, status: str = "200") -> Part:
    content = {"schema": {"$ref": f"#/components/schemas/{schema}"}, "example": example}
    return {status: {"description": "What policy lets out", "content": {"application/json": content}}}


def _body(schema: str, example: object, media_type: str = "application/json") -> Part:
    content = {"schema": {"$ref": f"#/components/schemas/{schema}"}, "example": example}
    return {"required": True, "content": {media_type: content}}


def _problem() -> Part:
    content = {"schema": {"$ref": "#/components/schemas/Problem"}, "example": examples.PROBLEM}
    return {"description": "Why not (RFC 9457)", "content": {"application/problem+json": content}}


def _parameters() -> Part:
    return {
        "connection": _path("connection", "^[a-z][a-z0-9_-]{0,62}$", "A connection of your tenant"),
        "resource": _path("resource", "^[a-z][a-z0-9_]{0,62}(\\.[A-Za-z][A-Za-z0-9_]{0,62})?$", "contacts, say"),
        "id": _path("id", "^[A-Za-z0-9_]([A-Za-z0-9_.:@=-]{0,126}[A-Za-z0-9_=-])?$", "The record's id in its CRM"),
        "fields": _query("fields", f"^{NAME}(,{NAME})*$", "Names of fields, separated by commas; all when left out"),
        "sort": _query("sort", None, "Names of fields, a minus before those that descend"),
        "limit": _query("limit", None, "At most so many records (1 to 200, default 100)"),
        "cursor": _query("cursor", "^[A-Za-z0-9_=-]{1,4096}$", "Where the last page ended"),
        "include": _query("include", "^gdpr$", "gdpr: the GDPR metadata of each value"),
        "filter": {
            "name": "filter",
            "in": "query",
            "style": "deepObject",
            "description": "filter[field][op]=value, for fields that are not personal; search for all others",
            "schema": {"type": "object", "additionalProperties": {"type": "object"}},
        },
        "If-Match": _header("If-Match", "The ETag that was read, or * for any state"),
        "If-None-Match": _header("If-None-Match", "The ETag that was read: 304 when nothing has changed"),
        "Idempotency-Key": _header("Idempotency-Key", "A key of your own, so that a repeated write is one write"),
        "X-Purpose": _header("X-Purpose", "Why the call is made, as a purpose that policy knows", required=True),
        "X-Reason": _header("X-Reason", "A code for the occasion"),
        "X-Ticket": _header("X-Ticket", "The ticket that the call is for"),
        "X-Interaction": _header("X-Interaction", "The live call or chat that the call is for"),
        "X-Channel": _header("X-Channel", "The channel of the live contact"),
        "X-Direction": _header("X-Direction", "inbound or outbound"),
        "X-Request-ID": _header("X-Request-ID", "Your own id of the request; it comes back and is logged"),
    }


def _path(name: str, pattern: str, description: str) -> Part:
    schema = {"type": "string", "pattern": pattern}
    return {"name": name, "in": "path", "required": True, "description": description, "schema": schema}


def _query(name: str, pattern: str | None, description: str) -> Part:
    schema = {"type": "string"} | ({} if pattern is None else {"pattern": pattern})
    return {"name": name, "in": "query", "description": description, "schema": schema}


def _header(name: str, description: str, *, required: bool = False) -> Part:
    return {
        "name": name,
        "in": "header",
        "description": description,
        "required": required,
        "schema": {"type": "string"},
    }


def _schemas() -> Part:
    _, definitions = models_json_schema(
        [(model, "validation") for model in _BODIES], ref_template="#/components/schemas/{model}"
    )
    return {**definitions["$defs"], **_answers()}


def _answers() -> Part:
    anything: Part = {"type": "object", "additionalProperties": True}
    texts: Part = {"type": "array", "items": {"type": "string"}}
    return {
        "Values": {"type": "object", "additionalProperties": True, "description": "New values by name; null clears"},
        "Envelopes": {"type": "object", "additionalProperties": {"type": "object", "required": ["value"]}},
        "Record": _object(
            {"id": {"type": "string"}, "fields": anything, "masked": anything, "withheld": texts, "_gdpr": anything,
             "obligations": texts},
            ("id", "fields", "masked", "withheld"),
        ),
        "Page": _object({"data": {"type": "array", "items": _RECORD}, "cursor": {"type": "string"},
                         "obligations": texts}, ("data",)),
        "Provenance": _object({"id": {"type": "string"}, "provenance": anything}, ("id", "provenance")),
        "Description": _object({"resource": {"type": "string"}, "fields": {"type": "array", "items": anything}},
                               ("resource", "fields")),
        "Results": _object({"results": {"type": "array", "items": anything}}, ("results",)),
        "Hits": _object({"hits": {"type": "array", "items": anything}, "unavailable": {"type": "array"}},
                        ("hits", "unavailable")),
        "Verified": _object({"id": {"type": "string"}, "field": {"type": "string"}, "match": {"type": "boolean"},
                             "obligations": texts}, ("id", "field", "match")),
        "Problem": _object(
            {
                "type": {"type": "string"},
                "title": {"type": "string"},
                "status": {"type": "integer"},
                "code": {"type": "string", "enum": sorted(ENGLISH)},
                "detail": {"type": "string"},
                "errors": {"type": "array", "items": anything},
                "correlation_id": {"type": "string"},
            },
            ("type", "title", "status", "code", "detail", "correlation_id"),
        ),
    }  # fmt: skip


def _object(properties: Part, required: tuple[str, ...]) -> Part:
    return {"type": "object", "properties": properties, "required": list(required)}
