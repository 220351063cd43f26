"""Requests within a request: each part is answered, and journaled, as if it came alone."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from policy_gateway.errors import InvalidCall
from policy_gateway.wire import Json, pairs_of, segments_of
from policy_gateway_salesforce.facade.exchange.answers import Answer
from policy_gateway_salesforce.facade.exchange.asked import Asked, flag, objects, text
from policy_gateway_salesforce.facade.exchange.refusals import Refusal, invalid, not_offered
from policy_gateway_salesforce.facade.exchange.turn import Turn
from policy_gateway_salesforce.facade.records.collections import Saved, rolled_back, undo
from policy_gateway_salesforce.facade.records.filling import Known, escaped, filled, filled_text

MOST: Final = 25
Dispatch = Callable[[Asked, Turn], Awaitable[Answer]]
"""Answers a part; what is refused is an answer, too."""

_ROOT: Final = "/services/data/"
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}", re.ASCII)
_CREATED: Final = re.compile(r"/services/data/v[0-9.]+/sobjects/([A-Za-z][A-Za-z0-9_]*)/?", re.ASCII)
_METHODS: Final = frozenset({"GET", "POST", "PATCH", "PUT", "DELETE"})
_ERROR: Final = 300


@dataclass(frozen=True, slots=True)
class _Part:
    """One part: its *method*, its *url* from the version of the API on, its JSON, its *name* and its *headers*."""

    method: str
    url: str
    document: Json = None
    name: str = ""
    headers: Json = None


@dataclass(frozen=True, slots=True)
class Parts:
    """The endpoints of requests within a request; *dispatch* answers each part."""

    dispatch: Dispatch

    async def composite(self, asked: Asked, turn: Turn) -> Answer:
        """``POST composite``: up to 25 parts, which may refer to what the answers to earlier ones say."""
        body = asked.object()
        parts = _named(_listed(body, "compositeRequest"))
        whole = flag(body, "allOrNone")
        if whole:
            _require_undoable(parts)
        known: dict[str, Answer] = {}
        for part in parts:
            known[part.name] = await self._answered(asked, turn, part, known)
            if whole and known[part.name].status >= _ERROR:
                known = await _undone(turn, parts, known)
                break
        return Answer(200, {"compositeResponse": [_composed(name, answer) for name, answer in known.items()]})

    async def batch(self, asked: Asked, turn: Turn) -> Answer:
        """``POST composite/batch``: up to 25 parts that know nothing of each other."""
        body = asked.object()
        halt = flag(body, "haltOnError")
        results: list[Json] = []
        failed = False
        for told in _listed(body, "batchRequests"):
            part = _Part(text(told, "method"), text(told, "url").removeprefix(_ROOT), told.get("richInput"))
            answer = _halted() if failed and halt else await self._answered(asked, turn, part, {})
            failed = failed or answer.status >= _ERROR
            results.append({"statusCode": answer.status, "result": _said(answer)})
        return Answer(200, {"hasErrors": failed, "results": results})

    async def _answered(self, asked: Asked, turn: Turn, part: _Part, known: Known) -> Answer:
        own = replace(turn, asked=False, limits={})
        try:
            inner = _asked(asked, part, known)
        except Refusal as refused:
            await own.refused()
            turn.asked = True
            return refused.answer()
        answer = await self.dispatch(inner, own)
        turn.limits.update(own.limits)
        turn.asked = True
        return answer


def _listed(body: Mapping[str, Json], name: str) -> list[dict[str, Json]]:
    parts = objects(body, name)
    if not 1 <= len(parts) <= MOST:
        raise invalid(f"A request has 1 to {MOST} subrequests", "INVALID_INPUT")
    return parts


def _named(listed: list[dict[str, Json]]) -> list[_Part]:
    parts: list[_Part] = []
    for told in listed:
        name, url = text(told, "referenceId"), text(told, "url")
        if not _NAME.fullmatch(name) or any(part.name == name for part in parts):
            raise invalid("Every subrequest has a referenceId of its own", "INVALID_INPUT")
        if not url.startswith(_ROOT):
            raise invalid(f"The url of a subrequest begins with {_ROOT}", "INVALID_INPUT")
        parts.append(
            _Part(text(told, "method"), url.removeprefix(_ROOT), told.get("body"), name, told.get("httpHeaders"))
        )
    return parts


def _asked(asked: Asked, part: _Part, known: Known) -> Asked:
    """Return the request that *part* is."""
    method = part.method.upper()
    if method not in _METHODS:
        raise invalid("The method of a subrequest is not supported", "METHOD_NOT_ALLOWED")
    path, _, query = escaped(part.url).partition("?")
    try:
        segments = segments_of(f"{_ROOT}{path}".encode())
        pairs = pairs_of(query.encode())
    except (InvalidCall, UnicodeEncodeError):
        raise invalid("The url of a subrequest is not well-formed", "INVALID_INPUT") from None
    return replace(
        asked,
        method=method,
        segments=tuple(filled_text(segment, known) for segment in segments),
        query=tuple((name, filled_text(value, known)) for name, value in pairs),
        document=filled(part.document, known),
        headers=_headers(part.headers),
        variables={},
        part=True,
    )


def _headers(told: Json) -> dict[str, str]:
    """Return what a part says as headers: conditions count there, too."""
    if told is None:
        return {}
    if not isinstance(told, dict):
        raise invalid("The httpHeaders of a subrequest are an object", "INVALID_INPUT")
    return {name.lower(): str(value) for name, value in told.items()}


def _composed(name: str, answer: Answer) -> dict[str, Json]:
    headers: dict[str, Json] = {name: value for name, value in answer.headers.items() if name == "Location"}
    return {"body": _said(answer), "httpHeaders": headers, "httpStatusCode": answer.status, "referenceId": name}


def _said(answer: Answer) -> Json:
    body = answer.body
    return body if isinstance(body, dict | list | str | int | float | bool) else None


def _halted() -> Answer:
    return Refusal(412, "BATCH_PROCESSING_HALTED", "Batch processing halted per request").answer()


def _require_undoable(parts: list[_Part]) -> None:
    """Refuse a promise that cannot be kept: only new records can be undone, and whatever comes last need not be."""
    writing = [part for part in parts[:-1] if part.method.upper() != "GET"]
    if any(part.method.upper() != "POST" or not _CREATED.fullmatch(f"{_ROOT}{part.url}") for part in writing):
        raise not_offered("allOrNone is available for new records only: what was changed could not be changed back")


async def _undone(turn: Turn, parts: list[_Part], known: Mapping[str, Answer]) -> dict[str, Answer]:
    """Undo what was made before a part failed; return what is to be told of each."""
    told: dict[str, Answer] = {}
    for part in parts:
        answer = known.get(part.name)
        if answer is not None and answer.status < _ERROR:
            answer = await _undo(turn, part, answer)
        told[part.name] = answer or _rolled_back()
    return told


async def _undo(turn: Turn, part: _Part, answer: Answer) -> Answer:
    made = _CREATED.fullmatch(f"{_ROOT}{part.url}")
    if part.method.upper() == "GET" or made is None or not isinstance(answer.body, dict):
        return _rolled_back()
    identifier = answer.body.get("id")
    saved = await undo(turn, made[1], Saved(identifier if isinstance(identifier, str) else None))
    return answer if saved.refusal is None else _rolled_back()


def _rolled_back() -> Answer:
    return Refusal(400, "PROCESSING_HALTED", rolled_back().message).answer()
