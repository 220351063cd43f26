"""What goes over the sandbox's wire: requests taken apart, answers, and the vendor's three shapes of errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias, cast
from xml.sax.saxutils import escape

import orjson

from policy_gateway_salesforce.sandbox.access import Session

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"

JSON_TYPE: Final = "application/json;charset=UTF-8"
XML_TYPE: Final = "text/xml;charset=UTF-8"


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: *segments* is the path in pieces, decoded; *version* the API's (``59.0``), empty outside of it.

    *origin* is how the caller reaches the sandbox (``https://127.0.0.1:8443``); *session* is None where none is needed.
    """

    method: str
    path: str
    segments: tuple[str, ...]
    query: Mapping[str, tuple[str, ...]]
    body: bytes
    headers: Mapping[str, str]
    origin: str
    version: str = ""
    session: Session | None = None

    @property
    def root(self) -> str:
        """Return what the paths of this version of the API begin with."""
        return f"/services/data/v{self.version}"

    @property
    def who(self) -> Session:
        """Return the session, which routes that demand one have."""
        if self.session is None:
            raise expired()
        return self.session

    def one(self, name: str, default: str = "") -> str:
        """Return the last value of the query parameter *name*."""
        values = self.query.get(name)
        return values[-1] if values else default

    def names(self, name: str) -> tuple[str, ...]:
        """Return a comma-joined list parameter."""
        return tuple(part.strip() for value in self.query.get(name, ()) for part in value.split(",") if part.strip())

    def flag(self, name: str) -> bool:
        """Return a boolean parameter."""
        return self.one(name, "false").lower() == "true"

    def json(self) -> dict[str, Json]:
        """Return the body, which must be a JSON object."""
        try:
            parsed = orjson.loads(self.body)
        except orjson.JSONDecodeError:
            raise unreadable() from None
        if not isinstance(parsed, dict):
            raise ApiError(400, "JSON_PARSER_ERROR", "Cannot deserialize instance of object from START_ARRAY token")
        return parsed


@dataclass(frozen=True, slots=True)
class Answer:
    """One response; *body* None sends no bytes at all, bytes go as they are with their *content_type*.

    An iterator is sent part by part as it makes them, so it is good for one time only.
    """

    status: int
    body: Json | bytes | Iterator[bytes] = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = JSON_TYPE

    def content(self) -> bytes:
        """Return the bytes to send."""
        if self.body is None:
            return b""
        if isinstance(self.body, Iterator):
            return b"".join(self.body)
        return self.body if isinstance(self.body, bytes) else orjson.dumps(self.body)


class Refusal(Exception):
    """The vendor refuses; each kind of entrance has a shape of its own for that."""

    status: int = 400

    def answer(self) -> Answer:
        """Return the refusal as it goes over the wire."""
        return Answer(self.status)


class ApiError(Refusal):
    """A refusal of the REST API: an array of one object. *fields* None leaves the key out, as the vendor often does."""

    def __init__(self, status: int, code: str, message: str, fields: Sequence[str] | None = None) -> None:
        super().__init__(code)
        self.status, self.code, self.message, self.fields = status, code, message, fields

    def told(self) -> dict[str, Json]:
        """Return the error as the array holds it."""
        told: dict[str, Json] = {"message": self.message, "errorCode": self.code}
        return told if self.fields is None else told | {"fields": list[Json](self.fields)}

    def saved(self) -> dict[str, Json]:
        """Return the error as the result of one of many records holds it."""
        return {"statusCode": self.code, "message": self.message, "fields": list[Json](self.fields or ())}

    def answer(self) -> Answer:
        """Return the array."""
        return Answer(self.status, [self.told()])


class OAuthError(Refusal):
    """A refusal of the token endpoint."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(error)
        self.status, self.error, self.description = status, error, description

    def answer(self) -> Answer:
        """Return the object that OAuth prescribes."""
        return Answer(self.status, {"error": self.error, "error_description": self.description})


class SoapFault(Refusal):
    """A refusal of the SOAP API."""

    status = 500

    def __init__(self, code: str, message: str, kind: str = "LoginFault") -> None:
        super().__init__(code)
        self.code, self.message, self.kind = code, message, kind

    def answer(self) -> Answer:
        """Return the fault in its envelope."""
        code, message = escape(self.code), escape(self.message)
        body = (
            '<?xml version="1.0" encoding="UTF-8"?>'
            '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" '
            'xmlns:sf="urn:fault.partner.soap.sforce.com" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
            f"<soapenv:Body><soapenv:Fault><faultcode>sf:{code}</faultcode><faultstring>{code}: {message}</faultstring>"
            f'<detail><sf:{self.kind} xsi:type="sf:{self.kind}"><sf:exceptionCode>{code}</sf:exceptionCode>'
            f"<sf:exceptionMessage>{message}</sf:exceptionMessage></sf:{self.kind}></detail>"
            "</soapenv:Fault></soapenv:Body></soapenv:Envelope>"
        )
        return Answer(self.status, body.encode(), content_type=XML_TYPE)


def expired() -> ApiError:
    """Return a 401: no session, or none any more."""
    return ApiError(401, "INVALID_SESSION_ID", "Session expired or invalid")


def not_found(message: str = "The requested resource does not exist") -> ApiError:
    """Return a 404."""
    return ApiError(404, "NOT_FOUND", message)


def invalid(message: str, code: str = "INVALID_FIELD", fields: Sequence[str] | None = None) -> ApiError:
    """Return a 400."""
    return ApiError(400, code, message, fields)


def unreadable() -> ApiError:
    """Return a 400 for a body that is no JSON."""
    return invalid("Unexpected character in the request body at [line:1, column:1]", "JSON_PARSER_ERROR")


def text(value: Json, what: str) -> str:
    """Return *value*, which must be a string."""
    if not isinstance(value, str):
        raise invalid(f"{what} must be a string", "JSON_PARSER_ERROR")
    return value


def items(body: Mapping[str, Json], name: str) -> list[dict[str, Json]]:
    """Return the list of objects that *body* holds under *name*; empty when absent."""
    value = body.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise invalid(f"{name} must be a list of objects", "JSON_PARSER_ERROR")
    return cast("list[dict[str, Json]]", value)


def strings(body: Mapping[str, Json], name: str) -> tuple[str, ...]:
    """Return the list of strings that *body* holds under *name*; empty when absent."""
    value = body.get(name)
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise invalid(f"{name} must be a list of strings", "JSON_PARSER_ERROR")
    return tuple(cast("list[str]", value))
