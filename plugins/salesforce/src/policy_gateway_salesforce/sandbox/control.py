"""The sandbox's own endpoints, under ``/sandbox/``: faults, recorded requests, users' rights, sessions, bulk, reset."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import orjson

from policy_gateway_salesforce.sandbox.faults import Fault, Faults
from policy_gateway_salesforce.sandbox.state import Org
from policy_gateway_salesforce.sandbox.wire import Answer, ApiError, Json, items, strings, text, unreadable


class Request(Protocol):
    """A request to the sandbox itself."""

    @property
    def method(self) -> str:
        """Return its method."""
        ...

    @property
    def path(self) -> str:
        """Return its path."""
        ...

    @property
    def body(self) -> bytes:
        """Return its body."""
        ...

    def told(self) -> dict[str, Json]:
        """Return it as the control endpoint shows it."""
        ...


class Controlled(Protocol):
    """What can be controlled."""

    faults: Faults
    org: Org

    @property
    def requests(self) -> Iterable[Request]:
        """Return the recorded requests."""
        ...

    def forget(self) -> None:
        """Forget the recorded requests."""
        ...

    def reset(self) -> None:
        """Forget every change, fault and recorded request."""
        ...


def control(sandbox: Controlled, asked: Request) -> Answer:
    """Answer a request to the sandbox itself."""
    try:
        return _controlled(sandbox, asked)
    except ApiError as refused:
        return Answer(400, {"message": refused.message})


def _controlled(sandbox: Controlled, asked: Request) -> Answer:
    match asked.method, asked.path.rstrip("/"):
        case "GET", "/sandbox/faults":
            return Answer(200, {"faults": [fault.told() for fault in sandbox.faults.armed()]})
        case "POST", "/sandbox/faults":
            return _arm(sandbox, asked)
        case "DELETE", "/sandbox/faults":
            sandbox.faults.clear()
        case "GET", "/sandbox/requests":
            return Answer(200, {"requests": [each.told() for each in sandbox.requests]})
        case "DELETE", "/sandbox/requests":
            sandbox.forget()
        case "DELETE", "/sandbox/sessions":
            sandbox.org.sessions.end_all()
        case "POST", ("/sandbox/rights" | "/sandbox/bulk") as path:
            _set(sandbox, asked, path)
        case "POST", "/sandbox/reset":
            sandbox.reset()
        case _:
            return Answer(404, {"message": "faults, requests, sessions, rights, bulk or reset"})
    return Answer(204)


def _arm(sandbox: Controlled, asked: Request) -> Answer:
    body = _json(asked)
    armed = [Fault.parsed(each) for each in items(body, "faults")] or [Fault.parsed(body)]
    for fault in armed:
        sandbox.faults.arm(fault)
    return Answer(201, {"faults": [fault.told() for fault in armed]})


def _set(sandbox: Controlled, asked: Request, path: str) -> None:
    if path == "/sandbox/bulk":
        _pace(sandbox, asked)
    else:
        _restrict(sandbox, asked)


def _restrict(sandbox: Controlled, asked: Request) -> None:
    """Set what a user sees and may do: ``{"username": …, "hidden": ["Contact.IBAN__c"], "denied": […]}``."""
    body = _json(asked)
    username = text(body.get("username"), "username")
    if username.lower() not in sandbox.org.sessions.users:
        raise unreadable()
    rights: dict[str, tuple[str, ...]] = {
        name: strings(body, name) for name in ("hidden", "fixed", "denied") if name in body
    }
    sandbox.org.sessions.restrict(username, rights)


def _pace(sandbox: Controlled, asked: Request) -> None:
    """Set at how many looks a bulk job is in progress before it is done: ``{"looks": 3}``, null for forever."""
    looks = _json(asked).get("looks")
    if looks is not None and (not isinstance(looks, int) or looks < 0):
        raise unreadable()
    sandbox.org.bulk_looks = looks


def _json(asked: Request) -> dict[str, Json]:
    try:
        body = orjson.loads(asked.body)
    except orjson.JSONDecodeError:
        raise unreadable() from None
    if not isinstance(body, dict):
        raise unreadable()
    return body
