"""Misbehavior on demand: what a CRM does on a bad day, and what a hostile one would do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from pydantic import TypeAdapter, ValidationError

from policy_gateway_salesforce.sandbox.wire import Answer, ApiError, Json, expired, invalid

CANARY: Final = "CANARY-EXTRA-0xC0FFEE"


class FaultKind(StrEnum):
    """What goes wrong."""

    RATE_LIMIT = "rate_limit"
    DAILY_LIMIT = "daily_limit"
    EXPIRED = "expired"
    LOCKED = "locked"
    LATENCY = "latency"
    STALL = "stall"
    RESET = "reset"
    RESET_AFTER = "reset_after"
    TRUNCATE = "truncate"
    NOT_JSON = "not_json"
    EXTRA_FIELDS = "extra_fields"
    WRONG_TYPES = "wrong_types"
    WRONG_RECORD = "wrong_record"
    ERROR_IN_200 = "error_in_200"
    REDIRECT = "redirect"
    ENDLESS = "endless"
    STATUS = "status"


@dataclass(frozen=True, slots=True)
class Fault:
    """*kind* of misbehavior for the next *times* requests (None: until cleared) whose path contains *path*.

    *seconds* is the latency, or the ``Retry-After`` of a limit (below 0: no such header); *status* is for ``status``,
    *bytes* is where ``truncate`` cuts (below 0: from the end), *method* narrows to one method.
    """

    kind: FaultKind
    times: int | None = 1
    path: str = ""
    method: str = ""
    seconds: float = 1.0
    status: int = 503
    bytes: int = -3

    @classmethod
    def parsed(cls, value: Mapping[str, Json]) -> Fault:
        """Return the fault that a control request describes."""
        try:
            return TypeAdapter(cls).validate_python(value)
        except ValidationError:
            raise invalid(f"a fault has a kind, one of {', '.join(FaultKind)}", "INVALID_INPUT") from None

    def told(self) -> dict[str, Json]:
        """Return the fault as the control endpoint shows it."""
        return {
            "kind": self.kind.value,
            "times": self.times,
            "path": self.path,
            "method": self.method,
            "seconds": self.seconds,
            "status": self.status,
            "bytes": self.bytes,
        }


class Faults:
    """The faults that wait for their requests, first come first served."""

    def __init__(self) -> None:
        self._armed: list[Fault] = []

    def arm(self, fault: Fault) -> None:
        """Let *fault* happen."""
        self._armed.append(fault)

    def clear(self) -> None:
        """Behave again."""
        self._armed.clear()

    def armed(self) -> tuple[Fault, ...]:
        """Return what waits."""
        return tuple(self._armed)

    def take(self, method: str, path: str) -> Fault | None:
        """Return the fault for this request, if any, and count it down."""
        for index, fault in enumerate(self._armed):
            if fault.path in path and fault.method in {"", method}:
                if fault.times is not None:
                    self._armed[index] = replace(fault, times=fault.times - 1)
                    if fault.times <= 1:
                        del self._armed[index]
                return fault
        return None


def before(fault: Fault) -> Answer | None:
    """Return the answer that *fault* gives instead of the real one, or None when it comes later."""
    match fault.kind:
        case FaultKind.RATE_LIMIT:
            raise ApiError(429, "TOO_MANY_REQUESTS", "Too many requests in a short time.")
        case FaultKind.DAILY_LIMIT:
            raise limit_exceeded()
        case FaultKind.EXPIRED:
            raise expired()
        case FaultKind.LOCKED:
            message = "unable to obtain exclusive access to this record or 1 records"
            raise invalid(message, "UNABLE_TO_LOCK_ROW", [])
        case FaultKind.REDIRECT:
            return Answer(302, None, {"location": "http://169.254.169.254/latest/meta-data/"})
        case FaultKind.STATUS:
            raise ApiError(fault.status, "UNKNOWN_EXCEPTION", f"{CANARY} An unexpected error occurred.")
        case FaultKind.ERROR_IN_200:
            return Answer(200, [{"message": CANARY, "errorCode": "UNKNOWN_EXCEPTION"}])
        case _:
            return None


def limit_exceeded() -> ApiError:
    """Return what the vendor says when the org has asked enough for a day."""
    return ApiError(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")


def spoiled(fault: Fault, body: Json) -> Json:
    """Return *body* as a CRM would send it that cannot be trusted."""
    match fault.kind:
        case FaultKind.EXTRA_FIELDS:
            return _each_record(body, _with_extras)
        case FaultKind.WRONG_TYPES:
            return _each_record(body, _mistyped)
        case FaultKind.WRONG_RECORD:
            return _each_record(body, _another)
        case _:
            return body


def cut(fault: Fault, body: bytes) -> bytes:
    """Return the bytes that *fault* lets through."""
    match fault.kind:
        case FaultKind.TRUNCATE:
            return body[: fault.bytes]
        case FaultKind.NOT_JSON:
            return b"<html><body>" + CANARY.encode() + b"</body></html>"
        case _:
            return body


_EXTRAS: Final[Mapping[str, Json]] = MappingProxyType(
    {"IBAN__c": CANARY, "iban__c": CANARY, "eMail": CANARY, "Hidden_Extra__c": CANARY, "__proto__": CANARY}
)


def _each_record(body: Json, change: Callable[[dict[str, Json]], Json]) -> Json:
    """Change every record in *body*: alone, in a page, in a list, or in the answers of a composite."""
    if isinstance(body, list):
        return [_each_record(each, change) for each in body]
    if not isinstance(body, dict):
        return body
    if "attributes" in body:
        return change(body)
    within = {"records", "searchRecords", "compositeResponse", "body", "results", "result"} & set(body)
    return {**body, **{name: _each_record(body[name], change) for name in within}}


def _with_extras(record: dict[str, Json]) -> Json:
    return {**_EXTRAS, **record}


def _mistyped(record: dict[str, Json]) -> Json:
    shapes: tuple[Json, ...] = ({"value": CANARY}, [CANARY], 4711, True)
    names = [name for name in record if name != "attributes"]
    return {**record, **{name: shapes[index % len(shapes)] for index, name in enumerate(names)}}


def _another(record: dict[str, Json]) -> Json:
    attributes = record["attributes"]
    url = str(attributes.get("url", "")) if isinstance(attributes, dict) else ""
    other: Json = {**attributes, "url": f"{url[:-5]}ZZAAA"} if isinstance(attributes, dict) else attributes
    identifier = {"Id": f"{str(record['Id'])[:-5]}ZZAAA"} if "Id" in record else {}
    return {**record, "attributes": other, **identifier}
