"""Misbehavior on demand: what a CRM does on a bad day, and what a hostile one would do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import orjson
from pydantic import TypeAdapter, ValidationError

from policy_gateway_hubspot.sandbox.wire import Answer, Json, Refusal, invalid

CANARY: Final = "CANARY-EXTRA-0xC0FFEE"


class FaultKind(StrEnum):
    """What goes wrong."""

    RATE_LIMIT = "rate_limit"
    DAILY_LIMIT = "daily_limit"
    SECONDLY_LIMIT = "secondly_limit"
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
            raise invalid(f"a fault has a kind, one of {', '.join(FaultKind)}") from None

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
            raise rate_limit("TEN_SECONDLY_ROLLING")
        case FaultKind.DAILY_LIMIT:
            raise rate_limit("DAILY")
        case FaultKind.SECONDLY_LIMIT:
            raise rate_limit("SECONDLY")
        case FaultKind.REDIRECT:
            return Answer(302, None, {"location": "http://169.254.169.254/latest/meta-data/"})
        case FaultKind.STATUS:
            raise Refusal(fault.status, "SERVER_ERROR", f"{CANARY} internal error")
        case FaultKind.ERROR_IN_200:
            return Answer(200, {"status": "error", "message": CANARY, "category": "VALIDATION_ERROR"})
        case _:
            return None


def rate_limit(policy: str) -> Refusal:
    """Return a 429 that names the *policy* that was hit."""
    return Refusal(
        429,
        "RATE_LIMITS",
        f"You have reached your {policy.lower()} limit.",
        errorType="RATE_LIMIT",
        policyName=policy,
    )


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


def encoded(body: Json) -> bytes:
    """Return *body* as bytes."""
    return b"" if body is None else orjson.dumps(body)


_EXTRAS: Final[Mapping[str, Json]] = MappingProxyType(
    {"iban": CANARY, "IBAN": CANARY, "Email": CANARY, "hidden_extra": CANARY, "__proto__": CANARY}
)


def _each_record(body: Json, change: Callable[[dict[str, Json]], Json]) -> Json:
    match body:
        case {"results": list(results)} if isinstance(body, dict):
            return {**body, "results": [_each_record(each, change) for each in results]}
        case {"properties": dict()} if isinstance(body, dict):
            return change(body)
        case _:
            return body


def _with_extras(record: dict[str, Json]) -> Json:
    properties = record["properties"]
    return {
        **record,
        "extra": CANARY,
        "properties": {**_EXTRAS, **(properties if isinstance(properties, dict) else {})},
    }


def _mistyped(record: dict[str, Json]) -> Json:
    properties = record["properties"]
    names = list(properties) if isinstance(properties, dict) else []
    shapes: tuple[Json, ...] = ({"value": CANARY}, [CANARY], 4711, True)
    return {**record, "properties": {name: shapes[index % len(shapes)] for index, name in enumerate(names)}}


def _another(record: dict[str, Json]) -> Json:
    return {**record, "id": f"{record['id']}9"}
